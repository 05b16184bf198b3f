"""What lines of writing look like, gathered line by line: how well they are read, and how they vary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Protocol

from hwcli.ink.drawing import Drawing
from hwcli.measuring.liveliness import Shape, Variety, shape_of, variety
from hwcli.measuring.reader import Legibility, Reading, legibility

LINES_AT_ONCE = 64
"""Lines whose images are in memory at a time."""

RATES = {
    "cer": "characters read wrong",
    "wer": "words read wrong",
    "failed": "lines more than half wrong",
}
NUMBERS = {
    "slant": ("slant", "degrees"),
    "width": ("width of a character", "x-heights"),
    "height": ("height of the ink", "x-heights"),
    "size": ("x-height", "the ink's unit"),
}


class ReadsLines(Protocol):
    """Draws each line and reads it."""

    def __call__(self, drawings: list[Drawing]) -> list[str]:
        """Return what is read in each of ``drawings``."""


@dataclass
class Looks:
    """What some lines look like.

    Attributes
    ----------
    texts: of the lines.
    readings, shapes: of each line that was read, and that has a shape.
    untexted: how many more there were without a text, which were passed over.
    """

    texts: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    untexted: int = 0

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.texts)

    def legibility(self) -> Legibility | None:
        """Return how well the lines were read, None when none was."""
        return legibility(self.readings) if any(reading.text.split() for reading in self.readings) else None

    def variety(self) -> Variety | None:
        """Return how the lines vary, None when there are too few."""
        return variety(self.shapes) if len(self.shapes) > 1 else None

    def as_dict(self) -> dict[str, Any]:
        """Return all figures as plain numbers; null for what there is none of."""
        read, varied = self.legibility(), self.variety()
        figures: dict[str, Any] = {"lines": self.lines, "untexted": self.untexted}
        figures["legibility"] = None if read is None else asdict(read)
        figures["variety"] = None
        if varied is not None:
            middle, spread = varied.middle._asdict(), varied.spread._asdict()
            numbers = {name: {"middle": middle[name], "spread": spread[name]} for name in middle}
            figures["variety"] = {"lines": varied.lines, **numbers}
        return figures


def looks_of(drawings: Iterable[Drawing], read: ReadsLines | None, is_shaped: bool) -> Iterator[Looks]:
    """Yield what ``drawings`` look like, some lines after the other and in the end all; always the same object.

    Without ``read`` they are not read, unless ``is_shaped`` their shape is not taken.
    """
    looks, everything = Looks(), iter(drawings)
    while drawings := list(islice(everything, LINES_AT_ONCE)):
        texted = [drawing for drawing in drawings if drawing.text.strip()]
        looks.texts += [drawing.text.strip() for drawing in texted]
        looks.untexted += len(drawings) - len(texted)
        found = read(texted) if read is not None else []
        looks.readings += [
            Reading(drawing.id, drawing.text.strip(), text)
            for drawing, text in zip(texted, found, strict=False)
        ]
        if is_shaped:
            looks.shapes += [shape for drawing in texted if (shape := shape_of(drawing)) is not None]
        yield looks


def looks_table(looks: Looks, real: Looks | None) -> str:
    """Return the figures of ``looks``, a line each, next to those of ``real`` lines where there are any."""
    rows = [["", "measured"] + (["real", "ratio"] if real else [])]
    rows.append(["lines", *(f"{each.lines:,}" for each in (looks, real) if each)])
    both = [each.legibility() for each in (looks, real) if each]
    if all(both):
        for name, title in RATES.items():
            rows.append(_row(title, [getattr(each, name) for each in both], ".1%"))
    spreads = [varied and varied.spread for varied in (each.variety() for each in (looks, real) if each)]
    if any(spreads):
        rows.append(["spread over the lines of their"])
        for name, (title, unit) in NUMBERS.items():
            rows.append(_row(f"  {title} ({unit})", [getattr(each, name, None) for each in spreads], ".3g"))
    return _in_columns(rows)


def _row(title: str, values: list[float | None], form: str) -> list[str]:
    """Return the cells of a row: the ``values`` and, of two, their ratio."""
    cells = ["none" if value is None else format(value, form) for value in values]
    if len(values) > 1:
        measured, real = values
        cells.append("none" if measured is None or not real else f"{measured / real:.2f}")
    return [title, *cells]


def _in_columns(rows: list[list[str]]) -> str:
    first = max(len(row[0]) for row in rows)
    return "".join(
        (row[0].ljust(first) + "".join(cell.rjust(12) for cell in row[1:])).rstrip() + "\n" for row in rows
    )
