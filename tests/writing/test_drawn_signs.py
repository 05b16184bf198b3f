"""Signs drawn beside what a network writes: taken out of the text, set in their place, nothing else bent."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.writing import alphabets
from hwcli.writing.additions import Additions, add, part_additions
from hwcli.writing.clusters import clusters_of
from hwcli.writing.drawn_signs import AFTER_ANOTHER, BLANK, CLOSE, GAP, LOWER, SAME, Beside, designs, drawn_as
from hwcli.writing.marks import Ink
from hwcli.writing.text import prepare_text

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
KNOWN = set(PRINTABLE)
SIZE = 10.0


def letters_at(*lefts: float) -> Ink:
    """Return ink of small letters, a stroke each, upright, as high as SIZE and as wide as 8."""
    shape = np.array([(0, -SIZE, 0), (0, 0, 0), (8, 0, 0), (8, -SIZE, 0), (8, 0, 1)], np.float64)
    return np.concatenate([moved(shape, left) for left in lefts])


def moved(ink: Ink, aside: float) -> Ink:
    return np.add(ink, (aside, 0, 0))


def written(text: str, lefts: Sequence[float], seed: int = 0) -> tuple[list[Ink], float]:
    """Return the strokes of ``text``, whose letters are at ``lefts``, and how far it moves what follows."""
    additions = part_additions(text, PRINTABLE)
    visible = [place for place, character in enumerate(additions.text) if character != " "]
    ink = letters_at(*lefts)
    found, aside, _ = add(ink, np.repeat(visible, 5), additions, np.random.default_rng(seed))
    return np.split(found, np.flatnonzero(found[:-1, 2] > 0.5) + 1), aside


def is_letter(stroke: Ink) -> bool:
    return len(stroke) == 5 and stroke[0, 1] == -SIZE and abs(np.ptp(stroke[:, 0]) - 8) < 1e-9


def spans(strokes: Sequence[Ink]) -> list[tuple[bool, float, float]]:
    """Return whether each stroke is a letter, and its left and right edge."""
    return [(is_letter(one), float(one[:, 0].min()), float(one[:, 0].max())) for one in strokes]


# --- texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain", "groups"),
    [
        ("£5", "5", [Beside("£", 0, True, is_first=True)]),
        ("5€", "5", [Beside("€", 0, False)]),
        ("5€ each", "5 each", [Beside("€", 0, False)]),
        ("5 € each", "5 each", [Beside("€", 2, True, has_blank=True)]),
        ("costs 5 €", "costs 5", [Beside("€", 6, False, has_blank=True)]),
        ("groß.", "gro.", [Beside("ß", 3, True, is_within=True)]),
        ("so «¿he?»", "so he?", [Beside("«¿", 3, True), Beside("»", 5, False)]),
        ("a ☺ → b", "a b", [Beside("☺ →", 2, True, has_blank=True)]),
        ("a → €5", "a 5", [Beside("→ €", 2, True)]),
        ("a€ ✓", "a", [Beside("€ ✓", 0, False)]),
        ("♥ you", "you", [Beside("♥", 0, True, has_blank=True, is_first=True)]),
        ("é ❤\ufe0f", "e", [Beside("♥", 0, False, has_blank=True)]),
    ],
)
def test_a_text_is_parted_from_its_signs(text: str, plain: str, groups: list[Beside]) -> None:
    prepared = prepare_text(text, PRINTABLE, with_additions=True)
    assert prepared == (text, ())
    found = part_additions(prepared.text, PRINTABLE)
    assert (found.text, list(found.signs)) == (plain, groups)


@pytest.mark.parametrize("sign", sorted(designs().keys() | SAME.keys()))
def test_signs_without_letters_and_digits_are_drawn_beside_what_stands_in_for_these(sign: str) -> None:
    # Beside a letter of another alphabet a stop is drawn, too.
    ends = "nou" if alphabets.is_drawn(sign) else "nou !"
    for text, written in ((sign, "nou"), (f"{sign}!", ends), (f"- {sign} {sign}", "nou -")):
        found = prepare_text(text, PRINTABLE, with_additions=True)
        parts = part_additions(found.text, PRINTABLE)
        assert (found.notes, parts.text, parts.stood_in) == ((), written, len(written[:4]))
        assert parts.sign_count == text.count(sign) + ("!" in text and "!" not in written)


@pytest.mark.parametrize("sign", ["€", "→", "ß"])
def test_a_network_without_the_letters_that_stand_in_writes_signs_in_ascii(sign: str) -> None:
    known = PRINTABLE.replace("n", "")
    for text in (sign, f"{sign}!", f"- {sign} {sign}"):
        found = prepare_text(text, known, with_additions=True)
        assert found == prepare_text(text, known)
        assert part_additions(found.text, known) == Additions(found.text)


def test_a_network_that_has_learned_a_sign_writes_it_itself() -> None:
    assert part_additions("5 €", PRINTABLE + "€") == Additions("5 €")
    assert drawn_as("€", KNOWN | {"€"}) == ""
    assert prepare_text("a ❤\ufe0f", PRINTABLE + "♥", with_additions=True).text == "a ♥"
    assert drawn_as("❤", KNOWN | {"♥"}) == ""


def test_a_sign_in_parts_is_the_same_as_one() -> None:
    assert prepare_text("a =\u0338 b", PRINTABLE, with_additions=True) == ("a \u2260 b", ())


def test_signs_of_a_number_are_drawn_where_they_are_typed() -> None:
    text = "10² = 100, n° 5, 20 °C, 10⁻³, x⁴ⁿ, note¹, CO₂"
    assert prepare_text(text, PRINTABLE, with_additions=True) == (text, ())


@pytest.mark.parametrize("sign", SAME.values())
def test_what_is_drawn_as_another_sign_has_its_design(sign: str) -> None:
    assert sign in designs()


@given(st.text(st.sampled_from(" ab.é€¿ß→☺\u0301"), max_size=12))
def test_any_text_with_signs_is_settled_and_parted(text: str) -> None:
    found = prepare_text(text, PRINTABLE, "skip", with_additions=True)
    assert prepare_text(found.text, PRINTABLE, with_additions=True) == (found.text, ())
    parts = part_additions(found.text, PRINTABLE)
    assert set(parts.text) <= KNOWN
    assert parts.text == " ".join(parts.text.split())
    assert all(0 <= group.place < len(parts.text) and parts.text[group.place] != " " for group in parts.signs)
    signs = [cluster for cluster, _, _ in clusters_of(found.text, 1) if drawn_as(cluster, KNOWN)]
    assert "".join(group.signs for group in parts.signs).replace(" ", "") == "".join(signs)


def test_signs_keep_their_place_where_a_text_is_put_after_another_or_cut() -> None:
    parts = part_additions("£5 or 6 €", PRINTABLE)
    assert [group.place for group in parts.after("so ").signs] == [3, 8]
    assert [group.signs for group in parts.between(2, 6).signs] == ["€"]


# --- ink ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", sorted(designs()))
def test_every_sign_is_drawn_before_a_word_that_moves_aside_for_it(sign: str) -> None:
    for seed in range(4):
        strokes, aside = written(f"a {sign}nc", [0, 24, 36], seed)
        edges = spans(strokes)
        letters = [left for is_of_letter, left, _ in edges if is_of_letter]
        assert letters == pytest.approx([0, 24 + aside, 36 + aside])
        drawn = [(left, right) for is_of_letter, left, right in edges if not is_of_letter]
        assert min(left for left, _ in drawn) == pytest.approx(24)
        gap = AFTER_ANOTHER if alphabets.is_drawn(sign) else CLOSE if sign.isalnum() else GAP
        assert max(right for _, right in drawn) == pytest.approx(24 + aside - gap * SIZE)
        assert max(abs(stroke[:, 1]).max() for stroke in strokes) < 3 * SIZE


def test_a_hook_of_a_later_letter_does_not_tell_where_a_word_begins() -> None:
    hook = np.array([[38, -SIZE, 0], [38, 8, 0], [20, 8, 1]], np.float64)
    ink, additions = np.concatenate([letters_at(0, 24), hook]), part_additions("a →nj", PRINTABLE)
    found, aside, _ = add(ink, np.repeat([0, 2, 3], [5, 5, 3]), additions, np.random.default_rng(0))
    assert found[5:-8, 0].min() == pytest.approx(24)
    np.testing.assert_allclose(found[-8:], moved(ink[5:], aside))


def test_a_sign_after_a_word_is_close_to_it_and_one_alone_a_blank_away() -> None:
    for text, gap in (("an€", GAP), ("an €", BLANK)):
        strokes, _ = written(text, [0, 12])
        edges = spans(strokes)
        assert [one[0] for one in edges[:2]] == [True, True]
        assert min(left for _, left, _ in edges[2:]) == pytest.approx(20 + gap * SIZE)
    strokes, aside = written("a€ n", [0, 24])
    assert [left for is_of_letter, left, _ in spans(strokes) if is_of_letter] == [0, 24 + aside]
    strokes, aside = written("a € n", [0, 24])
    (_, left, _), (_, _, right) = spans(strokes)[1], max(spans(strokes)[1:-1], key=lambda one: one[2])
    assert left == pytest.approx(24, abs=SIZE)
    assert spans(strokes)[-1][1] == pytest.approx(right + BLANK * SIZE)


@pytest.mark.parametrize(("sign", "gap"), [("ß", CLOSE), ("₂", CLOSE), ("×", GAP), ("→", GAP)])
def test_inside_a_word_letters_are_on_both_sides_of_a_sign(sign: str, gap: float) -> None:
    strokes, aside = written(f"a{sign}e", [0, 12])
    (_, _, before), *drawn, (_, after, _) = spans(strokes)
    assert min(left for _, left, _ in drawn) == pytest.approx(before + gap * SIZE)
    assert after == pytest.approx(max(right for _, _, right in drawn) + gap * SIZE)
    assert after == pytest.approx(12 + aside)


@pytest.mark.parametrize(
    ("signs", "gap"), [("¹¹", CLOSE), ("¹→", GAP), ("→→", GAP), ("→ →", BLANK), ("¹ ¹", BLANK)]
)
def test_signs_are_as_far_from_one_another_as_from_a_word(signs: str, gap: float) -> None:
    # A word that begins with them: of the strokes of each, all are there.
    first, *others = (len(designs()[one][0].strokes) for one in signs if one != " ")
    strokes, _ = written(f"a {signs}n", [0, 24])
    edges = spans(strokes[1:-1])
    left, right = max(edge[2] for edge in edges[:first]), min(edge[1] for edge in edges[first:])
    assert len(edges) == first + sum(others)
    assert right - left == pytest.approx(gap * SIZE)


def test_a_lowered_digit_is_a_raised_one_but_lower() -> None:
    (raised,), (lowered,) = designs()["²"][0].strokes, designs()["₂"][0].strokes
    np.testing.assert_allclose(lowered[0], raised[0] - (0, LOWER))


def test_what_stands_in_for_letters_is_left_out_of_the_ink() -> None:
    parts = part_additions("→", PRINTABLE)
    ink = moved(letters_at(0, 12, 24), 7)
    alone, aside, script = add(ink, np.repeat([0, 1, 2], 5), parts, np.random.default_rng(0))
    assert (aside, script.size) == (0, SIZE)
    assert not any(map(is_letter, np.split(alone, np.flatnonzero(alone[:-1, 2] > 0.5) + 1)))
    assert alone[:, 0].min() == pytest.approx(7)

    parts = part_additions("→ -", PRINTABLE)
    dash = np.array([[60, -5, 0], [68, -5, 1]], np.float64)
    places = np.array([0] * 5 + [1] * 5 + [2] * 5 + [4] * 2)
    both, aside, _ = add(np.concatenate([ink, dash]), places, parts, np.random.default_rng(0))
    assert both[0, 0] == pytest.approx(7)
    np.testing.assert_allclose(both[-2:] - dash, [[aside, 0, 0]] * 2)
    assert both[-2, 0] == pytest.approx(both[:-2, 0].max() + BLANK * SIZE)


def test_where_only_what_stands_in_was_written_there_are_but_signs() -> None:
    parts = part_additions("→ -", PRINTABLE)
    found = add(letters_at(0, 12, 24), np.repeat([0, 1, 2], 5), parts, np.random.default_rng(0))
    assert len(found.ink)
    assert not any(map(is_letter, np.split(found.ink, np.flatnonzero(found.ink[:-1, 2] > 0.5) + 1)))


def test_ink_with_few_letters_has_signs_as_large_as_those_before_it() -> None:
    first = add(
        letters_at(*range(0, 60, 12)), np.repeat(range(5), 5), Additions("nouns"), np.random.default_rng(0)
    )
    dash = np.array([[80, -3, 0], [84, -3, 1]], np.float64)
    parts = part_additions("nouns * я", PRINTABLE).between(5, 7)
    for before, height in ((first.script, SIZE), (None, 0)):
        found = add(dash, np.array([6, 6]), parts, np.random.default_rng(0), before).ink
        assert np.ptp(found[:, 1]) == pytest.approx(height, rel=0.4, abs=1)


def test_how_far_apart_a_sign_and_letters_are_is_told_along_their_slant() -> None:
    def sheared(ink: Ink, by: float) -> Ink:
        slanted = ink.copy()
        slanted[:, 0] -= by * ink[:, 1]
        return slanted

    stems = [np.array([[left, -SIZE, 0], [left, 0, 1]], np.float64) for left in (0, 12)]
    upright, additions = np.concatenate(stems), part_additions("n×n", PRINTABLE)
    first, aside, _ = add(upright, np.array([0, 0, 1, 1]), additions, np.random.default_rng(0))
    again, same, _ = add(sheared(upright, 0.5), np.array([0, 0, 1, 1]), additions, np.random.default_rng(0))
    assert same == pytest.approx(aside)
    np.testing.assert_allclose(again, sheared(first, 0.5), atol=0.5)


def test_a_comma_under_a_letter_comes_after_a_sign_between_them() -> None:
    comma = np.array([[5, -1, 0], [5, 4, 1]], np.float64)
    ink = np.concatenate([letters_at(0), comma])
    additions = part_additions("o₂,", PRINTABLE)
    found, aside, _ = add(ink, np.array([0] * 5 + [1] * 2), additions, np.random.default_rng(0))
    np.testing.assert_allclose(found[-2:], moved(comma, aside))
    assert found[-1, 0] == pytest.approx(found[5:-2, 0].max() + CLOSE * SIZE)


def test_the_pen_is_lifted_for_a_sign_inside_joined_letters() -> None:
    ink = letters_at(0, 8)
    ink[4, 2] = 0
    additions = part_additions("aße", PRINTABLE)
    found, aside, _ = add(ink, np.repeat([0, 1], 5), additions, np.random.default_rng(0))
    np.testing.assert_array_equal(found[:5, :2], ink[:5, :2])
    assert found[4, 2] == 1
    np.testing.assert_allclose(found[-5:], moved(ink[5:], aside))


def test_what_is_left_of_a_stroke_that_is_cut_through_moves_wherever_it_lies() -> None:
    ink = np.concatenate([letters_at(0), [[6, -9, 0], [4, -9, 1]]])
    ink[4, 2] = 0
    found, aside, _ = add(
        ink, np.repeat([0, 1], [5, 2]), part_additions("aße", PRINTABLE), np.random.default_rng(0)
    )
    np.testing.assert_allclose(found[-2:], moved(ink[5:], aside))
    assert aside > 0


def test_a_dot_that_is_written_late_stays_over_its_letter() -> None:
    dot = np.array([[4, -16, 0], [5, -15, 1]], np.float64)
    ink = np.concatenate([letters_at(0, 12), dot])
    for text, places in (("a €n", [0] * 5 + [2] * 7), ("a€ n", [0] * 5 + [2] * 7), ("aßn", [0] * 5 + [1] * 7)):
        found, aside, _ = add(ink, np.array(places), part_additions(text, PRINTABLE), np.random.default_rng(0))
        np.testing.assert_array_equal(found[-2:], dot)
        assert aside > 0


def test_a_letter_of_two_strokes_moves_as_a_whole_whichever_is_first() -> None:
    stem, bowl = np.array([[24, -15, 0], [24, 0, 1]]), np.array([[26, -15, 0], [32, -8, 0], [26, 0, 1]])
    for strokes in ((stem, bowl), (bowl, stem)):
        ink = np.concatenate([letters_at(0), *strokes])
        for places in ([0] * 5 + [2] * 5, [0] * 5 + [1] * 2 + [2] * 3, [0] * 7 + [2] * 3):
            found, aside, _ = add(
                ink, np.array(places), part_additions("a £D", PRINTABLE), np.random.default_rng(0)
            )
            np.testing.assert_allclose(found[-5:], moved(ink[5:], aside))


def test_what_a_text_begins_with_moves_all_of_it() -> None:
    stems = np.array([[40, -15, 0], [40, 0, 1], [50, -15, 0], [50, 0, 1], [40, -8, 0], [50, -8, 1]], np.float64)
    for before in ("", "as said "):
        additions = part_additions("¡Ho", PRINTABLE).after(before)
        for first in (0, 1):
            places = np.array([first] * 2 + [1] * 4) + len(before)
            found, aside, _ = add(stems, places, additions, np.random.default_rng(0))
            np.testing.assert_allclose(found[-6:], moved(stems, aside))
            assert found[0, 0] >= 40 - 1e-6


def test_a_piece_of_a_text_does_not_end_beside_a_sign() -> None:
    additions = part_additions("one 5€ two £6 three ¿no? groß", PRINTABLE)
    plain = "".join(
        "_" if beside else one for one, beside in zip(additions.text, additions.beside_signs(), strict=True)
    )
    assert plain == "one 5_two_6 three_no? gro"


def test_a_sign_leans_as_the_ink_does() -> None:
    upright, _ = written("a ←n", [0, 24])
    ink = letters_at(0, 24)
    ink[:, 0] -= 0.5 * ink[:, 1]
    additions = part_additions("a ↑n", PRINTABLE)
    found, _, _ = add(ink, np.repeat([0, 2], 5), additions, np.random.default_rng(0))
    stem = found[5 : 5 + np.flatnonzero(found[5:, 2])[0] + 1]
    assert stem[-1, 0] - stem[0, 0] > 0.2 * np.ptp(stem[:, 1])
    assert upright


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 2**32), st.booleans())
def test_signs_are_drawn_on_any_ink(ups: list[int], seed: int, is_up: bool) -> None:
    chance = np.random.default_rng(seed)
    ink = np.column_stack([chance.normal(0, 9, (len(ups), 2)), [up == 0 for up in ups]])
    ink[-1, 2] = is_up
    additions = part_additions("¿aß é € b→ ✓ c€", PRINTABLE)
    places = np.sort(chance.integers(0, len(additions.text), len(ups)))
    found, aside, _ = add(ink, places, additions, chance)
    assert np.isfinite([*found.ravel(), aside]).all()
    assert len(found) > len(ink)


def test_two_signs_move_what_follows_by_both() -> None:
    strokes, aside = written("a →n →o", [0, 24, 48])
    assert [left for is_of_letter, left, _ in spans(strokes) if is_of_letter][2] == pytest.approx(48 + aside)


def test_signs_stand_where_letters_do_and_are_as_quick() -> None:
    additions, places = part_additions("a→", PRINTABLE), np.repeat([0], 5)
    found, _, _ = add(letters_at(0), places, additions, np.random.default_rng(0))
    lower, _, _ = add(np.add(letters_at(0), (0, 90, 0)), places, additions, np.random.default_rng(0))
    np.testing.assert_allclose(lower, np.add(found, (0, 90, 0)))
    steps = np.linspace(0, 1, 40)[:, None]
    slow = np.concatenate([letters_at(0)[:1] + steps * (0, SIZE, 0), letters_at(0)[2:]])
    slower, _, _ = add(slow, np.repeat([0], len(slow)), additions, np.random.default_rng(0))
    assert len(slower) - len(slow) > 2 * (len(found) - 5)


def test_the_same_chance_draws_the_same_signs_and_another_others() -> None:
    first, again, other = (np.concatenate(written("a €", [0], seed)[0]) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_letters_stand_as_low_as_those_near_them() -> None:
    lefts = [0, 12, 24, 36, 60, 72, 84, 96]
    ink = letters_at(*lefts)
    ink[20:, 1] += SIZE
    for text, low in (("жnnnn nnnn", 0), ("nnnn nnnnж", SIZE)):
        additions = part_additions(text, PRINTABLE)
        visible = [place for place, character in enumerate(additions.text) if character != " "]
        found, _, _ = add(ink, np.repeat(visible, 5), additions, np.random.default_rng(0))
        strokes = np.split(found, np.flatnonzero(found[:-1, 2] > 0.5) + 1)
        feet = [stroke[:, 1].max() for stroke in strokes if len(stroke) != 5]
        assert max(feet) == pytest.approx(low, abs=0.3 * SIZE)


def test_a_mark_goes_with_its_letter_however_far_to_the_left_it_reaches() -> None:
    ink = letters_at(0, 8.5)
    # Both letters are one stroke, and the second is narrow.
    ink[4, 2] = 0
    ink[5:, 0] = 8.5 + (ink[5:, 0] - 8.5) / 8
    for seed in range(4):
        found, aside, _ = add(
            ink, np.repeat([0, 1], 5), part_additions("eщё", PRINTABLE), np.random.default_rng(seed)
        )
        strokes = np.split(found, np.flatnonzero(found[:-1, 2] > 0.5) + 1)
        assert all(stroke[:, 0].mean() > 8.5 + aside - SIZE / 2 for stroke in strokes[-2:])
