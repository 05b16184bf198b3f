"""What ``hw train`` tells while it runs and when it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.commands.training_files import Files
from hwcli.commands.training_output import Ahead, follow
from hwcli.commands.training_setup import Beginning, HowLong, opened_run
from hwcli.errors import HwError
from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.beginning import Validation, begin_run
from hwcli.learning.checkpoint import Terms, read_checkpoint
from hwcli.learning.distribution import WorkerLost
from hwcli.learning.run import Limits, Run
from hwcli.model.config import Config
from hwcli.model.file import read_model


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


def strokes_of(drawings: list[Drawing]) -> StrokesReader:
    """Return a stroke file of ``drawings``, open."""
    file = io.BytesIO()
    with StrokesWriter(file, []) as writer:
        for drawing in drawings:
            writer.add(drawing)
    return StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5")


@pytest.fixture
def run(made_drawings: list[Drawing]) -> Iterator[Run]:
    """A run that has not begun."""
    with strokes_of(made_drawings[:8]) as reader:
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


def test_a_run_that_gained_nothing_says_so(
    made_drawings: list[Drawing], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = STILL.updated({"training": {"validate_first": True}})
    with strokes_of(made_drawings[:8]) as reader:
        run = begin_run(reader, Validation(share=0.2), config, None, 5, 1, Terms())
        assert "m.h5: the best weights; to go on" in to_batch(run, 0, tmp_path / "m.h5", capsys)
        told = to_batch(run, 1, tmp_path / "m.h5", capsys)
    assert (
        "m.h5: the best weights, which are those that it began from: the lines held back gained nothing" in told
    )


@pytest.mark.parametrize("step", [0.0, 0.5])
def test_what_is_not_learned_from_is_told_whatever_is_done_to_the_lines(
    made_drawings: list[Drawing], step: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    point = replace(made_drawings[0], points=made_drawings[0].points[-1:], time=None, pressure=None)
    config = STILL.updated({"data": {"step": step, "max_lines": 5}})
    with strokes_of([*made_drawings[:8], point, point]) as reader:
        run = begin_run(reader, Validation(share=0.2), config, None, 5, 1, Terms())
        told = to_batch(run, 0, tmp_path / "m.h5", capsys)
    assert "5 lines" in told
    assert "2 drawings of fewer than 3 points left out" in told
    assert "1 line left out: data.max_lines is 5" in told


@pytest.mark.parametrize(("window", "lacking"), [(0, 0), (2, 2)])
def test_texts_that_the_network_cannot_read_are_told_where_it_reads_any(
    made_drawings: list[Drawing], window: int, lacking: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = ["an", "", "ba", "b\N{LATIN SMALL LETTER A WITH DIAERESIS}", "na"]
    drawings = [replace(drawing, text=text) for drawing, text in zip(made_drawings, texts, strict=False)]
    config = STILL.updated({"network": {"window": window, "characters": "abn"}})
    with strokes_of(drawings) as reader:
        run = begin_run(reader, Validation(), config, None, 5, 1, Terms())
        told = to_batch(run, 0, tmp_path / "m.h5", capsys)
    assert f"{lacking} lines without a text, or with characters that the network lacks" in told or not lacking
    assert ("without a text" in told) == bool(lacking)


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
    assert "the validation loss or the weights are not finite" in told
    assert "batch 1: back to the last good weights, with 0.5 of" in told
    assert "gradient" not in told
    assert "m.h5: the last weights; to go on" in told


def test_a_log_that_cannot_be_written_is_named_and_costs_no_batch(run: Run, tmp_path: Path) -> None:
    files = Files(tmp_path / "m.h5", Path("/dev/full"), None)
    with pytest.raises(HwError, match=r"^/dev/full: No space left on device$"):
        follow(run, HowLong(None, 1, 1e6), files)
    with files.checkpoint.open("rb") as file:
        assert read_checkpoint(file, "m.checkpoint.h5").position.batches == 1


@pytest.mark.parametrize("option", ["log", "tensorboard"])
def test_what_cannot_be_written_beside_is_told_plainly_before_a_checkpoint_is(
    run: Run, tmp_path: Path, option: str
) -> None:
    (tmp_path / "plain").touch()
    files = replace(Files(tmp_path / "m.h5", None, None), **{option: tmp_path / "plain" / "x"})
    with pytest.raises(HwError, match=r"/plain/x: Not a directory$"):
        follow(run, HowLong(None, 1, 1e6), files)
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


def test_a_log_is_added_to(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "run.log"
    log.write_text('{"earlier": 1}\n')
    follow(run, HowLong(None, 1, 1e6), Files(tmp_path / "m.h5", log, None))
    capsys.readouterr()
    assert [min(json.loads(line)) for line in log.read_text().splitlines()][:2] == ["earlier", "batch"]


def rehearsing(run: Run) -> Run:
    """Return a run over the lines of ``run`` that rehearses them too."""
    reader, config = run.training.reader, STILL.updated({"tuning": {"rehearsal": 0.5}})
    return begin_run(reader, Validation(share=0.2), config, None, 5, 1, Terms(), None, reader)


def test_how_to_go_on_is_a_way_that_is_not_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert to_batch(run, 1, tmp_path / "m.h5", capsys).endswith("to go on: --resume\n")
    told = to_batch(rehearsing(run), 1, tmp_path / "n.h5", capsys)
    assert told.endswith("to go on: --resume --set tuning.rehearsal=0\n")


@pytest.mark.parametrize("moment", ["events", "validate"])
def test_a_worker_that_is_lost_in_a_batch_or_at_the_very_end_costs_nothing_that_was_saved(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def lose(*_: Any) -> Any:
        raise WorkerLost("another worker is gone")

    monkeypatch.setattr(run, moment, lose)
    files = Files(tmp_path / "m.h5", None, None)
    with pytest.raises(HwError, match=r"^another worker is gone; to go on: --resume$"):
        follow(run, HowLong(None, 1, 1e6), files)
    assert files.checkpoint.exists()


@pytest.mark.parametrize("is_resumable", [True, False])
def test_a_run_that_gives_up_says_how_to_go_on_where_it_can(
    run: Run, tmp_path: Path, is_resumable: bool
) -> None:
    run = rehearsing(run)
    read = run.training.batch

    def poisoned(*given: Any) -> Any:
        batch = read(*given)
        return batch._replace(rows=batch.rows + np.float32(np.inf))

    run.training.batch = poisoned  # type: ignore[method-assign]
    files = Files(tmp_path / "m.h5", None, None, is_resumable)
    with pytest.raises(HwError, match=r"optimiser\.clip_norm") as caught:
        follow(run, HowLong(None, None, 1e6), files)
    assert str(caught.value).endswith("--resume --set tuning.rehearsal=0") == is_resumable
    assert ("--resume" in str(caught.value)) == is_resumable


def test_weights_too_large_for_16_bits_are_written_in_32_with_one_warning(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.terms.half, model = True, tmp_path / "m.h5"
    bias = run.learner.weights["lstm_0/bias"]
    large = bias.numpy()
    large[-4:] = 7e4  # the output gates are wide open
    bias.assign(large)
    files = Files(model, None, None)
    files.write_model(run)
    files.write_model(run)
    assert capsys.readouterr().err.count("m.h5: has weights too large for --half") == 1
    with model.open("rb") as file:
        np.testing.assert_array_equal(read_model(file, "m.h5").weights["lstm_0/bias"], large)


def test_a_small_hand_that_cannot_be_written_names_the_file_and_what_can(run: Run, tmp_path: Path) -> None:
    base = run.model()
    large = {name: array + np.float32(1e6) for name, array in base.weights.items()}
    base = replace(base, weights=large)
    run.config = STILL.updated({"tuning": {"rank": 1}})
    with pytest.raises(HwError, match=r"m\.h5: not written: .*; without --small a whole model"):
        Files(tmp_path / "m.h5", None, None, base=base).write_model(run)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("has_mean", [True, False])
def test_a_mean_that_begins_anew_is_told(run: Run, has_mean: bool, capsys: pytest.CaptureFixture[str]) -> None:
    reader, config = run.training.reader, STILL.updated({"tuning": {"average": 0.5}})
    checkpoint = begin_run(reader, Validation(share=0.2), config, None, 5, 1, Terms()).checkpoint()
    if not has_mean:  # as in those that were written before it was kept
        checkpoint.mean = {}
    begun = Beginning(checkpoint=checkpoint)
    with opened_run(reader, "0.2", config, begun, 0, 1, Terms(), None):  # type: ignore[arg-type]
        assert ("lacks the mean of the weights" in capsys.readouterr().err) != has_mean
