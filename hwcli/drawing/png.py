"""PNG files, written quickly: for line art neither filters nor much effort of the compressor gain anything."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EFFORT = 2
GREY, TRUE_COLOUR, WITH_ALPHA = 0, 2, 6


def encode(pixels: NDArray[np.uint8], dots_a_metre: int) -> bytes:
    """Return the PNG of ``pixels``: (height, width) grey, or (height, width, 4) with alpha.

    Grey that is in all colours alike is written as grey, and alpha only where something is not opaque.
    """
    kind = GREY
    if pixels.ndim == 3:
        kind = TRUE_COLOUR if pixels[:, :, 3].min(initial=255) == 255 else WITH_ALPHA
        pixels = pixels if kind == WITH_ALPHA else pixels[:, :, :3]
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + pixels[0].size), np.uint8)  # in front of each row stands its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    resolution = struct.pack(">IIB", dots_a_metre, dots_a_metre, 1)
    parts = (
        (b"IHDR", header),
        (b"pHYs", resolution),
        (b"IDAT", zlib.compress(rows.data, EFFORT)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
