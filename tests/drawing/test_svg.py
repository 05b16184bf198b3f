"""SVG: read back with an XML parser and held against the points."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.sheet import Sheet
from hwcli.drawing.style import Style
from hwcli.drawing.svg import write_svg
from hwcli.ink import Drawing

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).with_name("golden") / "sheet.svg"

coordinates = st.floats(-1e4, 1e4, width=32, allow_subnormal=False).map(lambda value: round(value, 1))
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12)
inks = st.lists(strokes, min_size=1, max_size=6)


def drawing(ink: list[list[tuple[float, float]]], **header: object) -> Drawing:
    rows = [(x, y, i == len(stroke)) for stroke in ink for i, (x, y) in enumerate(stroke, start=1)]
    return Drawing(np.array(rows, np.float32), **header)  # type: ignore[arg-type]


def written(sheet: Sheet, style: Style | None = None) -> bytes:
    file = io.BytesIO()
    write_svg(sheet, style or Style(), file)
    return file.getvalue()


def points_of(path: ET.Element) -> NDArray[np.float64]:
    """Return the (n, 2) points that the curve of a path goes through; a dot gives one."""
    data = path.get("d") or ""
    assert re.fullmatch(r"M-?[0-9.]+[ -][0-9.]+(C-?[0-9.]+([ -][0-9.]+)*|h\.01)", data)
    begin, _, pieces = data[1:].removesuffix("h.01").partition("C")
    numbers = [float(number) for part in (begin, pieces) for number in re.findall(r"-?[0-9.]+", part)]
    return np.array(numbers, np.float64).reshape(-1, 2)[:: 3 if pieces else 1]


def paths_of(svg: bytes) -> list[NDArray[np.float64]]:
    return [points_of(path) for path in ET.fromstring(svg).iter(f"{SVG}path")]


@given(st.lists(inks, min_size=1, max_size=4), st.integers(1, 3))
@settings(deadline=None, max_examples=50)
def test_geometry_is_that_of_the_points(many: list[list[list[tuple[float, float]]]], columns: int) -> None:
    drawings = [drawing(ink) for ink in many]
    sheet = lay_out(drawings, Layout(columns=columns))
    root = ET.fromstring(written(sheet, Style(tolerance=0)))
    groups = root.findall(f"{SVG}g/{SVG}g")
    assert len(groups) == len(drawings)
    scale = sheet.placed[0].scale
    for one, group in zip(drawings, groups, strict=True):
        paths = [points_of(path) for path in group.findall(f"{SVG}path")]
        ink = list(one.strokes())
        assert len(paths) == len(ink)
        corner = np.min([path.min(axis=0) for path in paths], axis=0)
        origin = one.points[:, :2].min(axis=0)
        for path, stroke in zip(paths, ink, strict=True):
            expected = (stroke[:, :2].astype(np.float64) - origin) * scale + corner
            gaps = np.abs(path[:, None] - expected[None]).max(axis=2)
            assert gaps.min(axis=0).max() < 0.0011  # the curve goes through every point
            np.testing.assert_allclose(path[[0, -1]], expected[[0, -1]], atol=0.0021)
            assert len(path) <= len(expected)


@given(inks, st.floats(0, 20), st.floats(0.01, 5), st.floats(0.5, 30))
@settings(deadline=None, max_examples=50)
def test_ink_lies_within_the_sheet(
    ink: list[list[tuple[float, float]]], margin: float, pen: float, height: float
) -> None:
    sheet = lay_out([drawing(ink), drawing(ink[:1])], Layout(height=height, margin=margin, pen=pen))
    svg = written(sheet, Style(pen))
    root = ET.fromstring(svg)
    size = np.array((root.get("viewBox") or "").split(), float)[2:]
    assert (root.get("width"), root.get("height")) == tuple(
        f"{length:.3f}".rstrip("0").rstrip(".") + "mm" for length in size
    )
    ink_points = np.concatenate(paths_of(svg))
    room = margin + pen / 2 - 0.0011
    assert ink_points.min() >= room
    assert np.all(ink_points <= size - room)


def test_style_is_said_once_for_all_and_there_is_no_background() -> None:
    root = ET.fromstring(written(lay_out([drawing([[(0, 0), (5, 9)]])], Layout()), Style(0.25, "#123456")))
    assert [child.tag for child in root] == [f"{SVG}g"]
    assert root[0].attrib == {
        "fill": "none",
        "stroke": "#123456",
        "stroke-width": "0.25",
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }


def test_a_background_covers_the_sheet() -> None:
    sheet = lay_out([drawing([[(0, 0), (5, 9)]])], Layout())
    rectangle = ET.fromstring(written(sheet, Style(background="ivory")))[0]
    assert rectangle.tag == f"{SVG}rect"
    assert (float(rectangle.get("width", 0)), float(rectangle.get("height", 0))) == (sheet.width, sheet.height)


def test_a_pencil_s_filter_covers_the_sheet_and_not_the_box_of_a_level_line_which_is_nothing() -> None:
    sheet = lay_out([drawing([[(0, 0), (9, 0)]])], Layout())
    found = ET.fromstring(written(sheet, Style(pencil=True))).find(f"{SVG}defs/{SVG}filter")
    assert found is not None
    assert found.get("filterUnits") == "userSpaceOnUse"
    box = [float(found.get(name, "nan")) for name in ("x", "y", "width", "height")]
    assert box == [0, 0, sheet.width, sheet.height]


@pytest.mark.parametrize(
    "stroke", [[(3, 4)], [(3, 4), (3, 4)], [(3, 4), (3, 4.00001), (3, 4)]], ids=["single", "twice", "nearly"]
)
def test_a_stroke_without_extent_is_a_dot_with_a_length(stroke: list[tuple[float, float]]) -> None:
    svg = written(lay_out([drawing([[(0, 0), (9, 9)], stroke])], Layout()))
    assert [path.get("d", "").endswith("h.01") for path in ET.fromstring(svg).iter(f"{SVG}path")] == [
        False,
        True,
    ]


@given(st.text(), st.text())
@settings(deadline=None, max_examples=50)
def test_no_text_breaks_the_xml(name: str, text: str) -> None:
    one = drawing([[(0, 0), (40, 9)]], id=name, text=text)
    for captions in ("id", "text"):
        root = ET.fromstring(written(lay_out([one], Layout(captions=captions))))
        assert len(list(root.iter(f"{SVG}path"))) == 1


def test_the_title_is_the_text_and_else_the_id() -> None:
    made = [drawing([[(0, 0), (5, 9)]], id="a<1>", text=text) for text in ("5 > 4 & \x07 so on", "")]
    root = ET.fromstring(written(lay_out(made, Layout())))
    assert [title.text for title in root.iter(f"{SVG}title")] == ["5 > 4 & \ufffd so on", "a<1>"]
    assert [group.get("data-id") for group in root[0]] == ["a<1>", "a<1>"]


@pytest.mark.parametrize("path", ["stroke", "line", "all"])
def test_captions_are_written_whatever_paths_there_are(path: str) -> None:
    sheet = lay_out([drawing(INK, text="one"), drawing(INK, text="two")], Layout(captions="text"))
    root = ET.fromstring(written(sheet, Style(path=path)))
    assert [text.text for text in root.iter(f"{SVG}text")] == ["one", "two"]


# --- primes ------------------------------------------------------------------------------------------------

INK = [[(0, 0), (1, 5), (2, 0)], [(3, 0), (4, 5), (5, 0), (6, 5)], [(7, 7), (8, 2)]]


def primed(count: object) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return the paths of the prime and those of the rest."""
    sheet = lay_out([drawing(INK, extra={"prime_points": count})], Layout())
    group = ET.fromstring(written(sheet, Style(prime_colour="tomato")))[0][0]
    prime = group.findall(f"{SVG}g[@stroke='tomato']/{SVG}path")
    return [points_of(path) for path in prime], [points_of(path) for path in group.findall(f"{SVG}path")]


