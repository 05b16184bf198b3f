"""A drawing of very many points is a picture in every format, in time and memory that go with its points."""

from __future__ import annotations

import json
import subprocess
import sys

from conftest import CAIRO, ROOT, hw_environment

POINTS = 300_000
"""The figures of ten million, by the same script, are in the README."""


@CAIRO
def test_many_points_take_what_is_to_be_expected() -> None:
    script = ROOT / "tests" / "bench" / "bench_large_drawing.py"
    done = subprocess.run(
        [sys.executable, script, str(POINTS)], env=hw_environment(), capture_output=True, text=True
    )
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(figures) == 5, done.stderr
    for figure in figures:
        assert figure["code"] == 0, figure
        assert figure["bytes"] > 1_000, figure
        assert figure["processor"] < 30, figure  # minutes, where something goes with the square
        assert figure["megabytes"] < 400, figure
