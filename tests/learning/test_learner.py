"""The gradient that changes the weights: clipped where the configuration says, and shared as it says."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.batches import Batch
from hwcli.learning.learner import Learner
from hwcli.learning.network import initial_weights
from hwcli.model import Config
from hwcli.model.file import weight_shapes

CONFIG = Config().updated(
    {
        "network": {"layers": 2, "units": 5, "mixtures": 2},
        "bptt": {"stride": 0, "length": 0},
        "optimiser": {"kind": "adam", "beta1": 0.9, "gradient": "line"},
    }
)
STEPS, LINES = 12, 3


@pytest.fixture(scope="module")
def batch():
    rows = np.random.default_rng(4).normal(size=(STEPS + 1, LINES, 3)).astype(np.float32)
    rows[..., 2] = rows[..., 2] > 0
    return Batch(rows, np.array([13, 9, 5], np.int32), np.zeros((LINES, 0), np.int32))


def gradients(batch, **options):
    """Return the gradient that a learner goes by: of its first, Adam's first moment has a tenth."""
    config = CONFIG.updated({"optimiser": options})
    weights = initial_weights(config.network, np.random.default_rng(3))
    learner = Learner(config, weights, tf.float32, 1)
    assert learner.learn(batch, 0.0, (1, 2)).finite
    names = weight_shapes(config.network)
    return {name: slot / 0.1 for name, slot in zip(names, learner.slots()[1 : len(names) + 1], strict=True)}


def test_derivatives_are_clipped_where_the_configuration_says(batch):
    limit = 1e-3
    most = limit * STEPS * (1 + 1e-4)
    free, outputs, cells = (
        gradients(batch, **clips) for clips in ({}, {"clip_outputs": limit}, {"clip_cells": limit})
    )
    layers = [name for name in free if name.startswith("lstm") and name.endswith("bias")]
    assert all(np.abs(free[name]).max() > 2 * most for name in ["output/bias", layers[-1]])
    assert np.abs(outputs["output/bias"]).max() <= most
    assert all(np.abs(cells[name]).max() <= most for name in layers)
    # At the output the derivatives at cells are not known yet.
    np.testing.assert_allclose(cells["output/bias"], free["output/bias"], rtol=1e-5)


def test_the_gradient_is_that_of_the_mean_over_points_or_over_lines(batch):
    of_points, of_lines = (gradients(batch, gradient=mean) for mean in ("point", "line"))
    for name, gradient in of_lines.items():
        np.testing.assert_allclose(gradient * LINES, of_points[name] * batch.predictions, rtol=1e-4, atol=1e-6)
