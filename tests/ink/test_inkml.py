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


@pytest.mark.parametrize(
    ("across", "down", "expected"),
    [
        ('value="100" units="1/cm"', 'value="5" units="1/mm"', [30, 80]),
        ('value="37.79528" units="1/cm"', 'value="37.72973" units="1/cm"', [30, 40]),
        ('value="100" units="1/cm"', 'value="0" units="1/cm"', [30, 40]),
        ('value="100"', 'value="many"', [30, 40]),
    ],
)
def test_letters_keep_their_shape_where_resolutions_differ(
    across: str, down: str, expected: list[float]
) -> None:
    properties = "".join(
        f'<channelProperty channel="{axis}" name="resolution" {how}/>'
        for axis, how in (("X", across), ("Y", down))
    )
    content = f"""<ink><inkSource><traceFormat><channel name="X"/><channel name="Y"/></traceFormat>
      <channelProperties>{properties}</channelProperties></inkSource><trace>10 20, 30 40</trace></ink>"""
    (drawing,) = read_inkml(io.BytesIO(content.encode()), "f")
    np.testing.assert_allclose(drawing.points[1, :2], expected)


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


def views(body: str, traces: str = "") -> list[Drawing]:
    traces = traces or (
        '<trace id="a">0 0, 1 1, 2 2, 3 3</trace><traceGroup id="g"><trace>10 0, 11 0</trace>'
        "<trace>20 0, 21 0</trace></traceGroup>"
    )
    return read(f'<ink><annotation type="writer">w</annotation>{traces}{body}</ink>')


def xs(drawing: Drawing) -> list[list[float]]:
    return [stroke[:, 0].tolist() for stroke in drawing.strokes()]


def test_labelled_views_are_the_drawings() -> None:
    # As in IAMonDo: a document of blocks of lines of words.
    one, two = views(
        '<traceView><annotation type="type">Document</annotation><traceView id="l1"><annotation '
        'type="transcription">a line</annotation><traceView><annotation type="transcription">a</annotation>'
        '<traceView traceDataRef="#a"/></traceView><traceView traceDataRef="#g"/></traceView>'
        '<traceView><traceView xml:id="l2" traceDataRef="g"><annotation type="truth">b</annotation>'
        '</traceView></traceView><traceView traceDataRef="#a"/></traceView>'
    )
    assert (one.id, one.text, one.writer, two.id, two.text) == ("l1", "a line", "w", "l2", "b")
    assert xs(one) == [[0, 1, 2, 3], [10, 11], [20, 21]]
    assert xs(two) == [[10, 11], [20, 21]]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ('traceDataRef="#a" from="2" to="3"', [[1, 2]]),
        ('traceDataRef="#a" from="4"', [[3]]),
        ('traceDataRef="#a" to="99"', [[0, 1, 2, 3]]),
        ('traceDataRef="#g" from="2"', [[20, 21]]),
        ('traceDataRef="#g" from="1:2" to="2:1"', [[11], [20]]),
        ('traceDataRef="#g" to="1"', [[10, 11]]),
        ('traceDataRef="#v" from="2:1" to="2:1:1"', [[10]]),
        ('traceDataRef="#v" from="1:2" to="1:2"', [[2]]),
    ],
)
def test_a_view_may_be_of_a_part(view: str, expected: list[list[float]]) -> None:
    inner = (
        '<traceView id="v"><traceView traceDataRef="#a" from="2"/><traceView traceDataRef="#g"/></traceView>'
    )
    (drawing,) = views(f'{inner}<traceView {view}><annotation type="truth">x</annotation></traceView>')
    assert xs(drawing) == expected


def test_views_without_a_text_are_of_ink_that_is_there_already() -> None:
    # As in CROHME: the symbols of an expression, inside of groups, name its traces again.
    (drawing,) = read(
        '<ink><annotation type="truth">$x^2$</annotation><trace id="0">1 2</trace><trace id="1">3 4</trace>'
        '<traceGroup><annotation type="truth">Segmentation</annotation><traceGroup><annotation type="truth">x'
        '</annotation><traceView traceDataRef="0"/></traceGroup></traceGroup></ink>'
    )
    assert (drawing.text, len(drawing)) == ("$x^2$", 2)
    assert [len(drawing) for drawing in views('<traceView traceDataRef="#a"/>')] == [4, 4]


def test_views_of_traces_that_are_only_stored() -> None:
    (drawing,) = views('<traceView traceDataRef="#a"/>', '<definitions><trace id="a">1 2</trace></definitions>')
    assert drawing.points.tolist() == [[1, 2, 1]]


def test_a_trace_in_a_view_has_its_own_context() -> None:
    formats = '<traceFormat id="yx"><channel name="Y"/><channel name="X"/></traceFormat>' + (
        '<traceFormat id="xy"><channel name="X"/><channel name="Y"/></traceFormat>'
    )
    (drawing,) = views(
        '<traceView><annotation type="truth">x</annotation><traceView traceDataRef="#a"/>'
        '<traceView traceDataRef="#b"/></traceView>',
        f'{formats}<traceGroup contextRef="#yx"><trace id="a">1 2</trace></traceGroup>'
        '<trace id="b">3 4</trace>',
    )
    assert drawing.points.tolist() == [[2, 1, 1], [3, 4, 1]]


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ('traceDataRef="#none"', "traceView n: it views '#none', which is not there"),
        ('traceDataRef="other.inkml#a"', "in another file"),
        ('traceDataRef="#n"', "without end"),
        ('traceDataRef="#a" from="0"', "'0' is no place"),
        ('traceDataRef="#a" to="x"', "'x' is no place"),
    ],
)
def test_views_that_are_refused(view: str, reason: str) -> None:
    body = f'<traceView id="n" {view}><annotation type="truth">x</annotation></traceView>'
    with pytest.raises(BadInput, match=reason):
        views(body)
    told: list[BadInput] = []
    assert not read(f'<ink><trace id="a">1 2</trace>{body}</ink>', on_bad=told.append)
    assert len(told) == 1


