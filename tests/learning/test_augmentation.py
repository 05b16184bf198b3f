"""Altered lines: how they are stretched, slanted and turned, and how often they lose their text."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.learning.augmentation import alteration, altered
from hwcli.model.config import Noise

ALL = Noise(stretch=0.1, slant=0.2, turn=0.3)


def line(number=40, seed=1):
    chance = np.random.default_rng(seed)
    points = np.column_stack([chance.normal(size=(number, 2)).cumsum(0), chance.random(number) < 0.2])
    return points.astype(np.float32)


def parts_of(matrix):
    """Return how a turn of a slant of a stretch came about: widths, heights, slant, angle."""
    angle = np.arctan2(matrix[1, 0], matrix[0, 0])
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    (wide, moved), (nothing, high) = back @ matrix
    assert nothing == pytest.approx(0, abs=1e-12)
    return wide, high, moved / high, angle


@given(st.integers(0, 2**32), st.floats(0, 0.9), st.floats(0, 2), st.floats(0, 1.5))
def test_every_alteration_is_a_stretch_a_slant_and_a_turn_within_their_limits(seed, stretch, slant, turn):
    matrix = alteration(Noise(stretch=stretch, slant=slant, turn=turn), np.random.default_rng(seed))
    wide, high, slanted, angle = parts_of(matrix)
    rounding = 1e-9
    assert abs(wide - 1) <= stretch + rounding
    assert abs(high - 1) <= stretch + rounding
    assert abs(slanted) <= slant + rounding
    assert abs(angle) <= turn + rounding
    assert np.linalg.det(matrix) == pytest.approx(wide * high)


def test_each_is_uniform_and_independent_of_the_others():
    chance = np.random.default_rng(2)
    found = np.array([parts_of(alteration(ALL, chance)) for _ in range(4000)]) - [1, 1, 0, 0]
    limits = np.array([0.1, 0.1, 0.2, 0.3])
    assert np.all(np.abs(found) <= limits + 1e-12)
    np.testing.assert_allclose(found.mean(0) / limits, 0, atol=0.05)
    np.testing.assert_allclose(found.std(0) / limits, 1 / np.sqrt(3), atol=0.02)
    np.testing.assert_allclose(np.corrcoef(found.T), np.eye(4), atol=0.06)


def one(noise, points, seed=3):
    return altered(points, "text", noise, np.random.default_rng(seed))[0]


def test_a_stretch_leaves_the_axes_a_slant_the_height_and_a_turn_all_lengths():
    points = line()
    stretched, slanted, turned = (one(Noise(**{name: 0.3}), points) for name in ("stretch", "slant", "turn"))
    for axis in (0, 1):
        factors = stretched[:, axis] / points[:, axis]
        np.testing.assert_allclose(factors, factors[0], rtol=1e-5)
    assert stretched[0, 0] / points[0, 0] != pytest.approx(stretched[0, 1] / points[0, 1])
    np.testing.assert_array_equal(slanted[:, 1], points[:, 1])
    slope = (slanted[:, 0] - points[:, 0]) / points[:, 1]
    np.testing.assert_allclose(slope, slope[0], atol=1e-4)
    lengths = [np.hypot(*np.diff(each[:, :2], axis=0).T) for each in (points, turned)]
    np.testing.assert_allclose(*lengths, rtol=1e-4)


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_where_a_line_lies_changes_none_of_its_offsets(seed, x, y):
    points = line().astype(np.float64)
    here, there = (one(ALL, each, seed) for each in (points, points + np.array([x, y, 0])))
    np.testing.assert_allclose(
        np.diff(here[:, :2], axis=0), np.diff(there[:, :2].astype(np.float64), axis=0), atol=0.02
    )


def test_the_pen_the_type_and_the_line_itself_stay():
    points = line()
    kept = points.copy()
    made = one(ALL, points)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made[:, 2], points[:, 2])
    np.testing.assert_array_equal(points, kept)
    assert np.any(made[:, :2] != points[:, :2])
    assert one(Noise(), points) is points


def test_chance_alone_decides():
    points, chance = line(), np.random.default_rng(5)
    np.testing.assert_array_equal(one(ALL, points, 5), altered(points, "", ALL, chance)[0])
    assert np.any(one(ALL, points, 5) != altered(points, "", ALL, chance)[0])


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_the_lines_that_lose_their_text(share):
    chance, points = np.random.default_rng(6), line(3)
    texts = [altered(points, "some text", Noise(untexted=share), chance)[1] for _ in range(4000)]
    assert set(texts) <= {"some text", ""}
    assert np.mean([not text for text in texts]) == pytest.approx(share, abs=0.03 if 0 < share < 1 else 0)
