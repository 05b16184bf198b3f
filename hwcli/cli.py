"""The command ``hw``: its subcommands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import NoReturn

import typer

from hwcli import console
from hwcli.errors import HwError

COMMANDS = ("ingest", "export", "info", "train", "sample", "render", "eval")

app = typer.Typer(
    name="hw",
    help="Online handwriting from the shell: read pen strokes, train networks on them, write, draw, measure.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion="_HW_COMPLETE" in os.environ,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name in COMMANDS:
    app.command(_name)(import_module(f"hwcli.commands.{_name}").run)


def main() -> NoReturn:
    """Run ``hw`` with the arguments of the process and exit as the conventions say."""
    try:
        app(prog_name="hw", standalone_mode=True)
    except HwError as error:
        console.fail(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _end_as(signal.SIGPIPE)
    sys.exit(0)


def _end_as(number: signal.Signals) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)
