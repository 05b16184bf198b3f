"""Which points of a drawing are which character of its text: the key ``ends`` of a header (hw-points(5))."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import INDENT, Drawing

ENDS = "ends"
"""Of each character of the text, after how many of the drawing's points it ends."""
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
"""Characters that combine with the one before them."""
_WORD, _CHARACTER = re.compile(r"\S+"), re.compile(rf"\S[{_MARKS}]*")


class Segment(NamedTuple):
    """A part of a drawing's text, and its points: from ``start`` up to, not including, ``stop``."""

    text: str
    start: int
    stop: int


def with_ends(drawing: Drawing, ends: Sequence[int]) -> Drawing:
    """Return ``drawing`` with a header that says where each character of its text ends."""
    return replace(drawing, extra={**drawing.extra, ENDS: list(ends)})


def forgetting(drawing: Drawing) -> Drawing:
    """Return ``drawing`` without what its header says of ends, itself where that says nothing of them."""
    return replace(drawing, extra=without_ends(drawing.extra)) if ENDS in drawing.extra else drawing


def without_ends(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a header that hold when the points are others."""
    return {key: value for key, value in extra.items() if key != ENDS}


def ends_of(drawing: Drawing) -> NDArray[np.int64] | None:
    """Return where each character of the text ends, (U,), None where the header does not tell it."""
    said = drawing.extra.get(ENDS)
    if not isinstance(said, list) or len(said) != len(drawing.text) or not said:
        return None
    if any(type(end) is not int for end in said) or not 0 <= min(said) <= max(said) <= len(drawing):
        return None
    ends = np.array(said, np.int64)
    return ends if ends[-1] == len(drawing) and (np.diff(ends) >= 0).all() else None


def words(drawing: Drawing) -> list[Segment]:
    """Return the words of ``drawing``, what is between blanks; none where its header does not tell."""
    return _segments(drawing, _WORD)


def characters(drawing: Drawing) -> list[Segment]:
    """Return the characters of ``drawing`` but for blanks; none where its header does not tell."""
    return _segments(drawing, _CHARACTER)


def _segments(drawing: Drawing, kind: re.Pattern[str]) -> list[Segment]:
    ends = ends_of(drawing)
    if ends is None:
        return []
    ends = np.append(0, ends)
    return [
        Segment(found.group(), int(ends[found.start()]), int(ends[found.end()]))
        for found in kind.finditer(drawing.text)
    ]


def cut_out(drawing: Drawing, segment: Segment, id: str) -> Drawing:
    """Return the ink of ``segment`` as a drawing of its own, called ``id``, where it was."""
    return part_of(drawing, np.arange(segment.start, segment.stop), id, segment.text)


def part_of(drawing: Drawing, which: NDArray[np.int64], id: str, text: str = "") -> Drawing:
    """Return the points ``which`` (numbers, n) of ``drawing`` as one of its own, which says ``text``.

    The pen is lifted at the last of them, and times begin at 0.
    """
    points = drawing.points[which]
    points[-1:, 2] = 1
    time, pressure = (None if values is None else values[which] for values in (drawing.time, drawing.pressure))
    if time is not None and np.isfinite(time).any():
        time = time - time[np.isfinite(time)][0]
    # What all of it says no part of it does, nor does that stand where all of it did.
    extra = {key: value for key, value in drawing.extra.items() if key not in (ENDS, INDENT)}
    return replace(drawing, points=points, id=id, text=text, time=time, pressure=pressure, extra=extra)
