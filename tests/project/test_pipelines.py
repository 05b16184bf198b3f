"""Pipelines as a shell runs them, and what they wrote when they were last looked at.

Made anew, when a format or the drawing changes by intent, with ``python tests/project/test_pipelines.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, hw_environment, write_iam_archives

GOLDEN = Path(__file__).with_name("golden")
MAKE_INK = f'"{sys.executable}" "{ROOT}/examples/make_ink.py" -n 3 --seed 5'
PIPELINES = {
    "points.jsonl": f"{MAKE_INK} | hw ingest - | hw export - made-0003 made-0001",
    "lines.svg": f"{MAKE_INK} | hw ingest - | hw render - --grid 2 --captions text",
}


def run(line: str, directory: Path | None = None) -> bytes:
    """Return what the shell ``line`` writes; every program of it must end well."""
    script = f'set -eu -o pipefail\nhw() {{ "{sys.executable}" -m hwcli "$@"; }}\n{line}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env=hw_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_writes_what_it_wrote_before(name: str) -> None:
    assert run(PIPELINES[name]) == (GOLDEN / name).read_bytes()


def test_archives_go_through_pipes_from_end_to_end(tmp_path: Path, model_h5: Path) -> None:
    write_iam_archives(tmp_path)
    told = json.loads(run("hw ingest *.tar.gz | hw info - --json", tmp_path))
    assert (told["drawings"], told["texts"]) == (16, 16)
    prime = "hw ingest *.tar.gz | hw export - --limit 2"
    line = f"{prime} | hw sample -m {model_h5} --prime - --prime-points 30 --points 20 --seed 1 | hw render -"
    assert run(line, tmp_path).count(b"<svg") == 1


def test_a_prime_is_the_head_of_an_export(ink_h5: Path) -> None:
    lines = run(f"hw export {ink_h5} made-0002 | (head -n 51; cat >/dev/null)").splitlines()
    assert len(lines) == 51
    assert json.loads(lines[0])["drawing"] == "made-0002"
    assert all(json.loads(line).keys() == {"x", "y", "up"} for line in lines[1:])


def test_two_files_one_after_the_other_are_a_file(ink_jsonl: Path) -> None:
    told = json.loads(run(f"cat {ink_jsonl} {ink_jsonl} | hw info - --json"))
    assert told["drawings"] == 48


def test_points_arrive_as_they_are_made(model_h5: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "hwcli",
        "sample",
        "-m",
        model_h5,
        "--points",
        "1000000",
        "-q",
        "--seed",
        "1",
    ]
    with subprocess.Popen(command, env=hw_environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = [json.loads(process.stdout.readline()) for _ in range(20)]
        process.terminate()
        process.stdout.close()
        code = process.wait(timeout=30)
    assert "drawing" in first[0]
    assert code in (-15, -13)


if __name__ == "__main__":
    for name, line in PIPELINES.items():
        (GOLDEN / name).write_bytes(run(line))
