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
        ("авекмнорстухіјѕ".upper(), "ABEKMHOPCTYXIJS"),
        ("аеиопрсухіјѕһ", "aeuonpcyxijsh"),
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
        ("βγδεζηθκλξστφψς", "ByDEzn8kLEoTpws"),
        ("γδθλξπσφψ".upper(), "FAOAEHEOY"),
    )
    for letter, latin in zip(letters, latins, strict=True)
}
"""The Latin letter or digit that each other letter looks least unlike."""
OVERLAID = {"ћ": "h\u0335"}
"""Those that are written as a Latin letter with a stroke across."""
LARGER = (1.3, 1.65)
"""How much wider and higher a capital is than its small letter."""


def looking_like(text: str) -> str:
    """Return ``text`` with a Latin letter or a digit for each that is drawn, to read ink along with."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_NEAR))


_NEAR = str.maketrans(NEAR)


@cache
def designs() -> Mapping[str, tuple[Design, ...]]:
    """Return the ways to write each letter that no Latin one looks like."""
    with DESIGNS.open("rb") as file:
        tables = tomllib.load(file)
    written = {letter: ways for table in tables.values() for letter, ways in table.items()}
    found = {letter: tuple(map(read_design, ways)) for letter, ways in written.items()}
    capitals = {small.upper(): tuple(map(_capital, ways)) for small, ways in found.items()}
    return {letter: ways for letter, ways in capitals.items() if letter not in LIKE} | found


def _capital(small: Design) -> Design:
    return Design(tuple((places * np.array(LARGER), corners) for places, corners in small.strokes))
