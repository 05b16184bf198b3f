"""The options of ``hw eval`` that no other command has, in the order of its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Ink = Annotated[
    str | None,
    typer.Argument(metavar="[FILE|-]", help="Strokes or points to measure on; - or nothing is stdin."),
]
ScaleOfFigures = Annotated[
    str | None,
    typer.Option(
        "--scale",
        metavar="X,Y|FILE",
        help="Give nats and errors for offsets divided by these, or by those of this ink.",
    ),
]
MaxNll = Annotated[
    float | None, typer.Option("--max-nll", metavar="X", help="End with exit code 3 above X nats a line.")
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="DIR", help="Write loss, density, reach and attention as SVG there."),
]
Legibility = Annotated[
    bool,
    typer.Option("--legibility", help="Tell what share of FILE, points or texts to write, is read wrong."),
]
Liveliness = Annotated[
    bool, typer.Option("--liveliness", help="Tell how slant, width and heights vary over the drawings.")
]
Real = Annotated[
    Path | None,
    typer.Option("--real", metavar="FILE", help="Real lines, to measure the same of; --lines is for these."),
]
MaxCer = Annotated[
    str | None,
    typer.Option(
        "--max-cer", metavar="SHARE", help="End with exit code 3 above this share of characters, as 20%."
    ),
]
