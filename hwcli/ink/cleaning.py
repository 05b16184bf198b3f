"""Mending what pens and whiteboards record wrongly: repeated points, time running backward, missing points."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.segments import without_ends

Floats = NDArray[np.float32]
LONG_STEP = 10.0
"""A step inside a stroke is over-long when it is longer than this many times the drawing's median step."""
FEWEST_STEPS = 20
"""Fewer steps than this say too little of how long a drawing's steps are."""
MOST_ADDED = 1000
"""Points that mending adds to one step, at most."""
LONG_STEPS = ("mend", "drop", "keep")
SAME_DIRECTION = 0.5
"""Cosine of the largest angle between two directions that count as one."""
AROUND = 2
"""Steps before and after an over-long one that tell the pen's direction there."""
_FIRST = np.zeros(1, np.intp)

# What was done, as reports name it.
REPEATS = "repeated points removed"
TIMES = "times running backward mended"
FILLED = "over-long steps filled with points"
ENDED = "over-long steps made pen-up moves"
DOTS = "strokes of one point"
LONG = "drawings with over-long steps"


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
    untimed: whether they count in ink without times, too, which may be drawn or simplified and have long steps
        by right.
    dots: keep strokes of a single point.
    """

    repeats: bool = True
    time: bool = True
    long_steps: str = "mend"
    longest: float | None = None
    untimed: bool = False
    dots: bool = True


NOTHING = Cleaning(repeats=False, time=False, long_steps="keep")


def clean(drawing: Drawing, cleaning: Cleaning, mended: Counter[str], dropped: Counter[str]) -> Drawing | None:
    """Return ``drawing`` cleaned, or None when it is dropped; what was done is added to the counters.

    Raises ValueError when there would be more points than a drawing may have.
    """
    counts = [len(drawing)]
    if cleaning.repeats:
        drawing = _without_repeats(drawing, mended)
        counts.append(len(drawing))
    if cleaning.time and drawing.time is not None:
        drawing = _with_rising_time(drawing, mended)
    if cleaning.long_steps != "keep" and (cleaning.untimed or drawing.time is not None):
        long = _long_steps(drawing.points, cleaning.longest)
        if len(long) and cleaning.long_steps == "drop":
            dropped[LONG] += 1
            return None
        drawing = _mended(drawing, long, mended) if len(long) else drawing
        counts.append(len(drawing))
    drawing = drawing if cleaning.dots else _without_dots(drawing, dropped)
    is_same = {*counts, len(drawing)} == {counts[0]}
    return drawing if is_same else replace(drawing, extra=without_ends(drawing.extra))


def seconds_a_point(drawing: Drawing) -> float:
    """Return the median time from point to point within strokes, 0 where too few are known to tell."""
    if drawing.time is None:
        return 0.0
    steps = np.diff(drawing.time.astype(np.float64))[drawing.points[:-1, 2] == 0]
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if len(steps) >= FEWEST_STEPS else 0.0


def _selected(drawing: Drawing, kept: NDArray[np.bool_] | NDArray[np.intp], points: Floats) -> Drawing:
    channels: dict[str, Any] = {
        name: None if values is None else values[kept]
        for name, values in (("time", drawing.time), ("pressure", drawing.pressure))
    }
    return replace(drawing, points=points, **channels)


def _without_repeats(drawing: Drawing, mended: Counter[str]) -> Drawing:
    points = drawing.points
    if len(points) < 2:
        return drawing
    before, after = points[:-1], points[1:]
    repeats = (after[:, 0] == before[:, 0]) & (after[:, 1] == before[:, 1]) & (before[:, 2] == 0)
    removed = int(np.count_nonzero(repeats))
    if not removed:
        return drawing
    mended[REPEATS] += removed
    kept = np.concatenate([_FIRST, np.flatnonzero(~repeats) + 1])
    left = points.take(kept, axis=0)
    # The stroke ends where the last of the repeated points ended it.
    left[:-1, 2] = points[kept[1:] - 1, 2]
    left[-1, 2] = points[-1, 2]
    return _selected(drawing, kept, left)


def _without_dots(drawing: Drawing, dropped: Counter[str]) -> Drawing:
    ends = drawing.points[:, 2] > 0
    starts = np.append(np.ones(1, bool), ends[:-1])[: len(ends)]
    kept = ~(ends & starts)
    if kept.all():
        return drawing
    dropped[DOTS] += len(kept) - int(np.count_nonzero(kept))
    return _selected(drawing, kept, drawing.points[kept])


def _with_rising_time(drawing: Drawing, mended: Counter[str]) -> Drawing:
    time = drawing.time
    assert time is not None
    if not (time[1:] < time[:-1]).any():
        return drawing
    new = rising(time.astype(np.float64)).astype(np.float32)
    mended[TIMES] += int(np.count_nonzero((new != time) & np.isfinite(time)))
    return replace(drawing, time=new)


def rising(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N,) ``time`` with no step backward.

    Where the clock comes back to where it was, the times in between are interpolated; where it does not (it
    was set back), the rest is shifted to go on from there.
    """
    known = np.isfinite(time)
    values = time[known]
    new, back = values.copy(), _returns(values)
    shift, done = 0.0, 0  # by what the values from ``done`` on are shifted
    for last in np.flatnonzero(values[1:] < values[:-1]).tolist():
        if last < done:
            continue
        new[done : last + 1] += shift
        done = back[last]
        if done < len(values):
            new[last:done] = np.linspace(new[last], values[done] + shift, done - last, endpoint=False)
        else:
            done = last + 1
            shift = new[last] - values[done]
    new[done:] += shift
    risen = time.copy()
    risen[known] = new
    return risen


