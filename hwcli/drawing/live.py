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
UP, CLEAR_BELOW = "\x1b[{}A", "\x1b[J"


class Live:
    """Shows a drawing, again and again as it grows, in the same place."""

    def __init__(self, columns: int, rows: int) -> None:
        """Show it on a terminal of ``columns`` and ``rows``."""
        self._columns, self._rows = columns, rows
        self._scale: float | None = None
        self._shown = 0

    def show(self, drawing: Drawing) -> str:
        """Return what the terminal must be sent to show ``drawing`` in the place of what was shown last."""
        lines = self._lines(drawing) if len(drawing) else []
        erase = (UP.format(self._shown) if self._shown else "") + "\r" + CLEAR_BELOW
        self._shown = len(lines)
        return erase + "".join(line + "\n" for line in lines)

    def end(self) -> None:
        """Leave what is shown where it is: the next drawing comes below."""
        self._shown, self._scale = 0, None

    def _lines(self, drawing: Drawing) -> list[str]:
        scale = natural_scale([drawing], LETTER) if self._scale is None else self._scale
        if len(drawing) >= SETTLED:
            self._scale = scale
        ink = drawing.points[:, :2].astype(np.float64)
        low, size = ink.min(axis=0), np.ptp(ink, axis=0) * scale
        placed = Placed(drawing, scale, low, (0.0, 0.0), (float(size[0]), float(size[1])))
        sheet = Sheet(float(size[0]), float(size[1]), [placed], LETTER)
        return preview([sheet], self._columns, self._rows)
