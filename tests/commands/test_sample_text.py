"""``hw sample`` writing text: where the text comes from, whose hand it is, what the output says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import h5py
import numpy as np
import pytest
from conftest import RunHw, hw_environment

from hwcli.ink.offsets import Scale
from hwcli.model import Config, Model
from hwcli.model.file import weight_shapes, write_model
from hwcli.writing.hands import HAND_TEXT

PRIME = b"""{"drawing":"given","text":"what it says"}
{"x":10,"y":20.5,"up":0}
{"x":14,"y":60,"up":0}
{"x":31,"y":12,"up":1}
{"x":45,"y":30,"up":0}
{"x":70,"y":41.25,"up":1}
"""


@pytest.fixture(scope="session")
def reader_h5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with a window: it scribbles, and looks at a character of its text after the other."""
    config = Config().updated(
        {
            "network": {"layers": 2, "units": 16, "mixtures": 3, "window": 2},
            "data": {"height": True, "step": 0.5},
        }
    )
    rng = np.random.default_rng(1)
    shapes = weight_shapes(config.network).items()
    weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
    weights["window/kernel"] *= np.float32(0.1)
    weights["window/bias"][:] = [0, 0, 2, 2, -2.5, -2.5]  # sharp, and twelve points a character
    path = tmp_path_factory.mktemp("reader") / "reader.h5"
    with path.open("w+b") as file:
        write_model(file, Model(config, Scale((0.1, 0.0), (0.7, 0.7)), weights, height=40.0))
    return path


@pytest.fixture(scope="session")
def stuck_h5(reader_h5: Path) -> Path:
    """The same, but its window never moves: no text comes to its end."""
    path = reader_h5.with_name("stuck.h5")
    path.write_bytes(reader_h5.read_bytes())
    with h5py.File(path, "r+") as root:
        root["weights/window/bias"][4:] = -20.0
    return path


def sample_command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "hwcli", "sample", *map(str, arguments)]


def drawings_of(lines: list[str]) -> list[tuple[dict[str, Any], list[tuple[float, float, int]]]]:
    drawings: list[Any] = []
    for line in lines:
        record = json.loads(line)
        if "drawing" in record:
            drawings.append((record, []))
        else:
            drawings[-1][1].append((record["x"], record["y"], record["up"]))
    return drawings


def texts_of(lines: list[str]) -> list[str]:
    return [header["text"] for header, _ in drawings_of(lines)]


# --- where the text comes from -----------------------------------------------------------------------------


def test_a_text_becomes_a_drawing_that_says_what_made_it(run_hw: RunHw, reader_h5: Path) -> None:
    done = run_hw("sample", "-m", reader_h5, "Dear Ann,", "--seed", 7, "--bias", 0.5)
    ((header, points),) = drawings_of(done.lines)
    assert header == {
        "drawing": "sample-1", "text": "Dear Ann,", "seed": 7, "bias": 0.5, "model": "reader.h5", "version": 1,
    }  # fmt: skip
    assert 40 < len(points) < 400
    assert points[-1][2] == 1
    assert points[0] == (0, 0, 0)


def test_texts_come_from_arguments_a_file_or_standard_input(
    run_hw: RunHw, reader_h5: Path, tmp_path: Path
) -> None:
    common, lines = ["sample", "-m", reader_h5, "--seed", 1], "one\ntwo words\r\n\nlast"
    (tmp_path / "lines.txt").write_text(lines, newline="")
    wanted = ["one", "two words", "", "last"]
    from_stdin = run_hw(*common, stdin=lines)
    assert texts_of(from_stdin.lines) == wanted
    for given in (["--text-file", tmp_path / "lines.txt"], ["one", "two words", "", "last"], [lines]):
        assert run_hw(*common, *given).out == from_stdin.out
    assert run_hw(*common, "--text-file", "-", stdin=lines).out == from_stdin.out


def test_a_blank_line_stays_as_a_drawing_without_points(run_hw: RunHw, reader_h5: Path) -> None:
    drawings = drawings_of(run_hw("sample", "-m", reader_h5, "--seed", 1, stdin="a\n\n  \nb\n\n").lines)
    assert [(header["text"], len(points) > 0) for header, points in drawings] == [
        ("a", True), ("", False), ("", False), ("b", True), ("", False),
    ]  # fmt: skip


