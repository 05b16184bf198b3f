"""``hw recombine``: from lines and a model to new lines."""

from __future__ import annotations

import gzip
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import RunHw

from hwcli.ink import Drawing
from hwcli.ink.offsets import Scale
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.model import Config, Model
from hwcli.model.file import weight_shapes, write_model

POINTS, FIRST = 8, 12
"""Points of each character, and of the first of a line: the window sets out half a character late."""
WORDS = ("able", "baker", "charm", "delta", "echo", "fox", "golf", "hotel", "india", "joy", "kilo", "lima")


def written(word: str, chance: np.random.Generator) -> np.ndarray:
    """A word of arches, a stroke a character, all of as many points."""
    parts = []
    for place in range(len(word)):
        count = POINTS if place else FIRST
        angle = np.linspace(0, 2 * math.pi, count)
        x = 90 * place + 60 * np.linspace(0, 1, count) + chance.normal(0, 1, count)
        y = 40 * np.cos(angle) + chance.normal(0, 1, count)
        parts.append(np.column_stack([x, y, np.arange(count) == count - 1]))
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def words_h5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three forms of twelve lines of a word each."""
    path = tmp_path_factory.mktemp("words") / "words.h5"
    chance = np.random.default_rng(0)
    with path.open("w+b") as file, StrokesWriter(file, ["made for a test"]) as writer:
        for form in range(3):
            for number, word in enumerate(WORDS):
                writer.add(Drawing(written(word, chance), id=f"form{form}-{number:02}", text=word))
    return path


@pytest.fixture(scope="module")
def steady_h5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose window goes on by a character each so many points."""
    config = Config().updated({"network": {"layers": 1, "units": 4, "mixtures": 1, "window": 1}})
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(config.network).items()}
    weights["window/bias"][:] = (0, 2, -math.log(POINTS))
    path = tmp_path_factory.mktemp("steady") / "steady.h5"
    with path.open("w+b") as file:
        write_model(file, Model(config, Scale(), weights))
    return path


def drawings_of(content: bytes) -> Iterator[Drawing]:
    with StrokesReader(io.BytesIO(content), "test") as reader:
        assert reader.history[0] == "made for a test"
        assert "hw recombine" in reader.history[-1]
        yield from reader


def test_new_lines_are_made_of_the_old_ones(run_hw: RunHw, words_h5: Path, steady_h5: Path) -> None:
    command = ["recombine", words_h5, "-m", steady_h5, "-n", "20", "--seed", "1"]
    first, second = (run_hw(*command).out for _ in range(2))
    assert first == second
    lines = list(drawings_of(first))
    assert [line.id for line in lines] == [f"recombined-{number:06}" for number in range(1, 21)]
    assert {line.writer for line in lines} <= {"form0", "form1", "form2"}
    assert all(line.text and len(line) > 10 for line in lines)
    assert sum(line.extra["pieces"]["own"] for line in lines) > 20


def test_both_files_go_into_one(run_hw: RunHw, words_h5: Path, steady_h5: Path, tmp_path: Path) -> None:
    more, both = tmp_path / "more.h5", tmp_path / "both.h5"
    run_hw("recombine", words_h5, "-m", steady_h5, "-n", "5", "--seed", "1", "-o", more)
    run_hw("ingest", words_h5, more, "--no-clean", "-o", both)
    with both.open("rb") as file, StrokesReader(file, "both") as reader:
        assert len(reader) == 3 * len(WORDS) + 5
        assert reader.ids[-1] == "recombined-000005"


