"""Cyrillic and Greek, written by a network that has learned Latin letters alone.

Many letters of the three alphabets are one to a hand: а and a, ρ and p; and in cursive и is a u, п an n.  These
the network writes, joined as it joins them.  The others are drawn among them, as signs are that it has not
learned (``drawn_signs``).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Set
from functools import cache
from pathlib import Path

import numpy as np

from hwcli.writing.clusters import clusters_of
from hwcli.writing.signs import Design, read_design

DESIGNS = Path(__file__).with_name("alphabets.toml")
WRITTEN_LIKE = {
    letter: latin
    for letters, latins in (
        ("авекмнорстухіјѕѵӏԛԝү".upper(), "ABEKMHOPCTYXIJSVIQWY"),
        ("аеиопрсухіјѕһѵӏԛԝ", "aeuonpcyxijshvlqw"),
        ("αβεζηικμνορτυχ".upper(), "ABEZHIKMNOPTYX"),
        ("αινορυχω", "aivopuxw"),
        ("ı", "i"),
    )
    for letter, latin in zip(letters, latins, strict=True)
}
"""The letter of English that a hand writes for one of another alphabet, and for the Turkish dotless i."""
DOTLESS = "ıι"
"""Of these the ones that lose the dot of the letter that is written."""
READ_AS = {
    letter: latin
    for letters, latins in (
        ("бвгґджзклмнтфцчшщъыьэюяєђљњџәғқңөүұ", "6BrrAxzknMHTpuywwbbb3oRehbHueFkHeYY"),
        ("бгґджзилпфцчшщъьыэюяєђћљњџһәғқңөұ".upper(), "6rrDX3UANOUYWWbbb30REThAHUhEFKHOY"),
        ("ѣҗҙҡҫҳҷҹҝӷӕ", "bx3kcx44kra"),
        ("ѣҗҙҡҫҳҷҹҝӷӕ".upper(), "bX3KCX44KrA"),
        ("βγδεζηθκλμξπστφψς", "ByDEzn8kLuEnoTpws"),
        ("γδθλξπσφψω".upper(), "FAOAEHEOYO"),
    )
    for letter, latin in zip(letters, latins, strict=True)
}
"""The Latin letter or digit that each other letter looks least unlike."""
SAME = {"ѳ": "ө", "Ѳ": "Ө", "∆": "Δ", "∑": "Σ", "∏": "Π"}
"""Letters, and signs of mathematics, that a pen writes as it does other letters."""
SHARED = {"κ": "к", "Γ": "Г", "Π": "П", "Φ": "Ф"}
"""Letters of two alphabets that are drawn alike."""
OVERLAID = {"ћ": "h\u0335"}
"""Those that are written as a Latin letter with a stroke across."""
STOPS = "stops"
"""The table of those of ASCII's signs."""
CAPITAL_SCALE = (1.3, 1.65)
"""How much wider and higher a capital is than its small letter."""


def looking_like(text: str, known: Set[str] = frozenset()) -> str:
    """Return ``text`` with a Latin letter or a digit for each that is drawn, to read ink along with.

    What is ``known`` stays.
    """
    clusters = (unicodedata.normalize("NFC", cluster) for cluster, _, _ in clusters_of(text, 1))
    return "".join(one if known >= set(one) else _read_as(one) for one in clusters)


def _read_as(cluster: str) -> str:
    apart = unicodedata.normalize("NFD", "".join(map(form_of, cluster)))
    return unicodedata.normalize("NFC", "".join(READ_AS.get(part, part) for part in apart))


def form_of(character: str) -> str:
    """Return the letter that a pen writes for ``character``: a θ for ϑ, and for an italic one of formulas."""
    form = unicodedata.normalize("NFKC", character)
    is_variant = form != character and unicodedata.decomposition(character[0]).startswith(
        ("<compat>", "<font>")
    )
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
    shared = {letter: found[same] for letter, same in SHARED.items()}
    return {letter: ways for letter, ways in capitals.items() if letter not in WRITTEN_LIKE} | found | shared


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    with DESIGNS.open("rb") as file:
        return tomllib.load(file)


def _capital(small: Design) -> Design:
    return Design(tuple((places * np.array(CAPITAL_SCALE), corners) for places, corners in small.strokes))
