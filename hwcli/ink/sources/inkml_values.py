"""The values in a trace of InkML: plain numbers, or first and second differences, with or without blanks."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits

_VALUE = re.compile(
    r"""([!'"]?)\s*(?:([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|\#([0-9A-Fa-f]{1,8})|([TF*?]))\s*"""
)


def trace_values(text: str, width: int, used: Sequence[int]) -> NDArray[np.float64]:
    """Return of the ``width`` values of each of a trace's n points the ``used`` ones, (n, len(used)).

    The first two of ``used`` a point must have; others are NaN where they are missing or their index is -1.
    Values are absolute, or after ``'`` and ``"`` first and second differences, until another mark comes
    (InkML 2011, section 3.2.1).

    Raises
    ------
    ValueError: something in it is no value, or a point has more values than ``width`` or not the needed two;
        or there are more points than a drawing may have.
    """
    if text.count(",") > limits.POINTS:
        raise ValueError(f"more than {limits.POINTS} points")
    rows = [point for point in text.split(",") if point and not point.isspace()]
    plain = _plain_values(rows, width, used)
    if plain is not None:
        return plain
    orders, value, speed = [0] * width, [0.0] * width, [0.0] * width
    table = np.full((len(rows), len(used)), np.nan)
    for row, text in zip(table, rows, strict=True):
        point = _decoded(text, orders, value, speed)
        row[:] = [point[index] if index >= 0 else np.nan for index in used]
        if not np.isfinite(row[:2]).all():
            raise ValueError(f"{text.strip()[:40]!r} has not both an x and a y")
    return table


def _plain_values(rows: Sequence[str], width: int, used: Sequence[int]) -> NDArray[np.float64] | None:
    """Return the ``used`` values of points that are nothing but ``width`` numbers, or None."""
    numbers = array("d")
    try:
        for row in rows:
            tokens = row.split(None, width)
            if len(tokens) != width:
                return None
            numbers.extend(map(float, tokens))
    except ValueError:
        return None
    values = np.array(numbers).reshape(-1, width)
    if not np.isfinite(values).all():
        return None
    return np.column_stack([values[:, index] if index >= 0 else np.full(len(rows), np.nan) for index in used])


def _decoded(row: str, orders: list[int], value: list[float], speed: list[float]) -> list[float]:
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
