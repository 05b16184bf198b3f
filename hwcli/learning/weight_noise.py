"""Noise on the weights: of one size, or of a size that is learned for each weight.

Both draw the noise anew for every batch, the same for all its lines, and take the gradient at the weights as
they are then (Jim, Giles and Horne 1996; Graves 2013, section 2.1 names both forms).

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

from hwcli.learning.optimisers import Adam
from hwcli.model.config import Config, Optimiser

Tensors = Sequence[tf.Tensor]


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

    def drawn(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Return the weights with the noise of a batch, whose chance is ``seed``, (2,) int32."""
        if not self._sd:
            return self._weights
        return self._moved([self._sd] * len(self._weights), seed)

    def gradients(self, gathered: Tensors, _points: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Return the gradients at the means and at the noise's own parameters.

        ``gathered``: of the log-loss summed over ``points`` points, at the weights that were drawn.
        """
        return list(gathered), []

    def change(self, _gradients: Tensors, _rate: tf.Tensor) -> None:
        """Change the noise's own parameters by the second of ``gradients``, the means' learning rate at ``rate``."""

    def complexity(self) -> tf.Tensor:
        """Return the nats that it takes to send the weights; 0 where that is not reckoned."""
        return tf.zeros([])

    def _moved(self, sds: Sequence[tf.Tensor | float], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        own = tf.random.experimental.stateless_fold_in(seed, -1)
        return {
            name: mean + sd * tf.random.stateless_normal(
                mean.shape, tf.random.experimental.stateless_fold_in(own, number)
            )
            for number, ((name, mean), sd) in enumerate(zip(self._weights.items(), sds, strict=True))
        }  # fmt: skip


class AdaptiveNoise(WeightNoise):
    """Noise whose standard deviation is learned for each weight, with the weights, by description length."""

    def __init__(self, weights: Mapping[str, tf.Variable], config: Config, points: int) -> None:
        """Begin with one standard deviation for all; ``points`` are all there are in the training lines."""
        super().__init__(weights)
        self._config, self._points = config, float(points)
        begin = math.log(config.noise.adaptive_sd)
        self._log_sds = [tf.Variable(tf.fill(mean.shape, begin)) for mean in weights.values()]
        # A second moment that soon forgets how steep it was before the noise fitted the weights.
        self._adam = Adam(self._log_sds, Optimiser(beta2=0.99))

    @property
    def slots(self) -> list[tf.Variable]:
        """The logarithms of the standard deviations, and the state of their optimiser."""
        return [*self._log_sds, *self._adam.slots]

    def drawn(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Return weights drawn from the posterior by ``seed``, (2,) int32."""
        return self._moved([tf.exp(log_sd) for log_sd in self._log_sds], seed)

    def gradients(self, gathered: Tensors, points: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Return the gradients of the description length at the means and at ln σ.

        ``gathered`` is as above, and so the means' gradients are those of the ``points`` points with their
        share of the complexity; those at ln σ are of all the training lines, so that their size does not
        depend on how many they are.
        """
        prior, share = best_prior(self._means, self._log_sds), points / self._points
        at_means, at_log_sds = [], []
        for gradient, mean, log_sd in zip(gathered, self._means, self._log_sds, strict=True):
            at_means.append(gradient + share * (mean - prior.mean) / prior.variance)
            at_log_sds.append(tf.exp(2 * log_sd) * (gradient * gradient / share + 1 / prior.variance) - 1)
        return at_means, at_log_sds

    def change(self, gradients: Tensors, rate: tf.Tensor) -> None:
        """Change the standard deviations; their learning rate rises and falls as ``rate``, the means', does."""
        usual = self._config.optimiser.rate
        if usual:
            self._adam.apply(gradients, rate / usual * self._config.noise.adaptive_rate)

    def complexity(self) -> tf.Tensor:
        """Return KL(posterior || prior) in nats."""
        return complexity(self._means, self._log_sds, best_prior(self._means, self._log_sds))

    @property
    def _means(self) -> list[tf.Variable]:
        return list(self._weights.values())


def make_weight_noise(weights: Mapping[str, tf.Variable], config: Config, points: int) -> WeightNoise:
    """Return the noise that ``config`` puts on ``weights``; the training lines have ``points`` to predict."""
    if config.noise.adaptive:
        return AdaptiveNoise(weights, config, points)
    return WeightNoise(weights, config.noise.weight_sd)
