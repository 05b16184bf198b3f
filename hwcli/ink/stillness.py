"""Files that nobody writes while they are read."""

from __future__ import annotations

import os
from typing import BinaryIO

from hwcli.errors import BadInput


class Stillness:
    """Sees whether a file is as it was when it was opened, or another process has written to it since."""

    def __init__(self, file: BinaryIO, source: str) -> None:
        """Take note of the open ``file``, which messages call ``source``.

        One that is ours to write, or no file of the system's, is taken to be still.
        """
        # Asked for its descriptor, a SpooledTemporaryFile would go to the disk.
        raw = None if file.writable() else getattr(file, "raw", None)
        self._descriptor = raw.fileno() if raw is not None and hasattr(raw, "fileno") else None
        self._source, self._first = source, self._now()

    def _now(self) -> tuple[int, int] | None:
        if self._descriptor is None:
            return None
        state = os.fstat(self._descriptor)
        return state.st_mtime_ns, state.st_size

    def check(self) -> None:
        """Raise BadInput if the file has changed: what was read of it belongs to two files."""
        if self._now() != self._first:
            raise BadInput(self._source, "another program has written to it while it was read")
