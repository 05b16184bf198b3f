"""Cyrillic and Greek, written by a network that has learned Latin letters alone.

Many letters of the three alphabets are one to a hand: а and a, ρ and p; and in cursive и is a u, п an n.  These
the network writes, joined as it joins them.  The others are drawn among them, as signs are that it has not
learned (``drawn_signs``).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from hwcli.writing.signs import Design, read_design

DESIGNS = Path(__file__).with_name("alphabets.toml")
LIKE = {
    letter: latin
    for letters, latins in (
        ("авекмнорстухіјѕѵӏԛԝ".upper(), "ABEKMHOPCTYXIJSVIQW"),
        ("аеиопрсухіјѕһѵӏԛԝ", "aeuonpcyxijshvlqw"),
        ("αβεζηικμνορτυχ".upper(), "ABEZHIKMNOPTYX"),
        ("αινορυχω", "aivopuxw"),
        ("ı", "i"),
    )
    for letter, latin in zip(letters, latins, strict=True)
}
"""The Latin letter that a hand writes for a letter of another alphabet."""
DOTLESS = "ıι"
"""Of these the ones that lose the dot of the letter that is written."""
NEAR = {
    letter: latin
    for letters, latins in (
        ("бвгґджзклмнтфцчшщъыьэюяєђљњџәғқңөүұ", "6BrrAxzknMHTpuywwbbb3oRehbHueFkHeYY"),
        ("бгґджзилпфцчшщъьыэюяєђћљњџһәғқңөүұ".upper(), "6rrDX3UANOUYWWbbb30REThAHUhEFKHOYY"),
        ("ѣҗҙҡҫҳҷҹҝӷӕ", "bx3kcx44kra"),
        ("ѣҗҙҡҫҳҷҹҝӷӕ".upper(), "bX3KCX44KrA"),
        ("βγδεζηθκλξστφψς", "ByDEzn8kLEoTpws"),
        ("γδθλξπσφψ".upper(), "FAOAEHEOY"),
    )
    for letter, latin in zip(letters, latins, strict=True)
}
"""The Latin letter or digit that each other letter looks least unlike."""
SAME = {"ѳ": "ө", "Ѳ": "Ө", "∆": "Δ", "∑": "Σ", "∏": "Π"}
"""Letters, and signs of mathematics, that a pen writes as it does other letters."""
OVERLAID = {"ћ": "h\u0335"}
"""Those that are written as a Latin letter with a stroke across."""
STOPS = "stops"
"""The table of those of ASCII's signs."""
LARGER = (1.3, 1.65)
"""How much wider and higher a capital is than its small letter."""


def looking_like(text: str) -> str:
    """Return ``text`` with a Latin letter or a digit for each that is drawn, to read ink along with."""
    apart = unicodedata.normalize("NFD", "".join(map(form_of, text)))
    return unicodedata.normalize("NFC", apart.translate(_NEAR))


_NEAR = str.maketrans(NEAR)


def form_of(character: str) -> str:
    """Return the letter that a pen writes for ``character``: a θ for ϑ, and for an italic one of formulas."""
    form = unicodedata.normalize("NFKC", character)
    is_variant = unicodedata.decomposition(character[:1]).startswith(("<compat>", "<font>"))
    return form if is_variant and form in _GREEK else SAME.get(character, character)


_GREEK = {chr(number) for number in range(0x370, 0x400)}


def is_drawn(cluster: str) -> bool:
    """Return whether ``cluster``, one character, is a letter that no Latin one looks like."""
    return unicodedata.normalize("NFD", cluster)[:1] in designs()


@cache
def stops() -> Mapping[str, tuple[Design, ...]]:
    """Return the ways to write each stop of ASCII's that stands beside letters that are drawn."""
    return {stop: tuple(map(read_design, ways)) for stop, ways in _tables()[STOPS].items()}


@cache
def designs() -> Mapping[str, tuple[Design, ...]]:
    """Return the ways to write each letter that no Latin one looks like."""
    tables = [table for name, table in _tables().items() if name != STOPS]
    written = {letter: ways for table in tables for letter, ways in table.items()}
    found = {letter: tuple(map(read_design, ways)) for letter, ways in written.items()}
    capitals = {small.upper(): tuple(map(_capital, ways)) for small, ways in found.items()}
    return {letter: ways for letter, ways in capitals.items() if letter not in LIKE} | found


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    with DESIGNS.open("rb") as file:
        return tomllib.load(file)


def _capital(small: Design) -> Design:
    return Design(tuple((places * np.array(LARGER), corners) for places, corners in small.strokes))