def test_without_a_text_ink_comes_from_nothing_only_if_that_was_asked_for(
    run_hw: RunHw, reader_h5: Path
) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1]
    for options, count in ((["-n", 2, "--points", 9], 2), (["--points", 9], 1)):
        drawings = drawings_of(run_hw(*common, *options, stdin="not read\n").lines)
        assert [(header["text"], len(points)) for header, points in drawings] == [("", 9)] * count
    failed = run_hw(*common, stdin="", code=1)
    assert "no text in <stdin>; -n N writes ink from nothing" in failed.err
    assert "no text" in run_hw(*common, stdin="\n \n", code=1).err
    assert "no text" in run_hw(*common, "", code=1).err


def test_ink_in_the_place_of_text_is_refused(run_hw: RunHw, reader_h5: Path) -> None:
    points = PRIME.split(b"\n", 1)[1]
    for ink in (PRIME, points):
        for options in ([], ["--skip-bad"]):
            failed = run_hw("sample", "-m", reader_h5, "--seed", 1, *options, stdin=ink, code=1)
            assert "<stdin>: ink, not text; --prime goes on from it" in failed.err
            assert failed.out == b""


def test_text_on_standard_input_that_is_not_read_is_told_of(reader_h5: Path, tmp_path: Path) -> None:
    """From a file: what comes through a pipe may come too late to be seen."""
    (tmp_path / "text").write_text("one\n")
    (tmp_path / "nothing").touch()
    (tmp_path / "prime").write_bytes(PRIME)
    command = sample_command("-m", reader_h5, "--seed", 1, "--points", 9)

    def told(stdin: str, *options: object) -> str:
        with (tmp_path / stdin).open("rb") as file:
            given = [*command, *map(str, options)]
            done = subprocess.run(given, stdin=file, capture_output=True, text=True, env=hw_environment())
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert "standard input is not read" in told("text", "-n", 2)
    assert "--text-file - reads it" in told("text", "--prime", tmp_path / "prime")
    silent = (
        ("text", "-n", 2, "a text"),
        ("text", "--text-file", "-"),
        ("nothing", "-n", 2),
        ("prime", "--prime", "-"),
    )
    assert not [given for given in silent if "standard input" in told(*given)]


def test_a_line_is_written_before_the_next_one_has_come(reader_h5: Path) -> None:
    command = sample_command("-q", "-m", reader_h5, "--seed", 1)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=hw_environment(), bufsize=0
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        headers = []
        for text in ("one", "two", "three"):
            running.stdin.write(f"{text}\n".encode())
            while b'"drawing"' not in (line := running.stdout.readline()):
                assert line
            headers.append(json.loads(line)["text"])
        running.stdin.close()
        rest = running.stdout.read()
    assert headers == ["one", "two", "three"]
    assert rest.count(b'"drawing"') == 0
    assert running.returncode == 0


