"""The same seed on processors of other kinds: the same drawing, but for the last digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import RunHw

KINDS = {"Nehalem": "sse4_2", "Haswell": "avx2", "SkylakeX": "avx512f"}
"""Kinds of processors that OpenBLAS has matrix products for, and what a processor must have to run them."""
APART = 0.05
"""How far the same points may be apart, in a line of letters some hundreds high; seen were 0.005."""


def kinds_to_try() -> list[str]:
    """Return those of ``KINDS`` that this processor can run; skip the test where they are fewer than two."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    kinds = [kind for kind, flag in KINDS.items() if flag in flags]
    if len(kinds) < 2:
        pytest.skip("needs Linux on an x86-64 processor with AVX2, to take it for an older one")
    return kinds


def test_the_same_seed_gives_the_same_drawing_on_other_processors(run_hw: RunHw) -> None:
    written = []
    for kind in kinds_to_try():
        settings = {"OPENBLAS_CORETYPE": kind, "OPENBLAS_VERBOSE": "2"}
        done = run_hw("sample", "Dear Ann, the parcel came on 3 May.", "--seed", 1, env=settings)
        if f"Core: {kind}" not in done.err:
            pytest.skip("needs a NumPy whose matrix products are by an OpenBLAS for several processors")
        points = [json.loads(line) for line in done.lines[1:]]
        written.append(np.array([(point["x"], point["y"], point["up"]) for point in points]))
    first, *others = written
    for other in others:
        assert other.shape == first.shape
        assert np.array_equal(other[:, 2], first[:, 2])
        np.testing.assert_allclose(other, first, rtol=0, atol=APART)
