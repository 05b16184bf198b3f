"""What ``hw ingest`` reads, and how it comes into one strokes file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hwcli import console, stdio
from hwcli.commands.ingest_options import HowCut
from hwcli.commands.provenance import this_command
from hwcli.errors import BadInput, HwError
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.cleaning import Cleaning
    from hwcli.ink.gathering import Gathering, Report
    from hwcli.ink.selection import Selection
    from hwcli.ink.sources.iam_ondb import Database

READ_IN_FOLDERS = (
    ".tar.gz", ".tgz", ".tar", ".h5", ".hdf5", ".jsonl", ".ndjson", ".inkml", ".npz",
    ".xopp", ".xoj", ".rmdoc", ".rm", ".svg", ".svgz", ".unp", ".upn", ".unipen",
)  # fmt: skip
"""Not .json and .xml, which may be anything: the report of hw ingest, too."""
TEXT_BESIDE = (
    ".xopp", ".xoj", ".rmdoc", ".rm", ".svg", ".svgz", ".unp", ".upn", ".unipen", ".inkml", ".npz",
)  # fmt: skip
"""Sources that have no text of their own: ``page.txt`` beside ``page.xopp`` is its text."""
MOST_TRIED = 8
"""Drawings of which it is found out whether they are pages that do not say so, or their times no seconds; none
is altered."""
SLOWEST = 1.0
"""Seconds from point to point that no pen takes: it tells hundreds of points a second, or tens."""
EVERY = 32
"""Drawings between two words of progress."""


class Ingest:
    """Reads sources into a strokes file."""

    def __init__(
        self,
        file: BinaryIO,
        selection: Selection,
        report: Report,
        skip_bad: bool,
        cut: HowCut,
        text: Path | None,
    ) -> None:
        """Write what ``selection`` wants to ``file``; ``report`` tells what was done."""
        from hwcli.ink.sources.iam_ondb import Database

        self._file, self._selection, self._report, self._cut, self._text = file, selection, report, cut, text
        self._database: Database = Database()
        self._on_bad = report.note_bad if skip_bad else None
        self._history: list[str] = []
        self._done = self._read = 0
        self._has_pages = self._is_xml = self._has_texts = False
        self._to_try = MOST_TRIED
        self._show: console.Progress = console.silent

    def read(self, sources: list[Path], cleaning: Cleaning, step: float | None) -> list[int] | None:
        """Read ``sources``; return which of the drawings written stay, in order (None: all as they are)."""
        from hwcli.ink.gathering import Gathering
        from hwcli.ink.strokes_file import StrokesWriter

        sources = [path for source in sources for path in _expanded(source)]
        with (
            StrokesWriter(self._file) as writer,
            console.progress("reading", _total_size(sources)) as self._show,
        ):
            gathering = Gathering(writer, self._selection, cleaning, step, self._report)
            for source in sources:
                self._read_source(source, gathering)
            if not len(writer):
                raise HwError(self._why_nothing())
            self._database.name(writer, self._report.texts)
            writer.history = [*dict.fromkeys(self._history), this_command()]
        order = gathering.order()
        if order == []:
            raise HwError(self._why_nothing())
        return order

    def _why_nothing(self) -> str:
        if self._report.unreadable:
            return f"no drawing could be read; the first reason: {self._report.unreadable[0]}"
        if self._selection.is_ordered and self._report.read["drawings"]:
            return "no drawing has an id or a form that --lines names"
        return "there is no drawing in what was read" + (" (or --lines names none)" if self._selection else "")

    def _read_source(self, path: Path, gathering: Gathering) -> None:
        self._report.read["sources"] += 1
        before = self._report.written["drawings"]
        name = "stdin" if str(path) == stdio.STREAM else path.name.partition(".")[0] or path.name
        gathering.begin_source()
        is_slow = False
        try:
            for count, drawing in enumerate(self._with_texts(path, self._lines(path, name))):
                # A source has one unit.
                is_slow = is_slow or (count < MOST_TRIED and _is_slow(path, drawing))
                gathering.add(drawing, name, self._on_bad)
                if count % EVERY == 0:
                    self._tell(self._read)
        except BadInput as error:
            if self._on_bad is None:
                raise
            self._on_bad(error)
        taken = self._report.written["drawings"] - before
        console.detail(f"{stdio.name_of(path)}: {counted(taken, 'drawings')} taken")
        with contextlib.suppress(OSError):
            self._done += path.stat().st_size
        self._read = 0

    def _lines(self, path: Path, name: str) -> Iterator[Drawing]:
        """Yield the drawings at ``path``, called ``name``; those that are pages are cut into lines."""
        from hwcli.ink.pages import Page, cut

        self._has_pages = False
        for number, drawing in enumerate(self._drawings(path), start=1):
            is_page = isinstance(drawing, Page)
            if is_page:
                self._has_pages = True
                drawing.id = "-".join(part for part in (name, drawing.id) if part)
            elif self._cut == "all" and not drawing.id:
                drawing.id = f"{name}-{number}"
            elif self._cut == "pages" and self._is_xml:
                self._hint(path, drawing)
            yield from cut(drawing) if (is_page or self._cut == "all") and self._cut != "none" else [drawing]

    def _hint(self, path: Path, drawing: Drawing) -> None:
        """Say once how InkML that seems to be a page without a text is cut: it does not say that it is one."""
        from hwcli.ink.pages import cut

        if not self._to_try or self._has_texts or drawing.text:
            return
        self._to_try -= 1
        if len(lines := cut(drawing)) > 1:
            self._to_try = 0
            console.warn(
                f"{stdio.name_of(path)} has {drawing.id or 'a drawing'} that looks like {len(lines)} lines of"
                " writing: --cut all parts them"
            )

    def _with_texts(self, path: Path, drawings: Iterator[Drawing]) -> Iterator[Drawing]:
        """Yield ``drawings`` with the texts that were named for them or that stand beside them."""
        from hwcli.ink.texts import read_texts, with_texts

        beside = path.with_suffix(".txt") if path.suffix.lower() in TEXT_BESIDE else None
        named = self._text or (beside if beside is not None and beside.is_file() else None)
        self._has_texts = named is not None
        if named is None:
            yield from drawings
            return
        with stdio.open_input(named) as file:
            texts = read_texts(file, stdio.name_of(named))
        lines = list(drawings)
        if self._text is None and any(drawing.text for drawing in lines):
            yield from lines
            return
        matched = with_texts(lines, texts)
        if matched is None:
            console.warn(
                f"{stdio.name_of(path)}: {counted(len(lines), 'lines')} of ink, but {len(texts)} of text in "
                f"{stdio.name_of(named)}: left as they were{self._why_other_lines(lines, texts)}"
            )
        yield from lines if matched is None else matched

    def _why_other_lines(self, lines: list[Drawing], texts: list[str]) -> str:
        """Return what may help where ``lines`` of ink are not as many as ``texts``, for the warning."""
        if len(lines) < len(texts) and self._cut == "pages" and not self._has_pages:
            return "; --cut all cuts other drawings than pages into lines, too"
        if len(lines) > len(texts) and (named := [line for line in lines if line.id and len(line)]):
            shortest = min(named, key=lambda line: float(line.points[:, 0].max() - line.points[:, 0].min()))
            return f"; the shortest of ink is {shortest.id:.60}"
        return ""

    def _tell(self, read: int) -> None:
        self._read = read
        self._show(self._done + read, counted(self._report.written["drawings"], "drawings"))

    def _drawings(self, path: Path) -> Iterator[Drawing]:
        from hwcli.ink.sources.iam_ondb import archive_files, tree_files

        wants, self._is_xml = self._selection.wants, False
        if path.is_dir():
            yield from self._database.read(tree_files(path), None, wants, self._on_bad)
            return
        from hwcli.ink import reading

        shown = stdio.name_of(path)
        with stdio.open_input(path) as opened:
            kind, file = reading.peeked(opened)
            self._is_xml = kind == reading.XML
            if kind == reading.ARCHIVE:
                yield from self._database.read(
                    archive_files(file, shown, self._tell), shown, wants, self._on_bad
                )
            elif kind == reading.HDF5:
                with reading.seekable(file) as whole:
                    yield from self._from_strokes(whole, shown)
            else:
                yield from reading.read_versions(file, shown, self._on_bad, reading.place_of(path))

    def _from_strokes(self, file: BinaryIO, shown: str) -> Iterator[Drawing]:
        from hwcli.ink.strokes_file import StrokesReader

        with StrokesReader(file, shown) as reader:
            self._history += reader.history
            yield from reader


def _is_slow(path: Path, drawing: Drawing) -> bool:
    """Return whether ``drawing``, read from ``path``, has times that no pen gives its points, and say so."""
    from hwcli.ink.cleaning import seconds_a_point

    if (seconds := seconds_a_point(drawing)) < SLOWEST:
        return False
    console.warn(
        f"{stdio.name_of(path)}: {drawing.id or 'a drawing'} has a point every {seconds:.3g} s: are these"
        " milliseconds? what moves and --nib speed take them for seconds; divide them by 1000 and read it again"
    )
    return True


def _expanded(source: Path) -> list[Path]:
    """Return the files to read in a directory that is no tree of IAM-OnDB but holds archives or ink."""
    from hwcli.ink.sources.iam_ondb import is_tree

    if not source.is_dir() or is_tree(source):
        return [source]
    found = sorted(
        path for path in source.iterdir() if path.name.lower().endswith(READ_IN_FOLDERS) and path.is_file()
    )
    if not found:
        raise HwError(f"{source}: a directory with neither lines of IAM-OnDB nor files of ink in it")
    return found


def _total_size(sources: list[Path]) -> float | None:
    if any(str(source) == stdio.STREAM or not source.is_file() for source in sources):
        return None
    return sum(source.stat().st_size for source in sources)
