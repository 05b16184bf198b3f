"""One LSTM layer over a sequence, as one operation whose gradient is written, not recorded.

Written out, the gradient lets the derivatives be clipped at the cells' pre-activations, where Graves clips
them (2013, section 2.1), and does in one matrix product over all steps what needs no order: the inputs'
projections before the loop, the weights' gradients after it.  Inside the loop a step is one matrix product and
one compiled chain of element-wise work (``cells``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import tensorflow as tf

from hwcli.learning.cells import lstm_back_step, lstm_step

Gradient = Callable[..., tuple[tf.Tensor, ...]]
Arrays = tuple[tf.TensorArray, ...]
COMPILED_UNITS = 64
"""Layers of fewer units take longer to compile than they save."""
BLOCK = 32
"""The widths of large products are filled up to a multiple of this: odd ones take up to twice as long."""


class LayerWeights(NamedTuple):
    """The weights of one layer; columns are the gates input, forget, candidate, output."""

    kernel: tf.Tensor
    """(I, 4H), from the layer's inputs."""
    recurrent: tf.Tensor
    """(H, 4H), from the layer's outputs at the step before."""
    bias: tf.Tensor
    """(4H,)"""
    peephole: tf.Tensor | None = None
    """(3, H), from the cells to the gates input, forget and output."""


class LayerStates(NamedTuple):
    """What a layer holds after each step."""

    hidden: tf.Tensor
    """(T, B, H), the layer's outputs."""
    cells: tf.Tensor
    """(T, B, H); no gradient flows through these, they are for carrying the state on."""


def lstm_sequence(
    inputs: tf.Tensor,
    mask: tf.Tensor,
    initial: tuple[tf.Tensor, tf.Tensor],
    weights: LayerWeights,
    clip: float = 0.0,
    products: tf.DType = tf.float32,
    part: int = 0,
) -> LayerStates:
    """Run one LSTM layer over T steps of B sequences.

    Parameters
    ----------
    inputs: (T, B, I) float32.
    mask: (T, B, 1) float32, 1 where there is a point; where it is 0 the state stays as it was.
    initial: hidden and cells before the first step, each (B, H); no gradient flows into them.
    weights: of the layer, float32.
    clip: largest derivative of the loss at a pre-activation; 0: no limit.
    products: type in which matrices are multiplied (float32 or bfloat16); sums and states are float32.
    part: which of the parts of a batch that run side by side this is: calls of one compiled function wait for
        each other, so each part has its own.
    """
    has_peephole, there = weights.peephole is not None, mask > 0

    @tf.custom_gradient
    def operation(
        inputs: tf.Tensor, kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, *peephole: tf.Tensor
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], Gradient]:
        parts = LayerWeights(tf.cast(kernel, products), tf.cast(recurrent, products), bias, *peephole)
        hidden, cells, gates = _forward(projected(inputs, parts.kernel), there, initial, parts, part)

        def gradient(at_hidden: tf.Tensor, _at_cells: tf.Tensor) -> tuple[tf.Tensor, ...]:
            before = [shifted(*pair) for pair in zip(initial, (hidden, cells), strict=True)]
            deltas = _backward(
                at_hidden,
                gates,
                (before[1], cells),
                there,
                parts,
                back_step_of(weights.recurrent.shape[0], clip, part),
            )
            at_kernel, at_recurrent, at_bias = weight_gradients([inputs, before[0]], deltas)
            result = [input_gradient(deltas, parts.kernel), at_kernel, at_recurrent, at_bias]
            if has_peephole:
                result.append(peephole_gradient(deltas, before[1], cells))
            return tuple(result)

        return (tf.cast(hidden, tf.float32), cells), gradient

    arguments = [inputs, weights.kernel, weights.recurrent, weights.bias]
    hidden, cells = operation(*arguments, *([weights.peephole] if has_peephole else []))
    return LayerStates(hidden, tf.stop_gradient(cells))


