"""``hw eval``: how well a model predicts ink.

The keys of ``--json``: model, ink, kind; too_short, bad (drawings left out); untexted (lines whose text is not
known to the network); scale (sd_x, sd_y, and from: "model", "own", "ink" or "option"); and the figures as
``hwcli.measuring.evaluation.Figures`` tells of them, null where there is none.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hwcli import console, stdio
from hwcli.commands import looks
from hwcli.errors import BadInput, HwError, ThresholdNotMet, UsageError
from hwcli.options import Force, ModelFile, Quiet, Seed, SkipBad, Verbose, chosen_model
from hwcli.threads import cores, one_core_a_product

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.offsets import OffsetMoments, Scale
    from hwcli.ink.selection import Selection
    from hwcli.measuring.evaluation import Figures, Totals
    from hwcli.model import Model

PLOTS = ("loss.svg", "density.svg", "reach.svg", "attention.svg")
PLOT_POINTS = 2000
"""A longer line is cut to this many points for the plots."""


def run(
    ink: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="Strokes or points to measure on; - or nothing is stdin."),
    ] = None,
    model: ModelFile = None,
    lines: Annotated[
        Path | None,
        typer.Option("--lines", metavar="FILE", help="Only the lines or forms of this list of ids."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Measure on the first N lines only.")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            metavar="X,Y|FILE",
            help="Give nats and errors for offsets divided by these, or by those of this ink.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the figures as JSON.")] = False,
    max_nll: Annotated[
        float | None, typer.Option("--max-nll", metavar="X", help="End with exit code 3 above X nats a line.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="DIR", help="Write loss, density, and reach or attention as SVG there."),
    ] = None,
    legibility: Annotated[
        bool,
        typer.Option("--legibility", help="Tell what share of FILE, points or texts to write, is read wrong."),
    ] = False,
    liveliness: Annotated[
        bool, typer.Option("--liveliness", help="Tell how slant, width and heights vary over the drawings.")
    ] = False,
    real: Annotated[
        Path | None,
        typer.Option(
            "--real", metavar="FILE", help="Real lines, to measure the same of; --lines is for these."
        ),
    ] = None,
    max_cer: Annotated[
        str | None,
        typer.Option(
            "--max-cer", metavar="SHARE", help="End with exit code 3 above this share of characters, as 20%."
        ),
    ] = None,
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
    """
    if legibility or liveliness:
        _refuse(
            {"--scale": scale, "--max-nll": max_nll, "--plot": plot}, "not with --legibility or --liveliness"
        )
        _refuse({} if legibility else {"--max-cer": max_cer}, "only with --legibility")
        most = None if max_cer is None else looks.share(max_cer, "--max-cer")
        asked = looks.Asked(
            ink, model, seed, real, legibility, liveliness, lines, limit, most, skip_bad, as_json
        )
        looks.measure(asked)
        return
    _refuse({"--real": real, "--max-cer": max_cer, "--seed": seed}, "only with --legibility or --liveliness")
    path, ink = chosen_model(model), ink or stdio.STREAM
    if max_nll is not None and math.isnan(max_nll):
        raise UsageError("--max-nll: not a number")
    one_core_a_product()

    loaded = _read_model(path)
    if max_nll is not None and loaded.config.network.kind != "mixture":
        raise UsageError(f"{path} predicts no density, so that there are no nats for --max-nll")
    _refuse_plots(plot, force)
    given = None if scale is None else _given_scale(scale, loaded)
    source = _Source(ink, lines, limit, skip_bad, loaded)
    totals = _measure(loaded, source)
    source.tell_left_out()
    used, origin = _scale(loaded, given, source.moments)
    figures = totals.figures(loaded, used)
    if plot is not None:
        _plot(plot, loaded, source, totals, used, force)
    record = {"model": path.name, "ink": ink, "kind": loaded.config.network.kind, **source.left_out()}
    _report(figures, used, origin, record, as_json)
    if max_nll is not None and not (figures.nats_line is not None and figures.nats_line <= max_nll):
        raise ThresholdNotMet(f"{figures.nats_line:.2f} nats a line, more than the {max_nll:g} of --max-nll")


