"""The first layer of the synthesis network over a sequence: an LSTM with a soft window over the text.

The window vector of a step is an input of the next one (Graves 2013, section 5.1), so it goes through the
loop.  Otherwise the operation is built as the one in ``lstm`` is, its gradient written in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import tensorflow as tf

from hwcli.learning.cells import lstm_back_step, lstm_step, window_back_step, window_step
from hwcli.learning.loops import array_of, before_and_after, begun, over_steps, stacked, whole_turns, written
from hwcli.learning.lstm import LayerWeights, as_columns, fused, peephole_gradient, with_kept
from hwcli.learning.products import (
    Gradient,
    filled_up,
    input_gradients,
    projected,
    side_by_side,
    weight_gradients,
)


class WindowWeights(NamedTuple):
    """The weights that move the window; columns are α, β and κ of its K Gaussians."""

    kernel: tf.Tensor
    """(H, 3K), from the layer's outputs."""
    bias: tf.Tensor
    """(3K,)"""


class WindowedState(NamedTuple):
    """What the layer and its window hold, after one step (N, B) or after each (T, N, B)."""

    hidden: tf.Tensor
    """(..., H, B), the layer's outputs."""
    cells: tf.Tensor
    """(..., H, B)"""
    kappa: tf.Tensor
    """(..., K, B), where the Gaussians stand; the text's first character is at 1."""
    vector: tf.Tensor
    """(..., C, B), the characters that the window shows, weighted."""


def windowed_sequence(
    rows: tf.Tensor,
    text: tf.Tensor,
    mask: tf.Tensor,
    initial: WindowedState,
    weights: tuple[LayerWeights, WindowWeights],
    clip: float = 0.0,
    products: tf.DType = tf.float32,
    part: int = 0,
    kept: tf.Tensor | None = None,
) -> WindowedState:
    """Run the layer over T steps of B sequences.

    Parameters
    ----------
    rows: (T, 3, B), in any floating type.
    text: (B, U, C) one-hot; no character where a text is shorter.
    mask: (T, 1, B) float32, 1 where there is a point; where it is 0 the state stays as it was.
    initial: before the first step; no gradient flows into it.
    weights: of the layer, whose kernel (3 + C, 4H) is for a row and the window vector of the step before; and
        of the window.  All float32.
    clip, products, part, kept: as for ``lstm_sequence``.

    Gradient flows through ``hidden`` and ``vector`` of what is returned; ``hidden`` is in the products' type,
    the others are float32.
    """
    masks, has_peephole = with_kept(mask, kept), weights[0].peephole is not None
    steps = tf.shape(mask)[0]

    @tf.custom_gradient
    def operation(
        rows: tf.Tensor, kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, moving: tf.Tensor,
        moving_bias: tf.Tensor, *peephole: tf.Tensor,
    ) -> tuple[tuple[tf.Tensor, ...], Gradient]:  # fmt: skip
        wide, filled = whole_turns(side_by_side([rows], products)), filled_up(kernel[:3], products)
        looped = filled_up(tf.concat([recurrent, kernel[3:]], 0), products)
        layer, window = LayerWeights(filled, looped, bias, *peephole), WindowWeights(moving, moving_bias)
        before, after, tape = _forward(projected(wide, filled), text, masks, initial, (layer, window), part)

        def gradient(at_hidden: tf.Tensor, _at_cells: Any, _at_kappa: Any, at_vector: tf.Tensor) -> Any:
            deltas, window_deltas = _backward(
                (whole_turns(at_hidden), whole_turns(at_vector)), (tape, before, after), text, masks,
                (layer, window), windowed_back_step_of(at_hidden.shape[1], clip, part),
            )  # fmt: skip
            at_row, at_recurrent, at_shown, at_bias = weight_gradients(
                [wide, before.hidden, before.vector], deltas
            )
            at_moving, at_moving_bias = weight_gradients([after.hidden], tf.cast(window_deltas, products))
            at_kernel = tf.concat([at_row[:3], at_shown], 0)
            (at_rows,) = input_gradients(deltas[:steps], filled, [rows])
            result = (at_rows, at_kernel, at_recurrent, at_bias, at_moving, at_moving_bias)
            return (*result, peephole_gradient(deltas, before.cells, after.cells)) if has_peephole else result

        after_each = after._replace(hidden=tf.cast(after.hidden, products))
        return tuple(each[:steps] for each in after_each), gradient

    layer, window = weights
    arguments = [rows, layer.kernel, layer.recurrent, layer.bias, *window]
    hidden, cells, kappa, vector = operation(*arguments, *([layer.peephole] if has_peephole else []))
    return WindowedState(hidden, tf.stop_gradient(cells), tf.stop_gradient(kappa), vector)


def _forward(
    given: tf.Tensor,
    text: tf.Tensor,
    masks: Sequence[tf.Tensor],
    initial: WindowedState,
    weights: tuple[LayerWeights, WindowWeights],
    part: int,
) -> tuple[WindowedState, WindowedState, tuple[tf.TensorArray, tf.TensorArray]]:
    """Return the states before and after each step; and, of each, the gates' tape and the window's parameters.

    ``weights``: the layer's recurrent ones are for what ``_fed`` returns.
    """
    layer, window = weights
    steps, step = tf.shape(given)[0], windowed_step_of(initial.hidden.shape[0], part)
    looped, bias, peephole = tf.transpose(layer.recurrent), *as_columns(layer)

    def go_on(time: tf.Tensor, here: Any, fed: tf.Tensor, state: WindowedState, arrays: Any, tape: Any) -> Any:
        from_rows, *masks = here
        sums = (from_rows, tf.matmul(looped, fed), bias)
        fed, state, *noted = step(sums, fed, state, text, window, peephole, *masks)
        return fed, state, written(arrays, time + 1, state), written(tape, time, noted)

    tape = (array_of(steps, tf.float32), array_of(steps, tf.float32))
    loop = (_fed(initial, layer.recurrent), initial, begun(initial, steps), tape)
    *_, arrays, tape = over_steps(go_on, [given, *masks], loop)
    return *before_and_after(arrays, initial), tape


