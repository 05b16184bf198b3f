"""What ``hw sample`` reads: the lines that are to be written, and the ink that it goes on from."""

from __future__ import annotations

import math
import os.path
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from hwcli import console, stdio
from hwcli.commands.given import BadRecords
from hwcli.errors import BadInput, HwError

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.offsets import Scale
    from hwcli.writing.text import Line, TextLine

INK = ('{"drawing"', '{"x"')
"""How JSON lines of points begin, which nobody wants to see written by hand."""

TABLES = (".csv", ".tsv")
"""What names of tables end in, of which no line is a text."""

STRANGE_UNIT = 10
"""A prime whose moves are so many times larger or smaller than the model's ink is told of."""

LONG_LINE, LONGEST_LINE = 100, 10_000
"""Characters after which a line is warned of, and the most that it may have: the longest of IAM-OnDB have some
70, and a network writes far longer ones ever worse."""
TOO_FEW = 3
"""Characters with which a network does not come into a hand: begun from nothing, dots come out as letters."""


class TextSource(NamedTuple):
    """Where the lines that are to be written come from.

    Attributes
    ----------
    texts: of the command line.
    path: of a file of lines, or what messages call the ``file``, where that is open already.
    """

    texts: Sequence[str]
    path: str | None
    file: BinaryIO | None = None

    @property
    def makes_a_hand(self) -> bool:
        """Whether there is one text, of one line, on the command line, that is long enough to begin a hand."""
        from hwcli.writing.drawn_signs import drawn_as

        if self.path is not None or len(self.texts) != 1 or len(self.texts[0].splitlines()) > 1:
            return False
        # Signs that are drawn beside a text are no part of what a network writes.
        plain = "".join(" " if drawn_as(character, set()) else character for character in self.texts[0])
        return len(" ".join(plain.split())) > TOO_FEW

    @property
    def name(self) -> str:
        """What messages call it."""
        return "the TEXT given" if self.path is None else stdio.name_of(self.path)

    def lines(self, bad: BadRecords) -> Iterator[tuple[str, Line]]:
        """Yield what messages call the text or file, and each of its lines; ``bad`` takes in what is not text.

        Raises
        ------
        BadInput: the file is ink; or something is not UTF-8, and bad records are not to be left out.
        """
        from hwcli.writing.text import lines_of, read_texts

        for number, text in enumerate(self.texts, start=1):
            name = "TEXT" if len(self.texts) == 1 else f"TEXT {number}"
            if os.path.isfile(text):
                console.say(f"{name}: '{text}' is also a file; --text-file writes what it says")
            if any(_is_stray_byte(character) for character in text):
                bad.add(BadInput(name, "not UTF-8 text"))
                continue
            for line in lines_of(text):
                yield name, line
        if self.path is not None:
            if self.path.lower().endswith(TABLES):
                console.warn(
                    f"{self.name}: lines of a table are written as they stand, with its heading, commas and"
                    " quotes; hw-sample(1) shows how one column is"
                )
            with stdio.open_input(self.path) if self.file is None else nullcontext(self.file) as file:
                is_begun = False
                for line in read_texts(file, self.name, bad.note):
                    if not is_begun and line.text.startswith(INK):
                        raise BadInput(
                            self.name, "ink, not text; --prime goes on from it, or writes in its hand"
                        )
                    is_begun |= bool(line.text)
                    yield self.name, line


def _is_stray_byte(character: str) -> bool:
    """Return whether ``character`` stands for a byte of the command line that is no text (PEP 383)."""
    return "\ud800" <= character <= "\udfff"


