"""Where a file comes from: the line that its history keeps of the command that made it."""

from __future__ import annotations

import shlex
import sys

from hwcli import __version__


def this_command(drawn_seed: int | None = None) -> str:
    """Return the line that a file keeps of the command that makes it: program, version, command line.

    ``drawn_seed``: the seed that was drawn because the command line has none; with it the line makes the same.
    """
    from hwcli.ink.gathering import storable

    seed = [] if drawn_seed is None else ["--seed", str(drawn_seed)]
    # Where no -- has come yet, and what is cut off of a long line is not it.
    return storable(f"hw {__version__}: {shlex.join(['hw', *sys.argv[1:2], *seed, *sys.argv[2:]])}")[:4000]
