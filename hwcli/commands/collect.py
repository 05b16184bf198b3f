"""``hw collect``."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwcli import console, stdio
from hwcli.errors import HwError
from hwcli.options import Quiet, Verbose
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.collecting.coverage import Goal
    from hwcli.collecting.desk import Desk
    from hwcli.collecting.notebook import Kept, Notebook
    from hwcli.collecting.plan import Plan
    from hwcli.collecting.server import Server

OUTPUT = Path("mine.jsonl")
PORT = 8417
"""Asked for first, so that what the browser kept of an unfinished line is found again on another day."""
LONGEST_LINE = 200


def run(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Add the lines to this file.")
    ] = OUTPUT,
    text_file: Annotated[
        Path | None,
        typer.Option("--text-file", metavar="FILE", help="Ask for the lines of this file, in their order."),
    ] = None,
    writer: Annotated[
        str, typer.Option("--writer", metavar="NAME", help="Who writes, if it is to be kept.")
    ] = "",
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDRESS", help="Listen at this address of the network, for a tablet."),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            metavar="N",
            help="Listen at this port (8417, if it is free); 0: any that is free.",
        ),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only tell the address; open no browser.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Collect a person's handwriting on a page in the browser.

    Serves one page on this machine, on which lines are written with a pen, a finger or a mouse. Each is added
    to the output, as JSON lines of points, before the page says so. Run again, it goes on where it was left.
    """
    plan, goal = _lines(text_file)
    with _notebook(output) as (notebook, kept):
        desk = _desk(plan, goal, notebook, kept, "line" if _is_stream(output) else output.stem, writer)
        with _server(host, port, desk) as server:
            try:
                _tell(server, kept, output, no_open)
                server.serve_forever(poll_interval=0.2)
            finally:
                desk.close()
                console.say(desk.summary())
            if server.failure is not None:
                raise server.failure


def _is_stream(output: Path) -> bool:
    return str(output) in (stdio.STREAM, "/dev/stdout")


def _lines(text_file: Path | None) -> tuple[Plan, Goal]:
    from hwcli.collecting.coverage import Goal
    from hwcli.collecting.plan import Plan, own_lines

    if text_file is None:
        return Plan(own_lines()), Goal()
    lines = _read_lines(text_file)
    return Plan(lines, in_order=True), Goal.of_lines(lines)


def _read_lines(path: Path) -> list[str]:
    from hwcli.errors import BadInput
    from hwcli.ink import limits

    shown = stdio.name_of(path)
    with stdio.open_input(path) as file:
        content = file.read(limits.LINE + 1)
    if len(content) > limits.LINE:
        raise BadInput(shown, f"more than {limits.LINE} bytes of text")
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))  # so that an é is one character
        lines = [" ".join(line.split()) for line in text.splitlines()]
    except UnicodeDecodeError:
        raise BadInput(shown, "not UTF-8 text") from None
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE or "\0" in line:
            raise BadInput(shown, f"not a line to write: more than {LONGEST_LINE} characters, or NUL", number)
    if not any(lines):
        raise BadInput(shown, "no line of text in it")
    return [line for line in lines if line]


@contextlib.contextmanager
def _notebook(output: Path) -> Iterator[tuple[Notebook, Kept]]:
    from hwcli.collecting.notebook import Kept, StreamNotebook, open_notebook

    if _is_stream(output):
        with stdio.open_output(None, binary=False) as file:
            yield StreamNotebook(file, "standard output"), Kept()
        return
    with open_notebook(output) as (notebook, kept):
        if kept.torn:
            console.warn(
                f"{output}: a line that was cut short at its end is taken away ({counted(kept.torn, 'bytes')})"
            )
        yield notebook, kept


def _desk(plan: Plan, goal: Goal, notebook: Notebook, kept: Kept, stem: str, writer: str) -> Desk:
    from datetime import UTC, datetime

    from hwcli.collecting.desk import Desk
    from hwcli.ink.gathering import storable

    def clock() -> str:
        return datetime.now(UTC).isoformat(timespec="seconds")

    return Desk(plan, goal, notebook, kept, storable(stem), clock, storable(writer))


@contextlib.contextmanager
def _server(host: str, port: int | None, desk: Desk) -> Iterator[Server]:
    from hwcli.collecting.address import is_loopback, new_token
    from hwcli.collecting.page import load_page
    from hwcli.collecting.server import Server

    page, token = load_page(), new_token()
    ports = (PORT, 0) if port is None else (port,)
    for number in ports:
        try:
            server = Server(host, number, page, desk, token, console.detail)
            break
        except OSError as error:
            failure = error
    else:
        where = f"{host}, port {port}" if port else host
        raise HwError(f"cannot listen at {where}: {stdio.explain(failure)}") from failure
    if not is_loopback(host):
        console.warn(
            "whoever on the network has this address can add lines, and what is sent can be read on its way"
        )
    with server:
        yield server


def _tell(server: Server, kept: Kept, output: Path, no_open: bool) -> None:
    """Tell the address, and show it in a browser where there is one to expect."""
    from hwcli.collecting.address import is_loopback

    if kept.texts:
        console.say(f"going on with {output}: {counted(len(kept.texts), 'lines')} so far")
    console.say(f"write at {server.url} (Ctrl-C ends)")
    has_screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not no_open and has_screen and is_loopback(server.host):
        import webbrowser

        with console.hushed():
            webbrowser.open(server.url)
