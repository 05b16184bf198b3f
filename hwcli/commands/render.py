"""``hw render``: ink to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from hwcli import console, stdio
from hwcli.commands import render_options as options
from hwcli.commands.given import BadRecords
from hwcli.errors import HwError, UsageError
from hwcli.options import (
    Force,
    Output,
    Quiet,
    Seed,
    Shard,
    ShardOfRun,
    SkipBad,
    Verbose,
    given_in,
    settled_seed,
)

if TYPE_CHECKING:
    from hwcli.drawing.measures import Page
    from hwcli.drawing.sheet import Sheet
    from hwcli.ink.drawing import Drawing

THIN = 3
"""Letters lower than so many widths of the pen run together."""

MOST_TOLD = 30
"""Characters of a line that are told, so that one knows which."""


def run(
    context: typer.Context,
    file: options.Ink = stdio.STREAM,
    output: Output = None,
    format_: options.Format = None,
    out_dir: options.OutDir = None,
    jobs: options.Jobs = None,
    shard: ShardOfRun = None,
    html: options.Html = False,
    animate: options.Animate = False,
    speed: options.Speed = 1.0,
    watch: options.Watch = False,
    stats: options.Stats = False,
    page: options.PageSize = None,
    landscape: options.Landscape = False,
    margin: options.Margin = None,
    x_height: options.XHeight = None,
    scale_each: options.ScaleEach = False,
    line_spacing: options.LineSpacing = None,
    align: options.Align = "left",
    drift: options.Drift = None,
    paper: options.Paper = "plain",
    grid: options.Grid = None,
    captions: options.Captions = None,
    pen: options.Pen = None,
    nib: options.Nib = "round",
    outline: options.Outline = False,
    pencil: options.Pencil = False,
    colour: options.Colour = None,
    prime_colour: options.PrimeColour = None,
    background: options.Background = None,
    tolerance: options.Tolerance = "0.02mm",
    path: options.Path_ = "stroke",
    dpi: options.Dpi = 150.0,
    seed: Seed = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Draw ink: SVG, PNG, PDF, PS, a web page, or in the terminal.

    Reads points (JSON lines) or a strokes file. With --page the drawings are the lines of a text, drawings
    without points its blank lines; else they come one below the other, on a sheet of their size. SVG, PDF and
    PS have no background unless asked for one, which a plotter would draw; PNG is white then.
    """
    part = Shard.of(shard)
    if out_dir is not None:
        format_ = options.kind_of_images(format_, html)
    target = options.target_of(format_, output, animate, html)
    pen = (options.PENCIL if pencil else options.PEN) if pen is None else pen
    options.check_number("--dpi", dpi)
    options.check_number("--speed", speed)
    options.refuse_idle(given_in(context), target, paper)
    placing = options.placing_of(
        page=page, landscape=landscape, margin=margin, x_height=x_height, scale_each=scale_each,
        line_spacing=line_spacing, align=align, drift=drift, paper=paper, grid=grid, captions=captions, pen=pen,
    )  # fmt: skip
    style = options.style_of(
        target, pen=pen, nib=nib, outline=outline, pencil=pencil, colour=colour, prime_colour=prime_colour,
        background=background, tolerance=tolerance, path=path,
    )  # fmt: skip
    if watch:
        from hwcli.commands.render_watch import watch_ink

        watch_ink(file, skip_bad, alone=output is None and out_dir is None)
        return
    if out_dir is not None:
        if output is not None or page is not None or grid is not None or target.animated:
            raise UsageError("--out-dir draws one drawing an image: no --output, --page, --grid or --animate")
        from hwcli.commands.render_images import write_images

        write_images(file, out_dir, target.kind, placing.layout, style, dpi, jobs, part, skip_bad, force)
        return
    from hwcli.commands.render_images import warn_of_pressure
    from hwcli.commands.render_output import tell_statistics, write_sheets

    drawings = _read(file, skip_bad)
    warn_of_pressure(drawings, style)
    sheets = _laid_out(drawings, placing, seed)
    if stats:
        tell_statistics(sheets, style)
    write_sheets(sheets, style, target, dpi, speed, output, force)


