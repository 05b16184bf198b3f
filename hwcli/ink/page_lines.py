"""Which stroke of a page is of which line.

As in Ye, Sutanto, Raghupathy, Li and Shilman, "Grouping Text Lines in Freeform Handwritten Notes" (ICDAR 2005),
the strokes in the order of writing are cut by dynamic programming into pieces that are each close to a straight
line, and pieces that lie on one line are then put together.  Rules and frames are no writing, and are set apart
before.  Lengths are in heights of a letter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.page_columns import columns, in_columns
from hwcli.ink.page_pieces import Pieces, pieces_of
from hwcli.ink.page_strokes import Floats, Labels, Strokes, slopes

SPREAD = 0.4
"""Standard deviation of the ink of one line around the line's middle."""
LINE_COST = 40.0
"""What a line more costs, in squared deviations of as many letter heights of ink."""
NEXT_COST, NO_MOVE_COST = 0.25, 4.0
"""How many times as much it costs where the pen went as to the next line, and where it did not go far."""
LEFT, NEXT, FAR = 2.0, 1.5, 3.5
"""How far the pen goes, at least: to the left or down to the next line, up or down to any."""
LETTER = 1.6
"""What is higher may be a tail that goes down in its own line."""
TILT = 0.04
"""Standard deviation of the slopes of lines around that of the page."""
LONG = 30.0
"""The ink of a piece that tells how the page slopes."""
SAME_LINE = 0.6
"""Pieces whose middles are closer than this are of one line."""
SAME_LINE_SHORT = 1.0
"""The same of short pieces, which may be quotes or a comma, high or low in their line."""
NEARER = 0.1
"""How much less near a line is, whose end is a letter height away."""
ASIDE, SHARED = 0.45, 1.5
"""What share of the usual distance of lines may part pieces beside each other, which share less than this."""
BETWEEN, FARTHEST = 0.6, 1.75
"""What little ink is closer to a line than this share of the usual distance, and than this, is no line."""
LONGEST = 1500
"""Strokes of one line, at most."""
MOST_PIECES = 1000
"""What has more of them is no page of writing."""
AT_A_TIME = 4096
"""Strokes that are compared with all lines at a time."""
UNDER = 0.35
"""Where rules are, below the middle of their line: some go under the words, some through them."""


def labelled(strokes: Strokes) -> Labels | None:
    """Return for each stroke the number of its line, from top to bottom; None if this is no page of writing."""
    writes = strokes.are_writing()
    writing = strokes.some(writes)
    slope = _slope_of_page(writing, _pieces(writing))
    strokes, writing = strokes.levelled(slope), writing.levelled(slope)
    labels = _pieces(writing, TILT)
    if labels[0] >= MOST_PIECES:
        return None
    labels = labels.max() - labels  # in the order of writing
    column = columns(pieces_of(writing, labels))
    labels = _merged(writing, labels, column)
    labels = _brought_back(writing, _without_scraps(writing, labels))
    whole = np.zeros(len(writes), np.intp)
    whole[writes] = labels
    whole[~writes] = _of_the_rest(strokes, writes, labels)
    return _ordered(pieces_of(writing, labels), column)[whole]


def _slope_of_page(strokes: Strokes, labels: Labels) -> float:
    """Return the slope that most of the ink has: the median over the longer pieces."""
    sums = np.array([strokes.sums[labels == name].sum(0) for name in np.unique(labels)])
    sums = sums[sums[:, 0] > LONG]
    return float(np.median(slopes(sums)[0])) if len(sums) else 0.0


