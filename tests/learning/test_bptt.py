"""How far truncated back-propagation reaches: exactly as far as it says, and there as full back-propagation."""

from itertools import pairwise

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hypothesis import (
    given,
    strategies as st,
)

from hwcli.learning.batches import Batch
from hwcli.learning.blocks import cut_blocks
from hwcli.learning.learner import block_input, block_loss
from hwcli.learning.losses import mixture_loss
from hwcli.learning.network import initial_weights, run_network, zero_state
from hwcli.learning.window import WindowedState
from hwcli.model import Config

STEPS = 12
CONFIG = Config().updated({"network": {"layers": 2, "units": 4, "mixtures": 2}})
WINDOWED = CONFIG.updated({"network": {"window": 2, "characters": "abc"}})
STYLES = {"tensorflow": (4, 4), "true": (1, 5), "overlapping": (3, 7), "full": (0, 0), "growing": (4, 0)}


@st.composite
def strides(draw):
    steps = draw(st.integers(1, 60))
    length = draw(st.integers(0, 70))
    stride = draw(st.integers(1, length) if length else st.integers(0, 70))
    return steps, stride, length


@given(strides())
def test_every_step_counts_once_and_each_block_begins_where_the_one_before_handed_over(case):
    steps, stride, length = case
    blocks = cut_blocks(steps, stride, length)
    counted = [step for block in blocks for step in range(block.counted, block.stop)]
    assert counted == list(range(steps))
    for block, following in pairwise(blocks):
        assert following.start == block.start + block.advance
    for block in blocks:
        assert block.start <= block.counted < block.stop <= steps
        assert not length or block.stop - block.start <= length
        # No block is shorter than k2 but where the line begins or ends.
        assert not length or block.start == 0 or block.stop == steps or block.stop - block.start == length
        assert length or block.start == 0


def some_weights(config):
    chance = np.random.default_rng(3)
    fresh = initial_weights(config.network, chance, pace=4)
    return {name: tf.constant(w + chance.normal(size=w.shape) * 0.3, tf.float32) for name, w in fresh.items()}


@pytest.fixture(scope="module")
def weights():
    return some_weights(CONFIG)


@pytest.fixture(scope="module")
def batch():
    rows = np.random.default_rng(4).normal(size=(STEPS + 1, 2, 3)).astype(np.float32)
    rows[..., 2] = rows[..., 2] > 0
    return Batch(rows, np.array([STEPS + 1, STEPS - 1], np.int32), np.zeros((2, 0), np.int32))


def input_gradients(weights, batch, stride, length):
    """Return [t][s]: the gradient (B, 3) of the loss at t with respect to the input at s, through its block."""
    found = np.zeros((STEPS, STEPS, 2, 3), np.float32)
    state = zero_state(CONFIG.network, 2)
    for block in cut_blocks(STEPS, stride, length):
        cut = block_input(batch, block)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(cut.rows)
            outputs, _ = run_network(weights, CONFIG.network, cut.rows, cut.mask, state)
            losses = mixture_loss(outputs, cut.targets, CONFIG.network, CONFIG.loss) * cut.mask[..., 0]
            each = [losses[t - block.start] for t in range(block.counted, block.stop)]
            whole, carried = block_loss(weights, CONFIG, cut, state)
        for t, loss in enumerate(each, block.counted):
            found[t, block.start : block.stop] = tape.gradient(loss, cut.rows)
        # What training differentiates is the sum of just these losses.
        summed = found[block.counted : block.stop, block.start : block.stop].sum(0)
        np.testing.assert_allclose(tape.gradient(whole, cut.rows), summed, atol=1e-5)
        state = carried
    return found


@pytest.mark.parametrize("style", STYLES)
def test_reach(weights, batch, style):
    stride, length = STYLES[style]
    found = input_gradients(weights, batch, stride, length)
    full = input_gradients(weights, batch, 0, 0)
    for block in cut_blocks(STEPS, stride, length):
        for t in range(block.counted, block.stop):
            assert np.all(found[t, : block.start] == 0)
            assert np.all(found[t, t + 1 :] == 0)
            # The padded line, two points shorter, has no loss in its last two steps.
            lines = slice(0, 2 if t < STEPS - 2 else 1)
            assert np.all(np.any(found[t, block.start : t + 1, lines] != 0, axis=-1))
            np.testing.assert_allclose(found[t, block.start :], full[t, block.start :], atol=1e-6)
    assert np.all(found[STEPS - 2 :, :, 1] == 0)


