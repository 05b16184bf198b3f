"""``hw render --html`` in a real browser, ``--watch`` on a terminal, and SVG as vpype reads it."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import EXAMPLES, ROOT, RunHw, hw_environment, ink_json_lines

sys.path.append(str(ROOT / "tests" / "collecting"))

import chromium

PROGRAM = chromium.found()
VPYPE = os.environ.get("HW_VPYPE") or shutil.which(
    "vpype", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
)
SVG = "{http://www.w3.org/2000/svg}"
SHOW = "\x1b[?25h"


# --- the page ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Pipe]:
    if PROGRAM is None:
        pytest.skip("needs the browser Chromium (apt install chromium)")
    with chromium.browser(PROGRAM, tmp_path_factory.mktemp("chromium")) as pipe:
        yield pipe


def set_input(page: chromium.Page, name: str, value: object) -> None:
    page.value(
        f"(() => {{ const field = document.getElementById('{name}'); field.value = '{value}';"
        " field.dispatchEvent(new Event('input')); })()"
    )


def shown(page: chromium.Page) -> int:
    return int(page.value("strokes.filter(s => s.path.style.visibility !== 'hidden').length"))


def test_the_page_plays_scrubs_zooms_restyles_and_saves(
    pipe: chromium.Pipe, run_hw: RunHw, tmp_path: Path
) -> None:
    ink = ink_json_lines(2)
    run_hw("render", "--html", "--colour", "midnightblue", "-o", tmp_path / "a.html", stdin=ink)
    page = chromium.new_page(pipe)
    page.window(900, 700)
    page.open(f"file://{tmp_path}/a.html")
    strokes = ink.count(b'"up": 1')
    assert shown(page) == strokes  # all of it, before anyone plays
    end = float(page.value("end"))

    set_input(page, "scrub", 0)
    assert shown(page) == 0
    set_input(page, "scrub", end / 2)
    assert 0.2 * strokes < shown(page) < 0.8 * strokes
    page.value("document.getElementById('speed').value = '10'")
    page.click("play")
    page.wait("now >= end && !playing")
    assert shown(page) == strokes

    before = page.value("sheets[0].svg.getBoundingClientRect().width")
    page.click("larger")
    assert page.value("sheets[0].svg.getBoundingClientRect().width") == pytest.approx(1.25 * before, abs=0.1)
    page.click("fit")
    assert page.value("sheets[0].svg.getBoundingClientRect().right <= innerWidth")

    plain = run_hw("render", "--colour", "midnightblue", stdin=ink).out.decode()
    assert ET.canonicalize(page.value("source(sheets[0])")) == ET.canonicalize(plain)
    assert page.value("document.getElementById('colour').value") == "#191970"
    set_input(page, "pen", 0.9)
    assert ET.fromstring(page.value("source(sheets[0])"))[0].get("stroke") == "midnightblue"
    set_input(page, "colour", "#123456")
    group = ET.fromstring(page.value("source(sheets[0])"))[0]
    assert (group.get("stroke"), group.get("stroke-width")) == ("#123456", "0.9")
    assert page.complaints() == []
    assert all(address.startswith(("file:", "data:")) for address in page.requested())


def test_printed_the_page_is_its_sheets_in_their_size_and_playing_keeps_the_pen_in_sight(
    pipe: chromium.Pipe, run_hw: RunHw, tmp_path: Path
) -> None:
    ink = b"".join(ink_json_lines(8, seed) for seed in range(6))
    options = ("--page", "a6", "--x-height", "1.5mm", "--margin", "10", "--speed", "30")
    run_hw("render", "--html", *options, "-o", tmp_path / "a.html", stdin=ink)
    page = chromium.new_page(pipe)
    page.window(900, 400)
    page.open(f"file://{tmp_path}/a.html")
    page.click("larger")
    page.click("play")
    page.wait("now >= end && !playing")
    box = "const { top, bottom } = strokes.at(-1).path.getBoundingClientRect(); return [top, bottom];"
    top, bottom = page.value(f"(() => {{ {box} }})()")
    assert 0 <= top <= bottom <= 400
    set_input(page, "scrub", 0)
    printed = base64.b64decode(page.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    sizes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    assert len(sizes) == page.value("sheets.length") > 1
    assert [float(side) for side in sizes[0]] == pytest.approx([105 * 72 / 25.4, 148 * 72 / 25.4], abs=1)


def test_moving_svg_moves_on_a_screen_and_stands_still_on_paper(
    pipe: chromium.Pipe, run_hw: RunHw, tmp_path: Path
) -> None:
    run_hw("render", "--animate", "-o", tmp_path / "a.svg", stdin=ink_json_lines(1))
    page = chromium.new_page(pipe)
    page.open(f"file://{tmp_path}/a.svg")
    hidden = (
        "[...document.querySelectorAll('path')].filter(p => getComputedStyle(p).visibility === 'hidden').length"
    )
    assert page.value(hidden) > 3
    for media, feature in (("print", "no-preference"), ("screen", "reduce")):
        features = [{"name": "prefers-reduced-motion", "value": feature}]
        page.call("Emulation.setEmulatedMedia", media=media, features=features)
        assert page.value(hidden) == 0


HALVES = [(0, 0.0), (25, 0.05), (50, 0.1), (75, 1.05), (100, 2.0)]
"""Where a pen is when: on the first half for 0.1 s, on the second for 1.9."""


def hurried() -> bytes:
    rows = [{"x": x, "y": 0, "up": int(x == 100), "t": t} for x, t in HALVES]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("speed", [1.0, 2.5])
def test_within_a_stroke_moving_svg_is_as_fast_as_the_pen_was(
    pipe: chromium.Pipe, run_hw: RunHw, tmp_path: Path, speed: float
) -> None:
    run_hw("render", "--animate", "--speed", speed, "-o", tmp_path / "a.svg", stdin=hurried())
    page = chromium.new_page(pipe)
    page.open(f"file://{tmp_path}/a.svg")
    begin = 1000 * float(page.value("parseFloat(document.querySelector('path').style.getPropertyValue('--b'))"))
    for place, seconds in HALVES[1:]:
        offset = page.value(
            "(() => { const [moving] = document.getAnimations(); moving.pause();"
            f" moving.currentTime = {begin + 1000 * seconds / speed - 0.01};"
            " return parseFloat(getComputedStyle(document.querySelector('path')).strokeDashoffset); })()"
        )
        assert 1 - float(offset) == pytest.approx(place / 100, abs=0.005)
    page.value("document.getAnimations()[0].currentTime = 0")
    assert page.value("getComputedStyle(document.querySelector('path')).visibility") == "hidden"


def test_within_a_stroke_the_page_is_as_fast_as_the_pen_was(
    pipe: chromium.Pipe, run_hw: RunHw, tmp_path: Path
) -> None:
    run_hw("render", "--html", "-o", tmp_path / "a.html", stdin=hurried())
    page = chromium.new_page(pipe)
    page.open(f"file://{tmp_path}/a.html")
    for place, seconds in HALVES[1:-1]:
        page.value(f"show(strokes[0].begin + {seconds})")
        assert page.value("strokes[0].shown") == pytest.approx(place / 100, abs=0.005)
    page.value("show(0)")
    assert shown(page) == 0
    page.value("show(end)")
    plain = run_hw("render", stdin=hurried()).out.decode()
    assert ET.canonicalize(page.value("source(sheets[0])")) == ET.canonicalize(plain)
    assert page.complaints() == []


def test_a_page_needs_nothing_from_elsewhere_and_holds_all_pages(run_hw: RunHw) -> None:
    ink = b"".join(ink_json_lines(8, seed) for seed in range(6))
    html = run_hw("render", "--html", "--page", "a6", "--x-height", "1.5mm", stdin=ink).out.decode()
    assert html.count("<svg ") > 1
    assert html.count('class="save"') == html.count("<svg ")
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "{{" not in html


# --- the terminal ------------------------------------------------------------------------------------------


def test_points_are_drawn_as_they_arrive_and_anew_when_the_terminal_has_another_size() -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(master, (15, 100))
    process = subprocess.Popen(
        [sys.executable, "-m", "hwcli", "render", "--watch"],
        stdin=subprocess.PIPE, stdout=slave, stderr=slave,
        env=hw_environment(COLUMNS="", LINES="", TERM="xterm"),
    )  # fmt: skip
    os.close(slave)
    assert process.stdin is not None
    lines = ink_json_lines(2).splitlines(keepends=True)

    def seen(least: int) -> str:
        """Return what comes to the terminal until so many characters of Braille have."""
        output, end = b"", time.monotonic() + 60
        while (
            time.monotonic() < end and sum(c > 0x2800 for c in map(ord, output.decode(errors="ignore"))) < least
        ):
            if select.select([master], [], [], 0.2)[0]:
                output += os.read(master, 1 << 16)
        return output.decode(errors="ignore")

    process.stdin.write(b"".join(lines[:40]))
    process.stdin.flush()
    first = seen(3)  # while the pipe is open
    assert process.poll() is None
    termios.tcsetwinsize(master, (15, 60))
    process.stdin.write(b"".join(lines[40:]))
    process.stdin.close()
    rest = ""
    while select.select([master], [], [], 60)[0]:
        try:
            rest += os.read(master, 1 << 16).decode(errors="ignore")
        except OSError:
            break
    os.close(master)
    assert process.wait(timeout=60) == 0
    assert any(ord(character) > 0x2800 for character in first)
    assert rest.count("\x1b[2J") == 1
    last = rest.split("\x1b[J")[-1].replace(SHOW, "").splitlines()
    assert 2 < len(last) < 15
    assert max(map(len, last)) <= 60
    # Whatever stops or ends the program, the cursor is there again.
    assert (first + rest).count(SHOW) == (first + rest).count("\x1b[J")
    assert rest.endswith(SHOW)


# --- plotters ----------------------------------------------------------------------------------------------

WITH_VPYPE = pytest.mark.skipif(VPYPE is None, reason="needs vpype (pip install vpype, or HW_VPYPE=its path)")


@WITH_VPYPE
@pytest.mark.parametrize("path", ["stroke", "line", "all"])
def test_vpype_finds_the_size_and_all_strokes(run_hw: RunHw, tmp_path: Path, path: str) -> None:
    ink = ink_json_lines(4) + b'{"drawing":"dot"}\n{"x":5,"y":5,"up":1}\n'
    options = ("--page", "a5", "--path", path, "--stats", "--x-height", "1.5mm")
    said = run_hw("render", *options, "-o", tmp_path / "a.svg", stdin=ink).err
    assert VPYPE is not None
    done = subprocess.run(
        [VPYPE, "read", tmp_path / "a.svg", "stat"], capture_output=True, text=True, check=True
    )
    pixels = 96 / 25.4
    size = re.search(r"page size: \(([0-9.]+), ([0-9.]+)\)", done.stdout)
    counts, lengths = (
        re.findall(r"Path count: (\d+)", done.stdout),
        re.findall(r"  Length: ([0-9.]+)", done.stdout),
    )
    told = re.search(r"strokes: (\d+); pen down: ([\d,]+) mm", said)
    assert size is not None
    assert told is not None
    assert [float(side) / pixels for side in size.groups()] == pytest.approx([148, 210], abs=0.01)
    assert int(counts[-1]) == int(told[1]) == len(re.findall(rb'"up": ?1', ink))
    assert float(lengths[-1]) / pixels == pytest.approx(float(told[2].replace(",", "")), rel=0.01, abs=1)


@WITH_VPYPE
def test_the_example_for_plotters(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path) -> None:
    assert VPYPE is not None
    (tmp_path / "hw").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hwcli "$@"\n')
    (tmp_path / "hw").chmod(0o755)
    path = f"{tmp_path}:{Path(VPYPE).parent}:{os.environ['PATH']}"
    command = ["sh", EXAMPLES / "plot.sh", ink_jsonl, tmp_path / "plot"]
    of_before = [tmp_path / "plot" / f"sheet-3.{suffix}" for suffix in ("svg", "hpgl", "gcode")]
    (tmp_path / "plot").mkdir()
    for page in of_before:
        page.touch()
    subprocess.run(command, env=hw_environment(PATH=path, PAGE="a5"), check=True, capture_output=True)
    assert len(list((tmp_path / "plot").glob("sheet-*.hpgl"))) == 2
    assert not any(page.exists() for page in of_before)
    assert (tmp_path / "plot" / "sheet-1.hpgl").read_text().startswith("IN;")
    for gcode in (tmp_path / "plot").glob("sheet-*.gcode"):  # none without the plug-in vpype-gcode
        assert_every_stroke_is_drawn_with_the_pen_down(gcode.read_text())


def assert_every_stroke_is_drawn_with_the_pen_down(gcode: str) -> None:
    up = False  # for all that the machine knows
    for line in gcode.splitlines():
        if " Z" in line:
            assert ("Z0" in line) == up  # no move that does nothing
            up = "Z0" not in line
        elif " X" in line:
            assert line.startswith("G0" if up else "G1")
    assert up