def test_an_output_that_is_there_is_refused_before_a_line_has_come(reader_h5: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("mine")
    command = sample_command("-m", reader_h5, "--text-file", "-", "-o", there)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=hw_environment()
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        patience = Timer(60, running.kill)
        patience.start()
        assert b"exists" in running.stderr.read()
        patience.cancel()
    assert running.returncode == 1
    assert there.read_text() == "mine"


def test_long_lines_are_wrapped_between_words(run_hw: RunHw, reader_h5: Path) -> None:
    done = run_hw("sample", "-m", reader_h5, "--seed", 1, "--wrap", 9, stdin="one two three\nfour\n")
    assert texts_of(done.lines) == ["one two", "three", "four"]


def test_blanks_before_a_line_are_kept_and_a_tab_in_it_is_told(run_hw: RunHw, reader_h5: Path) -> None:
    text = "one two\n  three one two\n\tfour\n  \none\ttwo\tone\n"
    done = run_hw("sample", "-m", reader_h5, "--seed", 1, "--wrap", 9, stdin=text)
    kept = [
        (header["text"], header.get("indent")) for header in map(json.loads, done.lines) if "text" in header
    ]
    lines = [("three", 2), ("one two", 2), ("four", 4), ("", None), ("one two", None), ("one", None)]
    assert kept == [("one two", None), *lines]
    assert done.err.count("a tab is written as a blank, and columns are not kept") == 1
    assert "<stdin>, line 5: a tab" in done.err


def test_a_line_far_to_the_right_keeps_half_of_the_width_to_wrap_in(run_hw: RunHw, reader_h5: Path) -> None:
    done = run_hw("sample", "-m", reader_h5, "--seed", 1, "--wrap", 14, stdin=f"{' ' * 40}one two three\n")
    headers = [header for header in map(json.loads, done.lines) if "text" in header]
    assert [(header["text"], header["indent"]) for header in headers] == [("one two", 7), ("three", 7)]


def test_a_table_is_told_to_be_written_as_it_stands(run_hw: RunHw, reader_h5: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.csv").write_text("id,text\n")
    common = ["sample", "-m", reader_h5, "--seed", 1, "--missing", "skip", "--points", 9]
    told = run_hw(*common, "--text-file", tmp_path / "texts.csv").err
    assert "texts.csv: lines of a table are written as they stand" in told
    assert "table" not in run_hw(*common, "--text-file", "-", stdin="id,text\n").err


def test_a_line_too_long_to_stay_legible_is_told_of_once(run_hw: RunHw, reader_h5: Path) -> None:
    common, long = (
        ["sample", "-m", reader_h5, "--seed", 1, "--best-of", 1, "--points", 5, "--text-file", "-"],
        "word " * 30,
    )
    told = run_hw(*common, stdin=f"short\n{long}\n{long}\n").err
    assert told.count("--wrap") == 1
    assert "line 2: 149 characters" in told
    assert "will not stay legible" not in run_hw(*common, "--wrap", 60, stdin=long).err


def test_a_line_that_no_drawing_could_hold_is_refused(run_hw: RunHw, reader_h5: Path) -> None:
    long = "word " * 2400
    failed = run_hw("sample", "-m", reader_h5, "--seed", 1, stdin=f"short\n{long}\n", code=1)
    assert failed.err.startswith("hw: <stdin>:2: 11999 characters in a line")
    assert "--wrap" in failed.err


def test_lines_that_cannot_be_written_are_left_out_and_counted_when_that_is_asked_for(
    run_hw: RunHw, reader_h5: Path
) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1, "--skip-bad"]
    done = run_hw(*common, stdin="one\nnot ש here\n".encode() + b"three\xff\nfour\n")
    assert texts_of(done.lines) == ["one", "four"]
    assert [header["drawing"] for header, _ in drawings_of(done.lines)] == ["sample-1", "sample-2"]
    assert "2 bad lines left out, the first: <stdin>: line 2, column 5: 'ש'" in done.err
    assert "no text in <stdin>" in run_hw(*common, stdin=b"\xff\n", code=1).err


def test_a_text_of_the_command_line_that_is_not_utf_8_is_told(run_hw: RunHw, reader_h5: Path) -> None:
    failed = run_hw("sample", "-m", reader_h5, os.fsdecode(b"a\xffb"), code=1)
    assert failed.err == "hw: TEXT: not UTF-8 text\n"


@pytest.mark.parametrize(
    "options", [["--text-file", "nowhere"], ["--style", "nobody", "a"], ["a ש b"]], ids=str
)
def test_the_seed_is_told_of_a_run_that_begins_and_of_no_other(
    run_hw: RunHw, reader_h5: Path, options: list[str]
) -> None:
    failed = run_hw("sample", "-m", reader_h5, *options, code=1)
    assert failed.err.count("\n") == 1
    done = run_hw("sample", "-m", reader_h5, "a")
    header = json.loads(done.lines[0])
    assert done.err.splitlines()[0] == f"seed {header['seed']}"


def test_a_text_that_begins_with_a_hyphen_stands_after_two(run_hw: RunHw, reader_h5: Path) -> None:
    assert "begins with a hyphen comes after --" in run_hw("sample", "-m", reader_h5, "-5 degrees", code=2).err
    done = run_hw("sample", "-m", reader_h5, "--seed", 1, "--", "-5 degrees")
    assert texts_of(done.lines) == ["-5 degrees"]


def test_a_text_that_is_the_name_of_a_file_is_written_and_told_of(
    run_hw: RunHw, reader_h5: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ann,")
    done = run_hw("sample", "-m", reader_h5, "--seed", 1, "letter.txt", cwd=tmp_path)
    assert texts_of(done.lines) == ["letter.txt"]
    assert "--text-file" in done.err


def test_what_is_not_among_the_characters_is_transliterated_and_told(run_hw: RunHw, reader_h5: Path) -> None:
    done = run_hw("sample", "-m", reader_h5, "“ﬁne”", "--seed", 1)
    assert texts_of(done.lines) == ['"fine"']
    assert "U+FB01" in done.err


def test_accents_are_set_on_the_letters_that_are_written_without_them(run_hw: RunHw) -> None:
    def drawing(text: str, *options: object) -> tuple[str, Any]:
        done = run_hw("sample", text, "--seed", 1, "-q", *options)
        ((header, points),) = drawings_of(done.lines)
        return header["text"], points

    plain, accented = drawing("a cafe by the sea"), drawing("a cafe\u0301 by the sea")
    assert (plain[0], accented[0]) == ("a cafe by the sea", "a café by the sea")
    added = [point for point in accented[1] if point not in plain[1]]
    first = accented[1].index(added[0])
    assert accented[1][first : first + len(added)] == added
    assert accented[1][:first] + accented[1][first + len(added) :] == plain[1]
    assert [point[2] for point in added] == [0] * (len(added) - 1) + [1]
    assert drawing("a café by the sea") == accented


def test_the_last_letter_of_a_short_text_has_its_mark(run_hw: RunHw) -> None:
    def strokes(text: str) -> list[int]:
        done = run_hw("sample", text, "-n", 6, "--own-hands", "--seed", 4, "-q")
        return [sum(int(point[2]) for point in points) for _, points in drawings_of(done.lines)]

    assert strokes("né") == [count + 1 for count in strokes("ne")]


def test_a_sign_stands_in_what_is_written_without_it_and_moves_the_rest(run_hw: RunHw) -> None:
    def drawing(text: str) -> tuple[str, list[list[float]]]:
        done = run_hw("sample", text, "--seed", 1, "-q")
        ((header, points),) = drawings_of(done.lines)
        return header["text"], points

    plain, signed = drawing("up 25 now"), drawing("up £25 now")
    assert (plain[0], signed[0]) == ("up 25 now", "up £25 now")
    first = next(place for place, point in enumerate(signed[1]) if point not in plain[1])
    count = len(signed[1]) - len(plain[1])
    assert signed[1][:first] == plain[1][:first]
    rest = [
        (new[0] - old[0], new[1:])
        for new, old in zip(signed[1][first + count :], plain[1][first:], strict=True)
    ]
    assert [lasting for _, lasting in rest] == [old[1:] for old in plain[1][first:]]
    moved = [far for far, _ in rest]
    assert min(moved) == pytest.approx(max(moved), abs=0.01)
    assert min(moved) > 0


def test_a_text_of_many_signs_has_points_enough(run_hw: RunHw) -> None:
    done = run_hw("sample", f"{'→' * 12} {'☺' * 12} a", "--seed", 2, "--strict")
    assert texts_of(done.lines) == [f"{'→' * 12} {'☺' * 12} a"]
    assert len(drawings_of(done.lines)[0][1]) > 500


def test_accents_for_which_no_points_are_left_are_told_of(run_hw: RunHw) -> None:
    whole = drawings_of(run_hw("sample", "né", "--seed", 1, "-q").lines)[0][1]
    done = run_hw("sample", "né", "--seed", 1, "--strict", "--points", len(whole) - 1, code=1)
    assert "no points left for its accents" in done.err
    assert len(drawings_of(done.lines)[0][1]) < len(whole) - 1


def test_a_text_of_many_signs_has_points_for_them_all(run_hw: RunHw) -> None:
    for text in ("☺☺☺ ☺☺☺ a", "☐ ☐ ☐ ☐ ☐ ☐ ☐ ☐ a"):
        assert (
            run_hw("sample", text, "--seed", 5, "--own-hands", "--best-of", 1).err.count("no points left") == 0
        )


def test_what_cannot_be_written_is_an_error_with_its_place_or_left_out_or_replaced(
    run_hw: RunHw, reader_h5: Path
) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1]
    failed = run_hw(*common, stdin="fine\nnot ש here\n", code=1)
    assert "line 2, column 5: 'ש' U+05E9" in failed.err
    assert failed.err.startswith("hw: <stdin>: ")
    assert failed.err.count("\n") == 1
    assert texts_of(run_hw(*common, "--missing", "skip", "a ש b").lines) == ["a b"]
    assert texts_of(run_hw(*common, "--missing", "replace", "a ש b").lines) == ["a ? b"]
    assert "not UTF-8" in run_hw(*common, stdin=b"\xff\xfe\n", code=1).err


def test_each_text_n_times(run_hw: RunHw, reader_h5: Path) -> None:
    drawings = drawings_of(run_hw("sample", "-m", reader_h5, "a", "b", "-n", 2, "--seed", 1).lines)
    assert [header["text"] for header, _ in drawings] == ["a", "a", "b", "b"]
    assert [header["drawing"] for header, _ in drawings] == [f"sample-{i}" for i in (1, 2, 3, 4)]
    assert drawings[0][1] != drawings[1][1]


# --- whose hand it is --------------------------------------------------------------------------------------


def test_a_prime_whose_text_is_known_gives_its_hand_and_its_size(run_hw: RunHw, reader_h5: Path) -> None:
    def drawing(prime: bytes, *options: object) -> tuple[dict[str, Any], Any]:
        common = ["sample", "-m", reader_h5, "--prime", "-", "new words", "--seed", 1]
        ((header, points),) = drawings_of(run_hw(*common, *options, stdin=prime).lines)
        return header, np.array(points)

    header, points = drawing(PRIME)
    assert (header["text"], header["prime"]) == ("new words", "given")
    assert "prime_points" not in header
    assert points[0, 0] == 0
    np.testing.assert_array_equal(drawing(PRIME, "--text", "what it says")[1], points)
    other = drawing(PRIME, "--text", "something else")[1]
    assert other.shape != points.shape or (other != points).any()
    # The same ink in another unit: the same drawing in that unit, but for the last digits of float32.
    twice = PRIME.replace(b"10,", b"20,").replace(b"14", b"28").replace(b"31", b"62").replace(b"45", b"90")
    twice = (
        twice.replace(b"70", b"140").replace(b"20.5", b"41").replace(b":60", b":120").replace(b":12,", b":24,")
    )
    twice = twice.replace(b":30", b":60").replace(b"41.25", b"82.5")
    np.testing.assert_allclose(drawing(twice)[1][:20, :2], 2 * points[:20, :2], rtol=1e-2, atol=0.5)


def test_a_prime_goes_on_when_there_is_no_text_to_write(run_hw: RunHw, reader_h5: Path) -> None:
    done = run_hw("sample", "-m", reader_h5, "--prime", "-", "--points", 7, "--seed", 1, stdin=PRIME)
    ((header, points),) = drawings_of(done.lines)
    assert header["text"] == ""
    assert header["prime_points"] == 5
    assert points[:2] == [(10, 20.5, 0), (14, 60, 0)]
    assert len(points) == 12


def test_a_prime_with_times_can_be_cut_short(run_hw: RunHw, reader_h5: Path) -> None:
    timed = PRIME.replace(b'"up":0}', b'"up":0,"t":1.5,"p":0.5}')
    options = ["--prime", "-", "--prime-points", 3, "--points", 4, "--seed", 1]
    ((header, points),) = drawings_of(run_hw("sample", "-m", reader_h5, *options, stdin=timed).lines)
    assert header["prime_points"] == 3
    assert len(points) == 7


def test_of_a_prime_that_is_cut_short_the_header_does_not_tell_what_it_says(
    run_hw: RunHw, reader_h5: Path
) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1, "--prime", "-", "new"]
    failed = run_hw(*common, "--prime-points", 3, stdin=PRIME, code=2)
    assert "--prime-points cuts a prime: --text tells what is left" in failed.err
    assert texts_of(run_hw(*common, "--prime-points", 3, "--text", "w", stdin=PRIME).lines) == ["new"]
    assert texts_of(run_hw(*common, "--prime-points", 5, stdin=PRIME).lines) == ["new"]


