"""Ink brought to one form, and back."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing
from hwcli.ink.preparation import Placement, Preparation, placement_of, prepare

EVERYTHING = Preparation(level=True, height=True, step=0.5)


def wave(slope: float = 0.0, size: float = 1.0) -> Drawing:
    x = np.linspace(0, 40 * size, 400)
    y = size * np.sin(x / size) + slope * x
    return Drawing(np.column_stack([x, y, np.arange(400) == 399]).astype(np.float32))


@given(st.floats(-0.29, 0.29), st.floats(0.01, 1000))
def test_however_a_line_slants_and_however_large_it_is_it_comes_out_alike(slope: float, size: float) -> None:
    level, _ = prepare(wave(), Preparation(level=True, height=True))
    turned = Drawing(Placement(slope, size).undo(level.points))
    prepared, _ = prepare(turned, Preparation(level=True, height=True))
    again = placement_of(prepared.points, EVERYTHING)
    assert abs(again.slope) < 0.01
    assert again.height == pytest.approx(1, rel=1e-3)
    assert np.ptp(prepared.points[:, 0]) == pytest.approx(np.ptp(level.points[:, 0]), rel=0.05)


@given(st.floats(-0.25, 0.25), st.floats(0.01, 1000))
def test_undoing_leads_back(slope: float, size: float) -> None:
    drawing = wave(slope, size)
    prepared, placement = prepare(drawing, Preparation(level=True, height=True))
    np.testing.assert_allclose(placement.undo(prepared.points), drawing.points, rtol=1e-4, atol=1e-4 * size)


def test_steps_are_equal_in_the_prepared_unit() -> None:
    prepared, _ = prepare(wave(size=30), EVERYTHING)
    steps = np.hypot(*np.diff(prepared.points[:, :2], axis=0).T)
    assert steps.mean() == pytest.approx(0.5, rel=0.02)


def test_a_steep_line_is_left_as_it_is() -> None:
    steep = np.column_stack([np.arange(9), np.arange(9), np.zeros(9)]).astype(np.float32)
    assert placement_of(steep, Preparation(level=True)).slope == 0


@pytest.mark.parametrize(
    "points",
    [[(0, 0, 1)], [(0, 0, 0), (9, 0, 1)], [(5, 5, 0), (5, 9, 1)], [(0, 3.4e-44, 0), (1, 0.25, 1)]],
)
def test_ink_without_height_or_width_stays_finite(points: list[tuple[float, float, float]]) -> None:
    prepared, placement = prepare(Drawing(np.array(points, np.float32)), EVERYTHING)
    assert np.isfinite(prepared.points).all()
    assert placement.height > 0


def test_a_sloping_dash_far_out_has_its_width_for_its_size() -> None:
    dash = np.array([(1000 + 0.7 * number, 500 + 0.07 * number, number == 29) for number in range(30)])
    prepared, placement = prepare(Drawing(dash.astype(np.float32)), EVERYTHING)
    assert placement.height == pytest.approx(np.hypot(0.7, 0.07) * np.arange(30).std(), rel=1e-3)
    assert len(prepared) < 40


def test_ink_without_height_has_its_width_for_its_size() -> None:
    dash = Drawing(np.array([(0, 5, 0), (300, 5, 1)], np.float32))
    prepared, placement = prepare(dash, Preparation(level=True, height=True))
    assert placement.height == pytest.approx(150)
    assert np.ptp(prepared.points[:, 0]) == pytest.approx(2)


def test_ink_far_too_long_for_its_height_is_refused_by_its_name() -> None:
    zigzag = [(number % 2 * 1e6, number % 3 * 4, number % 5 == 4) for number in range(600)]
    with pytest.raises(HwError, match=r"^drawing far-out: points .* apart would be more than"):
        prepare(Drawing(np.array(zigzag, np.float32), "far-out"), EVERYTHING)


def test_no_preparation_changes_nothing() -> None:
    drawing = wave(0.1, 3)
    assert prepare(drawing, Preparation()) == (drawing, Placement())
