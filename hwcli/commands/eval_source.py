"""What ``hw eval`` measures on: the lines as the model sees them, and the scale of the figures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hwcli import console, stdio
from hwcli.commands.given import BadRecords, read_lines, tell_missing
from hwcli.errors import BadInput, HwError, UsageError
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.offsets import OffsetMoments, Scale
    from hwcli.model import Model


class Source:
    """The drawings that are asked for, and what is learnt of them as they pass by."""

    def __init__(self, path: str, lines: Path | None, limit: int | None, skip_bad: bool, model: Model) -> None:
        """Take the first ``limit`` drawings of the file ``path`` that are on the list ``lines``."""
        self.path, self._limit, self._model = path, limit, model
        self._selection, self._bad = read_lines(lines), BadRecords(skip_bad)
        self._too_short, self._untexted = 0, 0
        self.moments: OffsetMoments
        self.shown: Drawing | None = None

    def count(self, file: BinaryIO) -> int | None:
        """Return how many drawings are to come, if that can be told."""
        from hwcli.ink import reading

        total: int | None = None
        if file.seekable() and reading.peeked(file)[0] == reading.HDF5:
            from hwcli.ink.strokes_file import StrokesReader

            with StrokesReader(file, stdio.name_of(self.path)) as reader:
                ids = reader.ids if self._selection.is_ordered else ()
                total = sum(map(self._selection.wants, ids)) if self._selection.is_ordered else len(reader)
            file.seek(0)
        return total if self._limit is None else min(total or self._limit, self._limit)

    def drawings(self, file: BinaryIO) -> Iterator[Drawing]:
        """Yield the drawings of ``file`` that are to be measured on, in the form that the model sees."""
        from hwcli.ink.offsets import OffsetMoments
        from hwcli.ink.reading import place_of, read_any

        self.moments = OffsetMoments()
        everything = read_any(file, stdio.name_of(self.path), self._bad.note, place_of(self.path))
        wanted = (drawing for drawing in everything if self._wants(drawing))
        for drawing in prepared(itertools.islice(wanted, self._limit), self._model, self.path):
            self.moments.add(drawing.points)
            self._untexted += not self._is_texted(drawing)
            self.shown = self.shown or drawing
            yield drawing

    def _wants(self, drawing: Drawing) -> bool:
        if not self._selection.takes(drawing.id):
            return False
        self._too_short += len(drawing) < 2
        return len(drawing) > 1

    def _is_texted(self, drawing: Drawing) -> bool:
        """Return whether the model is told what ``drawing`` says, or asks for no text."""
        from hwcli.measuring.evaluation import known_text

        network = self._model.config.network
        return not network.window or len(known_text(drawing.text, network)) > 0

    def left_out(self) -> dict[str, int]:
        """Return how many drawings had nothing to predict, could not be read, and had no text."""
        return {"too_short": self._too_short, "bad": len(self._bad), "untexted": self._untexted}

    def tell_left_out(self) -> None:
        """Say what was not measured on."""
        self._bad.tell("records")
        if self._too_short:
            console.warn(f"{counted(self._too_short, 'drawings')} of fewer than two points left out")
        if self._untexted:
            console.warn(
                f"{counted(self._untexted, 'drawings')} without a text, or with characters the model lacks:"
                " measured as if it were unknown"
            )
        if self._limit is None:
            tell_missing(self._selection)


def prepared(drawings: Iterable[Drawing], model: Model, path: str) -> Iterator[Drawing]:
    """Yield ``drawings`` in the form that the configuration of ``model`` asks for."""
    from hwcli.ink.preparation import Preparation, prepare

    preparation = model.config.data.preparation
    if preparation == Preparation():
        yield from drawings
        return
    for drawing in drawings:
        try:
            yield prepare(drawing, preparation)[0]
        except HwError as error:
            raise BadInput(stdio.name_of(path), str(error)) from error


def given_scale(text: str, model: Model) -> Scale:
    """Return the scale that ``--scale`` gives: two numbers, or the moments of ink as ``model`` sees it."""
    from hwcli.ink.offsets import OffsetMoments, Scale
    from hwcli.ink.reading import open_ink

    try:
        sd_x, sd_y = (float(part) for part in text.split(","))
    except ValueError:
        moments = OffsetMoments()
        with open_ink(text) as drawings:
            for drawing in prepared(drawings, model, text):
                moments.add(drawing.points)
        return _moments_scale(moments, stdio.name_of(text))
    if not (0 < sd_x < math.inf and 0 < sd_y < math.inf):
        raise UsageError(f"--scale {text}: two numbers above 0")
    return Scale(sd=(sd_x, sd_y))


def _moments_scale(moments: OffsetMoments, name: str) -> Scale:
    try:
        return moments.scale()
    except ValueError as error:
        raise HwError(
            f"{name}: {error}, so that its offsets have no scale; give one with --scale X,Y"
        ) from error


def scale_of(model: Model, given: Scale | None, moments: OffsetMoments) -> tuple[Scale, str]:
    """Return the scale of the figures and where it is from."""
    from hwcli.ink.preparation import Preparation

    if given is not None:
        return given, "option"
    if model.config.data.preparation != Preparation():
        return model.scale, "own"
    if model.config.data.scale == "axis":
        return model.scale, "model"
    return _moments_scale(moments, "the ink"), "ink"
