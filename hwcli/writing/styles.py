"""The styles that come with the program: hands that a network made up, each a line of ink with its text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from importlib import resources

from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing
from hwcli.ink.jsonl import read_drawings

ENDING = ".jsonl"


class NoStyle(HwError):
    """There is no style of that name."""


def style_names() -> list[str]:
    """Return the names of the styles."""
    folder = resources.files("hwcli.model") / "styles"
    if not folder.is_dir():
        return []
    return sorted(item.name.removesuffix(ENDING) for item in folder.iterdir() if item.name.endswith(ENDING))


def packaged_style(name: str) -> Drawing:
    """Return the style ``name``; raises NoStyle."""
    if name not in style_names():
        raise no_style(name)
    file = resources.files("hwcli.model") / "styles" / f"{name}{ENDING}"
    return style_of(read_drawings(io.BytesIO(file.read_bytes()), name), name)


def no_style(name: str, others: Sequence[str] = ()) -> NoStyle:
    """Return the error that there is no style ``name``, besides those that come along and the ``others``."""
    known = ", ".join(sorted({*style_names(), *others})) or "none"
    return NoStyle(f"no style {name!r}; there are: {known} (or name a file that --save-style wrote)")


def style_of(drawings: Iterable[Drawing], source: str) -> Drawing:
    """Return the style among ``drawings``: the first with a text; ``source`` is what messages call the file.

    Raises
    ------
    BadInput: the drawings cannot be read.
    NoStyle: there is no ink with a text.
    """
    for drawing in drawings:
        if len(drawing) > 1 and drawing.text.strip():
            return drawing
    raise NoStyle(f"{source}: no style: a style is ink of two points and more whose header says its text")
