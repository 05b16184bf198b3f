"""Sheets as one web page with all that it needs in it: to play, zoom and restyle the ink on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.resources import files
from typing import BinaryIO

from hwcli.drawing.motion import times
from hwcli.drawing.pace import Course, knots
from hwcli.drawing.sheet import Sheet
from hwcli.drawing.style import Style
from hwcli.drawing.svg import Adding, escape, number, write_svg
from hwcli.errors import HwError

TITLE_LENGTH = 60


def write_html(sheets: Sequence[Sheet], style: Style, speed: float, file: BinaryIO) -> None:
    """Write to ``file`` a page with ``sheets`` one below the other.

    Raises
    ------
    HwError: the strokes do not have paths of their own.
    """
    if style.path != "stroke":
        raise HwError("a web page needs a path a stroke: leave --path out")
    template = files("hwcli.drawing").joinpath("web.html").read_text(encoding="utf-8")
    paper = f"{number(sheets[0].width)}mm {number(sheets[0].height)}mm"
    values = {"TITLE": _title(sheets), "PAGE": paper}
    head, _, foot = template.partition("{{SHEETS}}")
    for name, value in values.items():
        head, foot = (part.replace("{{" + name + "}}", value) for part in (head, foot))
    file.write(head.encode())
    clock = 0.0
    for place, sheet in enumerate(sheets, start=1):
        clock = _write_sheet(sheet, style, speed, clock, (place, len(sheets)), file)
    file.write(foot.encode())


def _write_sheet(
    sheet: Sheet, style: Style, speed: float, clock: float, place: tuple[int, int], file: BinaryIO
) -> float:
    """Write one sheet, the writing of which begins at ``clock``; return when it ends."""
    begin, duration, courses = times(sheet, style, speed)
    paths = [
        f' data-b="{number(clock + start)}" data-d="{number(length)}"{_knots(course)}'.encode()
        for start, length, course in zip(begin.tolist(), duration.tolist(), courses, strict=True)
    ]
    svg = io.BytesIO()
    write_svg(sheet, style, svg, Adding(root=' class="sheet"', paths=paths))
    name = f"page {place[0]} of {place[1]}" if place[1] > 1 else "the sheet"
    file.write(f'<figure>\n<div class="paper" tabindex="0" aria-label="{name}">\n'.encode())
    file.write(svg.getvalue())
    button = f'<button type="button" class="save" data-page="{place[0]}">Save SVG</button>'
    label = f"<span>{name}</span>" if place[1] > 1 else ""
    file.write(f"</div>\n<figcaption>{label}{button}</figcaption>\n</figure>\n".encode())
    return clock + float((begin + duration).max(initial=0))


def _knots(course: Course) -> str:
    """Return what tells the page how far a stroke is by when: shares of its time and way in turns."""
    inner = " ".join(f"{number(time)} {number(way)}" for time, way in knots(course))
    return f' data-w="{inner}"' if inner else ""


def _title(sheets: Sequence[Sheet]) -> str:
    """Return the first words of what is written, or the name of the program."""
    texts = (placed.drawing.text for sheet in sheets for placed in sheet.placed if placed.drawing.text)
    text = " ".join(next(texts, "").split())
    return escape(text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1] + "…") or "Handwriting"
