"""Many lines of points at once: the same as one after the other, and never of lines that one would refuse."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.errors import BadInput
from hwcli.ink.jsonl import read_drawings
from hwcli.ink.point_lines import point_lines

HEADER = b'{"drawing":"a","version":1}\n'
POINT = b'{"x":1.5,"y":-2,"up":0}\n'


class OneByOne(io.BytesIO):
    """A file that cannot be looked ahead in."""


def read(content: bytes, at_once: bool) -> tuple[list[Any], list[Any]]:
    """The drawings of ``content``, and what is said of its bad lines."""
    bad: list[BadInput] = []
    file = io.BufferedReader(io.BytesIO(content), 256) if at_once else OneByOne(content)  # type: ignore[arg-type]
    drawings = list(read_drawings(file, "ink", bad.append))
    return drawings, [(error.line, error.reason) for error in bad]


def assert_same(content: bytes) -> None:
    (drawings, bad), (expected, expected_bad) = read(content, True), read(content, False)
    assert bad == expected_bad
    assert len(drawings) == len(expected)
    for one, other in zip(drawings, expected, strict=True):
        assert one.id == other.id
        for name in ("points", "time", "pressure"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
ODD = [
    b"", b"{}", b"[1, 2, 0]", b"[1,2]", b"[[[[", b"\xff", b'{"x":1', b'"y":1,"up":0}',
    b'{"x":NaN,"y":1,"up":0}', b'{"x":true,"y":1,"up":0}', b'{"x":1,"y":1,"up":2}', b'{"x":1,"y":1}',
    b'{"x":1e999,"y":1,"up":0}', b'{"x":1,"y":1,"up":0},{"x":1,"y":1,"up":0}', b'{"x":"1","y":2,"up":0}',
    b'{"x":1,"y":2,"up":0,"t":1.5}', b'{"x":1,"y":2,"up":0,"p":0.5}', b'{"x":1,"y":2,"up":0,"p":1.5}',
    b'{"x":1,"y":2,"up":0}\r', b'{"x":1,"y":2,"up":0,"note":{}}', b'{"drawing":"b"}', b'{"text":"drawing"}',
    b'{"x":1%s,"y":2,"up":0}' % (b"0" * 400), b' {"x": 1, "y": 2, "up": 1} ',
    b'{"x1":1,"y":2,"up":0}', b'{"x":1,"up":0,"y":1}', b'3{"x":1,"y":2,"up":0}', b'{"x":1,"y":2,"up":0}1',
    b'{"x":1,2"y":2,"up":0}', b'{"x":1 2,"y":2,"up":0}', b'{"x":1 2, "y": 2, "up": 0}', b'{"x":,"y":2,"up":0}',
    b'{"x": 1, "y": 2, "up": 0, "t": 1, "p": 0}', b'{"x":1,"y":2,"up":0,"p":0.5,"t":1}',
    b'{"x":1,"y":2,"up":0,}', b'{"x":01,"y":2,"up":0}', b'{"x":1e,"y":2,"up":0}', b'{"x":1.,"y":.5,"up":-0.0}',
    b'{"x":--1,"y":+2,"up":0}',
]  # fmt: skip


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(0, 1)), max_size=60), st.booleans())
def test_what_a_writer_writes(points: list[Any], is_timed: bool) -> None:
    more = {"t": 0.25} if is_timed else {}
    lines = [json.dumps({"x": x, "y": y, "up": up, **more}).encode() + b"\n" for x, y, up in points]
    assert_same(HEADER + b"".join(lines) + HEADER + b"".join(lines[:7]))


@given(st.lists(st.sampled_from(ODD) | st.just(POINT.strip()), max_size=40))
def test_what_is_odd_is_read_or_refused_as_it_would_be_alone(lines: list[bytes]) -> None:
    assert_same(HEADER + POINT * 3 + b"\n".join(lines) + b"\n" + POINT * 9)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_each_of_them_among_points(odd: bytes) -> None:
    assert_same(HEADER + POINT * 3 + odd + b"\n" + POINT * 40 + odd)


@pytest.mark.parametrize("space", ["", " "])
@pytest.mark.parametrize("more", [{}, {"t": 1.5}, {"p": 0.25}, {"t": 2, "p": 1}], ids=repr)
def test_what_programs_write_is_read_at_once(space: str, more: dict[str, float]) -> None:
    point = {"x": -1.5e-05, "y": 2, "up": 1, **more}
    line = json.dumps(point, separators=("," + space, ":" + space)).encode() + b"\n"
    points = point_lines(line * 3)[1]
    assert points is not None
    np.testing.assert_array_equal(points.points, [[-1.5e-05, 2, 1]] * 3)
    np.testing.assert_array_equal(points.times, [more.get("t", np.nan)] * 3)
    np.testing.assert_array_equal(points.pressures, [more.get("p", np.nan)] * 3)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_lines_alone(odd: bytes) -> None:
    assert_same(HEADER + (odd + b"\n") * 20)


def test_points_are_taken_up_to_the_next_header() -> None:
    block, points = point_lines(POINT * 3 + HEADER + POINT)
    assert block == POINT * 3
    assert points is not None
    np.testing.assert_array_equal(points.points, [[1.5, -2, 0]] * 3)
    assert np.isnan(points.times).all()
    assert point_lines(POINT[:-1])[1] is None
