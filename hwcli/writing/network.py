"""The network in NumPy: stacked LSTM layers and a window over the text (Graves 2013, sections 2 and 5).

Two ways to run it: whole lines, a chunk of steps at a time and a layer at a time, where only what a layer says
to itself waits for its turn; and point by point, in ``hwcli.writing.stepper``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network
from hwcli.model.file import Weights
from hwcli.writing.cells import State, lstm_step
from hwcli.writing.second_core import SecondCore
from hwcli.writing.stepper import SINGLE, Company, Layout, Stepper, Steps, layout_of_few, layout_of_many
from hwcli.writing.tape import Layer, Tape, lay_out_layer, lay_out_output, lay_out_window
from hwcli.writing.window import NO_TEXT, Text, Window

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]
Texts = Sequence[Text]

CHUNK_COLUMNS = 2048
"""Steps times lines that ``run`` projects at once: enough for a fast product, little enough for the cache."""


class Attention(NamedTuple):
    """What the window looked at while the network read B lines of at most T rows.

    Attributes
    ----------
    shown: (B, T, U), phi: how much each character of the text was looked at; 0 beyond a text's end.
    kappa: (B, T, K), where the Gaussians stood; the first character is at 1.
    """

    shown: Array
    kappa: Array


class NumpyNetwork:
    """A network's weights, laid out once; makes steppers and runs over whole lines."""

    def __init__(self, network: Network, weights: Weights) -> None:
        """Take the ``weights``, by the names and shapes of ``hwcli.model.file.weight_shapes``."""
        self.network = network
        self._weights = weights
        self._laid_out: dict[Layout, Steps] = {}
        self._lock = Lock()

    @property
    def few_lanes(self) -> int:
        """How many drawings are ``Company.FEW`` at most; 0: few or alone, they are as quick among many."""
        layout = layout_of_few(self.network)
        return layout.sizes[-1] if layout else 0

    @property
    def most_lanes(self) -> int:
        """How many drawings go through the network at once."""
        return layout_of_many(self.network).sizes[-1]

    def filled_up(self, lanes: int) -> int:
        """Return how many lanes take no longer than ``lanes``, or ``most_lanes`` where these are more."""
        sizes = layout_of_many(self.network).sizes
        return next((size for size in sizes if size >= lanes), sizes[-1])

    def steps(self, company: Company = Company.MANY) -> Steps:
        """Return the weights for stepping drawings in this ``company``."""
        layout = layout_of_many(self.network)
        if company is not Company.MANY and (few := layout_of_few(self.network)):
            layout = SINGLE if company is Company.ALONE else few
        with self._lock:
            if layout not in self._laid_out:
                self._laid_out[layout] = Steps(self.network, self._weights, layout)
            return self._laid_out[layout]

    @cached_property
    def _lines(self) -> _LineWeights:
        return _LineWeights(self.network, self._weights)

    def stepper(
        self, lanes: int = 1, second_core: SecondCore | None = None, company: Company = Company.MANY
    ) -> Stepper:
        """Return a stepper for ``lanes`` drawings in lockstep, at their beginning.

        What comes out may differ in the last bits with the ``company``, not with how many there are.
        """
        return Stepper(self.steps(company), lanes, second_core)

    def run(
        self, rows: Array, mask: Mask | None = None, state: State | None = None, texts: Texts | None = None
    ) -> Array:
        """Return the outputs (B, T, O) for the ``rows`` (B, T, 3) of B lines.

        Parameters
        ----------
        mask: (B, T), where a line has a row; where it has none its state stays as it was, and what comes out
            has no meaning.
        state: of B lanes, where to begin (default: the beginning of a line); holds the end's state afterwards.
        texts: what each line says, encoded; empty, or no texts at all: not known.
        """
        outputs = np.empty((*rows.shape[:2], self.network.outputs), np.float32)
        for start, made in self.run_in_parts(rows, mask, state, texts):
            outputs[:, start : start + made.shape[1]] = made
        return outputs

    def run_in_parts(
        self, rows: Array, mask: Mask | None = None, state: State | None = None, texts: Texts | None = None
    ) -> Iterator[tuple[int, Array]]:
        """Yield what ``run`` returns, some steps at a time: the first of them and the outputs (B, t, O)."""
        state = state or State.zeros(self.network, len(rows))
        whole = _Pass(self.network, self._lines, state, texts)
        for part in _chunks(rows):
            with np.errstate(all="ignore"):  # what is not finite is for the one that asked to refuse
                made = whole.chunk(rows[:, part], None if mask is None else mask[:, part])
            yield part.start, np.ascontiguousarray(made.transpose(2, 1, 0))
        whole.save(state)

    def attention(self, rows: Array, texts: Texts, mask: Mask | None = None) -> Attention:
        """Return what the window looks at in ``rows`` (B, T, 3) with ``texts``; only the first layer runs.

        Raises
        ------
        ValueError: the network has no window.
        """
        if not self.network.window:
            raise ValueError("a network without a window looks at no text")
        lines, steps, _ = rows.shape
        widest = max(map(len, texts), default=0)
        shown = np.zeros((lines, steps, widest), np.float32)
        attention = Attention(shown, np.zeros((lines, steps, self.network.window), np.float32))
        whole = _Pass(self.network, self._lines, State.zeros(self.network, lines), texts)
        for part in _chunks(rows):
            seen = Attention(attention.shown[:, part], attention.kappa[:, part])
            with np.errstate(all="ignore"):
                whole.first_layer(rows[:, part], None if mask is None else mask[:, part], seen)
        shown *= (np.arange(widest) < np.array([[len(text)] for text in texts]))[:, np.newaxis]
        return attention


