"""What ink says, from a text file beside it: one line of text for each line of ink."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a text or a name may have and XML cannot hold."""


def read_texts(file: BinaryIO, source: str) -> list[str]:
    """Return the lines of text in ``file`` that are not blank, with single blanks; messages call it ``source``.

    Raises BadInput when it is not UTF-8 text (a byte order mark may be there), or too long.
    """
    content = file.read(limits.DOCUMENT + 1)
    if len(content) > limits.DOCUMENT:
        raise BadInput(source, f"a text of more than {limits.DOCUMENT} bytes")
    try:
        lines = content.decode("utf-8-sig").replace("\0", "").splitlines()
    except UnicodeDecodeError:
        raise BadInput(source, "not UTF-8 text") from None
    return [" ".join(line.split()) for line in lines if line.strip()]


def with_texts(drawings: Sequence[Drawing], texts: Sequence[str]) -> list[Drawing] | None:
    """Return ``drawings`` with one of ``texts`` each, or None when there are not as many."""
    if len(drawings) != len(texts):
        return None
    return [replace(drawing, text=text) for drawing, text in zip(drawings, texts, strict=True)]
