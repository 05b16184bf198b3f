"""Points a second of training, beside peers at the same batch and length in the same run.

    python tests/bench/bench_train.py [--network prediction|synthesis] [--batch 64] [--length 200] [--rounds 5]
        [--skip "torch bfloat16"]

Prints a JSON line for each but those whose names begin as ``--skip`` says: ours in float32 and bfloat16; of
the prediction network ``tf.keras.layers.LSTM`` and, where it is installed, PyTorch's LSTM in float32, with
autocast and all in bfloat16; of the synthesis network a TensorFlow loop written without further thought; and
the limit, the machine's own matrix product. TensorFlow's peers run as TensorFlow comes, and with the products
of oneDNN, as ours do: on the newest processors, where it takes these by itself, there is no difference. 3 x
400 cells with skip connections, 20 Gaussians, Adam and clipping included. Each runs in its own process with
the threads that it has by default; the rounds take turns, since machines are noisy, and the median counts.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from hwcli.learning.batches import Batch
from hwcli.learning.device import use_threads
from hwcli.learning.learner import Learner
from hwcli.learning.losses import mixture_loss
from hwcli.learning.network import initial_weights
from hwcli.model.config import Config, Loss, Network
from hwcli.model.file import weight_count
from hwcli.threads import ONEDNN

Step = Callable[[], Any]
TEXT_LENGTH = 48
CHARACTERS_A_POINT = 1 / 25


def made_batch(lines: int, length: int, network: Network) -> Batch:
    """Return ``lines`` lines of ``length`` predictions, drawn by chance, with texts where they are read."""
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(length + 1, lines, 3)).astype(np.float32)
    rows[..., 2] = rows[..., 2] > 1
    text = chance.integers(0, network.alphabet or 1, (lines, TEXT_LENGTH if network.window else 0))
    return Batch(rows, np.full(lines, length + 1, np.int32), text.astype(np.int32))


def ours(precision: str, batch: Batch, network: Network, cores: int) -> Step:
    """Return a function that learns from ``batch`` once, as one block."""
    length = len(batch.rows) - 1
    options = {"bptt": {"stride": length, "length": length}, "optimiser": {"clip_norm": 2.0}}
    config = Config(network=network).updated(options)
    weights = initial_weights(config.network, np.random.default_rng(0))
    learner = Learner(config, weights, tf.as_dtype(precision), cores)
    return lambda: learner.learn(batch, 1e-4, (0, 0))


def keras(batch: Batch) -> Step:
    """Return the same for three ``tf.keras.layers.LSTM`` with skip connections, Keras' Adam and clipping."""
    layers = tf.keras.layers
    rows = layers.Input([None, 3])
    hidden: list[tf.Tensor] = []
    for _ in range(3):
        below = layers.Concatenate()([rows, hidden[-1]]) if hidden else rows
        hidden.append(layers.LSTM(400, return_sequences=True)(below))
    model = tf.keras.Model(rows, layers.Dense(121)(layers.Concatenate()(hidden)))
    lines = tf.constant(np.swapaxes(batch.rows, 0, 1))
    return _keras_step(lambda: model(lines[:, :-1]), lines[:, 1:], model.trainable_variables)


