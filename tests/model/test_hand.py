"""A small hand: it is read again as the model that it was, beside the model that it was made of."""

import io
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.errors import BadInput, HwError
from hwcli.ink.offsets import Scale
from hwcli.model.config import Config
from hwcli.model.file import Model, read_model, weight_shapes
from hwcli.model.hand import read_hand, write_hand

CONFIG = Config().updated(
    {
        "network": {"layers": 2, "units": 5, "mixtures": 2, "window": 2, "characters": " ab"},
        "tuning": {"rank": 2},
    }
)


def base():
    chance = np.random.default_rng(1)
    shapes = weight_shapes(CONFIG.network)
    weights = {name: chance.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return Model(CONFIG, Scale((1, 2), (3, 4)), weights, height=7.0)


def changed(rank, seed=2):
    chance, model = np.random.default_rng(seed), base()
    weights = {}
    for name, weight in model.weights.items():
        if weight.ndim == 1:
            change = chance.normal(size=weight.shape)
        else:
            left, right = chance.normal(size=(len(weight), rank)), chance.normal(size=(rank, weight.shape[1]))
            change = left @ right
        weights[name] = (weight + change).astype(np.float32)
    history = [{"batch": 1, "validation_loss": -1.5}]
    config = CONFIG.updated({"tuning": {"rank": rank}})
    return replace(
        model, config=config, weights=weights, history=history, licence="mine", seed=5, made=["a", "b"]
    )


def stored(model):
    file = io.BytesIO()
    write_hand(file, model, base())
    return file


def test_a_change_that_could_not_be_read_is_not_written():
    model, file = changed(2), io.BytesIO(b"before")
    model.weights["output/bias"][0] = 7e4
    with pytest.raises(HwError, match="not written: the hand's changes"):
        write_hand(file, model, base())
    assert file.getvalue() == b"before"


def reread(file, beside=None):
    file.seek(0)
    with h5py.File(file, "r") as root:
        return read_hand(root, "me.h5", beside or base())


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(0, 9))
def test_it_comes_back_as_it_was(rank, seed):
    model = changed(rank, seed)
    again = reread(stored(model))
    for name, weight in model.weights.items():
        np.testing.assert_allclose(again.weights[name], weight, rtol=0.01, atol=0.02)
    assert (again.scale, again.height, again.config) == (model.scale, model.height, model.config)
    assert (again.history, again.licence, again.seed, again.made) == (model.history, "mine", 5, ["a", "b"])


def test_it_is_small():
    model, file = changed(1), stored(changed(1))
    numbers = sum(sum(weight.shape) for weight in model.weights.values())
    with h5py.File(file, "r") as root:
        assert root["change"].shape == (numbers,)
        assert root["change"].dtype == np.float16


def test_a_hand_of_another_model_is_refused():
    other = base()
    other.weights["output/bias"] += 1
    with pytest.raises(BadInput, match=r"me\.h5: a hand of another model"):
        reread(stored(changed(1)), other)
    file = stored(changed(1))
    file.seek(0)
    with pytest.raises(BadInput, match="a hand of another model than the one that comes along"):
        read_model(file, "me.h5")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: root.attrs.modify("format_version", 2),
        lambda root: root.__delitem__("change"),
        lambda root: root["change"].write_direct(np.full(root["change"].shape, np.nan, np.float16)),
        lambda root: root.attrs.modify("config", "[network]\nunits = 6\n"),
        lambda root: root.attrs.modify("config", "nonsense"),
    ],
    ids=["newer", "no change", "not finite", "another network", "no configuration"],
)
def test_what_is_damaged_is_refused(spoil):
    file = stored(changed(1))
    with h5py.File(file, "r+") as root:
        spoil(root)
    with pytest.raises((BadInput, ValueError, LookupError)):
        reread(file)


def test_where_all_weights_were_learned_there_is_no_small_hand():
    model = replace(base(), config=CONFIG.updated({"tuning": {"rank": 0}}))
    with pytest.raises(ValueError, match="all weights"):
        write_hand(io.BytesIO(), model, base())