def test_a_prime_with_less_ink_than_its_text_is_told(run_hw: RunHw, reader_h5: Path) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1, "--prime", "-", "new"]
    told = "the prime given has too little ink for a text of 12 characters: was it cut short?"
    assert told in run_hw(*common, stdin=PRIME).err
    assert "cut short" not in run_hw(*common, "--text", "w", stdin=PRIME).err


def test_a_prime_of_whose_text_the_model_knows_nothing_is_no_hand(run_hw: RunHw, reader_h5: Path) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1, "--prime", "-", "new"]
    failed = run_hw(*common, "--text", "日本", stdin=PRIME, code=1)
    assert "the prime given says '日本', of which the model knows no character" in failed.err
    assert texts_of(run_hw(*common, "--text", "日本 w", stdin=PRIME).lines) == ["new"]


def test_a_hand_is_kept_beside_the_ink_and_not_in_its_place(
    run_hw: RunHw, reader_h5: Path, tmp_path: Path
) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1, "a"]
    assert "both go to standard output" in run_hw(*common, "--save-style", "-", code=2).err
    same = ["-o", tmp_path / "s.jsonl", "--save-style", tmp_path / "." / "s.jsonl"]
    assert "name two files" in run_hw(*common, *same, code=2).err
    nowhere = ["-o", tmp_path / "s.jsonl", "--save-style", tmp_path / "nowhere" / "s.jsonl"]
    assert "nowhere/s.jsonl: No such file or directory" in run_hw(*common, *nowhere, code=1).err
    assert not list(tmp_path.iterdir())
    run_hw(*common, "-o", tmp_path / "ink.jsonl", "--save-style", "-")


