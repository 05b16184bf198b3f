"""Strokes as sources have them, put together as the points of a drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points


def points_of(strokes: Sequence[NDArray[np.float64]]) -> Points:
    """Return the points of ``strokes``, (n, 2 or more) each with x and y first; none of them may be empty."""
    points = np.zeros((sum(map(len, strokes)), 3), np.float32)
    if strokes:
        points[:, :2] = np.concatenate([stroke[:, :2] for stroke in strokes])
        points[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return points
