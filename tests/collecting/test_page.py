"""The page, in a real browser with a made-up pen, finger and mouse, and the real program behind it."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chromium
import numpy as np
import pytest
from conftest import hw_environment, make_ink

from hwcli.ink import Drawing
from hwcli.ink.jsonl import read_drawings

PROGRAM = chromium.found()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs the browser Chromium (apt install chromium)")
SHOWN = "document.getElementById('text').textContent"
KEPT = "sheet.isEmpty && !busy && state.lines === {number}"
WAVE = [(60 + 6 * i, 150 + 20 * math.sin(i), 0.3 + 0.02 * i) for i in range(20)]


class Hw:
    """``hw collect`` at work."""

    def __init__(self, path: Path, *options: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "hwcli", "collect", "--no-open", "--port", str(port), "-o", str(path)]
        self.path = path
        self.process = subprocess.Popen(
            [*command, *options],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=hw_environment(),
        )
        assert self.process.stderr is not None
        self.address = ""
        while not self.address:
            line = self.process.stderr.readline()
            assert line, "hw collect has ended"
            self.address = "".join(re.findall(r"http://\S+", line))

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].split("/")[0])

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it by a signal (0: wait until it ends of itself); return its exit code and what it said."""
        if number:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def drawings(self) -> list[Drawing]:
        with self.path.open("rb") as file:
            return list(read_drawings(file, str(self.path)))


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Pipe]:
    assert PROGRAM is not None
    with chromium.browser(PROGRAM, tmp_path_factory.mktemp("chromium")) as pipe:
        yield pipe


@pytest.fixture
def page(pipe: chromium.Pipe) -> chromium.Page:
    page = chromium.new_page(pipe)
    page.window(1280, 800)
    return page


@pytest.fixture
def hw(tmp_path: Path) -> Iterator[Hw]:
    """A program with nothing in its file yet."""
    yield from running(tmp_path)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hw]:
    """A program that other tests have used, too."""
    yield from running(tmp_path_factory.mktemp("used"))


def running(folder: Path) -> Iterator[Hw]:
    hw = Hw(folder / "mine.jsonl")
    yield hw
    if hw.process.poll() is None:
        hw.process.kill()
        hw.process.communicate()


def begin(page: chromium.Page, hw: Hw) -> str:
    """Open the page and return the line that it asks for."""
    page.open(hw.address)
    return str(page.wait(SHOWN))


def keep(page: chromium.Page, number: int) -> None:
    """Press the button and wait until so many lines are kept."""
    page.click("keep")
    page.wait(KEPT.format(number=number))


def picture(page: chromium.Page, name: str) -> None:
    """Leave a picture for people to look at, where they asked for it."""
    if folder := os.environ.get("HW_TEST_PICTURES"):
        page.picture(Path(folder) / f"{name}.png")


def test_a_line_from_a_pen_to_the_file(page: chromium.Page, hw: Hw) -> None:
    text = begin(page, hw)
    page.stroke(WAVE, "pen")
    page.stroke([(200, 100, 0.9), (200, 160, 0.2)], "pen")
    assert not hw.path.read_bytes()
    keep(page, 1)
    (drawing,) = hw.drawings()  # the file has it as soon as the page says so
    assert drawing.text == text
    assert drawing.id == "mine-0001"
    assert np.flatnonzero(drawing.points[:, 2]).tolist() == [19, 21]
    np.testing.assert_allclose(drawing.points[:20, :2], np.array(WAVE)[:, :2], atol=0.51)
    assert drawing.pressure is not None
    np.testing.assert_allclose(drawing.pressure[:20], np.array(WAVE)[:, 2], atol=0.01)
    assert drawing.time is not None
    assert (np.diff(drawing.time) >= 0).all()
    assert 0 < drawing.time[-1] < 30
    assert drawing.extra["device"] == "pen"
    assert 80 < drawing.extra["baseline"] < 300
    assert page.value(SHOWN) != text
    assert page.complaints() == []


