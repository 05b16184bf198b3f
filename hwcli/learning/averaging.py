"""The mean of the weights over the last batches, which is steadier than they are (Polyak and Juditsky 1992)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from hwcli.learning.learner import Learner
from hwcli.model.file import Weights


class Average:
    """An exponential mean of a learner's weights; without a decay, the weights themselves."""

    def __init__(self, learner: Learner, decay: float, mean: Weights | None = None) -> None:
        """Begin with ``mean`` (None or empty: the weights as they are); each batch's count ``1 - decay``."""
        self._learner, self._decay = learner, decay
        self._mean = (mean or learner.current_weights()) if decay else {}

    def take(self) -> None:
        """Take in the weights after a batch."""
        if not self._decay:
            return
        now = self._learner.current_weights()
        with np.errstate(over="ignore", invalid="ignore"):  # the next batch tells what such weights are worth
            self._mean = {
                name: mean + np.float32(1 - self._decay) * (now[name] - mean)
                for name, mean in self._mean.items()
            }

    def kept(self) -> Weights:
        """Return what ``restore`` takes: the mean, empty without a decay."""
        return self._mean

    def restore(self, kept: Weights) -> None:
        """Go back to the mean that was ``kept``."""
        self._mean = kept

    def weights(self) -> Weights:
        """Return the mean."""
        if not self._decay:
            return self._learner.current_weights()
        return dict(self._mean)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the learner hold the mean, to measure with it."""
        if not self._decay:
            yield
            return
        now, slots = self._learner.current_weights(), self._learner.slots()
        self._learner.restore(self._mean, slots)
        try:
            yield
        finally:
            self._learner.restore(now, slots)
