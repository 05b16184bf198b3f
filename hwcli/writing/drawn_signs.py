"""Signs that a network has not learned, drawn whole beside what it writes: €, ¿, ß, →.

The network writes the text without them, and what comes after a sign moves aside for it.  A sign is drawn by
rule, as large, as quick and as slanted as the ink around it; inside a word the pen is lifted for it.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.writing import alphabets, marks
from hwcli.writing.clusters import clusters_of
from hwcli.writing.marks import CARE, Ink, Script, strokes_of
from hwcli.writing.signs import Design, Manner, lean_of, read_design, sign

DESIGNS = Path(__file__).with_name("drawn_signs.toml")
CLOSING, OPENING = ".,:;!?)'\"-", "('\"-"
"""Stops that stand right after a letter, and right before one."""
SHAPES = "\ufe0e\ufe0f"
"""What chooses between two shapes of a sign before it."""
SAME = {
    other: sign
    for sign, others in {
        "♥": "❤♡🖤💙💚💛💜🧡🤍💕💖💗💓", "★": "☆⭐🌟", "☺": "☻🙂😀😃😄😁😊", "☹": "🙁😞😟",
        "✓": "✔✅", "✗": "✘✖❌", "☐": "□▢◻⬜", "•": "●‣▪◦", "µ": "μ",
        "→": "➔➜➝➞➡⟶", "←": "⬅⟵", "↔": "⟷", "↑": "⬆", "↓": "⬇", "⇒": "⟹", "⇐": "⟸", "⇔": "⟺",
    }.items()
    for other in others
}  # fmt: skip
"""Signs that a pen writes as it does others."""
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", strict=True))
LOWER = 1.4
"""What is written as something else is, but so much lower, in letters."""

UPPER = 0.6
"""A mark stands over the middle of so much of a letter's upper part, or under its lower one, in letters."""
GAP, CLOSE, BLANK = 0.3, 0.2, 1.3
"""Between a sign and what it belongs to; the same where it is a letter or a digit; between words (letters)."""
AFTER_ANOTHER = 0.27
"""Between letters that are drawn one after another, and the network's."""
NO_JUMP = -0.1
"""Strokes of two letters are further apart than this, in letters."""
LOW = 0.25
"""How high the middle of a comma or a full stop is at most, in letters."""


@cache
def designs() -> Mapping[str, tuple[Design, ...]]:
    """Return the ways to write each sign."""
    with DESIGNS.open("rb") as file:
        found = {sign: tuple(map(read_design, ways)) for sign, ways in tomllib.load(file).items()}
    lowered = {sign: tuple(map(_lowered, found[raised])) for sign, raised in LOWERED.items()}
    return {**found, **lowered, **alphabets.designs()}


def _lowered(design: Design) -> Design:
    return Design(tuple((places - (0, LOWER), corners) for places, corners in design.strokes))


def common_form(cluster: str) -> str:
    """Return the sign that a pen writes for ``cluster``, one character."""
    plain = alphabets.form_of(cluster.rstrip(SHAPES))
    return SAME.get(plain, plain)


def drawn_as(cluster: str, known: set[str]) -> str:
    """Return the sign that ``cluster``, one character, is drawn as; "": it is ``known``, or has no design."""
    if cluster.isascii():
        return ""
    found = common_form(cluster)
    return found if ways_to_draw(found) and not (known.issuperset(cluster) or found in known) else ""


def all_drawn_as(clusters: Sequence[str], known: set[str]) -> list[str]:
    """Return the sign that each of ``clusters``, which follow one another, is drawn as (``drawn_as``).

    A stop beside a letter of another alphabet that is drawn is drawn as well: a network that does not write the
    letter would set it anywhere.
    """
    drawn = [drawn_as(cluster, known) for cluster in clusters]
    for places, stops in ((range(len(drawn)), CLOSING), (range(len(drawn))[::-1], OPENING)):
        is_beside = False
        for place in places:
            if drawn[place]:
                is_beside |= alphabets.is_drawn(drawn[place])
            else:
                is_beside &= clusters[place] in stops
                drawn[place] = clusters[place] * is_beside
    return drawn


def ways_to_draw(cluster: str) -> tuple[Design, ...]:
    """Return the ways to draw a sign, or a letter with marks above and below it; () where there is none."""
    found = designs().get(cluster) or alphabets.stops().get(cluster)
    if found is not None or not cluster:
        return found or ()
    apart = unicodedata.normalize("NFD", cluster)
    ways = designs().get(apart[0], ()) if apart[0].isalpha() else ()
    for mark in apart[1:]:
        where, shapes = marks.designs().get(mark, ("", ()))
        is_set = where in (marks.ABOVE, marks.BELOW)
        ways = tuple(_marked(way, shapes[0], where) for way in ways) if is_set else ()
    return ways


