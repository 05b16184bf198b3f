"""One LSTM layer over a sequence, as one operation whose gradient is written, not recorded.

The equations are those of Graves 2013 (section 2, equations 7 to 11), with or without peepholes.  Written out,
the gradient lets the derivatives be clipped at the cells' pre-activations, where Graves clips them (section
2.1), and does in one matrix product over all steps what needs no order: the inputs' projections before the
loop, the weights' gradients after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Gradient = Callable[..., tuple[tf.Tensor, ...]]
Arrays = tuple[tf.TensorArray, ...]


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
    """
    has_peephole = weights.peephole is not None

    @tf.custom_gradient
    def operation(
        inputs: tf.Tensor, kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, *peephole: tf.Tensor
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], Gradient]:
        peepholes = peephole[0] if has_peephole else None
        parts = (tf.cast(kernel, products), tf.cast(recurrent, products))
        hidden, cells, gates = _forward(inputs, mask, initial, LayerWeights(*parts, bias, peepholes))

        def gradient(hidden_gradient: tf.Tensor, _cells_gradient: tf.Tensor) -> tuple[tf.Tensor, ...]:
            before = [
                tf.concat([first[None], later[:-1]], 0)
                for first, later in zip(initial, (hidden, cells), strict=True)
            ]
            deltas = _backward(hidden_gradient, gates, (before[1], cells), mask, (parts[1], peepholes), clip)
            result = _weight_gradients(deltas, inputs, before[0], parts[0])
            if has_peephole:
                result.append(_peephole_gradient(deltas, before[1], cells))
            return tuple(result)

        return (hidden, cells), gradient

    arguments = [inputs, weights.kernel, weights.recurrent, weights.bias]
    hidden, cells = operation(*arguments, *([weights.peephole] if has_peephole else []))
    return LayerStates(hidden, tf.stop_gradient(cells))


def _product(left: tf.Tensor, right: tf.Tensor, **options: bool) -> tf.Tensor:
    """Return the matrix product in the type of ``right``, as float32."""
    return tf.cast(tf.matmul(tf.cast(left, right.dtype), right, **options), tf.float32)


def _flat(tensor: tf.Tensor) -> tf.Tensor:
    """Return (T, B, N) as (T * B, N)."""
    return tf.reshape(tensor, [-1, tensor.shape[-1]])


def _forward(
    inputs: tf.Tensor,
    mask: tf.Tensor,
    initial: tuple[tf.Tensor, tf.Tensor],
    weights: LayerWeights,
) -> tuple[tf.Tensor, ...]:
    """Return hidden (T, B, H), cells (T, B, H) and the four gates' activations (T, B, 4H)."""
    kernel, recurrent, bias, peephole = weights
    steps, batch, units = tf.shape(inputs)[0], tf.shape(inputs)[1], recurrent.shape[0]
    projected = tf.reshape(_product(_flat(inputs), kernel) + bias, [steps, batch, 4 * units])
    arrays = tuple(tf.TensorArray(tf.float32, steps) for _ in range(3))

    def step(time: tf.Tensor, hidden: tf.Tensor, cells: tf.Tensor, arrays: Arrays) -> tuple[Any, ...]:
        i, f, g, o = tf.split(projected[time] + _product(hidden, recurrent), 4, axis=1)
        if peephole is not None:
            i, f = i + cells * peephole[0], f + cells * peephole[1]
        i, f, g = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g)
        new_cells = f * cells + i * g
        o = tf.sigmoid(o if peephole is None else o + new_cells * peephole[2])
        there = mask[time]
        cells += there * (new_cells - cells)
        hidden += there * (o * tf.tanh(new_cells) - hidden)
        values = (hidden, cells, tf.concat([i, f, g, o], 1))
        return time + 1, hidden, cells, tuple(a.write(time, v) for a, v in zip(arrays, values, strict=True))

    loop = (tf.constant(0), *initial, arrays)
    *_, arrays = tf.while_loop(lambda time, *_: time < steps, step, loop, maximum_iterations=steps)
    hidden, cells, gates = (array.stack() for array in arrays)
    return tuple(
        tf.ensure_shape(value, [None, None, width])
        for value, width in ((hidden, units), (cells, units), (gates, 4 * units))
    )


