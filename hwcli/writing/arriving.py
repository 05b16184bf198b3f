"""Reading ahead, for whoever has other things to do than to wait for the next item."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from threading import Condition, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Arriving(Generic[T]):
    """An iterator that a thread reads ahead, so that one can ask whether the next item is there."""

    def __init__(self, items: Iterable[T], most: int) -> None:
        """Read ``items``, at most so many ahead."""
        self._most = most
        self._waiting: deque[T] = deque()
        self._error: BaseException | None = None
        self._is_over = False
        self._change = Condition()
        Thread(target=self._read, args=(items,), daemon=True).start()

    def _read(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                with self._change:
                    self._change.wait_for(lambda: len(self._waiting) < self._most)
                    self._waiting.append(item)
                    self._change.notify_all()
        except BaseException as error:  # it is raised again where the items are taken
            self._error = error
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def is_there(self) -> bool:
        """Return whether the next item, or the end, can be had without waiting."""
        return bool(self._waiting) or self._is_over

    def gather(self, seconds: float) -> int:
        """Wait for an item, then so many ``seconds`` at most for others; return how many there are."""
        with self._change:
            self._change.wait_for(self.is_there)
            self._change.wait_for(lambda: len(self._waiting) >= self._most or self._is_over, seconds)
            return len(self._waiting)

    def __iter__(self) -> Iterator[T]:
        """Return itself."""
        return self

    def __next__(self) -> T:
        """Return the next item, waiting for it; raises what reading it raised."""
        with self._change:
            self._change.wait_for(self.is_there)
            if self._waiting:
                self._change.notify_all()
                return self._waiting.popleft()
        if self._error is not None:
            raise self._error
        raise StopIteration