def _marked(letter: Design, mark: Design, where: str) -> Design:
    """Return ``letter`` with a ``mark`` above it or below."""
    points = np.concatenate([places for places, _ in letter.strokes])
    is_above = where == marks.ABOVE
    edge = points[:, 1].max() if is_above else points[:, 1].min()
    near = points[np.abs(points[:, 1] - edge) < UPPER, 0]
    shape = np.concatenate([places for places, _ in mark.strokes])[:, 0] * marks.SCALE
    corner = (near.min() + near.max() - shape.min() - shape.max()) / 2, edge + marks.GAP * is_above
    return Design(
        (*letter.strokes, *((places * marks.SCALE + corner, corners) for places, corners in mark.strokes))
    )


class Beside(NamedTuple):
    """Signs that stand together, and where.

    Attributes
    ----------
    signs: one after the other, with blanks between words of them.
    place: of the character of the text that they are beside.
    is_before: whether they stand before it, else after it.
    has_blank: whether there is a blank between.
    is_within: whether they are inside a word, with letters on both sides.
    is_first: whether the text begins with them.
    """

    signs: str
    place: int
    is_before: bool
    has_blank: bool = False
    is_within: bool = False
    is_first: bool = False

    def joined(self, other: Beside) -> Beside | None:
        """Return this and an ``other`` after it as one, None where they are not at the same place."""
        if (self.place, self.is_before) != (other.place, other.is_before):
            return None
        has_blank = other.has_blank if self.is_before else self.has_blank
        return self._replace(signs=f"{self.signs} {other.signs}", has_blank=has_blank)


class Moved(NamedTuple):
    """Ink with signs, and how far what comes next moves.

    Attributes
    ----------
    ink: (n, 3).
    places: (n,), to which place of the text each point belongs.
    owners: (n,), of which letter it is a mark; -1: of none.
    aside: how far what comes next moves.
    """

    ink: Ink
    places: NDArray[np.intp]
    owners: NDArray[np.intp]
    aside: float


def set_signs(before: Moved, groups: Sequence[Beside], script: Script, chance: np.random.Generator) -> Moved:
    """Return the ink ``before``, with the signs of ``groups``, which are in the order of the text.

    ``script`` is how the ink is written.
    """
    ink = before.ink
    if not (len(ink) and groups):
        return before
    # How far apart signs and slanted letters are is told along their slant.
    lean = lean_of(ink)
    moved = before._replace(ink=_upright(ink, lean, script))
    for group in groups:
        has_letters = any(alphabets.is_drawn(one) for one, _, _ in clusters_of(group.signs, 1))
        around = script.near(group.place) if has_letters else script
        moved = _set(moved, group, _drawn(group.signs, around, chance), around)
    return moved._replace(ink=_upright(moved.ink, -lean, script))


def signs_instead(ink: Ink, signs: str, script: Script, chance: np.random.Generator) -> Ink:
    """Return ``signs`` where ``ink`` (n, 3) begins, and as it is written."""
    lean = lean_of(ink)
    drawn = _drawn(signs, script, chance)
    drawn[:, 0] += _upright(ink, lean, script)[:, 0].min() - drawn[:, 0].min()
    return _upright(drawn, -lean, script)


def _upright(ink: Ink, lean: float, script: Script) -> Ink:
    upright = ink.copy()
    upright[:, 0] += lean * (ink[:, 1] - script.base)
    return upright


def _drawn(signs: str, script: Script, chance: np.random.Generator) -> Ink:
    """Return the upright ink of ``signs``, from x = 0, on the line that letters stand on."""
    parts, right, before = list[Ink](), 0.0, " "
    for one, _, _ in clusters_of(signs, 1):
        if one != " ":
            ways = ways_to_draw(one)
            manner = Manner(pace=script.pace / script.size, care=CARE)
            points = sign(ways[int(chance.integers(len(ways)))], manner, chance).astype(np.float64)
            gap = max(_gap(before), _gap(one)) if parts else 0.0
            points[:, 0] += right + gap - points[:, 0].min()
            right = points[:, 0].max()
            parts.append(points)
        before = one
    return np.concatenate(parts) * (script.size, script.size, 1) + (0, script.base, 0)


def _gap(sign: str) -> float:
    """Return how far a ``sign``, or a blank, is from what is beside it, in letters."""
    if sign == " ":
        return BLANK
    if alphabets.is_drawn(sign):
        return AFTER_ANOTHER
    return CLOSE if sign[0].isalnum() or sign in ".,:;!'" else GAP


def _outer(signs: str) -> tuple[str, str]:
    """Return the first and the last of ``signs``, with the marks that are set on them."""
    each = [one for one, _, _ in clusters_of(signs, 1)]
    return each[0], each[-1]