def _forward(
    given: tf.Tensor,
    there: tf.Tensor,
    initial: tuple[tf.Tensor, tf.Tensor],
    weights: LayerWeights,
    part: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
    """Return hidden (T, B, H) in the products' type, cells (T, B, H) and the gates' activations (T of (B, 4H)).

    ``given`` (T, B, 4H) are the inputs' projections.
    """
    _, recurrent, bias, peephole = weights
    steps, units = tf.shape(given)[0], recurrent.shape[0]
    step = step_of(units, part)

    def go_on(time: tf.Tensor, hidden: tf.Tensor, cells: tf.Tensor, arrays: Arrays) -> tuple[Any, ...]:
        sums = (given[time], tf.matmul(hidden, recurrent), bias)
        values = step(sums, hidden, cells, there[time], peephole)
        return time + 1, *values[:2], written(arrays, time, values)

    loop = (tf.constant(0), tf.cast(initial[0], recurrent.dtype), initial[1])
    arrays = tuple(array_of(steps, dtype) for dtype in (recurrent.dtype, tf.float32, tf.float32))
    *_, (hidden, cells, gates) = tf.while_loop(
        lambda time, *_: time < steps, go_on, (*loop, arrays), maximum_iterations=steps
    )
    return stacked(hidden, units), stacked(cells, units), gates


def _backward(
    at_hidden: tf.Tensor,
    gates: tf.TensorArray,
    cells: tuple[tf.Tensor, tf.Tensor],
    there: tf.Tensor,
    weights: LayerWeights,
    back_step: Callable[..., Any],
) -> tf.Tensor:
    """Return the derivatives of the loss at the pre-activations, (T, B, 4H), in the products' type.

    ``cells`` are those before and after each step.  Where nothing is there a step hands derivatives through.
    """
    (before, after), (_, recurrent, _, peephole) = cells, weights
    steps, units = tf.shape(at_hidden)[0], recurrent.shape[0]

    def go_back(time: tf.Tensor, *state: Any) -> tuple[Any, ...]:
        *later, deltas = state
        step = (gates.read(time), (before[time], after[time]), at_hidden[time])
        delta, *earlier = back_step(step, later, there[time], peephole)
        from_later = tf.matmul(delta, recurrent, transpose_b=True)
        return time - 1, from_later, *earlier, deltas.write(time, delta)

    zeros = tf.zeros_like(after[0])
    loop = (steps - 1, tf.cast(zeros, recurrent.dtype), zeros, zeros, array_of(steps, recurrent.dtype))
    *_, deltas = tf.while_loop(lambda time, *_: time >= 0, go_back, loop, maximum_iterations=steps)
    return stacked(deltas, 4 * units)


def fused(function: Callable[..., Any], units: int) -> Callable[..., Any]:
    """Return ``function``, compiled by XLA for each shape that it meets where the units are worth it."""
    return tf.function(function, jit_compile=True, autograph=False) if units >= COMPILED_UNITS else function


@cache
def step_of(units: int, _part: int) -> Callable[..., Any]:
    """Return the step of one part: the new hidden and cells, or those before, and the gates."""

    def step(sums: Any, hidden: tf.Tensor, cells: tf.Tensor, there: tf.Tensor, peephole: Any) -> Any:
        new = lstm_step(sums, cells, peephole)
        hidden = tf.where(there, tf.cast(new.hidden, hidden.dtype), hidden)
        return hidden, tf.where(there, new.cells, cells), new.gates

    return fused(step, units)


@cache
def back_step_of(units: int, clip: float, _part: int) -> Callable[..., Any]:
    """Return the way back over a step: the deltas, and what the step before is handed."""

    def back_step(step: Any, later: Any, there: tf.Tensor, peephole: Any) -> Any:
        (gates, cells, at_hidden), (from_later, handed, at_cells) = step, later
        at_hidden += tf.cast(from_later, tf.float32) + handed
        none = tf.zeros_like(at_hidden)
        here = [tf.where(there, value, none) for value in (at_hidden, at_cells)]
        new = lstm_back_step(gates, cells, here[0], here[1], peephole, clip)
        handed = tf.where(there, none, at_hidden)
        return tf.cast(new.deltas, from_later.dtype), handed, tf.where(there, new.cells, at_cells)

    return fused(back_step, units)


def array_of(steps: tf.Tensor, dtype: tf.DType) -> tf.TensorArray:
    """Return an array of a tensor a step."""
    return tf.TensorArray(dtype, steps, clear_after_read=False)


def written(arrays: Arrays, time: tf.Tensor, values: tuple[tf.Tensor, ...]) -> Arrays:
    """Return ``arrays`` with ``values`` at ``time``."""
    return tuple(array.write(time, value) for array, value in zip(arrays, values, strict=True))


def stacked(array: tf.TensorArray, width: int) -> tf.Tensor:
    """Return the (T, B, width) of an array of (B, width)."""
    return tf.ensure_shape(array.stack(), [None, None, width])


def shifted(initial: tf.Tensor, later: tf.Tensor) -> tf.Tensor:
    """Return what was there before each step: ``initial`` (B, N), then ``later`` (T, B, N) but for its last."""
    return tf.concat([tf.cast(initial, later.dtype)[None], later[:-1]], 0)


def filled(parts: list[tf.Tensor], dtype: tf.DType) -> tf.Tensor:
    """Return (T, B, N) ``parts`` side by side as (T * B, N'), zeros after them up to a multiple of BLOCK."""
    width = sum(part.shape[-1] for part in parts)
    rows = tf.reduce_prod(tf.shape(parts[0])[:2])
    narrow = [tf.reshape(tf.cast(part, dtype), [rows, part.shape[-1]]) for part in parts]
    return tf.concat([*narrow, tf.zeros([rows, -width % BLOCK], dtype)], 1)


def projected(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Return the products of (T, B, I) ``inputs`` with ``kernel`` (I, N), in its type."""
    wide = tf.pad(kernel, [[0, -kernel.shape[0] % BLOCK], [0, 0]])
    product = tf.matmul(filled([inputs], kernel.dtype), wide)
    return tf.reshape(product, [tf.shape(inputs)[0], tf.shape(inputs)[1], kernel.shape[1]])


def input_gradient(deltas: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Return the derivatives at the inputs, (T, B, I) float32, from ``deltas`` (T, B, N) behind ``kernel``."""
    wide = tf.pad(kernel, [[0, -kernel.shape[0] % BLOCK], [0, 0]])
    product = tf.matmul(tf.reshape(deltas, [-1, deltas.shape[-1]]), wide, transpose_b=True)
    narrow = tf.cast(product[:, : kernel.shape[0]], tf.float32)
    return tf.reshape(narrow, [tf.shape(deltas)[0], tf.shape(deltas)[1], kernel.shape[0]])


def weight_gradients(parts: list[tf.Tensor], deltas: tf.Tensor) -> list[tf.Tensor]:
    """Return the gradients of the weights of each of ``parts`` (T, B, N), and last that of the bias.

    One product does all: the parts side by side, and a column of ones for the bias.
    """
    ones = tf.ones_like(deltas[..., :1])
    wide = filled([*parts, ones], deltas.dtype)
    flat = tf.reshape(deltas, [-1, deltas.shape[-1]])
    gradient = tf.cast(tf.matmul(wide, flat, transpose_a=True), tf.float32)
    widths = [part.shape[-1] for part in parts]
    *found, bias, _ = tf.split(gradient, [*widths, 1, -(sum(widths) + 1) % BLOCK])
    return [*found, bias[0]]


def peephole_gradient(deltas: tf.Tensor, cells_before: tf.Tensor, cells_after: tf.Tensor) -> tf.Tensor:
    """Return the gradient of the peepholes, (3, H), from ``deltas`` (T, B, 4H) and the cells (T, B, H)."""
    at_i, at_f, _, at_o = tf.split(tf.cast(deltas, tf.float32), 4, axis=2)
    pairs = ((at_i, cells_before), (at_f, cells_before), (at_o, cells_after))
    return tf.stack([tf.reduce_sum(delta * cells, [0, 1]) for delta, cells in pairs])
