"""Where the numbers of a network lie while it runs, and its weights in the order that they are needed in.

The hidden values of all layers, what they read between them and a constant 1 for the biases share one array,
the tape, in an order that makes what each layer reads one contiguous slice of it:

    h0 | w x 1 | h1 | h2 | w x 1 | h3 | h4 | w x 1 | h5 ...

x is the row (dx, dy, up), w the window over the text (of no width without one).  Layer l writes its new h over
its old one, and layer l + 1 reads it where it lies.  So a layer's step is a single matrix product (inputs,
window, layer below, recurrence and bias at once) and some element-wise work, in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network
from hwcli.model.file import Weights

Array = NDArray[np.float32]

ROW = 3
"""Features of a row: dx, dy, up."""
GATES = 4
STORED_GATES = (0, 1, 3, 2)
"""Where a model has the gates input, forget, output and candidate."""
STRETCH = np.array([-1, -1, -1, -2], np.float32)
"""By how much the pre-activations of the gates are stretched; see ``Layer``."""


class Inputs(NamedTuple):
    """A block of the tape that layers read: the window vector, the row, and the constant 1."""

    window: slice
    row: slice
    one: int

    @property
    def whole(self) -> slice:
        """Return the block."""
        return slice(self.window.start, self.one + 1)


class Tape:
    """Where each block lies on the tape of a network whose layers take up ``width`` features each."""

    def __init__(self, network: Network, width: int) -> None:
        """Lay out the blocks in the order that the module's text shows."""
        self.width = width
        self.hidden: list[slice] = []
        self.inputs: list[Inputs] = []
        self.size = 0
        for layer in range(network.layers):
            if layer > 1 and layer % 2:
                self._add_inputs(network)
            self.hidden.append(self._block(width))
            if layer == 0:
                self._add_inputs(network)

    def _block(self, features: int) -> slice:
        self.size += features
        return slice(self.size - features, self.size)

    def _add_inputs(self, network: Network) -> None:
        self.inputs.append(Inputs(self._block(network.alphabet), self._block(ROW), self._block(1).start))

    def inputs_of(self, layer: int) -> Inputs:
        """Return the block of inputs that ``layer`` reads."""
        return self.inputs[layer // 2] if layer % 2 or not layer else self.inputs[layer // 2 - 1]

    def read_by(self, layer: int) -> slice:
        """Return the slice that ``layer`` reads: its inputs, the layer below and itself."""
        blocks = [self.inputs_of(layer).whole, *self.hidden[max(layer - 1, 0) : layer + 1]]
        return slice(min(block.start for block in blocks), max(block.stop for block in blocks))


@dataclass(frozen=True)
class Layer:
    """The weights of an LSTM layer as its step needs them.

    Columns are the gates in the order input, forget, output, candidate, W of each: as wide as its block of the
    tape, and what is beyond the layer's units is 0.  Those of the three sigmoid gates are negated, since
    σ(z) = 1 / (1 + exp(-z)), and those of the candidate are negated and doubled, since tanh(z) = 2 σ(2z) - 1:
    one exp serves all four.

    Attributes
    ----------
    matrix: (K, 4W), rows as the slice ``reads`` of the tape.
    peephole: (3, W) for the input, forget and output gate, stretched like these, or None.
    reads, hidden: slices of the tape.
    """

    matrix: Array
    peephole: Array | None
    reads: slice
    hidden: slice

    def rows(self, block: slice) -> Array:
        """Return the rows of ``matrix``, a view, that belong to ``block`` of the tape."""
        return self.matrix[block.start - self.reads.start : block.stop - self.reads.start]


def lay_out_layer(network: Network, weights: Weights, layer: int, tape: Tape) -> Layer:
    """Return the weights of ``layer`` laid out for ``tape``."""
    reads, own, inputs = tape.read_by(layer), tape.hidden[layer], tape.inputs_of(layer)
    units, alphabet = network.units, network.alphabet
    kernel, recurrent, bias = (weights[f"lstm_{layer}/{part}"] for part in ("kernel", "recurrent", "bias"))
    stacked = np.zeros((reads.stop - reads.start, GATES, tape.width), np.float32)

    def place(start: int, rows: Array) -> None:
        room = stacked[start - reads.start : start - reads.start + len(rows), :, :units]
        for gate, stored in enumerate(STORED_GATES):
            np.multiply(rows.reshape(-1, GATES, units)[:, stored], STRETCH[gate], out=room[:, gate])

    seen = ROW if layer == 0 or network.skip else 0
    place(inputs.row.start, kernel[:seen])
    place(inputs.window.start, kernel[seen : seen + alphabet])
    place(inputs.one, bias[np.newaxis])
    place(own.start, recurrent)
    if layer:
        place(tape.hidden[layer - 1].start, kernel[seen + alphabet :])
    matrix = stacked.reshape(len(stacked), -1)
    return Layer(matrix, _peephole(weights.get(f"lstm_{layer}/peephole"), tape.width), reads, own)


def _peephole(stored: Array | None, width: int) -> Array | None:
    if stored is None:
        return None
    peephole = np.zeros((len(stored), width), np.float32)
    peephole[:, : stored.shape[1]] = stored * STRETCH[0]
    return peephole


class WindowLayer(NamedTuple):
    """The weights that move the window: ``matrix`` (R, 3K) over the slice ``reads`` of the tape."""

    matrix: Array
    reads: slice


def lay_out_window(network: Network, weights: Weights, tape: Tape) -> WindowLayer | None:
    """Return the window's weights laid out for ``tape``, None when there is no window."""
    if not network.window:
        return None
    hidden, inputs = tape.hidden[0], tape.inputs[0]
    matrix = np.zeros((inputs.one + 1 - hidden.start, 3 * network.window), np.float32)
    matrix[: network.units] = weights["window/kernel"]
    matrix[inputs.one - hidden.start] = weights["window/bias"]
    return WindowLayer(matrix, slice(hidden.start, inputs.one + 1))


def lay_out_output(network: Network, weights: Weights, tape: Tape) -> Array:
    """Return the output layer's weights (F, O) over the whole ``tape``."""
    kernel = weights["output/kernel"]
    matrix = np.zeros((tape.size, network.outputs), np.float32)
    matrix[tape.inputs[0].one] = weights["output/bias"]
    read = range(network.layers) if network.skip else [network.layers - 1]
    for place, layer in enumerate(read):
        rows = kernel[place * network.units : (place + 1) * network.units]
        matrix[tape.hidden[layer]][: network.units] = rows
    matrix[tape.inputs[0].window] = kernel[len(read) * network.units :]
    return matrix
