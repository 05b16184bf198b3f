"""The signals that end the program: what they raise, and where they wait with it.

An exception raised by a signal's handler comes up wherever the program is.  In a function that a C library
calls (cairo, HDF5), or that takes away an object, it goes no further: the library goes on, fails with an error
of its own, or crashes.  There the signal waits until the function is left.  What gets lost all the same is
asked for before an output gets its name and when the program ends.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_asked: int | None = None
WAIT = 0.02
"""Seconds between two looks whether a function that a library called is left."""
_spared = {
    ("cairocffi.surfaces", "write_func"),
    ("cairocffi.surfaces", "read_func"),
    ("h5py._hl.files", "__init__"),
    ("hwcli.ink.strokes_file", "__init__"),
    ("multiprocessing.popen_spawn_posix", "_launch"),
    ("concurrent.futures.process", "__init__"),
    ("concurrent.futures.process", "submit"),
}
"""Modules and names of such functions, and of others that are not to be broken off: a process that gets half
of its task would say so, a pool that has half started cannot be ended, and an HDF5 file that nobody has yet
would not be closed."""
_spared_codes: set[CodeType] = set()


class Stopped(KeyboardInterrupt):
    """A signal came that ends the program; what is open is tidied up on the way out, as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        """Keep the signal's ``number``."""
        super().__init__(number)
        self.number = number


def spare(*functions: Callable[..., object]) -> None:
    """Have no signal raise anything in ``functions``, nor in what they call."""
    _spared_codes.update(function.__code__ for function in functions)


def stop(number: int, frame: FrameType | None) -> None:
    """Raise Stopped, now or, by SIGALRM, soon: the handler of signal ``number``."""
    global _asked
    _asked = _asked or number
    if _is_spared(frame):
        signal.setitimer(signal.ITIMER_REAL, WAIT)
    else:
        raise Stopped(_asked)


def _is_spared(frame: FrameType | None) -> bool:
    while frame is not None:
        code = frame.f_code
        name = frame.f_globals.get("__name__"), code.co_name
        if code in _spared_codes or name in _spared or code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def asked() -> int | None:
    """Return the signal that came to end the program, None when none did."""
    return _asked


def check() -> None:
    """Raise Stopped where a signal came and what it raised got lost."""
    if _asked is not None:
        raise Stopped(_asked)


def pass_over_lost_ones() -> None:
    """Have Python print no word of Stopped where it got lost: nothing went wrong."""
    unraisable, uncaught = sys.unraisablehook, sys.excepthook

    def tell_of_a_lost_one(lost: UnraisableHookArgs) -> None:
        if lost.exc_type is not Stopped:
            unraisable(lost)

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if kind is not Stopped:
            uncaught(kind, error, trace)

    sys.unraisablehook = tell_of_a_lost_one
    sys.excepthook = tell  # Cython, and so h5py, calls this one as well
