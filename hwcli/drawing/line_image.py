"""A line of writing as a small grey image, quickly: what a reader of text lines is shown.

The ink is drawn by cairo itself, without an SVG in between, which takes less than a millisecond a line.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.strokes import lines
from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing

HEIGHT = 64
MARGIN, SIDES = 3.0, 12.0
"""Pixels that are left white above and below the ink, and left and right of it, in an image of HEIGHT."""
PEN = 2.0
"""Width of the strokes, in pixels.  With these three, real lines of writing are read best."""
LONGEST = 100
"""A line that is longer, as a multiple of its height, is drawn less high than there is room for."""


def line_image(drawing: Drawing, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Return ``drawing``, black on white, (height, width) uint8, as large as ``height`` allows.

    Raises
    ------
    HwError: there is no cairo library.
    """
    cairo = _cairo()
    unit = height / HEIGHT
    places, width = _placed(drawing, height, unit)
    surface = cairo.ImageSurface(cairo.FORMAT_A8, width, height)
    context = cairo.Context(surface)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_line_width(PEN * unit)
    for line in lines(drawing):
        _stroke(context, places[line.start : line.stop])
    surface.flush()
    covered = np.frombuffer(surface.get_data(), np.uint8).reshape(height, surface.get_stride())[:, :width]
    return 255 - covered


def _cairo() -> Any:
    try:
        return import_module("cairocffi")
    except (ImportError, OSError) as error:  # cairocffi raises OSError when the C library is not there
        raise HwError(
            "images of lines need the cairo library, which was not found: install libcairo2 (Debian, Ubuntu) or"
            " cairo (Fedora, Homebrew)"
        ) from error


def _placed(drawing: Drawing, height: int, unit: float) -> tuple[NDArray[np.float64], int]:
    """Return the points in pixels, (N, 2), and the width of the image."""
    points = drawing.points[:, :2].astype(np.float64)
    if not len(points):
        return points, max(round(2 * SIDES * unit), 1)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    room = height - 2 * MARGIN * unit
    # A dash has no height to tell its size by: no line of writing is so many times longer than it is high.
    scale = room / (max(size[1], size[0] / LONGEST) or room)
    sides = np.array([SIDES * unit, (height - size[1] * scale) / 2])
    return (points - low) * scale + sides, int(np.ceil(size[0] * scale + 2 * SIDES * unit))


def _stroke(context: Any, places: NDArray[np.float64]) -> None:
    first, *rest = places.tolist()
    context.move_to(*first)
    for place in rest:
        context.line_to(*place)
    if all(place == first for place in rest):
        context.close_path()  # a dot
    context.stroke()
