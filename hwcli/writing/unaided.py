"""Lines that a model writes of itself, in hands that it makes up: to rehearse with, and to show what it can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hwcli.ink.drawing import Drawing
from hwcli.model import Model
from hwcli.writing.desk import Order, Written
from hwcli.writing.hands import Chance, Scribe
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings

NO_TEXT_POINTS = 400
"""Of a line that says nothing."""


def rehearsal_lines(
    model: Model, texts: Sequence[str], count: int, seed: int, workers: int = 1
) -> Iterator[Drawing]:
    """Yield ``count`` lines as ``model`` knows ink, each in a hand of its own; those with a fault are left out.

    They are drawn from its own distribution, without a bias: what it learns from them is what it knows.  A
    model that reads no text writes what only looks like it.  ``texts`` are in characters of the model, and are
    taken in turn.
    """
    scribe = _scribe(model, 0.0, takes=1)
    said = [texts[number % len(texts)] if texts else "" for number in range(count)]
    for number, (points, faults) in enumerate(_written(scribe, _orders(scribe, said, seed), workers)):
        if not faults and len(points) > 2:
            yield Drawing(points.astype(np.float32), id=f"rehearsed-{number + 1}", text=said[number])


def sample_lines(model: Model, texts: Sequence[str], seed: int, bias: float, takes: int) -> list[Drawing]:
    """Return ``texts`` as ``model`` writes them, each in a hand that it makes up, the best of some takes."""
    scribe = _scribe(model, bias, takes)
    written = zip(texts, _written(scribe, _orders(scribe, texts, seed)), strict=True)
    return [Drawing(scribe.alone(None, points), id=text, text=text) for text, (points, _) in written]


def _orders(scribe: Scribe, texts: Sequence[str], seed: int) -> list[Order]:
    """Return the orders of ``texts``; of as much ink where no text is known, or read."""
    reads = scribe.writer.network.network.window > 0
    chances = [_chance(seed, number) for number in range(len(texts))]
    return [
        scribe.written(text, None, chance) if reads and text else scribe.continued(None, NO_TEXT_POINTS, chance)
        for text, chance in zip(texts, chances, strict=True)
    ]


def _scribe(model: Model, bias: float, takes: int) -> Scribe:
    network = NumpyNetwork(model.config.network, model.weights)
    manner = Manner(bias if model.config.network.kind == "mixture" else 0.0, 1.0)
    return Scribe(model, Writer(network, model.scale, manner), takes)


def _chance(seed: int, number: int) -> Chance:
    return lambda take: chance_for(seed, number, take)


def _written(
    scribe: Scribe, orders: Sequence[Order], workers: int = 1
) -> Iterator[tuple[np.ndarray, tuple[str, ...]]]:
    """Yield the points and the faults of each of ``orders``."""
    parts: list[Written] = []
    lanes = -(-len(orders) * scribe.takes // workers)
    for part in write_drawings(scribe.writer, orders, lanes, workers):
        parts.append(part)
        if part.last:
            yield np.concatenate([each.points for each in parts]), part.faults
            parts = []
