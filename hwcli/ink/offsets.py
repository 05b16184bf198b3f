"""Ink as a network sees it: rows of (dx, dy, up), scaled, from one point to the next.

Row 0 stands for a drawing's first point and has the offset (0, 0) in *scaled* units, the null vector with
which Graves 2013 (section 2) begins every sequence; row t holds the move from point t - 1 to point t.  The
network reads row t and predicts row t + 1, so a drawing of N points has N - 1 predictions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points


@dataclass(frozen=True)
class Scale:
    """The scale of offsets: ``scaled = (offset - mean) / sd``, each an (x, y) pair in the ink's own unit."""

    mean: tuple[float, float] = (0.0, 0.0)
    sd: tuple[float, float] = (1.0, 1.0)


def rows_from_points(points: Points, scale: Scale) -> NDArray[np.float32]:
    """Return the (N, 3) float32 rows (dx, dy, up), offsets scaled, of (N, 3) absolute ``points``."""
    rows = np.zeros((len(points), 3), np.float32)
    offsets = np.diff(points[:, :2].astype(np.float64), axis=0)
    rows[1:, :2] = (offsets - scale.mean) / scale.sd
    rows[:, 2] = points[:, 2]
    return rows


def points_from_rows(rows: NDArray[np.float32], scale: Scale, start: tuple[float, float] = (0, 0)) -> Points:
    """Return the (N, 3) absolute points of (N, 3) ``rows``; the first lies at ``start``."""
    offsets = rows[:, :2].astype(np.float64) * scale.sd + scale.mean
    offsets[:1] = start
    return np.column_stack([np.cumsum(offsets, axis=0), rows[:, 2]]).astype(np.float32)


class OffsetMoments:
    """Mean and standard deviation of the offsets between successive points, gathered drawing by drawing."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.count = 0
        self._sum = np.zeros(2)
        self._squares = np.zeros(2)

    def add(self, points: Points) -> None:
        """Count the offsets of one drawing's (N, 3) ``points``, pen-up moves included."""
        self.add_offsets(np.diff(points[:, :2].astype(np.float64), axis=0))

    def add_offsets(self, offsets: NDArray[np.float64]) -> None:
        """Count (N, 2) ``offsets``."""
        self.count += len(offsets)
        self._sum += offsets.sum(axis=0)
        self._squares += np.square(offsets).sum(axis=0)

    def scale(self) -> Scale:
        """Return the scale that brings the counted offsets to mean 0 and standard deviation 1.

        Raises
        ------
        ValueError: nothing was counted, or the ink never moves along an axis, so that it has no scale.
        """
        if not self.count:
            raise ValueError("there is no drawing of two points or more")
        mean = self._sum / self.count
        sd = np.sqrt(np.maximum(self._squares / self.count - mean**2, 0))
        if not np.all(sd > 0) or not np.all(np.isfinite(sd)):
            raise ValueError("the ink never moves along one of its axes")
        return Scale((float(mean[0]), float(mean[1])), (float(sd[0]), float(sd[1])))
