"""Arrays of .npz files.

Many such files hold pickled lists of arrays.  A pickle can run any program, so it is read here without one
being made: only lists and numbers of NumPy's plain types are rebuilt, and by this module's own code.
"""

from __future__ import annotations

import ast
import io
import math
import pickle
import pickletools
import re
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

ARRAY = 1 << 28
"""Bytes of one array, or one pickle, that is read."""
OPERATIONS = 10_000_000
"""Steps of one pickle; each may take some ten bytes of memory."""
HEADER = 4096
"""Bytes of what an array's shape and type are told in."""
_PLAIN_TYPES = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f2", "f4", "f8", "b1"}
_MAGIC_SIZE = 8
_PYTHON_2_LONG = re.compile(r"(\d)L\b")
_NUMBER = re.compile(rf"[<>|=]({'|'.join(sorted(_PLAIN_TYPES))})")
_STRING = re.compile(r"[<>|=][US]\d{1,6}")


def read_tables(archive: zipfile.ZipFile, name: str) -> list[NDArray[Any]]:
    """Return the drawings' arrays that are in the member ``name``: a list of them, padded ones, or one alone.

    Raises
    ------
    ValueError: it is too large, damaged, or holds other things; damage may also raise any other error of NumPy,
        zipfile and pickle.
    """
    size = _checked_size(archive, name)
    with archive.open(name) as member:
        return _tables(member, size)


def read_numbers(archive: zipfile.ZipFile, name: str) -> NDArray[np.float64]:
    """Return all numbers of the member ``name``, (n,).  Raises as ``read_tables``."""
    size = _checked_size(archive, name)
    with archive.open(name) as member:
        return _plain(member, size, *_header(member)).astype(np.float64).ravel()


def read_texts(archive: zipfile.ZipFile, name: str) -> list[str]:
    """Return the strings of the member ``name``.  Raises as ``read_tables``."""
    size = _checked_size(archive, name)
    with archive.open(name) as member:
        header = _header(member, _STRING)
        found = _loaded(member.read(ARRAY)) if header[2].hasobject else _plain(member, size, *header).tolist()
    if isinstance(found, _Array):
        found = found.content
    if not isinstance(found, list):
        raise ValueError(f"{name} is no list of texts")
    texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in found]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} has other things than texts in it")
    return texts


def _checked_size(archive: zipfile.ZipFile, name: str) -> int:
    info = archive.getinfo(name)
    if info.file_size > ARRAY:
        raise ValueError(f"{name} is larger than {ARRAY} bytes")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in a way that NumPy has not")
    return info.file_size


def _tables(member: Any, size: int) -> list[NDArray[Any]]:
    """Return the drawings' arrays of one .npy."""
    shape, by_columns, dtype = _header(member)
    if dtype.hasobject:
        return [np.asarray(table) for table in _unpickled(member.read(ARRAY))]
    array = _plain(member, size, shape, by_columns, dtype)
    if array.ndim == 2:
        return [array]
    if array.ndim != 3 or not array.shape[1]:
        raise ValueError(f"an array of {array.ndim} dimensions; drawings are (T, 3), or padded (n, T, 3)")
    return list(array)


