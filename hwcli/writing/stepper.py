"""The network at one point of each of n drawings that are written in lockstep, the lanes.

What becomes of a lane is, to the last bit, the same whichever the other lanes are and however many: small
differences would otherwise grow, point by point, to another drawing.  Element-wise work is of that kind by
itself; of a matrix product it depends on how the library sums.  So the weights are cut into tiles, few columns
each, for which the libraries at hand have a product that runs through the inputs of every lane in the same
order (and that, for few lanes, is as quick as a product with a single vector).  ``steady_sizes`` looks
whether that is so, and the lanes are filled up to one of the sizes that it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network
from hwcli.model.file import Weights
from hwcli.writing.cells import State, lstm_step
from hwcli.writing.second_core import SecondCore
from hwcli.writing.tape import Layer, Tape, lay_out_layer, lay_out_output, lay_out_window
from hwcli.writing.window import NO_TEXT, Text, Window

Array = NDArray[np.float32]

TILES = (32, 16)
"""Columns of a tile: the narrower ones where a product of the wider would not be a small one."""
SIZES = (2, 4, 8, 16, 32)
"""Numbers of lanes that a product is made for."""
FEW_SIZES = (4, 8)
"""The same where the library sums more lanes in another order."""
SMALL_PRODUCT = 1_000_000
"""Multiplications up to which OpenBLAS takes a product as a small one, which it does without rearranging."""


class Tiles(NamedTuple):
    """A matrix (K, columns) as tiles: ``weights`` (tiles, K, width), the last filled up with 0."""

    weights: Array

    @classmethod
    def of(cls, matrix: Array, width: int | None = None) -> Tiles:
        """Return the tiles of ``matrix`` (columns, K), of the given ``width`` or of that which suits it."""
        columns, inputs = matrix.shape
        width = width or tile_width(inputs)
        padded = np.zeros((-(-columns // width), width, inputs), np.float32)
        padded.reshape(-1, inputs)[:columns] = matrix
        return cls(np.ascontiguousarray(padded.transpose(0, 2, 1)))


def tile_width(inputs: int) -> int:
    """Return how wide the tiles are of a matrix with so many ``inputs``."""
    return next((width for width in TILES if width * inputs * SIZES[-1] <= SMALL_PRODUCT), TILES[-1])


def steady_sizes(tiles: Tiles) -> tuple[int, ...]:
    """Return the numbers of lanes with which a lane's product has always the same bits, as far as can be seen.

    Where there is none but the largest of ``FEW_SIZES`` it is that one alone.
    """
    _, inputs, width = tiles.weights.shape
    sizes = tuple(size for size in SIZES if size * inputs * width <= SMALL_PRODUCT) or SIZES[:1]
    rows = np.random.default_rng(0).standard_normal((max(sizes + FEW_SIZES), inputs)).astype(np.float32)
    for candidates in (sizes, FEW_SIZES):
        if _agree(tiles.weights[:2], rows[: max(candidates)], candidates):
            return candidates
    return FEW_SIZES[-1:]


def _agree(weights: Array, rows: Array, sizes: Sequence[int]) -> bool:
    parts = [part for size in sizes for part in (slice(0, size), slice(len(rows) - size, len(rows)))]
    with np.errstate(all="ignore"):  # what is not finite is refused when it is written
        whole = np.matmul(rows, weights)
        return all(np.array_equal(np.matmul(rows[part], weights), whole[:, part]) for part in parts)


class _TiledLayer(NamedTuple):
    layer: Layer
    tiles: Tiles
    peephole: Array | None


class Steps:
    """A network's weights laid out for stepping; its steppers share them."""

    def __init__(self, network: Network, weights: Weights) -> None:
        """Lay them out."""
        self.network = network
        self.tile = tile_width(2 * network.units + network.alphabet)
        self.tape = Tape(network, -(-network.units // self.tile) * self.tile)
        self.layers = [self._layer(weights, layer) for layer in range(network.layers)]
        window = lay_out_window(network, weights, self.tape)
        self.window = None if window is None else (window.reads, Tiles.of(window.matrix))
        self.output = Tiles.of(lay_out_output(network, weights, self.tape))
        every = [self.output, *(layer.tiles for layer in self.layers)]
        self.sizes = steady_sizes(max(every, key=lambda tiles: int(np.prod(tiles.weights.shape[1:]))))

    def _layer(self, weights: Weights, number: int) -> _TiledLayer:
        layer = lay_out_layer(self.network, weights, number, self.tape)
        peephole = None if layer.peephole is None else layer.peephole.reshape(3, -1, 1, self.tile)
        return _TiledLayer(layer, Tiles.of(layer.matrix, self.tile), peephole)


class _Product:
    """The product of ``size`` lanes with a tiled matrix, and room for it."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        self._weights = tiles.weights
        count, _, width = self._weights.shape
        self._made = np.empty((count, size, width), np.float32)
        self._rows = np.empty((size, count * width), np.float32)
        self._in_place = self._rows.reshape(size, count, width).transpose(1, 0, 2)

    def of(self, lanes: Array) -> Array:
        """Return the product (size, columns) with ``lanes`` (size, K): a view, good until the next call."""
        np.matmul(lanes, self._weights, out=self._made)
        np.copyto(self._in_place, self._made)
        return self._rows


class Stepper:
    """``lanes`` drawings in lockstep; see the module's text.

    Attributes
    ----------
    lanes: how many drawings there are.
    window: of the lanes (and of those that fill them up), None when the network has none.
    """

    def __init__(self, steps: Steps, lanes: int, second_core: SecondCore | None = None) -> None:
        """Make the buffers, at the beginning of every drawing, without texts.

        Large products are shared with the ``second_core``; what comes out is the same.

        Raises
        ------
        ValueError: there are more lanes than go through the network at once (``Steps.sizes``).
        """
        self._steps, self._second_core = steps, second_core
        self._product = np.matmul if second_core is None else second_core.product
        size = next((size for size in steps.sizes if size >= lanes), None)
        if size is None:
            raise ValueError(f"{lanes} lanes, more than {steps.sizes[-1]}")
        self.lanes, network = lanes, steps.network
        shape = (steps.tape.width // steps.tile, size, steps.tile)
        self._tape = np.zeros((size, steps.tape.size), np.float32)
        for inputs in steps.tape.inputs:
            self._tape[:, inputs.one] = 1
        self._cells = np.zeros((network.layers, *shape), np.float32)
        self._gates = np.empty((4 * shape[0], *shape[1:]), np.float32)
        self._spare = np.empty(shape, np.float32)
        self._output = _Product(steps.output, size)
        self.window = Window(network, size) if network.window else None
        self._moves = None if steps.window is None else _Product(steps.window[1], size)
        self._work = [
            (layer, self._tape[:, layer.layer.reads], cells, self._tiled(layer.layer.hidden))
            for layer, cells in zip(steps.layers, self._cells, strict=True)
        ]

    def _tiled(self, block: slice) -> Array:
        """Return a ``block`` of the tape as (tiles, size, width), a view."""
        return self._tape[:, block].reshape(len(self._tape), -1, self._steps.tile).transpose(1, 0, 2)

    def feed(self, rows: Array) -> None:
        """Read the next row, (lanes, 3), of every lane."""
        for inputs in self._steps.tape.inputs:
            self._tape[: self.lanes, inputs.row] = rows
        for number, (layer, reads, cells, hidden) in enumerate(self._work):
            self._product(reads, layer.tiles.weights, out=self._gates)
            lstm_step(self._gates, cells, hidden, layer.peephole, self._spare)
            if number == 0 and self.window is not None:
                self._move(self.window)

    def _move(self, window: Window) -> None:
        assert self._steps.window is not None
        assert self._moves is not None
        moves = self._moves.of(self._tape[:, self._steps.window[0]])
        window.step(moves[:, : 3 * self._steps.network.window])
        for inputs in self._steps.tape.inputs:
            self._tape[:, inputs.window] = window.vector

    def outputs(self) -> Array:
        """Return the outputs (lanes, O) after the last row: a view, good until the next call."""
        return self._output.of(self._tape)[: self.lanes, : self._steps.network.outputs]

    def begin(self, lane: int, text: Text = NO_TEXT, state: State | None = None) -> None:
        """Have ``lane`` begin a drawing with this ``text``; from the ``state`` of one lane, if there is one."""
        self._put(lane, state or State.zeros(self._steps.network, 1))
        if self.window is not None:
            self.window.read([(lane, text)])

    def _put(self, lane: int, state: State) -> None:
        units, tape = self._steps.network.units, self._steps.tape
        for layer, block in enumerate(tape.hidden):
            self._tape[lane, block][:units] = state.hidden[layer, 0]
            cells = np.pad(state.cells[layer, 0], (0, tape.width - units))
            self._cells[layer, :, lane] = cells.reshape(-1, self._steps.tile)
        for inputs in tape.inputs:
            self._tape[lane, inputs.window] = state.vector[0]
        if self.window is not None:
            self.window.kappa[lane] = state.kappa[0]

    def kept(self, lanes: Sequence[int]) -> Stepper:
        """Return a stepper of these ``lanes`` alone, in the order given."""
        fewer = Stepper(self._steps, len(lanes), self._second_core)
        for new, old in enumerate(lanes):
            fewer.begin(new, NO_TEXT if self.window is None else self.window.texts[old], self.state(old))
        return fewer

    def state(self, lane: int) -> State:
        """Return a copy of the state of one lane."""
        network, tape = self._steps.network, self._steps.tape
        state = State.zeros(network, 1)
        for layer, block in enumerate(tape.hidden):
            state.hidden[layer, 0] = self._tape[lane, block][: network.units]
            state.cells[layer, 0] = self._cells[layer, :, lane].reshape(-1)[: network.units]
        if self.window is not None:
            state.kappa[0], state.vector[0] = self.window.kappa[lane], self._tape[lane, tape.inputs[0].window]
        return state
