"""``hw ingest`` as it is used."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesReader

LINES = '{"drawing":"a","text":"one"}\n[0,0,0]\n[10,0,1]\n{"drawing":"b"}\n[5,5,1]\n'


def strokes(path: Path) -> list[Drawing]:
    with path.open("rb") as file, StrokesReader(file, str(path)) as reader:
        return list(reader)


def ids(path: Path) -> list[str]:
    return [drawing.id for drawing in strokes(path)]


def test_archives_in_any_order_and_a_tree_give_the_same(
    run_hw: Callable[..., Any], iam_archives: Path, iam_tree: Path, tmp_path: Path
) -> None:
    archives = sorted(iam_archives.glob("*.tar.gz"))
    done = run_hw("ingest", *archives, "-o", "one.h5", cwd=tmp_path)
    run_hw("ingest", *reversed(archives), "-o", "two.h5", cwd=tmp_path)
    run_hw("ingest", iam_tree, "-o", "three.h5", cwd=tmp_path)
    run_hw("ingest", iam_archives, "-o", "four.h5", cwd=tmp_path)
    one, *others = (strokes(tmp_path / f"{name}.h5") for name in ("one", "two", "three", "four"))
    assert len(one) == 16
    assert all(drawing.text and drawing.time is not None for drawing in one)
    for other in others:
        for first, second in zip(one, other, strict=True):
            assert (first.id, first.text) == (second.id, second.text)
            np.testing.assert_array_equal(first.points, second.points)
    assert "2 sources, 16 drawings" in done.err
    assert "16 drawings with a text" in done.err
    assert done.out == b""


@pytest.mark.parametrize(("step", "is_told"), [(0.01, False), (10, True)])
def test_milliseconds_that_are_taken_for_seconds_are_told(
    run_hw: Callable[..., Any], step: float, is_told: bool, tmp_path: Path
) -> None:
    points = "".join(f'{{"x":{n},"y":{n % 7},"t":{n * step}}}\n' for n in range(40))
    told = run_hw("ingest", "-", "-o", tmp_path / "i.h5", stdin='{"drawing":"a"}\n' + points).err
    assert ("<stdin>: a has a point every 10 s: are these milliseconds?" in told) == is_told


def test_times_beyond_all_are_told_to_be_in_seconds(run_hw: Callable[..., Any]) -> None:
    failed = run_hw("ingest", "-", stdin='{"x":1,"y":2,"t":1700000000000}\n', code=1)
    assert "<stdin>:1: t is beyond 1e+12 seconds: milliseconds are to be divided by 1000" in failed.err


def test_the_same_command_gives_the_same_bytes(run_hw: Callable[..., Any], iam_archives: Path) -> None:
    archives = sorted(iam_archives.glob("*.tar.gz"))
    assert run_hw("ingest", *archives).out == run_hw("ingest", *archives).out


def test_a_list_of_forms_or_lines_gives_the_order(
    run_hw: Callable[..., Any], iam_archives: Path, tmp_path: Path
) -> None:
    archives = sorted(iam_archives.glob("*.tar.gz"))
    run_hw("ingest", *archives, "--lines", iam_archives / "testset_v.txt", "-o", tmp_path / "v.h5")
    assert ids(tmp_path / "v.h5") == [f"b02-045z-0{number}" for number in (1, 2, 3, 4)]
    (tmp_path / "list").write_text("b02-045z-03\n a01-000u\nnowhere-01\n\n")
    done = run_hw("ingest", *archives, "--lines", tmp_path / "list", "-o", tmp_path / "l.h5")
    assert ids(tmp_path / "l.h5") == ["b02-045z-03", *(f"a01-000u-0{number}" for number in (1, 2, 3, 4))]
    assert "1 of the list not found: nowhere-01" in done.err
    assert all(drawing.text for drawing in strokes(tmp_path / "l.h5"))


def test_what_is_told_as_read_is_so_of_drawings_and_points_alike(
    run_hw: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "list").write_text("b\n")
    done = run_hw("ingest", "-", "--lines", tmp_path / "list", stdin=LINES)
    assert "read      1 source, 2 drawings, 3 points\n" in done.err
    assert "written   1 drawing, 1 stroke, 1 point\n" in done.err


def test_a_form_whose_lines_do_not_match_its_text_gets_none(
    run_hw: Callable[..., Any], iam_tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "lineStrokes").symlink_to(iam_tree / "lineStrokes")
    text = tmp_path / "ascii/a01/a01-000/a01-000u.txt"
    text.parent.mkdir(parents=True)
    text.write_text("CSR:\n\none\ntwo\nthree\n")
    done = run_hw("ingest", tmp_path, "-o", tmp_path / "out.h5", "--report", tmp_path / "report.json")
    assert not any(drawing.text for drawing in strokes(tmp_path / "out.h5"))
    texts = json.loads((tmp_path / "report.json").read_text())["texts"]
    assert sorted(texts.values()) == [4, 12]
    assert "another number of lines of text" in done.err


def test_writers_come_from_the_original_recordings(
    run_hw: Callable[..., Any], iam_archives: Path, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "original-xml-all.tar.gz", "w:gz") as archive:
        content = b'<WhiteboardCaptureSession><General><Form id="a01-003" writerID="10152"/></General>'
        member = tarfile.TarInfo("original/a01/a01-003/strokes.xml")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    archives = [*sorted(iam_archives.glob("*.tar.gz")), tmp_path / "original-xml-all.tar.gz"]
    run_hw("ingest", *archives, "-o", tmp_path / "w.h5")
    written = {drawing.id: drawing.writer for drawing in strokes(tmp_path / "w.h5")}
    assert written["a01-003-02"] == "10152"
    assert written["a01-000u-02"] == ""


@pytest.mark.parametrize("form", ["jsonl", "inkml"])
def test_what_was_exported_is_ingested_the_same(
    run_hw: Callable[..., Any], ink_h5: Path, tmp_path: Path, form: str
) -> None:
    exported = run_hw("export", ink_h5, "--format", form).out
    run_hw("ingest", "-", "-o", tmp_path / "back.h5", stdin=exported)
    for one, other in zip(strokes(ink_h5), strokes(tmp_path / "back.h5"), strict=True):
        assert (one.id, one.text) == (other.id, other.text)
        np.testing.assert_array_equal(one.points, other.points)


def test_a_strokes_file_is_filtered_and_keeps_its_history(
    run_hw: Callable[..., Any], ink_h5: Path, tmp_path: Path
) -> None:
    (tmp_path / "list").write_text("made-0007\nmade-0002\n")
    run_hw("ingest", ink_h5, "--lines", tmp_path / "list", "-o", tmp_path / "few.h5")
    with (tmp_path / "few.h5").open("rb") as file, StrokesReader(file, "few") as reader:
        assert reader.ids == ["made-0007", "made-0002"]
        assert len(reader.history) == 2
        assert reader.history[0].endswith("ink.h5")
        assert "--lines" in reader.history[1]


def test_sources_merge_and_what_is_there_twice_is_told(
    run_hw: Callable[..., Any], ink_h5: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.jsonl").write_text('{"drawing":"made-0001"}\n[1,2,0]\n[9,9,1]\n')
    done = run_hw("ingest", ink_h5, tmp_path / "other.jsonl", ink_h5, "-o", tmp_path / "all.h5")
    assert ids(tmp_path / "all.h5")[-1] == "made-0001~2"
    assert len(ids(tmp_path / "all.h5")) == 25
    assert "24 drawings that were there already" in done.err
    assert "1 with an id that was taken: made-0001~2" in done.err


def test_drawings_without_an_id_get_one(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "notes.inkml").write_text("<ink><trace>1 2, 3 4</trace></ink>")
    run_hw("ingest", tmp_path / "notes.inkml", "-", "-o", tmp_path / "n.h5", stdin="[1,2,1]\n")
    assert ids(tmp_path / "n.h5") == ["notes-1", "stdin-2"]


def test_cleaning_and_its_switches(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    rows = [[x, 0, 0] for x in range(0, 300, 10)] + [[290, 0, 0]] + [[x, 0, 0] for x in range(500, 700, 10)]
    rows[-1][2] = 1
    points = "\n".join(json.dumps(row) for row in [*rows, [0, 50, 1]])

    def written(*options: str) -> np.ndarray[Any, Any]:
        run_hw("ingest", "-", "-o", tmp_path / "c.h5", "--force", *options, stdin=points)
        return strokes(tmp_path / "c.h5")[0].points

    assert len(written("--no-clean")) == 52
    assert len(written()) == len(written("--long-steps", "keep")) == 51
    assert len(written("--keep-repeats")) == 52
    assert len(written("--long-steps", "mend")) == 71
    assert len(written("--max-step", "100")) > 51
    assert len(written("--max-step", "300")) == 51
    assert len(written("--no-clean", "--drop-dots")) == 51
    assert np.diff(written("--resample", "23")[:31, 0]).tolist() == pytest.approx([23] * 30)
    dropped = run_hw("ingest", "-", "--long-steps", "drop", stdin=points, code=1)
    assert "no drawing" in dropped.err


def test_the_report_is_also_written_as_json(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    done = run_hw(
        "ingest", "-", "--skip-bad", "-o", "o.h5", "--report", "r.json",
        stdin=LINES + "rubbish\n" + '{"drawing":"empty"}\n', cwd=tmp_path,
    )  # fmt: skip
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["read"] == {"sources": 1, "drawings": 3, "points": 3}
    assert report["written"] == {"drawings": 2, "strokes": 2, "points": 3}
    assert report["dropped"] == {"drawings without points": 1}
    assert report["unreadable"]["count"] == 1
    assert "<stdin>:6: not JSON" in report["unreadable"]["first"][0]
    assert "1 unreadable: <stdin>:6: not JSON" in done.err
    (tmp_path / "o.h5").unlink()
    again = run_hw("ingest", "-", "-o", "o.h5", "--report", "r.json", stdin=LINES, code=1, cwd=tmp_path)
    assert again.err == "hw: r.json: exists; --force replaces it\n"
    assert not (tmp_path / "o.h5").exists()


def test_quiet_is_quiet(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    assert run_hw("ingest", "-", "-q", "-o", tmp_path / "q.h5", stdin=LINES).err == ""


def cut_archive(good: Path) -> bytes:
    return good.read_bytes()[:-2000]


def evil_archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("../../evil-01.xml", "/tmp/evil-02.xml"):
            member = tarfile.TarInfo(name)
            member.size = 7
            archive.addfile(member, io.BytesIO(b"<nothing"[:7]))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"rubbish", "not ink"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"PK\x03\x04", "stroke-3"),
        (b"\x1f\x8b\x08", "cut short"),
        (b"<ink><trace>1 2", "not XML"),
        (b"<html/>", "neither InkML"),
        (b"<svg/>", "no open path"),
        (b'{"x":1', "<stdin>:1: not JSON"),
        (b'{"drawing":"a","version":9}\n', "newer"),
        (b"[" * 50_000, "deeply"),
        (b'{"drawing":"a"}\n', "no drawing"),
        (b"\xff\xfe\x00", "not XML"),
        (evil_archive(), "evil-01.xml"),
    ],
)
def test_bad_input_is_one_clear_line(
    run_hw: Callable[..., Any], tmp_path: Path, content: bytes, reason: str
) -> None:
    done = run_hw("ingest", "-", "-o", tmp_path / "out.h5", stdin=content, code=1)
    assert done.err.startswith("hw: ")
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_archive_cut_short(run_hw: Callable[..., Any], iam_archives: Path, tmp_path: Path) -> None:
    cut = tmp_path / "lineStrokes-all.tar.gz"
    cut.write_bytes(cut_archive(iam_archives / "lineStrokes-all.tar.gz"))
    assert "cut short" in run_hw("ingest", cut, "-o", tmp_path / "c.h5", code=1).err
    done = run_hw("ingest", cut, "--skip-bad", "-o", tmp_path / "c.h5")
    assert "cut short" in done.err
    assert 8 < len(ids(tmp_path / "c.h5")) < 16


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("no-such-file",), 1),
        (("-", "--max-step", "-1"), 2),
        (("-", "--resample", "0"), 2),
        (("-", "--resample", "nan"), 2),
        (("-", "--long-steps", "what"), 2),
        (("-", "--report", "-"), 2),
        (("-", "--lines", "no-such-list"), 1),
    ],
)
def test_wrong_usage(run_hw: Callable[..., Any], arguments: tuple[str, ...], code: int) -> None:
    done = run_hw("ingest", *arguments, stdin=LINES, code=code)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("report", "code", "reason"),
    [
        ("o.h5", 2, "name two files"),
        ("./o.h5", 2, "name two files"),
        ("link", 2, "name two files"),
        ("/dev/stdout", 0, ""),
        ("nodir/q.json", 1, "nodir/q.json: No such file"),
        ("loop", 1, "loop: Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_report_that_cannot_be_is_refused_first(
    run_hw: Callable[..., Any], tmp_path: Path, report: str, code: int, reason: str, force: tuple[str, ...]
) -> None:
    (tmp_path / "link").symlink_to("o.h5")
    (tmp_path / "loop").symlink_to("loop")
    options = ("-o", "o.h5", "--report", report, *force)
    done = run_hw("ingest", "-", *options, stdin=LINES, code=code, cwd=tmp_path)
    assert reason in done.err
    assert (tmp_path / "o.h5").exists() is not bool(code)


def test_files_of_ink_in_a_directory_are_known_by_their_suffixes(
    run_hw: Callable[..., Any], tmp_path: Path
) -> None:
    for name in ("a.jsonl", "B.JSONL", "c.ndjson", "report.json"):
        (tmp_path / name).write_bytes(b'{"drawing":"%b"}\n[1,2,1]\n' % name.encode())
    out = tmp_path / "out"
    run_hw("ingest", tmp_path, "-o", out)
    assert sorted(ids(out)) == ["B.JSONL", "a.jsonl", "c.ndjson"]


def test_packed_lines_are_told_to_be_unpacked(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "good.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    done = run_hw("ingest", "good.jsonl.gz", code=1, cwd=tmp_path)
    assert done.err.startswith("hw: good.jsonl.gz: JSON lines packed with gzip: unpack them")


def test_a_directory_without_ink(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    assert "neither" in run_hw("ingest", tmp_path, code=1).err


def test_an_existing_file_is_not_replaced(run_hw: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "o.h5").write_text("mine")
    assert "--force" in run_hw("ingest", "-", "-o", tmp_path / "o.h5", stdin=LINES, code=1).err
    assert (tmp_path / "o.h5").read_text() == "mine"
    run_hw("ingest", "-", "-o", tmp_path / "o.h5", "--force", stdin=LINES)
    assert len(ids(tmp_path / "o.h5")) == 2


# --- the real database -------------------------------------------------------------------------------------


def split(iam_ondb: Path, name: str) -> Path:
    path = iam_ondb / "splits" / f"{name}.txt"
    if not path.exists():
        pytest.skip(f"no {path.name}, the list of lines of Graves 2013, beside the database")
    return path


def test_offsets_of_the_real_database(run_hw: Callable[..., Any], iam_ondb: Path, tmp_path: Path) -> None:
    archives = sorted(iam_ondb.glob("*.tar.gz"))
    train = split(iam_ondb, "graves-train")
    run_hw("ingest", *archives, "--no-clean", "--lines", train, "-o", tmp_path / "raw.h5")
    facts = json.loads(run_hw("info", "--json", tmp_path / "raw.h5").out)
    assert facts["drawings"] >= 10_322
    np.testing.assert_allclose(facts["offsets"]["mean"], [8.17, 0.112], atol=0.01)
    np.testing.assert_allclose(facts["offsets"]["sd"], [41.95, 37.10], atol=0.05)


MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("kilobytes", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Tells the memory of a program; a small process between, as the peak of the one that starts it counts too."""


def test_the_whole_real_database_through_a_pipe_in_little_memory(iam_ondb: Path) -> None:
    archives = [str(path) for path in sorted(iam_ondb.glob("*.tar.gz"))]
    hw = [sys.executable, "-m", "hwcli"]
    process = subprocess.Popen(
        [sys.executable, "-c", MEASURED, *hw, "ingest", *archives],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        info = subprocess.run(
            [*hw, "info", "-", "--json"], stdin=process.stdout, capture_output=True, check=True
        )
        told = process.stderr.read().decode()
    assert process.wait() == 0, told
    assert "repeated points removed" in told
    assert json.loads(info.stdout)["drawings"] == lines_in(archives)
    assert int(told.rpartition("kilobytes")[2]) < 300_000


def lines_in(archives: list[str]) -> int:
    """Return how many files with a line's strokes ``archives`` have."""
    count = 0
    for path in archives:
        with tarfile.open(path, "r|gz") as archive:
            count += sum(bool(re.search(r"lineStrokes.*-\d\d\.xml$", member.name)) for member in archive)
    return count
