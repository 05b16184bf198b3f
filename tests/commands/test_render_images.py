"""``hw render --out-dir``: an image a drawing, and the list of them."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CAIRO, RunHw, ink_json_lines
from PIL import Image

from hwcli.drawing import batch
from hwcli.drawing.layout import Layout
from hwcli.drawing.style import Style
from hwcli.ink import Drawing


def listed(folder: Path, name: str = "manifest.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@CAIRO
def test_an_image_a_drawing_and_a_line_for_each(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path) -> None:
    done = run_hw("render", ink_jsonl, "--out-dir", tmp_path / "new" / "images")
    assert (done.out, done.err.count("\n")) == (b"", 1)
    records = listed(tmp_path / "new" / "images")
    headers = [json.loads(line) for line in ink_jsonl.read_text().splitlines() if '"drawing"' in line]
    assert [record["id"] for record in records] == [header["drawing"] for header in headers]
    assert [record["text"] for record in records] == [header["text"] for header in headers]
    assert sorted(os.listdir(tmp_path / "new" / "images")) == [
        *(record["file"] for record in records),
        "manifest.jsonl",
    ]
    for record in records:
        image = Image.open(tmp_path / "new" / "images" / record["file"])
        assert (image.mode, image.width, image.height) == ("L", record["width"], record["height"])
        assert np.asarray(image).min() < 40
        assert image.getpixel((0, 0)) == 255


@CAIRO
def test_style_seed_and_writer_are_the_headers(run_hw: RunHw, tmp_path: Path) -> None:
    header = json.dumps({"drawing": "a", "text": "ä", "style": "ann", "seed": 7, "writer": "w", "version": 1})
    ink = f'{header}\n[0,0,0]\n[9,9,1]\n{{"drawing":"","text":""}}\n{{"drawing":"b"}}\n[0,0,0]\n[9,9,1]\n'
    run_hw("render", "--out-dir", tmp_path / "i", stdin=ink)
    first, second = listed(tmp_path / "i")
    assert {key: first[key] for key in ("file", "text", "id", "style", "seed", "writer")} == {
        "file": "00000001.png", "text": "ä", "id": "a", "style": "ann", "seed": 7, "writer": "w",
    }  # fmt: skip
    assert (second["file"], second["style"], second["seed"]) == ("00000002.png", None, None)


@CAIRO
def test_many_processes_write_what_one_does(run_hw: RunHw, tmp_path: Path) -> None:
    ink = ink_json_lines(150)
    for jobs in (1, 2):
        run_hw("render", "--out-dir", tmp_path / str(jobs), "--jobs", jobs, "--dpi", 60, stdin=ink)
    names = os.listdir(tmp_path / "1")
    assert len(names) == 151
    assert all((tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in names)


@pytest.mark.parametrize("parts", [2, 5, 11])
def test_the_parts_of_many_images_are_together_those_of_one_run(
    run_hw: RunHw, tmp_path: Path, parts: int
) -> None:
    """Each has its own size, some are blank, one is broken; of eleven parts some have nothing to draw."""
    ink = b'{"drawing":"blank"}\n'.join(
        b'{"drawing":"d%d"}\n[0,0,0]\n[9,%d,1]\n' % (number, 20 * number) for number in range(1, 7)
    )
    given = ink + b'{"drawing":"broken"}\n{no\n{"drawing":"last"}\n[0,0,0]\n[9,9,1]\n'
    common = ("render", "--format", "svg", "--skip-bad", "--jobs", 1, "--out-dir")
    run_hw(*common, tmp_path / "whole", stdin=given)
    folders = [tmp_path / str(part) for part in range(1, parts + 1)]
    for part, folder in enumerate(folders, start=1):
        run_hw(*common, folder, "--shard", f"{part}/{parts}", stdin=given)
    images = {file.name: file.read_bytes() for folder in folders for file in folder.glob("*.svg")}
    assert images == {file.name: file.read_bytes() for file in (tmp_path / "whole").glob("*.svg")}
    records = [record for folder in folders for record in listed(folder)]
    assert sorted(records, key=lambda record: record["file"]) == listed(tmp_path / "whole")


def test_a_part_is_of_many_images(run_hw: RunHw, tmp_path: Path) -> None:
    assert (
        "--shard is a part of many images" in run_hw("render", "--shard", "1/2", stdin=b"[0,0,1]\n", code=2).err
    )
    folder = tmp_path / "i"
    assert "from 1 to N" in run_hw("render", "--out-dir", folder, "--shard", "3/2", code=2).err
    assert not folder.exists()


def test_svg_has_the_same_scale_in_all(run_hw: RunHw, tmp_path: Path) -> None:
    ink = b"[0,0,0]\n[0,40,1]\n" + b'{"drawing":"b"}\n[0,0,0]\n[0,80,1]\n'
    run_hw("render", "--out-dir", tmp_path / "i", "--format", "svg", "--margin", 0, stdin=ink)
    first, second = listed(tmp_path / "i")
    assert first["file"] == "00000001.svg"
    assert second["height_mm"] - 0.4 == pytest.approx(2 * (first["height_mm"] - 0.4), abs=0.01)
    root = ET.fromstring((tmp_path / "i" / "00000002.svg").read_bytes())
    assert root.get("height") == f"{second['height_mm']:g}mm"


def test_a_folder_that_is_not_empty_is_kept(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    options = ("render", ink_jsonl, "--out-dir", tmp_path, "--format", "svg")
    assert "--force" in run_hw(*options, code=1).err
    assert os.listdir(tmp_path) == ["mine"]
    run_hw(*options, "--force")
    assert len(os.listdir(tmp_path)) == 26
    broken = b'{"drawing":"b"}\n[0,0,0]\n[9,9,1]\n' * 300 + b"{broken\n"
    assert ":901:" in run_hw(*options[:1], *options[2:], "--force", stdin=broken, code=1).err
    # The list of before would tell the texts of images that are others by now.
    assert not (tmp_path / "manifest.jsonl").exists()
    assert (tmp_path / "mine").read_text() == "precious"
    assert "mine: is no directory" in run_hw("render", ink_jsonl, "--out-dir", tmp_path / "mine", code=1).err


def test_what_was_written_before_a_fault_is_listed(run_hw: RunHw, tmp_path: Path) -> None:
    ink = b"[0,0,0]\n[9,9,1]\n" + b'{"drawing":"b"}\n[0,0,0]\n[9,9,1]\n' * 400 + b"{broken\n"
    done = run_hw("render", "--out-dir", tmp_path / "i", "--format", "svg", "--jobs", 1, stdin=ink, code=1)
    assert "<stdin>:1203" in done.err
    records = listed(tmp_path / "i", "manifest.partial.jsonl")
    assert 0 < len(records) <= 401
    assert not (tmp_path / "i" / "manifest.jsonl").exists()
    for record in records:
        ET.parse(tmp_path / "i" / record["file"])


@pytest.mark.parametrize("ink", [b"", b'{"drawing":"a"}\n', b"{broken\n"])
def test_where_no_ink_comes_no_folder_is_made(run_hw: RunHw, tmp_path: Path, ink: bytes) -> None:
    run_hw("render", "--out-dir", tmp_path / "i", stdin=ink, code=1)
    assert not (tmp_path / "i").exists()


def test_no_ink_is_told(run_hw: RunHw, tmp_path: Path) -> None:
    done = run_hw("render", "--out-dir", tmp_path / "i", stdin=b'{"drawing":"a"}\n', code=1)
    assert done.err == "hw: no ink in <stdin>\n"


@CAIRO
def test_drawings_without_points_are_left_out_and_told(run_hw: RunHw, tmp_path: Path) -> None:
    blank = b'{"drawing":"blank"}\n'
    done = run_hw("render", "--out-dir", tmp_path / "i", stdin=blank + ink_json_lines(2) + blank)
    assert "wrote 2 images" in done.err
    assert "; 2 drawings without points left out\n" in done.err


# --- films -------------------------------------------------------------------------------------------------


@CAIRO
@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_a_film_begins_empty_and_ends_with_all_ink(run_hw: RunHw, kind: str) -> None:
    ink = ink_json_lines(1)
    options = ("render", "--dpi", 60, "--colour", "navy", "--format")
    out = run_hw(*options, kind, "--speed", 20, stdin=ink).out
    assert out == run_hw(*options, kind, "--speed", 20, stdin=ink).out
    film = Image.open(io.BytesIO(out))
    if kind == "apng":
        assert film.info["dpi"] == pytest.approx((60, 60), abs=0.01)
    still = Image.open(io.BytesIO(run_hw(*options, "png", stdin=ink).out))
    dark = []
    for frame in range(film.n_frames):
        film.seek(frame)
        picture = np.asarray(film.convert("RGB"), np.int16)
        assert tuple(picture[0, 0]) == (255, 255, 255)
        dark.append(int((picture[:, :, 0] < 128).sum()))
    assert film.n_frames > 4
    assert film.info["duration"] >= 3000
    assert dark[0] < 0.3 * dark[-1]
    assert dark == sorted(dark)
    assert np.abs(picture - np.asarray(still.convert("RGB"), np.int16)).mean() < 3


@CAIRO
@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_captions_of_a_film_are_there_from_its_first_frame_on(run_hw: RunHw, kind: str) -> None:
    first = []
    for captions in ([], ["--captions", "text"]):
        options = ("render", "--dpi", 60, "--format", kind, "--speed", 4, *captions)
        film = Image.open(io.BytesIO(run_hw(*options, stdin=ink_json_lines(1)).out))
        first.append(int((np.asarray(film.convert("L")) < 128).sum()))
    assert first[0] == 0
    assert first[1] > 10


def test_moving_svg_is_the_same_picture_that_stands_still(run_hw: RunHw) -> None:
    ink = ink_json_lines(2)
    still, moving = (run_hw("render", *options, stdin=ink).out for options in ([], ["--animate"]))
    roots = [ET.fromstring(svg) for svg in (still, moving)]
    paths = [[path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path")] for root in roots]
    assert paths[0] == paths[1]
    begins = []
    for path in roots[1].iter("{http://www.w3.org/2000/svg}path"):
        begin, length = (float(part.split(":")[1][:-1]) for part in (path.get("style") or "").split(";"))
        assert not begins or begin >= sum(begins[-1]) - 0.002
        begins.append((begin, length))
    assert b"@media screen" in moving
    assert b"<style" not in still


def test_two_parts_of_a_stroke_share_the_time_at_which_they_meet(run_hw: RunHw) -> None:
    ink = json.dumps({"drawing": "a", "prime_points": 3, "version": 1}) + "\n"
    ink += "".join(json.dumps({"x": i, "y": 9 * (i % 2), "up": int(i == 5), "t": i}) + "\n" for i in range(6))
    svg = run_hw("render", "--animate", "--prime-colour", "red", stdin=ink).text
    (first, one), (second, other) = (
        (float(begin), float(length)) for begin, length in re.findall(r"--b:([0-9.]+)s;--d:([0-9.]+)s", svg)
    )
    assert (one, other) == (2, 3)
    assert second == first + one


def test_times_of_the_ink_are_kept(run_hw: RunHw) -> None:
    ink = "".join(
        json.dumps({"x": x, "y": 10 * (i % 3), "up": int(i in (2, 5)), "t": t}) + "\n"
        for i, (x, t) in enumerate([(0, 5.0), (1, 5.5), (2, 6.0), (3, 8.0), (4, 8.1), (5, 8.25)])
    )
    svg = run_hw("render", "--animate", "--speed", 2, stdin=ink).out.decode()
    assert svg.count("--d:0.5s") == 1
    assert svg.count("--d:0.125s") == 1


def pen_that_rests(seconds: float) -> str:
    rows = [(0, 0, 0, 0.0), (5, 30, 1, 0.5), (20, 0, 0, seconds), (25, 30, 1, seconds + 0.5)]
    return "".join(json.dumps({"x": x, "y": y, "up": up, "t": t}) + "\n" for x, y, up, t in rows)


def test_a_long_rest_is_shortened_and_a_short_one_kept(run_hw: RunHw) -> None:
    for seconds, shown in ((2.0, 2.0), (700.0, 3.5)):
        svg = run_hw("render", "--animate", stdin=pen_that_rests(seconds)).text
        first, second = (float(begin) for begin in re.findall(r"--b:([0-9.]+)s", svg))
        assert second - first == pytest.approx(shown)


@CAIRO
@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_a_film_with_a_long_rest_can_be_written(run_hw: RunHw, kind: str) -> None:
    options = ("render", "--dpi", 40, "--format", kind, "--animate")
    film = Image.open(io.BytesIO(run_hw(*options, "--speed", 0.02, stdin=pen_that_rests(700)).out))
    assert film.n_frames > 2
    stroke = "".join(json.dumps({"x": x, "y": 0, "up": x, "t": 900 * x}) + "\n" for x in (0, 1))
    Image.open(io.BytesIO(run_hw(*options, stdin=stroke).out)).load()
    done = run_hw(*options, "--speed", 0.00001, stdin=pen_that_rests(700), code=1)
    assert "raise --speed" in done.err


@CAIRO
@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_within_a_stroke_a_film_is_as_fast_as_the_pen_was(run_hw: RunHw, kind: str) -> None:
    rows = [(0, 0.0), (50, 0.1), (100, 2.0)]
    ink = "".join(json.dumps({"x": x, "y": 0, "up": int(x == 100), "t": t}) + "\n" for x, t in rows)
    options = ("render", "--animate", "--format", kind, "--dpi", 60, "--x-height", "8mm")
    film = Image.open(io.BytesIO(run_hw(*options, stdin=ink).out))
    widths, time = [], 0.0
    for number in range(film.n_frames):
        film.seek(number)
        widths.append((time, int((np.asarray(film.convert("L")) < 128).any(axis=0).sum())))
        time += film.info["duration"] / 1000
    shown = max(width for time, width in widths if time < 0.47)  # the pen comes down after 0.36 s
    assert 0.45 < shown / widths[-1][1] < 0.6


@CAIRO
def test_ink_is_no_bolder_for_being_written_slowly(run_hw: RunHw) -> None:
    def written(speed: float) -> bytes:
        options = ["render", "--animate", "--format", "apng", "--dpi", 60, "--speed", speed]
        film = Image.open(io.BytesIO(run_hw(*options, stdin=ink_json_lines(1)).out))
        film.seek(film.n_frames - 1)
        return film.tobytes()

    assert written(0.5) == written(20)


@CAIRO
@pytest.mark.parametrize(
    ("colour", "seen"), [("navy", (0, 0, 128)), ("black", (0, 0, 0)), ("white", (255,) * 3)]
)
def test_a_gif_without_a_background_shows_what_is_below(
    run_hw: RunHw, colour: str, seen: tuple[int, ...]
) -> None:
    options = ("render", "--dpi", 60, "--background", "none", "--colour", colour, "--format")
    film = Image.open(io.BytesIO(run_hw(*options, "gif", "--speed", 20, stdin=ink_json_lines(1)).out))
    still = Image.open(io.BytesIO(run_hw(*options, "png", stdin=ink_json_lines(1)).out))
    film.seek(film.n_frames - 1)
    pixels, wanted = (np.asarray(one.convert("RGBA"), np.int16) for one in (film, still))
    assert np.abs((pixels[:, :, 3] > 128).astype(int) - (wanted[:, :, 3] > 128)).mean() < 0.01
    assert 0 < (pixels[:, :, 3] > 0).mean() < 0.5
    inked = pixels[pixels[:, :, 3] > 0]
    assert np.abs(inked[:, :3] - seen).max() < 12
    assert film.n_frames > 5


def test_processes_that_draw_are_deaf_to_ctrl_c_from_their_first_moment_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal sends it to all of them, and one in which Python starts would leave a traceback."""
    # Python starts here, and tells whether the signal would come through.
    program = "import signal, sys; sys.stdout.write(str(signal.SIGINT in signal.pthread_sigmask(0, [])))"
    told: list[str] = []

    class Pool(batch.ProcessPoolExecutor):
        def submit(self, *task: Any) -> Any:
            told.append(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout)
            return super().submit(*task)

    monkeypatch.setattr(batch, "ProcessPoolExecutor", Pool)
    drawings = [Drawing(np.array([[0, 0, 0], [5, 5, 1]], np.float32))] * (batch.BATCH * batch.WORTH)
    recipe = batch.Recipe(str(tmp_path), "svg", Layout(), Style(), 60, None)
    lines = b"".join(batch.draw_all(enumerate(drawings, start=1), recipe, 2)).splitlines()
    assert len(lines) == len(drawings)
    assert told == ["True"] * batch.WORTH
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
