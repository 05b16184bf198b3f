"""``hw train``: strokes in, a model out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwcli import stdio
from hwcli.commands import fine_tuning, training_setup as setup
from hwcli.commands.given import read_model
from hwcli.errors import UsageError
from hwcli.options import Force, Quiet, Seed, Verbose, settled_seed
from hwcli.threads import one_core_a_product

# Not by hwcli.model.config, which would load NumPy for each --help.
PRESETS = sorted(path.stem for path in (Path(__file__).parents[1] / "model" / "presets").glob("*.toml"))

VALIDATED = "0.05"
"""The share of the lines that is validated on, where nothing else is said."""


def _preset_names(incomplete: str) -> list[str]:
    return [name for name in PRESETS if name.startswith(incomplete)]


def _ways_to_distribute(incomplete: str) -> list[str]:
    return [way for way in setup.WAYS if way.startswith(incomplete)]


def run(
    strokes: Annotated[
        str, typer.Argument(metavar="[STROKES]", help="The stroke file, from hw ingest; - is stdin.")
    ] = stdio.STREAM,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE",
            help="The model, the best by validation so far; its checkpoint stands beside it.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", metavar="NAME", autocompletion=_preset_names,
            help=f"The network and its training: {', '.join(PRESETS[:-1])} or {PRESETS[-1]}.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="TOML laid over the preset.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="A value laid over both; repeatable."),
    ] = None,
    dump_config: Annotated[
        bool, typer.Option("--dump-config", help="Write the whole configuration as TOML to stdout and end.")
    ] = False,
    valid: Annotated[
        str | None,
        typer.Option(
            "--valid", metavar="FILE|FRACTION",
            help="Validate on a share of the lines, those of a list of ids, or a stroke file; 0: on none.",
        ),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MODEL",
            help="Begin with this model's weights, network and scale; bundled: the one that comes along.",
        ),
    ] = None,
    fine_tune: Annotated[
        bool | None,
        typer.Option(
            "--fine-tune/--no-fine-tune", show_default=False,
            help=f"Take on one hand of few lines; as it is up to {fine_tuning.FEW_LINES} --from a model.",
        ),
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="Fine-tune little: a hand of some KB beside the bundled model.")
    ] = False,
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="DIR", help="Draw what the model of --from writes before and after."),
    ] = None,
    bptt_stride: Annotated[
        int | None,
        typer.Option("--bptt-stride", min=0, metavar="K1", help="Go back every K1 points; 0: once a line."),
    ] = None,
    bptt_length: Annotated[
        int | None,
        typer.Option("--bptt-length", min=0, metavar="K2", help="Go back over K2 points; 0: to the start."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the lines.")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option("--patience", min=0, metavar="N", help="Stop after N validations with no gain; 0: never."),
    ] = None,
    max_time: Annotated[
        str | None, typer.Option("--max-time", metavar="TIME", help="Stop after this long: 90s, 40m, 1h30m.")
    ] = None,
    max_batches: Annotated[
        int | None,
        typer.Option("--max-batches", min=0, metavar="N", help="Stop after N batches in all."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the checkpoint, exactly where it stopped."),
    ] = False,
    save_every: Annotated[
        str, typer.Option("--save-every", metavar="TIME", help="How often the checkpoint is written.")
    ] = "5m",
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Append the run's figures here, as JSON lines.")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option("--tensorboard", metavar="DIR", help="Write the figures for TensorBoard too.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, metavar="N", help="Cores to use; all when absent.")
    ] = None,
    distribute: Annotated[
        str,
        typer.Option(
            "--distribute", metavar="HOW", autocompletion=_ways_to_distribute,
            help="Over several GPUs (mirrored) or machines (multiworker); auto: what there is; or none.",
        ),
    ] = "auto",
    half: Annotated[
        bool, typer.Option("--half", help="Store the model's weights as 16-bit numbers.")
    ] = False,
    licence: Annotated[
        str | None,
        typer.Option("--licence", metavar="TEXT", help="Terms of the data, kept in the model."),
    ] = None,
    seed: Seed = None,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:  # fmt: skip
    """Train a network on a strokes file.

    It learns to predict each next point, by truncated back-propagation through time. Ctrl-C saves; --resume
    goes on from there. --from a model with a few lines by one hand it takes on that hand in minutes.
    """
    asked = fine_tuning.Asked(fine_tune, small, preview)
    shorthands = {
        "bptt.stride": bptt_stride,
        "bptt.length": bptt_length,
        "training.epochs": epochs,
        "training.patience": patience,
    }
    changes = setup.Changes.of(preset, config, settings, shorthands)
    if resume and (preset or config or start_from or seed is not None):
        raise UsageError("--resume goes on with the checkpoint's network and seed; only --set can change how")
    if output is None and (resume or not dump_config):
        raise UsageError("name the model to write with -o")
    asked.check(start_from, resume, force)
    one_core_a_product()
    begun = setup.read_beginning(start_from, output if resume else None)
    chosen = changes.over(begun, asked if asked.is_sure else None)
    if dump_config or output is None:
        setup.write_config(chosen)
        return
    how_long = setup.HowLong.of(max_time, save_every, max_batches)
    cores, devices = setup.prepare_tensorflow(threads, distribute, tensorboard)

    from hwcli.commands.training_output import files_of, follow

    files = files_of(devices.is_chief, output, log, tensorboard, resume, force)
    with files.kept(resume, force), setup.opened_strokes(strokes) as reader:
        if resume:  # again: until its files were kept from them, another run may have gone on with it
            begun = setup.read_beginning(None, output)
            chosen = changes.over(begun, None)
        tunes = asked.decide(len(reader), begun.model is not None and not changes.are_any)
        if tunes:
            chosen, files = changes.over(begun, asked), files.of_fine_tuning(begun.model if small else None)
        seed = 0 if resume else devices.agreed(settled_seed(seed))
        terms = begun.terms(reader.history, licence, half)
        held_out = valid or (fine_tuning.HELD_BACK if tunes else VALIDATED)
        with setup.opened_run(reader, held_out, chosen, begun, seed, cores, terms, devices) as training_run:
            caught = follow(training_run, how_long, files)
    if preview is not None and begun.model and caught.signal is None and devices.is_chief:
        fine_tuning.write_preview(preview, begun.model, read_model(output), seed, force)
    caught.end_as_it_asked()
