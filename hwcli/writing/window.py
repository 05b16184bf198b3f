"""The soft window over the text (Graves 2013, section 5.1): where the network is in what it writes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network

Array = NDArray[np.float32]
Text = NDArray[np.int32]
"""(U,): the places of a text's characters in the network's alphabet; empty when no text is known."""
NO_TEXT: Text = np.zeros(0, np.int32)


class Window:
    """The windows of n lanes, each over a text of its own.

    Attributes
    ----------
    kappa: (n, K), where each Gaussian stands; the first character is at 1.
    shown: (n, P), phi: how much each place of the text is looked at.  A text of U characters has U + 1 places,
        the last of them being its end; those after it are without meaning.
    vector: (n, C), the characters looked at, added up.
    texts: of each lane, and their ``lengths`` (n,); ``read`` changes them.
    """

    def __init__(self, network: Network, lanes: int) -> None:
        """Stand before the beginning, without any text."""
        self.kappa = np.zeros((lanes, network.window), np.float32)
        self.lengths = np.zeros(lanes, np.int64)
        # What lies beyond a text's last character is added to a character that there is not.
        self._sums = np.zeros((lanes, network.alphabet + 1), np.float32)
        self._flat = self._sums.reshape(-1)
        self.vector = self._sums[:, :-1]
        self.texts = [NO_TEXT] * lanes
        self._make_room(1)

    def _make_room(self, places: int) -> None:
        lanes, gaussians = self.kappa.shape
        self.shown = np.zeros((lanes, places), np.float32)
        self._places = np.arange(1, places + 1, dtype=np.float32)
        self._distance = np.empty((lanes, gaussians, places), np.float32)
        self._index = np.empty((lanes, places), np.int64)
        for lane in range(lanes):
            self._point(lane)

    def _point(self, lane: int) -> None:
        """Say where each place of the lane's text adds to."""
        text, base = self.texts[lane], lane * self._sums.shape[1]
        self._index[lane, : len(text)] = text + base
        self._index[lane, len(text) :] = base + self._sums.shape[1] - 1

    def read(self, texts: Iterable[tuple[int, Text]]) -> None:
        """Give lanes a text each, ``texts`` being (lane, text); the windows stay where they are."""
        for lane, text in texts:
            self.texts[lane], self.lengths[lane] = text, len(text)
            if len(text) < self.shown.shape[1]:
                self._point(lane)
        places = int(self.lengths.max(initial=0)) + 1
        if places != self.shown.shape[1]:
            self._make_room(places)

    def step(self, parameters: Array) -> None:
        """Move the windows by ``parameters`` (n, 3K), α, β and κ before their exp (equations 46 to 51)."""
        lanes, gaussians = self.kappa.shape
        exponentials = np.exp(parameters, out=parameters)
        alpha, beta, moved = exponentials.reshape(lanes, 3, gaussians, 1).transpose(1, 0, 2, 3)
        np.add(self.kappa, moved[..., 0], out=self.kappa)
        values = np.subtract(self.kappa[:, :, np.newaxis], self._places, out=self._distance)
        np.multiply(values, values, out=values)
        np.multiply(values, np.negative(beta, out=beta), out=values)
        np.exp(values, out=values)
        np.multiply(values, alpha, out=values)
        np.add.reduce(values, axis=1, out=self.shown)
        self._sums.fill(0)
        np.add.at(self._flat, self._index.reshape(-1), self.shown.reshape(-1))
