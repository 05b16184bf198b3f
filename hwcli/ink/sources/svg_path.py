"""The path data of SVG (SVG 1.1, section 8.3) as points: lines, curves and arcs, absolute and relative."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import limits

Floats = NDArray[np.float64]
TURN = 0.15
"""Radians that a curve turns, at most, between two of its points."""
FEWEST, MOST = 4, 400
"""Steps of one curve."""
_ORIGIN = np.zeros(2)
_BLANK = re.compile(r"[\s,]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_FLAG = re.compile(r"[01]")
_ARGUMENTS = {
    "m": "pp",
    "l": "pp",
    "h": "p",
    "v": "p",
    "c": "pppppp",
    "s": "pppp",
    "q": "pppp",
    "t": "pp",
    "a": "pppffpp",
}


@dataclass
class Subpath:
    """What a path draws without lifting the pen: pieces of (n, 2) points; whether it is closed."""

    points: list[Floats] = field(default_factory=list)
    closed: bool = False

    def table(self) -> Floats:
        """Return the points; one alone stands for a dot."""
        return np.concatenate(self.points) if self.points else np.zeros((0, 2))


def parse_path(data: str) -> list[Subpath]:
    """Return what the path data ``data`` draws.

    Raises
    ------
    ValueError: it is no path data, or has more points than a drawing may have.
    """
    with np.errstate(all="ignore"):  # what is not finite is refused where it is used
        return _parsed(data)


def _parsed(data: str) -> list[Subpath]:
    pen = _Pen()
    at = _BLANK.match(data).end()  # type: ignore[union-attr]  # it matches nothing, too
    while at < len(data):
        command = data[at]
        if command.lower() not in (*_ARGUMENTS, "z"):
            raise ValueError(f"{data[at : at + 20]!r} is no path data")
        at = _BLANK.match(data, at + 1).end()  # type: ignore[union-attr]
        if command in "zZ":
            pen.close()
            continue
        is_first = True
        while is_first or _NUMBER.match(data, at):
            values, at = _values(data, at, _ARGUMENTS[command.lower()])
            pen.draw(command, values)
            # What follows a first place without a letter is lines.
            command = {"m": "l", "M": "L"}.get(command, command)
            is_first = False
    return pen.finish()


def _values(data: str, at: int, kinds: str) -> tuple[list[float], int]:
    """Return the numbers ("p") and flags ("f") of one command, and where the data goes on."""
    values = []
    for kind in kinds:
        match = (_FLAG if kind == "f" else _NUMBER).match(data, at)
        if match is None:
            raise ValueError(f"{data[at : at + 20]!r} is no number of a path")
        values.append(float(match[0]))
        at = _BLANK.match(data, match.end()).end()  # type: ignore[union-attr]
    if not all(abs(value) <= limits.COORDINATE for value in values):
        raise ValueError("a coordinate is out of range")
    return values, at


class _Pen:
    """Draws the commands of one path."""

    def __init__(self) -> None:
        self._subpaths: list[Subpath] = []
        self._place = self._start = np.zeros(2)
        self._control: Floats | None = None
        self._before = ""
        self._count = 0
        self._steps: dict[str, Callable[[Floats, list[float]], None]] = {
            "m": self._move, "l": self._line, "h": self._line, "v": self._line,
            "c": self._curve, "s": self._curve, "q": self._curve, "t": self._curve, "a": self._arc,
        }  # fmt: skip

    def draw(self, command: str, values: list[float]) -> None:
        kind = command.lower()
        if kind != "m" and not self._subpaths:
            raise ValueError("it does not begin with a move")
        origin = self._place if command.islower() else _ORIGIN
        if kind == "h":
            values = [values[0], float(self._place[1] - origin[1])]
        elif kind == "v":
            values = [float(self._place[0] - origin[0]), *values]
        elif kind in "st":
            values = [*(self._mirrored(kind) - origin), *values]
        self._steps[kind](origin, values)
        self._before = kind

    def close(self) -> None:
        if not self._subpaths:
            raise ValueError("it does not begin with a move")
        if not np.array_equal(self._place, self._start):
            self._add(self._start[None, :])
        self._subpaths[-1].closed = True
        self._place, self._before = self._start, "z"

    def finish(self) -> list[Subpath]:
        """Return the subpaths that draw something."""
        return [path for path in self._subpaths if len(path.points) > 1 or path.closed]

    def _move(self, origin: Floats, values: list[float]) -> None:
        self._place = self._start = origin + values
        self._subpaths.append(Subpath([self._place[None, :]]))

    def _line(self, origin: Floats, values: list[float]) -> None:
        self._add((origin + values)[None, :])

    def _curve(self, origin: Floats, values: list[float]) -> None:
        controls = np.vstack([self._place, origin + np.reshape(values, (-1, 2))])
        self._control = controls[-2]
        self._add(_bezier(controls))

    def _mirrored(self, kind: str) -> Floats:
        """Return the first control point of a smooth curve: that of the curve before, mirrored at the place."""
        if self._control is None or self._before not in {"s": "cs", "t": "qt"}[kind]:
            return self._place
        return 2 * self._place - self._control

    def _arc(self, origin: Floats, values: list[float]) -> None:
        self._add(_arc(self._place, origin + values[5:], values[:2], np.radians(values[2]), values[3:5]))

    def _add(self, points: Floats) -> None:
        if self._before == "z":  # after the end of a closed part the next begins where that began
            self._subpaths.append(Subpath([self._start[None, :]]))
        self._before = ""
        self._count += len(points)
        if self._count > limits.POINTS:
            raise ValueError(f"more than {limits.POINTS} points")
        self._subpaths[-1].points.append(points)
        self._place = points[-1]


def _bezier(controls: Floats) -> Floats:
    """Return the points, without the first, of the Bezier curve with the (3 or 4, 2) ``controls``."""
    steps = np.diff(controls, axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])[np.hypot(*steps.T) > 0]
    turn = float(np.abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi).sum())
    t = np.linspace(0, 1, _count(turn) + 1)[1:, None]
    while len(controls) > 1:  # de Casteljau, for all t at once
        level = controls[:, None, :] if controls.ndim == 2 else controls
        controls = level[:-1] * (1 - t) + level[1:] * t
    points: Floats = controls[0]
    return points


def _count(turn: float) -> int:
    return int(np.clip(np.ceil(turn / TURN), FEWEST, MOST))


def _arc(start: Floats, end: Floats, radii: list[float], rotation: float, flags: list[float]) -> Floats:
    """Return the points, without the first, of an elliptical arc (SVG 1.1, appendix F.6)."""
    radius = np.abs(radii)
    if not radius.all() or np.array_equal(start, end):
        return end[None, :]
    turned = np.array([[np.cos(rotation), np.sin(rotation)], [-np.sin(rotation), np.cos(rotation)]])
    half = turned @ (start - end) / 2 / radius
    size = float(half @ half)
    if size > 1:  # radii that do not reach are made as large as they must be
        radius, half, size = radius * np.sqrt(size), half / np.sqrt(size), 1.0
    if size == 0:
        return end[None, :]
    centre = np.sqrt(max(1 / size - 1, 0)) * np.array([half[1], -half[0]])
    if flags[0] == flags[1]:
        centre = -centre
    first, last = (np.arctan2(*reversed(place - centre)) for place in (half, -half))
    sweep = (last - first) % (2 * np.pi) - (0 if flags[1] else 2 * np.pi)
    angles = first + sweep * np.linspace(0, 1, _count(abs(float(sweep))) + 1)[1:]
    places = np.column_stack([np.cos(angles), np.sin(angles)]) + centre
    points: Floats = (places * radius) @ turned + (start + end) / 2
    points[-1] = end
    return points
