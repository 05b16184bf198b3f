"""``hw eval --legibility`` and ``--liveliness`` as a user runs them."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import CAIRO, ROOT, RunHw

pytestmark = CAIRO
READER = pytest.mark.skipif(
    find_spec("rapidocr") is None or find_spec("onnxruntime") is None,
    reason="needs the extra 'read': pip install 'hwcli[read]'",
)


@READER
def test_drawings_are_read_and_next_to_them_real_lines(run_hw: RunHw, ink_jsonl: Path, ink_h5: Path) -> None:
    done = run_hw(
        "eval", "--legibility", "--liveliness", "-", "--real", ink_h5, "--json", stdin=ink_jsonl.read_bytes()
    )
    found = json.loads(done.out)
    assert found["measured"] == found["real"]
    assert found["measured"]["lines"] == 24
    assert 0 <= found["measured"]["legibility"]["cer"] <= 2
    assert found["measured"]["variety"]["slant"]["spread"] > 0
    assert "warning" not in done.err
    table = run_hw("eval", ink_h5, "--legibility", "--limit", 5, "-v")
    assert "characters read wrong" in table.text
    assert "was read as" in table.err


def test_texts_are_written_first_as_hw_sample_does(run_hw: RunHw, texted_h5: Path, tmp_path: Path) -> None:
    texts = "One line.\nAnd two\n\nThree, four\n"
    arguments = ["eval", "--liveliness", "-m", texted_h5, "--seed", 5, "--json"]
    done = run_hw(*arguments, stdin=texts)
    found = json.loads(done.out)
    assert (found["ink"], found["model"], found["seed"]) == (None, "texted.h5", 5)
    assert (found["measured"]["lines"], found["measured"]["untexted"]) == (3, 1)
    assert run_hw(*arguments, stdin=texts).out == done.out
    ink = run_hw("sample", "-m", texted_h5, "--own-hands", "--seed", 5, stdin=texts).out
    piped = json.loads(run_hw("eval", "--liveliness", "--json", stdin=ink).out)
    assert piped["measured"] == found["measured"]
    assert (piped["model"], piped["seed"]) == (None, None)
    failed = run_hw(*arguments, stdin="fine\n中\n", code=1)
    assert "2" in failed.err
    assert "U+4E2D" in failed.err


def test_texts_are_written_as_hw_sample_is_asked_to(
    run_hw: RunHw, texted_h5: Path, ink_jsonl: Path, tmp_path: Path
) -> None:
    texts = "One line.\nAnd two ש\n"
    how = ["--bias", 0.5, "--best-of", 2, "--pen-temperature", 0.5, "--missing", "skip", "--style", "ann"]
    usual = ["-m", texted_h5, "--seed", 5, *how]
    done = run_hw("eval", "--liveliness", "--json", *usual, stdin=texts)
    found = json.loads(done.out)
    assert found["how"] == {
        "missing": "skip", "style": "ann", "bias": 0.5, "pen_temperature": 0.5, "best_of": 2, "rank": "window",
    }  # fmt: skip
    ink = run_hw("sample", *usual, stdin=texts).out
    piped = json.loads(run_hw("eval", "--liveliness", "--json", stdin=ink).out)
    assert piped["measured"] == found["measured"]
    assert piped["how"] is None
    for option, value in (("--bias", 1), ("--model", texted_h5), ("--seed", 1)):
        refused = run_hw("eval", "--liveliness", ink_jsonl, option, value, code=2)
        assert f"{option} is for texts to write" in refused.err
    refused = run_hw("eval", "--liveliness", *usual, "--lines", ink_jsonl, code=2, stdin=texts)
    assert "--lines is for ink" in refused.err


def test_with_real_lines_alone_their_texts_are_written(run_hw: RunHw, texted_h5: Path, ink_h5: Path) -> None:
    done = run_hw(
        "eval", "--liveliness", "-m", texted_h5, "--real", ink_h5, "--limit", 4, "--seed", 1, "--json"
    )
    found = json.loads(done.out)
    assert found["measured"]["lines"] == found["real"]["lines"] == 4
    assert found["ink"] is None
    assert found["measured"]["variety"] != found["real"]["variety"]
    assert "standard input is not read" not in done.err
    usual = ["eval", "--liveliness", "-m", texted_h5, "--real", ink_h5, "--limit", 2, "--seed", 1]
    assert "standard input is not read" in run_hw(*usual, stdin="not this\n").err


@READER
def test_hw_sample_keeps_the_take_that_is_read_best(run_hw: RunHw, texted_h5: Path) -> None:
    usual = ["sample", "-m", texted_h5, "--seed", 2, "--points", 40, "--best-of", 3, "oo oo", "lll"]
    by_window, by_reader = run_hw(*usual), run_hw(*usual, "--rank", "reader")
    assert json.loads(by_reader.lines[0])["rank"] == "reader"
    assert run_hw(*usual, "--rank", "reader").out == by_reader.out
    rates = [
        json.loads(run_hw("eval", "--legibility", "--json", stdin=done.out).out)["measured"]["legibility"][
            "cer"
        ]
        for done in (by_window, by_reader)
    ]
    assert rates[1] <= rates[0]
    assert "'window', 'reader'" in run_hw(*usual, "--rank", "beauty", code=2).err


@READER
def test_a_share_read_wrong_is_a_threshold(run_hw: RunHw, ink_h5: Path) -> None:
    run_hw("eval", "--legibility", ink_h5, "--limit", 3, "--max-cer", "1000%")
    failed = run_hw("eval", "--legibility", ink_h5, "--limit", 3, "--max-cer", "0", code=None)
    assert failed.code in (0, 3)
    assert ("--max-cer" in failed.err) == (failed.code == 3)


def test_messages_call_texts_as_the_user_does(run_hw: RunHw, texted_h5: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"fine\nnot \xff\n")
    common = ["eval", "--liveliness", "-m", texted_h5, tmp_path / "mine.txt"]
    assert (
        run_hw(*common, code=1).err
        == f"hw: {tmp_path}/mine.txt:2: not UTF-8 text (byte 5 of the line); save it as plain text\n"
    )
    left_out = run_hw(*common, "--skip-bad", "--seed", 1).err
    assert f"1 bad line left out, the first: {tmp_path}/mine.txt:2" in left_out
    found = json.loads(run_hw(*common, "--skip-bad", "--seed", 1, "--json").out)
    assert found["bad"] == 1


def test_liveliness_needs_no_reader(run_hw: RunHw, ink_h5: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("made-0001\nmade-0002\nmade-0003\n")
    done = run_hw("eval", "--liveliness", ink_h5, "--real", ink_h5, "--lines", lines, "--json")
    found = json.loads(done.out)
    assert (found["measured"]["lines"], found["real"]["lines"]) == (24, 3)
    assert found["measured"]["legibility"] is None
    assert (
        json.loads(run_hw("eval", "--liveliness", ink_h5, "--lines", lines, "--json").out)["measured"]["lines"]
        == 3
    )


def test_ink_far_too_long_for_its_height_is_refused_by_its_name(run_hw: RunHw) -> None:
    points = [f'{{"x":{number % 2}e6,"y":{number % 3 * 4},"up":{number % 5 // 4}}}' for number in range(600)]
    ink = "\n".join(['{"drawing":"far-out","text":"ab","version":1}', *points])
    done = run_hw("eval", "--liveliness", "-", stdin=ink.encode(), code=1)
    assert done.err.startswith("hw: drawing far-out: points 0.1 apart would be more than")


def test_drawings_without_a_text_are_told(run_hw: RunHw, ink_jsonl: Path) -> None:
    dash = b'{"drawing":"dash"}\n[0,0,0]\n[9,0,1]\n'
    done = run_hw("eval", "--liveliness", stdin=dash + ink_jsonl.read_bytes())
    assert "1 drawing without a text left out" in done.err
    assert "nothing to measure" in run_hw("eval", "--liveliness", stdin=dash, code=1).err


def test_what_is_left_out_of_the_real_lines_is_told_too(
    run_hw: RunHw, ink_jsonl: Path, ink_h5: Path, tmp_path: Path
) -> None:
    real, lines = tmp_path / "real.jsonl", tmp_path / "lines.txt"
    real.write_bytes(b'{"drawing":"dash"}\n[0,0,0]\n[9,0,1]\n[0,"bad",0]\n' + ink_jsonl.read_bytes())
    lines.write_text("dash\nmade-0001\nmade-0002\nnot-there\n")
    told = run_hw("eval", "--liveliness", ink_h5, "--real", real, "--lines", lines, "--skip-bad").err
    assert "1 bad record left out, the first:" in told
    assert "1 of the list of --lines not found, the first: not-there" in told
    real.write_bytes(b'{"drawing":"dash"}\n[0,0,0]\n[9,0,1]\n' + ink_jsonl.read_bytes())
    told = run_hw("eval", "--liveliness", ink_h5, "--real", real, "--lines", lines).err
    assert "1 drawing without a text left out of the real lines" in told


def test_too_few_lines_to_vary_are_told(run_hw: RunHw, ink_h5: Path) -> None:
    done = run_hw("eval", "--liveliness", ink_h5, "--limit", 1)
    assert "the measured lines are too few" in done.err
    assert "slant" not in done.text


@pytest.mark.parametrize(
    "options",
    [
        ["--legibility", "--max-cer", "much"], ["--legibility", "--max-cer", "-1%"],
        ["--legibility", "--max-cer", "inf"], ["--legibility", "--max-cer", "20"],
        ["--liveliness", "--max-cer", "5%"], ["--legibility", "--max-nll", "3"], ["--real", "x.h5"],
        ["--max-cer", "5%"], ["--seed", "5"],
        ["--bias", "1"], ["--best-of", "2"], ["--style", "ann"], ["--legibility", "--bias", "-1"],
        ["--legibility", "--plot", "plots"], ["--liveliness", "--scale", "1,2"],
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(run_hw: RunHw, ink_h5: Path, options: list[str]) -> None:
    failed = run_hw("eval", ink_h5, *options, code=2)
    assert failed.err.count("\n") == 1
    assert failed.out == b""


def test_without_the_extra_it_says_what_to_install(run_hw: RunHw, ink_h5: Path, tmp_path: Path) -> None:
    """A module that cannot be found stands for a package that is not installed."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['rapidocr'] = None\n")
    failed = run_hw("eval", "--legibility", ink_h5, env={"PYTHONPATH": f"{tmp_path}:{ROOT}"}, code=1)
    assert "pip install 'hwcli[read]'" in failed.err
    assert failed.err.count("\n") == 1
