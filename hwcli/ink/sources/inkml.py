"""InkML (W3C Recommendation, 20 September 2011), as tablets and note-taking programs write it.

A ``traceGroup`` that is not inside another is a drawing, and the traces outside all groups are one more.  But
where there are labelled views (``traceView``), the outermost of these are the drawings.  Channels X and Y are
needed, T (time) and F (force, the pressure) used, others passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.sources import whiteboard
from hwcli.ink.sources.inkml_mappings import Mapping, mapping_of, stretch_of
from hwcli.ink.sources.inkml_values import trace_values
from hwcli.ink.sources.inkml_views import Part, Views
from hwcli.ink.sources.strokes import points_of
from hwcli.ink.sources.xml import local_name, parse_xml

OnBad = Callable[[BadInput], None]
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_KEYS = {
    "truth": "text",
    "text": "text",
    "transcription": "text",
    "normalizedlabel": "text",
    "label": "text",
    "id": "id",
    "sampleid": "id",
    "writer": "writer",
}
"""What annotations tell, the first one there is of each; MathWriting has a label and one for recognisers."""
_DECLARATIONS = ("context", "inkSource", "traceFormat", "mapping")
_MAPPED = ("X", "Y", "T", "F")
_DEEPEST = 64
"""Groups inside each other."""
_MOST_FORMATS, _MOST_CHANNELS = 1000, 100
_MOST_VIEWED = 4 * limits.POINTS
"""Points of all views together."""


@dataclass(frozen=True)
class _Channel:
    """A channel of a trace: its name, by what its values are multiplied, and its largest value if declared.

    Before that its values are mapped, where it has a ``mapping``.
    """

    name: str
    factor: float = 1.0
    least: float = 0.0
    largest: float | None = None
    mapping: Mapping | None = None


Format = tuple[_Channel, ...]
_USUAL: Format = (_Channel("X"), _Channel("Y"))
_TIMED: Format = (*_USUAL, _Channel("T", factor=_SECONDS["ms"]))


@dataclass
class _Gathered:
    """A drawing's traces and names, as they are found."""

    names: dict[str, str] = field(default_factory=dict)
    strokes: list[NDArray[np.float64]] = field(default_factory=list)
    """(n, 4): x, y, time in seconds, force; NaN where a trace has none."""
    open: bool = False
    """Whether the last trace goes on in the next."""


