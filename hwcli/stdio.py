"""Standard input and output, pipes, and files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hwcli.errors import HwError, UsageError

STREAM = "-"
SPOOL_LIMIT = 64 << 20
"""How much of a pipe is kept in memory, in bytes, before it goes to a temporary file."""


def name_of(path: str | Path) -> str:
    """Return how messages call ``path``: ``<stdin>`` for ``-``, else the path itself."""
    return "<stdin>" if str(path) == STREAM else str(path)


def explain(error: OSError) -> str:
    """Return the reason of an operating system's ``error`` in a few words, without its number."""
    return error.strerror or str(error) or type(error).__name__


@contextlib.contextmanager
def open_input(path: str | Path) -> Iterator[BinaryIO]:
    """Open ``path`` for reading bytes in order; ``-`` is standard input.

    Raises
    ------
    UsageError: standard input is wanted and is a terminal, where it would wait for ever, or is closed.
    HwError: the file cannot be opened.
    """
    if str(path) == STREAM:
        yield _stdin()
        return
    try:
        file = open(path, "rb")
    except OSError as error:
        raise HwError(f"{path}: {explain(error)}") from error
    with file:
        yield file


def _stdin() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("standard input is closed; name a file instead")
    if sys.stdin.isatty():
        raise UsageError("nothing to read: name a file, or pipe one in")
    return sys.stdin.buffer


@contextlib.contextmanager
def open_seekable(path: str | Path) -> Iterator[BinaryIO]:
    """Open ``path`` (``-``: standard input) for reading in any order, as HDF5 needs it.

    A regular file is used in place; a pipe is copied first, to memory while it is small and to an unnamed
    temporary file after that.  Raises as ``open_input``.
    """
    with open_input(path) as file:
        if file.seekable():
            yield file
            return
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_LIMIT) as spool:
            shutil.copyfileobj(file, spool, 1 << 20)
            spool.seek(0)
            yield spool  # type: ignore[misc]  # a SpooledTemporaryFile is a BinaryIO in all but name


@contextlib.contextmanager
def open_output(path: str | Path | None, *, binary: bool, force: bool = False) -> Iterator[BinaryIO]:
    """Open ``path`` for writing; None and ``-`` are standard output.

    A named file appears under its name, whole, when the block ends without an error, and not at all when it
    does not: the bytes go to a temporary file in the same directory, which is synced and then renamed.
    Named pipes and devices (``/dev/null``) are written straight.  The file can seek when it is a file.

    Raises
    ------
    UsageError: ``binary`` output would go to a terminal.
    HwError: the file exists and ``force`` is not set, or cannot be written.
    """
    if path is None or str(path) == STREAM:
        yield from _standard_output(binary)
        return
    path = Path(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        with _told(path), open(path, "wb") as device:
            yield device
        return
    refuse_existing(path, force)
    with _told(path), _whole_file(path) as file:
        yield file


def refuse_existing(path: str | Path, force: bool) -> None:
    """Raise HwError when ``path`` exists, as an output that ``force`` does not allow to replace."""
    path = Path(path)
    if path.is_dir():
        raise HwError(f"{path}: is a directory; name a file")
    if path.exists() and not force:
        raise HwError(f"{path}: exists; --force replaces it")


def _standard_output(binary: bool) -> Iterator[BinaryIO]:
    if sys.stdout is None or sys.stdout.closed:
        raise HwError("standard output is closed; name a file with -o")
    if binary and sys.stdout.isatty():
        raise UsageError("binary data is not written to a terminal; redirect it, or name a file with -o")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an operating system's error about the file at ``path`` into one line that names it."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename not in (None, str(path)) and not str(error.filename).endswith(".partial"):
            raise
        raise HwError(f"{path}: {explain(error)}") from error


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), _mode_for(path))
            os.fsync(file.fileno())
        os.replace(name, path)
        _sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _mode_for(path: Path) -> int:
    """Return the mode that ``open`` would give a new file (mkstemp gives 0600), or the replaced file's."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot sync a directory
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
