"""``hw eval`` as a user runs it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import h5py
import numpy as np
import pytest
from conftest import RunHw, hw_environment

from hwcli.ink import Drawing
from hwcli.ink.offsets import OffsetMoments
from hwcli.measuring.gradient import forward, point_losses
from hwcli.model import Model
from hwcli.model.file import read_model


@pytest.fixture(scope="module")
def model(model_h5: Path) -> Model:
    with model_h5.open("rb") as file:
        return read_model(file, "model")


@pytest.fixture(scope="module")
def changed(model_h5: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The model as if trained with one scale for both axes, and a regression."""
    from dataclasses import replace

    from hwcli.ink.offsets import Scale
    from hwcli.model import Config
    from hwcli.model.config import Data
    from hwcli.model.file import weight_shapes, write_model

    with model_h5.open("rb") as file:
        known = read_model(file, "model")
    folder = tmp_path_factory.mktemp("models")
    common = Model(replace(known.config, data=Data(scale="common")), Scale((4, 4), (36, 36)), known.weights)
    config = Config().updated({"network": {"kind": "regression", "layers": 1, "units": 8}})
    rng = np.random.default_rng(4)
    shapes = weight_shapes(config.network).items()
    weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
    models = {"common": common, "regression": Model(config, known.scale, weights)}
    for name, one in models.items():
        with (folder / f"{name}.h5").open("w+b") as file:
            write_model(file, one)
    return {name: folder / f"{name}.h5" for name in models}


def nats_of(model: Model, drawings: list[Drawing]) -> float:
    """Mean nats a line, from the plain float64 network."""
    from hwcli.ink.offsets import rows_from_points

    total = 0.0
    for drawing in drawings:
        rows = rows_from_points(drawing.points, model.scale)
        outputs = forward(model.config.network, model.weights, rows[:-1]).outputs
        total += point_losses(model.config.network, outputs, rows[1:]).sum()
    return total / len(drawings)


def test_the_nats_are_those_of_the_plain_network(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, model: Model, made_drawings: list[Drawing]
) -> None:
    found = json.loads(run_hw("eval", "-m", model_h5, ink_h5, "--json").out)
    assert found["nats_line"] == pytest.approx(nats_of(model, made_drawings), rel=1e-4)
    assert found["lines"] == 24
    assert found["points"] == sum(len(drawing) - 1 for drawing in made_drawings)
    assert found["scale"] == {"sd_x": 32.0, "sd_y": 39.0, "from": "model"}
    assert (found["model"], found["kind"]) == ("model.h5", "mixture")


def test_strokes_points_and_a_pipe_give_the_same_bytes(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, ink_jsonl: Path
) -> None:
    from_file = json.loads(run_hw("eval", "-m", model_h5, ink_h5, "--json").out)
    for other in (
        run_hw("eval", "-m", model_h5, ink_jsonl, "--json"),
        run_hw("eval", "-m", model_h5, "-", "--json", stdin=ink_jsonl.read_bytes()),
        run_hw("eval", "-m", model_h5, "--json", stdin=ink_h5.read_bytes()),
    ):
        assert {**json.loads(other.out), "ink": ""} == {**from_file, "ink": ""}


def test_the_table_says_every_figure_and_its_scale(run_hw: RunHw, model_h5: Path, ink_h5: Path) -> None:
    done = run_hw("eval", "-m", model_h5, ink_h5)
    for word in (
        "lines",
        "nats a line",
        "standard error",
        "nats a point",
        "squared error",
        "precision",
        "recall",
    ):
        assert word in done.text
    assert "sd 32 (x) and 39 (y)" in done.text
    assert "Graves' scale" in done.text
    assert run_hw("eval", "-m", model_h5, ink_h5, "-q").err == ""