def plain_loop(batch: Batch, network: Network) -> Step:
    """Return the same for the synthesis network as one ``tf.while_loop`` over the points, gradient recorded."""
    start = initial_weights(network, np.random.default_rng(0))
    weights = {name: tf.Variable(value) for name, value in start.items()}
    rows, letters = tf.constant(batch.rows), tf.one_hot(batch.text, network.alphabet)
    lines, steps = rows.shape[1], rows.shape[0] - 1
    places = tf.range(1.0, TEXT_LENGTH + 1.0)

    def cell(layer: int, given: tf.Tensor, hidden: tf.Tensor, cells: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        name = f"lstm_{layer}/"
        sums = given @ weights[name + "kernel"] + hidden @ weights[name + "recurrent"] + weights[name + "bias"]
        i, f, g, o = tf.split(sums, 4, 1)
        cells = tf.sigmoid(f) * cells + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(cells), cells

    def step(time: tf.Tensor, states: Any, kappa: tf.Tensor, shown: tf.Tensor, outputs: Any) -> Any:
        row, new, hidden = rows[time], [], []
        for layer in range(3):
            given = tf.concat([row, shown, *hidden[-1:]], 1)
            new.append(cell(layer, given, *states[layer]))
            hidden.append(new[-1][0])
            if layer == 0:
                moved = tf.exp(hidden[0] @ weights["window/kernel"] + weights["window/bias"])
                alpha, beta, step = tf.split(moved, 3, 1)
                kappa += step
                distance = kappa[:, :, None] - places
                weight = tf.reduce_sum(alpha[:, :, None] * tf.exp(-beta[:, :, None] * distance**2), 1)
                shown = tf.einsum("bu,buc->bc", weight, letters)
        output = tf.concat([*hidden, shown], 1) @ weights["output/kernel"] + weights["output/bias"]
        return time + 1, tuple(new), kappa, shown, outputs.write(time, output)

    def run() -> tf.Tensor:
        zeros = tf.zeros([lines, network.units])
        window = (tf.zeros([lines, network.window]), tf.zeros([lines, network.alphabet]))
        loop = (tf.constant(0), ((zeros, zeros),) * 3, *window, tf.TensorArray(tf.float32, steps))
        return tf.while_loop(lambda time, *_: time < steps, step, loop)[-1].stack()

    return _keras_step(run, rows[1:], list(weights.values()))


def _keras_step(outputs: Callable[[], tf.Tensor], targets: tf.Tensor, variables: list[tf.Variable]) -> Step:
    optimiser = tf.keras.optimizers.Adam(1e-4, global_clipnorm=2.0)

    @tf.function(autograph=False)
    def learn() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(mixture_loss(outputs(), targets, Network(), Loss()))
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return lambda: float(learn())


def torch_steps(batch: Batch, cores: int) -> dict[str, Step]:
    """Return the same for three ``torch.nn.LSTM``: float32, autocast to bfloat16, and all in bfloat16."""
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(cores)
    rows = torch.from_numpy(batch.rows)

    class Stack(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList([torch.nn.LSTM(3 if n == 0 else 403, 400) for n in range(3)])
            self.output = torch.nn.Linear(1200, 121)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            hidden: list[torch.Tensor] = []
            for layer in self.layers:
                hidden.append(layer(torch.cat([rows, *hidden[-1:]], -1))[0])
            return self.output(torch.cat(hidden, -1))

    def density_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        pen, weights, *rest = torch.split(outputs, [1] + [20] * 6, -1)
        mean_x, mean_y, log_x, log_y, correlation = rest
        x = (targets[..., :1] - mean_x) * torch.exp(-log_x)
        y = (targets[..., 1:2] - mean_y) * torch.exp(-log_y)
        rho = torch.tanh(correlation)
        rest_of_one = 1 - rho * rho + 1e-6
        distance = (x * x + y * y - 2 * rho * x * y) / rest_of_one
        density = -log_x - log_y - 0.5 * torch.log(rest_of_one) - distance / 2
        likelihood = torch.logsumexp(torch.log_softmax(weights, -1) + density, -1)
        up = torch.nn.functional.binary_cross_entropy_with_logits(
            pen[..., 0], targets[..., 2], reduction="none"
        )
        return (up - likelihood).mean()

    def step_of(dtype: torch.dtype, autocast: bool) -> Step:
        model = Stack().to(dtype)
        optimiser = torch.optim.Adam(model.parameters(), 1e-4)

        def learn() -> float:
            optimiser.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                outputs = model(rows[:-1].to(dtype))
            loss = density_loss(outputs.float(), rows[1:])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimiser.step()
            return float(loss)

        return learn

    return {
        "torch float32": step_of(torch.float32, False),
        "torch bfloat16 autocast": step_of(torch.float32, True),
        "torch bfloat16": step_of(torch.bfloat16, False),
    }


def product_limit(precision: str, weights: int, cores: int) -> Callable[[], float]:
    """Return a function that tells the points a second that the machine's matrix product would allow.

    A point takes 6 multiply-additions' worth of operations a weight: 2 forward, 4 backward.
    """
    size = 1600
    left, right = (tf.cast(tf.random.normal([size, size]), precision) for _ in range(2))

    @tf.function(autograph=False)
    def products() -> list[tf.Tensor]:
        return [tf.reduce_sum(tf.matmul(left + tf.cast(part, left.dtype), right)) for part in range(4 * cores)]

    def speed() -> float:
        products()
        began = time.perf_counter()
        products()
        return 4 * cores * 2 * size**3 / (time.perf_counter() - began) / (6 * weights)

    return speed


class Peer:
    """One of those compared, in a process of its own with the threads that it has by default."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        shape = [f"--{key}={getattr(options, key)}" for key in ("network", "batch", "length")]
        command = [sys.executable, __file__, *shape, "--serve", name]
        kind, *how = name.split()
        more = ONEDNN if kind in ("hw", "limit") or "oneDNN" in how else {}
        self._process = subprocess.Popen(
            command,
            env=os.environ | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if name == "torch bfloat16" else None,
            text=True,
        )
        self.name, self.speeds = name, [self.speed(), self.speed()]
        self.speeds.clear()

    def speed(self) -> float:
        """Take a step; return its points a second, nan when there is no such peer here.

        PyTorch has no LSTM all in bfloat16 where the processor has no instructions for it.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return math.nan
        return float(self._process.stdout.readline() or "nan")

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def serve(name: str, network: Network, lines: int, length: int) -> None:
    """Take a step of ``name`` for each line on standard input, and tell its points a second."""
    kind, precision, *_ = name.split()
    batch = made_batch(lines, length, network)
    if kind in ("hw", "limit"):
        cores, _ = use_threads(None)
    if kind == "limit":
        speed = product_limit(precision, weight_count(network), cores)
    elif kind == "torch":
        steps = torch_steps(batch, len(os.sched_getaffinity(0)))
        if name not in steps:
            return
        speed = timed(steps[name], lines * length)
    else:
        step = {
            "hw": lambda: ours(precision, batch, network, cores),
            "keras": lambda: keras(batch),
            "loop": lambda: plain_loop(batch, network),
        }[kind]()
        speed = timed(step, lines * length)
    for _ in sys.stdin:
        print(speed(), flush=True)


def timed(step: Step, points: int) -> Callable[[], float]:
    """Return a function that takes ``step`` and tells its points a second."""

    def speed() -> float:
        began = time.perf_counter()
        step()
        return points / (time.perf_counter() - began)

    return speed


PEERS = {
    "prediction": (
        "hw float32", "hw bfloat16", "keras float32", "keras float32 oneDNN", "torch float32",
        "torch bfloat16 autocast", "torch bfloat16", "limit float32", "limit bfloat16",
    ),
    "synthesis": (
        "hw float32", "hw bfloat16", "loop float32", "loop float32 oneDNN", "limit float32", "limit bfloat16"
    ),
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=("prediction", "synthesis"), default="prediction")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip", action="append", default=[], help="peers whose names begin so are left out")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    network = Network(window=10 if options.network == "synthesis" else 0)
    if options.serve:
        serve(options.serve, network, options.batch, options.length)
        return
    names = [name for name in PEERS[options.network] if not name.startswith(tuple(options.skip))]
    peers = [Peer(name, options) for name in names]
    for _ in range(options.rounds):
        for peer in peers:
            peer.speeds.append(peer.speed())
    middles = {peer.name: float(np.median(peer.speeds)) for peer in peers}
    for peer in peers:
        peer.end()
    ours = [name for name in names if name.startswith("hw")]
    for name, middle in middles.items():
        if math.isfinite(middle):
            ratios = {f"{our.replace(' ', '_')}_is": round(middles[our] / middle, 2) for our in ours}
            shape = {"network": options.network, "batch": options.batch, "length": options.length}
            print(json.dumps({"what": name, "points_per_second": round(middle), **ratios, **shape}), flush=True)


if __name__ == "__main__":
    main()