def _chunks(rows: Array) -> Iterator[slice]:
    lines, steps, _ = rows.shape
    length = max(CHUNK_COLUMNS // max(lines, 1), 1)
    return (slice(start, start + length) for start in range(0, steps, length))


class _LineWeights:
    """A network's weights laid out for whole lines."""

    def __init__(self, network: Network, weights: Weights) -> None:
        self.tape = Tape(network, network.units)
        self.layers = [lay_out_layer(network, weights, layer, self.tape) for layer in range(network.layers)]
        self.peepholes = [
            None if layer.peephole is None else layer.peephole[:, :, np.newaxis] for layer in self.layers
        ]
        self.window = lay_out_window(network, weights, self.tape)
        self.output = lay_out_output(network, weights, self.tape)


class _Pass:
    """Goes through B lines a chunk of steps at a time; numbers are laid out (features, steps, lines)."""

    def __init__(self, network: Network, weights: _LineWeights, state: State, texts: Texts | None) -> None:
        self._weights = weights
        self._hidden = [np.ascontiguousarray(h.T) for h in state.hidden]
        self._cells = [np.ascontiguousarray(c.T) for c in state.cells]
        self._vector = np.ascontiguousarray(state.vector.T)
        self._window = Window(network, len(state.kappa))
        self._window.kappa[:] = state.kappa
        if network.window:
            self._window.read(enumerate(texts or [NO_TEXT] * len(state.kappa)))

    def save(self, state: State) -> None:
        for layer, (hidden, cells) in enumerate(zip(self._hidden, self._cells, strict=True)):
            state.hidden[layer], state.cells[layer] = hidden.T, cells.T
        state.kappa[:], state.vector[:] = self._window.kappa, self._vector.T

    def chunk(self, rows: Array, mask: Mask | None) -> Array:
        """Return the outputs (O, T, B) for the ``rows`` (B, T, 3) of a chunk."""
        tape = self.first_layer(rows, mask)
        for number in range(1, len(self._weights.layers)):
            self._layer(number, tape, mask)
        return _projected(self._weights.output, tape)

    def first_layer(self, rows: Array, mask: Mask | None, seen: Attention | None = None) -> Array:
        """Return the tape (F, T, B) for the chunk ``rows``, filled as far as the first layer and the window do.

        What the window looks at goes to ``seen``.
        """
        lines, steps, _ = rows.shape
        tape = np.empty((self._weights.tape.size, steps, lines), np.float32)
        for inputs in self._weights.tape.inputs:
            tape[inputs.row] = rows.transpose(2, 1, 0)
            tape[inputs.one] = 1
        if self._weights.window is None:
            self._layer(0, tape, mask)
        else:
            self._windowed_layer(tape, mask, seen)
        return tape

    def _layer(self, number: int, tape: Array, mask: Mask | None) -> None:
        """Run one layer over the chunk; reads from below on the ``tape``, writes its own there."""
        layer = self._weights.layers[number]
        own = layer.hidden
        # All that a layer reads but itself lies in one piece, below or (layer 0) above its own block.
        below = slice(own.stop, layer.reads.stop) if number == 0 else slice(layer.reads.start, own.start)
        fixed = _projected(layer.rows(below), tape[below])
        recurrent, hidden = layer.rows(own), self._hidden[number]
        step = _Step(layer, self._weights.peepholes[number], self._cells[number], hidden, mask)
        for time in range(tape.shape[1]):
            step.take(recurrent, hidden, fixed[:, time], time)
            tape[own, time] = hidden

    def _windowed_layer(self, tape: Array, mask: Mask | None, seen: Attention | None) -> None:
        """Run the first layer and the window that hangs on it, which it reads at the next step."""
        weights, layer, window = self._weights.window, self._weights.layers[0], self._window
        assert weights is not None
        inputs, own = self._weights.tape.inputs[0], layer.hidden
        below, both = slice(inputs.row.start, layer.reads.stop), slice(own.start, inputs.window.stop)
        fixed = _projected(layer.rows(below), tape[below])
        recurrent = layer.rows(both)
        matrix, bias = weights.matrix[: own.stop].T, weights.matrix[-1:].T
        fed_back = np.concatenate([self._hidden[0], self._vector])
        hidden, vector = fed_back[own], fed_back[own.stop :]
        step = _Step(layer, self._weights.peepholes[0], self._cells[0], hidden, mask)
        for time in range(tape.shape[1]):
            step.take(recurrent, fed_back, fixed[:, time], time)
            kappa = window.kappa.copy() if mask is not None else window.kappa
            window.step(np.ascontiguousarray((matrix @ hidden + bias).T))
            if mask is None:
                vector[:] = window.vector.T
            else:
                np.copyto(window.kappa, kappa, where=~mask[:, time, np.newaxis])
                np.copyto(vector, window.vector.T, where=mask[:, time])
            tape[own, time] = hidden
            for block in self._weights.tape.inputs:
                tape[block.window, time] = vector
            if seen is not None:
                seen.shown[:, time] = window.shown[:, : seen.shown.shape[2]]
                seen.kappa[:, time] = window.kappa
        self._hidden[0][:], self._vector[:] = hidden, vector


def _projected(matrix: Array, tape: Array) -> Array:
    """Return the product (R, T, B) of a ``matrix`` (F, R) with a ``tape`` (F, T, B)."""
    return (matrix.T @ tape.reshape(len(tape), -1)).reshape(-1, *tape.shape[1:])


class _Step:
    """The steps of one layer over a chunk: ``cells`` and ``hidden`` (H, B) change in place."""

    def __init__(
        self, layer: Layer, peephole: Array | None, cells: Array, hidden: Array, mask: Mask | None
    ) -> None:
        self._peephole, self._cells, self._hidden, self._mask = peephole, cells, hidden, mask
        self._gates = np.empty((layer.matrix.shape[1], cells.shape[1]), np.float32)
        self._spare = np.empty_like(cells)

    def take(self, recurrent: Array, fed_back: Array, fixed: Array, time: int) -> None:
        """Take the step of ``time``: gates are ``recurrent`` times ``fed_back``, plus what is ``fixed``."""
        np.matmul(recurrent.T, fed_back, out=self._gates)
        np.add(self._gates, fixed, out=self._gates)
        if self._mask is None:
            lstm_step(self._gates, self._cells, self._hidden, self._peephole, self._spare)
            return
        before, away = (self._hidden.copy(), self._cells.copy()), ~self._mask[:, time]
        lstm_step(self._gates, self._cells, self._hidden, self._peephole, self._spare)
        np.copyto(self._hidden, before[0], where=away)
        np.copyto(self._cells, before[1], where=away)