def _fed(state: WindowedState, looped: tf.Tensor) -> tf.Tensor:
    """Return what a step's product reads of ``state``: hidden and the window vector, (F, B), filled up."""
    hidden, _, _, vector = state
    rest = looped.shape[0] - hidden.shape[0] - vector.shape[0]
    return tf.cast(tf.pad(tf.concat([hidden, vector], 0), [[0, rest], [0, 0]]), looped.dtype)


@cache
def windowed_step_of(units: int, _part: int) -> Callable[..., Any]:
    """Return the step of one part: what the next step's product reads, the state, and its tape."""

    def step(
        sums: Any, fed: tf.Tensor, state: WindowedState, text: tf.Tensor, weights: WindowWeights,
        peephole: Any, there: tf.Tensor, kept: Any = None,
    ) -> Any:  # fmt: skip
        new = lstm_step(sums, state.cells, peephole, kept)
        window = window_step(new.hidden, state.kappa, text, weights)
        moved = WindowedState(new.hidden, new.cells, window.parameters[-state.kappa.shape[0] :], window.vector)
        state = WindowedState(*(tf.where(there, *pair) for pair in zip(moved, state, strict=True)))
        rest = tf.zeros_like(fed[state.hidden.shape[0] + state.vector.shape[0] :])
        fed = tf.concat([tf.cast(state.hidden, fed.dtype), tf.cast(state.vector, fed.dtype), rest], 0)
        return fed, state, new.squashed, window.parameters

    return fused(step, units)


def _backward(
    at: tuple[tf.Tensor, tf.Tensor],
    run: tuple[tuple[tf.TensorArray, tf.TensorArray], WindowedState, WindowedState],
    text: tf.Tensor,
    masks: Sequence[tf.Tensor],
    weights: tuple[LayerWeights, WindowWeights],
    back_step: Callable[..., Any],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the derivatives at the gates' sums (T, 4H, B) and at the window's outputs (T, 3K, B).

    ``at`` are those at hidden and at the window vectors, (T, H, B) and (T, C, B); ``run`` is what the way
    forward left: its tape, the states before and after each step.
    """
    (at_hidden, at_vector), ((tape, parameters), before, after) = at, run
    layer, window = weights
    looped, (_, peephole) = layer.recurrent, as_columns(layer)
    steps = tf.shape(at_hidden)[0]

    def go_back(time: tf.Tensor, here: Any, from_later: tf.Tensor, later: Any, arrays: Any) -> tuple[Any, ...]:
        cells_before, cells, kappa_before, at_hidden, at_vector, *masks = here
        lstm = (tape.read(time), (cells_before, cells), at_hidden)
        shown = ((kappa_before, parameters.read(time)), at_vector)
        delta, window_delta, later = back_step(
            lstm, shown, from_later, later, text, window.kernel, peephole, *masks
        )
        return tf.matmul(looped, delta), later, written(arrays, time, (delta, window_delta))

    nothing = WindowedState(*(tf.zeros_like(state[0]) for state in after))
    arrays = (array_of(steps, looped.dtype), array_of(steps, tf.float32))
    loop = (_fed(nothing, looped), nothing, arrays)
    sequences = [before.cells, after.cells, before.kappa, at_hidden, at_vector, *masks]
    *_, (deltas, window_deltas) = over_steps(go_back, sequences, loop, backward=True)
    return stacked(deltas, looped.shape[1]), stacked(window_deltas, 3 * before.kappa.shape[1])


@cache
def windowed_back_step_of(units: int, clip: float, _part: int) -> Callable[..., Any]:
    """Return the way back over a step: its derivatives, and those that the step before is handed.

    Those handed on are a ``WindowedState``: at the cells and κ before the step, and at hidden and the window
    vector where nothing was there.
    """

    def back_step(
        lstm: Any, shown: Any, from_later: tf.Tensor, later: WindowedState, text: tf.Tensor,
        moving: tf.Tensor, peephole: Any, there: tf.Tensor, kept: Any = None,
    ) -> Any:  # fmt: skip
        (squashed, cells, at_hidden), (parameters, at_vector) = lstm, shown
        units, width, narrow = at_hidden.shape[0], at_vector.shape[0], from_later.dtype
        from_later = tf.cast(from_later, tf.float32)
        at_hidden = tf.cast(at_hidden, tf.float32) + later.hidden + from_later[:units]
        at_vector += later.vector + from_later[units : units + width]
        at = WindowedState(at_hidden, later.cells, later.kappa, at_vector)
        here = WindowedState(*(tf.where(there, value, 0.0) for value in at))
        window = window_back_step(parameters, here.vector, here.kappa, text, moving)
        new = lstm_back_step(squashed, cells, here.hidden + window.hidden, here.cells, peephole, clip, kept)
        none = (tf.zeros_like(at_hidden), new.cells, window.kappa, tf.zeros_like(at_vector))
        handed = WindowedState(*(tf.where(there, *pair) for pair in zip(none, at, strict=True)))
        return tf.cast(new.deltas, narrow), window.deltas, handed

    return fused(back_step, units)