class Texts:
    """Reads lines, brings each to the characters that a model writes, and wraps it.

    Attributes
    ----------
    are_arriving: whether a line may keep one waiting.
    """

    def __init__(
        self, source: TextSource, characters: str, missing: str, width: int | None, skip_bad: bool = False
    ) -> None:
        """Read from ``source``; ``missing`` and the ``characters`` as ``text.prepare_text`` takes them.

        With ``skip_bad`` lines that cannot be written are left out.
        """
        self._source, self._characters, self._missing, self._width = source, characters, missing, width
        self.are_arriving = source.path == stdio.STREAM and source.file is None
        self._bad = BadRecords(skip_bad)
        self._told: set[tuple[str, str]] = set()
        self._is_long_told = self._is_tab_told = False

    @property
    def skipped(self) -> int:
        """How many lines were left out so far."""
        return len(self._bad)

    def read(self) -> Iterator[TextLine]:
        """Yield each line as it will be written, "" for a blank one.

        Raises
        ------
        BadInput: a line has a character that cannot be written, is not UTF-8, or is longer than any can be, and
            bad ones are not to be left out.
        HwError: there is not a line to write.
        """
        found = False
        for name, line in self._source.lines(self._bad):
            for text in self._prepared(line, name):
                found = found or bool(text.text)
                yield text
        if not found:
            self.tell_skipped()
            raise HwError(f"no text in {self._source.name}; -n N writes ink from nothing")

    def _prepared(self, line: Line, name: str) -> list[TextLine]:
        from hwcli.writing.text import TextLine, Unwritable, indent_of, prepare_text, told, wrap

        try:
            prepared = prepare_text(
                line.text, self._characters, self._missing, line.number, with_additions=True
            )
        except Unwritable as error:
            self._bad.add(BadInput(name, str(error)))
            return []
        indent = indent_of(line.text) if prepared.text else 0
        texts = [prepared.text]
        if self._width:
            indent = min(indent, self._width // 2)
            texts = wrap(prepared.text, self._width - indent)
        longest = max(map(len, texts), default=0)
        if longest > LONGEST_LINE:
            why = f"{longest} characters in a line, of {LONGEST_LINE} at most{self._advice()}"
            self._bad.add(BadInput(name, why, line.number))
            return []
        for note in prepared.notes:
            if (note.character, note.written) not in self._told:
                self._told.add((note.character, note.written))
                console.say(f"{name}: {told([note])[0]}")
        if "\t" in line.text.strip() and not self._is_tab_told:
            self._is_tab_told = True
            console.say(f"{name}, line {line.number}: a tab is written as a blank, and columns are not kept")
        self._look_at_length(longest, f"{name}, line {line.number}")
        return [TextLine(text, indent) for text in texts]

    def _look_at_length(self, length: int, place: str) -> None:
        """Warn, once, of a line of more characters than a network writes well."""
        if length > LONG_LINE and not self._is_long_told:
            self._is_long_told = True
            console.warn(f"{place}: {length} characters will not stay legible{self._advice()}")

    def _advice(self) -> str:
        """Return what to do about a line that is too long."""
        is_wrapped = self._width is not None and self._width <= LONG_LINE
        return "; there is no place to break them" if is_wrapped else "; --wrap 60 breaks lines"

    def tell_skipped(self) -> None:
        """Say what was left out."""
        self._bad.tell("lines")


def called(prime: Drawing) -> str:
    """Return what messages call ``prime``, which may have no id."""
    return f"the prime {prime.id}" if prime.id else "the prime"


class Primes:
    """Reads the primes, checks them and cuts them to length.

    Attributes
    ----------
    has_cut: whether one was cut, whose header says more than its ink then.
    """

    def __init__(self, path: str, length: int | None, skip_bad: bool) -> None:
        """Read from ``path``, the first ``length`` points of each (None: all)."""
        self.path, self._length, self.has_cut = path, length, False
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
                if self._length is not None and self._length < len(drawing):
                    drawing.points = drawing.points[: self._length]
                    self.has_cut = True
                drawing.time = drawing.pressure = None
                yield drawing
        if not found:
            self.tell_skipped()
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
            told = f"the moves of {called(drawing)} are {times} those that the model knows"
            console.warn(f"{told}: another unit?")
