"""Smooth curves through the points of a pen: cubic Béziers, no more of them than a tolerance asks for.

The direction at a point is that of the centripetal Catmull-Rom spline, which, unlike the uniform one, makes no
loops of its own where points lie close together (Yuksel, Schaefer, Keyser 2011, "Parameterization and
applications of Catmull-Rom curves", section 3).  The control points lie as far out as those of the arc of a
circle that leaves its chord at the same angle.  So a piece of the curve depends on its two ends alone, and what
is left out of one changes no other.

Everything is done for many lines at once: a line has few points, and calls for each would take longer than
its arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Plane = NDArray[np.complex128]
"""Points and vectors of the plane as complex numbers, x + iy: half the arithmetic of two columns."""
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

GRAIN = 1000
"""Points are rounded to this share of a millimetre, and those that fall together are one."""

REACH = 5.0
"""Directions are taken over so many tolerances of the way, so that the grain of dense points does not show."""

ROUNDS = 12
"""How often half of the points that are left are tried to be left out."""

WORTH_A_ROUND = 0.02
"""The rounds end with one that leaves out no more than this share of the points."""

GLANCE = 4.0
"""A point that seems to lie off a curve by so many tolerances is not looked at more closely."""

TINY = 1e-12


class Curves(NamedTuple):
    """Lines of cubic Béziers, one line after the other; points are complex numbers, x + iy.

    ``knots`` (K,) are the points that the curve goes through; ``before`` and ``after`` (K,) the control points
    next to each on the way.  The knots of line i are those from ``starts[i]`` to ``starts[i + 1]``, (L + 1,).
    A dot is a line with one knot.
    """

    knots: Plane
    before: Plane
    after: Plane
    starts: Places


class _Lines(NamedTuple):
    """Points (N,) of lines, one line after the other; which of them are the first and the last of theirs."""

    points: Plane
    first: Flags
    last: Flags


def smooth(points: Array, starts: Places, tolerance: float) -> Curves:
    """Return curves through (N, 2) ``points``, in millimetres, of lines that begin at (L,) ``starts``.

    Every point lies within ``tolerance`` of its curve; 0 keeps all points.
    """
    lines = _lines(points, starts)
    directions = _directions(lines, REACH * tolerance)
    kept = np.arange(len(lines.points))
    if tolerance > 0:
        kept = _simplified(lines, directions, tolerance)
    knots = lines.points[kept]
    before, after = knots.copy(), knots.copy()
    begin = np.flatnonzero(~lines.last[kept])
    after[begin], before[begin + 1] = _controls(lines, directions, kept[begin], kept[begin + 1])
    return Curves(knots, before, after, np.append(np.flatnonzero(lines.first[kept]), len(knots)))


def _lines(points: Array, starts: Places) -> _Lines:
    """Return lines of which no point falls on the one before."""
    grains = np.rint(np.ascontiguousarray(points, np.float64) * GRAIN).view(np.complex128).reshape(-1)
    new = np.ones(len(points), np.bool_)
    new[1:] = grains[1:] != grains[:-1]
    new[starts] = True
    first = np.zeros(len(points), np.bool_)
    first[starts] = True
    first = first[new]
    return _Lines(grains[new] / GRAIN, first, np.append(first[1:], True)[: len(first)])


def _lengths(vectors: Plane) -> Array:
    """Return the lengths of (n,) ``vectors``, none of them 0."""
    x, y = vectors.real, vectors.imag
    return np.maximum(np.sqrt(x * x + y * y), TINY)


def _along(vectors: Plane, others: Plane) -> Array:
    """Return the inner products of (n,) ``vectors`` with ``others``."""
    products: Array = vectors.real * others.real + vectors.imag * others.imag
    return products


def _directions(lines: _Lines, reach: float) -> Plane:
    """Return the unit vector in which the pen passes each point, (N,)."""
    points, first, last = lines
    moves = np.diff(points, append=points[-1:])
    lengths = _lengths(moves)
    steps = np.sqrt(lengths)
    speeds = moves / steps  # of the move away from each point, in the spline's parameter
    ways = np.zeros_like(points)
    ways[1:-1] = speeds[:-2] * steps[1:-1] + speeds[1:-1] * steps[:-2]
    _pass_over(ways, lines, lengths, reach)
    ways /= _lengths(ways)
    # An end has no bend of its own: it leaves the chord half as far off as the next point is passed, and on
    # the other side.
    begins, ends = np.flatnonzero(first & ~last), np.flatnonzero(last & ~first)
    alone = ends - begins == 1
    chords = [moves[at] / lengths[at] for at in (begins, ends - 1)]
    ways[begins], ways[ends] = (
        np.where(alone, chord, 1.5 * chord - 0.5 * ways[near])
        for chord, near in zip(chords, (begins + 1, ends - 1), strict=True)
    )
    ways /= _lengths(ways)
    return ways


def _pass_over(ways: Plane, lines: _Lines, lengths: Array, reach: float) -> None:
    """Where points lie closer than ``reach``, set their (N,) ``ways`` to the chord over a reach on both sides."""
    dense = np.zeros(len(ways), np.bool_)
    dense[1:-1] = lengths[1:-1] + lengths[:-2] < reach
    places = np.flatnonzero(dense & ~lines.first & ~lines.last)
    if not len(places):
        return
    along = np.append(0.0, np.cumsum(lengths)[:-1])
    starts, ends = np.flatnonzero(lines.first), np.flatnonzero(lines.last)
    line = np.searchsorted(starts, places, "right") - 1
    low = np.maximum(np.searchsorted(along, along[places] - reach, "right") - 1, starts[line])
    high = np.minimum(np.searchsorted(along, along[places] + reach), ends[line])
    ways[places] = lines.points[high] - lines.points[low]


def _controls(lines: _Lines, directions: Plane, begin: Places, end: Places) -> tuple[Plane, Plane]:
    """Return the two control points, each (n,), of the pieces from the points ``begin`` to ``end``."""
    start, stop = lines.points[begin], lines.points[end]
    chord = stop - start
    length = _lengths(chord)
    away, towards = directions[begin], directions[end]
    # Of an arc over the angle 2a: 2 c / 3 (1 + cos a); no further out than that of a half circle.
    reach, rest = (
        length / (1.5 + 1.5 * np.clip(_along(way, chord) / length, 0, 1)) for way in (away, towards)
    )
    return start + away * reach, stop - towards * rest


# --- fewer points ------------------------------------------------------------------------------------------


def _simplified(lines: _Lines, directions: Plane, tolerance: float) -> Places:
    """Return the points to keep: every other one is left out, again and again, where the curve allows it."""
    kept = np.arange(len(lines.points))
    ends = lines.first | lines.last
    along = np.append(0.0, np.cumsum(_lengths(np.diff(lines.points))))
    for turn in range(ROUNDS):
        inner = np.arange(1 + turn % 2, len(kept) - 1, 2)
        inner = inner[~ends[kept[inner]]]
        pieces = _Pieces(lines, directions, along, kept[inner - 1], kept[inner + 1])
        near = np.flatnonzero(pieces.pass_by(np.arange(len(inner)), kept[inner], tolerance))
        inner = inner[near]
        # The other points of a piece are only looked at where its middle one is near enough.
        counts = pieces.end[near] - pieces.begin[near] - 1
        owner = np.repeat(np.arange(len(near)), counts)
        if len(owner) > len(near):
            every = np.repeat(pieces.begin[near] + 1 - np.cumsum(counts) + counts, counts) + np.arange(len(owner))
            good = pieces.pass_by(near[owner], every, tolerance)
            inner = inner[np.bincount(owner[~good], minlength=len(near)) == 0]
        kept = np.delete(kept, inner)
        if len(inner) <= WORTH_A_ROUND * len(kept):
            break
    return kept


class _Pieces:
    """Pieces of the curve, each from one of the points ``begin`` to one of ``end``."""

    def __init__(
        self, lines: _Lines, directions: Plane, along: Array, begin: Places, end: Places
    ) -> None:
        self.begin, self.end = begin, end
        self._points, self._along = lines.points, along
        first, second = _controls(lines, directions, begin, end)
        self._corners = lines.points[begin], first, second, lines.points[end]

    def pass_by(self, which: Places, places: Places, tolerance: float) -> Flags:
        """Return whether each of the pieces ``which`` passes the point at ``places`` within ``tolerance``.

        The distance is that to a point of the curve that is near the closest one, so never too small.
        """
        begin = self._along[self.begin[which]]
        part = (self._along[places] - begin) / np.maximum(self._along[self.end[which]] - begin, TINY)
        near = np.ones(len(which), np.bool_)
        left = np.arange(len(which))
        for glance in (GLANCE, GLANCE, 1.0):
            place, speed = _on_curve([corner[which[left]] for corner in self._corners], part)
            off = self._points[places[left]] - place
            pace = _lengths(speed)
            ahead = _along(off, speed) / pace
            aside = np.abs(off.real * speed.imag - off.imag * speed.real) / pace
            if glance == 1:
                near[left] = _lengths(off) <= tolerance
                break
            good = aside <= glance * tolerance
            near[left[~good]] = False
            left, part = left[good], np.clip(part[good] + ahead[good] / pace[good], 0, 1)
        return near


def _on_curve(corners: list[Plane], part: Array) -> tuple[Plane, Plane]:
    """Return the points at (n,) ``part`` of Béziers with four (n,) ``corners``, and the speeds there."""
    a, b, c, d = corners
    rest = 1 - part
    ab, bc, cd = rest * a + part * b, rest * b + part * c, rest * c + part * d
    first, second = rest * ab + part * bc, rest * bc + part * cd
    return rest * first + part * second, 3 * (second - first)