def test_lists_of_ids_and_limits_choose_the_lines(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, tmp_path: Path, model: Model, made_drawings: list[Drawing]
) -> None:
    (tmp_path / "ids.txt").write_text("made-0003\nmade-0001\nmade-9999\n")
    done = run_hw("eval", "-m", model_h5, ink_h5, "--lines", tmp_path / "ids.txt", "--json")
    found = json.loads(done.out)
    assert found["nats_line"] == pytest.approx(nats_of(model, [made_drawings[0], made_drawings[2]]), rel=1e-4)
    assert "1 of the list of --lines not found, the first: made-9999" in done.err
    limited = json.loads(run_hw("eval", "-m", model_h5, ink_h5, "--limit", 3, "--json").out)
    assert limited["nats_line"] == pytest.approx(nats_of(model, made_drawings[:3]), rel=1e-4)


def test_a_threshold_lets_through_or_ends_with_three(run_hw: RunHw, model_h5: Path, ink_h5: Path) -> None:
    nats = json.loads(run_hw("eval", "-m", model_h5, ink_h5, "--json").out)["nats_line"]
    run_hw("eval", "-m", model_h5, ink_h5, "--max-nll", nats + 1)
    failed = run_hw("eval", "-m", model_h5, ink_h5, "--json", "--max-nll", nats - 1, code=3)
    assert json.loads(failed.out)["nats_line"] == nats
    assert "more than" in failed.err


def test_one_scale_for_both_axes_is_turned_into_graves_scale(
    run_hw: RunHw, changed: dict[str, Path], ink_h5: Path, made_drawings: list[Drawing], model_h5: Path
) -> None:
    moments = OffsetMoments()
    for drawing in made_drawings:
        moments.add(drawing.points)
    sd_x, sd_y = moments.scale().sd
    found = json.loads(run_hw("eval", "-m", changed["common"], ink_h5, "--json").out)
    assert found["scale"]["from"] == "ink"
    assert (found["scale"]["sd_x"], found["scale"]["sd_y"]) == pytest.approx((sd_x, sd_y), rel=1e-6)
    own = json.loads(run_hw("eval", "-m", changed["common"], ink_h5, "--json", "--scale", "36,36").out)
    assert own["scale"]["from"] == "option"
    change = math.log(36 * 36 / (sd_x * sd_y))
    assert found["nats_point"] - own["nats_point"] == pytest.approx(change, abs=1e-6)
    of_file = json.loads(run_hw("eval", "-m", changed["common"], ink_h5, "--json", "--scale", ink_h5).out)
    assert of_file["nats_line"] == pytest.approx(found["nats_line"], rel=1e-9)
    assert "see --scale" in run_hw("eval", "-m", changed["common"], ink_h5).text


def test_a_regression_has_its_own_loss_and_no_nats(
    run_hw: RunHw, changed: dict[str, Path], ink_h5: Path
) -> None:
    found = json.loads(run_hw("eval", "-m", changed["regression"], ink_h5, "--json").out)
    assert found["nats_line"] is None
    assert found["loss_point"] > found["squared_error_point"] > 0
    assert "loss a line" in run_hw("eval", "-m", changed["regression"], ink_h5).text
    assert "no nats" in run_hw("eval", "-m", changed["regression"], ink_h5, "--max-nll", 3, code=2).err


def test_there_are_no_plots_of_numbers_that_are_not_finite(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, tmp_path: Path
) -> None:
    huge, folder = tmp_path / "huge.h5", tmp_path / "plots"
    huge.write_bytes(model_h5.read_bytes())
    with h5py.File(huge, "r+") as root:
        weights = root["weights/output/bias"]
        weights[...] = np.full(weights.shape, 1e38)
    failed = run_hw("eval", "-m", huge, ink_h5, "--limit", 1, "--plot", folder, code=1)
    assert "there is nothing to plot" in failed.err
    assert failed.err.count("\n") == 1
    assert not folder.exists()


