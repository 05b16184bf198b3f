"""Mappings of InkML's channels (2011, section 6): how the values of a trace become those of its channel.

And resolutions (section 3.2): how long what the values count is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.sources.strokes import numbers_of
from hwcli.ink.sources.xml import local_name

Floats = NDArray[np.float64]
Mapping = Callable[[Floats], Floats]
MOST_ROWS = 100_000
_A_CENTIMETRE = {"1/cm": 1.0, "1/mm": 10.0, "1/m": 0.01, "1/in": 1 / 2.54, "1/pt": 72 / 2.54, "1/pc": 6 / 2.54}
_LEAST = 1e-6
"""A resolution, in values a centimetre, that can be right."""
SQUARE = 0.01
"""Resolutions of x and y that differ by no more are those of square pixels, as screens say of themselves."""


def mapping_of(channel: Any, name: str, declared: dict[str, Any]) -> Mapping | None:
    """Return how to map the values of the ``channel`` called ``name``, None where they stay as they are.

    ``declared`` are the elements that a mapping may refer to.  Scaling (affine) and tables are known.

    Raises
    ------
    ValueError: it is a mapping of another kind, or not whole.
    """
    element = next((child for child in channel if local_name(child) == "mapping"), None)
    if element is not None and (link := element.get("mappingRef")):
        element = declared.get(link.removeprefix("#"))
        if element is None:
            raise ValueError(f"the mapping {link!r:.40} of the channel {name} is not there")
    if element is None or element.get("type") == "identity":
        return None
    kind = element.get("type") or "unknown"
    binds = [child for child in element if local_name(child) == "bind"]
    if kind in _KINDS and all(bind.get(end) in (None, name) for bind in binds for end in ("source", "target")):
        return _KINDS[kind](element, binds, name)
    raise ValueError(f"the channel {name} has a mapping ({kind:.20}) that hw does not know")


def stretch_of(device: Any) -> float:
    """Return by what y is to be multiplied to be as long as x, for the resolutions of an ``inkSource``."""
    resolutions: dict[str, float] = {}
    units = set[str]()
    for element in (child for group in device if local_name(group) == "channelProperties" for child in group):
        if element.get("name") == "resolution":
            try:
                value = float(element.get("value") or "") * _A_CENTIMETRE.get(element.get("units") or "", 1.0)
            except ValueError:
                continue
            units.add(element.get("units") or "")
            resolutions[element.get("channel") or ""] = value
    across, down = (resolutions.get(axis, 0.0) for axis in "XY")
    if len(units) > 1 and not units <= _A_CENTIMETRE.keys():
        return 1.0
    if not (_LEAST < across < 1 / _LEAST and _LEAST < down < 1 / _LEAST):
        return 1.0
    return across / down if abs(across / down - 1) > SQUARE else 1.0


def _affine(element: Any, binds: list[Any], name: str) -> Mapping:
    rows = _rows(element, "matrix", name)
    if rows.shape != (1, 2):
        raise ValueError(f"the matrix of the channel {name} is not a factor and an offset")
    factor, offset = rows[0]
    return lambda values: values * factor + offset


def _lookup(element: Any, binds: list[Any], name: str) -> Mapping:
    rows = _rows(element, "table", name)
    columns = [_column(binds, end, usual) for end, usual in (("source", 1), ("target", 2))]
    if max(columns) >= rows.shape[1]:
        raise ValueError(f"the table of the channel {name} has no column {max(columns) + 1}")
    table = next(child for child in element if local_name(child) == "table")
    if (table.get("apply") or "absolute", table.get("interpolation") or "linear") != ("absolute", "linear"):
        raise ValueError(f"the table of the channel {name} is not absolute and linear, as hw knows them")
    given, meant = rows[np.argsort(rows[:, columns[0]], kind="stable")][:, columns].T
    return lambda values: np.interp(values, given, meant)


_KINDS = {"affine": _affine, "lookup": _lookup}


def _rows(element: Any, kind: str, name: str) -> Floats:
    text = next((child.text for child in element if local_name(child) == kind), None) or ""
    lines = [line for line in text.split(",") if line.strip()]
    if not 0 < len(lines) <= MOST_ROWS:
        raise ValueError(f"the mapping of the channel {name} has no {kind}, or too large a one")
    rows = [numbers_of(line, 100) for line in lines]
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"the {kind} of the channel {name} has rows of different lengths")
    return np.array(rows)


def _column(binds: list[Any], end: str, usual: int) -> int:
    """Return the column, from 0, that a table has for the ``end`` of a mapping."""
    text = next((bind.get("column") for bind in binds if bind.get(end) and bind.get("column")), str(usual))
    if not (text.isdecimal() and 1 <= int(text[:9]) <= 100):
        raise ValueError(f"{text!r:.40} is no column of a table")
    return int(text[:9]) - 1