@pytest.mark.parametrize("style", STYLES)
def test_the_loss_is_the_same_however_the_line_is_cut(weights, batch, style):
    """The state is carried, so the forward pass knows nothing of blocks."""
    losses = []
    for stride, length in (STYLES[style], (0, 0)):
        state, total = zero_state(CONFIG.network, 2), 0.0
        for block in cut_blocks(STEPS, stride, length):
            loss, state = block_loss(weights, CONFIG, block_input(batch, block), state)
            total += float(loss)
        losses.append(total)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_what_lies_beyond_the_line_changes_nothing(weights, batch):
    spoiled = batch._replace(rows=batch.rows.copy())
    spoiled.rows[STEPS - 1 :, 1] = 1e3
    (block,) = cut_blocks(STEPS, 0, 0)
    losses = [
        float(block_loss(weights, CONFIG, block_input(b, block), zero_state(CONFIG.network, 2))[0])
        for b in (batch, spoiled)
    ]
    assert losses[0] == losses[1]


# --- with the window over the text -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texted(batch):
    """The batch with a text for the first line and none for the second."""
    return batch._replace(text=np.array([[0, 1, 2, 1], [-1, -1, -1, -1]], np.int32))


def cut_run(weights, batch, stride, length):
    """Return the loss of the batch cut in blocks, what its blocks' gradients add up to, and the last state."""
    state, total, gradients = zero_state(WINDOWED.network, 2), 0.0, None
    for block in cut_blocks(STEPS, stride, length):
        with tf.GradientTape() as tape:
            tape.watch(list(weights.values()))
            loss, state = block_loss(weights, WINDOWED, block_input(batch, block), state)
        total += float(loss)
        found = tape.gradient(loss, weights)
        gradients = found if gradients is None else {name: gradients[name] + found[name] for name in found}
    return total, gradients, state


@pytest.mark.parametrize("style", STYLES)
def test_with_a_window_the_loss_is_the_same_however_the_line_is_cut(texted, style):
    """So all of its state is carried: hidden, cells, where the window stands, and what it shows."""
    weights = some_weights(WINDOWED)
    total, _, _ = cut_run(weights, texted, *STYLES[style])
    (block,) = cut_blocks(STEPS, 0, 0)
    state = zero_state(WINDOWED.network, 2)
    whole, _ = block_loss(weights, WINDOWED, block_input(texted, block), state)
    assert total == pytest.approx(float(whole), rel=1e-5)
    without, _ = block_loss(
        weights, WINDOWED, block_input(texted._replace(text=-1 - 0 * texted.text), block), state
    )
    assert float(without) != pytest.approx(float(whole), rel=1e-5)


def test_the_state_that_is_carried_is_that_of_the_step_before_the_next_block(texted):
    weights = some_weights(WINDOWED)
    _, states = run_network(
        weights, WINDOWED.network, texted.rows[:-1], tf.ones([STEPS, 2, 1]),
        zero_state(WINDOWED.network, 2), text=tf.constant(texted.text),
    )  # fmt: skip
    for stride, length in STYLES.values():
        state = zero_state(WINDOWED.network, 2)
        for block in cut_blocks(STEPS, stride, length):
            if block.start:
                for carried, whole in zip(tf.nest.flatten(state), tf.nest.flatten(states), strict=True):
                    # The second line ends two points earlier, and stays as it was.
                    lines = slice(0, 2 if block.start < STEPS - 2 else 1)
                    expected = whole[block.start - 1, :, lines]
                    np.testing.assert_allclose(carried[:, lines], expected, atol=1e-5)
            assert isinstance(state[0], WindowedState)
            _, state = block_loss(weights, WINDOWED, block_input(texted, block), state)
    assert np.any(states[0].kappa[-1] > 1)
    assert np.any(states[0].vector[-1, :, 0] > 0)
    assert not np.any(states[0].vector[..., 1])


def test_a_gradient_that_reaches_back_to_the_first_point_is_the_whole_one(texted):
    """k1 = 1 and k2 = the line; a shorter reach gives another one, since the window's past counts."""
    weights = some_weights(WINDOWED)
    _, whole, _ = cut_run(weights, texted, 0, 0)
    _, pointwise, _ = cut_run(weights, texted, 1, 0)
    _, short, _ = cut_run(weights, texted, 4, 4)
    for name, gradient in whole.items():
        np.testing.assert_allclose(pointwise[name], gradient, atol=2e-4, rtol=1e-3)
    assert np.abs(short["window/kernel"] - whole["window/kernel"]).max() > 1e-3
