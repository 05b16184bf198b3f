#!/usr/bin/env python3
r"""Write the manual pages: what the program declares of itself, and the prose of man/prose.

    python man/make_man.py            write man/*.1 and man/*.5
    python man/make_man.py --check    write nothing; exit 1 and name the pages that are out of date

A page of a command has NAME, SYNOPSIS, ARGUMENTS, OPTIONS, EXIT STATUS and SEE ALSO from the program, and
its file in man/prose has the rest in roff: the description, then a line ``.\" OPTIONS`` where the options
go, then further sections.  A page of a format is all prose but its heading, NAME and SEE ALSO; hw-config(5)
has its keys and the presets from ``hwcli/model``, at a line ``.\" KEYS``.  What stands
between .EX and .EE in the prose is plain text.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import config_page
import typer

from hwcli import __version__
from hwcli.cli import application

HERE = Path(__file__).resolve().parent
DATE = "2026-11-22"
FORMATS = {
    "hw-points": "pen points as JSON lines",
    "hw-strokes": "many drawings in one HDF5 file",
    "hw-model": "a trained network in an HDF5 file",
    "hw-config": "the configuration of a network and of its training",
}
OPTIONS_HERE, KEYS_HERE = '.\\" OPTIONS\n', '.\\" KEYS\n'
VERBATIM = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
EXIT_STATUS = r""".SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed; one line on standard error says what, where, and what to do next.
.TP
.B 2
Wrong usage.
"""
THRESHOLD_STATUS = """.TP
.B 3
A threshold that was asked for is not met.
"""
SIGNAL_STATUS = """.PP
A reader that goes away ends
.B hw
as SIGPIPE does, without a word; Ctrl-C, SIGTERM and SIGHUP end it as those signals do, after it has tidied up.
"""


def pages() -> dict[str, str]:
    """Return the text of every manual page by its file name."""
    group = typer.main.get_command(application())
    top = group.make_context("hw", [], resilient_parsing=True)
    commands: dict[str, Any] = group.commands  # type: ignore[attr-defined]  # Typer's group has them
    names = [("hw", 1), *((f"hw-{name}", 1) for name in commands), *((name, 5) for name in FORMATS)]
    made = {"hw.1": _main_page(group, top, commands, names)}
    for name, command in commands.items():
        context = command.make_context(name, [], parent=top, resilient_parsing=True)
        made[f"hw-{name}.1"] = _command_page(command, context, names)
    for name, purpose in FORMATS.items():
        made[f"{name}.5"] = _format_page(name, purpose, names)
    return made


def _main_page(group: Any, context: Any, commands: dict[str, Any], names: list[tuple[str, int]]) -> str:
    description, more = _prose("hw.1")
    listed = "".join(
        f".TP\n.BR hw\\-{name} (1)\n{_text(_first_line(command))}\n" for name, command in commands.items()
    )
    return (
        _heading("hw", 1)
        + f".SH NAME\nhw \\- {_text(_purpose(group))}\n"
        + ".SH SYNOPSIS\n.B hw\n.I command\n.RI [ option ...]\n.RI [ argument ...]\n"
        + f".SH DESCRIPTION\n{description}.SH COMMANDS\n{listed}"
        + f".SH OPTIONS\n{_options(group, context)}{more}"
        + EXIT_STATUS + THRESHOLD_STATUS + SIGNAL_STATUS + _see_also("hw", 1, names)
    )  # fmt: skip


def _command_page(command: Any, context: Any, names: list[tuple[str, int]]) -> str:
    name = f"hw-{command.name}"
    description, more = _prose(f"{name}.1")
    arguments = _entries(command, context, "argument")
    status = EXIT_STATUS + (THRESHOLD_STATUS if command.name == "eval" else "") + SIGNAL_STATUS
    return (
        _heading(name, 1)
        + f".SH NAME\n{_escape(name)} \\- {_text(_purpose(command))}\n"
        + f".SH SYNOPSIS\n{_synopsis(command, context)}"
        + f".SH DESCRIPTION\n{description}"
        + (f".SH ARGUMENTS\n{arguments}" if arguments else "")
        + f".SH OPTIONS\n{_options(command, context)}{more}{status}{_see_also(name, 1, names)}"
    )


def _format_page(name: str, purpose: str, names: list[tuple[str, int]]) -> str:
    description, more = _prose(f"{name}.5")
    if name == "hw-config":
        keys = f".SH KEYS\n{config_page.sections(_text)}.SH PRESETS\n{config_page.presets(_verbatim)}"
        description = description.replace(KEYS_HERE, keys)
    named = f".SH NAME\n{_escape(name)} \\- {_text(purpose)}\n"
    return f"{_heading(name, 5)}{named}.SH DESCRIPTION\n{description}{more}{_see_also(name, 5, names)}"


def _heading(name: str, section: int) -> str:
    made = '.\\" Made by man/make_man.py from the program and man/prose: change those.\n'
    return f'{made}.TH {_escape(name.upper())} {section} "{DATE}" "hw {__version__}" "hw manual"\n'


def _prose(page: str) -> tuple[str, str]:
    """Return the prose of ``page`` before and after the place of the options."""
    text = (HERE / "prose" / page).read_text(encoding="utf-8")
    text = re.sub(r"(?<=^\.EX\n).*?(?=^\.EE$)", lambda found: _verbatim(found.group()), text, flags=re.M | re.S)
    before, _, after = text.partition(OPTIONS_HERE)
    return before, after


def _verbatim(text: str) -> str:
    """Return ``text`` so that each character comes out of roff as it is, to be pasted into a shell."""
    lines = "".join(VERBATIM.get(character, character) for character in text).splitlines(keepends=True)
    return "".join(f"\\&{line}" if line.startswith(".") else line for line in lines)


def _see_also(name: str, section: int, names: list[tuple[str, int]]) -> str:
    others = sorted((item for item in names if item != (name, section)), key=lambda item: (item[1], item[0]))
    lines = [f".BR {_escape(other)} ({number})" for other, number in others]
    return ".SH SEE ALSO\n" + " ,\n".join(lines) + "\n"


def _synopsis(command: Any, context: Any) -> str:
    arguments = [f".I {_escape(_metavar(item, context))}\n" for item in _of_kind(command, "argument")]
    return f".B hw {command.name}\n.RI [ option ...]\n" + "".join(arguments)


def _options(command: Any, context: Any) -> str:
    return _entries(command, context, "option")


def _of_kind(command: Any, kind: str) -> list[Any]:
    shown = [item for item in command.params if item.param_type_name == kind and not item.hidden]
    help_option = command.get_help_option(command.make_context(command.name, [], resilient_parsing=True))
    return [*shown, help_option] if kind == "option" and help_option not in shown else shown


def _entries(command: Any, context: Any, kind: str) -> str:
    made = []
    for item in _of_kind(command, kind):
        record = item.get_help_record(context)
        is_option = kind == "option"
        term = _option_term(record[0]) if is_option else f"\\fI{_escape(_metavar(item, context))}\\fR"
        made.append(f".TP\n{term}\n{_text(' '.join(record[1].split()))}\n")
    return "".join(made)


def _metavar(item: Any, context: Any) -> str:
    return str(item.make_metavar(context)).strip("{}")


def _option_term(declared: str) -> str:
    """Return ``-o, --output FILE`` with the option bold and its value in italics."""
    parts = re.split(r"(, | / |; | )", declared)
    return "".join(
        f"\\fB{_escape(part)}\\fR" if part.startswith("-")
        else part if not part.strip(",;/ ")
        else f"\\fI{_escape(part)}\\fR"
        for part in parts
    )  # fmt: skip


def _purpose(command: Any) -> str:
    """Return the first line of a command's help as NAME wants it: no capital, no full stop."""
    line = _first_line(command).rstrip(".")
    return line[:1].lower() + line[1:]


def _first_line(command: Any) -> str:
    return str(command.help or "").strip().splitlines()[0]


def _escape(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def _text(text: str) -> str:
    """Return ``text`` as roff: options with real hyphens, no line that starts like a request."""
    options = re.compile(r"(?<!\w)--?(?=[a-zA-Z0-9])")
    escaped = options.sub(lambda found: _escape(found.group()), text.replace("\\", "\\e"))
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that are out of date."""
    check = arguments == ["--check"]
    stale = []
    for name, text in pages().items():
        path = HERE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if stale and check:
        print(f"out of date: {', '.join(stale)}; make man", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
