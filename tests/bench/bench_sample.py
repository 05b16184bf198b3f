"""How quickly ``hw sample`` writes: ``python tests/bench/bench_sample.py``, a JSON line a figure.

Networks have weights drawn by chance: 3 x 400 cells and 20 Gaussians as in Graves 2013, and 3 x 200, about a
million weights.  Each figure is the best of some runs, as wall and as processor time: the rest is what the
machine did besides.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from hwcli.ink.offsets import Scale
from hwcli.model import Config, Model
from hwcli.model.file import weight_shapes, write_model
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Task, chance_for, lanes_for, write_drawings

SCALE = Scale((8.2, 0.1), (42.0, 37.0))
NOTHING = np.zeros((0, 3), np.float32)
RUNS = 5


def model_of(units: int) -> Model:
    """Return a model of 3 layers of ``units`` cells."""
    config = Config().updated({"network": {"units": units}})
    rng = np.random.default_rng(1)
    shapes = weight_shapes(config.network).items()
    return Model(config, SCALE, {k: rng.normal(0, 0.05, shape).astype(np.float32) for k, shape in shapes})


def least(action: Callable[[], object], children: bool = False) -> tuple[float, float]:
    """Return the least wall and the least processor seconds that ``action`` takes."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    walls, processors = [], []
    for _ in range(RUNS):
        before, started = resource.getrusage(who), time.perf_counter()
        action()
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(who)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(processors)


def tell(what: str, wall: float, processor: float, points: int = 0) -> None:
    """Print a figure: seconds, or points a second when there are ``points``."""
    if points:
        figures = {
            "points_a_second": round(points / wall),
            "points_a_processor_second": round(points / processor),
        }
    else:
        figures = {"wall_seconds": round(wall, 3), "processor_seconds": round(processor, 3)}
    print(json.dumps({"what": what, **figures}), flush=True)


def write(network: NumpyNetwork, drawings: int, points: int) -> None:
    """Write ``drawings`` drawings of ``points`` points, to nowhere."""
    tasks = (Task(NOTHING, points, chance_for(1, number)) for number in range(drawings))
    for _ in write_drawings(network, SCALE, tasks, lanes_for(drawings), Manner()):
        pass


def first_point(command: list[str]) -> None:
    """Run ``command`` until its first point is on standard output."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.readline()
        running.kill()


def main() -> None:
    """Measure, and print a line a figure."""
    with tempfile.TemporaryDirectory() as directory:
        for units in (400, 200):
            model, path = model_of(units), Path(directory) / f"{units}.h5"
            with path.open("w+b") as file:
                write_model(file, model)
            network = NumpyNetwork(model.config.network, model.weights)
            for drawings, points in ((1, 300), (8, 100), (64, 60)):
                wall, processor = least(lambda n=network, d=drawings, p=points: write(n, d, p))
                tell(f"3 x {units}, {drawings} drawings in lockstep", wall, processor, drawings * points)
            command = [sys.executable, "-m", "hwcli", "sample", "-m", str(path), "--seed", "1", "--points"]
            tell(
                f"3 x {units}, cold start to the first point",
                *least(lambda c=command: first_point([*c, "99999"]), True),
            )
            quiet = {"stdout": subprocess.DEVNULL, "check": True}
            whole = least(lambda c=command, q=quiet: subprocess.run([*c, "600"], **q), True)
            tell(f"3 x {units}, cold, 600 points of one drawing", *whole)


if __name__ == "__main__":
    main()
