"""Text on pages: where lines stand, what goes on the next page, and what has no room."""

from __future__ import annotations

import random

import numpy as np
import pytest
from conftest import make_ink
from numpy.typing import NDArray

from hwcli.drawing.baseline import baseline
from hwcli.drawing.layout import Layout
from hwcli.drawing.measures import Page
from hwcli.drawing.pages import SPACING, Setting, fill_pages, write_pages
from hwcli.drawing.paper import dots, rules
from hwcli.drawing.sheet import Placed, Sheet
from hwcli.drawing.size import letter_height
from hwcli.errors import HwError
from hwcli.ink import Drawing

A5 = Page(148, 210, 20, 20, 20, 20)
BLANK = Drawing(np.zeros((0, 3), np.float32))


def line(text: str, seed: int = 1, rise: float = 0.0) -> Drawing:
    strokes = make_ink.strokes_of_text(text, random.Random(seed))
    rows = [
        (x, y + rise * x, i == len(stroke)) for stroke in strokes for i, (x, y) in enumerate(stroke, start=1)
    ]
    return Drawing(np.array(rows, np.float32), id=text, text=text)


def lines(count: int) -> list[Drawing]:
    return [line("a thing made well and used", 7 + i, 0.03 * (i % 3 - 1)) for i in range(count)]


def pages(drawings: list[Drawing], page: Page = A5, seed: int = 1, **setting: object) -> list[Sheet]:
    layout = Layout(height=float(setting.pop("height", 2.0)))  # type: ignore[arg-type]
    return write_pages(drawings, page, layout, Setting(**setting), np.random.default_rng(seed))  # type: ignore[arg-type]


def stands(placed: Placed, letter: float) -> tuple[float, float]:
    """Return the slope of the base line of a placed drawing, and its height in the middle."""
    points = placed.points()
    on_paper = Drawing(np.column_stack([points, placed.drawing.points[:, 2]]).astype(np.float32))
    slope, offset = baseline(on_paper, letter)
    return slope, offset + slope * float(points[:, 0].mean())


def edges(placed: Placed) -> NDArray[np.float64]:
    return np.concatenate([placed.points().min(axis=0), placed.points().max(axis=0)])


def test_lines_stand_level_at_even_distances() -> None:
    (sheet,) = pages(lines(6))
    found = np.array([stands(placed, 2.0) for placed in sheet.placed])
    assert np.abs(found[:, 0]).max() < 0.01
    assert np.diff(found[:, 1]) == pytest.approx(SPACING * 2.0, abs=0.15)


def test_the_distance_of_lines_can_be_said() -> None:
    (sheet,) = pages(lines(3), spacing=12.0)
    assert np.diff([placed.corner[1] for placed in sheet.placed]) == pytest.approx(12)


def test_one_scale_for_all_gives_the_letters_their_height() -> None:
    (sheet,) = pages([*lines(5), line("it", 3)], height=2.5)
    assert len({placed.scale for placed in sheet.placed}) == 1
    assert sheet.letter == 2.5
    letter = letter_height(placed.drawing for placed in sheet.placed)
    assert letter is not None
    assert letter * sheet.placed[0].scale == pytest.approx(2.5, rel=0.05)


def test_a_line_that_was_indented_begins_further_right() -> None:
    flush, other, wrong = lines(3)
    other.extra, wrong.extra = {"indent": 4}, {"indent": "4"}
    (sheet,) = pages([flush, other, wrong])
    starts = [edges(placed)[0] for placed in sheet.placed]
    assert starts == pytest.approx([20.2, 20.2 + 4 * 1.5 * 2.0, 20.2])
    (sheet,) = pages([flush, other], align="right")
    assert [edges(placed)[2] for placed in sheet.placed] == pytest.approx([127.8, 127.8])


def test_room_before_a_line_counts_for_whether_it_fits() -> None:
    flush, other = lines(2)
    other.extra = {"indent": 40}
    (sheet,) = pages([flush, other])
    assert sheet.letter < 2
    assert edges(sheet.placed[1])[2] == pytest.approx(127.8)
    with pytest.raises(HwError, match="--x-height"):
        pages([flush, other], fits=False)