def test_plots_are_written_whole_and_not_over_others(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, changed: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "plots"
    run_hw("eval", "-m", model_h5, ink_h5, "--limit", 3, "--plot", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["density.svg", "loss.svg", "reach.svg"]
    for path in folder.iterdir():
        assert ET.parse(path).getroot().tag.endswith("svg")
    failed = run_hw("eval", "-m", model_h5, ink_h5, "--plot", folder, code=1)
    assert "exists" in failed.err
    assert failed.out == b""
    before = (folder / "loss.svg").read_bytes()
    run_hw("eval", "-m", model_h5, ink_h5, "--limit", 3, "--plot", folder, "--force")
    assert (folder / "loss.svg").read_bytes() == before
    done = run_hw("eval", "-m", changed["regression"], ink_h5, "--limit", 3, "--plot", tmp_path / "other")
    assert "no density.svg" in done.err
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["loss.svg", "reach.svg"]


def test_lines_too_short_to_predict_and_bad_records_are_told(
    run_hw: RunHw, model_h5: Path, ink_jsonl: Path
) -> None:
    dots = b'{"drawing":"dot"}\n[1,2,1]\n{"drawing":"none"}\n'
    done = run_hw("eval", "-m", model_h5, "--json", stdin=dots + ink_jsonl.read_bytes())
    assert json.loads(done.out)["too_short"] == 2
    assert "2 drawings of fewer than two points left out" in done.err
    bad = ink_jsonl.read_bytes() + b'{"x":'
    assert "not JSON" in run_hw("eval", "-m", model_h5, stdin=bad, code=1).err
    done = run_hw("eval", "-m", model_h5, "--json", "--skip-bad", stdin=bad)
    assert json.loads(done.out)["bad"] == 1
    assert json.loads(done.out)["lines"] == 24


@pytest.mark.parametrize(
    ("ink", "complaint"),
    [(b"", "empty"), (b'{"drawing":"a"}\n', "no drawing of two points"), (b"hello", "not ink")],
)
def test_nothing_to_measure_on_is_told(run_hw: RunHw, model_h5: Path, ink: bytes, complaint: str) -> None:
    failed = run_hw("eval", "-m", model_h5, stdin=ink, code=1)
    assert complaint in failed.err.splitlines()[-1]
    assert failed.out == b""


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--scale", "0,3"], 2), (["--scale", "nan,3"], 2), (["--scale", "1,2,3"], 1),
        (["--scale", "no.h5"], 1),
        (["--max-nll", "nan"], 2), (["--max-nll", "x"], 2), (["--limit", "0"], 2), (["--lines", "no.txt"], 1),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, options: list[str], code: int
) -> None:
    failed = run_hw("eval", "-m", model_h5, ink_h5, *options, code=code)
    assert failed.err.count("\n") == 1
    assert failed.out == b""


def test_without_a_model_it_measures_the_one_that_comes_along(run_hw: RunHw, ink_h5: Path) -> None:
    figures = json.loads(run_hw("eval", ink_h5, "--json").out)
    assert figures["model"] == "compact.h5"
    assert figures["lines"] == 24


def test_a_model_that_predicts_beyond_all_numbers_meets_no_threshold(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, tmp_path: Path
) -> None:
    wild = tmp_path / "wild.h5"
    wild.write_bytes(model_h5.read_bytes())
    with h5py.File(wild, "r+") as root:
        weights = root["weights/output/bias"]
        weights[...] = np.full(weights.shape, -3e38)
    failed = run_hw("eval", "-m", wild, ink_h5, "--json", "--max-nll", 1e9, code=3)
    assert json.loads(failed.out)["nats_line"] is None
    assert "Warning" not in failed.err


def test_tensorflow_is_not_loaded(model_h5: Path, ink_h5: Path) -> None:
    script = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr))\n"
        "from hwcli.__main__ import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, "eval", "-q", "-m", str(model_h5), str(ink_h5)]
    done = subprocess.run(command, capture_output=True, text=True, env=hw_environment())
    loaded = set(done.stderr.split())
    assert "h5py" in loaded
    assert not loaded & {"tensorflow", "keras", "cairosvg", "scipy", "matplotlib"}
