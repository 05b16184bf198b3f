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

import math
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

SHARPEST = math.radians(120)
"""Where the pen turns by more there is a corner, and no common direction on both sides."""

REACH = 5.0
"""Directions are taken over so many tolerances of the way, so that the grain of dense points does not show."""

LONGEST_REACH = 0.15
"""But not over more millimetres: a tight loop is no corner."""

ROUNDS = 12
"""How often half of the points that are left are tried to be left out."""

SAMPLE, WORTH_TRYING = 16, 0.2
"""A round is not begun when no more than this share of a sample, one point of so many, could be left out."""

WORTH_A_ROUND = 0.02
"""The rounds end with one that leaves out no more than this share of the points."""

GLANCES, GLANCE = 3, 4.0
"""The point of a curve that is closest to another is looked for so many times at most, and no longer where the
other seems to lie off by so many tolerances."""

APART = 0.2
"""Between points that are further apart, in millimetres, the middle of the curve is looked at, too."""

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


class _Directions(NamedTuple):
    """Unit vectors (N,) in which the pen comes to each point and leaves it; which points are corners."""

    come: Plane
    leave: Plane
    corner: Flags


def smooth(points: Array, starts: Places, tolerance: float) -> Curves:
    """Return curves through (N, 2) ``points``, in millimetres, of lines that begin at (L,) ``starts``.

    Every point lies within ``tolerance`` of its curve; 0 keeps all points.
    """
    lines = _lines(points, starts)
    directions = _directions(lines, min(REACH * tolerance, LONGEST_REACH))
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
    return np.maximum(np.abs(vectors), TINY)


def _along(vectors: Plane, others: Plane) -> Array:
    """Return the inner products of (n,) ``vectors`` with ``others``."""
    products: Array = vectors.real * others.real + vectors.imag * others.imag
    return products


def _directions(lines: _Lines, reach: float) -> _Directions:
    """Return the unit vectors in which the pen comes to each point and leaves it."""
    points, first, last = lines
    moves = np.diff(points, append=points[-1:])
    lengths = _lengths(moves)
    into, out_of = np.append(moves[-1:], moves[:-1]), moves.copy()
    _look_further(into, out_of, lines, lengths, reach)
    before, after = _lengths(into), _lengths(out_of)
    # The spline's direction: the speeds before and after, each weighed with the other's time.
    ways = into * (after / before) ** 0.5 + out_of * (before / after) ** 0.5
    ways /= _lengths(ways)
    corner = _along(into, out_of) < math.cos(SHARPEST) * before * after
    corner &= ~(first | last)
    begins, ends = np.flatnonzero((first | corner) & ~last), np.flatnonzero((last | corner) & ~first)
    # An end has no bend of its own: it leaves the chord half as far off as the next point is passed, and on
    # the other side.
    alone = ends - begins == 1
    come, leave = ways.copy(), ways
    for way, at, chord_at, near in ((leave, begins, begins, begins + 1), (come, ends, ends - 1, ends - 1)):
        chord = moves[chord_at] / lengths[chord_at]
        bent = np.where(alone, chord, 1.5 * chord - 0.5 * ways[near])
        way[at] = bent / _lengths(bent)
    return _Directions(come, leave, corner)


def _look_further(into: Plane, out_of: Plane, lines: _Lines, lengths: Array, reach: float) -> None:
    """Where points lie closer than ``reach``, have the moves to and from them begin and end that far away."""
    dense = np.zeros(len(into), np.bool_)
    dense[1:-1] = lengths[1:-1] + lengths[:-2] < reach
    places = np.flatnonzero(dense & ~lines.first & ~lines.last)
    if not len(places):
        return
    along = np.append(0.0, np.cumsum(lengths)[:-1])
    starts, ends = np.flatnonzero(lines.first), np.flatnonzero(lines.last)
    line = np.searchsorted(starts, places, "right") - 1
    low = np.maximum(np.searchsorted(along, along[places] - reach, "right") - 1, starts[line])
    high = np.minimum(np.searchsorted(along, along[places] + reach), ends[line])
    into[places] = lines.points[places] - lines.points[low]
    out_of[places] = lines.points[high] - lines.points[places]


def _controls(lines: _Lines, directions: _Directions, begin: Places, end: Places) -> tuple[Plane, Plane]:
    """Return the two control points, each (n,), of the pieces from the points ``begin`` to ``end``."""
    start, stop = lines.points[begin], lines.points[end]
    chord = stop - start
    length = _lengths(chord)
    away, towards = directions.leave[begin], directions.come[end]
    # Of an arc over the angle 2a: 2 c / 3 (1 + cos a); no further out than that of a half circle.
    reach, rest = (length / (1.5 + 1.5 * np.clip(_along(way, chord) / length, 0, 1)) for way in (away, towards))
    return start + away * reach, stop - towards * rest