def test_a_blank_line_parts_paragraphs_but_begins_no_page() -> None:
    made = lines(3)
    (sheet,) = pages([BLANK, made[0], BLANK, made[1], made[2], BLANK])
    tops = [placed.corner[1] for placed in sheet.placed]
    assert np.diff(tops) == pytest.approx([2 * SPACING * 2.0, SPACING * 2.0])
    assert tops[0] == pytest.approx(pages(made)[0].placed[0].corner[1])


def test_what_does_not_fit_goes_on_the_next_page_and_ink_keeps_off_the_margins() -> None:
    found = pages(lines(60))
    assert [len(sheet.placed) for sheet in found][:-1] == [len(found[0].placed)] * (len(found) - 1)
    assert sum(len(sheet.placed) for sheet in found) == 60
    assert len(found) > 2
    for sheet in found:
        box = np.array([edges(placed) for placed in sheet.placed])
        assert box[:, 0].min() >= 20 - 1e-6
        assert box[:, 1].min() > 20 - 2  # a head may be taller than most
        assert box[:, 2].max() <= 128 + 1e-6
        assert box[:, 3].max() < 190 + 2


@pytest.mark.parametrize(("align", "side"), [("left", 0), ("right", 2)])
def test_lines_end_at_a_margin(align: str, side: int) -> None:
    (sheet,) = pages([line("it is", 1), line("a thing made well", 2)], align=align)
    found = [edges(placed)[side] for placed in sheet.placed]
    assert found == pytest.approx([20.2 if side == 0 else 127.8] * 2, abs=0.15)


def test_lines_in_the_middle() -> None:
    (sheet,) = pages([line("it is", 1), line("a thing made well", 2)], align="centre")
    assert [edges(placed)[[0, 2]].mean() for placed in sheet.placed] == pytest.approx([74, 74], abs=0.1)


def test_drift_is_a_little_and_the_same_for_the_same_seed() -> None:
    def corners(seed: int) -> NDArray[np.float64]:
        (sheet,) = pages(lines(12), drift=1.5, seed=seed)
        return np.array([(*placed.corner, placed.turn) for placed in sheet.placed])

    even = np.array([(*one.corner, one.turn) for one in pages(lines(12))[0].placed])
    moved = corners(1) - even
    assert np.array_equal(corners(1), corners(1))
    assert not np.array_equal(corners(1), corners(2))
    assert 0.3 < moved[:, 0].std() < 3
    assert 0.02 < np.abs(moved[:, 1]).max() < 1.5
    assert 0.0001 < np.abs(moved[:, 2]).max() < 0.04


@pytest.mark.parametrize("align", ["left", "right"])
def test_what_drifts_to_the_edge_of_the_page_is_not_cut_off(align: str) -> None:
    (sheet,) = pages(lines(12), Page(148, 210, 20, 0, 20, 0), drift=20.0, align=align)
    corners = [placed.corner[0] for placed in sheet.placed]
    ends = [corner + placed.size[0] for corner, placed in zip(corners, sheet.placed, strict=True)]
    half = Layout().pen / 2
    assert (min(corners) if align == "left" else 148 - max(ends)) == pytest.approx(half)


