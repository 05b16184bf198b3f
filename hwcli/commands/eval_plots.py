"""The plots of ``hw eval``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console, stdio
from hwcli.errors import HwError

if TYPE_CHECKING:
    from hwcli.commands.eval_source import Source
    from hwcli.ink import Drawing
    from hwcli.ink.offsets import Scale
    from hwcli.measuring.evaluation import Totals
    from hwcli.model import Model

PLOTS = ("loss.svg", "density.svg", "reach.svg", "attention.svg")
PLOT_POINTS = 2000
"""A longer line is cut to this many points for the plots."""


def refuse_plots(folder: Path | None, force: bool) -> None:
    """Refuse a ``folder`` that has such plots already, unless they may be replaced."""
    if folder is not None:
        for name in PLOTS:
            stdio.refuse_existing(folder / name, force)


def write_plots(folder: Path, model: Model, source: Source, totals: Totals, scale: Scale, force: bool) -> None:
    """Write the plots into ``folder``, which is made when it is not there."""
    import numpy as np

    drawing = source.shown
    if drawing is None:
        return
    with np.errstate(all="ignore"):  # what is not finite is refused before it is drawn
        made = _plots(model, drawing, totals, scale)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HwError(f"{folder}: {stdio.explain(error)}") from error
    for name, svg in made.items():
        with stdio.open_output(folder / name, binary=False, force=force) as file:
            file.write(svg.encode())


def _plots(model: Model, drawing: Drawing, totals: Totals, scale: Scale) -> dict[str, str]:
    """Return the plots by the names of their files, those of one line of ``drawing``."""
    from hwcli.measuring import plots
    from hwcli.measuring.evaluation import known_text

    points, network = drawing.points[:PLOT_POINTS], model.config.network
    text = known_text(drawing.text, network)
    outputs = plots.predictions(model, points, text)
    made = {"loss.svg": plots.loss_chart(model, scale, totals.by_place(), outputs, points, drawing.id)}
    if network.kind == "mixture":
        made["density.svg"] = plots.density_chart(outputs, points, model.scale, drawing.id)
    else:
        console.say("no density.svg: this model predicts the point itself, not a density")
    made["reach.svg"] = plots.reach_chart(model, points, drawing.id, text)
    if len(text):
        made["attention.svg"] = plots.attention_of(model, drawing, points)
    elif network.window:
        console.say(f"no attention.svg: the text of {drawing.id or 'the first drawing'} is not known")
    return made