def test_views_of_views_of_views_are_refused_quickly() -> None:
    levels = "".join(
        f'<traceView id="v{i}">' + f'<traceView traceDataRef="#v{i - 1}"/>' * 10 + "</traceView>"
        for i in range(1, 12)
    )
    with pytest.raises(BadInput, match="without end"):
        views(
            f'<traceView id="v0" traceDataRef="#a"/>{levels}<traceView traceDataRef="#v11">'
            '<annotation type="truth">x</annotation></traceView>'
        )


def mapped(mapping: str, name: str = "X") -> str:
    other = "Y" if name == "X" else "X"
    return f'<channel name="{name}">{mapping}</channel><channel name="{other}"/>'


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ('<mapping type="identity"/>', [1, 3]),
        ('<mapping type="affine"><matrix>2 0.5</matrix></mapping>', [2.5, 6.5]),
        ('<mapping type="lookup"><table>0 10, 2 20, 4 40</table></mapping>', [15, 30]),
        (
            '<mapping type="lookup"><bind source="X" column="2"/><bind target="X" column="1"/>'
            "<table>40 4, 10 0</table></mapping>",
            [17.5, 32.5],
        ),
        ('<mapping mappingRef="#m"/>', [10, 30]),
    ],
)
def test_a_channel_may_be_mapped(mapping: str, expected: list[float]) -> None:
    (drawing,) = read(
        '<ink><definitions><mapping id="m" type="affine"><matrix>10 0</matrix></mapping></definitions>'
        f"<traceFormat>{mapped(mapping)}</traceFormat><trace>1 2, 3 4</trace></ink>"
    )
    assert drawing.points[:, :2].tolist() == [[expected[0], 2], [expected[1], 4]]


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ('<mapping type="mathml"/>', r"channel X has a mapping \(mathml\) that hw does not know"),
        ("<mapping/>", "does not know"),
        ('<mapping type="affine"><bind source="Y"/><matrix>1 0</matrix></mapping>', "does not know"),
        ('<mapping type="affine"><matrix>1 0 0</matrix></mapping>', "not a factor and an offset"),
        ('<mapping type="affine"/>', "has no matrix"),
        ('<mapping type="lookup"><table>1 2, 3</table></mapping>', "different lengths"),
        ('<mapping type="lookup"><table>1, 3</table></mapping>', "no column 2"),
        ('<mapping type="lookup"><table>1 x</table></mapping>', "not made of numbers"),
        ('<mapping type="lookup"><table apply="relative">1 2</table></mapping>', "absolute and linear"),
        (
            '<mapping type="lookup"><bind source="X" column="-1"/><table>1 2</table></mapping>',
            "'-1' is no column",
        ),
        ('<mapping mappingRef="#none"/>', "'#none' of the channel X is not there"),
    ],
)
def test_mappings_that_would_make_wrong_ink_are_refused(mapping: str, reason: str) -> None:
    with pytest.raises(BadInput, match=f"^f: traceFormat: .*{reason}"):
        points("<trace>1 2</trace>", mapped(mapping))


def test_a_mapping_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(BadInput, match="out of range"):
        points("<trace>1e308 2</trace>", mapped('<mapping type="affine"><matrix>1e9 0</matrix></mapping>'))


def test_mappings_of_channels_that_are_passed_over_do_not_matter() -> None:
    assert points("<trace>1 2 3</trace>", mapped("") + '<channel name="OTx"><mapping/></channel>') == [
        [1, 2, 1]
    ]


MATHWRITING = """<ink xmlns="http://www.w3.org/2003/InkML">{declared}
<annotation type="label">{{x \\over 2}}</annotation><annotation type="splitTagOriginal">train</annotation>
<annotation type="sampleId">000aa4c444cba3f2</annotation><annotation type="inkCreationMethod">human</annotation>
{normalized}<trace id="0">1.5 2.0 0.0,3.0 4.5 17.0</trace><trace id="1">5.0 6.0 250.0</trace></ink>"""
NORMALIZED = '<annotation type="normalizedLabel">\\frac{x}{2}</annotation>'


@pytest.mark.parametrize("declared", ["", "X Y T"])
def test_mathwriting(declared: str) -> None:
    channels = "".join(f'<channel name="{name}" type="decimal"/>' for name in declared.split())
    declared = f"<traceFormat>{channels}</traceFormat>" if declared else ""
    (drawing,) = read(MATHWRITING.format(declared=declared, normalized=NORMALIZED))
    assert (drawing.id, drawing.text) == ("000aa4c444cba3f2", r"\frac{x}{2}")
    assert drawing.points.tolist() == [[1.5, 2, 0], [3, 4.5, 1], [5, 6, 1]]
    assert drawing.time is not None
    np.testing.assert_allclose(drawing.time, [0, 0.017, 0.25], rtol=1e-6)


def test_symbols_of_mathwriting_have_but_a_label() -> None:
    (drawing,) = read(MATHWRITING.format(declared="", normalized=""))
    assert drawing.text == r"{x \over 2}"