def _read(file: str, skip_bad: bool) -> list[Drawing]:
    """Return the drawings of ``file``; at least one of them has a point."""
    from hwcli.ink.reading import open_ink

    bad = BadRecords(skip_bad)
    with open_ink(file, bad.note) as ink:
        drawings = list(ink)
    bad.tell("records")
    if not drawings:
        raise HwError(f"no drawing in {stdio.name_of(file)}")
    if not any(map(len, drawings)):
        raise HwError(f"no ink in {stdio.name_of(file)}: none of its drawings has a point")
    return drawings


def _laid_out(drawings: list[Drawing], placing: options.Placing, seed: int | None) -> list[Sheet]:
    from hwcli.drawing.layout import lay_out

    if placing.gridded:  # one below the other a blank line parts paragraphs, in a grid it would be a hole
        drawings = [drawing for drawing in drawings if len(drawing)]
    if placing.page is None:
        return [lay_out(drawings, placing.layout)]
    return _on_pages(drawings, placing, placing.page, seed)


def _on_pages(drawings: list[Drawing], placing: options.Placing, page: Page, seed: int | None) -> list[Sheet]:
    import numpy as np

    from hwcli.drawing.pages import fill_pages, write_pages

    if placing.gridded:
        sheets = fill_pages(drawings, page, placing.layout, placing.setting)
    else:
        chance = np.random.default_rng(settled_seed(seed) if placing.setting.drift else 0)
        sheets = write_pages(drawings, page, placing.layout, placing.setting, chance)
        _warn_of_blocks(sheets, placing.setting.spacing or 0.0)
    letter = sheets[0].letter
    if letter < 0.995 * placing.layout.height:
        thick = ", and a finer --pen suits them" if letter < THIN * placing.layout.pen else ""
        advice = _how_to_fit(sheets, placing)
        console.say(f"small letters are {letter:.2g} mm high, so that the widest line fits{advice}{thick}")
    return sheets


def _how_to_fit(sheets: list[Sheet], placing: options.Placing) -> str:
    """Return which line is the widest, and how it has room with letters as high as they were to be."""
    from hwcli.drawing.layout import cut_to
    from hwcli.drawing.pages import BLANK, blanks_before
    from hwcli.writing.text import BREAKABLE

    if placing.gridded:
        return " (--x-height)"
    letter, height = sheets[0].letter, placing.layout.height

    def blanks(drawing: Drawing) -> int:
        return blanks_before(drawing) if placing.setting.align == "left" else 0

    drawing = max(
        (placed for sheet in sheets for placed in sheet.placed),
        key=lambda placed: placed.size[0] + BLANK * letter * blanks(placed.drawing),
    ).drawing
    words = drawing.text.split()
    if not words:
        return " (--x-height)"
    text = " ".join(words)
    fitting = int((len(text) + blanks(drawing)) * letter / height)
    longest = max(len(part) for word in words for part in BREAKABLE.findall(word))
    # Nobody's own ink is wrapped anew, nor does that help where a word alone is too long.
    can_wrap = "seed" in drawing.extra and blanks(drawing) + longest <= fitting
    advice = f"'hw sample --wrap {fitting}' leaves room for {height:g} mm" if can_wrap else "--x-height"
    return f" ({cut_to(text, MOST_TOLD)!r}; {advice})"


def _warn_of_blocks(sheets: list[Sheet], spacing: float) -> None:
    """Warn where a drawing seems to hold several lines of writing, which run into those of the next."""
    from hwcli.drawing.layout import called
    from hwcli.drawing.pages import HIGHEST_LINE

    for placed in (placed for sheet in sheets for placed in sheet.placed):
        if placed.size[1] > max(HIGHEST_LINE * sheets[0].letter, spacing):
            console.warn(
                f"{called(placed.drawing)} is higher than a line of writing, and --page takes it for one:"
                " hw ingest --cut all parts several lines, --scale-each brings one to the size of the others"
            )
            return
