#!/usr/bin/env python3
"""Write the completion scripts that packages install: what ``_HW_COMPLETE=source_SHELL hw`` prints.

python man/make_completions.py            write hwcli/completions/hw.*
python man/make_completions.py --check    write nothing; exit 1 when one is out of date
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "hwcli" / "completions"
SHELLS = ("bash", "zsh", "fish")
# zsh loads the script at the first completion, which the script must then answer itself.
AFTER = {"zsh": '[[ $zsh_eval_context[-1] == loadautofunc ]] && _hw_completion "$@"\n'}


def script(shell: str) -> str:
    """Return the completion script for ``shell``."""
    environment = {**os.environ, "_HW_COMPLETE": f"source_{shell}"}
    command = [sys.executable, "-m", "hwcli"]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return made.strip() + "\n" + AFTER.get(shell, "")


def main(arguments: list[str]) -> int:
    """Write the scripts, or with ``--check`` name those that are out of date."""
    scripts = {FOLDER / f"hw.{shell}": script(shell) for shell in SHELLS}
    stale = [path for path, text in scripts.items() if not path.exists() or path.read_text() != text]
    if arguments == ["--check"]:
        for path in stale:
            print(f"out of date: {path.name}; make man", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(scripts[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
