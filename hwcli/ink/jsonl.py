"""Points as JSON lines (hw-points(5)): a header line a drawing, then a line a point.

The writer writes one form; the reader takes more: points without a header, CRLF, byte order marks, arrays
``[x, y, up]``, blank lines, and the drawings of Quick, Draw!, each of them a line.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.point_lines import PointLines, point_lines
from hwcli.ink.sources import quickdraw

VERSION = 1
OnBad = Callable[[BadInput], None]
_OWN_KEYS = ("drawing", "text", "writer", "source", "points", "version")
_NO_NUMBER = float("nan")
_DEEPEST = 64
"""Lists and objects inside each other, in a header."""


def read_drawings(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield the drawings of the JSON lines in ``file``, each as soon as it has been read.

    ``source`` is what messages call the file.  With ``on_bad`` a line that cannot be read is handed to it
    and left out; after a header that cannot be read, so are the points up to the next header.

    Raises
    ------
    BadInput: a line cannot be read and there is no ``on_bad``.
    """
    drawing: Growing | None = None
    following: Growing | None
    lines = _Lines(file, source)
    for number, line in lines:
        try:
            record = _parse(line)
            if not _is_header(record):
                drawing = drawing or Growing({})
                drawing.add(record)
                lines.take_points(drawing)
                continue
            whole = _whole_drawing(record) if quickdraw.is_whole_drawing(record) else None
            following = Growing(_header(record)) if whole is None else None
        except ValueError as error:
            bad = BadInput(source, str(error), number)
            if on_bad is None:
                raise bad from error
            on_bad(bad)
            if b'"drawing"' not in line:
                continue
            whole, following = None, Growing({}, spoilt=True)
        if drawing is not None and not drawing.spoilt:
            yield drawing.finish()
        if whole is not None:
            yield whole
        drawing = following
    if drawing is not None and not drawing.spoilt:
        yield drawing.finish()


def grow_drawings(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Growing]:
    """Yield the drawing that is being read, again after each line of it: ``finish`` gives what has come so far.

    Raises as ``read_drawings``; ``on_bad`` as there.
    """
    drawing: Growing | None = None
    for number, line in _Lines(file, source):
        try:
            record = _parse(line)
            if _is_header(record):
                drawing = Growing(_header(record))
            else:
                drawing = drawing or Growing({})
                drawing.add(record)
        except ValueError as error:
            bad = BadInput(source, str(error), number)
            if on_bad is None:
                raise bad from error
            on_bad(bad)
            if b'"drawing"' in line:
                drawing = Growing({}, spoilt=True)
        if drawing is not None and not drawing.spoilt:
            yield drawing


def _is_header(record: Any) -> bool:
    return isinstance(record, dict) and "x" not in record and "y" not in record


