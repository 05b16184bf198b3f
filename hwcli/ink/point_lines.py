"""Many lines of points at once: what JSON lines are when they come as our writer writes them.

Anything that is not of that form is left to the reader that takes one line at a time, and says what is wrong.
"""

from __future__ import annotations

import json
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits

_POINT = ("x", "y", "up")
_CHANNELS = ("t", "p")


class PointLines(NamedTuple):
    """Points (n, 3) of so many lines: x, y, up; ``times`` and ``pressures`` (n,), NaN where there is none."""

    points: NDArray[np.float64]
    times: NDArray[np.float64]
    pressures: NDArray[np.float64]


def point_lines(ahead: bytes) -> tuple[bytes, PointLines | None]:
    """Return the whole lines that ``ahead`` begins with, up to the next header, and the points that they are.

    The points are None when there is any doubt about one of the lines.
    """
    block = ahead[: ahead.rfind(b"\n") + 1]
    header = block.find(b'"drawing"')
    if header >= 0:
        block = block[: block.rfind(b"\n", 0, header) + 1]
    lines = block.count(b"\n")
    if not (block.startswith(b"{") and block.endswith(b"}\n") and block.count(b"}\n{") == lines - 1):
        return block, None
    try:
        records = json.loads(b"[" + block[:-1].replace(b"\n", b",") + b"]")
        return block, _points(records) if len(records) == lines else None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return block, None


def _points(records: list[Any]) -> PointLines | None:
    keys = records[0].keys()
    channels = [name for name in _CHANNELS if name in keys]
    if set(map(len, records)) != {len(_POINT) + len(channels)}:
        return None
    try:
        rows = list(map(itemgetter(*_POINT, *channels), records))
    except KeyError:
        return None
    if not set(map(type, chain.from_iterable(rows))) <= {int, float}:
        return None
    values = np.array(rows, np.float64)
    none = np.full(len(rows), np.nan)
    columns = {name: values[:, len(_POINT) + place] for place, name in enumerate(channels)}
    if not (
        (np.abs(values[:, :2]) <= limits.COORDINATE).all()
        and (values[:, 2] * (values[:, 2] - 1) == 0).all()
        and (np.abs(columns.get("t", np.zeros(1))) <= limits.TIME).all()
        and (np.abs(columns.get("p", np.zeros(1)) - 0.5) <= 0.5).all()
    ):
        return None
    return PointLines(values[:, :3], columns.get("t", none), columns.get("p", none))
