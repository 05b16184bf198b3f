"""What is printed on the paper of an SVG page: programs write rules, squares and dots as lines like any other.

So the paper of Xournal++ and of tablets is known, pages that were PDF before, and that of ``hw render`` where
another program has saved it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STRAIGHT = 1e-3
"""A rule is level or upright but for this share of its length, as no hand draws it."""
LONG = 5.0
"""In strokes of the usual size, which may be whole words: a rule is longer."""
FEWEST_RULES = 3
"""As many rules begin and end alike; one alone goes from edge to edge."""
EDGE_TO_EDGE = 0.95
"""Of the page's width or height."""
ALIKE = 0.02
"""Of the usual length of rules: where they begin and end is known but for this."""
DOT = 0.1
"""In letters: a dot is no larger."""
FEWEST_DOTS = 8
"""As many dots lie in each of a grid's rows and columns."""
IN_LINE = 0.05
"""In letters, from a dot to the next in their order across: they are of one column."""
FINE = 1e-3
"""Of the page, where no letter tells of sizes."""


def without_paper(strokes: list[Floats], width: float, height: float) -> list[Floats]:
    """Return those (n, 2) ``strokes`` of a page of ``width`` and ``height`` (0: not known) that are ink."""
    if not strokes:
        return strokes
    points = np.concatenate(strokes)
    starts = np.cumsum([0, *map(len, strokes[:-1])])
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    sizes = high - low
    longest, thickness = sizes.max(axis=1), sizes.min(axis=1)
    is_straight = thickness <= STRAIGHT * longest
    written = longest[~is_straight]
    letter = float(np.median(written)) if len(written) else 0.0
    is_paper = _are_rules(low, high, is_straight & (longest > LONG * letter), np.array([width, height]), letter)
    is_dot = longest <= (DOT * letter or FINE * float(np.ptp(points, axis=0).max()))
    is_paper |= _are_in_a_grid((low + high) / 2, is_dot, letter)
    return [stroke for stroke, is_printed in zip(strokes, is_paper.tolist(), strict=True) if not is_printed]


def _are_rules(
    low: Floats, high: Floats, is_long: NDArray[np.bool_], page: Floats, letter: float
) -> NDArray[np.bool_]:
    """Return which of the boxes (n, 2) ``low`` to ``high`` are rules: of those that are straight and long."""
    is_rule = np.zeros(len(low), np.bool_)
    for axis in (0, 1):
        index = np.flatnonzero(is_long & (np.argmax(high - low, axis=1) == axis))
        if not len(index):
            continue
        begins, ends = low[index, axis], high[index, axis]
        is_rule[index] = (page[axis] > 0) & (ends - begins >= EDGE_TO_EDGE * page[axis])
        grain = ALIKE * float(np.median(ends - begins))
        if letter > 0 and grain > np.finfo(float).tiny:
            places = np.rint(np.column_stack([begins, ends]) / grain)
            _, kinds, counts = np.unique(places, axis=0, return_inverse=True, return_counts=True)
            is_rule[index] |= counts[kinds.ravel()] >= FEWEST_RULES
    # Of straight letters alone some may go from edge to edge of a sheet that is as large as they are.
    return is_rule if letter > 0 or np.count_nonzero(is_rule) >= FEWEST_RULES else np.zeros(len(low), np.bool_)


def _are_in_a_grid(places: Floats, is_dot: NDArray[np.bool_], letter: float) -> NDArray[np.bool_]:
    """Return which of the (n, 2) ``places`` are of dots in rows and columns."""
    is_printed = np.zeros(len(places), np.bool_)
    dots = places[is_dot]
    if len(dots) < FEWEST_DOTS * FEWEST_DOTS:
        return is_printed
    grain = IN_LINE * letter or FINE * float(np.ptp(dots, axis=0).max())
    in_row, in_column = (_as_many_alike(dots[:, axis], grain) for axis in (1, 0))
    is_printed[is_dot] = (in_row >= FEWEST_DOTS) & (in_column >= FEWEST_DOTS)
    return is_printed


def _as_many_alike(values: Floats, grain: float) -> NDArray[np.intp]:
    """Return for each of (n,) ``values`` how many are as large, those that follow closely being the same."""
    order = np.argsort(values)
    groups = np.zeros(len(values), np.intp)
    groups[order[1:]] = np.cumsum(np.diff(values[order]) > grain)
    counts: NDArray[np.intp] = np.bincount(groups)[groups]
    return counts
