"""Ink of any format that hw reads, told apart by its first bytes."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from hwcli import stdio
from hwcli.errors import BadInput
from hwcli.ink import jsonl
from hwcli.ink.drawing import Drawing
from hwcli.ink.replacing import newest
from hwcli.ink.strangers import LONGEST_START, why_no_ink

OnBad = Callable[[BadInput], None]
HDF5, ZIP, XML, JSON, ARCHIVE, EMPTY, UNKNOWN = "hdf5", "zip", "xml", "json", "archive", "empty", "unknown"
PACKED_XML, PACKED_JSON, UNIPEN, REMARKABLE = "packed xml", "packed json", "unipen", "remarkable"
KNOWN = "JSON lines, Quick, Draw!, hw strokes (HDF5), InkML, Xournal++, SVG, reMarkable, UNIPEN, stroke-3 (npz)"
_STARTS = (
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"PK\x03\x04", ZIP),
    (b"reMarkable .lines file", REMARKABLE),
    (b"<", XML),
    (b"\xff\xfe", XML),
    (b"\xfe\xff", XML),
    (b"{", JSON),
    (b"[", JSON),
)
_PACKED = {b"<": PACKED_XML, b"{": PACKED_JSON, b"[": PACKED_JSON}
_IN_ANY_ORDER = (HDF5, ZIP)
_LONGEST_BLANK = 1 << 16
_TAR_START = 512
_GZIP = b"\x1f\x8b"
_TAR = b"ustar"
_KEYWORD = re.compile(rb"\.[A-Z][A-Z0-9_]+(\s|$)")
_MARK = b"\xef\xbb\xbf"


def kind_of(start: bytes) -> str:
    """Return which format a file has that begins with the bytes ``start``."""
    if start[257:262] == _TAR:
        return ARCHIVE
    if start.startswith(_GZIP):
        unpacked = _unpacked(start)
        is_tar = unpacked[257:262] == _TAR
        return ARCHIVE if is_tar else _PACKED.get(unpacked.removeprefix(_MARK).lstrip()[:1], ARCHIVE)
    text = start.removeprefix(_MARK).lstrip()
    if _KEYWORD.match(text):
        return UNIPEN
    for magic, kind in _STARTS:
        if start.startswith(magic) or text.startswith(magic):
            return kind
    return UNKNOWN if text else EMPTY


def _unpacked(start: bytes) -> bytes:
    """Return some of the first bytes of what is packed with gzip."""
    try:
        return zlib.decompressobj(wbits=31).decompress(start, _TAR_START)
    except zlib.error:
        return b""


def peeked(file: BinaryIO) -> tuple[str, BinaryIO]:
    """Return the format of ``file``, and a file that reads the same bytes from the start.

    A file that cannot seek is read no further than is needed: a point that has come is not waited past.
    """
    if file.seekable():
        place = file.tell()
        start = file.read(_LONGEST_BLANK)
        file.seek(place)
        return kind_of(start), file
    start = b""
    while kind_of(start) == EMPTY and len(start) < _LONGEST_BLANK and (byte := file.read(1)):
        start += byte
    if kind_of(start) == UNKNOWN:  # the signature of the others is longer than a byte
        start += file.read(_TAR_START - len(start))
    return kind_of(start), io.BufferedReader(_Rewound(start, file))


class _Rewound(io.RawIOBase):
    """A pipe, with the bytes that were read from it to look at them put back before the rest."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start, self._file = start, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._start:
            read = getattr(self._file, "read1", self._file.read)
            self._start = read(len(buffer))
        size = min(len(buffer), len(self._start))
        buffer[:size], self._start = self._start[:size], self._start[size:]
        return size


@contextlib.contextmanager
def open_ink(path: str | Path, on_bad: OnBad | None = None) -> Iterator[Iterator[Drawing]]:
    """Open the ink at ``path`` (``-``: standard input) and give its drawings, each as soon as it is read.

    Raises
    ------
    HwError: as ``stdio.open_input`` and ``read_any``.
    """
    with stdio.open_input(path) as file:
        yield read_any(file, stdio.name_of(path), on_bad, place_of(path))


