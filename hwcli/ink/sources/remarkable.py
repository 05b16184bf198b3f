"""reMarkable tablets: a page of strokes (.rm), and a notebook of such pages (.rmdoc, as its programs save one).

The maker tells nothing of either.  What is known was found by those who write readers: of versions 3 and 5 by
A. Huebl ("reMarkable .lines File Format", 2017) and others after him, of version 6, which ``remarkable_scene``
reads, by ddvk and R. Lupton (rmscene).
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.pages import Page
from hwcli.ink.sources.strokes import points_of

OnBad = Callable[[BadInput], None]
Floats = NDArray[np.float64]

START = b"reMarkable .lines file, version="
"""What a page begins with; blanks fill up to HEADER bytes."""
HEADER = 43
SUFFIX = ".rm"
PAGE = 16 << 20
"""Bytes of one page: what a hand fills in days."""
_FIRST_SCENE = 6
"""The version since which a page is a tree of layers and groups, in blocks."""
_LINE_FIELDS = {3: "<iiifi", 5: "<iiifii"}
"""Of a line in older versions: tool, colour, two or three unknown or of width, at last how many points."""
_POINT = np.dtype("<f4")
_POINT_FIELDS = 6
"""x, y, speed, direction, width and pressure."""
_NO_PENS = {5, 18, 23, 6, 8}
"""Tools that do not write: highlighters, the shader, erasers."""
_WHITE = 2
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, NotImplementedError, RuntimeError,
    UnicodeError, RecursionError,
)  # fmt: skip


class Line(NamedTuple):
    """A stroke on a page."""

    tool: int
    colour: int
    table: Floats
    """(n, 3): x, y downward, and pressure in 0..1; the unit is the tablet's pixel, 1/226 of an inch."""


Piece = tuple[str, list[Line]]
"""What lies together on a page, and what it is called there: "" where it is all."""


def read_page(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Page]:
    """Yield the page that is in the .rm ``file``, which messages call ``source``.

    What hangs on typed text lies where that is shown, which only the tablet knows: each such piece is a page.
    With ``on_bad`` a stroke that cannot be read is handed to it and left out.

    Raises
    ------
    BadInput: it is of another version, damaged, or has no strokes of a pen.
    """
    content = file.read(PAGE + 1)
    if len(content) > PAGE:
        raise BadInput(source, f"a page of more than {PAGE} bytes")
    found = False
    for page in _pages(content, source, on_bad, ""):
        found = True
        yield page
    if not found:
        raise BadInput(source, "no strokes of a pen in it")


def _pages(content: bytes, source: str, on_bad: OnBad | None, id: str) -> Iterator[Page]:
    """Yield what is on the page ``id``, nothing where no pen wrote."""
    try:
        for name, lines in _pieces(content, source, on_bad):
            if strokes := list(_tables(lines, source, on_bad)):
                yield _page(strokes, "-".join(part for part in (id, name) if part), source)
    except (ValueError, struct.error) as error:
        raise BadInput(source, f"a damaged page of a reMarkable, or cut short: {error}") from error


def _pieces(content: bytes, source: str, on_bad: OnBad | None) -> Iterator[Piece]:
    number = content[len(START) : HEADER].strip()
    version = int(number) if number.isdigit() else 0
    if version in _LINE_FIELDS:
        yield "", list(_lines(content, version))
    elif version == _FIRST_SCENE:
        from hwcli.ink.sources.remarkable_scene import read_scene

        yield from read_scene(content[HEADER:], source, on_bad)
    else:
        known = ", ".join(map(str, [*_LINE_FIELDS, _FIRST_SCENE]))
        raise BadInput(source, f"a reMarkable's page of version {version or '?'}; hw reads {known}")


def _lines(content: bytes, version: int) -> Iterator[Line]:
    """Yield the lines of all layers of a page of version 3 or 5."""
    form, at = struct.Struct(_LINE_FIELDS[version]), HEADER

    def number() -> int:
        nonlocal at
        at += 4
        return int(struct.unpack_from("<i", content, at - 4)[0])

    for _ in range(number()):
        for _ in range(number()):
            tool, colour, *_, count = form.unpack_from(content, at)
            at += form.size
            size = count * _POINT_FIELDS * _POINT.itemsize
            if not 0 <= size <= len(content) - at:
                raise ValueError(f"a stroke of {count} points")
            if count:
                yield Line(tool, colour, table_of_floats(content[at : at + size]))
            at += size


