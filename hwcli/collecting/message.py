"""What the page sends for a line that was written, checked and made a drawing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import Drawing, limits

LARGEST = 32 << 20
"""Bytes of one message."""
POINTS = 500_000
"""Points of one line."""
_KEY = re.compile(r"[0-9a-f]{8,64}")
_DEVICES = ("pen", "touch", "mouse")
_GUIDES = ("baseline", "xheight")
_NO_NUMBER = float("nan")
_FINEST = 4
"""Decimals of a second that are kept."""


@dataclass(frozen=True)
class Message:
    """A line as the page sends it.

    Attributes
    ----------
    key: drawn by chance by the page, the same when it sends the line again because no answer came.
    text: what was to be written.
    replaces: the id of the line that this one stands for from now on, or "".
    device: "pen", "touch" or "mouse".
    guides: the y of the baseline and the height of small letters that were shown, in the unit of the points.
    points, time, pressure: as a Drawing has them.
    """

    key: str
    text: str
    replaces: str
    device: str
    guides: dict[str, float]
    points: NDArray[np.float32]
    time: NDArray[np.float32] | None
    pressure: NDArray[np.float32] | None

    def drawing(self, id: str, writer: str, source: str, moment: str) -> Drawing:
        """Return it as the drawing ``id`` by ``writer``, written at ``moment``."""
        extra: dict[str, Any] = {"key": self.key, "written": moment, "device": self.device, **self.guides}
        if self.replaces:
            extra["replaces"] = self.replaces
        channels = {"time": self.time, "pressure": self.pressure}
        return Drawing(self.points, id, self.text, writer, source, **channels, extra=extra)


def parse_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object ``content``.  Raises ValueError when it is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def parse_message(content: bytes) -> Message:
    """Return the message that ``content`` is.

    Raises
    ------
    ValueError: it is not JSON, lacks something, or has a number that no pen gives.
    """
    found = parse_object(content)
    key, text, replaces = (_string(found, name) for name in ("key", "text", "replaces"))
    if not _KEY.fullmatch(key):
        raise ValueError("its key is none")
    device = _string(found, "device")
    if device not in _DEVICES:
        raise ValueError("an unknown device")
    points, time, pressure = _ink(found.get("strokes"))
    guides = {name: round(_number(found[name], limits.COORDINATE), 2) for name in _GUIDES if name in found}
    return Message(key, text, replaces, device, guides, points, time, pressure)


def _string(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > limits.LINE // 8:
        raise ValueError(f"its {name} is no string, or too long")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"its {name} is not Unicode text")
    return value


Channel = NDArray[np.float32] | None


def _ink(strokes: Any) -> tuple[NDArray[np.float32], Channel, Channel]:
    """Return the (N, 3) points, the times and the pressures of strokes of [x, y, seconds, pressure or null]."""
    if not isinstance(strokes, list) or not all(isinstance(stroke, list) for stroke in strokes):
        raise ValueError("no strokes")
    rows = [_row(point, is_last=point is stroke[-1]) for stroke in strokes for point in stroke]
    if not 0 < len(rows) <= POINTS:
        raise ValueError(f"{len(rows)} points; a line has 1 to {POINTS}")
    table = np.array(rows, np.float64)
    return table[:, :3].astype(np.float32), _time(table[:, 3]), _known(table[:, 4])


def _row(point: Any, is_last: bool) -> tuple[float, ...]:
    if not isinstance(point, Sequence) or len(point) != 4:
        raise ValueError("a point is not [x, y, time, pressure]")
    x, y, time = (_number(value, limits.COORDINATE) for value in point[:3])
    pressure = _NO_NUMBER if point[3] is None else min(max(_number(point[3], 2), 0.0), 1.0)
    return round(x, 2), round(y, 2), float(is_last), time, pressure


def _number(value: Any, limit: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is missing")
    if not -limit <= value <= limit:  # which is true of what is no number or not finite, too
        raise ValueError("a number is out of range")
    return float(value)


def _time(values: NDArray[np.float64]) -> NDArray[np.float32]:
    seconds: NDArray[np.float64] = np.round(values - values[0], _FINEST)
    return seconds.astype(np.float32)


def _known(values: NDArray[np.float64]) -> Channel:
    return None if np.isnan(values).all() else np.round(values, 3).astype(np.float32)
