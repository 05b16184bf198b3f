"""reMarkable tablets: pages of all versions, what is no writing, what was taken away, and notebooks."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from conftest import ROOT

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.pages import Page
from hwcli.ink.reading import read_any
from hwcli.ink.sources import remarkable

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

import tablets
from tablets import LAYER, PAGE, group, line, no_group, notebook, old_page, old_stroke, page

FIRST = [[1, 2, 0], [3.5, 4.25, 0], [5, 6, 1]]
SECOND = ((30.0, 40.0, 1.0), (50.0, 60.0, 0.2))


def read(content: bytes, **options: object) -> list[Drawing]:
    return list(read_any(io.BytesIO(content), "notes.rm", **options))  # type: ignore[arg-type]


# --- pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [3, 5])
def test_the_layers_of_an_older_page(version: int) -> None:
    (found,) = read(old_page(version, [[old_stroke(version)], [], [old_stroke(version, SECOND)]]))
    assert isinstance(found, Page)
    assert found.id == ""
    assert found.points.tolist() == [*FIRST, [30, 40, 0], [50, 60, 1]]
    assert found.pressure is not None
    np.testing.assert_allclose(found.pressure, [0.5, 1, 0, 1, 0.2])


def test_a_page_of_blocks() -> None:
    (found,) = read(PAGE)
    assert isinstance(found, Page)
    assert found.points.tolist() == [*FIRST, [30, 40, 0], [50, 60, 1]]
    assert found.pressure is not None
    np.testing.assert_allclose(found.pressure, [128 / 255, 1, 0, 1, 0.2])


def test_points_of_the_first_programs_that_wrote_blocks() -> None:
    (found,) = read(page(group(LAYER), line((1, 16), LAYER, version=1)))
    assert found.points.tolist() == FIRST
    np.testing.assert_allclose(found.pressure, [0.5, 1, 0])


def test_strokes_come_in_the_order_of_writing_and_not_of_the_file() -> None:
    later, earlier = line((1, 300), LAYER), line((2, 40), LAYER, SECOND)
    (found,) = read(page(group(LAYER), later, earlier))
    assert found.points[:2].tolist() == [[30, 40, 0], [50, 60, 1]]


@pytest.mark.parametrize("tool", [5, 18, 23, 6, 8])
def test_what_does_not_write_is_no_ink(tool: int) -> None:
    for content in (
        old_page(5, [[old_stroke(5), old_stroke(5, SECOND, tool)]]),
        page(group(LAYER), line((1, 2), LAYER), line((1, 3), LAYER, SECOND, tool)),
    ):
        (found,) = read(content)
        assert found.points.tolist() == FIRST


def test_white_is_no_ink() -> None:
    (found,) = read(old_page(3, [[old_stroke(3), old_stroke(3, SECOND, colour=2)]]))
    assert found.points.tolist() == FIRST


def test_what_cannot_be_seen_is_left_out() -> None:
    hidden, within, gone, never = (1, 30), (1, 31), (1, 32), (1, 33)
    (found,) = read(
        page(
            group(LAYER),
            group(hidden, shown=False),
            group(within, hidden),
            group(gone),
            no_group(gone),
            line((1, 40), LAYER),
            line((1, 41), hidden, SECOND),
            line((1, 42), within, SECOND),
            line((1, 43), gone, SECOND),
            line((1, 44), never, SECOND),
            tablets.item(5, LAYER, (1, 45), None),
        )
    )
    assert found.points.tolist() == FIRST


def test_what_hangs_on_typed_text_is_a_page_of_its_own() -> None:
    top, bottom, other = (0, 0xFFFF_FFFF_FFFE), (0, 0xFFFF_FFFF_FFFF), (1, 99)
    one, two, three = (1, 30), (1, 31), (1, 32)
    blocks = [
        group(LAYER), group(one, LAYER, anchor=top), group(two, LAYER, anchor=bottom),
        group(three, LAYER, anchor=other),
        line((1, 40), one), line((1, 41), two, SECOND), line((1, 42), three, SECOND), line((1, 43), LAYER),
    ]  # fmt: skip
    itself, hanging = read(page(*blocks))
    assert [itself.id, hanging.id] == ["1", "2"]
    assert len(itself) == 8
    assert hanging.points[:, 0].tolist() == [30, 50]


def test_blocks_and_fields_that_are_not_known_are_passed_over() -> None:
    strange = tablets.block(77, b"\xff" * 9)
    value = tablets.of_int(1, 17) + tablets.of_int(2, 0) + tablets.of_int(40, 5)
    table = struct.pack("<ffHHBB", 1, 2, 0, 0, 0, 51)
    known = tablets.item(5, LAYER, (1, 9), b"\3" + value + tablets.of_bytes(5, table), 2)
    (found,) = read(page(strange, group(LAYER), known, strange))
    assert found.points.tolist() == [[1, 2, 1]]


# --- damage ------------------------------------------------------------------------------------------------

NAN = ((float("nan"), 1.0, 0.0),)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (tablets.header(4), "version 4; hw reads 3, 5, 6"),
        (tablets.header("x"), r"version \?; hw reads"),
        (tablets.header(6), "no strokes of a pen"),
        (old_page(5, [[]]), "no strokes of a pen"),
        (old_page(5, [[old_stroke(5)]])[:-1], "cut short: a stroke of 3 points"),
        (old_page(5, [[old_stroke(5)[:10]]]), "cut short"),
        (old_page(3, [[old_stroke(3, NAN)]]), "stroke 1: a number is out of range"),
        (old_page(3, [[old_stroke(3, ((1e12, 1, 0),))]]), "stroke 1: a number is out of range"),
        (PAGE[:-1], "cut short: a block of"),
        (PAGE[:-3] + b"abc", "block 6 is damaged"),
        (page(group(LAYER), line((1, 2), LAYER, version=3)[:-1] + b"\x03"), "block 3 is damaged"),
        (page(tablets.item(5, LAYER, (1, 2), b"\2")), "block 1 is damaged: an item of kind 2"),
        (page(tablets.item(5, LAYER, (1, 2), b"\3")), "block 1 is damaged: a field is missing"),
        (page(tablets.block(5, b"")), "block 1 is damaged: a field is missing"),
        (page(tablets.block(5, b"\x80" * 20)), "a number without an end"),
        (page(tablets.block(5, tablets.of_id(1, LAYER) + tablets.of_int(2, 7))), "field 2 is no id"),
        (
            page(tablets.block(2, tablets.of_bytes(1, b"xy") + tablets.of_bytes(7, tablets.of_id(2, LAYER)))),
            "field 1 is no id",
        ),
        (page(tablets.block(2, b"\x13")), "a field of type 3"),
        (page(tablets.block(2, b"".join(tablets.of_int(n, 0) for n in range(200)))), "more than 100 fields"),
    ],
)
def test_what_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(content)


def test_numbers_that_signal_that_they_are_none_are_refused_like_others() -> None:
    content = old_page(5, [[old_stroke(5, NAN)]])
    signal = content.replace(struct.pack("<f", NAN[0][0]), b"\x01\x00\x80\x7f")
    assert signal != content
    with pytest.raises(BadInput, match="stroke 1: a number is out of range"):
        read(signal)


def test_groups_in_a_circle_end() -> None:
    one, two = (1, 30), (1, 31)
    with pytest.raises(BadInput, match="no strokes"):
        read(page(group(one, two), group(two, one), line((1, 40), one)))


def test_bad_strokes_can_be_left_out() -> None:
    told: list[BadInput] = []
    (found,) = read(old_page(5, [[old_stroke(5, NAN), old_stroke(5)]]), on_bad=told.append)
    assert found.points.tolist() == FIRST
    bad = tablets.item(5, LAYER, (1, 2), b"\2")
    (found,) = read(page(group(LAYER), bad, line((1, 3), LAYER)), on_bad=told.append)
    assert found.points.tolist() == FIRST
    assert [error.reason for error in told] == [
        "stroke 1: a number is out of range",
        "block 3 is damaged: an item of kind 2",
    ]


def test_a_page_is_not_larger_than_a_hand_can_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remarkable, "PAGE", len(PAGE) - 1)
    with pytest.raises(BadInput, match="a page of more than"):
        read(PAGE)
    with pytest.raises(BadInput, match=r"notes\.rm, page 1: more than"):
        read(notebook({"a": PAGE}))


# --- notebooks ---------------------------------------------------------------------------------------------

TWO = {"b": PAGE, "a": page(group(LAYER), line((1, 2), LAYER, SECOND))}
LISTED = {"cPages": {"pages": [{"id": "b"}, {"id": "blank"}, {"id": "a", "deleted": {"value": 0}}]}}
DELETED = {"cPages": {"pages": [{"id": "b", "deleted": {"timestamp": "1:2", "value": 1}}, {"id": "a"}]}}


@pytest.mark.parametrize(
    ("pages", "about", "expected"),
    [
        (TWO, LISTED, {"1": 5, "3": 2}),
        (TWO, {"pages": ["a", "b"]}, {"1": 2, "2": 5}),
        (TWO, DELETED, {"": 2}),
        ({"10": PAGE, "2": TWO["a"]}, {"pages": ["x", "y"]}, {"1": 2, "2": 5}),
        (TWO, None, {"1": 2, "2": 5}),
        (TWO, {"pages": 3}, {"1": 2, "2": 5}),
        (TWO, [1], {"1": 2, "2": 5}),
        ({"a": PAGE}, None, {"": 5}),
        ({"a": PAGE, "b": tablets.header(6)}, None, {"1": 5}),
    ],
)
def test_the_pages_of_a_notebook(pages: Mapping[str, bytes], about: object, expected: dict[str, int]) -> None:
    found = read(notebook(pages, about))
    assert all(isinstance(one, Page) for one in found)
    assert {one.id: len(one) for one in found} == expected


def test_a_notebook_in_which_nobody_wrote() -> None:
    with pytest.raises(BadInput, match="no page with strokes"):
        read(notebook({"a": tablets.header(6)}))


def test_a_damaged_page_can_be_left_out() -> None:
    content = notebook({"a": PAGE[:-1], "b": PAGE})
    with pytest.raises(BadInput, match=r"notes\.rm, page 1: a damaged page"):
        read(content)
    told: list[BadInput] = []
    (found,) = read(content, on_bad=told.append)
    assert found.id == "2"
    assert len(told) == 1


def test_a_page_that_cannot_be_unpacked_can_be_left_out() -> None:
    content = bytearray(notebook({"a": PAGE, "b": PAGE}))
    place = content.index(b"n/a.rm") + len(b"n/a.rm") + 5
    content[place] ^= 0xFF
    with pytest.raises(BadInput, match=r"notes\.rm, page 1: damaged"):
        read(bytes(content))
    told: list[BadInput] = []
    (found,) = read(bytes(content), on_bad=told.append)
    assert found.id == "2"
    assert len(told) == 1