def table_of_floats(content: bytes) -> Floats:
    """Return the (n, 3) x, y and pressure of points of six floats each.

    Raises
    ------
    ValueError: they are not whole.
    """
    return widened(np.frombuffer(content, _POINT).reshape(-1, _POINT_FIELDS)[:, [0, 1, 5]])


def widened(table: NDArray[np.float32]) -> Floats:
    """Return ``table`` in float64, without a word of what is no number there."""
    with np.errstate(invalid="ignore"):
        return table.astype(np.float64)


def _tables(lines: list[Line], source: str, on_bad: OnBad | None) -> Iterator[Floats]:
    """Yield the points of those ``lines`` that a pen wrote and that can be seen."""
    for number, line in enumerate(lines, start=1):
        if line.tool in _NO_PENS or line.colour == _WHITE or not len(line.table):
            continue
        if (np.abs(line.table[:, :2]) <= limits.COORDINATE).all():
            yield line.table
            continue
        bad = BadInput(source, f"stroke {number}: a number is out of range")
        if on_bad is None:
            raise bad
        on_bad(bad)


def _page(strokes: list[Floats], id: str, source: str) -> Page:
    table = np.concatenate(strokes)
    if len(table) > limits.POINTS:
        raise BadInput(source, f"a page of more than {limits.POINTS} points")
    pressure = np.clip(table[:, 2], 0, 1).astype(np.float32)
    return Page(points_of(strokes), id=id, pressure=pressure if np.isfinite(pressure).all() else None)


# --- notebooks ---------------------------------------------------------------------------------------------


def is_notebook(file: BinaryIO) -> bool:
    """Return whether the zip archive in the seekable ``file`` has pages of a reMarkable in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith(SUFFIX) for name in archive.namelist())
    except _DAMAGE:
        return False
    finally:
        file.seek(0)


def read_notebook(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Page]:
    """Yield the pages of the notebook in the seekable ``file`` that have strokes of a pen, in its order.

    Ids are the pages' numbers, "" where there is one page.  With ``on_bad`` a stroke or a page that cannot be
    read is handed to it and left out.

    Raises
    ------
    BadInput: it is damaged, a page cannot be read, or none has strokes of a pen.
    """
    found = False
    try:
        with zipfile.ZipFile(file) as archive:
            for page in _all_pages(archive, source, on_bad):
                found = True
                yield page
    except _DAMAGE as error:
        raise BadInput(source, f"a damaged notebook of a reMarkable: {error}") from error
    if not found:
        raise BadInput(source, "no page with strokes of a pen in it")


def _all_pages(archive: zipfile.ZipFile, source: str, on_bad: OnBad | None) -> Iterator[Page]:
    names = _in_order(archive)
    written = set(archive.namelist())
    for number, name in enumerate(names, start=1):
        if name not in written:
            continue
        place, id = f"{source}, page {number}", str(number) if len(names) > 1 else ""
        try:
            yield from _pages(_member(archive, name, place), place, on_bad, id)
        except BadInput as error:
            if on_bad is None:
                raise
            on_bad(error)


def _in_order(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the notebook's pages, those too that nothing was written on."""
    names = sorted(
        (name for name in archive.namelist() if name.endswith(SUFFIX)), key=lambda name: (len(name), name)
    )
    folders = {name.rpartition("/")[0] for name in names}
    folder = min(folders)
    ordered = [f"{folder}/{page}{SUFFIX}" for page in dict.fromkeys(_listed(archive, f"{folder}.content"))]
    # In the oldest notebooks pages are called by their numbers, and not as they are listed.
    return ordered if len(folders) == 1 and not set(names).isdisjoint(ordered) else names


def _listed(archive: zipfile.ZipFile, name: str) -> list[str]:
    """Return the ids of the pages as the file ``name`` of a notebook lists them; none where it does not."""
    try:
        about: Any = json.loads(_member(archive, name, name))
        pages = about["cPages"]["pages"] if "cPages" in about else about["pages"]
        return [
            page if isinstance(page, str) else str(page["id"])
            for page in pages
            if isinstance(page, str) or not page.get("deleted", {}).get("value")
        ]
    except (BadInput, *_DAMAGE, TypeError, AttributeError):
        return []


def _member(archive: zipfile.ZipFile, name: str, place: str) -> bytes:
    """Return the content of the file ``name``; raises BadInput, which calls it ``place``."""
    try:
        with archive.open(name) as file:
            content = file.read(PAGE + 1)
    except _DAMAGE as error:
        raise BadInput(place, f"damaged: {error}") from error
    if len(content) > PAGE:
        raise BadInput(place, f"more than {PAGE} bytes")
    return content
