"""The matrix products over all steps at once: what inputs add to a layer, and the gradients of its weights.

Values of a sequence are (T, N, B) in training, T steps of N numbers of B lines.  A line is a column, so the
weights stand on the left of a product, W @ x, where the processor's product reads them as they are; on the
right, x @ W, it packs them first, at each step again, which takes about as long as the product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Gradient = Callable[..., tuple[tf.Tensor, ...]]
BLOCK = 32
"""The sides of large products are filled up to a multiple of this: odd ones take up to twice as long."""


def side_by_side(parts: Sequence[tf.Tensor], dtype: tf.DType) -> tf.Tensor:
    """Return ``parts`` (T, N, B) as one (T, N', B) of ``dtype``, zeros after them up to a multiple of BLOCK."""
    width = sum(part.shape[1] for part in parts)
    steps, _, lines = tf.unstack(tf.shape(parts[0]))
    narrow = [tf.cast(part, dtype) for part in parts]
    return tf.concat([*narrow, tf.zeros([steps, -width % BLOCK, lines], dtype)], 1)


def filled_up(kernel: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Return ``kernel`` (I, N) in ``dtype``, with zeros for what ``side_by_side`` filled up, (I', N)."""
    return tf.pad(tf.cast(kernel, dtype), [[0, -kernel.shape[0] % BLOCK], [0, 0]])


def projected(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Return what ``inputs`` (T, I', B) come to behind ``kernel`` (I', N): (T, N, B), in its type."""
    return tf.matmul(tf.transpose(kernel), inputs)


def input_gradients(deltas: tf.Tensor, kernel: tf.Tensor, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Return the derivatives at each of ``inputs`` (T, I, B), in its type, before ``kernel`` (I', N).

    ``deltas`` are those behind it, (T, N, B).
    """
    widths = [each.shape[1] for each in inputs]
    *found, _ = tf.split(tf.matmul(kernel, deltas), [*widths, kernel.shape[0] - sum(widths)], axis=1)
    return [tf.cast(gradient, each.dtype) for gradient, each in zip(found, inputs, strict=True)]


def weight_gradients(parts: Sequence[tf.Tensor], deltas: tf.Tensor) -> list[tf.Tensor]:
    """Return the gradients of the weights (I, N) of each of ``parts`` (T, I, B), last that of the bias (N,).

    One product does all: the parts one above the other, and a row of ones for the bias.
    """
    ones = tf.ones_like(parts[0][:, :1])
    wide = side_by_side([*parts, ones], deltas.dtype)
    gradient = _over_all_steps(wide, deltas)
    widths = [part.shape[1] for part in parts]
    *found, bias, _ = tf.split(gradient, [*widths, 1, wide.shape[1] - sum(widths) - 1])
    return [*found, bias[0]]


def _over_all_steps(inputs: tf.Tensor, deltas: tf.Tensor) -> tf.Tensor:
    """Return ``inputs`` (T, I, B) times ``deltas`` (T, N, B), summed over steps and lines: (I, N) float32."""
    return tf.cast(tf.matmul(_in_a_row(inputs), _in_a_row(deltas), transpose_b=True), tf.float32)


def _in_a_row(values: tf.Tensor) -> tf.Tensor:
    """Return (T, N, B) as (N, T * B)."""
    return tf.reshape(tf.transpose(values, [1, 0, 2]), [values.shape[1], -1])


def affine(
    inputs: Sequence[tf.Tensor], kernel: tf.Tensor, bias: tf.Tensor, products: tf.DType = tf.float32
) -> tf.Tensor:
    """Return the outputs of a layer without recurrence, (T, N, B) float32.

    Parameters
    ----------
    inputs: each (T, I, B), in any floating type; together they have as many numbers as ``kernel`` (I, N) rows.
    bias: (N,).
    products: type in which matrices are multiplied.
    """

    @tf.custom_gradient
    def operation(kernel: tf.Tensor, bias: tf.Tensor, *inputs: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
        wide, filled = side_by_side(inputs, products), filled_up(kernel, products)

        def gradient(at_outputs: tf.Tensor) -> Any:
            deltas = tf.cast(at_outputs, products)
            at_kernel = _over_all_steps(wide, deltas)[: kernel.shape[0]]
            return (at_kernel, tf.reduce_sum(at_outputs, [0, 2]), *input_gradients(deltas, filled, inputs))

        return tf.cast(projected(wide, filled), tf.float32) + bias[:, None], gradient

    return operation(kernel, bias, *inputs)
