"""InkML: channels, prefixes, groups, and what we write of it ourselves."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.sinks.inkml import write_inkml
from hwcli.ink.sources.inkml import read_inkml

TABLET = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ink>
<inkml:ink xmlns:inkml="http://www.w3.org/2003/InkML">
  <inkml:definitions>
    <inkml:context xml:id="ctx0">
      <inkml:inkSource xml:id="src0">
        <inkml:traceFormat>
          <inkml:channel name="X" type="integer" max="30000" units="himetric"/>
          <inkml:channel name="Y" type="integer" max="20000" units="himetric"/>
          <inkml:channel name="F" type="integer" max="1024" units="dev"/>
          <inkml:channel name="T" type="integer" units="ms"/>
        </inkml:traceFormat>
      </inkml:inkSource>
    </inkml:context>
  </inkml:definitions>
  <inkml:annotation type="truth">two strokes</inkml:annotation>
  <inkml:trace xml:id="s0" contextRef="#ctx0">100 200 512 0, 110 205 1024 10,
    120 210 256 25</inkml:trace>
  <inkml:trace contextRef="#ctx0" type="penUp">1 1 0 26, 2 2 0 27</inkml:trace>
  <inkml:trace contextRef="#ctx0">300 200 0 100</inkml:trace>
</inkml:ink>
"""


def read(content: str, **options: object) -> list[Drawing]:
    return list(read_inkml(io.BytesIO(content.encode()), "f", **options))  # type: ignore[arg-type]


def points(traces: str, channels: str = "") -> list[list[float]]:
    declared = f"<traceFormat>{channels}</traceFormat>" if channels else ""
    (drawing,) = read(f"<ink>{declared}{traces}</ink>")
    return drawing.points.tolist()


def test_what_a_tablet_writes() -> None:
    (drawing,) = read(TABLET)
    assert drawing.points.tolist() == [[100, 200, 0], [110, 205, 0], [120, 210, 1], [300, 200, 1]]
    assert drawing.text == "two strokes"
    np.testing.assert_allclose(drawing.pressure, [0.5, 1, 0.25, 0])
    np.testing.assert_allclose(drawing.time, [0, 0.010, 0.025, 0.1], atol=1e-6)


def test_the_recommendation_s_own_example_of_differences() -> None:
    # InkML 2011, section 3.2.1: the same trace written in full and with differences.
    short = "1125 18432,'23'43,\"7\"-8,3-5,7 -3,6 2,6 8,3 6"
    found = points(f"<trace>{short}</trace>")
    speeds = np.array([[23, 43], [30, 35], [33, 30], [40, 27], [46, 29], [52, 37], [55, 43]])
    expected = np.cumsum(np.vstack([[1125, 18432], speeds]), axis=0)
    np.testing.assert_array_equal(np.array(found)[:, :2], expected)


def test_stars_marks_and_absolute_values() -> None:
    assert points("<trace>1 2,*3,'5'6,**,!9!9</trace>") == [
        [1, 2, 0],
        [1, 3, 0],
        [6, 9, 0],
        [11, 15, 0],
        [9, 9, 1],
    ]


def test_other_channels_are_passed_over() -> None:
    channels = "".join(f'<channel name="{name}"/>' for name in ("S", "Y", "Z", "X"))
    assert points("<trace>T 1 9 2, F 3 9 4</trace>", channels) == [[2, 1, 0], [4, 3, 1]]


def test_y_may_point_upward() -> None:
    assert points("<trace>1 2</trace>", '<channel name="X"/><channel name="Y" orientation="-ve"/>') == [
        [1, -2, 1]
    ]


def test_a_stroke_may_go_on_in_the_next_trace() -> None:
    traces = '<trace continuation="begin">1 2</trace><trace continuation="end">3 4</trace><trace>5 6</trace>'
    assert points(traces) == [[1, 2, 0], [3, 4, 1], [5, 6, 1]]


def test_each_outer_group_is_a_drawing() -> None:
    content = """<ink><annotation type="writer">w</annotation><trace>0 0</trace>
      <traceGroup xml:id="one"><annotation type="truth">first</annotation>
        <traceGroup><trace>1 1</trace></traceGroup><traceGroup><trace>2 2</trace></traceGroup></traceGroup>
      <traceGroup id="two"><trace>3 3</trace></traceGroup><traceGroup/></ink>"""
    drawings = read(content)
    assert [(d.id, d.text, d.writer, len(d)) for d in drawings] == [
        ("", "", "w", 1),
        ("one", "first", "w", 2),
        ("two", "", "w", 1),
    ]


