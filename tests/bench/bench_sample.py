"""How quickly ``hw sample`` writes, beside the same networks stepped in Keras and in PyTorch in the same run.

    python tests/bench/bench_sample.py [--rounds 5] [--lines 0] [--peers/--no-peers]

Prints a JSON line a figure.  Networks have weights drawn by chance: 3 x 400 cells and 20 Gaussians as in Graves
2013, and 3 x 200, about a million weights, with a window over a text.  Every way of stepping draws its points
by the same function; that all compute the same is seen to first.  The ways take turns, since machines are
noisy; the best round counts.  ``--lines N`` writes N labelled lines in one process and tells the memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from hwcli.ink.offsets import Scale
from hwcli.model import Config, Model
from hwcli.model.config import Network
from hwcli.model.file import weight_shapes, write_model
from hwcli.threads import cores
from hwcli.writing.desk import Order
from hwcli.writing.mixture import Manner, draw_chances, draw_rows
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings
from hwcli.writing.second_core import SecondCore
from hwcli.writing.stepper import Company

SCALE = Scale((0.1, 0.0), (0.7, 0.7))
TEXT = "Dear Ann, the parcel came on the 3rd May"
Step = Callable[[Any], Any]
"""Takes rows (n, 3), returns outputs (n, O)."""


def model_of(units: int, window: int = 0) -> Model:
    """Return a model of 3 layers of ``units`` cells; a window moves by a character in some ten points."""
    config = Config().updated(
        {"network": {"units": units, "window": window}, "data": {"height": True, "step": 0.5}}
    )
    rng = np.random.default_rng(1)
    shapes = weight_shapes(config.network).items()
    weights = {k: rng.normal(0, 0.05, shape).astype(np.float32) for k, shape in shapes}
    if window:
        weights["window/bias"][:] = np.repeat([0, 2, -2.4], window)
    return Model(config, SCALE, weights, height=80.0)


# --- the ways of stepping ----------------------------------------------------------------------------------


def ours(model: Model, lanes: int) -> Step:
    """Return our step, as ``hw sample`` takes it where all drawings go through the network at once."""
    second_core = SecondCore().__enter__()  # until the program's end
    network = NumpyNetwork(model.config.network, model.weights)
    few = Company.ALONE if lanes == 1 else Company.FEW
    company = few if lanes <= network.few_lanes else Company.MANY
    stepper = network.stepper(lanes, second_core, company)

    def step(rows: Any) -> Any:
        stepper.feed(rows)
        return stepper.outputs()

    return step


def keras(model: Model, lanes: int) -> Step:
    """Return a step of Keras' LSTM cells in one graph."""
    import tensorflow as tf

    network, w = model.config.network, model.weights
    layers = [tf.keras.layers.LSTMCell(network.units) for _ in range(network.layers)]
    for number, cell in enumerate(layers):
        cell.build((None, len(w[f"lstm_{number}/kernel"])))
        cell.set_weights([w[f"lstm_{number}/{part}"] for part in ("kernel", "recurrent", "bias")])
    output = tf.keras.layers.Dense(network.outputs)
    output.build((None, len(w["output/kernel"])))
    output.set_weights([w["output/kernel"], w["output/bias"]])
    kept = [[tf.Variable(tf.zeros([lanes, network.units])) for _ in range(2)] for _ in layers]

    @tf.function
    def graph(rows: Any) -> Any:
        below: list[Any] = []
        for cell, state in zip(layers, kept, strict=True):
            hidden, new = cell(tf.concat([rows, *below[-1:]], 1), [variable.value() for variable in state])
            for variable, value in zip(state, new, strict=True):
                variable.assign(value)
            below.append(hidden)
        return output(tf.concat(below, 1))

    return lambda rows: graph(tf.constant(rows)).numpy()


def pytorch(model: Model, lanes: int) -> Step:
    """Return a step of PyTorch's LSTM cells."""
    import torch

    network, w = model.config.network, {name: torch.tensor(array) for name, array in model.weights.items()}
    layers = []
    for number in range(network.layers):
        cell = torch.nn.LSTMCell(len(w[f"lstm_{number}/kernel"]), network.units)
        with torch.no_grad():
            cell.weight_ih.copy_(w[f"lstm_{number}/kernel"].T)
            cell.weight_hh.copy_(w[f"lstm_{number}/recurrent"].T)
            cell.bias_ih.copy_(w[f"lstm_{number}/bias"])
            cell.bias_hh.zero_()
        layers.append(cell)
    states = [(torch.zeros(lanes, network.units), torch.zeros(lanes, network.units)) for _ in layers]

    @torch.inference_mode()
    def step(rows: Any) -> Any:
        given, below = torch.from_numpy(rows), []
        for number, cell in enumerate(layers):
            states[number] = cell(torch.cat([given, *below[-1:]], 1), states[number])
            below.append(states[number][0])
        return (torch.cat(below, 1) @ w["output/kernel"] + w["output/bias"]).numpy()

    return step


def see_to_it(ways: dict[str, Step], network: Network, lanes: int) -> None:
    """Check that all ``ways`` give the same outputs."""
    rows = np.random.default_rng(0).normal(size=(20, lanes, 3)).astype(np.float32)
    made = {name: np.stack([np.array(step(row)) for row in rows]) for name, step in ways.items()}
    for name, outputs in made.items():
        np.testing.assert_allclose(outputs, made["ours"], atol=1e-3, err_msg=name)


