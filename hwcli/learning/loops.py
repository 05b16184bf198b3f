"""Loops over the steps of a sequence in a TensorFlow graph, and the arrays that steps write into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Arrays = tuple[tf.TensorArray, ...]
STEPS_A_TURN = 4
"""Of TensorFlow's loop: coming round costs about a third of what a step does besides its product."""


def whole_turns(sequence: tf.Tensor) -> tf.Tensor:
    """Return ``sequence`` (T, ...) with zeros after it, as many steps as ``over_steps`` can go over."""
    more = -tf.shape(sequence)[0] % STEPS_A_TURN
    return tf.pad(sequence, [[0, more], *[[0, 0]] * (len(sequence.shape) - 1)])


def over_steps(
    step: Callable[..., tuple[Any, ...]],
    sequences: Sequence[tf.Tensor],
    state: Sequence[Any],
    backward: bool = False,
) -> tuple[Any, ...]:
    """Return the state after ``step`` has gone over all steps, from the first on or from the last back.

    Parameters
    ----------
    step: gets the time, scalar int32, what ``sequences`` hold there, and the state; returns the new state.
    sequences: one or more (T, ...), of ``whole_turns``.
    state: before the first step: tensors, arrays of them, or tuples of either.
    """
    steps = tf.shape(sequences[0])[0]

    def turn(done: tf.Tensor, *state: Any) -> tuple[Any, ...]:
        begin = steps - STEPS_A_TURN - done if backward else done
        end, places = begin + STEPS_A_TURN, range(STEPS_A_TURN)
        # Cut into steps once a turn, and without a copy: a slice and an unstack along the first axis.
        here = [tf.unstack(sequence[begin:end], STEPS_A_TURN) for sequence in sequences]
        for place in reversed(places) if backward else places:
            state = step(begin + place, [each[place] for each in here], *state)
        return done + STEPS_A_TURN, *state

    _, *after = tf.while_loop(lambda done, *_: done < steps, turn, (tf.constant(0), *state))
    return tuple(after)


def array_of(steps: tf.Tensor, dtype: tf.DType) -> tf.TensorArray:
    """Return an array of a tensor a step."""
    return tf.TensorArray(dtype, steps, clear_after_read=False)


def begun(state: tuple[tf.Tensor, ...], steps: tf.Tensor) -> Arrays:
    """Return arrays for ``state`` before the first of ``steps`` and after each, with the first in its place."""
    return written(tuple(array_of(steps + 1, value.dtype) for value in state), tf.constant(0), state)


def written(arrays: Arrays, time: tf.Tensor, values: tuple[tf.Tensor, ...]) -> Arrays:
    """Return ``arrays`` with ``values`` at ``time``."""
    return tuple(array.write(time, value) for array, value in zip(arrays, values, strict=True))


def stacked(array: tf.TensorArray, width: int) -> tf.Tensor:
    """Return the (T, width, B) of an array of (width, B)."""
    return tf.ensure_shape(array.stack(), [None, width, None])


def before_and_after(arrays: Arrays, like: Any) -> tuple[Any, Any]:
    """Return what ``begun`` arrays hold before each step and after it, (T, N, B) of each (N, B) in ``like``."""
    whole = [stacked(array, value.shape[0]) for array, value in zip(arrays, like, strict=True)]
    return type(like)(*(each[:-1] for each in whole)), type(like)(*(each[1:] for each in whole))
