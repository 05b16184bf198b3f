"""Whole pages of writing cut into their lines.

People write line after line, so the strokes in their order are cut where that leaves each piece close to a
straight line of its own, however it slants; what was added to a line later is then brought back to it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.page_lines import labelled
from hwcli.ink.page_strokes import measured
from hwcli.ink.segments import part_of

MOST_STROKES = 30_000
"""What has more of them is no page of writing, and is not cut."""


class Page(Drawing):
    """A whole page of writing, or another piece of ink that may have several lines."""


def cut(page: Drawing) -> list[Drawing]:
    """Return the lines of ``page`` from top to bottom, each with its strokes in the order of writing.

    Their ids are the page's with a number, ``notes-01``; a page of one line is that line, under its own id.
    """
    parts = _slices(page.points)
    if not 1 < len(parts) <= MOST_STROKES:
        return [_plain(page)]
    labels = labelled(measured(page.points, parts))
    if labels is None or not labels.any():
        return [_plain(page)]
    count = int(labels.max()) + 1
    width = max(2, len(str(count)))
    return [
        _part(
            page, [parts[index] for index in np.flatnonzero(labels == label)], f"{page.id}-{label + 1:0{width}}"
        )
        for label in range(count)
    ]


def _slices(points: Points) -> list[slice]:
    ends = np.flatnonzero(points[:, 2] > 0.5) + 1
    bounds = np.unique(np.concatenate([[0], ends, [len(points)]])).tolist()
    return [slice(start, end) for start, end in pairwise(bounds)]


def _plain(page: Drawing) -> Drawing:
    return Drawing(**{name: getattr(page, name) for name in Drawing.__dataclass_fields__})


def _part(page: Drawing, slices: list[slice], id: str) -> Drawing:
    line = part_of(_plain(page), np.concatenate([np.arange(part.start, part.stop) for part in slices]), id)
    line.points[np.cumsum([part.stop - part.start for part in slices]) - 1, 2] = 1
    return line
