"""``hw info`` as it is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwcli.ink.offsets import OffsetMoments, Scale
from hwcli.ink.reading import open_ink
from hwcli.model.config import Config
from hwcli.model.file import Model, weight_count, weight_shapes, write_model

SMALL = Config().updated({"network": {"layers": 1, "units": 4, "mixtures": 2}})


def facts(run_hw: Callable[..., Any], *arguments: object, **options: Any) -> dict[str, Any]:
    found = json.loads(run_hw("info", "--json", *arguments, **options).out)
    assert isinstance(found, dict)
    return found


def test_strokes(run_hw: Callable[..., Any], ink_h5: Path) -> None:
    found = facts(run_hw, ink_h5)
    moments, points, strokes = OffsetMoments(), 0, 0
    with open_ink(ink_h5) as ink:
        for drawing in ink:
            moments.add(drawing.points)
            points += len(drawing)
            strokes += sum(1 for _ in drawing.strokes())
    assert (found["kind"], found["drawings"], found["points"], found["strokes"]) == (
        "strokes",
        24,
        points,
        strokes,
    )
    np.testing.assert_allclose(found["offsets"]["mean"], moments.scale().mean)
    np.testing.assert_allclose(found["offsets"]["sd"], moments.scale().sd)
    assert found["texts"] == 24
    assert "ingest" in found["history"][0]


def test_it_is_the_same_from_a_pipe_and_for_points(
    run_hw: Callable[..., Any], ink_h5: Path, ink_jsonl: Path
) -> None:
    kept = ("drawings", "points", "strokes", "texts", "characters")
    one = facts(run_hw, ink_h5)
    for other in (
        facts(run_hw, "-", stdin=ink_h5.read_bytes()),
        facts(run_hw, "-", stdin=run_hw("export", ink_h5).out),
        facts(run_hw, "-", stdin=run_hw("export", ink_h5, "--format", "inkml").out),
    ):
        assert [other[key] for key in kept] == [one[key] for key in kept]
        for key in ("mean", "sd"):
            np.testing.assert_allclose(other["offsets"][key], one["offsets"][key])
    assert facts(run_hw, ink_jsonl)["kind"] == "points (JSON lines)"


def test_people_get_a_table(run_hw: Callable[..., Any], ink_h5: Path) -> None:
    lines = run_hw("info", ink_h5).lines
    assert any(line.split() == ["drawings", "24"] for line in lines)
    assert any(line.startswith("history") for line in lines)


def test_a_model(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(SMALL.network).items()}
    with (tmp_path / "m.h5").open("w+b") as file:
        history = [{"epoch": 1}, {"epoch": 2}]
        write_model(file, Model(SMALL, Scale((1, 2), (3, 4)), weights, history, "for research", seed=12345))
    found = facts(run_hw, tmp_path / "m.h5")
    assert found["kind"] == "model"
    assert found["network"]["units"] == 4
    assert found["weights"] == weight_count(SMALL.network)
    assert found["scale"] == {"mean": [1, 2], "sd": [3, 4]}
    assert (found["licence"], found["last_validation"]) == ("for research", {"epoch": 2})
    told = run_hw("info", tmp_path / "m.h5")
    assert "for research" in told.text
    assert ["seed", "12345"] in [line.split() for line in told.lines]  # as --seed takes it


def test_each_step_that_made_a_model_has_a_line_for_people(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(SMALL.network).items()}
    with (tmp_path / "m.h5").open("w+b") as file:
        write_model(file, Model(SMALL, Scale((0, 0), (1, 1)), weights, made=("first step", "second, and last")))
    lines = run_hw("info", tmp_path / "m.h5").lines
    place = next(number for number, line in enumerate(lines) if line.startswith("made"))
    assert lines[place].split(maxsplit=1) == ["made", "first step"]
    assert lines[place + 1].strip() == "second, and last"


def test_verbose_shows_all_the_steps_and_else_the_last(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(SMALL.network).items()}
    steps = tuple(f"step {number}" for number in range(9))
    with (tmp_path / "m.h5").open("w+b") as file:
        write_model(file, Model(SMALL, Scale((0, 0), (1, 1)), weights, made=steps))
    assert "step 0" not in run_hw("info", tmp_path / "m.h5").text
    assert "step 8" in run_hw("info", tmp_path / "m.h5").text
    told = run_hw("info", "-v", tmp_path / "m.h5").text
    assert all(step in told for step in steps)


def test_a_checkpoint(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    from hwcli.learning.checkpoint import Checkpoint, Position, write_checkpoint

    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(SMALL.network).items()}
    position = Position(seed=1, batches=7, history=[{"epoch": 3}])
    with (tmp_path / "c.h5").open("w+b") as file:
        write_checkpoint(
            file, Checkpoint(SMALL, Scale(), weights, [np.zeros(3, np.float32)], position, "lines")
        )
    found = facts(run_hw, tmp_path / "c.h5")
    assert (found["kind"], found["batches"], found["last_validation"]) == (
        "checkpoint of training",
        7,
        {"epoch": 3},
    )


def test_ink_that_does_not_move_has_no_scale(run_hw: Callable[..., Any]) -> None:
    assert facts(run_hw, "-", stdin="[1,1,1]\n")["offsets"] is None
    assert "offsets           none" in run_hw("info", "-", stdin="[1,1,1]\n").text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"rubbish", "not ink"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "HDF5"),
        (b"\x1f\x8b\x08\0", "hw ingest"),
        (b"PK\x05\x06", "not ink"),
    ],
)
def test_bad_input_is_one_clear_line(run_hw: Callable[..., Any], content: bytes, reason: str) -> None:
    done = run_hw("info", "-", stdin=content, code=1)
    assert done.err.startswith("hw: <stdin>")
    assert reason in done.err
    assert done.err.count("\n") == 1


def test_the_bundled_model_is_found_by_that_name(run_hw: Callable[..., Any]) -> None:
    found = facts(run_hw, "bundled")
    assert (found["kind"], found["weights"]) == ("model", 1_127_846)
