"""A sheet as SVG: centre lines in millimetres, as plotters need them and browsers show them.

The same sheet gives the same bytes.  No transformation is used and every coordinate is absolute, so that the
simplest reader gets the geometry right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.layout import Placed, Sheet
from hwcli.drawing.numbers import decimal_text
from hwcli.drawing.strokes import Line, lines

DOT = "h.01"
"""What is drawn at a dot: readers such as vpype drop a line of no length, so it has 0.01 mm."""

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


@dataclass(frozen=True)
class Style:
    """How ink looks: ``pen`` width in millimetres and colours as SVG names them.

    ``prime_colour`` is for the points that come from a prime, None for the same as ``colour``; without a
    ``background`` (None) there is none.
    """

    pen: float = 0.4
    colour: str = "black"
    prime_colour: str | None = None
    background: str | None = None


def write_svg(sheet: Sheet, style: Style, file: BinaryIO) -> None:
    """Write ``sheet`` to ``file``, one path a stroke."""
    width, height = number(sheet.width), number(sheet.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm"'
        f' viewBox="0 0 {width} {height}">\n'
    )
    if style.background:
        head += f'<rect width="{width}" height="{height}" fill="{style.background}"/>\n'
    # One group around all: plotter programs take the outermost groups for layers.
    head += (
        f'<g fill="none" stroke="{style.colour}" stroke-width="{number(style.pen)}"'
        ' stroke-linecap="round" stroke-linejoin="round">\n'
    )
    file.write(head.encode())
    for placed in sheet.placed:
        file.write(_group(placed, style, sheet.caption_size))
    file.write(b"</g>\n</svg>\n")


def number(value: float) -> str:
    """Return ``value`` as text with at most three decimals."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def escape(text: str) -> str:
    """Return ``text`` fit for an element or an attribute; what XML cannot hold becomes U+FFFD."""
    return NOT_XML.sub("\ufffd", text).translate(ESCAPES)


def _group(placed: Placed, style: Style, caption_size: float) -> bytes:
    drawing = placed.drawing
    named = f' data-id="{escape(drawing.id)}"' if drawing.id else ""
    title = escape(drawing.text or drawing.id)
    head = (
        f"<g{named}>\n" + (f"<title>{title}</title>\n" if title else "") + _caption(placed, style, caption_size)
    )
    ink = lines(drawing, split_prime=style.prime_colour is not None)
    paths = _paths(placed.points(), ink)
    first = sum(line.primed for line in ink)
    parts = [head.encode(), *paths[first:], b"</g>\n"]
    if first:
        parts[1:1] = [f'<g stroke="{style.prime_colour}">\n'.encode(), *paths[:first], b"</g>\n"]
    return b"".join(parts)


def _caption(placed: Placed, style: Style, size: float) -> str:
    if not placed.caption:
        return ""
    x, y = placed.caption_at
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-family="sans-serif" font-size="{number(size)}"'
        f' fill="{style.colour}" stroke="none">{escape(placed.caption)}</text>\n'
    )


def _paths(points: NDArray[np.float64], ink: list[Line]) -> list[bytes]:
    """Return a path element for each line of (N, 2) ``points`` in millimetres."""
    if not ink:
        return []
    thousandths = np.rint(points * 1000).astype(np.int64)
    text, ends = decimal_text(thousandths.ravel())
    begins = [0, *ends[1::2].tolist()]
    moved = thousandths[1:] != thousandths[:-1]
    still = [0, *np.cumsum(moved[:, 0] | moved[:, 1]).tolist()]
    paths = []
    for line in ink:
        dot = still[line.start] == still[line.stop - 1]
        stop = line.start + 1 if dot else line.stop
        way = text[begins[line.start] + 1 : begins[stop]]
        paths.append(b'<path d="M%b%b"/>\n' % (way, DOT.encode() if dot else b""))
    return paths
