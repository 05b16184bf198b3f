"""What ``tests/endurance/large_training.py``, which is run by hand, tells of a run's log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

from large_training import rates_of_halves


@pytest.mark.parametrize(
    ("rates", "halves"),
    [
        ([9, 100, 200, 40, 60, 80], {"first half": 150, "second half": 60}),
        ([9, 100], {}),
        ([], {}),
    ],
)
def test_the_rates_of_both_halves_are_told(tmp_path: Path, rates: list[int], halves: dict[str, int]) -> None:
    records = [{"batch": batch, "points_per_second": rate} for batch, rate in enumerate(rates, start=1)]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(record) + "\n" for record in [*records, {"validation": True}]))
    assert rates_of_halves(log) == halves


def test_a_run_that_wrote_no_log_has_no_rates(tmp_path: Path) -> None:
    assert rates_of_halves(tmp_path / "log.jsonl") == {}
