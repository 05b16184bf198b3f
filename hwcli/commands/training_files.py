"""The files that ``hw train`` writes: the model, or a small hand, and the checkpoint beside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Self

from hwcli import console, locks, stdio
from hwcli.errors import HwError, UsageError
from hwcli.learning.checkpoint import checkpoint_of, write_checkpoint
from hwcli.learning.run import Run
from hwcli.model.file import Model, write_model
from hwcli.model.hand import write_hand


@dataclass
class Files:
    """The files of a run.

    Attributes
    ----------
    model, log, tensorboard: where they go.
    is_resumable: whether there is a checkpoint.
    base: beside which model a small hand is written; None: a whole model is.
    """

    model: Path
    log: Path | None
    tensorboard: Path | None
    is_resumable: bool = True
    base: Model | None = None
    _told_too_large: bool = field(default=False, init=False)

    def of_fine_tuning(self, base: Model | None) -> Self:
        """Return the files of a run that takes minutes, and has no checkpoint; ``base`` as the class has it."""
        return replace(self, is_resumable=False, base=base)

    @property
    def checkpoint(self) -> Path:
        """Where the checkpoint stands: beside the model."""
        return checkpoint_of(self.model)

    @contextlib.contextmanager
    def kept(self, resume: bool, force: bool) -> Iterator[None]:
        """Keep the run's files from other runs until the block ends.

        Raises HwError when another run has them; else as ``refuse_what_is_there``.
        """
        with locks.held(self.checkpoint):
            self.refuse_what_is_there(resume, force)  # what another run that ended just now has left
            yield

    def refuse_what_is_there(self, resume: bool, force: bool) -> None:
        """Refuse to begin where nothing can be written, or where something stands that nobody said may go."""
        if str(self.model) == stdio.STREAM or (self.model.exists() and not self.model.is_file()):
            raise UsageError(f"-o {self.model}: a model needs a file of its own, with its checkpoint beside it")
        if str(self.log) == stdio.STREAM:
            raise UsageError(f"--log {self.log}: a log is a file to append to; name one (/dev/stdout is one)")
        stdio.refuse_unwritable(self.model)
        if resume:
            return
        stdio.refuse_existing(self.model, force)
        if self.checkpoint.exists() and not force:
            raise HwError(f"{self.checkpoint}: exists; --resume goes on from it, --force begins anew")

    def refuse_shared(self, strokes: str | Path, valid: str | None, start_from: str | None) -> None:
        """Refuse a model in the place of the lines, and a log in that of any other file of the run."""
        lines = [strokes, valid]
        others = [*lines, start_from, self.model, self.checkpoint]
        for option, path, taken in (("-o", self.model, lines), ("--log", self.log, others)):
            if path is not None and os.path.realpath(path) in {os.path.realpath(one) for one in taken if one}:
                raise UsageError(
                    f"{option} {path}: this run has another use for that file; name one of its own"
                )

    def write_checkpoint(self, run: Run) -> None:
        """Write the checkpoint, whole, where there is to be one."""
        if not self.is_resumable:
            return
        with stdio.open_output(self.checkpoint, binary=True, force=True) as file:
            write_checkpoint(file, run.checkpoint())

    def write_model(self, run: Run, measured: dict[str, Any] | None = None) -> None:
        """Write the model, whole; ``measured`` is a validation that is not in the run's history."""
        model = run.model(measured)
        with stdio.open_output(self.model, binary=True, force=True) as file:
            if self.base is not None:
                self._write_hand(file, model, self.base)
            elif run.terms.half:
                self._write_half(file, model)
            else:
                write_model(file, model)
        console.detail(f"{self.model}: written")

    def _write_hand(self, file: BinaryIO, model: Model, base: Model) -> None:
        try:
            write_hand(file, model, base)
        except HwError as error:
            raise HwError(f"{self.model}: {error}; without --small a whole model is written") from error

    def _write_half(self, file: BinaryIO, model: Model) -> None:
        """Write ``model`` as 16-bit numbers where these hold its weights: what a run learned is not lost."""
        try:
            write_model(file, model, "float16")
        except HwError:
            write_model(file, model)
            if not self._told_too_large:
                console.warn(f"{self.model}: has weights too large for --half, and so has 32-bit numbers")
            self._told_too_large = True

    def finish(self, run: Run) -> None:
        """See that there is a model, and tell which."""
        is_best = run.validation is not None and self.model.exists()
        if not is_best:
            self.write_model(run)
        # The file may have been taken away since the best were written, in an earlier sitting mostly.
        gone = ", as the file of the best is gone" if not is_best and run.position.best is not None else ""
        weights = "the best weights" if is_best else "the last weights"
        if is_best and _has_gained_nothing(run):
            weights += ", which are those that it began from: the lines held back gained nothing"
        console.say(f"{self.model}: {weights}{gone}{self.onward(run)}")

    def onward(self, run: Run) -> str:
        """Return how ``run`` can go on, as the end of a sentence; empty where it cannot."""
        if not self.is_resumable:
            return ""
        return f"; to go on: --resume{' --set tuning.rehearsal=0' if run.config.tuning.rehearsal else ''}"


def _has_gained_nothing(run: Run) -> bool:
    """Return whether ``run`` learned, and was never better by its validation than before it had."""
    position = run.position
    if position.best is None or not position.batches:
        return False
    best = [
        record.get("batch") for record in position.history if record.get("validation_loss") == position.best
    ]
    return best[:1] == [0]


class NoFiles(Files):
    """The files of a worker that writes none: of several workers one does, the chief."""

    def __init__(self) -> None:
        """Write nothing."""
        super().__init__(Path(os.devnull), None, None)

    def of_fine_tuning(self, base: Model | None) -> Self:
        """Return these, of a run without a checkpoint."""
        del base
        self.is_resumable = False
        return self

    @contextlib.contextmanager
    def kept(self, resume: bool, force: bool) -> Iterator[None]:
        """Keep nothing: the chief does."""
        yield

    def refuse_what_is_there(self, resume: bool, force: bool) -> None:
        """Refuse nothing."""

    def write_checkpoint(self, run: Run) -> None:
        """Write nothing."""

    def write_model(self, run: Run, measured: dict[str, Any] | None = None) -> None:
        """Write nothing."""

    def finish(self, run: Run) -> None:
        """Write nothing."""


def files_of(
    is_chief: bool, output: Path, log: Path | None, tensorboard: Path | None, resume: bool, force: bool
) -> Files:
    """Return the files that a worker writes; raises as ``Files.refuse_what_is_there``."""
    files = Files(output, log, tensorboard) if is_chief else NoFiles()
    files.refuse_what_is_there(resume, force)
    return files
