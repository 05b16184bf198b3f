"""Columns of a page: blocks of lines side by side, one written after the other.

A gap alone tells no columns, as rows of a table have one, too; the pen tells that goes up to the top again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.page_pieces import Pieces
from hwcli.ink.page_strokes import Floats, Labels

UPWARD = 1.5
"""How far the pen goes up, at least, to the next column, and how much of their heights columns share."""
WIDE, LEAST = 8.0, 2
"""The least width of a column (words beside words may be a table), and its least number of lines."""


def columns(pieces: Pieces) -> Labels:
    """Return for each of ``pieces``, which are in the order of writing, its column; -1: it is in none."""
    found = np.full(len(pieces.names), -1)
    places = np.flatnonzero(~pieces.is_short)
    left, right, height = pieces.left[places], pieces.right[places], pieces.lines.height[places]
    after = np.zeros(len(places), np.intp)
    inside = np.zeros(len(places), bool)
    for top in np.flatnonzero((np.diff(height) < -UPWARD) & (left[1:] > right[:-1])) + 1:
        before = slice(top - _leading(right[:top][::-1] < left[top]), top)
        behind = slice(top, top + _leading(left[top:] > right[before].max()))
        widths = [(right - left)[block] for block in (before, behind)]
        if _are_columns(*widths) and _share(height[before], height[behind]):
            inside[before.start : behind.stop] = True
            after[behind] += 1
    found[places[inside]] = after[inside]
    return found


def _leading(values: NDArray[np.bool_]) -> int:
    """Return how many of ``values`` are true before the first that is not."""
    return len(values) if values.all() else int(values.argmin())


def _are_columns(*widths: Floats) -> bool:
    return all(len(block) >= LEAST and np.median(block) > WIDE for block in widths)


def _share(one: Floats, other: Floats) -> bool:
    return bool(min(one.max(), other.max()) - max(one.min(), other.min()) > UPWARD)


def in_columns(heights: Floats, column: Labels) -> Labels:
    """Return the order of lines with ``heights`` and ``column``: downward, but one column after the other."""
    order = np.argsort(heights, kind="stable")
    # What is in no column ends those above it.
    section = np.cumsum(column[order] < 0)
    return order[np.lexsort([np.arange(len(order)), column[order], section])]
