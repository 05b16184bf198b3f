"""``hw train``: strokes in, a model out."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwcli import console, stdio
from hwcli.commands.provenance import this_command
from hwcli.errors import MissingExtra, UsageError
from hwcli.options import Force, Quiet, Seed, Verbose, settled_seed

if TYPE_CHECKING:
    from hwcli.learning.beginning import Validation
    from hwcli.learning.checkpoint import Checkpoint
    from hwcli.learning.distribution import Devices
    from hwcli.model import Config, Model


# Not by hwcli.model.config, which would load NumPy for each --help.
PRESETS = sorted(path.stem for path in (Path(__file__).parents[1] / "model" / "presets").glob("*.toml"))


def _preset_names(incomplete: str) -> list[str]:
    return [name for name in PRESETS if name.startswith(incomplete)]


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
        str,
        typer.Option(
            "--valid", metavar="FILE|FRACTION",
            help="Validate on a share of the lines, those of a list of ids, or a stroke file; 0: on none.",
        ),
    ] = "0.05",
    start_from: Annotated[
        Path | None,
        typer.Option("--from", metavar="MODEL", help="Begin with this model's weights, network and scale."),
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
    goes on from there.
    """
    shorthands = {
        "bptt.stride": bptt_stride,
        "bptt.length": bptt_length,
        "training.epochs": epochs,
        "training.patience": patience,
    }
    changes = [*(settings or []), *(f"{key}={value}" for key, value in shorthands.items() if value is not None)]
    if resume and (preset or config or start_from or seed is not None):
        raise UsageError("--resume goes on with the checkpoint's network and seed; only --set can change how")
    if output is None and (resume or not dump_config):
        raise UsageError("name the model to write with -o")
    model = _read_model(start_from)
    checkpoint = _read_checkpoint(output) if resume and output else None
    if checkpoint:
        chosen = _with_settings(checkpoint.config, changes)
    else:
        chosen = _chosen_config(preset, config, changes, model)
    if dump_config or output is None:
        _write_config(chosen)
        return
    seconds = None if max_time is None else duration(max_time, "--max-time")
    saving = duration(save_every, "--save-every")
    cores, devices = _prepare_tensorflow(threads, distribute)
    _check_tensorboard(tensorboard)

    from hwcli.commands import training_output
    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.learning.beginning import begin_run, resume_run
    from hwcli.learning.checkpoint import Terms
    from hwcli.learning.run import Limits

    # Of several workers one writes.
    is_chief = devices.is_chief
    files = training_output.Files(output, log, tensorboard) if is_chief else training_output.NoFiles()
    files.refuse_what_is_there(resume, force)
    with (
        stdio.open_seekable(strokes) as file,
        StrokesReader(file, stdio.name_of(strokes)) as reader,
        _opened_validation(valid) as validation,
    ):
        if checkpoint:
            training_run = resume_run(reader, validation, chosen, checkpoint, devices)
        else:
            terms = Terms(made=list(dict.fromkeys([*reader.history, *(model.made if model else ())])))
            terms.licence = model.licence if model else ""
            seed = devices.agreed(settled_seed(seed))
            training_run = begin_run(reader, validation, chosen, model, seed, cores, terms, devices)
        # A run that a loop resumes a thousand times keeps one line of it: HDF5 attributes have an end.
        if this_command() not in training_run.terms.made:
            training_run.terms.made.append(this_command())
        training_run.terms.licence = training_run.terms.licence if licence is None else licence
        training_run.terms.half |= half
        _tell_missing(validation)
        with training_output.signals_noticed() as caught:
            limits = Limits(max_batches, seconds, lambda: caught.signal is not None)
            training_output.follow(training_run, limits, files, saving)
    caught.end_as_it_asked()


