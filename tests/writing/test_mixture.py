"""Densities, and drawing from them, against what is known of Gaussians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from hwcli.model.config import Network
from hwcli.writing.mixture import (
    Manner,
    draw_chances,
    draw_rows,
    log_cosh,
    log_density,
    log_softmax,
    mean_offset,
    pen_logit,
    pen_loss,
    split,
)

MIXTURE = Network(mixtures=3)
REGRESSION = Network(kind="regression")
#                 pen   weights        mean x         mean y         log sd x       log sd y       correlation
OUTPUTS = np.array(
    [0.4, 0.2, -1, 0.5, -2, 0.3, 1.5, 1, 0, -1.2, -0.7, 0.1, -0.3, -0.2, -0.9, 0.2, 0.8, -1.5, 0.1]
)


def chance(rng: np.random.Generator, number: int) -> Any:
    return np.column_stack([rng.random(number), rng.logistic(size=number), rng.standard_normal((number, 2))])


def drawn(
    network: Network, outputs: Any, rng: np.random.Generator, manner: Manner, number: int = 200_000
) -> Any:
    return draw_rows(network, np.tile(outputs, (number, 1)), chance(rng, number), manner)


def moments(bias: float) -> tuple[Any, Any]:
    """Mean and covariance of the mixture of OUTPUTS, biased as equations 61 and 62 of Graves 2013 say."""
    mixture = split(OUTPUTS)
    weights = np.exp(mixture.weights * (1 + bias))
    weights /= weights.sum()
    sd, correlation = np.exp(mixture.log_sd - bias), np.tanh(mixture.correlation)
    mean = (mixture.mean * weights).sum(axis=1)
    covariance = np.zeros((2, 2))
    for j in range(3):
        cross = correlation[j] * sd[0, j] * sd[1, j]
        own = np.array([[sd[0, j] ** 2, cross], [cross, sd[1, j] ** 2]])
        covariance += weights[j] * (own + np.outer(mixture.mean[:, j] - mean, mixture.mean[:, j] - mean))
    return mean, covariance


def test_the_density_is_that_of_the_formula_written_out() -> None:
    pi = np.exp(OUTPUTS[1:4]) / np.exp(OUTPUTS[1:4]).sum()
    x1, x2 = 0.3, -0.8
    total = 0.0
    for j in range(3):
        m1, m2, s1, s2 = OUTPUTS[4 + j], OUTPUTS[7 + j], math.exp(OUTPUTS[10 + j]), math.exp(OUTPUTS[13 + j])
        rho = math.tanh(OUTPUTS[16 + j])
        z = (x1 - m1) ** 2 / s1**2 + (x2 - m2) ** 2 / s2**2 - 2 * rho * (x1 - m1) * (x2 - m2) / (s1 * s2)
        total += pi[j] * math.exp(-z / (2 * (1 - rho**2))) / (2 * math.pi * s1 * s2 * math.sqrt(1 - rho**2))
    assert log_density(split(OUTPUTS), np.array([x1, x2])) == pytest.approx(math.log(total), rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(arrays(np.float64, 19, elements=st.floats(-1.5, 1.5)))
def test_every_density_integrates_to_one(outputs: Any) -> None:
    step = 0.08
    axis = np.arange(-16, 16, step)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    mixture = split(outputs)
    # Neither narrower nor wider than the grid can hold; such ones are in the property below.
    outputs[16:] = np.clip(outputs[16:], -0.9, 0.9)
    outputs[10:16] = np.clip(outputs[10:16], -1.5, 0.9)
    assert np.exp(log_density(mixture, grid)).sum() * step**2 == pytest.approx(1, abs=2e-3)


@given(
    arrays(np.float64, 19, elements=st.floats(-30, 30)), arrays(np.float64, 2, elements=st.floats(-1e3, 1e3))
)
def test_no_density_is_other_than_finite_however_narrow_or_far(outputs: Any, offset: Any) -> None:
    assert np.isfinite(log_density(split(outputs), offset))


def test_float32_in_is_float32_out(rng: np.random.Generator) -> None:
    outputs = OUTPUTS.astype(np.float32)
    assert log_density(split(outputs), np.zeros(2, np.float32)).dtype == np.float32
    assert drawn(MIXTURE, outputs, rng, Manner(0.5), 4).dtype == np.float32


@pytest.mark.parametrize("bias", [0.0, 0.5, 2.0])
def test_what_is_drawn_has_the_mixtures_mean_and_covariance(bias: float, rng: np.random.Generator) -> None:
    rows = drawn(MIXTURE, OUTPUTS, rng, Manner(bias))
    mean, covariance = moments(bias)
    scale = math.sqrt(covariance.max())
    np.testing.assert_allclose(rows[:, :2].mean(axis=0), mean, atol=0.015 * scale)
    np.testing.assert_allclose(np.cov(rows[:, :2].T), covariance, atol=0.02 * covariance.max())
    assert rows[:, 2].mean() == pytest.approx(1 / (1 + math.exp(-0.4)), abs=0.005)


def test_the_mean_that_the_network_expects_is_the_mixtures_mean() -> None:
    np.testing.assert_allclose(mean_offset(MIXTURE, OUTPUTS), moments(0)[0])


def test_a_great_bias_leaves_the_mode_of_the_likeliest_component(rng: np.random.Generator) -> None:
    rows = drawn(MIXTURE, OUTPUTS, rng, Manner(bias=60), 500)
    np.testing.assert_allclose(rows[:, :2], np.tile([1.5, -1.2], (500, 1)), atol=1e-12)


def test_more_bias_never_spreads_wider(rng: np.random.Generator) -> None:
    spreads = [drawn(MIXTURE, OUTPUTS, rng, Manner(bias))[:, :2].std(axis=0).sum() for bias in (0, 0.3, 1, 3)]
    assert spreads == sorted(spreads, reverse=True)


@pytest.mark.parametrize(("temperature", "share"), [(1, 0.5987), (0.5, 0.6900), (4, 0.5250), (0, 1), (1e-9, 1)])
def test_the_pens_temperature_sharpens_or_flattens_its_chance(
    temperature: float, share: float, rng: np.random.Generator
) -> None:
    ups = drawn(MIXTURE, OUTPUTS, rng, Manner(pen_temperature=temperature))[:, 2]
    assert set(np.unique(ups)) <= {0, 1}
    assert ups.mean() == pytest.approx(share, abs=0.005)


def test_a_regression_draws_the_point_that_it_predicts(rng: np.random.Generator) -> None:
    outputs = np.array([0.25, -3, -0.4])
    rows = drawn(REGRESSION, outputs, rng, Manner(), 50_000)
    assert (rows[:, :2] == [0.25, -3]).all()
    assert rows[:, 2].mean() == pytest.approx(1 / (1 + math.exp(0.4)), abs=0.01)
    assert pen_logit(REGRESSION, outputs) == -0.4
    np.testing.assert_array_equal(mean_offset(REGRESSION, outputs), [0.25, -3])


def test_chances_are_uniform_logistic_and_normal(rng: np.random.Generator) -> None:
    made = draw_chances(rng, 200_000)
    shares = (0.01, 0.2, 0.5, 0.9, 0.99)
    normal = [-2.326348, -0.841621, 0, 1.281552, 2.326348]
    for column, wanted in enumerate([shares, [math.log(s / (1 - s)) for s in shares], normal, normal]):
        below = (made[:, column, np.newaxis] < wanted).mean(axis=0)
        np.testing.assert_allclose(below, shares, atol=0.004)
    np.testing.assert_allclose(np.corrcoef(made.T), np.eye(4), atol=0.01)


class AlwaysNought(np.random.Generator):
    """Draws the 0 that a uniform number may be."""

    def random(self, shape: Any) -> Any:  # type: ignore[override]
        return np.zeros(shape)


def test_a_uniform_number_of_nought_lowers_the_pen_only_where_nothing_else_can_be() -> None:
    made = draw_chances(AlwaysNought(np.random.PCG64(1)), 3)
    assert (made[:, 1] == -np.inf).all()
    rows = draw_rows(MIXTURE, np.tile(OUTPUTS, (3, 1)), made, Manner())
    assert (rows[:, 2] == 1).all()
    assert np.isfinite(rows).all()


def test_the_last_component_is_drawn_even_when_rounding_has_lost_a_little() -> None:
    edge = np.array([[1 - 2**-53, 0, 0, 0]])
    row = draw_rows(MIXTURE, np.tile(OUTPUTS.astype(np.float32), (1, 1)), edge, Manner())
    np.testing.assert_allclose(row[0, :2], [1.5, -1.2], rtol=1e-6)


@given(st.floats(-500, 500), st.sampled_from([0.0, 1.0]))
def test_the_pens_loss_is_that_of_a_bernoulli(logit: float, up: float) -> None:
    loss = pen_loss(np.array(logit), np.array(up))
    signed = -logit if up else logit
    wanted = signed if signed > 40 else math.log1p(math.exp(signed))
    assert loss == pytest.approx(wanted, rel=1e-9, abs=1e-15)


@given(st.floats(-700, 700))
def test_log_cosh_is_what_it_says(value: float) -> None:
    assert log_cosh(np.array(value)) == pytest.approx(math.log(math.cosh(value)), rel=1e-9, abs=1e-12)


def test_weights_add_up_to_one(rng: np.random.Generator) -> None:
    logits = rng.standard_normal((5, 4, 20)) * 100
    np.testing.assert_allclose(np.exp(log_softmax(logits)).sum(axis=-1), 1)
