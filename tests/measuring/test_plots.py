"""Charts and the pictures of a model: right in their numbers, and SVG that programs can read."""

from __future__ import annotations

import base64
import io
import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from conftest import CAIRO
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from hwcli.ink import Drawing
from hwcli.ink.offsets import Scale
from hwcli.measuring import plots
from hwcli.measuring.attention import attention_chart
from hwcli.measuring.chart import Axis, Chart, heat_colours, png, round_step
from hwcli.measuring.evaluation import Totals, lines_of, score_lines
from hwcli.model import Config, Model
from hwcli.model.file import weight_shapes
from hwcli.writing.text import encode

SCALE = Scale((9.0, 0.5), (32.0, 39.0))


def model_of(kind: str) -> Model:
    config = Config().updated(
        {
            "network": {"kind": kind, "layers": 2, "units": 10, "mixtures": 3},
            "bptt": {"stride": 20, "length": 50},
        }
    )
    rng = np.random.default_rng(2)
    shapes = weight_shapes(config.network).items()
    return Model(config, SCALE, {k: rng.normal(0, 0.3, shape).astype(np.float32) for k, shape in shapes})


def parsed(svg: str) -> Any:
    return ET.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parsed(svg).iter("{http://www.w3.org/2000/svg}text")]


@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e6))
def test_ticks_are_round_few_and_on_the_axis(low: float, width: float) -> None:
    high = low + width
    for axis in (Axis(low, high, 0, 100), Axis(high, low, 0, 100)):
        ticks = axis.ticks(7)
        assert 0 < len(ticks) <= 8
        assert all(low - width * 1e-6 <= tick <= high + width * 1e-6 for tick in ticks)


def test_ticks_of_a_logarithmic_axis_are_powers_of_ten() -> None:
    assert Axis(1e-3, 1e2, 0, 1, is_log=True).ticks() == [1e-3, 1e-2, 1e-1, 1, 10, 100]
    assert len(Axis(1e-12, 1, 0, 1, is_log=True).ticks()) <= 7


def test_only_whole_numbers_have_a_tick_where_things_are_counted() -> None:
    assert Axis(0.5, 5.5, 0, 1, is_whole=True).ticks(10) == [1, 2, 3, 4, 5]
    assert Axis(0, 1, 0, 1, is_whole=True).ticks(10) == [0, 1]
    assert Axis(1, 900, 0, 1, is_whole=True).ticks(10) == Axis(1, 900, 0, 1).ticks(10)


def test_places_run_from_end_to_end_and_stay_on_the_axis() -> None:
    axis = Axis(1, 100, 10, 210, is_log=True)
    np.testing.assert_allclose(axis.place(np.array([1, 10, 100, 1e9, 0])), [10, 110, 210, 210, 10])
    assert round_step(0.3) == 0.5
    assert round_step(1.0) == 1
    assert round_step(70) == 100


def test_a_curve_has_a_gap_where_there_is_no_value() -> None:
    chart = Chart(100, 100, "a < b & c")
    axis = Axis(0, 4, 0, 100)
    chart.curve(axis, axis, np.arange(5), np.array([1, 2, np.nan, 3, 1.0]), "#123456")
    lines = list(parsed(chart.svg()).iter("{http://www.w3.org/2000/svg}polyline"))
    assert [line.get("points") for line in lines] == ["0.0,25.0 25.0,50.0", "75.0,75.0 100.0,25.0"]
    assert "a < b & c" in texts(chart.svg())


def test_a_name_with_what_xml_cannot_hold_makes_no_broken_picture() -> None:
    assert texts(Chart(100, 100, "a\x1b\x01\uffff").svg()) == ["a" + 3 * "\ufffd"]


def test_the_png_written_by_hand_is_one() -> None:
    image = pytest.importorskip("PIL.Image", reason="needs Pillow, which comes with cairosvg")
    places = np.random.default_rng(1).integers(0, 256, (7, 11))
    read = np.asarray(image.open(io.BytesIO(png(places / 255))).convert("RGB"))
    np.testing.assert_array_equal(read, heat_colours()[places])


def test_colours_darken_as_values_grow() -> None:
    brightness = heat_colours(50).astype(int).sum(axis=1)
    assert (np.diff(brightness) <= 0).all()
    assert brightness[0] == 3 * 255


