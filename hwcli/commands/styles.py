"""``hw styles``: the hands that come with the program, and one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from hwcli import console, stdio
from hwcli.commands.made_elsewhere import refuse_made_elsewhere
from hwcli.errors import HwError, UsageError
from hwcli.options import Force, Output, Quiet, Verbose
from hwcli.wording import counted


def run(
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Draw a sheet of them, as SVG, instead of listing them.")
    ] = False,
    ink: Annotated[
        bool, typer.Option("--ink", help="Write their ink, as points, instead of listing them.")
    ] = False,
    output: Output = None,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """List the styles that 'hw sample --style' knows, or draw them.

    A style is ink with its text: those that come along were made up by a network and are no writer's hand;
    your own are what --save-style kept under a name. A line of the list is a name, a tab, and what it says.
    """
    from hwcli.commands.own_styles import own_styles
    from hwcli.writing.styles import packaged_style, style_names

    if sheet and ink:
        raise UsageError("--sheet draws the styles, --ink writes their ink: give one of them")
    if not sheet or (output and output.suffix.lower() != ".svg"):
        refuse_made_elsewhere(output, "--sheet draws the styles as SVG")
    own = dict(own_styles())
    known = own | {name: packaged_style(name) for name in style_names() if name not in own}
    styles = sorted(known.items())
    if not styles:
        raise HwError("no style comes with this program; 'hw sample --save-style FILE' keeps one")
    for name, style in styles:
        style.id = name
    with stdio.open_output(output, binary=False, force=force) as sink:
        if sheet:
            from hwcli.drawing.layout import Layout, lay_out
            from hwcli.drawing.style import Style
            from hwcli.drawing.svg import write_svg

            drawings = [style for _, style in styles]
            write_svg(lay_out(drawings, Layout(each=True, captions="id")), Style(background="white"), sink)
        elif ink:
            from hwcli.ink.jsonl import DrawingWriter

            writer = DrawingWriter(sink)
            for _, style in styles:
                writer.write(style)
        else:
            sink.write("".join(f"{name}\t{console.visible(style.text)}\n" for name, style in styles).encode())
    console.detail(f"{counted(len(styles), 'styles')}, {len(own)} of them your own")
