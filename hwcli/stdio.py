"""Standard input and output, pipes, and files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TextIO

from hwcli import sinks, stopping
from hwcli.errors import HwError, UsageError
from hwcli.sinks import LateSink, Sink

STREAM = "-"
SPOOL_LIMIT = 64 << 20
"""How much of a pipe is kept in memory, in bytes, before it goes to a temporary file."""
COPY_BLOCK = 1 << 20
READ_AT_ONCE = 1 << 16
"""Bytes that are asked of a file at a time."""


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
        file = open(path, "rb", READ_AT_ONCE)  # noqa: SIM115  # closed below
    except OSError as error:
        raise HwError(f"{path}: {explain(error)}") from error
    try:
        yield file
    finally:
        if stopping.asked() is None:  # else a thread may wait for a pipe, and closing that for the thread
            file.close()


def _stdin() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("standard input is closed; name a file instead")
    if sys.stdin.isatty():
        raise UsageError("nothing to read: name a file, or pipe one in")
    return sys.stdin.buffer


def ends_in_file(path: str | Path | None) -> bool:
    """Return whether output to ``path`` is for a file: not for a terminal, nor for another program."""
    if path is not None and not _is_stream(path):
        return not _is_special(Path(path))
    try:
        return sys.stdout is not None and stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # closed
        return False


def is_fed() -> bool:
    """Return whether standard input, as a file or through a pipe, has something to read at this moment."""
    from fcntl import ioctl
    from termios import FIONREAD

    try:
        if sys.stdin is None or sys.stdin.isatty():
            return False
        waiting = ioctl(sys.stdin.fileno(), FIONREAD, bytes(4))
    except (OSError, ValueError):  # a device without such a count, or closed
        return False
    return int.from_bytes(waiting, sys.byteorder) > 0


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
            try:
                shutil.copyfileobj(file, spool, COPY_BLOCK)
            except OSError as error:
                where = f"{name_of(path)}, kept in {tempfile.gettempdir()}"
                raise HwError(f"{where}: {explain(error)}") from error
            spool.seek(0)
            yield spool  # type: ignore[misc]  # a SpooledTemporaryFile is a BinaryIO in all but name


@contextlib.contextmanager
def open_output(path: str | Path | None, *, binary: bool, force: bool = False) -> Iterator[BinaryIO]:
    """Open ``path`` for writing; None and ``-`` are standard output.

    A named file appears under its name, whole, when the block ends without an error, and not at all when it
    does not: the bytes go to a file without a name in the same directory (where the system has none, to one
    with a name of its own), which is synced and then named.  A symbolic link stays one; the file that it
    points to is written.  Named pipes and devices are written straight.

    A ``binary`` file can always seek and be read back, as HDF5 needs it: what goes to standard output, a
    pipe or a device is kept in an unnamed temporary file until the block ends.  That it cannot be written is
    told when the block ends, or by ``sinks.check`` before.  A text file reaches its reader with each flush.

    Raises
    ------
    UsageError: ``binary`` output would go to a terminal.
    HwError: the file exists and ``force`` is not set, or cannot be written.
    """
    if path is None or _is_stream(path):
        with _told("standard output"), _streamed(_standard_output(binary), binary) as file:
            yield file
        return
    if _is_special(Path(path)):
        with _told(path), _streamed(_raw(path, "wb", path), binary) as file:
            yield file
        return
    refuse_existing(path, force)
    with _told(path), _whole_file(Path(os.path.realpath(path)), path, force, late=binary) as file:
        yield file


def refuse_existing(path: str | Path, force: bool) -> None:
    """Raise HwError when ``path`` exists, as an output that ``force`` does not allow to replace."""
    path = Path(path)
    if path.is_dir():
        raise HwError(f"{path}: is a directory; name a file")
    if os.path.islink(os.path.realpath(path)):  # it leads to itself
        raise HwError(f"{path}: {os.strerror(errno.ELOOP)}")
    if path.exists() and not force and not _is_special(path):
        raise HwError(f"{path}: exists; --force replaces it")


def refuse_beside(option: str, path: Path, output: Path | None, force: bool) -> None:
    """See before any work that a second output, ``path`` of ``option``, can be written beside ``output``.

    Raises
    ------
    UsageError: both are standard output, or one file.
    HwError: as ``refuse_existing`` and ``refuse_unwritable``.
    """
    if _is_stream(path):
        if _is_stream(output):
            raise UsageError(f"{option} and the output would both go to standard output; use -o")
        return
    refuse_existing(path, force)
    if _is_special(path):
        return
    if output is not None and os.path.realpath(path) == os.path.realpath(output):
        raise UsageError(f"{option} and the output are both {path}: name two files")
    refuse_unwritable(path)


def refuse_unwritable(path: Path) -> None:
    """Raise HwError when the directory that ``path`` is to stand in is missing or cannot be written."""
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise HwError(f"{path}: {os.strerror(errno.ENOENT)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HwError(f"{path}: {os.strerror(errno.EACCES)}")


def _is_stream(path: str | Path | None) -> bool:
    return path is None or str(path) in (STREAM, "/dev/stdout")


def _is_special(path: Path) -> bool:
    """Return whether ``path`` is a named pipe or a device, which is written and not replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextlib.contextmanager
