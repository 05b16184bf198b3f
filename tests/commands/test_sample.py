"""``hw sample`` as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import h5py
import numpy as np
import pytest
from conftest import ROOT, RunHw, hw_environment

from hwcli.ink.offsets import Scale
from hwcli.model import Config, Model
from hwcli.model.file import read_model, weight_shapes, write_model

PRIME = b"""{"drawing":"given","text":"ab","writer":"someone"}
{"x":10,"y":20.5,"up":0}
{"x":14,"y":60,"up":0}
{"x":31,"y":12,"up":1}
{"x":45,"y":30,"up":0}
{"x":70,"y":41.25,"up":0}
"""
TWO_PRIMES = PRIME + PRIME.replace(b"given", b"other").replace(b"31", b"44")


def drawings_of(lines: list[str]) -> list[tuple[dict[str, Any], list[tuple[float, float, int]]]]:
    drawings: list[Any] = []
    for line in lines:
        record = json.loads(line)
        if "drawing" in record:
            drawings.append((record, []))
        else:
            drawings[-1][1].append((record["x"], record["y"], record["up"]))
    return drawings


@pytest.fixture(scope="module")
def regression_h5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = Config().updated({"network": {"kind": "regression", "layers": 1, "units": 8}})
    rng = np.random.default_rng(4)
    shapes = weight_shapes(config.network).items()
    weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
    path = tmp_path_factory.mktemp("regression") / "points.h5"
    with path.open("w+b") as file:
        write_model(file, Model(config, Scale((9.0, 0.5), (32.0, 39.0)), weights))
    return path


def test_ink_from_nothing_begins_at_the_origin(run_hw: RunHw, model_h5: Path) -> None:
    done = run_hw("sample", "-m", model_h5, "--points", 30, "--seed", 7)
    ((header, points),) = drawings_of(done.lines)
    assert header == {
        "drawing": "sample-1", "text": "", "seed": 7, "bias": 0.0, "model": "model.h5", "prime_points": 0,
        "version": 1,
    }  # fmt: skip
    assert len(points) == 30
    assert points[0] == (0, 0, 0)
    assert done.err == ""


@pytest.mark.parametrize(("name", "maker"), [("a.SVG", "hw render"), ("a.h5", "hw ingest")])
def test_points_do_not_take_the_name_of_a_picture_or_of_strokes(
    run_hw: RunHw, model_h5: Path, tmp_path: Path, name: str, maker: str
) -> None:
    failed = run_hw("sample", "-m", model_h5, "--points", 9, "--seed", 1, "-o", tmp_path / name, code=2)
    assert f"{maker} makes .{name[2:].lower()} files; pipe these points into it" in failed.err
    assert not (tmp_path / name).exists()


def test_a_prime_comes_out_as_it_went_in_and_is_gone_on_from(run_hw: RunHw, model_h5: Path) -> None:
    done = run_hw("sample", "-m", model_h5, "--prime", "-", "-n", 3, "--points", 20, "--seed", 1, stdin=PRIME)
    drawings = drawings_of(done.lines)
    assert [header["drawing"] for header, _ in drawings] == ["given-1", "given-2", "given-3"]
    for header, points in drawings:
        assert header["prime"] == "given"
        assert header["prime_points"] == 5
        assert header["text"] == ""
        assert "writer" not in header
        assert points[:5] == [(10, 20.5, 0), (14, 60, 0), (31, 12, 1), (45, 30, 0), (70, 41.25, 0)]
        assert len(points) == 25
    assert len({tuple(points) for _, points in drawings}) == 3


def test_several_primes_make_several_drawings_of_each(run_hw: RunHw, model_h5: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_bytes(TWO_PRIMES)
    options = ["--prime", "p.jsonl", "-n", 2, "--points", 5, "--seed", 1]
    drawings = drawings_of(run_hw("sample", "-m", model_h5, *options, cwd=tmp_path).lines)
    names = [(header["drawing"], header["prime"]) for header, _ in drawings]
    assert names == [("given-1", "given"), ("given-2", "given"), ("other-3", "other"), ("other-4", "other")]


def test_a_strokes_file_is_a_prime_too(run_hw: RunHw, model_h5: Path, ink_h5: Path) -> None:
    options = ["--prime", ink_h5, "--prime-points", 10, "--points", 4, "--seed", 1]
    drawings = drawings_of(run_hw("sample", "-m", model_h5, *options).lines)
    assert len(drawings) == 24
    assert all(len(points) == 14 and header["prime_points"] == 10 for header, points in drawings)


def test_only_the_first_points_of_a_prime_and_only_what_is_new(run_hw: RunHw, model_h5: Path) -> None:
    common = [
        "sample",
        "-m",
        model_h5,
        "--prime",
        "-",
        "--points",
        9,
        "--seed",
        3,
        "-n",
        2,
        "--prime-points",
        2,
    ]
    whole = drawings_of(run_hw(*common, stdin=PRIME).lines)
    new = drawings_of(run_hw(*common, "--no-prime-out", stdin=PRIME).lines)
    for (_, points), (header, rest) in zip(whole, new, strict=True):
        assert len(points) == 11
        assert rest == points[2:]
        assert header["prime_points"] == 0


def test_the_same_seed_gives_the_same_bytes_and_the_drawn_one_is_told(run_hw: RunHw, model_h5: Path) -> None:
    common = ["sample", "-m", model_h5, "-n", 3, "--points", 20]
    drawn = run_hw(*common)
    seed = int(drawn.err.split()[-1])
    assert drawings_of(drawn.lines)[0][0]["seed"] == seed
    assert run_hw(*common, "--seed", seed).out == drawn.out
    assert run_hw(*common, "--seed", seed + 1).out != drawn.out


def test_cores_and_the_drawings_around_it_do_not_change_a_drawing(run_hw: RunHw, model_h5: Path) -> None:
    def sample(number: int, threads: str) -> Any:
        options = ["--points", 60, "--seed", 5, "-n", number]
        return drawings_of(
            run_hw("sample", "-m", model_h5, *options, env={"OPENBLAS_NUM_THREADS": threads}).lines
        )

    assert sample(3, "1") == sample(7, "2")[:3]


def test_bias_and_pen_temperature_are_kept_in_the_header(run_hw: RunHw, model_h5: Path) -> None:
    options = ["--bias", 1.5, "--pen-temperature", 0, "--points", 200, "--seed", 1]
    ((header, points),) = drawings_of(run_hw("sample", "-m", model_h5, *options).lines)
    assert (header["bias"], header["pen_temperature"]) == (1.5, 0)
    assert len(points) == 200


def test_a_regression_writes_but_has_no_bias(run_hw: RunHw, regression_h5: Path) -> None:
    common = ["sample", "-m", regression_h5, "--prime", "-", "--points", 12, "--seed", 1]
    ((_, points),) = drawings_of(run_hw(*common, stdin=PRIME).lines)
    assert len(points) == 17
    failed = run_hw(*common, "--bias", 1, stdin=PRIME, code=2)
    assert "--bias has no meaning" in failed.err


def test_one_point_is_a_drawing(run_hw: RunHw, model_h5: Path) -> None:
    done = run_hw("sample", "-m", model_h5, "--points", 1, "-n", 3, "--seed", 1)
    assert [points for _, points in drawings_of(done.lines)] == [[(0, 0, 0)]] * 3


def test_what_it_writes_can_be_drawn_and_be_a_prime_again(
    run_hw: RunHw, model_h5: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.jsonl"
    run_hw("sample", "-m", model_h5, "-n", 2, "--points", 40, "--seed", 1, "-o", out)
    assert run_hw("render", out).text.startswith("<")
    again = drawings_of(run_hw("sample", "-m", model_h5, "--prime", out, "--points", 3, "--seed", 1).lines)
    assert [len(points) for _, points in again] == [43, 43]
    assert "exists" in run_hw("sample", "-m", model_h5, "-o", out, code=1).err


# --- streams -----------------------------------------------------------------------------------------------


def started(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hwcli", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=hw_environment(), **options
    )


def test_points_are_there_when_they_are_made(model_h5: Path) -> None:
    """A million points are never waited for: the first lines come while it is still writing."""
    with started("sample", "-m", model_h5, "--points", 1_000_000, "-n", 3, "--seed", 1) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(50)]
        assert running.poll() is None
        running.kill()
    assert json.loads(lines[0])["drawing"] == "sample-1"
    assert all("x" in json.loads(line) for line in lines[1:])


def test_what_goes_on_from_a_prime_is_there_before_the_next_prime(model_h5: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "hwcli",
        "sample",
        "-q",
        "-m",
        str(model_h5),
        "--prime",
        "-",
        "--points",
        "3",
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=hw_environment(), bufsize=0
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        header, rest = PRIME.split(b"\n", 1)
        patience = Timer(60, running.kill)
        patience.start()
        running.stdin.write(PRIME + header + b"\n")  # the second's header says that the first is complete
        first = [running.stdout.readline() for _ in range(1 + 5 + 3)]
        running.stdin.write(rest)
        running.stdin.close()
        second = running.stdout.readlines()
        patience.cancel()
    assert [line.count(b'"drawing"') for line in (first[0], second[0])] == [1, 1]
    assert (len(first), len(second)) == (9, 9)


def test_a_closed_pipe_ends_it_silently(model_h5: Path) -> None:
    with started("sample", "-m", model_h5, "--points", 1_000_000, "--seed", 1) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == -signal.SIGPIPE


def is_writing_in(folder: Path, process: int) -> bool:
    """Tell whether a ``process`` has a file open in ``folder``, with a name or without."""
    if list(folder.iterdir()):
        return True
    with contextlib.suppress(FileNotFoundError):
        return any(
            os.readlink(opened).startswith(str(folder)) for opened in Path(f"/proc/{process}/fd").iterdir()
        )
    return False


def test_an_interrupted_run_leaves_no_file(model_h5: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with started("sample", "-m", model_h5, "--points", 1_000_000, "--seed", 1, "-o", out) as running:
        while not is_writing_in(tmp_path, running.pid):
            assert running.poll() is None
        os.kill(running.pid, signal.SIGINT)
    assert running.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def test_tensorflow_is_not_loaded(model_h5: Path) -> None:
    script = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr))\n"
        "from hwcli.__main__ import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, "sample", "-m", str(model_h5), "--points", "2", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=hw_environment())
    loaded = set(done.stderr.split())
    assert "h5py" in loaded
    assert not loaded & {"tensorflow", "keras", "rich", "cairosvg", "scipy"}


# --- what is refused ---------------------------------------------------------------------------------------


def test_bundled_is_the_model_that_comes_along(run_hw: RunHw) -> None:
    common = ["sample", "--points", 5, "--seed", 1]
    assert run_hw(*common, "--model", "bundled").out == run_hw(*common).out


def test_without_a_model_it_writes_with_the_one_that_comes_along(run_hw: RunHw) -> None:
    made = run_hw("sample", "--points", 5, "--seed", 1, "-q")
    assert json.loads(made.lines[0])["model"] == "compact.h5"
    assert len(made.lines) == 6


@pytest.mark.parametrize(
    ("prime", "complaint"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b'{"drawing":"a"}\n', "drawing a has no point; a prime has at least two"),
        (b'{"drawing":"a"}\n{"x":1,"y":2}\n', "drawing a has one point; a prime has at least two"),
        (b"[1,2,0]\n", "drawing number 1 has one point"),
        (b'{"drawing":"a"}\n{"x":1,"y":2}\n{"x":NaN,"y":2}\n', "NaN"),
        (b'{"drawing":"a"}\n{"x":1,"y":2}\n{"x":1e999,"y":2}\n', "beyond"),
        (b'{"drawing":"a"}\n{"x":1,"y":2}\n{"x":', "not JSON"),
        (b"\x00\x01\x02", "not ink"),
    ],
)
def test_a_prime_that_is_none_is_refused_in_one_line(
    run_hw: RunHw, model_h5: Path, prime: bytes, complaint: str
) -> None:
    failed = run_hw("sample", "-m", model_h5, "--prime", "-", "--seed", 1, "--points", 5, stdin=prime, code=1)
    assert complaint in failed.err
    assert failed.err.count("\n") == 1
    assert failed.err.startswith("hw: <stdin>")
    assert failed.out == b""


def test_bad_primes_can_be_left_out(run_hw: RunHw, model_h5: Path) -> None:
    mixed = b'{"drawing":"short"}\n[1,2,0]\n' + PRIME
    common = ["sample", "-m", model_h5, "--prime", "-", "--points", 5, "--seed", 1, "--skip-bad"]
    done = run_hw(*common, stdin=mixed)
    assert [header["drawing"] for header, _ in drawings_of(done.lines)] == ["given-1"]
    assert "1 bad prime left out, the first: <stdin>: drawing short" in done.err
    none = run_hw(*common, stdin=b'{"drawing":"short"}\n[1,2,0]\n', code=1).err
    assert "no prime" in none
    assert "1 bad prime left out" in none


def test_more_points_than_a_processor_counts_are_asked_for(model_h5: Path) -> None:
    """It goes on until nobody reads any more."""
    with started("sample", "-m", model_h5, "-n", 1, "--seed", 1, "--points", 10**30) as process:
        assert process.stdout is not None
        assert len([process.stdout.readline() for _ in range(50)][-1]) > 10
        process.stdout.close()
        assert process.wait(60) == -signal.SIGPIPE


def test_a_prime_in_another_unit_is_told(run_hw: RunHw, model_h5: Path) -> None:
    tiny = b'{"drawing":"mm"}\n[0,0,0]\n[0.01,0.02,0]\n[0.03,0.01,1]\n'
    huge = b'{"drawing":"pixels"}\n[0,0,0]\n[9000,4000,0]\n[0,0,1]\n'
    common = ["sample", "-m", model_h5, "--prime", "-", "--points", 3, "--seed", 1]
    assert "another unit?" in run_hw(*common, stdin=huge).err
    assert "another unit?" in run_hw(*common, stdin=tiny).err
    assert run_hw(*common, stdin=PRIME).err == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--bias", "-1"], ["--bias", "nan"], ["--pen-temperature", "-0.5"], ["--pen-temperature", "inf"],
        ["--points", "0"], ["-n", "0"], ["--seed", "-4"], ["--prime-points", "1"],
        ["--prime-points", "5"], ["--no-prime-out"], ["extra"],
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_usage(run_hw: RunHw, model_h5: Path, options: list[str]) -> None:
    failed = run_hw("sample", "-m", model_h5, *options, code=2)
    assert failed.err.count("\n") == 1
    assert failed.out == b""


def test_a_model_that_is_none_or_is_damaged_is_refused(
    run_hw: RunHw, model_h5: Path, ink_h5: Path, tmp_path: Path
) -> None:
    assert "not a model file" in run_hw("sample", "-m", ink_h5, code=1).err
    assert "No such file" in run_hw("sample", "-m", tmp_path / "no.h5", code=1).err
    spoilt = tmp_path / "nan.h5"
    spoilt.write_bytes(model_h5.read_bytes())
    with h5py.File(spoilt, "r+") as root:
        weights = root["weights/output/bias"]
        weights[...] = np.full(weights.shape, np.nan)
    assert "not all finite" in run_hw("sample", "-m", spoilt, code=1).err


def test_no_damage_to_a_model_file_gives_a_traceback(run_hw: RunHw, model_h5: Path, tmp_path: Path) -> None:
    whole, chance = model_h5.read_bytes(), random.Random(3)
    for attempt in range(8):
        spoilt = bytearray(whole[: chance.randrange(1, len(whole))] if attempt % 2 else whole)
        for _ in range(20):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        path = tmp_path / "spoilt.h5"
        path.write_bytes(bytes(spoilt))
        done = run_hw("sample", "-m", path, "--points", 3, "--seed", 1, code=None)
        assert done.code in (0, 1, 2)
        assert "Traceback" not in done.err
        assert "a bug of hw" not in done.err


@pytest.mark.parametrize("options", [["a b"], ["--points", 9], ["--style", "ann", "a b"], ["--prime"]])
def test_a_model_of_huge_numbers_is_told_in_a_line(
    run_hw: RunHw, ink_jsonl: Path, tmp_path: Path, options: list[object]
) -> None:
    """The prime, too, is read without a warning of NumPy's, and so is the trial of products."""
    with (ROOT / "tests/project/golden/version-1/model.h5").open("rb") as file:
        model = read_model(file, "model.h5")
    huge = tmp_path / "huge.h5"
    with huge.open("w+b") as file:
        weights = {name: np.copysign(np.float32(1e38), array) for name, array in model.weights.items()}
        write_model(file, replace(model, weights=weights))
    options += [ink_jsonl] if options == ["--prime"] else []
    failed = run_hw("sample", "-m", huge, "--seed", 1, *options, code=1)
    assert "beyond all bounds" in failed.err
    assert failed.err.count("\n") == 1


def test_a_model_that_runs_away_is_told(run_hw: RunHw, model_h5: Path, tmp_path: Path) -> None:
    wild = tmp_path / "wild.h5"
    wild.write_bytes(model_h5.read_bytes())
    with h5py.File(wild, "r+") as root:
        weights = root["weights/output/bias"]
        weights[...] = np.full(weights.shape, 60.0)
    failed = run_hw("sample", "-m", wild, "--points", 50, "--seed", 1, code=1)
    assert "beyond all bounds" in failed.err
    assert failed.err.count("\n") == 1
