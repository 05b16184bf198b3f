"""``hw render``: ink to pictures."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from hwcli import console, stdio
from hwcli.errors import BadInput, HwError, UsageError
from hwcli.options import Force, Output, Quiet, SkipBad, Verbose

if TYPE_CHECKING:
    from hwcli.drawing.layout import Layout, Sheet
    from hwcli.drawing.svg import Style
    from hwcli.ink.drawing import Drawing

SUFFIXES = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".ps": "ps", ".txt": "text"}
BINARY = ("png", "pdf", "ps")
COLOUR = "COLOUR"
LONGEST = 10_000.0
"""The limit of lengths in millimetres, and of the resolution."""


def run(
    file: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="Points (JSON lines) or strokes to draw; - is stdin.")
    ] = stdio.STREAM,
    output: Output = None,
    format_: Annotated[
        Literal["svg", "png", "pdf", "ps", "text"] | None,
        typer.Option("--format", help="What to write; else by the suffix of -o, or SVG (text to a terminal)."),
    ] = None,
    height: Annotated[
        float, typer.Option(metavar="MM", help="Height of the small letters, estimated from the ink.")
    ] = 3.0,
    scale_each: Annotated[
        bool, typer.Option("--scale-each", help="Give every drawing that height by itself, not all one scale.")
    ] = False,
    pen: Annotated[float, typer.Option(metavar="MM", help="Width of the line.")] = 0.4,
    margin: Annotated[float, typer.Option(metavar="MM", help="Room on all sides.")] = 5.0,
    grid: Annotated[
        int, typer.Option(metavar="COLUMNS", min=1, max=10_000, help="Cells side by side, row by row.")
    ] = 1,
    captions: Annotated[
        Literal["id", "text"] | None, typer.Option(help="Write the id or the text above each drawing.")
    ] = None,
    colour: Annotated[str, typer.Option(metavar=COLOUR, help="Of the ink: a name, #rgb or #rrggbb.")] = "black",
    prime_colour: Annotated[
        str | None, typer.Option(metavar=COLOUR, help="Of the points that hw sample took from a prime.")
    ] = None,
    background: Annotated[
        str | None, typer.Option(metavar=COLOUR, help="Of the sheet, or 'none', the default; of PNG white.")
    ] = None,
    dpi: Annotated[float, typer.Option(metavar="N", help="Pixels an inch, for PNG.")] = 150.0,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Draw ink as SVG, PNG, PDF or PS, or in the terminal.

    Reads points (JSON lines) or a strokes file. Several drawings come one below the other, all at one scale.
    SVG, PDF and PS have no background unless asked for one, which a plotter would draw; PNG is white then.
    """
    kind = format_ or _kind_of(output)
    _check_lengths({"--height": height, "--pen": pen, "--dpi": dpi}, zero=False)
    _check_lengths({"--margin": margin}, zero=True)
    _check_colours({"--colour": colour, "--prime-colour": prime_colour})
    _check_colours({"--background": None if background == "none" else background})

    from hwcli.drawing.layout import Layout, lay_out
    from hwcli.drawing.svg import Style

    paper = background or ("white" if kind == "png" else "none")
    style = Style(pen, colour, prime_colour, None if paper == "none" else paper)
    layout = Layout(height, scale_each, margin, pen, grid, captions or "")
    with stdio.open_output(output, binary=kind in BINARY, force=force) as sink:
        _write(lay_out(_read(file, skip_bad), layout), layout, style, kind, dpi, sink)


def _kind_of(output: Path | None) -> str:
    """Return the format that the name of the ``output`` asks for, or that suits standard output."""
    if output is None or str(output) == stdio.STREAM:
        return "text" if sys.stdout is not None and sys.stdout.isatty() else "svg"
    kind = SUFFIXES.get(output.suffix.lower())
    if kind is None:
        raise UsageError(f"{output}: the name ends in none of {', '.join(SUFFIXES)}; say --format")
    return kind


def _check_lengths(lengths: dict[str, float], *, zero: bool) -> None:
    for option, length in lengths.items():
        if not (0 < length <= LONGEST or (zero and length == 0)):  # NaN fails too
            raise UsageError(f"{option} must be {'0' if zero else 'above 0'} to {LONGEST:,.0f}, not {length:g}")


def _check_colours(colours: dict[str, str | None]) -> None:
    from hwcli.drawing.colours import is_colour

    for option, colour in colours.items():
        if colour is not None and not is_colour(colour):
            raise UsageError(f"{option}: {colour!r} is no colour; give #rgb, #rrggbb or a name such as navy")


def _read(file: str, skip_bad: bool) -> list[Drawing]:
    """Return the drawings of ``file``; at least one of them has a point."""
    from hwcli.ink.reading import open_ink

    bad: list[BadInput] = []
    with open_ink(file, bad.append if skip_bad else None) as ink:
        drawings = list(ink)
    if bad:
        console.warn(f"left out what could not be read, {len(bad)} in all, the first: {bad[0]}")
    if not drawings:
        raise HwError(f"no drawing in {stdio.name_of(file)}")
    if not any(map(len, drawings)):
        raise HwError(f"no ink in {stdio.name_of(file)}: none of its drawings has a point")
    return drawings


def _write(sheet: Sheet, layout: Layout, style: Style, kind: str, dpi: float, sink: BinaryIO) -> None:
    console.detail(f"drawings: {len(sheet.placed)}; sheet: {sheet.width:g} x {sheet.height:g} mm")
    if kind == "svg":
        from hwcli.drawing.svg import write_svg

        write_svg(sheet, style, sink)
    elif kind == "text":
        from hwcli.drawing.terminal import preview

        columns, rows = shutil.get_terminal_size()
        for line in preview(sheet, layout.height, columns, rows - 1):  # one row is the prompt's
            sink.write(line.encode() + b"\n")
    elif kind == "png":
        from hwcli.drawing.raster import write_png

        write_png(sheet, style, dpi, sink)
    else:
        from hwcli.drawing.raster import write_document

        write_document(sheet, style, kind, sink)
