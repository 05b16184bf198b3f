"""The model's file: what is written comes back, and what is damaged is refused in one line."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.errors import BadInput, HwError
from hwcli.ink.offsets import Scale
from hwcli.model import Config, Model
from hwcli.model.config import Network, config_text
from hwcli.model.file import read_model, weight_count, weight_shapes, write_model

NETWORKS = [
    Network(layers=2, units=5, mixtures=2),
    Network(layers=1, units=3, mixtures=1, peepholes=True),
    Network(kind="regression", layers=3, units=4, skip=False),
]


def make_model(network: Network = NETWORKS[0]) -> Model:
    rng = np.random.default_rng(5)
    shapes = weight_shapes(network)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    config = Config(network=network)
    history = [{"epoch": 1.0, "validation_loss": -1.5}, {"epoch": 2.0, "validation_loss": -1.75}]
    return Model(config, Scale((8.1, 0.1), (41.9, 37.1)), weights, history, "for research")


def stored(model: Model, kind: str = "float32") -> bytes:
    file = io.BytesIO()
    write_model(file, model, kind)
    return file.getvalue()


def read(content: bytes) -> Model:
    return read_model(io.BytesIO(content), "m.h5")


def damaged(change: Callable[[h5py.File], Any]) -> bytes:
    file = io.BytesIO(stored(make_model()))
    with h5py.File(file, "r+") as root:
        change(root)
    return file.getvalue()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_model_comes_back(network: Network) -> None:
    model = make_model(network)
    back = read(stored(model))
    assert (back.config, back.scale) == (model.config, model.scale)
    assert (back.history, back.licence) == (model.history, model.licence)
    assert back.weights.keys() == model.weights.keys()
    for name, array in model.weights.items():
        assert back.weights[name].dtype == np.float32
        np.testing.assert_array_equal(back.weights[name], array)


def test_a_model_of_earlier_versions_is_read_though_nothing_can_be_learned_as_it_was() -> None:
    model = make_model()
    changes = {"optimiser": {"epsilon": 0}, "data": {"max_points": 1}, "tuning": {"lead": 3 * 10**9}}
    model.config = model.config.updated(changes)
    assert read(stored(model)).config == model.config


def test_half_precision_halves_the_file_and_keeps_three_digits() -> None:
    model = make_model(Network(layers=1, units=64, mixtures=1))
    half = stored(model, "float16")
    assert len(half) < 0.6 * len(stored(model))
    for name, array in read(half).weights.items():
        np.testing.assert_allclose(array, model.weights[name], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("kind", "weight"), [("float16", 7e4), ("float16", np.nan), ("float32", -np.inf)])
def test_weights_that_could_not_be_read_are_not_written(kind: str, weight: float) -> None:
    model, file = make_model(), io.BytesIO(b"before")
    model.weights["output/bias"][1] = weight
    with pytest.raises(HwError, match=f"not written: weights output/bias .* {kind} holds"):
        write_model(file, model, kind)
    assert file.getvalue() == b"before"


def test_the_same_model_gives_the_same_bytes() -> None:
    assert stored(make_model()) == stored(make_model())


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_are_counted_as_they_are_stored(network: Network) -> None:
    assert weight_count(network) == sum(array.size for array in make_model(network).weights.values())


def test_shapes_are_those_of_the_manual() -> None:
    shapes = weight_shapes(Network(layers=2, units=5, mixtures=2, peepholes=True))
    assert shapes == {
        "lstm_0/kernel": (3, 20),
        "lstm_0/recurrent": (5, 20),
        "lstm_0/bias": (20,),
        "lstm_0/peephole": (3, 5),
        "lstm_1/kernel": (8, 20),
        "lstm_1/recurrent": (5, 20),
        "lstm_1/bias": (20,),
        "lstm_1/peephole": (3, 5),
        "output/kernel": (10, 13),
        "output/bias": (13,),
    }


def _replace(root: h5py.File, name: str, array: Any) -> None:
    del root[name]
    root[name] = array


def _kept_outside(root: h5py.File, name: str) -> None:
    shape = root[name].shape
    del root[name]
    root.create_dataset(name, shape, "f4", external=[("/dev/zero", 0, 4 * shape[0])])


def _virtual(root: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout(root[name].shape, "f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", root[name].shape)
    del root[name]
    root.create_virtual_dataset(name, layout)


def _never_written(root: h5py.File) -> None:
    """Have a large network, of whose weights there is nothing in the file but their shapes."""
    network = Network(layers=1, units=4000, mixtures=2)
    root.attrs["config"] = config_text(Config(network=network))
    del root["weights"]
    for name, shape in weight_shapes(network).items():
        root.create_dataset(f"weights/{name}", shape, "f4")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda root: root.attrs.update(format="hw-strokes"), "not a model file of hw"),
        (lambda root: root.attrs.pop("format"), "not a model file of hw"),
        (
            lambda root: root.attrs.update(format_version=2),
            "format 2 is newer than .* 1: update hw",
        ),
        (lambda root: root.attrs.pop("format_version"), "damaged"),
        (lambda root: root.attrs.update(config="[network]\nunits = 'x'"), "network.units"),
        (lambda root: root.attrs.update(config="[network]\nunits = 6"), "lstm_0"),
        (lambda root: root.attrs.pop("config"), "damaged"),
        (lambda root: root.attrs.update(scale_sd=[0.0, 1.0]), "scale is not positive"),
        (lambda root: root.attrs.update(scale_sd=[np.nan, 1.0]), "scale is not finite"),
        (lambda root: root.attrs.update(scale_mean=[1.0]), "damaged"),
        (lambda root: root.pop("weights/output/bias"), "output/bias"),
        (lambda root: _replace(root, "weights/output/bias", np.zeros(14, np.float32)), "13 numbers"),
        (lambda root: _replace(root, "weights/output/bias", np.full(13, np.nan, np.float32)), "not all finite"),
        (lambda root: _replace(root, "weights/output/bias", np.full(13, b"x")), "output/bias"),
        (lambda root: _replace(root, "history", np.frombuffer(b"{", np.uint8)), "damaged"),
        (lambda root: _replace(root, "history", np.frombuffer(b"\xff", np.uint8)), "damaged"),
        (lambda root: _replace(root, "history", np.frombuffer(b"[1]", np.uint8)), "not made of records"),
        (lambda root: _replace(root, "history", np.int64(10**12)), "history"),
        (lambda root: _replace(root, "history", h5py.ExternalLink("/dev/zero", "/")), "history"),
        (lambda root: _replace(root, "weights/output/bias", h5py.SoftLink("/history")), "missing or a link"),
        (lambda root: _replace(root, "weights", h5py.ExternalLink("/etc/passwd", "/")), "missing or a link"),
        (lambda root: _kept_outside(root, "weights/output/bias"), "not a dataset of this file"),
        (lambda root: _virtual(root, "weights/output/bias"), "not a dataset of this file"),
        (lambda root: root.attrs.update(config="[network]\nunits = 65536\nlayers = 64"), "more than"),
        (lambda root: _never_written(root), "cut short"),
        (lambda root: root.attrs.create("licence", b"fr\xd3e", None, h5py.string_dtype()), "not an HDF5 file"),
    ],
)
def test_damage_is_refused_with_its_reason(change: Callable[[h5py.File], Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        read(damaged(change))
    assert str(caught.value).startswith("m.h5: ")


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n", b'{"x":1}\n'])
def test_another_kind_of_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="not an HDF5 file"):
        read(content)


def test_a_file_cut_short_is_refused() -> None:
    whole = stored(make_model())
    for size in range(8, len(whole), len(whole) // 40):
        with pytest.raises(BadInput):
            read(whole[:size])


def test_a_long_history_takes_little_more_memory_than_its_records() -> None:
    lines = b"{}\n" * 100_000
    content = damaged(lambda root: _replace(root, "history", np.frombuffer(lines, np.uint8)))
    tracemalloc.start()
    try:
        assert len(read(content).history) == 100_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * len(lines)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(stored(make_model()))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadInput):
        model = read(bytes(content))
        assert all(np.isfinite(array).all() for array in model.weights.values())
