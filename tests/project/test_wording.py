"""Messages that count: one of a thing is told as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import RunHw

from hwcli.ink import cleaning, gathering
from hwcli.wording import counted


@pytest.mark.parametrize(
    ("number", "what", "told"),
    [
        (0, "lines", "0 lines"),
        (1, "lines", "1 line"),
        (1, "batches", "1 batch"),
        (1234, "batches", "1,234 batches"),
        (1, cleaning.FILLED, "1 over-long step filled with points"),
        (1, cleaning.TIMES, "1 time running backward mended"),
        (1, gathering.TWICE, "1 drawing that was there already"),
        (2, gathering.TWICE, "2 drawings that were there already"),
    ],
)
def test_what_is_counted_is_one_or_many(number: int, what: str, told: str) -> None:
    assert counted(number, what) == told


def test_one_drawing_of_one_source(run_hw: RunHw, tmp_path: Path) -> None:
    points = [{"drawing": "a", "text": "i"}, {"x": 0, "y": 0, "up": 0}, {"x": 3, "y": 9, "up": 1}]
    ink = "".join(json.dumps(record) + "\n" for record in points)
    told = run_hw("ingest", "-", "-o", tmp_path / "one.h5", stdin=ink).err
    assert "1 source, 1 drawing, 2 points" in told
    assert "1 drawing, 1 stroke, 2 points" in told
    assert run_hw("render", tmp_path / "one.h5", "--out-dir", tmp_path / "images").err.startswith(
        "wrote 1 image and"
    )
