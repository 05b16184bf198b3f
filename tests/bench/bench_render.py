"""How long ``hw render`` takes: ``python tests/bench/bench_render.py``.

Each figure is the least of some runs of the real program, as wall and as processor time: the rest is what the
machine did besides.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hwcli.ink import Drawing
from hwcli.ink.jsonl import DrawingWriter
from hwcli.ink.strokes_file import StrokesWriter

POINTS, STROKE = 600, 25
RUNS = 5


def made_lines(count: int) -> Iterator[Drawing]:
    """Yield ``count`` lines of loops, of 600 points in strokes of 25."""
    rng = np.random.default_rng(1)
    turn = np.arange(POINTS) / 4
    for number in range(count):
        x, y = 20 * np.arange(POINTS) + 80 * np.cos(turn), 100 * np.sin(turn)
        shaken = np.column_stack([x, y, np.zeros(POINTS)]) + rng.normal(0, 5, (POINTS, 3))
        shaken[:, 2] = np.arange(1, POINTS + 1) % STROKE == 0
        yield Drawing(shaken.round(1).astype(np.float32), id=f"line-{number}", text="loops and loops")


def least_time(*arguments: object) -> tuple[float, float]:
    """Return the least wall and the least processor seconds that ``hw`` takes with ``arguments``."""
    walls, processors = [], []
    for _ in range(RUNS):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-m", "hwcli", *map(str, arguments)], check=True)
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(processors)


def main() -> None:
    """Measure, and print a line a figure."""
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        with open(top / "one.jsonl", "wb") as file:
            DrawingWriter(file).write(next(made_lines(1)))
        with open(top / "many.h5", "w+b") as file, StrokesWriter(file, []) as strokes:
            for drawing in made_lines(1000):
                strokes.add(drawing)
        for title, name, options in (
            ("one line of points to SVG", "one.jsonl", ["--format", "svg"]),
            ("one line of points to PNG", "one.jsonl", ["--format", "png"]),
            ("1,000 drawings of 600 points to one SVG", "many.h5", ["--format", "svg"]),
            ("the same to one PNG", "many.h5", ["--format", "png", "--grid", "10", "--dpi", "50"]),
        ):
            wall, processor = least_time("render", top / name, "-o", "/dev/null", *options)
            print(f"{title}: {wall:.2f} s wall, {processor:.2f} s processor")


if __name__ == "__main__":
    main()
