"""The network in NumPy: stacked LSTM layers (Graves 2013, sections 2 and 2.1), point by point or line by line.

All numbers are laid out with the features first, (features, lanes), a lane being one of the drawings that go
in lockstep.  The hidden values of all layers, the inputs between them and a constant 1 for the biases share one
array, the tape, in an order that makes what each layer reads one contiguous slice of it:

    h0 | x 1 | h1 | h2 | x 1 | h3 | h4 | x 1 | h5 ...

Layer l writes its new h over its old one, and layer l + 1 reads it where it lies.  So a layer's step is a
single matrix product (inputs, layer below, recurrence and bias at once) and some element-wise work, in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network
from hwcli.model.file import Weights

Array = NDArray[np.float32]

INPUTS = 4
"""Features of an x block on the tape: dx, dy, up, and the constant 1 of the biases."""
CHUNK_COLUMNS = 2048
"""Steps times lines that ``run`` projects at once: enough for a fast product, little enough for the cache."""


@dataclass
class State:
    """What the network remembers: ``hidden`` and ``cells``, each (layers, lanes, units) float32."""

    hidden: Array
    cells: Array

    @classmethod
    def zeros(cls, network: Network, lanes: int) -> State:
        """Return the state before a drawing's first point."""
        shape = (network.layers, lanes, network.units)
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32))


