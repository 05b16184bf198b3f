"""How much handwriting varies from line to line: its slant, its width and its heights, each as a number.

A network that writes legibly by writing every line in one average hand is not alive.  All numbers are taken
from ink that is turned level and brought to one height first, so that they mean the same for lines of any size
and device; but for ``size``, which is the size itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing
from hwcli.ink.preparation import Preparation, prepare

Array = NDArray[np.float64]

STEP = 0.1
"""Ink is resampled to steps of this length, in standard deviations of its y, so that slow strokes do not count
for more."""
ROW, SMOOTH = 0.05, 0.2
"""Height of the rows in which ink is counted, in the same unit, and how far the counts are smoothed (sd)."""
ROUNDS = 4
"""Times that the slant is looked for anew about the slant that was found."""


class Shape(NamedTuple):
    """What a line of writing looks like.

    Attributes
    ----------
    slant: degrees from the upright, to the right is more: the regression of x on y over all pieces of strokes
        that lie within 45 degrees of the upright when the line is sheared by it.
    width: of a character with the blank after it, in x-heights: the line's width over its characters.
    height: of the tall letters and those that hang down: from the highest to the lowest hundredth of the ink,
        in x-heights.
    size: the x-height in the unit of the ink as it came: the rows between base line and mean line, where more
        than half as much ink lies as in the fullest.
    """

    slant: float
    width: float
    height: float
    size: float


def shape_of(drawing: Drawing) -> Shape | None:
    """Return the shape of a ``drawing`` with its text, None without a text or with too little ink."""
    if not drawing.text or len(drawing) < 3:
        return None
    level, placement = prepare(drawing, Preparation(level=True, height=True, step=STEP))
    places = level.points[:, :2].astype(np.float64)
    width = float(np.ptp(places[:, 0]))
    pieces = np.diff(places, axis=0)[level.points[:-1, 2] < 0.5]
    x_height = _x_height(places[:, 1])
    if not width or not len(pieces):
        return None
    low, high = np.percentile(places[:, 1], [1, 99])
    return Shape(
        _slant(pieces),
        width / len(drawing.text) / x_height,
        (high - low) / x_height,
        x_height * placement.height,
    )


def _slant(pieces: Array) -> float:
    """Return the slant in degrees of ``pieces`` (N, 2) of strokes."""
    lean = 0.0  # x a unit of height
    for _ in range(ROUNDS):
        along = np.column_stack([pieces[:, 0] + lean * pieces[:, 1], pieces[:, 1]])
        upright = pieces[np.abs(along[:, 0]) < np.abs(along[:, 1])]
        heights = float(np.square(upright[:, 1]).sum())
        if not heights:
            break
        lean = -float((upright[:, 0] * upright[:, 1]).sum()) / heights
    return float(np.degrees(np.arctan(lean)))


def _x_height(heights: Array) -> float:
    """Return between which rows most of the ink lies: where there is half as much as in the fullest."""
    rows = np.floor((heights - heights.min()) / ROW).astype(np.int64)
    reach = np.arange(-3 * SMOOTH, 3 * SMOOTH + ROW, ROW)
    counts = np.convolve(np.bincount(rows), np.exp(-np.square(reach / SMOOTH) / 2))
    full, fullest = counts > counts.max() / 2, int(counts.argmax())
    above = fullest - int(np.append(full[fullest::-1], False).argmin())
    below = fullest + int(np.append(full[fullest:], False).argmin())
    return (below - above - 1) * ROW


@dataclass(frozen=True)
class Variety:
    """How the shapes of lines vary.

    Attributes
    ----------
    lines: how many.
    middle, spread: the median of each number of a ``Shape``, and half the distance between its 16th and 84th
        percentiles: of a normal distribution the standard deviation, but heedless of a few odd lines.
    """

    lines: int
    middle: Shape
    spread: Shape


def variety(shapes: Sequence[Shape]) -> Variety:
    """Return how ``shapes`` vary; raises ValueError when there are fewer than two."""
    if len(shapes) < 2:
        raise ValueError("two lines with their texts, at least, can vary")
    low, middle, high = np.percentile(np.array(shapes), [16, 50, 84], axis=0)
    return Variety(len(shapes), Shape(*middle.tolist()), Shape(*((high - low) / 2).tolist()))
