"""Xournal++ (.xopp) and Xournal (.xoj): pages of strokes, as XML that is packed with gzip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.pages import Page
from hwcli.ink.sources.strokes import numbers_of, points_of

OnBad = Callable[[BadInput], None]
Floats = NDArray[np.float64]
_WRITES = ("pen", "")
"""What writes; a highlighter and an eraser do not."""


def read_pages(root: Any, source: str, on_bad: OnBad | None = None) -> Iterator[Page]:
    """Yield each page of the document ``root`` that has strokes of a pen; messages call it ``source``.

    Ids are the pages' numbers, "" where there is one page.  The pressure is the width of the line in a stroke
    that has one for each point.  With ``on_bad`` a stroke that cannot be read is handed to it and left out.

    Raises
    ------
    BadInput: a stroke cannot be read, or there is none.
    """
    pages = list(root.iter("page"))
    found = False
    for number, page in enumerate(pages, start=1):
        strokes = list(_strokes(page, f"page {number}", source, on_bad))
        if strokes:
            found = True
            yield _page(strokes, str(number) if len(pages) > 1 else "", source)
    if not found:
        raise BadInput(source, "no page with strokes of a pen in it")


def _strokes(page: Any, place: str, source: str, on_bad: OnBad | None) -> Iterator[Floats]:
    """Yield the (n, 3) x, y and width of each stroke; the width is NaN where it does not change."""
    for number, element in enumerate(page.iter("stroke"), start=1):
        if (element.get("tool") or "") not in _WRITES:
            continue
        try:
            yield _table(element.text or "", element.get("width") or "")
        except ValueError as error:
            bad = BadInput(source, f"{place}, stroke {number}: {error}")
            if on_bad is None:
                raise bad from error
            on_bad(bad)


def _table(text: str, width: str) -> Floats:
    values = numbers_of(text, 2 * limits.POINTS)
    if not len(values) or len(values) % 2:
        raise ValueError("its coordinates are not pairs")
    points = values.reshape(-1, 2)
    table = np.full((len(points), 3), np.nan)
    table[:, :2] = points
    widths = numbers_of(width, limits.POINTS + 1)
    if len(points) > 1 and len(widths) in (len(points), len(points) + 1):  # the first is that of the pen
        changing = np.append(widths[1:], widths[-1]) if len(widths) == len(points) else widths[1:]
        table[:, 2] = np.maximum(changing, 0)
    return table


def _page(strokes: list[Floats], id: str, source: str) -> Page:
    table = np.concatenate(strokes)
    if len(table) > limits.POINTS:
        raise BadInput(source, f"a page of more than {limits.POINTS} points")
    widest = float(np.nanmax(table[:, 2])) if np.isfinite(table[:, 2]).any() else 0.0
    pressure = (table[:, 2] / widest).astype(np.float32) if widest > 0 else None
    return Page(points_of(strokes), id=id, pressure=pressure)
