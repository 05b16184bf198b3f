"""A sheet as PNG, and sheets as the pages of a PDF or PostScript document: drawn by cairo.

The same sheet gives the same bytes: the date that cairo puts into a document is taken out again.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing import paper
from hwcli.drawing.cairo import add_curves, add_shape, library, set_colour, without_date
from hwcli.drawing.curves import Curves
from hwcli.drawing.grain import grain
from hwcli.drawing.nibs import outlines
from hwcli.drawing.png import encode
from hwcli.drawing.sheet import Sheet, Trace, traces
from hwcli.drawing.style import RULE_COLOUR, Style
from hwcli.errors import HwError

MILLIMETRES_AN_INCH = 25.4
POINTS_A_MILLIMETRE = 72 / MILLIMETRES_AN_INCH
LARGEST_SIDE = 32_767
"""cairo's images have no more pixels a side."""

MOST_PIXELS = 100_000_000
"""An image of more would take more than 400 MB of memory."""

LARGEST_PAGE = 5_080.0
"""In millimetres: PDF pages have at most 14,400 points a side."""

AT_ONCE = 2_000
"""Points that cairo is given at once: the time that it takes goes with more than their number."""

Pixels = NDArray[np.uint8]


def write_png(sheet: Sheet, style: Style, dpi: float, file: BinaryIO) -> None:
    """Write ``sheet`` to ``file`` as PNG of ``dpi`` pixels an inch, rounded up to whole pixels.

    Raises
    ------
    HwError: the image would be too large, or there is no cairo library.
    """
    file.write(encode(picture(sheet, style, dpi), round(dpi / MILLIMETRES_AN_INCH * 1000)))


def picture(sheet: Sheet, style: Style, dpi: float) -> Pixels:
    """Return the picture of ``sheet``: (height, width) grey, or (height, width, 4) red, green, blue and alpha.

    Raises
    ------
    HwError: the image would be too large, or there is no cairo library.
    """
    style = replace(style, tolerance=0.0)  # to find what can be left out takes longer than to draw it
    if is_grey(sheet, style):
        return 255 - coverage(sheet, style, dpi)
    surface, context = canvas(sheet, style, dpi)
    draw(context, sheet, style)
    surface.flush()
    return straight(surface)


def is_grey(sheet: Sheet, style: Style) -> bool:
    """Return whether ``sheet`` is black ink on white, which needs a quarter of the memory and time."""
    plain = style.colour == "black" and style.background == "white" and style.prime_colour is None
    return plain and not style.pencil and sheet.ruling.kind == "plain"


def coverage(sheet: Sheet, style: Style, dpi: float) -> Pixels:
    """Return how much of each pixel is under ink, (height, width)."""
    width, height = size_in_pixels(sheet, dpi)
    cairo = library()
    surface = cairo.ImageSurface(cairo.FORMAT_A8, width, height)
    context = cairo.Context(surface)
    context.scale(dpi / MILLIMETRES_AN_INCH, dpi / MILLIMETRES_AN_INCH)
    draw_ink(context, sheet, style)
    surface.flush()
    rows = np.frombuffer(surface.get_data(), np.uint8).reshape(height, surface.get_stride())
    covered: Pixels = rows[:, :width].copy()  # the rows go with the surface
    return covered


def canvas(sheet: Sheet, style: Style, dpi: float) -> tuple[Any, Any]:
    """Return a surface of the size of ``sheet`` and a context in millimetres, the background drawn."""
    width, height = size_in_pixels(sheet, dpi)
    cairo = library()
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
    context = cairo.Context(surface)
    if (
        style.background
    ):  # not a rectangle of the sheet's size, which would leave half a pixel bare at the edges
        set_colour(context, style.background)
        context.paint()
    context.scale(dpi / MILLIMETRES_AN_INCH, dpi / MILLIMETRES_AN_INCH)
    return surface, context


def straight(surface: Any) -> Pixels:
    """Return the (height, width, 4) pixels of an ARGB ``surface``, colours not multiplied by alpha."""
    height, width = surface.get_height(), surface.get_width()
    pixels = np.frombuffer(surface.get_data(), np.uint8).reshape(height, width, 4)
    pixels = pixels[:, :, [2, 1, 0, 3]]  # little-endian ARGB, as on all machines that hw is known to run on
    alpha = pixels[:, :, 3:]
    if alpha.min(initial=255) < 255:
        part = np.maximum(alpha, 1).astype(np.float32) / 255
        pixels[:, :, :3] = np.rint(np.minimum(pixels[:, :, :3] / part, 255)).astype(np.uint8)
    return pixels


