"""One LSTM layer over a sequence, as one operation whose gradient is written, not recorded.

Written out, the gradient lets the derivatives be clipped at the cells' pre-activations, where Graves clips
them (2013, section 2.1), and does in one matrix product over all steps what needs no order (``products``): the
inputs' projections before the loop, the weights' gradients after it.  Inside the loop a step is one matrix
product and one compiled chain of element-wise work (``cells``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import tensorflow as tf

from hwcli.learning.cells import lstm_back_step, lstm_step
from hwcli.learning.loops import (
    Arrays,
    array_of,
    before_and_after,
    begun,
    over_steps,
    stacked,
    whole_turns,
    written,
)
from hwcli.learning.products import (
    Gradient,
    filled_up,
    input_gradients,
    projected,
    side_by_side,
    weight_gradients,
)

COMPILED_UNITS = 64
"""Layers of fewer units take longer to compile than they save."""


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
    """What a layer holds after one step (H, B) or after each (T, H, B)."""

    hidden: tf.Tensor
    """(..., H, B), the layer's outputs, after each step in the type of its products."""
    cells: tf.Tensor
    """(..., H, B) float32; no gradient flows through these, they are for carrying the state on."""


def lstm_sequence(
    inputs: Sequence[tf.Tensor],
    mask: tf.Tensor,
    initial: LayerStates,
    weights: LayerWeights,
    clip: float = 0.0,
    products: tf.DType = tf.float32,
    part: int = 0,
    kept: tf.Tensor | None = None,
) -> LayerStates:
    """Run one LSTM layer over T steps of B sequences.

    Parameters
    ----------
    inputs: each (T, I, B), in any floating type; together they have as many numbers as the kernel has rows.
    mask: (T, 1, B) float32, 1 where there is a point; where it is 0 the state stays as it was.
    initial: before the first step; no gradient flows into it.
    weights: of the layer, float32.
    clip: largest derivative of the loss at a pre-activation; 0: no limit.
    products: type in which matrices are multiplied (float32 or bfloat16), and in which outputs and the
        derivatives at them go from layer to layer; sums and cells are float32, and so are the weights'
        gradients, once they have come out of such a product.
    part: which of the parts of a batch that run side by side this is: calls of one compiled function wait for
        each other, so each part has its own.
    kept: (T, H, B) float32, for recurrent dropout: what each step's candidates are multiplied by.
    """
    has_peephole, steps, count = weights.peephole is not None, tf.shape(mask)[0], len(inputs)
    masks = with_kept(mask, kept)

    @tf.custom_gradient
    def operation(
        kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, *rest: tf.Tensor
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], Gradient]:
        inputs, peephole = rest[:count], rest[count:]
        wide, filled = whole_turns(side_by_side(inputs, products)), filled_up(kernel, products)
        layer = LayerWeights(filled, tf.cast(recurrent, products), bias, *peephole)
        before, after, squashed = _forward(projected(wide, filled), masks, initial, layer, part)

        def gradient(at_hidden: tf.Tensor, _at_cells: tf.Tensor) -> tuple[tf.Tensor, ...]:
            back_step, cells = back_step_of(recurrent.shape[0], clip, part), (before.cells, after.cells)
            deltas = _backward(whole_turns(at_hidden), squashed, cells, masks, layer, back_step)
            at_wide, at_recurrent, at_bias = weight_gradients([wide, before.hidden], deltas)
            at_inputs = input_gradients(deltas[:steps], filled, inputs)
            result = (at_wide[: kernel.shape[0]], at_recurrent, at_bias, *at_inputs)
            return (*result, peephole_gradient(deltas, *cells)) if has_peephole else result

        return tuple(each[:steps] for each in after), gradient

    arguments = [weights.kernel, weights.recurrent, weights.bias, *inputs]
    hidden, cells = operation(*arguments, *([weights.peephole] if has_peephole else []))
    return LayerStates(hidden, tf.stop_gradient(cells))


def with_kept(mask: tf.Tensor, kept: tf.Tensor | None) -> list[tf.Tensor]:
    """Return where there is a point, and ``kept`` where there is one, each of whole turns."""
    return [whole_turns(mask) > 0, *([] if kept is None else [whole_turns(kept)])]


