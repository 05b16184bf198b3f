"""SVG with open paths: what Inkscape, Procreate, note-taking tablets and plotter programs write.

Each part of a path that is drawn without lifting the pen is a stroke, in the order of the document.  Outlines
(closed and filled, without a stroke) are no ink: a pen does not write around its letters.  But a filled circle
is a dot, as pads for signatures write it.  What ``use`` names in the same document is drawn in its place.  What
is printed on the paper is no ink, and neither are a few white or translucent lines among others, of a marker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.pages import Page
from hwcli.ink.sources.strokes import points_of
from hwcli.ink.sources.svg_frames import (
    Frame,
    inkscape_pages,
    length_of,
    matrix_of,
    numbers_in,
    outermost,
    translation,
)
from hwcli.ink.sources.svg_paper import without_paper
from hwcli.ink.sources.svg_path import Subpath, parse_path
from hwcli.ink.sources.svg_style import Style, is_white, rules_of, style_of
from hwcli.ink.sources.xml import local_name

OnBad = Callable[[BadInput], None]
Floats = NDArray[np.float64]
DEEPEST = 200
"""Groups inside each other."""
STEPS_A_LETTER = 12
"""A straight line gets points so that a letter's height is crossed in as many steps, as by a moving pen."""
TAG = 1600
"""As how many characters an element counts that a ``use`` stands for, besides those of its attributes."""
_GROUPS = ("svg", "g", "a", "switch", "pageSet", "page")
"""The last two are of SVG 1.2, as pdftocairo writes documents of several pages."""
_ROUND = ("circle", "ellipse")
_INK = ("path", "polyline", "polygon", "line", *_ROUND)
_LINKS = ("href", "{http://www.w3.org/1999/xlink}href")


@dataclass(frozen=True)
class _Place:
    """Where and how an element is drawn.

    Attributes
    ----------
    matrix: (3, 3), from its coordinates to those of the outermost element.
    frame: what lengths in percent are of.
    depth: how many elements are around it.
    use: the ``use`` that it is drawn for, where that names it and none around it.
    used: the ids that the ``use`` elements around it name.
    part: what its ink belongs to.
    """

    matrix: Floats = field(default_factory=lambda: np.eye(3))
    style: Style = field(default_factory=Style)
    frame: Frame = field(default_factory=Frame)
    depth: int = 0
    use: Any = None
    used: tuple[str, ...] = ()
    part: _Part | None = None


@dataclass
class _Part:
    """A drawing of ``hw render``, whose group has a name and a text, or the other ink of a page.

    ``strokes`` are (n, 2) points each, in the units of the outermost element, and whether a marker drew them.
    """

    id: str = ""
    text: str = ""
    is_page: bool = True
    frame: Frame = field(default_factory=Frame)
    strokes: list[tuple[Floats, bool]] = field(default_factory=list)

    def ink(self) -> list[Floats]:
        """Return what a pen wrote of it.  Raises ValueError."""
        if not self.is_page:
            return _with_points(_joined([table for table, _ in self.strokes]))
        strokes = _joined(_without_markers(self.strokes))
        return _with_points(without_paper(strokes, self.frame.width, self.frame.height))


