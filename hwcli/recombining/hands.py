"""A hand: how large, how slanting, how far apart someone wrote; and ink brought to a form without any of it.

The normal form of ink has the height of a small letter for its unit, stands on y = 0 (y downward), and upright.
A piece in normal form can be set into any hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.baseline import Baseline, baseline
from hwcli.drawing.size import letter_height
from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.selection import form_of
from hwcli.writing.signs import lean_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hand:
    """How a line is written.

    Attributes
    ----------
    name: of the writer, or of the form that the line is on: the same name, the same hand.
    letter: height of the small letters, in the ink's unit.
    lean: how far a stem's head is to the right of its foot, a unit of height.
    foot: the line that the letters stand on, in the ink's unit.
    """

    name: str
    letter: float
    lean: float
    foot: Baseline

    def normal(self, points: Points) -> Points:
        """Return (N, 3) ``points`` of this hand in normal form."""
        x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
        height = (y - self.foot.offset - self.foot.slope * x) / self.letter
        return _points(x / self.letter + self.lean * height, height, points)

    def written(self, points: Points) -> Points:
        """Return (N, 3) ``points`` in normal form as this hand would write them, on a level line."""
        x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
        return _points((x - self.lean * y) * self.letter, y * self.letter, points)


def _points(x: Floats, y: Floats, points: Points) -> Points:
    return np.column_stack([x, y, points[:, 2]]).astype(np.float32)


def hand_name(id: str, writer: str) -> str:
    """Return who wrote the line of this ``id``: its ``writer``, or one named by its form."""
    return writer or form_of(id) or id


def hand_of(drawing: Drawing) -> Hand | None:
    """Return the hand in which ``drawing`` is written, None when it is too little to tell."""
    letter = letter_height([drawing])
    if not letter or len(drawing) < 2:
        return None
    name = hand_name(drawing.id, drawing.writer)
    return Hand(name, letter, lean_of(drawing.points), baseline(drawing, letter))