def _set(before: Moved, group: Beside, drawn: Ink, script: Script) -> Moved:
    """Return what was there ``before`` with ``drawn``, the signs of ``group``."""
    ink, places = before.ink.copy(), before.places
    cut = _cut(before, group, script.size)
    is_cut_through = 0 < cut < len(ink) and ink[cut - 1, 2] < 0.5
    if cut:
        ink[cut - 1, 2] = 1
    right = _right_edge(ink, places, cut, group.place)
    ground = -np.inf if is_cut_through else script.base - LOW * script.size
    is_beyond = _is_beyond(ink, cut, -np.inf if not cut else right, ground)
    # Where marks lie tells nothing: they go with their letters.
    is_mark = (before.owners >= 0) & (np.arange(len(ink)) >= cut)
    is_beyond[is_mark] = before.owners[is_mark] > group.place - group.is_before
    left = float(ink[is_beyond & _is_begun(ink, places, cut, group.place), 0].min(initial=np.inf))
    width = float(np.ptp(drawn[:, 0]))
    gap_before, gap_after = (
        script.size * _gap(" " if group.has_blank else beside) for beside in _outer(group.signs)
    )
    if group.is_within and cut and np.isfinite(left):
        edge, aside = right + gap_before, right + gap_before + width + gap_after - left
    elif group.is_before and np.isfinite(left):
        edge, aside = left, width + gap_after
    else:
        edge, aside = right + gap_before, gap_before + width
    drawn[:, 0] += edge - drawn[:, 0].min()
    ink[:, 0] += aside * is_beyond
    place = group.place - group.is_before
    return Moved(
        np.concatenate([ink[:cut], drawn, ink[cut:]]),
        np.concatenate([places[:cut], np.full(len(drawn), place), places[cut:]]),
        np.concatenate([before.owners[:cut], np.full(len(drawn), -1), before.owners[cut:]]),
        before.aside + aside,
    )


def _cut(before: Moved, group: Beside, size: float) -> int:
    """Return after how many points the signs of ``group`` are drawn: between words, or where a letter begins.

    ``size`` is the height of a small letter.  Which point is of which letter is known roughly alone.
    """
    ink, places = before.ink, before.places
    first = int(np.searchsorted(places, group.place))
    if group.is_within:
        jumps = _jumps(ink, places, group.place - 1, group.place)
        # No letter begins with a mark.
        starts = [start for start in jumps if before.owners[start] < 0]
        joints = [start for start in starts if jumps[start] > NO_JUMP * size]
        return min(joints, key=lambda start: abs(start - first), default=first)
    if not group.is_before:
        is_last = group.place == places[-1]
        return len(ink) if is_last else word_gap(ink, places, group.place + 1, default=len(ink))
    return 0 if group.is_first else word_gap(ink, places, group.place - 1, default=first)


def word_gap(ink: Ink, places: NDArray[np.intp], blank: int, default: int) -> int:
    """Return after how many points the word after ``blank`` begins; ``default``: the pen is not lifted."""
    jumps = _jumps(ink, places, blank - 1, blank + 1)
    return max(jumps, key=lambda start: jumps[start], default=default)


def _jumps(ink: Ink, places: NDArray[np.intp], first: int, last: int) -> dict[int, float]:
    """Return, of strokes that begin from place ``first`` to ``last``, how far each is right of all before.

    The stroke that the ``first`` place begins with does not count.
    """
    begin, end = np.searchsorted(places, first, "left"), np.searchsorted(places, last, "right")
    strokes = [stroke for stroke in strokes_of(ink) if begin < stroke.start < end]
    return {
        stroke.start: float(ink[stroke, 0].min() - ink[begin : stroke.start, 0].max()) for stroke in strokes
    }


def _right_edge(ink: Ink, places: NDArray[np.intp], cut: int, place: int) -> float:
    """Return how far what is written before ``cut`` reaches, of the letters not far before ``place``."""
    last = ink[:cut][places[:cut] >= place - 2]
    return float((last if len(last) else ink[: max(cut, 1)])[:, 0].max())


def _is_beyond(ink: Ink, cut: int, edge: float, ground: float) -> NDArray[np.bool_]:
    """Return which points of ``ink`` are of strokes beyond ``edge`` that were written from ``cut`` on.

    A dot or a bar that was written late, over a letter before it, is not.  The first stroke is if it lies below
    ``ground``: a comma may be under that letter.
    """
    is_beyond = np.zeros(len(ink), np.bool_)
    begin = cut
    for end in [*(stroke.stop for stroke in strokes_of(ink)), len(ink)]:
        if end > begin:
            across, down = ink[begin:end, :2].mean(axis=0)
            is_beyond[begin:end] = across > edge or (begin == cut and down > ground)
            begin = end
    return is_beyond


def _is_begun(ink: Ink, places: NDArray[np.intp], cut: int, place: int) -> NDArray[np.bool_]:
    """Return which points of ``ink`` from ``cut`` on are of the first stroke, or of the one at ``place``."""
    is_begun: NDArray[np.bool_] = places == place
    first = next((stroke.stop for stroke in strokes_of(ink) if stroke.stop > cut), len(ink))
    is_begun[cut:first] = True
    is_begun[:cut] = False
    return is_begun
