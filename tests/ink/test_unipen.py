"""UNIPEN: columns, components, segments, and pages without them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunHw
from hypothesis import given, strategies as st

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.pages import Page
from hwcli.ink.reading import open_ink, read_any

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


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A root as UNIPEN's: data in one folder, what they include in another."""
    for name, content in {
        "data/1a/main.dat": '.INCLUDE w/w.doc\n.INCLUDE part.dat\n.SEGMENT WORD 0-1 ? "both"\n',
        "data/1a/part.dat": ".PEN_DOWN\n5 6\n",
        "include/w/w.doc": ".WRITER_ID w\n.INCLUDE ink/w.dat\n",
        "include/w/ink/w.dat": ".COORD Y X\n.PEN_DOWN\n1 2\n3 4\n",
        "secret": ".PEN_DOWN\n1 2\n",
    }.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(content)
    (tmp_path / "outside").write_text(".PEN_DOWN\n1 2\n")
    return tmp_path / "root"


def read_file(path: Path, content: str | None = None, on_bad: Callable[[BadInput], None] | None = None) -> Any:
    if content is not None:
        path.write_text(content)
    with open_ink(path, on_bad) as drawings:
        return list(drawings)


def test_included_files_are_read_in_their_place(data: Path) -> None:
    (drawing,) = read_file(data / "data/1a/main.dat")
    assert (drawing.text, drawing.writer) == ("both", "w")
    assert drawing.points.tolist() == [[2, -1, 0], [4, -3, 1], [6, -5, 1]]


@pytest.mark.parametrize("name", ["../../secret", "secret", '"secret"', "../../include/w/ink/w.dat"])
def test_files_may_be_anywhere_in_the_root(data: Path, name: str) -> None:
    assert read_file(data / "data/1a/a.dat", f".INCLUDE {name}\n")


def test_a_fault_in_an_included_file_is_told_with_its_name(data: Path) -> None:
    (data / "include/w/ink/w.dat").write_text(".PEN_DOWN\n1 2\n.PEN_DOWN\n1 2 3\n")
    with pytest.raises(BadInput, match=r"include/w/ink/w\.dat:3: 3 numbers"):
        read_file(data / "data/1a/main.dat")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (".PEN_DOWN\n1 2\n.INCLUDE none.dat\n", r"a\.dat:3: it includes none\.dat: no such file in .*1a or "),
        (".INCLUDE a.dat\n", "which is included in itself"),
        (".INCLUDE ../../../outside\n", "outside of the data"),
        (".INCLUDE /etc/passwd\n", "outside of the data"),
        (".INCLUDE link\n", "outside of the data"),
        (".INCLUDE\n", "no such file"),
        (".INCLUDE .\n", "no such file"),
        (".INCLUDE " + "x" * 5000 + "\n", "it includes xxx"),
        (".INCLUDE a\0b\n", "it includes a"),
    ],
)
def test_what_is_not_included(data: Path, content: str, reason: str) -> None:
    (data / "data/1a/link").symlink_to(data.parent / "outside")
    for on_bad in (None, lambda bad: None):  # numbers of components would be wrong without it
        with pytest.raises(BadInput, match=reason):
            read_file(data / "data/1a/a.dat", content, on_bad)


def test_files_that_include_each_other_end(data: Path) -> None:
    folder = data / "data/1a"
    read_file(folder / "a.dat", ".PEN_DOWN\n1 2\n.INCLUDE part.dat\n.INCLUDE part.dat\n")
    (folder / "b.dat").write_text(".INCLUDE c.dat\n")
    with pytest.raises(BadInput, match="included in itself"):
        read_file(folder / "c.dat", ".INCLUDE b.dat\n")
    for number in range(40):
        (folder / f"{number}.dat").write_text(f".INCLUDE {number + 1}.dat\n" * 10)
    with pytest.raises(BadInput, match="too many included files"):
        read_file(folder / "0.dat")


def test_without_an_include_folder_only_what_is_beside_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "outside").write_text(".PEN_DOWN\n1 2\n")
    (tmp_path / "in/part").write_text(".PEN_DOWN\n1 2\n")
    assert len(read_file(tmp_path / "in/a.dat", ".INCLUDE part\n")) == 1
    with pytest.raises(BadInput, match="outside of the data"):
        read_file(tmp_path / "in/a.dat", ".INCLUDE ../outside\n")


def test_the_commands_read_included_files(run_hw: RunHw, data: Path) -> None:
    run_hw("ingest", "1a/main.dat", "-o", data / "a.h5", cwd=data / "data")
    for other in (("info",), ("export",), ("render", "--format", "svg")):
        assert run_hw(other[0], "1a/main.dat", *other[1:], cwd=data / "data").out
    (data / "data/1a/part.dat").unlink()
    done = run_hw("ingest", "1a/main.dat", "-o", data / "b.h5", cwd=data / "data", code=1)
    assert done.err.startswith("hw: 1a/main.dat:2: it includes part.dat: no such file in ")
    assert done.err.count("\n") == 1
