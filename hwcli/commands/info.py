"""``hw info``."""

from __future__ import annotations


def run() -> None:
    """Not yet."""
