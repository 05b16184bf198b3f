"""The optimisers against their published algorithms, step by step in NumPy float64."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.optimisers import clip_by_norm, make_optimiser
from hwcli.model.config import Optimiser

GRADIENTS = np.random.default_rng(2).normal(size=(30, 5)) * np.array([1e-4, 0.01, 1, 10, 100])


def run(options):
    variable = tf.Variable(np.ones(5), dtype=tf.float32)
    optimiser = make_optimiser([variable], options)
    for gradient in GRADIENTS:
        optimiser.apply([tf.constant(gradient, tf.float32)], tf.constant(options.rate))
    return variable.numpy()


def test_adam_is_algorithm_1_of_kingma_and_ba():
    options = Optimiser(kind="adam", rate=0.01, beta1=0.9, beta2=0.99, epsilon=1e-3)
    weights, first, second = np.ones(5), 0, 0
    for step, gradient in enumerate(GRADIENTS, 1):
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        unbiased_first, unbiased_second = first / (1 - 0.9**step), second / (1 - 0.99**step)
        weights = weights - 0.01 * unbiased_first / (np.sqrt(unbiased_second) + 1e-3)
    np.testing.assert_allclose(run(options), weights, atol=1e-5)


def test_rmsprop_is_equations_38_to_45_of_graves():
    options = Optimiser(kind="rmsprop", rate=1e-3)
    weights, n, m, change = np.ones(5), 0, 0, 0
    for gradient in GRADIENTS:
        n = 0.95 * n + 0.05 * gradient**2
        m = 0.95 * m + 0.05 * gradient
        change = 0.9 * change - 1e-3 * gradient / np.sqrt(n - m**2 + 1e-4)
        weights = weights + change
    np.testing.assert_allclose(run(options), weights, atol=1e-5)


def test_clipping_keeps_the_direction_and_bounds_the_norm():
    gradients = [tf.constant([3.0, 0.0]), tf.constant([[4.0]])]
    clipped, norm = clip_by_norm(gradients, 1.0)
    assert float(norm) == 5
    np.testing.assert_allclose(clipped[0], [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(clipped[1], [[0.8]], rtol=1e-6)
    for same in (clip_by_norm(gradients, 0.0)[0], clip_by_norm(gradients, 50.0)[0]):
        np.testing.assert_array_equal(same[1], [[4.0]])
