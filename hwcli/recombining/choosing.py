"""Which pieces are what they are said to be: those that are like the others that say the same.

A line whose text does not say what was written, a word that was crossed out, a window that was lost: all give
pieces that are too wide, too long, too high or of another shape than their text makes expect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points
from hwcli.recombining.cutting import Piece

Floats = NDArray[np.float64]

SPREADS = 2.5
"""Pieces that are so many standard deviations from what is expected are left out."""
CLOSE = 0.08
"""No size is taken to be known better than this (sd of its log)."""
STRANGEST = 0.15
"""Of the pieces of one character, the share of those least like any others that is left out."""
SHAPE_POINTS = 12
"""Points along a character that its shape is compared by."""
KNOWN, NEIGHBOURS = 300, 3
"""Each shape is compared with so many others of its character, and with the nearest of them so many count."""
RIDGE = 3.0
SPECK = 0.25
"""A stroke that is smaller, in letters, is a dot or a slip of the pen."""
DOTS = {**dict.fromkeys("ij.,!?;'", 1), '"': 2, ":": 2, "%": 1}
"""Characters that have dots, or strokes that may be as small."""
TWO_STROKES = frozenset('4!":;=?5Xijtx')
"""Characters that, found alone, must be of two strokes at least: one stroke is more often a part of them."""
CEILING, FLOOR = 0.8, 0.7
"""How much higher or lower than its characters make expect, in letters, a piece may reach."""


def chosen(pieces: Sequence[Piece], chance: np.random.Generator) -> list[Piece]:
    """Return those of ``pieces`` that are written as their text makes expect, in their order."""
    if not pieces:
        return []
    characters = {
        character: place for place, character in enumerate(sorted({c for p in pieces for c in p.text}))
    }
    # Of each character how many, and last how many lie between two others: the gaps.
    counts = np.zeros((len(pieces), len(characters) + 1))
    counts[:, -1] = [len(piece.text) - 1 for piece in pieces]
    for row, piece in zip(counts, pieces, strict=True):
        for character in piece.text:
            row[characters[character]] += 1
    good = _heights(pieces) & np.array([_is_whole(piece) for piece in pieces])
    for sizes in (np.array([piece.width for piece in pieces]), np.array([_length(p.points) for p in pieces])):
        good &= _sizes(counts, sizes, good)
    good &= _shapes(pieces, good, chance)
    return [piece for piece, is_good in zip(pieces, good.tolist(), strict=True) if is_good]


def _is_whole(piece: Piece) -> bool:
    """Return whether a piece lacks no stroke, and has no more small ones than its characters have dots."""
    if piece.text in TWO_STROKES and np.count_nonzero(piece.points[:, 2]) < 2:
        return False
    specks = 0
    for stroke in np.split(piece.points, np.flatnonzero(piece.points[:-1, 2] > 0.5) + 1):
        specks += bool(np.ptp(stroke[:, :2], axis=0).max() < SPECK)
    return specks <= sum(DOTS.get(character, 0) for character in piece.text)


def _length(points: Points) -> float:
    moves = np.diff(points[:, :2], axis=0)[points[:-1, 2] < 0.5]
    return float(np.hypot(moves[:, 0], moves[:, 1]).sum())


def _sizes(counts: Floats, sizes: Floats, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which ``sizes`` are near the sum of what each of their characters adds, found by least squares."""
    kept, characters = good, counts[:, :-1].sum(axis=1)
    guess = np.append(np.full(counts.shape[1] - 1, np.median(sizes / characters)), 0.0)
    for _ in range(2 if good.any() else 0):
        # A long word may be off by more, so that it counts for less.
        weights = kept / np.sqrt(characters)
        matrix = counts * weights[:, None]
        normal = matrix.T @ matrix + RIDGE * np.eye(counts.shape[1])
        each = np.linalg.solve(normal, matrix.T @ (sizes * weights) + RIDGE * guess)
        expected = np.maximum(counts @ each, 0.1)
        off = np.log((sizes + 0.3) / (expected + 0.3)) * np.sqrt(np.minimum(characters, 4))
        kept = good & (np.abs(off - np.median(off[good])) < SPREADS * max(_spread(off[good]), CLOSE))
    return kept


def _spread(values: Floats) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def _heights(pieces: Sequence[Piece]) -> NDArray[np.bool_]:
    """Return which pieces reach as high and as low as their characters do by themselves."""
    reach = np.array([(piece.points[:, 1].min(), piece.points[:, 1].max()) for piece in pieces])
    singles = _by_character(pieces, np.ones(len(pieces), np.bool_))
    usual = {c: np.median(reach[places], axis=0) for c, places in singles.items() if len(places) >= NEIGHBOURS}
    good = np.zeros(len(pieces), np.bool_)
    for place, piece in enumerate(pieces):
        known = np.array([usual[c] for c in piece.text if c in usual])
        if len(known) < len(piece.text):
            good[place] = True
            continue
        high, low = known[:, 0].min(), known[:, 1].max()
        good[place] = abs(reach[place, 0] - high) < CEILING and abs(reach[place, 1] - low) < FLOOR
    return good


def _by_character(pieces: Sequence[Piece], good: NDArray[np.bool_]) -> dict[str, list[int]]:
    places = defaultdict(list)
    for place, piece in enumerate(pieces):
        if len(piece.text) == 1 and good[place]:
            places[piece.text].append(place)
    return places


def _shapes(pieces: Sequence[Piece], good: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.bool_]:
    """Return ``good`` without the pieces of one character whose shape is strange."""
    kept = good.copy()
    for places in _by_character(pieces, good).values():
        if len(places) < 2 * NEIGHBOURS:
            continue
        shapes = np.array([_shape(pieces[place].points) for place in places])
        known = shapes[chance.permutation(len(shapes))[:KNOWN]]
        squares = np.square(shapes).sum(axis=1)[:, None] + np.square(known).sum(axis=1) - 2 * shapes @ known.T
        # A shape that is among the known is its own nearest: one more counts.
        nearest = np.sort(squares, axis=1)[:, 1 : NEIGHBOURS + 1].sum(axis=1)
        strange = np.array(places)[nearest > np.quantile(nearest, 1 - STRANGEST)]
        kept[strange] = False
    return kept


def _shape(points: Points) -> Floats:
    """Return the places at equal parts of the way of the pen, moves in the air with it, about their middle."""
    places = points[:, :2].astype(np.float64)
    steps = np.hypot(*np.diff(places, axis=0).T) + 1e-6
    along = np.append(0.0, np.cumsum(steps))
    at = np.linspace(0, along[-1], SHAPE_POINTS)
    shape = np.column_stack([np.interp(at, along, axis) for axis in places.T])
    shape[:, 0] -= shape[:, 0].mean()
    return np.append(shape.ravel(), 0.5 * points[:, 2].sum())
