"""What recombined lines say: dates, sums, addresses, names; and every printable character often enough.

The patterns are in ``texts.toml``.  All names in it are made up or as common as any.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

Chance = np.random.Generator
T = TypeVar("T")

PATTERNS = Path(__file__).with_name("texts.toml")
SLOT = re.compile("«([^»]*)»")
SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SMALL_LETTERS = "abcdefghijklmnopqrstuvwxyz"

SHORTEST, LONGEST = 14, 46
"""Characters of a line."""
RUNS, LONGEST_RUN = 0.5, 5
"""The share of parts that are words as they came, and how many of them, at most, come one after another."""
TRIES = 5
"""Texts that are made up for each one that is kept: the one with the characters most wanted."""
COMMON = frozenset(" abcdefghilmnoprstuwy")
"""Characters that any line has enough of."""
ENOUGH = 30
"""What a character's count starts with when it is said how much it is wanted."""


class Words(NamedTuple):
    """What a hand can write: words of its own, small and with a capital, and runs of them as they came."""

    small: Sequence[str]
    large: Sequence[str]
    runs: Sequence[Sequence[str]]


class Patterns(NamedTuple):
    """The lists and the kinds of patterns of ``texts.toml``."""

    lists: Mapping[str, Sequence[str]]
    kinds: Sequence[Sequence[str]]


@cache
def patterns() -> Patterns:
    """Return the patterns."""
    with PATTERNS.open("rb") as file:
        tables = tomllib.load(file)
    return Patterns(tables["lists"], list(tables["kinds"].values()))


class Texts:
    """Makes up texts, and keeps count of what they say."""

    def __init__(self, chance: Chance) -> None:
        """Draw from ``chance``."""
        self.chance = chance
        self.counts: Counter[str] = Counter()

    def proposals(self, words: Words) -> list[str]:
        """Return texts for a hand that has ``words``, the most wanted first."""
        made = {self._text(words) for _ in range(TRIES)}
        return sorted(made, key=lambda text: (-self._wanted(text), text))

    def count(self, text: str) -> None:
        """Count the characters of a ``text`` that is written."""
        self.counts.update(text)

    def _wanted(self, text: str) -> float:
        rare = (character for character in text if character not in COMMON)
        return sum(1 / (self.counts[character] + ENOUGH) for character in rare) / (len(text) + 10)

    def _text(self, words: Words) -> str:
        parts: list[str] = []
        enough = self.chance.integers(SHORTEST, LONGEST - 8)
        while sum(len(part) + 1 for part in parts) < enough:
            if words.runs and self.chance.random() < RUNS:
                run = _pick(words.runs, self.chance)
                start = int(self.chance.integers(len(run)))
                parts.append(" ".join(run[start : start + int(self.chance.integers(1, LONGEST_RUN + 1))]))
            else:
                parts.append(
                    filled(_pick(_pick(patterns().kinds, self.chance), self.chance), words, self.chance)
                )
        text = " ".join(" ".join(parts).split())
        return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0]


def filled(pattern: str, words: Words, chance: Chance) -> str:
    """Return ``pattern`` with something in each of its slots."""
    return SLOT.sub(lambda slot: _filling(slot[1], words, chance), pattern)


def _filling(slot: str, words: Words, chance: Chance) -> str:
    if slot in patterns().lists:
        return filled(_pick(patterns().lists[slot], chance), words, chance)
    if slot.isdigit():
        return "".join(map(str, chance.integers(0, 10, len(slot))))
    if slot.isupper() and slot != "CAPITALS":
        return "".join(_pick(CAPITALS, chance) for _ in range(int(chance.integers(1, len(slot) + 1))))
    small = _pick(words.small, chance) if words.small else "on"
    match slot:
        case "small":
            return small
        case "CAPITALS":
            return small.upper()
        case "Large":
            return _pick(words.large, chance) if words.large and chance.random() < 0.5 else small.capitalize()
        case "x":
            return _pick(SMALL_LETTERS, chance)
        case "?":
            return _pick(_pick([SIGNS, SIGNS, CAPITALS], chance), chance)
    least, most = slot.split("-")
    return str(chance.integers(int(least), int(most) + 1))


def _pick(choices: Sequence[T], chance: Chance) -> T:
    return choices[int(chance.integers(len(choices)))]
