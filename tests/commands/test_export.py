"""``hw export`` as it is used."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwcli.ink import Drawing
from hwcli.ink.jsonl import read_drawings
from hwcli.ink.reading import open_ink, read_any


def drawings(content: bytes) -> list[Drawing]:
    return list(read_drawings(io.BytesIO(content), "f"))


def test_all_or_some_or_the_first(run_hw: Callable[..., Any], ink_h5: Path) -> None:
    assert len(drawings(run_hw("export", ink_h5).out)) == 24
    some = drawings(run_hw("export", ink_h5, "made-0009", "made-0003").out)
    assert [drawing.id for drawing in some] == ["made-0009", "made-0003"]
    assert len(drawings(run_hw("export", ink_h5, "--limit", 2).out)) == 2
    assert len(drawings(run_hw("export", "-", "made-0003", stdin=ink_h5.read_bytes()).out)) == 1


def test_a_second_file_is_told_to_be_one(run_hw: Callable[..., Any], ink_jsonl: Path, ink_h5: Path) -> None:
    failed = run_hw("export", ink_h5, ink_jsonl, code=1)
    assert (
        f"no drawing '{ink_jsonl}', which is a file: hw export takes one file; hw ingest merges" in failed.err
    )


def test_all_lines_of_a_form(run_hw: Callable[..., Any], iam_tree: Path, tmp_path: Path) -> None:
    run_hw("ingest", iam_tree, "-o", tmp_path / "iam.h5")
    found = drawings(run_hw("export", tmp_path / "iam.h5", "a01-003").out)
    assert [drawing.id for drawing in found] == [f"a01-003-0{number}" for number in (1, 2, 3, 4)]


def test_other_ink_can_be_exported_too(run_hw: Callable[..., Any], ink_jsonl: Path, ink_h5: Path) -> None:
    one = drawings(run_hw("export", ink_jsonl, "made-0002", "made-0001").out)
    other = drawings(run_hw("export", ink_h5, "made-0002", "made-0001").out)
    assert [drawing.text for drawing in one] == [drawing.text for drawing in other]


def test_an_unknown_id_is_named(
    run_hw: Callable[..., Any], ink_h5: Path, ink_jsonl: Path, tmp_path: Path
) -> None:
    for source in (ink_h5, ink_jsonl):
        done = run_hw("export", source, "made-0001", "nobody", "-o", tmp_path / "x.jsonl", code=1)
        assert "'nobody'" in done.err
        assert done.err.count("\n") == 1
        assert done.out == b""
        assert not (tmp_path / "x.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "option", "start"),
    [
        ("a.jsonl", (), b'{"drawing"'),
        ("a.inkml", (), b"<?xml"),
        ("a.npz", (), b"PK"),
        ("a.other", (), b'{"drawing"'),
        ("a.jsonl", ("--format", "inkml"), b"<?xml"),
    ],
)
def test_the_format_is_told_by_option_or_suffix(
    run_hw: Callable[..., Any], ink_h5: Path, tmp_path: Path, name: str, option: tuple[str, ...], start: bytes
) -> None:
    run_hw("export", ink_h5, "-o", tmp_path / name, *option)
    assert (tmp_path / name).read_bytes().startswith(start)
    with open_ink(tmp_path / name) as ink, open_ink(ink_h5) as own:
        for one, other in zip(own, ink, strict=True):
            moved = one.points[:, :2] - (one.points[0, :2] if start == b"PK" else 0)
            np.testing.assert_allclose(other.points[:, :2], moved, atol=1e-3)


def test_head_takes_a_prime_and_nothing_is_said(ink_h5: Path) -> None:
    command = f"'{sys.executable}' -m hwcli export '{ink_h5}' | head -n 51"
    shell = "set -o pipefail; " + command + '; echo "${PIPESTATUS[0]}" >&2'
    done = subprocess.run(["bash", "-c", shell], capture_output=True)
    (prime,) = drawings(done.stdout)
    assert len(prime) == 50
    assert done.stderr in (b"141\n", b"0\n")


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x89HDF\r\n\x1a\n", b"[1]\n"])
def test_bad_input_is_one_clear_line(run_hw: Callable[..., Any], tmp_path: Path, content: bytes) -> None:
    done = run_hw("export", "-", "-o", tmp_path / "x.jsonl", stdin=content, code=1)
    assert done.err.startswith("hw: <stdin>")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "x.jsonl").exists()


def test_wrong_usage(run_hw: Callable[..., Any], ink_h5: Path) -> None:
    run_hw("export", code=2)
    run_hw("export", ink_h5, "--limit", 0, code=2)
    run_hw("export", ink_h5, "--format", "docx", code=2)
    assert "ID is empty" in run_hw("export", ink_h5, "", code=2).err


@pytest.mark.parametrize("name", ["a.h5", "a.SVG", "a.png"])
def test_a_file_of_another_command_is_not_made_under_its_suffix(
    run_hw: Callable[..., Any], ink_h5: Path, tmp_path: Path, name: str
) -> None:
    assert "makes" in run_hw("export", ink_h5, "-o", tmp_path / name, code=2).err
    assert not (tmp_path / name).exists()
    run_hw("export", ink_h5, "-o", tmp_path / name, "--format", "jsonl")


def test_a_table_is_not_written(run_hw: Callable[..., Any], ink_h5: Path, tmp_path: Path) -> None:
    failed = run_hw("export", ink_h5, "-o", tmp_path / "a.csv", code=2)
    assert "no table is written; --format says which of jsonl, inkml, stroke3 it is" in failed.err
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("ending", ["jsonl", "inkml", "stroke3"])
def test_bad_records_may_be_left_out(run_hw: Callable[..., Any], ending: str) -> None:
    one, bad, other = (
        '{"drawing":"a"}\n[0,0,0]\n[9,9,1]\n',
        '{"drawing":"b"}\n[0,"x",0]\n[1,1,1]\n',
        '{"drawing":"c"}\n[1,1,1]\n',
    )
    failed = run_hw("export", "-", "--format", ending, stdin=one + bad + other, code=1)
    assert failed.err.count("\n") == 1
    done = run_hw("export", "-", "--format", ending, "--skip-bad", stdin=one + bad + other)
    assert "<stdin>:5: " in done.err
    assert [len(drawing) for drawing in read_any(io.BytesIO(done.out), "f")] == [2, 1, 1]
    found = run_hw("info", "-", "--skip-bad", stdin=one + bad + other)
    assert "drawings          3\n" in found.text
    assert "left out" in found.err
