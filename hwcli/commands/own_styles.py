"""Styles by name: those of one's own, which ``--save-style`` keeps in the user's data directory, among them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwcli import console, stdio
from hwcli.errors import HwError, UsageError

if TYPE_CHECKING:
    from hwcli.ink import Drawing

ENDING = ".jsonl"
NAME = re.compile(r"\w[\w.-]*")
"""What a style may be called; all else is a file."""


def folder() -> Path:
    """Return where the styles of one's own are kept."""
    from platformdirs import user_data_path

    return user_data_path("hw", appauthor=False) / "styles"


def names() -> list[str]:
    """Return the names of the styles of one's own."""
    found = (path.name.removesuffix(ENDING) for path in folder().glob(f"*{ENDING}") if path.is_file())
    return sorted(filter(_is_name, found))


def _offered(incomplete: str) -> list[str]:
    from hwcli.writing.styles import style_names

    return [name for name in (*names(), *style_names()) if name.startswith(incomplete)]


Style = Annotated[
    str | None,
    typer.Option(
        "--style",
        metavar="NAME|FILE",
        help="Write in a style of 'hw styles', or of --save-style.",
        autocompletion=_offered,
    ),
]


def place_for(wanted: str) -> Path:
    """Return where ``--save-style`` keeps what it is told to call ``wanted``: a file, or a name of one's own.

    Raises
    ------
    UsageError: a style that comes along has that name.
    HwError: there is no place for styles.
    """
    if not _is_name(wanted):
        return Path(wanted)
    from hwcli.writing.styles import style_names

    if wanted in style_names():
        raise UsageError(f"--save-style {wanted}: a style that comes along has that name; choose another")
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HwError(f"{folder()}: {stdio.explain(error)}") from error
    return folder() / f"{wanted}{ENDING}"


def find(wanted: str) -> tuple[str, Drawing]:
    """Return the name and the ink of the style that ``--style`` calls ``wanted``.

    It is one of one's own, one that comes along, or that in a file.

    Raises
    ------
    HwError: there is none.
    """
    from hwcli.writing import styles

    own = folder() / f"{wanted}{ENDING}"
    if _is_name(wanted) and own.is_file():
        return wanted, _read(own)
    if wanted in styles.style_names():
        return wanted, styles.packaged_style(wanted)
    if wanted and Path(wanted).exists():
        return Path(wanted).stem, _read(Path(wanted))
    raise styles.no_style(wanted, names())


def own_styles() -> list[tuple[str, Drawing]]:
    """Return the names of one's own styles, and their ink; what cannot be read is told, and left out."""
    styles = []
    for name in names():
        try:
            styles.append((name, _read(folder() / f"{name}{ENDING}")))
        except HwError as error:
            console.warn(f"{error} (left out)")
    return styles


def _read(path: Path) -> Drawing:
    from hwcli.ink.reading import open_ink
    from hwcli.writing.styles import style_of

    with open_ink(path) as drawings:
        return style_of(drawings, str(path))


def _is_name(wanted: str) -> bool:
    return NAME.fullmatch(wanted) is not None and not wanted.endswith(ENDING)
