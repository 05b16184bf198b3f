"""Words of messages: how many there are of what."""

from __future__ import annotations

import re

_PLURAL = re.compile(r"(?<=ch)es\b|s\b")


def counted(number: int, what: str) -> str:
    """Return ``number`` of ``what``, whose first word that ends in s is a regular plural.

    "2 lines that were cut", "1 line that was cut"; "0 batches", "1 batch".
    """
    if number == 1:
        what = _PLURAL.sub("", what, count=1).replace(" were ", " was ")
    return f"{number:,} {what}"
