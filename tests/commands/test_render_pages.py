"""``hw render --page``, and what else is new on paper: numbered files, documents, nibs, statistics."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import CAIRO, RunHw, ink_json_lines

SVG = "{http://www.w3.org/2000/svg}"
BLANK = b'{"drawing":"","text":"","version":1}\n'


def text(paragraphs: int, lines: int = 4) -> bytes:
    """Return a made-up text of paragraphs, with blank lines between them."""
    return BLANK.join(ink_json_lines(lines, seed) for seed in range(1, paragraphs + 1))


def groups(svg: bytes) -> list[ET.Element]:
    return ET.fromstring(svg).findall(f"{SVG}g/{SVG}g")


def starts(svg: bytes) -> list[tuple[float, float]]:
    """Return where each path of a group begins, of the first path of each."""
    found = []
    for group in groups(svg):
        path = group.find(f"{SVG}path")
        assert path is not None
        x, y = re.findall(r"-?[0-9.]+", path.get("d") or "")[:2]
        found.append((float(x), float(y)))
    return found


def points_of(svg: bytes) -> list[tuple[float, float]]:
    """Return all points and handles of the curves of ``svg``."""
    ways = [path.get("d") or "" for path in ET.fromstring(svg).iter(f"{SVG}path")]
    numbers = [float(number) for way in ways for number in re.findall(r"-?[0-9]*\.?[0-9]+", way)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_a_page_has_its_size_and_its_lines(run_hw: RunHw) -> None:
    done = run_hw("render", "--page", "a5", "--x-height", "1.5mm", stdin=text(2))
    root = ET.fromstring(done.out)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("148mm", "210mm", "0 0 148 210")
    assert len(groups(done.out)) == 8
    assert done.err == ""
    turned = ET.fromstring(run_hw("render", "--page", "a5", "--landscape", stdin=text(1)).out)
    assert (turned.get("width"), turned.get("height")) == ("210mm", "148mm")


def test_which_line_makes_the_letters_small_is_told_and_what_helps(run_hw: RunHw) -> None:
    ink = text(2).replace(b'"text"', b'"seed": 1, "text"')
    told = run_hw("render", "--page", "a6", stdin=ink).err
    pattern = r"the widest line fits \('(.*?)'; 'hw sample --wrap (\d+)' leaves room for 3 mm\)"
    found = re.search(f"small letters are [0-9.]+ mm high, so that {pattern}", told)
    assert found, told
    texts = [json.loads(line)["text"] for line in ink.splitlines() if b'"drawing"' in line]
    assert any(said.startswith(found[1].removesuffix("…")) and len(said) > int(found[2]) for said in texts)
    unknown = re.sub(rb'"text": "[^"]*"', b'"text": ""', ink)
    assert "so that the widest line fits (--x-height)" in run_hw("render", "--page", "a6", stdin=unknown).err
    own = run_hw("render", "--page", "a6", stdin=text(2)).err
    assert "'; --x-height)" in own
    assert "--wrap" not in own


def test_each_line_has_its_text_for_those_who_do_not_see(run_hw: RunHw) -> None:
    svg = run_hw("render", "--page", "a4", stdin=text(1)).out
    texts = [json.loads(line)["text"] for line in text(1).splitlines() if b'"drawing"' in line]
    assert [group.get("aria-label") for group in groups(svg)] == texts
    assert [group.findtext(f"{SVG}title") for group in groups(svg)] == texts
    assert {group.get("role") for group in groups(svg)} == {"img"}


@pytest.mark.parametrize(("path", "count"), [("stroke", 90), ("line", 8), ("all", 1)])
def test_paths(run_hw: RunHw, path: str, count: int) -> None:
    ink = text(2)
    strokes = len(re.findall(rb'"up": ?1', ink))
    svg = run_hw("render", "--path", path, stdin=ink).out
    paths = list(ET.fromstring(svg).iter(f"{SVG}path"))
    assert len(paths) == (strokes if path == "stroke" else count)
    assert sum((one.get("d") or "").count("M") for one in paths) == strokes


def test_letters_that_had_to_shrink_are_told_of(run_hw: RunHw) -> None:
    assert "small letters are" in run_hw("render", "--page", "60x90mm", "--margin", "5", stdin=text(1)).err
    done = run_hw("render", "--page", "60x90mm", "--x-height", "5mm", stdin=text(1), code=1)
    assert re.search(r"room for \d+ mm: --x-height [0-9.]+mm fits", done.err)
    assert done.out == b""


def test_several_pages_are_numbered_files(run_hw: RunHw, tmp_path: Path) -> None:
    options = ("render", "--page", "a6", "--x-height", "1.5mm", "--margin", "10", "-o", tmp_path / "letter.svg")
    done = run_hw(*options, stdin=text(6, 8))
    assert (
        sorted(os.listdir(tmp_path))
        == ["letter-1.svg", "letter-2.svg", "letter-3.svg"][: len(os.listdir(tmp_path))]
    )
    assert len(os.listdir(tmp_path)) > 1
    assert "letter-1.svg" in done.err
    assert sum(len(groups((tmp_path / name).read_bytes())) for name in os.listdir(tmp_path)) == 48
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in os.listdir(tmp_path)}
    (tmp_path / "letter-1.svg").unlink()
    assert "letter-2.svg: exists" in run_hw(*options, stdin=text(6, 8), code=1).err
    assert "letter-1.svg" not in os.listdir(tmp_path)
    assert (tmp_path / "letter-2.svg").stat().st_mtime_ns == before["letter-2.svg"]
    run_hw(*options, "--force", stdin=text(6, 8))
    assert len(os.listdir(tmp_path)) == len(before)


def test_several_pages_do_not_go_down_one_pipe_as_svg(run_hw: RunHw) -> None:
    done = run_hw("render", "--page", "a6", "--x-height", "1.5mm", stdin=text(6, 8), code=1)
    assert done.out == b""
    assert "name a file with -o" in done.err


@CAIRO
@pytest.mark.parametrize(("kind", "page"), [("pdf", rb"/Type /Page\b(?!s)"), ("ps", rb"%%Page: ")])
def test_a_document_holds_all_pages(run_hw: RunHw, kind: str, page: bytes) -> None:
    options = ("render", "--page", "a6", "--x-height", "1.5mm", "--margin", "10", "--format", kind)
    first, second = (run_hw(*options, stdin=text(6, 8)).out for _ in range(2))
    assert first == second
    assert 2 <= len(re.findall(page, first)) <= 4


def test_blank_lines_leave_room(run_hw: RunHw) -> None:
    options = ("render", "--page", "a5", "--x-height", "1.5mm", "--line-spacing", "10mm")
    together, apart = (run_hw(*options, stdin=ink).out for ink in (text(2, 1).replace(BLANK, b""), text(2, 1)))
    (_, first), (_, second) = starts(together)
    assert starts(apart) == [starts(together)[0], (starts(together)[1][0], pytest.approx(second + 10))]
    assert second > first


def test_alignment_and_drift(run_hw: RunHw) -> None:
    ink = text(1)
    left, right = (
        np.array(starts(run_hw("render", "--page", "a4", "--align", side, stdin=ink).out))
        for side in ("left", "right")
    )
    assert np.all(right[:, 0] > left[:, 0] + 10)
    ragged = ("render", "--page", "a4", "--align", "ragged", "--seed")
    assert run_hw(*ragged, 5, stdin=ink).out == run_hw(*ragged, 5, stdin=ink).out
    assert run_hw(*ragged, 5, stdin=ink).out != run_hw(*ragged, 6, stdin=ink).out
    assert run_hw("render", "--page", "a4", "--drift", "2mm", stdin=ink).err.startswith("seed ")


@pytest.mark.parametrize(("paper", "least"), [("ruled", 5), ("squared", 50), ("dotted", 500)])
def test_paper_is_a_layer_of_its_own(run_hw: RunHw, paper: str, least: int) -> None:
    svg = run_hw("render", "--page", "a5", "--paper", paper, stdin=text(1)).out
    layers = ET.fromstring(svg).findall(f"{SVG}g")
    assert len(layers) == 2
    assert layers[0].get("aria-hidden") == "true"
    assert layers[0][0].get("d", "").count("M") >= least
    assert len(layers[1]) == 4


@CAIRO
@pytest.mark.parametrize(
    "options",
    [["--nib", "speed"], ["--nib", "direction:30"], ["--nib", "pressure"], ["--outline"], ["--pencil"]],
)
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_nibs(run_hw: RunHw, options: list[str], kind: str) -> None:
    plain = run_hw("render", "--format", kind, stdin=text(1)).out
    first, second = (run_hw("render", "--format", kind, *options, stdin=text(1)).out for _ in range(2))
    assert first == second
    assert first != plain
    if kind == "svg" and options != ["--pencil"]:
        root = ET.fromstring(first)
        assert root[0].get("fill") == "black"
        assert all((path.get("d") or "").endswith("Z") for path in root.iter(f"{SVG}path"))


def test_rules_that_are_too_close_are_refused(run_hw: RunHw) -> None:
    done = run_hw("render", "--page", "a5", "--paper", "ruled", "--x-height", "0.00001", stdin=text(1), code=1)
    assert "0.5 mm is the least" in done.err


def test_a_nib_that_follows_what_is_not_known_is_told_of(run_hw: RunHw, tmp_path: Path) -> None:
    assert "no pressure is known" in run_hw("render", "--nib", "pressure", stdin=text(1)).err
    ink = b'{"x":0,"y":0,"up":0,"p":0.2}\n{"x":40,"y":9,"up":0,"p":0.9}\n{"x":9,"y":30,"up":1,"p":0.5}\n'
    assert run_hw("render", "--nib", "pressure", stdin=ink).err == ""
    images = run_hw("render", "--nib", "pressure", "--out-dir", tmp_path, stdin=text(1)).err
    assert "no pressure is known" in images


def test_a_pencil_is_broader_than_a_pen(run_hw: RunHw) -> None:
    for options, width in (([], "0.4"), (["--pencil"], "0.6"), (["--pencil", "--pen", "0.3"], "0.3")):
        assert f'stroke-width="{width}"' in run_hw("render", *options, stdin=text(1)).text


def test_statistics_are_those_of_a_known_square(run_hw: RunHw) -> None:
    corners = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    ink = "".join(f"[{a[0]},{a[1]},0]\n[{b[0]},{b[1]},1]\n" for a, b in pairwise(corners))
    done = run_hw("render", "--stats", "--margin", "10", "--pen", "2", "--x-height", "20mm", stdin=ink)
    assert done.out.startswith(b"<svg")
    found = re.search(
        r"strokes: (\d+); pen down: ([\d,]+) mm; pen up: ([\d,]+) mm; time to plot: about (\d+) s", done.err
    )
    assert found is not None
    scale = 20 / 100
    assert int(found[1]) == 4
    assert float(found[2]) == pytest.approx(400 * scale, abs=1)
    assert float(found[3]) == pytest.approx(2 * 11 * 2**0.5, abs=1)
    assert int(found[4]) == round(80 / 50 + 31 / 150 + 4 * 0.25)


@pytest.mark.parametrize(
    "options",
    [
        ["--page", "a9"], ["--page", "0x5"], ["--page", "a4", "--margin", "1,2,3,4,5"], ["--margin", "1,2"],
        ["--landscape"], ["--line-spacing", "5"], ["--align", "right"], ["--drift", "1"],
        ["--paper", "ruled"], ["--page", "a4", "--captions", "id"], ["--page", "a4", "--line-spacing", "0"],
        ["--page", "a4", "--line-spacing", "0.00001mm", "--paper", "ruled"],
        ["--nib", "quill"], ["--nib", "speed:3"], ["--nib", "direction:x"], ["--nib", "direction:nan"],
        ["--tolerance", "-1"], ["--tolerance", "x"], ["--pen", "3 miles"], ["--speed", "0"],
        ["--speed", "nan"], ["--animate", "--format", "pdf"], ["--animate", "--nib", "speed"],
        ["--html", "--pencil"], ["--html", "--format", "svg"], ["--path", "word"], ["--watch"],
        ["--watch", "-o", "a.svg"], ["--jobs", "0"], ["--out-dir", "x", "--format", "text"],
        ["--out-dir", "x", "-o", "a.svg"], ["--out-dir", "x", "--page", "a4"],
        ["--out-dir", "x", "--grid", "2"], ["--out-dir", "x", "--animate"], ["--jobs", "2"],
        ["--html", "-o", "a.svg"], ["--speed", "2"], ["--out-dir", "x", "--stats"],
        ["--out-dir", "x", "--speed", "2"], ["--out-dir", "x", "--path", "all"],
        ["-o", "a.png", "--path", "line"],
        ["--page", "a4", "--grid", "2", "--align", "right"], ["--page", "a4", "--grid", "2", "--drift", "1mm"],
        ["--page", "a4", "--grid", "2", "--line-spacing", "9mm"],
        ["--page", ""], ["--margin", ""], ["--pen", ""], ["--colour", ""],
        ["--animate", "--path", "line"], ["--html", "--path", "all"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path, options: list[str]) -> None:
    done = run_hw("render", ink_jsonl, *options, code=2, cwd=tmp_path)
    assert done.out == b""
    assert done.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_an_option_with_its_usual_value_is_never_refused(run_hw: RunHw) -> None:
    usual = ["--speed", 1, "--path", "stroke", "--align", "left"]
    for ragged in (["--drift", "0"], ["--align", "ragged"]):
        run_hw("render", "--page", "a5", *ragged, "--seed", 1, stdin=text(1))
    assert (
        run_hw("render", *usual, "--grid", 2, stdin=text(1)).out
        == run_hw("render", "--grid", 2, stdin=text(1)).out
    )


def test_an_option_that_could_not_matter_is_named(run_hw: RunHw) -> None:
    watching = run_hw("render", "--watch", "--page", "a5", stdin=text(1), code=2)
    assert watching.err.startswith("hw: --page does nothing for --watch")
    for kind in (["--html"], ["--format", "html"], ["--format", "gif"], ["--format", "ps"]):
        images = run_hw("render", "--out-dir", "x", *kind, stdin=text(1), code=2).err
        assert images == f"hw: --out-dir writes png, svg or pdf, not {kind[-1].strip('-')}\n"
    ruled = ("--page", "a5", "--grid", "2", "--paper", "ruled", "--line-spacing")
    one, other = (run_hw("render", *ruled, spacing, stdin=text(1)).out for spacing in ("8mm", "9mm"))
    assert one != other  # the rules are where it says


def test_more_columns_than_have_room_are_refused(run_hw: RunHw) -> None:
    done = run_hw("render", "--page", "a5", "--grid", 5000, stdin=text(1), code=1)
    assert done.err == "hw: no room for 5000 columns on 108 mm of page: lower --grid\n"


def test_heads_and_tails_stay_on_a_page_without_margins(run_hw: RunHw) -> None:
    """A stroke three letters above the base line, as an accent on a capital, and one as far below."""
    letters = "".join(f"[{x},0,0]\n[{x},10,0]\n[{x + 5},0,1]\n" for x in range(0, 300, 10))
    ink = f'{{"drawing":"l"}}\n{letters}[50,-22,0]\n[54,-24,1]\n[80,30,0]\n[84,34,1]\n'
    page = ("render", "--page", "80x24mm", "--margin", "0", "--x-height", "2mm", "--pen", "0.2mm")
    for more in ([], ["--drift", "3mm", "--seed", "1"], ["--drift", "3mm", "--seed", "2"]):
        heights = [y for _, y in points_of(run_hw(*page, *more, "--path", "line", stdin=ink * 2).out)]
        assert 0 < min(heights) < max(heights) < 24


def test_margins_that_leave_no_room(run_hw: RunHw) -> None:
    done = run_hw("render", "--page", "a5", "--margin", "80mm", stdin=text(1), code=1)
    assert done.err == "hw: the margins leave no room on a page of 148 x 210 mm: lower --margin\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--page", "a5"],
        ["--page", "a5", "--grid", "2"],
        ["--animate"],
        ["--html"],
        ["--stats"],
        ["--nib", "speed"],
    ],
)
@pytest.mark.parametrize("ink", [b"[5,5,1]\n", b"[0,0,0]\n[9,0,1]\n"])
def test_hardly_any_ink_is_a_picture(run_hw: RunHw, options: list[str], ink: bytes) -> None:
    out = run_hw("render", *options, stdin=ink).out
    assert b"<path" in out
    assert b"nan" not in out


@pytest.mark.parametrize("page", [[], ["--page", "a4"]])
def test_a_blank_line_has_no_cell_in_a_grid(run_hw: RunHw, page: list[str]) -> None:
    grid = ["render", "--grid", 2, "--captions", "id", *page]
    assert (
        run_hw(*grid, stdin=text(3, lines=1)).out
        == run_hw(*grid, stdin=text(3, lines=1).replace(BLANK, b"")).out
    )


def test_a_blank_line_parts_drawings_one_below_the_other(run_hw: RunHw) -> None:
    tall, short = (
        float(ET.fromstring(run_hw("render", stdin=ink).out).get("height", "").removesuffix("mm"))
        for ink in (text(2, lines=1), text(2, lines=1).replace(BLANK, b""))
    )
    assert tall > short + 2 * 3  # more than two small letters


def test_letters_too_small_for_the_pen_are_told_of(run_hw: RunHw) -> None:
    page = ["render", "--page", "24x200mm", "--margin", "2mm"]
    assert "a finer --pen suits them" in run_hw(*page, stdin=text(1)).err
    assert "finer" not in run_hw(*page, "--pen", "0.1mm", stdin=text(1)).err


def test_a_drawing_of_several_lines_is_told_of_where_each_is_taken_for_one(run_hw: RunHw) -> None:
    header, *points = map(json.loads, ink_json_lines(1).splitlines())
    lines = [point | {"y": point["y"] + 400 * line} for line in range(3) for point in points]
    block = "\n".join(map(json.dumps, [header, *lines])).encode()
    told = f"{header['drawing']!r} is higher than a line of writing"
    assert told in run_hw("render", "--page", "a4", stdin=block).err
    for options in ([], ["--page", "a4", "--line-spacing", "80mm"], ["--page", "a4", "--grid", "1"]):
        assert told not in run_hw("render", *options, stdin=block).err
    assert "higher" not in run_hw("render", "--page", "a4", stdin=text(1)).err
