"""How long ``hw ingest`` takes over IAM-OnDB's archives, and how much memory: run by hand, on a quiet machine.

    python tests/bench/bench_ingest.py [DIRECTORY WITH THE ARCHIVES: $HW_IAM_ONDB] [-n TIMES]

Prints a line of JSON a run: seconds by the clock, seconds of processor time, the most memory in MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path


def measured(command: list[str]) -> dict[str, float]:
    """Run ``command`` and return what it took."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "megabytes": round(usage.ru_maxrss / 1024),
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="?", type=Path, default=os.environ.get("HW_IAM_ONDB", "."))
    parser.add_argument("-n", type=int, default=3, help="runs")
    options = parser.parse_args()
    archives = [str(path) for path in sorted(options.directory.glob("*.tar.gz"))]
    if not archives:
        raise SystemExit(f"{options.directory}: no .tar.gz archives")
    for _ in range(options.n):
        print(json.dumps(measured([sys.executable, "-m", "hwcli", "ingest", "-q", *archives])), flush=True)


if __name__ == "__main__":
    main()