def test_a_drawing_of_many_lines_moves_no_line_of_the_pages() -> None:
    tall = line("a thing")
    tall.points[len(tall) // 2 :, 1] += 30 * float(np.ptp(tall.points[:, 1]))
    (alone,), (beside, *_) = pages(lines(6)), pages([*lines(6), tall])
    assert beside.placed[0].corner[1] == alone.placed[0].corner[1]


@pytest.mark.parametrize("margin", [0, 1])
def test_heads_and_tails_stay_on_the_paper_beside_narrow_margins(margin: int) -> None:
    heads, tails = line("a thing"), line("used")
    heads.points[:3, 1] -= 1.5 * float(np.ptp(heads.points[:, 1]))
    tails.points[-3:, 1] += 1.5 * float(np.ptp(tails.points[:, 1]))
    sheets = pages([heads, *lines(40), tails], Page(148, 210, *[margin] * 4))
    found = np.array([edges(placed) for sheet in sheets for placed in sheet.placed])
    assert found[:, 1].min() >= 0
    assert found[:, 3].max() <= 210


def test_letters_get_smaller_so_that_the_longest_line_fits() -> None:
    long = line("a thing made well and used long is seldom thrown away", 4)
    (sheet,) = pages([*lines(2), long], height=5.0)
    assert sheet.letter < 3
    assert max(edges(placed)[2] for placed in sheet.placed) == pytest.approx(127.8, abs=0.1)


def test_letters_of_a_height_that_was_asked_for_are_told_not_to_fit() -> None:
    long = line("a thing made well and used long is seldom thrown away", 4)
    with pytest.raises(
        HwError, match=r"a thing.*there is room for 108 mm: --x-height [0-9.]+mm fits"
    ) as caught:
        pages([long], height=5.0, fits=False)
    fitting = float(str(caught.value).split("--x-height ")[1].split("mm")[0])
    pages([long], height=fitting, fits=False)
    with pytest.raises(HwError):
        pages([long], height=1.02 * fitting + 0.01, fits=False)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Page(148, 210, 20, 80, 20, 80), "no room on a page of 148 x 210 mm"),
        (Page(148, 40, 18, 5, 18, 5), "no room for a line"),
    ],
)
def test_a_page_without_room_is_told(page: Page, said: str) -> None:
    with pytest.raises(HwError, match=said):
        pages(lines(1), page)


@pytest.mark.parametrize("seed", range(4))
def test_rules_are_where_the_lines_stand(seed: int) -> None:
    (sheet,) = pages([line("a thing made well", seed), line("and used long", seed)], paper="ruled")
    heights = rules(sheet.ruling, sheet.width, sheet.height)[:, 1]
    for placed in sheet.placed:
        assert np.abs(heights - placed.corner[1]).min() < 1e-6
        assert np.abs(heights - stands(placed, 2.0)[1]).min() < 0.2
    assert heights.min() >= 20
    assert heights.max() <= 190


@pytest.mark.parametrize("paper", ["squared", "dotted"])
def test_lines_stand_on_squares_and_dots(paper: str) -> None:
    (sheet,) = pages(lines(3), paper=paper)
    if paper == "squared":
        found = rules(sheet.ruling, sheet.width, sheet.height)
        rows, columns = found[found[:, 1] == found[:, 3], 1], found[found[:, 0] == found[:, 2], 0]
    else:
        places = np.array(list(dots(sheet.ruling, sheet.width, sheet.height)))
        columns, rows = (np.unique(places[:, axis]) for axis in (0, 1))
    assert np.diff(rows) == pytest.approx(5)
    assert np.diff(columns) == pytest.approx(5)
    for placed in sheet.placed:
        assert np.abs(rows - placed.corner[1]).min() < 1e-6


def test_a_grid_goes_over_pages_and_stays_within_them() -> None:
    found = fill_pages(lines(60), A5, Layout(height=2.0, columns=2, captions="id"), Setting())
    assert len(found) > 1
    assert [placed.drawing.id for sheet in found for placed in sheet.placed] == [
        "a thing made well and used"
    ] * 60
    for sheet in found:
        box = np.array([edges(placed) for placed in sheet.placed])
        assert box[:, :2].min() >= 20
        assert box[:, 2].max() <= 128
        assert box[:, 3].max() <= 190
        assert sheet.letter < 2


@pytest.mark.parametrize("columns", [2, 3, 8, 30])
def test_columns_that_had_to_get_smaller_are_as_wide_together_as_the_page_has_room(columns: int) -> None:
    alike = [line("a thing made well and used", 7)] * columns
    (sheet,) = fill_pages(alike, A5, Layout(height=3.0, columns=columns), Setting())
    assert sheet.letter < 3
    assert edges(sheet.placed[0])[0] == pytest.approx(20.2)
    assert edges(sheet.placed[-1])[2] == pytest.approx(127.8)


def test_a_drawing_without_room_in_its_cell_is_told() -> None:
    with pytest.raises(HwError, match="room for"):
        fill_pages(lines(3), A5, Layout(height=9.0, columns=3), Setting(fits=False))
