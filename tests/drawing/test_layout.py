"""Where drawings go on the sheet."""

from __future__ import annotations

import numpy as np
import pytest

from hwcli.drawing.layout import Layout, cut_to, lay_out
from hwcli.drawing.sheet import Placed, Sheet
from hwcli.errors import HwError
from hwcli.ink import Drawing


def box(width: float, height: float, name: str = "") -> Drawing:
    """Return the outline of a rectangle, as one stroke."""
    corners = [(0, 0, 0), (width, 0, 0), (width, height, 0), (0, height, 0), (0, 0, 1)]
    return Drawing(np.array(corners, np.float32), id=name)


def boxes_of(sheet: Sheet) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each drawing."""
    return [(*one.points().min(axis=0), *one.points().max(axis=0)) for one in sheet.placed]


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_height_is_that_of_the_letters() -> None:
    placed = lay_out([box(200, 40)], Layout(height=2.5)).placed[0]
    assert np.ptp(placed.points()[:, 1]) == pytest.approx(2.5)


def test_the_unit_of_the_ink_makes_no_difference(made_drawings: list[Drawing]) -> None:
    sheets = []
    for factor in (1.0, 256.0):
        scaled = [Drawing(one.points * np.array([factor, factor, 1], np.float32)) for one in made_drawings]
        sheets.append(lay_out(scaled, Layout()))
    assert (sheets[0].width, sheets[0].height) == pytest.approx((sheets[1].width, sheets[1].height), abs=0.002)


def test_one_scale_for_all_or_one_each() -> None:
    made = [box(100, 20), box(50, 10)]
    together, each = lay_out(made, Layout()), lay_out(made, Layout(each=True))
    assert together.placed[0].scale == together.placed[1].scale
    assert [np.ptp(one.points()[:, 1]) for one in each.placed] == pytest.approx([3, 3])


def test_a_stack_goes_down_in_order_at_the_left_edge() -> None:
    layout = Layout(margin=7, pen=1)
    sheet = lay_out([box(100, 10), box(30, 20), box(60, 10)], layout)
    found = boxes_of(sheet)
    assert [left for left, *_ in found] == pytest.approx([7.5] * 3)
    tops, bottoms = [top for _, top, *_ in found], [bottom for *_, bottom in found]
    assert tops[0] == pytest.approx(7.5)
    assert all(below > above for above, below in zip(bottoms, tops[1:], strict=False))
    assert sheet.height == pytest.approx(bottoms[-1] + 7.5, abs=0.001)
    assert sheet.width == pytest.approx(found[0][2] + 7.5, abs=0.001)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7])
@pytest.mark.parametrize("columns", [2, 3])
def test_a_grid_fills_row_by_row_and_nothing_overlaps(count: int, columns: int) -> None:
    made = [box(20 + 13 * (i % 4), 8 + 5 * (i % 3), f"n{i}") for i in range(count)]
    sheet = lay_out(made, Layout(columns=columns, captions="id"))
    found = boxes_of(sheet)
    assert not any(overlap(a, b) for i, a in enumerate(found) for b in found[:i])
    lefts = sorted({round(left, 6) for left, *_ in found})
    assert len(lefts) == min(columns, count)
    assert [lefts.index(round(left, 6)) for left, *_ in found] == [i % columns for i in range(count)]
    assert max(right for *_, right, _ in found) < sheet.width
    assert max(bottom for *_, bottom in found) < sheet.height


def test_captions_stand_above_their_drawings_and_within_the_sheet() -> None:
    made = [box(100, 10, "first"), box(10, 10, "a long name for a small drawing")]
    sheet = lay_out(made, Layout(captions="id"))
    for one, (left, top, _, _) in zip(sheet.placed, boxes_of(sheet), strict=True):
        assert one.caption == one.drawing.id
        assert one.caption_at[0] == left
        assert one.caption_at[1] < top
        assert one.caption_at[1] - sheet.caption_size >= 0


def test_a_caption_that_is_too_long_is_cut() -> None:
    sheet = lay_out([box(10, 10, "x" * 10_000)], Layout(captions="id"))
    assert sheet.placed[0].caption.endswith("x…")
    assert len(sheet.placed[0].caption) < 300
    assert sheet.width < 400


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [("", 3, ""), ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("漢字漢字", 5, "漢字…"), ("abc", 0, "…")],
)
def test_cut_to(text: str, room: float, expected: str) -> None:
    assert cut_to(text, room) == expected


@pytest.mark.parametrize(
    "points",
    [[(1, 2, 1)], [(0, 0, 0), (9, 0, 1)], [(0, 0, 0), (0, 9, 1)], [(3, 3, 0), (3, 3, 1)]],
    ids=["dot", "level", "upright", "still"],
)
def test_ink_without_width_or_height_has_a_sheet_of_some_size(points: list[tuple[float, float, float]]) -> None:
    sheet = lay_out([Drawing(np.array(points, np.float32))], Layout(margin=0, pen=0.1))
    assert 0 < sheet.width <= 31
    assert 0 < sheet.height <= 31


def test_a_drawing_without_points_keeps_its_cell() -> None:
    empty = Drawing(np.zeros((0, 3), np.float32), id="empty")
    sheet = lay_out([box(10, 10), empty, box(10, 10)], Layout(columns=2))
    assert [len(one.points()) for one in sheet.placed] == [5, 0, 5]
    assert sheet.placed[2].corner[1] > sheet.placed[0].corner[1]


def test_large_coordinates_with_small_ink_keep_their_shape() -> None:
    far = box(64, 32)
    far.points[:, :2] += np.float32(1 << 20)
    near, there = (lay_out([one], Layout()).placed[0].points() for one in (box(64, 32), far))
    assert np.allclose(near, there)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_coordinate_that_is_no_number_is_refused_by_name(bad: float) -> None:
    spoilt = box(10, 10, "a01")
    spoilt.points[2, 1] = bad
    with pytest.raises(HwError, match=r"a01.*not a finite number"):
        lay_out([box(10, 10), spoilt], Layout())


def test_a_drawing_of_another_size_altogether_is_refused_by_name(made_drawings: list[Drawing]) -> None:
    with pytest.raises(HwError, match=r"'far'.*as large as its letters"):
        lay_out([*made_drawings, box(1e30, 1e30, "far")], Layout())
    sheet = lay_out([*made_drawings, box(1e30, 1e30, "far")], Layout(each=True))
    assert isinstance(sheet.placed[-1], Placed)
