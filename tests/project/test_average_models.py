"""``examples/average_models.py``: the mean of models, and what does not belong together."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import hw_environment

from hwcli.model.file import Model, read_model, weight_shapes, write_model

SCRIPT = Path(__file__).parents[2] / "examples" / "average_models.py"


def averaged(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=hw_environment(), check=False)


def read(path: Path) -> Model:
    with path.open("rb") as file:
        return read_model(file, str(path))


def moved(model: Model, by: float, path: Path) -> Path:
    weights = {name: array + np.float32(by) for name, array in model.weights.items()}
    with path.open("w+b") as file:
        write_model(file, replace(model, weights=weights))
    return path


def test_the_mean_of_two(model_h5: Path, tmp_path: Path) -> None:
    model = read(model_h5)
    one, other = (moved(model, by, tmp_path / f"{by}.h5") for by in (0.25, 0.75))
    done = averaged(one, other, "-o", tmp_path / "mean.h5")
    assert (done.returncode, done.stderr) == (0, "")
    mean = read(tmp_path / "mean.h5")
    for name, array in mean.weights.items():
        np.testing.assert_allclose(array, model.weights[name] + 0.5, atol=1e-6)
    assert mean.made[-1] == "the mean of 0.25.h5, 0.75.h5"
    assert not mean.history
    again = averaged(one, other, "-o", tmp_path / "mean.h5")
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1


def test_models_that_do_not_belong_together_are_refused(model_h5: Path, tmp_path: Path) -> None:
    model = read(model_h5)
    units = {"network": {"units": model.config.network.units + 1}}
    wide = model.config.updated(units)
    with (tmp_path / "wide.h5").open("w+b") as file:
        weights = {n: np.zeros(shape, np.float32) for n, shape in weight_shapes(wide.network).items()}
        write_model(file, replace(model, config=wide, weights=weights))
    done = averaged(model_h5, tmp_path / "wide.h5", "-o", tmp_path / "mean.h5")
    assert done.returncode == 1
    assert "of another network, form of ink or scale" in done.stderr
    assert not (tmp_path / "mean.h5").exists()
