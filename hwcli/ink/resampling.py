"""Points at equal distances along each stroke, however fast the pen was and whatever recorded it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits
from hwcli.ink.cleaning import at_places
from hwcli.ink.drawing import Drawing


def resample(drawing: Drawing, step: float) -> Drawing:
    """Return ``drawing`` with points about ``step`` (in its unit) apart along each stroke.

    A stroke keeps its first and its last point; its length between them is cut into the whole number of equal
    parts that comes nearest to ``step``.  Time and pressure are interpolated.

    Raises
    ------
    ValueError: there would be more points than a drawing may have.
    """
    points = drawing.points
    if len(points) < 2:
        return drawing
    offsets = np.diff(points[:, :2].astype(np.float64), axis=0)
    lengths = np.hypot(offsets[:, 0], offsets[:, 1])
    ends = np.flatnonzero(points[:, 2] > 0)
    if not len(ends) or ends[-1] != len(points) - 1:
        ends = np.append(ends, len(points) - 1)
    starts = np.append(0, ends[:-1] + 1)
    totals = [float(lengths[start:end].sum()) for start, end in zip(starts, ends, strict=True)]
    if sum(totals) / step > limits.POINTS:
        raise ValueError(f"points {step:g} apart would be more than {limits.POINTS}")
    places = [
        _stroke_places(lengths[start:end], total, step) + start
        for start, end, total in zip(starts, ends, totals, strict=True)
    ]
    return at_places(drawing, np.concatenate(places))


def _stroke_places(lengths: NDArray[np.float64], total: float, step: float) -> NDArray[np.float64]:
    """Return the places, counted in points, of equal parts of a stroke whose steps have ``lengths``."""
    if not total:
        # A dot, or a pen that pressed on one place: its first point and its last.
        return np.array([0.0] if not len(lengths) else [0.0, float(len(lengths))])
    along = np.append(0.0, np.cumsum(lengths))
    parts = max(1, round(total / step))
    index = np.arange(len(along), dtype=np.float64)
    places: NDArray[np.float64] = np.interp(np.linspace(0, along[-1], parts + 1), along, index)
    places[0], places[-1] = 0, len(lengths)
    return places
