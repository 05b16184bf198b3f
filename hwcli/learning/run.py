"""The course of a training run: batch after batch, validations, steps back, the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError
from hwcli.learning.augmentation import altered
from hwcli.learning.averaging import Average
from hwcli.learning.batches import Batch, Lines, order_by_length, order_of_epoch, read_ahead, side_by_side
from hwcli.learning.checkpoint import Checkpoint, Position, Terms
from hwcli.learning.learner import Learner
from hwcli.model.config import Config
from hwcli.model.file import Model, Weights

Snapshot = tuple[Weights, list[NDArray[np.float32]], Weights]
"""The weights, the state of the optimiser, and the mean of the weights."""

VALIDATION_BATCH = 64
SNAPSHOT_EVERY = 20
"""Batches between two looks at whether the weights are worth going back to."""
STEPS_BACK_LIMIT = 10
"""Batches in a row that fail before the run gives up."""


class Diverged(HwError):
    """The loss stays infinite or not a number, whatever the learning rate; the run is at good weights again."""


@dataclass(frozen=True)
class Limits:
    """When a run stops before its last epoch."""

    batches: int | None = None
    """After this many batches in all."""
    seconds: float | None = None
    """After this long, earlier sittings not counted."""
    interrupted: Callable[[], bool] = lambda: False
    """Asked after each batch."""


@dataclass(frozen=True)
class Learned:
    """A batch was learned from."""

    loss: float
    """Nats a point (mean loss a point where the network predicts no density)."""
    lines: int
    rate: float
    points_per_second: float
    description: dict[str, float] = field(default_factory=dict)
    """With adaptive weight noise: "description_length" and, of it, "complexity", in nats a training line."""


@dataclass(frozen=True)
class SteppedBack:
    """A loss or gradient was not finite: the weights are the last good ones again, the rate is halved."""

    rate_factor: float
    after_validation: bool = False
    """Whether it was that of the validation lines, which a ``Validated`` before has told."""


@dataclass(frozen=True)
class Validated:
    """The validation lines were measured."""

    record: dict[str, Any]
    is_best: bool


@dataclass(frozen=True)
class Stopped:
    """The run is at its end."""

    reason: str
    """"epochs", "batches", "time", "patience" or "interrupted"."""


Event = Learned | SteppedBack | Validated | Stopped


class Run:
    """One training run over the lines of a stroke file."""

    def __init__(
        self,
        learner: Learner,
        training: Lines,
        validation: Lines | None,
        position: Position,
        terms: Terms,
        rehearsed: Lines | None = None,
        mean: Weights | None = None,
    ) -> None:
        """Begin, or go on, at ``position``; the lines have their scale.

        ``rehearsed``: lines that the model wrote, some of which stand in every batch.  ``mean``: of the weights
        so far, where a run goes on that had one.
        """
        self.learner, self.training, self.validation, self.position = learner, training, validation, position
        self._rehearsed = rehearsed
        self.config: Config = learner.config
        self.batches_an_epoch = math.ceil(len(training) / self.config.training.batch)
        self.batches_in_all = self.batches_an_epoch * self.config.training.epochs
        self.terms = terms
        self._failures = 0
        self._last: Batch | None = None
        self._average = Average(learner, self.config.tuning.average, mean)
        self._good = self._candidate = self._snapshot()

    def events(self, limits: Limits) -> Iterator[Event]:
        """Train until the end of the last epoch or one of the ``limits``, telling what happens.

        Raises
        ------
        Diverged: the loss stays infinite or not a number whatever the learning rate.
        WorkerLost: another worker of the run is gone.
        """
        began = time.monotonic()
        earlier = self.position.seconds
        if self._misses_validation():
            yield from self._validation()
        for batch in self._batches():
            if reason := self._reason_to_stop(limits, time.monotonic() - began):
                yield Stopped(reason)
                return
            learned = self._learn(batch)
            self.position.seconds = earlier + time.monotonic() - began
            yield learned
            if self._validation_due():
                yield from self._validation()
        yield Stopped("epochs")

    def _validation(self) -> Iterator[Event]:
        validated = self._validate()
        yield validated
        if validated.record["validation_loss"] is None:
            yield replace(self._step_back(), after_validation=True)

    def validate(self) -> Validated | None:
        """Measure once more, for a run that ends between two validations; None when there is nothing new.

        The position stays as it is: a run that goes on from here is the run that never stopped.
        """
        position = self.position
        if self.validation is None or (
            position.history and position.history[-1].get("batch") == position.batches
        ):
            return None
        return Validated(*self._measured())

    def model(self, measured: dict[str, Any] | None = None) -> Model:
        """Return the network as it is now, ``measured`` last if that is not in its history yet."""
        history = [*self.position.history, *([measured] if measured else [])]
        return Model(
            self.config,
            self.training.scale,
            self._average.weights(),
            history,
            self.terms.licence,
            self.position.seed,
            self.terms.made,
            self.terms.height,
        )

    def checkpoint(self) -> Checkpoint:
        """Return all that ``resume_run`` needs; weights that give no finite loss are never in it."""
        if not self._is_sound():
            self._go_back()
        fingerprint = run_fingerprint(self.training, self.validation)
        weights, slots, mean = self._snapshot()
        return Checkpoint(
            self.config,
            self.training.scale,
            weights,
            slots,
            self.position,
            fingerprint,
            self.learner.parts * self.learner.devices.replicas,
            self.terms,
            self.learner.base,
            mean,
        )

    def _snapshot(self) -> Snapshot:
        return self.learner.current_weights(), self.learner.slots(), self._average.kept()

    def _is_sound(self) -> bool:
        """Return whether the weights, as they are after the last change, are finite and give a finite loss."""
        if not all(map(_are_finite, (self.learner.current_weights(), self._average.kept()))):
            return False
        if self.learner.devices.workers > 1:  # the others do not measure now
            return True
        return self._last is None or self.learner.measure([self._last]).finite

    def _go_back(self) -> None:
        """Go back to the last weights that are known to give a finite loss, and to their mean."""
        weights, slots, mean = self._good
        self.learner.restore(weights, slots)
        self._average.restore(mean)
        self._candidate = self._good
        self._last = None

    def _keep_good(self) -> None:
        """Take note of good weights now and then: those from which a later batch had a finite loss."""
        if self.position.batches % SNAPSHOT_EVERY == 0:
            self._good, self._candidate = self._candidate, self._snapshot()

    def _batches(self) -> Iterator[Batch]:
        """Yield the batches that are left, epoch by epoch; their order depends on seed and epoch alone."""
        while self.position.batches < self.batches_in_all:
            epoch, done = divmod(self.position.batches, self.batches_an_epoch)
            chance = np.random.default_rng([self.position.seed, epoch])
            order = order_of_epoch(self.training.lengths, self.config.training.batch, chance)
            yield from read_ahead(partial(self._read, epoch), list(enumerate(order))[done:])

    def _read(self, epoch: int, numbered: tuple[int, NDArray[np.int64]]) -> Batch:
        """Return a numbered batch of ``epoch``, altered by chance of its own."""
        number, places = numbered
        chance = np.random.default_rng([self.position.seed, epoch, number])
        own = self.training.batch(places, lambda points, text: altered(points, text, self.config.noise, chance))
        if self._rehearsed is None:
            return own
        tuning, there = self.config.tuning, len(self._rehearsed)
        chosen = chance.choice(there, min(round(tuning.rehearsal * len(places)), there), replace=False)
        if not len(chosen):
            return own
        return side_by_side([own, self._rehearsed.batch(chosen, lead=tuning.lead)])

    def _learn(self, batch: Batch) -> Learned | SteppedBack:
        position = self.position
        started = time.monotonic()
        rate = self._rate()
        tally = self.learner.learn(batch, rate, (position.seed % 2**31, position.batches))
        position.batches += 1
        if not tally.finite:
            return self._step_back()
        self._failures, self._last = 0, batch
        self._average.take()
        self._keep_good()
        position.points += tally.points
        position.loss += tally.loss
        position.loss_points += tally.points
        speed = tally.points / (time.monotonic() - started)
        loss = tally.loss / max(tally.points, 1)
        return Learned(loss, len(batch.lengths), rate, speed, self._description(loss))

    def _description(self, loss: float) -> dict[str, float]:
        """Return what it takes to tell the training lines at ``loss`` nats a point, and the weights, a line.

        Empty where the weights' part, the complexity, is not reckoned (Graves 2011, section 4).
        """
        complexity, lines = self.learner.complexity(), len(self.training)
        if complexity is None:
            return {}
        error = loss * self.training.predictions / lines
        return {"description_length": error + complexity / lines, "complexity": complexity / lines}

    def _step_back(self) -> SteppedBack:
        self._failures += 1
        self.position.rate_factor /= 2
        self._go_back()
        if self._failures >= STEPS_BACK_LIMIT:
            raise Diverged(
                f"the loss is infinite or not a number {self._failures} times in a row, from the last good "
                "weights too: try a lower --set optimiser.rate, or --set optimiser.clip_norm"
            )
        return SteppedBack(self.position.rate_factor)

    def _rate(self) -> float:
        """Return the learning rate of the next batch: warmed up, on its schedule, and what steps back left."""
        options, done = self.config.optimiser, self.position.batches
        rate = options.rate * self.position.rate_factor * min(1.0, (done + 1) / max(options.warmup, 1))
        if options.schedule == "cosine":
            fall = (1 + math.cos(math.pi * done / self.batches_in_all)) / 2
            rate *= options.final_rate + (1 - options.final_rate) * fall
        return rate

    def _reason_to_stop(self, limits: Limits, seconds: float) -> str | None:
        """Return why the run stops, None when it goes on; all workers of a run agree on it."""
        if 0 < self.config.training.patience <= self.position.stale:
            return "patience"
        reasons = {
            "interrupted": limits.interrupted(),
            "batches": limits.batches is not None and self.position.batches >= limits.batches,
            "time": limits.seconds is not None and seconds >= limits.seconds,
        }
        workers = self.learner.devices.workers
        asked = self.learner.devices.sum_of_workers(
            sum((workers + 1) ** place for place, applies in enumerate(reasons.values()) if applies)
        )
        counts = [asked // (workers + 1) ** place % (workers + 1) for place in range(len(reasons))]
        return next((reason for reason, count in zip(reasons, counts, strict=True) if count), None)

    def _validation_due(self) -> bool:
        every = self.config.training.validate_every or self.batches_an_epoch
        return self.validation is not None and self.position.batches % every == 0

    def _misses_validation(self) -> bool:
        """Return whether one is due and has not been: at the very beginning, or where the run was killed."""
        position = self.position
        due = self._validation_due() if position.batches else self.config.training.validate_first
        is_done = bool(position.history) and position.history[-1].get("batch") == position.batches
        return self.validation is not None and due and not is_done

    def _validate(self) -> Validated:
        position = self.position
        record, is_best = self._measured()
        position.loss, position.loss_points = 0.0, 0
        position.stale = 0 if is_best else position.stale + 1
        if is_best:
            position.best = record["validation_loss"]
        position.history.append(record)
        return Validated(record, is_best)

    def _measured(self) -> tuple[dict[str, Any], bool]:
        """Return the record of a validation, and whether it is the best.

        Its losses are None where they, or the weights, are not finite: no file of such weights can be read.
        """
        position, lines = self.position, self.validation
        assert lines is not None
        order = order_by_length(lines.lengths, VALIDATION_BATCH)
        with self._average.in_place():
            tally = self.learner.measure(read_ahead(lines.batch, order))
        loss = tally.loss / max(tally.points, 1)
        is_finite = tally.finite and _are_finite(self._average.weights())
        is_best = is_finite and (position.best is None or loss < position.best)
        learned = position.loss / position.loss_points if position.loss_points else None
        return {
            "batch": position.batches,
            "epoch": round(position.batches / self.batches_an_epoch, 3),
            "points": position.points,
            "seconds": round(position.seconds, 1),
            "training_loss": learned,
            "validation_loss": loss if is_finite else None,
            "validation_loss_line": tally.loss / len(lines) if is_finite else None,
            **({} if learned is None else self._description(learned)),
        }, is_best


def _are_finite(weights: Weights) -> bool:
    return all(np.isfinite(array).all() for array in weights.values())


def run_fingerprint(training: Lines, validation: Lines | None) -> str:
    """Return a hash of the lines of a run."""
    return training.fingerprint() + (validation.fingerprint() if validation else "")
