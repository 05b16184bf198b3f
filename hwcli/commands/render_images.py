"""``hw render --out-dir``: an image a drawing, as many as there are, and a list of them."""

from __future__ import annotations

import errno
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console, stdio
from hwcli.commands.given import BadRecords
from hwcli.errors import HwError
from hwcli.threads import cores
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.drawing.layout import Layout
    from hwcli.drawing.style import Style
    from hwcli.ink.drawing import Drawing
    from hwcli.options import Shard

MANIFEST = "manifest.jsonl"
UNFINISHED = "manifest.partial.jsonl"
"""What the list is called until all is drawn: where ``MANIFEST`` stands, the folder is whole."""
BLANK = "drawings without points"
FIRST = 256
"""The size of the letters is estimated from so many of the first drawings, for all."""


def write_images(
    file: str, folder: Path, kind: str, layout: Layout, style: Style, dpi: float, jobs: int | None,
    part: Shard, skip_bad: bool, force: bool,
) -> None:  # fmt: skip
    """Write an image of ``kind`` for each drawing of ``file`` into ``folder``, and the list of them.

    Of the drawings of ``part`` alone, under the names and in the size that they have among all.
    """
    _see_that_it_is_free(folder, force)

    from hwcli.drawing.batch import Recipe, draw_all
    from hwcli.drawing.layout import natural_scale
    from hwcli.ink.reading import open_ink

    bad, blank = BadRecords(skip_bad), Counter[str]()
    with open_ink(file, bad.note) as ink:
        drawings = _with_ink(ink, blank)
        first = list(itertools.islice(drawings, FIRST))
        if not first:
            bad.tell("records")
            raise HwError(f"no ink in {stdio.name_of(file)}")
        warn_of_pressure(first, style, "the first drawings")
        _make(folder)
        scale = None if layout.each else natural_scale(first, layout.height)
        recipe = Recipe(str(folder), kind, layout, style, dpi, scale)
        count = 0
        # By --force: what it lists is about to be replaced, and it would tell wrong texts.
        (folder / MANIFEST).unlink(missing_ok=True)
        with (
            stdio.open_growing(folder / UNFINISHED, "wb" if force else "xb") as manifest,
            console.progress("drawing") as progress,
        ):
            numbered = enumerate(itertools.chain(first, drawings), start=1)
            chosen = (each for each in numbered if part.has(each[0] - 1))
            for line in draw_all(chosen, recipe, jobs or cores()):
                manifest.write(line)
                manifest.flush()
                count += line.count(b"\n")
                progress(count, counted(count, "images"))
    bad.tell("records")
    (folder / UNFINISHED).replace(folder / MANIFEST)
    left_out = f"; {counted(blank[BLANK], BLANK)} left out" if blank[BLANK] else ""
    console.say(f"wrote {counted(count, 'images')} and {folder / MANIFEST}{left_out}")


def _with_ink(drawings: Iterator[Drawing], blank: Counter[str]) -> Iterator[Drawing]:
    """Yield ``drawings`` that have points; others are counted in ``blank``."""
    for drawing in drawings:
        if len(drawing):
            yield drawing
        else:
            blank[BLANK] += 1


def warn_of_pressure(drawings: Sequence[Drawing], style: Style, called: str = "this ink") -> None:
    """Warn where the nib is to follow a pressure that none of the ``drawings``, so ``called``, has."""
    if style.nib == "pressure" and all(drawing.pressure is None for drawing in drawings):
        console.warn(f"no pressure is known of {called}, so --nib pressure draws lines of one width")


def _see_that_it_is_free(folder: Path, force: bool) -> None:
    """Raise HwError where the ``folder`` is none, cannot be made, or has files that ``force`` would add to."""
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            raise HwError(f"{there}: is no directory, which --out-dir writes into")
        if not os.access(there, os.W_OK | os.X_OK):
            raise HwError(f"{folder}: {os.strerror(errno.EACCES)}")
        if there == folder and not force and any(folder.iterdir()):
            raise HwError(f"{folder}: is not empty; --force writes into it all the same")
    except OSError as error:
        raise HwError(f"{folder}: {stdio.explain(error)}") from error


def _make(folder: Path) -> None:
    """Make the ``folder`` where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HwError(f"{folder}: {stdio.explain(error)}") from error
