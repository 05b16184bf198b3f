"""The pages of reMarkable tablets since version 6: blocks of numbered fields, which tell of a tree of groups.

A block is its length, three numbers of versions, its kind, and fields.  A field begins with its number and its
type, so that what is not known is passed over.  Layers are groups, lines hang on groups, and what was taken
away again stays as an item without a value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from hwcli.errors import BadInput
from hwcli.ink.sources.remarkable import Floats, Line, Piece, table_of_floats, widened

OnBad = Callable[[BadInput], None]
Id = tuple[int, int]
"""Who made a thing, and the how manieth change it was: what came later has the larger second number."""
Fields = Mapping[int, Any]
"""What a block has, by the fields' numbers: ids, bytes, integers of one or four bytes; others as bytes."""

_BLOCK = struct.Struct("<IBBBB")
_NODE, _GROUP, _LINE, _GONE = 2, 4, 5, 8
"""Kinds of blocks: what is known of a group, a group's place in the tree, a line, and what was taken away."""
_GROUP_ITEM, _LINE_ITEM = 2, 3
_ID, _BYTES, _EIGHT, _FOUR, _ONE = 15, 12, 8, 4, 1
_ROOT: Id = (0, 1)
_EDGES = {(0, 0xFFFF_FFFF_FFFE), (0, 0xFFFF_FFFF_FFFF)}
"""What hangs on these hangs on the page's own upper or lower edge."""
_LONGEST_NUMBER, _MOST_FIELDS, _DEEPEST = 10, 100, 100
"""Bytes of a number, fields of a block, groups within groups: no page has more."""
_POINT = np.dtype(
    [("x", "<f4"), ("y", "<f4"), ("speed", "<u2"), ("width", "<u2"), ("direction", "u1"), ("pressure", "u1")]
)
_FULL_PRESSURE = 255
_OLD_POINTS, _POINTS = 1, 2
"""The versions of a line's block: with points as before, and with ``_POINT``."""


def read_scene(content: bytes, source: str, on_bad: OnBad | None = None) -> list[Piece]:
    """Return what can be seen on the page whose blocks are ``content``, in the order in which it was written.

    What hangs on one character of a typed text is a piece; the first is what lies on the page itself.  With
    ``on_bad`` a block that cannot be read is handed to it and left out.

    Raises
    ------
    ValueError, struct.error: the blocks are cut short.
    BadInput: one cannot be read.
    """
    scene = _Scene()
    for number, (kind, version, body) in enumerate(_blocks(content), start=1):
        try:
            scene.take(kind, version, body)
        except (ValueError, struct.error, LookupError, TypeError) as error:
            reason = "a field is missing" if isinstance(error, LookupError | TypeError) else error
            bad = BadInput(source, f"block {number} is damaged: {reason}")
            if on_bad is None:
                raise bad from error
            on_bad(bad)
    return scene.pieces()


