"""What the output units mean (Graves 2013, section 4.1): a mixture of Gaussians and a Bernoulli, or a point.

Functions take arrays with the output units last; float32 and float64 both go through as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network

Array = NDArray[Any]

CHANCES = 4
"""Random numbers that a point takes: a uniform one (component), a logistic (pen), two normal ones (x, y)."""


@dataclass(frozen=True)
class Manner:
    """How chance is handled when a point is drawn.

    Attributes
    ----------
    bias: of Graves 2013, section 5.4; 0 draws from the network's own density, more is neater.
    pen_temperature: the pen's logit is divided by it; 1 is the network's own, 0 takes the likelier.
    """

    bias: float = 0.0
    pen_temperature: float = 1.0


class Mixture(NamedTuple):
    """M bivariate Gaussians and the pen at each point (Graves 2013, equations 17 to 22)."""

    pen: Array
    """(...), logit of the end of the stroke."""
    weights: Array
    """(..., M), logits."""
    mean: Array
    """(..., 2, M), x and y, scaled units."""
    log_sd: Array
    """(..., 2, M)."""
    correlation: Array
    """(..., M), before its tanh."""


def split(outputs: Array) -> Mixture:
    """Return what the ``outputs`` (..., 6M + 1) of a network of kind "mixture" mean; all are views."""
    rest = outputs[..., 1:]
    parts = rest.reshape(*rest.shape[:-1], 6, rest.shape[-1] // 6)
    return Mixture(outputs[..., 0], parts[..., 0, :], parts[..., 1:3, :], parts[..., 3:5, :], parts[..., 5, :])


def log_softmax(logits: Array) -> Array:
    """Return the logarithms of the weights (..., M) that ``logits`` (..., M) stand for."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    normalised: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


def log_cosh(values: Array) -> Array:
    """Return log cosh of ``values``; with r = tanh(a), log(1 - r²) is -2 log cosh a, finite for every a."""
    size = np.abs(values)
    result: Array = size + np.log1p(np.exp(-2 * size)) - size.dtype.type(math.log(2))
    return result


def component_log_densities(mixture: Mixture, offsets: Array) -> Array:
    """Return log N(offset | component), (..., M), of ``offsets`` (..., 2) (Graves 2013, equations 24, 25)."""
    x, y = np.moveaxis((offsets[..., np.newaxis] - mixture.mean) * np.exp(-mixture.log_sd), -2, 0)
    stretch = log_cosh(mixture.correlation)
    distance = (x * x + y * y - 2 * np.tanh(mixture.correlation) * x * y) * np.exp(2 * stretch)
    densities: Array = stretch - math.log(2 * math.pi) - mixture.log_sd.sum(axis=-2) - distance / 2
    return densities


def log_density(mixture: Mixture, offsets: Array) -> Array:
    """Return the log-density (...), in nats, of scaled ``offsets`` (..., 2): equation 23 less the pen."""
    terms = log_softmax(mixture.weights) + component_log_densities(mixture, offsets)
    top = terms.max(axis=-1, keepdims=True)
    summed: Array = np.log(np.exp(terms - top).sum(axis=-1)) + top[..., 0]
    return summed


def pen_loss(logit: Array, up: Array) -> Array:
    """Return the log-loss (...) of ``up`` (0 or 1) under the Bernoulli with this ``logit``, in nats."""
    loss: Array = np.maximum(logit, 0) - logit * up + np.log1p(np.exp(-np.abs(logit)))
    return loss


def mean_offset(network: Network, outputs: Array) -> Array:
    """Return the offset (..., 2) that the network expects: the mean of its mixture, or its point."""
    if network.kind != "mixture":
        return outputs[..., :2]
    mixture = split(outputs)
    weights = np.exp(log_softmax(mixture.weights))
    mean: Array = (mixture.mean * weights[..., np.newaxis, :]).sum(axis=-1)
    return mean


def pen_logit(network: Network, outputs: Array) -> Array:
    """Return the logit (...) of the pen's leaving the paper after the predicted point."""
    return outputs[..., 0] if network.kind == "mixture" else outputs[..., 2]


def draw_chances(chance: np.random.Generator, points: int) -> Array:
    """Return the random numbers of so many points, (points, 4) float64, as ``CHANCES`` has them."""
    chances = np.empty((points, CHANCES))
    chances[:, :2] = chance.random((points, 2))
    chances[:, 2:] = chance.standard_normal((points, 2))
    with np.errstate(divide="ignore"):  # 0 may be drawn
        chances[:, 1] = np.log(chances[:, 1]) - np.log1p(-chances[:, 1])
    return chances


def draw_rows(network: Network, outputs: Array, chance: Array, manner: Manner) -> Array:
    """Return rows (n, 3) drawn from what ``outputs`` (n, O) predict.

    ``chance`` (n, 4) holds the random numbers, as ``CHANCES`` has them.
    """
    rows = np.empty((len(outputs), 3), outputs.dtype)
    rows[:, :2] = _draw_offsets(outputs, chance, manner.bias) if network.kind == "mixture" else outputs[:, :2]
    rows[:, 2] = _draw_pen(pen_logit(network, outputs), chance[:, 1], manner.pen_temperature)
    return rows


def _draw_offsets(outputs: Array, chance: Array, bias: float) -> Array:
    """Draw a component, then a point of it, both biased (Graves 2013, equations 61 and 62)."""
    parts = outputs[:, 1:].reshape(len(outputs), 6, -1)  # as ``split`` names them
    logits = parts[:, 0] * (1 + bias)
    top = np.maximum.reduce(logits, axis=-1, keepdims=True)
    heights = np.add.accumulate(np.exp(logits - top), axis=-1, dtype=np.float64)
    chosen = np.add.reduce(heights < chance[:, :1] * heights[:, -1:], axis=-1)
    picked = parts[np.arange(len(parts)), :, chosen]
    drawn: Array = np.exp(picked[:, 3:5] - bias)
    raw, x, y = picked[:, 5], chance[:, 2], chance[:, 3]
    drawn[:, 0] *= x
    with np.errstate(over="ignore"):  # √(1 - tanh²) is 1 / cosh, which may be 0
        drawn[:, 1] *= np.tanh(raw) * x + y / np.cosh(raw)
    drawn += picked[:, 1:3]
    return drawn


def _draw_pen(logit: Array, logistic: Array, temperature: float) -> Array:
    """Draw whether the pen goes up: that a logistic number is below z has the probability σ(z)."""
    return logit > 0 if temperature == 0 else logistic < logit / temperature
