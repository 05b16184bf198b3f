"""Lines cut at pen-ups into words, parts of words and characters, where it is clear which ink says what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points
from hwcli.recombining.alignment import Aligned, Places
from hwcli.recombining.hands import Hand

Counts = NDArray[np.float64]

AHEAD, MOST_AHEAD = 0.45, 8
"""The window looks ahead: this share of a stroke's points, and no more of them, do not count at its end."""
MISPLACED = 1.5
"""Points, at most, that a cut may leave on the side where the window says they do not belong."""
SMALL, SMALL_COUNTS = 0.35, 0.25
"""Strokes smaller than this, in letters, are dots and the like, often set late: they count for less."""
OVERLAP = 0.25
"""How far, in letters, the ink before a cut may reach over the ink after it."""
NARROWEST = 0.4
"""How wide, in letters, a blank is at least: what is closer is a bar, or a comma, of the word before."""
DOTTED, DOTS_FROM = frozenset("ij"), -0.9
"""Characters with a dot that may be set late, and how high (y downward) it is at least."""
BARRED, BARS_FROM = frozenset("tfxAEFHT"), -0.3
"""Characters with a bar that may be drawn late, and how high it is at least."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Ink and what it says.

    Attributes
    ----------
    text: what it says: a word, a part of one, or a character.
    points: (N, 3) in normal form, its left edge at x = 0.
    hand: in which it was written.
    line: id of the line that it is from, "" when it was made.
    before, after: how far it is to the ink beside it in its line, in letters; None: that is not known.
    opens, closes: whether it stood at the beginning, or the end, of a word.
    """

    text: str
    points: Points
    hand: Hand
    line: str = ""
    before: float | None = None
    after: float | None = None
    opens: bool = False
    closes: bool = False

    @property
    def width(self) -> float:
        """From the left edge to the right, in letters."""
        return float(self.points[:, 0].max())


@dataclass(frozen=True)
class Cut:
    """A line can be cut after so many strokes, and then its text after so many characters."""

    strokes: int
    characters: int
    gap: float = 0.0


def cuts_of(line: Aligned, points: Points) -> list[Cut]:
    """Return where ``line`` can be cut, its ends with it; ``points`` are its own in normal form."""
    text = line.drawing.text
    edges = _edges(points)
    count = len(edges)
    sizes = (edges[:, 2:] - edges[:, :2]).max(axis=1)
    weights = np.where(sizes < SMALL, SMALL_COUNTS, 1.0)[line.strokes]
    before, after = _misplaced(line, weights, count, len(text))
    reach = np.maximum.accumulate(edges[:, 2])[:-1]
    begin = np.minimum.accumulate(edges[::-1, 0])[::-1][1:]
    cuts = [Cut(0, 0)]
    for stroke in range(1, count):
        gap = float(begin[stroke - 1] - reach[stroke - 1])
        place = _place(before[stroke] + after[stroke], text) if gap > -OVERLAP else None
        if place is None or place <= cuts[-1].characters:
            continue
        if text[place - 1] == " " and gap < NARROWEST:
            continue
        if not _is_finish(edges[stroke], text[cuts[-1].characters : place]):
            cuts.append(Cut(stroke, place, gap))
    return [*cuts, Cut(count, len(text))]


def _is_finish(edges: Counts, said: str) -> bool:
    """Return whether a stroke of these ``edges`` can be a dot or a bar that what was said still lacks."""
    left, top, right, foot = edges
    if foot - top >= SMALL:
        return False
    if foot < DOTS_FROM and right - left < SMALL:
        return not DOTTED.isdisjoint(said)
    return bool(foot < BARS_FROM and not BARRED.isdisjoint(said))


def _edges(points: Points) -> Counts:
    """Return (strokes, 4): the least x and y and the greatest x and y of each stroke."""
    starts = np.append(0, np.flatnonzero(points[:-1, 2] > 0.5) + 1)
    places = points[:, :2].astype(np.float64)
    return np.hstack([np.minimum.reduceat(places, starts), np.maximum.reduceat(places, starts)])


def _misplaced(line: Aligned, weights: Counts, count: int, characters: int) -> tuple[Counts, Counts]:
    """Return, for a cut after s strokes and c characters, how many points lie before and after it wrongly.

    Both are (strokes + 1, characters + 1).
    """
    counted = weights * ~_ahead(line.strokes)
    whole, sure = (_table(line.strokes, line.characters, w, count, characters) for w in (weights, counted))
    # Up to and with each stroke, points of each character or a later one; of the last stroke the sure ones.
    beyond = np.zeros((count + 1, characters + 1))
    total, last = (table[:, ::-1].cumsum(axis=1)[:, ::-1] for table in (whole, sure))
    beyond[1:, :characters] = np.cumsum(total, axis=0) - total + last
    short = np.zeros((count + 1, characters + 1))
    short[:count, 1:] = np.cumsum(whole[::-1], axis=0)[::-1].cumsum(axis=1)
    return beyond, short


def _ahead(strokes: Places) -> NDArray[np.bool_]:
    """Mark the points so near the end of their stroke that the window may look ahead."""
    lengths = np.bincount(strokes)
    ends = np.cumsum(lengths)[strokes]
    left = ends - np.arange(len(strokes))
    ahead: NDArray[np.bool_] = left <= np.minimum(AHEAD * lengths[strokes], MOST_AHEAD)
    return ahead


def _table(strokes: Places, characters: Places, weights: Counts, rows: int, columns: int) -> Counts:
    flat = np.bincount(strokes * columns + characters, weights, rows * columns)
    return flat.reshape(rows, columns).astype(np.float64)


def _place(misplaced: Counts, text: str) -> int | None:
    """Return after which character to cut, None when that is not clear; a blank goes with what is before it."""
    best = int(misplaced[1:-1].argmin()) + 1 if len(text) > 1 else 0
    if not best or misplaced[best] > MISPLACED:
        return None
    good = np.flatnonzero(misplaced[1:-1] <= max(float(misplaced[best]), MISPLACED)) + 1
    # Several places are as good as one when nothing but blanks lies between them.
    if text[good[0] : good[-1]].strip():
        return None
    place = int(good[-1])
    while place < len(text) and text[place] == " ":
        place += 1
    return place


def pieces_of(line: Aligned, hand: Hand) -> Iterator[Piece]:
    """Yield the pieces of ``line``: what is between two cuts next to each other, and each word as a whole."""
    points = hand.normal(line.drawing.points)
    cuts = cuts_of(line, points)
    ends = np.append(0, np.flatnonzero(points[:-1, 2] > 0.5) + 1)
    ends = np.append(ends, len(points))
    text = line.drawing.text
    words = [cut for cut in cuts if not cut.characters or text[cut.characters - 1] == " "] + cuts[-1:]
    pairs = {(pair[0].strokes, pair[1].strokes): pair for row in (cuts, words) for pair in pairwise(row)}
    for first, last in pairs.values():
        part = points[ends[first.strokes] : ends[last.strokes]]
        said = text[first.characters : last.characters]
        if len(part) and said.strip():
            yield Piece(
                said.strip(),
                _from_the_left(part),
                hand,
                line.drawing.id,
                first.gap if first.strokes else None,
                last.gap if last is not cuts[-1] else None,
                not first.characters or text[first.characters - 1] == " ",
                said.endswith(" ") or last is cuts[-1],
            )


def _from_the_left(points: Points) -> Points:
    moved = points.copy()
    moved[:, 0] -= points[:, 0].min()
    moved[-1, 2] = 1
    return moved
