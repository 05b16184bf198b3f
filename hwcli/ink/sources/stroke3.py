"""Stroke-3 (Ha and Eck, "A Neural Representation of Sketch Drawings", 2017): rows (dx, dy, pen up), in .npz."""

from __future__ import annotations

import os
import pickle
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.sources import deepwriting
from hwcli.ink.sources.npz_arrays import read_tables

OnBad = Callable[[BadInput], None]
_BEST_COMPRESSION = 1032  # of deflate; an archive that claims more has the same bytes in it again and again
_DAMAGE = (
    zipfile.BadZipFile, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
    NotImplementedError, RuntimeError, MemoryError, UnicodeError, ImportError, SyntaxError, OSError,
    pickle.UnpicklingError, zlib.error,
)  # fmt: skip


def read_stroke3(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield the drawings of the .npz in the seekable ``file``: of arrays of arrays, or of padded ones.

    Ids are the array's name and the drawing's number in it.  Rows of five (pen down, up, end) are read too, and
    the data set of DeepWriting with its texts.
    With ``on_bad`` a drawing that cannot be read is handed to it and left out.

    Raises
    ------
    BadInput: it is no .npz, holds other things than stroke-3, or is damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            if not names:
                raise ValueError("a zip file without arrays (.npy) in it")
            size = sum(archive.getinfo(name).file_size for name in names)
            if size > _BEST_COMPRESSION * file.seek(0, os.SEEK_END):
                raise ValueError("its arrays are larger than a zip file of this size can hold")
            if deepwriting.is_data_set(names):
                yield from _drawings("strokes", *deepwriting.read_samples(archive), source, on_bad)
                return
            for name in names:
                tables = read_tables(archive, name)
                yield from _drawings(name.removesuffix(".npy"), tables, [""] * len(tables), source, on_bad)
    except _DAMAGE as error:
        raise BadInput(source, f"not stroke-3: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _drawings(
    name: str, tables: list[NDArray[Any]], texts: list[str], source: str, on_bad: OnBad | None
) -> Iterator[Drawing]:
    width = len(str(max(len(tables) - 1, 0)))
    for index, (table, text) in enumerate(zip(tables, texts, strict=True)):
        try:
            points = points_of(table)
        except ValueError as error:
            bad = BadInput(source, f"{name}, drawing {index}: {error}")
            if on_bad is None:
                raise bad from error
            on_bad(bad)
            continue
        yield Drawing(points, id=f"{name}-{index:0{width}d}", text=text)


def points_of(table: NDArray[Any]) -> NDArray[np.float32]:
    """Return the (N, 3) absolute points of stroke-3 rows (T, 3) or stroke-5 rows (T, 5), without padding.

    Raises
    ------
    ValueError: they are neither, or not finite.
    """
    if table.ndim != 2 or table.shape[1] not in (3, 5):
        raise ValueError(f"its shape is {table.shape}, not (points, 3)")
    if len(table) > limits.POINTS:
        raise ValueError(f"more than {limits.POINTS} points")
    with np.errstate(invalid="ignore"):  # what is not a number is looked at below
        rows = table.astype(np.float64)
    if rows.shape[1] == 5:
        ends = np.flatnonzero(rows[:, 4] > 0)
        rows = rows[: ends[0] if len(ends) else len(rows), [0, 1, 3]]
    used = np.flatnonzero((rows != 0).any(axis=1) & ~np.isnan(rows).any(axis=1))
    rows = rows[: used[-1] + 1 if len(used) else 0]
    if not np.isin(rows[:, 2], (0, 1)).all():
        raise ValueError("a pen state is neither 0 nor 1")
    points = np.column_stack([np.cumsum(rows[:, :2], axis=0), rows[:, 2]])
    if not np.isfinite(points).all() or np.abs(points).max(initial=0) > limits.COORDINATE:
        raise ValueError("a coordinate is not finite or out of range")
    return points.astype(np.float32)
