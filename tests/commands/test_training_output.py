"""What ``hw train`` tells of the time ahead."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.commands.training_output import Ahead
from hwcli.learning.run import Limits


def ahead(limits: Limits, batches: int = 100, seconds: float = 1000.0) -> Ahead:
    """Return what is ahead of a run of 1,000 batches that was resumed after 50, ``seconds`` ago."""
    run, times = (
        SimpleNamespace(batches_in_all=1000, position=SimpleNamespace(batches=50)),
        iter((7.0, 7.0 + seconds)),
    )
    found = Ahead(run, limits, times.__next__)  # type: ignore[arg-type]
    run.position.batches = batches
    return found


@pytest.mark.parametrize(
    ("limits", "last", "told"),
    [
        (Limits(), 1000, "5 h 00 min left"),
        (Limits(batches=5000), 1000, "5 h 00 min left"),
        (Limits(batches=130), 130, "10 min left"),
        (Limits(batches=102), 102, "40 s left"),
        (Limits(batches=50), 50, "0 s left"),
        (Limits(batches=130, seconds=8200), 130, "10 min left"),
        (Limits(seconds=8200), 1000, "2 h 00 min left"),
        (Limits(seconds=0), 1000, "0 s left"),
    ],
)
def test_the_time_left_is_that_to_the_first_of_all_ends(limits: Limits, last: int, told: str) -> None:
    assert (ahead(limits).last_batch, ahead(limits).told()) == (last, told)


def test_the_first_batch_tells_already() -> None:
    assert ahead(Limits(), batches=51, seconds=1.0).told() == "16 min left"
