"""Outputs with the suffix of files that another command makes: what is only points is no ``.svg``."""

from __future__ import annotations

from pathlib import Path

from hwcli.errors import UsageError

MAKERS = dict.fromkeys((".h5", ".hdf5"), "hw ingest") | dict.fromkeys(
    (".svg", ".png", ".apng", ".gif", ".pdf", ".ps", ".html"), "hw render"
)


def refuse_made_elsewhere(output: Path | None, instead: str) -> None:
    """Refuse an ``output`` that another command makes; ``instead`` says what to do."""
    suffix = "" if output is None else output.suffix.lower()
    if suffix in MAKERS:
        raise UsageError(f"{output}: {MAKERS[suffix]} makes {suffix} files; {instead}")
