"""Lines of a notebook that were written again: the newest counts, wherever the notebook is read."""

from __future__ import annotations

import io

import numpy as np
from conftest import RunHw
from hypothesis import given, strategies as st

from hwcli.ink import Drawing
from hwcli.ink.jsonl import DrawingWriter
from hwcli.ink.reading import read_any, read_versions
from hwcli.ink.replacing import COLLECTED, newest

POINTS = np.array([[0, 0, 0], [5, 9, 0], [9, 3, 1]], np.float32)


def line(id: str, replaces: str = "", source: str = COLLECTED) -> Drawing:
    return Drawing(
        POINTS.copy(), id=id, text=f"line {id}", source=source, extra={"replaces": replaces} if replaces else {}
    )


def ids(drawings: object) -> list[str]:
    return [drawing.id for drawing in drawings]  # type: ignore[attr-defined]


def notebook(*lines: Drawing) -> bytes:
    file = io.BytesIO()
    for each in lines:
        DrawingWriter(file).write(each)
    return file.getvalue()


def test_a_line_that_was_written_twice_again_counts_once_as_its_last() -> None:
    assert ids(newest([line("a"), line("b"), line("c", "a"), line("d", "c")])) == ["b", "d"]


def test_a_line_replaces_the_last_before_it_that_has_the_name() -> None:
    two_notebooks = [line("a"), line("b"), line("a"), line("b", "a")]
    assert ids(newest(two_notebooks)) == ["a", "b", "b"]


@given(st.lists(st.sampled_from("abc"), max_size=6))
def test_what_is_no_notebook_passes_as_it_comes(names: list[str]) -> None:
    taken: list[str] = []

    def source() -> object:
        for name in names:
            taken.append(name)
            yield line(name, "a", source="")

    for number, drawing in enumerate(newest(source()), start=1):  # type: ignore[arg-type]
        assert len(taken) == number
        assert drawing.id == names[number - 1]


def test_readers_see_the_newest_and_whoever_asks_every_version() -> None:
    content = notebook(line("a"), line("b", "a"))
    assert ids(read_any(io.BytesIO(content), "n")) == ["b"]
    assert ids(read_versions(io.BytesIO(content), "n")) == ["a", "b"]


def test_a_notebook_is_drawn_without_what_was_written_again(run_hw: RunHw) -> None:
    content = notebook(line("a"), line("b"), line("c", "a"))
    svg = run_hw("render", "--format", "svg", "--captions", "id", stdin=content).text
    assert ">b<" in svg
    assert ">c<" in svg
    assert ">a<" not in svg
