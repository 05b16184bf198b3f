"""XML documents with ink in them, plain or packed with gzip, told apart by their outermost element."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.sources import inkml, svg, xournal
from hwcli.ink.sources.xml import local_name, parse_xml

OnBad = Callable[[BadInput], None]
_PACKED = 1 << 16


def read_document(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield the drawings or pages of the XML document in ``file``, which messages call ``source``.

    InkML, Xournal++, SVG, or a line of IAM-OnDB.  Raises BadInput when it is none of these, or damaged.
    """
    content = file.read(limits.DOCUMENT + 1)
    if len(content) > limits.DOCUMENT:
        raise BadInput(source, f"an XML document of more than {limits.DOCUMENT} bytes")
    yield from _drawings(content, source, on_bad)


def read_packed_document(file: BinaryIO, source: str, on_bad: OnBad | None = None) -> Iterator[Drawing]:
    """Yield the drawings or pages of the XML document that is packed in ``file``; see ``read_document``."""
    yield from _drawings(_unpacked(file, source), source, on_bad)


def _drawings(content: bytes, source: str, on_bad: OnBad | None) -> Iterator[Drawing]:
    root = parse_xml(content, source)
    kind = local_name(root)
    if kind == "xournal":
        yield from xournal.read_pages(root, source, on_bad)
    elif kind == "svg":
        yield from svg.read_pages(root, source, on_bad)
    else:
        yield from inkml.read_root(root, content, source, on_bad)


def _unpacked(file: BinaryIO, source: str) -> bytes:
    """Return what is packed in ``file``, unless it is more than a document may have."""
    inflater = zlib.decompressobj(wbits=31)
    content = bytearray()
    packed = file.read(_PACKED)
    try:
        while packed and not inflater.eof:
            content += inflater.decompress(packed, limits.DOCUMENT + 1 - len(content))
            if len(content) > limits.DOCUMENT:
                raise BadInput(source, f"an XML document of more than {limits.DOCUMENT} bytes")
            packed = inflater.unconsumed_tail or file.read(_PACKED)
    except zlib.error as error:
        raise BadInput(source, f"damaged gzip file: {error}") from error
    if not inflater.eof:
        raise BadInput(source, "a gzip file that is cut short")
    return bytes(content)
