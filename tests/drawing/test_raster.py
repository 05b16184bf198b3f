"""PNG, PDF and PostScript: their size, and ink where it should be."""

from __future__ import annotations

import io
import math
import re
import time

import numpy as np
import pytest
from conftest import CAIRO
from numpy.typing import NDArray
from PIL import Image

from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.raster import write_document, write_png
from hwcli.drawing.sheet import Placed, Sheet
from hwcli.drawing.style import Style
from hwcli.drawing.svg import write_svg
from hwcli.errors import HwError
from hwcli.ink import Drawing

pytestmark = CAIRO

PAPER = Style(background="white")


def sheet_of(*points: tuple[float, float, float], **layout: float) -> Sheet:
    return lay_out([Drawing(np.array(points, np.float32))], Layout(**layout))  # type: ignore[arg-type]


def png(sheet: Sheet, style: Style = PAPER, dpi: float = 254) -> Image.Image:
    file = io.BytesIO()
    write_png(sheet, style, dpi, file)
    return Image.open(io.BytesIO(file.getvalue()))


def svg_of(sheet: Sheet, style: Style) -> bytes:
    file = io.BytesIO()
    write_svg(sheet, style, file)
    return file.getvalue()


def document(sheet: Sheet, kind: str) -> bytes:
    file = io.BytesIO()
    write_document([sheet], PAPER, kind, file)
    return file.getvalue()


def darkness(image: Image.Image) -> NDArray[np.float64]:
    return 1 - np.asarray(image.convert("L"), np.float64) / 255


CORNER = ((0, 0, 0), (0, 39.9, 0), (0, 40, 0), (0.1, 40, 0), (80, 40, 1))  # an L: down, then right


@pytest.mark.parametrize("dpi", [10, 72, 150, 300.5])
def test_png_has_the_sheets_size_in_pixels_and_says_its_resolution(dpi: float) -> None:
    sheet = sheet_of(*CORNER)
    image = png(sheet, dpi=dpi)
    assert np.asarray(image.convert("RGBA"))[:, :, 3].min() == 255
    assert image.size == tuple(math.ceil(length * dpi / 25.4) for length in (sheet.width, sheet.height))
    assert image.info["dpi"] == pytest.approx((dpi, dpi), rel=0.01)


def test_ink_is_where_the_points_are_and_nowhere_else() -> None:
    sheet = sheet_of(*CORNER, pen=0.4)
    dark = darkness(png(sheet))  # 10 pixels a millimetre
    (left, top), (_, bottom), (right, _) = sheet.placed[0].points()[[0, 2, 4]] * 10
    rows, columns = np.nonzero(dark > 0.5)
    assert (columns.min(), columns.max() + 1) == pytest.approx((left - 2, right + 2), abs=1)
    assert (rows.min(), rows.max() + 1) == pytest.approx((top - 2, bottom + 2), abs=1)
    middle = dark[int(top) : int(bottom) - 5, int(left) + 5 :]
    assert middle.max() == 0
    assert dark.sum() == pytest.approx(4 * (right - left + bottom - top), rel=0.05)


def test_a_dot_is_round_and_as_wide_as_the_pen() -> None:
    dark = darkness(png(sheet_of((3, 3, 1), pen=2.0), Style(2.0, background="white")))
    assert dark.sum() == pytest.approx(math.pi * 100, rel=0.03)
    assert np.allclose(dark, dark[::-1], atol=0.4)


def test_it_is_what_cairosvg_makes_of_the_svg(made_drawings: list[Drawing]) -> None:
    import cairosvg

    primed = Drawing(made_drawings[2].points, extra={"prime_points": 40})
    sheet = lay_out([*made_drawings[:2], primed], Layout(columns=2))
    style = Style(0.6, "navy", "#f80", "white", tolerance=0)
    svg = io.BytesIO()
    write_svg(sheet, style, svg)
    image = png(sheet, style, 100)
    theirs = Image.open(io.BytesIO(cairosvg.svg2png(svg.getvalue(), scale=100 / 96)))
    size = (0, 0, min(image.width, theirs.width), min(image.height, theirs.height))
    both = [np.asarray(one.convert("RGB").crop(size), np.int16) for one in (image, theirs)]
    assert np.abs(both[0] - both[1]).max() < 128  # it strokes one line at a time, which shows where lines meet
    assert np.abs(both[0] - both[1]).mean() < 0.1


def test_black_pencil_is_no_pen() -> None:
    sheet = sheet_of(*CORNER, pen=2.0)
    pen, pencil = (
        darkness(png(sheet, Style(2.0, background="white", pencil=is_one))) for is_one in (False, True)
    )
    assert 0.2 * pen.sum() < pencil.sum() < 0.95 * pen.sum()  # the grain of the paper shows


def sheet_of_a_line(drawing: Drawing) -> Sheet:
    """Return a sheet with a drawing from (0, 0) to (100, 0), which comes to (5, 5), at a scale of 1."""
    return Sheet(110, 10, [Placed(drawing, 1.0, np.zeros(2), (5.0, 5.0), (100.0, 0.0))])


