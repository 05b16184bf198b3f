"""Ink brought to one form before a network sees it: level, of one height, at equal steps; and the way back.

People write uphill, large or small, on devices that record at any rate.  None of it says what is written, so a
network that has not to learn it needs fewer points a character and fewer weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.resampling import resample

FLAT = 8 * float(np.finfo(np.float32).eps)
"""A height of no more than this, as a share of the largest coordinate, is what rounding left of none."""
STEEPEST = 0.3
"""A line that rises or falls by more, a unit of x, is no slope of the hand: it is left as it is."""


@dataclass(frozen=True)
class Preparation:
    """What is done to each drawing; the defaults do nothing.

    Attributes
    ----------
    level: turn it so that the regression line through its points runs level.
    height: divide it by the standard deviation of its y.
    step: resample strokes to equal steps of this length, in the unit that the drawing has by then; 0: never.
    """

    level: bool = False
    height: bool = False
    step: float = 0.0


@dataclass(frozen=True)
class Placement:
    """Where prepared ink lay before: ``before = turned back by slope(prepared) * height``."""

    slope: float = 0.0
    height: float = 1.0

    def prepare(self, points: Points) -> Points:
        """Return (N, 3) ``points`` turned level and divided by the height, their origin kept."""
        return _turned(points, -self.slope, 1 / self.height)

    def undo(self, points: Points) -> Points:
        """Return prepared (N, 3) ``points`` as large and as slanting as the ink was before."""
        return _turned(points, self.slope, self.height)


def _turned(points: Points, slope: float, factor: float) -> Points:
    angle = np.arctan(slope)
    cosine, sine = factor * np.cos(angle), factor * np.sin(angle)
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    return np.column_stack([cosine * x - sine * y, sine * x + cosine * y, points[:, 2]]).astype(points.dtype)


def placement_of(points: Points, preparation: Preparation) -> Placement:
    """Return how (N, 3) ``points`` lie: the slope and the height that ``preparation`` takes from them."""
    slope = _slope(points) if preparation.level else 0.0
    height = 1.0
    if preparation.height:
        level = Placement(slope).prepare(points.astype(np.float64))
        across, down = map(float, level[:, :2].std(axis=0))
        rounding = FLAT * float(np.abs(points[:, :2]).max(initial=0))
        # Of ink without any height (a dash, a dot) the width is all there is to tell its size by.
        height = (down if down > rounding else across) or 1.0
    return Placement(slope, height)


def prepare(drawing: Drawing, preparation: Preparation) -> tuple[Drawing, Placement]:
    """Return ``drawing`` prepared, and the placement that leads back.

    Raises
    ------
    HwError: resampled it would have more points than a drawing may have.
    """
    placement = placement_of(drawing.points, preparation)
    if placement != Placement():
        drawing = replace(drawing, points=placement.prepare(drawing.points))
    if preparation.step:
        try:
            drawing = resample(drawing, preparation.step)
        except ValueError as error:
            raise HwError(f"drawing {drawing.id or 'without id'}: {error}") from error
    return drawing, placement


def _slope(points: Points) -> float:
    x = points[:, 0].astype(np.float64)
    y = points[:, 1].astype(np.float64)
    x -= x.mean() if len(x) else 0
    spread = float(x @ x)
    slope = float(x @ (y - y.mean())) / spread if spread else 0.0
    return slope if abs(slope) <= STEEPEST else 0.0
