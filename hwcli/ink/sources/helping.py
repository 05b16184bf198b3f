"""A second process that reads a share of a database's files, so that both of a machine's cores have work.

Files go out in batches whenever the helper has nothing to do; what it is too busy for is read here.  The
results come back in the order of the files, and only a few batches are under way at any time.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol

from hwcli.errors import BadInput
from hwcli.ink.drawing import Drawing
from hwcli.threads import cores

BATCH = 1 << 20
"""Bytes of the files that are handed over together."""
WORTH = 16 << 20
"""Bytes of files before which no helper is started: it takes as long to start as they take to read."""
MOST_WAITING = 1024
"""Files that wait for one before them."""

Result = Drawing | BadInput


class Reader(Protocol):
    """Reads one file."""

    def read(self, content: bytes, source: str) -> Drawing:
        """Return the drawing of ``content``; raises BadInput."""


@dataclass
class Waiting:
    """A file on its way: its name, what messages call it, its content, and what came of it."""

    name: str
    source: str
    content: bytes
    result: Result | None = None


def read_in_order(files: Iterator[Waiting], reader: Reader) -> Iterator[Waiting]:
    """Yield ``files`` in their order, each with its result; those that have one already are passed on.

    A BadInput that ``files`` raises is raised again when all files before it have been yielded.
    """
    broken = None
    with contextlib.closing(_Sharing(reader)) as sharing:
        try:
            for file in files:
                sharing.add(file)
                yield from sharing.finished()
        except BadInput as error:
            broken = error
        sharing.finish()
        yield from sharing.finished()
    if broken is not None:
        raise broken


class _Sharing:
    """The files under way, some of them with the helper."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._files: deque[Waiting] = deque()
        self._unread: deque[Waiting] = deque()
        self._unread_size = self._seen = 0
        self._helper: _Helper | None = None
        self._may_start = cores() > 1

    def close(self) -> None:
        if self._helper is not None:
            self._helper.close()

    def add(self, file: Waiting) -> None:
        """Take a file; read some of those that wait, here or by handing them over."""
        self._files.append(file)
        if file.result is not None:
            return
        self._unread.append(file)
        self._unread_size += len(file.content)
        self._seen += len(file.content)
        if self._may_start and self._seen > WORTH:
            self._may_start = False
            with contextlib.suppress(OSError):
                self._helper = _Helper(self._reader)
        while self._unread_size >= BATCH:
            if self._helper is not None and self._helper.is_free():
                self._helper.give(list(self._unread))
                self._unread.clear()
                self._unread_size = 0
            else:
                self._read_one()
        if len(self._files) > MOST_WAITING and self._helper is not None:
            self._helper.wait()

    def finish(self) -> None:
        """Bring everything to its end."""
        while self._unread:
            self._read_one()
        if self._helper is not None:
            self._helper.wait()

    def finished(self) -> Iterator[Waiting]:
        """Yield the files at the front that are done."""
        while self._files and self._files[0].result is not None:
            yield self._files.popleft()

    def _read_one(self) -> None:
        file = self._unread.popleft()
        self._unread_size -= len(file.content)
        file.result = _read(self._reader, file.content, file.source)


def _read(reader: Reader, content: bytes, source: str) -> Result:
    try:
        return reader.read(content, source)
    except BadInput as error:
        return error


class _Helper:
    """The other process."""

    def __init__(self, reader: Reader) -> None:
        context = multiprocessing.get_context("spawn")
        self._reader = reader
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, reader), daemon=True)
        self._process.start()
        theirs.close()
        self._batch: list[Waiting] = []
        self._lost = False

    def close(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.join()

    def is_free(self) -> bool:
        """Return whether it has nothing to do, after taking what it has done."""
        if self._batch and self._connection.poll():
            self._take()
        return not self._batch and not self._lost

    def give(self, batch: list[Waiting]) -> None:
        """Hand over files to a helper that is free: it listens, so this does not wait for long."""
        self._batch = batch
        try:
            self._connection.send([(file.content, file.source) for file in batch])
        except OSError:
            self._read_ourselves()

    def wait(self) -> None:
        """Wait until it is free."""
        if self._batch:
            self._take()

    def _take(self) -> None:
        try:
            results: list[Result] = self._connection.recv()
        except (EOFError, OSError):
            self._read_ourselves()
            return
        for file, result in zip(self._batch, results, strict=True):
            file.result = result
        self._batch = []

    def _read_ourselves(self) -> None:
        """Read what was with a helper that has died."""
        self._lost = True
        for file in self._batch:
            file.result = _read(self._reader, file.content, file.source)
        self._batch = []


def _serve(connection: Connection, reader: Reader) -> None:
    """Read the batches that come over ``connection`` until it is closed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started us ends us
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send([_read(reader, *file) for file in connection.recv()])
