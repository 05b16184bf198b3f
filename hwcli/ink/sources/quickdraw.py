"""Quick, Draw! (Google's quickdraw-dataset): JSON lines, each of them a whole drawing.

``{"word": ..., "key_id": ..., "drawing": [[[x, ...], [y, ...], [t, ...]], ...]}``: of each stroke its x, its y,
and its times in milliseconds, which the simplified files do not have.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits
from hwcli.ink.drawing import Points
from hwcli.ink.sources.strokes import points_of

_SECONDS = 1e-3
_LARGEST = {"x": limits.COORDINATE, "y": limits.COORDINATE, "t": limits.TIME}


def is_whole_drawing(record: Any) -> bool:
    """Return whether a line's ``record`` is a drawing of Quick, Draw! and no header of points."""
    return isinstance(record, dict) and "word" in record and isinstance(record.get("drawing"), list)


def points_and_times(strokes: list[Any]) -> tuple[Points, NDArray[np.float32] | None]:
    """Return the (N, 3) points of the ``strokes`` of a drawing and their (N,) times in seconds, or None.

    Times are there where each stroke has them.

    Raises
    ------
    ValueError: something in it is no stroke, or it has more points than a drawing may have.
    """
    tables = [table for table in map(_table, strokes) if len(table)]
    if sum(map(len, tables)) > limits.POINTS:
        raise ValueError(f"a drawing of more than {limits.POINTS} points")
    points = points_of(tables)
    if not tables or any(table.shape[1] < 3 for table in tables):
        return points, None
    times = np.concatenate([table[:, 2] for table in tables])
    return points, ((times - times[0]) * _SECONDS).astype(np.float32)


def _table(stroke: Any) -> NDArray[np.float64]:
    """Return a stroke as (n, 2 or 3): x, y and, where there is one, t."""
    is_stroke = isinstance(stroke, list) and all(isinstance(values, list) for values in stroke)
    if not is_stroke or len(stroke) not in (2, 3):
        raise ValueError("a stroke in it is not two or three lists: x, y, t")
    if len({len(values) for values in stroke}) > 1:
        raise ValueError("a stroke in it has not as many x as y and t")
    return np.column_stack([_column(values, name) for values, name in zip(stroke, "xyt", strict=False)])


def _column(values: list[Any], name: str) -> NDArray[np.float64]:
    if not {type(value) for value in values} <= {int, float}:
        raise ValueError(f"a {name} in it is not a number")
    try:
        column = np.array(values, np.float64)
    except OverflowError:
        column = np.array([np.inf])
    if not (np.abs(column) <= _LARGEST[name]).all():
        raise ValueError(f"a {name} in it is beyond {_LARGEST[name]:g}")
    return column
