"""A glance at ink in the terminal, in Braille characters: two by four dots each.

A line of writing is far wider than high, so on a terminal's width its letters would be too small to read.
It is therefore wrapped, between words where there is room to, as far as the terminal's height allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.layout import cut_to
from hwcli.drawing.sheet import Placed, Sheet
from hwcli.drawing.strokes import lines

Dots = NDArray[np.bool_]
"""(height, width) whether a dot is set."""

DOTS_ACROSS, DOTS_DOWN = 2, 4
BLANK = 0x2800
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint16)

LARGEST_LETTER, SMALLEST_LETTER = 10.0, 3.5
"""The height of a letter in dots: no larger than this if all is seen, no smaller as long as one drawing is."""

EARLIEST_BREAK, BREAK_WIDTH, WORD_GAP = 0.4, 2, 0.6
"""A line is broken after this share of the terminal's width, where so many columns of dots are empty, and not
at a gap that is narrower than this share of the widest: that is one between letters."""

TRIALS = 30
"""How often the scale is lowered by a twentieth to make room for breaks between words."""

SEGMENTS_AT_ONCE = 1 << 20


def preview(sheets: Sequence[Sheet], columns: int, rows: int) -> list[str]:
    """Draw what is on ``sheets`` in ``rows`` lines of ``columns``.

    The drawings come one below the other; what does not fit at a legible size is counted in the last line.
    """
    columns, rows = max(columns, 1), max(rows, 2)
    letter = sheets[0].letter
    placed = [one for sheet in sheets for one in sheet.placed]
    room = rows
    fits = _first_that_fit(placed, SMALLEST_LETTER / letter, columns, room)
    if fits < len(placed):
        room = rows - 1
        fits = _first_that_fit(placed, SMALLEST_LETTER / letter, columns, room)
    shown = placed[: max(fits, 1)]
    scale = _largest(lambda scale: _rows(shown, scale, columns) <= room, LARGEST_LETTER / letter)
    text = _text(shown, scale, columns)
    for _ in range(TRIALS):  # breaking between words may have taken more rows than breaking anywhere
        if len(text) <= room:
            break
        scale *= 0.95
        text = _text(shown, scale, columns)
    more = [f"… and {len(placed) - len(shown)} more"[:columns]] if room < rows else []
    return text[:room] + more


def _first_that_fit(placed: Sequence[Placed], scale: float, columns: int, rows: int) -> int:
    """Return how many of the first of ``placed`` go into ``rows`` at ``scale`` dots a millimetre."""
    used = 0
    for count, one in enumerate(placed):
        used += _rows([one], scale, columns)
        if used > rows:
            return count
    return len(placed)


def _largest(fits: Callable[[float], bool], most: float) -> float:
    """Return about the largest scale up to ``most`` that ``fits``; 0 when none does."""
    if fits(most):
        return most
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
        if low > 0.99 * high:
            break
    return low


def _rows(placed: Sequence[Placed], scale: float, columns: int) -> int:
    """Return how many rows ``placed`` takes at ``scale`` dots a millimetre when it is broken anywhere."""
    total = 0
    for one in placed:
        width, height = (math.floor(length * scale) + 1 for length in one.size)
        bands = math.ceil(width / (columns * DOTS_ACROSS))
        total += (bands * math.ceil(height / DOTS_DOWN) if len(one.drawing) else 0) + bool(one.caption)
    return total


def _text(placed: Sequence[Placed], scale: float, columns: int) -> list[str]:
    text = []
    for one in placed:
        if one.caption:
            text.append(cut_to(_printable(one.caption), columns))
        if len(one.drawing):
            bands = _bands(_dots(one, scale), columns * DOTS_ACROSS)
            text += [row for band in bands for row in _braille(_without_empty_edges(band))]
    return text


def _printable(text: str) -> str:
    """Return ``text`` without characters that would command the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _dots(placed: Placed, scale: float) -> Dots:
    """Draw the lines of ``placed`` at ``scale`` dots a millimetre."""
    points = placed.points()
    points = (points - points.min(axis=0)) * scale
    width, height = (math.floor(length * scale) + 1 for length in placed.size)
    dots = np.zeros((height, width), np.bool_)
    inside = np.ones(len(points), np.bool_)
    inside[[line.stop - 1 for line in lines(placed.drawing)]] = False
    for start in range(0, len(points), SEGMENTS_AT_ONCE):
        stop = min(start + SEGMENTS_AT_ONCE, len(points))
        begin, end = points[start:stop], points[np.minimum(np.arange(start, stop) + 1, len(points) - 1)]
        _mark(dots, begin, np.where(inside[start:stop, None], end - begin, 0.0))
    return dots


def _mark(dots: Dots, begin: NDArray[np.float64], move: NDArray[np.float64]) -> None:
    """Set the dots on the way from each of (n, 2) ``begin`` along its ``move``, both ends included."""
    steps = np.ceil(np.abs(move).max(axis=1)).astype(np.int64) + 1
    last = np.cumsum(steps)
    part = (np.arange(last[-1]) - np.repeat(last - steps, steps)) / np.repeat(np.maximum(steps - 1, 1), steps)
    way = np.floor(np.repeat(begin, steps, axis=0) + part[:, None] * np.repeat(move, steps, axis=0) + 1e-9)
    x, y = way.astype(np.int64).T
    dots[np.clip(y, 0, dots.shape[0] - 1), np.clip(x, 0, dots.shape[1] - 1)] = True


def _bands(dots: Dots, width: int) -> Iterator[Dots]:
    """Break ``dots`` into pieces at most ``width`` wide, between words where that is possible."""
    empty = np.logical_not(dots.any(axis=0, keepdims=True))[0]
    start = 0
    while dots.shape[1] - start > width:
        stop = start + _break(empty[start : start + width + 1], width)
        yield dots[:, start:stop]
        start = stop + int(np.argmin(empty[stop:]))
    yield dots[:, start:]


def _break(empty: NDArray[np.bool_], width: int) -> int:
    """Return where a line is broken: at its last gap as wide as those between words, or at ``width``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], empty, [False]])))
    begins, ends = edges[::2], edges[1::2]
    late = (begins >= EARLIEST_BREAK * width) & (ends - begins >= BREAK_WIDTH)
    begins, widths = begins[late], (ends - begins)[late]
    if not len(begins):
        return width
    return int(begins[widths >= WORD_GAP * widths.max()][-1])


def _without_empty_edges(dots: Dots) -> Dots:
    """Return ``dots`` without the empty rows above and below: a word without tails needs less room."""
    rows = np.flatnonzero(dots.any(axis=1))
    return dots[rows[0] : rows[-1] + 1] if len(rows) else dots[:1]


def _braille(dots: Dots) -> list[str]:
    height, width = dots.shape
    padded = np.pad(dots, ((0, -height % DOTS_DOWN), (0, -width % DOTS_ACROSS)))
    cells = padded.reshape(padded.shape[0] // DOTS_DOWN, DOTS_DOWN, padded.shape[1] // DOTS_ACROSS, DOTS_ACROSS)
    codes = (BLANK + np.einsum("rdca,da->rc", cells.astype(np.uint16), BITS)).astype("<u2")
    return [row.tobytes().decode("utf-16-le").rstrip(chr(BLANK)) for row in codes]
