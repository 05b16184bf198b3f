"""Pieces of a page: where they are and how near to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.page_strokes import Floats, Labels, Lines, Strokes, fitted

SHORT = 6.0
"""The ink of a piece, in letter heights, that may be but quotes or a comma."""


@dataclass(frozen=True)
class Pieces:
    """Pieces: their labels, lines, where they begin and end from left to right, and their ink, (k,) each."""

    names: Labels
    lines: Lines
    left: Floats
    right: Floats
    ink: Floats

    @property
    def is_short(self) -> NDArray[np.bool_]:
        """Return which have so little ink that it may be but quotes or a comma."""
        return self.ink < SHORT

    def overlaps(self) -> Floats:
        """Return (k, k) how much of their widths each two share; below 0 the gap between them."""
        return np.minimum.outer(self.right, self.right) - np.maximum.outer(self.left, self.left)

    def heights(self) -> Floats:
        """Return (k, k) the y of each where it meets another: amid their gap or what they share."""
        places = (np.maximum.outer(self.left, self.left) + np.minimum.outer(self.right, self.right)) / 2
        return self.lines.at(places).T

    def away(self, x: Floats) -> Floats:
        """Return how far each is from ``x``, whose last axis goes over the pieces, from left to right."""
        return np.maximum(np.maximum(self.left - x, x - self.right), 0)


def pieces_of(strokes: Strokes, labels: Labels) -> Pieces:
    """Return the pieces of which ``strokes`` have the ``labels``, in the order of their labels."""
    names, lines = fitted(strokes, labels)
    index = np.searchsorted(names, labels)
    left, right, ink = np.full(len(names), np.inf), np.full(len(names), -np.inf), np.zeros(len(names))
    np.minimum.at(left, index, strokes.left)
    np.maximum.at(right, index, strokes.right)
    np.add.at(ink, index, strokes.sums[:, 0])
    return Pieces(names, lines, left, right, ink)