class _Lines:
    """The lines of a file that are not blank, with their numbers; points can be taken many at a time."""

    def __init__(self, file: BinaryIO, source: str) -> None:
        self._file, self._source = file, source
        self._number = self._one_by_one = 0
        self._peek = getattr(file, "peek", None)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number and the bytes of each line."""
        while line := self._file.readline(limits.LINE + 1):
            self._number += 1
            self._one_by_one -= 1
            if len(line) > limits.LINE:
                raise BadInput(self._source, f"a line is longer than {limits.LINE} bytes", self._number)
            line = line.removeprefix(b"\xef\xbb\xbf").strip()
            if line:
                yield self._number, line

    def take_points(self, drawing: Growing) -> None:
        """Have ``drawing`` take the points of the lines that are there already, if they are plain ones."""
        if self._peek is None or self._one_by_one > 0 or drawing.spoilt:
            return
        block, points = point_lines(self._peek(1))
        lines = block.count(b"\n")
        if points is None or not drawing.extend(points):
            self._one_by_one = lines
            return
        self._file.read(len(block))
        self._number += lines


_DECODER = json.JSONDecoder(parse_constant=lambda name: _refuse_constant(name))


def _parse(line: bytes) -> Any:
    try:
        return _DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that ink can have")


def _header(record: dict[str, Any]) -> dict[str, Any]:
    if "drawing" not in record and "text" not in record:
        raise ValueError("neither a point (x, y) nor a header (drawing)")
    version = record.get("version", VERSION)
    if type(version) is not int or version < 1:
        raise ValueError("its version is not a whole number from 1 up")
    if version > VERSION:
        raise ValueError(f"points format {version} is newer than this program's {VERSION}: update hw")
    names = {key: _string(record, key) for key in ("drawing", "text", "writer", "source")}
    extra = {key: value for key, value in record.items() if key not in _OWN_KEYS}
    check_extra(extra)
    return {"id": names.pop("drawing"), **names, "extra": extra}


def _whole_drawing(record: dict[str, Any]) -> Drawing:
    """Return a drawing of Quick, Draw!; its word is what was drawn, not written, and so no text."""
    points, time = quickdraw.points_and_times(record["drawing"])
    extra = {key: value for key, value in record.items() if key not in ("key_id", *_OWN_KEYS)}
    check_extra(extra)
    return Drawing(points, id=_string(record, "key_id"), time=time, extra=extra)


def check_extra(extra: dict[str, Any]) -> None:
    """Refuse keys of a header that could not be written again.  Raises ValueError."""
    if not extra:
        return
    level: list[Any] = [extra]
    for _ in range(_DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    if level:
        raise ValueError("JSON nested too deeply")
    try:
        json.dumps(extra, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a string in it is not Unicode text") from None
    except ValueError:
        raise ValueError("a number in it is not finite") from None


def _string(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"its {key} is not a string")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"its {key} is not Unicode text")
    return value


class Growing:
    """The drawing that is being read."""

    def __init__(self, header: dict[str, Any], spoilt: bool = False) -> None:
        """Begin a drawing with this ``header``; of a ``spoilt`` one the points do not count."""
        self.spoilt = spoilt
        self._header = header
        self._points = array("d")
        self._times = array("d")
        self._pressures = array("d")

    def add(self, record: Any) -> None:
        """Add a point; raises ValueError when the record is none."""
        if self.spoilt:
            return
        if len(self._times) >= limits.POINTS:
            raise ValueError(f"a drawing of more than {limits.POINTS} points")
        time = pressure = _NO_NUMBER
        if isinstance(record, dict):
            x, y, up = record.get("x"), record.get("y"), record.get("up", 0)
            if "t" in record:
                time = _number(
                    record["t"], "t", limits.TIME, " seconds: milliseconds are to be divided by 1000"
                )
            if "p" in record:
                pressure = _number(record["p"], "p", 1)
                if pressure < 0:
                    raise ValueError("p is below 0")
        elif isinstance(record, list) and len(record) == 3:
            x, y, up = record
        else:
            raise ValueError("neither a point {x, y, up} or [x, y, up] nor a header")
        if up not in (0, 1):
            raise ValueError("up is neither 0 nor 1")
        self._points.extend((_number(x, "x", limits.COORDINATE), _number(y, "y", limits.COORDINATE), float(up)))
        self._times.append(time)
        self._pressures.append(pressure)

    def extend(self, lines: PointLines) -> bool:
        """Add the points of many lines; return False, adding none, where that would be too many."""
        if len(self._times) + len(lines.points) > limits.POINTS:
            return False
        for values, more in zip((self._points, self._times, self._pressures), lines, strict=True):
            values.frombytes(np.ascontiguousarray(more).tobytes())
        return True

    def finish(self) -> Drawing:
        """Return the drawing."""
        points = np.array(self._points, np.float32).reshape(-1, 3)
        time, pressure = (_or_none(values) for values in (self._times, self._pressures))
        if time is not None:
            time = time - time[np.isfinite(time)][0]
        return Drawing(
            points,
            time=None if time is None else time.astype(np.float32),
            pressure=None if pressure is None else pressure.astype(np.float32),
            **self._header,
        )


def _number(value: Any, name: str, limit: float, unit: str = "") -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"{name} is missing or not a number")
    if not -limit <= value <= limit:
        raise ValueError(f"{name} is beyond {limit:g}{unit}")
    return float(value)


def _or_none(values: array[float]) -> NDArray[np.float64] | None:
    """Return ``values``, or None when not one of them is a number."""
    numbers = np.array(values, np.float64)
    return None if np.isnan(numbers).all() else numbers


class DrawingWriter:
    """Writes drawings as JSON lines; each call reaches ``file``: a reader sees points as they are made."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to ``file``, from where it stands."""
        self._file = file

    def begin(
        self, id: str = "", text: str = "", writer: str = "", extra: Mapping[str, Any] | None = None,
        source: str = "", count: int | None = None,
    ) -> None:  # fmt: skip
        """Write the header line of a drawing, with the ``count`` of its points where that is to be told."""
        header: dict[str, Any] = {"drawing": id, "text": text}
        if writer:
            header["writer"] = writer
        if source:
            header["source"] = source
        header |= {key: value for key, value in (extra or {}).items() if key not in _OWN_KEYS}
        if count is not None:
            header["points"] = count
        header["version"] = VERSION
        self._write(json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")

    def points(
        self, points: ArrayLike, time: ArrayLike | None = None, pressure: ArrayLike | None = None
    ) -> None:
        """Write a line for each of (n, 3) ``points``, with (n,) ``time`` in seconds and ``pressure`` if known.

        Raises
        ------
        ValueError: a coordinate is not finite.
        """
        table = np.asarray(points, np.float32).reshape(-1, 3)
        if not np.isfinite(table).all():
            raise ValueError("a point is not finite")
        columns = [
            [
                f'{{"x":{x},"y":{y},"up":'
                for x, y in zip(short_numbers(table[:, 0]), short_numbers(table[:, 1]), strict=True)
            ],
            ["1" if up > 0.5 else "0" for up in table[:, 2].tolist()],
        ]
        for key, values in (("t", time), ("p", pressure)):
            if values is not None:
                numbers = np.asarray(values, np.float32).reshape(-1)
                known = np.isfinite(numbers).tolist()
                shorts = short_numbers(np.nan_to_num(numbers))
                columns.append(
                    [
                        f',"{key}":{short}' if is_known else ""
                        for short, is_known in zip(shorts, known, strict=True)
                    ]
                )
        self._write("".join("".join(parts) + "}\n" for parts in zip(*columns, strict=True)))

    def write(self, drawing: Drawing, *, counted: bool = False) -> None:
        """Write a whole drawing; ``counted``: its header tells how many points follow."""
        count = len(drawing) if counted else None
        self.begin(drawing.id, drawing.text, drawing.writer, drawing.extra, drawing.source, count)
        self.points(drawing.points, drawing.time, drawing.pressure)

    def _write(self, text: str) -> None:
        self._file.write(text.encode())
        self._file.flush()


def short_numbers(values: NDArray[np.float32]) -> list[str]:
    """Return each of ``values`` in the fewest digits that give the same float32 when they are read again."""
    rounded = np.round(values.astype(np.float64), 3)
    texts = [repr(value) for value in rounded.tolist()]
    for index in np.flatnonzero(rounded.astype(np.float32) != values).tolist():
        texts[index] = str(values[index])
    return texts
