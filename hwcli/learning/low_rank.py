"""How far learning reaches: into all weights, or into a change of low rank of each matrix and the biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from hwcli.learning.optimisers import Maker, plain_variable


class WholeReach:
    """All weights are learned.

    Attributes
    ----------
    learned: what the optimiser changes.
    slots: what of it is not a weight, for the checkpoint.
    """

    def __init__(self, weights: Mapping[str, tf.Variable]) -> None:
        """Learn ``weights``."""
        self.learned: list[tf.Variable] = list(weights.values())
        self.slots: list[tf.Variable] = []

    def gradients(self, at_weights: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Return the gradients at what is learned, of those ``at_weights``."""
        return list(at_weights)

    def settle(self) -> None:
        """Bring the weights to what was learned."""


class LowRankReach(WholeReach):
    """Of each matrix (n, m) the change is left (n, r) times right (r, m); each bias is learned as it is.

    As Hu et al. 2022 (LoRA, section 4.1): left begins at random, right at 0, and so does the change.
    """

    def __init__(self, weights: Mapping[str, tf.Variable], rank: int, variable: Maker = plain_variable) -> None:
        """Learn a change of ``rank`` of each matrix of ``weights``; ``variable`` makes what holds a tensor."""
        super().__init__(weights)
        chance = np.random.default_rng(rank)
        self._base = {name: tf.identity(weight) for name, weight in weights.items() if len(weight.shape) == 2}
        self._left, self._right = {}, {}
        for name, matrix in self._base.items():
            rows, columns = matrix.shape
            left = chance.normal(0, rows**-0.5, (rows, rank)).astype(np.float32)
            self._left[name] = variable(tf.constant(left))
            self._right[name] = variable(tf.zeros([rank, columns]))
        self._matrices = {name: weights[name] for name in self._base}
        self._names = list(weights)
        self.slots = [*self._left.values(), *self._right.values()]
        self.learned = [variable for name in self._names for variable in self._parts(name, weights[name])]

    def _parts(self, name: str, weight: tf.Variable) -> list[tf.Variable]:
        return [self._left[name], self._right[name]] if name in self._left else [weight]

    def gradients(self, at_weights: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Return the gradients at the factors and the biases, of those ``at_weights``."""
        found: list[tf.Tensor] = []
        for name, gradient in zip(self._names, at_weights, strict=True):
            if name in self._left:
                found.append(tf.matmul(gradient, self._right[name], transpose_b=True))
                found.append(tf.matmul(self._left[name], gradient, transpose_a=True))
            else:
                found.append(gradient)
        return found

    def settle(self) -> None:
        """Add the change to the matrices."""
        for name, matrix in self._matrices.items():
            matrix.assign(self._base[name] + tf.matmul(self._left[name], self._right[name]))


def make_reach(weights: Mapping[str, tf.Variable], rank: int, variable: Maker = plain_variable) -> WholeReach:
    """Return how far learning reaches into ``weights``: all of them where ``rank`` is 0."""
    return LowRankReach(weights, rank, variable) if rank else WholeReach(weights)
