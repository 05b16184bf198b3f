"""What ``hw train`` shows while it runs and when it saves: progress, the log, validations, the end."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import BinaryIO

from hwcli import console, stdio
from hwcli.commands.training_files import Files
from hwcli.commands.training_setup import HowLong
from hwcli.errors import HwError
from hwcli.learning.batches import Lines
from hwcli.learning.board import Board
from hwcli.learning.distribution import WorkerLost
from hwcli.learning.run import Diverged, Event, Learned, Limits, Run, SteppedBack, Stopped, Validated
from hwcli.model.file import weight_count
from hwcli.wording import counted

LOG_EVERY = 5.0
"""Seconds between two records of the training loss in the log."""
ENDINGS = {
    "epochs": "finished",
    "patience": "stopped by --patience",
    "batches": "stopped by --max-batches",
    "time": "stopped by --max-time",
    "interrupted": "interrupted",
}
"""What is told of each reason for which a run ends."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Log:
    """The run's figures as JSON lines, for TensorBoard too where that is wanted."""

    def __init__(self, file: BinaryIO | None, board: Board | None) -> None:
        """Write to ``file`` and ``board``, where they are there."""
        self._file, self._board = file, board
        self._last = 0.0

    def add(self, record: Mapping[str, object], points: int) -> None:
        """Add ``record`` at once."""
        if self._file:
            self._file.write(f"{json.dumps(record)}\n".encode())
            self._file.flush()
        if self._board:
            self._board.add(record, points)

    def add_sometimes(self, record: Mapping[str, object], points: int) -> None:
        """Add ``record`` when the last such one is some seconds old."""
        if time.monotonic() - self._last >= LOG_EVERY:
            self._last = time.monotonic()
            self.add(record, points)


@contextlib.contextmanager
def open_log(files: Files) -> Iterator[Log]:
    """Open the log that ``files`` name, to append."""
    try:
        board = Board(str(files.tensorboard)) if files.tensorboard else None
    except OSError as error:
        raise HwError(f"{files.tensorboard}: {stdio.explain(error)}") from error
    if files.log is None:
        yield Log(None, board)
        return
    with stdio.open_growing(files.log, "ab") as file:
        yield Log(file, board)


class Ahead:
    """What is ahead of a run: its last batch, and how long that will take, by what its batches take now."""

    def __init__(self, run: Run, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """Look ahead to the end of the last epoch, or to that of ``limits`` which comes first, as it begins."""
        most = run.batches_in_all if limits.batches is None else limits.batches
        self._run, self.last_batch = run, min(run.batches_in_all, most)
        self._clock, self._began, self._done = clock, clock(), run.position.batches
        self._most = math.inf if limits.seconds is None else limits.seconds

    def seconds(self) -> float:
        """Return how long it will take from now on, unless it stops because nothing more is gained."""
        taken, batches = self._clock() - self._began, self._run.position.batches
        left = taken / max(batches - self._done, 1) * (self.last_batch - batches)
        return max(min(left, self._most - taken), 0.0)

    def told(self) -> str:
        """Return the same in words."""
        seconds = self.seconds()
        if seconds < 60:
            return f"{seconds:.0f} s left"
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes:02} min left" if hours else f"{minutes} min left"


class Caught:
    """The signal that asked the run to end, None so far."""

    signal: int | None = None

    def __init__(self) -> None:
        """Listen from now on, but for the signals that the caller wants ignored (``nohup``)."""
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        self._before = {number: old for number, old in handlers.items() if old is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._notice)

    def _notice(self, number: int, _frame: FrameType | None) -> None:
        self.signal = number
        self.listen_no_more()
        console.say("stops when this batch is learned and all is saved; once more ends it now")

    def listen_no_more(self) -> None:
        """Give the signals back: a second one ends the program at once."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end_as_it_asked(self) -> None:
        """End the process as the signal would have, so that a shell's loop stops too."""
        if self.signal is not None:
            signal.signal(self.signal, signal.SIG_DFL)
            os.kill(os.getpid(), self.signal)


@contextlib.contextmanager
def signals_noticed() -> Iterator[Caught]:
    """Let Ctrl-C, SIGTERM and SIGHUP end the run between two batches, when all is saved."""
    caught = Caught()
    try:
        yield caught
    finally:
        caught.listen_no_more()


def follow(run: Run, how_long: HowLong, files: Files) -> Caught:
    """Let ``run`` go on to its end, showing and saving what comes of it; return what signal ended it."""
    with signals_noticed() as caught, open_log(files) as log:
        limits = Limits(how_long.batches, how_long.seconds, lambda: caught.signal is not None)
        try:
            _follow(run, limits, files, log, how_long.save_every)
        except WorkerLost as error:
            # It was in the middle of a batch or a validation: what was saved before stands.
            raise HwError(f"{error}{files.onward(run)}") from error
    return caught


