"""What is added by rule to the ink of a network that has not learned all of a text: marks, and whole signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.writing import alphabets
from hwcli.writing.clusters import clusters_of
from hwcli.writing.drawn_signs import Beside, Moved, all_drawn_as, set_signs, signs_instead, word_gap
from hwcli.writing.marks import Ink, Script, parted, script_of, set_marks

STAND_IN = "nou "
"""What a network writes first that knows hardly a letter of a text: it tells how large signs should be."""

FEWEST_BESIDE_LETTERS = 3
"""Letters and digits of a text with letters that are drawn: one that came out badly would make them all so."""
FEWEST = 5
"""Letters and digits by which it is told how large ink is written."""


class Additions(NamedTuple):
    """A text in the characters that a network has learned, and what is added to them.

    Attributes
    ----------
    text: what the network writes.
    marks: of the letter at each place that has any.
    signs: that stand beside characters of the text, in its order.
    stood_in: the place after a STAND_IN, which the text begins with and which is left out of the ink; 0: none.
    """

    text: str
    marks: Mapping[int, str] = {}
    signs: tuple[Beside, ...] = ()
    stood_in: int = 0

    @property
    def sign_count(self) -> int:
        """How many signs there are."""
        return sum(one != " " for group in self.signs for one, _, _ in clusters_of(group.signs, 1))

    def after(self, before: str) -> Additions:
        """Return this text with another ``before`` it."""
        count = len(before)
        return Additions(
            before + self.text,
            {count + place: marks for place, marks in self.marks.items()},
            tuple(group._replace(place=count + group.place) for group in self.signs),
            self.stood_in and count + self.stood_in,
        )

    def between(self, begin: int, end: int) -> Additions:
        """Return this text with what is added from place ``begin`` on and before ``end`` alone."""
        return Additions(
            self.text,
            {place: marks for place, marks in self.marks.items() if begin <= place < end},
            tuple(group for group in self.signs if begin <= group.place < end),
            self.stood_in,
        )

    def beside_signs(self) -> NDArray[np.bool_]:
        """Return (U,) which characters are blanks beside a sign: it needs the ink on both sides."""
        are_beside = np.zeros(len(self.text), np.bool_)
        for group in self.signs:
            place = group.place + (-1 if group.is_before else 1)
            are_beside[place : place + 1] = not group.is_within
        return are_beside


NO_ADDITIONS = Additions("")


def part_additions(text: str, characters: str) -> Additions:
    """Return ``text``, as it was prepared, in ``characters`` alone, and what is added to them by rule.

    Where no letter or digit of them is in it, or few beside letters that are drawn, the network writes a
    STAND_IN before it.
    """
    known, plain, marks, groups = set(characters), list[str](), dict[int, str](), list[Beside]()
    clusters = [cluster for cluster, _, _ in clusters_of(text, 1)]
    drawn = all_drawn_as(clusters, known)
    begin = 0
    while begin < len(clusters):
        end = begin + 1
        if not drawn[begin]:
            cluster = clusters[begin]
            found = None if known.issuperset(cluster) else parted(cluster, known)
            if found and found.marks is not None:
                marks[len(plain)] = found.marks
            plain.extend(found.letter if found else cluster)
        else:
            while drawn[end : end + 1] not in ([], [""]):
                end += 1
            before, after = clusters[max(begin - 1, 0) : begin], clusters[end : end + 1]
            groups.append(_group("".join(drawn[begin:end]), before, after, len(plain)))
            # Of the blanks on either side of signs that stand alone one is left.
            end += groups[-1].has_blank and groups[-1].is_before
        begin = end
    written = "".join(plain).rstrip()
    last = len(written) - 1
    signs = list[Beside]()
    for group in groups:
        placed = group if group.place <= last else _at_the_end(group, last)
        both = signs[-1].joined(placed) if signs else None
        signs = [*signs[:-1], both] if both else [*signs, placed]
    additions = Additions(written, marks, tuple(signs))
    needed = FEWEST_BESIDE_LETTERS if any(map(alphabets.is_drawn, filter(None, drawn))) else 1
    if signs and sum(map(str.isalnum, written)) < needed and known.issuperset(STAND_IN):
        stand_in = STAND_IN if written else STAND_IN.rstrip()
        return additions.after(stand_in)._replace(stood_in=len(stand_in))
    return additions


def _group(signs: str, before: Sequence[str], after: Sequence[str], place: int) -> Beside:
    """Return how ``signs`` stand between those ``before`` and ``after``; ``place`` is that of the latter."""
    follows, precedes = bool(after) and after[0] != " ", bool(before) and before[-1] != " "
    if precedes and not follows:
        return Beside(signs, place - 1, is_before=False)
    return Beside(signs, place, True, not follows, is_within=follows and precedes, is_first=not place)


def _at_the_end(group: Beside, last: int) -> Beside:
    """Return ``group``, after which nothing is written, as it stands after the ``last`` character."""
    return Beside(group.signs, last, is_before=False, has_blank=True)


class Added(NamedTuple):
    """Ink with additions (n, 3), how far they move aside what comes after it, and how it is written."""

    ink: Ink
    aside: float
    script: Script | None


def add(
    ink: Ink,
    places: NDArray[np.intp],
    additions: Additions,
    chance: np.random.Generator,
    before: Script | None = None,
) -> Added:
    """Return ``ink`` (n, 3) with the ``additions`` to it.

    ``places`` (n,) tell to which place of the text each point belongs; ``before``: how what is before it is
    written, for ink with few letters of its own.
    """
    if not len(ink):
        return Added(ink, 0.0, before)
    script = _script(ink, places, additions.text, before)
    marked = Moved(*set_marks(ink, places, additions.text, additions.marks, script, chance), 0.0)
    if additions.stood_in:
        return Added(*_without_stand_in(marked, additions, script, chance), script)
    moved = set_signs(marked, additions.signs, script, chance)
    return Added(moved.ink, moved.aside, script)


def _script(ink: Ink, places: NDArray[np.intp], text: str, before: Script | None) -> Script:
    """Return how ``ink`` is written: the fewer than FEWEST letters it has, the more as what is ``before``."""
    script = script_of(ink, places, text)
    count = sum(text[place].isalnum() for place in np.unique(places).tolist())
    if before is None or count >= FEWEST:
        return script
    size = (count * script.size + (FEWEST - count) * before.size) / FEWEST
    return script._replace(size=size, base=script.base if count else before.base)


def _without_stand_in(
    marked: Moved, additions: Additions, script: Script, chance: np.random.Generator
) -> tuple[Ink, float]:
    """Return what comes after the stand-in, with the signs, where that began, and how far all moves aside."""
    (ink, places, owners, _), first = marked, additions.stood_in
    if places[-1] < first:
        signs = " ".join(group.signs for group in additions.signs)
        return signs_instead(ink, signs, script, chance), 0.0
    begin = word_gap(ink, places, first - 1, default=int(np.searchsorted(places, first)))
    after = Moved(ink[begin:], np.maximum(places[begin:], first), owners[begin:], 0.0)
    moved = set_signs(after, additions.signs, script, chance)
    back = float(moved.ink[:, 0].min() - ink[:, 0].min())
    return moved.ink - (back, 0, 0), moved.aside - back
