"""What is added by rule to the ink of a network that has not learned all of a text: marks, and whole signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.writing.drawn_signs import Beside, set_signs
from hwcli.writing.marks import Ink, script_of, set_marks


class Additions(NamedTuple):
    """A text in the characters that a network has learned, and what is added to them.

    Attributes
    ----------
    text: what the network writes.
    marks: of the letter at each place that has any.
    signs: that stand beside characters of the text, in its order.
    """

    text: str
    marks: Mapping[int, str] = {}
    signs: tuple[Beside, ...] = ()

    @property
    def sign_count(self) -> int:
        """How many signs there are."""
        return sum(len(group.signs.replace(" ", "")) for group in self.signs)

    def after(self, before: str) -> Additions:
        """Return this text with another ``before`` it."""
        count = len(before)
        return Additions(
            before + self.text,
            {count + place: marks for place, marks in self.marks.items()},
            tuple(group._replace(place=count + group.place) for group in self.signs),
        )

    def between(self, begin: int, end: int) -> Additions:
        """Return this text with what is added from place ``begin`` on and before ``end`` alone."""
        return Additions(
            self.text,
            {place: marks for place, marks in self.marks.items() if begin <= place < end},
            tuple(group for group in self.signs if begin <= group.place < end),
        )

    def beside_signs(self) -> NDArray[np.bool_]:
        """Return (U,) which characters are blanks beside a sign: it needs the ink on both sides."""
        are_beside = np.zeros(len(self.text), np.bool_)
        for group in self.signs:
            place = group.place + (-1 if group.is_before else 1)
            are_beside[place : place + 1] = not group.is_within
        return are_beside


NO_ADDITIONS = Additions("")


def add(
    ink: Ink, places: NDArray[np.intp], additions: Additions, chance: np.random.Generator
) -> tuple[Ink, float]:
    """Return ``ink`` (n, 3) with the ``additions`` to it, and how far they move aside what comes after it.

    ``places`` (n,) tell to which place of the text each point belongs.
    """
    if not len(ink):
        return ink, 0.0
    script = script_of(ink, places, additions.text)
    marked, places = set_marks(ink, places, additions.text, additions.marks, script, chance)
    moved = set_signs(marked, places, additions.signs, script, chance)
    return moved.ink, moved.aside
