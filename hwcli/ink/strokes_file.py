"""Strokes as HDF5 (hw-strokes(5)): many drawings in one file, read and appended to piece by piece."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Any, BinaryIO, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli import __version__, sinks
from hwcli.errors import BadInput
from hwcli.ink import limits, stored
from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.jsonl import check_extra
from hwcli.ink.stillness import Stillness

FORMAT = "hw-strokes"
FORMAT_VERSION = 1
POINTS_CHUNK = 4096
DRAWINGS_CHUNK = 512
BLOCK = 1 << 18
"""Points that are held in memory before they are written, or read at a time in order."""
LETTERS = 1 << 24
"""Characters of names, texts and the like that are held in memory before they are written."""
NAMES = ("id", "text", "writer", "source")


class StrokesWriter:
    """Writes drawings to a new strokes file, in the order in which they are added; memory stays flat.

    The same drawings and history give the same bytes.
    """

    def __init__(self, file: BinaryIO, history: Sequence[str] = ()) -> None:
        """Begin in the empty, seekable ``file``; ``history`` has one line a step that made the ink.

        The history is written last: lines may be added to the attribute ``history`` until ``close``.
        """
        self.history = list(history)
        self._file, self._root = file, h5py.File(file, "w")
        self._root.attrs["format"] = FORMAT
        self._root.attrs["format_version"] = FORMAT_VERSION
        self._root.attrs["generator"] = f"hw {__version__}"
        self._create("points", np.dtype(np.float32), POINTS_CHUNK, columns=3)
        self._create("offsets", np.dtype(np.int64), DRAWINGS_CHUNK)
        for name in NAMES:
            self._create(name, h5py.string_dtype(), DRAWINGS_CHUNK)
        self._total = self._written = self._count = 0
        self._waiting: list[Drawing] = []
        self._extras: list[str] = []
        self._letters = 0
        self._append("offsets", np.zeros(1, np.int64))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            with contextlib.suppress(Exception):
                self._root.close()

    def __len__(self) -> int:
        """Return the number of drawings added."""
        return self._count + len(self._waiting)

    def add(self, drawing: Drawing) -> None:
        """Add ``drawing`` at the end.

        Raises
        ------
        ValueError: its arrays do not fit together or are not finite.
        """
        _check(drawing)
        extra = json.dumps(dict(drawing.extra), allow_nan=False) if drawing.extra else ""
        self._waiting.append(replace(drawing, extra={}) if extra else drawing)
        self._extras.append(extra)
        self._total += len(drawing)
        self._letters += len(extra) + sum(len(getattr(drawing, name)) for name in NAMES)
        is_much = self._total - self._written >= BLOCK or self._letters >= LETTERS
        if is_much or len(self._waiting) >= DRAWINGS_CHUNK:
            self._flush()

    def rename(self, name: str, value_of: Callable[[str, str], str]) -> None:
        """Give each drawing so far the ``name`` ("text" or "writer") ``value_of(its id, its present one)``."""
        self._flush()
        for start in range(0, self._count, DRAWINGS_CHUNK):
            part = slice(start, min(start + DRAWINGS_CHUNK, self._count))
            ids, values = (stored.strings(self._root[key], part.start, part.stop) for key in ("id", name))
            new = [value_of(id, value) for id, value in zip(ids, values, strict=True)]
            if new != values:
                self._root[name][part] = np.array(new, dtype=object)

    def close(self) -> None:
        """Write what is waiting and finish the file."""
        self._flush()
        self._root.attrs["history"] = "\n".join(" ".join(line.split()) for line in self.history)
        self._root.close()

    def _create(self, name: str, dtype: np.dtype[Any], chunk: int, columns: int = 0, fill: Any = None) -> None:
        shape, largest = ((0, columns), (None, columns)) if columns else ((0,), (None,))
        chunks = (chunk, columns) if columns else (chunk,)
        self._root.create_dataset(name, shape, dtype, maxshape=largest, chunks=chunks, fillvalue=fill)

    def _append(self, name: str, values: NDArray[Any]) -> None:
        dataset = self._root[name]
        start = dataset.shape[0]
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values

    def _flush(self) -> None:
        drawings, self._waiting = self._waiting, []
        extras, self._extras, self._letters = self._extras, [], 0
        if not drawings:
            return
        self._append("points", np.concatenate([d.points for d in drawings]))
        self._append("offsets", self._written + np.cumsum([len(d) for d in drawings]))
        for name in NAMES:
            self._append(name, np.array([getattr(d, name) for d in drawings], dtype=object))
        for name in ("time", "pressure"):
            self._append_channel(name, drawings)
        if "extra" in self._root or any(extras):
            self._append_extra(extras)
        self._written = self._total
        self._count += len(drawings)
        sinks.check(self._file)

    def _append_channel(self, name: str, drawings: list[Drawing]) -> None:
        arrays = [getattr(d, name) for d in drawings]
        if name not in self._root:
            if all(array is None for array in arrays):
                return
            self._create(name, np.dtype(np.float32), POINTS_CHUNK, fill=np.nan)
            self._root[name].resize(self._written, axis=0)
        filled = [
            np.full(len(d), np.nan, np.float32) if array is None else array
            for d, array in zip(drawings, arrays, strict=True)
        ]
        self._append(name, np.concatenate(filled))

    def _append_extra(self, extras: list[str]) -> None:
        if "extra" not in self._root:
            self._create("extra", h5py.string_dtype(), DRAWINGS_CHUNK)
            self._root["extra"].resize(self._count, axis=0)
        self._append("extra", np.array(extras, dtype=object))


def _check(drawing: Drawing) -> None:
    points = drawing.points
    if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
        raise ValueError("points are not (N, 3) finite numbers")
    for channel in (drawing.time, drawing.pressure):
        if channel is not None and channel.shape != (len(points),):
            raise ValueError("a channel has another length than the points")


class StrokesReader:
    """Reads the drawings of a strokes file; a context manager, and a sequence of Drawing.

    Points are read from the file when they are asked for, so it may be larger than memory.
    Each text is read as what ``text_form`` makes of it, which is to be set before.
    """

    def __init__(self, file: BinaryIO, source: str) -> None:
        """Open the seekable ``file``; ``source`` is what messages call it.

        Raises
        ------
        BadInput: it is no strokes file, a newer one, or damaged.
        """
        self.source, self._stillness, self._content = source, Stillness(file, source), file
        self.text_form: Callable[[str], str] = str
        try:
            self._root = stored.open_hdf5(file)
        except stored.DAMAGE as error:
            raise BadInput(source, "not an HDF5 file, or cut short") from error
        try:
            with self._told():
                self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        attributes = self._root.attrs
        if attributes.get("format") != FORMAT:
            raise BadInput(self.source, "not a strokes file of hw (hw info tells what a file is)")
        version = int(attributes["format_version"])
        if version > FORMAT_VERSION:
            newer = f"strokes format {version} is newer than this program's {FORMAT_VERSION}"
            raise BadInput(self.source, f"{newer}: update hw")
        self.generator = str(attributes.get("generator", ""))
        self.history = str(attributes.get("history", "")).splitlines()
        self._points = self._dataset("points", "f", None, columns=3)
        self.total_points = self._points.shape[0]
        offsets = self._dataset("offsets", "i", None)
        stored.check_held(offsets, "offsets")
        if offsets.size > limits.DRAWINGS + 1:
            count, most = offsets.size - 1, limits.DRAWINGS
            raise BadInput(self.source, f"{count} drawings; a file has {most} at most: divide it")
        self.offsets: NDArray[np.int64] = offsets[()].astype(np.int64, copy=False)
        self._check_offsets()
        self.lengths: NDArray[np.int64] = np.diff(self.offsets)
        self._names = {name: self._dataset(name, "O", len(self)) for name in NAMES}
        self._extra = self._dataset("extra", "O", len(self)) if "extra" in self._root else None
        self._channels = {
            name: self._dataset(name, "f", self.total_points)
            for name in ("time", "pressure")
            if name in self._root
        }

    def _check_offsets(self) -> None:
        steps = np.diff(self.offsets)
        ends = (0, self.total_points)
        if not len(self.offsets) or (self.offsets[0], self.offsets[-1]) != ends or (steps < 0).any():
            raise ValueError("its offsets do not ascend from 0 to the number of points")
        if len(steps) and steps.max() > limits.POINTS:
            count, most = f"drawing {steps.argmax() + 1} has {steps.max()} points", limits.POINTS
            raise BadInput(self.source, f"{count}; a drawing has {most} at most: divide it")

    def _dataset(self, name: str, kind: str, length: int | None, columns: int = 0) -> h5py.Dataset:
        """Return the dataset ``name`` after checking that it lies in this file and has the right type."""
        if kind == "O":
            dataset = stored.own_strings(self._root, name, self._content)
        else:
            dataset = stored.own_dataset(self._root, name)
        if dataset.dtype.kind != kind:
            raise ValueError(f"{name} has the wrong type, {dataset.dtype}")
        shape = dataset.shape
        if shape is None or len(shape) != (2 if columns else 1) or (columns and shape[1] != columns):
            raise ValueError(f"{name} has the wrong shape")
        if length is not None and shape[0] != length:
            raise ValueError(f"{name} has {shape[0]} entries instead of {length}")
        return dataset

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn whatever damage makes h5py and NumPy raise into one line that names the file."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is refused
                yield
        except stored.DAMAGE as error:
            self._stillness.check()
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise BadInput(self.source, f"damaged strokes file: {reason}") from error
        self._stillness.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(Exception):
            self._root.close()

    def __len__(self) -> int:
        """Return the number of drawings."""
        return len(self.offsets) - 1

    @cached_property
    def ids(self) -> list[str]:
        """The drawings' ids."""
        return self._strings("id")

    @cached_property
    def texts(self) -> list[str]:
        """The drawings' texts, "" where none is known."""
        return list(map(self.text_form, self._strings("text")))

    @cached_property
    def writers(self) -> list[str]:
        """The drawings' writers, "" where none is known."""
        return self._strings("writer")

    @cached_property
    def sources(self) -> list[str]:
        """Where the drawings were read from."""
        return self._strings("source")

    def _strings(self, name: str) -> list[str]:
        with self._told():
            stored.check_held(self._names[name], name, most=limits.DRAWINGS)
            return stored.strings(self._names[name], 0, len(self))

    @property
    def channels(self) -> tuple[str, ...]:
        """What the points have besides x, y and up: "time", "pressure"."""
        return tuple(self._channels)

    def points(self, index: int) -> Points:
        """Return the (N, 3) float32 points of drawing ``index``, read from the file; raises BadInput."""
        start, end = self._span(index)
        with self._told():
            return _checked_points(self._points[start:end])

    def _span(self, index: int) -> tuple[int, int]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no drawing {index} among {len(self)}")
        index %= len(self)
        return int(self.offsets[index]), int(self.offsets[index + 1])

    def __getitem__(self, index: int) -> Drawing:
        """Return drawing ``index``; raises BadInput, or IndexError when there is none."""
        self._span(index)
        index %= len(self)
        return next(self.drawings(index, index + 1))

    def __iter__(self) -> Iterator[Drawing]:
        return self.drawings()

    def drawings(self, first: int = 0, last: int | None = None) -> Iterator[Drawing]:
        """Yield drawings ``first`` up to, not including, ``last``, a block at a time; raises BadInput."""
        for start, end in self._spans(first, len(self) if last is None else min(last, len(self))):
            with self._told():
                block = self._block(start, end)
            yield from block

    def blocks(self) -> Iterator[tuple[Points, NDArray[np.int64]]]:
        """Yield the points of some drawings after one another, and the drawings' lengths; raises BadInput."""
        for first, end in self._spans(0, len(self)):
            with self._told():
                points = _checked_points(self._points[int(self.offsets[first]) : int(self.offsets[end])])
            yield points, self.lengths[first:end]

    def _spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of drawings that together have about BLOCK points."""
        while first < last:
            end = int(np.searchsorted(self.offsets, self.offsets[first] + BLOCK, side="right")) - 1
            end = min(max(end, first + 1), first + DRAWINGS_CHUNK, last)
            yield first, end
            first = end

    def _block(self, first: int, end: int) -> list[Drawing]:
        start, stop = int(self.offsets[first]), int(self.offsets[end])
        points = _checked_points(self._points[start:stop])
        channels = {name: _channel(dataset[start:stop], name) for name, dataset in self._channels.items()}
        ids, texts, writers, sources = (stored.strings(self._names[name], first, end) for name in NAMES)
        extras = [""] * (end - first) if self._extra is None else stored.strings(self._extra, first, end)
        cuts = self.offsets[first + 1 : end] - start
        parts = np.split(points, cuts)
        split = {name: np.split(values, cuts) for name, values in channels.items()}
        return [
            Drawing(
                part,
                id=ids[index],
                text=self.text_form(texts[index]),
                writer=writers[index],
                source=sources[index],
                time=_known(split, "time", index),
                pressure=_known(split, "pressure", index),
                extra=_extra(extras[index]),
            )
            for index, part in enumerate(parts)
        ]


def _checked_points(points: NDArray[np.floating[Any]]) -> Points:
    points = points.astype(np.float32)
    if not np.isfinite(points).all() or np.abs(points[:, :2]).max(initial=0) > limits.COORDINATE:
        raise ValueError("a coordinate is not finite or too large")
    if not np.isin(points[:, 2], (0, 1)).all():
        raise ValueError("an up is neither 0 nor 1")
    return points


def _channel(values: NDArray[np.floating[Any]], name: str) -> NDArray[np.float32]:
    values = values.astype(np.float32)
    if not ((values >= _RANGES[name][0]) & (values <= _RANGES[name][1]) | np.isnan(values)).all():
        raise ValueError(f"a {name} is out of range")
    return values


_RANGES = {"time": (-limits.TIME, limits.TIME), "pressure": (0.0, 1.0)}


def _known(split: dict[str, list[NDArray[np.float32]]], name: str, index: int) -> NDArray[np.float32] | None:
    """Return a drawing's values of the channel ``name``, or None when it has not one."""
    values = split.get(name)
    return None if values is None or np.isnan(values[index]).all() else values[index]


def _extra(line: str) -> dict[str, Any]:
    extra = json.loads(line) if line else {}
    if not isinstance(extra, dict):
        raise ValueError("an extra is not a JSON object")
    check_extra(extra)
    return extra
