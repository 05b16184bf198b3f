"""What ``hw train`` tells while it runs and when it ends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.commands.training_output import Ahead, Files, follow
from hwcli.commands.training_setup import HowLong
from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.beginning import Validation, begin_run
from hwcli.learning.checkpoint import Terms
from hwcli.learning.run import Limits, Run
from hwcli.model.config import Config


def ahead(limits: Limits, batches: int = 100, seconds: float = 1000.0) -> Ahead:
    """Return what is ahead of a run of 1,000 batches that was resumed after 50, ``seconds`` ago."""
    run, times = (
        SimpleNamespace(batches_in_all=1000, position=SimpleNamespace(batches=50)),
        iter((7.0, 7.0 + seconds)),
    )
    found = Ahead(run, limits, times.__next__)  # type: ignore[arg-type]
    run.position.batches = batches
    return found


@pytest.mark.parametrize(
    ("limits", "last", "told"),
    [
        (Limits(), 1000, "5 h 00 min left"),
        (Limits(batches=5000), 1000, "5 h 00 min left"),
        (Limits(batches=130), 130, "10 min left"),
        (Limits(batches=102), 102, "40 s left"),
        (Limits(batches=50), 50, "0 s left"),
        (Limits(batches=130, seconds=8200), 130, "10 min left"),
        (Limits(seconds=8200), 1000, "2 h 00 min left"),
        (Limits(seconds=0), 1000, "0 s left"),
    ],
)
def test_the_time_left_is_that_to_the_first_of_all_ends(limits: Limits, last: int, told: str) -> None:
    assert (ahead(limits).last_batch, ahead(limits).told()) == (last, told)


def test_the_first_batch_tells_already() -> None:
    assert ahead(Limits(), batches=51, seconds=1.0).told() == "16 min left"


STILL = Config().updated(
    {
        "network": {"layers": 1, "units": 4, "mixtures": 1},
        "optimiser": {"rate": 0.0},
        "training": {"batch": 4, "validate_every": 1, "precision": "float32"},
    }
)
"""It learns nothing, and so the first validation stays the best."""


@pytest.fixture
def run(made_drawings: list[Drawing]) -> Iterator[Run]:
    """A run that has not begun."""
    file = io.BytesIO()
    with StrokesWriter(file, []) as writer:
        for drawing in made_drawings[:8]:
            writer.add(drawing)
    with StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5") as reader:
        yield begin_run(reader, Validation(share=0.2), STILL, None, 5, 1, Terms())


def to_batch(run: Run, batches: int, model: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Let ``run`` go on to the end of so many ``batches``; return what is told."""
    follow(run, HowLong(None, batches, 1e6), Files(model, None, None))
    return capsys.readouterr().err


def test_the_last_weights_are_not_called_the_best_where_the_file_of_those_is_gone(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.h5"
    assert "m.h5: the best weights; to go on" in to_batch(run, 1, model, capsys)
    model.unlink()
    told = to_batch(run, 2, model, capsys)
    assert "m.h5: the last weights, as the file of the best is gone; to go on" in told
    assert model.exists()


def test_a_step_back_after_a_validation_names_the_loss_that_was_not_finite(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.validation is not None
    good = run.validation.batch

    def poisoned(*places: Any) -> Any:
        batch = good(*places)
        return batch._replace(rows=batch.rows + np.float32(np.nan))

    run.validation.batch = poisoned  # type: ignore[method-assign]
    told = to_batch(run, 1, tmp_path / "m.h5", capsys)
    assert "the validation loss is not finite" in told
    assert "batch 1: back to the last good weights, with 0.5 of" in told
    assert "gradient" not in told
    assert "m.h5: the last weights; to go on" in told
