"""A drawing cut into the lines that a pen draws without a lift."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from hwcli.ink.drawing import Drawing


class Line(NamedTuple):
    """The points ``start`` to ``stop`` (exclusive) of a drawing, and whether they belong to its prime."""

    start: int
    stop: int
    primed: bool = False


def lines(drawing: Drawing, *, split_prime: bool = False) -> list[Line]:
    """Return the lines of ``drawing``, one a stroke, in the order in which they were written.

    With ``split_prime`` a stroke that runs across the end of the prime becomes two lines, which share the
    prime's last point.
    """
    lifts = ((drawing.points[:, 2] > 0.5).nonzero()[0] + 1).tolist()
    borders = [0, *lifts] if lifts and lifts[-1] == len(drawing) else [0, *lifts, len(drawing)]
    found = [Line(start, stop) for start, stop in pairwise(borders) if stop > start]
    if split_prime:
        prime = prime_length(drawing)
        found = [part for line in found for part in _split_at(line, prime)]
    return found


def prime_length(drawing: Drawing) -> int:
    """Return how many of the first points come from a prime, as the header of the drawing says."""
    said = drawing.extra.get("prime_points", 0)
    return min(max(said, 0), len(drawing)) if isinstance(said, int) else 0


def _split_at(line: Line, prime: int) -> list[Line]:
    if line.stop <= prime:
        return [Line(line.start, line.stop, True)]
    if line.start >= prime - 1:  # one point alone is no line of the prime
        return [line]
    return [Line(line.start, prime, True), Line(prime - 1, line.stop)]
