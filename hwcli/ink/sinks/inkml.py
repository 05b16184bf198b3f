"""InkML (W3C Recommendation, 20 September 2011)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing
from hwcli.ink.jsonl import short_numbers
from hwcli.ink.texts import NOT_XML

NAMESPACE = "http://www.w3.org/2003/InkML"
_CHANNELS = {
    "t": '<channel name="T" type="decimal" units="s"/>',
    "p": '<channel name="F" type="decimal" min="0" max="1"/>',
}
_USUAL = ("", "t", "p", "tp")


def _context(kind: str) -> str:
    """Return the declaration of the context of ``kind``: letters of channels, after "-" of those with gaps."""
    whole, patchy = ("".join(map(_CHANNELS.__getitem__, part)) for part in kind.partition("-")[::2])
    gaps = f"<intermittentChannels>{patchy}</intermittentChannels>" if patchy else ""
    return (
        f'<context xml:id="xy{kind}"><inkSource xml:id="pen-xy{kind}"><traceFormat>'
        f'<channel name="X" type="decimal"/><channel name="Y" type="decimal"/>{whole}{gaps}'
        "</traceFormat></inkSource></context>\n"
    )


def write_inkml(file: BinaryIO, drawings: Iterable[Drawing]) -> None:
    """Write ``drawings`` as one InkML document, each a traceGroup annotated with its id, text and writer."""
    file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<ink xmlns="{NAMESPACE}">\n'.encode())
    declared = set(_USUAL)
    file.write(_definitions(*_USUAL).encode())
    for drawing in drawings:
        kind, channels = _known(drawing)
        if kind not in declared:
            declared.add(kind)
            file.write(_definitions(kind).encode())
        file.write("".join(_group_lines(drawing, kind, channels)).encode())
    file.write(b"</ink>\n")


def _definitions(*kinds: str) -> str:
    return f"<definitions>\n{''.join(map(_context, kinds))}</definitions>\n"


def _known(drawing: Drawing) -> tuple[str, list[NDArray[np.float32]]]:
    """Return the kind of context of ``drawing``, and its channels besides x and y in their order.

    InkML wants a value of each channel at each point, except of intermittent ones, which come last.
    """
    whole: dict[str, NDArray[np.float32]] = {}
    patchy: dict[str, NDArray[np.float32]] = {}
    for letter, values in (("t", drawing.time), ("p", drawing.pressure)):
        if values is not None and np.isfinite(values).any():
            (whole if np.isfinite(values).all() else patchy)[letter] = values
    kind = "".join(whole) + ("-" + "".join(patchy) if patchy else "")
    return kind, [*whole.values(), *patchy.values()]


def _group_lines(drawing: Drawing, kind: str, channels: list[NDArray[np.float32]]) -> Iterator[str]:
    yield f'<traceGroup contextRef="#xy{kind}">\n'
    for key, value in (("id", drawing.id), ("truth", drawing.text), ("writer", drawing.writer)):
        if value:
            yield f'<annotation type="{key}">{_escaped(value)}</annotation>\n'
    columns = [_texts(values) for values in (*drawing.points[:, :2].T, *channels)]
    rows = [" ".join(row) for row in zip(*columns, strict=True)]
    ends = np.flatnonzero(drawing.points[:, 2] > 0.5) + 1
    for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(rows)], strict=True):
        if start < end:
            yield f"<trace>{', '.join(rows[start:end])}</trace>\n"
    yield "</traceGroup>\n"


def _texts(values: NDArray[np.float32]) -> list[str]:
    """Return ``values`` as texts: "?" for one that is not known."""
    known = np.isfinite(values)
    if known.all():
        return short_numbers(values)
    texts = short_numbers(np.nan_to_num(values))
    return [text if is_known else "?" for text, is_known in zip(texts, known.tolist(), strict=True)]


def _escaped(text: str) -> str:
    """Return ``text`` for XML, without the control characters that XML cannot have."""
    return escape(NOT_XML.sub("", text))
