"""How a run begins: which lines it learns from, their scale, the first weights; or where it left off."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError
from hwcli.ink.joining import joined
from hwcli.ink.preparation import Preparation, prepare
from hwcli.ink.selection import form_of
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.batches import Lines
from hwcli.learning.checkpoint import Checkpoint, Position, Terms
from hwcli.learning.device import products_type
from hwcli.learning.distribution import Devices
from hwcli.learning.learner import Learner
from hwcli.learning.network import USUAL_PACE, initial_weights
from hwcli.learning.run import Run, run_fingerprint
from hwcli.learning.weighting import repeated, times_for_rare
from hwcli.model.config import Config, ConfigError, config_text
from hwcli.model.file import Model

if TYPE_CHECKING:
    from hwcli.ink.selection import Selection


@dataclass(frozen=True)
class Validation:
    """Which lines are validated on and not trained on: one of the three, or none of them for no validation."""

    share: float = 0.0
    """Of the lines, drawn by chance."""
    chosen: Selection | None = None
    """Lines of the same stroke file."""
    reader: StrokesReader | None = None
    """All lines of another stroke file."""


def begin_run(
    reader: StrokesReader,
    validation: Validation,
    config: Config,
    model: Model | None,
    seed: int,
    parts: int,
    terms: Terms,
    devices: Devices | None = None,
    rehearsed: StrokesReader | None = None,
) -> Run:
    """Return a new run over the lines of ``reader``, from the weights of ``model`` or from fresh ones.

    Each replica of ``devices`` (None: one) cuts its share of a batch into ``parts``.  ``rehearsed`` are lines
    that the model wrote, in the form that it knows.

    Raises
    ------
    HwError: there is nothing to learn from, or nothing to validate on where that was asked for.
    """
    training, held_out, height = _chosen_lines(reader, validation, config, seed)
    terms.height = model.height if model else height
    if model is not None:
        scale = model.scale
    else:
        try:
            scale = training.measured_scale(config.data.scale)
        except ValueError as error:
            raise HwError(f"nothing to learn from: {error}") from error
    for lines in (training, held_out):
        if lines is not None:
            lines.scale = scale
    chance = np.random.default_rng([seed, 0x1417])
    weights = model.weights if model else initial_weights(config.network, chance, _pace(training))
    products = products_type(config.training.precision)
    own = _own_lines(rehearsed, training)
    if own is None:  # nothing is rehearsed, and so the run can be resumed
        config = replace(config, tuning=replace(config.tuning, rehearsal=0.0))
    devices, position = devices or Devices(), Position(seed)
    _check_alike(devices, config, run_fingerprint(training, held_out), position)
    learner = Learner(config, weights, products, parts, devices, training.predictions)
    return Run(learner, training, held_out, position, terms, own)


def resume_run(
    reader: StrokesReader,
    validation: Validation,
    config: Config,
    checkpoint: Checkpoint,
    devices: Devices | None = None,
) -> Run:
    """Return the run of ``checkpoint``, to go on where it stopped; ``config`` may differ in how it trains.

    Raises
    ------
    ConfigError: ``config`` has another network or another choice of the ink, or rehearses.
    HwError: these are not the lines that it learned from.
    """
    before = checkpoint.config
    if _kept(config) != _kept(before):
        raise ConfigError(
            "a resumed run keeps its [network], its [data], and its optimiser.kind, noise.adaptive, "
            "training.batch and tuning.rank; --from begins a new one with its weights"
        )
    if config.tuning.rehearsal:
        raise ConfigError(
            "a run with tuning.rehearsal cannot go on: no checkpoint has the lines that its model wrote before "
            "it learned anything; --set tuning.rehearsal=0 goes on without them"
        )
    if config.tuning.rank and not checkpoint.base:
        raise HwError(
            "the checkpoint is of an earlier hw, and lacks the weights that its tuning.rank adds to; "
            "--from begins a new run with the model's"
        )
    training, held_out, _ = _chosen_lines(reader, validation, config, checkpoint.position.seed)
    if run_fingerprint(training, held_out) != checkpoint.fingerprint:
        raise HwError("the checkpoint learned from other lines: give the same stroke file and the same --valid")
    for lines in (training, held_out):
        if lines is not None:
            lines.scale = checkpoint.scale
    products, devices = products_type(config.training.precision), devices or Devices()
    _check_alike(devices, config, checkpoint.fingerprint, checkpoint.position)
    parts = max(checkpoint.parts // devices.replicas, 1)
    begun_with = checkpoint.base if config.tuning.rank else checkpoint.weights
    learner = Learner(config, begun_with, products, parts, devices, training.predictions)
    try:
        learner.restore(checkpoint.weights, list(checkpoint.slots))
    except ValueError as error:
        raise HwError(f"the checkpoint's optimiser has another shape than its network: {error}") from error
    if config.optimiser != before.optimiser:
        checkpoint.position.rate_factor = 1.0
    return Run(learner, training, held_out, checkpoint.position, checkpoint.terms, mean=checkpoint.mean)


def _check_alike(devices: Devices, config: Config, fingerprint: str, position: Position) -> None:
    """Refuse workers of one run that would begin differently; before they share weights, which have a shape."""
    devices.check_alike(config_text(config), fingerprint, str(position))


def _kept(config: Config) -> tuple[object, ...]:
    """Return what a checkpoint's state has its shape, and its place in an epoch, from."""
    return (
        config.network, config.data, config.optimiser.kind, config.noise.adaptive, config.training.batch,
        config.tuning.rank,
    )  # fmt: skip


