"""Ink that writes itself: when each stroke begins and how long it takes, and SVG that moves by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.curves import TINY, Curves
from hwcli.drawing.pace import Course, courses, knots, seconds
from hwcli.drawing.sheet import Sheet, Trace, traces
from hwcli.drawing.style import Style
from hwcli.drawing.svg import Adding, number, write_svg
from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing

Array = NDArray[np.float64]

PACE, LEAPING = 12.0, 30.0
"""A hand's speed in letters a second: on the paper, and above it from stroke to stroke."""

LIFT, LONGEST_PAUSE, FIRST_PAUSE = 0.06, 0.6, 0.3
"""Seconds: to lift and lower the pen; the longest between two strokes; before the first."""

LONGEST_WAIT = 3.0
"""Seconds that are left of a longer rest between two strokes, where the drawing knows its times."""

LAG = 0.15
"""The pen may be off by so many letters from where it was at a time: at PACE, less than a screen's frame."""

SHORTEST_STROKE = 0.04
STEPS = 8
"""A piece of curve is measured as so many straight ones."""

STYLE = (
    "<style>@media screen and (prefers-reduced-motion:no-preference){"
    "path[pathLength]{animation:write var(--d) linear var(--b) both}}"
    "@keyframes write{from{stroke-dasharray:1 2;stroke-dashoffset:1;visibility:hidden}"
    "to{stroke-dasharray:1 2;stroke-dashoffset:0;visibility:visible}}</style>\n"
)
"""On paper, and for those who want no motion, all is there at once."""


class Times(NamedTuple):
    """When lines begin and how long they take, (L,) seconds each, and how far they are by when."""

    begin: Array
    duration: Array
    courses: list[Course]


def lengths_of(curves: Curves) -> Array:
    """Return the length of each line, (L,) millimetres."""
    part = np.linspace(0, 1, STEPS + 1)[:, None]
    corners = curves.knots[:-1], curves.after[:-1], curves.before[1:], curves.knots[1:]
    a, b, c, d = corners
    rest = 1 - part
    way = rest**3 * a + 3 * rest * part * (rest * b + part * c) + part**3 * d
    lengths = np.append(np.abs(np.diff(way, axis=0)).sum(axis=0), 0.0)
    lengths[curves.starts[1:] - 1] = 0  # nothing is drawn from one line to the next
    return np.add.reduceat(lengths, curves.starts[:-1]) if len(curves.starts) > 1 else np.zeros(0)


def times(sheet: Sheet, style: Style, speed: float) -> Times:
    """Return when each line of ``sheet`` is written, ``speed`` times as fast as a hand does.

    A drawing that knows its times keeps them; others have those of a steady hand.
    """
    begins, durations = [np.zeros(0)], [np.zeros(0)]
    ways: list[Course] = []
    clock: float = FIRST_PAUSE
    last: complex | None = None
    for trace in traces(sheet.placed, style.tolerance, split_prime=style.prime_colour is not None):
        for (begin, duration, course), end in _of_drawings(trace, sheet.letter, clock, last):
            begins.append(begin)
            durations.append(duration)
            ways += course
            clock, last = float(begin[-1] + duration[-1]), end
    return Times(np.concatenate(begins) / speed, np.concatenate(durations) / speed, ways)


def _of_drawings(
    trace: Trace, letter: float, clock: float, last: complex | None
) -> Iterator[tuple[Times, complex]]:
    """Yield the times of each drawing's lines, and where the last ends."""
    curves = trace.curves
    lengths = lengths_of(curves)
    for placed, start, stop in trace.owners:
        if stop == start:
            continue
        first, final = curves.starts[start:stop], curves.starts[start + 1 : stop + 1] - 1
        ends = curves.knots[final]
        leaps = np.abs(curves.knots[first] - np.append(ends[:1] if last is None else last, ends[:-1]))
        if last is None:
            leaps[0] = 0
        pauses = np.minimum(LIFT + leaps / (LEAPING * letter), LONGEST_PAUSE)
        duration = np.maximum(lengths[start:stop] / (PACE * letter), SHORTEST_STROKE)
        begin = clock + np.cumsum(pauses + duration) - duration
        begins, stops = trace.begins[start:stop], trace.stops[start:stop]
        known = _known(placed.drawing, begins, stops)
        if known is not None:
            begin, duration = clock + pauses[0] + known[0], known[1]
        last, clock = complex(ends[-1]), float(begin[-1] + duration[-1])
        lags = LAG * letter / np.maximum(lengths[start:stop], TINY)
        yield Times(begin, duration, courses(placed.drawing, begins, stops, lags)), last


def _known(drawing: Drawing, begins: NDArray[np.int64], stops: NDArray[np.int64]) -> tuple[Array, Array] | None:
    """Return when lines of the points ``begins`` to ``stops`` begin and how long they take, if it is known.

    Between lines nobody waits longer than LONGEST_WAIT.
    """
    time = seconds(drawing)
    if time is None:
        return None
    begin, end = (time[places] - time[0] for places in (begins, stops - 1))
    waits = begin[1:] - end[:-1]
    begin[1:] -= np.cumsum(np.maximum(waits - LONGEST_WAIT, 0))
    return begin, np.maximum(time[stops - 1] - time[begins], SHORTEST_STROKE)


def write_moving_svg(sheet: Sheet, style: Style, speed: float, file: BinaryIO) -> None:
    """Write ``sheet`` as SVG whose strokes appear as a pen writes them; in print it stands still.

    Raises
    ------
    HwError: the strokes do not have paths of their own.
    """
    write_svg(sheet, style, file, Adding(front=STYLE, paths=moving_attributes(sheet, style, speed)))


def moving_attributes(sheet: Sheet, style: Style, speed: float) -> list[bytes]:
    """Return the attributes that say when a stroke is written, for each path of the SVG of ``sheet``."""
    if style.path != "stroke":
        raise HwError("what writes itself has a path a stroke: leave --path out")
    timed = zip(*times(sheet, style, speed), strict=True)
    return [
        f' pathLength="1" style="--b:{number(begin)}s;--d:{number(duration)}s{_easing(course)}"'.encode()
        for begin, duration, course in timed
    ]


def _easing(course: Course) -> str:
    """Return what has an animation follow ``course``; browsers from before 2024 pass over it."""
    inner = "".join(f",{number(way)} {number(100 * time)}%" for time, way in knots(course))
    return f";animation-timing-function:linear(0{inner},1)" if inner else ""