def _refuse(options: dict[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name}: {why}")


def _read_model(path: Path) -> Model:
    from hwcli.model.file import read_model

    with stdio.open_seekable(path) as file:
        return read_model(file, stdio.name_of(path))


# --- what to measure on ------------------------------------------------------------------------------------


class _Source:
    """The drawings that are asked for, and what is learnt of them as they pass by."""

    def __init__(self, path: str, lines: Path | None, limit: int | None, skip_bad: bool, model: Model) -> None:
        self.path, self._limit, self._model = path, limit, model
        self._selection = _read_selection(lines)
        self._bad: list[BadInput] | None = [] if skip_bad else None
        self._too_short, self._untexted = 0, 0
        self.moments: OffsetMoments
        self.shown: Drawing | None = None

    def count(self, file: BinaryIO) -> int | None:
        """Return how many drawings are to come, if that can be told."""
        from hwcli.ink import reading

        total: int | None = None
        if file.seekable() and reading.peeked(file)[0] == reading.HDF5:
            from hwcli.ink.strokes_file import StrokesReader

            with StrokesReader(file, stdio.name_of(self.path)) as reader:
                ids = reader.ids if self._selection.is_ordered else ()
                total = sum(map(self._selection.wants, ids)) if self._selection.is_ordered else len(reader)
            file.seek(0)
        return total if self._limit is None else min(total or self._limit, self._limit)

    def drawings(self, file: BinaryIO) -> Iterator[Drawing]:
        """Yield the drawings of ``file`` that are to be measured on, in the form that the model sees."""
        from hwcli.ink.offsets import OffsetMoments
        from hwcli.ink.reading import read_any

        self.moments = OffsetMoments()
        everything = read_any(file, stdio.name_of(self.path), None if self._bad is None else self._bad.append)
        wanted = (drawing for drawing in everything if self._wants(drawing))
        for drawing in _prepared(itertools.islice(wanted, self._limit), self._model, self.path):
            self.moments.add(drawing.points)
            self._untexted += not self._is_texted(drawing)
            self.shown = self.shown or drawing
            yield drawing

    def _wants(self, drawing: Drawing) -> bool:
        if not self._selection.wants(drawing.id):
            return False
        self._selection.place(drawing.id)
        self._too_short += len(drawing) < 2
        return len(drawing) > 1

    def _is_texted(self, drawing: Drawing) -> bool:
        """Return whether the model is told what ``drawing`` says, or asks for no text."""
        from hwcli.measuring.evaluation import known_text

        network = self._model.config.network
        return not network.window or len(known_text(drawing.text, network)) > 0

    def left_out(self) -> dict[str, int]:
        """Return how many drawings had nothing to predict, could not be read, and had no text."""
        return {"too_short": self._too_short, "bad": len(self._bad or ()), "untexted": self._untexted}

    def tell_left_out(self) -> None:
        """Say what was not measured on."""
        if self._bad:
            console.warn(f"{len(self._bad)} bad records left out, the first: {self._bad[0]}")
        if self._too_short:
            console.warn(f"{self._too_short} drawings of fewer than two points left out")
        if self._untexted:
            console.warn(
                f"{self._untexted} drawings have no text, or one with characters that the model lacks: "
                "they were measured as if it were unknown"
            )
        missing = self._selection.missing() if self._limit is None else []
        if missing:
            console.warn(f"{len(missing)} of the list of --lines not found, the first: {missing[0]}")


def _prepared(drawings: Iterable[Drawing], model: Model, path: str) -> Iterator[Drawing]:
    """Yield ``drawings`` in the form that the configuration of ``model`` asks for."""
    from hwcli.ink.preparation import Preparation, prepare

    preparation = model.config.data.preparation
    if preparation == Preparation():
        yield from drawings
        return
    for drawing in drawings:
        try:
            yield prepare(drawing, preparation)[0]
        except ValueError as error:
            raise BadInput(stdio.name_of(path), f"drawing {drawing.id}: {error}") from error


def _read_selection(lines: Path | None) -> Selection:
    from hwcli.ink.selection import Selection, read_selection

    if lines is None:
        return Selection()
    with stdio.open_input(lines) as file:
        return read_selection(file, stdio.name_of(lines))


def _measure(model: Model, source: _Source) -> Totals:
    from hwcli.measuring.evaluation import Totals, lines_of, score_lines

    totals, points = Totals(), 0.0
    with stdio.open_input(source.path) as file:
        total = source.count(file)
        with console.progress("eval", total) as show:
            lines = lines_of(source.drawings(file), model)
            for scores in score_lines(model, lines, workers=cores()):
                totals.add(scores)
                points += scores.counts.sum()
                show(totals.lines, f"{totals.lines:,} lines, {points:,.0f} points")
    if not totals.lines:
        raise HwError(f"no drawing of two points or more to measure on in {stdio.name_of(source.path)}")
    return totals


# --- the scale ---------------------------------------------------------------------------------------------


def _given_scale(text: str, model: Model) -> Scale:
    """Return the scale that ``--scale`` gives: two numbers, or the moments of ink as ``model`` sees it."""
    from hwcli.ink.offsets import OffsetMoments, Scale
    from hwcli.ink.reading import open_ink

    try:
        sd_x, sd_y = (float(part) for part in text.split(","))
    except ValueError:
        moments = OffsetMoments()
        with open_ink(text) as drawings:
            for drawing in _prepared(drawings, model, text):
                moments.add(drawing.points)
        return _moments_scale(moments, stdio.name_of(text))
    if not (0 < sd_x < math.inf and 0 < sd_y < math.inf):
        raise UsageError(f"--scale {text}: two numbers above 0")
    return Scale(sd=(sd_x, sd_y))


def _moments_scale(moments: OffsetMoments, name: str) -> Scale:
    try:
        return moments.scale()
    except ValueError as error:
        raise HwError(
            f"{name}: {error}, so that its offsets have no scale; give one with --scale X,Y"
        ) from error


def _scale(model: Model, given: Scale | None, moments: OffsetMoments) -> tuple[Scale, str]:
    """Return the scale of the figures and where it is from."""
    from hwcli.ink.preparation import Preparation

    if given is not None:
        return given, "option"
    if model.config.data.preparation != Preparation():
        return model.scale, "own"
    if model.config.data.scale == "axis":
        return model.scale, "model"
    return _moments_scale(moments, "the ink"), "ink"


ORIGINS = {
    "option": "as --scale gives them",
    "model": "over the model's training lines (Graves' scale)",
    "own": "the model's own, of ink brought to the form that it asks for (not Graves' scale)",
    "ink": "over the lines measured on (the model has one scale for both axes; see --scale)",
}


# --- what comes out ----------------------------------------------------------------------------------------


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


def _refuse_plots(folder: Path | None, force: bool) -> None:
    for name in PLOTS if folder is not None else ():
        stdio.refuse_existing(folder / name, force)  # type: ignore[operator]


def _plot(folder: Path, model: Model, source: _Source, totals: Totals, scale: Scale, force: bool) -> None:
    """Write the plots into ``folder``, which is made when it is not there."""
    drawing = source.shown
    if drawing is None:
        return
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
    outputs = plots.predictions(model, points, known_text(drawing.text, network))
    made = {"loss.svg": plots.loss_chart(model, scale, totals.by_place(), outputs, points, drawing.id)}
    if network.kind == "mixture":
        made["density.svg"] = plots.density_chart(outputs, points, model.scale, drawing.id)
    else:
        console.say("no density.svg: this model predicts the point itself, not a density")
    if not network.window:
        made["reach.svg"] = plots.reach_chart(model, points, drawing.id)
    elif len(known_text(drawing.text, network)):
        made["attention.svg"] = plots.attention_of(model, drawing, points)
    else:
        console.say(f"no attention.svg: the text of {drawing.id or 'the first drawing'} is not known")
    return made
