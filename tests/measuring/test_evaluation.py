"""Figures of whole files against a plain loop over their points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwcli.ink import Drawing
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.measuring.evaluation import (
    Line,
    Totals,
    batches,
    known_text,
    lines_of,
    nats_between,
    score_batch,
    score_lines,
)
from hwcli.measuring.gradient import forward
from hwcli.measuring.report import figures_table
from hwcli.model import Config, Model
from hwcli.model.file import weight_shapes
from hwcli.writing.network import NumpyNetwork

SCALE = Scale((9.0, 0.5), (32.0, 39.0))


def model_of(kind: str, scale: Scale = SCALE, pen_up_weight: float = 1.0) -> Model:
    network = {"kind": kind, "layers": 2, "units": 11, "mixtures": 3}
    config = Config().updated({"network": network, "loss": {"pen_up_weight": pen_up_weight}})
    rng = np.random.default_rng(2)
    shapes = weight_shapes(config.network).items()
    return Model(config, scale, {k: rng.normal(0, 0.5, shape).astype(np.float32) for k, shape in shapes})


def figures_of(model: Model, drawings: list[Drawing], scale: Scale = SCALE, workers: int = 2) -> Any:
    totals = Totals()
    for scores in score_lines(model, lines_of(drawings, model), workers):
        totals.add(scores)
    return totals.figures(model, scale)


def point_by_point(model: Model, drawings: list[Drawing]) -> dict[str, Any]:
    """The figures of a mixture in its own scale, by the formulas of Graves 2013, one point after the other."""
    nats, errors, hits, called, ups, pen = [], [], 0, 0, 0, 0.0
    for drawing in drawings:
        rows = rows_from_points(drawing.points, model.scale).astype(float)
        outputs = forward(model.config.network, model.weights, rows[:-1]).outputs
        line = 0.0
        for y, (dx, dy, up) in zip(outputs, rows[1:], strict=True):
            e, pi = 1 / (1 + math.exp(-y[0])), np.exp(y[1:4]) / np.exp(y[1:4]).sum()
            density = 0.0
            for j in range(3):
                s1, s2, rho = math.exp(y[10 + j]), math.exp(y[13 + j]), math.tanh(y[16 + j])
                a, b = (dx - y[4 + j]) / s1, (dy - y[7 + j]) / s2
                z = a * a + b * b - 2 * rho * a * b
                density += (
                    pi[j] * math.exp(-z / 2 / (1 - rho**2)) / (2 * math.pi * s1 * s2 * (1 - rho**2) ** 0.5)
                )
            pen_nats = -math.log(e if up else 1 - e)
            line += pen_nats - math.log(density)
            pen += pen_nats
            errors.append((pi @ y[4:7] - dx) ** 2 + (pi @ y[7:10] - dy) ** 2)
            called += e > 0.5
            ups += up
            hits += bool(up) and e > 0.5
        nats.append(line)
    return {
        "lines": len(drawings),
        "points": len(errors),
        "nats_line": np.mean(nats),
        "nats_line_error": np.std(nats, ddof=1) / len(nats) ** 0.5,
        "nats_point": np.sum(nats) / len(errors),
        "offset_nats_point": (np.sum(nats) - pen) / len(errors),
        "pen_nats_point": pen / len(errors),
        "squared_error_point": np.mean(errors),
        "up_share": ups / len(errors),
        "up_precision": hits / called,
        "up_recall": hits / ups,
    }


def test_the_figures_are_those_of_a_loop_over_the_points(made_drawings: list[Drawing]) -> None:
    model = model_of("mixture")
    drawings = made_drawings[:6]
    found = figures_of(model, drawings)
    for name, wanted in point_by_point(model, drawings).items():
        assert getattr(found, name) == pytest.approx(wanted, rel=2e-5), name
    assert found.loss_line is None
    assert found.loss_point is None


def test_a_regressions_loss_is_the_one_that_it_was_trained_on(made_drawings: list[Drawing]) -> None:
    model = model_of("regression", pen_up_weight=1.5)
    found = figures_of(model, made_drawings[:5])
    loss = 0.0
    for drawing in made_drawings[:5]:
        rows = rows_from_points(drawing.points, SCALE).astype(float)
        outputs = forward(model.config.network, model.weights, rows[:-1]).outputs
        for (x, y, logit), (dx, dy, up) in zip(outputs, rows[1:], strict=True):
            e = 1 / (1 + math.exp(-logit))
            loss += (x - dx) ** 2 + (y - dy) ** 2 - (1.5 * math.log(e) if up else math.log(1 - e))
    assert found.loss_line == pytest.approx(loss / 5, rel=1e-5)
    assert found.nats_line is None
    assert found.nats_point is None
    assert 0 < found.squared_error_point < found.loss_point


def test_the_order_of_the_lines_and_the_number_of_threads_change_nothing(made_drawings: list[Drawing]) -> None:
    model = model_of("mixture")
    one, two = figures_of(model, made_drawings, workers=1), figures_of(model, made_drawings[::-1], workers=3)
    assert one.nats_line == pytest.approx(two.nats_line, rel=1e-6)
    assert one.up_recall == two.up_recall


class RunsAwayAfter(NumpyNetwork):
    """A network whose outputs for the first line of a batch are infinite from the 9th point on."""

    def run_in_parts(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        for start, outputs in super().run_in_parts(*arguments, **named):
            outputs[0, max(9 - start, 0) :] = np.inf
            yield start, outputs


@pytest.mark.parametrize("kind", ["mixture", "regression"])
def test_what_becomes_of_a_short_line_after_its_end_does_not_count(
    kind: str, made_drawings: list[Drawing]
) -> None:
    model = model_of(kind)
    lines = [Line(rows_from_points(made_drawings[0].points[:length], SCALE)) for length in (10, 20)]
    found = score_batch(RunsAwayAfter(model.config.network, model.weights), lines)
    alone = [score_batch(NumpyNetwork(model.config.network, model.weights), [line]) for line in lines]
    np.testing.assert_allclose(found.sums, np.concatenate([line.sums for line in alone]), rtol=1e-5)
    np.testing.assert_allclose(found.by_place[:, :9], alone[0].by_place + alone[1].by_place[:, :9], rtol=1e-5)
    np.testing.assert_allclose(found.by_place[:, 9:], alone[1].by_place[:, 9:], rtol=1e-5)


def test_nats_in_another_scale_are_those_of_a_model_in_that_scale(made_drawings: list[Drawing]) -> None:
    """A model for metres and the same for millimetres say the same of the same ink in one scale."""
    millimetres = model_of("mixture")
    metres = model_of("mixture", Scale((9e-3, 5e-4), (32e-3, 39e-3)))
    shrunk = [Drawing(d.points * np.float32([1e-3, 1e-3, 1])) for d in made_drawings[:4]]
    wanted = figures_of(millimetres, made_drawings[:4])
    found = figures_of(metres, shrunk, metres.scale)
    assert found.nats_line == pytest.approx(wanted.nats_line, rel=1e-3)

    graves = Scale(sd=(50.0, 20.0))
    other = figures_of(millimetres, made_drawings[:4], graves)
    change = math.log(32 * 39 / (50 * 20))
    assert nats_between(SCALE, graves) == pytest.approx(change)
    assert other.nats_point == pytest.approx(wanted.nats_point + change, rel=1e-6)
    assert other.pen_nats_point == wanted.pen_nats_point


def test_squared_error_in_another_scale_is_that_of_the_offsets_divided_so(made_drawings: list[Drawing]) -> None:
    model = model_of("mixture")
    plain, halved = (figures_of(model, made_drawings[:4], Scale(sd=sd)) for sd in ((32, 39), (64, 78)))
    assert halved.squared_error_point == pytest.approx(plain.squared_error_point / 4, rel=1e-9)


def test_a_density_in_a_scale_integrates_to_one_there() -> None:
    """That is what the change of nats between scales must keep."""
    model, other = Scale(sd=(3.0, 0.5)), Scale(sd=(1.0, 2.0))
    step = 0.05
    axis = np.arange(-40, 40, step)
    x, y = np.meshgrid(axis, axis)
    in_model = 0.5 * ((x * other.sd[0] / model.sd[0]) ** 2 + (y * other.sd[1] / model.sd[1]) ** 2)
    nats = in_model + math.log(2 * math.pi) + nats_between(model, other)
    assert np.exp(-nats).sum() * step**2 == pytest.approx(1, rel=1e-3)


def test_places_along_the_line_add_up_to_the_whole(made_drawings: list[Drawing]) -> None:
    model, totals = model_of("mixture"), Totals()
    for scores in score_lines(model, lines_of(made_drawings, model)):
        totals.add(scores)
    means, counts = totals.by_place()
    found = totals.figures(model, SCALE)
    assert counts.sum() == found.points
    assert (np.diff(counts) <= 0).all()
    assert (means * counts).sum() / found.lines == pytest.approx(found.nats_line, rel=1e-6)


def test_batches_hold_every_line_once_and_lines_of_like_length_together() -> None:
    rng = np.random.default_rng(1)
    lengths = rng.integers(2, 900, 1500)
    lines = [Line(np.full((int(n), 3), i, np.float32)) for i, n in enumerate(lengths)]
    seen, padding = [], 0
    for batch in batches(iter(lines)):
        longest = max(len(line.rows) for line in batch)
        assert len(batch) <= 128
        assert len(batch) * longest <= 1 << 17
        seen += [int(line.rows[0, 0]) for line in batch]
        padding += sum(longest - len(line.rows) for line in batch)
    assert sorted(seen) == list(range(1500))
    assert padding < 0.2 * sum(lengths)


def test_a_line_longer_than_a_batch_is_measured_all_the_same() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(0, 20, (3000, 3)).cumsum(axis=0).astype(np.float32)
    points[:, 2] = rng.random(3000) > 0.9
    assert figures_of(model_of("mixture"), [Drawing(points)]).points == 2999


def test_one_line_without_an_end_of_a_stroke_has_no_recall_and_no_error() -> None:
    points = np.array([[0, 0, 0], [3, 4, 0], [5, 9, 0]], np.float32)
    found = figures_of(model_of("mixture"), [Drawing(points)])
    assert found.up_recall is None
    assert found.nats_line_error is None
    assert "none to measure" in figures_table(found, SCALE, "by the model")


def test_nothing_to_measure_on_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no line"):
        Totals().figures(model_of("mixture"), SCALE)


# --- with a window over the text ---------------------------------------------------------------------------


def windowed_model() -> Model:
    network = {
        "layers": 2,
        "units": 11,
        "mixtures": 3,
        "window": 2,
        "characters": " abcdefghijklmnopqrstuvwxyz",
    }
    config = Config().updated({"network": network})
    rng = np.random.default_rng(2)
    shapes = weight_shapes(config.network).items()
    return Model(config, SCALE, {k: rng.normal(0, 0.3, shape).astype(np.float32) for k, shape in shapes})


def test_a_text_is_known_when_the_network_has_all_its_characters() -> None:
    network = windowed_model().config.network
    assert known_text("abc", network).tolist() == [1, 2, 3]
    assert known_text("a1", network).tolist() == known_text("", network).tolist() == []
    assert known_text("abc", model_of("mixture").config.network).tolist() == []


def test_a_line_is_scored_with_its_own_text(made_drawings: list[Drawing]) -> None:
    """In batches it comes to what it comes to alone, and to something else with another text."""
    model = windowed_model()
    texts = ["the cat", "", "sat on mats", "Unknown!", "a"]
    drawings = [replace(made, text=text) for made, text in zip(made_drawings, texts, strict=False)]
    together = figures_of(model, drawings)
    alone = [figures_of(model, [drawing]).nats_line for drawing in drawings]
    assert together.nats_line == pytest.approx(np.mean(alone), rel=1e-5)
    for drawing, nats in zip(drawings, alone, strict=True):
        other = figures_of(model, [replace(drawing, text="other words")]).nats_line
        assert abs(other - nats) > 1e-5 * abs(nats)
    without = [figures_of(model, [replace(drawing, text="")]).nats_line for drawing in drawings]
    assert [a == b for a, b in zip(alone, without, strict=True)] == [False, True, False, True, False]
