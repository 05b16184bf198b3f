"""What drawings of very many points take: ``python tests/bench/bench_large_drawing.py [POINTS]``.

Prints a JSON line a format that ``hw render`` writes: seconds of wall and of processor, the most memory, and
the size of what was written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesWriter

POINTS = 10_000_000
STROKE, ROW = 40, 4_000
LARGEST = 2_500_000
FORMATS = {
    "svg": [],
    "png": ["--dpi", "10"],
    "pdf": ["--x-height", "0.2mm"],
    "text": [],
    "page": ["--page", "a3", "--format", "svg"],
}


def loops(count: int) -> Drawing:
    """Return rows of loops, of ``count`` points in strokes of 40, as a hand might write for months."""
    number = np.arange(count)
    place, row = number % ROW, number // ROW
    turn = place / 4
    points = np.empty((count, 3), np.float32)
    points[:, 0] = 12 * place + 80 * np.cos(turn)
    points[:, 1] = 400 * row + 100 * np.sin(turn)
    points[:, 2] = number % STROKE == STROKE - 1
    return Drawing(points, id="loops")


def drawn(ink: Path, name: str, into: Path) -> dict[str, object]:
    """Draw ``ink`` as ``FORMATS`` says for ``name``; return what it took."""
    options = [*FORMATS[name]] if "--format" in FORMATS[name] else ["--format", name, *FORMATS[name]]
    command = [sys.executable, "-m", "hwcli", "render", str(ink), "-q", "-o", str(into), *options]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "what": f"many points to {name}",
        "code": process.returncode,
        "seconds": round(time.perf_counter() - started, 2),
        "processor": round(used.ru_utime + used.ru_stime, 2),
        "megabytes": used.ru_maxrss // 1024,
        "bytes": into.stat().st_size if into.exists() else 0,
    }


def main() -> None:
    """Measure, and print a line a format."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    with tempfile.TemporaryDirectory() as directory:
        ink = Path(directory, "large.h5")
        with ink.open("w+b") as file, StrokesWriter(file, []) as strokes:
            for start in range(0, count, LARGEST):
                strokes.add(loops(min(LARGEST, count - start)))
        for name in FORMATS:
            print(json.dumps({"points": count, **drawn(ink, name, Path(directory, name))}), flush=True)


if __name__ == "__main__":
    main()
