"""Where a file comes from: the line that its history keeps of the command that made it."""

from __future__ import annotations

import shlex
import sys

from hwcli import __version__


def this_command() -> str:
    """Return the line that a file keeps of the command that makes it: program, version, command line."""
    from hwcli.ink.gathering import storable

    return storable(f"hw {__version__}: {shlex.join(['hw', *sys.argv[1:]])}")[:4000]
