"""A sheet as SVG: centre lines in millimetres, as plotters need them and browsers show them.

The same sheet gives the same bytes.  No transformation is used and every coordinate is absolute, so that the
simplest reader gets the geometry right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing import paper
from hwcli.drawing.curves import GRAIN
from hwcli.drawing.nibs import outlines
from hwcli.drawing.numbers import decimal_text
from hwcli.drawing.sheet import Placed, Sheet, Trace, traces
from hwcli.drawing.style import RULE_COLOUR, Style
from hwcli.ink.texts import NOT_XML

DOT = b"h.01"
"""What is drawn at a dot: readers such as vpype drop a line of no length, so it has 0.01 mm."""

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})

PENCIL = """<defs>
<filter id="pencil" filterUnits="userSpaceOnUse" x="0" y="0" width="{}" height="{}">
<feTurbulence type="fractalNoise" baseFrequency="2.6" numOctaves="2" seed="1" result="grain"/>
<feColorMatrix in="grain" type="matrix" values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -1.6 1.6" result="holes"/>
<feComposite in="SourceGraphic" in2="holes" operator="in"/>
</filter>
</defs>
"""
"""Leaves out of the ink what the grain of the paper keeps from a pencil, on a sheet of some width and height.

By default a filter reaches as far as the points do, and so leaves nothing of a line that is drawn level.
"""


@dataclass(frozen=True)
class Adding:
    """What is written besides: attributes of the root, markup in front of all, attributes of each path."""

    root: str = ""
    front: str = ""
    paths: Sequence[bytes] = field(default=())


def write_svg(sheet: Sheet, style: Style, file: BinaryIO, adding: Adding | None = None) -> None:
    """Write ``sheet`` to ``file``: a group a drawing, with its text as title, in it a path a stroke."""
    adding = adding or Adding()
    width, height = number(sheet.width), number(sheet.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm"'
        f' viewBox="0 0 {width} {height}"{adding.root}>\n{adding.front}'
    )
    if style.background:
        head += f'<rect width="{width}" height="{height}" fill="{style.background}"/>\n'
    # One group around all ink: plotter programs take the outermost groups for layers.
    file.write((head + _rules(sheet) + _ink_group(sheet, style)).encode())
    writer = _Writer(style, sheet.caption_size, adding.paths)
    for trace in traces(sheet.placed, style.tolerance, split_prime=style.prime_colour is not None):
        file.writelines(writer.groups(trace))
    file.writelines(writer.rest())
    file.write(b"</g>\n</svg>\n")


def number(value: float) -> str:
    """Return ``value`` as text with at most three decimals."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def escape(text: str) -> str:
    """Return ``text`` fit for an element or an attribute; what XML cannot hold becomes U+FFFD."""
    return NOT_XML.sub("\ufffd", text).translate(ESCAPES)


def _ink_group(sheet: Sheet, style: Style) -> str:
    filtered = ' filter="url(#pencil)"' if style.pencil else ""
    front = PENCIL.format(number(sheet.width), number(sheet.height)) if style.pencil else ""
    if style.shaped:
        around = f'"{style.colour}" stroke-width="{number(style.hairline)}"' if style.hairline else '"none"'
        return f'{front}<g fill="{style.colour}" stroke={around} stroke-linejoin="round"{filtered}>\n'
    return (
        f'{front}<g fill="none" stroke="{style.colour}" stroke-width="{number(style.pen)}"'
        f' stroke-linecap="round" stroke-linejoin="round"{filtered}>\n'
    )


def _rules(sheet: Sheet) -> str:
    """Return what is printed on the paper, in a group of its own."""
    lines = paper.rules(sheet.ruling, sheet.width, sheet.height)
    level, upright = (lines[lines[:, axis] == lines[:, axis + 2]].tolist() for axis in (1, 0))
    data = "".join(f"M{number(x)} {number(y)}H{number(to)}" for x, y, to, _ in level)
    data += "".join(f"M{number(x)} {number(y)}V{number(to)}" for x, y, _, to in upright)
    width = paper.RULE_WIDTH
    if sheet.ruling.kind == "dotted":
        dots = paper.dots(sheet.ruling, sheet.width, sheet.height)
        data = "".join(f"M{number(x)} {number(y)}{DOT.decode()}" for x, y in dots)
        width = paper.DOT_WIDTH
    if not data:
        return ""
    look = f'fill="none" stroke="{RULE_COLOUR}" stroke-width="{width}" stroke-linecap="round"'
    return f'<g class="paper" aria-hidden="true" {look}><path d="{data}"/></g>\n'


