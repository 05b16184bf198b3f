"""Archives (.tar, .tar.gz) as streams: unpacked in memory, member by member, never to disk."""

from __future__ import annotations

import queue
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from hwcli import stopping
from hwcli.errors import BadInput
from hwcli.ink import limits

PIECE = 4 << 20
"""Bytes that are inflated at a time, and handed from one thread to the other."""
WAITING = 4
"""Pieces that wait, at most, to be used."""
_COMPRESSED = 1 << 18
_LONG_NAME = 1 << 16
_GZIP = b"\x1f\x8b"


def members(
    file: BinaryIO, source: str, wanted: Callable[[str], bool], told: Callable[[int], None] = lambda read: None
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of the regular files whose name is ``wanted``, in the archive's order.

    Links, devices and directories are passed over; names are only ever compared, never opened.  ``told`` is
    called with the number of bytes of ``file`` that were read so far.

    Raises
    ------
    BadInput: the archive is damaged or cut short, or a wanted file in it is too large.
    """
    with closing(_Inflated(file, source, told)) as stream:
        name = None
        while header := _next_header(stream, source):
            padded = -(-header.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            if header.type in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
                if padded > _LONG_NAME:
                    raise BadInput(source, "damaged archive: a name in it is too long")
                name = _long_name(header.type, stream.read(padded)[: header.size]) or name
                continue
            here, name = name or header.name, None
            if header.type not in _FILES:
                stream.skip(padded if header.type not in _WITHOUT_CONTENT else 0)
            elif not wanted(here):
                stream.skip(padded)
            elif header.size > limits.DOCUMENT:
                raise BadInput(source, f"{here} is larger than {limits.DOCUMENT} bytes")
            else:
                yield here, stream.read(padded)[: header.size]


_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_NAME, _SIZE, _SUM = slice(0, 100), slice(124, 136), slice(148, 156)
_TYPE, _MAGIC, _FOLDER = slice(156, 157), slice(257, 263), slice(345, 500)
_WITHOUT_CONTENT = (
    tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE
)  # fmt: skip


@dataclass(frozen=True)
class _Header:
    """What matters of a member's header (POSIX.1-1988 ustar, with GNU's sizes)."""

    name: str
    size: int
    type: bytes


def _next_header(stream: _Inflated, source: str) -> _Header | None:
    """Return the next header, or None at the end of the archive."""
    block = stream.read(tarfile.BLOCKSIZE, may_end=True)
    if not block.strip(b"\0"):
        return None
    try:
        if sum(block) - sum(block[_SUM]) + 8 * ord(" ") != _number(block[_SUM]):
            raise ValueError
        size = _number(block[_SIZE])
    except ValueError:
        raise BadInput(source, "damaged archive, or none: a bad header in it") from None
    name = block[_NAME].partition(b"\0")[0]
    folder = block[_FOLDER].partition(b"\0")[0]
    if block[_MAGIC] == b"ustar\0" and folder:
        name = folder + b"/" + name
    return _Header(name.decode("utf-8", "surrogateescape"), size, block[_TYPE])


def _number(field: bytes) -> int:
    """Return a number of a header: octal digits, or GNU's bytes of base 256.  Raises ValueError."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    number = int(field.partition(b"\0")[0].strip() or b"0", 8)
    if number < 0:
        raise ValueError("a negative number")
    return number


def _long_name(kind: bytes, content: bytes) -> str:
    """Return the name that an extra header holds: GNU's, or a pax header's ``path``."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return content.rstrip(b"\0").decode("utf-8", "surrogateescape")
    for record in content.split(b"\n"):
        key, equals, value = record.partition(b" ")[2].partition(b"=")
        if key == b"path" and equals:
            return value.decode("utf-8", "surrogateescape")
    return ""


class _Inflated:
    """The bytes of an archive, inflated by a thread of its own a few pieces ahead of their use."""

    def __init__(self, file: BinaryIO, source: str, told: Callable[[int], None]) -> None:
        self._source = source
        self._told = told
        self._pieces: queue.Queue[tuple[int, bytes] | BaseException | None] = queue.Queue(WAITING)
        self._stopped = threading.Event()
        self._piece = memoryview(b"")
        self._ended = False
        self._thread = threading.Thread(target=self._inflate, args=(file,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; one that waits for a pipe to go on is left to it where a signal ends the program."""
        self._stopped.set()
        while self._thread.is_alive() and stopping.asked() is None:
            while not self._pieces.empty():
                self._pieces.get_nowait()
            self._thread.join(0.02)

    def read(self, size: int, may_end: bool = False) -> bytes:
        """Return the next ``size`` bytes; with ``may_end`` b"" at the end.  Raises BadInput when cut short."""
        if len(self._piece) >= size:
            content, self._piece = bytes(self._piece[:size]), self._piece[size:]
            return content
        parts = []
        left = size
        while left:
            if not self._piece and not self._next_piece():
                if may_end and left == size:
                    return b""
                raise BadInput(self._source, "the archive is cut short")
            parts.append(self._piece[:left])
            self._piece = self._piece[left:]
            left -= len(parts[-1])
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over ``size`` bytes."""
        while size:
            if not self._piece and not self._next_piece():
                raise BadInput(self._source, "the archive is cut short")
            step = min(size, len(self._piece))
            self._piece = self._piece[step:]
            size -= step

    def _next_piece(self) -> bool:
        while not self._piece:
            item = None if self._ended else self._pieces.get()
            if item is None:
                self._ended = True
                return False
            if isinstance(item, BaseException):
                self._ended = True
                raise item
            read, piece = item
            self._told(read)
            self._piece = memoryview(piece)
        return True

    def _inflate(self, file: BinaryIO) -> None:
        try:
            for item in _pieces_of(file, self._source):
                if not self._put(item):
                    return
            self._put(None)
        except Exception as error:
            self._put(error)

    def _put(self, item: tuple[int, bytes] | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._pieces.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


def _pieces_of(file: BinaryIO, source: str) -> Iterator[tuple[int, bytes]]:
    """Yield the archive's bytes piece by piece, each with the number of bytes of ``file`` read so far."""
    compressed = file.read(_COMPRESSED)
    read = len(compressed)
    if compressed[:2] != _GZIP:
        while compressed:
            yield read, compressed
            compressed = file.read(_COMPRESSED)
            read += len(compressed)
        return
    inflater = zlib.decompressobj(wbits=31)
    while compressed:
        try:
            piece = inflater.decompress(compressed, PIECE)
        except zlib.error as error:
            raise BadInput(source, f"damaged archive: {error}") from error
        if piece:
            yield read, piece
        compressed = inflater.unconsumed_tail
        if inflater.eof:
            compressed = inflater.unused_data
            if len(compressed) < len(_GZIP):
                more = file.read(_COMPRESSED)
                compressed, read = compressed + more, read + len(more)
            if compressed[:2] != _GZIP:  # padding after the last member is usual, and ignored
                return
            inflater = zlib.decompressobj(wbits=31)
        elif not compressed:
            compressed = file.read(_COMPRESSED)
            read += len(compressed)
    if not inflater.eof:
        raise BadInput(source, "the archive is cut short")
