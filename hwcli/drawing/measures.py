"""Lengths, margins and sizes of paper as people write them; all in millimetres."""

from __future__ import annotations

import re
from dataclasses import dataclass

SIZES = {
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
}
UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72}
LENGTH = re.compile(rf"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*({'|'.join(UNITS)})?", re.IGNORECASE)
LONGEST = 10_000.0
"""The limit of all lengths, in millimetres."""


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
    lengths = [length(part) for part in re.split(r"\s*,\s*|\s+", text.strip())]
    if not 1 <= len(lengths) <= 4:
        raise ValueError(f"{text!r}: give one margin, or top,right,bottom,left")
    top, right, bottom, left = (lengths[place % len(lengths)] for place in range(4))
    return (top, right, bottom, right if len(lengths) == 3 else left)