def test_text_in_the_hand_of_a_prime_may_come_on_standard_input(
    run_hw: RunHw, reader_h5: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.jsonl").write_bytes(PRIME)
    common = ["sample", "-m", reader_h5, "--prime", tmp_path / "p.jsonl", "--seed", 1]
    done = run_hw(*common, "--text", "what it says", stdin="new\nwords\n")
    assert texts_of(done.lines) == ["new", "words"]
    assert done.out == run_hw(*common, "new", "words").out


def test_lines_are_in_one_hand_that_depends_on_the_seed_alone(run_hw: RunHw, reader_h5: Path) -> None:
    """Line 2 of two calls with the same seed is the same, whatever line 1 says; and its hand can be kept."""
    common = ["sample", "-m", reader_h5, "--seed", 4]
    first, second = (drawings_of(run_hw(*common, text, "the same").lines) for text in ("one", "another one"))
    assert first[1] == second[1]
    own = drawings_of(run_hw(*common, "--own-hands", "one", "the same").lines)
    assert own[1][1] != first[1][1]


def test_a_hand_that_was_kept_is_the_one_that_was_written_in(
    run_hw: RunHw, reader_h5: Path, tmp_path: Path
) -> None:
    style = tmp_path / "mine.jsonl"
    common = ["sample", "-m", reader_h5, "--seed", 4, "one", "two"]
    made = drawings_of(run_hw(*common, "--save-style", style).lines)
    again = drawings_of(run_hw(*common, "--style", style).lines)
    assert {header["style"] for header, _ in again} == {"mine"}
    assert [len(points) for _, points in again] == [len(points) for _, points in made]
    for (_, ours), (_, theirs) in zip(made, again, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=2)
    assert "exists" in run_hw(*common, "--save-style", style, code=1).err
    assert "mine" in run_hw("info", style).text or style.stat().st_size


def test_a_single_text_is_the_hand_that_is_kept(run_hw: RunHw, reader_h5: Path, tmp_path: Path) -> None:
    style = tmp_path / "one.jsonl"
    done = run_hw("sample", "-m", reader_h5, "--seed", 4, "only this", "--save-style", style)
    ((header, points),) = drawings_of(style.read_text().splitlines())
    assert header["text"] == "only this"
    assert points == drawings_of(done.lines)[0][1]


@pytest.mark.parametrize("text", ["?", " ok ", "...", "→ ok →"])
def test_a_text_of_few_characters_is_written_in_a_hand_that_lines_are_written_in(
    run_hw: RunHw, reader_h5: Path, tmp_path: Path, text: str
) -> None:
    """It would not make a hand: of the bundled model "." came out as t, "..." as two letters."""
    common, style = ["sample", "-m", reader_h5, "--seed", 4], tmp_path / "one.jsonl"
    alone = drawings_of(run_hw(*common, text, "--save-style", style).lines)
    assert alone == drawings_of(run_hw(*common, text, "a second").lines)[:1]
    assert drawings_of(style.read_text().splitlines())[0][0]["text"] == HAND_TEXT


@pytest.mark.parametrize(
    ("characters", "hand"),
    [("0123456789 ", "0123456789"), ("012345678m", "m012345678"), ("abc\u00e9 ", "abc\u00e9")],
)
def test_a_network_with_other_characters_makes_up_hands_with_them(
    run_hw: RunHw, tmp_path: Path, characters: str, hand: str
) -> None:
    network = {"layers": 1, "units": 4, "mixtures": 1, "window": 1, "characters": characters}
    config = Config().updated({"network": network})
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(config.network).items()}
    with (tmp_path / "other.h5").open("w+b") as file:
        write_model(file, Model(config, Scale((0, 0), (1, 1)), weights))
    ask = ["sample", "-m", tmp_path / "other.h5", "--seed", 1, "--save-style", tmp_path / "hand.jsonl"]
    done = run_hw(*ask, characters[0], characters[1:3])
    assert texts_of(done.lines) == [characters[0], characters[1:3]]
    assert json.loads((tmp_path / "hand.jsonl").read_bytes().splitlines()[0])["text"] == hand