def read_inkml(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield the drawings of the InkML (or the line of IAM-OnDB) in ``file``, which messages call ``source``.

    With ``on_bad`` a trace that cannot be read is handed to it and left out.

    Raises
    ------
    BadInput: it is not XML or another kind of it, a trace cannot be read, or it is too large.
    """
    content = file.read(limits.DOCUMENT + 1)
    if len(content) > limits.DOCUMENT:
        raise BadInput(source, f"an XML document of more than {limits.DOCUMENT} bytes")
    yield from read_root(parse_xml(content, source), content, source, on_bad)


def read_root(root: Any, content: bytes, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield the drawings of ``content``, whose outermost element is ``root``; see ``read_inkml``."""
    if local_name(root) == whiteboard.ROOT:
        yield whiteboard.LineReader().read(content, source)
    elif local_name(root) == "ink":
        yield from _Document(root, source, on_bad).drawings()
    else:
        known = "neither InkML, Xournal++, SVG nor a line of IAM-OnDB"
        raise BadInput(source, f"XML, but {known}: its root is <{local_name(root)[:40]}>")


def _reference(element: Any, name: str) -> str:
    return (element.get(name) or "").removeprefix("#")


def _is_mathwriting(root: Any) -> bool:
    return any(child.get("type") == "sampleId" for child in root if local_name(child) == "annotation")


def _name_of(element: Any) -> str:
    return element.get(_ID) or element.get("id") or ""


class _Document:
    """One InkML document."""

    def __init__(self, root: Any, source: str, on_bad: OnBad | None) -> None:
        self._root, self._source, self._on_bad = root, source, on_bad
        self._declared: dict[str, Any] = {}
        formats = []
        for element in root.iter():
            kind = local_name(element)
            if kind not in _DECLARATIONS:
                continue
            if name := _name_of(element):
                self._declared[name] = element
            if kind == "traceFormat":
                formats.append(element)
        if len(formats) > _MOST_FORMATS:
            raise BadInput(source, f"more than {_MOST_FORMATS} traceFormats")
        self._formats = {id(element): self._format(element) for element in formats}
        self._set_right(root)
        # Many programs declare one format and never refer to it; MathWriting may leave even that out.
        undeclared = _TIMED if not formats and _is_mathwriting(root) else _USUAL
        self._default = self._formats[id(formats[0])] if len(formats) == 1 else undeclared
        self._known: dict[str, Format] = {}

    def _set_right(self, root: Any) -> None:
        """Have letters keep their shape where a device has other resolutions of x and y."""
        for device in (element for element in root.iter() if local_name(element) == "inkSource"):
            if (stretch := stretch_of(device)) != 1:
                for element in device:
                    channels = self._formats.get(id(element), ())
                    if channels:
                        self._formats[id(element)] = tuple(
                            replace(channel, factor=channel.factor * stretch)
                            if channel.name == "Y"
                            else channel
                            for channel in channels
                        )

    def drawings(self) -> Iterator[Drawing]:
        """Yield the drawings: the labelled views, or the traces outside of groups and then each group."""
        views = Views(self._root)
        chosen = views.chosen(lambda view: "text" in self._names(view))
        yield from self._viewed(views, chosen) if chosen else self._drawn()

    def _viewed(self, views: Views, chosen: list[Any]) -> Iterator[Drawing]:
        contexts = dict(self._contexts(self._root, "", 0))
        tables: dict[int, NDArray[np.float64]] = {}
        writer = {key: name for key, name in self._names(self._root).items() if key == "writer"}
        count = 0
        for number, view in enumerate(chosen, start=1):
            gathered = _Gathered(writer | self._names(view))
            try:
                for part in views.parts(view):
                    self._add(gathered, part.trace, contexts.get(id(part.trace), ""), part, tables)
            except ValueError as error:
                self._note(f"traceView {_name_of(view) or f'number {number}'}", error)
                continue
            count += sum(map(len, gathered.strokes))
            if count > _MOST_VIEWED:
                raise BadInput(self._source, "its views have the same ink again and again")
            if gathered.strokes:
                yield self._drawing(gathered)

    def _contexts(self, element: Any, context: str, depth: int) -> Iterator[tuple[int, str]]:
        """Yield the ``id()`` of each trace below ``element``, and the context that it is in."""
        if depth > _DEEPEST:
            raise BadInput(self._source, f"traceGroups nested more than {_DEEPEST} deep")
        context = _reference(element, "contextRef") or context
        for child in element:
            kind = local_name(child)
            if kind == "context" and element is self._root:
                context = _name_of(child) or context
            elif kind == "trace":
                yield id(child), context
            elif kind == "traceGroup":
                yield from self._contexts(child, context, depth + 1)

    def _drawn(self) -> Iterator[Drawing]:
        loose = _Gathered(self._names(self._root))
        groups: list[tuple[Any, str]] = []  # each with the context that stands before it
        context = ""
        for element in self._root:
            if local_name(element) == "context":
                context = _name_of(element) or context
            elif local_name(element) == "trace":
                self._add(loose, element, context)
            elif local_name(element) == "traceGroup":
                groups.append((element, context))
        if loose.strokes or (not groups and self._on_bad is None):
            yield self._drawing(loose)
        for group, context in groups:
            names = {**(loose.names if len(groups) == 1 and not loose.strokes else {}), **self._names(group)}
            if "writer" in loose.names:
                names.setdefault("writer", loose.names["writer"])
            gathered = _Gathered(names)
            self._add_group(gathered, group, context, 1)
            if gathered.strokes:
                yield self._drawing(gathered)

    def _add_group(self, gathered: _Gathered, group: Any, context: str, depth: int) -> None:
        if depth > _DEEPEST:
            raise BadInput(self._source, f"traceGroups nested more than {_DEEPEST} deep")
        context = _reference(group, "contextRef") or context
        for element in group:
            if local_name(element) == "trace":
                self._add(gathered, element, context)
            elif local_name(element) == "traceGroup":
                self._add_group(gathered, element, context, depth + 1)

    def _add(
        self, gathered: _Gathered, trace: Any, context: str, part: Part | None = None,
        tables: dict[int, NDArray[np.float64]] | None = None,
    ) -> None:  # fmt: skip
        """Add a trace, or a ``part`` of it; ``tables`` keeps what several views may have."""
        if trace.get("type") == "penUp":  # how the pen moved above the paper
            return
        try:
            table = None if tables is None else tables.get(id(trace))
            if table is None:
                table = self._table(trace, _reference(trace, "contextRef") or context)
        except ValueError as error:
            self._note(f"trace {_name_of(trace) or f'number {len(gathered.strokes) + 1}'}", error)
            return
        if tables is not None:
            tables[id(trace)] = table
        if part is not None:
            table = table[part.start : part.end]
        continuation = trace.get("continuation")
        if gathered.open and gathered.strokes and continuation in ("middle", "end"):
            gathered.strokes[-1] = np.concatenate([gathered.strokes[-1], table])
        elif len(table):
            gathered.strokes.append(table)
        gathered.open = continuation in ("begin", "middle")

    def _note(self, what: str, error: ValueError) -> None:
        bad = BadInput(self._source, f"{what:.60}: {error}")
        if self._on_bad is None:
            raise bad from error
        self._on_bad(bad)

    def _drawing(self, gathered: _Gathered) -> Drawing:
        table = np.concatenate(gathered.strokes) if gathered.strokes else np.zeros((0, 4))
        if len(table) > limits.POINTS:
            raise BadInput(self._source, f"a drawing of more than {limits.POINTS} points")
        names: dict[str, Any] = dict(gathered.names)
        return Drawing(
            points_of(gathered.strokes), time=_time(table[:, 2]), pressure=_pressure(table[:, 3]), **names
        )

    def _names(self, element: Any) -> dict[str, str]:
        """Return the id, text and writer that the annotations directly in ``element`` give."""
        told: dict[str, str] = {}
        for child in element:
            if local_name(child) == "annotation":
                told.setdefault((child.get("type") or "").lower(), " ".join((child.text or "").split()))
        names: dict[str, str] = {}
        for kind, key in _KEYS.items():
            if kind in told:
                names.setdefault(key, told[kind])
        if (
            "id" not in names
            and local_name(element) in ("traceGroup", "traceView")
            and (name := _name_of(element))
        ):
            names["id"] = name
        return names

    def _table(self, trace: Any, context: str) -> NDArray[np.float64]:
        """Return the (n, 4) points of a trace: x, y, time, force."""
        channels = self._channels(context)
        names = [channel.name for channel in channels]
        if "X" not in names or "Y" not in names:
            raise ValueError("its format has no X and Y")
        used = [names.index(name) if name in names else -1 for name in ("X", "Y", "T", "F")]
        table = trace_values("".join(trace.itertext()), len(channels), used)
        for column, index in enumerate(used):
            if index >= 0:
                if (mapping := channels[index].mapping) is not None:
                    with np.errstate(all="ignore"):  # what is not finite is refused below
                        table[:, column] = mapping(table[:, column])
                table[:, column] = (table[:, column] - channels[index].least) * channels[index].factor
        if not np.isfinite(table[:, :2]).all() or np.abs(table[:, :2]).max(initial=0) > limits.COORDINATE:
            raise ValueError("a coordinate is missing or out of range")
        if (np.abs(table[:, 2]) > limits.TIME).any():
            raise ValueError("a time is out of range")
        if offset := trace.get("timeOffset"):
            table[:, 2] += _number(offset, "timeOffset") * 1e-3
        return table

    def _channels(self, context: str) -> Format:
        """Return the format that holds in ``context``, following its references."""
        if context not in self._known:
            self._known[context] = self._found_channels(context)
        return self._known[context]

    def _found_channels(self, name: str) -> Format:
        for _ in range(4):
            element = self._declared.get(name)
            if element is None:
                return self._default
            if id(element) in self._formats:
                return self._formats[id(element)]
            within = next((child for child in element.iter() if id(child) in self._formats), None)
            if within is not None:
                return self._formats[id(within)]
            references = ("traceFormatRef", "inkSourceRef", "contextRef")
            name = next((_reference(element, key) for key in references if element.get(key)), "")
        return self._default

    def _format(self, element: Any) -> Format:
        declared = [child for child in element if local_name(child) == "channel"]
        for group in element:
            if local_name(group) == "intermittentChannels":
                declared += [child for child in group if local_name(child) == "channel"]
        if len(declared) > _MOST_CHANNELS:
            raise BadInput(self._source, f"traceFormat: more than {_MOST_CHANNELS} channels")
        try:
            return tuple(_channel(child, self._declared) for child in declared)
        except ValueError as error:
            raise BadInput(self._source, f"traceFormat: {error}") from error


def _channel(element: Any, declared: dict[str, Any]) -> _Channel:
    name = element.get("name") or ""
    channel = _Channel(name, mapping=mapping_of(element, name, declared) if name in _MAPPED else None)
    if name == "T":
        return replace(channel, factor=_SECONDS.get(element.get("units") or "ms", 1e-3))
    if name in ("X", "Y") and element.get("orientation") == "-ve":
        return replace(channel, factor=-1.0)
    if name == "F" and element.get("max") is not None:
        largest, least = _number(element.get("max"), "max"), _number(element.get("min") or "0", "min")
        if not largest > least:
            raise ValueError("the largest force is not above the least")
        return replace(channel, factor=1 / (largest - least), least=least, largest=largest)
    return channel


def _number(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r:.40}, not a number") from None
    if not abs(value) <= limits.TIME:
        raise ValueError(f"{name} is out of range")
    return value


def _time(values: NDArray[np.float64]) -> NDArray[np.float32] | None:
    known = values[np.isfinite(values)]
    return (values - known[0]).astype(np.float32) if len(known) else None


def _pressure(values: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Return the pressures in 0..1; where no largest force was declared, of the largest that occurs."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    largest = max(float(known.max()), 1.0)
    return np.clip(values / largest, 0, 1).astype(np.float32)
