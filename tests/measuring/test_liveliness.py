"""The shape of a line, and how shapes vary, on ink whose shape is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.ink import Drawing
from hwcli.measuring.liveliness import Shape, shape_of, variety


def letters(
    lean: float = 0.0, pitch: float = 40.0, tall: float = 60.0, size: float = 1.0, slope: float = 0.0
) -> Drawing:
    """Forty letters like n, of x-height 30, ``pitch`` apart, every fifth with a stem that is ``tall``."""
    strokes = []
    for count in range(40):
        top = -tall if count % 5 == 0 else -30.0
        corners = np.array([(0, 0), (0, top), (0, -30), (15, -30), (15, 0)], float)
        points = np.concatenate([np.linspace(a, b, 9) for a, b in pairwise(corners)])
        points[:, 0] += count * pitch - lean * points[:, 1]
        points[:, 1] += slope * points[:, 0]
        strokes.append(np.column_stack([points, np.arange(len(points)) == len(points) - 1]))
    return Drawing(np.concatenate(strokes).astype(np.float32) * np.float32([size, size, 1]), text="n" * 40)


def shaped(drawing: Drawing) -> Shape:
    shape = shape_of(drawing)
    assert shape is not None
    return shape


@pytest.mark.parametrize("degrees", [-30, 0, 10, 40])
def test_the_slant_is_that_of_the_stems(degrees: float) -> None:
    assert shaped(letters(lean=np.tan(np.radians(degrees)))).slant == pytest.approx(degrees, abs=1.5)


def test_width_and_height_are_in_x_heights() -> None:
    usual, wide, tall = shaped(letters()), shaped(letters(pitch=80)), shaped(letters(tall=90))
    assert usual.size == pytest.approx(30, rel=0.25)
    assert usual.width == pytest.approx(40 / usual.size, rel=0.03)
    assert wide.width == pytest.approx(2 * usual.width, rel=0.05)
    assert usual.height == pytest.approx(60 / usual.size, rel=0.1)
    assert tall.height > 1.3 * usual.height


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.floats(-0.1, 0.1))
def test_only_the_size_changes_with_the_unit_and_nothing_with_the_slope(size: float, slope: float) -> None:
    usual, other = shaped(letters()), shaped(letters(size=size, slope=slope))
    turned = np.degrees(np.arctan(slope))  # the stems stayed upright when the line was made to fall
    assert other.slant == pytest.approx(usual.slant - turned, abs=1.5)
    assert other.width == pytest.approx(usual.width, rel=0.1)
    assert other.height == pytest.approx(usual.height, rel=0.1)
    assert other.size == pytest.approx(usual.size * size, rel=0.1)


def test_variety_is_the_spread_of_the_lines(rng: np.random.Generator) -> None:
    leans = rng.normal(0.1, 0.1, 200)
    shapes = [shaped(letters(lean=lean)) for lean in leans]
    found = variety([*shapes, Shape(1e6, 1e6, 1e6, 1e6)])
    assert found.lines == 201
    assert found.middle.slant == pytest.approx(np.degrees(np.arctan(0.1)), abs=1.5)
    assert found.spread.slant == pytest.approx(np.degrees(np.arctan(0.1)), rel=0.2)
    assert found.spread.width < 0.1
    with pytest.raises(ValueError, match="two lines"):
        variety(shapes[:1])


@pytest.mark.parametrize(
    "rows", [[], [(0, 0, 1)], [(5, 5, 0), (5, 5, 0), (5, 5, 1)], [(0, 0, 1), (1, 1, 1), (2, 2, 1)]]
)
def test_ink_without_a_shape_or_a_text_has_none(rows: list[tuple[float, float, int]]) -> None:
    points = np.array(rows, np.float32).reshape(-1, 3)
    assert shape_of(Drawing(points, text="a")) is None
    assert shape_of(replace(letters(), text="")) is None


def test_a_dash_has_a_shape() -> None:
    points = np.array([(0, 0, 0), (5, 0, 0), (9, 0, 1)], np.float32)
    assert shape_of(Drawing(points, text="-")) is not None
