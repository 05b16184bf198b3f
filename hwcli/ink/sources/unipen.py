"""UNIPEN 1.0 (Guyon, Schomaker, Plamondon, Liberman and Janet, ICPR 1994): pen data as text with keywords.

Where the file says which ink has which label (.SEGMENT), the longest labelled pieces below a page (sentences or
lines, else words, else characters) are the drawings; else all its ink is a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.pages import Page
from hwcli.ink.sources.strokes import numbers_of, points_of
from hwcli.ink.sources.unipen_statements import Line, Statement, read_statements

OnBad = Callable[[BadInput], None]
Floats = NDArray[np.float64]
_LABEL = re.compile(r'"(.*)"', re.DOTALL)
_RANGE = re.compile(r"(\d{1,9})(?::(\d{1,9}))?(?:-(\d{1,9})(?::(\d{1,9}))?)?")
_PAGES = ("PAGE", "TEXT", "PARAGRAPH", "BOX", "SET")
"""Pieces that may have several lines."""
_UNSAID = "?"
"""Stands for the components of a segment that goes on up to the next of its level."""
_USUAL = ("SENTENCE", "LINE", "PHRASE", "WORD", "CHARACTER")
_SECONDS = 1e-3
_MM_PER_INCH = 25.4
_RESOLUTION = re.compile(r"([XY])_POINTS_PER_(INCH|MM)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
MOST_OVERLAP = 4
"""How many times all of the ink, and all components, its segments may have, at most."""
MOST_NUMBERS = 2 * limits.POINTS
"""Numbers of one component."""
MOST_STATEMENTS = 1_000_000
"""Components, and segments, of one file."""


@dataclass(frozen=True)
class _Segment:
    """Which ink has which label: ranges of components of a set and points in them."""

    level: str
    ranges: str
    label: str
    line: Line
    place: int
    """How many components were before it."""
    begin: int
    """At which component its set begins."""


@dataclass
class _Document:
    """What was read so far."""

    columns: tuple[str, ...] = ("X", "Y")
    interval: float = 0.0
    """Seconds from point to point, 0 where the file does not say."""
    clock: float = 0.0
    resolution: dict[str, float] = field(default_factory=dict)
    """Points an inch along X and Y."""
    begins: list[int] = field(default_factory=lambda: [0])
    """At which component each set begins."""
    writer: str = ""
    hierarchy: tuple[str, ...] = ()
    components: list[tuple[bool, Floats]] = field(default_factory=list)
    """Whether the pen was down, and (n, 4): x, y, seconds, pressure; NaN where it has none."""
    segments: list[_Segment] = field(default_factory=list)
    count: int = 0


def read_unipen(
    file: BinaryIO, source: str, on_bad: OnBad | None = None, path: Path | None = None
) -> Iterator[Drawing]:
    """Yield the drawings of the UNIPEN data in ``file``, which messages call ``source``.

    With ``on_bad`` a component or a segment that cannot be read is handed to it and left out.  Files that it
    includes are read where its ``path`` is known; see ``unipen_statements``.

    Raises
    ------
    BadInput: something cannot be read, an included file is not there, or there is no ink in it.
    """
    reader = _Reader(source, on_bad)
    for statement in read_statements(file, source, path):
        reader.take(statement)
    yield from reader.drawings()


class _Reader:
    """Reads one file, statement by statement."""

    def __init__(self, source: str, on_bad: OnBad | None) -> None:
        self._source, self._on_bad, self._document = source, on_bad, _Document()
        self._given = self._visited = 0  # points and components that segments have had so far

    def take(self, statement: Statement) -> None:
        """Take in one statement."""
        document = self._document
        line, keyword, text = statement
        try:
            if keyword in ("PEN_DOWN", "PEN_UP"):
                self._take_component(keyword == "PEN_DOWN", text)
                self._check_count(document.components, line)
            elif keyword == "COORD":
                document.columns = _columns(text)
            elif keyword == "POINTS_PER_SECOND":
                rate = _number(text, keyword)
                document.interval = 1 / rate if rate > 0 else 0.0
            elif keyword == "DT":  # the pen was away, or lay still
                document.clock += _SECONDS * _number(text, keyword)
            elif found := _RESOLUTION.fullmatch(keyword):
                document.resolution[found[1]] = _number(text, keyword) * (
                    _MM_PER_INCH if found[2] == "MM" else 1
                )
            elif keyword == "START_SET":
                document.begins.append(len(document.components))
            elif keyword == "WRITER_ID":
                document.writer = " ".join(text.split())[:200]
            elif keyword == "HIERARCHY":
                document.hierarchy = tuple(text.upper().split())
            elif keyword == "SEGMENT":
                document.segments.append(_segment(text, line, len(document.components), document.begins[-1]))
                self._check_count(document.segments, line)
        except ValueError as error:
            self._note(error, line)

    def _check_count(self, statements: Sized, line: Line) -> None:
        if len(statements) > MOST_STATEMENTS:
            raise line.bad(f"more than {MOST_STATEMENTS} components or segments")

    def _note(self, error: ValueError, line: Line) -> None:
        bad = line.bad(str(error))
        if self._on_bad is None:
            raise bad from error
        self._on_bad(bad)

    def _take_component(self, is_down: bool, text: str) -> None:
        document = self._document
        if not text or text.isspace():  # the format does not count it
            return
        # A component that cannot be read keeps its number.
        document.components.append((False, np.zeros((0, 4))))
        width = len(document.columns)
        values = numbers_of(text, MOST_NUMBERS)
        if len(values) % width:
            raise ValueError(
                f"{len(values)} numbers, which are no points of {width} ({' '.join(document.columns)})"
            )
        document.count += len(values) // width
        if document.count > limits.POINTS:
            raise BadInput(self._source, f"more than {limits.POINTS} points")
        document.components[-1] = (is_down, self._table(values.reshape(-1, width)))

    def _table(self, values: Floats) -> Floats:
        document = self._document
        table = np.full((len(values), 4), np.nan)
        table[:, 2] = document.clock + document.interval * np.arange(len(values))
        document.clock += document.interval * len(values)
        for column, name in enumerate(("X", "Y", "T", "P")):
            if name in document.columns:
                table[:, column] = values[:, document.columns.index(name)]
        across, down = (document.resolution.get(axis, 0.0) for axis in "XY")
        table[:, 1] *= -across / down if across > 0 and down > 0 else -1  # y grows upward in UNIPEN
        if "T" in document.columns:
            table[:, 2] *= _SECONDS
        elif not document.interval:
            table[:, 2] = np.nan
        return table

    # --- drawings ------------------------------------------------------------------------------------------

    def drawings(self) -> Iterator[Drawing]:
        """Yield the labelled pieces, or the page."""
        document = self._document
        if not any(is_down and len(table) for is_down, table in document.components):
            raise BadInput(self._source, "no ink in it: nothing was written with the pen down")
        level = _level(document.hierarchy, document.segments)
        chosen = [segment for segment in document.segments if segment.level == level]
        whole = [table for is_down, table in document.components if is_down and len(table)]
        if not chosen:
            yield replace(_drawing(Page, whole), writer=document.writer)
            return
        width = len(str(len(chosen)))
        ends = [*(segment.place for segment in chosen[1:]), len(document.components)]
        for number, (segment, end) in enumerate(zip(chosen, ends, strict=True), start=1):
            try:
                drawing = _drawing(Drawing, self._strokes(segment, end))
            except ValueError as error:
                self._note(error, segment.line)
                continue
            yield replace(drawing, id=f"{number:0{width}}", text=segment.label, writer=document.writer)

    def _strokes(self, segment: _Segment, until: int) -> list[Floats]:
        """Return the ink of a segment, the next of whose level begins at the component ``until``.

        Raises BadInput when all of them are more than the file has.
        """
        document = self._document
        strokes = []
        ranges = _ranges(segment.ranges, segment.begin, len(document.components))
        if segment.ranges == _UNSAID:
            until = min([until, *(begin for begin in document.begins if begin > segment.begin)])
            ranges = iter([(segment.place, None, until - 1, None)])
        for first, start, last, end in ranges:
            self._visited += last - first + 1
            for index in range(first, last + 1):
                self._check_reason(segment.line)
                is_down, table = document.components[index]
                high = end + 1 if index == last and end is not None else len(table)
                table = table[start or 0 if index == first else 0 : high]
                if is_down and len(table):
                    strokes.append(table)
                    self._given += len(table)
        if not strokes:
            raise ValueError("a segment without ink")
        return strokes

    def _check_reason(self, line: Line) -> None:
        document = self._document
        visits = MOST_OVERLAP * len(document.components) + MOST_STATEMENTS
        if self._given > MOST_OVERLAP * document.count or self._visited > visits:
            raise line.bad("its segments have the same ink again and again")


def _ranges(text: str, begin: int, count: int) -> Iterator[tuple[int, int | None, int, int | None]]:
    """Yield ranges such as ``0-3,5:10-6:2``: of ``count`` components from ``begin`` on, ends with points."""
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{part[:40]!r} says not which components")
        first, start, last, end = (None if group is None else int(group) for group in found.groups())
        assert first is not None
        last = first if last is None else last
        if not first <= last < count - begin:
            raise ValueError(f"{part[:40]!r} is not within the {count - begin} components")
        yield begin + first, start, begin + last, end


def _columns(text: str) -> tuple[str, ...]:
    columns = tuple(text.upper().split())
    if "X" not in columns or "Y" not in columns or len(columns) > 100:
        raise ValueError("its points (.COORD) have not both an X and a Y")
    return columns


def _number(text: str, keyword: str) -> float:
    values = numbers_of((text.split(None, 1) or [""])[0], 1)
    if not len(values):
        raise ValueError(f"a .{keyword} without a number")
    return float(values[0])


def _segment(text: str, line: Line, place: int, begin: int) -> _Segment:
    words = text.split(None, 2)
    if not words:
        raise ValueError("a .SEGMENT without a level")
    ranges = words[1] if len(words) > 1 and not words[1].startswith('"') else _UNSAID
    return _Segment(words[0].upper(), ranges, _label(text), line, place, begin)


def _label(text: str) -> str:
    """Return the label in the arguments of a segment, "" where there is none, with blanks made one."""
    found = _LABEL.search(text)
    plain = _ESCAPED.sub(lambda escape: " " if escape[1] in "nt" else escape[1], found[1]) if found else ""
    return " ".join(plain.split())


def _level(hierarchy: tuple[str, ...], segments: list[_Segment]) -> str:
    """Return the level of the longest pieces with a label below a page, "" where there is none."""
    labelled = dict.fromkeys(segment.level for segment in segments if segment.label)
    levels = [level for level in (*hierarchy, *_USUAL, *labelled) if level in labelled and level not in _PAGES]
    return levels[0] if levels else ""


def _drawing(kind: type[Drawing], strokes: list[Floats]) -> Drawing:
    """Return a drawing of strokes of (n, 4) x, y, seconds, pressure."""
    table = np.concatenate(strokes)
    time, pressure = table[:, 2], np.maximum(table[:, 3], 0)
    largest = float(np.nanmax(pressure)) if np.isfinite(pressure).any() else 0.0
    return kind(
        points_of(strokes),
        time=(time - time[0]).astype(np.float32) if np.isfinite(time).all() else None,
        pressure=(pressure / largest).astype(np.float32) if largest > 0 else None,
    )
