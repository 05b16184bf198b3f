"""The image of a line that a reader is shown."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import CAIRO

from hwcli.drawing.line_image import HEIGHT, MARGIN, SIDES, line_image
from hwcli.ink import Drawing

pytestmark = CAIRO


def drawing(*rows: tuple[float, float, int]) -> Drawing:
    return Drawing(np.array(rows, np.float32).reshape(-1, 3))


def test_ink_is_black_on_white_and_fills_the_height(made_drawings: list[Drawing]) -> None:
    for made in made_drawings[:4]:
        image = line_image(made)
        assert image.shape[0] == HEIGHT
        assert image.dtype == np.uint8
        assert image.min() == 0
        dark = image < 128
        rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        assert rows[0] <= MARGIN <= HEIGHT - 1 - MARGIN <= rows[-1]
        assert abs(columns[0] - SIDES) <= 2
        assert abs(image.shape[1] - SIDES - columns[-1]) <= 2


def test_it_is_the_same_in_any_unit_and_at_any_place(made_drawings: list[Drawing]) -> None:
    made = made_drawings[0]
    moved = Drawing(made.points * np.array([0.25, 0.25, 1], np.float32) + np.array([64, -128, 0], np.float32))
    differences = line_image(made).astype(int) - line_image(moved)
    assert np.abs(differences).mean() < 0.5


def test_strokes_are_where_their_points_are() -> None:
    image = line_image(drawing((0, 0, 0), (0, 58, 1), (29, 0, 0), (29, 0, 1), (58, 58, 1)))
    assert image.shape == (64, 58 + 24)
    assert image[32, 12] == 0  # the upright
    assert image[3, 41] < 64  # a dot of two points
    assert image[61, 70] < 64  # a dot of one
    assert image[32, 30] == 255
    assert (image[:, 14:38] == 255).all()


@pytest.mark.parametrize("rows", [[], [(3, 4, 1)], [(0, 0, 0), (50, 0, 1)], [(0, 0, 0), (0, 50, 1)]])
def test_ink_without_width_or_height_is_drawn_too(rows: list[tuple[float, float, int]]) -> None:
    image = line_image(drawing(*rows))
    assert image.shape[0] == HEIGHT
    assert 24 <= image.shape[1] <= 6000
    assert (image.min() == 255) == (not rows)
