"""``hw render --watch``: ink on the terminal as it arrives."""

from __future__ import annotations

import queue
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from hwcli import console, stdio
from hwcli.commands.given import BadRecords
from hwcli.errors import HwError, UsageError

if TYPE_CHECKING:
    from hwcli.ink.jsonl import Growing

INTERVAL = 0.05
"""Seconds from picture to picture."""

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
"""Around each picture and no longer: Ctrl-Z and Ctrl-\\ must not leave a shell without a cursor."""

Arrivals = queue.SimpleQueue["Growing | BaseException | None"]


def watch_ink(file: str, skip_bad: bool, *, alone: bool) -> None:
    """Draw the points of ``file`` on the terminal of standard output as they come."""
    if not alone:
        raise UsageError("--watch draws on the terminal: no --output and no --out-dir (tee keeps the points)")
    if sys.stdout is None or not console.is_screen(sys.stdout):
        raise UsageError("--watch draws on a terminal that can move its cursor, and standard output is none")
    bad = BadRecords(skip_bad)
    with stdio.open_input(file) as source:
        count = _show(_arrivals(source, stdio.name_of(file), bad))
    bad.tell("records")
    if not count:
        raise HwError(f"no ink in {stdio.name_of(file)}")


def _arrivals(source: BinaryIO, name: str, bad: BadRecords) -> Iterator[Growing | None]:
    """Yield the drawing that grows when a point of it has come, and None when none has come for a while."""
    from hwcli.ink.jsonl import grow_drawings

    arrivals: Arrivals = queue.SimpleQueue()

    def read() -> None:
        try:
            for growing in grow_drawings(source, name, bad.note):
                arrivals.put(growing)
            arrivals.put(None)
        except BaseException as error:  # raised again where the user waits
            arrivals.put(error)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            arrived = arrivals.get(timeout=INTERVAL)
        except queue.Empty:
            yield None
            continue
        if isinstance(arrived, BaseException):
            raise arrived
        if arrived is None:
            return
        yield arrived


def _show(arrivals: Iterator[Growing | None]) -> int:
    """Draw what arrives; return the number of drawings."""
    watch, count = _Watch(), 0
    for arrived in arrivals:
        if arrived is not None and arrived is not watch.current:
            watch.begin(arrived)
            count += 1
        watch.notice(arrived is not None)
    watch.refresh()
    return count


class _Watch:
    """The drawing that is seen, and when it was last drawn."""

    def __init__(self) -> None:
        from hwcli.drawing.live import Live

        self._live = Live()
        self.current: Growing | None = None
        self._drawn_at, self._is_new = 0.0, False

    def begin(self, growing: Growing) -> None:
        """Leave the current drawing as it is and go on to another."""
        self.refresh()
        self._live.end()
        self.current = growing

    def notice(self, has_come: bool) -> None:
        """Draw, if there is something new and the last picture was seen for a while."""
        self._is_new = self._is_new or has_come
        if self._is_new and time.monotonic() - self._drawn_at >= INTERVAL:
            self.refresh()

    def refresh(self) -> None:
        """Draw what has come."""
        if self.current is not None:
            columns, rows = shutil.get_terminal_size()
            sys.stdout.write(HIDE + self._live.show(self.current.finish(), columns, rows - 1) + SHOW)
            sys.stdout.flush()
        self._drawn_at, self._is_new = time.monotonic(), False
