"""The signals that end the program: what they raise, and what is left of that where an exception gets lost.

An exception raised by a signal's handler comes up wherever the program is.  In a function that a C library
calls (cairo, HDF5), or that takes away an object, it goes no further: the library goes on, or fails with an
error of its own.  So it is also noted that a signal came, and asked for before an output gets its name and
when the program ends.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Never

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_asked: int | None = None


class Stopped(KeyboardInterrupt):
    """A signal came that ends the program; what is open is tidied up on the way out, as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        """Keep the signal's ``number``."""
        super().__init__(number)
        self.number = number


def stop(number: int, frame: FrameType | None) -> Never:
    """Raise Stopped: the handler of signal ``number``."""
    global _asked
    _asked = number
    raise Stopped(number)


def asked() -> int | None:
    """Return the signal that came to end the program, None when none did."""
    return _asked


def check() -> None:
    """Raise Stopped where a signal came and what it raised got lost."""
    if _asked is not None:
        raise Stopped(_asked)


def pass_over_lost_ones(*others: type[BaseException]) -> None:
    """Have Python print no word of Stopped, nor of ``others``, where they get lost: the end tells of them."""
    quiet = (Stopped, *others)
    unraisable, uncaught = sys.unraisablehook, sys.excepthook

    def tell_of_a_lost_one(lost: UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, quiet):
            unraisable(lost)

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, quiet):
            uncaught(kind, error, trace)

    sys.unraisablehook = tell_of_a_lost_one
    sys.excepthook = tell  # Cython, and so h5py, calls this one as well
