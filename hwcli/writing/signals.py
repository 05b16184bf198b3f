"""What a network's own window tells of the text that it has written (and of nothing else is there a trace).

Each character should be looked at once, one after the other, and sharply: the peak over time of a character's
share of the window goes with how legible the drawing is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.writing.window import Window

Array = NDArray[np.float32]

SEEN = 0.3
"""The least peak share of the window at which a character counts as written."""
LEAST = np.float32(1e-30)
"""How little is taken for nothing where it is divided by."""


class Signals(NamedTuple):
    """What was noted of a drawing.

    Attributes
    ----------
    peaks: (U,), the largest share of the window that each character of the text had.
    steps: (U,), when that was.
    is_ended: whether the window passed the end of the piece or text, and the pen left the paper; else it was
        cut off.
    """

    peaks: Array
    steps: NDArray[np.int64]
    is_ended: bool

    def sharpness(self, counted: NDArray[np.bool_]) -> float:
        """Return the mean peak of the ``counted`` (U,) characters: the more, the more legible."""
        return float(self.peaks[counted].mean()) if counted.any() else 1.0

    def faults(self, counted: NDArray[np.bool_]) -> list[str]:
        """Return what is wrong with the drawing as the ``counted`` (U,) characters tell it; best: nothing."""
        faults = [] if self.is_ended else ["it does not come to its end"]
        seen = self.peaks[counted]
        if (missed := int((seen < SEEN).sum())) and len(seen):
            faults.append(f"{missed} of {len(seen)} characters {'was' if missed == 1 else 'were'} passed over")
        if (np.diff(self.steps[counted]) < 0).any():
            faults.append("characters were not written one after the other")
        return faults


class Notes:
    """Takes notes of the windows of n lanes as they move."""

    def __init__(self, lanes: int) -> None:
        """Begin with nothing noted."""
        self._peaks = np.zeros((lanes, 1), np.float32)
        self._steps = np.zeros((lanes, 1), np.int64)
        self._is_laid_out = False

    def begin(self, lane: int, peaks: Array | None = None, steps: NDArray[np.int64] | None = None) -> None:
        """Forget what was noted of ``lane``, or have ``peaks`` and ``steps`` be noted of it, (U,) each.

        It is to be told whenever a lane's text or piece is another.
        """
        self._peaks[lane] = 0
        self._steps[lane] = 0
        self._is_laid_out = False
        if peaks is not None and steps is not None:
            self._resize(max(len(peaks), self._peaks.shape[1]))
            self._peaks[lane, : len(peaks)], self._steps[lane, : len(steps)] = peaks, steps

    def _resize(self, places: int) -> None:
        if places != self._peaks.shape[1]:
            self._peaks, self._steps = _resized(self._peaks, places), _resized(self._steps, places)

    def _lay_out(self, places: int, lengths: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        """Find which of so many ``places`` are inside a text, before its piece's end, or at this or beyond."""
        self._resize(places)
        place, lengths, ends = np.arange(places), lengths[:, np.newaxis], ends[:, np.newaxis]
        self._is_inside = place < lengths
        self._is_behind = self._is_inside & (place < ends)
        self._is_ahead = (place >= ends) & (place <= lengths) & (lengths > 0)
        self._is_laid_out = True

    def take(self, window: Window, steps: NDArray[np.int64], ends: NDArray[np.int64]) -> Array:
        """Note what ``window`` shows at these ``steps`` (n,); return (n,) how much it looks at ``ends`` (n,).

        That is at these places of the texts or beyond, as a multiple of how much it looks before them; 0 where
        there is no text.
        """
        lanes, places = len(self._peaks), window.shown.shape[1]
        if not self._is_laid_out or places != self._peaks.shape[1]:
            self._lay_out(places, window.lengths[:lanes], ends)
        shown = window.shown[:lanes]
        inside = np.where(self._is_inside, shown, 0)
        # Summed one after the other: a sum in pairs would change with the number of places, that is of lanes.
        whole = np.add.accumulate(inside, axis=1)[:, -1:]
        share = inside / np.maximum(whole, LEAST)
        better = share > self._peaks
        np.copyto(self._peaks, share, where=better)
        np.copyto(self._steps, steps[:, np.newaxis], where=better)
        ahead = np.maximum.reduce(np.where(self._is_ahead, shown, 0), axis=1)
        behind = np.maximum.reduce(np.where(self._is_behind, shown, 0), axis=1)
        at_ends: Array = ahead / np.maximum(behind, LEAST)
        return at_ends

    def of(self, lane: int, length: int, is_ended: bool) -> Signals:
        """Return what was noted of ``lane``, whose text has ``length`` characters."""
        # Of one point alone nothing was noted, and there are no places for it.
        peaks, steps = (
            _resized(notes[lane : lane + 1, :length], length)[0] for notes in (self._peaks, self._steps)
        )
        return Signals(peaks, steps, is_ended)

    def keep(self, lanes: list[int]) -> None:
        """Go on with these ``lanes`` alone."""
        self._peaks, self._steps = self._peaks[lanes], self._steps[lanes]
        self._is_laid_out = False


def _resized(notes: NDArray[Any], places: int) -> NDArray[Any]:
    """Return ``notes`` with so many ``places``, 0 at those that are new."""
    kept = notes[:, :places]
    return np.pad(kept, ((0, 0), (0, places - kept.shape[1])))
