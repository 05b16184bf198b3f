"""Numbers as text, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1 << 18
"""How many numbers are turned to text in one go, which bounds the memory that it takes."""


def decimal_text(thousandths: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
    """Write (n,) ``thousandths``, none negative, as decimal numbers with a space after each.

    Returns the text and the (n,) offsets in it at which the numbers end, space included.  No digit is written
    that says nothing: 1500 gives ``1.5``, 2000 gives ``2`` and 7 gives ``0.007``.
    """
    parts, ends, total = [], [], 0
    for start in range(0, len(thousandths), AT_ONCE):
        text, lengths = _some(thousandths[start : start + AT_ONCE])
        parts.append(text)
        ends.append(total + np.cumsum(lengths))
        total += len(text)
    return b"".join(parts), np.concatenate([np.zeros(0, np.int64), *ends])


def _some(thousandths: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
    whole, rest = np.divmod(thousandths, 1000)
    places = len(str(whole.max()))
    characters = np.full((len(thousandths), places + 5), ord(" "), np.uint8)
    shown = np.ones(characters.shape, np.bool_)
    for place in range(places):
        left = places - 1 - place
        characters[:, left] = ord("0") + whole % 10
        if place:
            shown[:, left] = whole > 0
        whole //= 10
    characters[:, places] = ord(".")
    shown[:, places] = rest > 0
    for place, unit in enumerate((100, 10, 1), start=places + 1):
        shown[:, place] = rest > 0
        characters[:, place] = ord("0") + rest // unit
        rest %= unit
    return characters[shown].tobytes(), shown.sum(axis=1)
