"""The network in NumPy against Graves' equations, written out one number type and one point at a time."""

from __future__ import annotations

import itertools
from threading import Event, current_thread, main_thread
from typing import Any

import numpy as np
import pytest

from hwcli.model.config import Network
from hwcli.model.file import weight_shapes
from hwcli.writing.cells import State
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.second_core import SecondCore
from hwcli.writing.stepper import DOZENS, REARRANGED, Company, Layout, is_steady
from hwcli.writing.tape import Tape
from hwcli.writing.text import encode
from hwcli.writing.window import NO_TEXT

ALL_SHAPES = [
    Network(layers=layers, units=7, skip=skip, peepholes=peepholes, mixtures=2)
    for layers, skip, peepholes in itertools.product((1, 2, 3, 4, 5, 6), (True, False), (True, False))
]
WINDOWED = [
    Network("mixture", layers, units, skip, peepholes, 2, window, "abc ")
    for layers, skip, peepholes, window, units in [
        (1, True, False, 1, 7), (2, False, True, 3, 9), (3, True, True, 2, 40), (3, True, False, 10, 64),
        (4, False, False, 12, 5), (5, True, True, 2, 33),
    ]
]  # fmt: skip
SMALL = Network(layers=3, units=9, peepholes=True, mixtures=2)
READER = Network(layers=3, units=9, mixtures=2, window=3, characters="abc ")


def weights_of(network: Network, rng: np.random.Generator) -> dict[str, Any]:
    shapes = weight_shapes(network).items()
    weights = {name: (rng.standard_normal(shape) * 0.4).astype(np.float32) for name, shape in shapes}
    if network.window:  # some characters in some tens of points, as it is in writing
        weights["window/bias"][2 * network.window :] -= 1.5
    return weights


def texts_of(network: Network, *texts: str) -> list[Any]:
    return [encode(text, network.characters) for text in texts]


def rows_of(rng: np.random.Generator, lines: int, steps: int) -> Any:
    rows = rng.standard_normal((lines, steps, 3)).astype(np.float32)
    rows[..., 2] = rows[..., 2] > 1
    return rows


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def window_at(network: Network, w: dict[str, Any], hidden: Any, kappa: Any, text: Any) -> tuple[Any, Any, Any]:
    """Equations 46 to 51 of Graves 2013: κ, φ of each character, and the window vector."""
    alpha, beta, moved = np.split(np.exp(hidden @ w["window/kernel"] + w["window/bias"]), 3)
    kappa = kappa + moved
    places = np.arange(1, len(text) + 1)
    shown = (alpha[:, None] * np.exp(-beta[:, None] * (kappa[:, None] - places) ** 2)).sum(axis=0)
    return kappa, shown, shown @ np.eye(network.alphabet)[text]


