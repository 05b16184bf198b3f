"""``hw ingest``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hwcli import console, stdio
from hwcli.commands import ingest_options
from hwcli.commands.given import read_lines
from hwcli.commands.ingest_sources import Ingest
from hwcli.commands.made_elsewhere import STROKES, refuse_made_elsewhere
from hwcli.errors import UsageError
from hwcli.options import Force, Lines, Output, Quiet, SkipBad, Verbose

if TYPE_CHECKING:
    from hwcli.ink.gathering import Report
    from hwcli.ink.selection import Selection


def run(
    sources: ingest_options.Sources,
    output: Output = None,
    lines: Lines = None,
    text: ingest_options.Text = None,
    cut: ingest_options.Cut = "pages",
    no_clean: ingest_options.NoClean = False,
    keep_repeats: ingest_options.KeepRepeats = False,
    keep_times: ingest_options.KeepTimes = False,
    long_steps: ingest_options.LongSteps = None,
    max_step: ingest_options.MaxStep = None,
    drop_dots: ingest_options.DropDots = False,
    resample: ingest_options.Resample = None,
    report: ingest_options.ReportFile = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read pen recordings of any kind into one strokes file.

    Read without being told which: IAM-OnDB as a directory or as its .tar.gz archives, what hw collect wrote
    and other JSON lines, Quick, Draw!, InkML, Xournal++, notebooks and pages of reMarkable tablets, SVG,
    UNIPEN, stroke-3 (.npz) and hw strokes files.
    Pages are cut into lines. The ink is cleaned; what was read, mended and dropped is told.
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
        untimed=bool(long_steps or max_step),
        dots=not drop_dots,
    )
    selection = read_lines(lines)
    account = Report()
    with (
        stdio.open_output(output, binary=True, force=force) as file,
        _staged(file, selection) as stage,
    ):
        ingest = Ingest(stage, selection, account, skip_bad, cut, text)
        order = ingest.read(sources, cleaning, resample)
        account.not_found = selection.missing()
        _bring_in_order(stage, order, file)
    console.say(account.table())
    if report is not None:
        _write_report(report, account, force)


def _check_options(
    max_step: float | None, resample: float | None, report: Path | None, output: Path | None, force: bool
) -> None:
    refuse_made_elsewhere(output, "it reads the strokes that are written here", STROKES)
    for name, value in (("--max-step", max_step), ("--resample", resample)):
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"{name} {value:g}: must be above 0")
    if report is not None:
        stdio.refuse_beside("--report", report, output, force)


def _check_text(text: Path | None, sources: list[Path]) -> None:
    if text is None:
        return
    if len(sources) != 1:
        raise UsageError("--text is the text of one source; put it beside each as NAME.txt instead")
    if str(text) == str(sources[0]) == stdio.STREAM:
        raise UsageError("--text - and the source would both be read from standard input")


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


def _write_report(path: Path, report: Report, force: bool) -> None:
    import json

    with stdio.open_output(path, binary=False, force=force) as file:
        file.write(
            (json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        )
