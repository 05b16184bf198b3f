"""The borders of ink: strokes as filled shapes, whose width follows how the pen was led.

A stroke is cut at sharp turns.  Each part of it is the shape between its two sides with round ends, so that
the parts cover one another where they meet; all shapes run around the same way and can be filled together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.curves import Curves, Places, Plane
from hwcli.drawing.pace import speeds
from hwcli.drawing.sheet import Trace
from hwcli.drawing.style import Style
from hwcli.ink.drawing import Drawing, Points

Array = NDArray[np.float64]

STEP = 0.15
"""A stroke is looked at in steps of so many millimetres, or of a third of the pen's width."""

SHARPEST = 1.0
"""A stroke is cut where it turns by more, in radians, from one step to the next."""

CAP_POINTS = 7
"""Points of a round end."""

SLOWEST, FASTEST = 1.25, 0.5
"""The width of the nib "speed" where the pen is slow and where it is fast, in widths of the pen."""

USUAL = 0.68
"""The width of the nib "speed" where the pen is as fast as usual; as in bends, so that both look alike."""

SMOOTHING = 0.5
"""Widths change over so many millimetres."""

TIGHTEST = 4.0
"""Tighter bends, in 1/mm, are cusps: the pen stops there, but not long enough to make a blot."""

FAINTEST = 0.35
"""The width of the nib "pressure" without any, in widths of the pen."""


def outlines(trace: Trace, style: Style) -> Iterator[list[Plane]]:
    """Yield the closed shapes, (n,) complex millimetres, that fill each line of ``trace``, in its order."""
    step = min(STEP, max(style.pen, 0.03) / 3)
    for placed, start, stop in trace.owners:
        told = _told(placed.drawing, style.nib)
        for line in range(start, stop):
            way, part = way_of(trace.curves, line, step)
            if style.nib == "direction":
                yield _swept(way, style)
            else:
                points = slice(int(trace.begins[line]), int(trace.stops[line]))
                felt = None if told is None else _between(placed.drawing.points[points], told[points], part)
                yield _bordered(way, _widths(way, felt, style) / 2)


