"""Whole pages of writing cut into their lines.

People write line after line, so the strokes in their order are cut where that leaves each piece close to a
straight line of its own, however it slants; what was added to a line later is then brought back to it.  Lengths
are in heights of a letter, the median height of the page's strokes, so that the ink's unit does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing, Points

Floats = NDArray[np.float64]
SPREAD = 0.4
"""Standard deviation of the ink of one line around the line's middle."""
LINE_COST = 40.0
"""What a line more costs, in squared deviations of as many letter heights of ink."""
NOT_LEFT_COST = 4.0
"""How many times as much it costs where the pen did not go to the left, as it does at a new line."""
LEFTWARD = 2.0
"""How far to the left the pen goes, at least, to begin a new line."""
STEEPEST = 0.3
LEVELLING = 4.0
"""Half a width of level ink that counts beside what is there: a short word tells little of its slope."""
LIGHTEST = 0.3
"""The ink of a dot."""
SAME_LINE = 0.6
"""Pieces whose middles are closer than this are of one line."""
SHORT, SAME_LINE_SHORT = 6.0, 1.0
"""The ink of a piece that may be but quotes or a comma, high or low in its line; and the same of these."""
BETWEEN = 0.6
"""What little ink is closer to a line than this share of the usual distance of lines is no line of its own."""
LONGEST = 1500
"""Strokes of one line, at most."""
MOST_STROKES, MOST_PIECES = 30_000, 1000
"""What has more of them is no page of writing, and is not cut."""
AT_A_TIME = 4096
"""Strokes that are compared with all lines at a time."""


class Page(Drawing):
    """A whole page of writing, or another piece of ink that may have several lines."""


@dataclass(frozen=True)
class _Strokes:
    """The strokes of a page, (n,) each, in letter heights from the page's middle.

    Attributes
    ----------
    sums: (n, 6), for each stroke the sums over its ink of 1, x, y, x x, x y, y y.
    left, right: where it begins and ends from left to right.
    first, last: x of its first and last point.
    """

    sums: Floats
    left: Floats
    right: Floats
    first: Floats
    last: Floats


@dataclass(frozen=True)
class _Lines:
    """The middles of lines, (k,) each: y = height + slope (x - centre)."""

    centre: Floats
    height: Floats
    slope: Floats

    def at(self, x: Floats) -> Floats:
        """Return the y of each line at ``x``, whose last axis goes over the lines."""
        return self.height + self.slope * (x - self.centre)


def cut(page: Drawing) -> list[Drawing]:
    """Return the lines of ``page`` from top to bottom, each with its strokes in the order of writing.

    Their ids are the page's with a number, ``notes-01``; a page of one line is that line, under its own id.
    """
    parts = _slices(page.points)
    if not 1 < len(parts) <= MOST_STROKES:
        return [_plain(page)]
    strokes = _measured(page.points, parts)
    labels = _pieces(strokes)
    if labels[0] >= MOST_PIECES:
        return [_plain(page)]
    labels = _brought_back(strokes, _without_scraps(strokes, _merged(strokes, labels)))
    names, lines = _fitted(strokes, labels)
    if len(names) == 1:
        return [_plain(page)]
    middle = np.array(np.median((strokes.left + strokes.right) / 2))
    ordered = names[np.argsort(lines.at(middle), kind="stable")]
    width = max(2, len(str(len(ordered))))
    return [
        _part(page, [parts[index] for index in np.flatnonzero(labels == label)], f"{page.id}-{number:0{width}}")
        for number, label in enumerate(ordered, start=1)
    ]


def _slices(points: Points) -> list[slice]:
    ends = np.flatnonzero(points[:, 2] > 0.5) + 1
    bounds = np.unique(np.concatenate([[0], ends, [len(points)]])).tolist()
    return [slice(start, end) for start, end in pairwise(bounds)]


def _plain(page: Drawing) -> Drawing:
    return Drawing(**{name: getattr(page, name) for name in Drawing.__dataclass_fields__})


