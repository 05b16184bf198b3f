"""A strokes file that another program writes while it is read: refused, or read whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import drawings, hw_environment

from hwcli.errors import BadInput
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.stdio import open_output, open_seekable


def write(path: Path, seed: int, number: int = 24) -> None:
    """Write ``number`` drawings over what is there, under its name and in its place."""
    with path.open("w+b") as file, StrokesWriter(file, ["made for a test"]) as writer:
        for drawing in drawings(number, seed):
            writer.add(drawing)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "s.h5", 1)
    os.utime(tmp_path / "s.h5", (1e9, 1e9))
    return tmp_path / "s.h5"


@pytest.fixture
def reader(path: Path) -> Iterator[StrokesReader]:
    with open_seekable(path) as file, StrokesReader(file, "s.h5") as opened:
        yield opened


@pytest.mark.parametrize("number", [24, 1, 60])
def test_one_that_is_written_in_its_place_is_refused(path: Path, reader: StrokesReader, number: int) -> None:
    np.testing.assert_array_equal(reader.points(0), drawings(24)[0].points)
    write(path, 2, number)
    for read in (lambda: reader.points(20), lambda: reader.ids, lambda: reader[3], lambda: list(reader)):
        with pytest.raises(BadInput, match=r"s\.h5: another program has written to it while it was read"):
            read()


def test_one_that_another_takes_the_name_of_is_read_whole(path: Path, reader: StrokesReader) -> None:
    with open_output(path, binary=True, force=True) as file, StrokesWriter(file, []) as writer:
        for drawing in drawings(3, 2):
            writer.add(drawing)
    for read, made in zip(reader, drawings(24), strict=True):
        np.testing.assert_array_equal(read.points, made.points)
        assert (read.id, read.text) == (made.id, made.text)


def test_of_a_program_that_writes_the_same_name_again_and_again_each_reader_has_a_whole_file(
    path: Path, tmp_path: Path
) -> None:
    whole = [[drawing.points.tobytes() for drawing in drawings(24, seed)] for seed in (1, 2)]
    body = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from conftest import drawings\n"
        "from hwcli.stdio import open_output\n"
        "from hwcli.ink.strokes_file import StrokesWriter\n"
        "ink = [drawings(24, seed) for seed in (1, 2)]\n"
        "for i in range(10_000):\n"
        "    with open_output('s.h5', binary=True, force=True) as file, StrokesWriter(file, []) as writer:\n"
        "        for drawing in ink[i % 2]: writer.add(drawing)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", body], cwd=tmp_path, env=hw_environment())
    try:
        changed, limit = 0, time.monotonic() + 60
        while changed < 20 and time.monotonic() < limit:
            first = path.stat().st_ino
            with open_seekable(path) as file, StrokesReader(file, "s.h5") as reader:
                assert [drawing.points.tobytes() for drawing in reader] in whole
            changed += path.stat().st_ino != first
        assert changed == 20
    finally:
        process.kill()
        process.wait()
