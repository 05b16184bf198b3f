"""What some ink amounts to: counts, characters, writers, and the scale of its offsets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.offsets import OffsetMoments
from hwcli.ink.strokes_file import StrokesReader


class Summary:
    """Counts of drawings as they go by."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._moments = OffsetMoments()
        self._lengths: list[int] = []
        self._strokes = 0
        self._texts = 0
        self._characters: set[str] = set()
        self._writers: set[str] = set()
        self._channels: set[str] = set()

    def add(self, drawing: Drawing) -> None:
        """Count ``drawing``."""
        self._count_points(drawing.points, np.array([len(drawing)]))
        self._count_names([drawing.text], [drawing.writer])
        for name in ("time", "pressure"):
            if getattr(drawing, name) is not None:
                self._channels.add(name)

    def add_file(self, reader: StrokesReader) -> None:
        """Count all drawings of a strokes file, a block of points at a time."""
        for points, lengths in reader.blocks():
            self._count_points(points, lengths)
        self._count_names(reader.texts, reader.writers)
        self._channels.update(reader.channels)

    def _count_points(self, points: Points, lengths: NDArray[np.int64]) -> None:
        """Count the points of drawings of ``lengths``, one after another."""
        self._lengths += lengths.tolist()
        ends = np.cumsum(lengths)[lengths > 0] - 1
        closed = points[:, 2].copy()
        closed[ends] = 1
        self._strokes += int(np.count_nonzero(closed))
        within = np.ones(max(len(points) - 1, 0), bool)
        within[ends[ends < len(within)]] = False
        self._moments.add_offsets(np.diff(points[:, :2].astype(np.float64), axis=0)[within])

    def _count_names(self, texts: Iterable[str], writers: Iterable[str]) -> None:
        for text in texts:
            self._texts += bool(text)
            self._characters.update(text)
        self._writers.update(writer for writer in writers if writer)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts; ``offsets`` is None where the ink does not move along both axes."""
        try:
            scale = self._moments.scale()
            offsets = {"mean": list(scale.mean), "sd": list(scale.sd)}
        except ValueError:
            offsets = None
        lengths = np.array(self._lengths or [0])
        return {
            "drawings": len(self._lengths),
            "strokes": self._strokes,
            "points": int(lengths.sum()),
            "points_a_drawing": {"median": float(np.median(lengths)), "longest": int(lengths.max())},
            "channels": sorted(self._channels),
            "texts": self._texts,
            "characters": "".join(sorted(self._characters)),
            "writers": len(self._writers),
            "offsets": offsets,
        }
