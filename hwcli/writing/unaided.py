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

POINTS_WITHOUT_TEXT = 400


def rehearsal_lines(
    model: Model, texts: Sequence[str], count: int, seed: int, workers: int = 1
) -> Iterator[Drawing]:
    """Yield ``count`` lines as ``model`` knows ink, each in a hand of its own; those with a fault are left out.

    They are drawn from its own distribution, without a bias: what it learns from them is what it knows.  A
    model that reads no text writes what only looks like it.  ``texts`` are in characters of the model, and are
    taken in turn.
    """
    scribe = _scribe(model, 0.0, takes=1)
    reads = model.config.network.window > 0 and len(texts) > 0
    chances = [_chance(seed, number) for number in range(count)]
    if reads:
        said = [texts[number % len(texts)] for number in range(count)]
        orders = [scribe.written(text, None, chance) for text, chance in zip(said, chances, strict=True)]
    else:
        said = [""] * count
        orders = [scribe.continued(None, POINTS_WITHOUT_TEXT, chance) for chance in chances]
    for number, (points, faults) in enumerate(_written(scribe, orders, workers)):
        if not faults and len(points) > 2:
            yield Drawing(points.astype(np.float32), id=f"rehearsed-{number + 1}", text=said[number])


def sample_lines(model: Model, texts: Sequence[str], seed: int, bias: float, takes: int) -> list[Drawing]:
    """Return ``texts`` as ``model`` writes them, each in a hand that it makes up, the best of some takes."""
    scribe = _scribe(model, bias, takes)
    orders = [scribe.written(text, None, _chance(seed, number)) for number, text in enumerate(texts)]
    written = zip(texts, _written(scribe, orders), strict=True)
    return [Drawing(scribe.alone(None, points), id=text, text=text) for text, (points, _) in written]


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
    takes = len(orders) * scribe.takes
    lanes = min(scribe.lanes, -(-takes // workers))
    for part in write_drawings(scribe.writer, orders, lanes, workers):
        parts.append(part)
        if part.last:
            yield np.concatenate([each.points for each in parts]), part.faults
            parts = []
