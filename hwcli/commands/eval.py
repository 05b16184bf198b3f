"""``hw eval``: how well a model predicts ink.

The keys of ``--json``: model, ink, kind; too_short, bad (drawings left out); untexted (lines whose text is not
known to the network); scale (sd_x, sd_y, and from: "model", "own", "ink" or "option"); and the figures as
``hwcli.measuring.evaluation.Figures`` tells of them, null where there is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from hwcli import console, options, stdio
from hwcli.commands import eval_options, looks, own_styles
from hwcli.commands.eval_plots import refuse_plots, write_plots
from hwcli.commands.eval_source import Source, given_scale, scale_of
from hwcli.commands.given import read_model
from hwcli.errors import HwError, ThresholdNotMet, UsageError
from hwcli.options import Force, HowToWrite, ModelFile, Quiet, Seed, SkipBad, Verbose, chosen_model
from hwcli.threads import cores, one_core_a_product
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink.offsets import Scale
    from hwcli.measuring.evaluation import Figures, Totals
    from hwcli.model import Model


def run(
    ink: eval_options.Ink = None,
    model: ModelFile = None,
    lines: options.Lines = None,
    limit: options.Limit = None,
    scale: eval_options.ScaleOfFigures = None,
    as_json: options.AsJson = False,
    max_nll: eval_options.MaxNll = None,
    plot: eval_options.Plot = None,
    legibility: eval_options.Legibility = False,
    liveliness: eval_options.Liveliness = False,
    real: eval_options.Real = None,
    max_cer: eval_options.MaxCer = None,
    missing: options.Missing = "error",
    style: own_styles.Style = None,
    bias: options.Bias = None,
    pen_temperature: options.PenTemperature = 1.0,
    best_of: options.BestOf = options.BEST_OF,
    rank: options.Rank = "window",
    seed: Seed = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure how well a model predicts ink that it is shown.

    Nats are those of Graves 2013: offsets in units of their standard deviation over the training lines, for x
    and for y; summed over a line, averaged over the lines. A model that was trained with one scale for both
    axes does not know these; they are then taken from the lines measured on, or --scale gives them. A model
    that brings ink to a form of its own has a scale of its own. A model that writes text is given each line's.
    --legibility and --liveliness measure writing instead; texts are written first, as by hw sample.
    """
    how = HowToWrite(missing, style, bias, pen_temperature, best_of, rank)
    if legibility or liveliness:
        _refuse(
            {"--scale": scale, "--max-nll": max_nll, "--plot": plot}, "not with --legibility or --liveliness"
        )
        _refuse({} if legibility else {"--max-cer": max_cer}, "only with --legibility")
        most = None if max_cer is None else looks.share(max_cer, "--max-cer")
        asked = looks.Asked(
            ink, model, seed, real, legibility, liveliness, how, lines, limit, most, skip_bad, as_json
        )
        looks.measure(asked)
        return
    _refuse({"--max-cer": max_cer}, "only with --legibility")
    for_looks = {"--real": real, "--seed": seed} | dict.fromkeys(how.changed(), True)
    _refuse(for_looks, "only with --legibility or --liveliness")
    if max_nll is not None and math.isnan(max_nll):
        raise UsageError("--max-nll: not a number")
    one_core_a_product()

    path, ink = chosen_model(model), ink or stdio.STREAM
    loaded = read_model(path)
    if max_nll is not None and loaded.config.network.kind != "mixture":
        raise UsageError(f"{path} predicts no density, so that there are no nats for --max-nll")
    refuse_plots(plot, force)
    given = None if scale is None else given_scale(scale, loaded)
    source = Source(ink, lines, limit, skip_bad, loaded)
    totals = _measure(loaded, source)
    source.tell_left_out()
    used, origin = scale_of(loaded, given, source.moments)
    figures = totals.figures(loaded, used)
    if plot is not None:
        write_plots(plot, loaded, source, totals, used, force)
    record = {"model": path.name, "ink": ink, "kind": loaded.config.network.kind, **source.left_out()}
    _report(figures, used, origin, record, as_json)
    if max_nll is not None and not (figures.nats_line is not None and figures.nats_line <= max_nll):
        raise ThresholdNotMet(f"{figures.nats_line:.2f} nats a line, more than the {max_nll:g} of --max-nll")


def _refuse(given: Mapping[str, object], why: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"{name}: {why}")


def _measure(model: Model, source: Source) -> Totals:
    from hwcli.measuring.evaluation import Totals, lines_of, score_lines

    totals, points = Totals(), 0.0
    with stdio.open_input(source.path) as file:
        total = source.count(file)
        with console.progress("eval", total) as show:
            lines = lines_of(source.drawings(file), model)
            for scores in score_lines(model, lines, workers=cores()):
                totals.add(scores)
                points += scores.counts.sum()
                show(totals.lines, f"{counted(totals.lines, 'lines')}, {points:,.0f} points")
    if not totals.lines:
        raise HwError(f"no drawing of two points or more to measure on in {stdio.name_of(source.path)}")
    return totals


ORIGINS = {
    "option": "as --scale gives them",
    "model": "over the model's training lines (Graves' scale)",
    "own": "the model's own, of ink brought to the form that it asks for (not Graves' scale)",
    "ink": "over the lines measured on (the model has one scale for both axes; see --scale)",
}


def _report(figures: Figures, scale: Scale, origin: str, record: dict[str, object], as_json: bool) -> None:
    from hwcli.measuring.report import figures_table

    if as_json:
        scale_record = {"sd_x": scale.sd[0], "sd_y": scale.sd[1], "from": origin}
        numbers = {key: _finite(value) for key, value in asdict(figures).items()}
        text = json.dumps({**record, "scale": scale_record, **numbers}, allow_nan=False) + "\n"
    else:
        text = figures_table(figures, scale, ORIGINS[origin])
    with stdio.open_output(None, binary=False) as out:
        out.write(text.encode())


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
