"""The window over the text in plain NumPy float64, forward and back (Graves 2013, section 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network
from hwcli.writing.window import NO_TEXT, Text

Array = NDArray[np.float64]


class WindowTrace:
    """What the window over a text of U characters did at each of T steps, and the way back through it.

    Attributes
    ----------
    vectors: (T + 1, C), before the first step, then after each.
    deltas: (T, n, 3K), filled on the way back: the derivatives of n losses with respect to what the first
        layer makes of α, β and κ before their exp.
    """

    def __init__(
        self, network: Network, weights: Mapping[str, NDArray[Any]], steps: int, text: Text = NO_TEXT
    ) -> None:
        """Stand before the ``text``, whose characters are places in the network's alphabet."""
        count = network.window
        self._kernel = weights["window/kernel"].astype(np.float64)
        self._bias = weights["window/bias"].astype(np.float64)
        self._text, self._places = np.eye(network.alphabet)[text], np.arange(1, len(text) + 1)
        self._alpha, self._beta, self._moved = np.zeros((3, steps, count))
        self._kappa = np.zeros((steps + 1, count))
        self._terms = np.zeros((steps, count, len(text)))
        self._to_kappa = np.zeros(())
        self.vectors = np.zeros((steps + 1, network.alphabet))
        self.deltas = np.zeros((steps, 0, 3 * count))

    def step(self, time: int, hidden: Array) -> None:
        """Move by what the first layer's outputs ``hidden`` (H,) say (equations 46 to 51)."""
        alpha, beta, moved = np.exp(np.split(hidden @ self._kernel + self._bias, 3))
        self._alpha[time], self._beta[time], self._moved[time] = alpha, beta, moved
        self._kappa[time + 1] = self._kappa[time] + moved
        self._terms[time] = alpha[:, np.newaxis] * np.exp(-beta[:, np.newaxis] * self._distance(time) ** 2)
        self.vectors[time + 1] = self._terms[time].sum(axis=0) @ self._text

    def _distance(self, time: int) -> Array:
        """Return (K, U), from each character to where each Gaussian stands after the step of ``time``."""
        distance: Array = self._kappa[time + 1][:, np.newaxis] - self._places
        return distance

    def begin_back(self, losses: int) -> None:
        """Be about to go back for so many ``losses``, from the last step to the first."""
        self.deltas = np.zeros((len(self._terms), losses, self._kernel.shape[1]))
        self._to_kappa = np.zeros((losses, self._kappa.shape[1]))

    def step_back(self, time: int, to_vector: Array) -> Array:
        """Return the derivatives (n, H) at the first layer's outputs: equations 46 to 51, read backward.

        ``to_vector`` (n, C) are those at the vector that the step of ``time`` showed.
        """
        to_terms = (to_vector @ self._text.T)[:, np.newaxis] * self._terms[time]  # (n, K, U)
        distance, beta = self._distance(time), self._beta[time]
        to_alpha = to_terms.sum(axis=2)
        to_beta = -beta * (to_terms * distance**2).sum(axis=2)
        self._to_kappa = self._to_kappa - 2 * beta * (to_terms * distance).sum(axis=2)
        self.deltas[time] = np.concatenate([to_alpha, to_beta, self._to_kappa * self._moved[time]], axis=1)
        to_hidden: Array = self.deltas[time] @ self._kernel.T
        return to_hidden