class Tape:
    """Where each block lies on the tape of a network."""

    def __init__(self, network: Network) -> None:
        """Lay out the blocks in the order that the module's text shows."""
        self.hidden: list[slice] = []
        self.inputs: list[slice] = []
        self.size = 0
        for layer in range(network.layers):
            if layer > 1 and layer % 2:
                self.inputs.append(self._block(INPUTS))
            self.hidden.append(self._block(network.units))
            if layer == 0:
                self.inputs.append(self._block(INPUTS))

    def _block(self, features: int) -> slice:
        self.size += features
        return slice(self.size - features, self.size)

    def inputs_of(self, layer: int) -> slice:
        """Return the x block that ``layer`` reads."""
        return self.inputs[layer // 2] if layer % 2 or not layer else self.inputs[layer // 2 - 1]

    def read_by(self, layer: int) -> slice:
        """Return the slice that ``layer`` reads: its inputs, the layer below and itself."""
        blocks = [self.inputs_of(layer), *self.hidden[max(layer - 1, 0) : layer + 1]]
        return slice(min(block.start for block in blocks), max(block.stop for block in blocks))


@dataclass(frozen=True)
class Layer:
    """The weights of an LSTM layer as its step needs them.

    Rows are the gates in the order input, forget, output, candidate.  Those of the three sigmoid gates are
    halved, since σ(z) = tanh(z / 2) / 2 + 1/2: one tanh serves all four.

    Attributes
    ----------
    matrix: (4H, K), columns as the slice ``reads`` of the tape.
    peephole: (3, H, 1) for the input, forget and output gate, or None.
    reads, hidden: slices of the tape.
    """

    matrix: Array
    peephole: Array | None
    reads: slice
    hidden: slice

    def columns(self, block: slice) -> Array:
        """Return the columns of ``matrix``, a view, that belong to ``block`` of the tape."""
        return self.matrix[:, block.start - self.reads.start : block.stop - self.reads.start]


def _lay_out(network: Network, weights: Weights, layer: int, tape: Tape) -> Layer:
    kernel, recurrent, bias = (weights[f"lstm_{layer}/{part}"] for part in ("kernel", "recurrent", "bias"))
    reads, own, inputs = tape.read_by(layer), tape.hidden[layer], tape.inputs_of(layer)
    stacked = np.zeros((reads.stop - reads.start, 4 * network.units), np.float32)

    def place(start: int, rows: Array) -> None:
        stacked[start - reads.start : start - reads.start + len(rows)] = rows

    seen = 3 if layer == 0 or network.skip else 0
    place(inputs.start, kernel[:seen])
    place(inputs.start + 3, bias[np.newaxis])
    place(own.start, recurrent)
    if layer:
        place(tape.hidden[layer - 1].start, kernel[seen:])
    gates = stacked.reshape(-1, 4, network.units)[:, [0, 1, 3, 2]]
    gates[:, :3] *= 0.5
    matrix = np.ascontiguousarray(gates.reshape(-1, 4 * network.units).T)
    peephole = weights.get(f"lstm_{layer}/peephole")
    if peephole is not None:
        peephole = (peephole * np.float32(0.5))[:, :, np.newaxis]
    return Layer(matrix, peephole, reads, own)


def _lay_out_output(network: Network, weights: Weights, tape: Tape) -> Array:
    kernel = weights["output/kernel"]
    matrix = np.zeros((network.outputs, tape.size), np.float32)
    matrix[:, tape.inputs[0].start + 3] = weights["output/bias"]
    read = range(network.layers) if network.skip else [network.layers - 1]
    for layer, rows in zip(read, np.split(kernel, len(read)), strict=True):
        matrix[:, tape.hidden[layer]] = rows.T
    return matrix


def lstm_step(gates: Array, cells: Array, hidden: Array, peephole: Array | None, spare: Array) -> None:
    """Take one step of an LSTM layer (Graves 2013, equations 7 to 11), in place.

    Parameters
    ----------
    gates: (4H, n), the pre-activations as ``Layer`` orders and halves them; overwritten.
    cells: (H, n), the cells before the step, then after it.
    hidden: (H, n), gets the layer's new output.
    spare: (H, n), overwritten.
    """
    units = len(cells)
    in_gate, forget, out_gate, candidate = (gates[i * units : (i + 1) * units] for i in range(4))
    if peephole is not None:
        in_gate += np.multiply(peephole[0], cells, out=spare)
        forget += np.multiply(peephole[1], cells, out=spare)
        _sigmoid_of_half(gates[: 2 * units])
        np.tanh(candidate, out=candidate)
    else:
        np.tanh(gates, out=gates)
        _stretch(gates[: 3 * units])
    np.multiply(cells, forget, out=cells)
    np.multiply(candidate, in_gate, out=candidate)
    np.add(cells, candidate, out=cells)
    if peephole is not None:
        out_gate += np.multiply(peephole[2], cells, out=spare)
        _sigmoid_of_half(out_gate)
    np.tanh(cells, out=spare)
    np.multiply(out_gate, spare, out=hidden)


def _sigmoid_of_half(halved: Array) -> None:
    np.tanh(halved, out=halved)
    _stretch(halved)


def _stretch(values: Array) -> None:
    np.multiply(values, np.float32(0.5), out=values)
    np.add(values, np.float32(0.5), out=values)


class NumpyNetwork:
    """A network's weights, laid out once; makes steppers and runs over whole lines."""

    def __init__(self, network: Network, weights: Weights) -> None:
        """Lay out the ``weights``, by the names and shapes of ``hwcli.model.file.weight_shapes``."""
        self.network = network
        self.tape = Tape(network)
        self.layers = [_lay_out(network, weights, layer, self.tape) for layer in range(network.layers)]
        self.output = _lay_out_output(network, weights, self.tape)

    def stepper(self, lanes: int = 1) -> Stepper:
        """Return a stepper for ``lanes`` drawings in lockstep, at their beginning."""
        return Stepper(self, lanes)

    def run(self, rows: Array, mask: NDArray[np.bool_] | None = None, state: State | None = None) -> Array:
        """Return the outputs (B, T, O) for the ``rows`` (B, T, 3) of B lines.

        Parameters
        ----------
        mask: (B, T), where a line has a row; where it has none its state stays as it was, and what comes out
            has no meaning.
        state: of B lanes, where to begin (default: the beginning of a line); holds the end's state afterwards.
        """
        outputs = np.empty((*rows.shape[:2], self.network.outputs), np.float32)
        for start, made in self.run_in_parts(rows, mask, state):
            outputs[:, start : start + made.shape[1]] = made
        return outputs

    def run_in_parts(
        self, rows: Array, mask: NDArray[np.bool_] | None = None, state: State | None = None
    ) -> Iterator[tuple[int, Array]]:
        """Yield what ``run`` returns, some steps at a time: the first of them and the outputs (B, t, O)."""
        lines, steps, _ = rows.shape
        state = state or State.zeros(self.network, lines)
        whole = _Pass(self, state)
        length = max(CHUNK_COLUMNS // max(lines, 1), 1)
        for start in range(0, steps, length):
            part = slice(start, start + length)
            made = whole.chunk(rows[:, part], None if mask is None else mask[:, part])
            yield start, np.ascontiguousarray(made.transpose(2, 1, 0))
        whole.save(state)


class Stepper:
    """The network at one point of each of ``lanes`` drawings that are written in lockstep."""

    def __init__(self, network: NumpyNetwork, lanes: int) -> None:
        """Make the buffers, at the beginning of every drawing."""
        self.network = network
        units = network.network.units
        self._tape = np.zeros((network.tape.size, lanes), np.float32)
        self._cells = np.zeros((network.network.layers, units, lanes), np.float32)
        self._gates = np.empty((4 * units, lanes), np.float32)
        self._spare = np.empty((units, lanes), np.float32)
        self._outputs = np.empty((network.network.outputs, lanes), np.float32)
        for block in network.tape.inputs:
            self._tape[block.start + 3] = 1
        self._work = [
            (layer, self._tape[layer.reads], cells, self._tape[layer.hidden])
            for layer, cells in zip(network.layers, self._cells, strict=True)
        ]

    def feed(self, rows: Array) -> None:
        """Read the next row, (lanes, 3), of every lane."""
        for block in self.network.tape.inputs:
            self._tape[block.start : block.start + 3] = rows.T
        for layer, reads, cells, hidden in self._work:
            np.matmul(layer.matrix, reads, out=self._gates)
            lstm_step(self._gates, cells, hidden, layer.peephole, self._spare)

    def outputs(self) -> Array:
        """Return the outputs (lanes, O) after the last row: a view, good until the next call."""
        return np.matmul(self.network.output, self._tape, out=self._outputs).T

    def reset(self, lane: int) -> None:
        """Bring one lane back to the beginning of a drawing."""
        self._cells[:, :, lane] = 0
        for block in self.network.tape.hidden:
            self._tape[block, lane] = 0

    @property
    def state(self) -> State:
        """Return a copy of the state of all lanes."""
        hidden = np.stack([self._tape[block].T for block in self.network.tape.hidden])
        return State(hidden, self._cells.transpose(0, 2, 1).copy())

    @state.setter
    def state(self, state: State) -> None:
        self._cells[:] = state.cells.transpose(0, 2, 1)
        for block, hidden in zip(self.network.tape.hidden, state.hidden, strict=True):
            self._tape[block] = hidden.T


class _Pass:
    """Goes through B lines a chunk of steps at a time; what need not wait for its turn is done at once."""

    def __init__(self, network: NumpyNetwork, state: State) -> None:
        self.network = network
        self.hidden = [np.ascontiguousarray(h.T) for h in state.hidden]
        self.cells = [np.ascontiguousarray(c.T) for c in state.cells]

    def save(self, state: State) -> None:
        for layer, (hidden, cells) in enumerate(zip(self.hidden, self.cells, strict=True)):
            state.hidden[layer], state.cells[layer] = hidden.T, cells.T

    def chunk(self, rows: Array, mask: NDArray[np.bool_] | None) -> Array:
        """Return the outputs (O, T, B) for the ``rows`` (B, T, 3) of a chunk."""
        lines, steps, _ = rows.shape
        tape = np.empty((self.network.tape.size, steps, lines), np.float32)
        for block in self.network.tape.inputs:
            tape[block.start : block.start + 3] = rows.transpose(2, 1, 0)
            tape[block.start + 3] = 1
        for number in range(len(self.network.layers)):
            self._layer(number, tape, mask)
        return (self.network.output @ tape.reshape(len(tape), -1)).reshape(-1, steps, lines)

    def _layer(self, number: int, tape: Array, mask: NDArray[np.bool_] | None) -> None:
        """Run one layer over the chunk; reads from below on the ``tape`` (F, T, B), writes its own there."""
        layer, cells, hidden = self.network.layers[number], self.cells[number], self.hidden[number]
        _, steps, lines = tape.shape
        # All that a layer reads but itself lies in one piece, below or (layer 0) above its own block.
        own = layer.hidden
        below = slice(own.stop, layer.reads.stop) if number == 0 else slice(layer.reads.start, own.start)
        fixed = layer.columns(below) @ tape[below].reshape(below.stop - below.start, -1)
        fixed = fixed.reshape(-1, steps, lines)
        recurrent, gates, spare = (
            layer.columns(own),
            np.empty((len(fixed), lines), np.float32),
            np.empty_like(cells),
        )
        for step in range(steps):
            np.matmul(recurrent, hidden, out=gates)
            np.add(gates, fixed[:, step], out=gates)
            before = (hidden.copy(), cells.copy()) if mask is not None else None
            lstm_step(gates, cells, hidden, layer.peephole, spare)
            if mask is not None and before is not None:
                np.copyto(hidden, before[0], where=~mask[:, step])
                np.copyto(cells, before[1], where=~mask[:, step])
            tape[own, step] = hidden
