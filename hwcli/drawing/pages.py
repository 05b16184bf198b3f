"""Text on pages: the drawings of a stream as the lines of a letter, or in the cells of grids."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.baseline import baseline
from hwcli.drawing.layout import (
    CAPTION_SIZE,
    COLUMN_GAP,
    ROW_GAP,
    Layout,
    blocks_of,
    called,
    place,
    rows_of,
)
from hwcli.drawing.measures import Page
from hwcli.drawing.paper import CLOSEST, PITCH, Ruling
from hwcli.drawing.sheet import Placed, Sheet
from hwcli.errors import HwError
from hwcli.ink.drawing import INDENT, MOST_BLANKS, Drawing

SPACING = 3.4
"""From base line to base line, in heights of a letter."""

HIGHEST_LINE = 9
"""No line of writing is more letters high, tails and heads included."""

ASCENT, DESCENT = 2.0, 1.0
"""The room that is left for heads above the first base line and for tails below the last, in letters."""

BLANK = 1.5
"""How wide a blank before a line is, in letters, as a character in it is about."""

MEMORY, UNEVEN, SLANT = 0.75, 0.15, 0.4
"""How a hand drifts: how much of the last line's indent the next one keeps; and the standard deviations of a
base line's height, in drifts, and of its rise over a line, in drifts too."""


@dataclass(frozen=True)
class Setting:
    """How text is set; lengths in millimetres.

    Attributes
    ----------
    fits: letters may become smaller than asked for, so that the longest line fits.
    spacing: from base line to base line; None: what suits the letters and the paper.
    align: "left", "right" or "centre".
    drift: the standard deviation of where lines begin; slope and height of the base lines go with it.
    paper: one of paper.KINDS.
    """

    fits: bool = True
    spacing: float | None = None
    align: str = "left"
    drift: float = 0.0
    paper: str = "plain"


@dataclass(frozen=True, eq=False)
class _Line:
    """A drawing made level: it begins at ``origin`` on its base line, which rises by ``angle`` radians.

    ``size`` is the width and the height of its ink on paper, ``rise`` and ``fall`` how far that goes above and
    below the base line, before anything is made smaller, and so is ``indent``, the room before it.
    """

    drawing: Drawing
    scale: float
    origin: NDArray[np.float64]
    angle: float
    size: tuple[float, float]
    rise: float = 0.0
    fall: float = 0.0
    indent: float = 0.0

    @property
    def reach(self) -> float:
        """How far it goes from where lines begin."""
        return self.indent + self.size[0]


def write_pages(
    drawings: Sequence[Drawing], page: Page, layout: Layout, setting: Setting, chance: np.random.Generator
) -> list[Sheet]:
    """Set ``drawings`` as lines of text, one below the other; those without points are blank lines.

    Raises
    ------
    HwError: as ``lay_out``, or there is no room for the text.
    """
    _check_room(page)
    lines = _lines(drawings, layout, setting)
    widest = max(lines, key=lambda line: line.reach)
    factor = _factor(page.room[0] - layout.pen, widest.reach, called(widest.drawing), layout, setting)
    layout = replace(layout, height=layout.height * factor)
    spacing = _spacing(layout.height, setting)
    first, last = _span(page, lines, layout, factor)
    if first > last:
        raise HwError(
            f"no room for a line of letters {layout.height:g} mm high on {page.room[1]:g} mm of page:"
            " lower --x-height or --margin"
        )
    hand = _Hand(page, layout, setting, factor, chance)
    ruling = _ruling(setting, spacing, first, last)
    return [
        Sheet(
            page.width, page.height, [hand.place(line, y) for line, y in lines_of], layout.height, ruling=ruling
        )
        for lines_of in _paged(lines, first, last, spacing)
    ]


