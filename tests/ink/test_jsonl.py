"""JSON lines of points: what is written, what is taken, what is refused and where."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.jsonl import DrawingWriter, read_drawings

COORDINATES = st.floats(-1e9, 1e9, width=32)


@st.composite
def inks(draw: st.DrawFn) -> Drawing:
    """Any drawing that can be written."""
    n = draw(st.integers(0, 12))
    points = np.zeros((n, 3), np.float32)
    points[:, :2] = draw(arrays.arrays(np.float32, (n, 2), elements=COORDINATES))
    points[:, 2] = draw(arrays.arrays(np.bool_, n))
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    pressure = draw(st.none() | arrays.arrays(np.float32, n, elements=st.floats(0, 1, width=32)))
    return Drawing(
        points,
        id=draw(texts),
        text=draw(texts),
        writer=draw(texts),
        source=draw(texts),
        pressure=pressure if n else None,
        extra=draw(st.dictionaries(texts.map("k".__add__), st.integers() | texts, max_size=2)),
    )


def written(*drawings: Drawing) -> bytes:
    file = io.BytesIO()
    for drawing in drawings:
        DrawingWriter(file).write(drawing)
    return file.getvalue()


def read(content: bytes | str) -> list[Drawing]:
    return list(read_drawings(io.BytesIO(content if isinstance(content, bytes) else content.encode()), "f"))


@given(drawings=st.lists(inks(), max_size=3))
def test_what_is_written_is_read_back_the_same(drawings: list[Drawing]) -> None:
    back = read(written(*drawings))
    assert len(back) == len(drawings)
    for one, other in zip(drawings, back, strict=True):
        np.testing.assert_array_equal(one.points, other.points)
        assert (one.id, one.text, one.writer, one.source) == (other.id, other.text, other.writer, other.source)
        assert dict(one.extra) == dict(other.extra)
        assert (one.pressure is None) == (other.pressure is None)
        if one.pressure is not None:
            np.testing.assert_array_equal(one.pressure, other.pressure)


def test_the_form_that_is_written() -> None:
    points = np.array([[895, 0.1, 0], [-0.31, 1e-7, 1]], np.float32)
    drawing = Drawing(points, "a", 'say "é"', "me", extra={"seed": 3}, time=np.array([0, 0.013], np.float32))
    assert written(drawing).decode().splitlines() == [
        '{"drawing":"a","text":"say \\"é\\"","writer":"me","seed":3,"version":1}',
        '{"x":895.0,"y":0.1,"up":0,"t":0.0}',
        '{"x":-0.31,"y":1e-07,"up":1,"t":0.013}',
    ]


def test_each_call_reaches_the_file() -> None:
    class Counting(io.BytesIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    file = Counting()
    writer = DrawingWriter(file)
    writer.begin("a")
    writer.points([[0, 0, 0]])
    writer.points([[1, 1, 1]])
    assert file.flushed == 3
    assert len(read(file.getvalue())[0]) == 2


def test_points_that_are_not_finite_are_not_written() -> None:
    with pytest.raises(ValueError, match="finite"):
        DrawingWriter(io.BytesIO()).points([[np.nan, 0, 0]])


def test_the_reader_takes_more_than_the_writer_gives() -> None:
    content = b'\xef\xbb\xbf{"x":1,"y":2}\r\n\r\n[3, 4.5, 1]\r\n  {"y":6,"x":5,"up":true,"other":"ignored"}\n'
    (drawing,) = read(content)
    assert drawing.id == ""
    assert drawing.points.tolist() == [[1, 2, 0], [3, 4.5, 1], [5, 6, 1]]


def test_files_behind_one_another_are_their_drawings() -> None:
    one = written(Drawing(np.array([[1, 2, 1]], np.float32), "a"), Drawing(np.zeros((0, 3), np.float32), "b"))
    assert [drawing.id for drawing in read(one + b"\xef\xbb\xbf" + one)] == ["a", "b", "a", "b"]


def test_time_counts_from_the_first_point() -> None:
    (drawing,) = read('{"x":1,"y":2,"t":1700000000.25}\n{"x":1,"y":2}\n{"x":1,"y":3,"t":1700000000.5}\n')
    np.testing.assert_array_equal(drawing.time, np.array([0, np.nan, 0.25], np.float32))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"x":1,"y":2,"up":0', "not JSON"),
        ('{"x":NaN,"y":2}', "NaN"),
        ('{"x":1,"y":-Infinity}', "Infinity"),
        ('{"x":1e308,"y":2}', "beyond"),
        ('{"x":1' + "0" * 400 + ',"y":2}', "beyond"),
        ('{"x":1' + "0" * 5000 + ',"y":2}', "digits|beyond"),
        ('{"x":"1","y":2}', "not a number"),
        ('{"x":1}', "y is missing"),
        ('{"x":true,"y":2}', "not a number"),
        ('{"x":1,"y":2,"up":2}', "up"),
        ('{"x":1,"y":2,"p":3}', "p is beyond"),
        ("[1,2]", "neither"),
        ("7", "neither"),
        ('{"other":1}', "header"),
        ('{"drawing":"a","version":2}', "newer"),
        ('{"drawing":"a","version":"x"}', "version"),
        ('{"drawing":["a"]}', "not a string"),
        ('{"drawing":"\\ud800"}', "Unicode"),
        ("[" * 100_000, "deeply"),
        (b'{"drawing":"\xff"}', "UTF-8"),
    ],
)
def test_what_is_refused_is_told_with_its_line(line: str | bytes, reason: str) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    with pytest.raises(BadInput, match=reason) as caught:
        read(b'{"drawing":"first"}\n[1,2,0]\n' + raw + b"\n[3,4,1]\n")
    assert str(caught.value).startswith("f:3: ")


def test_a_line_without_end_is_not_read_into_memory() -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            buffer[:] = b" " * len(buffer)
            self.taken += len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(BadInput, match="longer than"):
        list(read_drawings(io.BufferedReader(endless), "f"))
    assert endless.taken < 4 << 20


def test_bad_lines_can_be_left_out() -> None:
    told: list[BadInput] = []
    content = (
        '{"drawing":"a"}\n[1,2,0]\nrubbish\n[3,4,1]\n{"drawing":["b"]}\n[5,6,1]\n{"drawing":"c"}\n[7,8,1]\n'
    )
    drawings = list(read_drawings(io.BytesIO(content.encode()), "f", told.append))
    assert [(drawing.id, len(drawing)) for drawing in drawings] == [("a", 2), ("c", 1)]
    assert [bad.line for bad in told] == [3, 5]


def test_drawings_come_as_soon_as_they_are_whole() -> None:
    lines = iter([b'{"drawing":"a"}\n', b"[1,2,1]\n", b'{"drawing":"b"}\n'])

    class Slow(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            return next(lines)

    assert next(read_drawings(Slow(), "f")).id == "a"


def test_numbers_are_as_short_as_they_can_be(rng: np.random.Generator) -> None:
    points = np.column_stack([rng.normal(0, 1e3, (500, 2)).round(2), np.zeros(500)]).astype(np.float32)
    content = written(Drawing(points))
    assert len(content) < 40 * 501
    assert all(json.loads(line) for line in content.splitlines())


@pytest.mark.parametrize(
    "value", ["1e999", "[[-1e999]]", '{"a":{"b":1e400}}', "[" * 900 + "]" * 900, '"\\ud800"', "9" * 5000]
)
def test_what_could_not_be_passed_on_is_refused(value: str) -> None:
    with pytest.raises(BadInput, match=r"^f:1: "):
        list(read_drawings(io.BytesIO(b'{"drawing":"a","kept":%s}\n[1,2,1]\n' % value.encode()), "f"))
