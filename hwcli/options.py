"""The options that several commands share, each declared once, so that they look and behave alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwcli import console


def _set_quiet(given: bool) -> None:
    if given:
        console.set_level(console.QUIET)


def _set_verbose(given: bool) -> None:
    if given:
        console.set_level(console.VERBOSE)


Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", callback=_set_quiet, help="Say nothing but why it failed.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", callback=_set_verbose, help="Say more.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output file that exists.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out what cannot be read, and count it.")]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="Seed of chance; drawn and told if absent."),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of standard output.")
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--model", "-m", metavar="FILE", help="A model of hw train; absent: the one that comes along."
    ),
]


def settled_seed(seed: int | None) -> int:
    """Return ``seed``, or one that is drawn and told when there is none."""
    if seed is None:
        from secrets import randbits

        seed = randbits(31)
        console.say(f"seed {seed}")
    return seed


BUNDLED_MODEL = Path(__file__).parent / "model" / "bundled" / "compact.h5"
"""The preset ``compact`` trained on IAM-OnDB, weights as 16-bit numbers; writes text, and goes on with ink.

The database is free for non-commercial research, and so is what was trained on it (``hw info`` tells).
"""


def chosen_model(model: Path | None) -> Path:
    """Return ``model``, or where there is none the one that comes with the program."""
    return BUNDLED_MODEL if model is None else model