def test_a_style_that_is_none_is_refused(run_hw: RunHw, reader_h5: Path, tmp_path: Path) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 1, "a"]
    assert "no style 'nobody'" in run_hw(*common, "--style", "nobody", code=1).err
    silent = tmp_path / "silent.jsonl"
    silent.write_bytes(PRIME.replace(b"what it says", b""))
    assert "whose header says its text" in run_hw(*common, "--style", silent, code=1).err
    dot = tmp_path / "dot.jsonl"
    dot.write_bytes(b"".join(PRIME.splitlines(keepends=True)[:2]))
    assert "ink of two points and more" in run_hw(*common, "--style", dot, code=1).err
    failed = run_hw(*common, "--prime", silent, code=2)
    assert "what does given say? --text tells" in failed.err


# --- takes, shards, failures -------------------------------------------------------------------------------


def test_the_first_words_are_out_before_the_last_are_written(reader_h5: Path) -> None:
    """Of a text that would take a minute the first points are read, and then the pipe is closed."""
    command = sample_command("-m", reader_h5, "some words " * 400, "--seed", 1)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        header = json.loads(process.stdout.readline())
        assert len(header["text"]) > 4000
        assert json.loads(process.stdout.readline())["x"] == 0
        assert process.poll() is None
        process.stdout.close()
        assert process.wait(60) == -signal.SIGPIPE


