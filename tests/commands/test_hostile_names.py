"""Names that come with the ink: they name drawings, never files, and cannot break a message into two."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

NAMES = [
    "../../evil", "/tmp/evil", "a/b/c", "two\nlines", "back\rand\x1b[31mred", "..", ".", "-o", "--force",
    "%s{0}", "x" * 5000, "\u2028\x85", "CON", "~root", "$(touch evil)", "'\"`;",
]  # fmt: skip


def ink(names: list[str]) -> bytes:
    lines = []
    for number, name in enumerate(names):
        lines.append(json.dumps({"drawing": name, "text": name, "writer": name, "source": name}))
        lines += [json.dumps([0, number, 0]), json.dumps([9, 5 + number, 1])]
    return ("\n".join(lines) + "\n").encode()


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_images_have_numbers_for_names(run_hw: Any, tmp_path: Path, kind: str) -> None:
    (tmp_path / "here").mkdir()
    run_hw("render", "-", "--out-dir", "here/out", "--format", kind, stdin=ink(NAMES), cwd=tmp_path)
    images = {f"here/out/{number:08}.{kind}" for number in range(1, len(NAMES) + 1)}
    assert everything(tmp_path) == {"here", "here/out", "here/out/manifest.jsonl", *images}
    listed = (tmp_path / "here/out/manifest.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert [json.loads(line)["id"] for line in listed] == NAMES


def test_names_go_through_every_format_and_leave_no_file(run_hw: Any, tmp_path: Path) -> None:
    run_hw("ingest", "-", "-o", "ink.h5", stdin=ink(NAMES), cwd=tmp_path)
    back = run_hw("export", "ink.h5", cwd=tmp_path).text
    headers = [json.loads(line) for line in back.split("\n") if "drawing" in line]
    assert [header["drawing"] for header in headers] == NAMES
    for kind in ("inkml", "stroke3"):
        run_hw("export", "ink.h5", "--format", kind, "-o", f"ink.{kind}", cwd=tmp_path)
    run_hw("info", "ink.h5", cwd=tmp_path)
    assert everything(tmp_path) == {"ink.h5", "ink.inkml", "ink.stroke3"}


@pytest.mark.parametrize("name", ["two\nlines", "back\rand\x1b[31mred", "\u2028\x85", "x" * 5000])
def test_a_message_with_a_name_in_it_is_one_line(run_hw: Any, tmp_path: Path, name: str) -> None:
    done = run_hw("ingest", "-", "-o", "ink.h5", "--resample", "1e-9", stdin=ink([name]), cwd=tmp_path, code=1)
    said = done.err
    assert len(said.splitlines()) == 1
    assert said.rstrip("\n").isprintable()
    assert len(said) < 400
    assert everything(tmp_path) == set()


def test_what_a_file_holds_is_told_without_a_word_to_the_terminal(run_hw: Any, tmp_path: Path) -> None:
    """A text may hold what colours a terminal, breaks a line, or moves back in one."""
    plain = run_hw("info", "-", stdin=ink(["ab"]), cwd=tmp_path)
    told = run_hw("info", "-", stdin=ink(["a\x1b[31m\nb\r\x9b\t"]), cwd=tmp_path)
    assert len(told.lines) == len(plain.lines)
    assert told.text.replace("\n", "").isprintable()
    assert "\\n" in told.text
    assert "\\x1b" in told.text


def test_members_of_an_archive_are_read_and_never_made(run_hw: Any, tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("../../a01-000u-01.xml", "/tmp/evil/a01-000u-02.xml", "x\ny/a01-000u-03.xml"):
            member = tarfile.TarInfo(name)
            content = b"<WhiteboardCaptureSession/>"
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo("evil/a01-000u-04.xml")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    done = run_hw("ingest", "-", "-o", "ink.h5", stdin=file.getvalue(), cwd=tmp_path, code=1)
    said = done.err
    assert len(said.splitlines()) == 1
    assert everything(tmp_path) == set()
    assert not Path("/tmp/evil").exists()
