"""The base line: where the letters stand, whatever else there is."""

from __future__ import annotations

import random

import numpy as np
import pytest
from conftest import make_ink

from hwcli.drawing.baseline import baseline
from hwcli.drawing.size import letter_height
from hwcli.ink import Drawing


def written(text: str, seed: int = 1, rise: float = 0.0) -> Drawing:
    """Return ``text`` by a made-up hand, its base line at y = 1000 but for the hand's own rise, turned."""
    strokes = make_ink.strokes_of_text(text, random.Random(seed))
    rows = [(x, y, i == len(stroke)) for stroke in strokes for i, (x, y) in enumerate(stroke, start=1)]
    points = np.array(rows, np.float64)
    points[:, 1] += rise * points[:, 0]
    return Drawing(points.astype(np.float32))


def found(drawing: Drawing) -> tuple[float, float]:
    letter = letter_height([drawing])
    assert letter is not None
    slope, offset = baseline(drawing, letter)
    return slope, offset + slope * float(np.median(drawing.points[:, 0]))


@pytest.mark.parametrize(
    "text", ["a thing made well and used", "quickly yapping gypsy puppy", "Tall bold hill"]
)
@pytest.mark.parametrize("rise", [-0.12, -0.03, 0.0, 0.05, 0.15])
@pytest.mark.parametrize("seed", range(3))
def test_slope_and_height_are_found(text: str, rise: float, seed: int) -> None:
    slope, middle = found(written(text, seed, rise))
    expected = written(text, seed, rise)
    assert slope == pytest.approx(rise, abs=0.035)  # the hand rises by 0.015 itself
    x = float(np.median(expected.points[:, 0]))
    assert middle == pytest.approx(1000 + rise * x, abs=30)


def test_dots_and_tails_do_not_count() -> None:
    drawing = written("a thing made well and used", 2)
    slope, middle = found(drawing)
    dots = np.array([(x, y, 1) for x in range(300, 2500, 60) for y in (700, 1150)], np.float32)
    tail = np.array([(800, 950, 0), (800, 1300, 0), (700, 1320, 1)], np.float32)
    more = Drawing(np.concatenate([drawing.points, dots, tail]))
    assert found(more)[0] == pytest.approx(slope, abs=0.01)
    assert found(more)[1] == pytest.approx(middle, abs=10)


@pytest.mark.parametrize("word", ["so", "I", "gy", "."])
def test_a_short_word_is_level(word: str) -> None:
    assert found(written(word, 3, 0.1))[0] == 0


@pytest.mark.parametrize(
    "points",
    [[(1, 2, 1)], [(0, 0, 0), (9, 0, 1)], [(0, 0, 0), (0, 9, 1)], [(3, 3, 0), (3, 3, 1)], []],
    ids=["dot", "level", "upright", "still", "nothing"],
)
def test_hardly_any_ink_has_a_base_line(points: list[tuple[float, float, float]]) -> None:
    slope, offset = baseline(Drawing(np.array(points, np.float32).reshape(-1, 3)), 5.0)
    assert slope == 0
    assert np.isfinite(offset)


def test_a_point_far_out_takes_neither_the_line_nor_the_memory_away() -> None:
    drawing = written("a thing made well and used", 2)
    before = found(drawing)
    drawing.points[50, :2] = 1e8
    assert found(drawing) == pytest.approx(before, abs=20)
