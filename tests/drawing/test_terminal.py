"""The preview in Braille characters: read back into dots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.terminal import preview
from hwcli.ink import Drawing

# Unicode, chapter 21.1: the bits of the dots 1 2 3 7 (left, from the top) and 4 5 6 8 (right).
BIT = {(0, 0): 0, (1, 0): 1, (2, 0): 2, (3, 0): 6, (0, 1): 3, (1, 1): 4, (2, 1): 5, (3, 1): 7}


def dots(text: list[str]) -> NDArray[np.bool_]:
    """Return the dots that lines of Braille characters show."""
    found = np.zeros((4 * len(text), 2 * max(map(len, text), default=0)), bool)
    for row, line in enumerate(text):
        for column, character in enumerate(line):
            for (y, x), bit in BIT.items():
                found[4 * row + y, 2 * column + x] = (ord(character) - 0x2800) >> bit & 1
    return found


def draw(*drawings: Drawing, columns: int = 80, rows: int = 24, captions: str = "") -> list[str]:
    return preview([lay_out(drawings, Layout(captions=captions))], columns, rows)


def ink(*points: tuple[float, float, float], name: str = "") -> Drawing:
    return Drawing(np.array(points, np.float32), id=name)


def ladder(letters: int) -> Drawing:
    """Return ``letters`` upright strokes side by side: a line far wider than high."""
    return ink(*[(40 * i, 100 * up, up) for i in range(letters) for up in (0, 1)])


def test_a_dot_is_one_dot() -> None:
    assert draw(ink((7, 7, 1))) == ["⠁"]


def test_upright_level_and_slanting_lines_run_where_they_should() -> None:
    shown = dots(draw(ink((0, 0, 0), (0, 10, 0), (10, 10, 0), (20, 0, 1))))
    height = np.flatnonzero(shown.any(axis=1)).max() + 1
    shown = shown[:height]
    assert shown[:, 0].all()  # down the left
    assert shown[-1, : shown.shape[1] // 3].all()  # along the bottom
    right = [np.flatnonzero(row).max() for row in shown[: -height // 4]]
    assert right == sorted(right, reverse=True)  # up to the right
    assert not shown[0, 1 : shown.shape[1] // 2].any()  # the pen does not jump back


def test_the_lifted_pen_leaves_a_gap() -> None:
    shown = dots(draw(ladder(2)))
    assert np.flatnonzero(shown.any(axis=0)).tolist() == [0, np.flatnonzero(shown.any(axis=0)).max()]


@given(
    st.lists(
        st.lists(st.tuples(st.floats(-500, 500), st.floats(-50, 50), st.integers(0, 1)), max_size=20),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 200),
    st.integers(2, 60),
    st.sampled_from(["", "id"]),
)
@settings(deadline=None, max_examples=60)
def test_it_fits_the_terminal(
    many: list[list[tuple[float, float, float]]], columns: int, rows: int, captions: str
) -> None:
    made = [Drawing(np.array(points, np.float32).reshape(-1, 3), id="name of it") for points in many]
    text = draw(*made, columns=columns, rows=rows, captions=captions)
    assert len(text) <= rows
    assert max(map(len, text), default=0) <= columns


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (80, 24), (200, 50)])
def test_a_long_line_is_wrapped_and_all_of_it_is_seen(columns: int, rows: int) -> None:
    text = draw(ladder(60), columns=columns, rows=rows)
    assert 1 < len(text) <= rows
    shown = dots(text).sum()
    assert shown >= 60 * 3
    assert shown % 60 == 0  # sixty uprights of one height


def test_a_line_is_broken_between_words() -> None:
    words = [(600 * word + 40 * i, 100 * up, up) for word in range(12) for i in range(8) for up in (0, 1)]
    text = draw(ink(*words), columns=60, rows=40)
    bands = "\n".join(text).split("\n")
    assert len(bands) > 3
    widths = {len(line) for line in text}
    assert max(widths) < 60  # no word was cut at the edge


def test_captions_stand_above_and_cannot_command_the_terminal() -> None:
    text = draw(ink((0, 0, 0), (9, 9, 1), name="evil \x1b[2J name"), captions="id")
    assert text[0] == "evil \ufffd[2J name"


def test_what_does_not_fit_is_counted() -> None:
    text = draw(*[ladder(5)] * 300, rows=10)
    assert len(text) <= 10
    assert text[-1].startswith("… and 29")


def test_the_first_drawing_is_seen_even_if_it_is_huge(rng: np.random.Generator) -> None:
    way = np.column_stack([np.cumsum(rng.normal(0, 1, (50_000, 2)), axis=0), np.zeros(50_000)])
    shown = dots(draw(Drawing(way.astype(np.float32)), columns=40, rows=10))
    assert shown.any(axis=1).sum() > 20
