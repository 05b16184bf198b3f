"""The TensorFlow network against the NumPy one that writes with the same weights."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.learner import noisy
from hwcli.learning.network import Treatment, initial_weights, run_network, zero_state
from hwcli.model.config import Network, Noise
from hwcli.writing.network import NumpyNetwork

NETWORKS = {
    "plain": Network(layers=2, units=24, skip=False, mixtures=3),
    "skip": Network(layers=3, units=20, mixtures=4),
    "peepholes": Network(layers=2, units=16, peepholes=True, mixtures=2),
    "regression": Network(kind="regression", layers=2, units=24),
}


def weights_of(network, chance):
    weights = initial_weights(network, chance)
    return {name: (w + 0.3 * chance.normal(size=w.shape)).astype(np.float32) for name, w in weights.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_two_networks_agree_over_hundreds_of_steps(name):
    network, chance = NETWORKS[name], np.random.default_rng(8)
    weights = weights_of(network, chance)
    rows = chance.normal(size=(400, 2, 3)).astype(np.float32)
    tensors = {key: tf.constant(value) for key, value in weights.items()}
    outputs, _ = run_network(tensors, network, rows, tf.ones([400, 2, 1]), zero_state(network, 2))
    written = NumpyNetwork(network, weights).run(np.swapaxes(rows, 0, 1))
    np.testing.assert_allclose(np.swapaxes(outputs, 0, 1), written, atol=1e-4)


def test_dropout_leaves_the_mean_and_zeroes_its_share():
    network = Network(layers=1, units=400, mixtures=1)
    weights = {n: tf.constant(w) for n, w in initial_weights(network, np.random.default_rng(0)).items()}
    # Hidden values well above 0, and an output layer that adds them up to show what dropout made of them.
    weights["lstm_0/bias"] = 2 * tf.ones_like(weights["lstm_0/bias"])
    weights["output/kernel"] = tf.ones_like(weights["output/kernel"])
    weights["output/bias"] = tf.zeros_like(weights["output/bias"])
    rows = tf.ones([50, 40, 3])
    run = [weights, network, rows, tf.ones([50, 40, 1]), zero_state(network, 40)]
    plain, _ = run_network(*run)
    dropped, _ = run_network(*run, Treatment(dropout_output=0.3, seed=tf.constant([1, 2])))
    again, _ = run_network(*run, Treatment(dropout_output=0.3, seed=tf.constant([1, 2])))
    other, _ = run_network(*run, Treatment(dropout_output=0.3, seed=tf.constant([1, 3])))
    assert float(tf.reduce_mean(dropped)) == pytest.approx(float(tf.reduce_mean(plain)), rel=0.02)
    assert np.ptp(dropped.numpy()[30, :, 0]) > np.ptp(plain.numpy()[30, :, 0])
    np.testing.assert_array_equal(dropped, again)
    assert np.any(dropped.numpy() != other.numpy())


SMALL = Network(layers=2, units=7, mixtures=1)
"""With as many outputs as units, so that an output layer can show what a layer gives it."""


def shown(layer, treatment=Treatment()):
    """Return the outputs of ``layer`` (T, B, 7) as the output layer of the network above gets them."""
    weights = {n: tf.constant(w) for n, w in initial_weights(SMALL, np.random.default_rng(0)).items()}
    shows = np.zeros((14, 7), np.float32)
    shows[7 * layer : 7 * layer + 7] = np.eye(7)
    weights["output/kernel"] = tf.constant(shows)
    rows = tf.constant(np.random.default_rng(1).normal(size=(60, 50, 3)), tf.float32)
    given = (rows, tf.ones([60, 50, 1]), zero_state(SMALL, 50))
    return run_network(weights, SMALL, *given, treatment)[0].numpy()


@pytest.mark.parametrize(("products", "tolerance"), [(tf.float32, 1e-4), (tf.bfloat16, 0.02)])
def test_dropout_before_the_output_zeroes_its_share_and_grows_the_rest(products, tolerance):
    plain = shown(1, Treatment(products=products))
    dropped = shown(1, Treatment(dropout_output=0.3, seed=tf.constant([1, 2]), products=products))
    gone = dropped == 0
    assert gone.mean() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(dropped[~gone], plain[~gone] / 0.7, rtol=tolerance)
    # Each value by chance of its own: a unit, a line and a step are all hit about as often as any other.
    for axes in ((0, 1), (0, 2), (1, 2)):
        np.testing.assert_allclose(gone.mean(axes), 0.3, atol=0.12)


@pytest.mark.parametrize("products", [tf.float32, tf.bfloat16])
def test_a_small_share_of_dropout_is_hit(products):
    dropped = shown(1, Treatment(dropout_output=0.05, seed=tf.constant([1, 2]), products=products))
    assert (dropped == 0).mean() == pytest.approx(0.05, abs=0.003)


def test_dropout_between_layers_leaves_the_lowest_and_its_way_to_the_output_alone():
    between = Treatment(dropout_layers=0.3, seed=tf.constant([1, 2]))
    np.testing.assert_array_equal(shown(0, between), shown(0))
    assert np.mean(shown(1, between) != shown(1)) > 0.9
    # Without a chance, as in validation, nothing is dropped.
    np.testing.assert_array_equal(shown(1, Treatment(dropout_layers=0.3)), shown(1))


def test_input_noise_hits_the_offsets_of_its_share_of_points_alone():
    rows = tf.zeros([100, 200, 3])
    made = noisy(rows, Noise(input_probability=0.15, input_sd=2.0), tf.constant([3, 4])).numpy()
    assert np.all(made[..., 2] == 0)
    hit = np.any(made != 0, axis=-1)
    np.testing.assert_array_equal(hit, np.all(made[..., :2] != 0, axis=-1))
    assert hit.mean() == pytest.approx(0.15, abs=0.01)
    x, y = made[hit][:, :2].T
    for axis in (x, y):
        assert axis.std() == pytest.approx(2.0, rel=0.05)
        assert axis.mean() == pytest.approx(0, abs=0.15)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0, abs=0.06)
    for axes in (0, 1):
        np.testing.assert_allclose(hit.mean(axes), 0.15, atol=0.13)
    assert np.any(
        noisy(rows, Noise(input_probability=0.15), tf.constant([3, 5])).numpy()[..., 0] != made[..., 0]
    )
    assert noisy(rows, Noise(), tf.constant([3, 4])) is rows
