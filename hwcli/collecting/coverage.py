"""What a collection of lines should hold: every character, and the letters that often stand side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
"""The 95 printable characters of ASCII."""
_PAIRS = (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le "
    "ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec "
    "pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na "
    "ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab "
    "gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa"
)
FREQUENT_PAIRS = tuple(_PAIRS.split())
"""The 150 most frequent pairs of letters in English, the most frequent first."""


def pairs_of(text: str) -> list[str]:
    """Return the pairs of neighbours in ``text``, as small letters: joins are what they are wanted for."""
    return [first + second for first, second in pairwise(text.lower())]


@dataclass(frozen=True)
class Goal:
    """What is to be covered.

    Attributes
    ----------
    characters: each of them, in the order in which people are shown them.
    pairs: frequent pairs, the most frequent first.
    """

    characters: str = PRINTABLE
    pairs: tuple[str, ...] = FREQUENT_PAIRS

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Each pair's place among them."""
        return {pair: rank for rank, pair in enumerate(self.pairs)}

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Goal:
        """Return the goal that ``lines`` can reach: their characters, and the frequent pairs that they have."""
        texts = list(lines)
        had = {pair for text in texts for pair in pairs_of(text)}
        characters = "".join(sorted({character for text in texts for character in text}))
        return cls(characters, tuple(pair for pair in FREQUENT_PAIRS if pair in had))


@dataclass
class Coverage:
    """How often each character and pair was written so far."""

    goal: Goal
    characters: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Count a line that was written."""
        self.characters.update(text)
        self.pairs.update(pairs_of(text))

    @property
    def characters_covered(self) -> int:
        """How many of the goal's characters were written."""
        return sum(1 for character in self.goal.characters if self.characters[character])

    @property
    def pairs_covered(self) -> int:
        """How many of the goal's pairs were written."""
        return sum(1 for pair in self.goal.pairs if self.pairs[pair])

    def new_in(self, text: str) -> str:
        """Return the characters of the goal that ``text`` has and that were never written, each once."""
        unwritten = {character for character in self.goal.characters if not self.characters[character]}
        return "".join(character for character in dict.fromkeys(text) if character in unwritten)
