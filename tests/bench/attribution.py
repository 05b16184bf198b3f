"""Whose hand is it: features of a line of ink, and logistic regression over them, for ``bench_hands.py``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwcli.ink import Drawing
from hwcli.ink.preparation import Preparation, prepare

Array = NDArray[np.float64]

FORM = Preparation(level=True, height=True, step=0.5)
"""The form of the bundled model: what a network wrote differs from a person's in neither size nor rate."""
ZONES = ((-9, -0.7), (-0.7, 0.7), (0.7, 9))
"""Above, between and below the small letters, in standard deviations of y."""


def features(drawing: Drawing) -> Array:
    """Return what a line looks like, whatever it says: directions, turns, heights, strokes, gaps."""
    points = prepare(drawing, FORM)[0].points.astype(np.float64)
    ink = points[:, :2] - [0, points[:, 1].mean()]
    up, moves = points[:, 2] > 0.5, np.diff(ink, axis=0)
    is_down, lengths = ~up[:-1], np.hypot(*moves.T) + 1e-9
    angles, middle = np.arctan2(moves[:, 1], moves[:, 0]), (ink[:-1, 1] + ink[1:, 1]) / 2
    found = [_directions(angles[is_down], lengths[is_down], 16)]
    for low, high in ZONES:
        inside = is_down & (middle > low) & (middle <= high)
        found.append(_directions(angles[inside], lengths[inside], 8))
    turns = np.angle(np.exp(1j * np.diff(angles)))[is_down[1:] & is_down[:-1]]
    counts = np.histogram(turns, np.linspace(-np.pi, np.pi, 13))[0]
    found.append(np.sqrt(counts / max(len(turns), 1)))
    found.append(np.quantile(ink[:, 1], [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]))
    found.append(_strokes(up, lengths, max(len(drawing.text), 1)))
    gaps = moves[~is_down] if (~is_down).any() else np.zeros((1, 2))
    found.append(np.quantile(gaps[:, 0], [0.1, 0.3, 0.5, 0.7, 0.9]))
    found.append(np.quantile(np.abs(gaps[:, 1]), [0.3, 0.5, 0.9]))
    width, path = np.ptp(ink[:, 0]) + 1, lengths[is_down].sum()
    found.append(np.log(np.array([width, path]) / max(len(drawing.text), 1)))
    return np.concatenate(found)


def _directions(angles: Array, weights: Array, bins: int) -> Array:
    place = (angles + np.pi) / (2 * np.pi) * bins
    first = np.floor(place).astype(int)
    rest = place - first
    counts = np.bincount(first % bins, weights * (1 - rest), bins)
    counts += np.bincount((first + 1) % bins, weights * rest, bins)
    return np.sqrt(counts / max(counts.sum(), 1e-9))


def _strokes(up: NDArray[np.bool_], lengths: Array, characters: int) -> Array:
    ends = np.flatnonzero(up)
    starts = np.r_[0, ends[:-1] + 1]
    sizes = np.array([lengths[start:end].sum() for start, end in zip(starts, ends, strict=True)])
    logs = np.log(np.array([np.median(sizes), sizes.mean(), np.quantile(sizes, 0.9)]) + 0.1)
    return np.r_[np.log1p(len(ends) / characters), logs]


class Classifier:
    """Logistic regression over standardised features, fitted by Adam on all lines at once."""

    def __init__(self, lines: Array, hands: NDArray[np.int64], penalty: float = 0.01) -> None:
        """Learn whose ``hands`` (N,) the ``lines``, their features (N, F), are in."""
        self._mean, self._sd = lines.mean(axis=0), lines.std(axis=0) + 1e-6
        lines, wanted = self._scaled(lines), np.eye(hands.max() + 1)[hands]
        lines = np.c_[lines, np.ones(len(lines))]
        self._weights = np.zeros((lines.shape[1], wanted.shape[1]))
        first = second = np.zeros_like(self._weights)
        for step in range(1, 601):
            gradient = lines.T @ (_shares(lines @ self._weights) - wanted) / len(lines)
            gradient[:-1] += penalty * self._weights[:-1]
            first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
            size = 0.05 * np.sqrt(1 - 0.99**step) / (1 - 0.9**step)
            self._weights -= size * first / (np.sqrt(second) + 1e-8)

    def _scaled(self, lines: Array) -> Array:
        scaled: Array = np.clip((lines - self._mean) / self._sd, -4, 4)
        return scaled

    def ranks(self, lines: Array) -> NDArray[np.int64]:
        """Return the hands of each of ``lines`` (N, F), the likeliest first, (N, K)."""
        given = self._scaled(lines)
        return np.argsort(-(np.c_[given, np.ones(len(given))] @ self._weights), axis=1)


def _shares(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = raised / raised.sum(axis=1, keepdims=True)
    return shares
