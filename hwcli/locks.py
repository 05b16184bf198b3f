"""Outputs that one process at a time may write."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from hwcli.errors import HwError
from hwcli.stdio import explain

NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)
"""What a file system says that knows no locks."""


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep ``path``, which need not be there, for this process until the block ends.

    The lock is on a small file beside it, ``.NAME.lock``, and the system lets go of it however the process
    ends; the file, which SIGKILL leaves there, hinders nobody.  A file system without locks keeps nothing.

    Raises
    ------
    HwError: another process has it, or the file beside it cannot be made.
    """
    path = Path(os.path.realpath(path))
    lock = path.with_name(f".{path.name[:200]}.lock")
    try:
        descriptor = _taken(lock, path)
    except OSError as error:
        raise HwError(f"{lock}: {explain(error)}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(lock)
        os.close(descriptor)


def _taken(lock: Path, path: Path) -> int:
    """Return the descriptor of the file ``lock``, locked."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            who = f" (process {holder})" if holder else ""
            raise HwError(f"{path}: another hw is at work on it{who}; let it end, or stop it") from None
        except OSError as error:
            if error.errno in NO_LOCKS:
                return descriptor
            os.close(descriptor)
            raise
        if _is_still(lock, descriptor):
            with contextlib.suppress(OSError):  # a full disk: nobody is told who has it
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()} on {socket.gethostname()}\n".encode())
            return descriptor
        os.close(descriptor)  # the one before took its file away when it ended


def _is_still(lock: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.stat(lock), os.fstat(descriptor))
    return False
