"""Views of InkML (2011, section 5): which traces, and which of their points, a labelled piece of ink has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hwcli.ink.sources.xml import local_name

DEEPEST = 64
"""Views and groups inside each other."""
MOST_OVERLAP = 4
"""How many times as many elements as there are all views may lead to, at most."""
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_KINDS = ("trace", "traceGroup", "traceView")


class Part(NamedTuple):
    """The points of ``trace`` from number ``start`` up to ``end`` (None: to its last), counted from 0.

    ``path`` says where it is in what a view names: the numbers, from 1, of the elements on the way to it.
    """

    trace: Any
    start: int = 0
    end: int | None = None
    path: tuple[int, ...] = ()


class Views:
    """The views of one document."""

    def __init__(self, root: Any) -> None:
        """Read the views of the document ``root``."""
        self._root = root
        self._named: dict[str, Any] = {}
        self._visits = self._most = 0

    def chosen(self, is_labelled: Callable[[Any], bool]) -> list[Any]:
        """Return the views to make drawings of: the outermost with a text.

        Where all traces are but stored, in definitions, these are the views that are not in others.
        """
        outermost = [element for element in self._root if local_name(element) == "traceView"]
        chosen, waiting = [], outermost[::-1]
        while waiting:
            view = waiting.pop()
            if is_labelled(view):
                chosen.append(view)
            else:
                waiting += [child for child in reversed(view) if local_name(child) == "traceView"]
        is_stored = not any(local_name(element) in _KINDS[:2] for element in self._root)
        return chosen or (outermost if is_stored else [])

    def parts(self, view: Any) -> Iterator[Part]:
        """Yield the parts of traces that ``view`` has, in order.

        Raises
        ------
        ValueError: it names something that is not there, or views are in each other without end.
        """
        if not self._most:
            elements = [element for element in self._root.iter() if local_name(element) in _KINDS]
            self._most = MOST_OVERLAP * len(elements)
            self._named = {element.get(_ID) or element.get("id") or "": element for element in elements}
        yield from self._parts(view, (), 0)

    def _parts(self, element: Any, path: tuple[int, ...], depth: int) -> Iterator[Part]:
        self._visits += 1
        if depth > DEEPEST or self._visits > self._most:
            raise ValueError("views of the same ink again and again, or without end")
        kind = local_name(element)
        if kind == "trace":
            yield Part(element, path=path)
            return
        if kind == "traceView" and (link := element.get("traceDataRef")):
            begin, end = (_place(element.get(key) or "") for key in ("from", "to"))
            for part in self._parts(self._target(link), (), depth + 1):
                if (within := _within(part, begin, end)) is not None:
                    yield within._replace(path=path + part.path)
        children = [child for child in element if local_name(child) in _KINDS]
        for number, child in enumerate(children, start=1):
            yield from self._parts(child, (*path, number), depth + 1)

    def _target(self, link: str) -> Any:
        name = link.strip().removeprefix("#")
        if not name or name not in self._named:
            where = "is in another file" if "#" in name else "is not there"
            raise ValueError(f"it views {link!r:.60}, which {where}")
        return self._named[name]


def _place(text: str) -> tuple[int, ...]:
    """Return where a view begins or ends: ``2:3:1`` is point 1 of trace 3 of group 2."""
    try:
        place = tuple(map(int, text.split(":"))) if text.strip() else ()
    except ValueError:
        place = (0,)
    if any(number < 1 for number in place):
        raise ValueError(f"{text!r:.40} is no place in a trace")
    return place


def _within(part: Part, begin: tuple[int, ...], end: tuple[int, ...]) -> Part | None:
    """Return what of ``part`` is from ``begin`` to ``end`` (both included), None where nothing is."""
    depth = len(part.path)
    if part.path[: len(begin)] < begin[:depth] or (end and part.path[: len(end)] > end[:depth]):
        return None
    start, stop = part.start, part.end
    if part.path == begin[:depth] and len(begin) > depth:
        start += begin[depth] - 1
    if part.path == end[:depth] and len(end) > depth:
        last = part.start + end[depth]
        stop = last if stop is None else min(stop, last)
    return part._replace(start=start, end=stop)
