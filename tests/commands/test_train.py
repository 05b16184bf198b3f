"""``hw train`` as a person runs it."""

import json
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import h5py
import numpy as np
import pytest
from conftest import hw_environment

from hwcli.model.file import read_model

SMOKE = ["--preset", "smoke", "--set", "network.units=8", "--seed", 3]
needs_tensorflow = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="training needs TensorFlow (pip install 'hwcli[train]')"
)


def one_line(finished):
    assert len(finished.err.splitlines()) == 1, finished.err
    assert finished.err.startswith("hw: ")
    return finished.err


def weights_of(path):
    with h5py.File(path) as root:
        found = {}
        root["weights"].visititems(
            lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    return found


def test_the_whole_configuration_comes_out_as_toml_that_goes_in(run_hw, tmp_path):
    asked = ["--preset", "handwriter", "--set", "optimiser.rate=0.25", "--bptt-length", 50, "--bptt-stride", 10]
    dumped = run_hw("train", *asked, "--dump-config").text
    assert "rate = 0.25" in dumped
    assert "stride = 10" in dumped
    assert "units = 512" in dumped
    (tmp_path / "own.toml").write_text(dumped)
    assert run_hw("train", "--config", tmp_path / "own.toml", "--dump-config").text == dumped


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--preset", "nonsense", "-o", "m.h5"], 1, "graves-prediction, graves-synthesis, handwriter, smoke"),
        (["--set", "network.units=many", "-o", "m.h5"], 1, "network.units"),
        (["--set", "optimiser.epsilon=0", "-o", "m.h5"], 1, "optimiser.epsilon: 0.0 is not above 0"),
        (["--set", "units=3", "-o", "m.h5"], 1, "SECTION.KEY=VALUE"),
        (["--bptt-stride", 200, "--bptt-length", 100, "-o", "m.h5"], 1, "left out"),
        ([], 2, "-o"),
        (["--max-time", "soon", "-o", "m.h5"], 2, "--max-time"),
        (["--resume", "--preset", "smoke", "-o", "m.h5"], 2, "--resume"),
        (["--config", "absent.toml", "-o", "m.h5"], 1, "absent.toml"),
        (["--max-time", "1h30", "-o", "m.h5"], 2, "--max-time"),
        (["-o", "absent/m.h5"], 1, "absent/m.h5: No such file or directory"),
        (["-o", "-"], 2, "a file of its own"),
        (["--resume", "-o", "m.h5"], 1, "m.checkpoint.h5"),
        (["--log", "-", "-o", "m.h5"], 2, "--log -: a log is a file"),
        (["--log", "m.h5", "-o", "m.h5"], 2, "--log m.h5: this run has another use"),
        (["--log", "m.checkpoint.h5", "-o", "m.h5"], 2, "--log m.checkpoint.h5: this run has another use"),
    ],
)
def test_what_makes_no_sense_is_one_line(run_hw, ink_h5, tmp_path, arguments, code, said):
    finished = run_hw("train", ink_h5, *arguments, code=code, cwd=tmp_path)
    assert said in one_line(finished)
    assert not list(tmp_path.iterdir())


@needs_tensorflow
@pytest.mark.parametrize("option", ["-o", "--log"])
def test_the_lines_to_learn_from_are_never_written_to(run_hw, ink_h5, tmp_path, option):
    lines, model = tmp_path / "ink.h5", tmp_path / "m.h5"
    lines.write_bytes(ink_h5.read_bytes())
    finished = run_hw("train", lines, "-o", model, option, lines, *SMOKE, "--force", code=2)
    assert f"{option} {lines}: this run has another use for that file" in one_line(finished)
    assert lines.read_bytes() == ink_h5.read_bytes()


