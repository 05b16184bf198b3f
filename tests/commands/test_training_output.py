"""What ``hw train`` tells of the time ahead."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.commands.training_output import Ahead
from hwcli.learning.run import Limits


def ahead(limits: Limits, batches: int = 100, seconds: float = 1000.0) -> Ahead:
    """Return what is ahead of a run of 1,000 batches that has learned ``batches`` in ``seconds``."""
    position = SimpleNamespace(batches=batches, seconds=seconds)
    return Ahead(SimpleNamespace(batches_in_all=1000, position=position), limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limits", "last", "told"),
    [
        (Limits(), 1000, "2 h 30 min left"),
        (Limits(batches=5000), 1000, "2 h 30 min left"),
        (Limits(batches=130), 130, "5 min left"),
        (Limits(batches=104), 104, "40 s left"),
        (Limits(batches=50), 50, "0 s left"),
        (Limits(batches=130, seconds=7200), 130, "5 min left"),
        (Limits(seconds=7200), 1000, "2 h 00 min left"),
        (Limits(seconds=0), 1000, "0 s left"),
    ],
)
def test_the_time_left_is_that_to_the_first_of_all_ends(limits: Limits, last: int, told: str) -> None:
    assert (ahead(limits).last_batch, ahead(limits).told()) == (last, told)


def test_before_the_first_batch_nothing_is_known() -> None:
    assert ahead(Limits(), batches=0, seconds=0.0).told() == "0 s left"
