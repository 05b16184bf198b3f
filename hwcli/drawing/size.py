"""How high ink is written: the size of its small letters, in the ink's own unit.

Pens count in units of their own (a whiteboard sensor's, hundredths of a millimetre, pixels, multiples of a
standard deviation), so a picture of natural size needs a measure of the writing that is alike for all.
The height of the bounding box is not: it grows with a slanting line, with a second line and with every stray
point.  What stays is the swing of the pen, up and down between two turning points of y.  On real lines of many
writers its median is close to the height of an x.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing

ENOUGH_POINTS = 200_000
"""The size is estimated from so many points; more do not change it."""

STEPS_A_STROKE = 8
"""The pen's way is looked at in steps of the typical stroke's size over this, so that jitter does not count."""

LEAP = 20.0
"""A move of so many times the median move, or more, is cut to that: it is a fault or a lifted pen."""

SLENDERNESS = 10.0
"""A letter's height is at least the median horizontal swing over this: a rule drawn level is not writing."""


def letter_height(drawings: Iterable[Drawing]) -> float | None:
    """Estimate the height of the small letters of ``drawings`` together, in the ink's unit.

    It is the median, over the pen's way on the paper, of the vertical swing that each piece of the way is part
    of.  It does not depend on how fast the pen was sampled, on slope, on the number of lines in a drawing, or
    on a few points that lie far out.  Ink of dots alone has the median move from dot to dot for its letters.
    None when nothing has any extent.
    """
    moves, strokes = _moves(drawings)
    if not np.any(moves):
        return None
    way = np.cumsum(moves, axis=0)
    kept = _in_even_steps(way, moves, strokes)
    way, strokes = way[kept], strokes[kept]
    inside = strokes[1:] == strokes[:-1]
    swing_x, swing_y = (_median_swing(np.diff(way[:, axis]), inside) for axis in (0, 1))
    height = max(swing_y, swing_x / SLENDERNESS)
    return height if height > 0 else _median(np.hypot(*moves[np.any(moves, axis=1)].T))


def _moves(drawings: Iterable[Drawing]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the (n, 2) moves to each point, leaps cut short, and the (n,) number of each point's stroke."""
    parts, count = [], 0
    for drawing in drawings:
        part = drawing.points[: ENOUGH_POINTS - count].astype(np.float64)
        if len(part):
            part[-1, 2] = 1
            parts.append(part)
            count += len(part)
        if count >= ENOUGH_POINTS:
            break
    points = np.concatenate([np.zeros((0, 3)), *parts])
    lifts = points[:, 2] > 0.5
    strokes: NDArray[np.int64] = np.cumsum(lifts) - lifts
    moves = np.diff(points[:, :2], axis=0, prepend=points[:1, :2])
    lengths = np.hypot(moves[:, 0], moves[:, 1])
    drawn = lengths[lengths > 0]
    if len(drawn):
        longest = LEAP * _median(drawn)
        moves *= (longest / np.maximum(lengths, longest))[:, None]
    return moves, strokes


def _in_even_steps(
    way: NDArray[np.float64], moves: NDArray[np.float64], strokes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark points of the (n, 2) ``way`` about a step apart along it, and the ends of each of its strokes.

    A step is a fixed share of the typical stroke's size: the median over points of their own stroke's reach.
    """
    starts = np.flatnonzero(np.diff(strokes, prepend=-1))
    lengths = np.diff(starts, append=len(way))
    reach = np.maximum.reduceat(way, starts) - np.minimum.reduceat(way, starts)
    step = _median(np.repeat(reach.max(axis=1), lengths)) / STEPS_A_STROKE
    if not step > 0:
        return np.ones(len(way), np.bool_)
    along = np.floor(np.cumsum(np.hypot(moves[:, 0], moves[:, 1])) / step)
    kept: NDArray[np.bool_] = np.diff(along, prepend=-1) > 0
    kept[starts] = True
    kept[starts + lengths - 1] = True
    return kept


def _median_swing(moves: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """Return the median, over moves, of the swing each belongs to: a run of ``moves`` with the same sign.

    ``inside`` says which moves are within a stroke; the others end a swing and do not count.
    """
    drawn = inside & (moves != 0)
    way = moves[drawn]
    if not len(way):
        return 0.0
    lifts = np.cumsum(~inside)[drawn]
    turns = (np.diff(np.sign(way), prepend=0) != 0) | (np.diff(lifts, prepend=-1) != 0)
    starts = np.flatnonzero(turns)
    lengths = np.diff(starts, append=len(way))
    return _median(np.repeat(np.abs(np.add.reduceat(way, starts)), lengths))


def _median(values: NDArray[np.float64]) -> float:
    """Return the (upper) median of some ``values``; NumPy's own loads its masked arrays, which takes time."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])
