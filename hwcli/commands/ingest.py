"""``hw ingest``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from hwcli import console, stdio
from hwcli.commands.provenance import this_command
from hwcli.errors import BadInput, HwError, UsageError
from hwcli.options import Force, Output, Quiet, SkipBad, Verbose

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.gathering import Gathering, Report
    from hwcli.ink.selection import Selection
    from hwcli.ink.sources.iam_ondb import Database

LongSteps = Literal["mend", "drop", "keep"]
Cut = Literal["pages", "all", "none"]
READ_IN_FOLDERS = (
    ".tar.gz", ".tgz", ".tar", ".h5", ".hdf5", ".jsonl", ".inkml", ".npz",
    ".xopp", ".xoj", ".svg", ".svgz", ".unp", ".upn", ".unipen",
)  # fmt: skip
TEXT_BESIDE = (".xopp", ".xoj", ".svg", ".svgz", ".unp", ".upn", ".unipen", ".inkml", ".npz")
"""Sources that have no text of their own: ``page.txt`` beside ``page.xopp`` is its text."""
EVERY = 32
"""Drawings between two words of progress."""


def run(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="What to read; - is standard input.", allow_dash=True),
    ],
    output: Output = None,
    lines: Annotated[
        Path | None,
        typer.Option("--lines", metavar="FILE", help="Keep the lines or forms of these ids, in this order."),
    ] = None,
    text: Annotated[
        Path | None,
        typer.Option("--text", metavar="FILE", help="What the source says: a line of text a line of ink."),
    ] = None,
    cut: Annotated[
        Cut, typer.Option("--cut", help="Cut pages into lines: of sources that have pages, all, or none.")
    ] = "pages",
    no_clean: Annotated[bool, typer.Option("--no-clean", help="Leave the ink as it is.")] = False,
    keep_repeats: Annotated[
        bool, typer.Option("--keep-repeats", help="Keep points that repeat the one before.")
    ] = False,
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Leave time that runs backward as it is.")
    ] = False,
    long_steps: Annotated[
        LongSteps | None,
        typer.Option("--long-steps", help="Mend steps too long for a pen, drop their drawings, or keep them."),
    ] = None,
    max_step: Annotated[
        float | None,
        typer.Option(
            "--max-step",
            metavar="UNITS",
            min=0,
            help="Steps above this are too long (default: above 10 times a drawing's median step).",
        ),
    ] = None,
    drop_dots: Annotated[
        bool, typer.Option("--drop-dots", help="Leave out strokes of a single point.")
    ] = False,
    resample: Annotated[
        float | None,
        typer.Option("--resample", metavar="STEP", min=0, help="Put points at equal steps along each stroke."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write what was done as JSON.")
    ] = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read pen recordings of any kind into one strokes file.

    Read without being told which: IAM-OnDB as a directory or as its .tar.gz archives, what hw collect wrote
    and other JSON lines, InkML, Xournal++, SVG, UNIPEN, stroke-3 (.npz) and hw strokes files. Pages are cut
    into lines. The ink is cleaned; what was read, mended and dropped is told.
    """
    from hwcli.ink.cleaning import NOTHING, Cleaning
    from hwcli.ink.gathering import Report

    _check_options(max_step, resample, report, output, force)
    _check_text(text, sources)
    usual = NOTHING if no_clean else Cleaning()
    cleaning = Cleaning(
        repeats=usual.repeats and not keep_repeats,
        time=usual.time and not keep_times,
        long_steps=long_steps or ("mend" if max_step else usual.long_steps),
        longest=max_step,
        dots=not drop_dots,
    )
    selection = _selection(lines)
    account = Report()
    with (
        stdio.open_output(output, binary=True, force=force) as file,
        _staged(file, selection) as stage,
    ):
        ingest = _Ingest(stage, selection, account, skip_bad, cut, text)
        order = ingest.read(sources, cleaning, resample)
        account.not_found = selection.missing()
        _bring_in_order(stage, order, file)
    console.say(account.table())
    if report is not None:
        _write_report(report, account, force)


def _check_options(
    max_step: float | None, resample: float | None, report: Path | None, output: Path | None, force: bool
) -> None:
    for name, value in (("--max-step", max_step), ("--resample", resample)):
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"{name} {value:g}: must be above 0")
    if report is None:
        return
    if str(report) == stdio.STREAM and (output is None or str(output) == stdio.STREAM):
        raise UsageError("--report - and the strokes would both go to standard output; use -o")
    if str(report) != stdio.STREAM:
        stdio.refuse_existing(report, force)


def _check_text(text: Path | None, sources: list[Path]) -> None:
    if text is None:
        return
    if len(sources) != 1:
        raise UsageError("--text is the text of one source; put it beside each as NAME.txt instead")
    if str(text) == str(sources[0]) == stdio.STREAM:
        raise UsageError("--text - and the source would both be read from standard input")


def _selection(lines: Path | None) -> Selection:
    from hwcli.ink.selection import Selection, read_selection

    if lines is None:
        return Selection()
    with stdio.open_input(lines) as file:
        return read_selection(file, stdio.name_of(lines))


@contextlib.contextmanager
def _staged(file: BinaryIO, selection: Selection) -> Iterator[BinaryIO]:
    """Give what to write to: ``file``, or a temporary file where the drawings are put in order afterwards."""
    import tempfile

    if not selection.is_ordered:
        yield file
        return
    with tempfile.TemporaryFile(prefix="hw-") as stage:
        yield stage


