"""``hw export``."""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal, get_args

import typer

from hwcli import stdio
from hwcli.commands.given import BadRecords
from hwcli.commands.made_elsewhere import EXPORTED, refuse_made_elsewhere
from hwcli.errors import HwError, UsageError
from hwcli.options import Force, Limit, Output, Quiet, SkipBad, Verbose

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.reading import OnBad
    from hwcli.ink.selection import Selection

Format = Literal["jsonl", "inkml", "stroke3"]
FORMATS: tuple[Format, ...] = get_args(Format)
TABLES = (".csv", ".tsv")
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".inkml": "inkml",
    ".xml": "inkml",
    ".npz": "stroke3",
}


def run(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Strokes, or other ink; - is standard input.", allow_dash=True),
    ],
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="The drawings of these ids, or lines of these forms; else all."),
    ] = None,
    to: Annotated[
        Format | None,
        typer.Option("--format", help="What to write (default: by the suffix of -o, else jsonl)."),
    ] = None,
    limit: Limit = None,
    output: Output = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write drawings as JSON lines, InkML or stroke-3."""
    chosen = to or _format_of(output)
    if not all(name.strip() for name in ids or []):
        raise UsageError("an ID is empty: name drawings or forms, or none for all")
    bad = BadRecords(skip_bad)
    with stdio.open_input(file) as opened:
        drawings = itertools.islice(_drawings(opened, file, ids or [], bad.note), limit)
        first = list(itertools.islice(drawings, 1))  # what cannot be read is told before anything is written
        with stdio.open_output(output, binary=chosen == "stroke3", force=force) as out:
            _write(out, chosen, itertools.chain(first, drawings))
    bad.tell("records")


def _format_of(output: Path | None) -> Format:
    """Return the format that the suffix of ``output`` stands for; raises UsageError where that is another's."""
    refuse_made_elsewhere(output, "--format says what to write there", EXPORTED)
    if output is not None and output.suffix.lower() in TABLES:
        raise UsageError(f"{output}: no table is written; --format says which of {', '.join(FORMATS)} it is")
    return SUFFIXES.get("" if output is None else output.suffix.lower(), "jsonl")


def _drawings(opened: BinaryIO, path: Path, ids: list[str], on_bad: OnBad | None) -> Iterator[Drawing]:
    """Yield the drawings of ``ids`` in their order, or all; ``on_bad`` is told of records left out."""
    from hwcli.ink import reading
    from hwcli.ink.selection import Selection

    selection, shown = Selection(ids or None), stdio.name_of(path)
    kind, file = reading.peeked(opened)
    if kind == reading.HDF5 and selection.is_ordered:
        with reading.seekable(file) as whole:
            yield from _found_in_strokes(whole, shown, selection)
        return
    drawings = reading.read_any(file, shown, on_bad, path=reading.place_of(path))
    if not selection.is_ordered:
        yield from drawings
        return
    found = [(selection.place(drawing.id), drawing) for drawing in drawings if selection.wants(drawing.id)]
    _refuse_missing(selection, shown)
    yield from (drawing for _, drawing in sorted(found, key=lambda pair: pair[0]))


def _found_in_strokes(file: BinaryIO, shown: str, selection: Selection) -> Iterator[Drawing]:
    from hwcli.ink.strokes_file import StrokesReader

    with StrokesReader(file, shown) as reader:
        found = [(selection.place(id), index) for index, id in enumerate(reader.ids) if selection.wants(id)]
        _refuse_missing(selection, shown)
        yield from (reader[index] for _, index in sorted(found))


def _refuse_missing(selection: Selection, shown: str) -> None:
    if missing := selection.missing():
        if os.path.isfile(missing[0]):
            advice = "hw export takes one file; hw ingest merges several"
            raise HwError(f"{shown}: no drawing {missing[0]!r}, which is a file: {advice}")
        more = f" (nor {len(missing) - 1} more of those named)" if len(missing) > 1 else ""
        raise HwError(f"{shown}: no drawing {missing[0]!r}{more}; hw export {shown} | grep drawing lists them")


def _write(file: BinaryIO, chosen: str, drawings: Iterable[Drawing]) -> None:
    if chosen == "stroke3":
        from hwcli.ink.sinks.stroke3 import write_stroke3

        write_stroke3(file, drawings)
    elif chosen == "inkml":
        from hwcli.ink.sinks.inkml import write_inkml

        write_inkml(file, drawings)
    else:
        from hwcli.ink.jsonl import DrawingWriter

        writer = DrawingWriter(file)
        for drawing in drawings:
            writer.write(drawing)
