"""Completion in bash, zsh and fish."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import RunHw, hw_environment

COMMANDS = {
    "collect", "ingest", "export", "info", "align", "recombine", "train", "sample", "styles", "render", "eval"
}  # fmt: skip


def complete(run_hw: RunHw, shell: str, line: str) -> str:
    words = line.split(" ")
    asked = {
        "_HW_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    return run_hw(env=asked).text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("hw tr", "train"),
        ("hw train --bptt-", "--bptt-stride"),
        ("hw train --preset gra", "graves-prediction"),
        ("hw sample --style cl", "clara"),
    ],
)
def test_commands_options_presets_and_styles_are_offered(
    run_hw: RunHw, shell: str, line: str, offered: str
) -> None:
    assert offered in complete(run_hw, shell, line)


def test_every_command_is_offered(run_hw: RunHw) -> None:
    assert set(complete(run_hw, "bash", "hw ").split()) == COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(run_hw: RunHw, shell: str) -> None:
    script = run_hw(env={"_HW_COMPLETE": f"source_{shell}"}).text
    assert f"complete_{shell}" in script


def test_the_packaged_scripts_are_up_to_date(root: Path) -> None:
    checked = subprocess.run(
        [sys.executable, root / "man" / "make_completions.py", "--check"],
        env=hw_environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_completion_works_in_bash(root: Path, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    program = tmp_path / "hw"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hwcli "$@"\n')
    program.chmod(0o755)
    ask = """
        source "$1"
        COMP_WORDS=(hw sa) COMP_CWORD=1
        "$(complete -p hw | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" hw
        echo "${COMPREPLY[@]}"
    """
    script = root / "hwcli" / "completions" / "hw.bash"
    done = subprocess.run(
        [bash, "--norc", "-c", ask, "bash", script], capture_output=True, text=True,
        env=hw_environment(PATH=f"{tmp_path}:{os.environ['PATH']}"),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("sample\n", "")


def test_help_is_free_of_completion_options(run_hw: RunHw) -> None:
    assert "completion" not in run_hw("--help").text
