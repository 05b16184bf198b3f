"""Signs that are made: all there, of a person's size, never twice alike."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.recombining.glyphs import designs
from hwcli.writing.signs import Manner, sign

WANTED = string.digits + string.punctuation + string.ascii_uppercase


def test_every_sign_digit_and_capital_has_several_designs() -> None:
    assert set(designs()) == set(WANTED)
    assert all(len(ways) > 1 for ways in designs().values())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(WANTED), st.integers(0, 2**32), st.floats(0.05, 0.5), st.floats(0, 1.5))
def test_a_sign_is_whole_and_of_its_size(character: str, seed: int, pace: float, care: float) -> None:
    for design in designs()[character]:
        points = sign(design, Manner(pace=pace, care=care), np.random.default_rng(seed))
        assert points.dtype == np.float32
        assert np.isfinite(points).all()
        assert points[:, 0].min() == 0
        assert points[-1, 2] == 1
        assert points[:, 2].sum() == len(design.strokes)
        assert points[:, 0].max() < 3.5
        assert -3.2 < points[:, 1].min() <= points[:, 1].max() < 1.3


def test_no_two_signs_are_alike_and_the_same_chance_gives_the_same() -> None:
    first, second = (sign(designs()["&"][0], Manner(), np.random.default_rng(seed)) for seed in (1, 2))
    again = sign(designs()["&"][0], Manner(), np.random.default_rng(1))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != second.tobytes()


def test_without_straying_a_sign_goes_through_its_design() -> None:
    points = sign(designs()["-"][0], Manner(pace=0.01, care=0), np.random.default_rng(0))
    assert points[0, :2] == pytest.approx([0, -0.75], abs=0.01)
    assert points[-1, :2] == pytest.approx([0.8, -0.78], abs=0.01)


def test_the_pen_is_slow_at_the_ends_of_a_stroke() -> None:
    points = sign(designs()["|"][0], Manner(pace=0.1, care=0), np.random.default_rng(0))
    steps = np.hypot(*np.diff(points[:, :2], axis=0).T)
    assert steps[0] < 0.8 * steps[len(steps) // 2]
    assert steps.max() <= 0.11
