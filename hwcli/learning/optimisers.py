"""How a gradient changes the weights.

Written here and not taken from Keras so that one list of plain arrays is the whole of an optimiser's state:
it goes to the checkpoint and comes back bit for bit, and Graves' form of RMSProp stands beside Adam.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from hwcli.model.config import Optimiser

Maker = Callable[[tf.Tensor], tf.Variable]


def plain_variable(value: tf.Tensor) -> tf.Variable:
    """Return a variable that is changed by nobody but the optimiser."""
    return tf.Variable(value, trainable=False)


class Adam:
    """Kingma and Ba 2015, algorithm 1."""

    def __init__(
        self, variables: Sequence[tf.Variable], options: Optimiser, variable: Maker = plain_variable
    ) -> None:
        """Begin with moments of zero for ``variables``; ``variable`` makes what holds them."""
        self.variables, self._options = variables, options
        self._count = variable(tf.constant(0.0))
        self._first, self._second = _zeros_like(variables, variable), _zeros_like(variables, variable)

    @property
    def slots(self) -> list[tf.Variable]:
        """The whole state."""
        return [self._count, *self._first, *self._second]

    def apply(self, gradients: Sequence[tf.Tensor], rate: tf.Tensor) -> None:
        """Change the variables by one step along ``gradients``."""
        beta1, beta2 = self._options.beta1, self._options.beta2
        count = self._count.assign_add(1.0)
        size = rate * tf.sqrt(1 - tf.pow(beta2, count)) / (1 - tf.pow(beta1, count))
        # With the bias correction moved to the rate, epsilon has to be scaled as well to mean the same.
        epsilon = self._options.epsilon * tf.sqrt(1 - tf.pow(beta2, count))
        for variable, gradient, first, second in zip(
            self.variables, gradients, self._first, self._second, strict=True
        ):
            first.assign_add((1 - beta1) * (gradient - first))
            second.assign_add((1 - beta2) * (gradient * gradient - second))
            variable.assign_sub(size * first / (tf.sqrt(second) + epsilon))


class RmsProp:
    """RMSProp with both moments and momentum, Graves 2013, equations 38 to 45."""

    def __init__(
        self, variables: Sequence[tf.Variable], options: Optimiser, variable: Maker = plain_variable
    ) -> None:
        """Begin with moments of zero for ``variables``; ``variable`` makes what holds them."""
        self.variables, self._options = variables, options
        self._second, self._first = _zeros_like(variables, variable), _zeros_like(variables, variable)
        self._change = _zeros_like(variables, variable)

    @property
    def slots(self) -> list[tf.Variable]:
        """The whole state."""
        return [*self._second, *self._first, *self._change]

    def apply(self, gradients: Sequence[tf.Tensor], rate: tf.Tensor) -> None:
        """Change the variables by one step along ``gradients``."""
        keep = self._options.decay
        for variable, gradient, second, first, change in zip(
            self.variables, gradients, self._second, self._first, self._change, strict=True
        ):
            second.assign(keep * second + (1 - keep) * gradient * gradient)
            first.assign(keep * first + (1 - keep) * gradient)
            # Rounding can bring n - m² just below zero where the gradient does not vary.
            spread = tf.maximum(second - first * first, 0.0)
            step = rate * gradient * tf.math.rsqrt(spread + self._options.damping)
            variable.assign_add(change.assign(self._options.momentum * change - step))


def make_optimiser(
    variables: Sequence[tf.Variable], options: Optimiser, variable: Maker = plain_variable
) -> Adam | RmsProp:
    """Return the optimiser that ``options`` name."""
    return (Adam if options.kind == "adam" else RmsProp)(variables, options, variable)


def clip_by_norm(gradients: Sequence[tf.Tensor], limit: float) -> tuple[Sequence[tf.Tensor], tf.Tensor]:
    """Return ``gradients`` scaled down to a joint norm of ``limit`` (0: as they are), and the norm they had."""
    norm = tf.linalg.global_norm(gradients)
    if not limit:
        return gradients, norm
    factor = limit / tf.maximum(norm, limit)
    return [gradient * factor for gradient in gradients], norm


def _zeros_like(variables: Sequence[tf.Variable], variable: Maker) -> list[tf.Variable]:
    return [variable(tf.zeros(each.shape)) for each in variables]