def fill_pages(drawings: Sequence[Drawing], page: Page, layout: Layout, setting: Setting) -> list[Sheet]:
    """Put ``drawings`` into the cells of grids as wide as the page has room.

    Raises
    ------
    HwError: as ``lay_out``, or a drawing has no room in its cell.
    """
    _check_room(page)
    blocks = blocks_of(drawings, layout)
    rows = rows_of(blocks, layout)
    column = page.room[0] / layout.columns
    if column <= layout.pen:
        raise HwError(f"no room for {layout.columns} columns on {page.room[0]:g} mm of page: lower --grid")
    gap = COLUMN_GAP * (1 - 1 / layout.columns)  # a column's share of the gaps, in letters, as they shrink too
    widest = max(blocks, key=lambda block: block.size[0])
    width = widest.size[0] + gap * layout.height
    name = called(widest.drawing) + (" with its share of the gaps" if layout.columns > 1 else "")
    factor = _factor(column - layout.pen, width, name, layout, setting)
    tallest = max(height for _, height in rows)
    factor = min(factor, _factor(page.room[1] - layout.pen, tallest, "a row", layout, setting))
    layout = replace(layout, height=layout.height * factor)
    cell = column - gap * layout.height
    rows = rows_of(blocks_of(drawings, layout), layout)
    sheets: list[list[Placed]] = []
    foot, top = page.height - page.bottom + 1e-6, math.inf
    for row, height in rows:
        if top + height > foot:
            sheets.append([])
            top = page.top + layout.pen / 2
        sheets[-1].extend(place(row, page.left + layout.pen / 2, top, cell, layout))
        top += height + ROW_GAP * layout.height
    ruling = _ruling(setting, _spacing(layout.height, setting), page.top, page.height - page.bottom)
    size = CAPTION_SIZE * layout.height
    return [Sheet(page.width, page.height, placed, layout.height, size, ruling) for placed in sheets]


def _check_room(page: Page) -> None:
    if min(page.room) <= 0:
        raise HwError(
            f"the margins leave no room on a page of {page.width:g} x {page.height:g} mm: lower --margin"
        )


def _lines(drawings: Sequence[Drawing], layout: Layout, setting: Setting) -> list[_Line]:
    lines = [
        _level(block.drawing, block.scale, layout.height / block.scale) for block in blocks_of(drawings, layout)
    ]
    if setting.align != "left":
        return lines
    return [replace(line, indent=BLANK * layout.height * blanks_before(line.drawing)) for line in lines]


def blanks_before(drawing: Drawing) -> int:
    """Return how many blanks stand before ``drawing`` by its header, 0 where that tells none."""
    said = drawing.extra.get(INDENT)
    return min(said, MOST_BLANKS) if type(said) is int and said > 0 and len(drawing) else 0


def _level(drawing: Drawing, scale: float, letter: float) -> _Line:
    if not len(drawing):
        return _Line(drawing, scale, np.zeros(2), 0.0, (0.0, 0.0))
    found = baseline(drawing, letter)
    angle = math.atan(found.slope)
    ahead = np.array([math.cos(angle), math.sin(angle)])
    foot = np.array([0.0, found.offset])
    away = drawing.points[:, :2] - foot
    along, across = away @ ahead, away @ np.array([-ahead[1], ahead[0]])
    size = float(np.ptp(along)) * scale, float(np.ptp(across)) * scale
    rise, fall = -float(across.min()) * scale, float(across.max()) * scale
    return _Line(drawing, scale, foot + float(along.min()) * ahead, angle, size, rise, fall)


def _span(page: Page, lines: Sequence[_Line], layout: Layout, factor: float) -> tuple[float, float]:
    """Return the y of the first and of the last base line of a page.

    Beside narrow margins an accent on a capital, or a long tail, would pass the edge of the paper: the base
    lines then keep as far from it as the ink of any line needs, if that leaves room for one.
    """
    first = page.top + ASCENT * layout.height
    last = page.height - page.bottom - DESCENT * layout.height
    edge, most = layout.pen / 2, HIGHEST_LINE * layout.height
    written = [line for line in lines if factor * line.size[1] < most]
    low = max(first, edge + factor * max((line.rise for line in written), default=0.0))
    high = min(last, page.height - edge - factor * max((line.fall for line in written), default=0.0))
    return (low, high) if low <= high else (first, last)


