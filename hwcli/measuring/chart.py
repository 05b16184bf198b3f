"""Charts as SVG, written by hand: axes with ticks, curves, marks, and pictures of numbers."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.texts import NOT_XML

PAPER, INK, FAINT = "#ffffff", "#333333", "#dddddd"
COLOURS = ("#1f5fa8", "#d1602b", "#4a9a52", "#8a5aa8")
FONT = "font-family='Helvetica, Arial, sans-serif'"
HEAT = ((255, 255, 255), (255, 226, 160), (247, 148, 79), (199, 54, 79), (92, 18, 92), (18, 6, 40))
"""Colours of a picture of numbers from 0 to 1, evenly spread; each darker than the one before."""


def text_at(
    x: float, y: float, text: str, size: float = 12, anchor: str = "start", colour: str = INK, turn: float = 0
) -> str:
    """Return an SVG text element; ``turn`` in degrees about its own place."""
    turned = f" transform='rotate({turn:g} {x:.1f} {y:.1f})'" if turn else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size:g}' text-anchor='{anchor}' fill='{colour}'{turned}>"
        f"{_escaped(text)}</text>"
    )


def _escaped(text: str) -> str:
    return escape(NOT_XML.sub("\ufffd", text))


@dataclass(frozen=True)
class Axis:
    """Maps values from ``low`` to ``high`` to pixels from ``start`` to ``end``, evenly or by logarithm.

    Where ``is_whole`` the values are whole numbers, and none but these have a tick.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False
    is_whole: bool = False

    def place(self, values: Any) -> Any:
        """Return the pixels of ``values``; outside the axis they are at its ends."""
        low, high = (math.log10(self.low), math.log10(self.high)) if self.is_log else (self.low, self.high)
        with np.errstate(divide="ignore"):
            numbers = np.log10(values) if self.is_log else np.asarray(values, np.float64)
        return self.start + np.clip((numbers - low) / (high - low), 0, 1) * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[float]:
        """Return round values along the axis, about ``most`` at most."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [
                10.0**power for power in range(first, last + 1, max(math.ceil((last - first + 1) / most), 1))
            ]
        least, greatest = sorted((self.low, self.high))
        step = round_step(max((greatest - least) / most, 1 if self.is_whole else 0))
        first, last = math.ceil(least / step - 1e-9), math.floor(greatest / step + 1e-9)
        return [count * step for count in range(first, last + 1)]


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below ``least``."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def label(value: float) -> str:
    """Return how a tick's ``value`` is written."""
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.10g}".replace("-", "\N{MINUS SIGN}")


