"""How fast the pen was, and where it was when, as far as the times of a drawing's points tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing

Array = NDArray[np.float64]
Places = NDArray[np.int64]

WINDOW = 0.025
"""The speed at a point is that over so many seconds before it and after, or from its neighbours where those
are further apart: clocks count in hundredths of a second."""

FEWEST_TICKS = 0.25
"""A clock that goes on at fewer of the points of strokes than this share is too coarse to tell of speed."""


class Course(NamedTuple):
    """How far a line is drawn by when, with steady speed in between: shares of its time and of its way.

    Both are (k,), from 0 to 1, and never fall.
    """

    time: Array
    way: Array


STEADY = Course(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


def seconds(drawing: Drawing) -> Array | None:
    """Return the (N,) times of the points, where all are known and none falls."""
    if drawing.time is None or not np.isfinite(drawing.time).all():
        return None
    time = drawing.time.astype(np.float64)
    return time if (np.diff(time) >= 0).all() else None


def _steps(drawing: Drawing, time: Array) -> Array | None:
    """Return the steps of the clock within strokes but those of no time; None where it is too coarse."""
    steps = np.diff(time)[drawing.points[:-1, 2] <= 0.5]
    ticks = steps[steps > 0]
    return ticks if len(ticks) and len(ticks) >= FEWEST_TICKS * len(steps) else None


def way_to(drawing: Drawing) -> Array:
    """Return how far the pen has come on the paper at each point, (N,), in the drawing's unit."""
    lengths = np.hypot(*np.diff(drawing.points[:, :2].astype(np.float64), axis=0).T)
    lengths[drawing.points[:-1, 2] > 0.5] = 0
    return np.append(0.0, np.cumsum(lengths))


# --- speed -------------------------------------------------------------------------------------------------


def speeds(drawing: Drawing) -> Array | None:
    """Return how fast the pen was at each point, (N,), in the drawing's usual speeds; None where nothing tells.

    On half of the way it was faster than usual.  In a stroke that took no time the speed is NaN.
    """
    time = seconds(drawing)
    steps = None if time is None else _steps(drawing, time)
    if time is None or steps is None:
        return None
    way, window = way_to(drawing), max(WINDOW, float(np.median(steps)))
    last = np.append(np.flatnonzero(drawing.points[:-1, 2] > 0.5), len(way) - 1)
    first = np.append(0, last[:-1] + 1)
    begin, end = (np.repeat(time[places], last - first + 1) for places in (first, last))
    before, after = np.maximum(time - window, begin), np.minimum(time + window, end)
    with np.errstate(invalid="ignore"):
        found = (np.interp(after, time, way) - np.interp(before, time, way)) / (after - before)
    usual = _usual(found, way)
    return found / usual if usual else None


def _usual(found: Array, way: Array) -> float:
    """Return the median over the ``way`` of the speeds ``found`` at its points; 0 where there is none."""
    weights = np.diff(way, prepend=0.0) + np.diff(way, append=way[-1])
    weights[np.isnan(found)] = 0
    order = np.argsort(found)
    below = np.cumsum(weights[order])
    usual = float(found[order][np.searchsorted(below, below[-1] / 2)])
    return usual if usual > 0 else 0.0


# --- where when --------------------------------------------------------------------------------------------


def courses(drawing: Drawing, begins: Places, stops: Places, tolerances: Array) -> list[Course]:
    """Return the courses of lines of the points ``begins`` to ``stops``, as few knots as ``tolerances`` allow.

    Those are shares of the way of each line.  Where the times do not tell, it is STEADY.
    """
    time = seconds(drawing)
    if time is None or _steps(drawing, time) is None:
        return [STEADY] * len(begins)
    way = way_to(drawing)
    lines = zip(begins.tolist(), stops.tolist(), tolerances.tolist(), strict=True)
    return [_course(time[begin:stop], way[begin:stop], tolerance) for begin, stop, tolerance in lines]


def _course(time: Array, way: Array, tolerance: float) -> Course:
    """Return the course of a line from the seconds and the way at its (n,) points."""
    if time[-1] <= time[0] or way[-1] <= way[0]:
        return STEADY
    time, way = ((values - values[0]) / (values[-1] - values[0]) for values in (time, way))
    # Of points at one time the pen has come to the last; where it begins, to the first.
    apart = np.append(np.diff(time) > 0, True) & (time > 0)
    apart[0] = True
    time, way = time[apart], way[apart]
    kept = _simplified(time, way, tolerance)
    return STEADY if len(kept) == 2 else Course(time[kept], way[kept])


def _simplified(time: Array, way: Array, tolerance: float) -> list[int]:
    """Return the points to keep, so that between them ``way`` is nowhere off by more than ``tolerance``.

    The furthest is kept, and so on on both of its sides (Douglas and Peucker 1973).
    """
    kept, left = [0], [len(time) - 1]
    while left:
        low, high = kept[-1], left[-1]
        inner = slice(low + 1, high)
        off = np.abs(np.interp(time[inner], time[[low, high]], way[[low, high]]) - way[inner])
        if off.max(initial=0) > tolerance:
            left.append(low + 1 + int(off.argmax()))
        else:
            kept.append(left.pop())
    return kept


def knots(course: Course) -> list[tuple[float, float]]:
    """Return the time and the way at the inner knots of ``course``, in whole thousandths.

    None comes at the very begin, where the pen would be on the paper before its time, or at the very end.
    """
    time = np.clip(course.time[1:-1].round(3), 0.001, 0.999)
    return list(zip(time.tolist(), course.way[1:-1].round(3).tolist(), strict=True))
