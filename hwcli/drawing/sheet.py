"""A sheet of paper with drawings on it, and the lines of their ink as smooth curves; lengths in millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.curves import Curves, smooth
from hwcli.drawing.paper import Ruling
from hwcli.drawing.strokes import Line, lines
from hwcli.ink.drawing import Drawing

AT_ONCE = 1 << 13
"""So many points are made curves of in one go: few enough for a processor's cache."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A drawing at its place: the point ``origin`` of its ink lies at ``corner`` of the sheet, in millimetres.

    Around that point the ink is turned by ``turn`` radians, clockwise as one sees it.  ``size`` is the width
    and the height of its ink, ``caption_at`` where the base line of its caption begins.
    """

    drawing: Drawing
    scale: float
    origin: NDArray[np.float64]
    corner: tuple[float, float]
    size: tuple[float, float]
    caption: str = ""
    caption_at: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0

    def points(self) -> NDArray[np.float64]:
        """Return the (N, 2) points in millimetres on the sheet."""
        points = (self.drawing.points[:, :2] - self.origin) * self.scale
        if self.turn:
            cosine, sine = np.cos(self.turn), np.sin(self.turn)
            points = points @ np.array([[cosine, sine], [-sine, cosine]])
        return points + self.corner


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet of ``width`` by ``height`` millimetres with its drawings, in the order in which they came.

    ``letter`` is the height of their small letters.
    """

    width: float
    height: float
    placed: Sequence[Placed]
    letter: float = 3.0
    caption_size: float = 2.4
    ruling: Ruling = field(default_factory=Ruling)


class Trace(NamedTuple):
    """The ink of some drawings of a sheet as curves.

    ``owners`` has each drawing with the numbers of its first line and of the one after its last, ``primed``
    says which lines belong to a prime; ``begins`` and ``stops``, (L,), which of its drawing's points a line
    begins with, and which is the one after its last: two parts of a stroke that is split share a point.
    """

    curves: Curves
    owners: list[tuple[Placed, int, int]]
    primed: list[bool]
    begins: NDArray[np.int64]
    stops: NDArray[np.int64]


def traces(placed: Iterable[Placed], tolerance: float, *, split_prime: bool = False) -> Iterator[Trace]:
    """Yield the ink of ``placed`` in their order, smooth, as ``hwcli.drawing.curves.smooth`` makes it."""
    some: list[Placed] = []
    count = 0
    for one in placed:
        some.append(one)
        count += len(one.drawing)
        if count >= AT_ONCE:
            yield _trace(some, tolerance, split_prime)
            some, count = [], 0
    if some:
        yield _trace(some, tolerance, split_prime)


def _trace(placed: list[Placed], tolerance: float, split_prime: bool) -> Trace:
    parts, owners = [np.zeros((0, 2))], []
    found: list[Line] = []
    for one in placed:
        points, first = one.points(), len(found)
        some = lines(one.drawing, split_prime=split_prime)
        parts += [points[line.start : line.stop] for line in some] if split_prime else [points]
        found += some
        owners.append((one, first, len(found)))
    begins, stops = (np.array([line[end] for line in found], np.int64) for end in (0, 1))
    lengths = stops - begins
    curves = smooth(np.concatenate(parts), np.cumsum(lengths) - lengths, tolerance)
    return Trace(curves, owners, [line.primed for line in found], begins, stops)