def write_document(sheets: Sequence[Sheet], style: Style, kind: str, file: BinaryIO) -> None:
    """Write ``sheets`` to ``file`` as the pages of a document of ``kind`` "pdf" or "ps" in their real size.

    Raises
    ------
    HwError: a page would be too large, or there is no cairo library.
    """
    for sheet in sheets:
        if max(sheet.width, sheet.height) > LARGEST_PAGE:
            raise HwError(
                f"the page would be {sheet.width:,.0f} x {sheet.height:,.0f} mm; the limit of {kind.upper()} is"
                f" {LARGEST_PAGE:,.0f} mm a side: lower --x-height, use --grid or --page, or write SVG"
            )
    cairo = library()
    buffer = io.BytesIO()
    make: Callable[..., Any] = cairo.PDFSurface if kind == "pdf" else cairo.PSSurface
    surface = make(buffer, 1, 1)
    try:
        for sheet in sheets:
            surface.set_size(sheet.width * POINTS_A_MILLIMETRE, sheet.height * POINTS_A_MILLIMETRE)
            context = cairo.Context(surface)
            context.scale(POINTS_A_MILLIMETRE, POINTS_A_MILLIMETRE)
            if style.background:
                set_colour(context, style.background)
                context.paint()
            draw(context, sheet, style)
            context.show_page()
        surface.finish()
    except OSError as error:  # of PS, cairo keeps the pages in a file of its own
        raise HwError("cairo could not write its temporary file in /tmp: is the disk full?") from error
    file.write(without_date(buffer.getvalue()))


def size_in_pixels(sheet: Sheet, dpi: float) -> tuple[int, int]:
    """Return width and height of ``sheet`` in pixels.

    Raises
    ------
    HwError: the image would be too large.
    """
    width, height = (_pixels(length, dpi) for length in (sheet.width, sheet.height))
    if max(width, height) > LARGEST_SIDE or width * height > MOST_PIXELS:
        raise HwError(
            f"the image would have {width:,} x {height:,} pixels; the limit is {LARGEST_SIDE:,} a side and"
            f" {MOST_PIXELS:,} in all: lower --dpi or --x-height, use --grid or --page, or write SVG"
        )
    return width, height


def _pixels(length: float, dpi: float) -> int:
    """Return ``length`` millimetres in whole pixels, at least 1; an excess of a rounding error is no pixel."""
    return max(1, math.ceil(length * dpi / MILLIMETRES_AN_INCH - 1e-6))


# --- drawing -----------------------------------------------------------------------------------------------


def draw(context: Any, sheet: Sheet, style: Style) -> None:
    """Draw all of ``sheet`` but its background on ``context``, which is in millimetres."""
    draw_rules(context, sheet)
    if not style.pencil:
        draw_ink(context, sheet, style)
        return
    context.push_group()
    draw_ink(context, sheet, style)
    context.pop_group_to_source()
    context.mask(grain())


def draw_ink(context: Any, sheet: Sheet, style: Style) -> None:
    """Draw the ink of ``sheet``, and captions."""
    draw_captions(context, sheet, style)
    set_pen(context, style)
    for trace in traces(sheet.placed, style.tolerance, split_prime=style.prime_colour is not None):
        primed = np.array(trace.primed, np.bool_)
        for chosen, colour in ((primed, style.prime_colour), (~primed, style.colour)):
            if colour is not None and chosen.any():
                set_colour(context, colour)
                _draw_lines(context, trace, chosen, style)


def set_pen(context: Any, style: Style) -> None:
    """Have ``context`` draw lines as the pen of ``style`` does."""
    cairo = library()
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_line_width(style.hairline if style.shaped else style.pen)


def _draw_lines(context: Any, trace: Trace, chosen: NDArray[np.bool_], style: Style) -> None:
    """Draw the lines of ``trace`` that are ``chosen``."""
    if not style.shaped:
        for part, some in _in_parts(trace.curves, chosen):
            add_curves(context, part, None if some.all() else some)
            context.stroke()
        return
    for shapes, is_chosen in zip(outlines(trace, style), chosen.tolist(), strict=True):
        if is_chosen:
            _fill(context, shapes, style.hairline)


def _in_parts(curves: Curves, chosen: NDArray[np.bool_]) -> Iterator[tuple[Curves, NDArray[np.bool_]]]:
    """Yield ``curves`` in parts of some whole lines each, with which of those are ``chosen``."""
    knots, before, after, starts = curves
    cuts = np.flatnonzero(np.diff(starts[:-1] // AT_ONCE, prepend=-1)).tolist()
    for low, high in pairwise([*cuts, len(chosen)]):
        first, last = int(starts[low]), int(starts[high])
        part = Curves(knots[first:last], before[first:last], after[first:last], starts[low : high + 1] - first)
        yield part, chosen[low:high]


def _fill(context: Any, shapes: list[NDArray[np.complex128]], hairline: float) -> None:
    for shape in shapes:
        add_shape(context, shape)
    if hairline:
        context.fill_preserve()
        context.stroke()
    else:
        context.fill()


def draw_captions(context: Any, sheet: Sheet, style: Style) -> None:
    """Write the captions of ``sheet``, in the colour of the ink."""
    set_colour(context, style.colour)
    context.select_font_face("sans-serif")
    context.set_font_size(sheet.caption_size)
    for placed in sheet.placed:
        if placed.caption:
            context.move_to(*placed.caption_at)
            context.show_text(_showable(placed.caption))


def _showable(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def draw_rules(context: Any, sheet: Sheet) -> None:
    """Draw what is printed on the paper."""
    cairo = library()
    set_colour(context, RULE_COLOUR)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_width(paper.RULE_WIDTH)
    for left, top, right, bottom in paper.rules(sheet.ruling, sheet.width, sheet.height).tolist():
        context.move_to(left, top)
        context.line_to(right, bottom)
    context.stroke()
    context.set_line_width(paper.DOT_WIDTH)
    for x, y in paper.dots(sheet.ruling, sheet.width, sheet.height):
        context.move_to(x, y)
        context.line_to(x + 0.01, y)
    context.stroke()
