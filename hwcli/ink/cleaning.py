"""Mending what pens and whiteboards record wrongly: repeated points, time running backward, missing points."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing

Floats = NDArray[np.float32]
LONG_STEP = 10.0
"""A step inside a stroke is over-long when it is this many times the drawing's median step."""
FEWEST_STEPS = 20
"""Fewer steps than this say too little of how long a drawing's steps are."""
MOST_ADDED = 1000
"""Points that mending adds to one step, at most."""
LONG_STEPS = ("mend", "drop", "keep")
SAME_DIRECTION = 0.5
"""Cosine of the largest angle between two directions that count as one."""
AROUND = 2
"""Steps before and after an over-long one that tell the pen's direction there."""


@dataclass(frozen=True)
class Cleaning:
    """What is cleaned.

    Attributes
    ----------
    repeats: remove points that lie where the point before them lies, within a stroke.
    time: mend times that run backward; the points' order is taken to be right.
    long_steps: what happens to steps inside a stroke that are over-long.  "mend": where the pen goes on in the
        same direction before and after, points were lost, and points on a straight line replace them;
        elsewhere it was lifted without being noticed, and the stroke ends.  "drop": leave out the drawing.
        "keep": do nothing.
    longest: the longest step that is not over-long, in the ink's unit; None: LONG_STEP times the median.
    dots: keep strokes of a single point.
    """

    repeats: bool = True
    time: bool = True
    long_steps: str = "mend"
    longest: float | None = None
    dots: bool = True


NOTHING = Cleaning(False, False, "keep", None, True)


def clean(drawing: Drawing, cleaning: Cleaning, counts: Counter[str]) -> Drawing | None:
    """Return ``drawing`` cleaned, or None when it is to be dropped; what was done is added to ``counts``."""
    if cleaning.repeats:
        drawing = _without_repeats(drawing, counts)
    if cleaning.time and drawing.time is not None:
        drawing = _with_rising_time(drawing, counts)
    if not cleaning.dots:
        drawing = _without_dots(drawing, counts)
    if cleaning.long_steps != "keep":
        long = _long_steps(drawing.points, cleaning.longest)
        if len(long):
            counts["long steps"] += len(long)
            counts["drawings with long steps"] += 1
            if cleaning.long_steps == "drop":
                return None
            drawing = _mended(drawing, long, counts)
    return drawing


def _selected(drawing: Drawing, kept: NDArray[np.bool_] | NDArray[np.intp], points: Floats) -> Drawing:
    channels = {
        name: None if values is None else values[kept]
        for name, values in (("time", drawing.time), ("pressure", drawing.pressure))
    }
    return replace(drawing, points=points, **channels)  # type: ignore[arg-type]


def _without_repeats(drawing: Drawing, counts: Counter[str]) -> Drawing:
    points = drawing.points
    if len(points) < 2:
        return drawing
    kept = np.ones(len(points), bool)
    kept[1:] = (points[1:, :2] != points[:-1, :2]).any(axis=1) | (points[:-1, 2] > 0)
    removed = len(points) - int(np.count_nonzero(kept))
    if not removed:
        return drawing
    counts["repeated points"] += removed
    left = points[kept]
    # The stroke ends where the last of the repeated points ended it.
    left[:, 2] = points[np.append(np.flatnonzero(kept)[1:] - 1, len(points) - 1), 2]
    return _selected(drawing, kept, left)


def _without_dots(drawing: Drawing, counts: Counter[str]) -> Drawing:
    ends = drawing.points[:, 2] > 0
    starts = np.append(True, ends[:-1]) if len(ends) else ends
    kept = ~(ends & starts)
    counts["dots"] += len(kept) - int(np.count_nonzero(kept))
    return _selected(drawing, kept, drawing.points[kept])


def _with_rising_time(drawing: Drawing, counts: Counter[str]) -> Drawing:
    time = drawing.time
    assert time is not None
    if not (np.diff(time) < 0).any():
        return drawing
    counts["drawings with time running backward"] += 1
    mended = rising(time.astype(np.float64))
    counts["times"] += int(np.count_nonzero(mended.astype(np.float32) != time))
    return replace(drawing, time=mended.astype(np.float32))