def _backward(
    hidden_gradient: tf.Tensor,
    gates: tf.Tensor,
    cells: tuple[tf.Tensor, tf.Tensor],
    mask: tf.Tensor,
    weights: tuple[tf.Tensor, tf.Tensor | None],
    clip: float,
) -> tf.Tensor:
    """Return the derivatives of the loss at the pre-activations, (T, B, 4H).

    ``cells`` are those before and after each step.  With the mask at 0 a step hands the derivatives through.
    """
    (cells_before, cells_after), (recurrent, peephole) = cells, weights
    steps, units = tf.shape(gates)[0], recurrent.shape[0]

    def clipped(value: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(value, -clip, clip) if clip else value

    def step(
        count: tf.Tensor, hidden_later: tf.Tensor, cells_later: tf.Tensor, deltas: tf.TensorArray
    ) -> tuple[Any, ...]:
        time = steps - 1 - count
        there, old = mask[time], cells_before[time]
        i, f, g, o = tf.split(gates[time], 4, axis=1)
        squashed = tf.tanh(cells_after[time])
        at_hidden = hidden_gradient[time] + hidden_later
        at_o = clipped(there * at_hidden * squashed * o * (1 - o))
        at_cells = there * (at_hidden * o * (1 - squashed * squashed) + cells_later)
        if peephole is not None:
            at_cells += at_o * peephole[2]
        at_i = clipped(at_cells * g * i * (1 - i))
        at_f = clipped(at_cells * old * f * (1 - f))
        delta = tf.concat([at_i, at_f, clipped(at_cells * i * (1 - g * g)), at_o], 1)
        cells_earlier = at_cells * f + (1 - there) * cells_later
        if peephole is not None:
            cells_earlier += at_i * peephole[0] + at_f * peephole[1]
        hidden_earlier = _product(delta, recurrent, transpose_b=True) + (1 - there) * at_hidden
        return count + 1, hidden_earlier, cells_earlier, deltas.write(time, delta)

    zeros = tf.zeros_like(hidden_gradient[0])
    loop = (tf.constant(0), zeros, zeros, tf.TensorArray(tf.float32, steps))
    *_, deltas = tf.while_loop(lambda count, *_: count < steps, step, loop, maximum_iterations=steps)
    return tf.ensure_shape(deltas.stack(), [None, None, 4 * units])


def _weight_gradients(
    deltas: tf.Tensor, inputs: tf.Tensor, hidden_before: tf.Tensor, kernel: tf.Tensor
) -> list[tf.Tensor]:
    """Return the gradients of inputs, kernel, recurrent weights and bias from the derivatives ``deltas``."""
    flat = _flat(deltas)
    narrow = tf.cast(flat, kernel.dtype)
    at_inputs = tf.reshape(_product(narrow, kernel, transpose_b=True), tf.shape(inputs))
    at_kernel = _product(_flat(inputs), narrow, transpose_a=True)
    at_recurrent = _product(_flat(hidden_before), narrow, transpose_a=True)
    return [at_inputs, at_kernel, at_recurrent, tf.reduce_sum(flat, 0)]


def _peephole_gradient(deltas: tf.Tensor, cells_before: tf.Tensor, cells_after: tf.Tensor) -> tf.Tensor:
    at_i, at_f, _, at_o = tf.split(deltas, 4, axis=2)
    pairs = ((at_i, cells_before), (at_f, cells_before), (at_o, cells_after))
    return tf.stack([tf.reduce_sum(delta * cells, [0, 1]) for delta, cells in pairs])