def stepped(step: Step, network: Network, lanes: int, points: int) -> float:
    """Return the seconds that ``points`` points of each of ``lanes`` drawings take."""
    rows = np.zeros((lanes, 3), np.float32)
    chance = draw_chances(np.random.default_rng(0), lanes)
    started = time.perf_counter()
    for _ in range(points):
        rows = draw_rows(network, step(rows), chance, Manner()).astype(np.float32)
    return time.perf_counter() - started


def beside_peers(rounds: int, peers: bool) -> None:
    """Print points a second of one drawing and of many in lockstep, ours and the peers'."""
    model = model_of(400)
    network = model.config.network
    for lanes, points in ((1, 200), (8, 100), (32, 60)):
        makers = {"ours": ours, **({"keras": keras, "pytorch": pytorch} if peers else {})}
        ways = {name: make(model, lanes) for name, make in makers.items()}
        see_to_it(ways, network, lanes)
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(rounds):
            for name, step in ways.items():
                best[name] = min(best[name], stepped(step, network, lanes, points))
        figures = {name: round(lanes * points / seconds) for name, seconds in best.items()}
        ratios = {f"times_{name}": round(best[name] / best["ours"], 2) for name in ways if name != "ours"}
        tell(f"3 x 400, {lanes} in lockstep", points_a_second=figures, **ratios)


# --- whole runs --------------------------------------------------------------------------------------------


def tell(what: str, **figures: Any) -> None:
    """Print a figure."""
    print(json.dumps({"what": what, **figures}), flush=True)


def least(action: Callable[[], object], rounds: int) -> dict[str, float]:
    """Return the least wall and processor seconds that ``action``, which runs programs, takes."""
    walls, processors = [], []
    for _ in range(rounds):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        action()
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"wall_seconds": round(min(walls), 3), "processor_seconds": round(min(processors), 3)}


def many(model: Model, drawings: int, points: int, rounds: int) -> None:
    """Print points a second of whole drawings without a text, with as many threads as there are cores."""
    writer = Writer(NumpyNetwork(model.config.network, model.weights), model.scale, Manner())
    best = float("inf")
    for _ in range(rounds):
        orders = [Order(points, lambda take, k=k: chance_for(1, k, take), number=k) for k in range(drawings)]
        started = time.perf_counter()
        workers = cores() if drawings > 32 else 1
        for _ in write_drawings(writer, orders, -(-drawings // workers), workers):
            pass
        best = min(best, time.perf_counter() - started)
    tell(f"3 x 400, {drawings} whole drawings", points_a_second=round(drawings * points / best))


def first_point(command: list[str]) -> None:
    """Run ``command`` until its first point is on standard output."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.readline()
        running.kill()


def cold(directory: Path, rounds: int, lines: int) -> None:
    """Print what a user waits for: from the shell, cold, with a network of a million weights."""
    path = directory / "million.h5"
    with path.open("w+b") as file:
        write_model(file, model_of(200, 10), "float16")
    hw = [sys.executable, "-m", "hwcli"]
    sample = [*hw, "sample", "-q", "-m", str(path), "--seed", "1"]
    picture = f"'{sys.executable}' -m hwcli render -q --format svg"
    shell = " ".join(f"'{part}'" for part in sample)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "check": True}
    runs: dict[str, Callable[[], object]] = {
        "start-up of hw": lambda: subprocess.run([*hw, "--version"], **quiet),
        "40 characters to SVG, the best of four": lambda: subprocess.run(
            ["sh", "-c", f"{shell} '{TEXT}' | {picture}"], **quiet
        ),
        "600 points to SVG": lambda: subprocess.run(["sh", "-c", f"{shell} --points 600 | {picture}"], **quiet),
        "first point of 600": lambda: first_point([*sample, "--points", "600"]),
        "first point of a text": lambda: first_point([*sample, TEXT]),
    }
    for what, action in runs.items():
        tell(f"3 x 200 with a window, cold: {what}", **least(action, rounds))
    if lines:
        long_run(sample, lines)


def long_run(sample: list[str], lines: int) -> None:
    """Print the rate, over the run's four quarters, and the memory of ``lines`` lines in one process."""
    command = [*sample, "--text-file", "-", "--best-of", "1", "--own-hands"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        if not os.fork():
            running.stdin.write(b"a line of forty characters, more or less\n" * lines)
            running.stdin.close()
            os._exit(0)
        running.stdin.close()
        marks, seen, started, memory = [], 0, time.perf_counter(), []
        for line in running.stdout:
            if b'"drawing"' in line:
                seen += 1
                if seen * 4 // lines > len(marks):
                    marks.append(time.perf_counter() - started)
                    memory.append(resident(running.pid))
    quarters = np.diff([0.0, *marks])
    tell(
        f"3 x 200 with a window, {lines} lines",
        lines_a_second=[round(lines / 4 / seconds, 1) for seconds in quarters],
        megabytes=memory,
    )


def resident(process: int) -> int:
    """Return the megabytes that a ``process`` has in memory."""
    text = Path(f"/proc/{process}/statm").read_text()
    return int(text.split()[1]) * resource.getpagesize() >> 20


def main() -> None:
    """Measure, and print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=0)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    wishes = parser.parse_args()
    beside_peers(wishes.rounds, wishes.peers)
    for drawings, points in ((1, 300), (64, 60)):
        many(model_of(400), drawings, points, wishes.rounds)
    with tempfile.TemporaryDirectory() as directory:
        cold(Path(directory), wishes.rounds, wishes.lines)


if __name__ == "__main__":
    main()
