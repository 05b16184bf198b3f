"""The README's pipelines when the reader of one of their stages leaves: at once, or after a few bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, RunHw, hw_environment

README = (ROOT / "README.md").read_text(encoding="utf-8")
ON = "hw export strokes.h5 a01-000u-01 a01-000u-02 | hw sample --model model.h5 --prime - --prime-points 50"
LABELLED = 'hw sample --style ann "Dear Ann, the parcel came" | hw align | hw render --out-dir labelled'
TRAINED = "hw ingest iam/ | hw train - -o model.h5"
PIPELINES = {"on": f"{ON} | hw render -o on.svg", "labelled": LABELLED, "trained": TRAINED}
SIGPIPE = 141
"""What a shell tells of a program that was ended by SIGPIPE."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, iam_tree: Path, model_h5: Path, run_hw: RunHw) -> Path:
    """A directory with ``iam/``, ``strokes.h5`` made of it, and ``model.h5``."""
    top = tmp_path_factory.mktemp("pipes")
    (top / "iam").symlink_to(iam_tree)
    (top / "model.h5").symlink_to(model_h5)
    run_hw("ingest", iam_tree, "-o", top / "strokes.h5")
    return top


def cases() -> list[object]:
    """Return, of each pipeline, each stage that reads with each reader that takes its place."""
    return [
        pytest.param(name, stage, reader, id=f"{name}-{stage}-{reader}")
        for name, line in PIPELINES.items()
        for stage in range(1, line.count(" | ") + 1)
        for reader in ("true", "head -c 10")
    ]


def test_the_pipelines_are_those_of_the_readme() -> None:
    for line in (ON, LABELLED, TRAINED):
        assert line in README


@pytest.mark.parametrize(("name", "stage", "reader"), cases())
def test_a_reader_that_leaves_breaks_nothing(place: Path, name: str, stage: int, reader: str) -> None:
    stages = PIPELINES[name].split(" | ")
    stages[stage] = reader
    before = files_of(place)
    done = subprocess.run(
        ["bash", "-c", f'{shell_function()}\n{" | ".join(stages)} >/dev/null\necho "${{PIPESTATUS[@]}}"'],
        cwd=place,
        env=hw_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    codes = [int(code) for code in done.stdout.split()]
    assert len(codes) == len(stages), done.stderr
    # Its writer had nobody to write to; those before that one may have been done by then.
    assert set(codes[:stage]) <= {0, SIGPIPE}, done.stderr
    assert reader != "true" or codes[stage - 1] == SIGPIPE, done.stderr
    # Those after it had nothing to read, or the beginning of a line, and say so.
    assert codes[stage + 1 :] == [1] * (len(stages) - stage - 1), done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("hw: ") and "warning" not in line]
    assert len(said) == codes.count(1), done.stderr
    assert "Traceback" not in done.stderr
    assert "a bug of hw" not in done.stderr
    assert files_of(place) == before


def files_of(place: Path) -> list[Path]:
    """Return the files below ``place``; the directory of images is made before the first drawing comes."""
    return sorted(path for path in place.rglob("*") if not path.is_dir())


def shell_function() -> str:
    """Return what makes ``hw`` the program under test, in bash."""
    return f'hw() {{ "{sys.executable}" -m hwcli "$@"; }}'