def _forward(
    given: tf.Tensor, masks: Sequence[tf.Tensor], initial: LayerStates, weights: LayerWeights, part: int
) -> tuple[LayerStates, LayerStates, tf.TensorArray]:
    """Return the states before and after each step, hidden in the products' type, and the gates' (4H, B) tape.

    ``given`` (T, 4H, B) are the inputs' projections; ``masks`` is of ``with_kept``.
    """
    steps, step = tf.shape(given)[0], step_of(initial.hidden.shape[0], part)
    recurrent, bias, peephole = tf.transpose(weights.recurrent), *as_columns(weights)

    def go_on(time: tf.Tensor, here: Any, state: LayerStates, arrays: Arrays, tape: tf.TensorArray) -> Any:
        from_inputs, *masks = here
        sums = (from_inputs, tf.matmul(recurrent, state.hidden), bias)
        state, squashed = step(sums, state, peephole, *masks)
        return state, written(arrays, time + 1, state), tape.write(time, squashed)

    state = initial._replace(hidden=tf.cast(initial.hidden, recurrent.dtype))
    loop = (state, begun(state, steps), array_of(steps, tf.float32))
    _, arrays, tape = over_steps(go_on, [given, *masks], loop)
    return *before_and_after(arrays, state), tape


def _backward(
    at_hidden: tf.Tensor,
    tape: tf.TensorArray,
    cells: tuple[tf.Tensor, tf.Tensor],
    masks: Sequence[tf.Tensor],
    weights: LayerWeights,
    back_step: Callable[..., Any],
) -> tf.Tensor:
    """Return the derivatives of the loss at the pre-activations, (T, 4H, B), in the products' type.

    ``cells`` are those before and after each step.  Where nothing is there a step hands derivatives through.
    """
    before, after = cells
    recurrent, (_, peephole) = weights.recurrent, as_columns(weights)
    steps = tf.shape(at_hidden)[0]

    def go_back(time: tf.Tensor, here: Any, *state: Any) -> tuple[Any, ...]:
        (before, after, at_hidden, *masks), (*later, deltas) = here, state
        step = (tape.read(time), (before, after), at_hidden)
        delta, *earlier = back_step(step, later, peephole, *masks)
        return tf.matmul(recurrent, delta), *earlier, deltas.write(time, delta)

    zeros = tf.zeros_like(after[0])
    loop = (tf.cast(zeros, recurrent.dtype), zeros, zeros, array_of(steps, recurrent.dtype))
    *_, deltas = over_steps(go_back, [before, after, at_hidden, *masks], loop, backward=True)
    return stacked(deltas, recurrent.shape[1])


def as_columns(weights: LayerWeights) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Return the bias (4H, 1) and the peepholes (3, H, 1), where there are any."""
    peephole = weights.peephole
    return weights.bias[:, None], None if peephole is None else peephole[..., None]


def fused(function: Callable[..., Any], units: int) -> Callable[..., Any]:
    """Return ``function``, compiled by XLA for each shape that it meets where the units are worth it."""
    return tf.function(function, jit_compile=True, autograph=False) if units >= COMPILED_UNITS else function


@cache
def step_of(units: int, _part: int) -> Callable[..., Any]:
    """Return the step of one part: the new state, or the one before, and the gates' tape."""

    def step(sums: Any, state: LayerStates, peephole: Any, there: tf.Tensor, kept: Any = None) -> Any:
        new = lstm_step(sums, state.cells, peephole, kept)
        hidden = tf.where(there, tf.cast(new.hidden, state.hidden.dtype), state.hidden)
        return LayerStates(hidden, tf.where(there, new.cells, state.cells)), new.squashed

    return fused(step, units)


@cache
def back_step_of(units: int, clip: float, _part: int) -> Callable[..., Any]:
    """Return the way back over a step: the deltas, and what the step before is handed."""

    def back_step(step: Any, later: Any, peephole: Any, there: tf.Tensor, kept: Any = None) -> Any:
        (squashed, cells, at_hidden), (from_later, handed, at_cells) = step, later
        at_hidden = tf.cast(at_hidden, tf.float32) + tf.cast(from_later, tf.float32) + handed
        none = tf.zeros_like(at_hidden)
        here = [tf.where(there, value, none) for value in (at_hidden, at_cells)]
        new = lstm_back_step(squashed, cells, here[0], here[1], peephole, clip, kept)
        handed = tf.where(there, none, at_hidden)
        return tf.cast(new.deltas, from_later.dtype), handed, tf.where(there, new.cells, at_cells)

    return fused(back_step, units)


def peephole_gradient(deltas: tf.Tensor, cells_before: tf.Tensor, cells_after: tf.Tensor) -> tf.Tensor:
    """Return the gradient of the peepholes, (3, H), from ``deltas`` (T, 4H, B) and the cells (T, H, B)."""
    at_i, at_f, _, at_o = tf.split(tf.cast(deltas, tf.float32), 4, axis=1)
    pairs = ((at_i, cells_before), (at_f, cells_before), (at_o, cells_after))
    return tf.stack([tf.reduce_sum(delta * cells, [0, 2]) for delta, cells in pairs])
