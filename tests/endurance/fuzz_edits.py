"""Strokes files, models and checkpoints changed with HDF5's own library: whole files that hold nonsense."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MOST = 12
"""Changes of one file."""
MOST_COLUMNS = 16
"""Of what is large: what it takes to make it here counts as if the reader had taken it."""
LENGTHS = (0, 1, 2, 3, 4, 17, 1000, 1 << 20, 1 << 31, 10**12, 1 << 62)
KINDS = ("f4", "f2", "f8", "i8", "u1", "i4", "u8", "S3", "c8", "?", ">f4", "V5", "f4,i4")
NUMBERS = (0, 1, -1, 2, 3, 0.5, np.nan, np.inf, -np.inf, 1e308, 2**31, 2**62, -(2**63), 65504)
TEXTS = (
    b"", b"x", b"\xff", b"\0", b"hw-strokes", b"hw-model", b"hw-checkpoint", b"{}", b"[]", b"[[",
    b'{"k":1e999}', b"NaN", b"null", b"7", b"[network]\nunits=1", b"[network]\nunits=65536\nlayers=64",
    b"[noise]\nturn=1e400",
    b"[" * 2000, b'{"seed":"x"}', b'{"seed":1,"batches":-5}', b'{"seed":1,"history":[1]}', b'{"height":"x"}',
    b"a" * 70000, b"hw-hand", b"[tuning]\nrank=9223372036854775807",
)  # fmt: skip


class _Choices:
    """Takes choices from bytes, 0 when they are used up."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1] if self._at <= len(self._content) else 0

    def one_of(self, values: Any) -> Any:
        values = list(values)
        return values[self.byte() % len(values)]

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._content)


def edited(content: bytes, choices: bytes, folder: Path) -> bytes:
    """Return the HDF5 file ``content`` with the changes that ``choices`` stand for.

    Links lead to the files of ``folder``, which no reader may open.
    """
    file = io.BytesIO(content)
    chosen = _Choices(choices)
    with np.errstate(all="ignore"), h5py.File(file, "r+") as root:
        for _ in range(MOST):
            if chosen.is_over:
                break
            with contextlib.suppress(
                OSError,
                ValueError,
                TypeError,
                LookupError,
                RuntimeError,
                OverflowError,
                AttributeError,
                MemoryError,
            ):
                chosen.one_of(_EDITS)(root, chosen, folder)
    return file.getvalue()


def _names(root: h5py.File) -> list[str]:
    names: list[str] = []
    root.visit(names.append)
    return names or ["points"]