def _chosen_lines(
    reader: StrokesReader, validation: Validation, config: Config, seed: int
) -> tuple[Lines, Lines | None, float]:
    """Return the training lines, the validation lines, and the height that the training lines usually have.

    Lines of fewer than 3 points are left out of both.
    """
    usable = np.flatnonzero(np.asarray(reader.lengths) >= 3)
    held_out = _held_out(reader, usable, validation, np.random.default_rng([seed, 0x5A11]))
    chosen = there = np.setdiff1d(usable, held_out)
    limit = config.data.max_lines
    if limit and len(there) > limit:
        chance = np.random.default_rng([seed, 0x11E5])
        chosen = np.sort(chance.choice(there, limit, replace=False))
    if not len(chosen):
        raise HwError("there is no line of three points or more to learn from")
    again = repeated(chosen, _times(reader, chosen, config))
    training, height = _prepared(reader, again, config, config.data.lines_before)
    training.again, training.too_many = len(again) - len(chosen), len(there) - len(chosen)
    training.too_short = len(reader) - len(usable) + len(again) - len(training)
    if validation.reader is not None:
        others = np.flatnonzero(np.asarray(validation.reader.lengths) >= 3)
        measured = _some(_prepared(validation.reader, others, config)[0])
        measured.too_short = len(validation.reader) - len(measured)
        return training, measured, height
    if validation.chosen is None and not validation.share:
        return training, None, height
    measured = _some(_prepared(reader, held_out, config)[0])
    measured.too_short = len(held_out) - len(measured)
    return training, measured, height


def _times(reader: StrokesReader, chosen: NDArray[np.int64], config: Config) -> NDArray[np.int64]:
    """Return (M,) how many times a pass each of the ``chosen`` lines is learned from."""
    if config.data.rare_times <= 1:
        return np.ones(len(chosen), np.int64)
    return times_for_rare([reader.texts[line] for line in chosen], config.data.rare_times)


def _prepared(
    reader: StrokesReader, chosen: NDArray[np.int64], config: Config, lines_before: int = 0
) -> tuple[Lines, float]:
    """Return the ``chosen`` lines, prepared as ``config`` says, and the median of their heights.

    Each goes alone, or after up to ``lines_before`` others.
    """
    characters = config.network.characters if config.network.window else ""
    preparation, heights = config.data.preparation, []
    if not len(chosen) or (preparation == Preparation() and not lines_before):
        return Lines(reader, chosen, config.data.max_points, characters=characters), 1.0
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the lines do, and has no name
    with StrokesWriter(file, reader.history) as writer:
        for group in _groups(reader, chosen, lines_before):
            drawing, placement = prepare(joined([reader[line] for line in group]), preparation)
            if len(drawing) >= 3:
                writer.add(replace(drawing, time=None, pressure=None, extra={}))
                heights.append(placement.height)
    prepared = StrokesReader(file, reader.source)
    lines = Lines(prepared, np.arange(len(heights)), config.data.max_points, characters=characters)
    weakref.finalize(lines, _close, prepared, file)
    return lines, float(np.median(heights)) if heights else 1.0


def _groups(reader: StrokesReader, chosen: NDArray[np.int64], lines_before: int) -> Iterator[list[int]]:
    """Yield each of the ``chosen`` lines after those that are read before it: of its page, all with texts."""
    before: list[int] = []
    page = ("", "")
    for place, line in enumerate(map(int, chosen)):
        here = form_of(reader.ids[line]), reader.writers[line]
        if here != page or not here[0] or not reader.texts[line]:
            before = []
        page = here
        count = min(place % (lines_before + 1), len(before))
        yield [*before[len(before) - count :], line]
        before = [*before, line][-lines_before:] if lines_before and reader.texts[line] else []


def _own_lines(rehearsed: StrokesReader | None, training: Lines) -> Lines | None:
    """Return those of the ``rehearsed`` lines that are long enough, read as the ``training`` lines are."""
    if rehearsed is None:
        return None
    chosen = np.flatnonzero(np.asarray(rehearsed.lengths) >= 3)
    return replace(training, reader=rehearsed, chosen=chosen) if len(chosen) else None


def _close(reader: StrokesReader, file: IO[bytes]) -> None:
    reader.close()
    file.close()


def _pace(lines: Lines) -> float:
    """Return how many points a character of ``lines`` takes, on average."""
    if not lines.characters:
        return USUAL_PACE
    characters = np.array([len(lines.text(int(line))) for line in lines.chosen])
    points = lines.lengths[characters > 0].sum()
    return float(points / characters.sum()) if characters.any() else USUAL_PACE


def _some(lines: Lines) -> Lines:
    if not len(lines):
        raise HwError("--valid leaves no line of three points or more to validate on; --valid 0 goes without")
    return lines


def _held_out(
    reader: StrokesReader, usable: NDArray[np.int64], validation: Validation, chance: np.random.Generator
) -> NDArray[np.int64]:
    if validation.chosen is not None:
        ids = reader.ids
        return np.array([line for line in usable if validation.chosen.takes(ids[line])], np.int64)
    count = round(validation.share * len(usable))
    if validation.share and len(usable) > 1:
        count = max(count, 1)
    return np.sort(chance.choice(usable, count, replace=False)) if count else usable[:0]