@pytest.mark.parametrize("options", [[], ["--own-hands"], ["--best-of", 2], ["-n", 3]], ids=str)
def test_the_shards_of_a_run_are_together_the_run(run_hw: RunHw, reader_h5: Path, options: list[Any]) -> None:
    lines = "".join(f"line number {i}\n\n" for i in range(7))
    common = ["sample", "-m", reader_h5, "--seed", 1, "--text-file", "-", *options]
    whole = drawings_of(run_hw(*common, stdin=lines).lines)
    parts = [drawings_of(run_hw(*common, "--shard", f"{i}/3", stdin=lines).lines) for i in (1, 2, 3)]
    for i, part in enumerate(parts):
        assert part == whole[i::3]


def test_a_text_that_does_not_end_is_told_and_fails_under_strict(run_hw: RunHw, stuck_h5: Path) -> None:
    common = ["sample", "-m", stuck_h5, "ab", "--seed", 1]
    done = run_hw(*common)
    assert "sample-1 (ab): it does not come to its end" in done.err
    failed = run_hw(*common, "--strict", code=1)
    assert "1 of 1 drawing did not come out well" in failed.err
    assert failed.out == done.out


def test_a_text_that_is_cut_off_by_points_is_told_to_be(run_hw: RunHw, stuck_h5: Path) -> None:
    done = run_hw("sample", "-m", stuck_h5, "ab", "--seed", 1, "--points", 40)
    assert done.err == "hw: warning: sample-1 (ab): cut off after the 40 of --points\n"
    assert len(drawings_of(done.lines)[0][1]) == 40


