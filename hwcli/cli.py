"""The command ``hw``: its subcommands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from hwcli import __version__, console, stopping
from hwcli.errors import EXIT_FAILED, HwError
from hwcli.stdio import explain, named_standard_output

COMMANDS = (
    "collect", "ingest", "export", "info", "align", "recombine", "train", "sample", "styles", "render", "eval"
)  # fmt: skip
HELP = "Online handwriting from the shell: read pen strokes, train networks on them, write, draw, measure."
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def application(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """Return ``hw`` with the commands of these ``names``."""
    app = typer.Typer(
        name="hw",
        help=HELP,
        epilog="'hw COMMAND --help' and the manual page hw-COMMAND(1) tell more of each.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion="_HW_COMPLETE" in os.environ,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options_of_hw)
    for name in names:
        app.command(name)(import_module(f"hwcli.commands.{name}").run)
    return app


def _print_version(given: bool) -> None:
    if given:
        typer.echo(f"hw {__version__}")
        raise typer.Exit


def _options_of_hw(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run ``hw`` with the arguments of the process, and end it as the conventions say."""
    begun = time.monotonic()
    sys.stdout = named_standard_output(sys.stdout)
    _listen()
    try:
        _run(sys.argv[1:])
        stopping.check()
        _flush()
        _tell_cost(begun)
    except BaseException as error:
        _end_after(error)
    sys.exit(0)


def _run(arguments: Sequence[str]) -> None:
    completes = "_HW_COMPLETE" in os.environ
    # Only the command that is named is built: to build all of them takes half of the start.
    named = [name for name in COMMANDS if arguments[:1] == [name] and not completes]
    command = typer.main.get_command(application(named or COMMANDS))
    if completes:
        command.main(list(arguments), prog_name="hw")
    # Not ``app()``: that has endings of its own for Ctrl-C and for a closed pipe.
    with command.make_context("hw", list(arguments)) as context:
        command.invoke(context)


def _tell_cost(begun: float) -> None:
    """Say under ``--verbose`` what the command, which began at the time ``begun``, and its processes took."""
    if console.is_verbose():
        import resource

        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        processor = sum(each.ru_utime + each.ru_stime for each in used)
        unit = 1 if sys.platform == "darwin" else 1024
        most = max(each.ru_maxrss for each in used) * unit / 1e6
        took = time.monotonic() - begun
        console.detail(f"took {took:.2f} s, {processor:.2f} s of processor, {most:,.0f} MB at most")


# --- signals -----------------------------------------------------------------------------------------------


def _listen() -> None:
    """Have the signals that end a program raise Stopped, but for those that the caller wants ignored."""
    stopping.pass_over_lost_ones()
    signal.signal(signal.SIGALRM, stopping.stop)
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stopping.stop)


def _do_not_listen() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) is stopping.stop:
            signal.signal(number, signal.SIG_DFL)


def _end_as(number: int) -> NoReturn:
    """End the process as signal ``number`` does, so that a shell sees it and ends its loop."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)


# --- endings -----------------------------------------------------------------------------------------------


def _end_after(error: BaseException) -> NoReturn:
    """Say why the program ends, in one line unless it is the user who ended it, and end it."""
    _do_not_listen()
    if number := stopping.asked():  # whatever a library has made of it
        traceback.clear_frames(error.__traceback__)  # else processes' semaphores are left to their tracker
        _end_as(number)
    match error:
        case KeyboardInterrupt():
            _end_as(signal.SIGINT)
        case BrokenPipeError():
            _end_as(signal.SIGPIPE)
        case SystemExit():
            raise error
        case typer.Exit():
            code = error.exit_code
        case _:
            code, message = _explained(error)
            console.fail(message)
            if not isinstance(error, HwError | typer.TyperException):
                console.detail("".join(traceback.format_exception(error)).rstrip())
    try:
        _flush()
    except BrokenPipeError:
        _end_as(signal.SIGPIPE)
    except (HwError, OSError) as failure:
        code = code or EXIT_FAILED
        if isinstance(error, typer.Exit):
            console.fail(_explained(failure)[1])
    _leave(code)


def _explained(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the one line that ``error`` deserves."""
    match error:
        case HwError():
            return error.exit_code, str(error)
        case typer.TyperException():
            return error.exit_code, _wrong_usage(error)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return EXIT_FAILED, f"{place}{explain(error)}"
        case MemoryError():
            return EXIT_FAILED, "out of memory"
        case RecursionError():
            return EXIT_FAILED, "the input is nested too deeply"
        case UnicodeError():
            return EXIT_FAILED, f"text that cannot be read or written as it is encoded: {error}"
    kind = type(error).__name__
    return EXIT_FAILED, f"a bug of hw: {kind}: {error} (-v shows where; please report it)"


def _wrong_usage(error: typer.TyperException) -> str:
    """Return in one line what Typer finds wrong with the command line."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return "which command? 'hw --help' lists them"
    message = error.format_message().rstrip(".")
    for kind, meant in (("int range", "whole number"), ("int", "whole number"), ("float", "number")):
        message = message.replace(f" is not a valid {kind}", f" is not a {meant}")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else _called()
    if path == "hw sample" and re.match("No such option: -[^-]", message):
        message += "; a text that begins with a hyphen comes after --"
    return f"{message[:1].lower()}{message[1:]} ('{path} --help' tells how to use it)"


def _called() -> str:
    """Return the program and, where the command line begins with one, the command."""
    return " ".join(["hw", *(name for name in sys.argv[1:2] if name in COMMANDS)])


def _flush() -> None:
    """Write out what Python still holds back for standard output."""
    if sys.stdout is not None and not sys.stdout.closed:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise HwError(f"standard output: {explain(error)}") from error


def _leave(code: int) -> NoReturn:
    """Exit at once: after a failure Python would try to flush, and libhdf5 to close, what cannot be."""
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(code)
