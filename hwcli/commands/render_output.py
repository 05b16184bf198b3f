"""Sheets to files: one each, or a document, a film, a web page, a preview for all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hwcli import console, stdio
from hwcli.errors import HwError

if TYPE_CHECKING:
    from hwcli.commands.render_options import Target
    from hwcli.drawing.sheet import Sheet
    from hwcli.drawing.style import Style

FOR_ALL = ("pdf", "ps", "html", "text")
"""The formats of which one file holds all pages."""


def write_sheets(
    sheets: Sequence[Sheet], style: Style, target: Target, dpi: float, speed: float, output: Path | None,
    force: bool,
) -> None:  # fmt: skip
    """Write ``sheets`` to ``output``, as numbered files where one cannot hold them all."""
    drawings = sum(len(sheet.placed) for sheet in sheets)
    console.detail(
        f"drawings: {drawings}; sheets: {len(sheets)} of {sheets[0].width:g} x {sheets[0].height:g} mm;"
        f" small letters: {sheets[0].letter:.3g} mm"
    )
    if target.kind in FOR_ALL:
        with stdio.open_output(output, binary=target.binary, force=force) as sink:
            _write_all(sheets, style, target, speed, sink)
        return
    names = _names(output, len(sheets), target.kind)
    for name in names:
        if name is not None and str(name) != stdio.STREAM:
            stdio.refuse_existing(name, force)
    for sheet, name in zip(sheets, names, strict=True):
        with stdio.open_output(name, binary=target.binary, force=force) as sink:
            _write_one(sheet, style, target, dpi, speed, sink)
    if len(names) > 1:
        console.say(f"wrote {len(names)} pages: {names[0]} to {names[-1]}")


def _names(output: Path | None, count: int, kind: str) -> list[Path | None]:
    """Return the name of the file of each of ``count`` sheets: letter.svg, or letter-1.svg, letter-2.svg..."""
    if count == 1:
        return [output]
    if output is None or str(output) in (stdio.STREAM, "/dev/stdout"):
        raise HwError(
            f"{count} pages do not go into one {kind.upper()}: name a file with -o, which gets their numbers,"
            " or write PDF"
        )
    if output.exists() and not output.is_file():
        return [output] * count  # a device, such as /dev/null
    digits = len(str(count))
    return [
        output.with_name(f"{output.stem}-{number:0{digits}}{output.suffix}") for number in range(1, count + 1)
    ]


def _write_one(sheet: Sheet, style: Style, target: Target, dpi: float, speed: float, sink: BinaryIO) -> None:
    if target.kind in ("gif", "apng"):
        from hwcli.drawing.film import write_film

        write_film(sheet, style, dpi, speed, target.kind, sink)
    elif target.kind == "png":
        from hwcli.drawing.raster import write_png

        write_png(sheet, style, dpi, sink)
    elif target.animated:
        from hwcli.drawing.motion import write_moving_svg

        write_moving_svg(sheet, style, speed, sink)
    else:
        from hwcli.drawing.svg import write_svg

        write_svg(sheet, style, sink)


def _write_all(sheets: Sequence[Sheet], style: Style, target: Target, speed: float, sink: BinaryIO) -> None:
    if target.kind == "html":
        from hwcli.drawing.web import write_html

        write_html(sheets, style, speed, sink)
    elif target.kind == "text":
        from hwcli.drawing.terminal import preview

        columns, rows = shutil.get_terminal_size()
        for line in preview(sheets, columns, rows - 1):  # one row is the prompt's
            sink.write(line.encode() + b"\n")
    else:
        from hwcli.drawing.raster import write_document

        write_document(sheets, style, target.kind, sink)


def tell_statistics(sheets: Sequence[Sheet], style: Style) -> None:
    """Say how far a plotter's pen goes for ``sheets``."""
    from hwcli.drawing.plotting import journey, told

    for number, sheet in enumerate(sheets, start=1):
        title = f"page {number}: " if len(sheets) > 1 else ""
        console.say(title + told(journey(sheet, style)))