def _part(page: Drawing, slices: list[slice], id: str) -> Drawing:
    index = np.concatenate([np.arange(part.start, part.stop) for part in slices])
    points = page.points[index]
    points[np.cumsum([part.stop - part.start for part in slices]) - 1, 2] = 1
    time, pressure = (None if values is None else values[index] for values in (page.time, page.pressure))
    if time is not None and np.isfinite(time).any():
        time = time - time[np.isfinite(time)][0]
    return replace(_plain(page), points=points, id=id, time=time, pressure=pressure)


# --- measures ----------------------------------------------------------------------------------------------


def _measured(points: Points, parts: list[slice]) -> _Strokes:
    places = points[:, :2].astype(np.float64)
    unit = _letter_height([places[part] for part in parts])
    places = (places - np.median(places, axis=0)) / unit
    strokes = [places[part] for part in parts]
    return _Strokes(
        np.array([_sums(stroke) for stroke in strokes]),
        *(np.array([edge(stroke[:, 0]) for stroke in strokes]) for edge in (np.min, np.max)),
        *(np.array([stroke[end, 0] for stroke in strokes]) for end in (0, -1)),
    )


def _letter_height(strokes: list[Floats]) -> float:
    """Return the median of the heights of strokes, each counted by its length; of flat ink, of the widths."""
    sizes = np.array([np.ptp(stroke, axis=0) for stroke in strokes])
    lengths = np.array([np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes])
    for axis in (1, 0):
        order = np.argsort(sizes[:, axis])
        cumulated = np.cumsum(lengths[order])
        median = sizes[order[np.searchsorted(cumulated, cumulated[-1] / 2)], axis]
        if median > 0:
            return float(median)
    return 1.0


def _sums(stroke: Floats) -> Floats:
    """Return the sums over the ink of (n, 2) ``stroke`` of 1, x, y, x x, x y, y y."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    weights = np.concatenate([steps, [0]]) / 2 + np.concatenate([[0], steps]) / 2
    weights += max(LIGHTEST - weights.sum(), 0) / len(stroke)
    x, y = stroke.T
    return np.array([weights @ values for values in (np.ones_like(x), x, y, x * x, x * y, y * y)])


def _slopes(sums: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the slope of the line through ink with (..., 6) ``sums``, and its Sxx, Sxy, Syy."""
    ink, x, y, xx, xy, yy = np.moveaxis(sums, -1, 0)
    ink = np.maximum(ink, LIGHTEST)  # of which rounding may leave nothing
    sxx, sxy, syy = np.maximum(xx - x * x / ink, 0), xy - x * y / ink, yy - y * y / ink
    return np.clip(sxy / (sxx + ink * LEVELLING**2), -STEEPEST, STEEPEST), sxx, sxy, syy


def _fitted(strokes: _Strokes, labels: NDArray[np.intp]) -> tuple[NDArray[np.intp], _Lines]:
    """Return the labels that there are, and the line through the strokes of each."""
    names = np.unique(labels)
    sums = np.array([strokes.sums[labels == name].sum(0) for name in names])
    return names, _Lines(sums[:, 1] / sums[:, 0], sums[:, 2] / sums[:, 0], _slopes(sums)[0])


# --- which stroke is of which line -------------------------------------------------------------------------


