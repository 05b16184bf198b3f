"""What is printed on paper: rules, squares, dots; lengths in millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KINDS = ("plain", "ruled", "squared", "dotted")
PITCH = 5.0
"""The width of squares, and from dot to dot."""

CLOSEST = 0.5
"""Rules that are closer together are one grey, and very close ones take all memory."""

RULE_WIDTH, DOT_WIDTH = 0.12, 0.35


@dataclass(frozen=True)
class Ruling:
    """What is printed on the paper: ``kind`` of KINDS; ``pitch`` from line to line, one of them at ``line``.

    Only the rules of ruled paper end ``below`` the top and ``above`` the foot of the page; None: nowhere.
    """

    kind: str = "plain"
    pitch: float = PITCH
    line: float = 0.0
    below: float = 0.0
    above: float | None = None


def rules(ruling: Ruling, width: float, height: float) -> NDArray[np.float64]:
    """Return the printed lines of a sheet, (n, 4): x and y of both ends."""
    found = []
    if ruling.kind in ("ruled", "squared"):
        last = height if ruling.above is None else ruling.above
        rows = _places(ruling, height)
        rows = rows[(rows >= ruling.below - 1e-6) & (rows <= last + 1e-6)]
        found += [(0.0, y, width, y) for y in rows.tolist()]
    if ruling.kind == "squared":
        found += [(x, 0.0, x, height) for x in _columns(ruling, width).tolist()]
    return np.array(found, np.float64).reshape(-1, 4)


def dots(ruling: Ruling, width: float, height: float) -> Iterator[tuple[float, float]]:
    """Yield the printed dots of a sheet."""
    if ruling.kind == "dotted":
        for y in _places(ruling, height).tolist():
            for x in _columns(ruling, width).tolist():
                yield x, y


def _places(ruling: Ruling, height: float) -> NDArray[np.float64]:
    """Return the y of rows of lines or dots, none on the edge."""
    first = ruling.line % ruling.pitch or ruling.pitch
    return np.arange(first, height - 1e-6, ruling.pitch)


def _columns(ruling: Ruling, width: float) -> NDArray[np.float64]:
    """Return the x of columns, as many as there is room for, in the middle."""
    count = int((width - 1e-6) / ruling.pitch)
    first = (width - (count - 1) * ruling.pitch) / 2
    return np.arange(count, dtype=np.float64) * ruling.pitch + first
