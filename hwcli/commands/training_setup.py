"""What ``hw train`` begins with: the configuration, a model or a checkpoint, the lines, TensorFlow."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console, stdio
from hwcli.commands.fine_tuning import Asked, rehearsal, tell_other_texts
from hwcli.commands.given import read_model
from hwcli.commands.provenance import this_command
from hwcli.errors import HwError, MissingExtra, UsageError
from hwcli.options import BUNDLED, BUNDLED_MODEL
from hwcli.threads import products_by_onednn

if TYPE_CHECKING:
    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.learning.beginning import Validation
    from hwcli.learning.checkpoint import Checkpoint, Terms
    from hwcli.learning.distribution import Devices
    from hwcli.learning.run import Run
    from hwcli.model import Config, Model

WAYS = ("auto", "none", "mirrored", "multiworker")
"""Of ``--distribute``."""
FORM = ("scale", "level", "height", "step")
"""Of ``[data]``: what points a network reads, as opposed to how many."""
_MOST = 1 << 20
"""Bytes of a configuration that are read; so many are refused."""


# --- what to begin with ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beginning:
    """The model of ``--from`` or the checkpoint of ``--resume``; neither for a fresh network."""

    model: Model | None = None
    checkpoint: Checkpoint | None = None

    def terms(self, history: Sequence[str], licence: str | None, half: bool) -> Terms:
        """Return what the model's file will say besides; ``history`` is that of the lines."""
        from hwcli.learning.checkpoint import Terms

        if self.checkpoint:
            terms = self.checkpoint.terms
        else:
            made = dict.fromkeys([*history, *(self.model.made if self.model else ())])
            terms = Terms(made=list(made), licence=self.model.licence if self.model else "")
        # A run that a loop resumes a thousand times keeps one line of it: HDF5 attributes have an end.
        if this_command() not in terms.made:
            terms.made.append(this_command())
        terms.licence = terms.licence if licence is None else licence
        terms.half |= half
        return terms


def read_beginning(start_from: str | None, resumed: Path | None) -> Beginning:
    """Return what the run begins with: the model that ``--from`` names, the checkpoint of a ``resumed`` model.

    Raises
    ------
    HwError: it cannot be read.
    """
    if resumed is not None:
        return Beginning(checkpoint=_read_checkpoint(resumed))
    if start_from is None:
        return Beginning()
    return Beginning(read_model(BUNDLED_MODEL if start_from == BUNDLED else Path(start_from)))


def _read_checkpoint(output: Path) -> Checkpoint:
    from hwcli.learning.checkpoint import checkpoint_of, read_checkpoint

    path = checkpoint_of(output)
    with stdio.open_seekable(path) as file:
        return read_checkpoint(file, str(path))


# --- the configuration -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changes:
    """What the command line sets over the defaults: a preset, a file, single values."""

    preset: str | None
    path: Path | None
    settings: list[str]

    @classmethod
    def of(
        cls, preset: str | None, path: Path | None, settings: list[str] | None, keys: dict[str, int | None]
    ) -> Changes:
        """Return the changes; ``keys`` are those with an option of their own, None where it is not given."""
        short = [f"{key}={value}" for key, value in keys.items() if value is not None]
        return cls(preset, path, [*(settings or []), *short])

    @property
    def are_any(self) -> bool:
        """Whether anything is set."""
        return bool(self.preset or self.path or self.settings)

    def over(self, begun: Beginning, tuning: Asked | None) -> Config:
        """Return the configuration of a run; ``tuning``: that of fine-tuning lies below the changes.

        Raises
        ------
        HwError: there is no such configuration, or nothing can be learned with it.
        """
        from hwcli.model.trainable import check_trainable

        if begun.checkpoint:
            chosen = _with_settings(begun.checkpoint.config, self.settings)
        else:
            chosen = self._over_model(begun, tuning)
        check_trainable(chosen)
        return chosen

    def _over_model(self, begun: Beginning, tuning: Asked | None) -> Config:
        from hwcli.model import config as configuration

        chosen = begun.model.config if begun.model else configuration.Config()
        chosen = replace(chosen, tuning=configuration.Tuning())
        if tuning:
            chosen = configuration.read_config(tuning.settings(), "fine-tuning", chosen)
            chosen = _with_settings(chosen, tuning.small_settings())
        if self.preset:
            chosen = configuration.read_config(configuration.preset_text(self.preset), self.preset, chosen)
        if self.path:
            chosen = configuration.read_config(_text_of(self.path), str(self.path), chosen)
        chosen = _with_settings(chosen, self.settings)
        if begun.model:
            _check_fits(chosen, begun.model.config)
        return chosen