def _pieces(strokes: _Strokes) -> NDArray[np.intp]:
    """Return for each stroke the number of its piece: runs of strokes that are each close to a straight line.

    Dynamic programming over where to cut: the squared deviations from the lines and a cost for each line are
    together the least that they can be.
    """
    count = len(strokes.sums)
    total = np.vstack([np.zeros(6), np.cumsum(strokes.sums, axis=0)])
    back = np.concatenate([[0.0], strokes.last[:-1] - strokes.first[1:]])
    cost = LINE_COST * np.where(back > LEFTWARD, 1.0, NOT_LEFT_COST)
    best, begins = np.zeros(count + 1), np.zeros(count + 1, np.intp)
    for end in range(1, count + 1):
        start = max(0, end - LONGEST)
        slope, sxx, sxy, syy = _slopes(total[end] - total[start:end])
        deviations = np.maximum(syy - 2 * slope * sxy + slope * slope * sxx, 0) / SPREAD**2
        costs = best[start:end] + cost[start:end] + deviations
        begins[end] = start + int(np.argmin(costs))
        best[end] = costs[begins[end] - start]
    labels = np.zeros(count, np.intp)
    end, number = count, 0
    while end:
        labels[begins[end] : end] = number
        end, number = int(begins[end]), number + 1
    return labels


def _merged(strokes: _Strokes, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return ``labels`` with one label for pieces that lie on one line, as words that were added later do."""
    labels = labels.copy()
    while pairs := _close_pairs(strokes, labels):
        for one, other in pairs:
            labels[labels == other] = one
    return labels


def _close_pairs(strokes: _Strokes, labels: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return pairs of pieces whose lines are close where they meet, the closest first, each piece once."""
    names, lines = _fitted(strokes, labels)
    left = np.array([strokes.left[labels == name].min() for name in names])
    right = np.array([strokes.right[labels == name].max() for name in names])
    is_short = np.array([strokes.sums[labels == name, 0].sum() < SHORT for name in names])
    # Where two pieces lie side by side, in the gap between them; else in the middle of what they share.
    places = (np.maximum.outer(left, left) + np.minimum.outer(right, right)) / 2
    near = np.where(np.logical_or.outer(is_short, is_short), SAME_LINE_SHORT, SAME_LINE)
    heights = lines.at(places)
    gaps = np.where(np.tri(len(names), dtype=bool), np.inf, np.abs(heights - heights.T) / near)
    used, pairs = set[int](), list[tuple[int, int]]()
    for index in np.argsort(gaps, axis=None)[: np.count_nonzero(gaps < 1)].tolist():
        one, other = divmod(index, len(names))
        if not {one, other} & used:
            used |= {one, other}
            pairs.append((int(names[one]), int(names[other])))
    return pairs


def _without_scraps(strokes: _Strokes, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return ``labels`` with short pieces between two lines, as long tails are, given to the nearer in time."""
    names, lines = _fitted(strokes, labels)
    is_short = np.array([strokes.sums[labels == name, 0].sum() < SHORT for name in names])
    if np.count_nonzero(~is_short) < 2:
        return labels
    whole = np.flatnonzero(~is_short)
    heights = lines.at(np.array(np.median(strokes.left)))[whole]
    pitch = np.median(np.diff(np.sort(heights)))
    labels = labels.copy()
    for index in np.flatnonzero(is_short):
        own = labels == names[index]
        distances = np.abs(lines.at(lines.centre[index : index + 1]) - lines.height[index])[whole]
        near = names[whole[distances < pitch]]
        if distances.min() < BETWEEN * pitch:
            others = np.flatnonzero(np.isin(labels, near))
            labels[own] = labels[others[np.argmin(np.abs(others - np.flatnonzero(own)[0]))]]
    return labels


def _brought_back(strokes: _Strokes, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return ``labels`` with strokes that lie on another line than their neighbours in time given to that."""
    names, lines = _fitted(strokes, labels)
    given = labels.copy()
    for start in range(0, len(labels), AT_A_TIME):  # a page of many strokes and many lines is a large table
        part = slice(start, start + AT_A_TIME)
        sums, before = strokes.sums[part], labels[part]
        x, y = (sums[:, axis, None] / sums[:, 0, None] for axis in (1, 2))
        distances = np.abs(lines.at(x) - y)
        own = distances[np.arange(len(before)), np.searchsorted(names, before)]
        is_other = (own > 2 * SAME_LINE) & (distances.min(1) < own / 3)
        given[part] = np.where(is_other, names[distances.argmin(1)], before)
    return given
