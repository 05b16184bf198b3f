"""What options name, read: a model, strokes, a list of lines; and records that ``--skip-bad`` leaves out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console, stdio
from hwcli.errors import BadInput, HwError
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink.selection import Selection
    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.model import Model


def read_model(path: Path) -> Model:
    """Return the model in the file ``path``."""
    from hwcli.model import file

    with stdio.open_seekable(path) as opened:
        model = file.read_model(opened, stdio.name_of(path))
    network = model.config.network
    console.detail(
        f"{stdio.name_of(path)}: {file.weight_count(network):,} weights, {counted(network.layers, 'layers')} of"
        f" {network.units}" + (f", reads text of {len(network.characters)} characters" * bool(network.window))
    )
    return model


def read_texted_model(path: Path) -> Model:
    """Return the model in the file ``path``; raises HwError when it reads no text."""
    model = read_model(path)
    if not model.config.network.window:
        raise HwError(f"{stdio.name_of(path)}: continues ink but reads no text; train a preset such as compact")
    return model


@contextlib.contextmanager
def open_strokes(path: str | Path) -> Iterator[StrokesReader]:
    """Open the strokes file ``path``; raises BadInput, which for other ink says what makes strokes of it."""
    from hwcli.ink import reading
    from hwcli.ink.strokes_file import StrokesReader

    shown = stdio.name_of(path)
    with stdio.open_seekable(path) as file:
        kind = reading.peeked(file)[0]
        if kind in (reading.EMPTY, reading.UNKNOWN, reading.PACKED_JSON):
            next(reading.read_any(file, shown))  # which says what is wrong with it
        if kind != reading.HDF5:
            raise BadInput(shown, "not a strokes file; hw ingest makes one of it")
        with StrokesReader(file, shown) as reader:
            yield reader


def read_lines(path: Path | None) -> Selection:
    """Return the drawings that the list ``path`` of ``--lines`` names; without one, all."""
    from hwcli.ink.selection import Selection, read_selection

    if path is None:
        return Selection()
    with stdio.open_input(path) as opened:
        return read_selection(opened, stdio.name_of(path))


def tell_missing(selection: Selection) -> None:
    """Say what of the list of ``--lines`` was not found."""
    if missing := selection.missing():
        console.warn(f"{len(missing)} of the list of --lines not found, the first: {missing[0]}")


class BadRecords:
    """The records that cannot be read: counted where they may be left out, else the end of the program.

    Attributes
    ----------
    note: takes a record in, as the readers of ink want it; None where bad ones are not to be left out.
    """

    def __init__(self, are_left_out: bool) -> None:
        """Have none as yet."""
        self._count = 0
        self._first: BadInput | None = None
        self.note: Callable[[BadInput], None] | None = self._note if are_left_out else None

    def _note(self, bad: BadInput) -> None:
        self._count += 1
        self._first = self._first or bad

    def __len__(self) -> int:
        """Return how many there were."""
        return self._count

    def add(self, bad: BadInput) -> None:
        """Take in a record, or raise it where bad ones are not to be left out."""
        if self.note is None:
            raise bad
        self.note(bad)

    def tell(self, called: str) -> None:
        """Say how many were left out, and why the first; ``called`` is what they are."""
        if self._count:
            console.warn(f"{counted(self._count, f'bad {called}')} left out, the first: {self._first}")