def _check_fits(chosen: Config, of_model: Config) -> None:
    """Refuse what cannot be ``chosen`` for weights of a network that learned ``of_model``'s form of ink."""
    if chosen.network != of_model.network:
        raise UsageError("--from brings its own network: leave [network] as it is")
    for key in FORM:
        if getattr(chosen.data, key) != getattr(of_model.data, key):
            raise UsageError(f"--from brings the form and the scale of its ink: leave data.{key} as it is")


def _text_of(path: Path) -> str:
    with stdio.open_input(path) as file:
        try:
            return file.read(_MOST).decode()
        except UnicodeDecodeError as error:
            raise HwError(f"{path}: not UTF-8") from error


def _with_settings(config: Config, settings: Sequence[str]) -> Config:
    """Return ``config`` with every SECTION.KEY=VALUE of ``settings`` over it, checked as a whole."""
    from hwcli.model.config import setting

    changes: dict[str, dict[str, object]] = {}
    for assignment in settings:
        for section, values in setting(assignment).items():
            changes.setdefault(section, {}).update(values)
    return config.updated(changes)


def write_config(config: Config) -> None:
    """Write ``config`` to standard output, as TOML."""
    from hwcli.model.config import config_text

    with stdio.open_output(None, binary=False) as file:
        file.write(config_text(config).encode())


# --- the lines ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened_validation(valid: str) -> Iterator[Validation]:
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


@contextlib.contextmanager
def opened_run(
    reader: StrokesReader,
    valid: str,
    config: Config,
    begun: Beginning,
    seed: int,
    cores: int,
    terms: Terms,
    devices: Devices,
) -> Iterator[Run]:
    """Give the run over the lines of ``reader``: one that is resumed, or a new one with ``seed``."""
    from hwcli.learning.beginning import begin_run, resume_run

    with opened_validation(valid) as validation:
        _read_plainly([reader, validation.reader], config)
        if begun.checkpoint:
            run = resume_run(reader, validation, config, begun.checkpoint, devices)
            tell_missing(validation)
            _tell_missing_mean(begun.checkpoint, config)
            yield run
            return
        tell_other_texts(reader, begun.model, config)
        with rehearsal(begun.model, config, seed) as rehearsed:
            run = begin_run(reader, validation, config, begun.model, seed, cores, terms, devices, rehearsed)
            tell_missing(validation)
            yield run


def _read_plainly(readers: Sequence[StrokesReader | None], config: Config) -> None:
    """Have the texts be in characters that the network knows, if ``config`` says so."""
    from hwcli.writing.plain_text import plain_text

    characters = config.network.characters
    known = frozenset(characters)
    if config.data.plain_texts and config.network.window:
        for reader in filter(None, readers):
            reader.text_form = lambda text: text if known.issuperset(text) else plain_text(text, characters)


def tell_missing(validation: Validation) -> None:
    """Warn of ids of the list of ``--valid`` that were not there."""
    missing = validation.chosen.missing() if validation.chosen else []
    if missing:
        console.warn(f"{len(missing)} of the list of --valid not found, the first: {missing[0]}")


def _tell_missing_mean(checkpoint: Checkpoint, config: Config) -> None:
    """Warn where a run had a mean of its weights that its ``checkpoint``, of an earlier version, lacks."""
    if config.tuning.average and checkpoint.config.tuning.average and not checkpoint.mean:
        console.warn(
            "the checkpoint is of an earlier hw, and lacks the mean of the weights (tuning.average): "
            "it begins anew with the weights"
        )


