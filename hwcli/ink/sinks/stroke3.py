"""Stroke-3 (Ha and Eck, "A Neural Representation of Sketch Drawings", 2017): rows (dx, dy, pen up), in .npz."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing

PARTS = ("train", "valid", "test")


def write_stroke3(file: BinaryIO, drawings: Iterable[Drawing], name: str = "train") -> None:
    """Write ``drawings`` as a .npz that sketch-rnn reads, all under ``name`` of train, valid and test.

    Stroke-3 has offsets only: the first point of each drawing comes to (0, 0), and ids, texts, time and
    pressure are lost.
    """
    tables = [_offsets(drawing.points) for drawing in drawings]
    filled = np.empty(len(tables), object)
    for index, table in enumerate(tables):
        filled[index] = table
    arrays: dict[str, Any] = {part: filled if part == name else np.empty(0, object) for part in PARTS}
    np.savez_compressed(file, **arrays)


def _offsets(points: NDArray[np.float32]) -> NDArray[Any]:
    """Return the (N, 3) rows of (N, 3) points, as int16 where that loses nothing."""
    rows = np.zeros((len(points), 3))
    rows[1:, :2] = np.diff(points[:, :2].astype(np.float64), axis=0)
    rows[:, 2] = points[:, 2]
    short = rows.astype(np.int16) if np.abs(rows).max(initial=0) < 1 << 15 else None
    return short if short is not None and (short == rows).all() else rows
