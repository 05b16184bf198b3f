"""Watches ``hw sample --text-file | hw render --out-dir`` for long: memory and rate, a JSON line now and then.

    python tests/endurance/long_run.py --minutes 60

Memory is the sum of what the processes of each program hold for themselves (Pss), in MB.  At the end: the first
and the second half beside each other.  Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from striking import environment, hw

WORDS = (
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "it",
    "was",
    "for",
    "with",
    "word",
    "which",
    "nothing",
)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=15, help="seconds between two looks (15)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="long-run-") as top:
        looks = watch(Path(top), options.minutes * 60, options.every)
    half = len(looks) // 2
    for name, part in (("first half", looks[1:half]), ("second half", looks[half:])):
        print(
            json.dumps({name: {key: round(statistics.mean(look[key] for look in part), 1) for key in part[0]}})
        )


def watch(top: Path, seconds: float, every: float) -> list[dict[str, Any]]:
    """Have images written into ``top`` for so long; return what was seen."""
    chance = random.Random(1)
    with (top / "texts").open("w") as texts:
        for _ in range(200_000):
            texts.write(" ".join(chance.choices(WORDS, k=chance.randint(3, 8))) + "\n")
    sample = subprocess.Popen(
        hw("sample", "-q", "--seed", "1", "--text-file", top / "texts"), env=environment(),
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    render = subprocess.Popen(
        hw("render", "-q", "--out-dir", top / "images"), env=environment(), stdin=sample.stdout,
        start_new_session=True,
    )  # fmt: skip
    assert sample.stdout is not None
    sample.stdout.close()
    looks, start, before = [], time.monotonic(), 0
    while time.monotonic() - start < seconds and sample.poll() is None and render.poll() is None:
        last = time.monotonic()
        time.sleep(every)
        images = count(top / "images")
        rate = (images - before) / (time.monotonic() - last)
        before = images
        look = {
            "sample_mb": held(sample.pid),
            "render_mb": held(render.pid),
            "images": images,
            "rate": round(rate, 2),
        }
        print(json.dumps({"seconds": round(time.monotonic() - start), **look}), flush=True)
        looks.append(look)
    sample.send_signal(signal.SIGTERM)
    sample.wait()
    render.wait()
    print(
        json.dumps(
            {"listed": sum(1 for _ in (top / "images" / "manifest.jsonl").open()), "render": render.returncode}
        )
    )
    return looks


def count(folder: Path) -> int:
    """Return how many images there are."""
    return sum(1 for name in os.listdir(folder) if name.endswith(".png")) if folder.exists() else 0


def held(group: int) -> float:
    """Return the MB that the processes of ``group`` hold."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                lines = (process / "smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return round(total / 1024, 1)


if __name__ == "__main__":
    main()
