"""Files for writing whose errors name them, for ourselves and for libraries that take no error well."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from hwcli import stopping


class OutputFailure(OSError):
    """An output cannot be written."""


class Sink(io.FileIO):
    """A file for writing whose errors name it.

    Once a write has failed, all that follow are taken as done: what a library still has to write while it
    closes a file makes no second failure of it.
    """

    def __init__(self, file: int | str | Path, mode: str, shown: str | Path, closefd: bool = True) -> None:
        """Open ``file``; messages call it ``shown``."""
        super().__init__(file, mode, closefd=closefd)
        self._shown = str(shown)
        self.failure: OSError | None = None

    def write(self, block: Any) -> int:
        """Write ``block``; see the class."""
        if self.failure is None:
            with self._noted():
                return super().write(block)
        size = memoryview(block).nbytes
        with contextlib.suppress(OSError):
            self.seek(size, os.SEEK_CUR)
        return size

    def truncate(self, size: int | None = None) -> int:
        """Cut the file to ``size`` bytes, or make it that long; see the class."""
        if self.failure is None:
            with self._noted():
                return super().truncate(size)
        return self.tell() if size is None else size

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            self.failure = error
            raise
        except OSError as error:
            self.failure = OutputFailure(error.errno, error.strerror, self._shown)
            raise self.failure from error


class LateSink(Sink):
    """A sink for libraries that call it where no error gets through: it raises none, ``check`` does later.

    libhdf5 crashes some time after a write was refused to it while it closed a file or let go of a dataset,
    and cairo makes another error of it.  Nor do signals raise anything meanwhile.
    """

    def write(self, block: Any) -> int:
        """Write ``block``."""
        try:
            return super().write(block)
        except OSError:
            return super().write(block)  # as if it were done

    def truncate(self, size: int | None = None) -> int:
        """Cut the file to ``size`` bytes, or make it that long."""
        try:
            return super().truncate(size)
        except OSError:
            return super().truncate(size)


stopping.spare(LateSink.write, LateSink.truncate)


def check(file: BinaryIO) -> None:
    """Raise what went wrong with ``file`` so far, if it is one of ours."""
    failure = getattr(getattr(file, "raw", None), "failure", None)
    if failure is not None:
        raise failure
