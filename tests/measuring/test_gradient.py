"""The plain float64 gradient against differences of the loss itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from hwcli.measuring.gradient import backward, forward, output_gradients, point_losses, reach, weight_gradients
from hwcli.model.config import Network
from hwcli.model.file import weight_shapes
from hwcli.writing.network import NumpyNetwork

SHAPES = [
    Network(kind=kind, layers=3, units=4, skip=skip, peepholes=peepholes, mixtures=2)
    for kind, skip, peepholes in itertools.product(("mixture", "regression"), (True, False), (True, False))
]
SHAPES += [
    Network(
        kind=kind, layers=3, units=4, skip=skip, peepholes=peepholes, mixtures=2, window=2, characters="ab c"
    )
    for kind, skip, peepholes in (
        ("mixture", True, False),
        ("mixture", False, True),
        ("regression", True, True),
    )
]
TEXT = np.array([0, 1, 1, 2, 3, 0], np.int32)
"""Of no meaning to a network without a window."""
UP_WEIGHT = 1.5


def weights_of(network: Network, rng: np.random.Generator) -> dict[str, Any]:
    return {name: rng.standard_normal(shape) * 0.5 for name, shape in weight_shapes(network).items()}


def line(rng: np.random.Generator, points: int = 8) -> Any:
    rows = rng.standard_normal((points, 3))
    rows[:, 2] = rows[:, 2] > 0
    return rows


def loss_of(network: Network, weights: Any, inputs: Any, targets: Any) -> Any:
    return point_losses(network, forward(network, weights, inputs, TEXT).outputs, targets, UP_WEIGHT)


def difference(function: Any, array: Any, index: tuple[int, ...], step: float = 1e-5) -> Any:
    """The derivative of ``function()`` with respect to one number of ``array``, from both sides of it."""
    kept = array[index]
    array[index] = kept + step
    above = function()
    array[index] = kept - step
    below = function()
    array[index] = kept
    return (above - below) / (2 * step)


@pytest.mark.parametrize("network", SHAPES, ids=str)
def test_the_gradient_of_every_weight_is_that_of_differences(
    network: Network, rng: np.random.Generator
) -> None:
    weights, rows = weights_of(network, rng), line(rng)
    trace = forward(network, weights, rows[:-1], TEXT)
    gradients = output_gradients(network, trace.outputs, rows[1:], UP_WEIGHT)[:, np.newaxis]
    _, deltas = backward(network, weights, trace, gradients)
    found = weight_gradients(network, trace, gradients, deltas)
    assert found.keys() == weights.keys()
    for name, array in weights.items():
        assert found[name].shape == array.shape
        for _ in range(6):
            index = tuple(int(rng.integers(size)) for size in array.shape)
            wanted = difference(lambda: loss_of(network, weights, rows[:-1], rows[1:]).sum(), array, index)
            assert found[name][index] == pytest.approx(wanted, rel=1e-5, abs=1e-7), (name, index)


@pytest.mark.parametrize("network", SHAPES, ids=str)
def test_the_gradient_of_every_input_is_that_of_differences(network: Network, rng: np.random.Generator) -> None:
    weights, rows = weights_of(network, rng), line(rng)
    inputs = rows[:-1].copy()
    trace = forward(network, weights, inputs, TEXT)
    at_outputs = output_gradients(network, trace.outputs, rows[1:], UP_WEIGHT)
    one_loss_each = np.eye(len(inputs))[:, :, np.newaxis] * at_outputs[:, np.newaxis]
    to_rows, _ = backward(network, weights, trace, one_loss_each)
    for s, feature in np.ndindex(inputs.shape):
        wanted = difference(lambda: loss_of(network, weights, inputs, rows[1:]), inputs, (s, feature))
        np.testing.assert_allclose(to_rows[s, :, feature], wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("network", [SHAPES[0], SHAPES[-1]], ids=str)
def test_the_reach_of_a_loss_goes_back_from_its_place_and_never_forward(
    network: Network, rng: np.random.Generator
) -> None:
    weights, rows = weights_of(network, rng), line(rng, 12)
    norms = reach(network, weights, rows, [3, 10], text=TEXT)
    assert norms.shape == (2, 11)
    assert np.isnan(norms[0, 4:]).all()
    assert (norms[0, :4] > 0).all()
    inputs = rows[:-1].copy()
    at_two = [
        difference(
            lambda: point_losses(network, forward(network, weights, inputs, TEXT).outputs, rows[1:])[10],
            inputs,
            (8, k),
        )
        for k in range(3)
    ]
    assert norms[1, 2] == pytest.approx(np.linalg.norm(at_two), rel=1e-5)


@pytest.mark.parametrize("network", SHAPES, ids=str)
def test_it_agrees_with_the_network_that_writes(network: Network, rng: np.random.Generator) -> None:
    weights = {name: array.astype(np.float32) for name, array in weights_of(network, rng).items()}
    rows = line(rng, 60).astype(np.float32)
    slow = forward(network, weights, rows, TEXT).outputs
    np.testing.assert_allclose(
        NumpyNetwork(network, weights).run(rows[np.newaxis], texts=[TEXT])[0], slow, atol=1e-5
    )


def test_a_text_that_is_not_known_shows_nothing(rng: np.random.Generator) -> None:
    network = SHAPES[-1]
    weights, rows = weights_of(network, rng), line(rng, 9)
    norms = reach(network, weights, rows, [7])
    assert np.isfinite(norms).all()
    assert forward(network, weights, rows).window is not None
    rows32 = rows.astype(np.float32)
    quick = NumpyNetwork(network, {k: v.astype(np.float32) for k, v in weights.items()}).run(rows32[np.newaxis])
    np.testing.assert_allclose(quick[0], forward(network, weights, rows).outputs, atol=1e-5)
