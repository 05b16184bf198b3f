"""The first layer of the synthesis network over a sequence: an LSTM with a soft window over the text.

The window vector of a step is an input of the next one (Graves 2013, section 5.1), so it goes through the
loop.  Otherwise the operation is built as the one in ``lstm`` is, its gradient written in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import tensorflow as tf

from hwcli.learning.cells import lstm_back_step, lstm_step, window_back_step, window_step
from hwcli.learning.lstm import (
    BLOCK,
    Gradient,
    LayerWeights,
    array_of,
    fused,
    peephole_gradient,
    projected,
    shifted,
    stacked,
    weight_gradients,
    written,
)  # fmt: skip


class WindowWeights(NamedTuple):
    """The weights that move the window; columns are α, β and κ of its K Gaussians."""

    kernel: tf.Tensor
    """(H, 3K), from the layer's outputs."""
    bias: tf.Tensor
    """(3K,)"""


class WindowedState(NamedTuple):
    """What the layer and its window hold, after one step (B, ...) or after each (T, B, ...)."""

    hidden: tf.Tensor
    """(..., H), the layer's outputs."""
    cells: tf.Tensor
    """(..., H)"""
    kappa: tf.Tensor
    """(..., K), where the Gaussians stand; the text's first character is at 1."""
    vector: tf.Tensor
    """(..., C), the characters that the window shows, weighted."""


def windowed_sequence(
    rows: tf.Tensor,
    text: tf.Tensor,
    mask: tf.Tensor,
    initial: WindowedState,
    weights: tuple[LayerWeights, WindowWeights],
    clip: float = 0.0,
    products: tf.DType = tf.float32,
    part: int = 0,
) -> WindowedState:
    """Run the layer over T steps of B sequences.

    Parameters
    ----------
    rows: (T, B, 3) float32, no gradient flows into them.
    text: (B, U, C) one-hot; no character where a text is shorter.
    mask: (T, B, 1) float32, 1 where there is a point; where it is 0 the state stays as it was.
    initial: before the first step; no gradient flows into it.
    weights: of the layer, whose kernel (3 + C, 4H) is for a row and the window vector of the step before; and
        of the window.  All float32.
    clip, products, part: as for ``lstm_sequence``.

    Gradient flows through ``hidden`` and ``vector`` of what is returned.
    """
    there, has_peephole = mask > 0, weights[0].peephole is not None

    @tf.custom_gradient
    def operation(
        kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, moving: tf.Tensor, moving_bias: tf.Tensor,
        *peephole: tf.Tensor,
    ) -> tuple[tuple[tf.Tensor, ...], Gradient]:  # fmt: skip
        layer = LayerWeights(
            tf.cast(kernel[:3], products), _looped(kernel, recurrent, products), bias, *peephole
        )
        window = WindowWeights(moving, moving_bias)
        states, tape = _forward(projected(rows, layer.kernel), text, there, initial, (layer, window), part)

        def gradient(at_hidden: tf.Tensor, _cells: Any, _parameters: Any, at_vector: tf.Tensor) -> Any:
            before = WindowedState(*(shifted(*pair) for pair in zip(initial, states, strict=True)))
            deltas, window_deltas = _backward(
                (at_hidden, at_vector), (tape, before, states), text, there, (layer, window),
                windowed_back_step_of(at_hidden.shape[-1], clip, part),
            )  # fmt: skip
            at_row, at_recurrent, at_shown, at_bias = weight_gradients(
                [rows, before.hidden, before.vector], deltas
            )
            at_moving, at_moving_bias = weight_gradients([states.hidden], tf.cast(window_deltas, products))
            result = [tf.concat([at_row, at_shown], 0), at_recurrent, at_bias, at_moving, at_moving_bias]
            if has_peephole:
                result.append(peephole_gradient(deltas, before.cells, states.cells))
            return tuple(result)

        return tuple(tf.cast(state, tf.float32) for state in states), gradient

    layer, window = weights
    arguments = [layer.kernel, layer.recurrent, layer.bias, *window]
    hidden, cells, kappa, vector = operation(*arguments, *([layer.peephole] if has_peephole else []))
    return WindowedState(hidden, tf.stop_gradient(cells), tf.stop_gradient(kappa), vector)


def _looped(kernel: tf.Tensor, recurrent: tf.Tensor, products: tf.DType) -> tf.Tensor:
    """Return the weights that a step's product needs: from hidden, from the window vector, filled up."""
    both = tf.cast(tf.concat([recurrent, kernel[3:]], 0), products)
    return tf.pad(both, [[0, -both.shape[0] % BLOCK], [0, 0]])


def _forward(
    given: tf.Tensor,
    text: tf.Tensor,
    there: tf.Tensor,
    initial: WindowedState,
    weights: tuple[LayerWeights, WindowWeights],
    part: int,
) -> tuple[WindowedState, tuple[tf.TensorArray, tf.TensorArray]]:
    """Return the states after each step; and, of each, the gates' activations and the window's parameters."""
    (_, looped, bias, peephole), window = weights
    steps = tf.shape(given)[0]
    step = windowed_step_of(initial.hidden.shape[-1], part)

    def go_on(time: tf.Tensor, fed: tf.Tensor, state: WindowedState, arrays: Any) -> tuple[Any, ...]:
        sums = (given[time], tf.matmul(fed, looped), bias)
        fed, state, gates, parameters = step(sums, fed, state, there[time], text, window, peephole)
        values = (state.hidden, state.cells, state.kappa, state.vector, gates, parameters)
        return time + 1, fed, state, written(arrays, time, values)

    arrays = tuple(array_of(steps, tf.float32) for _ in range(6))
    loop = (tf.constant(0), _fed(initial, looped), initial, arrays)
    *_, (*states, gates, parameters) = tf.while_loop(
        lambda time, *_: time < steps, go_on, loop, maximum_iterations=steps
    )
    widths = [state.shape[-1] for state in initial]
    return WindowedState(*map(stacked, states, widths)), (gates, parameters)


