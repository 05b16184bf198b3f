"""What ``hw train`` makes of its surroundings before TensorFlow is there."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from hwcli.commands.training_setup import Beginning, Changes, told_of_workers
from hwcli.ink.offsets import Scale
from hwcli.learning.checkpoint import Checkpoint, Position
from hwcli.model.config import Config, ConfigError

STEP = {"SLURM_STEP_ID": "0", "SLURM_PROCID": "1"}


@pytest.mark.parametrize("tasks", ["", "0", "1", "-3", "many", "4.5", "٣"])
def test_odd_numbers_of_tasks_are_none(tasks: str, capsys: pytest.CaptureFixture[str]) -> None:
    for surroundings in (
        {"SLURM_NTASKS": tasks},
        {"SLURM_NTASKS": tasks, "SLURM_STEP_NUM_TASKS": tasks, **STEP},
    ):
        assert "SLURM_NTASKS" not in told_of_workers({"SLURM_JOB_ID": "7", **surroundings}, is_auto=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "step", [{}, {"SLURM_STEP_NUM_TASKS": "1", **STEP}, {"SLURM_STEP_NUM_TASKS": "x", **STEP}]
)
def test_outside_a_step_of_several_tasks_nobody_is_waited_for(
    step: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    shell = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "HOME": "/home/me", **step}
    told = told_of_workers(shell, is_auto=True)
    assert told == {name: value for name, value in shell.items() if name != "SLURM_NTASKS"}
    assert capsys.readouterr().err.startswith("trains alone, in one process of the 4 that Slurm allows")
    told_of_workers(shell, is_auto=False)
    told_of_workers(shell | {"TF_CONFIG": "{}"}, is_auto=True)
    assert capsys.readouterr().err == ""


def test_the_tasks_of_a_step_are_those_that_count() -> None:
    step = {"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2", **STEP}
    assert told_of_workers(step, is_auto=True) == step | {"SLURM_NTASKS": "2"}


def test_a_resumed_run_of_earlier_versions_is_told_which_setting_mends_it() -> None:
    stored = Config().updated({"optimiser": {"epsilon": 0}})
    begun = Beginning(checkpoint=Checkpoint(stored, Scale((0, 0), (1, 1)), {}, [], Position(5), ""))
    with pytest.raises(ConfigError, match=r"--set optimiser\.epsilon=1e-08"):
        Changes(None, None, []).over(begun, None)
    assert Changes(None, None, ["optimiser.epsilon=1e-08"]).over(begun, None) == Config()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="oneDNN is left as it comes on other processors")
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="training needs TensorFlow")
@pytest.mark.parametrize(("given", "wanted"), [(None, True), ("0", False)])
def test_products_are_onednns_unless_the_user_says_otherwise(given: str | None, wanted: bool) -> None:
    """Asked of TensorFlow itself, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    program = (
        "from hwcli.commands.training_setup import prepare_tensorflow\n"
        "prepare_tensorflow(1, 'none', None)\n"
        "from tensorflow.python.framework.test_util import IsMklEnabled\n"
        "print(IsMklEnabled())"
    )
    made = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | ({} if given is None else {"TF_ENABLE_ONEDNN_OPTS": given}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == str(wanted)