def _factor(room: float, width: float, name: str, layout: Layout, setting: Setting) -> float:
    """Return by how much the ink must be made smaller for ``width`` to have ``room``."""
    if width <= room:
        return 1.0
    fitting = layout.height * room / width
    if setting.fits and fitting > 0:
        return room / width
    advice = f"--x-height {math.floor(fitting * 100) / 100:g}mm fits" if fitting > 0.01 else "lower --margin"
    raise HwError(
        f"{name}: takes {width:.0f} mm with letters {layout.height:g} mm high, and there is room for"
        f" {room:.0f} mm: {advice}"
    )


def _spacing(letter: float, setting: Setting) -> float:
    """Return the distance of base lines; on squares and dots it is a whole number of them."""
    natural = SPACING * letter if setting.spacing is None else setting.spacing
    if setting.spacing is None and setting.paper in ("squared", "dotted"):
        return math.ceil(natural / PITCH - 0.2) * PITCH
    return natural


def _ruling(setting: Setting, spacing: float, first: float, last: float) -> Ruling:
    if setting.paper == "ruled":
        if spacing < CLOSEST:
            raise HwError(
                f"rules {spacing:.2g} mm apart are none; {CLOSEST:g} mm is the least: raise --x-height or"
                " --line-spacing"
            )
        return Ruling("ruled", spacing, first, first, last)
    return Ruling(setting.paper, PITCH, first)


def _paged(
    lines: Sequence[_Line], first: float, last: float, spacing: float
) -> Iterator[list[tuple[_Line, float]]]:
    """Yield the lines of each page with the y of their base lines; blank ones move the others down."""
    page: list[tuple[_Line, float]] = []
    y = first
    for line in lines:
        if len(line.drawing):
            if y > last + 1e-6:
                yield page
                page, y = [], first
            page.append((line, y))
        if page:  # no blank line at the top of a page
            y += spacing
    yield page


class _Hand:
    """Puts lines on the page, as evenly as the drift says."""

    def __init__(
        self, page: Page, layout: Layout, setting: Setting, factor: float, chance: np.random.Generator
    ) -> None:
        self._page, self._pen, self._setting = page, layout.pen, setting
        self._factor, self._chance = factor, chance
        self._aside = 0.0

    def place(self, line: _Line, y: float) -> Placed:
        """Return ``line`` on the base line ``y``."""
        width, height = (side * self._factor for side in line.size)
        indent = line.indent * self._factor
        spare = self._page.room[0] - self._pen - width
        share = {"left": 0.0, "centre": 0.5, "right": 1.0}[self._setting.align]
        x = self._page.left + self._pen / 2 + share * spare + indent
        tilt = 0.0
        if self._setting.drift:
            aside, uneven, slant = (self._setting.drift * self._chance.standard_normal(3)).tolist()
            fresh = math.sqrt(1 - MEMORY * MEMORY)
            self._aside = MEMORY * self._aside + fresh * aside
            edge = self._pen / 2
            x = max(min(x + self._aside, self._page.width - width - edge), edge)
            tilt = SLANT * slant / self._page.room[0]
            y = self._on_paper(line, y + UNEVEN * uneven, tilt * width)
        scale = line.scale * self._factor
        return Placed(line.drawing, scale, line.origin, (x, y), (width, height), turn=tilt - line.angle)

    def _on_paper(self, line: _Line, y: float, falls: float) -> float:
        """Return the base line ``y`` of a ``line``, or the nearest on which all its ink is on the paper.

        The line ``falls`` so much from its begin to its end.
        """
        edge = self._pen / 2
        highest = edge + self._factor * line.rise + max(-falls, 0.0)
        lowest = self._page.height - edge - self._factor * line.fall - max(falls, 0.0)
        return min(max(y, highest), lowest) if highest <= lowest else y