def _fed(state: WindowedState, looped: tf.Tensor) -> tf.Tensor:
    """Return what a step's product reads of ``state``: hidden and the window vector, (B, F), filled up."""
    hidden, _, _, vector = state
    rest = looped.shape[0] - hidden.shape[1] - vector.shape[1]
    return tf.cast(tf.pad(tf.concat([hidden, vector], 1), [[0, 0], [0, rest]]), looped.dtype)


@cache
def windowed_step_of(units: int, _part: int) -> Callable[..., Any]:
    """Return the step of one part: what the next step's product reads, the state, and its tape."""

    def step(
        sums: Any, fed: tf.Tensor, state: WindowedState, there: tf.Tensor, text: tf.Tensor,
        weights: WindowWeights, peephole: Any,
    ) -> Any:  # fmt: skip
        new = lstm_step(sums, state.cells, peephole)
        window = window_step(new.hidden, state.kappa, text, weights)
        moved = WindowedState(
            new.hidden, new.cells, window.parameters[:, -state.kappa.shape[1] :], window.vector
        )
        state = WindowedState(*(tf.where(there, *pair) for pair in zip(moved, state, strict=True)))
        rest = tf.zeros_like(fed[:, state.hidden.shape[1] + state.vector.shape[1] :])
        fed = tf.concat([tf.cast(state.hidden, fed.dtype), tf.cast(state.vector, fed.dtype), rest], 1)
        return fed, state, new.gates, window.parameters

    return fused(step, units)


def _backward(
    at: tuple[tf.Tensor, tf.Tensor],
    run: tuple[tuple[tf.TensorArray, tf.TensorArray], WindowedState, WindowedState],
    text: tf.Tensor,
    there: tf.Tensor,
    weights: tuple[LayerWeights, WindowWeights],
    back_step: Callable[..., Any],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the derivatives at the gates' sums (T, B, 4H) and at the window's outputs (T, B, 3K).

    ``at`` are those at hidden and at the window vectors, (T, B, H) and (T, B, C); ``run`` is what the way
    forward left: its tape, the states before and after each step.
    """
    (at_hidden, at_vector), ((gates, parameters), before, after) = at, run
    (_, looped, _, peephole), window = weights
    steps, units = tf.shape(at_hidden)[0], at_hidden.shape[-1]

    def go_back(time: tf.Tensor, from_later: tf.Tensor, later: Any, arrays: Any) -> tuple[Any, ...]:
        lstm = (gates.read(time), (before.cells[time], after.cells[time]), at_hidden[time])
        shown = ((before.kappa[time], parameters.read(time)), at_vector[time])
        delta, window_delta, later = back_step(
            lstm, shown, from_later, later, there[time], text, window.kernel, peephole
        )
        from_later = tf.matmul(delta, looped, transpose_b=True)
        return time - 1, from_later, later, written(arrays, time, (delta, window_delta))

    nothing = WindowedState(*(tf.zeros_like(state[0]) for state in after))
    arrays = (array_of(steps, looped.dtype), array_of(steps, tf.float32))
    loop = (steps - 1, _fed(nothing, looped), nothing, arrays)
    *_, (deltas, window_deltas) = tf.while_loop(
        lambda time, *_: time >= 0, go_back, loop, maximum_iterations=steps
    )
    return stacked(deltas, 4 * units), stacked(window_deltas, 3 * before.kappa.shape[-1])


@cache
def windowed_back_step_of(units: int, clip: float, _part: int) -> Callable[..., Any]:
    """Return the way back over a step: its derivatives, and those that the step before is handed.

    Those handed on are a ``WindowedState``: at the cells and κ before the step, and at hidden and the window
    vector where nothing was there.
    """

    def back_step(
        lstm: Any, shown: Any, from_later: tf.Tensor, later: WindowedState, there: tf.Tensor, text: tf.Tensor,
        moving: tf.Tensor, peephole: Any,
    ) -> Any:  # fmt: skip
        (gates, cells, at_hidden), (parameters, at_vector) = lstm, shown
        units, width, narrow = at_hidden.shape[1], at_vector.shape[1], from_later.dtype
        from_later = tf.cast(from_later, tf.float32)
        at_hidden += later.hidden + from_later[:, :units]
        at_vector += later.vector + from_later[:, units : units + width]
        at = WindowedState(at_hidden, later.cells, later.kappa, at_vector)
        here = WindowedState(*(tf.where(there, value, 0.0) for value in at))
        window = window_back_step(parameters, here.vector, here.kappa, text, moving)
        new = lstm_back_step(gates, cells, here.hidden + window.hidden, here.cells, peephole, clip)
        none = (tf.zeros_like(at_hidden), new.cells, window.kappa, tf.zeros_like(at_vector))
        handed = WindowedState(*(tf.where(there, *pair) for pair in zip(none, at, strict=True)))
        return tf.cast(new.deltas, narrow), window.deltas, handed

    return fused(back_step, units)
