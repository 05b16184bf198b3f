"""``hw ingest`` of pages from other people's programs and tablets: Xournal++, reMarkable, SVG, UNIPEN."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, RunHw, make_ink

from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesReader

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

import tablets

Line = tuple[str, list[list[tuple[float, float]]]]


def lines_of_a_page(number: int, seed: int = 3) -> list[Line]:
    """Return lines of made-up writing with their texts, each below the one before."""
    made = []
    for index, (text, strokes) in enumerate(make_ink.lines_of_words(number, seed)):
        top = min(y for stroke in strokes for _, y in stroke)
        made.append((text, [[(x, y - top + index * 700) for x, y in stroke] for stroke in strokes]))
    return made


def as_xopp(pages: list[list[Line]]) -> bytes:
    body = "".join(
        "<page><layer>"
        + "".join(
            f'<stroke tool="pen" width="1.4">{" ".join(f"{x:.2f} {y:.2f}" for x, y in stroke)}</stroke>'
            for _, strokes in lines
            for stroke in strokes
        )
        + "</layer></page>"
        for lines in pages
    )
    return gzip.compress(f"<xournal>{body}</xournal>".encode())


def as_svg(lines: list[Line]) -> bytes:
    body = "".join(
        f'<path d="M{" ".join(f"{x:.2f},{y:.2f}" for x, y in stroke)}"/>'
        for _, part in lines
        for stroke in part
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg"><g fill="none" stroke="#000">{body}</g></svg>'.encode()


def as_unipen(lines: list[Line]) -> bytes:
    body = "".join(
        ".PEN_DOWN\n" + "".join(f"{x:.1f} {-y:.1f}\n" for x, y in stroke) + ".PEN_UP\n"
        for _, strokes in lines
        for stroke in strokes
    )
    return f".VERSION 1.0\n.COORD X Y\n{body}".encode()


def with_pressure(lines: list[Line]) -> list[tablets.Points]:
    return [[(x, y, 0.5) for x, y in stroke] for _, strokes in lines for stroke in strokes]


def as_remarkable(lines: list[Line]) -> bytes:
    strokes = enumerate(with_pressure(lines), start=20)
    return tablets.page(
        tablets.group(tablets.LAYER), *(tablets.line((1, n), tablets.LAYER, points) for n, points in strokes)
    )


def as_notebook(lines: list[Line]) -> bytes:
    strokes = [tablets.old_stroke(5, points) for points in with_pressure(lines)]
    return tablets.notebook({"a": tablets.old_page(5, [strokes])}, {"pages": ["a"]})


def strokes(path: Path) -> list[Drawing]:
    with path.open("rb") as file, StrokesReader(file, str(path)) as reader:
        return list(reader)


FORMS: dict[str, Any] = {
    "xopp": lambda lines: as_xopp([lines]),
    "svg": as_svg,
    "unp": as_unipen,
    "rm": as_remarkable,
    "rmdoc": as_notebook,
}


@pytest.mark.parametrize("suffix", FORMS)
def test_a_page_and_the_text_beside_it(run_hw: RunHw, tmp_path: Path, suffix: str) -> None:
    lines = lines_of_a_page(5)
    (tmp_path / f"page.{suffix}").write_bytes(FORMS[suffix](lines))
    (tmp_path / "page.txt").write_text("".join(f"{text}\n\n" for text, _ in lines))
    run_hw("ingest", f"page.{suffix}", "-o", "page.h5", cwd=tmp_path)
    found = strokes(tmp_path / "page.h5")
    assert [drawing.id for drawing in found] == [f"page-0{number}" for number in range(1, 6)]
    assert [drawing.text for drawing in found] == [text for text, _ in lines]
    for drawing, (_, written) in zip(found, lines, strict=True):
        first = np.array(written[0][0])
        np.testing.assert_allclose(drawing.points[0, :2], first, atol=0.1)
        assert len(list(drawing.strokes())) == len(written)


def test_several_pages_and_a_text_for_all(run_hw: RunHw, tmp_path: Path) -> None:
    one, two = lines_of_a_page(2), lines_of_a_page(3, seed=4)
    (tmp_path / "notes.xopp").write_bytes(as_xopp([one, [], two]))
    (tmp_path / "said").write_text("\n".join(text for text, _ in one + two))
    run_hw("ingest", "notes.xopp", "--text", "said", "-o", "n.h5", cwd=tmp_path)
    found = strokes(tmp_path / "n.h5")
    assert [drawing.id for drawing in found] == [
        "notes-1-01", "notes-1-02", "notes-3-01", "notes-3-02", "notes-3-03",
    ]  # fmt: skip
    assert found[-1].text == two[-1][0]


def test_a_text_of_another_length_is_told_and_not_guessed(run_hw: RunHw, tmp_path: Path) -> None:
    (tmp_path / "page.svg").write_bytes(as_svg(lines_of_a_page(3)))
    (tmp_path / "page.txt").write_text("one\ntwo\n")
    done = run_hw("ingest", "page.svg", "-o", "p.h5", cwd=tmp_path)
    told = (
        "page.svg: 3 lines of ink, but 2 of text in page.txt: left as they were; the shortest of ink is page-0"
    )
    assert told in done.err
    assert not any(drawing.text for drawing in strokes(tmp_path / "p.h5"))


def test_pages_may_stay_whole_and_other_ink_be_cut(run_hw: RunHw, tmp_path: Path) -> None:
    lines = lines_of_a_page(3)
    (tmp_path / "page.svg").write_bytes(as_svg(lines))
    run_hw("ingest", "page.svg", "--cut", "none", "-o", "whole.h5", cwd=tmp_path)
    (whole,) = strokes(tmp_path / "whole.h5")
    assert whole.id == "page"
    run_hw("ingest", "whole.h5", "-o", "again.h5", cwd=tmp_path)
    assert len(strokes(tmp_path / "again.h5")) == 1
    run_hw("ingest", "whole.h5", "--cut", "all", "-o", "cut.h5", cwd=tmp_path)
    assert [drawing.id for drawing in strokes(tmp_path / "cut.h5")] == ["page-01", "page-02", "page-03"]


def as_inkml(lines: list[Line]) -> bytes:
    """Return InkML as note-taking programs write it: traces without groups."""
    traces = (", ".join(f"{x:.1f} {y:.1f}" for x, y in stroke) for _, part in lines for stroke in part)
    body = "".join(f"<trace>{trace}</trace>" for trace in traces)
    return f'<ink xmlns="http://www.w3.org/2003/InkML">{body}</ink>'.encode()


def test_inkml_without_groups_is_cut_when_it_is_told(run_hw: RunHw, tmp_path: Path) -> None:
    lines = lines_of_a_page(3)
    (tmp_path / "page.inkml").write_bytes(as_inkml(lines))
    (tmp_path / "page.txt").write_text("".join(f"{text}\n" for text, _ in lines))
    done = run_hw("ingest", "page.inkml", "-o", "one.h5", cwd=tmp_path)
    assert "1 line of ink, but 3 of text in page.txt: left as they were; --cut all cuts" in done.err
    (tmp_path / "page.txt").rename(tmp_path / "texts")
    hint = "looks like 3 lines of writing: --cut all parts them"
    assert hint in run_hw("ingest", "page.inkml", "-o", "one.h5", "--force", cwd=tmp_path).err
    assert hint not in run_hw("ingest", "page.inkml", "--cut", "none", "-o", "0.h5", cwd=tmp_path).err
    (tmp_path / "page.txt").write_text("all of it\n")
    assert "--cut" not in run_hw("ingest", "page.inkml", "-o", "one.h5", "--force", cwd=tmp_path).err
    (tmp_path / "line.inkml").write_bytes(as_inkml(lines[:1]))
    assert "--cut" not in run_hw("ingest", "line.inkml", "-o", "line.h5", cwd=tmp_path).err
    (tmp_path / "texts").rename(tmp_path / "page.txt")
    run_hw("ingest", "page.inkml", "--cut", "all", "-o", "cut.h5", cwd=tmp_path)
    found = strokes(tmp_path / "cut.h5")
    assert [(drawing.id, drawing.text) for drawing in found] == [
        (f"page-1-0{number}", text) for number, (text, _) in enumerate(lines, start=1)
    ]


def test_a_folder_of_pages(run_hw: RunHw, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, form in (("a.svg", as_svg), ("b.unp", as_unipen)):
        (tmp_path / "in" / name).write_bytes(form(lines_of_a_page(2, seed=len(name) + ord(name[0]))))
    run_hw("ingest", "in", "-o", "all.h5", cwd=tmp_path)
    assert [drawing.id for drawing in strokes(tmp_path / "all.h5")] == ["a-01", "a-02", "b-01", "b-02"]


@pytest.mark.parametrize("suffix", FORMS)
def test_through_a_pipe_and_into_other_commands(run_hw: RunHw, suffix: str) -> None:
    content = FORMS[suffix](lines_of_a_page(2))
    assert run_hw("ingest", "-", "-q", stdin=content).out.startswith(b"\x89HDF")
    facts = json.loads(run_hw("info", "-", "--json", stdin=content).out)
    assert facts["drawings"] == 1  # which is the page
    assert b"<svg" in run_hw("render", "-", "--format", "svg", stdin=content).out


def test_our_own_pictures_are_read_again(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path) -> None:
    first = b"".join(line for line in ink_jsonl.read_bytes().splitlines(True)[:400])
    head = first[: first.find(b'{"drawing"', 5)]
    picture = run_hw("render", "-", "--format", "svg", stdin=head).out
    run_hw("ingest", "-", "-o", tmp_path / "b.h5", stdin=picture)
    (back,) = strokes(tmp_path / "b.h5")
    ups = sum(json.loads(line).get("up", 0) for line in head.splitlines())
    assert len(list(back.strokes())) == ups


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("a.svg", "b.svg", "--text", "t"), 2),
        (("-", "--text", "-"), 2),
        (("a.svg", "--text", "none"), 1),
        (("a.svg", "--cut", "some"), 2),
    ],
)
def test_wrong_usage_of_texts(run_hw: RunHw, tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    (tmp_path / "a.svg").write_bytes(as_svg(lines_of_a_page(1)))
    done = run_hw("ingest", *arguments, "-o", "out.h5", cwd=tmp_path, code=code)
    assert done.err.startswith("hw: ")
    assert not (tmp_path / "out.h5").exists()
