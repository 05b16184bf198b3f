"""One step of an LSTM layer and of the window over the text, and their derivatives: all that is element-wise.

Each step is one chain of element-wise work, compiled by XLA into a few passes over the numbers; the matrix
products stand outside, where TensorFlow has the processor's own.  Equations 7 to 11 of Graves 2013, with or
without peepholes, and 46 to 51 for the window.  A line is a column: values are (N, B), N numbers of B lines.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

GATE_FACTORS, GATE_TERMS = (0.5, 0.5, 1, 0.5), (0.5, 0.5, 0, 0.5)
"""A gate's activation is tanh(factor * sum) * factor + term: σ for all but the candidate."""


class Step(NamedTuple):
    """What a step leaves behind."""

    hidden: tf.Tensor
    """(H, B)"""
    cells: tf.Tensor
    """(H, B)"""
    squashed: tf.Tensor
    """(4H, B), the tanh in the activations of the gates input, forget, candidate, output, for the way back."""


def lstm_step(
    pre_activations: tuple[tf.Tensor, tf.Tensor, tf.Tensor],
    cells: tf.Tensor,
    peephole: tf.Tensor | None,
    kept: tf.Tensor | None = None,
) -> Step:
    """Take a step from ``cells`` (H, B).

    ``pre_activations`` are the parts of the gates' sums from the inputs and from the step before, (4H, B), and
    the bias (4H, 1), in any floating type; ``peephole`` is (3, H, 1).  ``kept`` (H, B) multiplies what the
    candidate would add to the cells: dropout that never takes from what they remember (Semeniuta, Severyn and
    Barth 2016).
    """
    from_inputs, from_before, bias = (tf.cast(part, tf.float32) for part in pre_activations)
    sums, units = from_inputs + from_before + bias, cells.shape[0]
    if peephole is not None:
        none = tf.zeros_like(cells)
        sums += tf.concat([cells * peephole[0], cells * peephole[1], none, none], 0)
    squashed = tf.tanh(sums * _a_gate(GATE_FACTORS, units))
    i, f, g, o = _gates(squashed)
    cells = f * cells + i * (g if kept is None else g * kept)
    if peephole is not None:
        late = tf.tanh((sums[3 * units :] + cells * peephole[2]) * GATE_FACTORS[3])
        squashed = tf.concat([squashed[: 3 * units], late], 0)
        o = late * GATE_FACTORS[3] + GATE_TERMS[3]
    return Step(o * tf.tanh(cells), cells, squashed)


def _a_gate(values: tuple[float, ...], units: int) -> tf.Tensor:
    """Return ``values``, one a gate, for the rows of (4H, B)."""
    return tf.constant(np.repeat(np.array(values, np.float32), units)[:, None])


def _gates(squashed: tf.Tensor) -> list[tf.Tensor]:
    """Return the gates' activations, four (H, B).  σ(z) = tanh(z / 2) / 2 + 1/2, so one pass serves all."""
    units = squashed.shape[0] // 4
    gates: list[tf.Tensor] = tf.split(
        squashed * _a_gate(GATE_FACTORS, units) + _a_gate(GATE_TERMS, units), 4, axis=0
    )
    return gates


class BackStep(NamedTuple):
    """The derivatives of the loss before a step."""

    deltas: tf.Tensor
    """(4H, B), at the pre-activations."""
    cells: tf.Tensor
    """(H, B), at the cells before the step."""


