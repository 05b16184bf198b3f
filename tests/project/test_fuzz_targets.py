"""Everything that ``tests/endurance/fuzz.py`` fuzzes, for a moment: whole files, and some damage to each."""

from __future__ import annotations

import io
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "endurance"))

import fuzz_seeds
from fuzz import READERS
from fuzz_edits import edited
from fuzz_targets import fuzz_target

from hwcli.ink.reading import read_any
from hwcli.learning.checkpoint import read_checkpoint
from hwcli.model.file import read_model

DAMAGES = 12


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return ``content`` with some bytes overwritten, or cut short."""
    changed = bytearray(content)
    for place in rng.integers(0, len(changed), rng.integers(1, 6)):
        changed[place] = rng.integers(0, 256)
    return bytes(changed[: rng.integers(1, len(changed) + 1)] if rng.random() < 0.2 else changed)


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_succeeds_or_says_why_not(reader: str) -> None:
    target, rng = fuzz_target(reader), np.random.default_rng(23)
    for seed in fuzz_seeds.seeds(reader)[:3]:
        target(seed)
        for _ in range(DAMAGES):
            target(damaged(seed, rng))


def test_whole_files_are_read() -> None:
    """What fuzzing begins with is not refused at the door."""
    for reader in ("xml", "inkml", "xopp", "svg", "unipen", "remarkable", "rmdoc", "jsonl", "npz", "strokes"):
        assert list(read_any(io.BytesIO(fuzz_seeds.seeds(reader)[0]), reader)), reader
    for content in fuzz_seeds.seeds("model"):
        assert read_model(io.BytesIO(content), "model").seed == 7
    assert read_checkpoint(io.BytesIO(fuzz_seeds.checkpoint()), "checkpoint").position.batches == 3


def test_changing_a_file_takes_little_memory(tmp_path: Path) -> None:
    """Else it would look like the memory of the reader, as it did with these changes: 1.05 GB."""
    changes = bytes.fromhex("006e06060606060606060606060606060606060661060694066e")
    content = fuzz_seeds.strokes()
    tracemalloc.start()
    try:
        assert edited(content, changes, tmp_path) != content
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
