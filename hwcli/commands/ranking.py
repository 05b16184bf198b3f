"""By what the best of several takes is chosen: ``--rank``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwcli.options import HowRanked

if TYPE_CHECKING:
    from hwcli.writing.hands import Judge


def judge_of(rank: HowRanked) -> Judge | None:
    """Return the judge that ``--rank`` names; none for the network's own window.

    Raises
    ------
    MissingExtra: it needs what is not installed.
    """
    if rank == "window":
        return None
    from hwcli.drawing.line_image import line_image
    from hwcli.ink import Drawing
    from hwcli.measuring.reader import Reader, cer

    reader = Reader()
    return lambda points, text: -cer(text, reader.read([line_image(Drawing(points))])[0])
