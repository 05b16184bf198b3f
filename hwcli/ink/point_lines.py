"""Many lines of points at once: what JSON lines are when they come as a program writes them, all of one form.

Anything that is not of that form is left to the reader that takes one line at a time, and says what is wrong.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits

_IN_NUMBERS = b"0123456789+-.eE"
_IN_KEYS = b'{}:"xyupt'


class PointLines(NamedTuple):
    """Points (n, 3) of so many lines: x, y, up; ``times`` and ``pressures`` (n,), NaN where there is none."""

    points: NDArray[np.float64]
    times: NDArray[np.float64]
    pressures: NDArray[np.float64]


class _Form(NamedTuple):
    """What a line of a point has around its numbers, piece by piece, and what it tells besides x, y and up."""

    pieces: list[bytes]
    channels: tuple[str, ...]


def _form(channels: tuple[str, ...], space: str) -> _Form:
    keys = ["x", "y", "up", *channels]
    pieces = [f'{"," + space if place else "{"}"{key}":{space}' for place, key in enumerate(keys)]
    return _Form([piece.encode() for piece in [*pieces, "}\n"]], channels)


_FORMS = {
    b"".join(form.pieces): form
    for channels in ((), ("t",), ("p",), ("t", "p"))
    for form in (_form(channels, ""), _form(channels, " "))
}


def point_lines(ahead: bytes) -> tuple[bytes, PointLines | None]:
    """Return the whole lines that ``ahead`` begins with, up to the next header, and the points that they are.

    The points are None when there is any doubt about one of the lines.
    """
    block = ahead[: ahead.rfind(b"\n") + 1]
    header = block.find(b'"drawing"')
    if header >= 0:
        block = block[: block.rfind(b"\n", 0, header) + 1]
    form = _FORMS.get(block[: block.find(b"\n") + 1].translate(None, _IN_NUMBERS))
    if form is None or not _has_form(block, form):
        return block, None
    try:
        numbers = json.loads(b"[%b]" % block[:-1].translate(None, _IN_KEYS).replace(b"\n", b","))
        values = np.array(numbers, np.float64).reshape(-1, len(form.pieces) - 1)
    except (ValueError, OverflowError):
        return block, None
    return block, _points(values, form.channels)


def _has_form(block: bytes, form: _Form) -> bool:
    """Return whether each line of ``block`` has the pieces of ``form``, whole, and nothing else but numbers."""
    lines = block.count(b"\n")
    return (
        block.startswith(b"{")
        and block.count(b"}\n{") == lines - 1
        and all(block.count(piece) == lines for piece in form.pieces)
        and block.translate(None, _IN_NUMBERS) == b"".join(form.pieces) * lines
    )


def _points(values: NDArray[np.float64], channels: tuple[str, ...]) -> PointLines | None:
    """Return the points of lines with these (n, 3 and more) ``values``; None where one is out of range."""
    none = np.full(len(values), np.nan)
    columns = dict(zip(channels, values[:, 3:].T, strict=True))
    if not (
        (np.abs(values[:, :2]) <= limits.COORDINATE).all()
        and (values[:, 2] * (values[:, 2] - 1) == 0).all()
        and (np.abs(columns.get("t", np.zeros(1))) <= limits.TIME).all()
        and (np.abs(columns.get("p", np.zeros(1)) - 0.5) <= 0.5).all()
    ):
        return None
    return PointLines(values[:, :3], columns.get("t", none), columns.get("p", none))
