"""Programs that are struck by a signal at a moment drawn by chance."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = {"kill": signal.SIGKILL, "int": signal.SIGINT, "term": signal.SIGTERM, "hup": signal.SIGHUP}
PATIENCE = 120.0
"""Seconds after which a process that was told to end is said to hang."""
ORPHANS_END = 15.0
"""Seconds in which the processes that a killed one had started have to end."""


@dataclass
class Tally:
    """What came of the strikes.

    Attributes
    ----------
    strikes: how many there were; ``late`` of them came after the program's end.
    absent, old, whole: what stood under the output's name afterwards.
    faults: what must not be.
    """

    strikes: int = 0
    late: int = 0
    absent: int = 0
    old: int = 0
    whole: int = 0
    faults: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return it for a line of JSON, the first faults at length."""
        kept = {key: value for key, value in vars(self).items() if key not in ("faults", "more")}
        return {**kept, **self.more, "faults": len(self.faults), "first_faults": self.faults[:5]}


def environment() -> dict[str, str]:
    """Return the environment for the program under test: this project, and no settings of its user's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HW_", "_HW_", "PYTHON"))}
    return {**kept, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}


def hw(*arguments: object) -> list[str]:
    """Return the command line of ``hw`` with ``arguments``."""
    return [sys.executable, "-m", "hwcli", *map(str, arguments)]


def moment(chance: random.Random, length: float) -> float:
    """Return a moment of a run of ``length`` seconds: half of them near its end, when files get names."""
    return chance.uniform(0, length) if chance.random() < 0.5 else chance.uniform(0.75 * length, 1.1 * length)


def strike(command: list[str], folder: Path, after: float, number: int, tally: Tally) -> int:
    """Run ``command`` in ``folder`` and strike it with signal ``number``; return how it ended.

    Told as a fault: it hangs, it ends otherwise than the signal does, it says more than a line, or a process
    that it had started goes on without it.
    """
    with (folder.parent / "said").open("w+b") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        code = await_end(process, after, number, tally)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if code not in (0, -number):
        tally.faults.append(f"ended with {code}: {text[-300:]}")
    elif code and "Traceback" in text:
        tally.more["tracebacks"] = tally.more.get("tracebacks", 0) + 1
        tally.more["traceback"] = text[-300:]
    return code


def await_end(process: subprocess.Popen[bytes], after: float, number: int, tally: Tally) -> int:
    """Strike ``process`` with signal ``number`` ``after`` so many seconds, unless it ended; see ``strike``."""
    tally.strikes += 1
    try:
        process.wait(after)
        tally.late += 1
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        tally.faults.append(f"hung after signal {number}")
    if not ends(process.pid):
        tally.faults.append("left processes behind")
        os.killpg(process.pid, signal.SIGKILL)
    return code


def ends(group: int) -> bool:
    """Return whether the processes of ``group`` end by themselves, in time."""
    limit = time.monotonic() + ORPHANS_END
    while time.monotonic() < limit:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that ``action`` takes."""
    start = time.monotonic()
    action()
    return time.monotonic() - start
