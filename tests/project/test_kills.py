"""A share of ``tests/endurance/kills.py`` and ``kill_training.py``: struck by a signal, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import CAIRO, ROOT, RunHw, hw_environment

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

import kill_training
import kills

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="training needs TensorFlow")


@pytest.mark.parametrize(
    ("name", "number"),
    [("ingest", signal.SIGKILL), pytest.param("images", signal.SIGTERM, marks=CAIRO)],
)
def test_after_a_signal_an_output_is_whole_or_not_there(tmp_path: Path, name: str, number: int) -> None:
    kills.prepare(tmp_path, 140)
    tally = kills.struck(name, tmp_path, 2, number, random.Random(7))
    assert tally.faults == []


def test_a_loop_of_the_shell_stops_with_the_program(tmp_path: Path, ink_jsonl: Path) -> None:
    """Struck while it reads: before its first line it is Python that starts, which ends in its own way."""
    script = f'while :; do "{sys.executable}" -m hwcli export -; echo again; done'
    with subprocess.Popen(
        ["bash", "-c", script],
        env=hw_environment(),
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as loop:
        assert loop.stdin is not None
        assert loop.stdout is not None
        loop.stdin.write(ink_jsonl.read_bytes())
        loop.stdin.flush()
        assert loop.stdout.readline() != b"again\n"
        os.killpg(loop.pid, signal.SIGINT)
        assert loop.wait(60) == -signal.SIGINT


@needs_tensorflow
@pytest.mark.slow
def test_one_run_at_a_time_and_a_killed_one_goes_on_bit_for_bit(
    run_hw: RunHw, ink_h5: Path, tmp_path: Path
) -> None:
    options = (
        "--preset",
        "smoke",
        "--set",
        "network.units=8",
        "--seed",
        "3",
        "--epochs",
        "100000",
        "--threads",
        "2",
    )
    begin = ("train", str(ink_h5), *options, "--save-every", "0s")
    resume = ("train", ink_h5, "--resume")
    folder = tmp_path / "killed"
    folder.mkdir()
    process = kill_training.started_whole((*begin, "-o", "m.h5"), folder)
    try:
        limit = time.monotonic() + 120
        while not (folder / "m.h5").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        refused = run_hw(*resume, "-o", folder / "m.h5", code=1)
    finally:
        os.kill(process, signal.SIGKILL)
    assert kill_training.ended(process) == -signal.SIGKILL
    assert refused.err.count("\n") == 1
    assert f"another hw is at work on it (process {process} on " in refused.err
    assert kill_training.look(folder, signal.SIGKILL) == []
    done = kill_training.end_of(folder)["position"]["batches"]
    run_hw(*resume, "-o", folder / "m.h5", "--max-batches", done + 4)
    through = tmp_path / "through"
    through.mkdir()
    run_hw(*begin, "-o", through / "m.h5", "--max-batches", done + 4)
    assert kill_training.look(folder, 0) == []
    assert kill_training.differences(kill_training.end_of(through), kill_training.end_of(folder)) == []
