"""Strokes of a page, measured in heights of a letter, and the straight lines through sets of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
STEEPEST = 0.3
LEVELLING = 4.0
"""Half a width of level ink that counts beside what is there: a short word tells little of its slope."""
LIGHTEST = 0.3
"""The ink of a dot."""
STRAIGHT, FLAT = 1.25, 4.0
"""A rule has at most so many times the ink of its width, and is so many times as wide as high."""
RULE, FRAME = 4.0, 8.0
"""The least width of a rule, in letter heights, and the least height of what goes around or across lines."""


@dataclass(frozen=True)
class Strokes:
    """The strokes of a page, (n,) each, in letter heights from the page's middle.

    Attributes
    ----------
    sums: (n, 6), for each stroke the sums over its ink of 1, x, y, x x, x y, y y.
    left, right: where it begins and ends from left to right.
    first, last: x of its first and last point.
    height: its height.
    """

    sums: Floats
    left: Floats
    right: Floats
    first: Floats
    last: Floats
    height: Floats

    @property
    def middle(self) -> Floats:
        """Return the y of the middle of the ink of each."""
        return self.sums[:, 2] / self.sums[:, 0]

    def some(self, which: NDArray[np.bool_]) -> Strokes:
        """Return the strokes ``which``, (n,), in their order."""
        return Strokes(*(getattr(self, name)[which] for name in Strokes.__dataclass_fields__))

    def levelled(self, slope: float) -> Strokes:
        """Return them with y less by ``slope`` times x."""
        ink, x, y, xx, xy, yy = self.sums.T
        sums = np.array([ink, x, y - slope * x, xx, xy - slope * xx, yy - 2 * slope * xy + slope * slope * xx])
        return replace(self, sums=sums.T)

    def are_writing(self) -> NDArray[np.bool_]:
        """Return which are neither rules, as under and through words, nor frames and long arrows; else all."""
        width = self.right - self.left
        is_rule = (width > RULE) & (self.sums[:, 0] < STRAIGHT * width) & (width > FLAT * self.height)
        writes = ~is_rule & (self.height < FRAME)
        return writes if writes.any() else np.ones_like(writes)


@dataclass(frozen=True)
class Lines:
    """The middles of lines, (k,) each: y = height + slope (x - centre)."""

    centre: Floats
    height: Floats
    slope: Floats

    def at(self, x: Floats) -> Floats:
        """Return the y of each line at ``x``, whose last axis goes over the lines."""
        return self.height + self.slope * (x - self.centre)


def measured(points: Points, parts: list[slice]) -> Strokes:
    """Return the measures of the strokes ``parts`` of (N, 3) ``points``."""
    places = points[:, :2].astype(np.float64)
    unit = letter_height([places[part] for part in parts])
    places = (places - np.median(places, axis=0)) / unit
    strokes = [places[part] for part in parts]
    return Strokes(
        sums=np.array([_sums(stroke) for stroke in strokes]),
        left=np.array([stroke[:, 0].min() for stroke in strokes]),
        right=np.array([stroke[:, 0].max() for stroke in strokes]),
        first=np.array([stroke[0, 0] for stroke in strokes]),
        last=np.array([stroke[-1, 0] for stroke in strokes]),
        height=np.array([np.ptp(stroke[:, 1]) for stroke in strokes]),
    )


def letter_height(strokes: list[Floats]) -> float:
    """Return the median of the heights of strokes, each counted by its length; of flat ink, of the widths.

    Long straight level strokes do not count: a page may have as much ink in its underlines.
    """
    sizes = np.array([np.ptp(stroke, axis=0) for stroke in strokes])
    lengths = np.array([np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes])
    is_rule = (lengths < STRAIGHT * sizes[:, 0]) & (sizes[:, 0] > FLAT * sizes[:, 1])
    if not is_rule.all():
        is_rule &= sizes[:, 0] > RULE * np.median(sizes[~is_rule, 1])
        sizes, lengths = sizes[~is_rule], lengths[~is_rule]
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


def slopes(sums: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the slope of the line through ink with (..., 6) ``sums``, and its Sxx, Sxy, Syy."""
    ink, x, y, xx, xy, yy = np.moveaxis(sums, -1, 0)
    ink = np.maximum(ink, LIGHTEST)  # of which rounding may leave nothing
    sxx, sxy, syy = np.maximum(xx - x * x / ink, 0), xy - x * y / ink, yy - y * y / ink
    return np.clip(sxy / (sxx + ink * LEVELLING**2), -STEEPEST, STEEPEST), sxx, sxy, syy


def fitted(strokes: Strokes, labels: Labels) -> tuple[Labels, Lines]:
    """Return the labels that there are, and the line through the strokes of each."""
    names = np.unique(labels)
    sums = np.array([strokes.sums[labels == name].sum(0) for name in names])
    return names, Lines(sums[:, 1] / sums[:, 0], sums[:, 2] / sums[:, 0], slopes(sums)[0])