class _Writer:
    """Writes the ink of a sheet, trace by trace."""

    def __init__(self, style: Style, caption_size: float, attributes: Sequence[bytes]) -> None:
        self._style, self._caption_size = style, caption_size
        self._attributes = iter(attributes)
        self._texts: list[str] = []
        self._captions: list[str] = []
        self._all: tuple[list[bytes], list[bytes]] = ([], [])

    def groups(self, trace: Trace) -> Iterator[bytes]:
        """Yield the groups of the drawings of ``trace``; of one path for all, nothing yet."""
        ways = _shapes(trace, self._style) if self._style.shaped else _ways(trace)
        for placed, start, stop in trace.owners:
            primed = sum(trace.primed[start:stop]) if self._style.prime_colour else 0
            parts = ways[start : start + primed], ways[start + primed : stop]
            if self._style.path == "all":
                self._gather(placed, parts)
                continue
            yield self._head(placed)
            yield from self._paths(*parts)
            yield b"</g>\n"

    def rest(self) -> Iterator[bytes]:
        """Yield what was gathered for one path of all."""
        if self._style.path == "all":
            text = escape("\n".join(text for text in self._texts if text))
            yield (_named(text, "") + "".join(self._captions)).encode()
            yield from self._paths(*self._all)
            yield b"</g>\n"

    def _gather(self, placed: Placed, parts: tuple[list[bytes], list[bytes]]) -> None:
        self._texts.append(placed.drawing.text or placed.drawing.id)
        self._captions.append(_caption(placed, self._style, self._caption_size))
        for gathered, some in zip(self._all, parts, strict=True):
            gathered += some

    def _head(self, placed: Placed) -> bytes:
        drawing = placed.drawing
        title = escape(drawing.text or drawing.id)
        # hw ingest tells by these which part of a title is a text.
        named = f' data-id="{escape(drawing.id)}"' if title else ""
        named += f' data-text="{title}"' if title and drawing.text == drawing.id else ""
        head = _named(title, named)
        return (head + _caption(placed, self._style, self._caption_size)).encode()

    def _paths(self, primed: list[bytes], rest: list[bytes]) -> Iterator[bytes]:
        if primed:
            both = self._style.shaped and self._style.hairline
            what = "fill" if self._style.shaped else "stroke"
            more = f' stroke="{self._style.prime_colour}"' if both else ""
            yield f'<g {what}="{self._style.prime_colour}"{more}>\n'.encode()
            yield from self._elements(primed)
            yield b"</g>\n"
        yield from self._elements(rest)

    def _elements(self, ways: list[bytes]) -> Iterator[bytes]:
        if self._style.path != "stroke" and ways:
            ways = [b"".join(ways)]
        for way in ways:
            yield b'<path d="%b"%b/>\n' % (way, next(self._attributes, b""))


def _named(title: str, attributes: str) -> str:
    if not title:
        return f"<g{attributes}>\n"
    return f'<g role="img" aria-label="{title}"{attributes}>\n<title>{title}</title>\n'


def _caption(placed: Placed, style: Style, size: float) -> str:
    if not placed.caption:
        return ""
    x, y = placed.caption_at
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-family="sans-serif" font-size="{number(size)}"'
        f' fill="{style.colour}" stroke="none">{escape(placed.caption)}</text>\n'
    )


def thousandths(points: NDArray[np.complex128]) -> NDArray[np.int64]:
    """Return (n,) complex ``points`` as (n, 2) whole thousandths of a millimetre."""
    return np.rint(points.view(np.float64).reshape(-1, 2) * GRAIN).astype(np.int64)


def _ways(trace: Trace) -> list[bytes]:
    """Return the path data of each line of ``trace``: M and the first point, C and three points a piece."""
    curves = trace.curves
    rows = np.empty((len(curves.knots), 6), np.int64)
    rows[1:, :2] = thousandths(curves.after)[:-1]
    rows[:, 2:4], rows[:, 4:] = thousandths(curves.before), thousandths(curves.knots)
    starts = curves.starts[:-1]
    rows[starts, :4] = 0  # nothing leads to a first point
    text, ends = decimal_text(rows.ravel())
    moves = ends[6 * starts + 3].tolist()
    pieces, stops = ends[6 * starts + 5].tolist(), ends[6 * curves.starts[1:] - 1].tolist()
    return [
        b"M%b%b%b" % (text[move:piece].lstrip(), b"C" if stop > piece else DOT, text[piece:stop].lstrip())
        for move, piece, stop in zip(moves, pieces, stops, strict=True)
    ]


def _shapes(trace: Trace, style: Style) -> list[bytes]:
    """Return the path data of the outline of each line of ``trace``."""
    ways = []
    for shapes in outlines(trace, style):
        parts = []
        for shape in shapes:
            text, _ = decimal_text(thousandths(shape).ravel())
            parts.append(b"M%bZ" % text.lstrip())
        ways.append(b"".join(parts))
    return ways
