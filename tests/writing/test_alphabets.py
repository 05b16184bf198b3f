"""Cyrillic and Greek by a network of Latin letters: what it writes, what is drawn, how their ink is read."""

from __future__ import annotations

import string
import unicodedata

import numpy as np
import pytest

from hwcli.recombining.segmentation import readable
from hwcli.writing import alphabets
from hwcli.writing.additions import Additions, part_additions
from hwcli.writing.clusters import clusters_of
from hwcli.writing.drawn_signs import designs, drawn_as, ways_to_draw
from hwcli.writing.marks import Parted, parted
from hwcli.writing.plain_text import plain_text
from hwcli.writing.text import Prepared, Unwritable, prepare_text

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
KNOWN = set(PRINTABLE)
SMALL = {
    "Russian": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Belarusian": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "Bulgarian": "абвгдежзийклмнопрстуфхцчшщъьюяѝ",
    "Serbian": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "Macedonian": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "Kazakh": "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊΐϋΰ",
    "polytonic Greek": "ἀἁἄἅἂἃἆἇᾳᾴᾷᾄἐἑἔἥἧῃῇᾖὁὅῥὑὗῦὠὧῳῷᾠὰὲ",
    "Russian before 1918": "іѣѳѵ",
    "Tatar, Bashkir and Chuvash": "әөүҗңһҙҡҫғӑӗӳ",
    "Tajik and Uzbek": "ғӣқӯҳҷў",
    "Azerbaijani, Ossetian and Chechen": "ҹҝәөӕӏ",
}


@pytest.mark.parametrize("language", SMALL)
def test_every_letter_of_an_alphabet_is_written_as_it_stands(language: str) -> None:
    small = SMALL[language]
    for cased in (small, small.upper()):
        letters = [letter for letter, _, _ in clusters_of(unicodedata.normalize("NFC", cased), 1)]
        text = " ".join(letters)
        assert prepare_text(text, PRINTABLE, with_additions=True) == Prepared(text)
        for letter in letters:
            found = parted(letter, KNOWN)
            assert bool(drawn_as(letter, KNOWN)) != bool(found), letter
            assert found is None or found.letter.isascii()


def test_a_network_writes_the_letters_that_look_like_latin_ones() -> None:
    assert part_additions("Сорока", PRINTABLE).text == "Copoa"
    assert [parted(letter, KNOWN) for letter in "аий"] == [
        Parted("a", None),
        Parted("u", None),
        Parted("u", "\u0306"),
    ]
    assert parted("і", KNOWN) == Parted("i", None)
    assert parted("ї", KNOWN) == Parted("i", "\u0308")
    assert parted("ι", KNOWN) == Parted("i", "")
    assert parted("ί", KNOWN) == Parted("i", "\u0301")
    assert parted("ћ", KNOWN) == Parted("h", "\u0335")


def test_a_network_that_has_learned_an_alphabet_writes_it_itself() -> None:
    characters = PRINTABLE + SMALL["Russian"]
    assert part_additions("жар", characters) == Additions("жар")
    assert prepare_text("жар", characters, with_additions=True) == Prepared("жар")


def test_each_letter_is_in_one_table_and_has_one_that_it_looks_like() -> None:
    assert not alphabets.WRITTEN_LIKE.keys() & alphabets.designs().keys()
    assert alphabets.READ_AS.keys() == alphabets.designs().keys() | set("μπΩ")
    assert KNOWN.issuperset([*alphabets.WRITTEN_LIKE.values(), *alphabets.READ_AS.values()])


def test_a_capital_without_a_design_is_its_small_letter_larger() -> None:
    (small, _), (large, _) = designs()["э"][0].strokes[0], designs()["Э"][0].strokes[0]
    np.testing.assert_allclose(large, small * alphabets.CAPITAL_SCALE)


@pytest.mark.parametrize("letter", ["ή", "ѓ", "ы́", "Й"])
def test_a_mark_on_a_letter_that_is_drawn_stands_over_it(letter: str) -> None:
    base, *marks = unicodedata.normalize("NFD", letter)
    for plain, marked in zip(ways_to_draw(base), ways_to_draw(letter), strict=True):
        count = len(plain.strokes)
        assert len(marked.strokes) >= count + len(marks)
        for (before, _), (after, _) in zip(plain.strokes, marked.strokes, strict=False):
            np.testing.assert_array_equal(before, after)
        top = max(places[:, 1].max() for places, _ in plain.strokes)
        across = np.concatenate([places[:, 0] for places, _ in plain.strokes])
        for places, _ in marked.strokes[count:]:
            assert places[:, 1].min() > top
            assert across.min() < places[:, 0].mean() < across.max()


