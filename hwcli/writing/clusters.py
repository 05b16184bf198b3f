"""A text in characters as people see them: each with the marks that are set on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator


def clusters_of(text: str, line: int) -> Iterator[tuple[str, int, int]]:
    """Yield each character of ``text`` with the marks that are set on it, its line and its column."""
    for row, content in enumerate(text.splitlines(keepends=True), start=line):
        start = 0
        for place in range(1, len(content) + 1):
            if place == len(content) or not unicodedata.category(content[place]).startswith("M"):
                yield content[start:place], row, start + 1
                start = place
