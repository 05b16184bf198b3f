"""Batches of lines of like length, read from the stroke file as they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.offsets import OffsetMoments, Scale, rows_from_points

if TYPE_CHECKING:
    from hwcli.ink.strokes_file import StrokesReader

POOL = 32
"""Batches' worth of lines that are drawn together and then sorted by length."""


class Batch(NamedTuple):
    """Lines side by side."""

    rows: NDArray[np.float32]
    """(T, B, 3), scaled; 0 after a line's end."""
    lengths: NDArray[np.int32]
    """(B,), points of each line."""


@dataclass
class Lines:
    """The lines of a stroke file that are trained on, or validated on.

    Attributes
    ----------
    reader: the open stroke file.
    chosen: (M,) numbers of the lines in it.
    scale: of their offsets; None until ``measured_scale`` is set.
    max_points: longer lines are cut to this many points; 0: never.
    """

    reader: StrokesReader
    chosen: NDArray[np.int64]
    max_points: int = 0
    scale: Scale = field(default_factory=Scale)

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

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.chosen)

    def batch(self, places: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return the lines at ``places`` (indices into ``chosen``) as one batch."""
        lines = [self._rows(int(self.chosen[place])) for place in places]
        lengths = np.array([len(line) for line in lines], np.int32)
        rows = np.zeros((int(lengths.max()), len(lines), 3), np.float32)
        for column, line in enumerate(lines):
            rows[: len(line), column] = line
        return Batch(rows, lengths)

    def _rows(self, line: int) -> NDArray[np.float32]:
        points = self.reader.points(line)
        return rows_from_points(points[: self.max_points] if self.max_points else points, self.scale)

    def measured_scale(self, kind: str) -> Scale:
        """Return the scale of these lines' offsets, a pair an axis or ("common") one for both.

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
        mean = sum(scale.mean) / 2
        square = sum(sd**2 + m**2 for sd, m in zip(scale.sd, scale.mean, strict=True)) / 2
        sd = float(np.sqrt(square - mean**2))
        return Scale((mean, mean), (sd, sd))

    def fingerprint(self) -> str:
        """Return a hash of which lines these are and how long, to know them again after an interruption."""
        digest = hashlib.sha256(np.asarray(self.lengths, "<i8").tobytes())
        digest.update("\n".join(self.reader.ids[line] for line in self.chosen).encode())
        return digest.hexdigest()


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


def read_ahead(
    read: Callable[[NDArray[np.int64]], Batch], order: Sequence[NDArray[np.int64]]
) -> Iterator[Batch]:
    """Yield ``read(places)`` for each entry of ``order``, the next one being read meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        waiting = None
        for places in order:
            following = thread.submit(read, places)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
