"""Xournal++ and Xournal: pages, pressure, what is no writing, and what is packed to do harm."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.errors import BadInput
from hwcli.ink import Drawing, limits
from hwcli.ink.pages import Page
from hwcli.ink.reading import read_any

NOTES = """<?xml version="1.0" standalone="no"?>
<xournal creator="Xournal++ 1.2.2" fileversion="4">
<title>Xournal++ document - see https://github.com/xournalpp/xournalpp</title>
<preview>iVBORw0KGgo=</preview>
<page width="595.2" height="841.8">
<background type="solid" color="#ffffffff" style="lined"/>
<layer>
<stroke tool="pen" ts="0" fn="" color="#000000ff" width="1.41 0.5 1.0 2.0">10 20 11.5 21 12 22.25 13 23</stroke>
<stroke tool="highlighter" color="#ffff007f" width="8.5">10 20 90 20</stroke>
<stroke tool="pen" color="#000000ff" width="1.41" capStyle="round">30 20 30 20</stroke>
<text font="Sans" size="12" x="1" y="2" color="#000000ff">typed</text>
</layer>
<layer><stroke tool="eraser" width="8.5">1 1 2 2</stroke></layer>
</page>
<page width="595.2" height="841.8"><layer/></page>
<page width="595.2" height="841.8"><layer><stroke tool="pen" width="1">1 2 3 4</stroke></layer></page>
</xournal>
"""


def read(content: str, **options: object) -> list[Drawing]:
    packed = gzip.compress(content.encode())
    return list(read_any(io.BytesIO(packed), "notes.xopp", **options))  # type: ignore[arg-type]


def test_pages_of_strokes() -> None:
    one, three = read(NOTES)
    assert isinstance(one, Page)
    assert (one.id, three.id) == ("1", "3")
    assert one.points.tolist() == [
        [10, 20, 0], [11.5, 21, 0], [12, 22.25, 0], [13, 23, 1], [30, 20, 0], [30, 20, 1],
    ]  # fmt: skip
    assert one.pressure is not None
    np.testing.assert_allclose(one.pressure, [0.25, 0.5, 1, 1, np.nan, np.nan])
    assert three.pressure is None


def test_a_document_that_is_not_packed_and_has_one_page() -> None:
    content = '<xournal><page><layer><stroke tool="pen">1 2 3 4</stroke></layer></page></xournal>'
    (page,) = read_any(io.BytesIO(content.encode()), "f")
    assert page.id == ""


@pytest.mark.parametrize(
    ("strokes", "reason"),
    [
        ("", "no page with strokes"),
        ("<stroke>1 2 3</stroke>", "page 1, stroke 1: its coordinates"),
        ("<stroke>1 x</stroke>", "not made of numbers"),
        ("<stroke>1 nan</stroke>", "out of range"),
        ("<stroke>1 1e12</stroke>", "out of range"),
        ('<stroke width="wide">1 1</stroke>', "not made of numbers"),
        ("<stroke></stroke>", "coordinates"),
        ('<stroke tool="eraser">1 1</stroke>', "no page with strokes"),
    ],
)
def test_what_is_refused(strokes: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(f"<xournal><page><layer>{strokes}</layer></page></xournal>")


def test_bad_strokes_can_be_left_out() -> None:
    told: list[BadInput] = []
    content = "<xournal><page><layer><stroke>1</stroke><stroke>1 2</stroke></layer></page></xournal>"
    (page,) = read(content, on_bad=told.append)
    assert (len(page), len(told)) == (1, 1)


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOCUMENT", 10_000)
    with pytest.raises(BadInput, match="more than 10000 bytes"):
        read("<xournal>" + " " * 10_000_000 + "</xournal>")
    with pytest.raises(BadInput, match="cut short"):
        list(read_any(io.BytesIO(gzip.compress(NOTES.encode())[:-20]), "f"))
    with pytest.raises(BadInput, match="entities"):
        read('<!DOCTYPE x [<!ENTITY a "b">]><xournal>&a;</xournal>')


numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))


@given(
    pages=st.lists(
        st.lists(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), min_size=1, max_size=4),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_what_was_written_is_read(pages: list[list[list[tuple[float, float]]]]) -> None:
    body = "".join(
        "<page><layer>"
        + "".join(f'<stroke tool="pen">{" ".join(f"{x} {y}" for x, y in stroke)}</stroke>' for stroke in page)
        + "</layer></page>"
        for page in pages
    )
    found = read(f"<xournal>{body}</xournal>")
    assert len(found) == len(pages)
    for drawing, page in zip(found, pages, strict=True):
        for one, other in zip(drawing.strokes(), page, strict=True):
            np.testing.assert_array_equal(one[:, :2], np.array(other, np.float32))
