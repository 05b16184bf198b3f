"""The cairo library: where it is found, colours, and whole paths handed to it at once."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.curves import Curves, Plane
from hwcli.errors import HwError

MOVE_TO, LINE_TO, CURVE_TO, CLOSE_PATH = range(4)
DOT = 0.01
"""The length of a dot: cairo, too, draws nothing for a line that has none."""


@cache
def library() -> Any:
    """Return the module cairocffi.

    Raises
    ------
    HwError: there is no cairo library.
    """
    try:
        return import_module("cairocffi")
    except (ImportError, OSError) as error:  # it raises OSError when the C library is not there
        raise HwError(
            "PNG, PDF and PS need the cairo library, which was not found: install libcairo2 (Debian, Ubuntu) or"
            " cairo (Fedora, Homebrew), or write SVG, which works without it"
        ) from error


def set_colour(context: Any, colour: str) -> None:
    """Have ``context`` draw in ``colour``."""
    context.set_source_rgb(*(part / 255 for part in rgb(colour)))


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of ``colour``, 0 to 255."""
    red, green, blue = import_module("PIL.ImageColor").getrgb(colour)
    return red, green, blue


def add_curves(context: Any, curves: Curves, chosen: NDArray[np.bool_] | None = None) -> None:
    """Add the lines of ``curves``, or those (L,) ``chosen``, to the path of ``context``."""
    counts = np.diff(curves.starts)
    if chosen is not None:
        curves = _chosen(curves, np.repeat(chosen, counts), counts[chosen])
        counts = counts[chosen]
    curves = _with_dots(curves, counts)
    entries = np.empty((len(curves.knots), 4), np.complex128)
    entries[:, 0] = _heading(CURVE_TO, 4)
    entries[1:, 1], entries[:, 2], entries[:, 3] = curves.after[:-1], curves.before, curves.knots
    starts = curves.starts[:-1]
    entries[starts, 2] = _heading(MOVE_TO, 2)
    used = np.ones(entries.shape, np.bool_)
    used[starts, :2] = False
    _append(context, entries[used])


def add_shape(context: Any, shape: Plane) -> None:
    """Add the closed ``shape`` of (n,) points to the path of ``context``."""
    entries = np.empty((len(shape), 2), np.complex128)
    entries[0, 0], entries[1:, 0] = _heading(MOVE_TO, 2), _heading(LINE_TO, 2)
    entries[:, 1] = shape
    _append(context, np.append(entries.ravel(), _heading(CLOSE_PATH, 1)))


def _chosen(curves: Curves, kept: NDArray[np.bool_], counts: NDArray[np.int64]) -> Curves:
    starts = np.append(0, np.cumsum(counts))
    return Curves(curves.knots[kept], curves.before[kept], curves.after[kept], starts)


def _with_dots(curves: Curves, counts: NDArray[np.int64]) -> Curves:
    """Return ``curves`` with dots as lines of two knots."""
    dots = curves.starts[:-1][counts == 1]
    if not len(dots):
        return curves
    end = curves.knots[dots] + DOT
    knots, before, after = (
        np.insert(values, dots + 1, new)
        for values, new in ((curves.knots, end), (curves.before, end), (curves.after, end))
    )
    return Curves(knots, before, after, np.append(0, np.cumsum(np.maximum(counts, 2))))


def _heading(kind: int, length: int) -> complex:
    """Return what stands before points in cairo's path data: two 32-bit numbers, in the place of a point."""
    head = np.zeros(2)
    head.view(np.int32)[:2] = kind, length
    return complex(head.view(np.complex128)[0])


def _append(context: Any, data: Plane) -> None:
    """Add path ``data`` as cairo keeps it (cairo_path_data_t) in one call, and not in one a point."""
    cairo = library()
    block = np.ascontiguousarray(data)
    path = cairo.ffi.new("cairo_path_t *")
    path.status = 0
    path.data = cairo.ffi.cast("cairo_path_data_t *", cairo.ffi.from_buffer(block))
    path.num_data = len(block)
    if len(block):
        cairo.cairo.cairo_append_path(context._pointer, path)
        context._check_status()


CREATED = re.compile(rb"/CreationDate \(D:[^)]*\)|%%CreationDate: [^\r\n]*")


def without_date(document: bytes) -> bytes:
    """Return a PDF or PostScript ``document`` with blanks for the date.

    They are as many as its characters: a PDF's table of contents counts bytes.
    """
    return CREATED.sub(lambda found: b" " * len(found[0]), document)