def lstm_back_step(
    squashed: tf.Tensor,
    cells: tuple[tf.Tensor, tf.Tensor],
    at_hidden: tf.Tensor,
    at_cells: tf.Tensor,
    peephole: tf.Tensor | None,
    clip: float,
    kept: tf.Tensor | None = None,
) -> BackStep:
    """Go back over a step: ``cells`` before and after it, the derivatives at what it gave, each (H, B).

    ``squashed`` (4H, B) is what the step left for this; ``peephole`` and ``kept`` are as they were in it.
    ``clip`` is the largest derivative of the loss at a pre-activation (Graves 2013, section 2.1); 0: no limit.
    """
    before, after = cells
    i, f, g, o = _gates(squashed)
    shown = tf.tanh(after)
    at_o = _clipped(clip, at_hidden * shown * o * (1 - o))
    at_cells += at_hidden * o * (1 - shown * shown)
    if peephole is not None:
        at_cells += at_o * peephole[2]
    at_added = at_cells if kept is None else at_cells * kept
    at_i = _clipped(clip, at_added * g * i * (1 - i))
    at_f = _clipped(clip, at_cells * before * f * (1 - f))
    at_g = _clipped(clip, at_added * i * (1 - g * g))
    earlier = at_cells * f
    if peephole is not None:
        earlier += at_i * peephole[0] + at_f * peephole[1]
    return BackStep(tf.concat([at_i, at_f, at_g, at_o], 0), earlier)


def _clipped(clip: float, value: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(value, -clip, clip) if clip else value


class Window(NamedTuple):
    """Where the window over the text stands after a step, and what it shows."""

    parameters: tf.Tensor
    """(3K, B): α, β and κ of its K Gaussians."""
    vector: tf.Tensor
    """(C, B): the characters, weighted."""


def window_step(hidden: tf.Tensor, kappa: tf.Tensor, text: tf.Tensor, weights: tuple[Any, Any]) -> Window:
    """Move the window from ``kappa`` (K, B) over ``text`` (B, U, C), one-hot, by the layer's ``hidden`` (H, B).

    ``weights`` are the kernel (H, 3K) and the bias (3K,).
    """
    kernel, bias = weights
    moving = tf.exp(tf.matmul(kernel, hidden, transpose_a=True) + bias[:, None])
    alpha, beta, moved = tf.split(moving, 3, axis=0)
    kappa += moved
    shown = tf.reduce_sum(alpha[:, None] * tf.exp(_exponent(beta, _distance(kappa, text))), 0)
    return Window(tf.concat([alpha, beta, kappa], 0), tf.einsum("ub,buc->cb", shown, text))


def _distance(kappa: tf.Tensor, text: tf.Tensor) -> tf.Tensor:
    """Return (K, U, B) how far each Gaussian stands from each character; the first character is at 1."""
    places = tf.range(1, text.shape[1] + 1) if text.shape[1] is not None else tf.range(1, tf.shape(text)[1] + 1)
    return kappa[:, None] - tf.cast(places, tf.float32)[:, None]


def _exponent(beta: tf.Tensor, distance: tf.Tensor) -> tf.Tensor:
    return -beta[:, None] * distance * distance


class WindowBack(NamedTuple):
    """The derivatives of the loss before a window's step."""

    deltas: tf.Tensor
    """(3K, B), at the outputs of the layer that move it."""
    kappa: tf.Tensor
    """(K, B), at κ before the step."""
    hidden: tf.Tensor
    """(H, B), at the layer's output."""


def window_back_step(
    parameters: tuple[tf.Tensor, tf.Tensor],
    at_vector: tf.Tensor,
    at_kappa: tf.Tensor,
    text: tf.Tensor,
    kernel: tf.Tensor,
) -> WindowBack:
    """Go back over a step: ``parameters`` are κ before it (K, B) and α, β and κ after it (3K, B)."""
    kappa_before, after = parameters
    alpha, beta, kappa = tf.split(after, 3, axis=0)
    distance = _distance(kappa, text)
    at_shown = tf.einsum("cb,buc->ub", at_vector, text) * tf.exp(_exponent(beta, distance))
    at_alpha = tf.reduce_sum(at_shown, 1)
    at_beta = -alpha * tf.reduce_sum(at_shown * distance * distance, 1)
    at_kappa += -2 * alpha * beta * tf.reduce_sum(at_shown * distance, 1)
    deltas = tf.concat([at_alpha * alpha, at_beta * beta, at_kappa * (kappa - kappa_before)], 0)
    return WindowBack(deltas, at_kappa, tf.matmul(kernel, deltas))