def _plain(
    member: Any, size: int, shape: tuple[int, ...], by_columns: bool, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return the array that follows a header, in a member of ``size`` bytes."""
    count = math.prod(shape)
    if dtype.hasobject or count * dtype.itemsize > size:
        raise ValueError("an array is cut short")
    content = member.read(count * dtype.itemsize)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")


def _header(member: Any, types: re.Pattern[str] = _NUMBER) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, the order and the type that a .npy begins with (NumPy's own reader evaluates more)."""
    start = member.read(_MAGIC_SIZE)
    if start[:6] != b"\x93NUMPY" or start[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("not an array (.npy), or of an unknown format")
    size = int.from_bytes(member.read(2 if start[6] == 1 else 4), "little")
    if size > HEADER:
        raise ValueError("an array with a header that is too long")
    text = member.read(size).decode("latin-1")
    header = ast.literal_eval(_PYTHON_2_LONG.sub(r"\1", text.strip()))
    if not isinstance(header, dict) or not isinstance(header.get("descr"), str):
        raise ValueError("an array of records")
    shape, descr = header.get("shape"), header["descr"]
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError("an array without a shape")
    if descr != "|O" and not types.fullmatch(descr):
        raise ValueError(f"an array of {descr!r:.20}")
    return shape, header.get("fortran_order") is True, np.dtype(descr)


# --- pickles, read as data ---------------------------------------------------------------------------------


class _Budget:
    """How many bytes a pickle may still make: it has all of them in it, once, where it is one of arrays."""

    __slots__ = ("left",)

    def __init__(self, size: int) -> None:
        self.left = size

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ValueError("a pickle that has the same numbers again and again")


class _Type:
    """Stands for numpy.dtype while a pickle is read."""

    __slots__ = ("name", "order")

    def __init__(self, name: Any, *_: Any) -> None:
        self.name = name.decode("ascii") if isinstance(name, bytes) else str(name)
        self.order = "|"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1].decode("ascii") if isinstance(state[1], bytes) else str(state[1])


class _Array:
    """Stands for numpy.ndarray while a pickle is read."""

    __slots__ = ("_budget", "content", "shape")

    def __init__(self, budget: _Budget, *_: Any) -> None:
        self._budget = budget
        self.shape: tuple[int, ...] = ()
        self.content: Any = []

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, content = state
        if not isinstance(kind, _Type) or not all(type(length) is int and length >= 0 for length in shape):
            raise ValueError("a damaged array")
        self.shape = tuple(shape)
        if kind.name.startswith("O"):
            if not isinstance(content, list):
                raise ValueError("an array of objects that is no list")
            self.content = content
            return
        if kind.name not in _PLAIN_TYPES or kind.order not in "<>|=":
            raise ValueError(f"an array of {kind.name[:20]!r}")
        if not isinstance(content, str | bytes):
            raise ValueError("a damaged array")
        self._budget.spend(len(content))
        raw = content.encode("latin-1") if isinstance(content, str) else content
        dtype = np.dtype(kind.order.replace("|", "=") + kind.name)
        self.content = np.frombuffer(raw, dtype).reshape(self.shape, order="F" if by_columns else "C")


def _encode(budget: _Budget, text: str, encoding: str = "latin1") -> bytes:
    budget.spend(len(text))
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"text in {encoding!r:.20}")
    return text.encode("latin-1")


class _Callable:
    """A function whose attributes a pickle cannot change."""

    __slots__ = ("_function",)
    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any], *first: Any) -> None:
        object.__setattr__(self, "_function", partial(function, *first))

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="latin1")
        budget = _Budget(2 * len(content))  # numbers may be there as text, which is made bytes first
        array = _Callable(_Array, budget)
        self._allowed = {
            ("numpy", "dtype"): _Callable(_Type),
            ("numpy", "ndarray"): array,
            ("_codecs", "encode"): _Callable(_encode, budget),
            ("numpy.core.multiarray", "_reconstruct"): array,
            ("numpy._core.multiarray", "_reconstruct"): array,
        }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it holds a pickled {module}.{name}, which could run a program: refused"
            ) from None

    def persistent_load(self, identity: Any) -> Any:
        raise pickle.UnpicklingError("it refers to objects elsewhere: refused")


def _unpickled(content: bytes) -> list[Any]:
    items = _flat(_loaded(content))
    _Budget(len(content)).spend(sum(table.nbytes for table in items))
    return items


def _loaded(content: bytes) -> Any:
    _check_steps(content)
    return _Unpickler(content).load()


def _check_steps(content: bytes) -> None:
    """Refuse a pickle that takes more memory than there is behind its bytes, before it is loaded."""
    for number, (code, argument, _) in enumerate(pickletools.genops(content)):
        if number >= OPERATIONS:
            raise ValueError(f"a pickle of more than {OPERATIONS} steps")
        # What is remembered is kept at its number: a large one would take as much memory.
        if code.name in _REMEMBERING and (argument or 0) > number:
            raise ValueError("a pickle that remembers what it has not")


_REMEMBERING = ("PUT", "BINPUT", "LONG_BINPUT")


def _flat(found: Any) -> list[Any]:
    """Return the arrays of numbers in an array (of objects) or a list of arrays."""
    if isinstance(found, _Array) and not isinstance(found.content, list):
        content = found.content
        return list(content) if content.ndim == 3 and content.shape[1] else [content]
    items = found.content if isinstance(found, _Array) else found
    if not isinstance(items, list | tuple):
        raise ValueError(f"a pickled {type(found).__name__} instead of arrays")
    return [_numbers(item) for item in items]


def _numbers(item: Any) -> Any:
    if isinstance(item, _Array):
        if isinstance(item.content, list):
            raise ValueError("arrays of objects inside each other")
        return item.content
    raise ValueError(f"a pickled {type(item).__name__} instead of an array")
