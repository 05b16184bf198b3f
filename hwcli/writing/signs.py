"""Signs that are written by rule: a pen's way through a few points, never twice alike.

No two signs of a hand are the same: their points stray, their size, aspect and slope differ, their curves are
bent a little as a whole.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points

Floats = NDArray[np.float64]

STRAY = 0.035
"""How far the points of a design stray (sd), in letters."""
BEND, BENDS = 0.05, 0.5
"""How far a sign is bent (sd, letters), and how many waves of it there are a letter's height."""
SIZE, ASPECT, TURN, LEAN = 0.07, 0.08, 0.05, 0.06
"""How much size, aspect, direction (radians) and lean vary from one sign to the next (sd)."""
SPLINE = 24
"""Points of the curve between two points of a design, before it is cut into the pen's steps."""
SLOWEST = 0.45
"""The pen's speed at the ends of a stroke and in the sharpest bends, as a share of its greatest."""
ENDS = 0.35
"""Over this length, in letters, a stroke sets out and comes to rest."""

ROUNDS = 4
"""Times that the lean of ink is looked for anew about the one that was found."""
STEEPEST = 1.2
"""Ink leans no further, x a unit of height."""


class Design(NamedTuple):
    """One way to write a sign: of each stroke its points (n, 2), y upward, and which of them are corners."""

    strokes: tuple[tuple[Floats, NDArray[np.bool_]], ...]


def read_design(text: str) -> Design:
    """Return the design in ``text``: strokes parted by ";", each of "x,y" points, with "!" after a corner."""
    strokes = []
    for stroke in text.split(";"):
        marks = stroke.split()
        places = [[float(value) for value in mark.rstrip("!").split(",")] for mark in marks]
        strokes.append((np.array(places), np.array([mark.endswith("!") for mark in marks])))
    return Design(tuple(strokes))


class Manner(NamedTuple):
    """How a hand writes signs.

    Attributes
    ----------
    size: times the size of the designs; ``aspect``: times their width.
    pace: length of the pen's longest steps, in letters.
    care: times the usual straying.
    """

    size: float = 1.0
    aspect: float = 1.0
    pace: float = 0.2
    care: float = 1.0


def sign(design: Design, manner: Manner, chance: np.random.Generator) -> Points:
    """Return the (N, 3) points of a sign after ``design``, in normal form, its left edge at x = 0."""
    matrix = _matrix(manner, chance)
    middle = np.mean([stroke.mean(axis=0) for stroke, _ in design.strokes], axis=0)
    bend = _Bend(manner.care, chance)
    parts = []
    for places, corners in design.strokes:
        strayed = places + chance.normal(0, STRAY * manner.care, places.shape)
        curve = (_curve(strayed, corners) - middle) @ matrix.T + middle * (
            manner.size * manner.aspect,
            manner.size,
        )
        steps = _at_pace(bend(curve), manner.pace)
        parts.append(np.column_stack([steps[:, 0], -steps[:, 1], np.zeros(len(steps))]))
        parts[-1][-1, 2] = 1
    points = np.concatenate(parts)
    points[:, 0] -= points[:, 0].min()
    return points.astype(np.float32)


def _matrix(manner: Manner, chance: np.random.Generator) -> Floats:
    size, aspect, turn, lean = chance.normal(0, [SIZE, ASPECT, TURN, LEAN]) * manner.care
    height = manner.size * np.exp(size)
    scale = np.diag([height * manner.aspect * np.exp(aspect), height])
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sheared = np.array([[1.0, lean], [0.0, 1.0]])
    matrix: Floats = sheared @ turned @ scale
    return matrix


class _Bend:
    """A smooth displacement of the plane, a few waves of chance direction."""

    def __init__(self, care: float, chance: np.random.Generator) -> None:
        self._waves = chance.normal(0, 2 * np.pi * BENDS / 2, (2, 2, 2))
        self._phases = chance.uniform(0, 2 * np.pi, (2, 2))
        self._sizes = chance.normal(0, BEND * care, (2, 2))

    def __call__(self, places: Floats) -> Floats:
        angles = np.einsum("nd,adw->naw", places, self._waves) + self._phases
        moved: Floats = places + (np.sin(angles) * self._sizes).sum(axis=2)
        return moved