def _returns(values: NDArray[np.float64]) -> list[int]:
    """Return for each value the index of the first one after it that is as large, or their number."""
    found, waiting = [len(values)] * len(values), list[int]()
    for index, value in enumerate(values.tolist()):
        while waiting and values[waiting[-1]] <= value:
            found[waiting.pop()] = index
        waiting.append(index)
    return found


def _steps(points: Floats) -> NDArray[np.float64]:
    """Return the lengths (N - 1,) of the steps inside strokes; 0 for the moves between strokes."""
    across = points[1:, 0].astype(np.float64) - points[:-1, 0]
    down = points[1:, 1].astype(np.float64) - points[:-1, 1]
    steps: NDArray[np.float64] = np.sqrt(across * across + down * down)  # np.hypot takes twice as long
    steps *= points[:-1, 2] == 0
    return steps


def _median(values: NDArray[np.float64]) -> float:
    """Return what np.median does, which takes five times as long over the values of one drawing."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    return float(np.partition(values, (middle - 1, middle))[middle - 1 : middle + 1].mean())


def _long_steps(points: Floats, longest: float | None) -> NDArray[np.intp]:
    """Return the indices of the points after which an over-long step inside a stroke begins."""
    steps = _steps(points)
    if longest is None:
        moves = steps[steps > 0]
        if len(moves) < FEWEST_STEPS:
            return np.zeros(0, np.intp)
        longest = LONG_STEP * _median(moves)
    return np.flatnonzero(steps > longest)


def _mended(drawing: Drawing, long: NDArray[np.intp], mended: Counter[str]) -> Drawing:
    ends = np.flatnonzero(drawing.points[:, 2] > 0)
    lost = np.array([_goes_on(drawing.points, ends, index) for index in long.tolist()])
    mended[FILLED] += int(np.count_nonzero(lost))
    mended[ENDED] += int(np.count_nonzero(~lost))
    points = drawing.points.copy()
    points[long[~lost], 2] = 1
    drawing = replace(drawing, points=points)
    return _filled(drawing, long[lost]) if lost.any() else drawing


def _goes_on(points: Floats, ends: NDArray[np.intp], index: int) -> bool:
    """Return whether the pen keeps its direction over the step at ``index``; ``ends`` are those of strokes."""
    place = int(np.searchsorted(ends, index))  # the step is within a stroke: its first point is no end
    first = int(ends[place - 1]) + 1 if place else 0
    last = int(ends[place]) if place < len(ends) else len(points) - 1
    step = points[index + 1, :2] - points[index, :2]
    before = points[index, :2] - points[max(index - AROUND, first), :2]
    after = points[min(index + 1 + AROUND, last), :2] - points[index + 1, :2]
    lengths = (np.hypot(*step), np.hypot(*before), np.hypot(*after))
    cosines = (before @ step, after @ step)
    return all(
        float(cosine) >= SAME_DIRECTION * float(lengths[0] * length)
        for cosine, length in zip(cosines, lengths[1:], strict=True)
    )


def _filled(drawing: Drawing, long: NDArray[np.intp]) -> Drawing:
    """Return the drawing with points of about the median step's distance put into the ``long`` steps.

    Raises ValueError when they would be too many.
    """
    steps = _steps(drawing.points)
    usual = _median(steps[steps > 0])
    added = np.minimum(np.ceil(steps[long] / usual), MOST_ADDED).astype(int) - 1
    if len(drawing) + int(added.sum()) > limits.POINTS:
        raise ValueError(f"with its over-long steps filled it would have more than {limits.POINTS} points")
    between = [index + np.arange(1, n + 1) / (n + 1) for index, n in zip(long, added, strict=True)]
    places = np.arange(len(drawing), dtype=np.float64)
    return at_places(drawing, np.sort(np.concatenate([places, *between])))


def at_places(drawing: Drawing, places: NDArray[np.float64]) -> Drawing:
    """Return the drawing at (M,) ``places``, which count its points from 0 and may lie between two of them.

    Coordinates, time and pressure between two points are interpolated; ``up`` is set at whole places only.
    """
    index = np.arange(len(drawing))
    columns = [np.interp(places, index, drawing.points[:, axis].astype(np.float64)) for axis in (0, 1)]
    up = np.where(places == np.floor(places), drawing.points[np.floor(places).astype(int), 2], 0)
    time, pressure = (
        None if values is None else np.interp(places, index, values.astype(np.float64)).astype(np.float32)
        for values in (drawing.time, drawing.pressure)
    )
    points = np.column_stack([*columns, up]).astype(np.float32)
    return replace(drawing, points=points, time=time, pressure=pressure)
