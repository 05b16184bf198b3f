"""A sheet that writes itself as a film: GIF or APNG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.cairo import set_colour
from hwcli.drawing.motion import times
from hwcli.drawing.nibs import way_of
from hwcli.drawing.pace import Course
from hwcli.drawing.raster import MILLIMETRES_AN_INCH, canvas, draw, draw_captions, draw_rules, set_pen, straight
from hwcli.drawing.sheet import Sheet, traces
from hwcli.drawing.style import Style
from hwcli.errors import HwError

INTERVAL = 0.05
"""Seconds from frame to frame, in hundredths as GIF counts them; more in a long film."""

MOST_FRAMES = 600
LAST_FRAME = 3.0
"""Seconds for which the last frame, with all ink, is seen before the film begins again."""

LONGEST_STILL = 60.0
"""Seconds: a frame that is seen for longer is cut to it; GIF can count to 655, APNG in milliseconds to 65."""

COLOURS = 64
CLEAR = COLOURS
"""The number of the colour that is none, of a GIF without a background; it knows nothing between it and ink."""

MOST_PIXELS = 400_000_000
"""A film of more pixels in all of its frames takes minutes and much memory."""

STEP_PIXELS = 1.5


class _Line(NamedTuple):
    """A line on its way: its time, how far it is by when, points along it, their shares of it, its colour."""

    begin: float
    duration: float
    course: Course
    way: NDArray[np.complex128]
    part: NDArray[np.float64]
    colour: str


def write_film(sheet: Sheet, style: Style, dpi: float, speed: float, kind: str, file: BinaryIO) -> None:
    """Write to ``file`` a film, of ``kind`` "gif" or "apng", in which the ink of ``sheet`` is written.

    Raises
    ------
    HwError: it would be too large, or there is no cairo library.
    """
    lines = list(_lines(sheet, style, speed, STEP_PIXELS * MILLIMETRES_AN_INCH / dpi))
    length = max(line.begin + line.duration for line in lines)
    interval = max(INTERVAL, float(np.ceil(100 * length / MOST_FRAMES)) / 100)
    if interval > LONGEST_STILL:
        raise HwError(f"a film of {length / 3600:,.0f} hours is too long: raise --speed, or write SVG or HTML")
    count = int(np.ceil(length / interval)) + 1
    surface, context = canvas(sheet, style, dpi)
    if surface.get_width() * surface.get_height() * count > MOST_PIXELS:
        raise HwError(
            f"{count} frames of {surface.get_width():,} x {surface.get_height():,} pixels are too much for a"
            " film: lower --dpi, raise --speed, or write SVG or HTML"
        )
    frames = _frames(sheet, style, lines, [number * interval for number in range(1, count)], surface, context)
    pictures = zip(
        _pictures(frames, sheet, style, dpi, kind), [interval] * (count - 2) + [LAST_FRAME], strict=True
    )
    (first, *rest), durations = _stills(pictures)
    still = {"blend": 0, "default_image": False, "dpi": (dpi, dpi)}  # a GIF does not tell its size on paper
    form, more = ("GIF", {"disposal": 1}) if kind == "gif" else ("PNG", still)
    if kind == "gif" and not style.background:
        more["transparency"] = CLEAR
    first.save(file, form, save_all=True, append_images=rest, duration=durations, loop=0, **more)


def _stills(pictures: Iterable[tuple[Any, float]]) -> tuple[list[Any], list[int]]:
    """Return ``pictures`` with those that are the same made one, and for how many milliseconds each is seen.

    Pillow would make them one, too, but of a long rest a number that has no room in the file.
    """
    stills: list[Any] = []
    durations: list[float] = []
    last = b""
    for picture, seconds in pictures:
        before, last = last, picture.tobytes()
        if last == before:
            durations[-1] += seconds
        else:
            stills.append(picture)
            durations.append(seconds)
    return stills, [round(1000 * min(seconds, LONGEST_STILL)) for seconds in durations]


def _lines(sheet: Sheet, style: Style, speed: float, step: float) -> Iterator[_Line]:
    timed = zip(*times(sheet, style, speed), strict=True)
    for trace in traces(sheet.placed, style.tolerance, split_prime=style.prime_colour is not None):
        for line, primed in enumerate(trace.primed):
            way, part = way_of(trace.curves, line, step)
            begin, duration, course = next(timed)
            colour = (primed and style.prime_colour) or style.colour
            yield _Line(float(begin), float(duration), course, way, part, colour)


def _frames(
    sheet: Sheet, style: Style, lines: list[_Line], clock: list[float], surface: Any, context: Any
) -> Iterator[Any]:
    """Yield ``surface`` at each time of the ``clock``, with what has been written by then."""
    draw_rules(context, sheet)
    draw_captions(context, sheet, style)
    set_pen(context, style)
    first = 0
    for now in clock:
        while first < len(lines) and lines[first].begin + lines[first].duration <= now:
            _draw_part(context, lines[first], 1.0)
            first += 1
        surface.flush()
        # What grows is drawn on a sheet without it: pieces would be seen where one laps over the other.
        finished = bytes(surface.get_data())
        for line in lines[first:]:
            if line.begin > now:
                break
            _draw_part(context, line, float(np.interp((now - line.begin) / line.duration, *line.course)))
        surface.flush()
        yield surface
        surface.get_data()[:] = finished
        surface.mark_dirty()


def _draw_part(context: Any, line: _Line, share: float) -> None:
    """Draw ``line`` as far as ``share`` of its way."""
    way = line.way[: max(int(np.searchsorted(line.part, share, "right")), 1)].tolist()
    set_colour(context, line.colour)
    context.move_to(way[0].real, way[0].imag)
    for point in way[1:] or [way[0] + 0.01]:
        context.line_to(point.real, point.imag)
    context.stroke()


def _pictures(frames: Iterator[Any], sheet: Sheet, style: Style, dpi: float, kind: str) -> Iterator[Any]:
    """Yield the frames as pictures of Pillow; those of a GIF share the colours of the finished sheet."""
    image = import_module("PIL.Image")
    if kind != "gif":
        for surface in frames:
            yield image.fromarray(straight(surface))
        return
    surface, context = canvas(sheet, style, dpi)
    draw(context, sheet, style)
    surface.flush()
    palette = _palette(image.fromarray(straight(surface)).convert("RGB"))
    rest = np.repeat(_unlike(palette), CLEAR + 1 - len(palette), axis=0)
    colours = np.vstack([palette, rest]).astype(np.uint8).tobytes()
    for surface in frames:
        pixels = straight(surface)
        frame = image.fromarray(np.where(pixels[:, :, 3] < 128, CLEAR, _nearest(pixels[:, :, :3], palette)))
        frame.putpalette(colours)
        yield frame


def _palette(picture: Any) -> NDArray[np.int64]:
    """Return few colours for ``picture``, (n, 3); the most frequent one, the paper's, is exact."""
    few = picture.quantize(COLOURS)
    most, paper = (max(one.getcolors(picture.width * picture.height))[1] for one in (few, picture))
    colours = np.array(few.getpalette(), np.int64).reshape(-1, 3)[:COLOURS]
    colours[most] = paper
    return colours


def _unlike(palette: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a colour that is not in ``palette``, (1, 3).

    That of CLEAR is never seen, but Pillow takes pictures for the same that differ between two places of one
    colour only, and so would leave out black ink on nothing.
    """
    greys = np.repeat(np.arange(256)[:, None], 3, axis=1)
    is_there = (greys[:, None] == palette[None]).all(axis=2).any(axis=1)
    unlike: NDArray[np.int64] = greys[~is_there][-1:]
    return unlike


def _nearest(pixels: NDArray[np.uint8], palette: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return which colour of ``palette`` is nearest to each of the (height, width, 3) ``pixels``."""
    packed = pixels.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    found, places = np.unique(packed, return_inverse=True)
    colours = np.column_stack([found >> 16, found >> 8 & 255, found & 255])
    distances = np.square(colours[:, None] - palette[None]).sum(axis=2)
    nearest: NDArray[np.uint8] = distances.argmin(axis=1).astype(np.uint8)[places].reshape(packed.shape)
    return nearest