def way_of(curves: Curves, line: int, step: float) -> tuple[Plane, Array]:
    """Return points along a line about a ``step`` apart, and how far each lies on its way, as a share of it."""
    first, last = int(curves.starts[line]), int(curves.starts[line + 1]) - 1
    if last == first:
        return curves.knots[first : first + 1], np.zeros(1)
    corners = (
        curves.knots[first:last], curves.after[first:last], curves.before[first + 1 : last + 1],
        curves.knots[first + 1 : last + 1],
    )  # fmt: skip
    sides = sum(np.abs(b - a) for a, b in pairwise(corners))
    counts = np.maximum(np.ceil(sides / step), 1).astype(np.int64)
    piece: Places = np.repeat(np.arange(len(counts)), counts)
    part = (np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[piece]
    a, b, c, d = (corner[piece] for corner in corners)
    rest = 1 - part
    way = rest**3 * a + 3 * rest * part * (rest * b + part * c) + part**3 * d
    way = np.append(way, curves.knots[last])
    along = np.append(0.0, np.cumsum(np.abs(np.diff(way))))
    return way, along / max(float(along[-1]), 1e-9)


# --- how wide ----------------------------------------------------------------------------------------------


def _told(drawing: Drawing, nib: str) -> Array | None:
    """Return what the width follows at each point of ``drawing``, (N,), where there is a record of it."""
    if nib == "speed":
        return speeds(drawing)
    if nib == "pressure" and drawing.pressure is not None:
        return np.nan_to_num(drawing.pressure.astype(np.float64), nan=0.5)
    return None


def _between(points: Points, told: Array, part: Array) -> Array | None:
    """Return what is ``told`` of each of (n, 3) ``points`` at each ``part`` of their way; None: not known."""
    if np.isnan(told).any():
        return None
    steps = np.hypot(*np.diff(points[:, :2].astype(np.float64), axis=0).T)
    along = np.append(0.0, np.cumsum(steps))
    if not along[-1]:  # a dot
        return np.full(len(part), told[0])
    return np.interp(part, along / along[-1], told)


def _widths(way: Plane, felt: Array | None, style: Style) -> Array:
    """Return the width at each point of ``way``, smooth, from the speed or pressure that was ``felt`` there."""
    if style.nib == "speed" and len(way) > 2:
        relative = _by_bend(way) if felt is None else _by_speed(felt)
    elif style.nib == "pressure":
        relative = np.ones(len(way)) if felt is None else FAINTEST + (1.4 - FAINTEST) * felt
    else:
        return np.full(len(way), style.pen)
    steps = max(float(np.abs(np.diff(way)).mean()), 1e-9) if len(way) > 1 else 1.0
    return style.pen * _smoothed(relative, round(SMOOTHING / steps))


def _by_speed(speed: Array) -> Array:
    """Return a width at each point of a way, from the ``speed`` there, in usual speeds."""
    return np.clip(USUAL * np.maximum(speed, 0.01) ** -0.5, FASTEST, SLOWEST)


def _by_bend(way: Plane) -> Array:
    """Return a width at each point of ``way``, from how fast a hand goes there.

    Its speed goes with the cube root of the radius of the bend (Lacquaniti, Terzuolo, Viviani 1983, "The law
    relating the kinematic and figural aspects of drawing movements"), whatever the pen was sampled by.
    """
    moves = np.diff(way)
    lengths = np.maximum(np.abs(moves), 1e-9)
    turns = np.abs(np.angle(moves[1:] * np.conj(moves[:-1])))
    bend = np.empty(len(way))
    bend[1:-1] = turns / ((lengths[1:] + lengths[:-1]) / 2)
    bend[0], bend[-1] = bend[1], bend[-2]
    bend = np.minimum(bend, TIGHTEST)
    radius = 1 / np.maximum(_smoothed(bend, round(SMOOTHING / float(lengths.mean()))), 0.05)
    return np.clip(0.85 * radius ** (-1 / 4), FASTEST, SLOWEST)


def _smoothed(values: Array, reach: int) -> Array:
    """Return the mean of ``values`` over a triangle of ``reach`` places on both sides."""
    reach = min(reach, len(values) - 1)
    if reach < 1:
        return values
    weights = np.bartlett(2 * reach + 3)[1:-1]
    padded = np.pad(values, reach, mode="edge")
    return np.convolve(padded, weights / weights.sum(), "valid")


# --- shapes ------------------------------------------------------------------------------------------------


def _bordered(way: Plane, radii: Array) -> list[Plane]:
    """Return the shapes of a pen of round ``radii`` led along ``way``."""
    if len(way) == 1:
        return [way[0] + radii[0] * np.exp(2j * math.pi * np.arange(2 * CAP_POINTS) / (2 * CAP_POINTS))]
    moves = np.diff(way)
    keep = np.append(True, np.abs(moves) > 1e-6)
    way, radii = way[keep], radii[keep]
    if len(way) == 1:
        return _bordered(way, radii)
    moves = np.diff(way)
    ahead = moves / np.abs(moves)
    cuts = np.flatnonzero((ahead[1:] * np.conj(ahead[:-1])).real < math.cos(SHARPEST)) + 1
    borders = [0, *cuts.tolist(), len(way) - 1]
    return [_border(way[a : b + 1], radii[a : b + 1], ahead[a:b]) for a, b in pairwise(borders)]


def _border(way: Plane, radii: Array, ahead: Plane) -> Plane:
    """Return the border of one part: along its right side, around its end, and back along the left."""
    middle = ahead[1:] + ahead[:-1]
    normals = 1j * np.concatenate([ahead[:1], middle / np.abs(middle), ahead[-1:]])
    half = np.exp(-1j * math.pi * np.arange(1, CAP_POINTS) / CAP_POINTS)
    right, left = way + radii * normals, way - radii * normals
    end = way[-1] + radii[-1] * normals[-1] * half
    begin = way[0] - radii[0] * normals[0] * half
    return np.concatenate([right, end, left[::-1], begin])


def _swept(way: Plane, style: Style) -> list[Plane]:
    """Return the shapes that a broad edge sweeps; one ends where the pen goes along its edge."""
    edge = style.pen / 2 * np.exp(-1j * math.radians(style.angle))
    if len(way) == 1:
        way = way + np.array([-0.05, 0.05]) * style.pen
    moves = np.diff(way)
    side = np.sign((np.conj(edge) * moves).imag)
    side[side == 0] = 1
    cuts = np.flatnonzero(np.diff(side)) + 1
    borders = [0, *cuts.tolist(), len(way) - 1]
    return [
        np.concatenate([way[a : b + 1] + side[a] * edge, way[a : b + 1][::-1] - side[a] * edge])
        for a, b in pairwise(borders)
    ]