def test_the_density_map_sums_to_the_number_of_predictions(made_drawings: list[Drawing]) -> None:
    model, points = model_of("mixture"), made_drawings[0].points[:60]
    outputs = plots.predictions(model, points)
    room = 800.0
    corner = points[:, :2].min(axis=0).astype(float) - room
    size = points[:, :2].max(axis=0) + room - corner
    density = plots.density_map(outputs, points, SCALE, corner, size, 0.25)
    assert density.sum() == pytest.approx(59, rel=0.01)


def test_the_density_map_puts_a_prediction_where_it_belongs() -> None:
    points = np.array([[100, 50, 0], [110, 50, 0]], np.float32)
    outputs = np.zeros((1, 7), np.float32)
    outputs[0, 2:4] = 1.0, -0.5  # one sd to the right and half a sd up
    outputs[0, 4:6] = -2
    density = plots.density_map(outputs, points, SCALE, np.zeros(2), np.array([300.0, 100.0]), 1.0)
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert (column + 0.5, row + 0.5) == pytest.approx((100 + 9 + 32, 50 + 0.5 - 19.5), abs=1)


@pytest.mark.parametrize("kind", ["mixture", "regression"])
def test_the_loss_along_the_line_is_drawn_for_either_kind(kind: str, made_drawings: list[Drawing]) -> None:
    model, totals = model_of(kind), Totals()
    for scores in score_lines(model, lines_of(made_drawings, model)):
        totals.add(scores)
    points = made_drawings[0].points
    outputs = plots.predictions(model, points)
    svg = plots.loss_chart(model, SCALE, totals.by_place(), outputs, points, "made-0001")
    assert any("24 lines" in text for text in texts(svg))
    assert "the line made-0001" in texts(svg)
    assert ("nats a point" in texts(svg)) == (kind == "mixture")


def test_the_loss_of_one_line_is_called_that() -> None:
    losses = (np.ones((2, 4)), np.ones(4))
    ink = np.array([[0, 0, 0], [0, 7, 0], [0, 9, 1], [4, 4, 0], [5, 5, 1]], np.float32)
    model = model_of("mixture")
    shown = texts(plots.loss_chart(model, SCALE, losses, plots.predictions(model, ink), ink, ""))
    assert "mean of 1 line (running mean of 9 points)" in shown
    assert {"1", "2", "3", "4"} < set(shown)
    assert "1.5" not in shown


def test_the_density_is_drawn_small_enough_to_look_at(made_drawings: list[Drawing]) -> None:
    model, points = model_of("mixture"), made_drawings[0].points
    svg = plots.density_chart(plots.predictions(model, points), points, SCALE, "made-0001")
    assert len(svg) < 1_500_000
    images = re.findall(r"base64,([^']+)", svg)
    assert len(images) == 3
    assert all(base64.b64decode(image).startswith(b"\x89PNG") for image in images)
    assert "Where the next point was expected: made-0001" in texts(svg)


def test_the_points_of_a_density_are_those_that_are_predicted_and_its_title_has_room() -> None:
    model, ink = model_of("mixture"), np.array([[0, 0, 0], [9, 7, 0], [12, 9, 1]], np.float32)
    svg = plots.density_chart(plots.predictions(model, ink), ink, SCALE, "")
    ends = {element.get("text-anchor"): element for element in parsed(svg).iter() if element.text == "2"}
    assert set(ends) == {"end", "middle"}  # the second component, the second point
    assert texts(svg).count("3") == 1  # the third component, and no third point
    rows = [image for image in parsed(svg).iter() if image.tag.endswith("}image")][-1]
    assert float(rows.get("height", "")) >= 150


@pytest.mark.parametrize("kind", ["mixture", "regression"])
def test_the_reach_is_drawn_with_the_two_lengths_of_back_propagation(
    kind: str, made_drawings: list[Drawing]
) -> None:
    svg = plots.reach_chart(model_of(kind), made_drawings[0].points, "made-0001")
    assert any(text.startswith("50: trained back this far (k2)") for text in texts(svg))
    assert any(text.startswith("20: every so many points (k1)") for text in texts(svg))


