"""A picture of where in its text a network is at each point (Graves 2013, figure 13)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points
from hwcli.measuring.chart import Axis, Chart, ink_path, text_at

LEFT, RIGHT, TOP, WIDTH = 70, 930, 70, 960
ROW = 13
"""Pixels that a character's row is high."""


def attention_chart(shown: NDArray[np.float32], text: str, points: Points, name: str) -> str:
    """Return the SVG of the window's weights at each point, a row a character, and the ink below.

    Parameters
    ----------
    shown: (T, U), the weight of each character of ``text`` while the network read each of the points but the
        last.
    points: (T + 1, 3), of the line, called ``name``.
    """
    below = TOP + ROW * len(text)
    low, size = points[:, :2].min(axis=0), np.ptp(points[:, :2], axis=0)
    scale = (RIGHT - LEFT) / max(float(size[0]), 4 * float(size[1]), 1e-6)
    chart = Chart(WIDTH, below + 90 + scale * float(size[1]), f"Where in the text the window is{_of(name)}")
    chart.add(
        text_at(
            LEFT, 50, "The weight of each character at each point (darker by its square root); below, the ink."
        )
    )
    brightest = float(shown.max(initial=0))
    # The root of it: between its sharp peaks the window is faint, but not blind.
    chart.picture(LEFT, TOP, RIGHT - LEFT, below - TOP, np.sqrt(shown / (brightest or 1)).T)
    chart.heat_scale(WIDTH - 180, 36, 100, "0", f"{brightest:.2g}")
    for row, character in enumerate(text):
        chart.add(text_at(LEFT - 10, TOP + ROW * (row + 1) - 3, _visible(character), 11, "end"))
    x = Axis(0.5, len(points) - 0.5, LEFT, RIGHT, is_whole=True)
    for value in x.ticks(10):
        chart.add(text_at(float(x.place(value)), below + 16, f"{value:.0f}", 11, "middle"))
    chart.add(text_at((LEFT + RIGHT) / 2, below + 34, "point read", anchor="middle"))
    chart.add(ink_path(points, low, scale, LEFT, below + 60))
    return chart.svg()


def _of(name: str) -> str:
    return f": {name}" if name else ""


def _visible(character: str) -> str:
    return "\N{MIDDLE DOT}" if character == " " else character