def test_a_model_without_a_window_writes_no_text(run_hw: RunHw, model_h5: Path) -> None:
    assert "was trained without text" in run_hw("sample", "-m", model_h5, "hello", code=2).err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["a", "--text-file", "-"], "not both"),
        (["a", "--missing", "guess"], "'error', 'skip', 'replace'"),
        (["a", "--text", "b"], "need a --prime"),
        (["a", "--style", "x", "--own-hands"], "give one of them"),
        (["a", "--save-style", "x", "-n", "2"], "the one hand"),
        (["a", "--shard", "0/3"], "from 1 to N"),
        (["a", "--shard", "3"], "write I/N"),
        (["a", "--shard", "1/" + 5000 * "9"], "write I/N"),
        (["a", "--shard", "4/3"], "from 1 to N"),
        (["a", "--shard", "2/3"], "the same --seed"),
        (["a", "--best-of", "0"], "--best-of"),
        (["a", "--wrap", "0"], "--wrap"),
        (["a", "--wrap", "x"], "'x' is not a whole number"),
        (["a", "--bias", "x"], "'x' is not a number"),
        (["-n", "2", "--missing", "skip"], "--missing is of texts that are written"),
        (["-n", "2", "--best-of", "8"], "--best-of is of texts"),
        (["-n", "2", "--rank", "reader"], "--rank is of texts"),
        (["--prime", "-", "--strict"], "--strict is of texts"),
        (["--prime", "-", "--no-prime-out", "a"], "with a text no prime comes out"),
        (["--prime", "-", "--text-file", "-"], "cannot both come on standard input"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(
    run_hw: RunHw, reader_h5: Path, options: list[str], complaint: str
) -> None:
    failed = run_hw("sample", "-m", reader_h5, *options, code=2)
    assert complaint in failed.err
    assert failed.err.count("\n") == 1
    assert failed.out == b""


# --- examples ----------------------------------------------------------------------------------------------


def test_the_parts_of_a_job_array_are_what_one_process_writes(
    run_hw: RunHw, reader_h5: Path, root: Path, tmp_path: Path
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("".join(f"{name}\n" for name in ("one", "two", "", *"abcdefghi")))
    options = ["--text-file", lines, "--own-hands", "--seed", 3]
    run = run_hw("sample", "-m", reader_h5, *options)
    whole = drawings_of(run.lines)

    def parts(script: str, folder: str, *arguments: str, **settings: str) -> list[Any]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = hw_environment(PATH=path, MODEL=str(reader_h5), TEXTS=str(lines), SEED="3", **settings)
        subprocess.run(["sh", root / "examples" / script, tmp_path / folder, *arguments], env=env, check=True)
        found = sorted((tmp_path / folder).glob("[0-9].jsonl"))
        return [drawings_of(part.read_text().splitlines()) for part in found]

    assert parts("shard_xargs.sh", "xargs", PARTS="2", JOBS="1") == [whole[::2], whole[1::2]]
    assert (tmp_path / "xargs" / "all.jsonl").read_bytes() == run.out
    slurm = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3"}
    assert parts("shard_slurm.sh", "slurm", **slurm) == [whole[1::3]]
    again = slurm | {"SLURM_ARRAY_TASK_COUNT": "1"}
    assert parts("shard_slurm.sh", "slurm", PARTS="3", **again) == [whole[1::3]]
    # As Spark's pipe hands a partition, the number of a part, to the command of hw-sample(1).
    command = ["xargs", "-I{}", *sample_command("-m", reader_h5, *options, "--shard", "{}/3")]
    piped = subprocess.run(command, input=b"2\n", stdout=subprocess.PIPE, env=hw_environment(), check=True)
    assert drawings_of(piped.stdout.decode().splitlines()) == whole[1::3]
    if shutil.which("parallel"):
        assert parts("shard_parallel.sh", "parallel", PARTS="2") == [whole[::2], whole[1::2]]
        assert (tmp_path / "parallel" / "all.jsonl").read_bytes() == run.out


def test_headers_name_the_hand_that_was_made_up_for_several_lines(run_hw: RunHw, reader_h5: Path) -> None:
    common = ["sample", "-m", reader_h5, "--seed", 5]
    hands = [header["hand"] for header, _ in drawings_of(run_hw(*common, "one", "two", "-n", 2).lines)]
    assert sorted(hands) == ["hand-5", "hand-5", "hand-5-2", "hand-5-2"]
    for alone in (["one line"], ["one", "two", "--own-hands"]):
        assert all("hand" not in header for header, _ in drawings_of(run_hw(*common, *alone).lines))