def _bring_in_order(stage: BinaryIO, order: list[int] | None, file: BinaryIO) -> None:
    """Bring the drawings ``order`` of ``stage`` to ``file``, which may be the same."""
    import shutil
    import tempfile

    from hwcli.ink.gathering import arrange

    if stage is not file:
        arrange(stage, order, file, "temporary file")
    elif order is not None:
        with tempfile.TemporaryFile(prefix="hw-") as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy, 1 << 20)
            file.seek(0)
            file.truncate()
            arrange(copy, order, file, "temporary file")


class _Ingest:
    """Reads sources into a strokes file."""

    def __init__(
        self, file: BinaryIO, selection: Selection, report: Report, skip_bad: bool, cut: Cut, text: Path | None
    ) -> None:
        from hwcli.ink.sources.iam_ondb import Database

        self._file, self._selection, self._report, self._cut, self._text = file, selection, report, cut, text
        self._database: Database = Database()
        self._on_bad = report.note_bad if skip_bad else None
        self._history: list[str] = []
        self._done = self._read = 0
        self._show: console.Progress = lambda done, note="": None

    def read(self, sources: list[Path], cleaning: object, step: float | None) -> list[int] | None:
        """Read ``sources``; return which of the drawings written stay, in order (None: all as they are)."""
        from hwcli.ink.cleaning import Cleaning
        from hwcli.ink.gathering import Gathering
        from hwcli.ink.strokes_file import StrokesWriter

        assert isinstance(cleaning, Cleaning)
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
        name = "stdin" if str(path) == stdio.STREAM else path.name.partition(".")[0] or path.name
        gathering.begin_source()
        try:
            for count, drawing in enumerate(self._with_texts(path, self._lines(path, name))):
                gathering.add(drawing, name, self._on_bad)
                if count % EVERY == 0:
                    self._tell(self._read)
        except BadInput as error:
            if self._on_bad is None:
                raise
            self._on_bad(error)
        with contextlib.suppress(OSError):
            self._done += path.stat().st_size
        self._read = 0

    def _lines(self, path: Path, name: str) -> Iterator[Drawing]:
        """Yield the drawings at ``path``, called ``name``; those that are pages are cut into lines."""
        from hwcli.ink.pages import Page, cut

        for drawing in self._drawings(path):
            is_page = isinstance(drawing, Page)
            if is_page:
                drawing.id = "-".join(part for part in (name, drawing.id) if part)
            yield from cut(drawing) if (is_page or self._cut == "all") and self._cut != "none" else [drawing]

    def _with_texts(self, path: Path, drawings: Iterator[Drawing]) -> Iterator[Drawing]:
        """Yield ``drawings`` with the texts that were named for them or that stand beside them."""
        from hwcli.ink.texts import read_texts, with_texts

        beside = path.with_suffix(".txt") if path.suffix.lower() in TEXT_BESIDE else None
        named = self._text or (beside if beside is not None and beside.is_file() else None)
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
                f"{stdio.name_of(path)}: {len(lines)} lines of ink, but {len(texts)} of text in "
                f"{stdio.name_of(named)}: left without a text"
            )
        yield from lines if matched is None else matched

    def _tell(self, read: int) -> None:
        self._read = read
        self._show(self._done + read, f"{self._report.written['drawings']:,} drawings")

    def _drawings(self, path: Path) -> Iterator[Drawing]:
        from hwcli.ink.sources.iam_ondb import archive_files, tree_files

        wants = self._selection.wants
        if path.is_dir():
            yield from self._database.read(tree_files(path), None, wants, self._on_bad)
            return
        from hwcli.ink import reading

        shown = stdio.name_of(path)
        with stdio.open_input(path) as opened:
            kind, file = reading.peeked(opened)
            if kind == reading.ARCHIVE:
                yield from self._database.read(
                    archive_files(file, shown, self._tell), shown, wants, self._on_bad
                )
            elif kind == reading.HDF5:
                with reading.seekable(file) as whole:
                    yield from self._from_strokes(whole, shown)
            else:
                yield from reading.read_versions(file, shown, self._on_bad)

    def _from_strokes(self, file: BinaryIO, shown: str) -> Iterator[Drawing]:
        from hwcli.ink.strokes_file import StrokesReader

        with StrokesReader(file, shown) as reader:
            self._history += reader.history
            yield from reader


def _expanded(source: Path) -> list[Path]:
    """Return the files to read in a directory that is no tree of IAM-OnDB but holds archives or ink."""
    from hwcli.ink.sources.iam_ondb import is_tree

    if not source.is_dir() or is_tree(source):
        return [source]
    found = sorted(path for path in source.iterdir() if path.name.endswith(READ_IN_FOLDERS) and path.is_file())
    if not found:
        raise HwError(f"{source}: a directory with neither lines of IAM-OnDB nor files of ink in it")
    return found


def _total_size(sources: list[Path]) -> float | None:
    if any(str(source) == stdio.STREAM or not source.is_file() for source in sources):
        return None
    return sum(source.stat().st_size for source in sources)


def _write_report(path: Path, report: Report, force: bool) -> None:
    import json

    with stdio.open_output(path, binary=False, force=force) as file:
        file.write(
            (json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        )