def test_an_iota_stands_under_a_letter_that_is_drawn() -> None:
    (plain, _), (marked, _) = ways_to_draw("η"), ways_to_draw("ῃ")
    foot = min(places[:, 1].min() for places, _ in plain.strokes)
    for places, _ in marked.strokes[len(plain.strokes) :]:
        assert places[:, 1].max() < foot


@pytest.mark.parametrize("cluster", ["ж\u20dd", "€\u0301", "ж\u0328", "中"])
def test_what_has_no_design_is_not_drawn(cluster: str) -> None:
    assert ways_to_draw(cluster) == ()
    assert drawn_as(cluster, KNOWN) == ""


@pytest.mark.parametrize(
    ("variant", "letter"), [("ϑ", "θ"), ("ϕ", "φ"), ("ϵ", "ε"), ("\U0001d703", "θ"), ("ѳ", "ө"), ("∆", "Δ")]
)
def test_a_variant_of_a_letter_is_drawn_as_the_letter(variant: str, letter: str) -> None:
    assert prepare_text(f"a {variant}", PRINTABLE, with_additions=True) == Prepared(f"a {variant}")
    assert drawn_as(variant, KNOWN) == letter
    assert alphabets.looking_like(variant) == alphabets.READ_AS[letter]


def test_an_italic_letter_of_a_formula_that_looks_like_a_latin_one_is_written() -> None:
    assert part_additions("\U0001d6fc = 2", PRINTABLE).text == "a = 2"


@pytest.mark.parametrize(
    ("text", "plain", "signs"),
    [
        ("т.е. так", "nou e. a", ["т.", "т", "к"]),
        ("в г.", "nou", ["в г."]),
        ("мышь»?", "nou", ["мышь»?"]),
        ("п'ять", "nou n", ["'ять"]),
        ("кто-нибудь", "ouy", ["кт", "-н", "б", "дь"]),
        ("(жук)", "nou y", ["(ж", "к)"]),
        ("она, он", "oa, o", ["н", "н"]),
        ("5€, so!", "5, so!", ["€"]),
        ("5 €", "5", ["€"]),
    ],
)
def test_stops_beside_letters_that_are_drawn_are_drawn(text: str, plain: str, signs: list[str]) -> None:
    found = part_additions(text, PRINTABLE)
    assert found.text == plain
    assert [group.signs for group in found.signs] == signs


def test_a_letter_of_a_further_script_is_refused() -> None:
    with pytest.raises(Unwritable, match="HEBREW LETTER SHIN"):
        prepare_text("\u05e9", PRINTABLE, with_additions=True)


@pytest.mark.parametrize("language", SMALL)
def test_every_letter_has_ink_of_its_own_where_a_text_is_aligned(language: str) -> None:
    for cased in (SMALL[language], SMALL[language].upper()):
        for letter, _, _ in clusters_of(unicodedata.normalize("NFC", cased), 1):
            found = readable(letter, KNOWN)
            assert len(found.text) == 1, letter
            assert found.text.isascii()


def test_what_a_network_has_learned_is_read_as_it_stands() -> None:
    assert alphabets.looking_like("жар", set("жар")) == "жар"
    assert plain_text("жадина", PRINTABLE + SMALL["Russian"]) == "жадина"


@pytest.mark.parametrize("text", ["\ufe0f", "I \u2764\ufe0f you", "\ufe0fabc"])
def test_what_chooses_the_shape_of_a_sign_is_no_letter(text: str) -> None:
    assert ways_to_draw(text[:0]) == ()
    assert readable(text, KNOWN).text == text.replace("\u2764", "").replace("\ufe0f", "").replace("  ", " ")
    prepare_text(f"{text} x", PRINTABLE, with_additions=True)


def test_ink_is_read_along_with_the_letters_that_it_looks_least_unlike() -> None:
    assert alphabets.looking_like("Жук ή") == "Xуk ń"
    found = readable("Жук, бег", KNOWN)
    assert found.text == "Xyk, 6er"
    assert found.ends == [1, 2, 3, 4, 5, 6, 7, 8]
