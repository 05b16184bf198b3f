"""The network at one point of each of n drawings that are written in lockstep, the lanes.

What becomes of a lane is, to the last bit, the same whichever the other lanes are and however many: small
differences would otherwise grow, point by point, to another drawing.  Element-wise work is of that kind by
itself; of a matrix product it depends on how the library sums.  So the weights are cut into tiles, each
of so many columns that the libraries at hand have a product for it that runs through the inputs of every lane
in the same order.  ``Layout`` says which; the lanes are filled up to one of its sizes.

On processors with AVX-512 OpenBLAS has products that are as quick for few lanes as one with a single vector.
Elsewhere it rearranges the weights before each, which only pays with many lanes.  There few have a layout of
their own, and so has a single one.  These sum in other orders, so which of them a drawing is written in, its
``Company``, depends on that drawing alone (``hwcli.writing.desk.Order.company``).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import cache
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
SMALL_PRODUCT = 1_000_000
"""Multiplications up to which OpenBLAS takes a product as a small one, which it does without rearranging."""
VECTOR = 8
"""Columns that a processor with AVX2 multiplies at once."""
REARRANGED = 320
"""Columns that OpenBLAS rearranges at once there."""
TRIED = 200
"""Columns for which it is tried whether the library computes steadily: enough, and soon done."""
HALVES = 2
"""Tiles of a layer's weights for a single lane, which two cores can share."""


class Company(Enum):
    """Among how many others a drawing is written, where that makes a difference."""

    ALONE = auto()
    FEW = auto()
    MANY = auto()


