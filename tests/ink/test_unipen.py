"""UNIPEN: columns, components, segments, and pages without them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.pages import Page
from hwcli.ink.reading import read_any

DATA = """.VERSION 1.0
.DATA_SOURCE somewhere
.COMMENT Made up,
in two lines
.WRITER_ID  w 17
.HIERARCHY PAGE TEXT WORD CHARACTER
.COORD X Y T P
.SEGMENT TEXT 0-3 ? "two words"
.SEGMENT WORD 0-2:1 OK "two"
.SEGMENT CHARACTER 0 OK "t"
.SEGMENT WORD 2:2,3 ? "words"
.PEN_DOWN
0 0 1000 10
10 5 1010 20
.PEN_UP
11 5 1020 0
.PEN_DOWN
20 0 1030 40
21 0 1040 40
30 7 1050 10
.PEN_UP
.PEN_DOWN
 40 0 1100 5 41 1 1110 5
"""


def read(content: str, **options: object) -> list[Drawing]:
    return list(read_any(io.BytesIO(content.encode()), "f", **options))  # type: ignore[arg-type]


def test_words_where_they_are_labelled() -> None:
    two, words = read(DATA)
    assert not isinstance(two, Page)
    assert (two.id, two.text, two.writer, words.text) == ("1", "two", "w 17", "words")
    assert two.points.tolist() == [[0, 0, 0], [10, -5, 1], [20, 0, 0], [21, 0, 1]]
    assert words.points.tolist() == [[30, -7, 1], [40, 0, 0], [41, -1, 1]]
    assert two.time is not None
    assert two.pressure is not None
    np.testing.assert_allclose(two.time, [0, 0.01, 0.03, 0.04], atol=1e-6)
    np.testing.assert_allclose(two.pressure, [0.25, 0.5, 1, 1])


def test_a_page_where_nothing_is() -> None:
    (page,) = read(".COORD Y X\n.POINTS_PER_SECOND 100\n.PEN_DOWN\n1 2\n3 4\n.PEN_UP\n0 0\n.PEN_DOWN\n5 6\n")
    assert isinstance(page, Page)
    assert page.points.tolist() == [[2, -1, 0], [4, -3, 1], [6, -5, 1]]
    assert page.time is not None
    np.testing.assert_allclose(page.time, [0, 0.01, 0.03])
    assert page.pressure is None


def test_time_goes_on_while_the_pen_is_away() -> None:
    (page,) = read(".POINTS_PER_SECOND 200\n.PEN_DOWN\n1 2\n3 4\n.DT 150\n.PEN_DOWN\n5 6\n")
    assert page.time is not None
    np.testing.assert_allclose(page.time, [0, 0.005, 0.16], atol=1e-6)


def test_letters_keep_their_shape_where_the_resolutions_of_x_and_y_differ() -> None:
    (page,) = read(".X_POINTS_PER_INCH 508\n.Y_POINTS_PER_MM 40\n.PEN_DOWN\n0 0 10 40\n")
    np.testing.assert_allclose(page.points[1, :2], [10, -20])


def test_components_are_counted_anew_in_each_set() -> None:
    part = '.START_SET a\n.PEN_DOWN\n{0} 2\n.PEN_UP\n.PEN_DOWN\n3 4\n.SEGMENT WORD 0 ? "{0}"\n'
    found = read(part.format(5) + part.format(6))
    assert [(drawing.text, drawing.points[0, 0]) for drawing in found] == [("5", 5), ("6", 6)]


def test_a_segment_that_says_not_which_components_goes_on_up_to_the_next() -> None:
    one, two = read(
        '.SEGMENT DIGIT ? ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n.PEN_DOWN\n3 4\n'
        '.SEGMENT DIGIT ? ? "2"\n.PEN_DOWN\n5 6\n'
    )
    assert (one.text, one.points.tolist()) == ("1", [[1, -2, 1], [3, -4, 1]])
    assert (two.text, two.points.tolist()) == ("2", [[5, -6, 1]])


def test_a_segment_that_says_not_which_components_ends_with_its_set() -> None:
    (drawing,) = read('.SEGMENT WORD "1"\n.PEN_DOWN\n1 2\n.START_SET b\n.PEN_DOWN\n3 4\n')
    assert (drawing.text, drawing.points.tolist()) == ("1", [[1, -2, 1]])


def test_keywords_stand_at_the_start_of_a_line() -> None:
    (page,) = read(".SETUP Sampled between\n   .PEN_DOWN and .PEN_UP.\n.PEN_DOWN\n1 2\n")
    assert page.points.tolist() == [[1, -2, 1]]


def test_a_segment_that_says_nothing_is_no_fault() -> None:
    (page,) = read(".SEGMENT CHARACTER\n.PEN_DOWN\n1 2\n")
    assert isinstance(page, Page)


def test_escapes_in_labels() -> None:
    (drawing,) = read('.PEN_DOWN\n1 2\n.SEGMENT CHARACTER 0 ? "\\"\\\\ \\n a"\n')
    assert drawing.text == '"\\ a'


def test_labels_of_whole_pages_do_not_count() -> None:
    (page,) = read('.SEGMENT PAGE 0 ? "all of it"\n.PEN_DOWN\n1 2\n3 4\n')
    assert isinstance(page, Page)
    assert page.time is None


def test_latin_1_and_line_ends() -> None:
    content = (
        DATA.replace("two words", "d\u00e9j\u00e0").replace('"two"', '"d\u00e9j\u00e0"').replace("\n", "\r\n")
    )
    found = list(read_any(io.BytesIO(content.encode("latin-1")), "f"))
    assert found[0].text == "d\u00e9j\u00e0"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (".VERSION 1.0\n", "no ink"),
        (".PEN_UP\n1 2\n", "no ink"),
        (".PEN_DOWN\n1 2 3\n", "f:1: 3 numbers"),
        (".PEN_DOWN\n1 x\n", "not made of numbers"),
        (".PEN_DOWN\n1 inf\n", "out of range"),
        (".COORD X T\n", "both an X and a Y"),
        (".INCLUDE /etc/passwd\n", "put that file in the place of this line"),
        ('.PEN_DOWN\n1 2\n.SEGMENT WORD 0-7 ? "a"\n', "f:3: '0-7' is not within the 1"),
        ('.PEN_DOWN\n1 2\n.SEGMENT WORD x ? "a"\n', "says not which"),
        ('.PEN_DOWN\n1 2\n.PEN_UP\n3 4\n.SEGMENT WORD 1 ? "a"\n', "without ink"),
        (".PEN_DOWN\n1 2\n.SEGMENT\n", "without a level"),
        (".DT soon\n", "not made of numbers"),
        (".DT\n", "."),
        (".PEN_DOWN\n1 2\n" + '.SEGMENT WORD 0 ? "a"\n' * 9, "again and again"),
        (".PEN_DOWN\n1 2\n" * 3000 + ".SEGMENT WORD " + "0-2999," * 3000 + '0 ? "a"\n', "again and again"),
        (
            ".PEN_DOWN\n1 2\n" + ".PEN_UP\n3 4\n" * 3000 + ".SEGMENT W " + "1-2999," * 3000 + '0 ? "a"\n',
            "again",
        ),
    ],
)
def test_what_is_refused(content: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(content)


def test_what_cannot_be_read_can_be_left_out() -> None:
    told: list[BadInput] = []
    (drawing,) = read(
        '.PEN_DOWN\n1\n.PEN_DOWN\n3 4\n.SEGMENT WORD 0 ? "a"\n.SEGMENT WORD 1 ? "b"\n', on_bad=told.append
    )
    assert (drawing.text, len(told)) == ("b", 2)


numbers = st.integers(-30_000, 30_000)


@given(strokes=st.lists(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), min_size=1, max_size=5))
def test_what_was_written_is_read(strokes: list[list[tuple[int, int]]]) -> None:
    body = "".join(".PEN_DOWN\n" + "".join(f"{x} {y}\n" for x, y in stroke) + ".PEN_UP\n" for stroke in strokes)
    (page,) = read(f".VERSION 1.0\n.COORD X Y\n{body}")
    for one, other in zip(page.strokes(), strokes, strict=True):
        np.testing.assert_array_equal(one[:, :2], np.array(other) * (1, -1))
