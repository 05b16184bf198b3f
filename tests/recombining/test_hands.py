"""A hand's size, lean and place are found, taken away and given back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hwcli.ink import Drawing
from hwcli.recombining.hands import hand_name, hand_of


def slanted(lean: float, letter: float, slope: float = 0.0) -> Drawing:
    """A row of n-like arches, leaning, on a line that may climb."""
    places = np.array([(0, 0), (0, -1), (0.6, -0.9), (0.6, 0)])
    steps = np.concatenate([np.linspace(a, b, 8) for a, b in pairwise(places)])
    parts = [
        np.column_stack([steps + np.array([1.1 * k, 0]), np.arange(len(steps)) == len(steps) - 1])
        for k in range(20)
    ]
    points = np.concatenate(parts)
    points[:, 0] -= lean * points[:, 1]
    points[:, :2] *= letter
    points[:, 1] += slope * points[:, 0] + 500
    return Drawing(points.astype(np.float32), id="a01-000u-01")


@pytest.mark.parametrize("lean", [-0.3, 0.0, 0.5])
@pytest.mark.parametrize("letter", [1.0, 80.0])
def test_lean_and_size_are_found(lean: float, letter: float) -> None:
    hand = hand_of(slanted(lean, letter))
    assert hand is not None
    assert hand.lean == pytest.approx(lean, abs=0.12)
    assert hand.letter == pytest.approx(letter, rel=0.15)


def test_in_normal_form_writing_is_upright_and_one_high() -> None:
    drawing = slanted(0.4, 60.0, slope=0.05)
    hand = hand_of(drawing)
    assert hand is not None
    points = hand.normal(drawing.points)
    assert np.abs(points[:, 1].max()) < 0.1
    assert points[:, 1].min() == pytest.approx(-1, abs=0.15)
    back = hand.written(points)
    assert np.ptp(back[:, 0]) == pytest.approx(np.ptp(drawing.points[:, 0]), rel=0.02)


def test_hands_are_named_by_writer_else_by_form() -> None:
    assert hand_name("a01-000u-01", "") == hand_name("a01-000u-02", "") == "a01-000u"
    assert hand_name("a01-000u-01", "10025") == "10025"
    assert hand_name("alone", "") == "alone"


def test_too_little_ink_has_no_hand() -> None:
    assert hand_of(Drawing(np.zeros((1, 3), np.float32))) is None
