"""How well a model predicts lines that it is shown: log-loss, squared error, and the pen.

Lines of like length go through the network together, several such batches at a time; what is kept of a line is
a handful of sums, so memory does not grow with the ink.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Drawing
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.model import Model
from hwcli.model.config import Network
from hwcli.writing.mixture import log_density, mean_offset, pen_logit, pen_loss, split
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.text import encode
from hwcli.writing.window import NO_TEXT, Text

Array = NDArray[np.float64]

BATCH_LINES = 128
BATCH_POINTS = 1 << 17
"""Lines of a batch, and points in it, padding included, at most."""
WINDOW_LINES = 1024
WINDOW_POINTS = 1 << 20
"""Lines, and points, among which lines of like length are looked for."""

SUMS = ("points", "offset_loss", "pen_loss", "up_loss", "error_x", "error_y", "ups", "called", "right")
"""What is kept of a line: sums over its predicted points, in the model's scale.

offset_loss: of a mixture -log density; of a regression the squared error.  pen_loss: -log Bernoulli; up_loss:
the part of it where the stroke does end.
ups, called, right: strokes that end, that the network says end (probability above 1/2), and both.
"""


class Line(NamedTuple):
    """A line as a network is shown it: its (N, 3) rows, and what it says, encoded; empty when not known."""

    rows: NDArray[np.float32]
    text: Text = NO_TEXT


class BatchScores(NamedTuple):
    """What a batch of B lines of at most T predicted points came to."""

    sums: Array
    """(B, len(SUMS))."""
    by_place: Array
    """(2, T): sum over the lines of offset_loss and of pen_loss at each place."""
    counts: Array
    """(T,): how many lines have that place."""


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield the ``lines`` in lists of like length."""
    for window in _windows(lines):
        batch: list[Line] = []
        for line in sorted(window, key=lambda line: len(line.rows)):
            if batch and (len(batch) == BATCH_LINES or (len(batch) + 1) * len(line.rows) > BATCH_POINTS):
                yield batch
                batch = []
            batch.append(line)
        yield batch


def _windows(lines: Iterable[Line]) -> Iterator[list[Line]]:
    window: list[Line] = []
    points = 0
    for line in lines:
        window.append(line)
        points += len(line.rows)
        if len(window) >= WINDOW_LINES or points >= WINDOW_POINTS:
            yield window
            window, points = [], 0
    if window:
        yield window


def score_batch(network: NumpyNetwork, batch: list[Line]) -> BatchScores:
    """Return how well ``network`` predicts the lines of ``batch``, each row from those before."""
    lengths = np.array([len(line.rows) - 1 for line in batch])
    padded = np.zeros((len(batch), max(lengths) + 1, 3), np.float32)
    for place, line in zip(padded, batch, strict=True):
        place[: len(line.rows)] = line.rows
    texts = [line.text for line in batch]
    places = np.arange(max(lengths))
    is_there = places < lengths[:, np.newaxis]
    sums = np.zeros((len(batch), len(SUMS)))
    sums[:, 0] = lengths
    by_place = np.zeros((2, len(places)))
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is a figure like any other
        for start, outputs in network.run_in_parts(padded[:, :-1], texts=texts):
            part = slice(start, start + outputs.shape[1])
            targets = padded[:, 1:][:, part]
            scores = np.where(is_there[:, part], _score_points(network, outputs, targets), 0)
            sums[:, 1:] += scores.sum(axis=2).T
            by_place[:, part] = scores[:2].sum(axis=1)
    return BatchScores(sums, by_place, is_there.sum(axis=0).astype(np.float64))


def _score_points(network: NumpyNetwork, outputs: NDArray[np.float32], targets: NDArray[np.float32]) -> Array:
    """Return SUMS but the first, (8, B, t), for the ``targets`` (B, t, 3) under ``outputs`` (B, t, O)."""
    logit, up = pen_logit(network.network, outputs), targets[..., 2]
    error = np.square(mean_offset(network.network, outputs) - targets[..., :2], dtype=np.float64)
    if network.network.kind == "mixture":
        offset_loss = -log_density(split(outputs), targets[..., :2])
    else:
        offset_loss = error.sum(axis=-1)
    called, pen = logit > 0, pen_loss(logit, up)
    scores = offset_loss, pen, pen * up, error[..., 0], error[..., 1], up, called, called * up
    return np.array(scores, np.float64)