def _pieces(strokes: Strokes, tilt: float = np.inf) -> Labels:
    """Return for each stroke the number of its piece: runs of strokes that are each close to a straight line.

    Dynamic programming over where to cut: the squared deviations of the ink from the lines, those of their
    slopes from 0, in ``tilt``, and a cost for each line are together the least that they can be.
    """
    count = len(strokes.sums)
    total = np.vstack([np.zeros(6), np.cumsum(strokes.sums, axis=0)])
    cost = LINE_COST * _costs(strokes)
    best, begins = np.zeros(count + 1), np.zeros(count + 1, np.intp)
    for end in range(1, count + 1):
        start = max(0, end - LONGEST)
        slope, sxx, sxy, syy = slopes(total[end] - total[start:end])
        deviations = np.maximum(syy - 2 * slope * sxy + slope * slope * sxx, 0) / SPREAD**2
        costs = best[start:end] + cost[start:end] + deviations + (slope / tilt) ** 2
        begins[end] = start + int(np.argmin(costs))
        best[end] = costs[begins[end] - start]
    labels = np.zeros(count, np.intp)
    end, number = count, 0
    while end:
        labels[begins[end] : end] = number
        end, number = int(begins[end]), number + 1
    return labels


def _costs(strokes: Strokes) -> Floats:
    """Return how much a new line costs before each stroke: less where the pen went as it does to another."""
    left = np.concatenate([[0.0], strokes.last[:-1] - strokes.first[1:]])
    down = np.concatenate([[0.0], np.diff(strokes.middle)])
    is_down = (down > NEXT) & (left > NEXT - down)  # more down than to the right
    is_next = is_down & (left > 0) & (strokes.height < LETTER)
    is_far = (left > LEFT) | is_down | (np.abs(down) > FAR)
    return np.where(is_next, NEXT_COST, np.where(is_far, 1.0, NO_MOVE_COST))


def _merged(strokes: Strokes, labels: Labels, column: Labels) -> Labels:
    """Return ``labels`` with one label for pieces that lie on one line, as words that were added later do.

    First those that are surely of one line, which shows how far apart lines are, then those beside each other;
    never those of two columns.  ``column``, that of each label, is changed with them.
    """
    labels = labels.copy()
    for with_pitch in (False, True):
        aside = SAME_LINE
        if with_pitch:
            aside = float(np.clip(ASIDE * _pitch(pieces_of(strokes, labels)), SAME_LINE, SAME_LINE_SHORT))
        while pairs := _close_pairs(pieces_of(strokes, labels), aside, column):
            for one, other in pairs:
                labels[labels == other] = one
                column[one] = max(column[one], column[other])
    return labels


def _pitch(pieces: Pieces) -> float:
    """Return the usual distance from a piece to the next below it; infinite where none is below another."""
    heights = pieces.heights()
    below = heights.T - heights
    is_below = (below > 0) & (pieces.overlaps() > 0) & ~np.logical_or.outer(pieces.is_short, pieces.is_short)
    nearest = np.where(is_below, below, np.inf).min(1)
    return float(np.median(nearest[np.isfinite(nearest)])) if np.isfinite(nearest).any() else np.inf


def _close_pairs(pieces: Pieces, aside: float, column: Labels) -> list[tuple[int, int]]:
    """Return pairs of pieces whose lines are close where they meet, the closest first, each piece once.

    Pieces beside each other are close when their heights differ by less than ``aside``.
    """
    heights, names = pieces.heights(), pieces.names
    overlaps = pieces.overlaps()
    near = np.where(overlaps < SHARED, aside, SAME_LINE)
    is_short = np.logical_or.outer(pieces.is_short, pieces.is_short)
    are_both = np.logical_and.outer(pieces.is_short, pieces.is_short)
    near = np.where(is_short & ~(are_both & (overlaps > 0)), SAME_LINE_SHORT, near)
    column = column[names]
    is_apart = (np.minimum.outer(column, column) >= 0) & np.not_equal.outer(column, column)
    is_apart |= np.tri(len(names), dtype=bool)
    gaps = np.abs(heights - heights.T) / near
    gaps = np.where(is_apart | (gaps >= 1), np.inf, gaps + NEARER * np.maximum(-overlaps, 0))
    used, pairs = set[int](), list[tuple[int, int]]()
    for index in np.argsort(gaps, axis=None)[: np.count_nonzero(np.isfinite(gaps))].tolist():
        one, other = divmod(index, len(names))
        if not {one, other} & used:
            used |= {one, other}
            pairs.append((int(names[one]), int(names[other])))
    return pairs


