"""How far a line's ink is from its text: a network's window tells where words are missing, or are too many."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing
from hwcli.ink.segments import ends_of
from hwcli.recombining.alignment import Aligned

Floats = NDArray[np.float64]

TOGETHER = 4
"""So many characters in a row are looked at together: between two that touch the window's border is vague."""
FEW = 3.0
"""Points that are added to what is compared, so that small signs do not count for much."""
DOUBTFUL = 0.67
"""Ink this far from its text, or further, mostly says something else: half as many points as it should have
somewhere, or twice as many."""
OTHER = 1.2
"""Of a line by itself: its ink says something else.  So it is in 2 of 100 lines of IAM-OnDB, whose texts are
wrong, and in 65 of 100 that are given the texts of others."""
SMALL, NONE = 0.3, 0.1
"""What a sign, and a blank or what a network has not learned, have of the points of a letter."""


class Agreement:
    """Compares how many points each part of a text has with how many its characters have elsewhere."""

    def __init__(self) -> None:
        """Begin with no line."""
        self._points: list[tuple[str, Floats]] = []

    def add(self, line: Aligned) -> None:
        """Take the points of each character of ``line``."""
        text = line.drawing.text
        self._points.append((text, np.bincount(line.characters, minlength=len(text)).astype(np.float64)))

    def figures(self) -> list[float]:
        """Return for each line the log of the greatest ratio of points, more or fewer, to those expected."""
        usual = _usual(self._points)
        return [_figure(counts, np.array([usual[c] for c in text])) for text, counts in self._points]


def _usual(lines: Iterable[tuple[str, Floats]]) -> dict[str, float]:
    """Return how many points each character has on average."""
    sums: dict[str, list[float]] = {}
    for text, counts in lines:
        for character, count in zip(text, counts.tolist(), strict=True):
            total = sums.setdefault(character, [0.0, 0.0])
            total[0] += count
            total[1] += 1
    return {character: max(points / times, 0.5) for character, (points, times) in sums.items()}


def _figure(counts: Floats, usual: Floats) -> float:
    expected = usual * counts.sum() / usual.sum()
    window = np.ones(min(TOGETHER, len(counts)))
    found, wanted = (np.convolve(values, window, "valid") for values in (counts, expected))
    return float(np.abs(np.log((found + FEW) / (wanted + FEW))).max())


def says_something_else(drawing: Drawing) -> bool:
    """Return whether the ink of ``drawing`` is far from its text, so far as ``ends`` in its header tells."""
    ends = ends_of(drawing)
    if ends is None:
        return False
    counts = np.diff(np.append(0, ends)).astype(np.float64)
    return _figure(counts, np.array([_share(character) for character in drawing.text])) >= OTHER


def _share(character: str) -> float:
    """Return how many points ``character`` has about, in those of a letter."""
    plain = unicodedata.normalize("NFD", character)[0]
    if not plain.isascii() or plain.isspace():
        return NONE
    return 1.0 if plain.isalnum() else SMALL
