"""Lines as they might have been written: a little wider, lower, more slanting, or without their text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points
from hwcli.model.config import Noise


def altered(points: Points, text: str, noise: Noise, chance: np.random.Generator) -> tuple[Points, str]:
    """Return the (N, 3) absolute ``points`` stretched, slanted and turned by chance, and ``text`` or "".

    Ha, Dai and Le (2016, appendix A.3.4) stretch each line of IAM-OnDB by up to 10 %.
    """
    if noise.stretch or noise.slant or noise.turn:
        points = np.column_stack([points[:, :2] @ alteration(noise, chance).T, points[:, 2]]).astype(np.float32)
    return points, "" if noise.untexted and chance.random() < noise.untexted else text


def alteration(noise: Noise, chance: np.random.Generator) -> NDArray[np.float64]:
    """Return a chance (2, 2) matrix that stretches each axis, then slants, then turns."""
    wide, high = 1 + chance.uniform(-noise.stretch, noise.stretch, 2)
    slant = chance.uniform(-noise.slant, noise.slant)
    angle = chance.uniform(-noise.turn, noise.turn)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turned @ np.array([[1, slant], [0, 1]]) @ np.diag([wide, high])