class Layout(NamedTuple):
    """How weights are cut into tiles, and for how many lanes at once."""

    sizes: tuple[int, ...]
    """Numbers of lanes that there are products for; fewer are filled up."""
    widest: int = 0
    """Columns that a tile has at most; 0: as many as ``tile_width`` says."""
    edge: int = 0
    """Columns of nothing on either side of a tile, whose products nobody reads."""

    @property
    def is_single(self) -> bool:
        """Whether it is for one lane alone, of which hardly any tiles are needed: the wider, the quicker."""
        return self.sizes == (1,)

    def width_for(self, columns: int, inputs: int) -> int:
        """Return how wide the tiles are of a matrix (``columns``, ``inputs``), without their edges."""
        if not self.widest:
            return tile_width(inputs)
        even = -(-columns // -(-columns // self.widest))
        return -(-even // VECTOR) * VECTOR


SMALL = Layout((2, 4, 8, 16, 32))
"""For OpenBLAS with AVX-512."""
DOZENS = Layout((2, 12, 24, 36, 48), REARRANGED - 2 * VECTOR, VECTOR)
"""For OpenBLAS with AVX2, whose product takes a dozen lanes at a time, then four, then what is left.

Dozens and two have one order of sums, but for the first and the last vector of columns in a block that
it rearranges at once: these are the edges."""
FOURS = Layout((4, 8))
"""The same, quicker with few lanes."""
EIGHT = Layout(FOURS.sizes[-1:])
"""The same for a library that is steady in none of these ways, but for lanes that are always as many."""
SINGLE = Layout((1,))
"""For one lane: products with a vector, with weights as they lie; for any library."""


class Tiles(NamedTuple):
    """A matrix (K, columns) as tiles: ``weights`` (tiles, K, width), the last filled up with 0.

    Each has an ``edge`` of so many columns of nothing on either side.
    """

    weights: Array
    edge: int

    @classmethod
    def of(cls, matrix: Array, width: int, edge: int = 0) -> Tiles:
        """Return the tiles of ``matrix`` (K, columns), each of ``width`` and the edges."""
        inputs, columns = matrix.shape
        tiles = np.zeros((-(-columns // width), inputs, width + 2 * edge), np.float32)
        for tile, start in zip(without_edges(tiles, edge), range(0, columns, width), strict=True):
            part = matrix[:, start : start + width]
            tile[:, : part.shape[1]] = part
        return cls(tiles, edge)

    def room(self, lanes: int) -> tuple[Array, Array]:
        """Return where to put the product with so many ``lanes``, and the part of it without the edges."""
        count, _, width = self.weights.shape
        whole = np.empty((count, lanes, width), np.float32)
        return whole, without_edges(whole, self.edge)


def without_edges(product: Array, edge: int) -> Array:
    """Return the columns of a ``product`` (..., width) that are not on its edges, a view."""
    return product[..., edge : product.shape[-1] - edge]


def tile_width(inputs: int) -> int:
    """Return how wide the tiles are of a matrix with so many ``inputs``."""
    return next((width for width in TILES if width * inputs * SMALL.sizes[-1] <= SMALL_PRODUCT), TILES[-1])


@cache
def layout_of_many(network: Network) -> Layout:
    """Return the layout for any number of lanes that the library at hand computes steadily, as far as seen."""
    candidates = (_small_for(network), DOZENS, FOURS, EIGHT)
    return next((layout for layout in candidates if is_steady(network, layout)), SINGLE)


@cache
def layout_of_few(network: Network) -> Layout | None:
    """Return that for few lanes, None where there is none, or that of many is as quick for them."""
    if layout_of_many(network) in (_small_for(network), SINGLE):
        return None
    return next((layout for layout in (FOURS, EIGHT) if is_steady(network, layout)), None)


def _small_for(network: Network) -> Layout:
    """Return the layout ``SMALL`` with the sizes of small products."""
    largest = max(inputs * width for inputs, width in _tile_shapes(network, SMALL))
    sizes = tuple(size for size in SMALL.sizes if size * largest <= SMALL_PRODUCT)
    return SMALL._replace(sizes=sizes or SMALL.sizes[:1])


def is_steady(network: Network, layout: Layout) -> bool:
    """Return whether a lane's products are the same to the last bit in any place and for every size.

    It is tried with as many tiles of each shape as have ``TRIED`` columns.
    """
    rng = np.random.default_rng(0)
    for inputs, width in _tile_shapes(network, layout):
        vector = rng.random((1, inputs), np.float32)
        weights = rng.random((-(-TRIED // width), inputs, width), np.float32)
        whole = (np.matmul(np.repeat(vector, size, axis=0), weights) for size in layout.sizes)
        products = [without_edges(product, layout.edge) for product in whole]
        if any((product != products[0][:, :1]).any() for product in products):
            return False
    return True


def _tile_shapes(network: Network, layout: Layout) -> set[tuple[int, int]]:
    """Return the shapes (K, width) of all tiles where lanes share their products."""
    tile, tape = _tiled_tape(network, layout)
    layers = {(block.stop - block.start, tile) for block in map(tape.read_by, range(network.layers))}
    others = {(tape.size, layout.width_for(network.outputs, tape.size))}
    if network.window:
        inputs = tape.inputs[0].one + 1 - tape.hidden[0].start
        others.add((inputs, layout.width_for(3 * network.window, inputs)))
    return {(inputs, width + 2 * layout.edge) for inputs, width in layers | others}


def _tiled_tape(network: Network, layout: Layout) -> tuple[int, Tape]:
    """Return the width of the tiles of hidden values, and the tape with these."""
    units = network.units
    tile = units if layout.is_single else layout.width_for(units, 2 * units + network.alphabet)
    return tile, Tape(network, -(-units // tile) * tile)


class _TiledLayer(NamedTuple):
    layer: Layer
    tiles: Tiles
    peephole: Array | None


class Steps:
    """A network's weights laid out for stepping; its steppers share them.

    Attributes
    ----------
    layout: how.
    tile: a layer's hidden values lie in tiles of this width.
    """

    def __init__(self, network: Network, weights: Weights, layout: Layout) -> None:
        """Lay them out."""
        self.network, self.layout = network, layout
        self.tile, self.tape = _tiled_tape(network, self.layout)
        self.layers = [self._layer(weights, layer) for layer in range(network.layers)]
        window = lay_out_window(network, weights, self.tape)
        self.window = None if window is None else (window.reads, self._tiles(window.matrix))
        self.output = self._tiles(lay_out_output(network, weights, self.tape))

    def _layer(self, weights: Weights, number: int) -> _TiledLayer:
        layer = lay_out_layer(self.network, weights, number, self.tape)
        peephole = None if layer.peephole is None else layer.peephole.reshape(3, -1, 1, self.tile)
        width = layer.matrix.shape[1] // HALVES if self.layout.is_single else self.tile
        return _TiledLayer(layer, Tiles.of(layer.matrix, width, self.layout.edge), peephole)

    def _tiles(self, matrix: Array) -> Tiles:
        inputs, columns = matrix.shape
        width = columns if self.layout.is_single else self.layout.width_for(columns, inputs)
        return Tiles.of(matrix, width, self.layout.edge)


class _Product:
    """The product of ``size`` lanes with a tiled matrix, and room for it."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        self._weights = tiles.weights
        self._whole, self._made = tiles.room(size)
        count, _, width = self._made.shape
        self._is_one_tile = count == 1
        self._rows = self._made[0] if self._is_one_tile else np.empty((size, count * width), np.float32)
        self._in_place = self._rows.reshape(size, count, width).transpose(1, 0, 2)

    def of(self, lanes: Array) -> Array:
        """Return the product (size, columns) with ``lanes`` (size, K): a view, good until the next call."""
        np.matmul(lanes, self._weights, out=self._whole)
        if not self._is_one_tile:
            np.copyto(self._in_place, self._made)
        return self._rows


class Stepper:
    """``lanes`` drawings in lockstep; see the module's text.

    Attributes
    ----------
    lanes: how many drawings there are.
    sizes: numbers of lanes that there are products for.
    window: of the lanes (and of those that fill them up), None when the network has none.
    """

    def __init__(self, steps: Steps, lanes: int, second_core: SecondCore | None = None) -> None:
        """Make the buffers, at the beginning of every drawing, without texts.

        Large products are shared with the ``second_core``; what comes out is the same.

        Raises
        ------
        ValueError: there are more lanes than go through the network at once (``Layout.sizes``).
        """
        self._steps, self._second_core = steps, second_core
        self._product = np.matmul if second_core is None else second_core.product
        size = next((size for size in steps.layout.sizes if size >= lanes), None)
        if size is None:
            raise ValueError(f"{lanes} lanes, more than {steps.layout.sizes[-1]}")
        self.lanes, self.sizes, network = lanes, steps.layout.sizes, steps.network
        shape = (steps.tape.width // steps.tile, size, steps.tile)
        self._tape = np.zeros((size, steps.tape.size), np.float32)
        for inputs in steps.tape.inputs:
            self._tape[:, inputs.one] = 1
        self._cells = np.zeros((network.layers, *shape), np.float32)
        self._made, gates = steps.layers[0].tiles.room(size)
        # Of a single lane a tile's product is several gates, which lie one after the other all the same.
        self._gates = gates.reshape(4 * shape[0], *shape[1:]) if steps.layout.is_single else gates
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
        with np.errstate(over="ignore"):  # the exp of a sigmoid's -z, where the sigmoid is 0
            for number, (layer, reads, cells, hidden) in enumerate(self._work):
                self._product(reads, layer.tiles.weights, out=self._made)
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
