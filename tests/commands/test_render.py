"""``hw render`` as a process: pipes, files, terminals, and input that is broken."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from conftest import CAIRO, RASTER, RunHw, hw_environment, ink_json_lines
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"


def count_paths(svg: bytes) -> int:
    return len(list(ET.fromstring(svg).iter(f"{SVG}path")))


def count_strokes(ink: bytes) -> int:
    return sum(b'"up":1' in line.replace(b" ", b"") for line in ink.splitlines())


# --- what it writes ----------------------------------------------------------------------------------------


def test_points_on_stdin_become_svg_on_stdout(run_hw: RunHw, ink_jsonl: Path) -> None:
    ink = ink_jsonl.read_bytes()
    done = run_hw("render", stdin=ink)
    assert count_paths(done.out) == count_strokes(ink)
    assert done.err == ""


def test_a_strokes_file_gives_the_same_picture_as_its_points(
    run_hw: RunHw, ink_jsonl: Path, ink_h5: Path
) -> None:
    from_points, from_strokes = (run_hw("render", path).out for path in (ink_jsonl, ink_h5))
    assert count_paths(from_points) == count_paths(from_strokes)
    assert run_hw("render", "-", stdin=ink_h5.read_bytes()).out == from_strokes


@pytest.mark.parametrize(
    ("name", "magic"),
    [
        ("a.svg", b"<svg "),
        pytest.param("a.PNG", b"\x89PNG\r\n", marks=CAIRO),
        pytest.param("a.pdf", b"%PDF-", marks=CAIRO),
        pytest.param("a.ps", b"%!PS", marks=CAIRO),
        ("a.txt", b"\xe2"),
    ],
)
def test_the_suffix_says_the_format(
    run_hw: RunHw, ink_jsonl: Path, tmp_path: Path, name: str, magic: bytes
) -> None:
    done = run_hw("render", ink_jsonl, "-o", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert (done.out, done.err) == (b"", "")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("kind", ["svg", "text", *RASTER])
def test_every_format_goes_down_a_pipe_and_is_the_same_twice(run_hw: RunHw, kind: str) -> None:
    first, second = (run_hw("render", "--format", kind, stdin=ink_json_lines(2)).out for _ in range(2))
    assert first
    assert first == second


@CAIRO
def test_png_is_white_unless_told(run_hw: RunHw) -> None:
    corners = []
    for options in ([], ["--background", "none"], ["--background", "#ff0000"]):
        png = run_hw("render", "--format", "png", *options, stdin=b"[0,0,0]\n[9,9,1]\n").out
        corners.append(Image.open(io.BytesIO(png)).convert("RGBA").getpixel((0, 0)))
    assert corners == [(255, 255, 255, 255), (0, 0, 0, 0), (255, 0, 0, 255)]


def test_svg_has_no_background_unless_told(run_hw: RunHw, ink_jsonl: Path) -> None:
    assert b"<rect" not in run_hw("render", ink_jsonl).out
    assert b'fill="ivory"' in run_hw("render", ink_jsonl, "--background", "ivory").out


def test_options_reach_the_picture(run_hw: RunHw, ink_jsonl: Path) -> None:
    small = ET.fromstring(run_hw("render", ink_jsonl).out)
    options = [
        "--x-height",
        6,
        "--pen",
        0.7,
        "--colour",
        "navy",
        "--margin",
        0,
        "--grid",
        4,
        "--captions",
        "text",
    ]
    large = ET.fromstring(run_hw("render", ink_jsonl, *options).out)
    width_small, width_large = (float((root.get("width") or "").removesuffix("mm")) for root in (small, large))
    assert width_large > 6 * (width_small - 11)
    assert (large[0].get("stroke"), large[0].get("stroke-width")) == ("navy", "0.7")
    assert len(list(large.iter(f"{SVG}text"))) == 24


def test_prime_points_have_their_colour(run_hw: RunHw) -> None:
    ink = json.dumps({"drawing": "a", "prime_points": 2, "version": 1}).encode()
    ink += b"\n[0,0,0]\n[1,9,0]\n[2,0,0]\n[3,9,1]\n"
    svg = ET.fromstring(run_hw("render", "--prime-colour", "tomato", stdin=ink).out)
    assert len(svg[0].findall(f"{SVG}g/{SVG}g[@stroke='tomato']/{SVG}path")) == 1
    assert len(svg[0].findall(f"{SVG}g/{SVG}path")) == 1


# --- the terminal ------------------------------------------------------------------------------------------


def on_a_terminal(
    *arguments: object, stdin: bytes | None = None, columns: int = 60, lines: int = 15
) -> tuple[int, str]:
    """Run hw with a terminal for stdout, and for stdin unless that is given; return exit code and output."""
    master, slave = pty.openpty()
    environment = hw_environment(COLUMNS=str(columns), LINES=str(lines))
    process = subprocess.Popen(
        [sys.executable, "-m", "hwcli", *map(str, arguments)],
        stdin=slave if stdin is None else subprocess.PIPE,
        stdout=slave,
        stderr=slave,
        env=environment,
    )
    os.close(slave)
    if process.stdin is not None:
        process.stdin.write(stdin or b"")
        process.stdin.close()
    output = b""
    while select.select([master], [], [], 30)[0]:
        try:
            block = os.read(master, 1 << 16)
        except OSError:  # Linux: the program has closed its side
            break
        if not block:
            break
        output += block
    os.close(master)
    return process.wait(timeout=30), output.decode()


def test_a_terminal_gets_a_preview_of_its_size(ink_jsonl: Path) -> None:
    code, output = on_a_terminal("render", ink_jsonl)
    lines = output.splitlines()
    assert code == 0
    assert 5 < len(lines) < 15
    assert max(map(len, lines)) <= 60
    assert any("\u2801" <= character <= "\u28ff" for character in output)
    assert lines[-1].startswith("… and ")


def test_a_terminal_gets_a_preview_of_a_pipe(ink_jsonl: Path) -> None:
    code, output = on_a_terminal("render", "-", stdin=ink_jsonl.read_bytes())
    assert code == 0
    assert "\u2801" <= max(output) <= "\u28ff"


def test_no_binary_data_to_a_terminal(ink_jsonl: Path) -> None:
    code, output = on_a_terminal("render", ink_jsonl, "--format", "png")
    assert code == 2
    assert "terminal" in output


def test_nothing_to_read_is_no_hang() -> None:
    code, output = on_a_terminal("render")
    assert code == 2
    assert "nothing to read" in output


# --- files -------------------------------------------------------------------------------------------------


def test_an_existing_file_is_kept_without_force(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    target.write_text("precious")
    assert "--force" in run_hw("render", ink_jsonl, "-o", target, code=1).err
    assert target.read_text() == "precious"
    run_hw("render", ink_jsonl, "-o", target, "--force")
    assert count_paths(target.read_bytes()) > 24


@pytest.mark.parametrize("name", ["a.svg", pytest.param("a.png", marks=CAIRO)])
def test_a_failure_leaves_no_file_and_the_old_one(run_hw: RunHw, tmp_path: Path, name: str) -> None:
    broken = b'{"drawing":"a","version":1}\n[0,0,0]\n[1,1,1]\n{"x":\n'
    assert run_hw("render", "-o", tmp_path / name, stdin=broken, code=1).err.count("\n") == 1
    assert os.listdir(tmp_path) == []
    (tmp_path / name).write_text("precious")
    run_hw("render", "-o", tmp_path / name, "--force", stdin=broken, code=1)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize("kind", ["svg", "text", *RASTER])
def test_devices_and_named_pipes_are_written(run_hw: RunHw, ink_jsonl: Path, kind: str) -> None:
    run_hw("render", ink_jsonl, "-o", "/dev/null", "--format", kind)


# --- bad input ---------------------------------------------------------------------------------------------

BROKEN = {
    "nothing": (b"", "<stdin>"),
    "blank": (b"\n\n", "<stdin>"),
    "no points": (b'{"drawing":"a","version":1}\n', "no ink in <stdin>"),
    "no ink": (b"hello\n", "hw sample makes ink of text"),
    "half a line": (b'[0,0,0]\n{"x":1,"y"\n', "<stdin>:2:"),
    "NaN": (b"[0,0,0]\n[NaN,1,1]\n", "<stdin>:2:"),
    "infinite": (b"[0,0,0]\n[1,-Infinity,1]\n", "<stdin>:2:"),
    "too far": (b"[0,0,0]\n[1e30,1,1]\n", "<stdin>:2:"),
    "far": (b"[0,0,0]\n[9,9,1]\n" * 9 + b"[1e9,1e9,1]\n" + b"[0,0,0]\n[0.001,0.001,1]\n" * 99, "letters"),
    "text": (b'[0,0,0]\n["1","2","3"]\n', "<stdin>:2:"),
    "half an HDF5 file": (b"\x89HDF\r\n\x1a\n" + bytes(100), "<stdin>"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_input_is_one_clear_line(run_hw: RunHw, name: str) -> None:
    ink, said = BROKEN[name]
    done = run_hw("render", stdin=ink, code=1)
    assert done.out == b""
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.err.count("\n") == 1


def test_bad_records_can_be_left_out(run_hw: RunHw) -> None:
    done = run_hw("render", "--skip-bad", stdin=b"[0,0,0]\n{broken\n[9,9,1]\n")
    assert count_paths(done.out) == 1
    assert "<stdin>:2" in done.err


@pytest.mark.parametrize(
    "ink", [b"[5,5,1]\n", b"[0,0,0]\n[9,0,1]\n", b"[0,0,0]\n[0,9,1]\n", b"[3,3,0]\n[3,3,0]\n"],
    ids=["dot", "level", "upright", "still"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["svg", "text", *RASTER])
def test_hardly_any_ink_is_a_picture(run_hw: RunHw, ink: bytes, kind: str) -> None:
    assert run_hw("render", "--format", kind, "--margin", 0, stdin=ink).out


def test_names_that_would_break_xml(run_hw: RunHw) -> None:
    header = json.dumps({"drawing": '"><script>\x1b\ufffe', "text": "</title>]]>&\x07", "version": 1})
    ink = f"{header}\n[0,0,0]\n[9,9,1]\n".encode()
    for captions in ("id", "text"):
        root = ET.fromstring(run_hw("render", "--captions", captions, stdin=ink).out)
        assert not list(root.iter(f"{SVG}script"))
        assert count_paths(ET.tostring(root)) == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--x-height", "nan"], ["--x-height", "0"], ["--x-height", "-3"], ["--x-height", "inf"], ["--pen", "0"],
        ["--margin", "-1"], ["--dpi", "0"], ["--grid", "0"], ["--format", "jpg"], ["-o", "a.jpg"], ["-o", "a"],
        ["--colour", "bleu"], ["--colour", 'red" onload="'], ["--background", "#12"], ["--captions", "writer"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage(run_hw: RunHw, ink_jsonl: Path, tmp_path: Path, options: list[str]) -> None:
    done = run_hw("render", ink_jsonl, *options, code=2, cwd=tmp_path)
    assert done.out == b""
    assert done.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_an_image_without_end_is_refused(run_hw: RunHw, ink_jsonl: Path) -> None:
    done = run_hw("render", ink_jsonl, "--format", "png", "--dpi", 5000, code=1)
    assert "the limit is" in done.err


def test_without_the_cairo_library_png_fails_in_one_line_and_svg_works(
    run_hw: RunHw, ink_jsonl: Path, tmp_path: Path, root: Path
) -> None:
    (tmp_path / "cairocffi.py").write_text('raise OSError("no library called cairo-2 was found")\n')
    without = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}
    done = run_hw("render", ink_jsonl, "--format", "png", code=1, env=without)
    assert "libcairo2" in done.err
    assert done.err.count("\n") == 1
    assert count_paths(run_hw("render", ink_jsonl, env=without).out) > 24


def test_svg_of_points_loads_neither_cairo_nor_hdf5(ink_jsonl: Path) -> None:
    code = (
        "import sys; sys.argv = ['hw', 'render', sys.argv[1], '-o', '/dev/null', '--format', 'svg']\n"
        "from hwcli.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('cairosvg', 'cairocffi', 'h5py', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ink_jsonl],
        capture_output=True,
        text=True,
        env=hw_environment(),
        check=True,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--format", "png", "--tolerance", "1mm"], "--tolerance leaves out points; png has all"),
        (["--format", "svg", "--dpi", "300"], "--dpi is of pixels, and svg has none"),
        (["--format", "pdf", "--dpi", "300"], "--dpi is of pixels, and pdf has none"),
    ],
)
def test_options_that_do_nothing_for_a_format_are_refused(
    run_hw: RunHw, ink_jsonl: Path, arguments: list[str], reason: str
) -> None:
    assert reason in run_hw("render", ink_jsonl, *arguments, code=2).err