def _remove(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    del root[chosen.one_of(_names(root))]


def _replaced(root: h5py.File, chosen: _Choices) -> str:
    name = chosen.one_of(_names(root))
    del root[name]
    return str(name)


def _soft_link(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    others = _names(root)
    root[_replaced(root, chosen)] = h5py.SoftLink("/" + chosen.one_of([*others, ".", "nowhere"]))


def _external_link(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    file = chosen.one_of(("foreign.h5", "pipe", "nowhere.h5"))
    place = chosen.one_of(("f4", "f8", "i8", "text", "/"))
    root[_replaced(root, chosen)] = h5py.ExternalLink(str(folder / file), place)


def _shape_like(root: h5py.File, chosen: _Choices) -> tuple[str, tuple[int, ...], Any]:
    name = chosen.one_of(_names(root))
    found = root[name]
    shape, kind = (found.shape, found.dtype) if isinstance(found, h5py.Dataset) else ((3, 3), np.dtype("f4"))
    del root[name]
    return str(name), shape, kind


def _external_storage(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name, shape, kind = _shape_like(root, chosen)
    file = chosen.one_of(("foreign.raw", "pipe"))
    size = int(np.prod(shape)) * kind.itemsize
    root.create_dataset(name, shape, kind, external=[(str(folder / file), 0, size)])


def _virtual(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name, shape, kind = _shape_like(root, chosen)
    layout = h5py.VirtualLayout(shape, kind)
    source = h5py.VirtualSource(
        str(folder / chosen.one_of(("foreign.h5", "pipe"))), chosen.one_of(KINDS[:4]), shape
    )
    layout[...] = source
    root.create_virtual_dataset(name, layout)


def _other_kind(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name, shape, _ = _shape_like(root, chosen)
    root.create_dataset(name, shape, chosen.one_of(KINDS))


def _other_shape(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name, _, kind = _shape_like(root, chosen)
    shape = tuple(chosen.one_of(LENGTHS) for _ in range(chosen.byte() % 4))
    options: dict[str, Any] = {}
    if shape and chosen.byte() % 2:
        options["chunks"] = tuple(min(max(chosen.one_of(LENGTHS[:8]), 1), max(n, 1)) for n in shape)
    if options and chosen.byte() % 2:
        options["compression"] = chosen.one_of(("gzip", "lzf"))
    root.create_dataset(name, shape, kind, **options)


def _bomb(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    """Make a dataset that is large, and small on the disk: all the same number."""
    name, shape, kind = _shape_like(root, chosen)
    if kind.kind not in "fiu":
        return
    large = (1 << 18, *(min(width, MOST_COLUMNS) for width in shape[1:2]))
    root.create_dataset(name, large, kind, chunks=True, compression="gzip", data=np.ones(large, kind))


def _resize(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    found = root[chosen.one_of(_names(root))]
    if isinstance(found, h5py.Dataset) and found.chunks:
        found.resize(chosen.one_of(LENGTHS[:8]), axis=0)


def _numbers(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    found = root[chosen.one_of(_names(root))]
    if not isinstance(found, h5py.Dataset) or not found.size or found.size > 10000:
        return
    if found.dtype.kind in "fiu" or h5py.check_string_dtype(found.dtype):
        flat = found[()].reshape(-1)
        flat[chosen.byte() % len(flat)] = chosen.one_of(NUMBERS if found.dtype.kind in "fiu" else TEXTS)
        found[...] = flat.reshape(found.shape)


def _bytes(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name = _replaced(root, chosen)
    root[name] = np.frombuffer(chosen.one_of(TEXTS), np.uint8)


def _strings(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name, shape, _ = _shape_like(root, chosen)
    kind = chosen.one_of((h5py.string_dtype(), h5py.string_dtype("ascii"), h5py.vlen_dtype(np.uint8), "S70000"))
    found = root.create_dataset(name, shape[:1], kind)
    if found.size and found.size < 10000 and found.dtype.metadata != {"vlen": np.dtype("u1")}:
        found[0] = chosen.one_of(TEXTS)


def _attribute(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    name = chosen.one_of(list(root.attrs) or ["format"])
    what = chosen.byte() % 6
    if what == 0:
        del root.attrs[name]
    elif what == 1:
        root.attrs[name] = chosen.one_of(NUMBERS)
    elif what == 2:
        root.attrs[name] = chosen.one_of(TEXTS).decode("latin-1")
    elif what == 3:
        root.attrs[name] = np.full(chosen.one_of(LENGTHS[:6]), chosen.one_of(NUMBERS))
    elif what == 4:
        root.attrs[name] = h5py.Empty(chosen.one_of(("f4", "i8", "S3")))
    else:
        root.attrs[name] = np.full((2, 2), chosen.one_of(NUMBERS), chosen.one_of(KINDS[:7]))


def _put_in(root: h5py.File, chosen: _Choices, folder: Path) -> None:
    root.create_group(f"slots/{chosen.byte():04}") if chosen.byte() % 2 else root.create_dataset(
        f"slots/{chosen.byte():04}", data=np.ones(3, "f4")
    )


_EDITS: tuple[Callable[[h5py.File, _Choices, Path], None], ...] = (
    _remove, _soft_link, _external_link, _external_storage, _virtual, _other_kind, _other_shape, _bomb, _resize,
    _numbers, _bytes, _strings, _attribute, _attribute, _put_in,
)  # fmt: skip
