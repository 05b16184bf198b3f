"""The options of ``hw ingest`` that no other command has, in the order of its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

HowLongSteps = Literal["mend", "drop", "keep"]
HowCut = Literal["pages", "all", "none"]

Sources = Annotated[
    list[Path],
    typer.Argument(metavar="SOURCE...", help="What to read; - is standard input.", allow_dash=True),
]
Text = Annotated[
    Path | None,
    typer.Option("--text", metavar="FILE", help="What the source says: a line of text a line of ink."),
]
Cut = Annotated[
    HowCut, typer.Option("--cut", help="Cut pages into lines: of sources that have pages, all, or none.")
]
NoClean = Annotated[bool, typer.Option("--no-clean", help="Leave the ink as it is.")]
KeepRepeats = Annotated[bool, typer.Option("--keep-repeats", help="Keep points that repeat the one before.")]
KeepTimes = Annotated[bool, typer.Option("--keep-times", help="Leave time that runs backward as it is.")]
LongSteps = Annotated[
    HowLongSteps | None,
    typer.Option("--long-steps", help="Mend steps too long for a pen, drop their drawings, or keep them."),
]
MaxStep = Annotated[
    float | None,
    typer.Option(
        "--max-step",
        metavar="UNITS",
        min=0,
        help="Steps above this are too long (default: above 10 times a drawing's median step).",
    ),
]
DropDots = Annotated[bool, typer.Option("--drop-dots", help="Leave out strokes of a single point.")]
Resample = Annotated[
    float | None,
    typer.Option("--resample", metavar="STEP", min=0, help="Put points at equal steps along each stroke."),
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write what was done as JSON.")
]
