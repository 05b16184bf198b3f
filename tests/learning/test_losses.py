"""The losses against their definitions in NumPy float64, and their behaviour at the edges."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.losses import clip_derivatives, mixture_loss, regression_loss
from hwcli.model.config import Loss, Network

NETWORK = Network(mixtures=3)


def plain_mixture_loss(outputs, row):
    """Equations 24 to 26 of Graves 2013 as they stand, for one point."""
    pen, logits, mean_x, mean_y, log_sd_x, log_sd_y, a = np.split(outputs, [1, 4, 7, 10, 13, 16])
    weights = np.exp(logits) / np.exp(logits).sum()
    sd_x, sd_y, r = np.exp(log_sd_x), np.exp(log_sd_y), np.tanh(a)
    x, y, up = row
    z = (
        (x - mean_x) ** 2 / sd_x**2
        + (y - mean_y) ** 2 / sd_y**2
        - 2 * r * (x - mean_x) * (y - mean_y) / (sd_x * sd_y)
    )
    density = np.exp(-z / (2 * (1 - r**2))) / (2 * np.pi * sd_x * sd_y * np.sqrt(1 - r**2))
    e = 1 / (1 + np.exp(-pen[0]))
    return -np.log((weights * density).sum()) - np.log(e if up else 1 - e)


def test_mixture_loss_is_the_equation():
    chance = np.random.default_rng(1)
    outputs = chance.normal(size=(20, NETWORK.outputs))
    rows = chance.normal(size=(20, 3))
    rows[:, 2] = rows[:, 2] > 0
    found = mixture_loss(tf.constant(outputs, tf.float32), tf.constant(rows, tf.float32), NETWORK, Loss())
    expected = [plain_mixture_loss(o, r) for o, r in zip(outputs, rows, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("extreme", [30.0, -30.0])
def test_mixture_loss_and_its_gradient_stay_finite_far_out(extreme):
    outputs = tf.Variable(np.full((1, NETWORK.outputs), extreme), dtype=tf.float32)
    with tf.GradientTape() as tape:
        # sd = exp(-30): the point lies on the mean, as a network that is too sure would have it
        loss = mixture_loss(outputs, tf.constant([[extreme, extreme, 0.0]]), NETWORK, Loss())
    assert np.isfinite(loss.numpy()).all()
    assert np.isfinite(tape.gradient(loss, outputs).numpy()).all()


def test_regression_loss_weighs_the_end_of_a_stroke():
    outputs = tf.constant([[1.0, 2.0, 0.3], [1.0, 2.0, 0.3]])
    rows = tf.constant([[0.5, 0.0, 1.0], [0.5, 0.0, 0.0]])
    e = 1 / (1 + np.exp(-0.3))
    expected = [4.25 - 1.5 * np.log(e), 4.25 - np.log(1 - e)]
    found = regression_loss(outputs, rows, Network(kind="regression"), Loss(pen_up_weight=1.5))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_clipped_derivatives_leave_values_alone():
    values = tf.Variable([-3.0, 0.5, 3.0])
    with tf.GradientTape() as tape:
        clipped = clip_derivatives(values, 1.0)
        loss = tf.reduce_sum(clipped * clipped)
    np.testing.assert_array_equal(clipped, values)
    np.testing.assert_allclose(tape.gradient(loss, values), [-1, 1, 1])
