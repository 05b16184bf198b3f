"""Noise on the weights: of one size, or of a size that is learned for each weight.

Both draw the noise anew for every batch, the same for all its lines, and take the gradient at the weights as
they are then (Jim, Giles and Horne 1996; Graves 2013, section 3.1 has both).

Adaptive noise is the variational inference of Graves 2011, "Practical Variational Inference for Neural
Networks", with a diagonal Gaussian posterior (section 5.2): a mean μ and a standard deviation σ for each
weight, and a Gaussian prior that all weights share.  What is minimised is the description length of the
training lines: their expected log-loss under the posterior, and KL(posterior || prior), the nats that it takes
to send the weights.  Of the whole set of lines,

    ∂/∂μ    = <G> + (μ - prior mean) / prior variance
    ∂/∂ln σ = σ² <G²> + σ² / prior variance - 1

where G is the gradient of the log-loss at weights that are drawn.  Its square stands for the second derivative
(the Fisher information, as the paper has it).  The gradient of a block of a batch is squared as a whole: what
the scores of lines, and of the points of a line, have in common is nought on average where the network is
trained, so that its square stands for the sum of theirs.  A block has its points' share of the complexity.
The prior's mean and variance are at their optimum for the posterior as it is, in closed form, so that no
derivative flows through them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from hwcli.learning.optimisers import Adam, Maker, plain_variable
from hwcli.model.config import Config, Optimiser

Tensors = Sequence[tf.Tensor]

STEEPEST = 1e12
"""A squared gradient beyond this says no more about a weight than this does, and its own square is finite."""


class Prior(NamedTuple):
    """The Gaussian from which all weights are taken to come."""

    mean: tf.Tensor
    variance: tf.Tensor


def best_prior(means: Tensors, log_sds: Tensors) -> Prior:
    """Return the prior for which the complexity of a posterior is least (Graves 2011, section 5.2)."""
    count = float(sum(mean.shape.num_elements() for mean in means))
    middle = tf.add_n([tf.reduce_sum(mean) for mean in means]) / count
    squares = [
        tf.reduce_sum(tf.exp(2 * log_sd) + tf.math.squared_difference(mean, middle))
        for mean, log_sd in zip(means, log_sds, strict=True)
    ]
    return Prior(middle, tf.add_n(squares) / count)


def complexity(means: Tensors, log_sds: Tensors, prior: Prior) -> tf.Tensor:
    """Return KL(posterior || prior) in nats, summed over the weights."""
    return tf.add_n(
        [
            tf.reduce_sum(
                tf.math.log(prior.variance) / 2 - log_sd - 0.5
                + (tf.exp(2 * log_sd) + tf.math.squared_difference(mean, prior.mean)) / (2 * prior.variance)
            )
            for mean, log_sd in zip(means, log_sds, strict=True)
        ]
    )  # fmt: skip


class WeightNoise:
    """Noise of one standard deviation on every weight; none where that is 0."""

    def __init__(self, weights: Mapping[str, tf.Variable], sd: float = 0.0) -> None:
        """Put noise on ``weights``."""
        self._weights, self._sd = weights, sd

    @property
    def slots(self) -> list[tf.Variable]:
        """What there is to keep in a checkpoint."""
        return []

    def drawn(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the weights with the noise of a batch, whose chance is ``seed``, (2,) int32."""
        if not self._sd:
            return {name: tf.convert_to_tensor(mean) for name, mean in self._weights.items()}
        return self._moved([self._sd] * len(self._weights), seed)

    def settled(self, gathered: list[tf.Tensor], _points: tf.Tensor) -> list[tf.Tensor]:
        """Return the gradients at the weights, and take note of those at what else there is to learn.

        ``gathered``: those of the log-loss, summed over ``points`` points, at the weights that were drawn.
        """
        return gathered

    def change(self, rate: tf.Tensor) -> None:
        """Change what else there is to learn, as settled; ``rate`` is the weights' learning rate."""

    def complexity(self) -> tf.Tensor:
        """Return the nats that it takes to send the weights; 0 where that is not reckoned."""
        return tf.zeros([])

    def _moved(self, sds: Sequence[tf.Tensor | float], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        fold, drawn = tf.random.experimental.stateless_fold_in, tf.random.stateless_normal
        return {
            name: mean + sd * drawn(mean.shape, fold(fold(seed, -1), number))
            for number, ((name, mean), sd) in enumerate(zip(self._weights.items(), sds, strict=True))
        }


class AdaptiveNoise(WeightNoise):
    """Noise whose standard deviation is learned for each weight, with the weights, by description length."""

    def __init__(
        self, weights: Mapping[str, tf.Variable], config: Config, points: int, variable: Maker = plain_variable
    ) -> None:
        """Begin with one standard deviation for all.

        ``points`` are all there are to predict in the training lines; ``variable`` makes what holds a tensor.
        """
        super().__init__(weights)
        self._config, self._points = config, float(points)
        self._means = list(weights.values())
        begin = math.log(config.noise.adaptive_sd)
        self._log_sds = [variable(tf.fill(mean.shape, begin)) for mean in self._means]
        self._gradients = [variable(tf.zeros(mean.shape)) for mean in self._means]
        # A second moment that soon forgets how steep it was before the noise fitted the weights.
        self._adam = Adam(self._log_sds, Optimiser(beta2=0.99), variable)

    @property
    def slots(self) -> list[tf.Variable]:
        """The logarithms of the standard deviations, and the state of their optimiser."""
        return [*self._log_sds, *self._adam.slots]

    def drawn(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return weights drawn from the posterior by ``seed``, (2,) int32."""
        return self._moved([tf.exp(log_sd) for log_sd in self._log_sds], seed)

    def settled(self, gathered: list[tf.Tensor], points: tf.Tensor) -> list[tf.Tensor]:
        """Return the gradients of the description length at the means, and take note of those at ln σ.

        The means' are those of the ``points`` points with their share of the complexity; those at ln σ are of
        all the training lines, so that their size does not depend on how many they are.
        """
        prior, share = best_prior(self._means, self._log_sds), tf.maximum(points, 1) / self._points
        at_means = []
        for error, mean, log_sd, kept in zip(
            gathered, self._means, self._log_sds, self._gradients, strict=True
        ):
            at_means.append(error + share * (mean - prior.mean) / prior.variance)
            curvature = tf.minimum(error * error / share, STEEPEST)
            kept.assign(tf.exp(2 * log_sd) * (curvature + 1 / prior.variance) - 1)
        return at_means

    def change(self, rate: tf.Tensor) -> None:
        """Change the standard deviations; their learning rate rises and falls as ``rate`` does."""
        usual, own = self._config.optimiser.rate, self._config.noise.adaptive_rate
        gradients = [tf.identity(gradient) for gradient in self._gradients]
        self._adam.apply(gradients, rate / usual * own if usual else tf.constant(own))

    def complexity(self) -> tf.Tensor:
        """Return KL(posterior || prior) in nats."""
        return complexity(self._means, self._log_sds, best_prior(self._means, self._log_sds))


def make_weight_noise(
    weights: Mapping[str, tf.Variable], config: Config, points: int, variable: Maker = plain_variable
) -> WeightNoise:
    """Return the noise that ``config`` puts on ``weights``; the training lines have ``points`` to predict."""
    if config.noise.adaptive:
        return AdaptiveNoise(weights, config, points, variable)
    return WeightNoise(weights, config.noise.weight_sd)