def _curve(places: Floats, corners: NDArray[np.bool_]) -> Floats:
    """Return a curve through the (n, 2) ``places``: smooth but at the ``corners``."""
    if len(places) < 2:
        return places
    ends = [0, *(np.flatnonzero(corners[1:-1]) + 1), len(places) - 1]
    parts = [_smooth(places[first : last + 1]) for first, last in pairwise(ends)]
    curve = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
    # A pen does not turn on the spot: corners are rounded a little.
    inner = (curve[:-2] + 2 * curve[1:-1] + curve[2:]) / 4
    return np.concatenate([curve[:1], inner, curve[-1:]])


def _smooth(places: Floats) -> Floats:
    """Return a centripetal Catmull-Rom spline through (n, 2) ``places`` (Barry and Goldman 1988)."""
    first, last = 2 * places[0] - places[1], 2 * places[-1] - places[-2]
    knots = np.vstack([first, places, last])
    gaps = np.sqrt(np.maximum(np.hypot(*np.diff(knots, axis=0).T), 1e-6))
    # Each piece of the curve has four knots and goes from the second to the third; shapes are (piece, .., ..).
    around = np.arange(len(places) - 1)[:, None] + np.arange(4)
    times = np.append(0.0, np.cumsum(gaps))[around][:, :, None]
    moments = times[:, 1] + (times[:, 2] - times[:, 1]) * np.linspace(0, 1, SPLINE)
    rows = list(knots[around].transpose(1, 0, 2)[:, :, None])
    for spans in (((0, 1), (1, 2), (2, 3)), ((0, 2), (1, 3)), ((1, 2),)):
        rows = [
            _blend(times[:, start], times[:, end], moments, before, after)
            for (start, end), before, after in zip(spans, rows, rows[1:], strict=False)
        ]
    return np.concatenate([rows[0][:, :-1].reshape(-1, 2), rows[0][-1, -1:]])


def _blend(start: Floats, end: Floats, moments: Floats, before: Floats, after: Floats) -> Floats:
    """Return what lies between ``before`` and ``after`` at the ``moments`` (piece, moment)."""
    share = ((moments - start) / (end - start))[:, :, None]
    return (1 - share) * before + share * after


def _at_pace(curve: Floats, pace: float) -> Floats:
    """Return points on the (n, 2) ``curve`` as a pen leaves them at equal times: closer where it is slow.

    In a bend its speed falls with the cube root of the curvature (Lacquaniti, Terzuolo and Viviani 1983).
    """
    moves = np.diff(curve, axis=0)
    lengths = np.maximum(np.hypot(moves[:, 0], moves[:, 1]), 1e-9)
    along = np.append(0.0, np.cumsum(lengths))
    angles = np.unwrap(np.arctan2(moves[:, 1], moves[:, 0]))
    bending = np.abs(np.gradient(angles)) / lengths if len(angles) > 1 else np.zeros(1)
    bending = np.convolve(np.pad(bending, 4, mode="edge"), np.full(9, 1 / 9), "valid")
    middles = (along[:-1] + along[1:]) / 2
    rest = np.minimum(middles, along[-1] - middles) / ENDS
    speed = np.clip((1 + bending) ** (-1 / 3) * np.minimum(SLOWEST + rest, 1.0), SLOWEST, 1.0)
    times = np.append(0.0, np.cumsum(lengths / speed)) / pace
    count = max(round(float(times[-1])), 1)
    return np.column_stack([np.interp(np.linspace(0, times[-1], count + 1), times, axis) for axis in curve.T])


def lean_of(points: Points | Floats) -> float:
    """Return how far a stem's head is to the right of its foot, a unit of height, in ink of (N, 3) ``points``.

    It is the regression of x on height over steps not far from it.
    """
    moves = np.diff(points[:, :2].astype(np.float64), axis=0)[points[:-1, 2] < 0.5]
    # The longer a step the more it counts, but not as its square: a fast pen is no better witness.
    moves /= np.sqrt(np.maximum(np.hypot(moves[:, 0], moves[:, 1]), 1e-9))[:, None]
    lean = 0.0
    for _ in range(ROUNDS):
        across = moves[:, 0] + lean * moves[:, 1]
        upright = moves[np.abs(across) < np.abs(moves[:, 1])]
        heights = float(np.square(upright[:, 1]).sum())
        if not heights:
            break
        lean = float(np.clip(-(upright[:, 0] * upright[:, 1]).sum() / heights, -STEEPEST, STEEPEST))
    return lean
