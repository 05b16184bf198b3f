"""The statements of UNIPEN data, those of the files that it includes in their place.

A file is looked for beside the one that includes it and in the root of the data, which is the nearest folder
above that has one called ``include`` in it, and in that.  Nothing outside of these is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hwcli import stdio
from hwcli.errors import BadInput, HwError
from hwcli.ink import limits

DEEPEST = 16
"""Files that include each other."""
MOST_FILES = 10_000
_INCLUDE = "include"
_KEYWORD = re.compile(r"\.([A-Z][A-Z0-9_]*)\b")


class Line(NamedTuple):
    """A line of a file, which messages call ``source``."""

    source: str
    number: int

    def bad(self, reason: str) -> BadInput:
        """Return the error of something that is wrong here."""
        return BadInput(self.source, reason, self.number)


class Statement(NamedTuple):
    """A keyword, without its dot, and what follows it up to the next."""

    line: Line
    keyword: str
    text: str


def read_statements(file: BinaryIO, source: str, path: Path | None = None) -> Iterator[Statement]:
    """Yield the statements of ``file``, called ``source``, in their order.

    ``path`` is where the file is; without one it may include no others.

    Raises
    ------
    BadInput: a file that is included is not there, not to be read, or includes itself; or they are too large.
    """
    yield from _Reader(path).statements(file, source, () if path is None else (path.resolve(),))


class _Reader:
    """Reads a file and those that it includes."""

    def __init__(self, path: Path | None) -> None:
        folders = [] if path is None else list(path.resolve().parents)
        self._root = next((folder for folder in folders[:-1] if (folder / _INCLUDE).is_dir()), None)
        self._left = limits.DOCUMENT
        self._files = 0

    def statements(self, file: BinaryIO, source: str, around: tuple[Path, ...]) -> Iterator[Statement]:
        """Yield the statements of ``file``, which is the last of those ``around``, if they have names."""
        content = file.read(self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise BadInput(source, f"UNIPEN data of more than {limits.DOCUMENT} bytes")
        for statement in _statements(_decoded(content), source):
            if statement.keyword == "INCLUDE":
                yield from self._included(statement, around)
            else:
                yield statement

    def _included(self, statement: Statement, around: tuple[Path, ...]) -> Iterator[Statement]:
        name = statement.text.strip().partition("\n")[0].strip().strip('"')
        shown = f"it includes {name[:80]}"
        if not around:
            raise statement.line.bad(f"{shown}: put that file in the place of this line")
        try:
            found = self._found(name, around[-1].parent)
        except (OSError, ValueError) as error:
            raise statement.line.bad(f"{shown}: {error}") from error
        self._files += 1
        if found in around:
            raise statement.line.bad(f"{shown}, which is included in itself")
        if len(around) > DEEPEST or self._files > MOST_FILES:
            raise statement.line.bad(f"{shown}: there are too many included files")
        try:
            with stdio.open_input(found) as file:
                yield from self.statements(file, str(found), (*around, found))
        except BadInput:
            raise
        except HwError as error:
            raise statement.line.bad(f"{shown}: {error}") from error

    def _found(self, name: str, beside: Path) -> Path:
        """Return the file ``name`` for one in the folder ``beside``.

        Raises
        ------
        ValueError: it is not there, or outside of the data.
        OSError: its name is none.
        """
        folders = [beside, *([self._root / _INCLUDE, self._root] if self._root else [])]
        files = [path for folder in folders if (path := (folder / name).resolve()).is_file()]
        for path in files:
            if path.is_relative_to(beside) or (self._root and path.is_relative_to(self._root)):
                return path
        if files:
            raise ValueError("a file outside of the data, which is not read")
        raise ValueError(f"no such file in {' or '.join(map(str, folders))}")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _statements(text: str, source: str) -> Iterator[Statement]:
    start, keyword, parts = 0, "", list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        found = _KEYWORD.match(line)
        if found is None:
            parts.append(line)
            continue
        if keyword:
            yield Statement(Line(source, start), keyword, "\n".join(parts))
        start, keyword, parts = number, found[1], [line[found.end() :]]
    if keyword:
        yield Statement(Line(source, start), keyword, "\n".join(parts))
