"""HDF5 files from anywhere: damage cannot hang their library, and only what lies in the file itself is read.

Nor more of it than the file can hold.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

DAMAGE = (
    OSError, LookupError, ValueError, TypeError, ArithmeticError, RuntimeError, AttributeError, MemoryError,
)  # fmt: skip
"""What h5py and NumPy raise when they meet a damaged file."""
LARGEST_CHUNK = 64 << 20
"""Bytes of a piece that a dataset is stored in."""
MOST_CHUNKS = 1 << 20
"""Pieces of one dataset; HDF5 keeps a note of each."""
BEST_COMPRESSION = 1032
"""Of deflate; data that claims to be packed better was never written."""
MOST_ATTRIBUTES, ATTRIBUTES = 1000, 1 << 28
"""Attributes of a file, and bytes of memory that reading them may take."""
USUAL_COMPRESSION, SLACK = 16, 1 << 20
"""How well numbers that were measured or learned can be packed; and bytes that do not count."""
_REFERENCE = 16
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
    root = h5py.File(_Checked(file), "r")
    try:
        _check_attributes(root)
    except BaseException:
        root.close()
        raise
    return root


def _check_attributes(root: h5py.File) -> None:
    """Read all attributes once in little memory: libhdf5 makes room for whatever length one claims to have."""
    if len(root.attrs) > MOST_ATTRIBUTES:
        raise ValueError(f"more than {MOST_ATTRIBUTES} attributes")
    with _little_memory(ATTRIBUTES):
        for name in root.attrs:
            if _has_sequences(root.attrs.get_id(name).get_type()):
                raise ValueError("an attribute of sequences")
            try:
                value = root.attrs[name]
                if isinstance(value, str):
                    value.encode()  # where it is no UTF-8 h5py leaves surrogates, which nobody can write
            except TypeError:  # of a kind that NumPy has not; whoever wants it will see
                continue
            except MemoryError:
                raise ValueError("an attribute that is too large") from None


def _has_sequences(kind: h5py.h5t.TypeID) -> bool:
    """Return whether there are sequences of any length in the type ``kind``; strings are none.

    hw writes none, and where damage makes one of another type libhdf5 crashes when it is read.
    """
    match kind.get_class():
        case h5py.h5t.VLEN:
            return True
        case h5py.h5t.ARRAY:
            return _has_sequences(kind.get_super())
        case h5py.h5t.COMPOUND:
            return any(_has_sequences(kind.get_member_type(i)) for i in range(kind.get_nmembers()))
    return False


@contextlib.contextmanager
def _little_memory(size: int) -> Iterator[None]:
    """Have no more than ``size`` bytes more of memory for a moment, where the system can see to that."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError):
        yield
        return
    if before[0] != resource.RLIM_INFINITY and before[0] <= now + size:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (now + size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


class _Checked:
    """A file whose heaps of strings are looked at before libhdf5 does, which never ends at an empty object."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sound: set[int] = set()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if abs(offset) >= 1 << 63:
            raise OSError("an address beyond any file")
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


def own_strings(root: h5py.File, name: str, file: BinaryIO) -> h5py.Dataset:
    """Return the dataset ``name`` of strings of any length, which is in ``file``.

    What is stored of such a string is its length and its place; libhdf5 believes the length and makes room.

    Raises
    ------
    ValueError: as ``own_dataset``; or the strings are not such, or together larger than the file.
    """
    dataset = own_dataset(root, name)
    if dataset.dtype.kind != "O" or h5py.check_string_dtype(dataset.dtype) is None:
        raise ValueError(f"{name} has the wrong type, {dataset.dtype}")
    check_held(dataset, name, slack=0)
    left = file.seek(0, os.SEEK_END)
    for references in _pieces(dataset, name, file):
        left -= int(np.frombuffer(references, "<u4")[:: _REFERENCE // 4].sum(dtype=np.int64))
        if left < 0:
            raise ValueError(f"{name}: strings that are larger than the file")
    return dataset


def _pieces(dataset: h5py.Dataset, name: str, file: BinaryIO) -> Iterator[bytes]:
    """Yield the references to the strings of ``dataset`` as they are stored."""
    if not dataset.size:
        return
    if dataset.chunks is None:
        place = dataset.id.get_offset()
        if place is None:
            raise ValueError(f"{name} is stored in an unusual way")
        file.seek(place)
        yield file.read(dataset.size * _REFERENCE)
        return
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
    whole = int(np.prod(dataset.chunks)) * _REFERENCE
    found: list[Any] = []
    dataset.id.chunk_iter(found.append)
    for piece in found:
        file.seek(piece.byte_offset)
        content = file.read(piece.size)
        for number in reversed(range(len(filters))):
            if not piece.filter_mask >> number & 1:
                content = _unpacked(content, filters[number], whole)
        if len(content) != whole:
            raise ValueError(f"{name} is cut short")
        yield content


def _unpacked(content: bytes, kind: int, whole: int) -> bytes:
    """Return a piece as it was before a filter of some ``kind``; it has ``whole`` bytes at most."""
    if kind == h5py.h5z.FILTER_DEFLATE:
        try:
            return zlib.decompressobj().decompress(content, whole)
        except zlib.error as error:
            raise ValueError(f"damaged: {error}") from error
    if kind == h5py.h5z.FILTER_SHUFFLE and len(content) == whole:
        return np.frombuffer(content, np.uint8).reshape(_REFERENCE, -1).T.tobytes()
    raise ValueError("strings that are packed in an unusual way")


def strings(dataset: h5py.Dataset, first: int, end: int) -> list[str]:
    """Return the strings ``first`` up to ``end``; raises ValueError when they are not UTF-8."""
    return [value.decode("utf-8") for value in dataset[first:end].tolist()]


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
