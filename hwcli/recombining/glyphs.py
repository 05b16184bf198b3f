"""Signs that a database hardly has, as a pen writes them: the designs of ``glyphs.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hwcli.writing.signs import Design, read_design

DESIGNS = Path(__file__).with_name("glyphs.toml")


@cache
def designs() -> Mapping[str, tuple[Design, ...]]:
    """Return the designs of each sign that there are any of."""
    with DESIGNS.open("rb") as file:
        return {sign: tuple(map(read_design, ways)) for sign, ways in tomllib.load(file).items()}
