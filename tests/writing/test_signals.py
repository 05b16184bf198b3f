"""What the window tells of a text that was written."""

from __future__ import annotations

import numpy as np
import pytest

from hwcli.writing.signals import Signals

EVERY = np.ones(3, np.bool_)


@pytest.mark.parametrize(
    ("peaks", "steps", "is_ended", "faults"),
    [
        ([0.9, 0.9, 0.9], [1, 2, 2], True, []),
        ([0.9, 0.9, 0.9], [1, 3, 2], True, ["characters were not written one after the other"]),
        ([0.9, 0.1, 0.9], [1, 2, 3], True, ["1 of 3 characters was passed over"]),
        ([0.9, 0.9, 0.9], [1, 2, 3], False, ["it does not come to its end"]),
    ],
)
def test_faults_are_told(peaks: list[float], steps: list[int], is_ended: bool, faults: list[str]) -> None:
    signals = Signals(np.array(peaks, np.float32), np.array(steps), is_ended)
    assert signals.faults(EVERY) == faults


def test_characters_that_do_not_count_have_no_faults() -> None:
    signals = Signals(np.array([0.9, 0.0, 0.9], np.float32), np.array([1, 9, 2]), True)
    counted = np.array([True, False, True])
    assert signals.faults(counted) == []
    assert signals.sharpness(counted) == pytest.approx(0.9)