def _follow(run: Run, limits: Limits, files: Files, log: Log, save_every: float) -> None:
    _tell_begin(run)
    if not run.position.batches:
        files.write_checkpoint(run)  # from now on --resume goes on, whenever the run is killed
    saved = time.monotonic()
    ahead = Ahead(run, limits)
    with console.progress("train", ahead.last_batch, tells_time=True) as show:
        try:
            for event in run.events(limits):
                _take(event, run, files, log, show, ahead)
                if time.monotonic() - saved >= save_every:
                    files.write_checkpoint(run)
                    saved = time.monotonic()
        except WorkerLost:
            raise
        except Diverged as error:
            files.write_checkpoint(run)
            raise HwError(f"{error}{files.onward(run)}") from error
        except (HwError, OSError):  # the log cannot be written, say
            files.write_checkpoint(run)
            raise
        _finish(run, files, log)


def _tell_begin(run: Run) -> None:
    lines, validation = run.training, run.validation
    points = int(lines.lengths.sum())
    held = f", {len(validation)} to validate on" if validation else ", none to validate on"
    console.say(
        f"{weight_count(run.config.network):,} weights; {counted(len(lines), 'lines')}, {points:,} points{held}"
    )
    if lines.too_many:
        most = run.config.data.max_lines
        console.warn(f"{counted(lines.too_many, 'lines')} left out: data.max_lines is {most:,}")
    if lines.again:
        console.say(f"{counted(lines.again, 'lines')} of these come again, for their rare characters")
    _tell_altered(lines, "", "learned")
    if validation:
        _tell_altered(validation, " to validate on", "measured")
    if run.position.batches:
        console.say(f"goes on after batch {run.position.batches:,} of {run.batches_in_all:,}")


def _tell_altered(lines: Lines, use: str, done: str) -> None:
    """Warn of ``lines`` that are not used as they are.

    The words ``use`` and ``done`` go into the warnings: what the lines are for, and what is done with them.
    """
    if lines.cut_count:
        console.warn(f"{counted(lines.cut_count, 'lines')}{use} longer than data.max_points, and cut to it")
    if lines.too_short:
        console.warn(f"{counted(lines.too_short, 'drawings')}{use} of fewer than 3 points left out")
    if untexted := lines.untexted_count:
        console.warn(
            f"{counted(untexted, 'lines')}{use} without a text, or with characters that the network lacks"
            f" (network.characters): {done} as if it were unknown"
        )


def _take(event: Event, run: Run, files: Files, log: Log, show: console.Progress, ahead: Ahead) -> None:
    """Show and log one event, and save where it calls for it."""
    position = run.position
    epoch = position.batches / run.batches_an_epoch
    if isinstance(event, Learned):
        note = f"epoch {epoch:.2f}  loss {event.loss:.3f} a point  {event.points_per_second:,.0f} points/s"
        if event.description:
            note += f"  {event.description['description_length']:.1f} nats to describe a line"
        show(position.batches, f"{note}  {ahead.told()}")
        record = {"batch": position.batches, "epoch": round(epoch, 3), "loss": round(event.loss, 5)}
        record |= {name: round(value, 3) for name, value in event.description.items()}
        speed = {"rate": event.rate, "points_per_second": round(event.points_per_second)}
        log.add_sometimes(record | speed | {"seconds": round(position.seconds, 1)}, position.points)
    elif isinstance(event, SteppedBack):
        why = "" if event.after_validation else "the loss or its gradient is not finite; "
        console.warn(
            f"batch {position.batches}: {why}back to the last good weights, "
            f"with {event.rate_factor:g} of the learning rate that was asked for"
        )
        log.add({"batch": position.batches, "stepped_back": event.rate_factor}, position.points)
    elif isinstance(event, Validated):
        _take_validation(event, run, files, log)
    elif isinstance(event, Stopped):
        console.say(
            f"{ENDINGS[event.reason]} after {counted(position.batches, 'batches')}, {position.points:,} points"
        )


def _take_validation(event: Validated, run: Run, files: Files, log: Log) -> None:
    _tell_validation(event)
    log.add({"validation": True, **event.record}, run.position.points)
    if event.is_best:
        files.write_model(run)
    files.write_checkpoint(run)


def _tell_validation(event: Validated) -> None:
    record = event.record
    best = ", the best so far" if event.is_best else ""
    learned = record["training_loss"]
    training = "" if learned is None else f"; training {learned:.4f} a point"
    if "description_length" in record:
        training += (
            f"; description length {record['description_length']:.1f} a line, "
            f"{record['complexity']:.1f} of it the weights"
        )
    if record["validation_loss"] is None:
        console.warn(f"epoch {record['epoch']:.2f}: the validation loss or the weights are not finite")
        return
    console.say(
        f"epoch {record['epoch']:.2f}: validation {record['validation_loss']:.4f} a point, "
        f"{record['validation_loss_line']:.1f} a line{best}{training}"
    )


def _finish(run: Run, files: Files, log: Log) -> None:
    """Save the run as it is, measure it once more, and see that there is a model."""
    files.write_checkpoint(run)
    if last := run.validate():
        _tell_validation(last)
        log.add({"validation": True, **last.record}, run.position.points)
        if last.is_best:
            files.write_model(run, last.record)
    files.finish(run)
