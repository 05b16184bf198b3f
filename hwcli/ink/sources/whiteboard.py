"""The XML of IAM-OnDB: one line of writing a file, as the whiteboard's pen recorded it.

The files of the database all have one form, which is read with a few passes over the bytes and NumPy.  The
form is checked to the last byte outside the numbers; whatever differs goes to an XML parser instead.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing

_POINT = b'\n      <Point x="" y="" time="."/>'
_STROKE = rb'\s*<Stroke colour="[a-z]*" start_time="\." end_time="\.">((?:P\r?)+)\s*</Stroke>'
_BODY = re.compile(
    rb"(?:" + _STROKE.replace(b"((", b"(?:(") + rb")+\s*</StrokeSet>\s*</WhiteboardCaptureSession>\s*"
)
_EACH = re.compile(rb">([P\r]+)")
_DIGITS = b"0123456789"
_HEAD = 5
"""Fields of ``colour="black" start_time="769.05" end_time="769.64"``, cut at every = and full stop."""
_FIELDS = 4
"""Fields of ``x="1073" y="1058" time="769.05"``."""
_MARK = ord("=")
_KEEP = bytes(_MARK if byte == ord(".") else byte for byte in range(256))
_DELETE = bytes(byte for byte in range(256) if byte not in _DIGITS + b"=.")
_POWERS = 10 ** np.arange(10, dtype=np.int64)


def read_line(content: bytes, source: str) -> Drawing:
    """Return the drawing of one file's ``content``, its time from its first point, without an id or a text.

    Raises
    ------
    BadInput: it is not XML, not of this kind, or a number in it is none.
    """
    start = content.find(b"<StrokeSet>") + len(b"<StrokeSet>")
    table = None
    if start >= len(b"<StrokeSet>") and b"<!" not in content[:start]:
        table = _read_regular(content[start:])
    if table is None:
        table = _read_any(content, source)
    coordinates, up, time = table
    points = np.empty((len(up), 3), np.float32)
    points[:, :2] = coordinates
    points[:, 2] = up
    return Drawing(points, time=(time - time[0]).astype(np.float32))


Table = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Coordinates (N, 2), up (N,) and time (N,) of a line."""


def _read_regular(body: bytes) -> Table | None:
    """Return the points of what follows ``<StrokeSet>``, or None unless it has the usual form."""
    skeleton = body.translate(None, _DIGITS).replace(_POINT, b"P")
    if not _BODY.fullmatch(skeleton) or b'""' in body:
        return None
    counts = np.array([run.count(b"P") for run in _EACH.findall(skeleton)])
    fields = _fields(body, int(counts.sum()) * _FIELDS + len(counts) * _HEAD)
    if fields is None:
        return None
    values, digits = fields
    ends = np.cumsum(counts)
    heads = (ends - counts) * _FIELDS + np.arange(len(counts)) * _HEAD
    of_points = np.ones(len(values), bool)
    of_points[(heads[:, None] + np.arange(_HEAD)).ravel()] = False
    values = values[of_points].reshape(-1, _FIELDS)
    digits = digits[of_points].reshape(-1, _FIELDS)
    if digits.min() < 1 or digits.max() > 9:
        return None
    up = np.zeros(len(values), np.float32)
    up[ends - 1] = 1
    return values[:, :2], up, values[:, 2] + values[:, 3] / _POWERS[digits[:, 3]]


def _fields(body: bytes, count: int) -> tuple[NDArray[np.int64], NDArray[np.intp]] | None:
    """Return the value and the number of digits of each of the ``count`` runs of digits after = and full stop."""
    text = np.frombuffer(body.translate(_KEEP, _DELETE), np.uint8)
    marks = np.flatnonzero(text == _MARK)
    if len(marks) != count or not count or marks[0] != 0:
        return None
    lengths = np.diff(marks, append=len(text))
    if lengths.max() > len(_POWERS):
        return None
    ends = np.repeat((marks + lengths - 1).astype(np.int32), lengths)
    exponents = ends - np.arange(len(text), dtype=np.int32)
    terms = (text - np.uint8(ord("0"))) * _POWERS[exponents]
    terms[marks] = 0
    return np.add.reduceat(terms, marks), lengths - 1


def _read_any(content: bytes, source: str) -> Table:
    """Return the points of any XML file of this kind."""
    rows: list[tuple[float, float, float]] = []
    ends: list[int] = []
    for stroke in parse_xml(content, source).iter("Stroke"):
        for point in stroke.iter("Point"):
            rows.append(tuple(_attribute(point, name, source) for name in ("x", "y", "time")))  # type: ignore[arg-type]
        if rows and (not ends or ends[-1] != len(rows)):
            ends.append(len(rows))
    if not rows:
        raise BadInput(source, "no point in it")
    table = np.array(rows)
    up = np.zeros(len(rows), np.float32)
    up[np.array(ends) - 1] = 1
    return table[:, :2], up, table[:, 2]


def _attribute(point: Any, name: str, source: str) -> float:
    text = point.get(name)
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise BadInput(source, f"a point's {name} is {text!r}, not a number") from None
    if not abs(value) <= (limits.TIME if name == "time" else limits.COORDINATE):
        raise BadInput(source, f"a point's {name} is out of range: {text}")
    return value


def parse_xml(content: bytes, source: str) -> Any:
    """Return the root element of the XML document ``content``.

    Raises
    ------
    BadInput: it is not XML, nested without end, or declares entities.
    """
    import xml.etree.ElementTree

    import defusedxml.ElementTree as SafeTree
    from defusedxml.common import DefusedXmlException

    try:
        return SafeTree.fromstring(content, forbid_dtd=False)
    except xml.etree.ElementTree.ParseError as error:
        raise BadInput(source, f"not XML: {error.msg}", error.position[0]) from error
    except DefusedXmlException as error:
        raise BadInput(
            source, "its XML declares entities or refers to other files, which is refused"
        ) from error
    except (ValueError, LookupError, RecursionError) as error:
        raise BadInput(source, f"not XML: {error}") from error
