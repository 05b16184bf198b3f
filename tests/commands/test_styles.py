"""``hw styles`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from conftest import RunHw


def test_at_least_eight_styles_are_listed_with_what_they_say(run_hw: RunHw) -> None:
    styles = [line.split("\t") for line in run_hw("styles").lines]
    assert len(styles) >= 8
    names = [name for name, _ in styles]
    assert names == sorted(set(names))
    assert all(text for _, text in styles)


def test_the_sheet_shows_every_style_under_its_name(run_hw: RunHw, tmp_path: Path) -> None:
    sheet = tmp_path / "styles.svg"
    run_hw("styles", "--sheet", "-o", sheet)
    ElementTree.parse(sheet)
    for line in run_hw("styles").lines:
        assert line.split("\t")[0] in sheet.read_text()
    assert "exists" in run_hw("styles", "--sheet", "-o", sheet, code=1).err


def test_a_list_is_no_picture_and_a_sheet_is_svg_alone(run_hw: RunHw, tmp_path: Path) -> None:
    for options in (
        ["-o", tmp_path / "s.svg"],
        ["--ink", "-o", tmp_path / "s.svg"],
        ["--sheet", "-o", tmp_path / "s.png"],
    ):
        assert "--sheet draws the styles as SVG" in run_hw("styles", *options, code=2).err
    assert not list(tmp_path.iterdir())


def test_a_sheet_is_no_ink(run_hw: RunHw) -> None:
    assert "--sheet" in run_hw("styles", "--sheet", "--ink", code=2).err


def test_the_ink_of_the_styles_can_be_drawn_and_is_nobodys(run_hw: RunHw) -> None:
    ink = run_hw("styles", "--ink")
    headers = [json.loads(line) for line in ink.lines if "drawing" in line]
    assert [header["drawing"] for header in headers] == [line.split("\t")[0] for line in run_hw("styles").lines]
    assert all("writer" not in header and "seed" in header and "model" in header for header in headers)
    assert "<svg" in run_hw("render", "--format", "svg", stdin=ink.out).text
