"""Files that people take for ink: pictures of handwriting, PDF."""

from __future__ import annotations

import io

import pytest

from hwcli.errors import BadInput
from hwcli.ink.reading import read_any

BEGINNINGS = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "gif": b"GIF89a\1\0\1\0",
    "tiff": b"II*\0\x08\0\0\0",
    "webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0",
}


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_picture_of_writing_is_told_to_be_one(kind: str) -> None:
    with pytest.raises(BadInput, match=r"a picture, .*hw collect") as raised:
        list(read_any(io.BytesIO(BEGINNINGS[kind] + bytes(300)), "photo"))
    assert "hw sample" not in str(raised.value)


def test_of_a_pdf_it_is_told_how_it_becomes_svg() -> None:
    with pytest.raises(BadInput, match="a PDF; pdftocairo -svg"):
        list(read_any(io.BytesIO(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "page.pdf"))


def test_of_text_it_is_told_what_writes_it() -> None:
    with pytest.raises(BadInput, match="hw sample makes ink of text"):
        list(read_any(io.BytesIO(b"Dear Ann,\n"), "letter.txt"))
