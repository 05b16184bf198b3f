"""The XML of IAM-OnDB: one line of writing a file, as the whiteboard's pen recorded it.

Nearly all files of the database have one form, which is read with a few passes over the bytes and NumPy.
The form is checked to the last byte outside the numbers; whatever differs goes to an XML parser instead.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.sources.xml import parse_xml

ROOT = "WhiteboardCaptureSession"
_OPEN = b"<StrokeSet>"
_END = b"</Stroke>"
_TAIL = re.compile(rb"\s*</StrokeSet>\s*</WhiteboardCaptureSession>\s*")
_STROKE = re.compile(
    rb"""\s*<Stroke colour="[a-z]*" start_time="\." end_time="\.">"""
    rb"""((?:\n      <Point x="" y="" time="\."/>\r?)+)\n    """
)
_DIGITS = b"0123456789"
_QUOTE = ord('"')
_QUOTES = 6
"""Quotation marks of a stroke's tag, and of a point's."""
_WORD = 8
"""Digits that are read at a time."""

Table = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Coordinates (N, 2), up (N,) and time in seconds (N,) of a line."""


class LineReader:
    """Reads the files of the database; knows again the forms of stroke that it has seen."""

    def __init__(self) -> None:
        """Begin with no form of stroke known."""
        self._known: dict[bytes, int] = {}

    def read(self, content: bytes, source: str) -> Drawing:
        """Return the drawing of one file's ``content``, its time from its first point, without id and text.

        ``source`` is what messages call the file.

        Raises
        ------
        BadInput: it is not XML, not of this kind, or a number in it is none.
        """
        table = self._read_regular(content)
        if table is None:
            table = _read_any(content, source)
        coordinates, up, time = table
        points = np.empty((len(up), 3), np.float32)
        points[:, :2] = coordinates
        points[:, 2] = up
        return Drawing(points, time=(time - time[0]).astype(np.float32))

    def _read_regular(self, content: bytes) -> Table | None:
        """Return the points of a file, or None unless it has the usual form."""
        head, found, body = content.partition(_OPEN)
        if not found or b"<!" in head:
            return None
        *strokes, tail = body.translate(None, _DIGITS).split(_END)
        counts = [self._known.get(stroke) or self._learn(stroke) for stroke in strokes]
        if not counts or 0 in counts or not _TAIL.fullmatch(tail):
            return None
        return _parse(body, np.array(counts))

    def _learn(self, stroke: bytes) -> int:
        """Return the number of points of a stroke without its digits, 0 when it has not the usual form."""
        match = _STROKE.fullmatch(stroke)
        if match is None:
            return 0
        count = match[1].count(b"<")
        if len(stroke) < limits.LINE and len(self._known) < 1 << 12:
            self._known[stroke] = count
        return count


def _parse(body: bytes, counts: NDArray[np.intp]) -> Table | None:
    """Return the points of strokes of ``counts`` points each, or None when a number in ``body`` is unusual."""
    text = np.frombuffer(body, np.uint8)
    quotes = np.flatnonzero(text == _QUOTE).reshape(-1, _QUOTES)
    ends = np.cumsum(counts)
    is_point = np.ones(len(quotes), bool)
    is_point[ends - counts + np.arange(len(counts))] = False
    quotes = np.compress(is_point, quotes, axis=0)
    opens, closes = quotes[:, ::2] + 1, quotes[:, 1::2]
    stop = closes[:, 2] - 3
    if (text[stop] != ord(".")).any() or opens[0, 0] < _WORD:
        return None
    ends_of_numbers = np.column_stack([closes[:, :2], stop])
    lengths = ends_of_numbers - opens
    if lengths.min() < 1 or lengths.max() > _WORD:
        return None
    numbers = _numbers(body, ends_of_numbers, lengths)
    tens, ones = (text[stop + place].astype(np.int64) - ord("0") for place in (1, 2))
    up = np.zeros(len(quotes), np.float32)
    up[ends - 1] = 1
    return numbers[:, :2], up, numbers[:, 2] + (10 * tens + ones) / 100


def _numbers(body: bytes, ends: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return the values of runs of 1 to 8 digits in ``body`` that end before ``ends``.

    Eight bytes are read as one word, the last digit in its highest byte, and the digits joined to pairs,
    fours and eight by multiplication (D. Lemire, "Quickly parsing eight digits", 2018).
    """
    words = np.ndarray(len(body) - _WORD + 1, "<u8", body, strides=(1,))
    value = words[ends - _WORD]
    value &= np.uint64(0x0F0F0F0F0F0F0F0F)
    beside = ((_WORD - lengths) * 8).astype(np.uint64)
    value >>= beside
    value <<= beside
    value = (value * np.uint64(2561)) >> np.uint64(8)
    value = ((value & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    return ((value & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)


def _read_any(content: bytes, source: str) -> Table:
    """Return the points of any XML file of this kind."""
    rows: list[list[float]] = []
    ends: list[int] = []
    for stroke in parse_xml(content, source).iter("Stroke"):
        before = len(rows)
        rows += [
            [_attribute(point, name, source) for name in ("x", "y", "time")] for point in stroke.iter("Point")
        ]
        if len(rows) > before:
            ends.append(len(rows) - 1)
    if not rows:
        raise BadInput(source, "no stroke of IAM-OnDB's kind in it")
    table = np.array(rows)
    up = np.zeros(len(rows), np.float32)
    up[ends] = 1
    return table[:, :2], up, table[:, 2]


def _attribute(point: Any, name: str, source: str) -> float:
    text = point.get(name)
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise BadInput(source, f"a point's {name} is {text!r:.40}, not a number") from None
    if not abs(value) <= (limits.TIME if name == "time" else limits.COORDINATE):
        raise BadInput(source, f"a point's {name} is out of range: {text:.40}")
    return value
