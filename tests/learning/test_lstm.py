"""The LSTM operation against Graves' equations in NumPy float64, and its gradient against numeric ones."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning import lstm
from hwcli.learning.lstm import LayerStates, LayerWeights, lstm_sequence

STEPS_OF = (lstm.step_of, lstm.back_step_of)
STEPS, BATCH, INPUTS, UNITS = 7, 3, 4, 5
POINTS = ("inputs", "mask", "kept")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def plain_lstm(inputs, mask, kept, hidden, cells, kernel, recurrent, bias, peephole):
    """Equations 7 to 11 of Graves 2013, one step after the other; a masked step changes nothing.

    Recurrent dropout is that of Semeniuta et al. 2016: ``kept`` multiplies the candidates.
    """
    states = []
    for x, there, kept_here in zip(inputs, mask, kept, strict=True):
        i, f, g, o = np.split(x @ kernel + hidden @ recurrent + bias, 4, axis=1)
        i, f = sigmoid(i + peephole[0] * cells), sigmoid(f + peephole[1] * cells)
        new_cells = f * cells + i * np.tanh(g) * kept_here
        new_hidden = sigmoid(o + peephole[2] * new_cells) * np.tanh(new_cells)
        cells = np.where(there > 0, new_cells, cells)
        hidden = np.where(there > 0, new_hidden, hidden)
        states.append((hidden, cells))
    return np.array([s[0] for s in states]), np.array([s[1] for s in states])


@pytest.fixture(params=["as it is", "recurrent dropout"])
def case(request):
    chance = np.random.default_rng(5)
    normal = chance.normal
    mask = np.ones((STEPS, BATCH, 1))
    mask[5:, 1] = 0
    mask[:2, 2] = 0
    dropped = chance.random((STEPS, BATCH, UNITS)) < (0.4 if request.param == "recurrent dropout" else 0)
    return {
        "inputs": normal(size=(STEPS, BATCH, INPUTS)),
        "mask": mask,
        "kept": np.where(dropped, 0, 1 / (1 - dropped.mean())),
        "hidden": normal(size=(BATCH, UNITS)),
        "cells": normal(size=(BATCH, UNITS)),
        "kernel": normal(size=(INPUTS, 4 * UNITS)) / 2,
        "recurrent": normal(size=(UNITS, 4 * UNITS)) / 2,
        "bias": normal(size=4 * UNITS),
        "peephole": normal(size=(3, UNITS)),
        "weighting": normal(size=(STEPS, BATCH, UNITS)),
    }


def operation(case, peepholes=True, clip=0.0, products=tf.float32, **changed):
    values = {name: tf.constant(value, tf.float32) for name, value in case.items()} | changed
    weights = LayerWeights(
        values["kernel"], values["recurrent"], values["bias"], values["peephole"] if peepholes else None
    )
    initial = LayerStates(tf.transpose(values["hidden"]), tf.transpose(values["cells"]))
    inputs, mask, kept = (turned(values[name]) for name in POINTS)
    parts = [inputs[:, :1], inputs[:, 1:]]
    kept = None if np.all(case["kept"] == 1) else kept
    return LayerStates(*map(turned, lstm_sequence(parts, mask, initial, weights, clip, products, kept=kept)))


def turned(values):
    """Return (T, B, N), as the equations here have it, as (T, N, B), as training has it, or back."""
    return tf.transpose(values, [0, 2, 1])


def reference(case, peepholes=True):
    names = (*POINTS, "hidden", "cells", "kernel", "recurrent", "bias")
    return plain_lstm(*(case[n] for n in names), case["peephole"] if peepholes else np.zeros((3, UNITS)))


@pytest.mark.parametrize("peepholes", [False, True])
def test_values_are_those_of_the_equations(case, peepholes):
    states = operation(case, peepholes)
    hidden, cells = reference(case, peepholes)
    np.testing.assert_allclose(states.hidden, hidden, atol=1e-6)
    np.testing.assert_allclose(states.cells, cells, atol=1e-6)


@pytest.mark.parametrize("length", [1, 3, 4, 5])
def test_a_sequence_may_have_any_number_of_steps(case, length):
    short = case | {name: case[name][:length] for name in (*POINTS, "weighting")}
    np.testing.assert_allclose(operation(short).hidden, reference(short)[0], atol=1e-6)
    found = gradients(short, ["recurrent"])["recurrent"]
    np.testing.assert_allclose(found, numeric_gradient(short, "recurrent", True), atol=2e-5, rtol=1e-4)


def test_bfloat16_products_come_close(case):
    states = operation(case, products=tf.bfloat16)
    np.testing.assert_allclose(states.hidden, reference(case)[0], atol=0.05)


def gradients(case, names, **options):
    variables = {name: tf.Variable(tf.constant(case[name], tf.float32)) for name in names}
    with tf.GradientTape() as tape:
        hidden = tf.cast(operation(case, **options, **variables).hidden, tf.float32)
        loss = tf.reduce_sum(hidden * tf.constant(case["weighting"], tf.float32))
    return tape.gradient(loss, variables)


def numeric_gradient(case, name, peepholes):
    gradient = np.zeros_like(case[name])
    for place in np.ndindex(gradient.shape):
        losses = []
        for sign in (1, -1):
            moved = case | {name: case[name].copy()}
            moved[name][place] += sign * 1e-5
            losses.append(np.sum(reference(moved, peepholes)[0] * case["weighting"]))
        gradient[place] = (losses[0] - losses[1]) / 2e-5
    return gradient


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("name", ["inputs", "kernel", "recurrent", "bias", "peephole"])
def test_gradient_is_the_numeric_one(case, name, peepholes):
    if name == "peephole" and not peepholes:
        assert gradients(case, [name], peepholes=False)[name] is None
        return
    found = gradients(case, [name], peepholes=peepholes)[name]
    np.testing.assert_allclose(found, numeric_gradient(case, name, peepholes), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("products", [tf.float32, tf.bfloat16])
def test_outputs_are_in_the_products_type_and_cells_in_float32(case, products):
    states = operation(case, products=products)
    assert (states.hidden.dtype, states.cells.dtype) == (products, tf.float32)


def test_gradients_with_bfloat16_products_come_close(case):
    names = ["inputs", "kernel", "recurrent", "bias", "peephole"]
    exact, close = (gradients(case, names, products=products) for products in (tf.float32, tf.bfloat16))
    for name in names:
        assert close[name].dtype == tf.float32
        np.testing.assert_allclose(close[name], exact[name], atol=0.03 * np.abs(exact[name]).max())


def test_a_wide_clip_changes_nothing_and_a_narrow_one_bounds_the_bias_gradient(case):
    free, wide, narrow = (gradients(case, ["bias"], clip=clip)["bias"] for clip in (0.0, 1e6, 0.01))
    np.testing.assert_array_equal(free, wide)
    points = case["mask"].sum()
    assert np.all(np.abs(narrow) <= 0.01 * points + 1e-6)
    assert np.max(np.abs(free)) > 0.01 * points


def test_masked_points_get_no_gradient(case):
    found = gradients(case, ["inputs"])["inputs"].numpy()
    assert np.all(found[case["mask"][..., 0] == 0] == 0)
    assert np.all(np.any(found[case["mask"][..., 0] == 1] != 0, axis=-1))


def test_a_sequence_run_in_two_blocks_is_the_sequence_run_in_one(case):
    whole = operation(case)
    first = operation(case | {n: case[n][:3] for n in POINTS})
    rest = operation(case | {n: case[n][3:] for n in POINTS}, hidden=first.hidden[-1], cells=first.cells[-1])
    np.testing.assert_allclose(tf.concat([first.hidden, rest.hidden], 0), whole.hidden, atol=1e-6)
    np.testing.assert_allclose(tf.concat([first.cells, rest.cells], 0), whole.cells, atol=1e-6)


@pytest.fixture
def recompiled(monkeypatch):
    """Let layers of any size, or none, be compiled: ``recompiled(True)``."""

    def choose(compiled):
        monkeypatch.setattr(lstm, "COMPILED_UNITS", 1 if compiled else 1 << 30)
        for cached in STEPS_OF:
            cached.cache_clear()

    yield choose
    for cached in STEPS_OF:
        cached.cache_clear()


@pytest.mark.parametrize(("peepholes", "clip"), [(False, 0.0), (True, 0.3)])
def test_compiled_steps_are_the_plain_ones(case, recompiled, peepholes, clip):
    names = ["inputs", "kernel", "recurrent", "bias", *(["peephole"] if peepholes else [])]
    found = []
    for compiled in (True, False):
        recompiled(compiled)
        states = operation(case, peepholes, clip)
        found.append([*states, *gradients(case, names, peepholes=peepholes, clip=clip).values()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-5)


def test_layers_are_compiled_from_a_size_on():
    lstm.step_of.cache_clear()
    small, large = (lstm.step_of(lstm.COMPILED_UNITS - less, 0) for less in (1, 0))
    assert not hasattr(small, "get_concrete_function")
    assert hasattr(large, "get_concrete_function")
