"""ruff and mypy, as tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def check(root: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing(root: Path) -> None:
    check(root, "ruff", "check", "--output-format=concise", ".")


def test_mypy_finds_nothing(root: Path) -> None:
    check(root, "mypy")
