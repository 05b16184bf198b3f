"""What is installed, and what each command needs of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, RunHw

from hwcli import __version__


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_plain_installation_has_no_tensorflow(project: dict[str, Any]) -> None:
    assert not any("tensorflow" in line for line in project["project"]["dependencies"])
    assert any("tensorflow" in line for line in project["project"]["optional-dependencies"]["train"])


def test_typer_stays_below_the_version_that_brings_pydantic(project: dict[str, Any]) -> None:
    (line,) = (line for line in project["project"]["dependencies"] if line.startswith("typer"))
    assert line.endswith("<0.29")


@pytest.mark.skipif(find_spec("pip") is None, reason="needs pip in the environment of the tests")
def test_the_installed_packages_fit_together() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    # Where there are other programs too, only what hw needs is hw's.
    assert not [line for line in done.stdout.splitlines() if line.startswith("hwcli ")], done.stdout


def test_every_installed_file_is_there(project: dict[str, Any]) -> None:
    data = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    for source in data:
        assert (ROOT / source).is_file(), source


def test_the_version_is_told(run_hw: RunHw) -> None:
    assert run_hw("--version").text == f"hw {__version__}\n"


def test_the_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]", changelog, re.MULTILINE)
    released = re.findall(r"^## \[(\d[^]]*)\]", changelog, re.MULTILINE)
    assert not released or released[0] == __version__


def test_the_build_server_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


@pytest.fixture
def without_tensorflow(tmp_path: Path) -> dict[str, str]:
    """An environment in which TensorFlow is not installed."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('not installed', name='tensorflow')\n")
    return {"PYTHONPATH": f"{tmp_path}:{ROOT}"}


def test_train_without_its_extra_says_which_to_install(
    run_hw: RunHw, ink_h5: Path, tmp_path: Path, without_tensorflow: dict[str, str]
) -> None:
    arguments = ("train", ink_h5, "--preset", "smoke", "--seed", 1, "-o", tmp_path / "m.h5")
    done = run_hw(*arguments, env=without_tensorflow, code=1)
    assert done.err == "hw: hw train needs the extra 'train': pip install 'hwcli[train]'\n"


def test_nothing_else_needs_the_extra(
    run_hw: RunHw, ink_h5: Path, model_h5: Path, tmp_path: Path, without_tensorflow: dict[str, str]
) -> None:
    strokes, model = str(ink_h5), str(model_h5)
    for arguments in (
        ("ingest", strokes, "-o", tmp_path / "again.h5"),
        ("export", strokes, "-o", tmp_path / "out.jsonl"),
        ("info", model),
        ("sample", "-m", model, "--points", 20, "--seed", 1, "-o", tmp_path / "new.jsonl"),
        ("render", tmp_path / "new.jsonl", "-o", tmp_path / "new.svg"),
        ("eval", "-m", model, strokes),
        ("train", "--preset", "smoke", "--dump-config"),
    ):
        run_hw(*arguments, env=without_tensorflow)
