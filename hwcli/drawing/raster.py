"""A sheet as PNG, PDF or PostScript, through cairo: the SVG of the sheet, drawn.

The same sheet gives the same bytes: the date that cairo puts into a document is taken out again.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, BinaryIO

from hwcli.drawing.layout import Sheet
from hwcli.drawing.svg import DOT, Style, write_svg
from hwcli.errors import HwError

MILLIMETRES_AN_INCH = 25.4
LARGEST_SIDE = 32_767
"""cairo's images have no more pixels a side."""

MOST_PIXELS = 100_000_000
"""An image of more would take more than 400 MB of memory."""

LARGEST_PAGE = 5_080.0
"""In millimetres: PDF pages have at most 14,400 points a side."""

DATES = re.compile(rb"/CreationDate \(D:[^)]*\)|%%CreationDate: [^\r\n]*")


def write_png(sheet: Sheet, style: Style, dpi: float, file: BinaryIO) -> None:
    """Write ``sheet`` to ``file`` as PNG of ``dpi`` pixels an inch, rounded up to whole pixels.

    Raises
    ------
    HwError: the image would be too large, or there is no cairo library.
    """
    width, height = (_pixels(length, dpi) for length in (sheet.width, sheet.height))
    if max(width, height) > LARGEST_SIDE or width * height > MOST_PIXELS:
        raise HwError(
            f"the image would have {width:,} x {height:,} pixels; the limit is {LARGEST_SIDE:,} a side and"
            f" {MOST_PIXELS:,} in all: lower --dpi or --height, use --grid, or write SVG"
        )
    # The background is not a part of the SVG here: a rectangle would leave half a pixel bare at the edges.
    bare = _svg(sheet, replace(style, background=None))
    size = {"output_width": width, "output_height": height}
    png = _converter("PNG")(bytestring=bare, background_color=style.background, **size)
    file.write(_with_resolution(png, dpi))


def write_document(sheet: Sheet, style: Style, kind: str, file: BinaryIO) -> None:
    """Write ``sheet`` to ``file`` as one page of ``kind`` "pdf" or "ps" in its real size.

    Raises
    ------
    HwError: the page would be too large, or there is no cairo library.
    """
    if max(sheet.width, sheet.height) > LARGEST_PAGE:
        raise HwError(
            f"the page would be {sheet.width:,.0f} x {sheet.height:,.0f} mm; the limit of {kind.upper()} is"
            f" {LARGEST_PAGE:,.0f} mm a side: lower --height, use --grid, or write SVG"
        )
    document = _converter(kind.upper())(bytestring=_svg(sheet, style))
    # Blanks of the same length: a PDF's table of contents counts bytes.
    file.write(DATES.sub(lambda found: b" " * len(found[0]), document))


def _pixels(length: float, dpi: float) -> int:
    """Return ``length`` millimetres in whole pixels, at least 1; an excess of a rounding error is no pixel."""
    return max(1, math.ceil(length * dpi / MILLIMETRES_AN_INCH - 1e-6))


def _svg(sheet: Sheet, style: Style) -> bytes:
    buffer = io.BytesIO()
    write_svg(sheet, style, buffer)
    return buffer.getvalue()


def _converter(kind: str) -> Callable[..., bytes]:
    """Return what converts the SVG of ink to ``kind`` "PNG", "PDF" or "PS": CairoSVG with its own way of paths.

    CairoSVG reads a path as SVG allows it to be written, in a time that goes with the square of its length;
    for the paths of ``hwcli.drawing.svg``, straight lines and dots, there is a short way.
    """
    try:
        base: Any = getattr(import_module("cairosvg.surface"), f"{kind}Surface")
    except (ImportError, OSError) as error:  # cairocffi raises OSError when the C library is not there
        raise HwError(
            "PNG, PDF and PS need the cairo library, which was not found: install libcairo2 (Debian, Ubuntu) or"
            " cairo (Fedora, Homebrew), or write SVG, which works without it"
        ) from error

    class InkSurface(base):  # type: ignore[misc]  # CairoSVG has no types
        def draw(self, node: Any) -> None:
            if node.tag == "path":
                _draw_line(self.context, node)
            else:
                super().draw(node)

    convert: Callable[..., bytes] = InkSurface.convert
    return convert


def _draw_line(context: Any, node: Any) -> None:
    """Draw the ``node`` of a path that ``hwcli.drawing.svg`` wrote on cairo's ``context``."""
    cairo, color = import_module("cairocffi"), import_module("cairosvg.colors").color
    numbers = list(map(float, node["d"].removeprefix("M").removesuffix(DOT).split()))
    context.move_to(*numbers[:2])
    for x, y in zip(numbers[2::2], numbers[3::2], strict=True):
        context.line_to(x, y)
    if len(numbers) == 2:
        context.close_path()  # a dot
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_line_width(float(node["stroke-width"]))
    context.set_source_rgba(*color(node["stroke"]))
    context.stroke()


def _with_resolution(png: bytes, dpi: float) -> bytes:
    """Put the chunk pHYs, pixels a metre, behind the header of ``png``, so that it prints in its real size."""
    header = 8 + 25
    metre = round(dpi / MILLIMETRES_AN_INCH * 1000)
    body = b"pHYs" + struct.pack(">IIB", metre, metre, 1)
    return png[:header] + struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body)) + png[header:]