def place_of(path: str | Path) -> Path | None:
    """Return where the file ``path`` is, None for standard input."""
    return None if str(path) == stdio.STREAM else Path(path)


def read_any(
    file: BinaryIO, source: str, on_bad: OnBad | None = None, path: Path | None = None
) -> Iterator[Drawing]:
    """Yield the drawings of ``file`` as ``read_versions``, but of a line that was written again the newest.

    A notebook of ``hw collect``, where there are such, is read to its end before the first is yielded.
    """
    kind, file = peeked(file)
    versions = _read_kind(kind, file, source, on_bad, path)
    yield from newest(versions) if kind == JSON else versions


def read_versions(
    file: BinaryIO, source: str, on_bad: OnBad | None = None, path: Path | None = None
) -> Iterator[Drawing]:
    """Yield the drawings of ``file``: JSON lines, a strokes file, InkML, stroke-3 arrays, or pages of others.

    Xournal++, reMarkables, SVG and UNIPEN give each page as one ``pages.Page``.  ``source`` is what messages
    call the file, and ``path`` where it is: UNIPEN may include files that are near.
    With ``on_bad`` a record that cannot be read is handed to it and left out.  What can only be read in any
    order (HDF5, zip) is copied to a temporary file if it is a pipe.

    Raises
    ------
    BadInput: it is none of these, empty or damaged.
    """
    yield from _read_kind(*peeked(file), source, on_bad, path)


def _read_kind(
    kind: str, file: BinaryIO, source: str, on_bad: OnBad | None, path: Path | None
) -> Iterator[Drawing]:
    if kind == JSON:
        yield from jsonl.read_drawings(file, source, on_bad)
    elif kind == XML:
        from hwcli.ink.sources.documents import read_document

        yield from read_document(file, source, on_bad)
    elif kind == PACKED_XML:
        from hwcli.ink.sources.documents import read_packed_document

        yield from read_packed_document(file, source, on_bad)
    elif kind == UNIPEN:
        from hwcli.ink.sources.unipen import read_unipen

        yield from read_unipen(file, source, on_bad, path)
    elif kind == REMARKABLE:
        from hwcli.ink.sources.remarkable import read_page

        yield from read_page(file, source, on_bad)
    elif kind in _IN_ANY_ORDER:
        with seekable(file) as whole:
            yield from _read_whole(whole, kind, source, on_bad)
    elif kind == PACKED_JSON:
        raise BadInput(source, "JSON lines packed with gzip: unpack them, by gunzip -c and a pipe or to a file")
    elif kind == EMPTY:
        raise BadInput(source, "empty: there is no ink in it")
    else:
        what = why_no_ink(file.read(LONGEST_START))
        raise BadInput(source, what or f"not ink that hw knows ({KNOWN}); hw sample makes ink of text")


def _read_whole(file: BinaryIO, kind: str, source: str, on_bad: OnBad | None) -> Iterator[Drawing]:
    if kind == HDF5:
        from hwcli.ink.strokes_file import StrokesReader

        with StrokesReader(file, source) as reader:
            yield from reader
        return
    from hwcli.ink.sources.remarkable import is_notebook, read_notebook
    from hwcli.ink.sources.stroke3 import read_stroke3

    yield from (read_notebook if is_notebook(file) else read_stroke3)(file, source, on_bad)


@contextlib.contextmanager
def seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give ``file``, or a temporary copy of what is left of it when it cannot seek."""
    if file.seekable():
        yield file
        return
    with tempfile.SpooledTemporaryFile(max_size=stdio.SPOOL_LIMIT) as spool:
        shutil.copyfileobj(file, spool, 1 << 20)
        spool.seek(0)
        yield spool  # type: ignore[misc]  # a SpooledTemporaryFile is a BinaryIO in all but name