def duration(text: str, option: str) -> float:
    """Return the seconds of ``1h30m``, ``40m``, ``90s`` or ``90``; raises UsageError that names ``option``."""
    number = r"(\d+(?:\.\d+)?)"
    plain = f"{text.strip()}s" if re.fullmatch(number, text.strip()) else text.strip()
    parts = re.fullmatch(rf"(?:{number}h)?(?:{number}m)?(?:{number}s)?", plain)
    if parts is None or not any(parts.groups()):
        raise UsageError(f"{option} {text}: write a time as 90s, 40m, 2h or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return 3600 * hours + 60 * minutes + seconds


WAYS = ("auto", "none", "mirrored", "multiworker")


def _ways_to_distribute(incomplete: str) -> list[str]:
    return [way for way in WAYS if way.startswith(incomplete)]


def _prepare_tensorflow(threads: int | None, distribute: str) -> tuple[int, Devices]:
    """Import TensorFlow, quietly; return the number of cores that it uses, and the devices."""
    if distribute not in WAYS:
        raise UsageError(f"--distribute {distribute}: one of {', '.join(WAYS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with console.hushed():
        try:
            from hwcli.learning.device import use_threads
            from hwcli.learning.distribution import Devices, make_strategy
        except ImportError as error:
            raise MissingExtra("hw train", "train") from error
        cores, strategy = use_threads(threads, lambda: make_strategy(distribute, os.environ))
        return cores, Devices(strategy)


def _read_checkpoint(output: Path) -> Checkpoint:
    from hwcli.learning.checkpoint import checkpoint_of, read_checkpoint

    path = checkpoint_of(output)
    with stdio.open_seekable(path) as file:
        return read_checkpoint(file, str(path))


def _tell_missing(validation: Validation) -> None:
    missing = validation.chosen.missing() if validation.chosen else []
    if missing:
        console.warn(f"{len(missing)} of the list of --valid not found, the first: {missing[0]}")


def _check_tensorboard(directory: Path | None) -> None:
    from importlib.util import find_spec

    if directory is not None and find_spec("tensorboard") is None:
        raise MissingExtra("--tensorboard", "tensorboard")


def _read_model(path: Path | None) -> Model | None:
    if path is None:
        return None
    from hwcli.model.file import read_model

    with stdio.open_seekable(path) as file:
        return read_model(file, str(path))


def _chosen_config(preset: str | None, path: Path | None, settings: list[str], model: Model | None) -> Config:
    """Return the defaults (or the starting model's configuration) with preset, file and settings over them."""
    from hwcli.model import config as configuration

    chosen = model.config if model else configuration.Config()
    if preset:
        chosen = configuration.read_config(configuration.preset_text(preset), preset, chosen)
    if path:
        with stdio.open_input(path) as file:
            try:
                text = file.read().decode()
            except UnicodeDecodeError as error:
                raise configuration.ConfigError(f"{path}: not UTF-8") from error
        chosen = configuration.read_config(text, str(path), chosen)
    chosen = _with_settings(chosen, settings)
    if model and chosen.network != model.config.network:
        raise UsageError("--from brings its own network: leave [network] as it is")
    return chosen


def _with_settings(config: Config, settings: list[str]) -> Config:
    """Return ``config`` with every SECTION.KEY=VALUE of ``settings`` over it, checked as a whole."""
    from hwcli.model.config import setting

    changes: dict[str, dict[str, object]] = {}
    for assignment in settings:
        for section, values in setting(assignment).items():
            changes.setdefault(section, {}).update(values)
    return config.updated(changes)


def _write_config(config: Config) -> None:
    from hwcli.model.config import config_text

    with stdio.open_output(None, binary=False) as file:
        file.write(config_text(config).encode())


@contextlib.contextmanager
def _opened_validation(valid: str) -> Iterator[Validation]:
    """Yield what ``--valid`` asks for: a share, a list of ids or another stroke file."""
    from hwcli.ink import reading
    from hwcli.ink.selection import read_selection
    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.learning.beginning import Validation

    try:
        share = float(valid)
    except ValueError:
        share = None
    if share is not None:
        if not 0 <= share < 1:
            raise UsageError(f"--valid {valid}: a share of the lines lies between 0 and 1")
        yield Validation(share=share)
        return
    with stdio.open_seekable(valid) as file:
        if reading.peeked(file)[0] != reading.HDF5:
            yield Validation(chosen=read_selection(file, stdio.name_of(valid)))
            return
        with StrokesReader(file, valid) as reader:
            yield Validation(reader=reader)