# --- the machine -------------------------------------------------------------------------------------------


def prepare_tensorflow(threads: int | None, distribute: str, tensorboard: Path | None) -> tuple[int, Devices]:
    """Import TensorFlow, quietly; return the number of cores that it uses, and the devices.

    Raises
    ------
    MissingExtra: it is not installed, or TensorBoard is asked for and is not.
    UsageError: there is no such way to ``distribute``.
    """
    if distribute not in WAYS:
        raise UsageError(f"--distribute {distribute}: one of {', '.join(WAYS)}")
    products_by_onednn()
    told = told_of_workers(os.environ, distribute == "auto")
    kubernetes = {"KUBERNETES_SERVICE_HOST"} if distribute == "multiworker" else set()
    tellers = {"TF_CONFIG", "SLURM_NTASKS"} | kubernetes
    are_several = distribute in ("auto", "multiworker") and not told.keys().isdisjoint(tellers)
    if are_several:
        console.say("waits until all workers of the run are there")
    # Of a worker that is lost, or at its end before the others, TensorFlow tells at length; hw does in a line.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if are_several else "2")
    with console.hushed():
        try:
            from hwcli.learning.device import use_threads
            from hwcli.learning.distribution import Devices, make_strategy
        except ImportError as error:
            raise MissingExtra("hw train", "train") from error
        cores, strategy = use_threads(threads, lambda: make_strategy(distribute, told))
    if tensorboard is not None and find_spec("tensorboard") is None:
        raise MissingExtra("--tensorboard", "tensorboard")
    return cores, Devices(strategy)


def told_of_workers(environment: Mapping[str, str], is_auto: bool) -> dict[str, str]:
    """Return ``environment`` without Slurm's number of tasks where these do not all run this command.

    The shell of ``salloc`` and a batch script have it too; only in a step, which ``srun`` starts, are there
    others to wait for.  If ``is_auto``, it is told that the run goes on alone.
    """
    tasks, of_step = (_number(environment.get(f"SLURM_{name}", "")) for name in ("NTASKS", "STEP_NUM_TASKS"))
    if of_step > 1:
        return {**environment, "SLURM_NTASKS": str(of_step)}
    if is_auto and tasks > 1 and "TF_CONFIG" not in environment:
        console.say(
            f"trains alone, in one process of the {tasks} that Slurm allows; srun hw train ... starts all"
        )
    return {name: value for name, value in environment.items() if name != "SLURM_NTASKS"}


def _number(text: str) -> int:
    """Return the number that ``text`` is, 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() else 0


@dataclass(frozen=True)
class HowLong:
    """When the run stops before its end, and how often it is saved; in seconds.

    Attributes
    ----------
    seconds, batches: after which it stops.
    save_every: of the checkpoint.
    """

    seconds: float | None
    batches: int | None
    save_every: float

    @classmethod
    def of(cls, max_time: str | None, save_every: str, max_batches: int | None) -> HowLong:
        """Return what ``--max-time``, ``--save-every`` and ``--max-batches`` say; raises UsageError."""
        seconds = None if max_time is None else duration(max_time, "--max-time")
        return cls(seconds, max_batches, duration(save_every, "--save-every"))


def duration(text: str, option: str) -> float:
    """Return the seconds of ``1h30m``, ``40m``, ``90s`` or ``90``; raises UsageError that names ``option``."""
    number = r"(\d+(?:\.\d+)?)"
    plain = f"{text.strip()}s" if re.fullmatch(number, text.strip()) else text.strip()
    parts = re.fullmatch(rf"(?:{number}h)?(?:{number}m)?(?:{number}s)?", plain)
    if parts is None or not any(parts.groups()):
        raise UsageError(f"{option} {text}: write a time as 90s, 40m, 2h or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return 3600 * hours + 60 * minutes + seconds
