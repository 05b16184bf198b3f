"""A share of ``tests/endurance/endings.py``: commands that end as shells, disks and terminals have them end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import CAIRO, ROOT

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

import endings

SHARE = {
    "full": ["help", "completion", "styles", "ingest"],
    "closed": ["version", "ingest"],
    "pipe": ["info", "export", "align"],
    "no-stdin": ["ingest"],
    "typed": ["render-svg"],
    "shown": ["export-npz"],
    "read-only": ["export", "collect", "images"],
    "there": ["collect"],
    # libhdf5 crashed at the end of this one
    "filled": ["ingest", "recombine-list", "render-ps"],
    "device": ["export"],
}


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the commands read."""
    folder = tmp_path_factory.mktemp("endings")
    endings.prepare(folder)
    return folder


def cases() -> list[object]:
    """Return the commands and endings, as parameters."""
    drawn = ("render-ps", "images")
    return [
        pytest.param(name, ending, marks=CAIRO if name in drawn else (), id=f"{name}-{ending}")
        for ending, names in SHARE.items()
        for name in names
    ]


@pytest.mark.skipif(not Path("/dev/full").exists() or not Path("/sys").is_dir(), reason="needs Linux")
@pytest.mark.parametrize(("name", "ending"), cases())
def test_one_line_the_right_code_and_what_was_there_before(top: Path, name: str, ending: str) -> None:
    assert endings.faults_of(name, ending, top) == []
