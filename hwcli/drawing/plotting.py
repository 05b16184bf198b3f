"""What a plotter has to do for a sheet: how far its pen goes, on the paper and above it, and how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwcli.drawing.motion import lengths_of
from hwcli.drawing.sheet import Sheet, traces
from hwcli.drawing.style import Style

DRAWING, MOVING, LIFTING = 50.0, 150.0, 0.25
"""A usual plotter: millimetres a second on the paper and above it, and seconds to lift and lower."""


@dataclass(frozen=True)
class Journey:
    """The pen's way over a sheet, from its upper left corner and back; lengths in millimetres."""

    strokes: int
    down: float
    up: float

    @property
    def seconds(self) -> float:
        """About how long a plotter takes."""
        return self.down / DRAWING + self.up / MOVING + self.strokes * LIFTING


def journey(sheet: Sheet, style: Style) -> Journey:
    """Return the way of a pen that draws the strokes of ``sheet`` in the order in which they were written."""
    strokes, down, up, last = 0, 0.0, 0.0, 0j
    for trace in traces(sheet.placed, style.tolerance):
        curves = trace.curves
        if not len(curves.knots):
            continue
        begins, ends = curves.knots[curves.starts[:-1]], curves.knots[curves.starts[1:] - 1]
        strokes += len(begins)
        down += float(lengths_of(curves).sum())
        up += float(np.abs(begins - np.append(last, ends[:-1])).sum())
        last = complex(ends[-1])
    return Journey(strokes, down, up + abs(last))


def told(way: Journey) -> str:
    """Return ``way`` in words."""
    minutes, seconds = divmod(round(way.seconds), 60)
    time = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
    return (
        f"strokes: {way.strokes:,}; pen down: {way.down:,.0f} mm; pen up: {way.up:,.0f} mm; time to plot: about"
        f" {time} (at {DRAWING:g} and {MOVING:g} mm/s, {LIFTING:g} s a lift)"
    )
