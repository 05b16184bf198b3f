"""The loss of each predicted point: Graves' mixture density (2013, section 4.1) or the simplified one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from hwcli.model.config import Loss, Network


class Mixture(NamedTuple):
    """The parameters of M bivariate Gaussians and of the pen at each point, as the output units give them."""

    pen: tf.Tensor
    """(...), logit of the end of the stroke."""
    log_weights: tf.Tensor
    """(..., M), normalised."""
    mean: tuple[tf.Tensor, tf.Tensor]
    """x and y, each (..., M)."""
    log_sd: tuple[tf.Tensor, tf.Tensor]
    """x and y, each (..., M)."""
    correlation: tf.Tensor
    """(..., M), before its tanh."""


def split_mixture(outputs: tf.Tensor, mixtures: int) -> Mixture:
    """Return what the (..., 6M + 1) ``outputs`` mean (Graves 2013, equations 17 to 22)."""
    pen, weights, *rest = tf.split(outputs, [1] + [mixtures] * 6, axis=-1)
    mean_x, mean_y, log_sd_x, log_sd_y, correlation = rest
    return Mixture(pen[..., 0], tf.nn.log_softmax(weights), (mean_x, mean_y), (log_sd_x, log_sd_y), correlation)


def mixture_loss(outputs: tf.Tensor, rows: tf.Tensor, network: Network, loss: Loss) -> tf.Tensor:
    """Return the log-loss (...) in nats of the ``rows`` (..., 3) under ``outputs`` (..., 6M + 1).

    Equation 26 of Graves 2013, as a log-sum-exp of log-densities.  With r = tanh(a), log(1 - r²) is
    -2 log cosh a, which stays finite however close r comes to 1.
    """
    mixture = split_mixture(outputs, network.mixtures)
    x, y = (
        (rows[..., axis : axis + 1] - mixture.mean[axis]) * tf.exp(-mixture.log_sd[axis]) for axis in (0, 1)
    )
    size = tf.abs(mixture.correlation)
    log_cosh = size + tf.math.softplus(-2 * size) - math.log(2)
    distance = (x * x + y * y - 2 * tf.tanh(mixture.correlation) * x * y) * tf.exp(2 * log_cosh)
    log_density = log_cosh - math.log(2 * math.pi) - mixture.log_sd[0] - mixture.log_sd[1] - distance / 2
    log_likelihood = tf.reduce_logsumexp(mixture.log_weights + log_density, axis=-1)
    return pen_loss(mixture.pen, rows[..., 2], loss) - log_likelihood


def regression_loss(outputs: tf.Tensor, rows: tf.Tensor, network: Network, loss: Loss) -> tf.Tensor:
    """Return the squared error of the offset plus the log-loss of the pen, (...), for ``outputs`` (..., 3)."""
    error = tf.reduce_sum(tf.math.squared_difference(outputs[..., :2], rows[..., :2]), -1)
    return error + pen_loss(outputs[..., 2], rows[..., 2], loss)


def pen_loss(logit: tf.Tensor, up: tf.Tensor, loss: Loss) -> tf.Tensor:
    """Return the Bernoulli log-loss of ``up`` (0 or 1), weighted where the stroke does end."""
    return tf.nn.weighted_cross_entropy_with_logits(up, logit, loss.pen_up_weight)


POINT_LOSS = {"mixture": mixture_loss, "regression": regression_loss}


def clip_derivatives(values: tf.Tensor, limit: float) -> tf.Tensor:
    """Return ``values``, derivatives coming back through them clipped to ±``limit`` (Graves 2013, 2.1)."""
    if not limit:
        return values

    @tf.custom_gradient
    def identity(values: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(values), lambda derivative: tf.clip_by_value(derivative, -limit, limit)

    return identity(values)
