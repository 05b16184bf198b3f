"""Marks on letters: taken off the text, set where the letters were written, and nothing else changed."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.writing.additions import Additions, add
from hwcli.writing.marks import Ink, designs, parted, places_of, script_of
from hwcli.writing.text import part_additions, prepare_text, told

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
ACUTE, DIAERESIS, CIRCUMFLEX, CEDILLA, OGONEK = "\u0301", "\u0308", "\u0302", "\u0327", "\u0328"
LETTERS = set(string.ascii_letters)


def written(strokes: Sequence[Sequence[tuple[float, float]]]) -> Ink:
    """Return ink of ``strokes``, each its (x, y) points, y downward."""
    parts = [np.column_stack([stroke, np.zeros(len(stroke))]) for stroke in strokes]
    for part in parts:
        part[-1, 2] = 1
    return np.concatenate(parts)


def letter_at(x: float, height: float = 10.0) -> list[tuple[float, float]]:
    """Return a letter as wide as 8, from its foot at y = 0 up and down again."""
    return [(x, 0), (x + 2, -height / 2), (x + 4, -height), (x + 6, -height / 2), (x + 8, 0)]


def marked(
    strokes: Sequence[Sequence[tuple[float, float]]], places: Sequence[int], text: str, seed: int = 0
) -> list[Ink]:
    """Return the strokes after the marks of ``text`` are set; the strokes are at these ``places``."""
    ink = written(strokes)
    of_points = np.repeat(places, [len(stroke) for stroke in strokes])
    found, _, _ = add(ink, of_points, part_additions(text, PRINTABLE), np.random.default_rng(seed))
    return np.split(found, np.flatnonzero(found[:-1, 2] > 0.5) + 1)


# --- texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character", "letter", "marks"),
    [
        ("é", "e", ACUTE),
        ("e\u0301", "e", ACUTE),
        ("Ü", "U", DIAERESIS),
        ("ệ", "e", "\u0323\u0302"),
        ("ø", "o", "\u0338"),
        ("ǿ", "o", "\u0338\u0301"),
        ("ŧ", "t", "\u0336"),
        ("ł", "l", "\u0337"),
        ("đ", "d", "\u0335"),
        ("Đ", "D", "\u0336"),
        ("ď", "d", "\u0315"),
        ("Ď", "D", "\u030c"),
        ("ķ", "k", "\u0326"),
        ("ç", "c", CEDILLA),
        ("ģ", "g", "\u0312"),
        ("ı", "i", ""),
    ],
)
def test_a_letter_is_parted_from_its_marks(character: str, letter: str, marks: str) -> None:
    assert parted(character, LETTERS) == (letter, marks)


@pytest.mark.parametrize("character", ["e", "中", "ß", "æ", "é\u20dd", "5\u0301", "ж", " \u0301"])
def test_what_is_no_letter_with_additions_that_can_be_set_is_not_parted(character: str) -> None:
    assert parted(character, LETTERS) is None


def test_a_network_must_know_the_letter() -> None:
    assert parted("é", {"a"}) is None
    assert parted("ı", {"a"}) is None


def test_a_text_keeps_its_marks_beside_it() -> None:
    text = prepare_text("  Cafe\u0301,  l’oeuvre naïve ", PRINTABLE, with_additions=True)
    assert text.text == "Café, l'oeuvre naïve"
    assert [note.character for note in text.notes] == ["’"]
    parts = part_additions(text.text, PRINTABLE)
    assert parts == Additions("Cafe, l'oeuvre naive", {3: ACUTE, 17: DIAERESIS})
    assert parts.after("so ").marks == {6: ACUTE, 20: DIAERESIS}
    assert parts.between(4, 20).marks == {17: DIAERESIS}


def test_a_network_that_has_learned_a_letter_writes_it_itself() -> None:
    assert part_additions("né", PRINTABLE + "é") == Additions("né")


@given(st.text(max_size=40))
def test_any_text_with_additions_is_settled_and_parted(text: str) -> None:
    found = prepare_text(text, PRINTABLE, "skip", with_additions=True)
    again = prepare_text(found.text, PRINTABLE, with_additions=True)
    assert (again.text, again.notes) == (found.text, ())
    assert set(part_additions(found.text, PRINTABLE).text) <= set(PRINTABLE)
    told(found.notes)


# --- ink ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", sorted(designs()))
def test_every_mark_is_set_at_its_letter_and_leaves_the_ink_as_it_is(mark: str) -> None:
    strokes = [letter_at(0), letter_at(12), letter_at(24)]
    for seed in range(8):
        text = Additions("nnn", {1: mark})
        found, _, _ = add(written(strokes), np.repeat([0, 1, 2], 5), text, np.random.default_rng(seed))
        parts = np.split(found, np.flatnonzero(found[:-1, 2] > 0.5) + 1)
        kept, added = [*parts[:2], parts[-1]], np.concatenate(parts[2:-1])
        np.testing.assert_array_equal(np.concatenate(kept), written(strokes))
        assert added[-1, 2] == 1
        x, y = added[:, 0].mean(), added[:, 1]
        where = designs()[mark][0]
        assert 10 < x < 26
        if where == "above":
            assert y.max() < -10.5
            assert y.min() > -22
            assert 13 < x < 19
        elif where in ("below", "tail"):
            assert y.max() > -1.5
            assert 2 < y.max() < 10
        elif where == "beside":
            assert y.min() < -9
        elif where == "ascender":
            assert -9 < y.mean() < -5
        else:
            assert -7 < y.mean() < -3


def test_marks_stand_one_above_another() -> None:
    *_, lower, upper, last = marked([letter_at(0), letter_at(12)], [0, 1], "e\u0302\u0301n")
    assert upper[:, 1].max() < lower[:, 1].min()
    assert last[0, 0] == 12


def test_a_mark_over_a_capital_is_over_all_of_its_strokes() -> None:
    capital = [[(0, 0), (4, -20)], [(4.0, -20.0), (8, 0)], [(1.0, -8.0), (7, -8)]]
    mark = marked([*capital, letter_at(12)], [0, 0, 1, 1], "Án")[2]
    assert mark[:, 1].max() < -21


def test_the_dot_of_an_i_gives_way_to_a_mark_above_alone() -> None:
    body: list[tuple[float, float]] = [(14, -10), (14, -5), (15, 0)]
    strokes = [letter_at(0), body, [(14.0, -15.0), (14.4, -14.6)], letter_at(20)]
    places = [0, 1, 1, 2]
    with_acute = marked(strokes, places, "nín")
    assert len(with_acute) == 4
    assert not any((stroke == [14, -15, 0]).all(axis=1).any() for stroke in with_acute)
    assert len(marked(strokes, places, "nın")) == 3
    assert len(marked(strokes, places, "nįn")) == 5
    far = [*strokes[:2], [(40.0, -15.0), (40.4, -14.6)], strokes[3]]
    assert len(marked(far, places, "nín")) == 5


def test_a_letter_has_what_the_window_gave_the_blank_before_it() -> None:
    high = [letter_at(0), [(30.0, -10.0), (30.0, 0.0), (38.0, 0.0), (38.0, -3.0)]]
    ink = written(high)
    # The upper part of the a counts as the blank's.
    found, _, _ = add(
        ink, np.array([0] * 5 + [1, 1, 2, 2]), part_additions("n à", PRINTABLE), np.random.default_rng(0)
    )
    assert found[-1, 2] == 1
    assert found[9:, 1].max() < -10
    stem, dot = [(14.0, -10.0), (14.0, -5.0), (15.0, 0.0)], [(14.2, -15.0), (14.6, -14.6)]
    (*_, first), (*_, second) = (
        marked([letter_at(0), stem, dot], places, text)
        for places, text in (([0, 1, 1], "ní"), ([0, 1, 2], "n í"))
    )
    np.testing.assert_array_equal(first, second)


def test_an_apostrophe_before_an_i_is_no_dot() -> None:
    body: list[tuple[float, float]] = [(14, -10), (14, -5), (15, 0)]
    apostrophe, dot = [(11.0, -15.0), (11.0, -13.0)], [(17.0, -15.0), (17.4, -14.6)]
    found = marked([letter_at(0), apostrophe, body, dot, letter_at(20)], [0, 1, 2, 2, 3], "l'în")
    assert any((stroke == [11, -15, 0]).all(axis=1).any() for stroke in found)
    assert not any((stroke == [17, -15, 0]).all(axis=1).any() for stroke in found)
    after = [letter_at(0), body, [(17.0, -15.0), (17.0, -13.0)], letter_at(20)]
    assert len(marked(after, [0, 1, 2, 3], "nì'n")) == 5


def test_a_bar_of_the_letter_before_does_not_count() -> None:
    bar = [(2.0, -14.0), (6.0, -14.0), (10.0, -14.0)]
    strokes = [letter_at(0, 20), letter_at(12), bar, letter_at(24)]
    mark = marked(strokes, [0, 1, 1, 2], "tén")[2]
    assert 14 < mark[:, 0].mean() < 18
    assert mark[0, 1] > -22


def test_a_letter_after_which_the_pen_stays_down_has_no_mark() -> None:
    ink = written([letter_at(0), letter_at(12)])
    ink[-1, 2] = 0
    text, places = part_additions("né", PRINTABLE), np.repeat([0, 1], 5)
    np.testing.assert_array_equal(add(ink, places, text, np.random.default_rng(0))[0], ink)
    for count in (5, 0):
        part, _, _ = add(ink[:count], places[:count], text, np.random.default_rng(0))
        np.testing.assert_array_equal(part, ink[:count])


def test_a_letter_may_have_a_single_point_of_a_stroke() -> None:
    ink = written([letter_at(0), letter_at(12)])
    for places in ([0] * 9 + [1], [0] * 4 + [1] * 6, [0] * 8 + [1, 1]):
        found, _, _ = add(ink, np.array(places), part_additions("né", PRINTABLE), np.random.default_rng(0))
        assert found[:, 2].sum() == 3


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 2**32), st.booleans())
def test_marks_are_set_on_any_ink(ups: list[int], seed: int, is_up: bool) -> None:
    chance = np.random.default_rng(seed)
    ink = np.column_stack([chance.normal(0, 9, (len(ups), 2)), [up == 0 for up in ups]])
    ink[-1, 2] = is_up
    text = part_additions("ÁéîđØçťą", PRINTABLE)
    found, _, _ = add(ink, np.sort(chance.integers(0, 8, len(ups))), text, chance)
    assert np.isfinite(found).all()
    peaks = chance.integers(-5, len(ups) + 5, 8)
    assert np.isfinite(add(ink, places_of(ink, peaks), text, chance)[0]).all()


def test_the_same_chance_sets_the_same_marks_and_another_others() -> None:
    first, again, other = (
        np.concatenate(marked([letter_at(0), letter_at(12)], [0, 1], "én", seed)) for seed in (1, 1, 2)
    )
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_a_letter_begins_with_the_stroke_that_begins_about_then_else_soon_after_the_window_moves() -> None:
    ink = np.zeros((40, 3))
    ink[[8, 39], 2] = 1
    places = places_of(ink, np.array([2, 10, 20, 30]))
    assert np.flatnonzero(np.diff(places)).tolist() == [8, 17, 27]
    assert places[[0, -1]].tolist() == [0, 3]
    assert np.flatnonzero(np.diff(places_of(ink, np.array([2, 10, 20, 39])))).tolist() == [8, 17, 27]
    assert places_of(ink, np.array([5])).tolist() == [0] * 40
    ends = np.zeros((57, 3))
    ends[[7, 20, 35, 56], 2] = 1
    assert np.flatnonzero(np.diff(places_of(ends, np.array([3, 23, 37, 56])))).tolist() == [20, 35, 50]
    assert set(places_of(ink, np.array([5, 3, 30]))) <= {0, 1, 2}


def test_what_letters_stand_on_is_told_by_small_ones_if_there_are_any() -> None:
    stem = [[0, -15, 0], [0, 0, 0], [6, 0, 1]]
    below = [[12, -10, 0], [12, 8, 0], [3, 8, 1]]
    small = [[18, -10, 0], [18, 0, 0], [26, 0, 1]]
    ink, places = np.array(stem + below + small, np.float64), np.repeat([0, 1, 2], 3)
    assert script_of(ink, places, "kgm").base == 0


def test_an_i_of_which_the_dot_is_known_alone_tells_nothing_of_the_line() -> None:
    ink = written([[(2.0, -16.0), (2.5, -15.5)], letter_at(10), letter_at(20, 18)])
    places = np.repeat([0, 1, 2], [2, 5, 5])
    assert script_of(ink, places, "ink").base == 0


def test_an_i_of_which_the_dot_is_known_alone_tells_nothing_of_the_size() -> None:
    ink = written([letter_at(10), [(2.0, -16.0), (2.5, -15.5)]])
    assert script_of(ink, np.repeat([0, 1], [5, 2]), "ni").size == 10
