"""Curves through points: near all of them, smooth, and no more pieces than are needed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from hwcli.drawing.curves import Curves, smooth

coordinates = st.floats(-50, 50).map(lambda value: round(value, 2))
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=30)


def curves_of(lines: list[NDArray[np.float64]], tolerance: float) -> Curves:
    starts = np.cumsum([0, *map(len, lines)])[:-1]
    return smooth(np.concatenate(lines), starts, tolerance)


def drawn(curves: Curves, line: int, steps: int = 200) -> NDArray[np.complex128]:
    """Return points close together on a line."""
    low, high = curves.starts[line], curves.starts[line + 1] - 1
    t = np.linspace(0, 1, steps)[:, None]
    a, b = curves.knots[low:high], curves.after[low:high]
    c, d = curves.before[low + 1 : high + 1], curves.knots[low + 1 : high + 1]
    way = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    return np.append(way.T.ravel(), curves.knots[high])


def farthest(points: NDArray[np.float64], way: NDArray[np.complex128]) -> float:
    places = points @ [1, 1j]
    return float(np.abs(places[:, None] - way[None]).min(axis=1).max())


@given(st.lists(strokes, min_size=1, max_size=4), st.sampled_from([0.0, 0.02, 0.1, 1.0, 10.0]))
@settings(deadline=None, max_examples=60)
def test_every_point_is_within_the_tolerance(many: list[list[tuple[float, float]]], tolerance: float) -> None:
    lines = [np.array(stroke) for stroke in many]
    curves = curves_of(lines, tolerance)
    assert len(curves.starts) == len(lines) + 1
    for number, line in enumerate(lines):
        way = drawn(curves, number)
        longest = np.abs(np.diff(way)).max(initial=0)
        assert farthest(line, way) <= tolerance + longest + 0.002
        assert abs(curves.knots[curves.starts[number]] - complex(*line[0])) < 0.002
        assert abs(curves.knots[curves.starts[number + 1] - 1] - complex(*line[-1])) < 0.002


def test_without_a_tolerance_all_points_are_kept(rng: np.random.Generator) -> None:
    lines = [np.cumsum(rng.normal(0, 1, (n, 2)), axis=0) for n in (1, 2, 3, 40)]
    curves = curves_of(lines, 0)
    assert np.allclose(curves.knots, np.concatenate(lines) @ [1, 1j], atol=0.001)
    assert np.diff(curves.starts).tolist() == [1, 2, 3, 40]


def test_a_line_does_not_depend_on_those_beside_it(rng: np.random.Generator) -> None:
    lines = [np.cumsum(rng.normal(0, 0.3, (50, 2)), axis=0) for _ in range(5)]
    together = curves_of(lines, 0.0)
    for number, line in enumerate(lines):
        alone = curves_of([line], 0.0)
        chosen = slice(together.starts[number], together.starts[number + 1])
        for ours, theirs in zip(together[:3], alone[:3], strict=True):
            assert np.array_equal(ours[chosen][1:-1], theirs[1:-1])


@pytest.mark.parametrize(("points", "most"), [(8, 0.06), (16, 0.01), (64, 0.002)])
def test_points_of_a_circle_give_a_circle(points: int, most: float) -> None:
    angle = np.linspace(0, 2 * math.pi, points + 1)
    way = drawn(curves_of([np.column_stack([np.cos(angle), np.sin(angle)])], 0), 0)
    assert np.abs(np.abs(way) - 1).max() < most


@pytest.mark.parametrize("points", [300, 3000, 30_000])
def test_how_densely_a_pen_was_sampled_hardly_shows(points: int) -> None:
    time = np.linspace(0, 20, points)
    way = np.column_stack([2 * time + np.sin(3 * time), 3 * np.cos(3 * time)])
    assert 60 < len(curves_of([way], 0.02).knots) < 140


def test_points_on_a_grid_as_pens_count_them_are_smoothed_over() -> None:
    time = np.linspace(0, 10, 2000)
    way = np.round(np.column_stack([2 * time, np.cos(2 * time)]), 2)
    assert len(curves_of([way], 0.03).knots) < 300


def test_a_level_line_is_two_points_and_stays_level() -> None:
    curves = curves_of([np.column_stack([np.arange(100.0), np.full(100, 7.0)])], 0.02)
    assert len(curves.knots) < 8
    assert np.allclose(drawn(curves, 0).imag, 7)


def test_a_sharp_turn_stays_sharp_and_makes_no_loop() -> None:
    down, up = np.linspace(0, 5, 11), np.linspace(4.5, 0, 10)
    way = drawn(curves_of([np.column_stack([np.zeros(21), np.append(down, up)])], 0.02), 0)
    assert np.abs(way.real).max() < 0.02
    assert way.imag.max() <= 5.001


def test_points_that_fall_together_are_one() -> None:
    still = np.array([(3, 4), (3, 4), (3.0001, 4)])
    curves = curves_of([still, np.array([(0, 0), (0, 0), (1, 1), (1, 1)])], 0.02)
    assert np.diff(curves.starts).tolist() == [1, 2]
    assert np.isfinite(np.concatenate(curves[:3])).all()


def test_there_may_be_nothing_to_draw() -> None:
    curves = smooth(np.zeros((0, 2)), np.zeros(0, np.int64), 0.02)
    assert len(curves.knots) == 0
    assert curves.starts.tolist() == [0]