def _raw(
    file: int | str | Path, mode: str, shown: str | Path, closefd: bool = True, late: bool = False
) -> Iterator[BinaryIO]:
    """Open ``file`` buffered, in ``mode`` "wb", "ab" or "r+b"; a write that failed fails the block.

    ``late``: it does so at its end, and not before.
    """
    raw = (LateSink if late else Sink)(file, mode, shown, closefd)
    with raw, io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw) as buffered:
        try:
            yield buffered
            buffered.flush()
        except Exception:
            if raw.failure is None:
                raise
        if raw.failure is not None:  # whatever a library has made of it
            raise raw.failure


class _Closed(io.StringIO):
    """Standard output where there is none."""

    closed = True  # for all who ask

    def isatty(self) -> bool:
        """Return that it is no terminal."""
        return False

    def write(self, _text: str) -> int:
        """Fail."""
        raise HwError("standard output is closed")


def named_standard_output(stream: TextIO | None) -> TextIO:
    """Return the standard output ``stream``, None for a closed one, in a form whose errors say what it is."""
    if stream is None or stream.closed:
        return _Closed()
    raw = Sink(stream.fileno(), "wb", "standard output", closefd=False)
    encoding, errors = stream.encoding, stream.errors
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=stream.isatty())


@contextlib.contextmanager
def _standard_output(binary: bool) -> Iterator[BinaryIO]:
    if sys.stdout is None or sys.stdout.closed:
        raise HwError("standard output is closed; name a file with -o")
    if binary and sys.stdout.isatty():
        raise UsageError("binary data is not written to a terminal; redirect it, or name a file with -o")
    sys.stdout.flush()
    with _raw(sys.stdout.fileno(), "wb", "standard output", closefd=False) as file:
        yield file


@contextlib.contextmanager
def _streamed(opening: AbstractContextManager[BinaryIO], binary: bool) -> Iterator[BinaryIO]:
    """Give what ``opening`` opens, or, for ``binary``, a temporary file that is copied to it at the end."""
    with opening as target:
        if not binary:
            yield target
            return
        with _told(tempfile.gettempdir()), _nameless() as spool:
            yield spool
            stopping.check()
            spool.seek(0)  # and so all is written
            sinks.check(spool)
            shutil.copyfileobj(spool, target, COPY_BLOCK)


@contextlib.contextmanager
def _nameless() -> Iterator[BinaryIO]:
    with (
        tempfile.TemporaryFile(prefix="hw-") as spare,
        _raw(spare.fileno(), "r+b", tempfile.gettempdir(), closefd=False, late=True) as file,
    ):
        yield file


@contextlib.contextmanager
def _told(path: str | Path, *others: str) -> Iterator[None]:
    """Turn an operating system's error about the file ``path`` into one line that names it."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if str(error.filename) not in (str(path), *others):
            raise
        raise HwError(f"{path}: {explain(error)}") from error


@contextlib.contextmanager
def open_growing(path: Path, mode: str) -> Iterator[BinaryIO]:
    """Open ``path`` for a list or a log that may be read while it grows, each flush at once.

    ``mode``: "ab" adds to what is there, "wb" replaces it, "xb" refuses it.  Raises HwError.
    """
    with _told(path), _raw(path, mode, path) as file:
        yield file


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` under the name ``path``, whole or not at all, over what has that name; raises HwError.

    For files by the thousand: unlike ``open_output`` it does not wait until the disk has it.
    """
    with _told(path), _whole_file(path, path, force=True, late=False, sync=False) as file:
        file.write(content)


@contextlib.contextmanager
def _whole_file(
    path: Path, shown: str | Path, force: bool, late: bool, sync: bool = True
) -> Iterator[BinaryIO]:
    # The name is known before a file has it: a signal at any time finds it and takes it away.
    beside = path.parent / f".{path.name[:40]}.{os.urandom(8).hex()}.partial"
    try:
        descriptor, source = _begun(beside, shown)
        try:
            with _raw(descriptor, "r+b", shown, closefd=False, late=late) as file:
                yield file
            stopping.check()
            os.fchmod(descriptor, _mode_for(path))
            if sync:
                _sync(descriptor, shown)
            _give_name(source, path, beside, force)
        finally:
            os.close(descriptor)
        if sync:
            _sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _begun(beside: Path, shown: str | Path) -> tuple[int, str]:
    """Return the descriptor of a new file that only we may read and write, and a path that leads to it.

    Where the system has it, a file without a name, of which nothing stays whatever ends the program; elsewhere
    the file ``beside``.
    """
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(beside.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        source = f"/proc/self/fd/{descriptor}"
        if os.path.exists(source):
            return descriptor, source
        os.close(descriptor)
    try:
        return os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), str(beside)
    except OSError as error:
        raise HwError(f"{shown}: {explain(error)}") from error


def _give_name(source: str, path: Path, beside: Path, force: bool) -> None:
    """Name the file at ``source`` ``path``; without ``force`` not over a file that has come in the meantime."""
    try:
        _link(source, path)
    except FileExistsError:
        if not force:
            raise HwError(f"{path}: exists by now; --force replaces it") from None
        if source != str(beside):
            _link(source, beside)
    except OSError:  # a file system without hard links
        if source != str(beside):
            raise
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        return
    os.replace(beside, path)


def _link(source: str, path: Path) -> None:
    # A directory to start from, which is not used, has Python call linkat(2): link(2) follows no link in /proc.
    os.link(source, path, src_dir_fd=0, follow_symlinks=True)


def _mode_for(path: Path) -> int:
    """Return the mode that ``open`` would give a new file (mkstemp gives 0600), or the replaced file's."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync(descriptor: int, shown: str | Path) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        error.filename = str(shown)
        raise


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot sync a directory
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
