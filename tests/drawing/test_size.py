"""The estimate of the height of letters: alike for all pens, and not led astray."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli.drawing.size import letter_height
from hwcli.ink import Drawing


def zigzag(letters: int = 40, height: float = 100.0, points: int = 12, lift: int = 5) -> NDArray[np.float64]:
    """Return writing of nothing but swings of ``height``, ``points`` each, the pen lifted now and then."""
    time = np.linspace(0, letters, letters * points + 1)
    way = np.column_stack([time * 0.6 * height, (1 - np.cos(np.pi * time)) / 2 * height, np.zeros(len(time))])
    way[lift * points :: lift * points, 2] = 1
    return way


def height_of(points: NDArray[np.float64]) -> float:
    found = letter_height([Drawing(points.astype(np.float32))])
    assert found is not None
    return found


def test_it_is_the_height_of_the_letters() -> None:
    assert height_of(zigzag(height=37.0)) == pytest.approx(37.0, rel=0.1)


@pytest.mark.parametrize("factor", [1e-6, 0.01, 1.0, 300.0, 1e6])
def test_it_grows_with_the_unit(factor: float) -> None:
    scaled = zigzag() * [factor, factor, 1]
    assert height_of(scaled) == pytest.approx(100 * factor, rel=0.1)


@pytest.mark.parametrize("points", [3, 6, 12, 50, 200])
def test_it_does_not_depend_on_how_fast_the_pen_is_sampled(points: int) -> None:
    assert height_of(zigzag(points=points)) == pytest.approx(100, rel=0.12)


def test_it_does_not_depend_on_slope_or_a_second_line() -> None:
    one = zigzag()
    sloping = one.copy()
    sloping[:, 1] += 0.2 * one[:, 0]
    below = one.copy()
    below[:, 1] += 300
    assert height_of(sloping) == pytest.approx(100, rel=0.25)
    assert height_of(np.concatenate([one, below])) == pytest.approx(100, rel=0.1)


def test_it_does_not_depend_on_jitter(rng: np.random.Generator) -> None:
    shaken = zigzag(points=48)
    shaken[:, :2] += rng.normal(0, 2, shaken[:, :2].shape)
    assert height_of(shaken) == pytest.approx(100, rel=0.15)


@pytest.mark.parametrize("far", [1e3, 1e6, 1e30])
def test_a_point_far_out_has_no_say(far: float) -> None:
    spoilt = zigzag()
    spoilt[77, :2] = far
    assert height_of(spoilt) == pytest.approx(100, rel=0.1)


def test_accents_and_dots_do_not_count() -> None:
    dots = np.array([(x, -50, 1) for x in range(0, 2000, 100)], float)
    assert height_of(np.concatenate([zigzag(), dots])) == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 0, 0), (100, 0, 1)], 10),  # a rule is a tenth as high as long
        ([(0, 0, 0), (0, 50, 1)], 50),
        ([(5, 5, 1), (25, 5, 1), (45, 5, 1)], 20),  # dots: from one to the next
        ([(5, 5, 1)], None),
        ([(5, 5, 0), (5, 5, 1)], None),
        ([], None),
    ],
)
def test_ink_that_is_no_writing(points: list[tuple[float, float, float]], expected: float | None) -> None:
    found = letter_height([Drawing(np.array(points, np.float32).reshape(-1, 3))])
    assert found == (expected if expected is None else pytest.approx(expected))


def test_several_drawings_are_measured_together_and_empty_ones_do_no_harm() -> None:
    empty = Drawing(np.zeros((0, 3), np.float32))
    made = [Drawing(zigzag(height=height).astype(np.float32)) for height in (90, 100, 110)]
    assert letter_height([empty, *made, empty]) == pytest.approx(100, rel=0.12)


def test_made_up_handwriting_has_one_size(made_drawings: list[Drawing]) -> None:
    heights = [letter_height([one]) for one in made_drawings]
    together = letter_height(made_drawings)
    assert together is not None
    assert np.quantile(heights, [0.1, 0.9]) == pytest.approx(together, rel=0.4)
