"""The base line of a line of writing: what its letters stand on.

Most of the pen's turns at the foot of a stroke lie on it, and most of those at the top lie a letter's height
above.  So it is the line on and above which the most turns gather, whatever else there is: the tails of g and
y, the heads of l and t, dots, commas, a line that climbs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing

Array = NDArray[np.float64]

STEEPEST, SLOPES = 0.24, 49
"""The slopes that are looked at: so many up to this one, up and down."""

NEAR = 0.25
"""A turn counts for a base line that passes within so many heights of a letter, the nearer the more."""

BINS = 12
"""Places that are told apart, a letter's height."""

SMALLEST_STROKE = 0.35
"""A stroke that is less high, in letters, is a dot or a dash and stands on nothing."""

SHORTEST = 5.0
"""Of writing that is no longer, in letters, the slope cannot be told: it is taken for level."""

FARTHEST = 5_000.0, 60.0
"""A turn that is further from the middle, in letters along x and y, is a fault."""

LEVEL = 0.12
"""How much a base line of the steepest slope must gain in turns, as a share of them all, to be believed."""


class Baseline(NamedTuple):
    """The line y = ``offset`` + ``slope`` x, in the ink's unit, y downward."""

    slope: float
    offset: float


def baseline(drawing: Drawing, letter: float) -> Baseline:
    """Estimate the base line of ``drawing``, whose small letters are ``letter`` high."""
    feet, heads = _turns(drawing, SMALLEST_STROKE * letter)
    middle = np.median(feet, axis=0) if len(feet) else np.zeros(2)
    feet, heads = (_without_far(turns - middle, letter) for turns in (feet, heads))
    if not len(feet):
        points = drawing.points[:, :2].astype(np.float64)
        return Baseline(0.0, float(points[:, 1].max()) if len(points) else 0.0)
    slopes = np.linspace(-STEEPEST, STEEPEST, SLOPES)
    if np.ptp(feet[:, 0]) < SHORTEST * letter:
        slopes = np.zeros(1)
    slope, offset = _best(feet, heads, slopes, letter)
    slope, offset = _fitted(feet, slope, offset, letter, len(slopes) > 1)
    return Baseline(slope, float(middle[1]) + offset - slope * float(middle[0]))


def _without_far(turns: Array, letter: float) -> Array:
    near: Array = turns[(np.abs(turns) < np.array(FARTHEST) * letter).all(axis=1)]
    return near


def _turns(drawing: Drawing, smallest: float) -> tuple[Array, Array]:
    """Return the (n, 2) points at which the pen turns up, and those at which it turns down."""
    feet, heads = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for stroke in drawing.strokes():
        points = stroke[:, :2].astype(np.float64)
        y = points[:, 1]
        if np.ptp(y) < smallest:
            continue
        move = np.sign(np.diff(y))
        moved = np.flatnonzero(move)
        move, at = move[moved], np.append(moved, len(y) - 1)
        before, after = np.append(-move[:1], move), np.append(move, -move[-1:])
        feet.append(points[at[(before > 0) & (after < 0)]])
        heads.append(points[at[(before < 0) & (after > 0)]])
    return np.concatenate(feet), np.concatenate(heads)


def _best(feet: Array, heads: Array, slopes: Array, letter: float) -> tuple[float, float]:
    """Return the slope and the offset on which, and a letter above which, the most turns lie."""
    low = float((feet[:, 1] - STEEPEST * np.abs(feet[:, 0])).min()) - letter
    heights = [
        (turns[:, 1] + shift - low - slopes[:, None] * turns[:, 0]) / letter * BINS
        for turns, shift in ((feet, 0.0), (heads, letter))
    ]
    count = int(max(height.max(initial=0) for height in heights)) + BINS
    gathered = _gathered(heights[0], count) + 0.5 * _gathered(heights[1], count)
    gathered -= (LEVEL * len(feet) * np.abs(slopes) / STEEPEST)[:, None]
    row, column = np.unravel_index(int(gathered.argmax()), gathered.shape)
    return float(slopes[row]), low + (float(column) + 0.5) * letter / BINS


def _gathered(heights: Array, count: int) -> Array:
    """Return, for each slope and each of ``count`` places, how many of the (slopes, n) ``heights`` lie near."""
    rows = np.arange(len(heights))[:, None]
    valid = (heights >= 0) & (heights < count)
    cells = (rows * count + heights.astype(np.int64))[valid]
    counts = np.bincount(cells, minlength=len(heights) * count).reshape(len(heights), count).astype(np.float64)
    reach = max(round(NEAR * BINS), 1)
    padded = np.pad(counts, ((0, 0), (reach, reach)))
    weights = 1 - np.abs(np.arange(-reach, reach + 1)) / (reach + 1)
    parts = [weight * padded[:, shift : shift + count] for shift, weight in enumerate(weights.tolist())]
    gathered: Array = np.add.reduce(parts)
    return gathered


def _fitted(feet: Array, slope: float, offset: float, letter: float, sloping: bool) -> tuple[float, float]:
    """Return the line through the feet near a first guess, those closest to it counting most."""
    for _ in range(4):
        off = feet[:, 1] - offset - slope * feet[:, 0]
        weights = np.maximum(1 - np.square(off / (NEAR * letter)), 0)
        total = float(weights.sum())
        if total <= 0:
            break
        x, rest = feet[:, 0] - float(weights @ feet[:, 0]) / total, off - float(weights @ off) / total
        spread = float(weights @ np.square(x))
        if sloping and spread > total * np.square(letter):
            slope += float((weights * x) @ rest) / spread
        offset = float(weights @ (feet[:, 1] - slope * feet[:, 0])) / total
    return slope, offset
