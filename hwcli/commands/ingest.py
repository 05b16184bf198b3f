"""``hw ingest``."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from hwcli import console, stdio
from hwcli.options import Force, Output, Quiet, Verbose


def run(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE...", help="What to read.")],
    output: Output = None,
    lines: Annotated[Path | None, typer.Option("--lines", metavar="FILE")] = None,
    no_clean: Annotated[bool, typer.Option("--no-clean", help="Leave the ink as it is.")] = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read pen recordings and write them as one strokes file."""
    from hwcli import __version__
    from hwcli.ink.cleaning import NOTHING, Cleaning, clean
    from hwcli.ink.sources.iam_ondb import Database, archive_files, form_of
    from hwcli.ink.strokes_file import StrokesWriter

    wanted = {line.strip() for line in lines.read_text().splitlines()} if lines else None
    counts: Counter[str] = Counter()
    database = Database()

    def is_wanted(line: str) -> bool:
        return wanted is None or line in wanted or form_of(line) in wanted

    history = [f"hw {__version__}: {' '.join(['hw', *sys.argv[1:]])}"]
    with stdio.open_output(output, binary=True, force=force) as file, StrokesWriter(file, history) as writer:
        for source in sources:
            with stdio.open_input(source) as opened:
                files = archive_files(opened, str(source), lambda read: None)
                for drawing in database.read(files, str(source), is_wanted, None):
                    counts["read"] += 1
                    cleaned = clean(drawing, NOTHING if no_clean else Cleaning(), counts)
                    if cleaned is not None:
                        writer.add(cleaned)
        writer.rename_texts(database.text_of)
    console.say(str(dict(counts)))
