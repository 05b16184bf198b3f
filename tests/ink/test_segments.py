"""Which points are which character, as a drawing's header tells."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwcli.ink import Drawing
from hwcli.ink.cleaning import NOTHING, Cleaning, clean
from hwcli.ink.segments import characters, cut_out, ends_of, with_ends, words


def drawing(text: str = "ab c", ends: Any = (2, 4, 4, 6)) -> Drawing:
    points = np.array([(x, x % 2, x in (3, 5)) for x in range(6)], np.float32)
    time = np.arange(6, dtype=np.float32) + 1
    made = Drawing(points, id="one", text=text, writer="w", time=time, extra={"seed": 3})
    return with_ends(made, ends)


def test_words_and_characters_are_what_is_between_blanks() -> None:
    assert words(drawing()) == [("ab", 0, 4), ("c", 4, 6)]
    assert characters(drawing()) == [("a", 0, 2), ("b", 2, 4), ("c", 4, 6)]


def test_a_mark_is_of_its_character() -> None:
    marked = drawing("e\u0301 c", (2, 4, 4, 6))
    assert characters(marked) == [("e\u0301", 0, 4), ("c", 4, 6)]


def test_without_ends_there_are_none() -> None:
    plain = replace(drawing(), extra={})
    assert ends_of(plain) is None
    assert words(plain) == characters(plain) == []


@pytest.mark.parametrize(
    "ends",
    [
        [],
        [2, 4, 6],
        [2, 4, 4, 5],
        [2, 4, 4, 7],
        [2, 1, 4, 6],
        [-1, 4, 4, 6],
        [2, 4, 4, 6.0],
        "2446",
        [True, 4, 4, 6],
    ],
)
def test_ends_that_do_not_fit_the_ink_and_its_text_tell_nothing(ends: Any) -> None:
    wrong = replace(drawing(), extra={"ends": ends})
    assert ends_of(wrong) is None
    assert words(wrong) == []


def test_a_part_is_a_drawing_of_its_own() -> None:
    first, last = (cut_out(drawing(), part, f"one-{part.text}") for part in words(drawing()))
    assert (first.id, first.text, first.writer, dict(first.extra)) == ("one-ab", "ab", "w", {"seed": 3})
    assert first.points[:, 0].tolist() == [0, 1, 2, 3]
    assert last.points.tolist() == [[4, 0, 0], [5, 1, 1]]
    assert last.time is not None
    assert last.time.tolist() == [0, 1]


def test_a_part_does_not_stand_where_the_whole_line_was_indented() -> None:
    whole = replace(drawing(), extra={**drawing().extra, "indent": 4})
    assert dict(cut_out(whole, words(whole)[1], "b").extra) == {"seed": 3}


def test_a_part_that_ends_inside_a_stroke_ends_with_the_pen_up() -> None:
    part = cut_out(drawing(), characters(drawing())[0], "a")
    assert part.points[:, 2].tolist() == [0, 1]
    assert drawing().points[1, 2] == 0


def test_cleaning_that_takes_points_out_takes_what_is_said_of_them() -> None:
    repeated = drawing()
    repeated.points[1] = repeated.points[0]
    kept = clean(repeated, NOTHING, Counter(), Counter())
    cleaned = clean(repeated, Cleaning(), Counter(), Counter())
    assert kept is not None
    assert cleaned is not None
    assert (len(kept), kept.extra["ends"]) == (6, [2, 4, 4, 6])
    assert (len(cleaned), dict(cleaned.extra)) == (5, {"seed": 3})


def test_what_is_said_of_points_goes_when_as_many_are_put_in_as_taken_out() -> None:
    x = [*range(20), 20, 20, 60, *range(61, 80)]
    points = np.array([(place, 0, 0) for place in x], np.float32)
    points[-1, 2] = 1
    said = with_ends(Drawing(points, text="ab", time=np.arange(len(x), dtype=np.float32)), (21, len(x)))
    for longest in (10.0, 15.0, 30.0):
        cleaned = clean(said, Cleaning(longest=longest), Counter(), Counter())
        assert cleaned is not None
        assert "ends" not in cleaned.extra
