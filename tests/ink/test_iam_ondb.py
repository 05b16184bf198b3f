"""IAM-OnDB: texts and lines put together, in whatever order and place they come."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from hwcli.errors import BadInput
from hwcli.ink.selection import Selection
from hwcli.ink.sources import iam_ondb
from hwcli.ink.sources.iam_ondb import Database, is_tree, tree_files, written_lines
from hwcli.ink.sources.whiteboard import LineReader

HEAD = '<?xml version="1.0"?>\n<WhiteboardCaptureSession>\n  <StrokeSet>'
TAIL = "\n  </StrokeSet>\n</WhiteboardCaptureSession>\n"
STROKE = '\n    <Stroke colour="black" start_time="1.00" end_time="2.00">'
POINT = '\n      <Point x="{}" y="{}" time="{}"/>'


def line(*strokes: list[tuple[str, str, str]]) -> str:
    parts = (STROKE + "".join(POINT.format(*p) for p in stroke) + "\n    </Stroke>" for stroke in strokes)
    return HEAD + "".join(parts) + TAIL


USUAL = line([("10", "2", "769.05"), ("11", "99999", "769.07")], [("5", "6", "10769.00")])


def test_a_usual_file_is_read_like_any_xml(rng: np.random.Generator) -> None:
    numbers = rng.integers(0, 10 ** rng.integers(1, 9, 600)).reshape(-1, 3)
    rows = [(str(x), str(y), f"{t / 100:.2f}") for x, y, t in numbers.tolist()]
    strokes = [rows[start : start + 20] for start in range(0, len(rows), 20)]
    content = line(*strokes)
    reader = LineReader()
    quick = reader.read(content.encode(), "f")
    assert reader._known, "the quick way was not taken"
    slow = LineReader().read(content.replace('colour="black"', "colour='black'").encode(), "f")
    np.testing.assert_array_equal(quick.points, slow.points)
    np.testing.assert_array_equal(quick.time, slow.time)
    np.testing.assert_array_equal(quick.points[:, :2], numbers[:, :2].astype(np.float32))
    assert np.flatnonzero(quick.points[:, 2]).tolist() == list(range(19, 200, 20))


@pytest.mark.parametrize(
    ("old", "new", "x"),
    [
        ('x="10"', 'x="-10"', -10),
        ('x="10"', 'x="10.5"', 10.5),
        ('x="10"', "x='10'", 10),
        ('x="10"', 'x=" 10 "', 10),
        ('x="10"', 'x="1e1"', 10),
        ('x="10"', 'x="0000000010"', 10),
        ('x="10"', 'x="&#49;0"', 10),
        ('x="10"', 'colour="1" x="10"', 10),
        ('time="769.05"', 'time="769"', 10),
        ('time="769.05"', 'time="769.0512"', 10),
        ('time="769.05"', 'time=".05"', 10),
        ("\n      <Point", "\r\n\t<Point", 10),
        ('x="10" y="2"', 'y="2" x="10"', 10),
        ("<StrokeSet>", "<!-- <StrokeSet> -->\n<StrokeSet>", 10),
    ],
)
def test_unusual_files_are_read_as_xml_says(old: str, new: str, x: float) -> None:
    assert old in USUAL
    drawing = LineReader().read(USUAL.replace(old, new).encode(), "f")
    assert drawing.points.tolist() == [[x, 2, 0], [11, 99999, 1], [5, 6, 1]]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<",
        HEAD + TAIL,
        USUAL.replace("</Stroke>", ""),
        USUAL.replace('x="10"', 'x=""'),
        USUAL.replace('x="10"', 'x="1 0"'),
        USUAL.replace('x="10"', 'x="nan"'),
        USUAL.replace('x="10"', 'x="1e300"'),
        USUAL.replace('x="10"', ""),
        USUAL.replace("769.05", "7.69.05"),
        USUAL[: len(USUAL) // 2],
        '<!DOCTYPE x [<!ENTITY n "10">]>' + USUAL.replace('x="10"', 'x="&n;"'),
    ],
)
def test_broken_files_are_refused(content: str) -> None:
    with pytest.raises(BadInput, match=r"^f"):
        LineReader().read(content.encode(), "f")


def test_what_was_written_stands_after_csr() -> None:
    assert written_lines(b"OCR:\n\nno\n\nCSR:\n\n one  line \r\n\nanother\n") == ["one line", "another"]
    assert written_lines(b"\xef\xbb\xbfCSR:\nline\n") == ["line"]
    assert written_lines("CSR:\ncaf\u00e9\n".encode("latin-1")) == ["café"]
    assert written_lines(b"nothing of the kind") == []


def database(root: Path, wanted: Selection | None = None) -> tuple[Database, list[str]]:
    found = Database()
    wants = (wanted or Selection()).wants
    return found, [drawing.id for drawing in found.read(tree_files(root), None, wants, None)]


def test_a_tree_and_its_texts(iam_tree: Path) -> None:
    assert is_tree(iam_tree)
    found, ids = database(iam_tree)
    assert len(ids) == 16
    assert ids == sorted(ids)
    text = (iam_tree / "ascii/a01/a01-000/a01-000u.txt").read_text().split("CSR:")[1].split("\n")
    assert found.text_of("a01-000u-02") == text[3]


@pytest.mark.parametrize(
    "inside", ["lineStrokes", "lineStrokes-all/lineStrokes", "data/lineStrokes", "data", "lineStrokes/a01"]
)
def test_layouts(iam_tree: Path, tmp_path: Path, inside: str) -> None:
    beside = tmp_path if not inside.startswith("lineStrokes-all") else tmp_path / "ascii-all"
    target = tmp_path / inside.removesuffix("/a01")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside.mkdir(exist_ok=True)
    target.symlink_to(iam_tree / "lineStrokes")
    (beside / "ascii").symlink_to(iam_tree / "ascii")
    original = tmp_path / "original" / "a01" / "a01-000" / "strokesu.xml"
    original.parent.mkdir(parents=True)
    original.write_text('<Session><Form id="a01-000u" writerID="10143"/></Session>')
    for root in (tmp_path, tmp_path / inside):
        found, ids = database(root)
        assert len(ids) == (12 if inside.endswith("/a01") and root != tmp_path else 16)
        assert all(found.text_of(id) for id in ids)
        assert found.writers == {"a01-000u": "10143"}


def test_a_line_gets_no_text_that_may_be_another_s(iam_tree: Path) -> None:
    found, ids = database(iam_tree, Selection(["a01-003-02"]))
    assert ids == ["a01-003-02"]
    assert found.text_of("a01-003-02")
    found.texts["a01-003"].append("one more")
    assert found.text_of("a01-003-02") == ""
    assert found.text_of("b01-000-01") == ""
    assert found.text_of("a01-003-99") == ""


def test_links_that_lead_back_do_not_hold_up(iam_tree: Path, tmp_path: Path) -> None:
    (tmp_path / "lineStrokes").symlink_to(iam_tree / "lineStrokes")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(database(tmp_path)[1]) == 16


def test_lists_of_lines_and_of_forms() -> None:
    selection = Selection([" a01-020x", "b01-000-02", "", "a01-020x-03", "nowhere"])
    assert len(selection) == 4
    assert [selection.wants(id) for id in ("a01-020x-01", "a01-020-01", "b01-000-02", "b01-000-01", "")] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert [selection.place(id) for id in ("b01-000-02", "a01-020x-01", "a01-020x-03")] == [1, 0, 2]
    assert selection.missing() == ["nowhere"]


def gather(files: list[tuple[str, bytes]]) -> Database:
    database = Database()
    list(database.read(lambda wanted: (file for file in files if wanted(file[0])), "f", lambda id: True, None))
    return database


def test_texts_and_names_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iam_ondb, "_MOST_LINES", 10)
    with pytest.raises(BadInput, match="more than 80 bytes"):
        gather([(f"a01-{number:03}.txt", b"CSR:\n\nsome text\n") for number in range(9)])
    with pytest.raises(BadInput, match="more than 10 lines"):
        gather([(f"a01-000u-{number:02}.xml", USUAL.encode()) for number in range(11)])
    assert not gather([("x" * 300 + "-01.xml", b"<"), ("x" * 300 + ".txt", b"<")]).lines


def test_a_tag_without_end_takes_no_time() -> None:
    begun = time.process_time()
    database = gather([("strokesu.xml", b"<Form " * 200_000), ("strokesz.xml", b'<Form id="a" writerID="7">')])
    assert database.writers == {"a": "7"}
    assert time.process_time() - begun < 5