def slowly(
    network: Network, weights: dict[str, Any], rows: Any, text: Any = NO_TEXT, attention: Any = None
) -> Any:
    """Equations 1 to 3, 7 to 11 and 46 to 51 of Graves 2013 in float64, for one line (T, 3)."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    hidden = [np.zeros(network.units) for _ in range(network.layers)]
    cells = [np.zeros(network.units) for _ in range(network.layers)]
    kappa, vector = np.zeros(network.window), np.zeros(network.alphabet)
    outputs = []
    for x in rows.astype(np.float64):
        for n in range(network.layers):
            row = [x] if n == 0 or network.skip else []
            inputs = np.concatenate([*row, vector, *([hidden[n - 1]] if n else [])])
            pre = inputs @ w[f"lstm_{n}/kernel"] + hidden[n] @ w[f"lstm_{n}/recurrent"] + w[f"lstm_{n}/bias"]
            pre_i, pre_f, pre_c, pre_o = np.split(pre, 4)
            w_ci, w_cf, w_co = w[f"lstm_{n}/peephole"] if network.peepholes else (0, 0, 0)
            i = sigmoid(pre_i + w_ci * cells[n])
            f = sigmoid(pre_f + w_cf * cells[n])
            cells[n] = f * cells[n] + i * np.tanh(pre_c)
            o = sigmoid(pre_o + w_co * cells[n])
            hidden[n] = o * np.tanh(cells[n])
            if n == 0 and network.window:
                kappa, shown, vector = window_at(network, w, hidden[0], kappa, text)
                if attention is not None:
                    attention.append((shown, kappa))
        read = hidden if network.skip else hidden[-1:]
        outputs.append(np.concatenate([*read, vector]) @ w["output/kernel"] + w["output/bias"])
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


@pytest.mark.parametrize("network", WINDOWED, ids=str)
def test_a_network_with_a_window_computes_what_the_equations_say(
    network: Network, rng: np.random.Generator
) -> None:
    weights, rows = weights_of(network, rng), rows_of(rng, 4, 30)
    texts = texts_of(network, "a cab", "", "bcaab cba abc", "c")
    seen: list[Any] = [[], [], [], []]
    wanted = np.stack([slowly(network, weights, rows[i], text, seen[i]) for i, text in enumerate(texts)])
    numpy_network = NumpyNetwork(network, weights)
    np.testing.assert_allclose(numpy_network.run(rows, texts=texts), wanted, atol=1e-4)
    stepper = numpy_network.stepper(4)
    for lane, text in enumerate(texts):
        stepper.begin(lane, text)
    np.testing.assert_allclose(stepped(stepper, rows), wanted, atol=1e-4)

    attention = numpy_network.attention(rows, texts)
    assert attention.shown.shape == (4, 30, 13)
    for i, text in enumerate(texts):
        np.testing.assert_allclose(attention.shown[i, :, : len(text)], [s for s, _ in seen[i]], atol=1e-4)
        np.testing.assert_allclose(attention.kappa[i], [k for _, k in seen[i]], rtol=1e-5, atol=1e-6)
        assert not attention.shown[i, :, len(text) :].any()


def test_without_texts_a_network_with_a_window_is_shown_nothing(rng: np.random.Generator) -> None:
    network, rows = NumpyNetwork(READER, weights_of(READER, rng)), rows_of(rng, 2, 20)
    without = network.run(rows)
    np.testing.assert_array_equal(without, network.run(rows, texts=[NO_TEXT, NO_TEXT]))
    assert np.abs(network.run(rows, texts=texts_of(READER, "abc", "cba")) - without).max() > 0.01
    with pytest.raises(ValueError, match="without a window"):
        NumpyNetwork(SMALL, weights_of(SMALL, rng)).attention(rows, [NO_TEXT, NO_TEXT])


@pytest.mark.parametrize("units", [5, 100, 400])
def test_a_lane_is_the_same_to_the_last_bit_whatever_the_others_are(
    units: int, rng: np.random.Generator
) -> None:
    config = Network(layers=2, units=units, mixtures=3, window=3, characters="abc ")
    network, steps = NumpyNetwork(config, weights_of(config, rng)), 20
    most = network.most_lanes
    rows = rows_of(rng, most, steps)
    wanted = None
    for lanes in (n for n in (most, 1, 2, 3, 9, 20, 32) if n <= most):
        stepper = network.stepper(lanes)
        for lane in range(lanes):  # lane 0's drawing goes last, each time among others
            stepper.begin(lane, texts_of(config, "cab a" if lane == lanes - 1 else "abc" * lane)[0])
        order = [*range(1, lanes), 0]
        made = stepped(stepper, rows[order])[-1]
        wanted = made if wanted is None else wanted
        np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize("lanes", [1, 8])
def test_what_two_cores_share_is_the_same_to_the_last_bit(
    lanes: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwcli.writing.second_core.cores", lambda: 2)
    config = Network(layers=2, units=400, mixtures=3)
    network, rows = NumpyNetwork(config, weights_of(config, rng)), rows_of(rng, lanes, 50)
    wanted = stepped(network.stepper(lanes), rows)
    never_free = SecondCore()  # its thread was not started
    with SecondCore() as second_core:
        for other in (second_core, never_free):
            np.testing.assert_array_equal(stepped(network.stepper(lanes, other), rows), wanted)


def test_the_second_core_does_half_of_what_is_worth_it(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwcli.writing.second_core.cores", lambda: 2)
    begun, goes_on = Event(), Event()

    def matmul(rows: Any, tiles: Any, out: Any) -> None:
        if current_thread() is not main_thread():
            begun.set()
            assert goes_on.wait(60)
        else:
            assert begun.wait(60)
            goes_on.set()
        out[:] = rows @ tiles

    rows, tiles = rng.normal(size=(2, 600)).astype("f4"), rng.normal(size=(31, 600, 32)).astype("f4")
    with SecondCore() as second_core:
        monkeypatch.setattr("hwcli.writing.second_core.np.matmul", matmul)
        out = np.zeros((31, 2, 32), np.float32)
        second_core.product(rows, tiles, out)
        np.testing.assert_array_equal(out, rows @ tiles)


@pytest.mark.parametrize(("company", "lanes"), [(Company.FEW, 2), (Company.FEW, 8), (Company.ALONE, 1)])
def test_so_is_one_of_few_lanes_among_fewer(company: Company, lanes: int, rng: np.random.Generator) -> None:
    network = NumpyNetwork(READER, weights_of(READER, rng))
    rows, texts = rows_of(rng, lanes, 20), texts_of(READER, *("cab a", "b", "", "abc abc") * 2)[:lanes]
    stepper = network.stepper(lanes, company=company)
    for lane, text in enumerate(texts):
        stepper.begin(lane, text)
    wanted = network.run(rows, texts=texts)
    first = stepped(stepper, rows[:, :9])
    fewer = stepper.kept([lanes - 1])
    np.testing.assert_allclose(first, wanted[:, :9], atol=1e-5)
    np.testing.assert_array_equal(stepped(stepper, rows[:, 9:])[-1], stepped(fewer, rows[-1:, 9:])[0])


@pytest.mark.parametrize("company", [Company.FEW, Company.MANY])
@pytest.mark.parametrize(
    "config", [READER, Network(layers=2, units=330), Network(units=900, layers=1)], ids=["9", "330", "900"]
)
def test_a_lane_is_the_same_in_any_place_and_for_every_size(
    config: Network, company: Company, rng: np.random.Generator
) -> None:
    network, rows = NumpyNetwork(config, weights_of(config, rng)), rows_of(rng, 1, 3)
    sizes = network.steps(company).layout.sizes
    made = [stepped(network.stepper(n, company=company), np.repeat(rows, n, axis=0)) for n in sizes]
    for outputs in made:
        np.testing.assert_array_equal(outputs, np.broadcast_to(made[0][:1], outputs.shape))


@pytest.mark.parametrize("units", [5, 100, 400, 900])
def test_tiles_share_columns_out_evenly_and_none_is_wider_than_a_block_that_is_rearranged(units: int) -> None:
    width = DOZENS.width_for(units, 100)
    tiles = -(-units // width)
    assert width % 8 == 0
    assert width + 2 * DOZENS.edge <= REARRANGED
    assert tiles * width < units + 8 * tiles


def test_a_product_that_depends_on_the_place_of_a_lane_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def matmul(rows: Any, weights: Any) -> Any:
        made = rows.astype("f8") @ weights
        made[:, 7:] = np.nextafter(made[:, 7:].astype("f4"), np.float32(9))
        return made.astype("f4")

    monkeypatch.setattr("hwcli.writing.stepper.np.matmul", matmul)
    assert is_steady(READER, Layout((2, 4)))
    assert not is_steady(READER, Layout((4, 8)))


def test_a_line_longer_than_a_chunk_is_not_broken_at_its_border(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, rows = NumpyNetwork(READER, weights_of(READER, rng)), rows_of(rng, 2, 50)
    texts = texts_of(READER, "cab a cab", "abc")
    whole, looked_at = network.run(rows, texts=texts), network.attention(rows, texts)
    monkeypatch.setattr("hwcli.writing.network.CHUNK_COLUMNS", 14)
    parts = list(network.run_in_parts(rows, texts=texts))
    assert [start for start, _ in parts] == list(range(0, 50, 7))
    np.testing.assert_allclose(np.concatenate([part for _, part in parts], axis=1), whole, atol=1e-6)
    np.testing.assert_allclose(network.attention(rows, texts).shown, looked_at.shown, atol=1e-6)


@pytest.mark.parametrize("config", [SMALL, READER], ids=["plain", "windowed"])
def test_a_state_taken_out_and_put_back_goes_on_as_if_nothing_had_been(
    config: Network, rng: np.random.Generator
) -> None:
    network, rows = NumpyNetwork(config, weights_of(config, rng)), rows_of(rng, 4, 30)
    texts = texts_of(config, "abc", "", "cab a cab", "b")
    whole = network.run(rows, texts=texts)

    state = State.zeros(config, 4)
    first = network.run(rows[:, :11], state=state, texts=texts)
    np.testing.assert_allclose(first, whole[:, :11], atol=1e-6)
    np.testing.assert_allclose(network.run(rows[:, 11:], state=state, texts=texts), whole[:, 11:], atol=1e-6)

    stepper = network.stepper(4)
    for lane, text in enumerate(texts):
        stepper.begin(lane, text)
    stepped(stepper, rows[:, :11])
    moved = network.stepper(3)
    for lane, before in ((0, 3), (1, 2), (2, 0)):
        moved.begin(lane, texts[before], stepper.state(before))
    after = stepped(moved, rows[[3, 2, 0], 11:])
    np.testing.assert_allclose(after, whole[[3, 2, 0], 11:], atol=1e-5)


def test_a_lane_that_begins_anew_leaves_the_others_alone(rng: np.random.Generator) -> None:
    network, rows = NumpyNetwork(READER, weights_of(READER, rng)), rows_of(rng, 2, 20)
    abc, cba, long = texts_of(READER, "abc", "cba", "bcaabca")
    stepper = network.stepper(2)
    stepper.begin(0, abc)
    stepper.begin(1, cba)
    stepped(stepper, rows[:, :8])
    stepper.begin(1, long)
    after = stepped(stepper, rows[:, 8:])
    np.testing.assert_allclose(after[0], network.run(rows, texts=[abc, cba])[0, 8:], atol=1e-5)
    np.testing.assert_allclose(after[1], network.run(rows[1:, 8:], texts=[long])[0], atol=1e-5)


def test_more_lanes_than_go_through_at_once_are_refused(rng: np.random.Generator) -> None:
    network = NumpyNetwork(SMALL, weights_of(SMALL, rng))
    with pytest.raises(ValueError, match="1000 lanes"):
        network.stepper(1000)


@pytest.mark.parametrize("config", [SMALL, READER], ids=["plain", "windowed"])
def test_under_a_mask_the_state_stays_where_the_line_ended(config: Network, rng: np.random.Generator) -> None:
    network, rows = NumpyNetwork(config, weights_of(config, rng)), rows_of(rng, 3, 12)
    lengths, texts = np.array([12, 5, 0]), texts_of(config, "cab", "bc", "a")
    state = State.zeros(config, 3)
    outputs = network.run(rows, np.arange(12) < lengths[:, np.newaxis], state, texts)
    for line, length in enumerate(lengths):
        alone = State.zeros(config, 1)
        wanted = network.run(rows[line : line + 1, :length], state=alone, texts=texts[line : line + 1])
        np.testing.assert_allclose(outputs[line, :length], wanted[0], atol=1e-6)
        np.testing.assert_allclose(state.cells[:, line], alone.cells[:, 0], atol=1e-6)
        np.testing.assert_allclose(state.hidden[:, line], alone.hidden[:, 0], atol=1e-6)
        np.testing.assert_allclose(state.kappa[line], alone.kappa[0], atol=1e-6)
        np.testing.assert_allclose(state.vector[line], alone.vector[0], atol=1e-6)


@pytest.mark.parametrize("layers", range(1, 12))
def test_each_layer_reads_its_inputs_the_layer_below_and_itself_in_one_piece(layers: int) -> None:
    tape = Tape(Network(layers=layers, units=10, window=2), 16)
    for layer in range(layers):
        reads, inputs = tape.read_by(layer), tape.inputs_of(layer).whole
        wanted = [inputs, *tape.hidden[max(layer - 1, 0) : layer + 1]]
        assert reads.stop - reads.start == sum(block.stop - block.start for block in wanted)


def test_weights_far_out_saturate_and_stay_finite(rng: np.random.Generator) -> None:
    weights = {name: array * 1e4 for name, array in weights_of(SMALL, rng).items()}
    assert np.isfinite(NumpyNetwork(SMALL, weights).run(rows_of(rng, 2, 50))).all()
