"""Quick, Draw!: a drawing a line, raw with times or simplified."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunHw
from hypothesis import given, settings, strategies as st

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.reading import read_any

RAW = {
    "key_id": "5891796615823360", "word": "nose", "countrycode": "AE", "recognized": True,
    "timestamp": "2017-03-01 20:41:36.70725 UTC",
    "drawing": [[[129.5, 128, 129], [25, 24.25, 26], [40, 51, 69]], [[7, 8], [9, 10], [500, 540]]],
}  # fmt: skip
SIMPLIFIED = RAW | {"key_id": "2", "drawing": [[[0, 255], [0, 12]], [[], []], [[7], [9]]]}


def read(*records: Any, **options: Any) -> list[Drawing]:
    content = "".join(f"{json.dumps(record)}\n" for record in records)
    return list(read_any(io.BytesIO(content.encode()), "f", **options))


def test_a_raw_drawing_has_its_times_in_seconds() -> None:
    (drawing,) = read(RAW)
    assert drawing.points.tolist() == [[129.5, 25, 0], [128, 24.25, 0], [129, 26, 1], [7, 9, 0], [8, 10, 1]]
    assert drawing.id == "5891796615823360"
    assert drawing.time is not None
    np.testing.assert_allclose(drawing.time, [0, 0.011, 0.029, 0.46, 0.5], rtol=1e-6)


def test_a_word_that_was_drawn_is_no_text_that_was_written() -> None:
    (drawing,) = read(RAW)
    assert drawing.text == ""
    assert dict(drawing.extra) == {key: RAW[key] for key in ("word", "countrycode", "timestamp", "recognized")}


def test_a_simplified_drawing_has_no_times_and_no_empty_strokes() -> None:
    (drawing,) = read(SIMPLIFIED)
    assert drawing.points.tolist() == [[0, 0, 0], [255, 12, 1], [7, 9, 1]]
    assert drawing.time is None


def test_a_drawing_of_nothing_is_no_error() -> None:
    assert [len(drawing) for drawing in read(RAW | {"drawing": []}, RAW)] == [0, 5]


def test_each_line_is_a_drawing_even_among_points() -> None:
    own = [{"drawing": "a", "text": "x"}, {"x": 1, "y": 2, "up": 1}]
    found = read(*own, RAW, SIMPLIFIED, *own)
    assert [drawing.id for drawing in found] == ["a", RAW["key_id"], "2", "a"]
    assert [len(drawing) for drawing in found] == [1, 5, 3, 1]


def test_drawings_come_line_by_line() -> None:
    lines = iter([json.dumps(RAW).encode() + b"\n", b"broken\n"])

    class Slow(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            return next(lines)

    from hwcli.ink.jsonl import read_drawings

    assert next(read_drawings(Slow(), "f")).id == RAW["key_id"]


@pytest.mark.parametrize(
    ("strokes", "reason"),
    [
        ([[1, 2]], "lists"),
        ([[[1, 2]]], "lists"),
        ([[[1], [2], [3], [4]]], "lists"),
        ([[[1, 2], [3]]], "as many"),
        ([[[1, "2"], [3, 4]]], "not a number"),
        ([[[1, True], [3, 4]]], "not a number"),
        ([[[1, None], [3, 4]]], "not a number"),
        ([[[1, 1e10], [3, 4]]], "beyond"),
        ([[[1, 10**400], [3, 4]]], "beyond"),
        ([[[1], [3], [1e30]]], "beyond"),
        (["a"], "lists"),
    ],
)
def test_what_is_refused_is_told_with_its_line(strokes: Any, reason: str) -> None:
    with pytest.raises(BadInput, match=rf"^f:2: .*{reason}"):
        read(RAW, RAW | {"drawing": strokes})


def test_bad_lines_can_be_left_out() -> None:
    told: list[BadInput] = []
    found = read(RAW, RAW | {"drawing": [1]}, {"word": "x"}, SIMPLIFIED, on_bad=told.append)
    assert [drawing.id for drawing in found] == [RAW["key_id"], "2"]
    assert [bad.line for bad in told] == [2, 3]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(strokes=st.lists(values, max_size=4), id=values)
def test_any_values_are_read_or_refused(strokes: list[Any], id: Any) -> None:
    try:
        for drawing in read({"word": "x", "key_id": id, "drawing": strokes}):
            assert np.isfinite(drawing.points).all()
    except BadInput:
        pass


def test_a_file_goes_into_a_strokes_file_and_keeps_its_words(run_hw: RunHw, tmp_path: Path) -> None:
    path = tmp_path / "nose.ndjson"
    path.write_text(f"{json.dumps(RAW)}\n{json.dumps(SIMPLIFIED)}\n")
    run_hw("ingest", path, "--no-clean", "-o", tmp_path / "nose.h5")
    lines = run_hw("export", tmp_path / "nose.h5").out.splitlines()
    headers = [json.loads(line) for line in lines if b'"drawing"' in line]
    assert [(header["drawing"], header["word"], header["text"]) for header in headers] == [
        (RAW["key_id"], "nose", ""),
        ("2", "nose", ""),
    ]


def test_a_broken_file_ends_with_one_line(run_hw: RunHw, tmp_path: Path) -> None:
    path = tmp_path / "nose.ndjson"
    path.write_text(json.dumps(RAW)[:-40] + "\n")
    done = run_hw("ingest", path, "-o", tmp_path / "nose.h5", code=1)
    assert done.err.startswith(f"hw: {path}:1: not JSON")
    assert done.err.count("\n") == 1