class Chart:
    """A picture that is drawn on piece by piece."""

    def __init__(self, width: float, height: float, title: str) -> None:
        """Begin with the ``title`` on an empty sheet of ``width`` by ``height`` pixels."""
        self.width, self.height = width, height
        self._parts = [text_at(20, 28, title, 16)]
        self._title = title

    def add(self, *parts: str) -> None:
        """Draw SVG elements."""
        self._parts += parts

    def axes(self, x: Axis, y: Axis, x_title: str, y_title: str) -> None:
        """Draw the two axes with their ticks, labels and a faint grid."""
        for value in y.ticks():
            place = float(y.place(value))
            self.add(_line(x.start, place, x.end, place, FAINT))
            self.add(text_at(x.start - 8, place + 4, label(value), anchor="end"))
        for value in x.ticks(10):
            place = float(x.place(value))
            self.add(_line(place, y.start, place, y.start + 5, INK))
            self.add(text_at(place, y.start + 19, label(value), anchor="middle"))
        self.add(_line(x.start, y.start, x.end, y.start, INK), _line(x.start, y.start, x.start, y.end, INK))
        self.add(text_at((x.start + x.end) / 2, y.start + 40, x_title, anchor="middle"))
        self.add(text_at(x.start - 56, (y.start + y.end) / 2, y_title, anchor="middle", turn=-90))

    def curve(
        self, x: Axis, y: Axis, xs: NDArray[Any], ys: NDArray[Any], colour: str, width: float = 1.5,
        opacity: float = 1,
    ) -> None:  # fmt: skip
        """Draw a line through the points; where a value is not finite it has a gap."""
        known = np.isfinite(ys)
        runs = np.split(np.arange(len(ys)), np.flatnonzero(np.diff(known.astype(int))) + 1)
        for run in runs:
            if len(run) and known[run[0]]:
                pairs = zip(x.place(xs[run]).tolist(), y.place(ys[run]).tolist(), strict=True)
                joined = " ".join(f"{a:.1f},{b:.1f}" for a, b in pairs)
                self.add(
                    f"<polyline points='{joined}' fill='none' stroke='{colour}' stroke-width='{width:g}' "
                    f"stroke-opacity='{opacity:g}' stroke-linejoin='round'/>"
                )

    def upright(self, x: Axis, y: Axis, value: float, text: str, colour: str, level: int = 0) -> None:
        """Draw an upright dashed line at ``value`` on ``x``, with ``text`` beside it ``level`` lines down.

        The text is on the side where there is more room.
        """
        place = float(x.place(value))
        self.add(_line(place, y.start, place, y.end, colour, "6 4"))
        side, anchor = (5, "start") if place < (x.start + x.end) / 2 else (-5, "end")
        self.add(text_at(place + side, y.end + 12 + 16 * level, text, anchor=anchor, colour=colour))

    def legend(self, x: float, y: float, entries: Iterable[tuple[str, str, float]]) -> None:
        """Draw a line and a text for each of ``entries``: text, colour, width of the line."""
        for row, (text, colour, width) in enumerate(entries):
            place = y + 18 * row
            self.add(
                f"<line x1='{x:.1f}' y1='{place:.1f}' x2='{x + 24:.1f}' y2='{place:.1f}' stroke='{colour}' "
                f"stroke-width='{width:g}'/>",
                text_at(x + 32, place + 4, text),
            )

    def picture(self, x: float, y: float, width: float, height: float, values: NDArray[Any]) -> None:
        """Draw the (rows, columns) ``values`` from 0 to 1 as colours, the first row on top."""
        data = base64.b64encode(png(values)).decode()
        self.add(
            f"<image x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}' "
            f"preserveAspectRatio='none' image-rendering='optimizeQuality' "
            f"xlink:href='data:image/png;base64,{data}'/>"
        )

    def heat_scale(self, x: float, y: float, width: float, low: str, high: str) -> None:
        """Draw what the colours of a picture mean: a bar with a text at each end."""
        self.picture(x, y, width, 10, np.linspace(0, 1, 128)[np.newaxis])
        self.add(text_at(x - 6, y + 9, low, 11, "end"), text_at(x + width + 6, y + 9, high, 11))

    def svg(self) -> str:
        """Return the picture as an SVG document."""
        head = (
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' "
            f"width='{self.width:g}' height='{self.height:g}' "
            f"viewBox='0 0 {self.width:g} {self.height:g}' {FONT}>"
        )
        paper = f"<rect width='{self.width:g}' height='{self.height:g}' fill='{PAPER}'/>"
        parts = [head, f"<title>{_escaped(self._title)}</title>", paper, *self._parts, "</svg>"]
        return "\n".join(parts) + "\n"


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    dashed = f" stroke-dasharray='{dashes}'" if dashes else ""
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' "
        f"stroke-width='1'{dashed}/>"
    )


def ink_path(points: NDArray[Any], corner: NDArray[Any], scale: float, left: float, top: float) -> str:
    """Return the strokes of ``points`` (N, 3) as one thin SVG path; ``corner`` comes to ``left``, ``top``."""
    places = (points[:, :2] - corner) * scale + [left, top]
    begins = np.concatenate([[True], points[:-1, 2] > 0.5])
    moves = zip(places.tolist(), begins.tolist(), strict=True)
    path = "".join(f"{'M' if begin else 'L'}{x:.1f} {y:.1f}" for (x, y), begin in moves)
    return f"<path d='{path}' fill='none' stroke='{INK}' stroke-width='0.6' stroke-opacity='0.75'/>"


def heat_colours(number: int = 256) -> NDArray[np.uint8]:
    """Return the colours, (number, 3), of values evenly spread from 0 to 1."""
    places, stops = np.linspace(0, 1, number), np.linspace(0, 1, len(HEAT))
    channels = [np.interp(places, stops, [colour[i] for colour in HEAT]) for i in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def png(values: NDArray[Any]) -> bytes:
    """Return a PNG file that shows the (rows, columns) ``values`` from 0 to 1 as colours."""
    rows, columns = values.shape
    places = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    lines = np.zeros((rows, 1 + columns), np.uint8)  # each begins with the number of its filter: none
    lines[:, 1:] = places
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)  # 8 bits a pixel, colours by a palette
    chunks = (
        (b"IHDR", header),
        (b"PLTE", heat_colours().tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    name, data = part
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
