"""What is written of a text, what cannot be written and where it stands; wrapping; encoding."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.model.config import PRINTABLE
from hwcli.writing.text import (
    Change,
    Line,
    Unwritable,
    encode,
    lines_of,
    name_of,
    prepare_text,
    read_texts,
    told,
    wrap,
)


def prepared(text: str, characters: str = PRINTABLE) -> str:
    return prepare_text(text, characters).text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("“Don’t”, she said – no…", '"Don\'t", she said - no...'),
        ("ﬁrst ofﬁce", "first office"),
        (
            "Zoë and Łukasz had crème brûlée in Åre, Straße 5",
            "Zoe and Lukasz had creme brulee in Are, Strasse 5",
        ),
        ("cafe\u0301", "cafe"),
        ("10\u00a0000\u202fkm", "10 000 km"),
        ("1½ cups, 10² and m²", "1 1/2 cups, 10^2 and m2"),
        ("7‰", "7o/oo"),
        ("10²³ and 10⁻¹²", "10^23 and 10^-12"),
        ("4²⁄₃ of 1\u200b½", "4 2/3 of 1 1/2"),
        ("C₆H₁₂O₆ at 3ª", "C6H12O6 at 3a"),
        ("２０２６, ٢٠٢٦, 𝟏𝟐, ①②", "2026, 2026, 12, 12"),
        ("a² + b²", "a2 + b2"),
        ("½ × 3 ≠ 2² → no", "1/2 x 3 != 2^2 -> no"),
        ("20 °C or 20°, 5 µm, 3ª, n° 5", "20 deg C or 20 deg, 5 um, 3a, no 5"),
        ("Tom—the cat—sat. “No—” — so", 'Tom - the cat - sat. "No-" - so'),
        ("“Stop”—he said. What?—No―", '"Stop" - he said. What? - No-'),
        ("cafe\u0301—the\u00ad—5\u200b€, 5€—6€, €€", "cafe - the - 5 EUR, 5 EUR - 6 EUR, EUR EUR"),
        ("Wien° und sin°, N° 5", "Wien deg und sin deg, No 5"),
        ("STRAßE, Straße", "STRASSE, Strasse"),
        ("¿", "?"),
        ("5€, £20, №5, Hw™, 5℃", "5 EUR, GBP 20, No 5, Hw TM, 5C"),
        ("ÆØÅ, STRAẞE, Þór, ŒUVRE, Œuvre, Æ", "AEOA, STRASSE, Thor, OEUVRE, Oeuvre, Ae"),
        ("¿Qué? ¡Hola! Hawaiʻi", "Que? Hola! Hawai'i"),
        ("a ⇒ b ⇐ c ↔ d ⇔ e ▪ f", "a => b <= c <-> d <=> e * f"),
        ("♥ ❤\ufe0f 😊 ☹ ☐ ☑ ✔ ⭐", "<3 <3 :) :( [ ] [x] v *"),
        ("5 Ω, 5 μm, π", "5 Ohm, 5 um, pi"),
        ("ＦＵＬＬ　ｗｉｄｔｈ", "FULL width"),
        ("٣ and Ⅳ and ①", "3 and IV and 1"),
        ("€ 5", "EUR 5"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffbom", "softhyphen zerowidth bom"),
    ],
)
def test_what_has_a_plain_form_is_written_in_it(text: str, written: str) -> None:
    assert prepared(text) == written


@pytest.mark.parametrize(
    "character", ["中", "я", "ω", "ا", "カ", "가", "㊀", "㍿", "🦉", "\x07", "\x7f", "\ud800"]
)
def test_what_cannot_be_written_is_named_with_its_place(character: str) -> None:
    with pytest.raises(Unwritable) as raised:
        prepare_text(f"one\ntwo {character} three", PRINTABLE)
    assert raised.value.change == Change(character, "", 2, 5)
    assert "line 2, column 5" in str(raised.value)
    assert f"U+{ord(character):04X}" in str(raised.value)
    str(raised.value).encode()


def test_a_number_after_a_digit_is_set_off_by_a_blank_where_there_is_no_better_sign() -> None:
    assert prepare_text("10²", "0123456789 ").text == "10 2"
    assert prepare_text("10²", "0123456789").text == "102"


def test_a_word_for_a_sign_is_set_off_only_where_there_are_blanks() -> None:
    assert prepare_text("5€5", "5EUR ").text == "5 EUR 5"
    assert prepare_text("5€5", "5EUR").text == "5EUR5"


def test_the_sign_before_a_question_is_left_out_and_told_but_for_a_network_that_knows_it() -> None:
    assert prepare_text("¿no?", PRINTABLE) == ("no?", (Change("¿", "", 1, 1),))
    assert prepare_text("¿no?", PRINTABLE + "¿") == ("¿no?", ())


def test_marks_that_are_set_on_a_character_are_named_with_it() -> None:
    assert name_of("e\u0301") == "'e\u0301' U+00E9 (LATIN SMALL LETTER E WITH ACUTE)"
    assert len(name_of("x" + "\u0301" * 3000)) < 200
    assert name_of("x\u0301") == "'x\u0301' U+0078 U+0301 (LATIN SMALL LETTER X with COMBINING ACUTE ACCENT)"


def test_a_line_that_is_no_text_may_be_left_out() -> None:
    bad: list[BadInput] = []
    long = b"x" * (limits.LINE + 1)
    content = b"\n".join([b"one", b"\xff", long + long, b"four"])
    lines = list(read_texts(io.BytesIO(content), "t", bad.append))
    assert [line.text for line in lines] == ["one", "four"]
    assert [each.line for each in bad] == [2, 3]


def test_what_cannot_be_written_is_left_out_or_replaced() -> None:
    assert prepare_text("a 中 b", PRINTABLE, "skip") == ("a b", (Change("中", "", 1, 3),))
    assert prepare_text("a 中 b", PRINTABLE, "replace") == ("a ? b", (Change("中", "?", 1, 3),))
    assert prepare_text("a 中 b", "ab ", "replace") == ("a b", (Change("中", "", 1, 3),))
    with pytest.raises(ValueError, match="none of"):
        prepare_text("a", PRINTABLE, "guess")


def test_plain_text_passes_without_a_note_and_blanks_become_single_spaces() -> None:
    assert prepare_text(PRINTABLE, PRINTABLE) == (PRINTABLE.strip(), ())
    assert prepare_text(" a\tb \r\n c\u2028d  ", PRINTABLE) == ("a b c d", ())
    assert prepare_text("", PRINTABLE) == ("", ())


def test_a_network_with_other_characters_gets_them() -> None:
    assert prepared("crème", "cremè") == "crème"
    assert prepared("cre\u0300me", "cremè") == "crème"
    assert prepared("éa", "ea") == "ea"
    with pytest.raises(Unwritable, match="column 2: 'B'"):
        prepared("aB", "ab")
    with pytest.raises(Unwritable, match="'…' U\\+2026"):
        prepared("a…", "a")


def test_the_notes_say_what_was_changed() -> None:
    notes = prepare_text("’tis “é” ’中", PRINTABLE, "skip", line=7).notes
    assert [note[:2] for note in notes] == [
        ("’", "'"),
        ("“", '"'),
        ("é", "e"),
        ("”", '"'),
        ("’", "'"),
        ("中", ""),
    ]
    assert {note.line for note in notes} == {7}
    in_words = told(notes)
    assert len(in_words) == 5
    assert (
        in_words[0]
        == "'’' U+2019 (RIGHT SINGLE QUOTATION MARK) is written as \"'\" (line 7, column 1, 2 times)"
    )
    assert in_words[-1].endswith("is left out (line 7, column 11)")


@given(st.text(max_size=40), st.sampled_from(["skip", "replace"]))
def test_any_text_can_be_written_and_is_settled_then(text: str, missing: str) -> None:
    found = prepare_text(text, PRINTABLE, missing)
    assert set(found.text) <= set(PRINTABLE)
    assert prepare_text(found.text, PRINTABLE) == (found.text, ())
    assert len(encode(found.text, PRINTABLE)) == len(found.text)
    told(found.notes)


def test_a_text_is_encoded_as_places_among_the_characters() -> None:
    codes = encode("abca", "cab")
    assert codes.dtype == "int32"
    assert codes.tolist() == [1, 2, 0, 1]
    assert encode("", "ab").shape == (0,)
    with pytest.raises(ValueError, match="'z'"):
        encode("z", "ab")


def test_texts_are_read_line_by_line() -> None:
    file = io.BytesIO("\ufeffone\r\n\ntwo é\nlast".encode())
    assert list(read_texts(file, "t")) == [Line("one", 1), Line("", 2), Line("two é", 3), Line("last", 4)]
    assert [line.text for line in lines_of("a\nb")] == ["a", "b"]
    assert [line.text for line in lines_of("")] == [""]
    with pytest.raises(BadInput, match="t:2: not UTF-8") as raised:
        list(read_texts(io.BytesIO(b"a\nb\xff\n"), "t"))
    assert raised.value.line == 2


def test_long_lines_are_wrapped_at_words_and_blank_lines_stay() -> None:
    text = "The quick brown fox\n\njumps over a-very-long-address@example.org now"
    assert wrap(text, 12) == [
        "The quick",
        "brown fox",
        "",
        "jumps over",
        "a-very-long-",
        "address@",
        "example.org",
        "now",
    ]
    assert wrap("Anna ♥ and → Ben ♥♥", 6) == ["Anna ♥", "and →", "Ben ♥♥"]
    assert wrap("é →→→→/→→→→/→→→→", 6) == ["é", "→→→→/", "→→→→/", "→→→→"]
    assert wrap("♥ ♥ ♥\n* *", 2) == ["♥", "♥", "♥", "*", "*"]
    assert wrap("", 5) == [""]
    assert wrap("  \n", 5) == [""]


def test_a_word_longer_than_a_line_is_broken_after_its_signs() -> None:
    address = "https://example.com/pens-and-papers/?colour=blue&nib=fine"
    lines = wrap(f"It is {address} they say", 20)
    assert lines == ["It is", "https://example.com/", "pens-and-papers/?", "colour=blue&nib=fine", "they say"]
    assert wrap(address, len(address)) == [address]
    assert wrap("a Donaudampfschifffahrt b", 9) == ["a", "Donaudampfschifffahrt", "b"]
    assert wrap("well-known", 10) == ["well-known"]


def test_the_library_is_loaded_only_when_it_is_needed() -> None:
    script = (
        "import sys; from hwcli.writing.text import prepare_text as p; p('Plain', 'Plain');"
        "print('anyascii' in sys.modules); p('Pláin', 'Plain'); print('anyascii' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_line_without_end_is_not_read_into_memory() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.given += len(buffer)
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    file = Endless()
    with pytest.raises(BadInput, match="t:1: a line is longer"):
        list(read_texts(io.BufferedReader(file), "t"))
    assert file.given < 2_000_000
