"""SVG with open paths: what Inkscape, Procreate, note-taking tablets and plotter programs write.

Each part of a path that is drawn without lifting the pen is a stroke, in the order of the document.  Outlines
(closed and filled, without a stroke) are no ink: a pen does not write around its letters.  But a filled circle
is a dot, as pads for signatures write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.pages import Page
from hwcli.ink.sources.strokes import points_of
from hwcli.ink.sources.svg_path import Subpath, parse_path
from hwcli.ink.sources.xml import local_name

OnBad = Callable[[BadInput], None]
Floats = NDArray[np.float64]
DEEPEST = 200
"""Groups inside each other."""
STEPS_A_LETTER = 12
"""A straight line gets points so that a letter's height is crossed in as many steps, as by a moving pen."""
LONGEST_TRANSFORM = 10_000
"""Characters."""
_GROUPS = ("svg", "g", "a", "switch")
_ROUND = ("circle", "ellipse")
_INK = ("path", "polyline", "polygon", "line", *_ROUND)
_NUMBERS = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRANSFORM = re.compile(r"(\b[A-Za-z]{1,10})\s*\(([^()]*)\)")
_PAPER = ("none", "white", "#fff", "#ffffff")
_PROPERTIES = ("fill", "stroke", "display", "visibility")


@dataclass(frozen=True)
class _Style:
    """What matters of how an element is drawn, inherited from those around it."""

    fill: str = ""
    stroke: str = "none"
    display: str = ""
    visibility: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.display == "none" or self.visibility in ("hidden", "collapse")

    def draws(self, path: Subpath) -> bool:
        """Return whether ``path`` in this style is a line that a pen drew."""
        if self.stroke != "none":
            return True
        return not path.closed and self.fill in ("", "none")


def read_page(root: Any, source: str, on_bad: OnBad | None = None) -> Iterator[Page]:
    """Yield the ink of the SVG document ``root`` as one page; messages call it ``source``.

    With ``on_bad`` an element that cannot be read is handed to it and left out.

    Raises
    ------
    BadInput: an element cannot be read, or there is no ink in it.
    """
    with np.errstate(all="ignore"):  # what is not finite is refused where it is used
        strokes = _Document(source, on_bad, _rules(root)).strokes(root)
    if not strokes:
        raise BadInput(source, "no open path with a stroke in it: outlines of letters are no ink")
    try:
        strokes = _with_points(_joined(strokes))
    except ValueError as error:
        raise BadInput(source, str(error)) from error
    yield Page(points_of(strokes))


class _Document:
    """The strokes of one document."""

    def __init__(self, source: str, on_bad: OnBad | None, rules: dict[str, dict[str, str]]) -> None:
        self._source, self._on_bad, self._rules = source, on_bad, rules

    def strokes(self, root: Any) -> list[Floats]:
        """Return the strokes in and below ``root``, in order, on the coordinates of the outermost element."""
        found: list[Floats] = []
        count = 0  # of points, whether they are ink or not
        waiting = [(root, np.eye(3), _Style(), 0)]
        while waiting:
            element, matrix, style, depth = waiting.pop()
            if depth > DEEPEST:
                raise BadInput(self._source, f"groups nested more than {DEEPEST} deep")
            name = local_name(element)
            if name not in (*_GROUPS, *_INK) or _is_decoration(element, name):
                continue
            try:
                style = self._style(element, name, style)
                if style.is_hidden:
                    continue
                matrix = matrix @ _matrix(element.get("transform") or "")
                if name in _INK:
                    paths = [(path, path.table()) for path in _paths(element, name, style)]
                    count += sum(len(table) for _, table in paths)
                    is_settled = name in _ROUND
                    found += [_moved(table, matrix) for path, table in paths if is_settled or style.draws(path)]
            except ValueError as error:
                self._note(element, name, error)
                continue
            if count > limits.POINTS:
                raise BadInput(self._source, f"a page of more than {limits.POINTS} points")
            waiting += [(child, matrix, style, depth + 1) for child in reversed(element)]
        return found

    def _note(self, element: Any, name: str, error: ValueError) -> None:
        bad = BadInput(self._source, f"{name} {element.get('id') or ''}".rstrip()[:60] + f": {error}")
        if self._on_bad is None:
            raise bad from error
        self._on_bad(bad)

    def _style(self, element: Any, name: str, around: _Style) -> _Style:
        """Return the style of ``element``: its own over those of its classes over those of its name."""
        own = {key: element.get(key) for key in _PROPERTIES if element.get(key)}
        for selector in (name, *(f".{word}" for word in (element.get("class") or "").split())):
            own |= self._rules.get(selector, {})
        own |= _declarations(element.get("style") or "")
        own = {key: value for key, value in own.items() if value != "inherit"}
        return replace(around, **own)


