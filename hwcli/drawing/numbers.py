"""Numbers as text, many at once."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1 << 15
"""How many numbers are turned to text in one go, which bounds the memory that it takes."""

FIRST, FURTHER, FRACTION, NEGATIVE, NOTHING = 0, 1000, 2000, 3000, 4000
"""Where in the table of words the words for 0 to 999 begin, by the place of those digits in a number; the first
digits of a negative number have a place of their own."""

UNWRITTEN = b"_"
"""Stands in the words for a character that is not written."""


def decimal_text(thousandths: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
    """Write (n,) ``thousandths`` as decimal numbers, a space or a minus before each.

    Returns the text and the (n,) offsets in it at which the numbers end.  No digit is written that says
    nothing: 1500 gives `` 1.5``, 2000 gives `` 2`` and -7 gives ``-0.007``.
    """
    parts, ends, total = [], [], 0
    for start in range(0, len(thousandths), AT_ONCE):
        text, lengths = _some(thousandths[start : start + AT_ONCE])
        parts.append(text)
        ends.append(total + np.cumsum(lengths))
        total += len(text)
    return b"".join(parts), np.concatenate([np.zeros(0, np.int64), *ends])


class _Words(NamedTuple):
    """Words of four characters as machine words, and how many of the characters are written."""

    characters: NDArray[np.uint32]
    lengths: NDArray[np.uint8]


@cache
def _words() -> _Words:
    """Return a word for three digits at each place in a number; an underscore is not written."""
    first = [" " + str(number).rjust(3, "_") for number in range(1000)]
    further = [f"_{number:03}" for number in range(1000)]
    fraction = [f".{number:03}".rstrip("0").rstrip(".").ljust(4, "_") for number in range(1000)]
    negative = ["-" + word[1:] for word in first]
    words = "".join([*first, *further, *fraction, *negative, "____"])
    characters = np.frombuffer(words.encode(), np.uint8).reshape(-1, 4)
    lengths = (characters != ord(UNWRITTEN)).sum(axis=1, dtype=np.uint8)
    return _Words(characters.view(np.uint32).reshape(-1), lengths)


def _some(thousandths: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
    words, chosen = _words(), _choose(thousandths)
    text = words.characters[chosen].T.tobytes().translate(None, UNWRITTEN)
    return text, words.lengths[chosen].sum(axis=0, dtype=np.int64)


def _choose(thousandths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the words of the numbers (words, n): every three digits from the left, the fraction last."""
    start = np.where(thousandths < 0, NEGATIVE, FIRST)
    rest, fraction = _by_thousand(np.abs(thousandths))
    groups: list[NDArray[np.int64]] = []
    while not groups or rest.any():
        rest, group = _by_thousand(rest)
        groups.append(group)
    chosen = np.empty((len(groups) + 1, len(thousandths)), np.int64)
    begun = np.zeros(len(thousandths), np.bool_)
    for place in reversed(range(len(groups))):
        group = groups[place]
        alone = np.where((group > 0) | (place == 0), start + group, NOTHING)
        chosen[-2 - place] = np.where(begun, FURTHER + group, alone)
        begun |= group > 0
    chosen[-1] = FRACTION + fraction
    return chosen


def _by_thousand(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``numbers``, none negative, divided by 1000, and the rest: several times as fast as ``divmod``."""
    whole = numbers // 1000
    return whole, numbers - 1000 * whole
