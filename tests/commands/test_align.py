"""``hw align``: which ink is which word, and which character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CAIRO, Finished, RunHw
from PIL import Image

TEXTS = ("Dear Ann,", "the parcel came", "on 3 May")


@pytest.fixture(scope="module")
def written_jsonl(run_hw: RunHw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three lines in one hand, by the model that comes along."""
    path = tmp_path_factory.mktemp("written") / "written.jsonl"
    run_hw("sample", *TEXTS, "--style", "ann", "--seed", "1", "-o", path)
    return path


def headers(done: Finished) -> list[dict[str, Any]]:
    return [record for record in map(json.loads, done.lines) if "drawing" in record]


def points(lines: list[str]) -> list[str]:
    return [line for line in lines if '"x"' in line]


def test_the_ink_is_passed_on_and_the_header_tells_of_it(run_hw: RunHw, written_jsonl: Path) -> None:
    done = run_hw("align", stdin=written_jsonl.read_bytes())
    assert done.err == ""
    assert points(done.lines) == points(written_jsonl.read_text().splitlines())
    before = [json.loads(line) for line in written_jsonl.read_text().splitlines() if '"drawing"' in line]
    counts = (
        np.diff([place for place, line in enumerate([*done.lines, '"drawing"']) if '"drawing"' in line]) - 1
    )
    for header, old, count in zip(headers(done), before, counts.tolist(), strict=True):
        ends = header.pop("ends")
        assert header == old
        assert len(ends) == len(old["text"])
        assert ends == sorted(ends)
        assert ends[-1] == count


def test_words_are_written_as_drawings_of_their_own(run_hw: RunHw, written_jsonl: Path) -> None:
    words = run_hw("align", written_jsonl, "--cut", "words")
    assert [header["text"] for header in headers(words)] == " ".join(TEXTS).split()
    assert [header["drawing"] for header in headers(words)][:3] == [
        "sample-1-w01",
        "sample-1-w02",
        "sample-2-w01",
    ]
    assert headers(words)[0]["style"] == "ann"
    assert "ends" not in headers(words)[0]
    whole = written_jsonl.read_text().splitlines()
    assert len(points(words.lines)) == len(points(whole))
    places = [tuple(json.loads(line)[axis] for axis in "xy") for line in points(words.lines)]
    assert places == [tuple(json.loads(line)[axis] for axis in "xy") for line in points(whole)]


def test_so_are_characters(run_hw: RunHw, written_jsonl: Path) -> None:
    done = run_hw("align", written_jsonl, "--cut", "characters")
    assert [header["text"] for header in headers(done)] == [c for text in TEXTS for c in text if c != " "]
    assert headers(done)[5]["drawing"] == "sample-1-c06"


def test_a_strokes_file_keeps_what_was_found(run_hw: RunHw, written_jsonl: Path, tmp_path: Path) -> None:
    aligned, strokes = run_hw("align", written_jsonl), tmp_path / "aligned.h5"
    run_hw("ingest", "-", "-o", strokes, stdin=aligned.out)
    kept = headers(run_hw("export", strokes))
    assert [header["ends"] for header in kept] == [header["ends"] for header in headers(aligned)]
    assert headers(run_hw("align", strokes)) == kept


@CAIRO
def test_the_list_of_images_has_a_box_around_the_ink_of_each_word(
    run_hw: RunHw, written_jsonl: Path, tmp_path: Path
) -> None:
    run_hw("render", "--out-dir", tmp_path / "i", stdin=run_hw("align", written_jsonl).out)
    records = [json.loads(line) for line in (tmp_path / "i" / "manifest.jsonl").read_text().splitlines()]
    for record, text in zip(records, TEXTS, strict=True):
        assert [word["text"] for word in record["words"]] == text.split()
        assert [one["text"] for one in record["characters"]] == list(text.replace(" ", ""))
        image = np.asarray(Image.open(tmp_path / "i" / record["file"]))
        is_boxed = np.zeros(image.shape, np.bool_)
        for word in record["words"]:
            left, top, right, bottom = word["box"]
            inside = image[top:bottom, left:right]
            assert inside.shape == (bottom - top, right - left)
            assert (inside.min(axis=1) < 255).all()
            is_boxed[top:bottom, left:right] = True
        # Curves may pass a little beyond the points that they go through.
        near = np.zeros_like(is_boxed)
        for axis, by in ((0, 2), (0, -2), (1, 2), (1, -2)):
            near |= np.roll(is_boxed, by, axis)
        assert (image[~(is_boxed | near)] == 255).all()
        for one in record["characters"]:
            left, top, right, bottom = one["box"]
            assert is_boxed[top:bottom, left:right].all()


