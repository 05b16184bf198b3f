"""The file that a person's lines go to: appended to, each line on disk before anyone is told that it is."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from hwcli.errors import BadInput, HwError
from hwcli.ink import Drawing, limits
from hwcli.ink.drawing import Points
from hwcli.ink.jsonl import DrawingWriter, read_drawings
from hwcli.ink.replacing import COLLECTED, REPLACES

PROGRAM = COLLECTED
"""What the drawings name as their source: only what has it is ever cut back after a crash."""
_HEADER = b'{"drawing":"'


@dataclass
class Kept:
    """What a file of lines holds, without the ink.

    Attributes
    ----------
    texts: by id, the text of every line that counts: one that was written again counts once, as its last.
    keys: by the key that the page gave a line, its id and the marks of all ink that came under that key.
    highest: the largest number in an id.
    torn: bytes of a line at the end that a crash had cut short, and that were taken away.
    """

    texts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[str, set[int]]] = field(default_factory=dict)
    highest: int = 0
    torn: int = 0

    def note(self, drawing: Drawing) -> None:
        """Take in a line."""
        self.texts.pop(str(drawing.extra.get(REPLACES, "")), None)
        self.texts[drawing.id] = drawing.text
        if key := drawing.extra.get("key"):
            _, seen = self.keys.get(str(key), ("", set()))
            self.keys[str(key)] = drawing.id, seen | {mark(drawing.points)}
        number = drawing.id.rpartition("-")[2]
        if number.isascii() and number.isdigit():
            self.highest = max(self.highest, int(number[:9]))


def mark(points: Points) -> int:
    """Return a number by which the ink ``points`` is known from other ink."""
    return zlib.crc32(np.ascontiguousarray(points, "<f4").tobytes())


class Notebook(Protocol):
    """Keeps lines.

    Attributes
    ----------
    name: what people call it.
    place: tells it from others of that name; says nothing of where it is.
    """

    name: str
    place: str

    def append(self, drawing: Drawing) -> None:
        """Keep ``drawing``; it is safe when this returns.  Raises HwError when it could not be kept."""


class StreamNotebook:
    """Writes lines to a stream, as standard output is one."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Write to ``file``, which people know as ``name``."""
        self._file, self.name, self.place = file, name, name

    def append(self, drawing: Drawing) -> None:
        """Write ``drawing``."""
        DrawingWriter(self._file).write(drawing)


class FileNotebook:
    """Appends lines to a file that no other program of ours appends to meanwhile."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Append to the open file ``descriptor``, which is that at ``path``."""
        self._descriptor, self._path, self.name = descriptor, path, path.name
        self.place = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]

    def append(self, drawing: Drawing) -> None:
        """Append ``drawing`` and wait until it is on the disk; what cannot be written whole leaves no trace."""
        record = io.BytesIO()
        DrawingWriter(record).write(drawing, counted=True)
        with _told(self.name):
            if not os.path.samestat(os.stat(self._path), os.fstat(self._descriptor)):
                raise HwError(f"{self.name}: another file has its name by now")
        size = os.fstat(self._descriptor).st_size
        try:
            with _told(self.name):
                _write_all(self._descriptor, record.getvalue())
                os.fsync(self._descriptor)
        except HwError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, size)
            raise


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def open_notebook(path: Path) -> Iterator[tuple[FileNotebook, Kept]]:
    """Open the file of lines at ``path``, or make it, and give what it holds.

    A line at its end that a crash cut short is taken away.  A file that was made and got no line is removed.

    Raises
    ------
    HwError: it cannot be read or written, is being written by another program, or holds something else.
    """
    is_new = not path.exists()
    if not is_new and not path.is_file():
        raise HwError(f"{path}: not a regular file, which lines could be added to")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise HwError(f"{path}: {error.strerror}") from error
    with open(descriptor, "rb") as file:
        try:
            _lock(descriptor, path)
            kept = _recovered(file, str(path))
            yield FileNotebook(descriptor, path), kept
        finally:
            if is_new and os.fstat(descriptor).st_size == 0:
                with contextlib.suppress(OSError):
                    path.unlink()


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HwError(f"{path}: another hw collect is writing to it") from None
    except OSError as error:  # a file system without locks
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):
            raise HwError(f"{path}: {error.strerror}") from error


def _recovered(file: BinaryIO, source: str) -> Kept:
    """Return what ``file`` holds, after a line that is cut short at its end was taken away."""
    whole, size = sound_size(file), os.fstat(file.fileno()).st_size
    if whole < size:
        with _told(source):
            os.ftruncate(file.fileno(), whole)
            os.fsync(file.fileno())
    file.seek(0)
    kept = Kept(torn=size - whole)
    for drawing in read_drawings(file, source):
        if not drawing.id and not drawing.text:
            raise BadInput(source, "points without a header: not a file that hw collect can go on with")
        kept.note(drawing)
    if whole and _byte_at(file, whole - 1) != b"\n":
        with _told(source):
            _write_all(file.fileno(), b"\n")
    return kept


def _byte_at(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    return file.read(1)


@contextlib.contextmanager
def _told(source: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HwError(f"{source}: {error.strerror}") from error


def sound_size(file: BinaryIO) -> int:
    """Return how many bytes of ``file`` are whole: all, or those before a line of ours that a crash cut short.

    A line of writing goes to the file in one piece, after a header that tells how many points it has.  So one
    with fewer was never told to be safe.  What stands before it always stays, and a line of JSON that is
    broken but ended by a line feed was not cut by a crash: whoever reads it will say what is wrong with it.
    """
    end = start = at = points = 0
    header: dict[str, object] = {}
    before, last = b"", b""
    file.seek(0)
    while line := file.readline(limits.LINE + 1):
        if len(line) > limits.LINE:
            return file.seek(0, os.SEEK_END)  # not ours, as whoever reads it will say
        if line.strip():
            before, last, at = last, line, end
            found = _parsed(line) if b'"drawing"' in line[:64] else None
            points += 1
            if found is not None:
                start, header, points = end, found, 0
        end += len(line)
    is_broken = bool(last) and _parsed(last) is None
    is_cut = is_broken and (not last.endswith(b"\n") or b"\0" in last)
    if is_broken and not is_cut:
        return end
    if header.get("source") != PROGRAM:
        return 0 if is_cut and at == 0 and _begins_header(last) else end
    promised = header.get("points")
    if isinstance(promised, int):
        is_whole = points - is_cut >= promised
    else:  # of an earlier version, which did not tell: it can be whole only if it ends with a lifted pen
        ended = (_parsed(before if is_cut else last) or {}).get("up") == 1
        is_whole = ended and not (is_cut and last.startswith(b'{"x"'))
    if not is_whole:
        return start
    return at if is_cut else end


def _parsed(line: bytes) -> dict[str, object] | None:
    """Return the object that ``line`` is, an empty one for another value, and None when it is no JSON."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else {}


def _begins_header(line: bytes) -> bool:
    begun = line.rstrip(b"\0")
    return begun.startswith(_HEADER) or _HEADER.startswith(begun)
