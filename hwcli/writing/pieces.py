"""Where a text is cut into pieces, which are written one after the other.

A long text is seldom without a fault in all of its words; a word often is.  So what is chosen from several
takes is not a whole text, but some words at a time: each piece goes on from the best take of the one before
it.  And a piece that is chosen can be given out, while the rest is still to be written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIECE = 5
"""Characters that a piece has at least, so that there is something to choose by."""


def piece_end(counted: NDArray[np.bool_], begin: int) -> int:
    """Return where the piece ends that begins at ``begin``: a place of a space, or the length of the text.

    Parameters
    ----------
    counted: (U,), which characters of a text are judged: not those of a prime, nor spaces.
    begin: place in the text, from 0.
    """
    ahead = np.flatnonzero(counted[begin:]) + begin
    if len(ahead) < 2 * PIECE:
        return len(counted)
    spaces = np.flatnonzero(~counted)
    end = next((int(place) for place in spaces if place > ahead[PIECE - 1]), len(counted))
    return end if counted[end:].sum() >= PIECE else len(counted)