def test_a_group_has_the_context_that_stands_before_it() -> None:
    channels = ('<channel name="X"/>', '<channel name="Y"/>')
    formats = (
        f'<context id="{name}"><traceFormat>{"".join(order)}</traceFormat></context>'
        for name, order in (("a", channels), ("b", channels[::-1]))
    )
    group = "<traceGroup><trace>1 2, 3 4</trace></traceGroup>"
    one, two = read(f"<ink>{''.join(context + group for context in formats)}</ink>")
    assert one.points.tolist() == [[1, 2, 0], [3, 4, 1]]
    assert two.points.tolist() == [[2, 1, 0], [4, 3, 1]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<ink><trace>1 2</ink>", "not XML"),
        ("<html/>", "neither InkML"),
        ("<ink><trace>1 2, 3</trace></ink>", "x and a y"),
        ("<ink><trace>1 2 3</trace></ink>", "more values"),
        ("<ink><trace>1 a</trace></ink>", "no point"),
        ("<ink><trace>1 1e300</trace></ink>", "out of range"),
        ('<ink><traceFormat><channel name="X"/></traceFormat><trace>1</trace></ink>', "no X and Y"),
        ("<ink>" + "<traceGroup>" * 100 + "<trace>1 2</trace>" + "</traceGroup>" * 100 + "</ink>", "deep"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><ink>&a;</ink>', "entities"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ink><trace>&a;</trace></ink>', "entities"),
        ('<?xml version="1.0" encoding="no-such"?><ink/>', "not XML"),
    ],
)
def test_what_is_refused(content: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(content)


def test_an_entity_bomb_is_refused_at_once() -> None:
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    with pytest.raises(BadInput, match="entities"):
        read(f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><ink><trace>&e11;</trace></ink>')


def test_bad_traces_can_be_left_out() -> None:
    told: list[BadInput] = []
    (drawing,) = read(
        '<ink><trace>1 2</trace><trace id="t2">x</trace><trace>3 4</trace></ink>', on_bad=told.append
    )
    assert len(drawing) == 2
    assert "t2" in str(told[0])


@st.composite
def inks(draw: st.DrawFn) -> Drawing:
    n = draw(st.integers(1, 12))
    rows = np.zeros((n, 3), np.float32)
    rows[:, :2] = draw(arrays.arrays(np.float32, (n, 2), elements=st.floats(-1e6, 1e6, width=32)))
    rows[:, 2] = draw(arrays.arrays(np.bool_, n))
    rows[-1, 2] = 1
    names = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=6)
    known = st.just(np.nan) | st.floats(0, 1, width=32)
    pressure = draw(st.none() | arrays.arrays(np.float32, n, elements=known))
    time = draw(st.none() | arrays.arrays(np.float32, n, elements=known))
    if time is not None and np.isfinite(time).any():
        time = time - time[np.isfinite(time)][0]
    return Drawing(rows, draw(names), draw(names), draw(names), time=time, pressure=pressure)


@given(drawings=st.lists(inks(), min_size=1, max_size=3))
def test_what_is_written_is_read_back_the_same(drawings: list[Drawing]) -> None:
    file = io.BytesIO()
    write_inkml(file, drawings)
    file.seek(0)
    back = list(read_inkml(file, "f"))
    assert len(back) == len(drawings)
    for one, other in zip(drawings, back, strict=True):
        np.testing.assert_array_equal(one.points, other.points)
        assert (one.id, one.text, one.writer) == (other.id, other.text, other.writer)
        for channel in ("time", "pressure"):
            values = getattr(one, channel)
            if values is None or np.isnan(values).all():
                assert getattr(other, channel) is None
            else:
                np.testing.assert_array_equal(values, getattr(other, channel))


CHANNEL = "<channel name='X'/><channel name='Y'/>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<traceFormat>" * 2000 + "</traceFormat>" * 2000, "more than 1000 traceFormats"),
        (f"<traceFormat>{CHANNEL * 60}</traceFormat><trace>1 2</trace>", "more than 100 channels"),
        ("<trace>" + "," * 5_000_001 + "</trace>", "more than 5000000 points"),
        ("<trace>1 2," + "* *," * 30_000 + "x</trace>", "is no point"),
        ("<a b=''/>" * 3_000_001, "more than 3000000 tags"),
    ],
)
def test_what_is_made_to_do_harm_is_refused_quickly(content: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        list(read_inkml(io.BytesIO(f"<ink>{content}</ink>".encode()), "f"))


def test_a_context_is_looked_through_once() -> None:
    declared = "<context id='c'>" + "<a/>" * 50_000 + "</context>"
    content = "<ink>" + declared + "<trace contextRef='#c'>1 2</trace>" * 1000 + "</ink>"
    begun = time.process_time()
    (drawing,) = read_inkml(io.BytesIO(content.encode()), "f")
    assert len(drawing) == 1000
    assert time.process_time() - begun < 5


def test_a_traces_time_offset_is_in_milliseconds_whatever_its_channel_counts_in() -> None:
    for units, times in (("ms", "0 0 0, 1 0 20"), ("s", "0 0 0, 1 0 0.02")):
        later = times.replace("0 0 0,", "9 0 0,")
        (drawing,) = read(
            f'<ink><traceFormat><channel name="X"/><channel name="Y"/><channel name="T" units="{units}"/>'
            f'</traceFormat><trace>{times}</trace><trace timeOffset="500">{later}</trace></ink>'
        )
        assert drawing.time is not None
        np.testing.assert_allclose(drawing.time, [0, 0.02, 0.5, 0.52], rtol=1e-6)
