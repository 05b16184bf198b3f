"""The mean of the weights over the last batches, which is steadier than they are (Polyak and Juditsky 1992)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hwcli.learning.learner import Learner
from hwcli.model.file import Weights


class Average:
    """An exponential mean of a learner's weights; without a decay, the weights themselves."""

    def __init__(self, learner: Learner, decay: float) -> None:
        """Begin with the weights as they are; each batch's count ``1 - decay``."""
        self._learner, self._decay = learner, decay
        self._mean = learner.current_weights() if decay else {}

    def take(self) -> None:
        """Take in the weights after a batch."""
        if self._decay:
            for name, weight in self._learner.current_weights().items():
                self._mean[name] += (1 - self._decay) * (weight - self._mean[name])

    def weights(self) -> Weights:
        """Return the mean."""
        if not self._decay:
            return self._learner.current_weights()
        return {name: mean.copy() for name, mean in self._mean.items()}

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