def test_pressure_is_where_the_pen_was_pressed() -> None:
    places = [*np.linspace(0, 1, 101).tolist(), 20.0, 40.0, 60.0, 80.0, 100.0]  # most points at the beginning
    points = np.array([(x, 0, 0) for x in places], np.float32)
    pressure = np.array([1.0] * 101 + [0.0] * 5, np.float32)
    sheet = sheet_of_a_line(Drawing(points, pressure=pressure))
    dark = darkness(png(sheet, Style(2.0, background="white", nib="pressure"))).sum(axis=0)  # 10 a millimetre
    assert dark[52] == pytest.approx(1.4 * 20, rel=0.1)
    assert dark[550] == pytest.approx(0.35 * 20, rel=0.1)


def test_a_prime_s_pressure_ends_with_the_prime() -> None:
    points = np.array([(x, 0, 0) for x in range(101)], np.float32)
    pressure = np.array([0.0] * 51 + [1.0] * 50, np.float32)
    drawing = Drawing(points, pressure=pressure, extra={"prime_points": 51})
    sheet = sheet_of_a_line(drawing)
    whole, split = (
        darkness(png(sheet, Style(2.0, background="white", nib="pressure", prime_colour=colour))) > 0.5
        for colour in (None, "#010101")
    )
    assert abs(int(whole.sum()) - int(split.sum())) < 0.02 * whole.sum()


def timed(seconds: list[float] | None) -> Drawing:
    """Return a straight line of two halves, of 50 points each, that take so many seconds."""
    points = np.array([(x, 0, x == 100) for x in range(101)], np.float32)
    if seconds is None:
        return Drawing(points)
    steps = np.repeat(np.array(seconds) / 50, 50)
    return Drawing(points, time=np.append(0.0, np.cumsum(steps)).astype(np.float32))


def test_ink_is_thin_where_the_pen_was_fast() -> None:
    style = Style(2.0, background="white", nib="speed")
    dark = darkness(png(sheet_of_a_line(timed([0.5, 4.0])), style)).sum(axis=0)  # 10 a millimetre
    assert dark[300] < 0.6 * dark[800]
    assert 0.5 * 20 - 1 < dark[300] < dark[800] < 1.25 * 20 + 1
    same = darkness(png(sheet_of_a_line(timed([1, 1])), style)).sum(axis=0)
    assert same[300] == pytest.approx(same[800], rel=0.02)


@pytest.mark.parametrize("times", [[0, 0], [1, -0.5], [1, math.nan]], ids=["none", "falling", "unknown"])
def test_times_that_tell_no_speed_leave_the_nib_as_it_is(times: list[float]) -> None:
    style = Style(2.0, background="white", nib="speed")
    with_times, without = (svg_of(sheet_of_a_line(timed(some)), style) for some in (times, None))
    assert with_times == without


def test_a_clock_of_whole_seconds_tells_no_speed() -> None:
    coarse, none = timed([2.0, 2.0]), timed(None)
    assert coarse.time is not None
    coarse.time = np.floor(coarse.time)
    style = Style(2.0, nib="speed")
    assert svg_of(sheet_of_a_line(coarse), style) == svg_of(sheet_of_a_line(none), style)


def test_without_a_background_png_is_transparent() -> None:
    image = png(sheet_of(*CORNER), Style())
    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize(("height", "dpi"), [(1000, 2000), (3, 100_000), (3000, 300)])
def test_an_image_too_large_is_refused_with_the_limit(height: float, dpi: float) -> None:
    with pytest.raises(HwError, match=r"32,767 a side and 100,000,000 in all.*--dpi"):
        png(sheet_of(*CORNER, height=height), dpi=dpi)


def test_a_page_too_large_is_refused_with_the_limit() -> None:
    with pytest.raises(HwError, match=r"the limit of PDF is 5,080 mm"):
        document(sheet_of(*CORNER, height=3000), "pdf")


def test_documents_have_the_sheets_size_in_points() -> None:
    sheet = sheet_of(*CORNER, height=20)
    in_points = [length / 25.4 * 72 for length in (sheet.width, sheet.height)]
    pdf, postscript = document(sheet, "pdf"), document(sheet, "ps")
    assert pdf.startswith(b"%PDF-")
    assert postscript.startswith(b"%!PS-Adobe-3")
    box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", pdf)
    media = re.search(rb"%%DocumentMedia: \S+ (\d+) (\d+)", postscript)
    assert box is not None
    assert media is not None
    assert [float(side) for side in box.groups()] == pytest.approx(in_points, abs=0.01)
    assert [float(side) for side in media.groups()] == pytest.approx(in_points, abs=1)


@pytest.mark.parametrize("kind", ["pdf", "ps"])
def test_documents_are_the_same_bytes_at_another_time(kind: str) -> None:
    sheet = sheet_of(*CORNER)
    first = document(sheet, kind)
    time.sleep(1.1)  # cairo would write the second into it
    assert document(sheet, kind) == first


def test_a_very_long_stroke_takes_time_in_proportion(rng: np.random.Generator) -> None:
    way = np.column_stack([np.cumsum(rng.normal(0, 1, (100_000, 2)), axis=0), np.zeros(100_000)])
    started = time.process_time()
    assert darkness(png(lay_out([Drawing(way.astype(np.float32))], Layout()), dpi=20)).any()
    assert time.process_time() - started < 10  # minutes, if it went with the square
