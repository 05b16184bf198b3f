"""The layer with its window over the text, against Graves' equations in NumPy float64 and numeric gradients."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning import lstm, window
from hwcli.learning.lstm import LayerWeights
from hwcli.learning.window import WindowedState, WindowWeights, windowed_sequence

STEPS_OF = (window.windowed_step_of, window.windowed_back_step_of)
STEPS, BATCH, UNITS, GAUSSIANS, LETTERS = 6, 3, 4, 2, 5
CODES = [[0, 3, 1, 1], [2, 4, -1, -1], [-1, -1, -1, -1]]
POINTS = ("rows", "mask", "kept")
LEARNED = ("rows", "kernel", "recurrent", "bias", "moving", "moving_bias", "peephole")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def plain(case):
    """Equations 7 to 11 and 46 to 51 of Graves 2013, step by step; a masked step changes nothing.

    Recurrent dropout is that of Semeniuta et al. 2016: ``kept`` multiplies the candidates.
    """
    hidden, cells, kappa, vector = (case[n] for n in ("hidden", "cells", "kappa", "vector"))
    text, peephole, places = case["text"], case["peephole"], np.arange(1, case["text"].shape[1] + 1)
    states = []
    for row, there, kept in zip(*(case[name] for name in POINTS), strict=True):
        read = np.concatenate([row, vector], 1)
        i, f, g, o = np.split(read @ case["kernel"] + hidden @ case["recurrent"] + case["bias"], 4, axis=1)
        i, f = sigmoid(i + peephole[0] * cells), sigmoid(f + peephole[1] * cells)
        new_cells = f * cells + i * np.tanh(g) * kept
        new_hidden = sigmoid(o + peephole[2] * new_cells) * np.tanh(new_cells)
        alpha, beta, moved = np.split(np.exp(new_hidden @ case["moving"] + case["moving_bias"]), 3, axis=1)
        new_kappa = kappa + moved
        new_vector = np.zeros_like(vector)
        for line, k, u in np.ndindex(BATCH, GAUSSIANS, len(places)):
            weight = alpha[line, k] * np.exp(-beta[line, k] * (new_kappa[line, k] - places[u]) ** 2)
            new_vector[line] += weight * text[line, u]
        new = (new_hidden, new_cells, new_kappa, new_vector)
        hidden, cells, kappa, vector = (
            np.where(there > 0, *pair) for pair in zip(new, (hidden, cells, kappa, vector), strict=True)
        )
        states.append((hidden, cells, kappa, vector))
    return [np.array(each) for each in zip(*states, strict=True)]


@pytest.fixture(params=["as it is", "recurrent dropout"])
def case(request):
    chance = np.random.default_rng(3)
    normal = chance.normal
    mask = np.ones((STEPS, BATCH, 1))
    mask[4:, 1] = 0
    mask[2, 0] = 0
    dropped = chance.random((STEPS, BATCH, UNITS)) < (0.4 if request.param == "recurrent dropout" else 0)
    return {
        "rows": normal(size=(STEPS, BATCH, 3)),
        "text": np.eye(LETTERS + 1)[np.array(CODES)][..., :LETTERS],
        "mask": mask,
        "kept": np.where(dropped, 0, 1 / (1 - dropped.mean())),
        "hidden": normal(size=(BATCH, UNITS)),
        "cells": normal(size=(BATCH, UNITS)),
        "kappa": np.abs(normal(size=(BATCH, GAUSSIANS))),
        "vector": normal(size=(BATCH, LETTERS)),
        "kernel": normal(size=(3 + LETTERS, 4 * UNITS)) / 2,
        "recurrent": normal(size=(UNITS, 4 * UNITS)) / 2,
        "bias": normal(size=4 * UNITS),
        "moving": normal(size=(UNITS, 3 * GAUSSIANS)) / 2,
        "moving_bias": normal(size=3 * GAUSSIANS) / 2 - 0.7,
        "peephole": normal(size=(3, UNITS)),
        "at_hidden": normal(size=(STEPS, BATCH, UNITS)),
        "at_vector": normal(size=(STEPS, BATCH, LETTERS)),
    }


def operation(case, clip=0.0, products=tf.float32, **changed):
    v = {name: tf.constant(value, tf.float32) for name, value in case.items()} | changed
    weights = (
        LayerWeights(v["kernel"], v["recurrent"], v["bias"], v["peephole"]),
        WindowWeights(v["moving"], v["moving_bias"]),
    )
    initial = WindowedState(*(tf.transpose(v[name]) for name in ("hidden", "cells", "kappa", "vector")))
    rows, mask, kept = (turned(v[name]) for name in POINTS)
    kept = None if np.all(case["kept"] == 1) else kept
    states = windowed_sequence(rows, v["text"], mask, initial, weights, clip, products, kept=kept)
    return WindowedState(*map(turned, states))


def turned(values):
    """Return (T, B, N), as the equations here have it, as (T, N, B), as training has it, or back."""
    return tf.transpose(values, [0, 2, 1])


def test_values_are_those_of_the_equations(case):
    for found, expected in zip(operation(case), plain(case), strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-6, rtol=1e-5)


def test_bfloat16_products_come_close(case):
    for found, expected in zip(operation(case, products=tf.bfloat16), plain(case), strict=True):
        np.testing.assert_allclose(found, expected, atol=0.1)


def test_a_text_of_no_characters_shows_nothing(case):
    assert not np.any(operation(case).vector.numpy()[0, 2])
    assert np.any(operation(case).vector.numpy()[0, 1])


def weighted(hidden, vector, case):
    return np.sum(hidden * case["at_hidden"]) + np.sum(vector * case["at_vector"])


def gradients(case, names, **options):
    variables = {name: tf.Variable(tf.constant(case[name], tf.float32)) for name in names}
    with tf.GradientTape() as tape:
        states = operation(case, **options, **variables)
        loss = tf.reduce_sum(tf.cast(states.hidden, tf.float32) * tf.constant(case["at_hidden"], tf.float32))
        loss += tf.reduce_sum(states.vector * tf.constant(case["at_vector"], tf.float32))
    return tape.gradient(loss, variables)


def numeric_gradient(case, name):
    gradient = np.zeros_like(case[name])
    for place in np.ndindex(gradient.shape):
        losses = []
        for sign in (1, -1):
            moved = case | {name: case[name].copy()}
            moved[name][place] += sign * 1e-5
            hidden, _, _, vector = plain(moved)
            losses.append(weighted(hidden, vector, case))
        gradient[place] = (losses[0] - losses[1]) / 2e-5
    return gradient


@pytest.mark.parametrize("name", LEARNED)
def test_gradient_is_the_numeric_one(case, name):
    found = gradients(case, [name])[name]
    np.testing.assert_allclose(found, numeric_gradient(case, name), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("products", [tf.float32, tf.bfloat16])
def test_outputs_are_in_the_products_type_and_all_else_in_float32(case, products):
    hidden, *rest = operation(case, products=products)
    assert hidden.dtype == products
    assert {state.dtype for state in rest} == {tf.float32}


def test_gradients_with_bfloat16_products_come_close(case):
    exact, close = (gradients(case, LEARNED, products=products) for products in (tf.float32, tf.bfloat16))
    for name in LEARNED:
        np.testing.assert_allclose(close[name], exact[name], atol=0.05 * np.abs(exact[name]).max())


def test_a_wide_clip_changes_nothing_and_a_narrow_one_bounds_the_bias_gradient(case):
    free, wide, narrow = (gradients(case, ["bias"], clip=clip)["bias"] for clip in (0.0, 1e6, 0.01))
    np.testing.assert_array_equal(free, wide)
    points = case["mask"].sum()
    assert np.all(np.abs(narrow) <= 0.01 * points + 1e-6)
    assert np.max(np.abs(free)) > 0.01 * points


def test_a_sequence_run_in_two_blocks_is_the_sequence_run_in_one(case):
    whole = operation(case)
    first = operation(case | {n: case[n][:3] for n in POINTS})
    state = dict(zip(("hidden", "cells", "kappa", "vector"), (part[-1] for part in first), strict=True))
    rest = operation(case | {n: case[n][3:] for n in POINTS}, **state)
    for early, late, all_of_it in zip(first, rest, whole, strict=True):
        np.testing.assert_allclose(tf.concat([early, late], 0), all_of_it, atol=1e-6)


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


@pytest.mark.parametrize("clip", [0.0, 0.3])
def test_compiled_steps_are_the_plain_ones(case, recompiled, clip):
    found = []
    for compiled in (True, False):
        recompiled(compiled)
        found.append([*operation(case, clip), *gradients(case, LEARNED, clip=clip).values()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)