def test_without_tensorflow_it_says_what_to_install(run_hw, ink_h5, tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('not here')\n")
    environment = {"PYTHONPATH": f"{tmp_path}:{hw_environment()['PYTHONPATH']}"}
    finished = run_hw("train", ink_h5, "-o", tmp_path / "m.h5", *SMOKE, code=1, env=environment)
    assert "pip install 'hwcli[train]'" in one_line(finished)


@needs_tensorflow
@pytest.mark.slow
def test_a_run_its_files_and_what_it_tells(run_hw, ink_h5, tmp_path):
    model, log = tmp_path / "m.h5", tmp_path / "run.log"
    more = ["--epochs", 3, "--valid", "0.2", "--licence", "made-up ink, free", "--half"]
    finished = run_hw(
        "train", ink_h5, "-o", model, *SMOKE, *more, "--log", log, "--tensorboard", tmp_path / "tb"
    )
    assert finished.out == b""
    assert "finished after" in finished.err
    assert "oneDNN" not in finished.err
    with open(model, "rb") as file:
        written = read_model(file, "m.h5")
    assert written.licence == "made-up ink, free"
    records = [json.loads(line) for line in log.read_text().splitlines()]
    validations = [record for record in records if record.get("validation")]
    assert len(validations) == 3
    assert validations[-1]["validation_loss"] < validations[0]["validation_loss"]
    best = min(validations, key=lambda record: record["validation_loss"])
    assert written.history[-1]["validation_loss"] == best["validation_loss"]
    assert list((tmp_path / "tb").iterdir())

    refused = run_hw("train", ink_h5, "-o", model, *SMOKE, code=1)
    assert "--force" in one_line(refused)
    # Weights alone are enough to begin again from.
    onward = run_hw(
        "train",
        ink_h5,
        "--from",
        model,
        "-o",
        tmp_path / "n.h5",
        "--seed",
        4,
        "--no-fine-tune",
        "--max-batches",
        1,
    )
    assert "stopped by --max-batches" in onward.err
    run_hw("train", ink_h5, "--resume", "-o", tmp_path / "n.h5", "--max-batches", 2)
    facts = json.loads(run_hw("info", "--json", tmp_path / "n.h5").out)
    assert facts["licence"] == "made-up ink, free"
    assert facts["seed"] == 4
    assert [line.split()[3] for line in facts["made"]] == ["ingest", "train", "train", "train"]
    dumped = run_hw(
        "train", "--resume", "-o", tmp_path / "n.h5", "--set", "optimiser.rate=0.5", "--dump-config"
    )
    assert "rate = 0.5" in dumped.text
    assert "units = 8" in dumped.text


@needs_tensorflow
@pytest.mark.slow
def test_ctrl_c_saves_and_ends_as_the_signal_and_resume_goes_on_bit_for_bit(run_hw, ink_h5, tmp_path):
    through = tmp_path / "through.h5"
    more = ["--valid", 0, "--epochs", 100_000, "--threads", 2]
    log = tmp_path / "log"
    halves = [*more, "--log", log, "-o", tmp_path / "halves.h5"]
    command = [sys.executable, "-m", "hwcli", "train", ink_h5, *SMOKE, *halves]
    running = subprocess.Popen(
        [str(part) for part in command], env=hw_environment(), stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert "weights" in running.stderr.readline()
    deadline = time.monotonic() + 120
    while (not log.exists() or not log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=120)[1]
    assert running.returncode == -signal.SIGINT
    assert "interrupted after" in said
    with h5py.File(tmp_path / "halves.checkpoint.h5") as root:
        done = json.loads(bytes(root["position"][()]))["batches"]
    assert done > 0
    run_hw("train", ink_h5, "--resume", "--valid", 0, "--max-batches", done + 3, "-o", tmp_path / "halves.h5")
    run_hw("train", ink_h5, *SMOKE, *more, "--max-batches", done + 3, "-o", through)
    halves = weights_of(tmp_path / "halves.h5")
    for name, array in weights_of(through).items():
        np.testing.assert_array_equal(array, halves[name], err_msg=name)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}{suffix}.h5" for name in ("through", "halves") for suffix in ("", ".checkpoint")
    } | {"log"}


@needs_tensorflow
@pytest.mark.slow
def test_bad_strokes_and_bad_validation_are_one_line(run_hw, ink_h5, tmp_path):
    cut = tmp_path / "cut.h5"
    cut.write_bytes(ink_h5.read_bytes()[:3000])
    for arguments in (
        [cut],
        [ink_h5, "--valid", cut],
        [ink_h5, "--valid", tmp_path / "absent.txt"],
        [ink_h5, "--resume"],
        [ink_h5, "--from", ink_h5],
    ):
        settings = [] if "--resume" in arguments else SMOKE
        one_line(run_hw("train", *arguments, *settings, "-o", tmp_path / "m.h5", code=1))
    assert {path.name for path in tmp_path.iterdir()} == {"cut.h5"}


@needs_tensorflow
def test_lines_to_validate_on_that_are_not_used_as_they_are_are_told_of(run_hw, ink_h5, tmp_path):
    dots = '{"drawing":"dot"}\n[0,0,1]\n'
    held = tmp_path / "held.h5"
    run_hw("ingest", "-", "--no-clean", "-o", held, stdin=run_hw("export", ink_h5, "--limit", 3).text + dots)
    cut = ["--set", "data.max_points=20", "--max-batches", 1]
    told = run_hw("train", ink_h5, "-o", tmp_path / "m.h5", *SMOKE, *cut, "--valid", held).err
    assert "24 lines longer than data.max_points, and cut to it\n" in told
    assert "3 lines to validate on longer than data.max_points, and cut to it\n" in told
    assert "1 drawing to validate on of fewer than 3 points left out\n" in told
