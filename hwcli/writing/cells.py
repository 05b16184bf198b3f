"""What a network remembers, and a step of an LSTM layer (Graves 2013, section 2.1), in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network

Array = NDArray[np.float32]

ONE = np.float32(1)


@dataclass
class State:
    """What the network remembers of each of some drawings, the lanes; all float32.

    Attributes
    ----------
    hidden, cells: of the layers, each (layers, lanes, units).
    kappa: (lanes, K), where the Gaussians of the window stand.
    vector: (lanes, C), what the window showed last.
    """

    hidden: Array
    cells: Array
    kappa: Array
    vector: Array

    @classmethod
    def zeros(cls, network: Network, lanes: int) -> State:
        """Return the state before a drawing's first point."""
        layers = (network.layers, lanes, network.units)
        shapes = (layers, layers, (lanes, network.window), (lanes, network.alphabet))
        return cls(*(np.zeros(shape, np.float32) for shape in shapes))


def lstm_step(gates: Array, cells: Array, hidden: Array, peephole: Array | None, spare: Array) -> None:
    """Take one step of an LSTM layer (Graves 2013, equations 7 to 11), in place.

    An exp may grow beyond all bounds on the way, of which NumPy is not to warn.

    Parameters
    ----------
    gates: (4W, ...), the pre-activations as ``tape.Layer`` orders and stretches them; overwritten.
    cells: (W, ...), the cells before the step, then after it.
    hidden: (W, ...), gets the layer's new output.
    peephole: (3, W, ...), stretched like the gates, or None.
    spare: (W, ...), overwritten.
    """
    width = len(cells)
    in_gate, forget, out_gate, candidate = (gates[i * width : (i + 1) * width] for i in range(4))
    if peephole is not None:
        in_gate += np.multiply(peephole[0], cells, out=spare)
        forget += np.multiply(peephole[1], cells, out=spare)
        _sigmoid(gates[: 2 * width])
        _sigmoid(candidate)
    else:
        _sigmoid(gates)
    np.add(candidate, candidate, out=candidate)
    np.subtract(candidate, ONE, out=candidate)
    np.multiply(cells, forget, out=cells)
    np.multiply(candidate, in_gate, out=candidate)
    np.add(cells, candidate, out=cells)
    if peephole is not None:
        out_gate += np.multiply(peephole[2], cells, out=spare)
        _sigmoid(out_gate)
    np.tanh(cells, out=spare)
    np.multiply(out_gate, spare, out=hidden)


def _sigmoid(negated: Array) -> None:
    """Have σ(z) in the place of each -z.

    Where there is no AVX-512, NumPy's exp takes half the time of its tanh.
    """
    np.exp(negated, out=negated)
    np.add(negated, ONE, out=negated)
    np.reciprocal(negated, out=negated)
