"""Files of format version 1, as the first release wrote them: every later version reads them.

They are never made again.  A new version of a format gets files of its own beside them, made as ``make`` below
made these (``python tests/project/test_version_1.py DIRECTORY``).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from conftest import ROOT, RunHw, drawings, hw_environment

from hwcli.collecting.notebook import open_notebook
from hwcli.ink import Drawing
from hwcli.ink.jsonl import DrawingWriter, read_drawings
from hwcli.ink.strokes_file import StrokesReader
from hwcli.learning import checkpoint as checkpoints
from hwcli.model.file import read_model

GOLDEN = Path(__file__).with_name("golden") / "version-1"
STROKES = ["strokes.h5", "points.jsonl"]
HDF5 = ["strokes.h5", "model.h5", "model.checkpoint.h5", "hand.h5"]


def expected() -> dict[str, Any]:
    """Return what the files hold, as it was read when they were made."""
    told: dict[str, Any] = json.loads((GOLDEN / "expected.json").read_text())
    return told


def digest(array: np.ndarray | None) -> str | None:
    """Return a hash of the numbers of ``array``."""
    return None if array is None else hashlib.sha256(array.astype("<f4").tobytes()).hexdigest()


def told_of(drawing: Drawing) -> dict[str, Any]:
    """Return all of ``drawing``, for comparison."""
    return {
        "id": drawing.id, "text": drawing.text, "writer": drawing.writer, "extra": dict(drawing.extra),
        "points": [len(drawing), digest(drawing.points)],
        "time": digest(drawing.time), "pressure": digest(drawing.pressure),
    }  # fmt: skip


def ink_of(path: Path) -> list[dict[str, Any]]:
    """Return the drawings of the strokes or points file ``path``."""
    with path.open("rb") as file:
        if path.suffix == ".h5":
            with StrokesReader(file, path.name) as reader:
                return [told_of(drawing) for drawing in reader]
        return [told_of(drawing) for drawing in read_drawings(file, path.name)]


@pytest.mark.parametrize("name", [*STROKES, "notebook.jsonl"])
def test_ink_is_read_as_it_was(name: str) -> None:
    assert ink_of(GOLDEN / name) == expected()[name]


@pytest.mark.parametrize("name", STROKES)
def test_ink_can_be_drawn_exported_and_ingested(run_hw: RunHw, tmp_path: Path, name: str) -> None:
    assert run_hw("render", GOLDEN / name).out.count(b"<svg") == 1
    run_hw("export", GOLDEN / name, "-o", tmp_path / "out.jsonl")
    run_hw("ingest", "--no-clean", tmp_path / "out.jsonl", "-o", tmp_path / "out.h5")
    assert ink_of(tmp_path / "out.h5") == expected()[name]


def test_a_model_predicts_what_it_predicted(run_hw: RunHw) -> None:
    figures = json.loads(run_hw("eval", "-m", GOLDEN / "model.h5", GOLDEN / "strokes.h5", "--json").out)
    assert figures["nats_line"] == pytest.approx(expected()["nats_line"], rel=1e-4)
    with (GOLDEN / "model.h5").open("rb") as file:
        model = read_model(file, "model.h5")
    assert (model.licence, model.seed, len(model.history)) == ("made-up ink, free", 3, 2)


def test_a_model_writes(run_hw: RunHw) -> None:
    points = run_hw("sample", "-m", GOLDEN / "model.h5", "--points", 40, "--seed", 1, "an old hand").lines
    assert json.loads(points[0])["text"] == "an old hand"
    assert len(points) > 5


def test_a_small_hand_writes_beside_the_model_that_it_was_made_of(run_hw: RunHw) -> None:
    """A bundled model that hands were made of stays in ``hwcli/model/bundled``, whatever comes beside it."""
    hand = GOLDEN / "hand.h5"
    facts = json.loads(run_hw("info", "--json", hand).out)
    assert (facts["kind"], facts["licence"]) == ("hand, beside the bundled model", "mine, free")
    read, before = hand_told(hand), expected()["hand"]
    assert read.pop("weights") == pytest.approx(before.pop("weights"), rel=1e-5)
    assert read == before
    written = run_hw("sample", "-m", hand, "--seed", 1, "an old hand").lines
    assert json.loads(written[0])["text"] == "an old hand"
    assert len(written) > 50


def test_a_checkpoint_is_read_as_it_was() -> None:
    with (GOLDEN / "model.checkpoint.h5").open("rb") as file:
        read = checkpoints.read_checkpoint(file, "model.checkpoint.h5")
    assert checkpoint_told(read) == expected()["checkpoint"]


def checkpoint_told(read: checkpoints.Checkpoint) -> dict[str, Any]:
    """Return what there is in a checkpoint, for comparison."""
    return {
        "weights": {name: digest(array) for name, array in read.weights.items()},
        "slots": [digest(array) for array in read.slots],
        "batches": read.position.batches, "seed": read.position.seed, "best": read.position.best,
        "licence": read.terms.licence, "units": read.config.network.units,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="training needs TensorFlow")
def test_training_goes_on_from_a_checkpoint(run_hw: RunHw, tmp_path: Path) -> None:
    for name in ("model.h5", "model.checkpoint.h5"):
        shutil.copy(GOLDEN / name, tmp_path)
    run_hw(
        "train",
        GOLDEN / "strokes.h5",
        "--valid",
        0.2,
        "--resume",
        "-o",
        tmp_path / "model.h5",
        "--max-batches",
        8,
    )
    with (tmp_path / "model.checkpoint.h5").open("rb") as file:
        assert checkpoints.read_checkpoint(file, "model.checkpoint.h5").position.batches == 8


def test_a_notebook_goes_on_where_it_was(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "notebook.jsonl", tmp_path)
    with open_notebook(tmp_path / "notebook.jsonl") as (notebook, kept):
        assert kept.texts == {"mine-0002": "the second line", "mine-0003": "the first line"}
        assert (kept.highest, kept.torn, len(kept.keys)) == (3, 0, 3)
        notebook.append(Drawing(drawings(1)[0].points, id="mine-0004", text="one more"))


def test_a_list_of_images_still_says_what_it_said(run_hw: RunHw, tmp_path: Path) -> None:
    run_hw("render", GOLDEN / "points.jsonl", "--out-dir", tmp_path, "--format", "svg")
    for line, before in zip(
        (tmp_path / "manifest.jsonl").read_text().splitlines(),
        (GOLDEN / "manifest.jsonl").read_text().splitlines(),
        strict=True,
    ):
        now, then = json.loads(line), json.loads(before)
        assert {key: now[key] for key in then if not key.endswith("_mm")} == {
            key: value for key, value in then.items() if not key.endswith("_mm")
        }
        assert now.keys() >= then.keys()


def test_a_configuration_is_taken(run_hw: RunHw) -> None:
    assert "units = 6" in run_hw("train", "--config", GOLDEN / "config.toml", "--dump-config").text


@pytest.mark.parametrize("name", [*HDF5, "points.jsonl"])
def test_a_newer_file_is_refused_with_what_to_do(run_hw: RunHw, tmp_path: Path, name: str) -> None:
    newer = tmp_path / name
    shutil.copy(GOLDEN / name, newer)
    if name in HDF5:
        with h5py.File(newer, "r+") as root:
            root.attrs["format_version"] = 2
    else:
        newer.write_text(newer.read_text().replace('"version":1', '"version":2'))
    said = run_hw("info", newer, code=1).err
    assert said.startswith(f"hw: {newer}")
    assert said.count("\n") == 1
    assert "is newer than this program's" in said
    assert "update hw" in said


# --- how they were made ------------------------------------------------------------------------------------


def make(folder: Path) -> None:
    """Write the files into ``folder``."""
    folder.mkdir(parents=True)
    make_hand(folder)
    with (folder / "points.jsonl").open("wb") as file:
        writer = DrawingWriter(file)
        for number, drawing in enumerate(drawings(6)):
            writer.write(_with_channels(drawing, number))
    hw(folder, "ingest", "--no-clean", "points.jsonl", "-o", "strokes.h5")
    hw(folder, "train", "--preset", "compact", *TINY, "--dump-config", into="config.toml")
    hw(
        folder, "train", "strokes.h5", "--config", "config.toml", "--valid", "0.2", "--seed", "3", "--licence",
        "made-up ink, free", "-o", "model.h5", "--max-batches", "6",
    )  # fmt: skip
    with open_notebook(folder / "notebook.jsonl") as (notebook, _):
        for drawing in _notes():
            notebook.append(drawing)
    hw(folder, "render", "points.jsonl", "--out-dir", "images", "--format", "svg")
    (folder / "images" / "manifest.jsonl").rename(folder / "manifest.jsonl")
    shutil.rmtree(folder / "images")
    with (folder / "model.checkpoint.h5").open("rb") as opened:
        checkpoint = checkpoint_told(checkpoints.read_checkpoint(opened, "model.checkpoint.h5"))
    hw(folder, "eval", "-m", "model.h5", "strokes.h5", "--json", into="eval.json")
    told = {name: ink_of(folder / name) for name in (*STROKES, "notebook.jsonl")}
    told |= {"hand": hand_told(folder / "hand.h5"), "checkpoint": checkpoint}
    told |= {"nats_line": json.loads((folder / "eval.json").read_text())["nats_line"]}
    (folder / "eval.json").unlink()
    (folder / "expected.json").write_text(json.dumps(told, indent=1) + "\n")


def make_hand(folder: Path) -> None:
    """Write a small hand of ink that the bundled model wrote."""
    (folder / "texts").write_text("".join(f"{line}\n" for line in WRITTEN))
    hw(folder, "sample", "--text-file", "texts", "--seed", "5", "--style", "ann", "-o", "mine.jsonl")
    hw(folder, "ingest", "mine.jsonl", "-o", "mine.h5")
    hw(
        folder, "train", "--from", "bundled", "mine.h5", "--small", "--seed", "3", "--max-batches", "2",
        "--set", "tuning.rehearsal=0", "--licence", "mine, free", "-o", "hand.h5",
    )  # fmt: skip
    for name in ("texts", "mine.jsonl", "mine.h5"):
        (folder / name).unlink()


def hand_told(path: Path) -> dict[str, Any]:
    """Return what there is in a small hand, for comparison."""
    with path.open("rb") as file:
        read = read_model(file, path.name)
    return {
        "weights": {name: float(abs(array).mean()) for name, array in read.weights.items()},
        "validations": len(read.history), "seed": read.seed, "rank": read.config.tuning.rank,
    }  # fmt: skip


WRITTEN = (
    "what I write is mine", "a hand of some KB", "kept for later", "it has to be read", "as long as there are",
    "programs to read it",
)  # fmt: skip
TINY = [
    part
    for setting in ("network.layers=2", "network.units=6", "network.mixtures=2", "network.window=2",
                    "training.batch=2", "training.epochs=3", "training.precision=float32")
    for part in ("--set", setting)
]  # fmt: skip


def _with_channels(drawing: Drawing, number: int) -> Drawing:
    count = len(drawing)
    drawing.time = (np.arange(count) * 0.01).round(3).astype(np.float32) if number % 2 else None
    drawing.pressure = np.linspace(0.2, 0.8, count).round(3).astype(np.float32) if number % 3 == 1 else None
    drawing.extra = {"seed": number, "style": "upright", "list": [1, "zwei", None]} if number % 2 else {}
    return drawing


def _notes() -> list[Drawing]:
    made = []
    for number, text in enumerate(("the first line", "the second line", "the first line"), start=1):
        extra = {
            "key": f"key-{number}",
            "written": "2024-05-01T10:00:00+00:00",
            "device": "pen",
            "x_height": 30.0,
        }
        if number == 3:
            extra["replaces"] = "mine-0001"
        (drawing,) = drawings(1, seed=number)
        time = (np.arange(len(drawing)) * 0.01).round(3).astype(np.float32)
        made.append(
            Drawing(drawing.points, f"mine-{number:04}", text, "ann", "hw collect", time=time, extra=extra)
        )
    return made


def hw(folder: Path, *arguments: str, into: str = "") -> None:
    """Run hw in ``folder``; ``into``: the file that its standard output goes to."""
    with open(folder / into if into else os.devnull, "wb") as out:
        command = [sys.executable, "-m", "hwcli", *arguments]
        subprocess.run(command, cwd=folder, env=hw_environment(), stdout=out, check=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    make(Path(sys.argv[1]))
