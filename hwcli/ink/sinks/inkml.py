"""InkML (W3C Recommendation, 20 September 2011)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO
from xml.sax.saxutils import escape

import numpy as np

from hwcli.ink.drawing import Drawing
from hwcli.ink.jsonl import short_numbers

NAMESPACE = "http://www.w3.org/2003/InkML"
_CHANNELS = {
    "": "",
    "t": '<channel name="T" type="decimal" units="s"/>',
    "p": '<channel name="F" type="decimal" min="0" max="1"/>',
}
_DECLARATIONS = "<definitions>\n" + "".join(
    f'<context xml:id="xy{kind}"><inkSource xml:id="pen-xy{kind}"><traceFormat>'
    '<channel name="X" type="decimal"/><channel name="Y" type="decimal"/>'
    + "".join(_CHANNELS[letter] for letter in kind)
    + "</traceFormat></inkSource></context>\n"
    for kind in ("", "t", "p", "tp")
) + "</definitions>\n"  # fmt: skip


def write_inkml(file: BinaryIO, drawings: Iterable[Drawing]) -> None:
    """Write ``drawings`` as one InkML document, each a traceGroup annotated with its id, text and writer."""
    file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<ink xmlns="{NAMESPACE}">\n'.encode())
    file.write(_DECLARATIONS.encode())
    for drawing in drawings:
        file.write("".join(_group_lines(drawing)).encode())
    file.write(b"</ink>\n")


def _group_lines(drawing: Drawing) -> Iterator[str]:
    channels = {"t": drawing.time, "p": drawing.pressure}
    known = {
        key: values for key, values in channels.items() if values is not None and np.isfinite(values).all()
    }
    yield f'<traceGroup contextRef="#xy{"".join(known)}">\n'
    for key, value in (("id", drawing.id), ("truth", drawing.text), ("writer", drawing.writer)):
        if value:
            yield f'<annotation type="{key}">{_escaped(value)}</annotation>\n'
    columns = [short_numbers(values) for values in (*drawing.points[:, :2].T, *known.values())]
    rows = [" ".join(row) for row in zip(*columns, strict=True)]
    ends = np.flatnonzero(drawing.points[:, 2] > 0.5) + 1
    for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(rows)], strict=True):
        if start < end:
            yield f"<trace>{', '.join(rows[start:end])}</trace>\n"
    yield "</traceGroup>\n"


def _escaped(text: str) -> str:
    """Return ``text`` for XML, without the control characters that XML cannot have."""
    allowed = "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c not in "\ufffe\uffff"
    )
    return escape(allowed)