def test_boxes_of_svg_are_in_millimetres(run_hw: RunHw, written_jsonl: Path, tmp_path: Path) -> None:
    aligned = run_hw("align", written_jsonl).out
    run_hw(
        "render",
        "--format",
        "svg",
        "--margin",
        "5mm",
        "--pen",
        "1mm",
        "--out-dir",
        tmp_path / "i",
        stdin=aligned,
    )
    record = json.loads((tmp_path / "i" / "manifest.jsonl").read_text().splitlines()[0])
    boxes = [word["box"] for word in record["words"]]
    assert boxes[0][0] == 5
    assert max(box[2] for box in boxes) == pytest.approx(record["width_mm"] - 5, abs=0.002)
    assert min(box[1] for box in boxes) == 5


def test_without_ends_the_list_has_no_boxes(run_hw: RunHw, written_jsonl: Path, tmp_path: Path) -> None:
    run_hw("render", written_jsonl, "--format", "svg", "--out-dir", tmp_path / "i")
    assert "box" not in (tmp_path / "i" / "manifest.jsonl").read_text()


NO_TEXT = '{"drawing":"no-text"}\n[0,0,0]\n[9,9,1]\n'
TOO_SHORT = '{"drawing":"short","text":"far too long a text for this"}\n[0,0,0]\n[9,9,1]\n'


def test_what_cannot_be_aligned_is_passed_on_and_told(run_hw: RunHw, written_jsonl: Path) -> None:
    stdin = NO_TEXT.encode() + written_jsonl.read_bytes() + TOO_SHORT.encode()
    done = run_hw("align", stdin=stdin)
    assert [("ends" in header) for header in headers(done)] == [False, True, True, True, False]
    assert done.err.count("\n") == 1
    assert "2 drawings" in done.err
    assert "no-text" in done.err
    cut = run_hw("align", "--cut", "words", stdin=stdin)
    assert len(headers(cut)) == len(" ".join(TEXTS).split())
    assert "left out" in cut.err


def test_a_sign_that_no_model_knows_has_no_ink_of_its_own(run_hw: RunHw) -> None:
    sampled = run_hw("sample", "a → b", "--seed", "1").out
    done = run_hw("align", stdin=sampled)
    (header,) = headers(done)
    assert len(header["ends"]) == len(header["text"]) == 5
    assert header["ends"][1:4] == [header["ends"][0]] * 3
    cut = run_hw("align", "--cut", "words", stdin=sampled)
    assert [one["drawing"] for one in headers(cut)] == ["sample-1-w01", "sample-1-w03"]
    assert "1 part of texts without ink left out" in cut.err


def test_a_model_that_reads_no_text_is_refused(run_hw: RunHw, written_jsonl: Path, model_h5: Path) -> None:
    done = run_hw("align", written_jsonl, "-m", model_h5, code=1)
    assert done.err.count("\n") == 1
    assert "reads no text" in done.err


def test_bad_records_are_left_out_where_that_is_asked_for(run_hw: RunHw, written_jsonl: Path) -> None:
    stdin = b'{"drawing":"bad"}\n["x",0,0]\n' + written_jsonl.read_bytes()
    assert run_hw("align", stdin=stdin, code=1).err.count("\n") == 1
    done = run_hw("align", "--skip-bad", stdin=stdin)
    assert [header["drawing"] for header in headers(done)][1:] == ["sample-1", "sample-2", "sample-3"]
    assert "1 bad record" in done.err


def test_drawings_without_ids_are_told_apart_by_their_number(run_hw: RunHw, written_jsonl: Path) -> None:
    nameless = written_jsonl.read_bytes().replace(b'"drawing":"sample-', b'"drawing":"","was":"')
    cut = run_hw("align", "--cut", "words", stdin=nameless)
    assert [header["drawing"] for header in headers(cut)][:3] == ["1-w01", "1-w02", "2-w01"]


def test_a_text_without_ink_is_told_and_old_ends_go(run_hw: RunHw) -> None:
    done = run_hw("align", "--cut", "words", stdin='{"drawing":"a","text":"hi"}\n')
    assert "1 drawing" in done.err
    old = '{"drawing":"a","text":"hi","ends":[1,1]}\n[0,0,1]\n'
    (header,) = headers(run_hw("align", stdin=old))
    assert "ends" not in header


def test_resampled_ink_has_other_ends(run_hw: RunHw, written_jsonl: Path, tmp_path: Path) -> None:
    aligned = run_hw("align", written_jsonl).out
    run_hw("ingest", "-", "--resample", "1", "-o", tmp_path / "r.h5", stdin=aligned)
    assert all("ends" not in header for header in headers(run_hw("export", tmp_path / "r.h5")))


def test_a_text_that_the_ink_does_not_say_is_told(run_hw: RunHw, written_jsonl: Path) -> None:
    said = written_jsonl.read_text()
    wrong = said.replace("the parcel came", "complete nonsense!")
    done = run_hw("align", stdin=wrong)
    assert "1 drawing whose ink seems to say something else than the text" in done.err
    assert "the first: sample-2 (complete nonsense!); hw recombine --disagreements" in done.err
    assert all("ends" in header for header in headers(done))
