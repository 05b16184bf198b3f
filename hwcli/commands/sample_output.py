"""What ``hw sample`` writes: the header of each drawing, then its points, as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from hwcli import console
from hwcli.commands.sample_plan import Head, Piece, Work
from hwcli.threads import cores
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.drawing import Points
    from hwcli.writing.desk import Order, Written
    from hwcli.writing.hands import Scribe
    from hwcli.writing.lanes import Ink


class Output:
    """Has the drawings written, and writes them out in order.

    Attributes
    ----------
    drawings, failures: how many there were, and of how many something was wrong.
    """

    def __init__(self, scribe: Scribe, sink: BinaryIO, most: int | None = None) -> None:
        """Write to ``sink`` what ``scribe`` has written; ``most`` points of a drawing were asked for."""
        from hwcli.ink.jsonl import DrawingWriter

        self.drawings = self.failures = 0
        self._most, self._points = most, 0
        self._first: list[tuple[Head, Points]] = []
        self._scribe, self._writer = scribe, DrawingWriter(sink)
        self._heads: deque[tuple[Head, bool]] = deque()
        self._head: Head | None = None
        self._origin: Ink | None = None

    def kept(self) -> Drawing | None:
        """Return the first of the drawings, when it has a text."""
        import numpy as np

        from hwcli.ink import Drawing

        if not self._first:
            return None
        heads, points = zip(*self._first, strict=True)
        return Drawing(np.concatenate(points), heads[0].id, heads[0].text)

    def write(self, work: Work, show: console.Progress) -> None:
        """Write the drawings that are the ``work``, and ``show`` how many."""
        from hwcli.writing.rollout import write_drawings

        orders: Iterable[Order] = self._orders(work.pieces)
        if work.are_arriving:
            from hwcli.writing.arriving import Arriving

            orders = Arriving(orders, -(-self._scribe.side_by_side // work.takes))
        takes, written = max(work.drawings * work.takes, 1), 0
        workers = min(cores(), -(-takes // self._scribe.lanes))
        for part in write_drawings(self._scribe.writer, orders, -(-takes // workers), workers):
            self._take(part)
            written += len(part.points)
            show(written, f"{counted(self.drawings, 'drawings')}, {counted(written, 'points')}")
        self._blanks()

    def _orders(self, pieces: Iterator[Piece]) -> Iterator[Order]:
        for head, order in pieces:
            self._heads.append((head, order is None))
            if order is not None:
                yield order

    def _blanks(self) -> None:
        """Write the blank lines that come next."""
        while self._heads and self._heads[0][1]:
            head, _ = self._heads.popleft()
            self._writer.begin(head.id, extra=head.extra)

    def _take(self, part: Written) -> None:
        head = self._head = self._head or self._begin(part)
        self._points += len(part.points)
        if len(part.points):
            points = self._scribe.beside(head.hand, part.points, self._origin)
            self._writer.points(points)
            if head.text and not self.drawings:
                self._first.append((head, points))
        if part.last:
            self._head = None
            self._count(head, part)

    def _begin(self, part: Written) -> Head:
        """Write the next drawing's header; a text lies for itself, its first point at (0, 0)."""
        self._blanks()
        head, _ = self._heads.popleft()
        self._writer.begin(head.id, head.text, extra=head.extra)
        self._origin = part.points[:1] if head.text else None
        if head.before is not None:
            self._writer.points(head.before)
        return head

    def _count(self, head: Head, part: Written) -> None:
        self.drawings += 1
        if part.faults:
            self.failures += 1
            is_cut_off = self._most is not None and self._points >= self._most
            why = f"cut off after the {self._most} of --points" if is_cut_off else "; ".join(part.faults)
            console.warn(f"{head.id} ({head.text}): {why}")
        self._points = 0