def _without_scraps(strokes: Strokes, labels: Labels) -> Labels:
    """Return ``labels`` with short pieces between two lines, as long tails are, given to the nearer in time."""
    pieces = pieces_of(strokes, labels)
    names, lines = pieces.names, pieces.lines
    if np.count_nonzero(~pieces.is_short) < 2:
        return labels
    whole = np.flatnonzero(~pieces.is_short)
    heights = lines.at(np.array(np.median(strokes.left)))[whole]
    pitch = np.median(np.diff(np.sort(heights)))
    labels = labels.copy()
    for index in np.flatnonzero(pieces.is_short):
        own = labels == names[index]
        distances = np.abs(lines.at(lines.centre[index : index + 1]) - lines.height[index])[whole]
        near = names[whole[distances < pitch]]
        if distances.min() < min(BETWEEN * pitch, FARTHEST):
            others = np.flatnonzero(np.isin(labels, near))
            labels[own] = labels[others[np.argmin(np.abs(others - np.flatnonzero(own)[0]))]]
    return labels


def _brought_back(strokes: Strokes, labels: Labels) -> Labels:
    """Return ``labels`` with strokes that lie on another line than their neighbours in time given to that."""
    pieces = pieces_of(strokes, labels)
    names = pieces.names
    far = 2 * SAME_LINE * np.maximum(_spreads(strokes, labels, names) / SPREAD, 1)  # in a title, farther
    given = labels.copy()
    for start in range(0, len(labels), AT_A_TIME):  # a page of many strokes and many lines is a large table
        part = slice(start, start + AT_A_TIME)
        sums, before = strokes.sums[part], labels[part]
        x, y = (sums[:, axis, None] / sums[:, 0, None] for axis in (1, 2))
        distances = np.abs(pieces.lines.at(x) - y) + NEARER * pieces.away(x)
        index = np.searchsorted(names, before)
        own = distances[np.arange(len(before)), index]
        is_other = (own > far[index]) & (distances.min(1) < own / 3)
        given[part] = np.where(is_other, names[distances.argmin(1)], before)
    return given


def _spreads(strokes: Strokes, labels: Labels, names: Labels) -> Floats:
    """Return the standard deviation of the ink of each line around its middle."""
    sums = np.array([strokes.sums[labels == name].sum(0) for name in names])
    slope, sxx, sxy, syy = slopes(sums)
    deviations = np.maximum(syy - 2 * slope * sxy + slope * slope * sxx, 0)
    return np.asarray(np.sqrt(deviations / sums[:, 0]))


def _of_the_rest(strokes: Strokes, writes: NDArray[np.bool_], labels: Labels) -> Labels:
    """Return the lines of rules and frames: what they are under or through, else what was written near them."""
    pieces = pieces_of(strokes.some(writes), labels)
    times = np.flatnonzero(writes)
    given = []
    for index in np.flatnonzero(~writes):
        ink, x, y = strokes.sums[index, :3]
        beside = (pieces.left > strokes.right[index]) | (pieces.right < strokes.left[index])
        away = np.where(beside, np.inf, np.abs(y / ink - pieces.lines.at(np.array(x / ink)) - UNDER))
        if away.min() < SAME_LINE + UNDER:
            given.append(pieces.names[away.argmin()])
        else:
            given.append(labels[np.abs(times - index).argmin()])
    return np.array(given, np.intp)


def _ordered(pieces: Pieces, column: Labels) -> Labels:
    """Return for each label the number of its line, from top to bottom, in one column after the other."""
    middle = np.array(np.median((pieces.left + pieces.right) / 2))
    order = pieces.names[in_columns(pieces.lines.at(middle), column[pieces.names])]
    rank = np.zeros(len(column), np.intp)
    rank[order] = np.arange(len(order))
    return rank
