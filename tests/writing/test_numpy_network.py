"""The network in NumPy against Graves' equations, written out one number type and one point at a time."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from hwcli.model.config import Network
from hwcli.model.file import weight_shapes
from hwcli.writing.network import NumpyNetwork, State, Tape

ALL_SHAPES = [
    Network(layers=layers, units=7, skip=skip, peepholes=peepholes, mixtures=2)
    for layers, skip, peepholes in itertools.product((1, 2, 3, 4, 5, 6), (True, False), (True, False))
]
SMALL = Network(layers=3, units=9, peepholes=True, mixtures=2)


def weights_of(network: Network, rng: np.random.Generator) -> dict[str, Any]:
    shapes = weight_shapes(network).items()
    return {name: (rng.standard_normal(shape) * 0.4).astype(np.float32) for name, shape in shapes}


def rows_of(rng: np.random.Generator, lines: int, steps: int) -> Any:
    rows = rng.standard_normal((lines, steps, 3)).astype(np.float32)
    rows[..., 2] = rows[..., 2] > 1
    return rows


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def slowly(network: Network, weights: dict[str, Any], rows: Any) -> Any:
    """Equations 1 to 3 and 7 to 11 of Graves 2013 in float64, for one line (T, 3)."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    hidden = [np.zeros(network.units) for _ in range(network.layers)]
    cells = [np.zeros(network.units) for _ in range(network.layers)]
    outputs = []
    for x in rows.astype(np.float64):
        for n in range(network.layers):
            below = [hidden[n - 1]] if n else []
            inputs = np.concatenate([x, *below]) if n == 0 or network.skip else below[0]
            pre = inputs @ w[f"lstm_{n}/kernel"] + hidden[n] @ w[f"lstm_{n}/recurrent"] + w[f"lstm_{n}/bias"]
            pre_i, pre_f, pre_c, pre_o = np.split(pre, 4)
            w_ci, w_cf, w_co = w[f"lstm_{n}/peephole"] if network.peepholes else (0, 0, 0)
            i = sigmoid(pre_i + w_ci * cells[n])
            f = sigmoid(pre_f + w_cf * cells[n])
            cells[n] = f * cells[n] + i * np.tanh(pre_c)
            o = sigmoid(pre_o + w_co * cells[n])
            hidden[n] = o * np.tanh(cells[n])
        read = np.concatenate(hidden) if network.skip else hidden[-1]
        outputs.append(read @ w["output/kernel"] + w["output/bias"])
    return np.array(outputs)


def stepped(stepper: Any, rows: Any) -> Any:
    outputs = []
    for t in range(rows.shape[1]):
        stepper.feed(rows[:, t])
        outputs.append(stepper.outputs().copy())
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("network", ALL_SHAPES, ids=str)
def test_every_shape_of_network_computes_what_the_equations_say(
    network: Network, rng: np.random.Generator
) -> None:
    weights, rows = weights_of(network, rng), rows_of(rng, 3, 25)
    wanted = np.stack([slowly(network, weights, line) for line in rows])
    numpy_network = NumpyNetwork(network, weights)
    np.testing.assert_allclose(numpy_network.run(rows), wanted, atol=2e-6)
    np.testing.assert_allclose(stepped(numpy_network.stepper(3), rows), wanted, atol=2e-6)


def test_a_line_longer_than_a_chunk_is_not_broken_at_its_border(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, rows = weights_of(SMALL, rng), rows_of(rng, 2, 50)
    network = NumpyNetwork(SMALL, weights)
    whole = network.run(rows)
    monkeypatch.setattr("hwcli.writing.network.CHUNK_COLUMNS", 14)
    parts = list(network.run_in_parts(rows))
    assert [start for start, _ in parts] == list(range(0, 50, 7))
    np.testing.assert_allclose(np.concatenate([part for _, part in parts], axis=1), whole, atol=1e-6)


def test_a_state_taken_out_and_put_back_goes_on_as_if_nothing_had_been(rng: np.random.Generator) -> None:
    network, rows = NumpyNetwork(SMALL, weights_of(SMALL, rng)), rows_of(rng, 4, 30)
    whole = network.run(rows)

    state = State.zeros(SMALL, 4)
    first = network.run(rows[:, :11], state=state)
    stepper = network.stepper(4)
    stepper.state = state
    np.testing.assert_allclose(first, whole[:, :11], atol=1e-6)
    np.testing.assert_allclose(stepped(stepper, rows[:, 11:20]), whole[:, 11:20], atol=1e-6)
    np.testing.assert_allclose(network.run(rows[:, 20:], state=stepper.state), whole[:, 20:], atol=1e-6)


def test_a_lane_that_is_reset_begins_anew_and_leaves_the_others_alone(rng: np.random.Generator) -> None:
    network, rows = NumpyNetwork(SMALL, weights_of(SMALL, rng)), rows_of(rng, 2, 20)
    stepper = network.stepper(2)
    stepped(stepper, rows[:, :8])
    stepper.reset(1)
    after = stepped(stepper, rows[:, 8:])
    np.testing.assert_allclose(after[0], network.run(rows)[0, 8:], atol=1e-6)
    np.testing.assert_allclose(after[1], network.run(rows[1:, 8:])[0], atol=1e-6)


def test_under_a_mask_the_state_stays_where_the_line_ended(rng: np.random.Generator) -> None:
    network, rows = NumpyNetwork(SMALL, weights_of(SMALL, rng)), rows_of(rng, 3, 12)
    lengths = np.array([12, 5, 0])
    state = State.zeros(SMALL, 3)
    outputs = network.run(rows, np.arange(12) < lengths[:, np.newaxis], state)
    for line, length in enumerate(lengths):
        alone = State.zeros(SMALL, 1)
        wanted = network.run(rows[line : line + 1, :length], state=alone)
        np.testing.assert_allclose(outputs[line, :length], wanted[0], atol=1e-6)
        np.testing.assert_allclose(state.cells[:, line], alone.cells[:, 0], atol=1e-6)
        np.testing.assert_allclose(state.hidden[:, line], alone.hidden[:, 0], atol=1e-6)


@pytest.mark.parametrize("layers", range(1, 12))
def test_each_layer_reads_its_inputs_the_layer_below_and_itself_in_one_piece(layers: int) -> None:
    tape = Tape(Network(layers=layers, units=10))
    for layer in range(layers):
        reads, inputs = tape.read_by(layer), tape.inputs_of(layer)
        wanted = [inputs, *tape.hidden[max(layer - 1, 0) : layer + 1]]
        assert reads.stop - reads.start == sum(block.stop - block.start for block in wanted)


def test_weights_far_out_saturate_and_stay_finite(rng: np.random.Generator) -> None:
    weights = {name: array * 1e4 for name, array in weights_of(SMALL, rng).items()}
    assert np.isfinite(NumpyNetwork(SMALL, weights).run(rows_of(rng, 2, 50))).all()
