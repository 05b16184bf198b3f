"""Lines that were written again: of each the newest counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hwcli.ink.drawing import Drawing

COLLECTED = "hw collect"
"""What a drawing names as its source when it comes from a notebook, in which lines may replace others."""
REPLACES = "replaces"
"""The key of a header that names the line which this one stands for from now on."""


def newest(drawings: Iterable[Drawing]) -> Iterator[Drawing]:
    """Yield ``drawings`` without those that a later one replaces.

    A notebook's are held back until all have come; what comes before the first of them is yielded at once.
    """
    held: list[Drawing | None] = []
    places: dict[str, int] = {}
    for drawing in drawings:
        if not held and drawing.source != COLLECTED:
            yield drawing
            continue
        replaced = places.pop(str(drawing.extra.get(REPLACES, "")), None)
        if replaced is not None:
            held[replaced] = None
        places[drawing.id] = len(held)
        held.append(drawing)
    yield from (drawing for drawing in held if drawing is not None)
