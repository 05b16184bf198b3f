"""Strokes as sources have them, put together as the points of a drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits
from hwcli.ink.drawing import Points


def numbers_of(text: str, most: int) -> NDArray[np.float64]:
    """Return the numbers in ``text``, with blanks between them, of which there may be ``most``.

    Raises
    ------
    ValueError: one is no number or out of range, or they are more.
    """
    words = text.split(None, most)
    if len(words) > most:
        raise ValueError(f"more than {most} numbers")
    try:
        values = np.fromiter(map(float, words), np.float64, len(words))
    except ValueError:
        raise ValueError(f"{text.strip()[:40]!r} is not made of numbers") from None
    if not (np.abs(values) <= limits.COORDINATE).all():
        raise ValueError("a number is out of range")
    return values


def points_of(strokes: Sequence[NDArray[np.float64]]) -> Points:
    """Return the points of ``strokes``, (n, 2 or more) each with x and y first; none of them may be empty."""
    points = np.zeros((sum(map(len, strokes)), 3), np.float32)
    if strokes:
        points[:, :2] = np.concatenate([stroke[:, :2] for stroke in strokes])
        points[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return points