# --- fewer points ------------------------------------------------------------------------------------------


def _simplified(lines: _Lines, directions: _Directions, tolerance: float) -> Places:
    """Return the points to keep: every other one is left out, again and again, where the curve allows it."""
    kept = np.arange(len(lines.points))
    ends = lines.first | lines.last | directions.corner
    way = _Way(lines, directions)
    for turn in range(ROUNDS):
        inner = np.arange(1 + turn % 2, len(kept) - 1, 2)
        inner = inner[~ends[kept[inner]]]
        begin, end = kept[inner - 1], kept[inner + 1]
        some = slice(None, None, SAMPLE)
        near = way.passes(begin[some], end[some], kept[inner[some]], np.arange(len(inner[some])), tolerance)
        if near.sum() <= WORTH_TRYING * len(near):
            break
        near = way.passes(begin, end, kept[inner], np.arange(len(inner)), tolerance)
        inner, begin, end = inner[near], begin[near], end[near]
        # The rest of a piece is only looked at where its middle point is near enough.
        near = way.covers(begin, end, tolerance)
        kept = np.delete(kept, inner[near])
        if near.sum() <= WORTH_A_ROUND * len(kept):
            break
    return kept


class _Way:
    """The pen's way, which simpler curves are held against: points and, where they are apart, the middle."""

    def __init__(self, lines: _Lines, directions: _Directions) -> None:
        self._lines, self._directions = lines, directions
        places = np.arange(len(lines.points) - 1)
        a, b, c, d = self._corners(places, places + 1)
        lengths = _lengths(d - a)
        self._along = np.append(0.0, np.cumsum(lengths))
        # The points, and behind them the middle of the curve after each.
        self._all = np.concatenate([lines.points, (a + 3 * (b + c) + d) / 8])
        self._all_along = np.append(self._along, (self._along[1:] + self._along[:-1]) / 2)
        self._lengths = lengths

    def _corners(self, begin: Places, end: Places) -> list[Plane]:
        points = self._lines.points
        return [points[begin], *_controls(self._lines, self._directions, begin, end), points[end]]

    def covers(self, begin: Places, end: Places, tolerance: float) -> Flags:
        """Return whether each piece from ``begin`` to ``end`` passes what is between within ``tolerance``."""
        good = np.ones(len(begin), np.bool_)
        counts = end - begin
        owner = np.repeat(np.arange(len(begin)), counts)
        every = np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(len(owner))
        points, middles = every > begin[owner], self._lengths[every] > APART
        places = np.append(every[points], every[middles] + len(self._lines.points))
        owner = np.append(owner[points], owner[middles])
        near = self.passes(begin, end, places, owner, tolerance)
        good[owner[~near]] = False
        return good

    def passes(self, begin: Places, end: Places, places: Places, which: Places, tolerance: float) -> Flags:
        """Return whether, of pieces from ``begin`` to ``end``, those ``which`` pass ``places`` near enough.

        The distance is that to a point of the curve that is near the closest one, so never too small.
        """
        terms = _terms(self._corners(begin, end))
        start = self._along[begin[which]]
        part = (self._all_along[places] - start) / np.maximum(self._along[end[which]] - start, TINY)
        near = np.zeros(len(which), np.bool_)
        left = np.arange(len(which))
        for _ in range(GLANCES):
            place, speed = _on_curve([term[which[left]] for term in terms], part)
            off = self._all[places[left]] - place
            far = np.abs(off) > tolerance
            near[left[~far]] = True
            left, part, off, speed = left[far], part[far], off[far], speed[far]
            # The closest point of the curve is where it runs across the way to the place.
            pace = _lengths(speed)
            across = np.abs(off.real * speed.imag - off.imag * speed.real) <= GLANCE * tolerance * pace
            ahead = _along(off, speed) / (pace * pace)
            left, part = left[across], np.clip(part[across] + ahead[across], 0, 1)
        return near


def _terms(corners: list[Plane]) -> list[Plane]:
    """Return the (n,) factors of the powers 0 to 3 that Béziers with four (n,) ``corners`` are the sum of."""
    a, b, c, d = corners
    return [a, 3 * (b - a), 3 * (a - 2 * b + c), d - a + 3 * (b - c)]


def _on_curve(terms: list[Plane], part: Array) -> tuple[Plane, Plane]:
    """Return the points at (n,) ``part`` of Béziers with four (n,) ``terms``, and the speeds there."""
    still, first, second, third = terms
    bent = third * part
    return still + ((bent + second) * part + first) * part, (3 * bent + 2 * second) * part + first