def _blocks(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the kind, the version and the fields of each block."""
    at = 0
    while at < len(content):
        size, _, _, version, kind = _BLOCK.unpack_from(content, at)
        at += _BLOCK.size
        if size > len(content) - at:
            raise ValueError(f"a block of {size} bytes, of which there are {len(content) - at}")
        yield kind, version, content[at : at + size]
        at += size


class _Scene:
    """The tree of a page's groups, and its lines."""

    def __init__(self) -> None:
        self._lines: dict[Id, tuple[Id, Line]] = {}
        self._places: dict[Id, tuple[Id, Id]] = {}
        self._hidden: set[Id] = set()
        self._anchors: dict[Id, Id] = {}

    def take(self, kind: int, version: int, body: bytes) -> None:
        """Take what the block of this ``kind`` tells."""
        if kind not in (_NODE, _GROUP, _LINE, _GONE):
            return
        fields = _fields(body)
        if kind == _NODE:
            self._take_node(fields)
            return
        item, above = _id(fields, 2), _id(fields, 1)
        self._places.pop(item, None)
        self._lines.pop(item, None)
        value = _value(fields, {_GROUP: _GROUP_ITEM, _LINE: _LINE_ITEM}.get(kind))
        if value is None:
            return
        if kind == _GROUP:
            self._places[item] = _id(value, 2), above
        else:
            self._lines[item] = above, Line(value[1], value[2], _table(value[5], version))

    def _take_node(self, fields: Fields) -> None:
        """Take whether a group is shown, and what it hangs on."""
        if 3 in fields and not _fields(fields[3])[2]:
            self._hidden.add(_id(fields, 1))
        if 7 in fields:
            self._anchors[_id(fields, 1)] = _id(_fields(fields[7]), 2)

    def pieces(self) -> list[Piece]:
        """Return what can be seen, by what it hangs on."""
        found: dict[Id | None, list[Line]] = {None: []}
        parents = dict(self._places.values())
        for _, (group, line) in sorted(self._lines.items(), key=lambda item: item[0][::-1]):
            groups = _groups(group, parents)
            if groups and self._hidden.isdisjoint(groups):
                anchors = (self._anchors[group] for group in groups if group in self._anchors)
                anchor = next((anchor for anchor in anchors if anchor not in _EDGES), None)
                found.setdefault(anchor, []).append(line)
        pieces = [lines for lines in found.values() if lines]
        return [(str(number) if len(pieces) > 1 else "", lines) for number, lines in enumerate(pieces, start=1)]


def _groups(group: Id, parents: Mapping[Id, Id]) -> list[Id]:
    """Return ``group`` and those that it is in, up to the page; none where it is no longer on the page."""
    path = [group]
    while path[-1] != _ROOT:
        above = parents.get(path[-1])
        if above is None or len(path) == _DEEPEST:
            return []
        path.append(above)
    return path


def _id(fields: Fields, number: int) -> Id:
    """Return the field ``number``, which is to be an id.

    Raises
    ------
    ValueError, KeyError: it is something else, or missing.
    """
    found = fields[number]
    if not isinstance(found, tuple):
        raise ValueError(f"field {number} is no id")
    return found


def _value(fields: Fields, kind: int | None) -> Fields | None:
    """Return the fields of an item of this ``kind``; None where it was taken away again."""
    value = fields.get(6)
    if value is None or kind is None:
        return None
    if value[0] != kind:
        raise ValueError(f"an item of kind {value[0]}")
    return _fields(value[1:])


def _table(content: bytes, version: int) -> Floats:
    """Return the (n, 3) x, y and pressure of a line's points."""
    if version == _OLD_POINTS:
        return table_of_floats(content)
    if version != _POINTS:
        raise ValueError(f"points of version {version}")
    points = np.frombuffer(content, _POINT)
    pressure = points["pressure"] / np.float32(_FULL_PRESSURE)
    return widened(np.stack([points["x"], points["y"], pressure], axis=1))


# --- fields ------------------------------------------------------------------------------------------------


def _fields(content: bytes) -> dict[int, Any]:
    """Return the fields in ``content``, by their numbers.

    Raises
    ------
    ValueError, IndexError, struct.error: they are cut short, too many, or of a type that is not known.
    """
    found: dict[int, Any] = {}
    at = 0
    while at < len(content):
        tag, at = _number(content, at)
        found[tag >> 4], at = _field(content, at, tag & 15)
        if len(found) > _MOST_FIELDS:
            raise ValueError(f"more than {_MOST_FIELDS} fields")
    return found


def _field(content: bytes, at: int, kind: int) -> tuple[Any, int]:
    """Return the field of this ``kind`` that begins ``at``, and where the next one does."""
    if kind == _ID:
        count, after = _number(content, at + 1)
        return (content[at], count), after
    if kind == _BYTES:
        (size,) = struct.unpack_from("<I", content, at)
        begin, end = at + 4, at + 4 + size
    elif kind in (_EIGHT, _FOUR, _ONE):
        begin, end = at, at + kind
    else:
        raise ValueError(f"a field of type {kind}")
    if end > len(content):
        raise ValueError(f"a field of {end - begin} bytes, of which there are {len(content) - begin}")
    part = content[begin:end]
    return int.from_bytes(part, "little") if kind in (_FOUR, _ONE) else part, end


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Return the integer of seven bits a byte that begins ``at``, and where the next thing does."""
    number = 0
    for place in range(_LONGEST_NUMBER):
        byte = content[at + place]
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    raise ValueError("a number without an end")
