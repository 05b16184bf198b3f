"""One's own hand in ``hw sample``: primes of several lines, and styles that are found by name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import RunHw, ink_json_lines

from hwcli.model.hand import bundled_model

WRITE = ["sample", "--seed", 1, "--best-of", 1, "--points", 60]


def headers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if '"drawing"' in line]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has no styles as yet."""
    return {"XDG_DATA_HOME": str(tmp_path / "share")}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Twelve lines by one hand, with their texts."""
    path = tmp_path / "mine.jsonl"
    path.write_bytes(ink_json_lines(12))
    return path


def test_a_prime_of_several_lines_is_one_hand_and_kept_by_name(
    run_hw: RunHw, home: dict[str, str], mine: Path
) -> None:
    done = run_hw(*WRITE, "--prime", mine, "--save-style", "me", "ab", "cd", env=home)
    made = headers(done.text)
    assert [header["text"] for header in made] == ["ab", "cd"]
    count = made[0]["prime_lines"]
    assert 1 < count < 12
    assert made[0]["prime"] == f"made-{13 - count:04}"
    assert "--style me" in done.err

    kept = headers((Path(home["XDG_DATA_HOME"]) / "hw" / "styles" / "me.jsonl").read_text())
    texts = [header["text"] for header in headers(mine.read_text())]
    assert kept[0]["text"] == " ".join(texts[-count:])
    again = run_hw(*WRITE, "--style", "me", "ab", "cd", env=home)
    assert {header["style"] for header in headers(again.text)} == {"me"}
    assert again.text.count("\n") == done.text.count("\n")

    assert "me\t" in run_hw("styles", env=home).text
    assert ">me<" in run_hw("styles", "--sheet", env=home).text
    assert "exists" in run_hw(*WRITE, "--save-style", "me", "ab", env=home, code=1).err


def test_a_model_reads_as_many_lines_as_it_was_trained_to(run_hw: RunHw, mine: Path) -> None:
    (header,) = headers(run_hw("sample", "--seed", 1, "--best-of", 1, "--prime", mine, "ab").text)
    assert header["prime_lines"] == bundled_model().config.data.lines_before == 2


def test_a_text_is_written_in_each_of_several_hands_when_that_is_asked_for(run_hw: RunHw, mine: Path) -> None:
    done = run_hw(*WRITE, "--prime", "-", "--own-hands", "ab", stdin=ink_json_lines(2))
    assert [header["prime"] for header in headers(done.text)] == ["made-0001", "made-0002"]
    assert "what one prime says" in run_hw(*WRITE, "--prime", mine, "--text", "a", "b", code=2).err


def test_one_text_is_not_what_several_primes_say(run_hw: RunHw, mine: Path) -> None:
    for hands in ([], ["--own-hands"]):
        failed = run_hw(*WRITE, "--prime", mine, "--text", "ab", *hands, "new", code=2)
        assert "--text tells what one prime says; there are " in failed.err


def test_a_line_that_was_written_again_is_no_prime(run_hw: RunHw, mine: Path) -> None:
    lines = [line for line in mine.read_text().splitlines() if line]
    starts = [place for place, line in enumerate(lines) if '"drawing"' in line][:3]
    first, second = lines[starts[0] : starts[1]], lines[starts[1] : starts[2]]
    for part, more in ((first, {}), (second, {"replaces": "made-0001"})):
        part[0] = json.dumps({**json.loads(part[0]), "source": "hw collect", **more})
    notebook = "\n".join([*first, *second]) + "\n"
    made = headers(run_hw(*WRITE, "--prime", "-", "ab", stdin=notebook).text)
    assert [header["prime"] for header in made] == ["made-0002"]
    assert "prime_lines" not in made[0]


def test_a_style_that_is_damaged_does_not_hide_the_others(run_hw: RunHw, home: dict[str, str]) -> None:
    folder = Path(home["XDG_DATA_HOME"]) / "hw" / "styles"
    folder.mkdir(parents=True)
    (folder / "bad.jsonl").write_text("junk\n")
    listed = run_hw("styles", env=home)
    assert "ann\t" in listed.text
    assert "bad\t" not in listed.text
    assert "bad.jsonl" in listed.err
    assert "(left out)" in listed.err


def test_only_what_a_style_may_be_called_is_one_and_each_is_a_line(
    run_hw: RunHw, home: dict[str, str], mine: Path
) -> None:
    before = run_hw("styles", env=home).lines
    folder = Path(home["XDG_DATA_HOME"]) / "hw" / "styles"
    folder.mkdir(parents=True)
    header, *points = mine.read_text().splitlines()
    named = json.dumps({**json.loads(header), "text": "two\nlines \x1b[31m"})
    for name in (b"me", b"my style", b".me", b"-me", b"m\xff", b"m\nf"):
        (folder / os.fsdecode(name + b".jsonl")).write_text("\n".join([named, *points[:40]]) + "\n")
    assert set(run_hw("styles", env=home).lines) - set(before) == {"me\ttwo\\nlines \\x1b[31m"}
    assert "my style, " not in run_hw(*WRITE, "--style", "my style", "a", env=home, code=1).err


def test_ink_of_any_kind_with_a_text_is_a_style(run_hw: RunHw, ink_h5: Path) -> None:
    made = headers(run_hw(*WRITE, "--style", ink_h5, "ab").text)
    assert [(header["text"], header["style"]) for header in made] == [("ab", "ink")]


def test_names_that_are_taken_or_unknown_are_told(run_hw: RunHw, home: dict[str, str]) -> None:
    style = run_hw("styles", env=home).lines[0].split("\t")[0]
    assert "comes along" in run_hw(*WRITE, "--save-style", style, "a", env=home, code=2).err
    assert "no style 'me'" in run_hw(*WRITE, "--style", "me", "a", env=home, code=1).err
    assert "no style ''" in run_hw(*WRITE, "--style", "", "a", env=home, code=1).err