def test_lines_that_do_not_say_their_text_are_listed_first(
    run_hw: RunHw, words_h5: Path, steady_h5: Path, tmp_path: Path
) -> None:
    wrong, odd, listed = (
        tmp_path / "wrong.h5",
        Drawing(written("able", np.random.default_rng(1))),
        tmp_path / "l",
    )
    odd.id, odd.text = "wrong-00", "abledeltakilo"
    with words_h5.open("rb") as old, StrokesReader(old, "") as reader, wrong.open("w+b") as file:  # noqa: SIM117
        with StrokesWriter(file, reader.history) as writer:
            for drawing in [*reader, odd]:
                writer.add(drawing)
    run_hw(
        "recombine",
        wrong,
        "-m",
        steady_h5,
        "-n",
        "5",
        "--seed",
        "1",
        "--disagreements",
        listed,
        "-o",
        tmp_path / "m",
    )
    rows = [line.split("\t") for line in listed.read_text().splitlines()]
    assert len(rows) == 3 * len(WORDS) + 1
    assert rows[0][1:] == ["wrong-00", "abledeltakilo"]
    assert float(rows[0][0]) > 0.67
    figures = [float(row[0]) for row in rows]
    assert figures == sorted(figures, reverse=True)


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (("--disagreements", "-"), 2, "both go to standard output"),
        (("--disagreements", "o.h5", "-o", "o.h5"), 2, "name two files"),
        (("--disagreements", "mine", "-o", "o.h5"), 1, "mine: exists; --force"),
    ],
)
def test_a_list_that_cannot_be_is_refused_before_the_work(
    run_hw: RunHw, tmp_path: Path, options: tuple[str, ...], code: int, reason: str
) -> None:
    (tmp_path / "mine").touch()
    done = run_hw("recombine", "no-such.h5", *options, code=code, cwd=tmp_path)
    assert reason in done.err
    assert done.out == b""


def test_a_part_of_the_lines_is_enough(run_hw: RunHw, words_h5: Path, steady_h5: Path) -> None:
    done = run_hw("recombine", words_h5, "-m", steady_h5, "-n", "5", "--seed", "1", "--pieces-from", "12")
    assert len({line.writer for line in drawings_of(done.out)}) == 1
    assert "12 lines cut up" in done.err


def test_a_model_that_reads_no_text_is_refused(run_hw: RunHw, words_h5: Path, model_h5: Path) -> None:
    done = run_hw("recombine", words_h5, "-m", model_h5, "--seed", "1", code=1)
    assert "reads no text" in done.err


def test_too_little_writing_is_told(run_hw: RunHw, words_h5: Path, steady_h5: Path, tmp_path: Path) -> None:
    few = ["--pieces-from", "2", "--seed", "1", "-o", tmp_path / "none.h5"]
    done = run_hw("recombine", words_h5, "-m", steady_h5, *few, code=1)
    assert "hands can write" in done.err
    assert not list(tmp_path.iterdir())


def test_lines_without_texts_are_told_of(
    run_hw: RunHw, words_h5: Path, steady_h5: Path, tmp_path: Path
) -> None:
    with words_h5.open("rb") as old, StrokesReader(old, "") as reader, (tmp_path / "i.h5").open("w+b") as file:  # noqa: SIM117
        with StrokesWriter(file, []) as writer:
            for drawing in reader:
                drawing.text = ""
                writer.add(drawing)
    done = run_hw("recombine", tmp_path / "i.h5", "-m", steady_h5, "-n", 1, "--seed", 1, code=1)
    assert done.err.splitlines()[-1].endswith(": none of its lines taken has a text that the model knows")


def test_ink_that_is_no_strokes_file_is_refused_with_what_makes_one(run_hw: RunHw, ink_jsonl: Path) -> None:
    assert "hw ingest" in run_hw("recombine", ink_jsonl, "-n", 1, code=1).err


def test_what_is_no_ink_is_told_as_by_other_commands(run_hw: RunHw) -> None:
    assert run_hw("recombine", "-", code=1).err == "hw: <stdin>: empty: there is no ink in it\n"
    assert run_hw("recombine", "-", stdin=b"rubbish\n", code=1).err.startswith(
        "hw: <stdin>: not ink that hw knows ("
    )
    packed = gzip.compress(b'{"drawing":"a"}\n')
    assert "unpack" in run_hw("recombine", "-", stdin=packed, code=1).err


def test_the_history_has_the_seed_that_was_drawn(run_hw: RunHw, words_h5: Path, steady_h5: Path) -> None:
    command = ["recombine", "-m", steady_h5, "-n", "3"]
    drawn = run_hw(*command, "--", words_h5)
    with StrokesReader(io.BytesIO(drawn.out), "test") as reader:
        (seed,) = re.findall(r"hw recombine --seed (\d+) -m ", reader.history[-1])
        lines = [line.points for line in reader]
    assert f"seed {seed}" in drawn.err
    command.append(words_h5)
    again = run_hw(*command, "--seed", seed)
    for one, other in zip(lines, drawings_of(again.out), strict=True):
        np.testing.assert_array_equal(one, other.points)