def test_a_gradient_that_is_lost_is_not_drawn_along_the_axis() -> None:
    config = Config().updated({"network": {"kind": "regression", "layers": 1, "units": 4}})
    shapes = weight_shapes(config.network).items()
    weights = {name: np.full(shape, 0.05, np.float32) for name, shape in shapes}  # forgets half at each step
    steps = np.arange(120, dtype=np.float32)
    ink = np.column_stack([steps, np.sin(steps), steps % 10 == 9]).astype(np.float32)
    svg = plots.reach_chart(Model(config, SCALE, weights), ink, "")
    lines = [line.get("points", "").split() for line in parsed(svg).iter() if line.tag.endswith("}polyline")]
    for line in lines:
        heights = [float(point.split(",")[1]) for point in line]
        assert heights.count(max(heights)) == 1


@pytest.mark.parametrize(("value", "anchor"), [(10, "start"), (256, "end")])
def test_what_is_marked_on_a_chart_is_named_where_there_is_room(value: float, anchor: str) -> None:
    chart = Chart(960, 440, "a chart")
    chart.upright(Axis(0, 280, 100, 930), Axis(0, 1, 400, 90), value, "how far", "red")
    (label,) = (
        text for text in parsed(chart.svg()).iter("{http://www.w3.org/2000/svg}text") if text.text == "how far"
    )
    place = 100 + 830 * value / 280
    assert label.get("text-anchor") == anchor
    assert (float(label.get("x", "")) > place) == (anchor == "start")


def test_the_reach_of_a_network_that_reads_depends_on_the_text(made_drawings: list[Drawing]) -> None:
    config = Config().updated({"network": {"layers": 2, "units": 10, "mixtures": 3, "window": 2}})
    rng = np.random.default_rng(2)
    shapes = weight_shapes(config.network).items()
    weights = {k: rng.normal(0, 0.3, shape).astype(np.float32) for k, shape in shapes}
    points, text = made_drawings[0].points[:80], encode("some words", config.network.characters)
    model = Model(config, SCALE, weights)
    read = plots.reach_chart(model, points, "made-0001", text)
    assert parsed(read).tag.endswith("svg")
    assert read != plots.reach_chart(model, points, "made-0001")


def charts(kind: str, ink: NDArray[np.float32]) -> list[str]:
    model, losses = model_of(kind), (np.ones((2, len(ink) - 1)), np.ones(len(ink) - 1))
    outputs = plots.predictions(model, ink)
    made = [plots.reach_chart(model, ink, "a<b"), plots.loss_chart(model, SCALE, losses, outputs, ink, "a<b")]
    return made + ([plots.density_chart(outputs, ink, SCALE, "a<b")] if kind == "mixture" else [])


@pytest.mark.parametrize("kind", ["mixture", "regression"])
@pytest.mark.parametrize("points", [2, 3, 5])
def test_the_shortest_lines_can_be_drawn_too(points: int, kind: str) -> None:
    ink = np.array([[0, 0, 0], [0, 7, 0], [0, 9, 1], [4, 4, 0], [5, 5, 1]], np.float32)[:points]
    for svg in charts(kind, ink):
        parsed(svg)


@CAIRO
@pytest.mark.parametrize("kind", ["mixture", "regression"])
@pytest.mark.parametrize("points", [2, 200])
def test_another_program_can_draw_them(points: int, kind: str, made_drawings: list[Drawing]) -> None:
    import cairosvg

    for svg in charts(kind, made_drawings[0].points[:points]):
        assert cairosvg.svg2png(bytestring=svg.encode())


def test_the_attention_has_a_row_a_character_and_the_ink_below(made_drawings: list[Drawing]) -> None:
    points, text = made_drawings[0].points, "a <b"
    shown = np.zeros((len(points) - 1, 4), np.float32)
    shown[:10, 1] = 2
    svg = attention_chart(shown, text, points, "made-0001")
    assert [word for word in texts(svg) if len(word) == 1 and not word.isdigit()] == [
        "a",
        "\N{MIDDLE DOT}",
        "<",
        "b",
    ]
    assert "Where in the text the window is: made-0001" in texts(svg)
    few = attention_chart(np.ones((5, 1), np.float32), "-", points[:6], "")
    assert [word for word in texts(few) if word.isdigit()] == [
        "0",
        "1",
        "1",
        "2",
        "3",
        "4",
        "5",
    ]  # 0 to 1: colours
    assert len(re.findall(r"base64,", svg)) == 2
    assert svg.count("<path") == 1
    parsed(attention_chart(np.zeros((1, 0), np.float32), "", points[:2] * 0, ""))
