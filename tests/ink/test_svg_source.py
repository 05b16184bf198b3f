"""SVG as a source of ink: path data, transforms, what is hidden and what is an outline."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.paper import Ruling
from hwcli.drawing.style import Style
from hwcli.drawing.svg import write_svg
from hwcli.errors import BadInput
from hwcli.ink import Drawing, limits
from hwcli.ink.pages import Page
from hwcli.ink.sources.documents import read_document
from hwcli.ink.sources.svg_path import parse_path

INK = 'fill="none" stroke="black"'


def strokes(body: str, style: str = INK) -> list[list[list[float]]]:
    content = f'<svg xmlns="http://www.w3.org/2000/svg"><g {style}>{body}</g></svg>'
    (page,) = read_document(io.BytesIO(content.encode()), "f")
    assert isinstance(page, Page)
    return [stroke[:, :2].tolist() for stroke in page.strokes()]


def ends(data: str) -> list[list[float]]:
    """Return where each part of a path begins and ends."""
    return [
        [round(float(value), 6) for value in (*path.table()[0], *path.table()[-1])] for path in parse_path(data)
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("M1 2L3 4", [[1, 2, 3, 4]]),
        ("m1,2 3,4 5,6", [[1, 2, 9, 12]]),
        ("M1 2 3 4 5 6", [[1, 2, 5, 6]]),
        ("M1-2.5.5.5l-1-.5", [[1, -2.5, -0.5, 0]]),
        ("M0 0h5v5H1V1", [[0, 0, 1, 1]]),
        ("M0 0 h5 z l0 7", [[0, 0, 0, 0], [0, 0, 0, 7]]),
        ("M0 0c1 1 2 2 3 0s2-2 3 0", [[0, 0, 6, 0]]),
        ("M0 0Q1 1 2 0T4 0", [[0, 0, 4, 0]]),
        ("M0 0a1 1 0 012 0", [[0, 0, 2, 0]]),
        ("M0 0A1,1,0,0,0,2,0A1 1 0 1 1 4 0", [[0, 0, 4, 0]]),
        ("M1e1 2E-1 L3 4 M9 9 M5 5 l1 1", [[10, 0.2, 3, 4], [5, 5, 6, 6]]),
        ("M7 7", []),
        ("M7 7h0", [[7, 7, 7, 7]]),
        ("", []),
    ],
)
def test_path_data(data: str, expected: list[list[float]]) -> None:
    assert ends(data) == [pytest.approx(part) for part in expected]


@pytest.mark.parametrize(
    "data", ["L1 2", "M1", "M1 2 X", "M1 2 L3", "hello", "M1 2 a1 1 0 2 0 1 1", "M1e999 0", "z"]
)
def test_what_is_no_path_data(data: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_path(data)


def test_arcs_and_curves_are_where_they_should_be() -> None:
    (arc,) = parse_path("M1 0A1 1 0 1 1 0-1")
    assert np.hypot(*arc.table().T) == pytest.approx(1)
    assert len(arc.table()) > 20
    (ellipse,) = parse_path("M0 0A4 2 30 0 1 5 1")
    turned = ellipse.table() @ np.array(
        [[math.cos(0.5235988), -math.sin(0.5235988)], [math.sin(0.5235988), math.cos(0.5235988)]]
    )
    assert np.ptp(turned[:, 1]) < 4
    (curve,) = parse_path("M0 0C0 1 1 1 1 0")
    t = np.linspace(0, 1, len(curve.table()))
    np.testing.assert_allclose(curve.table()[:, 0], 3 * (1 - t) * t**2 + t**3, atol=1e-9)
    np.testing.assert_allclose(curve.table()[:, 1], 3 * (1 - t) * t, atol=1e-9)


@pytest.mark.parametrize(
    ("smooth", "plain"),
    [
        ("M0 0C0 4 6 4 6 0S12-4 12 0", "M0 0C0 4 6 4 6 0C6-4 12-4 12 0"),
        ("M0 0Q3 4 6 0T12 0", "M0 0Q3 4 6 0Q9-4 12 0"),
        # After a curve of the other kind, or a line, the pen's own place is the control point.
        ("M0 0Q3 4 6 0S12-4 12 0", "M0 0Q3 4 6 0C6 0 12-4 12 0"),
        ("M0 0C0 4 6 4 6 0T12 0", "M0 0C0 4 6 4 6 0Q6 0 12 0"),
        ("M0 0C0 4 6 4 6 0L6 6S12 0 12 6", "M0 0C0 4 6 4 6 0L6 6C6 6 12 0 12 6"),
    ],
)
def test_a_smooth_curve_goes_on_from_one_of_its_own_kind(smooth: str, plain: str) -> None:
    (one,), (other,) = parse_path(smooth), parse_path(plain)
    np.testing.assert_array_equal(one.table(), other.table())


def test_transforms_and_groups() -> None:
    body = """<g transform="translate(10 20) scale(2)">
      <polyline points="0,0 1,0 1,1" transform="rotate(90)"/></g>
      <g transform="matrix(1 0 0 -1 0 5)"><line x1="1px" y1="2" x2="3" y2="2"/></g>"""
    one, two = strokes(body)
    np.testing.assert_allclose([one[0], one[-1]], [[10, 20], [8, 22]], atol=1e-5)
    np.testing.assert_allclose([two[0], two[-1]], [[1, 3], [3, 3]], atol=1e-5)


def test_a_filled_circle_is_a_dot_and_a_drawn_one_a_line() -> None:
    line = '<path d="M0 0 0 9"/>'
    for dot in ('fill="black"', 'style="fill:#123"'):
        assert strokes(f'{line}<circle cx="5" cy="6" r="1" stroke="none" {dot}/>')[1:] == [[[5, 6]]]
    assert len(strokes(f'{line}<circle cx="5" cy="6" r="1" fill="none" stroke="none"/>')) == 1
    for nothing in ('r="0"', 'r="-2"', 'r="2" stroke="none" fill="white"'):
        assert len(strokes(f'{line}<circle cx="5" cy="6" {nothing}/>')) == 1
    for drawn in ('<circle cx="5" cy="6" r="2"/>', '<ellipse cx="5" cy="6" rx="auto" ry="2" stroke="red"/>'):
        circle = np.array(strokes(line + drawn)[1])
        assert len(circle) > 8
        np.testing.assert_allclose(np.hypot(*(circle - (5, 6)).T), 2, atol=0.1)
        np.testing.assert_allclose(circle[0], circle[-1], atol=1e-9)


def test_what_is_hidden_is_left_out() -> None:
    path = '<path d="M0 0L1 1"/>'
    body = f"""<g style="display:none">{path}</g><g visibility="hidden">{path}</g><defs>{path}</defs>
      <symbol>{path}</symbol><clipPath>{path}</clipPath><path d="M5 5L6 6"/>"""
    (one,) = strokes(body)
    assert one[0] == [5, 5]


@pytest.mark.parametrize("paper", ["ruled", "squared", "dotted"])
@pytest.mark.parametrize("marks", [[], [b' class="paper"'], [b' class="paper"', b' role="img"']])
def test_what_is_printed_on_the_paper_is_no_ink(
    paper: str, marks: list[bytes], made_drawings: list[Drawing]
) -> None:
    found = []
    for kind in ("plain", paper):
        sheet = replace(lay_out(made_drawings[:1], Layout()), height=90)
        svg = io.BytesIO()
        write_svg(replace(sheet, ruling=Ruling(kind)), Style(), svg)
        content = svg.getvalue()
        for mark in marks:  # that other programs do not keep
            content = content.replace(mark, b"")
        (page,) = read_document(io.BytesIO(content), "f")
        found.append(page.points.tolist())
    assert found[0] == found[1]


LETTERS = "".join(f'<path d="M{x} 4c3 4 3 8 0 12s9 0 9 -3"/>' for x in range(20, 180, 12))


def test_rules_that_do_not_reach_the_edges_are_no_ink() -> None:
    rules = "".join(f'<line x1="5" x2="195.00{n}" y1="{20 * n}" y2="{20 * n}"/>' for n in range(1, 5))
    assert strokes(rules + LETTERS) == strokes(LETTERS)


def test_straight_strokes_of_letters_are_ink() -> None:
    upright = "".join(f'<path d="M{x} 2v14"/>' for x in range(25, 185, 12))
    level = '<path d="M20 18h90"/>' + '<path d="M120 18h12M120 20h12M120 22h12"/>'
    assert len(strokes(LETTERS + upright + level)) == len(strokes(LETTERS)) + 14 + 4


def test_a_page_with_nothing_but_rules_has_no_ink() -> None:
    rules = "".join(f"M0 {y}H200" for y in range(20, 280, 10))
    with pytest.raises(BadInput, match="no open path"):
        list(
            read_document(
                io.BytesIO(f'<svg viewBox="0 0 200 290"><path {INK} d="{rules}"/></svg>'.encode()), "f"
            )
        )


@pytest.mark.parametrize(
    "marker",
    [
        "stroke:white",
        "stroke: rgb(100%, 100%, 100%)",
        "stroke:#ff0;stroke-opacity:0.47",
        "stroke-opacity:47%",
        "stroke:#ff0;opacity:0.5",
        "stroke:rgba(255, 255, 0, 0.4)",
        "stroke:rgb(255 255 0 / 40%)",
        "stroke:#ffff0066",
        "stroke:#ff06",
        "stroke:#FFFFFFFF",
        "stroke:rgb(255 255 255)",
        "stroke:rgba(255, 255, 255, 1)",
        "stroke:#ff0;opacity:0.85;stroke-opacity:0.85",
    ],
)
def test_a_marker_writes_no_ink(marker: str) -> None:
    assert strokes(f'<path style="{marker}" d="M0 5L50 6"/>' + LETTERS) == strokes(LETTERS)
    assert len(strokes(f'<path d="M0 5L50 6"/><g style="{marker}">{LETTERS}</g>')) == len(strokes(LETTERS)) + 1


def test_the_opacity_of_a_group_is_that_of_what_is_in_it() -> None:
    faint = '<g opacity="0.9"><g style="opacity:80%"><path d="M0 5L50 6"/></g></g>'
    assert strokes(faint + LETTERS) == strokes(LETTERS)


@pytest.mark.parametrize(
    "colour",
    ["#00f", "#0000ffee", "#00fe", "rgb(0, 0, 255)", "rgba(0,0,255,1)", "blue", "url(#a/0.3)", "#1234567"],
)
def test_ink_of_any_colour_is_ink(colour: str) -> None:
    drawn = f'<path style="stroke:{colour}" d="M0 5L50 6"/>'
    assert len(strokes(drawn + LETTERS)) == len(strokes(LETTERS)) + 1


def test_what_hw_render_drew_keeps_ids_and_texts(made_drawings: list[Drawing]) -> None:
    named = [("d<0>", ""), ("d<1>", '"a" & \\ b'), ("yes", "yes"), ("", "no id")]
    drawings = [
        replace(drawing, id=id, text=text) for drawing, (id, text) in zip(made_drawings, named, strict=False)
    ]
    assert len(drawings) == len(named)
    svg = io.BytesIO()
    write_svg(lay_out(drawings, Layout(columns=2)), Style(tolerance=0), svg)
    added = svg.getvalue().replace(b"</svg>", f'<path d="M0 0L9 9" {INK}/></svg>'.encode())
    *found, other = read_document(io.BytesIO(added), "f")
    assert [(drawing.id, drawing.text) for drawing in found] == [(one.id, one.text) for one in drawings]
    assert [drawing.points[:, 2].sum() for drawing in found] == [one.points[:, 2].sum() for one in drawings]
    assert [isinstance(drawing, Page) for drawing in (*found, other)] == [False] * 4 + [True]
    assert other.id == other.text == ""


def test_pages_of_inkscape() -> None:
    names = "http://www.inkscape.org/namespaces/inkscape", "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
    pages = "".join(f'<i:page x="{x}" y="0" width="148" height="210"/>' for x in (0, 158, 316))
    ink = "".join(
        f'<path {INK} d="{data}"/>' for data in ("M170 9L180 9.5", "M10 9L20 9", "M160 30H299", "M154 1h2")
    )
    content = f'<svg xmlns:i="{names[0]}" xmlns:s="{names[1]}"><s:namedview>{pages}</s:namedview>{ink}</svg>'
    first, second = read_document(io.BytesIO(content.encode()), "f")
    assert [first.id, second.id] == ["1", "2"]
    assert [page.points[0].tolist()[:2] for page in (first, second)] == [[10, 9], [170, 9]]
    assert len(list(second.strokes())) == 3


def test_pages() -> None:
    path = f'<path {INK} d="M0 0L5 {{}}"/>'
    body = f"<pageSet><page>{path.format(1)}</page><page/><page><g>{path.format(2)}</g></page></pageSet>"
    first, last = read_document(io.BytesIO(f"<svg>{body}</svg>".encode()), "f")
    assert [first.id, last.id] == ["1", "3"]
    assert [page.points[-1].tolist() for page in (first, last)] == [[5, 1, 1], [5, 2, 1]]


def test_what_others_hide_from_assistive_technology_is_ink() -> None:
    assert len(strokes('<g aria-hidden="true"><path d="M0 0L5 5"/></g>')) == 1


def test_outlines_are_no_ink() -> None:
    outline, line = '<path d="M0 0L9 0L9 9Z"/>', '<path d="M0 0L9 0"/>'
    with pytest.raises(BadInput, match="outlines"):
        strokes(outline, "")
    with pytest.raises(BadInput, match="outlines"):
        strokes(line, 'fill="black"')
    assert len(strokes(line, "")) == 1
    assert len(strokes(outline, 'stroke="red"')) == 1


def test_styles_of_classes() -> None:
    body = """<style>/* {} */ .pen, .x { stroke: #000; fill: none } path.y{}</style>
      <path class="pen" d="M0 0L9 0Z"/><path class="no" d="M0 0L9 0Z"/>"""
    assert len(strokes(body, "")) == 1


def test_lines_that_follow_each_other_are_one_stroke() -> None:
    body = '<polyline points="0,0 1,1"/><polyline points="1,1 2,1"/><polyline points="2,2 3,3"/>'
    assert len(strokes(body)) == 2


def test_straight_lines_get_points_as_close_as_a_pen_s() -> None:
    (one,) = strokes('<path d="M0 0L120 0L120 60"/>')
    steps = np.hypot(*np.diff(one, axis=0).T)
    assert steps.max() <= 10.001
    assert [120, 0] in one


def test_dots() -> None:
    assert [len(stroke) for stroke in strokes('<path d="M1 1h0"/><path d="M5 5z"/><path d="M0 9L1 9"/>')][
        :2
    ] == [1, 1]


def test_a_bad_path_can_be_left_out() -> None:
    good = 'd="M0 0L1 1"'
    content = f'<svg><g {INK}><path id="p1" d="M1"/><path {good}/><path transform="x(1)" {good}/></g></svg>'
    told: list[BadInput] = []
    (page,) = read_document(io.BytesIO(content.encode()), "f", told.append)
    assert len(list(page.strokes())) == 1
    assert "path p1" in str(told[0])
    assert "transform" in str(told[1])


@pytest.mark.parametrize(
    "content",
    [
        "<svg>" + "<g>" * 300 + "</g>" * 300 + "</svg>",
        f"<svg><path {INK} d='M0 0L1 1' transform='{'(' * 20_000}'/></svg>",
        f"<svg><path {INK} d='M0 0L1 1L2 2' transform='scale(1e300) scale(1e300)'/></svg>",
        f"<svg><g {INK}><path d='M0 0h.001'/><path d='M0 0h.001'/><path d='M0 0H900000000'/></g></svg>",
        "<svg><style>" + "/*" * 50_000 + "{" * 50_000 + "</style></svg>",
        f"<svg><path {INK} d='{'M' * 100_000}'/></svg>",
        f"<svg><path {INK} d='M0 0L1 1' transform='{'a' * 9_990}'/></svg>",
        "<svg><style>" + "a," * 50_000 + "{" + "fill:none;" * 20_000 + "}</style></svg>",
        "<svg>" + "<a b=''/>" * 3_000_001 + "</svg>",
        "<svg>" + f"<path {INK} d='M0 0{'h1' * 30_000}'/>" * 4 + "</svg>",
    ],
)
def test_what_is_made_to_do_harm_is_refused_quickly(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setattr(limits, "POINTS", 100_000)
    with pytest.raises(BadInput):
        list(read_document(io.BytesIO(content.encode()), "f"))


numbers = st.floats(-1e4, 1e4).map(lambda value: round(value, 3))


@given(lines=st.lists(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=6), min_size=1, max_size=5))
def test_corners_are_where_they_were_drawn(lines: list[list[tuple[float, float]]]) -> None:
    body = "".join(f'<path d="M{" ".join(f"{x},{y}" for x, y in line)}"/>' for line in lines)
    found = [point for stroke in strokes(body) for point in stroke]
    for x, y in (point for line in lines for point in line):
        assert min(math.hypot(x - a, y - b) for a, b in found) < 1e-2


XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'


def test_what_is_used_is_drawn_where_it_is_used() -> None:
    body = (
        f'<defs><path id="a" d="M0 0L1 2"/></defs><use {XLINK} xlink:href="#a" x="10" y="20"/>'
        '<use href="#a" transform="scale(2)" x="5"/><path d="M7 7h1"/><use href="#a"/>'
    )
    assert [stroke[0] + stroke[-1] for stroke in strokes(body)] == [
        [10, 20, 11, 22],
        [10, 0, 12, 4],
        [7, 7, 8, 7],
        [0, 0, 1, 2],
    ]


def test_what_is_used_has_its_style_from_where_it_is_used() -> None:
    defined = '<defs><path id="a" d="M0 0h5v5z"/><path id="b" stroke="none" d="M0 0h5v5z"/></defs>'
    uses = "".join(
        f'<use href="#{id}" {style}/>' for id in "ab" for style in ('stroke="red"', "", "fill='red'")
    )
    assert len(strokes(defined + uses, style="")) == 1


def test_a_use_of_groups_and_of_uses() -> None:
    body = (
        '<defs><g id="a" transform="translate(1 1)"><path d="M0 0h2"/></g>'
        '<g id="b"><use href="#a" x="10"/><use href="#a" y="10"/></g></defs><use href="#b" x="100"/>'
    )
    assert [stroke[0] for stroke in strokes(body)] == [[111, 1], [101, 11]]


def test_a_symbol_is_drawn_only_where_it_is_used_and_fits_its_frame() -> None:
    body = (
        '<symbol id="s" viewBox="0 0 10 10"><path d="M0 0L10 10"/></symbol>'
        '<use href="#s" x="100" width="20" height="40"/>'
        '<symbol id="t" viewBox="-1 0 10 10" preserveAspectRatio="none"><path d="M0 0L9 10"/></symbol>'
        '<use href="#t" width="20" height="40"/>'
    )
    assert [stroke[0] + stroke[-1] for stroke in strokes(body)] == [[100, 10, 120, 30], [2, 0, 20, 40]]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('x="5" y="6"', [5, 6, 15, 16]),
        ('x="5" width="50" height="50" viewBox="0 0 10 10"', [5, 0, 55, 50]),
        ('width="50" height="20" viewBox="0 0 10 10"', [15, 0, 35, 20]),
        ('width="50" height="20" viewBox="0 0 10 10" preserveAspectRatio="xMaxYMin"', [30, 0, 50, 20]),
        ('width="50" height="20" viewBox="0 0 10 10" preserveAspectRatio="xMinYMin slice"', [0, 0, 50, 50]),
        ('viewBox="0 0 10 10"', [0, 0, 10, 10]),
        ('width="1in" height="25.4mm" viewBox="0 0 48 48"', [0, 0, 20, 20]),
    ],
)
def test_an_svg_within_another_has_coordinates_of_its_own(frame: str, expected: list[float]) -> None:
    (stroke,) = strokes(f'<svg {frame}><path d="M0 0L10 10"/></svg>')
    assert stroke[0] + stroke[-1] == pytest.approx(expected)


def test_percents_are_of_the_frame_around() -> None:
    content = (
        f'<svg viewBox="0 0 200 100" {INK}><svg x="50%" width="50%" height="100%" viewBox="0 0 10 10">'
        '<line x1="10%" x2="100%" y2="50%"/></svg></svg>'
    )
    (page,) = read_document(io.BytesIO(content.encode()), "f")
    assert page.points[[0, -1], :2].tolist() == [[110, 0], [200, 50]]


@pytest.mark.parametrize(
    "frame", ['width="0"', 'height="0" viewBox="0 0 1 1"', 'width="1" height="1" viewBox="0 0 0 5"']
)
def test_nothing_is_drawn_in_a_frame_without_a_size(frame: str) -> None:
    assert len(strokes(f'<svg {frame}><path d="M0 0h1"/></svg><path d="M0 0h2"/>')) == 1


def test_what_is_used_and_not_there_draws_nothing() -> None:
    assert len(strokes('<use href="#none"/><use href="#"/><use/><path d="M0 0h2"/>')) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<g id="a"><path d="M0 0h1"/><use href="#a"/></g>', "use: it uses '#a', in which it stands itself"),
        ('<g id="a"><use id="u" href="#b"/></g><g id="b"><use href="#a"/></g>', "in which it stands itself"),
        ('<use href="other.svg#a"/>', "in another file"),
        ('<use href="file:///etc/passwd"/>', "in another file"),
        ('<use id="u" href="#p" x="left"/><path id="p" d="M0 0h1"/>', "use u: 'left' is no length"),
        ('<svg viewBox="0 0 1"><path d="M0 0h1"/></svg>', "viewBox '0 0 1' is none"),
        ('<svg width="-1"><path d="M0 0h1"/></svg>', "'-1' is no width or height"),
        ('<svg width="50%"><path d="M0 0h1"/></svg>', "does not say"),
        ('<svg width="1e300" height="9e300" viewBox="0 0 1e-300 1"><path d="M0 0h1"/></svg>', "out of range"),
    ],
)
def test_uses_and_frames_that_are_refused(body: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        strokes(body)


def test_uses_of_uses_without_end_are_refused() -> None:
    levels = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 12))
    with pytest.raises(BadInput, match="stand for more than any page"):
        strokes(f'<defs><path id="a0" d="M0 0"/>{levels}</defs><use href="#a11"/>')


def test_a_bad_use_can_be_left_out() -> None:
    told: list[BadInput] = []
    content = f'<svg {INK}><use href="x.svg#a"/><path d="M0 0h1"/></svg>'
    assert len(list(read_document(io.BytesIO(content.encode()), "f", told.append))) == 1
    assert len(told) == 1
