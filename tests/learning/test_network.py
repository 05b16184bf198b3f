"""The TensorFlow network against the NumPy one that writes with the same weights."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.learner import noisy
from hwcli.learning.network import Treatment, initial_weights, layer_weights, run_network, zero_state
from hwcli.model.config import Network, Noise
from hwcli.writing.network import NumpyNetwork

NETWORKS = {
    "plain": Network(layers=2, units=24, skip=False, mixtures=3),
    "skip": Network(layers=3, units=20, mixtures=4),
    "peepholes": Network(layers=2, units=16, peepholes=True, mixtures=2),
    "regression": Network(kind="regression", layers=2, units=24),
    "window": Network(layers=3, units=20, mixtures=3, window=4, characters="abc"),
    "window and peepholes": Network(
        layers=2, units=16, mixtures=2, window=2, characters="abc ", peepholes=True
    ),
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
    text = chance.integers(0, 3, (2, 150), np.int32) if network.window else None
    given = (rows, tf.ones([400, 2, 1]), zero_state(network, 2))
    outputs, states = run_network(tensors, network, *given, text=text)
    written = NumpyNetwork(network, weights).run(
        np.swapaxes(rows, 0, 1), texts=None if text is None else [*text]
    )
    np.testing.assert_allclose(np.swapaxes(outputs, 0, 1), written, atol=1e-4)
    if network.window:  # it has moved, and not beyond the text
        reached = states[0].kappa.numpy()[-1].min(0)
        assert np.all((reached > 2) & (reached < 150))


SHAPES = {
    "one layer": Network(layers=1, units=4, mixtures=2),
    "peepholes": Network(layers=3, units=4, mixtures=2, peepholes=True),
    "no skips": Network(kind="regression", layers=3, units=4, skip=False),
    "window": Network(layers=3, units=4, mixtures=2, window=2, characters="abc"),
    "all": Network(layers=2, units=4, mixtures=2, window=2, characters="abc", skip=False, peepholes=True),
}
STEPS, LINES = 6, 4


def gates_of(sums, cells, peephole):
    """Equations 7 to 11 of Graves 2013, gradient recorded."""
    i, f, g, o = tf.split(sums, 4, axis=1)
    at_i, at_f, at_o = (0, 0, 0) if peephole is None else tf.unstack(peephole)
    new = tf.sigmoid(f + at_f * cells) * cells + tf.sigmoid(i + at_i * cells) * tf.tanh(g)
    return tf.sigmoid(o + at_o * new) * tf.tanh(new), new


def looped(weights, network, rows, mask, text):
    """Return the outputs (T, B, O) of a network written as a loop over the points, without further thought."""
    hidden = [tf.zeros([LINES, network.units])] * network.layers
    cells, kappa = list(hidden), tf.zeros([LINES, network.window])
    vector, letters = tf.zeros([LINES, network.alphabet]), tf.one_hot(text, network.alphabet)
    outputs = []
    for row, there in zip(rows, mask > 0, strict=True):
        for layer in range(network.layers):
            own = layer_weights(weights, layer)
            read = [row] if layer == 0 or network.skip else []
            read += [vector, hidden[layer - 1]] if layer else [vector]
            sums = tf.concat(read, 1) @ own.kernel + hidden[layer] @ own.recurrent + own.bias
            new, new_cells = gates_of(sums, cells[layer], own.peephole)
            hidden[layer] = tf.where(there, new, hidden[layer])
            cells[layer] = tf.where(there, new_cells, cells[layer])
            if layer == 0 and network.window:
                moving = tf.exp(new @ weights["window/kernel"] + weights["window/bias"])
                alpha, beta, moved = (each[:, :, None] for each in tf.split(moving, 3, axis=1))
                away = kappa[:, :, None] + moved - tf.range(1.0, text.shape[1] + 1)
                shown = tf.reduce_sum(alpha * tf.exp(-beta * away**2), 1)
                kappa = tf.where(there, kappa + moved[..., 0], kappa)
                vector = tf.where(there, tf.einsum("bu,buc->bc", shown, letters), vector)
        outputs.append(
            tf.concat([*(hidden if network.skip else hidden[-1:]), vector], 1) @ weights["output/kernel"]
            + weights["output/bias"]
        )
    return tf.stack(outputs)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("products", "tolerance"), [(tf.float32, 1e-4), (tf.bfloat16, 0.1)])
def test_outputs_and_gradients_are_those_of_a_plain_loop(name, products, tolerance):
    network, chance = SHAPES[name], np.random.default_rng(6)
    weights = {key: tf.constant(value) for key, value in weights_of(network, chance).items()}
    rows = tf.constant(chance.normal(size=(STEPS, LINES, 3)), tf.float32)
    mask = tf.constant(chance.random((STEPS, LINES, 1)) > 0.3, tf.float32)
    text = tf.constant([[0, 1, 2], [2, -1, -1], [-1, -1, -1], [1, 1, 0]])
    weighting = tf.constant(chance.normal(size=(STEPS, LINES, network.outputs)), tf.float32) * mask

    def found(outputs_of):
        with tf.GradientTape() as tape:
            tape.watch(list(weights.values()))
            outputs = outputs_of()
            loss = tf.reduce_sum(outputs * weighting)
        return [outputs * mask, *tape.gradient(loss, list(weights.values()))]

    how, state = Treatment(products=products), zero_state(network, LINES)
    made = found(lambda: run_network(weights, network, rows, mask, state, how, text)[0])
    wanted = found(lambda: looped(weights, network, rows, mask, text))
    for one, other in zip(made, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance * np.abs(other).max())


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


@pytest.mark.parametrize("products", [tf.float32, tf.bfloat16])
def test_dropout_between_layers_leaves_the_lowest_and_its_way_to_the_output_alone(products):
    between = Treatment(dropout_layers=0.3, seed=tf.constant([1, 2]), products=products)
    plain = Treatment(products=products)
    np.testing.assert_array_equal(shown(0, between), shown(0, plain))
    assert np.mean(shown(1, between) != shown(1, plain)) > 0.9
    # Without a chance, as in validation, nothing is dropped.
    np.testing.assert_array_equal(shown(1, Treatment(dropout_layers=0.3)), shown(1))


@pytest.mark.parametrize("products", [tf.float32, tf.bfloat16])
def test_recurrent_dropout_takes_from_what_a_step_adds_and_leaves_what_the_cells_remember(products):
    plain = Treatment(products=products)
    dropping = plain._replace(dropout_recurrent=0.3, seed=tf.constant([1, 2]))
    # At the first step the cells hold nothing but what is added: a unit whose candidate is dropped gives 0.
    first = shown(0, dropping)[0]
    gone = first == 0
    assert gone.mean() == pytest.approx(0.3, abs=0.05)
    assert np.all(np.abs(first[~gone]) > np.abs(shown(0, plain)[0][~gone]))
    # Later they remember, so that hardly any gives 0; and each step drops others.
    assert np.mean(shown(0, dropping)[5:] == 0) < 0.01
    np.testing.assert_array_equal(shown(1, dropping), shown(1, dropping))
    assert np.any(shown(1, dropping) != shown(1, dropping._replace(seed=tf.constant([1, 3]))))
    # Without a chance, as in validation, nothing is dropped.
    np.testing.assert_array_equal(shown(1, dropping._replace(seed=None)), shown(1, plain))


@pytest.mark.parametrize("window", [0, 2])
def test_recurrent_dropout_is_of_every_layer_and_other_in_each(window):
    network = Network(layers=2, units=50, mixtures=1, window=window, characters="ab")
    weights = {n: tf.constant(w) for n, w in initial_weights(network, np.random.default_rng(0)).items()}
    text = tf.zeros([4, 3], tf.int32) if window else None
    given = (tf.ones([1, 4, 3]), tf.ones([1, 4, 1]), zero_state(network, 4))
    treatment = Treatment(dropout_recurrent=0.5, seed=tf.constant([1, 2]))
    _, state = run_network(weights, network, *given, treatment, text)
    gone = [layer.hidden.numpy()[0] == 0 for layer in state]
    assert [each.mean() for each in gone] == pytest.approx([0.5, 0.5], abs=0.12)
    assert np.mean(gone[0] != gone[1]) > 0.3


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