def read_pages(root: Any, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield each page of the SVG document ``root`` that has ink on it; messages call it ``source``.

    Ids are the pages' numbers, "" where there is one page.  What ``hw render`` wrote is yielded drawing by
    drawing with ids and texts.  With ``on_bad`` an element that cannot be read is handed to it and left out.

    Raises
    ------
    BadInput: an element cannot be read, or there is no ink in it.
    """
    with np.errstate(all="ignore"):  # what is not finite is refused where it is used
        parts = _Document(root, source, on_bad).parts()
    found = False
    for part in parts:
        try:
            strokes = part.ink()
        except ValueError as error:
            raise BadInput(source, str(error)) from error
        if strokes:
            found = True
            kind = Page if part.is_page else Drawing
            yield kind(points_of(strokes), id=part.id, text=part.text)
    if not found:
        raise BadInput(source, "no open path with a stroke in it: outlines of letters are no ink, nor is paper")


class _Document:
    """The strokes of one document."""

    def __init__(self, root: Any, source: str, on_bad: OnBad | None) -> None:
        self._root, self._source, self._on_bad, self._rules = root, source, on_bad, rules_of(root)
        self._named = {id: element for element in root.iter() if (id := element.get("id"))}
        self._count = 0  # of points, whether they are ink or not
        self._parts: list[_Part] = []
        self._used = 0  # characters that would stand there if what is used were written out

    def parts(self) -> list[_Part]:
        """Return the drawings and pages in order."""
        frame = outermost(self._root)
        rest = _Part(frame=frame)
        waiting = [(self._root, _Place(frame=frame, part=rest))]
        while waiting:
            element, place = waiting.pop()
            name = local_name(element)
            is_drawn = name in (*_GROUPS, *_INK, "use") or (name == "symbol" and place.use is not None)
            if not is_drawn or _is_decoration(element, name):
                continue
            self._check_size(element, place)
            try:
                style = style_of(element, name, place.style, self._rules)
                if style.is_hidden:
                    continue
                matrix = place.matrix @ matrix_of(element.get("transform") or "")
                place = replace(place, matrix=matrix, style=style, depth=place.depth + 1)
                place = replace(place, part=self._part(element, name) or place.part)
                if name in _INK and place.part is not None:
                    strokes = self._drawn(element, name, place)
                    place.part.strokes += [(table, style.is_marker) for table in strokes]
                waiting += reversed(self._within(element, name, place))
            except ValueError as error:
                self._note(element, name, error)
        parts = [*self._parts, *_parted(rest, inkscape_pages(self._root))]
        pages = [part for part in parts if part.is_page]
        for number, page in enumerate(pages, start=1):
            page.id = str(number) if len(pages) > 1 else ""
        return parts

    def _part(self, element: Any, name: str) -> _Part | None:
        """Return the part that begins with ``element``, if any."""
        text, id = element.get("aria-label"), element.get("data-id")
        if name == "page":
            self._parts.append(_Part(frame=outermost(self._root)))
        elif name == "g" and element.get("role") == "img" and text is not None and id is not None:
            said = element.get("data-text", text if text != id else "")
            self._parts.append(_Part(id, said, is_page=False))
        else:
            return None
        return self._parts[-1]

    def _check_size(self, element: Any, place: _Place) -> None:
        if place.depth > DEEPEST:
            raise BadInput(self._source, f"groups nested more than {DEEPEST} deep")
        if place.used:
            self._used += TAG + sum(map(len, element.attrib.values()))
        if self._used > limits.DOCUMENT:
            raise BadInput(self._source, "its use elements stand for more than any page has")

    def _drawn(self, element: Any, name: str, place: _Place) -> list[Floats]:
        """Return the strokes of one element of ink.  Raises BadInput when all of them are too many."""
        paths = [(path, path.table()) for path in _paths(element, name, place)]
        self._count += sum(len(table) for _, table in paths)
        if self._count > limits.POINTS:
            raise BadInput(self._source, f"a page of more than {limits.POINTS} points")
        is_settled = name in _ROUND
        return [_moved(table, place.matrix) for path, table in paths if is_settled or place.style.draws(path)]

    def _within(self, element: Any, name: str, place: _Place) -> list[tuple[Any, _Place]]:
        """Return what is to be drawn in ``element``; for a ``use`` what it names, if that is there."""
        if name == "use":
            return self._named_by(element, place)
        if name in ("svg", "symbol") and element is not self._root:
            matrix, frame = place.frame.inner(element, place.use)
            place = replace(place, matrix=place.matrix @ matrix, frame=frame)
            if frame.is_empty:
                return []
        return [(child, replace(place, use=None)) for child in element]

    def _named_by(self, use: Any, place: _Place) -> list[tuple[Any, _Place]]:
        link = next((link.strip() for key in _LINKS if (link := use.get(key))), "")
        id = link.removeprefix("#")
        if link and id == link:
            raise ValueError(f"it uses {link!r:.60}, which is in another file")
        if id in place.used:
            raise ValueError(f"it uses {link!r:.60}, in which it stands itself")
        if id not in self._named:
            return []
        x, y = place.frame.point(use.get("x"), use.get("y"))
        matrix = place.matrix @ translation(x, y)
        return [(self._named[id], replace(place, matrix=matrix, use=use, used=(*place.used, id)))]

    def _note(self, element: Any, name: str, error: ValueError) -> None:
        bad = BadInput(self._source, f"{name} {element.get('id') or ''}".rstrip()[:60] + f": {error}")
        if self._on_bad is None:
            raise bad from error
        self._on_bad(bad)


def _parted(rest: _Part, sheets: Floats) -> list[_Part]:
    """Return the ink of ``rest`` by (n, 4) ``sheets``, the nearest to each stroke; all of it without any."""
    if not len(sheets) or not rest.strokes:
        return [rest] if rest.strokes else []
    points = np.concatenate([table for table, _ in rest.strokes])
    starts = np.cumsum([0, *(len(table) for table, _ in rest.strokes[:-1])])
    middles = (np.minimum.reduceat(points, starts) + np.maximum.reduceat(points, starts)) / 2
    parts, nearest, best = [], np.zeros(len(middles), np.intp), np.full(len(middles), np.inf)
    for number, (x, y, width, height) in enumerate(sheets.tolist()):
        half = np.array([width, height]) / 2
        away = np.hypot(*np.maximum(np.abs(middles - (x, y) - half) - half, 0).T)
        nearest[away < best], best = number, np.minimum(best, away)
        parts.append(_Part(frame=Frame(width, height)))
    for stroke, number in zip(rest.strokes, nearest.tolist(), strict=True):
        parts[number].strokes.append(stroke)
    return parts


def _without_markers(strokes: list[tuple[Floats, bool]]) -> list[Floats]:
    """Return the strokes that no marker drew; but where most look so, as on a black page, they are the ink."""
    ink = [table for table, is_marker in strokes if not is_marker]
    return ink if 2 * len(ink) > len(strokes) else [table for table, _ in strokes]


def _is_decoration(element: Any, name: str) -> bool:
    """Return whether ``element`` is the rules, squares or dots of paper, as hw render marks them."""
    return name == "g" and (element.get("class"), element.get("aria-hidden")) == ("paper", "true")


def _paths(element: Any, name: str, place: _Place) -> list[Subpath]:
    if name == "path":
        return parse_path(element.get("d") or "")
    if name in _ROUND:
        return _round(element, place)
    if name == "line":
        ends = (("x1", "y1"), ("x2", "y2"))
        values = [value for x, y in ends for value in place.frame.point(element.get(x), element.get(y))]
    else:
        values = numbers_in(element.get("points") or "")
    if len(values) % 2:
        raise ValueError("a point without a y")
    if not values:
        return []
    return [Subpath([np.reshape(values, (-1, 2))], closed=name == "polygon")]


def _round(element: Any, place: _Place) -> list[Subpath]:
    """Return what a circle or an ellipse is as ink at its ``place``: its line, or else a dot."""
    frame = place.frame
    x, y = frame.point(element.get("cx"), element.get("cy"))
    radius = length_of(element.get("r"), frame.diagonal)
    across, down = (value if (value := element.get(key)) != "auto" else None for key in ("rx", "ry"))
    across, down = length_of(across, frame.width), length_of(down, frame.height)
    across, down = across or down or radius, down or across or radius
    if not (across > 0 and down > 0):
        return []
    if place.style.stroke == "none":
        fill = place.style.fill
        return [] if fill == "none" or is_white(fill) else [Subpath([np.array([[x, y]])])]
    half = f"a{across} {down} 0 1 1"
    return parse_path(f"M{x - across} {y}{half} {2 * across} 0{half} {-2 * across} 0z")


def _moved(points: Floats, matrix: Floats) -> Floats:
    """Return ``points`` transformed; repeated ones at the start, as a dot's, are one.  Raises ValueError."""
    moved: Floats = points @ matrix[:2, :2].T + matrix[:2, 2]
    if not np.isfinite(moved).all() or np.abs(moved).max(initial=0) > limits.COORDINATE:
        raise ValueError("a coordinate is out of range")
    return moved[:1] if (moved == moved[:1]).all() else moved


def _joined(strokes: list[Floats]) -> list[Floats]:
    """Return ``strokes`` with those joined that begin where the one before ends.

    Tablets write a stroke of changing width as many lines that follow each other.
    """
    runs: list[list[Floats]] = []
    for stroke in strokes:
        if runs and len(stroke) > 1 and np.array_equal(runs[-1][-1][-1], stroke[0]):
            runs[-1].append(stroke[1:])
        else:
            runs.append([stroke])
    return [np.concatenate(run) for run in runs]


def _with_points(strokes: list[Floats]) -> list[Floats]:
    """Return ``strokes`` with points on their straight lines, as close as a pen's; none is taken away."""
    sizes = [float(np.ptp(stroke, axis=0).max()) for stroke in strokes]
    longest = float(np.median([size for size in sizes if size > 0] or [0])) / STEPS_A_LETTER
    if not longest > 0:
        return strokes
    counts = [_steps(stroke, longest) for stroke in strokes]
    if sum(int(count.sum()) + 1 for count in counts) > limits.POINTS:
        raise ValueError(f"a page of more than {limits.POINTS} points, at the distance of a pen's")
    return [_filled(stroke, count) for stroke, count in zip(strokes, counts, strict=True)]


def _steps(stroke: Floats, longest: float) -> NDArray[np.intp]:
    """Return in how many steps of at most ``longest`` each of a stroke's is to be gone."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    counts: Floats = np.clip(np.ceil(steps / longest), 1, limits.POINTS)
    return counts.astype(np.intp)


def _filled(stroke: Floats, counts: NDArray[np.intp]) -> Floats:
    places = np.concatenate([[0], *(i + np.arange(1, n + 1) / n for i, n in enumerate(counts))])
    index = np.arange(len(stroke))
    return np.column_stack([np.interp(places, index, stroke[:, axis]) for axis in (0, 1)])
