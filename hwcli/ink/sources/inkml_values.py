"""The values in a trace of InkML: plain numbers, or first and second differences, with or without blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_VALUE = re.compile(
    r"""([!'"]?)\s*(?:([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|\#([0-9A-Fa-f]{1,8})|([TF*?]))\s*"""
)


def trace_values(text: str, width: int, *needed: int) -> NDArray[np.float64]:
    """Return the (n, ``width``) values of a trace's points; channels at the end may be missing, as NaN.

    Values are absolute, or after ``'`` and ``"`` first and second differences, until another mark comes
    (InkML 2011, section 3.2.1).

    Raises
    ------
    ValueError: something in it is no value, or a point has more values than ``width`` or not the ``needed``.
    """
    rows = [point for point in text.split(",") if point and not point.isspace()]
    plain = _plain_values(rows, width)
    if plain is not None:
        return plain
    orders, value, speed = [0] * width, [0.0] * width, [0.0] * width
    table = [_decoded(row, orders, value, speed, needed) for row in rows]
    return np.array(table).reshape(-1, width)


def _plain_values(rows: Sequence[str], width: int) -> NDArray[np.float64] | None:
    """Return the values of points that are nothing but ``width`` numbers, or None."""
    tokens = [row.split() for row in rows]
    if any(len(point) != width for point in tokens):
        return None
    try:
        values = np.array([[float(token) for token in point] for point in tokens]).reshape(-1, width)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _decoded(
    row: str, orders: list[int], value: list[float], speed: list[float], needed: Sequence[int]
) -> list[float]:
    """Return one point's values and bring ``orders``, ``value`` and ``speed`` up to date with it."""
    point = [float("nan")] * len(value)
    at, channel = len(row) - len(row.lstrip()), 0
    while at < len(row):
        match = _VALUE.match(row, at)
        if match is None:
            raise ValueError(f"{row.strip()[:40]!r} is no point")
        if channel >= len(value):
            raise ValueError(f"{row.strip()[:40]!r} has more values than its format has channels")
        mark, number, hexadecimal, word = match.groups()
        if mark:
            orders[channel] = "!'\"".index(mark)
        if word in ("T", "F"):
            point[channel] = float(word == "T")
        elif word != "?":
            given = None if word else float(number) if number else float(int(hexadecimal, 16))
            _move(channel, given, orders[channel], value, speed)
            point[channel] = value[channel]
        channel += 1
        at = match.end()
    if not all(np.isfinite(point[index]) for index in needed):
        raise ValueError(f"{row.strip()[:40]!r} has not both an x and a y")
    return point


def _move(channel: int, given: float | None, order: int, value: list[float], speed: list[float]) -> None:
    """Bring one channel to its next value; ``given`` is None for ``*``: as the point before."""
    if order == 0:
        speed[channel] = 0.0 if given is None else given - value[channel]
        value[channel] += speed[channel]
        if given is not None:
            value[channel] = given
        return
    if order == 1:
        speed[channel] = speed[channel] if given is None else given
    else:
        speed[channel] += 0.0 if given is None else given
    value[channel] += speed[channel]
