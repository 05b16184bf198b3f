"""Where each drawing goes on the sheet, in millimetres: one below the other, or in the cells of a grid."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.sheet import Placed, Sheet
from hwcli.drawing.size import ENOUGH_POINTS, letter_height
from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing

LONGEST = 1e6
"""A drawing that is larger than so many of its letters has a coordinate that cannot be right."""

ROW_GAP, COLUMN_GAP = 1.0, 2.0
"""The room between drawings, in heights of a letter."""

BLANK_LINE = 1.5
"""The height of a row without ink, in heights of a letter."""

CAPTION_SIZE, CAPTION_LINE, CHARACTER_WIDTH = 0.8, 1.5, 0.55
"""The size of a caption in heights of a letter; its line and its usual character in sizes of the caption."""

WIDEST_CAPTION = 100.0
"""A caption does not make a cell wider than so many heights of a letter; what is longer is cut."""


@dataclass(frozen=True)
class Layout:
    """How drawings are laid out; lengths in millimetres.

    Attributes
    ----------
    height: of the small letters of the writing (an x), as estimated from the ink.
    each: whether every drawing is brought to that height by itself, instead of all by one scale.
    margin: between the sheet's edge and the ink's own, on all sides.
    pen: the width of the line, for which the edges leave room.
    columns: of the grid; 1 stacks the drawings.
    captions: "id" or "text" to write that above each drawing, "" for none.
    """

    height: float = 3.0
    each: bool = False
    margin: float = 5.0
    pen: float = 0.4
    columns: int = 1
    captions: str = ""


_Box = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Block:
    """A drawing before it has a place: its scale and the box around it, (2,) origin and (2,) millimetres."""

    drawing: Drawing
    scale: float
    origin: NDArray[np.float64]
    size: tuple[float, float]
    caption: str


def lay_out(drawings: Sequence[Drawing], layout: Layout, scale: float | None = None) -> Sheet:
    """Place ``drawings`` on one sheet that is as large as they need.

    ``scale`` is in millimetres a unit of the ink; None: what gives the letters their height.

    Raises
    ------
    HwError: a coordinate is not finite, or lies so far out that the writing could not be seen.
    """
    blocks = blocks_of(drawings, layout, scale)
    caption_size = CAPTION_SIZE * layout.height
    edge = layout.margin + layout.pen / 2
    cell = max(max(block.size[0], _caption_width(block.caption, caption_size)) for block in blocks)
    rows = rows_of(blocks, layout)
    heights = [height for _, height in rows]
    tops = list(accumulate((height + ROW_GAP * layout.height for height in heights), initial=edge))
    placed = [
        one for (row, _), top in zip(rows, tops, strict=False) for one in place(row, edge, top, cell, layout)
    ]
    width = 2 * edge + cell + (cell + COLUMN_GAP * layout.height) * (min(layout.columns, len(blocks)) - 1)
    height = tops[-1] - ROW_GAP * layout.height + edge
    return Sheet(_round_up(width), _round_up(height), placed, layout.height, caption_size)


def rows_of(blocks: Sequence[Block], layout: Layout) -> list[tuple[Sequence[Block], float]]:
    """Return the rows of a grid of ``blocks``, each with its height, captions included."""
    head = CAPTION_LINE * CAPTION_SIZE * layout.height if layout.captions else 0.0
    rows = [blocks[i : i + layout.columns] for i in range(0, len(blocks), layout.columns)]
    return [(row, _height(row, layout) + head) for row in rows]


def _height(row: Sequence[Block], layout: Layout) -> float:
    if not any(len(block.drawing) for block in row):
        return BLANK_LINE * layout.height
    return max(block.size[1] for block in row)


def place(row: Sequence[Block], left: float, top: float, cell: float, layout: Layout) -> Iterator[Placed]:
    """Yield a ``row`` of a grid in its cells, of width ``cell``, from ``left`` and ``top`` on the sheet."""
    ((_, height),) = rows_of(row, layout)
    head = CAPTION_LINE * CAPTION_SIZE * layout.height if layout.captions else 0.0
    step = cell + COLUMN_GAP * layout.height
    for column, block in enumerate(row):
        yield _place(block, left + column * step, top, head, height, cell, CAPTION_SIZE * layout.height)


def blocks_of(drawings: Sequence[Drawing], layout: Layout, scale: float | None = None) -> list[Block]:
    """Return ``drawings`` with their scales and their sizes on paper, before they have places.

    Raises
    ------
    HwError: as ``lay_out``.
    """
    boxes = list(map(_box, drawings))
    scales = scales_of(drawings, layout.height, each=layout.each) if scale is None else [scale] * len(boxes)
    return [_block(*parts, layout) for parts in zip(drawings, boxes, scales, strict=True)]


def natural_scale(drawings: Sequence[Drawing], height: float) -> float:
    """Return the one scale, in millimetres a unit, that gives the letters of ``drawings`` this ``height``."""
    total = sum(map(len, drawings))
    letter = letter_height(drawings[:: max(1, total // ENOUGH_POINTS)])
    return height / letter if letter else 1.0


def scales_of(drawings: Sequence[Drawing], height: float, *, each: bool) -> list[float]:
    """Return the scale of every drawing: the same for all, or for ``each`` its own."""
    if each:
        return [natural_scale([drawing], height) for drawing in drawings]
    return [natural_scale(drawings, height)] * len(drawings)


def _box(drawing: Drawing) -> _Box:
    """Return the least and the greatest x and y of ``drawing``, (0, 0) for both when it has no points."""
    if not len(drawing):
        return np.zeros(2), np.zeros(2)
    axes = drawing.points[:, 0], drawing.points[:, 1]  # several times as fast one by one as both together
    low = np.array([axis.min() for axis in axes], np.float64)
    high = np.array([axis.max() for axis in axes], np.float64)
    if not np.isfinite(low + high).all():
        raise HwError(f"{called(drawing)}: has a coordinate that is not a finite number")
    return low, high


def _block(drawing: Drawing, box: _Box, scale: float, layout: Layout) -> Block:
    caption = " ".join((drawing.text if layout.captions == "text" else drawing.id).split())
    if not layout.captions:
        caption = ""
    low, high = box
    size = (high - low) * scale
    if size.max() > LONGEST * layout.height:
        raise HwError(
            f"{called(drawing)}: is {size.max() / layout.height:.1g} times as large as its letters, the limit"
            f" is {LONGEST:.0e}; a coordinate is wrong, or the units differ from the others' (--scale-each)"
        )
    return Block(drawing, scale, low, (float(size[0]), float(size[1])), caption)


def _place(
    block: Block, left: float, top: float, head: float, height: float, cell: float, caption_size: float
) -> Placed:
    """Put ``block`` at the left of its cell, half-way up the row, below the room for its caption."""
    corner = (left, top + head + (height - head - block.size[1]) / 2)
    caption = cut_to(block.caption, cell / (CHARACTER_WIDTH * caption_size))
    return Placed(
        block.drawing, block.scale, block.origin, corner, block.size, caption, (left, top + caption_size)
    )


def called(drawing: Drawing) -> str:
    """Return what messages call ``drawing``."""
    return f"drawing {drawing.id!r}" if drawing.id else "a drawing without id"


def _widths(text: str) -> list[float]:
    """Return the width of each character of ``text``, in usual characters."""
    return [2.0 if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in text]


def _caption_width(caption: str, size: float) -> float:
    natural = sum(_widths(caption[:200])) * CHARACTER_WIDTH * size
    return min(natural, WIDEST_CAPTION * size / CAPTION_SIZE)


def cut_to(caption: str, room: float) -> str:
    """Return ``caption`` if it is no wider than ``room`` usual characters, else what fits and an ellipsis."""
    ends = list(accumulate(_widths(caption)))
    if not ends or ends[-1] <= room + 1e-6:
        return caption
    return caption[: sum(end + 1 <= room for end in ends)] + "…"


def _round_up(length: float) -> float:
    """Return ``length`` rounded up to a thousandth, so that what is written is what was meant."""
    return math.ceil(round(length * 1000, 3)) / 1000
