"""Equal steps along each stroke."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from hwcli.ink import Drawing
from hwcli.ink.resampling import resample


@st.composite
def inks(draw: st.DrawFn) -> Drawing:
    n = draw(st.integers(0, 30))
    points = np.zeros((n, 3), np.float32)
    points[:, :2] = draw(arrays.arrays(np.float32, (n, 2), elements=st.floats(-100, 100, width=32)))
    points[:, 2] = draw(arrays.arrays(np.bool_, n))
    points[-1:, 2] = 1
    return Drawing(points)


@given(ink=inks(), step=st.floats(0.5, 100))
def test_strokes_keep_their_ends_and_get_equal_parts(ink: Drawing, step: float) -> None:
    result = resample(ink, step)
    before, after = list(ink.strokes()), list(result.strokes())
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old[0, :2], new[0, :2])
        np.testing.assert_array_equal(old[-1], new[-1])
        length = np.hypot(*np.diff(old[:, :2].astype(float), axis=0).T).sum()
        if length > 0:
            assert len(new) == max(1, round(length / step)) + 1


def test_points_of_a_straight_stroke_are_equally_far_apart() -> None:
    rows = [[0, 0, 0], [1, 0, 0], [50, 0, 0], [50, 0, 0], [103, 0, 1], [7, 7, 1]]
    result = resample(Drawing(np.array(rows, np.float32), time=np.arange(6, dtype=np.float32)), 10)
    np.testing.assert_allclose(result.points[:11, 0], np.linspace(0, 103, 11), rtol=1e-5)
    assert result.points[-1].tolist() == [7, 7, 1]
    assert result.time is not None
    assert (np.diff(result.time) > 0).all()


def test_a_curve_is_followed() -> None:
    angle = np.linspace(0, np.pi, 2000)
    circle = np.column_stack([np.cos(angle) * 100, np.sin(angle) * 100, angle == np.pi]).astype(np.float32)
    result = resample(Drawing(circle), 10)
    steps = np.hypot(*np.diff(result.points[:, :2], axis=0).T)
    np.testing.assert_allclose(steps, 10, rtol=0.02)


def test_too_many_points_are_refused() -> None:
    ink = Drawing(np.array([[0, 0, 0], [1e9, 0, 1]], np.float32))
    with pytest.raises(ValueError, match="more than"):
        resample(ink, 1e-3)