def _is_decoration(element: Any, name: str) -> bool:
    """Return whether ``element`` is the rules, squares or dots of paper, as hw render marks them."""
    return name == "g" and (element.get("class"), element.get("aria-hidden")) == ("paper", "true")


def _declarations(text: str) -> dict[str, str]:
    """Return the properties that matter of CSS declarations."""
    pairs = (part.partition(":")[::2] for part in text.split(";"))
    found = {key.strip().lower(): value.replace("!important", "").strip().lower() for key, value in pairs}
    return {key: value for key, value in found.items() if key in _PROPERTIES and value}


def _rules(root: Any) -> dict[str, dict[str, str]]:
    """Return the declarations of the style sheets' plain selectors, of names and of classes."""
    rules: dict[str, dict[str, str]] = {}
    for element in root.iter():
        if local_name(element) == "style":
            text = "".join(element.itertext())
            code = "".join(part.partition("*/")[2] for part in f"*/{text}".split("/*"))
            for rule in code.split("}"):
                selectors, _, declarations = rule.partition("{")
                found = _declarations(declarations)
                for selector in selectors.split(",") if found else ():
                    rules.setdefault(selector.strip(), {}).update(found)
    return rules


def _paths(element: Any, name: str, style: _Style) -> list[Subpath]:
    if name == "path":
        return parse_path(element.get("d") or "")
    if name in _ROUND:
        return _round(element, style)
    if name == "line":
        values = [_length(element.get(key)) for key in ("x1", "y1", "x2", "y2")]
    else:
        values = [float(text) for text in _NUMBERS.findall(element.get("points") or "")]
    if len(values) % 2:
        raise ValueError("a point without a y")
    if not values:
        return []
    return [Subpath([np.reshape(values, (-1, 2))], closed=name == "polygon")]


def _round(element: Any, style: _Style) -> list[Subpath]:
    """Return what a circle or an ellipse in this ``style`` is as ink: its line, or else a dot."""
    x, y, radius = (_length(element.get(key)) for key in ("cx", "cy", "r"))
    across, down = (_length(value) if _is_said(value := element.get(key)) else 0.0 for key in ("rx", "ry"))
    across, down = across or down or radius, down or across or radius
    if not (across > 0 and down > 0):
        return []
    if style.stroke == "none":
        return [] if style.fill in _PAPER else [Subpath([np.array([[x, y]])])]
    half = f"a{across} {down} 0 1 1"
    return parse_path(f"M{x - across} {y}{half} {2 * across} 0{half} {-2 * across} 0z")


def _is_said(length: str | None) -> bool:
    return bool(length) and length != "auto"


def _length(text: str | None) -> float:
    match = _NUMBERS.match((text or "0").strip())
    if match is None:
        raise ValueError(f"{text!r:.40} is no length")
    return float(match[0])


def _matrix(text: str) -> Floats:
    """Return the (3, 3) matrix of a ``transform``.  Raises ValueError when it is none."""
    matrix = np.eye(3)
    if not text:
        return matrix
    if len(text) > LONGEST_TRANSFORM or _TRANSFORM.sub("", text).strip(" ,\t\r\n"):
        raise ValueError(f"the transform {text!r:.60} cannot be read")
    for name, numbers in _TRANSFORM.findall(text):
        values = [float(number) for number in _NUMBERS.findall(numbers)]
        try:
            matrix = matrix @ _TRANSFORMS[name](*values)
        except (KeyError, TypeError):
            raise ValueError(f"the transform {text!r:.60} cannot be read") from None
    return matrix


def _affine(a: float, b: float, c: float, d: float, e: float, f: float) -> Floats:
    return np.array([[a, c, e], [b, d, f], [0, 0, 1]])


def _rotation(degrees: float, x: float = 0.0, y: float = 0.0) -> Floats:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = _affine(cosine, sine, -sine, cosine, 0, 0)
    return _affine(1, 0, 0, 1, x, y) @ turned @ _affine(1, 0, 0, 1, -x, -y)


_TRANSFORMS: dict[str, Callable[..., Floats]] = {
    "matrix": _affine,
    "translate": lambda x, y=0.0: _affine(1, 0, 0, 1, x, y),
    "scale": lambda x, y=None: _affine(x, 0, 0, x if y is None else y, 0, 0),
    "rotate": _rotation,
    "skewX": lambda degrees: _affine(1, 0, np.tan(np.radians(degrees)), 1, 0, 0),
    "skewY": lambda degrees: _affine(1, np.tan(np.radians(degrees)), 0, 1, 0, 0),
}


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
