"""The file that lines are added to: what was told to be safe is never lost, whatever befalls its end."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.collecting.notebook import PROGRAM, Kept, open_notebook, sound_size
from hwcli.errors import HwError
from hwcli.ink import Drawing
from hwcli.ink.jsonl import DrawingWriter, read_drawings


def line(number: int, text: str = "some text", **extra: object) -> Drawing:
    points = np.array([[1, 2, 0], [3, 4, 1], [number, 9.5, 0], [7, 8, 1]], np.float32)
    time = np.array([0, 0.0083, 0.5, 0.75], np.float32)
    return Drawing(
        points, f"mine-{number:04}", text, source=PROGRAM, time=time, extra={"key": f"k{number}", **extra}
    )


def record(drawing: Drawing, *, counted: bool = True) -> bytes:
    file = io.BytesIO()
    DrawingWriter(file).write(drawing, counted=counted)
    return file.getvalue()


def ids(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [drawing.id for drawing in read_drawings(file, str(path))]


def test_lines_are_added_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    with open_notebook(path) as (notebook, kept):
        assert kept == Kept()
        notebook.append(line(1))
        assert ids(path) == ["mine-0001"]
        notebook.append(line(2, "more"))
    with open_notebook(path) as (notebook, kept):
        assert kept.texts == {"mine-0001": "some text", "mine-0002": "more"}
        assert {key: id for key, (id, _) in kept.keys.items()} == {"k1": "mine-0001", "k2": "mine-0002"}
        assert (kept.highest, kept.torn) == (2, 0)
        notebook.append(line(3))
    assert ids(path) == ["mine-0001", "mine-0002", "mine-0003"]


def test_a_line_that_was_written_again_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(record(line(1)) + record(line(2)) + record(line(3, replaces="mine-0001")))
    with open_notebook(path) as (_, kept):
        assert list(kept.texts) == ["mine-0002", "mine-0003"]
        assert kept.highest == 3


def test_a_file_that_got_no_line_is_not_left_behind(tmp_path: Path) -> None:
    with open_notebook(tmp_path / "new.jsonl"):
        pass
    assert not list(tmp_path.iterdir())
    (tmp_path / "old.jsonl").touch()
    with open_notebook(tmp_path / "old.jsonl"):
        pass
    assert (tmp_path / "old.jsonl").exists()


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 10_000), tail=st.sampled_from([b"", b"\0" * 7, b"\0" * 300]))
def test_what_a_crash_cuts_off_takes_nothing_else_along(cut: int, tail: bytes) -> None:
    whole = record(line(1)) + record(line(2, "caf\u00e9"))
    last = record(line(3))
    content = whole + last[: cut % (len(last) + 1)]
    size = sound_size(io.BytesIO(content + tail))
    assert size >= len(whole)
    kept = list(read_drawings(io.BytesIO((content + tail)[:size]), "f"))
    assert [drawing.id for drawing in kept[:2]] == ["mine-0001", "mine-0002"]
    assert [len(drawing) for drawing in kept[2:]] in ([], [4])  # a third is there only if it is whole
    if len(content) == len(whole + last) and not tail:
        assert size == len(content)


@given(cut=st.integers(0, 10_000))
def test_a_file_of_before_points_were_counted_ends_with_a_stroke(cut: int) -> None:
    whole, last = record(line(1), counted=False), record(line(2), counted=False)
    content = whole + last[: cut % (len(last) + 1)]
    kept = list(read_drawings(io.BytesIO(content[: sound_size(io.BytesIO(content))]), "f"))
    assert len(kept[0]) == 4
    assert [len(drawing) for drawing in kept[1:]] in ([], [2], [4])
    assert sound_size(io.BytesIO(whole + last)) == len(whole + last)


@given(cut=st.integers(0, 10_000))
def test_the_very_first_line_may_be_cut_off_too(cut: int) -> None:
    last = record(line(1))
    content = last[: cut % len(last)]
    size = sound_size(io.BytesIO(content))
    assert [len(drawing) for drawing in read_drawings(io.BytesIO(content[:size]), "f")] in ([], [4])


@pytest.mark.parametrize(
    "content",
    [
        b'{"drawing":"a"}\n[1,2,0]\n[3,', b'{"x":1,"y":2}\n{"x":', b"Dear diary",
        b'{"drawing":"x"\n', b"{\n", b"{",
    ],
)  # fmt: skip
def test_a_file_of_another_program_is_never_cut(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    if content != b"{":  # which is how a first line of ours may begin
        with pytest.raises(HwError, match="other"), open_notebook(path):
            pass
        assert path.read_bytes() == content


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("broken", [b'{"x":1,"y":2,\n', b"# hi\n\n"])
@pytest.mark.parametrize("missing", [0, 1])
def test_a_line_of_another_program_that_is_broken_is_told_and_stays(
    tmp_path: Path, counted: bool, broken: bytes, missing: int
) -> None:
    path = tmp_path / "mine.jsonl"
    lines = record(line(1), counted=counted).splitlines(keepends=True)
    content = b"".join(lines[: len(lines) - missing]) + broken
    path.write_bytes(content)
    with pytest.raises(HwError, match=rf"mine.jsonl:{6 - missing}: "), open_notebook(path):
        pass
    assert path.read_bytes() == content


def test_a_line_that_was_cut_short_after_a_stroke_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    with open_notebook(path) as (notebook, _):
        notebook.append(line(1))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b'"up":1') + whole[whole.index(b'"up":1') :].index(b"\n") + 1])
    with open_notebook(path) as (notebook, kept):
        assert kept.torn
        assert kept.keys == {}
        notebook.append(line(1))
    assert path.read_bytes() == whole


def test_the_count_of_points_is_not_passed_on(tmp_path: Path) -> None:
    (drawing,) = read_drawings(io.BytesIO(record(line(1))), "f")
    assert dict(drawing.extra) == {"key": "k1"}  # it would be wrong as soon as the ink is cleaned


def test_a_last_line_without_a_line_feed_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(record(line(1))[:-1])
    with open_notebook(path) as (notebook, kept):
        assert kept.torn == 0
        notebook.append(line(2))
    assert ids(path) == ["mine-0001", "mine-0002"]


def test_a_torn_end_is_mended_and_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(record(line(1)) + record(line(2))[:-9])
    with open_notebook(path) as (notebook, kept):
        assert kept.torn == len(record(line(2))) - 9
        notebook.append(line(2))
    assert ids(path) == ["mine-0001", "mine-0002"]


def test_two_programs_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    with (
        open_notebook(path),
        pytest.raises(HwError, match="another hw collect is writing to it"),
        open_notebook(path),
    ):
        pass


@pytest.mark.parametrize(("name", "reason"), [("", "not a regular file"), ("none/mine.jsonl", "No such file")])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(HwError, match=reason), open_notebook(tmp_path / name):
        pass


def test_a_full_disk_leaves_the_lines_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    path = tmp_path / "mine.jsonl"
    real = os.write

    def full(descriptor: int, block: bytes) -> int:
        if len(block) < 100:
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(block)[:100])

    with open_notebook(path) as (notebook, _):
        notebook.append(line(1))
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(HwError, match=r"mine.jsonl: No space left"):
            notebook.append(line(2))
        monkeypatch.undo()
        notebook.append(line(3))
    assert ids(path) == ["mine-0001", "mine-0003"]


def test_a_file_that_was_taken_away_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    with open_notebook(path) as (notebook, _):
        notebook.append(line(1))
        path.rename(tmp_path / "elsewhere")
        with pytest.raises(HwError, match=r"mine.jsonl: No such file"):
            notebook.append(line(2))
        path.touch()
        with pytest.raises(HwError, match="another file has its name"):
            notebook.append(line(2))
        (tmp_path / "elsewhere").rename(path)
        notebook.append(line(2))
    assert ids(path) == ["mine-0001", "mine-0002"]


@pytest.mark.parametrize("line", [b"[" * 100_000, b"x" * 2_000_000, b'{"drawing":"' + b"x" * 2_000_000])
def test_lines_made_to_do_harm_are_refused_and_stay(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(line + b"\n[1,2,1]\n")
    with pytest.raises(HwError, match=r"mine\.jsonl:1: "), open_notebook(path):
        pass
    assert path.read_bytes() == line + b"\n[1,2,1]\n"
