"""Configurations: presets, TOML, single settings, and what is refused."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hwcli.model.config import (
    Config,
    ConfigError,
    Network,
    config_text,
    preset_names,
    preset_text,
    read_config,
    setting,
)
from hwcli.model.file import weight_count
from hwcli.model.trainable import check_trainable


def preset(name: str) -> Config:
    return read_config(preset_text(name), name)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_can_be_read(name: str) -> None:
    assert preset(name) != Config()


@pytest.mark.parametrize(("name", "weights"), [("handwriter", 3_165_187), ("graves-prediction", 3_364_521)])
def test_networks_have_the_published_number_of_weights(name: str, weights: int) -> None:
    assert weight_count(preset(name).network) == weights
    assert f"{weights:,}" in preset_text(name)


def test_graves_network_has_121_outputs() -> None:
    assert preset("graves-prediction").network.outputs == 121


def test_an_unknown_preset_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no preset 'grave'.*graves-prediction, .*handwriter"):
        preset_text("grave")


configurations = st.builds(
    lambda network, rate, scale, dropout, stride, more: Config().updated(
        {
            "network": network,
            "optimiser": {"rate": rate},
            "data": {"scale": scale},
            "noise": {"dropout_layers": dropout},
            "bptt": {"stride": stride, "length": stride + more},
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["mixture", "regression"]),
            "layers": st.integers(1, 8),
            "units": st.integers(1, 999),
            "skip": st.booleans(),
            "peepholes": st.booleans(),
        }
    ),
    st.floats(0, 1e6, allow_nan=False),
    st.sampled_from(["axis", "common"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 1000),
    st.integers(0, 1000),
)


@given(configurations)
def test_a_configuration_comes_back_from_its_text(config: Config) -> None:
    assert read_config(config_text(config), "text") == config


def test_a_text_is_laid_over_a_base() -> None:
    base = preset("handwriter")
    changed = read_config("[training]\nbatch = 7", "mine.toml", base)
    assert changed.training.batch == 7
    assert dataclasses.replace(changed, training=base.training) == base


def test_a_whole_number_will_do_for_a_number() -> None:
    rate = read_config("[optimiser]\nrate = 1", "x").optimiser.rate
    assert (rate, type(rate)) == (1.0, float)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[netwerk]\nunits = 4", r"unknown section \[netwerk\]; there are bptt"),
        ("[network]\nunit = 4", r"unknown key network.unit; \[network\] has characters"),
        ("network = 4", "network is a section"),
        ("[network]\nunits = 4.5", "network.units: 4.5 is not a whole number"),
        ("[network]\nunits = true", "network.units: True is not a whole number"),
        ("[network]\nunits = 0", "network.units: 0 is below 1"),
        ("[network]\nunits = 1000000", "above 65536"),
        ("[network]\nskip = 1", "network.skip: 1 is not true or false"),
        ("[network]\nkind = 'lstm'", "not one of mixture, regression"),
        ("[optimiser]\nrate = nan", "rate"),
        ("[optimiser]\nrate = inf", "rate"),
        ("[optimiser]\nrate = -0.1", "below 0"),
        ("[noise]\ndropout_output = 1.0", "not below 1"),
        ("[noise]\ninput_probability = 1.5", "above 1"),
        ("[noise]\nweight_sd = -0.1", "noise.weight_sd: -0.1 is below 0"),
        ("[noise]\nadaptive_sd = 0", "noise.adaptive_sd: 0.0 is not above 0"),
        ("[noise]\nadaptive = 1", "noise.adaptive: 1 is not true or false"),
        ("[noise]\nadaptive = true\nweight_sd = 0.1", "noise of one kind"),
        ("[bptt]\nstride = 50\nlength = 40", "points would be left out"),
        ("[bptt]\nstride = 0\nlength = 40", "bptt.stride"),
        ("[network\nunits", "not TOML"),
        ("a = " + "[" * 5000, "mine.toml"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        read_config(text, "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[optimiser]\nepsilon = 0", "optimiser.epsilon: 0.0 is not above 0; .* --set optimiser.epsilon=1e-08"),
        (
            "[optimiser]\nkind = 'rmsprop'\ndamping = 0",
            "optimiser.damping: 0.0 is not above 0; .* --set optimiser.damping=0.0001",
        ),
        ("[data]\nmax_points = 1", "data.max_points: after 1 point there is none .* --set data.max_points=0"),
        ("[tuning]\nlead = 3000000000", "tuning.lead: 3000000000 is above 1e.*; .* --set tuning.lead=100"),
    ],
)
def test_what_nothing_is_learned_with_is_read_and_refused_where_a_run_begins(text: str, reason: str) -> None:
    config = read_config(text, "stored")
    with pytest.raises(ConfigError, match=reason):
        check_trainable(config)


@pytest.mark.parametrize("text", ["", "[optimiser]\ndamping = 0", "[optimiser]\nkind = 'rmsprop'\nepsilon = 0"])
def test_what_the_optimiser_does_not_use_may_be_0(text: str) -> None:
    check_trainable(read_config(text, "stored"))


@pytest.mark.parametrize(
    ("assignment", "change"),
    [
        ("bptt.length=200", {"bptt": {"length": 200}}),
        (" optimiser.rate = 1e-4 ", {"optimiser": {"rate": 1e-4}}),
        ("network.skip=false", {"network": {"skip": False}}),
        ("network.kind=regression", {"network": {"kind": "regression"}}),
        ('network.kind="regression"', {"network": {"kind": "regression"}}),
    ],
)
def test_a_setting_is_a_change(assignment: str, change: dict[str, Any]) -> None:
    assert setting(assignment) == change


@pytest.mark.parametrize("assignment", ["", "=", "length=3", "bptt.length", ".length=3", "bptt.=3"])
def test_a_setting_of_another_form_is_refused(assignment: str) -> None:
    with pytest.raises(ConfigError, match=r"SECTION\.KEY=VALUE"):
        setting(assignment)


@given(st.text(max_size=30))
def test_a_setting_is_a_change_or_refused(text: str) -> None:
    try:
        changes = setting(text)
    except ConfigError:
        return
    assert len(changes) == 1


def test_a_setting_cannot_smuggle_in_a_second_one() -> None:
    assert setting("network.kind=1\nunits = 2") == {"network": {"kind": "1\nunits = 2"}}


def test_regression_has_three_outputs() -> None:
    assert Network(kind="regression").outputs == 3


@pytest.mark.parametrize(
    "text",
    [
        "[network]\nunits = " + "1" * 400,
        "[network]\nunits = " + "1" * 5000,
        "[optimiser]\nrate = -" + "1" * 400,
        "[optimiser]\nrate = 1e400",
        "[training]\nbatch = 1000000000000000000000",
        "a" + ".a" * 60_000 + " = 1",
        "[a" + '."b c"' * 9_000 + "]",
        "# " + "x" * 140_000,
        "x = " + "[" * 60_000,
        "x = " + "{a=" * 20_000,
        "[network]\nwindow = 1\ncharacters = 'aa'",
    ],
)
def test_what_is_made_to_do_harm_is_refused_quickly(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(ConfigError, match=r"^evil: ") as caught:
        read_config(text, "evil")
    assert len(str(caught.value)) < 400
    assert time.process_time() - begun < 5
    for line in text.splitlines():
        with contextlib.suppress(ConfigError):
            Config().updated(setting(f"optimiser.{line}"))


@pytest.mark.parametrize("characters", ["ab😀", "a\x7f\x85\u2028é", '"\\\n\t'])
def test_any_characters_come_back_from_the_text(characters: str) -> None:
    config = Config(network=Network(window=1, characters=characters))
    assert read_config(config_text(config), "again") == config


def test_characters_that_are_no_text_are_refused() -> None:
    with pytest.raises(ConfigError, match="not Unicode"):
        Config(network=Network(window=1, characters="a\ud800"))
