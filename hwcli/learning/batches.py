"""Batches of lines of like length, read from the stroke file as they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points
from hwcli.ink.offsets import OffsetMoments, Scale, rows_from_points

if TYPE_CHECKING:
    from hwcli.ink.strokes_file import StrokesReader

Alter = Callable[[Points, str], tuple[Points, str]]
"""What makes of a line's points and text those that are learned from."""
Item = TypeVar("Item")

TEXT_BLOCK = 16
"""Texts are filled up to a multiple of this: for each width the network is compiled anew."""
POOL = 32
"""Batches' worth of lines that are drawn together and then sorted by length."""


class Batch(NamedTuple):
    """Lines side by side."""

    rows: NDArray[np.float32]
    """(T, B, 3), scaled; 0 after a line's end."""
    lengths: NDArray[np.int32]
    """(B,), points of each line."""
    text: NDArray[np.int32]
    """(B, U), each line's characters by number, -1 after a text's end; U is 0 where no text is read."""
    lead: NDArray[np.int32] | int = 0
    """(B,) or one for all: points at the beginning of each line that are read and not learned from."""

    @property
    def predictions(self) -> int:
        """How many points are learned from: those after the lead, and never a line's first."""
        return int(np.maximum(self.lengths - np.maximum(self.lead, 1), 0).sum())


@dataclass
class Lines:
    """The lines of a stroke file that are trained on, or validated on.

    Attributes
    ----------
    reader: the open stroke file.
    chosen: (M,) numbers of the lines in it.
    max_points: longer lines are cut to this many points; 0: never.
    scale: of their offsets.
    characters: what their texts may consist of; "": no text is read.  A text with another counts as unknown.
    too_short: how many drawings are not among them because of fewer than 3 points.
    too_many: how many more are not, by ``data.max_lines``.
    again: how many are among them a second time or more, by ``data.rare_times``.
    """

    reader: StrokesReader
    chosen: NDArray[np.int64]
    max_points: int = 0
    scale: Scale = field(default_factory=Scale)
    characters: str = ""
    too_short: int = 0
    too_many: int = 0
    again: int = 0

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(M,) points of each line, as they are used."""
        lengths = np.asarray(self.reader.lengths)[self.chosen]
        return np.minimum(lengths, self.max_points) if self.max_points else lengths

    @property
    def cut_count(self) -> int:
        """How many lines are longer than ``max_points``."""
        longer = np.asarray(self.reader.lengths)[self.chosen] > self.max_points
        return int(longer.sum()) if self.max_points else 0

    @property
    def untexted_count(self) -> int:
        """How many lines have no text that is known, where texts are read."""
        return sum(not self.text(int(line)) for line in self.chosen) if self.characters else 0

    @property
    def predictions(self) -> int:
        """How many points of these lines there are to predict: all but the first of each."""
        return int((self.lengths - 1).sum())

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.chosen)

    def batch(
        self, places: Sequence[int] | NDArray[np.int64], alter: Alter | None = None, lead: int = 0
    ) -> Batch:
        """Return the lines at ``places`` (indices into ``chosen``) as one batch, each as ``alter`` makes it."""
        points, texts = zip(*(self._line(int(self.chosen[place]), alter) for place in places), strict=True)
        lines = [rows_from_points(each, self.scale) for each in points]
        lengths = np.array([len(line) for line in lines], np.int32)
        rows = np.zeros((int(lengths.max()), len(lines), 3), np.float32)
        for column, line in enumerate(lines):
            rows[: len(line), column] = line
        return Batch(rows, lengths, self._encoded(texts), lead)

    def _line(self, line: int, alter: Alter | None) -> tuple[Points, str]:
        points = self.reader.points(line)
        points = points[: self.max_points] if self.max_points else points
        text = self.text(line) if self.characters else ""
        return alter(points, text) if alter else (points, text)

    def text(self, line: int) -> str:
        """Return the text of ``line`` of the stroke file, "" where it is unknown."""
        text = self.reader.texts[line]
        return text if self._known.issuperset(text) else ""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.characters)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters)}

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.int32]:
        longest = max(map(len, texts))
        codes = np.full((len(texts), longest + -longest % TEXT_BLOCK), -1, np.int32)
        for row, text in zip(codes, texts, strict=True):
            row[: len(text)] = [self._numbers[character] for character in text]
        return codes

    def measured_scale(self, kind: str) -> Scale:
        """Return the scale of these lines' offsets, of the ``kind`` that ``data.scale`` names.

        Raises
        ------
        ValueError: they have none, as ``OffsetMoments.scale`` says.
        """
        moments = OffsetMoments()
        for line in self.chosen:
            points = self.reader.points(int(line))
            moments.add(points[: self.max_points] if self.max_points else points)
        scale = moments.scale()
        if kind == "axis":
            return scale
        square = sum(sd**2 + m**2 for sd, m in zip(scale.sd, scale.mean, strict=True)) / 2
        if kind == "spread":
            return Scale((0.0, 0.0), (float(np.sqrt(square)),) * 2)
        mean = sum(scale.mean) / 2
        sd = float(np.sqrt(square - mean**2))
        return Scale((mean, mean), (sd, sd))

    def fingerprint(self) -> str:
        """Return a hash of which lines these are and how long, to know them again after an interruption."""
        digest = hashlib.sha256(np.asarray(self.lengths, "<i8").tobytes())
        digest.update("\n".join(self.reader.ids[line] for line in self.chosen).encode())
        return digest.hexdigest()


def side_by_side(batches: Sequence[Batch]) -> Batch:
    """Return the lines of all ``batches`` as one batch."""
    steps, width = max(len(batch.rows) for batch in batches), max(batch.text.shape[1] for batch in batches)
    rows = [np.pad(b.rows, ((0, steps - len(b.rows)), (0, 0), (0, 0))) for b in batches]
    text = [np.pad(b.text, ((0, 0), (0, width - b.text.shape[1])), constant_values=-1) for b in batches]
    lengths = [batch.lengths for batch in batches]
    leads = [np.broadcast_to(np.asarray(batch.lead, np.int32), batch.lengths.shape) for batch in batches]
    return Batch(
        np.concatenate(rows, axis=1), np.concatenate(lengths), np.concatenate(text), np.concatenate(leads)
    )


def order_of_epoch(
    lengths: NDArray[np.int64], batch: int, chance: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return the batches of one pass over all lines: which lines, in chance order, of like length each."""
    order = chance.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), batch * POOL):
        pool = order[start : start + batch * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + batch] for first in range(0, len(pool), batch)]
    return [batches[place] for place in chance.permutation(len(batches))]


def order_by_length(lengths: NDArray[np.int64], batch: int) -> list[NDArray[np.int64]]:
    """Return the batches for validation: every line once, of like length, always the same."""
    order = np.argsort(lengths, kind="stable")
    return [order[first : first + batch] for first in range(0, len(order), batch)]


def read_ahead(read: Callable[[Item], Batch], order: Iterable[Item]) -> Iterator[Batch]:
    """Yield ``read(item)`` for each item of ``order``, the next one being read meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        waiting = None
        for item in order:
            following = thread.submit(read, item)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