def score_lines(model: Model, lines: Iterable[Line], workers: int = 1) -> Iterator[BatchScores]:
    """Yield the scores of ``lines``, of two rows or more in the model's scale, with ``workers`` threads."""
    network = NumpyNetwork(model.config.network, model.weights)
    under_way: deque[Future[BatchScores]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for batch in batches(lines):
            under_way.append(pool.submit(score_batch, network, batch))
            if len(under_way) > workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def lines_of(drawings: Iterable[Drawing], model: Model) -> Iterator[Line]:
    """Yield, as ``model`` is shown them, those of ``drawings`` that have a point to predict.

    They are in the form that the model's configuration asks for (``hwcli.ink.preparation``) already.
    """
    network = model.config.network
    for drawing in drawings:
        if len(drawing) > 1:
            yield Line(rows_from_points(drawing.points, model.scale), known_text(drawing.text, network))


def known_text(text: str, network: Network) -> Text:
    """Return ``text`` encoded for ``network``; empty, as not known, when it has a character that it lacks."""
    readable = network.window and set(network.characters).issuperset(text)
    return encode(text, network.characters) if readable else NO_TEXT


class Totals:
    """The scores of all lines together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: list[Array] = []
        self._by_place = np.zeros((2, 0))
        self._counts = np.zeros(0)

    def add(self, scores: BatchScores) -> None:
        """Add the lines of a batch."""
        self._lines.append(scores.sums)
        longer = max(len(scores.counts) - len(self._counts), 0)
        self._by_place = np.pad(self._by_place, ((0, 0), (0, longer)))
        self._counts = np.pad(self._counts, (0, longer))
        self._by_place[:, : len(scores.counts)] += scores.by_place
        self._counts[: len(scores.counts)] += scores.counts

    @property
    def lines(self) -> int:
        """The number of lines added."""
        return sum(map(len, self._lines))

    def by_place(self) -> tuple[Array, Array]:
        """Return the mean offset_loss and pen_loss at each place, (2, T), and how many lines have it, (T,)."""
        return self._by_place / self._counts, self._counts

    def figures(self, model: Model, scale: Scale) -> Figures:
        """Return the figures, those of offsets in ``scale``; raises ValueError when there is no line."""
        if not self.lines:
            raise ValueError("no line to measure on")
        return _figures(dict(zip(SUMS, np.concatenate(self._lines).T, strict=True)), model, scale)


@dataclass(frozen=True)
class Figures:
    """What a model was measured at; a share or a figure that nothing was there to measure on is None.

    Attributes
    ----------
    lines, points: how many lines, and predicted points in all: N - 1 of a line of N.
    nats_line, nats_point: log-loss, -log Pr, a line and a point; mixtures only.
    nats_line_error: standard error of nats_line, over the lines.
    offset_nats_point, pen_nats_point: its two parts a point; the pen's for all kinds.
    loss_line, loss_point: of a regression: squared error in the *model's* scale plus the log-loss of the pen,
        pen-ups weighted as in training.
    squared_error_point: squared distance of the expected offset (a mixture's mean) to the true one.
    up_share, up_precision, up_recall: share of points that end a stroke; of those that the network calls so
        (probability above 1/2) that do; of those that do that it calls so.
    """

    lines: int
    points: int
    nats_line: float | None
    nats_line_error: float | None
    nats_point: float | None
    offset_nats_point: float | None
    pen_nats_point: float
    loss_line: float | None
    loss_point: float | None
    squared_error_point: float
    up_share: float
    up_precision: float | None
    up_recall: float | None


def nats_between(model: Scale, scale: Scale) -> float:
    """Return what a point's log-loss in the ``model``'s scale grows by in another ``scale``.

    A density over offsets / sd is the density over offsets times the product of the sds (Bishop 1995,
    section 1.2), so its log-loss has that product's logarithm less.
    """
    return float(np.log(model.sd).sum() - np.log(scale.sd).sum())


def _figures(sums: dict[str, Array], model: Model, scale: Scale) -> Figures:
    lines, points = len(sums["points"]), sums["points"].sum()
    is_mixture = model.config.network.kind == "mixture"
    total = {name: values.sum() for name, values in sums.items()}
    offset_loss = sums["offset_loss"] + sums["points"] * nats_between(model.scale, scale)
    nats = offset_loss + sums["pen_loss"]
    factor_x, factor_y = (np.asarray(model.scale.sd) / scale.sd) ** 2
    weighted_pen = total["pen_loss"] + (model.config.loss.pen_up_weight - 1) * total["up_loss"]
    own_loss = None if is_mixture else total["offset_loss"] + weighted_pen
    return Figures(
        lines=lines,
        points=int(points),
        nats_line=float(nats.mean()) if is_mixture else None,
        nats_line_error=float(nats.std(ddof=1) / np.sqrt(lines)) if is_mixture and lines > 1 else None,
        nats_point=float(nats.sum() / points) if is_mixture else None,
        offset_nats_point=float(offset_loss.sum() / points) if is_mixture else None,
        pen_nats_point=float(total["pen_loss"] / points),
        loss_line=None if own_loss is None else float(own_loss / lines),
        loss_point=None if own_loss is None else float(own_loss / points),
        squared_error_point=float((total["error_x"] * factor_x + total["error_y"] * factor_y) / points),
        up_share=float(total["ups"] / points),
        up_precision=_ratio(total["right"], total["called"]),
        up_recall=_ratio(total["right"], total["ups"]),
    )


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
