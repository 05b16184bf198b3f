"""Drawings from many sources brought into one strokes file, and the account of what was done with them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, BinaryIO

import numpy as np

from hwcli.errors import BadInput
from hwcli.ink.cleaning import Cleaning, clean
from hwcli.ink.drawing import Drawing
from hwcli.ink.resampling import resample
from hwcli.ink.segments import without_ends
from hwcli.ink.selection import Selection
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.wording import counted

OnBad = Callable[[BadInput], None]
EMPTY = "drawings without points"
TWICE = "drawings that were there already"
REPLACED = "drawings that were written again"
MOST_TOLD = 100
"""Messages and ids that a report lists, at most, of each kind."""


@dataclass
class Report:
    """What was read, mended and dropped, and why.

    Attributes
    ----------
    read, written: numbers of sources, drawings, strokes and points.
    mended, dropped: how often each thing was done.
    texts: how many drawings have a text, and why others have none.
    unreadable: what could not be read and was left out: how many times, and the first messages.
    not_found: ids of the list of lines that no source has.
    renamed: ids that different drawings had, of which all but the first got a new one.
    """

    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    unreadable_count: int = 0
    not_found: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)

    def note_bad(self, error: BadInput) -> None:
        """Count something that could not be read."""
        self.unreadable_count += 1
        if len(self.unreadable) < MOST_TOLD:
            self.unreadable.append(str(error))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "read": dict(self.read),
            "mended": dict(self.mended),
            "dropped": dict(self.dropped),
            "unreadable": {"count": self.unreadable_count, "first": self.unreadable},
            "not_found": {"count": len(self.not_found), "first": self.not_found[:MOST_TOLD]},
            "renamed": {"count": len(self.renamed), "first": self.renamed[:MOST_TOLD]},
            "texts": dict(self.texts),
            "written": dict(self.written),
        }

    def table(self) -> str:
        """Return it for people, a line for each thing that happened."""
        rows = [("read", _listed(self.read))]
        for title, counts in (("mended", self.mended), ("dropped", self.dropped)):
            rows += [(title, counted(count, what)) for what, count in counts.items() if count]
        rows += _with_examples("left out", self.unreadable_count, "unreadable", self.unreadable)
        rows += _with_examples("missing", len(self.not_found), "of the list not found", self.not_found)
        rows += _with_examples("renamed", len(self.renamed), "with an id that was taken", self.renamed)
        rows += [("text", counted(count, what)) for what, count in self.texts.items() if count]
        rows.append(("written", _listed(self.written)))
        shown = [
            (title if title != before else "", what)
            for (title, what), before in zip(rows, _shifted(rows), strict=True)
        ]
        return "\n".join(f"{title:<8}  {what}" for title, what in shown)


def _shifted(rows: list[tuple[str, str]]) -> list[str]:
    return ["", *(title for title, _ in rows[:-1])]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(counted(count, what) for what, count in counts.items())


def _with_examples(title: str, count: int, what: str, examples: list[str]) -> list[tuple[str, str]]:
    if not count:
        return []
    more = ", ..." if count > 3 else ""
    return [(title, f"{count:,} {what}: {', '.join(examples[:3])}{more}")]


class Gathering:
    """Cleans drawings and writes them, each id once."""

    def __init__(
        self,
        writer: StrokesWriter,
        selection: Selection,
        cleaning: Cleaning,
        step: float | None,
        report: Report,
    ) -> None:
        """Write to ``writer`` the drawings of ``selection``, resampled by ``step`` if there is one."""
        self._writer, self._selection, self._cleaning, self._step = writer, selection, cleaning, step
        self._report = report
        self._digests: dict[str, bytes] = {}
        self._places: list[int] = []
        self._of_source: dict[str, tuple[int, int, int]] = {}
        self._replaced: set[int] = set()

    def begin_source(self) -> None:
        """Take what is added from now on as from another source: ids say which drawing is meant in one only."""
        self._of_source = {}

    def add(self, drawing: Drawing, source: str, on_bad: OnBad | None) -> None:
        """Add ``drawing``, read from ``source``, if it is wanted; raises BadInput without ``on_bad``."""
        self._report.read["drawings"] += 1
        self._report.read["points"] += len(drawing)
        drawing.id = id = storable(drawing.id) or f"{source}-{self._report.read['drawings']}"
        self._replace(drawing.extra.get("replaces"))
        if not self._selection.wants(drawing.id):
            return
        place = self._selection.place(drawing.id)
        try:
            treated = self._treated(drawing)
        except ValueError as error:
            bad = BadInput(source, f"{drawing.id:.60}: {error}")
            if on_bad is None:
                raise bad from error
            on_bad(bad)
            return
        if treated is None or not self._is_new(treated):
            return
        treated.text, treated.writer = storable(treated.text), storable(treated.writer)
        treated.source = storable(treated.source or source)
        self._writer.add(treated)
        strokes = int(np.count_nonzero(treated.points[:-1, 2])) + 1
        self._of_source[id] = len(self._places), strokes, len(treated)
        self._places.append(place)
        self._count(1, strokes, len(treated))

    def _count(self, drawings: int, strokes: int, points: int) -> None:
        for what, number in (("drawings", drawings), ("strokes", strokes), ("points", points)):
            self._report.written[what] += number

    def _replace(self, id: object) -> None:
        """Leave out the drawing ``id`` of the same source: its writer has written it again."""
        if isinstance(id, str) and id in self._of_source:
            index, strokes, points = self._of_source.pop(id)
            self._replaced.add(index)
            self._report.dropped[REPLACED] += 1
            self._count(-1, -strokes, -points)

    def order(self) -> list[int] | None:
        """Return which of the drawings written stay, in the order of the selection; None: all, as they are."""
        kept = [index for index in range(len(self._places)) if index not in self._replaced]
        order = sorted(kept, key=self._places.__getitem__)
        return None if order == list(range(len(self._places))) else order

    def _treated(self, drawing: Drawing) -> Drawing | None:
        treated = clean(drawing, self._cleaning, self._report.mended, self._report.dropped)
        if treated is None:
            return None
        if not len(treated):
            self._report.dropped[EMPTY] += 1
            return None
        if self._step is None:
            return treated
        return replace(resample(treated, self._step), extra=without_ends(treated.extra))

    def _is_new(self, drawing: Drawing) -> bool:
        """Return whether the drawing is not there yet; another one of its id gets a new id."""
        digest = blake2b(drawing.points.tobytes(), digest_size=8).digest()
        wanted, number = drawing.id, 1
        while drawing.id in self._digests:
            if self._digests[drawing.id] == digest:
                self._report.dropped[TWICE] += 1
                return False
            number += 1
            drawing.id = f"{wanted}~{number}"
        if number > 1:
            self._report.renamed.append(drawing.id)
        self._digests[drawing.id] = digest
        return True


def storable(text: str) -> str:
    """Return ``text`` as a strokes file can hold it: Unicode without NUL."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def arrange(staged: BinaryIO, order: list[int] | None, file: BinaryIO, source: str) -> None:
    """Copy the drawings ``order`` (None: all) of the strokes file ``staged`` to the empty ``file``."""
    if order is None:
        staged.seek(0)
        shutil.copyfileobj(staged, file, 1 << 20)
        return
    with StrokesReader(staged, source) as reader, StrokesWriter(file, reader.history) as writer:
        for index in order:
            writer.add(reader[index])
