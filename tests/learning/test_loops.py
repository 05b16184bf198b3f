"""Loops over the steps of a sequence, against the same written as Python's."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.loops import STEPS_A_TURN, array_of, over_steps, whole_turns

LENGTHS = [1, STEPS_A_TURN - 1, STEPS_A_TURN, STEPS_A_TURN + 1, 2 * STEPS_A_TURN]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_sequence_is_filled_up_with_zeros_to_whole_turns(length):
    filled = whole_turns(tf.ones([length, 2, 3])).numpy()
    assert len(filled) % STEPS_A_TURN == 0
    assert 0 <= len(filled) - length < STEPS_A_TURN
    assert (filled[:length] == 1).all()
    assert (filled[length:] == 0).all()


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("in_a_graph", [False, True])
def test_each_step_gets_its_time_its_values_and_the_state_of_the_one_before(length, backward, in_a_graph):
    values = np.random.default_rng(3).normal(size=(length, 2)).astype(np.float32)

    def run(values):
        sequences = [whole_turns(values), whole_turns(10 * values[:, :1])]
        steps = tf.shape(sequences[0])[0]

        def step(time, here, state, seen):
            state = 0.5 * state + here[0] + here[1]
            return state, seen.write(time, state)

        state, seen = over_steps(step, sequences, (tf.zeros([2]), array_of(steps, tf.float32)), backward)
        return state, seen.stack()[:length]

    if in_a_graph:
        run = tf.function(run, autograph=False, input_signature=[tf.TensorSpec([None, 2])])
    last, seen = run(tf.constant(values))
    state, expected = np.zeros(2), np.zeros((length, 2))
    for time in reversed(range(length)) if backward else range(length):
        state = 0.5 * state + values[time] + 10 * values[time, 0]
        expected[time] = state
    np.testing.assert_allclose(seen, expected, rtol=1e-5)
    if backward:
        np.testing.assert_allclose(last, expected[0], rtol=1e-5)