def rising(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N,) ``time`` with no step backward.

    Where the clock comes back to where it was, the times in between are interpolated; where it does not (it
    was set back), the rest is shifted to go on from there.
    """
    time = time.copy()
    known = np.isfinite(time)
    values = time[known]
    while len(dips := np.flatnonzero(np.diff(values) < 0)):
        last = dips[0]
        back = np.flatnonzero(values[last + 1 :] >= values[last])
        if len(back):
            end = last + 1 + back[0]
            values[last : end + 1] = np.linspace(values[last], values[end], end - last + 1)
        else:
            values[last + 1 :] += values[last] - values[last + 1]
    time[known] = values
    return time


def _long_steps(points: Floats, longest: float | None) -> NDArray[np.intp]:
    """Return the indices of the points after which an over-long step inside a stroke begins."""
    if len(points) < 2:
        return np.zeros(0, np.intp)
    offsets = np.diff(points[:, :2].astype(np.float64), axis=0)
    steps = np.hypot(offsets[:, 0], offsets[:, 1])
    steps[points[:-1, 2] > 0] = 0
    if longest is None:
        moves = steps[steps > 0]
        if len(moves) < FEWEST_STEPS:
            return np.zeros(0, np.intp)
        longest = LONG_STEP * float(np.median(moves))
    return np.flatnonzero(steps > longest)


def _mended(drawing: Drawing, long: NDArray[np.intp], counts: Counter[str]) -> Drawing:
    lost = np.array([_goes_on(drawing.points, int(index)) for index in long])
    counts["steps filled with points"] += int(np.count_nonzero(lost))
    counts["strokes ended at a step"] += int(np.count_nonzero(~lost))
    points = drawing.points.copy()
    points[long[~lost], 2] = 1
    drawing = replace(drawing, points=points)
    return _filled(drawing, long[lost]) if lost.any() else drawing


def _goes_on(points: Floats, index: int) -> bool:
    """Return whether the pen keeps its direction over the step that begins at point ``index``."""
    ends = np.flatnonzero(points[:, 2] > 0)
    first = int(ends[ends < index][-1]) + 1 if (ends < index).any() else 0
    last = int(ends[ends > index][0]) if (ends > index).any() else len(points) - 1
    step = points[index + 1, :2] - points[index, :2]
    before = points[index, :2] - points[max(index - AROUND, first), :2]
    after = points[min(index + 1 + AROUND, last), :2] - points[index + 1, :2]
    return all(
        float(side @ step) >= SAME_DIRECTION * float(np.hypot(*side) * np.hypot(*step))
        for side in (before, after)
    )


def _filled(drawing: Drawing, long: NDArray[np.intp]) -> Drawing:
    """Return the drawing with points of about the median step's distance put into the ``long`` steps."""
    places = np.arange(len(drawing), dtype=np.float64)
    offsets = np.diff(drawing.points[:, :2].astype(np.float64), axis=0)
    steps = np.hypot(offsets[:, 0], offsets[:, 1])
    usual = float(np.median(steps[(steps > 0) & (drawing.points[:-1, 2] == 0)]))
    added = np.minimum(np.ceil(steps[long] / usual), MOST_ADDED).astype(int) - 1
    between = [index + np.arange(1, n + 1) / (n + 1) for index, n in zip(long, added, strict=True)]
    return at_places(drawing, np.sort(np.concatenate([places, *between])))


def at_places(drawing: Drawing, places: NDArray[np.float64]) -> Drawing:
    """Return the drawing at (M,) ``places``, which count its points from 0 and may lie between two of them.

    Coordinates, time and pressure between two points are interpolated; ``up`` is set at whole places only.
    """
    index = np.arange(len(drawing))
    columns = [np.interp(places, index, drawing.points[:, axis].astype(np.float64)) for axis in (0, 1)]
    whole = places == np.floor(places)
    up = np.where(whole, drawing.points[np.floor(places).astype(int), 2], 0)
    channels = [
        None if values is None else np.interp(places, index, values.astype(np.float64)).astype(np.float32)
        for values in (drawing.time, drawing.pressure)
    ]
    points = np.column_stack([*columns, up]).astype(np.float32)
    return replace(drawing, points=points, time=channels[0], pressure=channels[1])
