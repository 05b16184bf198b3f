"""Several lines by one hand as one long line, so that a network can read them all before it writes on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwcli.ink.drawing import Drawing
from hwcli.ink.preparation import Preparation, placement_of

GAP = 3.0
"""Between two lines, in standard deviations of the writing's y: the median between words of IAM-OnDB."""


def joined(drawings: Sequence[Drawing]) -> Drawing:
    """Return ``drawings``, one after the other on one line, each as high as the first and level with it.

    The text is theirs, with a blank between; all else is the first's, without times.

    Raises
    ------
    ValueError: there is none.
    """
    if not drawings:
        raise ValueError("no drawing to join")
    first = drawings[0]
    if len(drawings) == 1:
        return first
    form = Preparation(level=True, height=True)
    parts, right = [], 0.0
    for drawing in drawings:
        part = placement_of(drawing.points, form).prepare(drawing.points.astype(np.float64))
        part[:, 0] += right - part[:, 0].min()
        part[:, 1] -= part[:, 1].mean()
        part[-1, 2] = 1
        right = part[:, 0].max() + GAP
        parts.append(part)
    points = placement_of(first.points, form).undo(np.concatenate(parts)).astype(np.float32)
    text = " ".join(drawing.text.strip() for drawing in drawings)
    return Drawing(points, id=first.id, text=text, writer=first.writer, source=first.source)
