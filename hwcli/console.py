"""Messages and progress for the person at the terminal; everything goes to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

QUIET, NORMAL, VERBOSE = 0, 1, 2
ROOM_BESIDE_BAR = 72
"""Characters that a title, times and a note take beside a bar of progress."""
_level = NORMAL
_print: Callable[[str], object] | None = None
"""Prints a message above the bar that stands on the terminal, while there is one."""
_UNSEEN = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}
"""Control characters, which a name from a file could send to the terminal, as they are shown instead."""


def set_level(level: int) -> None:
    """Choose how much is said: QUIET (errors only), NORMAL or VERBOSE."""
    global _level
    _level = level


def say(message: str) -> None:
    """Say ``message`` unless ``--quiet``."""
    if _level >= NORMAL:
        _write(message)


def detail(message: str) -> None:
    """Say ``message`` under ``--verbose``."""
    if _level >= VERBOSE:
        _write(message)


def warn(message: str) -> None:
    """Warn of something that did not stop the program, unless ``--quiet``."""
    say(f"hw: warning: {message}")


def fail(message: str) -> None:
    """Say why the program ends, in one line; never silenced."""
    _write("hw: " + " ".join(message.splitlines()))


def visible(text: str) -> str:
    """Return ``text``, which comes from a file, with no character that does something to a terminal."""
    return text.translate({**_UNSEEN, ord("\n"): "\\n", ord("\t"): "\\t"})


def is_verbose() -> bool:
    """Return whether ``--verbose`` was given."""
    return _level >= VERBOSE


def is_screen(stream: TextIO) -> bool:
    """Return whether ``stream`` is a terminal, and one on which what stands there can be drawn over."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _write(message: str) -> None:
    message = message.translate(_UNSEEN)
    # A closed or full stderr must not turn a success into a failure.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if _print is not None:
            _print(message)
            return
        sys.stderr.write(message + "\n")
        sys.stderr.flush()


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep what libraries write straight to the process's stderr off it, except under ``--verbose``."""
    if is_verbose() or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class Progress(Protocol):
    """What a long step calls as it goes on."""

    def __call__(self, done: float, note: str = "") -> None:
        """Tell how much is done in all, in the units of the total, and what is worth a word.

        Where there is no total the word says how much.
        """


def silent(done: float, note: str = "") -> None:
    """Be a ``Progress`` that shows nothing."""


@contextlib.contextmanager
def progress(
    title: str, total: float | None = None, every: float = 10.0, tells_time: bool = False, after: float = 0.0
) -> Iterator[Progress]:
    """Show how a long step goes: a bar when stderr is a screen, else a plain line each ``every`` seconds.

    ``tells_time``: its notes tell what time is left, and the bar does not.  ``after``: seconds from which on
    there is a bar, for steps that are mostly over before.
    """
    if _level < NORMAL or sys.stderr is None:
        yield silent
    elif not is_screen(sys.stderr):
        yield _plain_lines(title, total, every)
    elif after:
        with contextlib.ExitStack() as until_over:
            begun = time.monotonic()
            yield _late(begun + after, lambda: until_over.enter_context(_bar(title, total, tells_time, begun)))
    else:
        with _bar(title, total, tells_time) as show:
            yield show


def _late(time_to_begin: float, begin: Callable[[], Progress]) -> Progress:
    """Return what shows nothing until it is ``time_to_begin``, and then what ``begin`` returns does."""
    late: Progress | None = None

    def show(done: float, note: str = "") -> None:
        nonlocal late
        if late is None and time.monotonic() >= time_to_begin:
            late = begin()
        if late is not None:
            late(done, note)

    return show


@contextlib.contextmanager
def _bar(title: str, total: float | None, tells_time: bool, begun: float | None = None) -> Iterator[Progress]:
    """Show a bar of a step that began now, or when ``time.monotonic`` was ``begun``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.table import Column

    screen = Console(stderr=True)
    # On a narrow terminal the bar gives way first, then the note's end.
    width = min(40, max(8, screen.width - ROOM_BESIDE_BAR))
    columns = (TextColumn("{task.description}"), BarColumn(width))
    share = () if total is None else (TextColumn("{task.percentage:>3.0f}%"),)
    left = () if total is None else (TimeRemainingColumn(),)
    times = () if tells_time else (TimeElapsedColumn(), *left)
    note = TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    # Redirection would take stdout away from the pipe that it belongs to.
    bar = Bar(*columns, *share, *times, note, console=screen, redirect_stdout=False, redirect_stderr=False)
    with bar, _above(bar.print):
        screen.show_cursor(True)  # nobody else does when Ctrl-Z, Ctrl-\ or SIGKILL stops or ends the program
        task = bar.add_task(title, total=total, note="")
        if begun is not None:
            bar.tasks[0].start_time = begun
        yield lambda done, note="": bar.update(task, completed=done, note=note)


@contextlib.contextmanager
def _above(show: Callable[..., None]) -> Iterator[None]:
    """Have messages printed by ``show``, above a bar, until the block ends."""
    global _print
    before, _print = (
        _print,
        lambda message: show(message, markup=False, highlight=False, emoji=False, soft_wrap=True),
    )
    try:
        yield
    finally:
        _print = before


def _plain_lines(title: str, total: float | None, every: float) -> Progress:
    last = time.monotonic()

    def show(done: float, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            how_far = f"{done / total:.0%} {note}".rstrip() if total else note or f"{done:g}"
            say(f"{title}: {how_far}")

    return show
