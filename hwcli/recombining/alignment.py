"""Which character each point of a line belongs to, as a trained network's window tells it.

The window of a synthesis network (Graves 2013, section 5.1) moves along the text while the network reads the
ink.  The character that it looks at most before it predicts a point is the one that the point belongs to; near
the end of a character it already looks at the next (the cutting allows for that).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing
from hwcli.ink.offsets import rows_from_points
from hwcli.ink.preparation import prepare
from hwcli.model.file import Model
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.text import encode

Places = NDArray[np.int64]
Shown = NDArray[np.float32]

LINES = 64
"""Lines that the network reads side by side."""
POOL = 16
"""Times as many are sorted by length, so that those side by side are of like length."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """A drawing and where in its text each point is; points at equal steps, as the network reads them.

    Attributes
    ----------
    drawing: as it came.
    strokes: (T,) the number of each point's stroke; strokes are the same in both forms.
    characters: (T,) the place in the text of the character that each point belongs to.
    """

    drawing: Drawing
    strokes: Places
    characters: Places


def aligned(drawings: Iterable[Drawing], model: Model) -> Iterator[Aligned]:
    """Yield the ``drawings`` that have ink and a text in the model's characters, aligned with it.

    The order is by length within some hundreds of lines.

    Raises
    ------
    ValueError: the model's network has no window.
    """
    network = NumpyNetwork(model.config.network, model.weights)
    if not network.network.window:
        raise ValueError("a network without a window does not say which ink is which character")
    alphabet = set(model.config.network.characters)
    readable = (one for one in drawings if one.text and set(one.text) <= alphabet and len(one) > 1)
    while pool := list(islice(readable, LINES * POOL)):
        pool.sort(key=len)
        for first in range(0, len(pool), LINES):
            yield from _side_by_side(pool[first : first + LINES], model, network)


def _side_by_side(drawings: Sequence[Drawing], model: Model, network: NumpyNetwork) -> Iterator[Aligned]:
    prepared = [prepare(drawing, model.config.data.preparation)[0] for drawing in drawings]
    for drawing, form, shown in zip(drawings, prepared, read_together(prepared, model, network), strict=True):
        points, looked_at = form.points, shown.argmax(axis=1)
        # What the network looks at with a point in its eye is for the prediction of the next.
        characters = np.append(looked_at[:1], looked_at[:-1])
        lifts = points[:, 2] > 0.5
        yield Aligned(drawing, np.cumsum(lifts) - lifts, characters)


def read_together(prepared: Sequence[Drawing], model: Model, network: NumpyNetwork) -> Iterator[Shown]:
    """Yield how much the window shows of each character when each point has been read, (T, U), of each drawing.

    They are ``prepared`` for the model, and have texts in its characters; the ``network`` is the model's.
    """
    if not prepared:
        return
    lengths = np.array([[len(drawing)] for drawing in prepared])
    rows = np.zeros((len(prepared), int(lengths.max()), 3), np.float32)
    for row, drawing in zip(rows, prepared, strict=True):
        row[: len(drawing)] = rows_from_points(drawing.points, model.scale)
    texts = [encode(drawing.text, model.config.network.characters) for drawing in prepared]
    shown = network.attention(rows, texts, np.arange(rows.shape[1]) < lengths).shown
    for drawing, seen in zip(prepared, shown, strict=True):
        yield seen[: len(drawing), : len(drawing.text)]
