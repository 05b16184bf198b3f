"""Coordinates of SVG (SVG 2, chapter 8): transforms, lengths, and frames with coordinates of their own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LONGEST_TRANSFORM = 10_000
"""Characters."""
_NUMBERS = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LENGTH = re.compile(rf"({_NUMBERS.pattern})\s*(%|[a-zA-Z]*)")
_TRANSFORM = re.compile(r"(\b[A-Za-z]{1,10})\s*\(([^()]*)\)")
_SODIPODI = "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
MOST_PAGES = 100
_UNITS = {"mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pt": 96 / 72, "pc": 16.0}
_SHARES = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
_ALIGNED = re.compile(r"x(Min|Mid|Max)Y(Min|Mid|Max)")


@dataclass(frozen=True)
class Frame:
    """The width and height of what is around an element, in its own units; 0 where nothing says."""

    width: float = 0.0
    height: float = 0.0
    is_empty: bool = False
    """Whether it is said to have no width or no height, so that nothing in it is drawn."""

    @property
    def diagonal(self) -> float:
        """What a length that is neither along x nor along y is a share of, in percent."""
        return math.hypot(self.width, self.height) / math.sqrt(2)

    def point(self, x: str | None, y: str | None) -> tuple[float, float]:
        """Return the place of two lengths.  Raises ValueError when one is none."""
        return length_of(x, self.width), length_of(y, self.height)

    def _size(self, text: str | None, whole: float) -> float | None:
        """Return a width or a height, None where nothing says; all of ``whole`` where it is left out."""
        if not text or text in ("auto", "100%"):
            return whole or None
        if (size := length_of(text, whole)) < 0:
            raise ValueError(f"{text!r:.40} is no width or height")
        return size

    def inner(self, element: Any, use: Any = None) -> tuple[Floats, Frame]:
        """Return the (3, 3) matrix from inside an ``svg`` or ``symbol`` to this frame, and the frame inside.

        ``use`` is the element that it is drawn for, if any, whose width and height come before its own.

        Raises
        ------
        ValueError: a length, or the viewBox, is none.
        """
        width, height = (
            self._size((use is not None and use.get(key)) or element.get(key), whole)
            for key, whole in (("width", self.width), ("height", self.height))
        )
        box = numbers_in(element.get("viewBox") or "")
        if box and (len(box) != 4 or not (box[2] >= 0 and box[3] >= 0)):
            raise ValueError(f"the viewBox {element.get('viewBox')!r:.60} is none")
        if 0 in (width, height, *box[2:]):
            return np.eye(3), Frame(is_empty=True)
        moved = translation(*self.point(element.get("x"), element.get("y")))
        if not box:
            return moved, Frame(width or 0.0, height or 0.0)
        how = element.get("preserveAspectRatio") or ""
        return moved @ _fitted(box, width or box[2], height or box[3], how), Frame(box[2], box[3])


def outermost(root: Any) -> Frame:
    """Return the frame of a document, whose coordinates are those that all others are brought to."""
    box = numbers_in(root.get("viewBox") or "")
    if len(box) == 4:
        return Frame(box[2], box[3])
    try:
        return Frame(length_of(root.get("width"), 0), length_of(root.get("height"), 0))
    except ValueError:  # in percent of a window
        return Frame()


def inkscape_pages(root: Any) -> Floats:
    """Return where Inkscape has pages in a document, (n, 4): x, y, width, height; none where it has but one."""
    views = (view for view in root if view.tag == f"{{{_SODIPODI}}}namedview")
    pages = (page for view in views for page in view if page.tag == f"{{{_INKSCAPE}}}page")
    sides = ("x", "y", "width", "height")
    found = [numbers_in(" ".join(page.get(side) or "" for side in sides)) for page in pages]
    known = [page for page in found if len(page) == 4 and min(page[2:]) > 0]
    return np.array(known[:MOST_PAGES] if len(known) > 1 else []).reshape(-1, 4)


def _fitted(box: list[float], width: float, height: float, how: str) -> Floats:
    """Return the matrix that brings the viewBox ``box`` into a frame (SVG 2, section 8.2)."""
    scales = np.array([width / box[2], height / box[3]])
    if "none" not in how:
        scales = np.full(2, scales.max() if "slice" in how else scales.min())
    aligned = _ALIGNED.search(how)
    shares = [_SHARES[word] for word in (aligned.groups() if aligned else ("Mid", "Mid"))]
    left = shares * (np.array([width, height]) - scales * box[2:]) - scales * box[:2]
    return _affine(scales[0], 0, 0, scales[1], left[0], left[1])


def numbers_in(text: str) -> list[float]:
    """Return the numbers in ``text``."""
    return [float(number) for number in _NUMBERS.findall(text)]


def length_of(text: str | None, whole: float) -> float:
    """Return a length in the units of the document, 0 for none; ``whole`` is what percents are of.

    Raises
    ------
    ValueError: it is no length, or a share of what nobody knows.
    """
    match = _LENGTH.match((text or "0").strip())
    if match is None:
        raise ValueError(f"{text!r:.40} is no length")
    number, unit = float(match[1]), match[2]
    if unit != "%":
        return number * _UNITS.get(unit, 1.0)
    if not whole:
        raise ValueError(f"{text!r:.40} of a width or height that the document does not say")
    return number / 100 * whole


def matrix_of(text: str) -> Floats:
    """Return the (3, 3) matrix of a ``transform``.  Raises ValueError when it is none."""
    matrix = np.eye(3)
    if not text:
        return matrix
    if len(text) > LONGEST_TRANSFORM or _TRANSFORM.sub("", text).strip(" ,\t\r\n"):
        raise ValueError(f"the transform {text!r:.60} cannot be read")
    for name, numbers in _TRANSFORM.findall(text):
        try:
            matrix = matrix @ _TRANSFORMS[name](*numbers_in(numbers))
        except (KeyError, TypeError):
            raise ValueError(f"the transform {text!r:.60} cannot be read") from None
    return matrix


def translation(x: float, y: float = 0.0) -> Floats:
    """Return the (3, 3) matrix of a move."""
    return _affine(1, 0, 0, 1, x, y)


def _affine(a: float, b: float, c: float, d: float, e: float, f: float) -> Floats:
    return np.array([[a, c, e], [b, d, f], [0, 0, 1]])


def _rotation(degrees: float, x: float = 0.0, y: float = 0.0) -> Floats:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = _affine(cosine, sine, -sine, cosine, 0, 0)
    return translation(x, y) @ turned @ translation(-x, -y)


_TRANSFORMS: dict[str, Callable[..., Floats]] = {
    "matrix": _affine,
    "translate": translation,
    "scale": lambda x, y=None: _affine(x, 0, 0, x if y is None else y, 0, 0),
    "rotate": _rotation,
    "skewX": lambda degrees: _affine(1, 0, np.tan(np.radians(degrees)), 1, 0, 0),
    "skewY": lambda degrees: _affine(1, np.tan(np.radians(degrees)), 0, 1, 0, 0),
}