@pytest.mark.parametrize(
    ("count", "prime_lengths", "rest_lengths"),
    [
        (0, [], [3, 4, 2]),
        (2, [2], [2, 4, 2]),
        (3, [3], [4, 2]),
        (4, [3], [4, 2]),  # one point alone is no line
        (5, [3, 2], [3, 2]),
        (9, [3, 4, 2], []),
        (99, [3, 4, 2], []),
        (-3, [], [3, 4, 2]),
        ("5", [], [3, 4, 2]),
    ],
)
def test_a_stroke_across_the_end_of_the_prime_is_split_there(
    count: object, prime_lengths: list[int], rest_lengths: list[int]
) -> None:
    prime, rest = primed(count)
    assert [len(path) for path in prime] == prime_lengths
    assert [len(path) for path in rest] == rest_lengths


def test_the_two_parts_of_a_split_stroke_meet() -> None:
    prime, rest = primed(5)
    assert np.array_equal(prime[-1][-1], rest[0][0])


def test_without_a_prime_colour_nothing_is_split() -> None:
    sheet = lay_out([drawing(INK, extra={"prime_points": 5})], Layout())
    assert [len(path) for path in paths_of(written(sheet))] == [3, 4, 2]


# --- the same bytes ----------------------------------------------------------------------------------------


def golden_sheet() -> bytes:
    made = [
        drawing(INK, id="first", text="m & n", extra={"prime_points": 5}),
        drawing([[(100, 100)], [(110.5, 90.25), (120, 100)]], id="second"),
        Drawing(np.zeros((0, 3), np.float32), id="empty"),
    ]
    sheet = lay_out(made, Layout(columns=2, captions="id", margin=2))
    return written(sheet, Style(prime_colour="tomato", background="#fffff0"))


def test_golden_file() -> None:
    """Made anew, when the format changes by intent, with ``python tests/drawing/test_svg.py``."""
    assert golden_sheet() == GOLDEN.read_bytes()


def test_made_up_lines_give_the_same_bytes_twice(made_drawings: list[Drawing]) -> None:
    first, second = (written(lay_out(made_drawings, Layout(columns=3, captions="text"))) for _ in range(2))
    assert first == second


if __name__ == "__main__":
    GOLDEN.write_bytes(golden_sheet())
