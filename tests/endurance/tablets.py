"""Pages and notebooks as reMarkable tablets write them, made here."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence

Id = tuple[int, int]
ROOT: Id = (0, 1)
PEN, BLACK = 17, 0
POINTS = ((1.0, 2.0, 0.5), (3.5, 4.25, 1.0), (5.0, 6.0, 0.0))
"""x, y and pressure."""
Points = Sequence[tuple[float, float, float]]


def header(version: int | str) -> bytes:
    return f"reMarkable .lines file, version={version}".ljust(43).encode()


# --- versions 3 and 5 --------------------------------------------------------------------------------------


def old_stroke(version: int, points: Points = POINTS, tool: int = PEN, colour: int = BLACK) -> bytes:
    """Return a stroke; the fields that are not read have numbers of their own, so that none is mistaken."""
    start = struct.pack("<iiif", tool, colour, 77, 2.125)
    start += struct.pack("<i", 99) if version == 5 else b""
    floats = b"".join(struct.pack("<6f", x, y, 7.5, 8.5, 9.5, pressure) for x, y, pressure in points)
    return start + struct.pack("<i", len(points)) + floats


def old_page(version: int, layers: Sequence[Sequence[bytes]]) -> bytes:
    parts = [struct.pack("<i", len(strokes)) + b"".join(strokes) for strokes in layers]
    return header(version) + struct.pack("<i", len(layers)) + b"".join(parts)


# --- version 6 ---------------------------------------------------------------------------------------------


def number(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def of_id(index: int, value: Id) -> bytes:
    return number(index << 4 | 15) + bytes([value[0]]) + number(value[1])


def of_int(index: int, value: int) -> bytes:
    return number(index << 4 | 4) + struct.pack("<I", value)


def of_bytes(index: int, value: bytes) -> bytes:
    return number(index << 4 | 12) + struct.pack("<I", len(value)) + value


def block(kind: int, body: bytes, version: int = 1) -> bytes:
    return struct.pack("<IBBBB", len(body), 0, 1, version, kind) + body


def item(kind: int, parent: Id, name: Id, value: bytes | None, version: int = 1) -> bytes:
    """Return the block of an item of the tree; without a ``value`` it was taken away."""
    body = of_id(1, parent) + of_id(2, name) + of_id(3, (0, 0)) + of_id(4, (0, 0)) + of_int(5, 0)
    return block(kind, body + (b"" if value is None else of_bytes(6, value)), version)


def group(name: Id, above: Id = ROOT, shown: bool = True, anchor: Id | None = None) -> bytes:
    """Return the blocks that put the group ``name`` below that ``above``."""
    about = of_id(1, name) + of_bytes(2, of_id(1, (0, 0)) + of_bytes(2, b"\7\1Layer 1"))
    about += of_bytes(3, of_id(1, (0, 0)) + number(2 << 4 | 1) + bytes([shown]))
    if anchor is not None:
        about += of_bytes(7, of_id(1, (1, 9)) + of_id(2, anchor))
    return block(2, about) + item(4, above, (9, name[1]), b"\2" + of_id(2, name))


def no_group(name: Id, above: Id = ROOT) -> bytes:
    """Return the block of a group that was taken away."""
    return item(4, above, (9, name[1]), None)


def line(
    name: Id, above: Id, points: Points = POINTS, tool: int = PEN, colour: int = BLACK, version: int = 2
) -> bytes:
    """Return the block of a stroke."""
    if version == 1:
        table = b"".join(struct.pack("<6f", x, y, 7.5, 8.5, 9.5, pressure) for x, y, pressure in points)
    else:
        table = b"".join(struct.pack("<ffHHBB", x, y, 7, 8, 9, round(255 * up)) for x, y, up in points)
    value = of_int(1, tool) + of_int(2, colour) + number(3 << 4 | 8) + struct.pack("<d", 2.0)
    value += of_int(4, 0) + of_bytes(5, table) + of_id(6, (0, 1))
    return item(5, above, name, b"\3" + value, version)


def page(*blocks: bytes) -> bytes:
    return header(6) + b"".join(blocks)


LAYER: Id = (0, 11)
PAGE = page(
    block(9, of_id(1, (1, 1)) + number(2 << 4 | 1) + b"\1"),
    group(LAYER),
    line((1, 16), LAYER),
    line((1, 20), LAYER, ((30, 40, 1), (50, 60, 0.2))),
    line((1, 21), LAYER, tool=18),
)


# --- notebooks ---------------------------------------------------------------------------------------------


def notebook(pages: Mapping[str, bytes], about: object = None) -> bytes:
    """Return a notebook of ``pages``, by the names of their files, and what its list of them is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if about is not None:
            archive.writestr(zipfile.ZipInfo("n.content"), json.dumps(about))
        for name, content in pages.items():
            archive.writestr(zipfile.ZipInfo(f"n/{name}.rm"), content)
        archive.writestr(zipfile.ZipInfo("n.metadata"), "{}")
    return file.getvalue()


NOTEBOOK = notebook(
    {"b": PAGE, "a": old_page(5, [[old_stroke(5)]])},
    {"cPages": {"pages": [{"id": "b"}, {"id": "blank"}, {"id": "a"}]}},
)
