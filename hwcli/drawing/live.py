"""A preview in the terminal of a drawing that grows."""

from __future__ import annotations

import numpy as np

from hwcli.drawing.layout import natural_scale
from hwcli.drawing.sheet import Placed, Sheet
from hwcli.drawing.terminal import preview
from hwcli.ink.drawing import Drawing

SETTLED = 150
"""From so many points on the size of the letters is taken for known, so that the picture stands still."""

LETTER = 3.0
UP, CLEAR_BELOW, CLEAR_ALL = "\x1b[{}A", "\x1b[J", "\x1b[H\x1b[2J"


class Live:
    """Shows a drawing, again and again as it grows, in the same place."""

    def __init__(self) -> None:
        """Begin where the terminal's cursor is."""
        self._size: tuple[int, int] | None = None
        self._scale: float | None = None
        self._shown = 0

    def show(self, drawing: Drawing, columns: int, rows: int) -> str:
        """Return what a terminal must be sent to show ``drawing`` in the place of what was shown last.

        Where that is nobody knows when the terminal no longer has the size of then: all is cleared.
        """
        lines = self._lines(drawing, columns, rows) if len(drawing) else []
        is_resized = self._size not in (None, (columns, rows))
        back = CLEAR_ALL if is_resized else UP.format(self._shown) if self._shown else ""
        self._size, self._shown = (columns, rows), len(lines)
        return back + "\r" + CLEAR_BELOW + "".join(line + "\n" for line in lines)

    def end(self) -> None:
        """Leave what is shown where it is: the next drawing comes below."""
        self._shown, self._scale = 0, None

    def _lines(self, drawing: Drawing, columns: int, rows: int) -> list[str]:
        scale = natural_scale([drawing], LETTER) if self._scale is None else self._scale
        if len(drawing) >= SETTLED:
            self._scale = scale
        ink = drawing.points[:, :2].astype(np.float64)
        low, size = ink.min(axis=0), np.ptp(ink, axis=0) * scale
        placed = Placed(drawing, scale, low, (0.0, 0.0), (float(size[0]), float(size[1])))
        sheet = Sheet(float(size[0]), float(size[1]), [placed], LETTER)
        return preview([sheet], columns, rows)
