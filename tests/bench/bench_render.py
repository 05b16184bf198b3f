"""How long ``hw render`` takes: ``python tests/bench/bench_render.py [IMAGES]``.

Each figure is the least of some runs of the real program, as wall and as processor time: the rest is what the
machine did besides.
"""

from __future__ import annotations

import io
import json
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
RUNS = 3
IMAGES, BARE = 10_000, 500
IMAGE_DPI = 150.0


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


def bare_cairo() -> float:
    """Return the processor seconds that cairo alone takes to stroke such a line and to write it as PNG."""
    import cairocffi

    drawing = next(made_lines(1))
    pixels = (drawing.points[:, :2] - drawing.points[:, :2].min(axis=0)) * 0.075 + 20
    width, height = (pixels.max(axis=0) + 20).astype(int).tolist()
    strokes = np.split(pixels, np.flatnonzero(drawing.points[:, 2] > 0.5) + 1)
    started = time.process_time()
    for _ in range(BARE):
        surface = cairocffi.ImageSurface(cairocffi.FORMAT_A8, width, height)
        context = cairocffi.Context(surface)
        context.set_line_width(2.4)
        for stroke in strokes:
            for x, y in stroke.tolist():
                context.line_to(x, y)
            context.new_sub_path()
        context.stroke()
        surface.write_to_png(io.BytesIO())
    return (time.process_time() - started) / BARE


def measure_images(top: Path, count: int) -> None:
    """Measure ``count`` images of lines, by all cores."""
    with open(top / "lines.h5", "w+b") as file, StrokesWriter(file, []) as strokes:
        for drawing in made_lines(count):
            strokes.add(drawing)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = ["render", top / "lines.h5", "--out-dir", top / "images", "--dpi", IMAGE_DPI, "-q"]
    subprocess.run([sys.executable, "-m", "hwcli", *map(str, command)], check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    alone = bare_cairo()
    figures = {
        "images": count,
        "a_second": round(count / wall, 1),
        "processor_ms_each": round(1000 * processor / count, 2),
        "cairo_alone_ms_each": round(1000 * alone, 2),
        "cairos_share": round(alone * count / processor, 2),
        "cores_used": round(processor / wall, 2),
        "megabytes": after.ru_maxrss // 1024,
    }
    print(json.dumps({"what": "PNGs of lines", **figures}))


def main() -> None:
    """Measure, and print a line a figure."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
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
            print(json.dumps({"what": title, "seconds": round(wall, 2), "processor": round(processor, 2)}))
        measure_images(top, images)


if __name__ == "__main__":
    main()
