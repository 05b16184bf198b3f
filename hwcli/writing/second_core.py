"""Products of a network's step that two cores share.

A step's product is short, and a thread that waits for another at each of them is slow on a machine with other
work to do: the other may come to its turn only when a whole time slice is over.  So what the other has not
begun by the time one's own half is done is taken back, and a second core that is not free costs nothing.
"""

from __future__ import annotations

from threading import Lock, Thread
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from hwcli.threads import cores

Array = NDArray[np.float32]

WORTH_SHARING = 1_000_000
"""Multiplications from which on a product takes longer than to wake another thread."""


class SecondCore:
    """A thread that does half of large products, for one thread that asks; as a context, until its end.

    Where there is only one core, all is done by the one that asks.
    """

    def __init__(self) -> None:
        """Have the thread ready; it starts with the context."""
        self._begin, self._end = Lock(), Lock()
        self._begin.acquire()
        self._end.acquire()
        self._half: tuple[Array, Array, Array] | None = None
        self._thread = Thread(target=self._serve, daemon=True) if cores() > 1 else None

    def __enter__(self) -> SecondCore:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._half = None
        if self._thread is not None and self._begin.locked():
            self._begin.release()

    def product(self, rows: Array, tiles: Array, out: Array) -> None:
        """Put ``rows`` (n, K) times each of the ``tiles`` (t, K, width) into ``out`` (t, n, width)."""
        if self._thread is None or len(rows) * tiles.size < WORTH_SHARING:
            np.matmul(rows, tiles, out=out)
            return
        middle = -(-len(tiles) // 2)
        self._half = rows, tiles[middle:], out[middle:]
        self._begin.release()
        np.matmul(rows, tiles[:middle], out=out[:middle])
        if self._begin.acquire(blocking=False):
            np.matmul(rows, tiles[middle:], out=out[middle:])
        else:
            self._end.acquire()

    def _serve(self) -> None:
        with np.errstate(all="ignore"):  # what is not finite is refused by the one that asked
            while self._begin.acquire() and (half := self._half) is not None:
                rows, tiles, out = half
                np.matmul(rows, tiles, out=out)
                self._end.release()
