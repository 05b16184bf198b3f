"""The grain of paper, which a pencil does not reach the bottom of."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from hwcli.drawing.cairo import library

TILE, GRAINS_A_MILLIMETRE = 512, 12.0
"""The grain repeats after so many grains; the size of one."""

FAINTEST = 0.25
"""What of the pencil is left in the deepest places."""


@cache
def grain() -> Any:
    """Return a pattern of cairo for a sheet in millimetres: opaque where a pencil leaves its mark."""
    cairo = library()
    chance = np.random.default_rng(1)
    rough = chance.random((TILE, TILE))
    for axis in (0, 1):
        rough = (np.roll(rough, 1, axis) + 2 * rough + np.roll(rough, -1, axis)) / 4
    heights = (rough - rough.mean()) / rough.std()
    left = np.clip(0.78 + 0.42 * heights, FAINTEST, 1)
    surface = cairo.ImageSurface(cairo.FORMAT_A8, TILE, TILE)
    rows = np.frombuffer(surface.get_data(), np.uint8).reshape(TILE, surface.get_stride())
    rows[:, :TILE] = np.rint(255 * left).astype(np.uint8)
    surface.mark_dirty()
    pattern = cairo.SurfacePattern(surface)
    pattern.set_extend(cairo.EXTEND_REPEAT)
    pattern.set_matrix(cairo.Matrix(xx=GRAINS_A_MILLIMETRE, yy=GRAINS_A_MILLIMETRE))
    return pattern
