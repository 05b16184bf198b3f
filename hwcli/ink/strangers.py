"""Files that people take for ink and that hold none: what they are, and what may help."""

from __future__ import annotations

LONGEST_START = 16
"""Bytes that are enough to tell them by."""
PICTURE = (
    "a picture, which does not tell the way of the pen; hw collect takes lines from a pen, a finger or a mouse"
)
PDF = "a PDF; pdftocairo -svg makes SVG of each page, which has ink if the page was drawn, not scanned"
_STARTS = (
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"II*\0", PICTURE),
    (b"MM\0*", PICTURE),
    (b"%PDF", PDF),
)
_BOXED = (b"heic", b"heix", b"mif1", b"msf1", b"avif")


def why_no_ink(start: bytes) -> str:
    """Return what a file is that begins with the bytes ``start``, and what to do; "" where that is not known.

    Pictures are those that cameras, scanners and browsers write: PNG, JPEG, GIF, TIFF, WebP, HEIC and AVIF.
    """
    is_boxed = start[4:8] == b"ftyp" and start[8:12] in _BOXED
    if is_boxed or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return PICTURE
    return next((what for magic, what in _STARTS if start.startswith(magic)), "")
