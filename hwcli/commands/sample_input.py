"""What ``hw sample`` reads: the lines that are to be written, and the ink that it goes on from."""

from __future__ import annotations

import math
import os.path
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hwcli import console, stdio
from hwcli.commands.given import BadRecords
from hwcli.errors import BadInput, HwError

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.offsets import Scale
    from hwcli.writing.text import Line

STRANGE_UNIT = 10
"""A prime whose moves are so many times larger or smaller than the model's ink is told of."""


LONG_LINE = 100
"""Characters: the longest lines of IAM-OnDB have some 70, and a network writes far longer ones ever worse."""


class TextSource(NamedTuple):
    """Where the lines that are to be written come from: ``texts`` of the command line, or the file ``path``."""

    texts: Sequence[str]
    path: str | None

    @property
    def is_one(self) -> bool:
        """Whether there is one text, of one line, which came on the command line."""
        return self.path is None and len(self.texts) == 1 and len(self.texts[0].splitlines()) < 2


class Texts:
    """Reads lines, brings each to the characters that a model writes, and wraps it."""

    def __init__(self, source: TextSource, characters: str, missing: str, width: int | None) -> None:
        """Read from ``source``; ``missing`` and the ``characters`` as ``text.prepare_text`` takes them."""
        self._source, self._characters, self._missing, self._width = source, characters, missing, width
        self._told: set[tuple[str, str]] = set()
        self._is_long_told = False

    def read(self) -> Iterator[str]:
        """Yield each line as it will be written, "" for a blank one.

        Raises
        ------
        BadInput: a line has a character that cannot be written, or is not UTF-8.
        HwError: there is not a line to write.
        """
        found = False
        for name, line in self._lines():
            for text in self._prepared(line, name):
                found = found or bool(text)
                yield text
        if not found:
            where = (
                "in the TEXT given" if self._source.path is None else f"in {stdio.name_of(self._source.path)}"
            )
            raise HwError(f"no text {where}; -n N writes ink from nothing")

    def _lines(self) -> Iterator[tuple[str, Line]]:
        from hwcli.writing.text import lines_of, read_texts

        for number, text in enumerate(self._source.texts, start=1):
            name = "TEXT" if len(self._source.texts) == 1 else f"TEXT {number}"
            if os.path.isfile(text):
                console.say(f"{name}: '{text}' is also a file; --text-file writes what it says")
            for line in lines_of(text):
                yield name, line
        if self._source.path is not None:
            name = stdio.name_of(self._source.path)
            with stdio.open_input(self._source.path) as file:
                for line in read_texts(file, name):
                    yield name, line

    def _prepared(self, line: Line, name: str) -> list[str]:
        from hwcli.writing.text import Unwritable, prepare_text, told, wrap

        try:
            prepared = prepare_text(line.text, self._characters, self._missing, line.number)
        except Unwritable as error:
            raise HwError(f"{name}: {error}") from error
        for note in prepared.notes:
            if (note.character, note.written) not in self._told:
                self._told.add((note.character, note.written))
                console.say(f"{name}: {told([note])[0]}")
        texts = wrap(prepared.text, self._width) if self._width else [prepared.text]
        self._look_at_length(max(map(len, texts), default=0), f"{name}, line {line.number}")
        return texts

    def _look_at_length(self, length: int, place: str) -> None:
        """Warn, once, of a line of more characters than a network writes well."""
        if length > LONG_LINE and not self._is_long_told:
            self._is_long_told = True
            console.warn(f"{place}: {length} characters will not stay legible; --wrap 60 breaks lines")


class Primes:
    """Reads the primes, checks them and cuts them to length."""

    def __init__(self, path: str, length: int | None, skip_bad: bool) -> None:
        """Read from ``path``, the first ``length`` points of each (None: all)."""
        self.path, self._length = path, length
        self._bad = BadRecords(skip_bad)

    def read(self) -> Iterator[Drawing]:
        """Yield the primes.

        Raises
        ------
        BadInput: one cannot be read or has fewer than two points, and bad ones are not to be left out.
        HwError: there is none.
        """
        from hwcli.ink.reading import open_ink

        found = False
        with open_ink(self.path, self._bad.note) as ink:
            for place, drawing in enumerate(ink, start=1):
                if len(drawing) < 2:
                    self._refuse(drawing, place)
                    continue
                found = True
                drawing.points = drawing.points[: self._length]
                drawing.time = drawing.pressure = None
                yield drawing
        if not found:
            raise HwError(f"no prime in {stdio.name_of(self.path)}")

    def _refuse(self, drawing: Drawing, place: int) -> None:
        name = drawing.id or f"number {place}"
        has = "one point" if len(drawing) else "no point"
        why = f"drawing {name} has {has}; a prime has at least two"
        self._bad.add(BadInput(stdio.name_of(self.path), why))

    def tell_skipped(self) -> None:
        """Say what was left out."""
        self._bad.tell("primes")


class UnitCheck:
    """Warns, once, of ink whose moves are of quite another size than those that a model knows."""

    def __init__(self, scale: Scale) -> None:
        """Know moves of this ``scale``."""
        self._scale = scale
        self._is_told = False

    def look_at(self, drawing: Drawing) -> None:
        """Look at a ``drawing`` that is prepared as the model knows ink."""
        import numpy as np

        moves = np.diff(drawing.points[:, :2].astype(np.float64), axis=0)
        known = np.square(self._scale.mean) + np.square(self._scale.sd)
        size = math.sqrt(np.square(moves).sum() / len(moves) / known.sum())
        if not self._is_told and not 1 / STRANGE_UNIT < size < STRANGE_UNIT:
            self._is_told = True
            times = f"{size:.3g} times as large as" if size > 1 else f"{size:.2g} of the size of"
            console.warn(
                f"the moves of the prime {drawing.id} are {times} those that the model knows: another unit?"
            )
