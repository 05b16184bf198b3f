"""HDF5 files from anywhere: damage cannot hang their library, and only what lies in the file itself is read.

Nor more of it than the file can hold.
"""

from __future__ import annotations

import os
import struct
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

LARGEST_CHUNK = 64 << 20
"""Bytes of a piece that a dataset is stored in."""
MOST_CHUNKS = 1 << 20
"""Pieces of one dataset; HDF5 keeps a note of each."""
BEST_COMPRESSION = 1032
"""Of deflate; data that claims to be packed better was never written."""
STEP, AT_A_TIME = 512, 1 << 30
"""Strings, and bytes of them, that are read at a time, whatever a file says of them."""
USUAL_COMPRESSION, SLACK = 16, 1 << 20
"""How well numbers that were measured or learned can be packed; and bytes that do not count."""
_HEAP = b"GCOL\x01\0\0\0"
_HEAP_START = 16
_LARGEST_HEAP = 64 << 20
_OBJECT = struct.Struct("<HHIQ")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PLACE_OF_SIZES = {0: 13, 1: 13, 2: 9, 3: 9}  # by the version of the superblock


def open_hdf5(file: BinaryIO) -> h5py.File:
    """Return the HDF5 file that is in the seekable ``file``, to read from.

    Raises
    ------
    Exception: one of many, when it is none or damaged.
    """
    file.seek(0)
    start = file.read(16)
    place = _PLACE_OF_SIZES.get(start[8]) if len(start) == 16 and start.startswith(_SIGNATURE) else None
    if place is None or start[place : place + 2] != b"\x08\x08":
        raise ValueError("not HDF5, or with addresses of an unusual size")
    return h5py.File(_Checked(file), "r")


class _Checked:
    """A file whose heaps of strings are looked at before libhdf5 does, which never ends at an empty object."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sound: set[int] = set()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        at = self._file.tell()
        content = self._file.read(size)
        self._look(content, at)
        return content

    def readinto(self, buffer: memoryview) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def _look(self, content: bytes, at: int) -> None:
        place = content.find(_HEAP)
        while place >= 0:
            if at + place not in self._sound:
                self._check_heap(at + place)
                self._sound.add(at + place)
            place = content.find(_HEAP, place + 1)

    def _check_heap(self, address: int) -> None:
        """Raise OSError unless the objects of a heap fill it one after the other."""
        self._file.seek(address)
        size = int.from_bytes(self._file.read(_HEAP_START)[8:], "little")
        if size > _LARGEST_HEAP:
            raise OSError("a heap of strings that is too large")
        heap = self._file.read(size - _HEAP_START) if size > _HEAP_START else b""
        at, end = 0, len(heap)
        while at + _OBJECT.size <= end:
            index, _, _, length = _OBJECT.unpack_from(heap, at)
            taken = _OBJECT.size + (length + 7 & ~7) if index else length
            if taken < _OBJECT.size or at + taken > end:
                raise OSError("a damaged heap of strings")
            at += taken


def own_dataset(root: h5py.File, name: str) -> h5py.Dataset:
    """Return the dataset ``name`` of the open file ``root``.

    Raises
    ------
    ValueError: it is missing, or it or a group on the way to it is a link, or its data lie in another file, or
        in pieces that are too large or too many.
    """
    place: Any = root
    for part in name.split("/"):
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} is missing or a link")
        place = place[part]
    if not isinstance(place, h5py.Dataset) or place.external or place.is_virtual:
        raise ValueError(f"{name} is not a dataset of this file")
    if place.chunks and place.shape is not None:
        if int(np.prod(place.chunks, dtype=object)) * place.dtype.itemsize > LARGEST_CHUNK:
            raise ValueError(f"{name} is stored in too large pieces")
        counts = (-(-length // piece) for length, piece in zip(place.shape, place.chunks, strict=True))
        if int(np.prod([*counts], dtype=object)) > MOST_CHUNKS:
            raise ValueError(f"{name} is stored in too many pieces")
    return place


def check_held(
    dataset: h5py.Dataset,
    name: str,
    compression: int = BEST_COMPRESSION,
    slack: int = 8192,
    most: int = 1 << 62,
) -> None:
    """Refuse a dataset of more than ``most`` entries, or more than its bytes on the disk can hold.

    Raises
    ------
    ValueError: it is such a one.
    """
    if dataset.shape is None:
        raise ValueError(f"{name} is empty")
    if dataset.size > most:
        raise ValueError(f"{name} has more than {most} entries")
    size = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    if size > compression * dataset.id.get_storage_size() + slack:
        raise ValueError(f"{name} is cut short")


def strings(dataset: h5py.Dataset, first: int, end: int, size: int | None = None) -> list[str]:
    """Return the strings ``first`` up to ``end`` of a file of ``size`` bytes (None: one of our own).

    A string is as large as its file at most, but all may be the same one: few are read at a time where the file
    is large, and together they may not be larger than it.

    Raises
    ------
    ValueError: they are larger, or not UTF-8.
    """
    step = STEP if size is None else max(16, min(STEP, AT_A_TIME // max(size, 1)))
    values: list[str] = []
    left = size
    for start in range(first, end, step):
        part = dataset[start : min(start + step, end)].tolist()
        if left is not None:
            left -= sum(map(len, part))
            if left < 0:
                raise ValueError("it has the same string again and again")
        values += [value.decode("utf-8") for value in part]
    return values


def numbers(
    root: h5py.File, name: str, types: tuple[str, ...], shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """Return all of the dataset ``name``, which has one of ``types`` and the ``shape`` (None: any).

    Raises
    ------
    ValueError: it is another one, or as ``own_dataset`` and ``check_held`` say.
    """
    dataset = own_dataset(root, name)
    if dataset.dtype.name not in types or dataset.shape is None or shape not in (None, dataset.shape):
        wanted = "x".join(map(str, shape)) + " " if shape is not None else ""
        raise ValueError(f"{name} are not {wanted}numbers of type {' or '.join(types)}")
    check_held(dataset, name, USUAL_COMPRESSION, SLACK)
    array: NDArray[Any] = dataset[()]
    return array
