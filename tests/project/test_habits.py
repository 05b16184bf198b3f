"""What every command does alike with bad names, bad input, pipes and outputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Finished, RunHw, hw_environment

COMMANDS = {
    "ingest": "ingest IN -o OUT",
    "export": "export IN -o OUT",
    "info": "info IN",
    "align": "align IN -o OUT",
    "recombine": "recombine IN -n 3 --seed 1 -o OUT",
    "sample": "sample -m MODEL --prime IN --points 5 --seed 1 -o OUT",
    "render": "render IN -o OUT --format svg",
    "eval": "eval -m MODEL IN",
}
WRITERS = [name for name, line in COMMANDS.items() if "OUT" in line]


@pytest.fixture
def hw(run_hw: RunHw, model_h5: Path) -> RunHw:
    """Run a command of the table above with its places filled in."""

    def run(name: str, ink: object, out: object = "-", *more: str, code: int, stdin: bytes = b"") -> Finished:
        places = {"IN": ink, "OUT": out, "MODEL": model_h5}
        arguments = [str(places.get(word, word)) for word in COMMANDS[name].split()]
        return run_hw(*arguments, *more, stdin=stdin, code=code)

    return run


def is_one_line(err: str) -> bool:
    return err.startswith("hw: ") and err.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_file_is_named(hw: RunHw, tmp_path: Path, name: str) -> None:
    done = hw(name, tmp_path / "none.h5", tmp_path / "out", code=1)
    assert is_one_line(done.err)
    assert "none.h5" in done.err
    assert not list(tmp_path.iterdir())


JUNK = [
    b"",
    b"\0" * 999,
    b"\x89HDF\r\n\x1a\n" + b"\0" * 99,
    b"PK\x03\x04",
    b"\x1f\x8bjunk",
    b"<ink>",
    b"[",
    b"{}",
]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("content", JUNK)
def test_junk_is_refused_in_one_line(hw: RunHw, tmp_path: Path, name: str, content: bytes) -> None:
    done = hw(name, "-", tmp_path / "out", stdin=content, code=1)
    assert is_one_line(done.err), done.err
    assert "bug" not in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_directory_in_the_place_of_ink_is_refused(hw: RunHw, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    done = hw(name, tmp_path / "folder", tmp_path / "out", code=1)
    assert is_one_line(done.err)
    assert "bug" not in done.err


@pytest.mark.parametrize("name", [*COMMANDS, "train"])
def test_an_unknown_option_is_wrong_usage(run_hw: RunHw, name: str) -> None:
    done = run_hw(name, "--nonsense", code=2)
    assert is_one_line(done.err)
    assert f"hw {name} --help" in done.err


@pytest.mark.parametrize("name", WRITERS)
def test_an_existing_file_is_kept_and_named(hw: RunHw, ink_h5: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")
    done = hw(name, ink_h5, out, code=1)
    assert is_one_line(done.err)
    assert "--force" in done.err
    assert out.read_bytes() == b"old"
    hw(name, ink_h5, out, "--force", code=0)
    assert out.read_bytes() != b"old"


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_in_one_line(hw: RunHw, ink_h5: Path, name: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = hw(name, ink_h5, "/dev/full", code=1)
    assert "No space left on device" in done.err.splitlines()[-1]


@pytest.mark.parametrize("name", COMMANDS)
def test_quiet_is_silent(hw: RunHw, ink_h5: Path, tmp_path: Path, name: str) -> None:
    assert hw(name, ink_h5, tmp_path / "out", "-q", code=0).err == ""


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_command_gives_the_same_bytes(hw: RunHw, ink_h5: Path, name: str) -> None:
    first, second = (hw(name, ink_h5, "-", "-q", code=0).out for _ in range(2))
    assert first == second
    assert first


LEFT = ["hw export INK", "hw sample -m MODEL -n 100000 -q --seed 1", "hw --help", "hw export INK | hw render -"]


@pytest.mark.parametrize("line", LEFT)
def test_a_reader_that_leaves_ends_the_writer_as_sigpipe_does(line: str, ink_h5: Path, model_h5: Path) -> None:
    filled = line.replace("INK", str(ink_h5)).replace("MODEL", str(model_h5))
    script = f'hw() {{ "{sys.executable}" -m hwcli "$@"; }}\n{filled} | true\necho "${{PIPESTATUS[@]}}"'
    done = subprocess.run(
        ["bash", "-c", script],
        env=hw_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.split()[-2:] == ["141", "0"]


def test_an_option_without_its_value_is_wrong_usage_of_its_command(run_hw: RunHw) -> None:
    done = run_hw("sample", "--style", code=2)
    assert is_one_line(done.err)
    assert "hw sample --help" in done.err


@pytest.mark.parametrize(
    ("name", "out", "maker"),
    [
        ("ingest", "o.jsonl", "hw export"),
        ("ingest", "o.SVG", "hw render"),
        ("recombine", "o.inkml", "hw export"),
        ("export", "o.h5", "hw ingest"),
        ("sample", "o.npz", "hw export"),
        ("align", "o.png", "hw render"),
    ],
)
def test_the_suffix_of_what_another_command_makes_is_refused(
    hw: RunHw, ink_h5: Path, tmp_path: Path, name: str, out: str, maker: str
) -> None:
    done = hw(name, ink_h5, tmp_path / out, code=2)
    assert is_one_line(done.err)
    assert maker in done.err
    assert not list(tmp_path.iterdir())
