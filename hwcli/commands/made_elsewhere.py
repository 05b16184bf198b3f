"""Outputs with the suffix of files that another command makes: what is only points is no ``.svg``."""

from __future__ import annotations

from pathlib import Path

from hwcli.errors import UsageError

JSON_LINES = (".jsonl", ".ndjson", ".json")
EXPORTED = (*JSON_LINES, ".inkml", ".npz")
STROKES = (".h5", ".hdf5")
"""What names files of points, of all that ``hw export`` writes, and of strokes."""
MAKERS = {
    **dict.fromkeys(STROKES, "hw ingest"),
    **dict.fromkeys(EXPORTED, "hw export"),
    **dict.fromkeys((".svg", ".png", ".apng", ".gif", ".pdf", ".ps", ".html"), "hw render"),
}


def refuse_made_elsewhere(output: Path | None, instead: str, own: tuple[str, ...] = JSON_LINES) -> None:
    """Refuse an ``output`` whose suffix is another's, none of its ``own``; ``instead`` says what to do."""
    suffix = "" if output is None else output.suffix.lower()
    if suffix in MAKERS and suffix not in own:
        raise UsageError(f"{output}: {MAKERS[suffix]} makes {suffix} files; {instead}")
