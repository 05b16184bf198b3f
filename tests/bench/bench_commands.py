"""How long commands take to begin, to pass drawings on and to measure, as the real program does it.

    python tests/bench/bench_commands.py [STROKES FILE] [--profile] [-n TIMES]

Prints a JSON line a figure: the least wall and processor seconds of some runs.  The start of a command is what
it takes to print its help, next to a Python that does nothing.  The work is that on the first 1,000 drawings of
the strokes file (made-up loops where none is named), the start included.  With ``--profile`` the functions are
told in which most of the time of the main thread goes.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import itertools
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_render import made_lines

from hwcli.ink.strokes_file import StrokesReader, StrokesWriter

HW = [sys.executable, "-m", "hwcli"]
COMMANDS = "collect ingest export info recombine train sample styles render eval"
LINES, FUNCTIONS = 1000, 8


def least(command: str, times: int) -> dict[str, float]:
    """Return the least wall and the least processor seconds of ``command``, of a shell, in so many runs."""
    walls, processors = [], []
    for _ in range(times):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"seconds": round(min(walls), 3), "processor": round(min(processors), 3)}


def profiled(arguments: list[str]) -> list[str]:
    """Return where ``hw`` with ``arguments`` spends its time: the functions that take most of it."""
    from hwcli.__main__ import main

    profile, sys.argv = cProfile.Profile(time.process_time), ["hw", *arguments]
    try:
        profile.runcall(main)
    except SystemExit as ending:
        if ending.code:
            raise
    stats = pstats.Stats(profile, stream=io.StringIO()).stats  # type: ignore[attr-defined]
    worst = sorted(stats.items(), key=lambda item: -item[1][2])[:FUNCTIONS]
    return [
        f"{own:.2f} s, {calls} calls: {Path(file).name} {name}"
        for (file, _, name), (_, calls, own, *_) in worst
    ]


def main() -> None:
    """Measure, and print a line a figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("strokes", nargs="?", type=Path)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("-n", type=int, default=3, help="runs of each")
    options = parser.parse_args()
    hw, python = " ".join(HW), sys.executable
    bare = least(f"{python} -c pass", options.n)
    for name in ["", *COMMANDS.split()]:
        figures = least(f"{hw} {name} --help", options.n)
        ratio = round(figures["processor"] / bare["processor"], 1)
        what = " ".join(["hw", *name.split(), "--help"])
        print(json.dumps({"what": what, **figures, "of_bare_python": ratio}), flush=True)
    with tempfile.TemporaryDirectory() as directory:
        ink = Path(directory, "lines.h5")
        with ink.open("w+b") as file, StrokesWriter(file, []) as strokes:
            if options.strokes is None:
                drawings = made_lines(LINES)
            else:
                drawings = iter(StrokesReader(options.strokes.open("rb"), str(options.strokes)))
            for drawing in itertools.islice(drawings, LINES):
                strokes.add(drawing)
        picture = Path(directory, "lines.svg")
        work = {
            "hw export | hw render": f"{hw} export {ink} | {hw} render - -q --format svg",
            "hw export": f"{hw} export {ink}",
            "hw render": f"{hw} render {ink} -q --format svg",
            "hw eval": f"{hw} eval -q {ink}",
        }
        for what, command in work.items():
            print(json.dumps({"what": f"{what} of {LINES} lines", **least(command, options.n)}), flush=True)
        if options.profile:
            for arguments in (
                ["export", f"{ink}", "-o", "/dev/null", "--force"],
                ["render", f"{ink}", "-q", "-o", f"{picture}"],
                ["eval", "-q", f"{ink}"],
            ):
                print(json.dumps({"what": f"hw {arguments[0]}", "profile": profiled(arguments)}), flush=True)


if __name__ == "__main__":
    main()
