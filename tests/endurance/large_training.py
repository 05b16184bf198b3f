"""Trains on a stroke file four times as large as the memory that it may take.

    python tests/endurance/large_training.py --memory 800

The limit is a control group's (version 1 or 2), which counts what the kernel keeps of files as well; that takes
root.  Prints what the group held at most, how often it came to its limit and was killed, and from the run's log
the points per second of the first and the second half.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from conftest import drawings
from striking import environment, hw

from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesWriter

V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", type=int, default=800, help="MB (800)")
    parser.add_argument("--times", type=float, default=4, help="the file is larger (4)")
    parser.add_argument("--batches", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="large-training-") as top:
        strokes = Path(top, "strokes.h5")
        write_large(strokes, int(options.times * options.memory * 2**20))
        print(json.dumps({"file_mb": strokes.stat().st_size >> 20, "limit_mb": options.memory}), flush=True)
        told = trained(Path(top), options)
    print(json.dumps(told))
    sys.exit(told["code"])


def write_large(path: Path, size: int) -> None:
    """Write lines of made-up ink until the file has ``size`` bytes."""
    ink = [drawing.points for drawing in drawings(200)]
    with path.open("w+b") as file, StrokesWriter(file, ["made for a test"]) as writer:
        points = count = 0
        while points * 12 < size:
            line = ink[count % len(ink)]
            count += 1
            points += len(line)
            writer.add(Drawing(line, id=f"{count:08}", text="made up"))


def trained(top: Path, options: argparse.Namespace) -> dict[str, object]:
    """Train within the limit; return how it went."""
    group, names = limited(options.memory << 20)
    command = hw(
        "train", "strokes.h5", "-o", "m.h5", "--preset", "smoke", "--seed", "1",
        "--max-batches", options.batches, "--valid", "0.0005", "--log", "log.jsonl",
    )  # fmt: skip
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=top,
            env=environment(),
            preexec_fn=lambda: enter(group),
            stderr=subprocess.PIPE,
            text=True,
        )
        figures = {key: (group / name).read_text().split("\n")[0] for key, name in names.items()}
    finally:
        time.sleep(1)
        group.rmdir()
    seconds, said = round(time.monotonic() - start), done.stderr.splitlines()
    figures["points_per_second"] = rates_of_halves(top / "log.jsonl")
    return {"code": done.returncode, "seconds": seconds, **figures, "said": said[-4:]}


def rates_of_halves(log: Path) -> dict[str, int]:
    """Return the mean points per second of either half of the batches in ``log``; of a run too short, nothing.

    The first batch, for which TensorFlow builds its graph, counts for neither.
    """
    records = map(json.loads, log.read_text().splitlines() if log.exists() else [])
    rates = [record["points_per_second"] for record in records if "points_per_second" in record][1:]
    if len(rates) < 2:
        return {}
    half = len(rates) // 2
    halves = {"first half": rates[:half], "second half": rates[half:]}
    return {name: round(statistics.mean(part)) for name, part in halves.items()}


def enter(group: Path) -> None:
    """Put this process into the control ``group``."""
    (group / "cgroup.procs").write_text(str(os.getpid()))


def limited(size: int) -> tuple[Path, dict[str, str]]:
    """Return a new control group of ``size`` bytes, and the files of what it held."""
    if V1.is_dir():
        group = V1 / f"hw-{os.getpid()}"
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(size))
        return group, {"most_held": "memory.max_usage_in_bytes", "came_to_the_limit": "memory.failcnt"}
    group = V2 / f"hw-{os.getpid()}"
    group.mkdir()
    (group / "memory.max").write_text(str(size))
    (group / "memory.swap.max").write_text("0")
    return group, {"most_held": "memory.peak"}


if __name__ == "__main__":
    main()
