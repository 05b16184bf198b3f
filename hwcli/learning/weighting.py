"""Lines that are learned from more often than others, for what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OFTEN = 0.01
"""A character is rare that fewer than this share of the lines have."""


def times_for_rare(texts: Sequence[str], most: int) -> NDArray[np.int64]:
    """Return (M,) how often each line is to be learned from a pass, for the rarest character of its text.

    It is so often that the lines with that character come to OFTEN of all, or ``most`` times.
    """
    counts = Counter[str]()
    for text in texts:
        counts.update(set(text))
    wanted = OFTEN * len(texts)
    rarest = [min(map(counts.__getitem__, text), default=len(texts)) for text in texts]
    return np.clip(np.ceil(wanted / np.array(rarest, np.float64)), 1, max(most, 1)).astype(np.int64)


def repeated(lines: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``lines`` (M,) each as many ``times``: all in order, then those that come again, and so on."""
    return np.concatenate([lines[times > sweep] for sweep in range(int(times.max(initial=1)))])
