"""Paper: the sizes that have names, margins, and what is printed on it: rules, squares, dots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIZES = {
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
}
UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72}
LENGTH = re.compile(rf"(\d+(?:\.\d*)?|\.\d+)\s*({'|'.join(UNITS)})?", re.IGNORECASE)
LONGEST = 10_000.0
"""The limit of all lengths, in millimetres."""

KINDS = ("plain", "ruled", "squared", "dotted")
PITCH = 5.0
"""The width of squares, and from dot to dot."""

RULE_WIDTH, DOT_WIDTH = 0.12, 0.35


def length(text: str) -> float:
    """Return in millimetres a length such as ``3``, ``3mm``, ``1.5cm``, ``12pt`` or ``.5in``.

    Raises
    ------
    ValueError: it is none, or above 10,000 mm.
    """
    found = LENGTH.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no length; give a number, of millimetres or with mm, cm, in or pt")
    value = float(found[1]) * UNITS[(found[2] or "mm").lower()]
    if value > LONGEST:
        raise ValueError(f"{text}: above {LONGEST:,.0f} mm")
    return value


@dataclass(frozen=True)
class Page:
    """A page of ``width`` by ``height`` and its margins, all in millimetres."""

    width: float
    height: float
    top: float
    right: float
    bottom: float
    left: float

    @property
    def room(self) -> tuple[float, float]:
        """The width and the height between the margins."""
        return self.width - self.left - self.right, self.height - self.top - self.bottom


def page_size(text: str) -> tuple[float, float]:
    """Return width and height of the page called ``text``: a name, or ``WxH`` such as ``100x150mm``.

    Raises
    ------
    ValueError: there is no page of that name.
    """
    if text.lower() in SIZES:
        return SIZES[text.lower()]
    width, by, height = text.lower().partition("x")
    unit = re.search("[a-z]*$", height)
    if not by or unit is None:
        raise ValueError(f"{text!r} is no page; give {', '.join(SIZES)}, or a size such as 100x150mm")
    try:
        sides = length(width if width[-1:].isalpha() else width + unit.group()), length(height)
    except ValueError as error:
        raise ValueError(f"{text!r} is no page: {error}") from error
    if min(sides) <= 0:
        raise ValueError(f"{text!r} is no page: a side of it is 0")
    return sides


def margins(text: str) -> tuple[float, float, float, float]:
    """Return top, right, bottom and left margin as CSS has them: one to four lengths, with commas or spaces.

    Raises
    ------
    ValueError: these are not one to four lengths.
    """
    lengths = [length(part) for part in re.split(r"[,\s]+", text.strip())]
    if not 1 <= len(lengths) <= 4:
        raise ValueError(f"{text!r}: give one margin, or top,right,bottom,left")
    top, right, bottom, left = (lengths[place % len(lengths)] for place in range(4))
    return (top, right, bottom, right if len(lengths) == 3 else left)


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
    return (width - (count - 1) * ruling.pitch) / 2 + np.arange(count) * ruling.pitch
