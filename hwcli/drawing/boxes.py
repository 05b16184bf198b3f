"""Where in an image each word and each character of its drawing is, as trainers of recognisers want to know."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.measures import UNITS
from hwcli.drawing.sheet import Sheet
from hwcli.ink.segments import Segment, characters, words

Box: TypeAlias = list[float] | None
"""Left, top, right and bottom; None: no ink."""


def boxes(sheet: Sheet, pen: float, dpi: float | None) -> dict[str, list[dict[str, str | Box]]]:
    """Return the boxes of the words and of the characters of the one drawing on ``sheet``.

    They are in whole pixels, ``dpi`` of them an inch, or in millimetres where that is None; the width of the
    ``pen``, in millimetres, is in them.  Nothing is returned where the header does not tell which ink is which.
    """
    (placed,) = sheet.placed
    found = {"words": words(placed.drawing), "characters": characters(placed.drawing)}
    if not found["words"]:
        return {}
    places, edges = placed.points(), np.array([sheet.width, sheet.height])
    return {
        kind: [{"text": part.text, "box": _box(part, places, edges, pen / 2, dpi)} for part in parts]
        for kind, parts in found.items()
    }


def _box(
    part: Segment, places: NDArray[np.float64], edges: NDArray[np.float64], reach: float, dpi: float | None
) -> Box:
    if part.start == part.stop:
        return None
    ink = places[part.start : part.stop]
    low, high = np.maximum(ink.min(axis=0) - reach, 0), np.minimum(ink.max(axis=0) + reach, edges)
    if dpi is None:
        return [round(edge, 3) for edge in (*low.tolist(), *high.tolist())]
    pixels = dpi / UNITS["in"]
    return [*np.floor(low * pixels).astype(int).tolist(), *np.ceil(high * pixels).astype(int).tolist()]
