"""A drawing: the pen's points in the order in which they were written, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""(N, 3) float32: x, y (absolute, y downward, any unit), and up: 1 on the last point of a stroke, else 0."""

INDENT = "indent"
"""The key of a header that tells how many blanks stand before a line of text on its page."""
MOST_BLANKS = 100
"""So many of them count."""


@dataclass(eq=False)
class Drawing:
    """One line of writing, or any other piece of ink.

    Attributes
    ----------
    points: (N, 3) float32, x, y absolute with y downward and ``up`` (1 on the last point of a stroke).
    id: a name that is unique within a file where the source has one, else "".
    text: what the ink says, "" when that is not known.
    writer: who wrote it, "" when that is not known.
    source: where it was read from, "" when it was made here.
    time: (N,) float32 seconds from the drawing's first point, or None.
    pressure: (N,) float32 in 0..1, or None.
    extra: further keys of the header, kept and passed on as they came.
    """

    points: Points
    id: str = ""
    text: str = ""
    writer: str = ""
    source: str = ""
    time: NDArray[np.float32] | None = None
    pressure: NDArray[np.float32] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.points)

    def strokes(self) -> Iterator[Points]:
        """Yield the points of each stroke, (n, 3); a last stroke without a pen-up counts as one."""
        ends = np.flatnonzero(self.points[:, 2] > 0.5) + 1
        yield from (part for part in np.split(self.points, ends) if len(part))