def test_nothing_is_asked_of_anybody_else(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    keep(page, 1)
    assert page.requested()
    assert all(url.startswith((hw.address, "data:")) for url in page.requested() if url != "about:blank")


def test_a_mouse_has_no_pressure_and_dots_are_strokes(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke([(100, 100), (120, 130)])
    page.stroke([(110, 90), (110, 90)])
    page.key("Enter", 13)
    page.wait(KEPT.format(number=1))
    (drawing,) = hw.drawings()
    assert drawing.points[:, 2].tolist() == [0, 1, 1]
    assert drawing.pressure is None


def test_undo_start_over_and_an_empty_sheet(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    page.stroke([(200, 100), (200, 160)])
    page.click("undo")
    assert page.value("sheet.strokes.length") == 1
    page.click("clear")
    assert page.value("sheet.isEmpty")
    page.click("undo")  # starting over can be undone, too
    assert page.value("sheet.strokes.length") == 1
    page.key("z", 90, modifiers=2)
    assert page.value("sheet.isEmpty")
    page.click("keep")
    assert page.value("state.lines") == 0
    page.stroke([(200, 100), (200, 160)])
    keep(page, 1)
    assert len(hw.drawings()[0]) == 2


RUB = """
(({ left, top }) => ["pointerdown", "pointermove", "pointerup"].forEach(name =>
    sheet.canvas.dispatchEvent(new PointerEvent(name, {
        pointerType: "pen", pointerId: 7, button: 5, buttons: 32, clientX: left + 303, clientY: top + 130,
    }))
))(sheet.canvas.getBoundingClientRect())
"""


def test_a_pen_s_other_end_rubs_out(page: chromium.Page, used: Hw) -> None:
    begin(page, used)
    page.stroke(WAVE, "pen")
    page.stroke([(300, 100, 0.5), (300, 160, 0.5)], "pen")
    page.value(RUB)
    assert page.value("sheet.strokes.length") == 1
    page.click("undo")
    assert page.value("sheet.strokes.length") == 2


def test_skipping_and_writing_again(page: chromium.Page, hw: Hw) -> None:
    first = begin(page, hw)
    page.click("skip")
    second = page.wait(f"{SHOWN} !== {first!r} && {SHOWN}")
    page.stroke(WAVE)
    keep(page, 1)
    page.click("again")
    assert page.value(SHOWN) == second
    page.stroke([(100, 100), (200, 160)])
    keep(page, 1)  # it counts once
    one, two = hw.drawings()
    assert (one.text, two.text) == (second, second)
    assert two.extra["replaces"] == one.id
    page.click("again")
    page.click("skip")  # leave it as it was
    assert page.value(SHOWN) not in (first, second)


def test_one_goes_on_on_another_day(page: chromium.Page, hw: Hw) -> None:
    text = begin(page, hw)
    page.stroke(WAVE)
    keep(page, 1)
    asked, covered = page.value(SHOWN), page.value("state.covered")
    code, said = hw.end()
    assert code == -signal.SIGINT
    assert "1 line in mine.jsonl" in said
    again = Hw(hw.path)
    try:
        assert begin(page, again) == asked
        assert page.value("state.covered") == covered
        assert set(covered) == set(text)
        page.stroke(WAVE)
        keep(page, 2)
        assert [drawing.id for drawing in again.drawings()] == ["mine-0001", "mine-0002"]
    finally:
        again.end()


def test_a_line_outlives_the_program_and_the_page(page: chromium.Page, hw: Hw) -> None:
    text = begin(page, hw)
    page.stroke(WAVE)
    hw.end(signal.SIGKILL)
    page.click("keep")
    page.wait("!document.getElementById('banner').hidden && !busy")
    assert "not running" in page.value("document.getElementById('banner').textContent")
    assert page.value("sheet.strokes.length") == 1
    again = Hw(hw.path, port=hw.port)
    try:
        page.click("keep")
        page.wait("document.getElementById('banner').textContent.includes('earlier run')")
        assert begin(page, again) == text  # what was on the sheet is still there
        page.wait("sheet.strokes.length === 1")
        keep(page, 1)
        page.open(again.address)
        page.wait("state && sheet.isEmpty")
    finally:
        again.end()
    assert len(again.drawings()) == 1


def test_an_unfinished_line_is_left_only_by_one_who_is_asked(page: chromium.Page, hw: Hw) -> None:
    text = begin(page, hw)
    page.stroke(WAVE)
    keep(page, 1)
    page.value("window.confirm = (question) => { window.asked = question; return window.says; }")
    page.stroke(WAVE)
    for button in ("again", "skip", "finish"):
        page.value("window.asked = null")
        page.click(button)
        page.wait("!busy")
        assert "not kept yet" in page.value("window.asked")
        assert page.value("sheet.strokes.length") == 1
        assert page.value(SHOWN) != text
    page.value("window.says = true")
    page.click("again")
    assert page.value(SHOWN) == text
    assert page.value("sheet.isEmpty")
    page.stroke(WAVE)
    page.value("window.says = false")
    page.click("skip")  # leave it as it was
    page.wait("!busy")
    assert page.value("sheet.strokes.length") == 1


def test_a_network_that_is_lost_is_told_and_the_line_can_be_kept_after_it(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    page.value("AbortSignal.timeout = () => AbortSignal.abort()")
    page.click("keep")
    page.wait("document.getElementById('banner').textContent.includes('cannot be reached') && !busy")
    page.value(
        "window.real = fetch; window.fetch = async () => new Response('{')"
    )  # lost in the midst of the answer
    page.click("keep")
    page.wait("document.getElementById('banner').textContent.includes('cannot be reached') && !busy")
    assert page.value("sheet.strokes.length") == 1
    page.value("delete AbortSignal.timeout; window.fetch = real")
    keep(page, 1)


def test_nothing_is_written_while_a_line_is_on_its_way(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    page.value(
        "window.fetch = ((real) => async (...all) => { await new Promise((done) => { window.go = done; });"
        " return real(...all); })(window.fetch)"
    )
    page.click("keep")
    page.stroke([(200, 100), (200, 160)])
    page.key("z", 90, modifiers=2)
    page.key("Escape", 27)
    assert page.value("sheet.strokes.length") == 1
    assert page.value("['again', 'skip', 'finish'].every((id) => document.getElementById(id).disabled)")
    page.value("window.go()")
    page.wait(KEPT.format(number=1))
    page.stroke(WAVE)
    assert page.value("sheet.strokes.length") == 1


def test_an_unfinished_line_goes_on_with_its_rules_and_its_clock(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.click("larger")
    page.value("new Promise((done) => setTimeout(done, 600))")
    page.stroke(WAVE)
    letter = page.value("sheet.letter")
    page.window(600, 500)
    begin(page, hw)
    page.wait("sheet.strokes.length === 1")
    assert page.value("sheet.letter") == letter
    page.stroke([(200, 100), (200, 160)])
    keep(page, 1)
    (drawing,) = hw.drawings()
    assert drawing.extra["xheight"] == pytest.approx(letter)
    assert drawing.time is not None
    assert (np.diff(drawing.time) >= 0).all()
    assert 1 <= drawing.time[20] - drawing.time[19] < 600


def test_files_of_one_name_have_a_line_each_that_is_not_finished(
    page: chromium.Page, hw: Hw, tmp_path: Path
) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    hw.end()
    (tmp_path / "other").mkdir()
    for path, count in ((tmp_path / "other" / hw.path.name, 0), (hw.path, 1)):
        program = Hw(path, port=hw.port)
        try:
            begin(page, program)
            page.wait("!busy")
            assert page.value("sheet.strokes.length") == count
            page.stroke([(200, 100), (200, 160)])
        finally:
            program.end()


def test_what_cannot_be_kept_stays_on_the_sheet(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    key = page.value("line.key")
    page.value("line.text = 'never asked for'")
    page.click("keep")
    page.wait("!document.getElementById('banner').hidden && !busy")
    assert "Not kept" in page.value("document.getElementById('banner').textContent")
    page.value("line.text = state.next.text")
    keep(page, 1)
    assert hw.drawings()[0].extra["key"] == key
    assert page.value("document.getElementById('banner').hidden")


def test_an_unfinished_line_of_another_list_can_be_skipped(page: chromium.Page, hw: Hw, tmp_path: Path) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    hw.end()
    (tmp_path / "own.txt").write_text("שלום!\n")
    own = Hw(hw.path, "--text-file", str(tmp_path / "own.txt"), port=hw.port)
    try:
        begin(page, own)
        page.click("keep")
        page.wait("document.getElementById('banner').textContent.includes('skip it') && !busy")
        page.value("window.confirm = () => true")
        page.click("skip")
        page.wait(f"{SHOWN} === 'שלום!' && !busy")
        assert page.value("getComputedStyle(document.getElementById('text')).direction") == "rtl"
    finally:
        own.end()


def test_the_line_to_write_is_read_aloud_in_words(page: chromium.Page, used: Hw) -> None:
    text = begin(page, used)
    page.value("state.next.new = ''; showPrompt()")
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    assert text in [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "StaticText"]


def test_rules_are_as_small_and_as_large_as_can_be(page: chromium.Page, used: Hw) -> None:
    begin(page, used)
    for button in ("smaller", "larger"):
        heights = set()
        while not page.value(f"document.getElementById({button!r}).disabled"):
            page.click(button)
            assert page.value("sheet.letter") not in heights
            heights.add(page.value("sheet.letter"))
        assert heights


def test_finish_ends_the_program_well(page: chromium.Page, hw: Hw) -> None:
    begin(page, hw)
    page.stroke(WAVE)
    keep(page, 1)
    page.click("finish")
    page.wait("!document.getElementById('end').hidden")
    code, said = hw.end(0)
    assert code == 0
    assert "1 line in mine.jsonl" in said
    assert "1 line of your hand" in page.value("document.getElementById('ending').textContent")


# --- fingers and hands -------------------------------------------------------------------------------------

LINE = [(60.0 + 4 * i, 140.0) for i in range(10)]


@pytest.fixture
def tablet(page: chromium.Page, used: Hw) -> chromium.Page:
    page.window(820, 1180, ratio=2, touch=True)
    begin(page, used)
    return page


def test_a_finger_writes_until_a_pen_is_seen(tablet: chromium.Page) -> None:
    tablet.finger(LINE)
    assert tablet.value("sheet.strokes.length") == 1
    tablet.stroke(WAVE, "pen")
    assert tablet.value("sheet.strokes.length") == 2
    tablet.finger(LINE)  # now it is a hand that rests
    assert tablet.value("sheet.strokes.length") == 2
    tablet.value("document.getElementById('touch').click()")
    tablet.finger(LINE)
    assert tablet.value("sheet.strokes.map(s => s.device)") == ["touch", "pen", "touch"]


def test_the_side_of_a_hand_does_not_write(tablet: chromium.Page) -> None:
    tablet.finger(LINE, radius=60)
    assert tablet.value("sheet.isEmpty")


def test_a_hand_that_lies_down_before_the_pen_leaves_nothing(tablet: chromium.Page) -> None:
    tablet.touch("touchStart", (500, 200))
    tablet.touch("touchMove", (502, 200))
    tablet.stroke(WAVE, "pen")
    tablet.touch("touchEnd")
    assert tablet.value("sheet.strokes.map(s => s.device)") == ["pen"]


def slid(page: chromium.Page) -> float:
    """Wait until the paper has slid on by itself and lies still; return how far."""
    before, now = -1.0, 0.0
    while not 0 < now == before:
        page.value("new Promise(done => setTimeout(done, 200))")
        before, now = now, page.value("sheet.paper.scrollLeft")
    return now


def test_two_fingers_move_the_paper_and_do_not_write(page: chromium.Page, used: Hw) -> None:
    page.window(390, 844, ratio=2, touch=True)
    begin(page, used)
    page.finger([(100.0 + 5 * i, 140.0) for i in range(54)])
    page.wait("sheet.length.clientWidth > sheet.width")
    before = slid(page)
    page.touch("touchStart", (100, 140))
    page.touch("touchStart", (100, 140), (200, 140))
    page.touch("touchMove", (150, 140), (250, 140))
    page.touch("touchEnd")
    page.wait(f"sheet.paper.scrollLeft < {before}")
    assert page.value("sheet.strokes.length") == 1


@pytest.fixture
def long_paper(page: chromium.Page, used: Hw) -> chromium.Page:
    """A phone whose paper is longer than the screen and has slid on, so that it can be moved both ways."""
    page.window(390, 844, ratio=2, touch=True)
    begin(page, used)
    page.finger([(60.0, 140.0), (350.0, 150.0)])
    slid(page)
    return page


def last_x(page: chromium.Page) -> list[float]:
    """Return where on the glass the last stroke is."""
    found: list[float] = page.value("sheet.strokes.at(-1).points.map(([x]) => x - sheet.paper.scrollLeft)")
    return found


def test_the_paper_lies_still_under_a_finger_that_writes(long_paper: chromium.Page) -> None:
    page = long_paper
    page.touch("touchStart", (100, 140))
    page.value("new Promise(done => setTimeout(done, 400))")
    page.touch("touchMove", (110, 140))
    page.touch("touchStart", (110, 140), (300, 160))  # the side of the hand
    page.touch("touchMove", (110, 140), (360, 160))
    left, top = page.sheet()
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=left + 200, y=top + 50, deltaX=0, deltaY=-80)
    page.touch("touchMove", (120, 140), (360, 160))
    page.touch("touchEnd")
    assert last_x(page) == pytest.approx([100, 110, 120], abs=1)


def test_a_wheel_turns_the_paper_by_its_larger_part(page: chromium.Page, used: Hw) -> None:
    page.window(700, 844)
    begin(page, used)
    page.stroke([(60.0, 140.0), (640.0, 150.0)])
    before, (left, top) = slid(page), page.sheet()
    wheel = {"type": "mouseWheel", "x": left + 200, "y": top + 50, "deltaX": 1, "deltaY": -40}
    page.call("Input.dispatchMouseEvent", **wheel)
    page.wait(f"sheet.paper.scrollLeft < {before} - 20")


def test_paper_that_slides_on_stops_where_a_second_finger_comes_down(page: chromium.Page, used: Hw) -> None:
    page.window(390, 844, ratio=2, touch=True)
    begin(page, used)
    page.finger([(60.0, 140.0), (380.0, 150.0)])
    page.value("sheet.penSeen = true")
    page.wait("sheet.paper.scrollLeft > 0")
    page.touch("touchStart", (100, 140))
    stopped = page.value("sheet.paper.scrollLeft")
    page.value("new Promise(done => setTimeout(done, 400))")
    assert page.value("sheet.paper.scrollLeft") == stopped
    page.touch("touchEnd")


def test_paper_that_slides_on_stops_where_a_finger_comes_down(page: chromium.Page, used: Hw) -> None:
    page.window(390, 844, ratio=2, touch=True)
    begin(page, used)
    page.finger([(60.0, 140.0), (380.0, 150.0)])
    page.wait("sheet.paper.scrollLeft > 0")
    page.touch("touchStart", (100, 140))
    page.value("new Promise(done => setTimeout(done, 600))")
    page.touch("touchMove", (100, 160))
    page.touch("touchEnd")
    assert last_x(page) == pytest.approx([100, 100], abs=1)


def test_a_stroke_may_be_taken_back_before_it_is_at_its_end(tablet: chromium.Page) -> None:
    for key, code, modifiers in (("z", 90, 2), ("Escape", 27, 0)):
        tablet.touch("touchStart", (100, 140))
        tablet.touch("touchMove", (120, 140))
        tablet.key(key, code, modifiers)
        tablet.touch("touchMove", (140, 140))
        tablet.touch("touchEnd")
        assert tablet.value("sheet.strokes.length") == 0
        tablet.finger(LINE)
        assert tablet.value("sheet.strokes.length") == 1
        tablet.click("clear")
    assert tablet.complaints() == []


def test_a_wheel_over_paper_that_all_is_in_sight_moves_the_page(page: chromium.Page, used: Hw) -> None:
    page.window(1280, 420)
    begin(page, used)
    left, top = page.sheet()
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=left + 200, y=top + 50, deltaX=0, deltaY=80)
    page.wait("window.scrollY > 0")


def test_a_long_line_on_a_narrow_screen_has_one_measure(page: chromium.Page, hw: Hw) -> None:
    page.window(390, 844, ratio=2, touch=True)
    begin(page, hw)
    page.finger([(60.0, 140.0), (350.0, 150.0)])
    offset = slid(page)
    page.finger([(100.0, 140.0), (300.0, 150.0)])
    picture(page, "narrow")
    keep(page, 1)
    (drawing,) = hw.drawings()
    assert drawing.points[:, 0].tolist() == pytest.approx([60, 350, 100 + offset, 300 + offset], abs=1)
    picture(page, "narrow-kept")
    assert page.value("document.getElementById('said').getClientRects().length") == 1  # told in one row
    assert page.value("document.documentElement.scrollWidth") <= 390


# --- how it looks ------------------------------------------------------------------------------------------

SIZES = {
    "light": (1280, 800, 1.0, False, False),
    "dark": (1280, 800, 1.0, False, True),
    "tablet": (820, 1180, 2.0, True, False),
    "phone": (390, 844, 2.0, True, True),
    "landscape": (844, 390, 2.0, True, False),
}


@pytest.mark.parametrize("name", SIZES)
def test_all_that_is_needed_is_in_sight(page: chromium.Page, used: Hw, name: str) -> None:
    width, height, ratio, touch, dark = SIZES[name]
    page.window(width, height, ratio=ratio, touch=touch, dark=dark)
    begin(page, used)
    _, strokes = next(make_ink.lines_of_words(1, 3))
    left, top = (min(point[axis] for stroke in strokes for point in stroke) for axis in (0, 1))
    factor = page.value("sheet.letter") / 60
    for stroke in strokes:
        page.stroke([(40 + (x - left) * factor, 50 + (y - top) * factor, 0.5) for x, y in stroke[::4]], "pen")
    picture(page, name)
    for id in ("text", "sheet", "keep", "skip", "undo", "finish"):
        box = page.value(f"(b => [b.left, b.top, b.right, b.bottom])({id_box(id)})")
        assert box[0] >= 0, id
        assert box[1] >= 0, id
        assert box[2] <= width, id
        assert box[3] <= height, id
    assert page.value("document.documentElement.scrollWidth") <= width
    ground = page.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 200) is dark


def id_box(id: str) -> str:
    return f"document.getElementById('{id}').getBoundingClientRect()"
