"""Files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import hw_environment

from hwcli import stdio
from hwcli.errors import HwError, UsageError
from hwcli.stdio import open_input, open_output, open_seekable, write_whole


def write(path: Path | str, content: bytes = b"new", *, force: bool = False) -> None:
    with open_output(path, binary=False, force=force) as file:
        file.write(content)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "out")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o666 & ~mask


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    (tmp_path / "out").chmod(0o640)
    write(tmp_path / "out", force=True)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640
    assert (tmp_path / "out").read_bytes() == b"new"


def test_a_file_that_exists_is_replaced_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(HwError, match="--force"):
        write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="half way"), open_output(out, binary=True, force=True) as file:
        file.write(b"half")
        raise ValueError("half way")
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("out", b"old")]


def test_the_name_appears_when_the_file_is_whole(tmp_path: Path) -> None:
    with open_output(tmp_path / "out", binary=False) as file:
        file.write(b"half")
        file.flush()
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out").read_bytes() == b"half"


@pytest.fixture(params=["nameless", "named"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a file is written before it has its name: without one, or, as where that cannot be, with another."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("needs a system with files that have no name")
    return str(request.param)


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("is_there", [True, False])
def test_files_with_and_without_a_name_come_to_the_same(
    tmp_path: Path, kind: str, force: bool, is_there: bool
) -> None:
    if is_there:
        write(tmp_path / "out", b"old")
    if is_there and not force:
        with pytest.raises(HwError, match="exists"):
            write(tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == b"old"
    else:
        with open_output(tmp_path / "out", binary=False, force=force) as file:
            file.write(b"new")
            file.flush()
            assert len(list(tmp_path.iterdir())) == is_there + (kind == "named")
        assert (tmp_path / "out").read_bytes() == b"new"
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_a_file_that_comes_in_the_meantime_stays_whatever_the_way(tmp_path: Path, kind: str) -> None:
    del kind
    with pytest.raises(HwError, match="exists by now"), open_output(tmp_path / "out", binary=False) as file:
        file.write(b"mine")
        (tmp_path / "out").write_bytes(b"other")
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("out", b"other")]


def test_a_small_file_is_put_over_another_at_once(tmp_path: Path, kind: str) -> None:
    del kind
    for content in (b"old", b"new"):
        write_whole(tmp_path / "out", content)
        assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("out", content)]
    with pytest.raises(HwError, match="No such file or directory"):
        write_whole(tmp_path / "none" / "out", b"")


def test_a_killed_program_leaves_nothing(tmp_path: Path) -> None:
    body = (
        "import time; from hwcli.stdio import open_output\n"
        "with open_output('out', binary=True) as f: f.write(b'x'); f.flush(); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", body], cwd=tmp_path, env=hw_environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    left = [path.name for path in tmp_path.iterdir()]
    assert left == [] or (not hasattr(os, "O_TMPFILE") and left[0].endswith(".partial"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing/out", "No such file or directory"), ("", "is a directory"), ("file/out", "Not a directory")],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HwError, match=reason) as caught:
        write(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(HwError, match="Permission denied"):
            write(tmp_path / "out")
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("force", [False, True])
def test_a_symbolic_link_that_leads_to_itself_stays_and_is_refused(tmp_path: Path, force: bool) -> None:
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    with pytest.raises(HwError, match="one: Too many levels of symbolic links"):
        write(tmp_path / "one", force=force)
    assert (tmp_path / "one").is_symlink()


def test_a_symbolic_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/out")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "out").read_bytes() == b"new"
    write(tmp_path / "link", b"newer", force=True)
    assert (tmp_path / "there" / "out").read_bytes() == b"newer"


@pytest.mark.parametrize("binary", [True, False])
def test_a_named_pipe_is_written_and_stays(tmp_path: Path, binary: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with open_output(pipe, binary=binary) as file:
        file.write(b"abc")
        if binary:
            file.seek(1)
            assert file.read(1) == b"b"
    reader.join(timeout=10)
    assert got == [b"abc"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_dev_null_takes_everything() -> None:
    with open_output("/dev/null", binary=True) as file:
        file.write(b"abc")


def test_dev_stdout_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write("/dev/stdout")
    assert capfdbinary.readouterr().out == b"new"


@pytest.mark.parametrize("name", ["n" * 255, "語" * 85])
def test_a_long_name_is_no_hindrance(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    assert (tmp_path / name).exists()


def test_an_input_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(HwError, match="No such file"), open_input(tmp_path / "none"):
        pass


def test_a_pipe_can_be_read_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr("hwcli.stdio.SPOOL_LIMIT", 1000)
    content = bytes(range(256)) * 100
    writer = threading.Thread(target=lambda: pipe.write_bytes(content))
    writer.start()
    with open_seekable(pipe) as file:
        file.seek(-10, io.SEEK_END)
        assert file.read() == content[-10:]
        file.seek(0)
        assert file.read() == content
    writer.join(timeout=10)


def test_a_regular_file_is_read_in_place(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"abc")
    with open_seekable(tmp_path / "in") as file:
        assert file.name == str(tmp_path / "in") or file.name == tmp_path / "in"


def test_a_second_output_that_cannot_be_is_refused_before_there_is_something_to_write(tmp_path: Path) -> None:
    def refuse(path: Path | str, output: Path | None = tmp_path / "out", *, force: bool = False) -> None:
        stdio.refuse_beside("--report", Path(path), output, force)

    refuse(tmp_path / "new")
    refuse("/dev/null")
    refuse("-")
    with pytest.raises(HwError, match="nowhere/new: No such file or directory"):
        refuse(tmp_path / "nowhere" / "new", force=True)
    (tmp_path / "old").touch()
    with pytest.raises(HwError, match="exists"):
        refuse(tmp_path / "old")
    refuse(tmp_path / "old", force=True)
    with pytest.raises(UsageError, match="--report and the output would both go to standard output"):
        refuse("-", None)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with pytest.raises(UsageError, match="--report and the output are both"):
        refuse(tmp_path / "link", force=True)
