"""The exceptions that a person who runs ``hw`` can meet, and the exit code of each.

Every one carries one clear line: what is wrong, where, and what to do next.  ``hwcli.cli`` is the only
place that prints them.
"""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_THRESHOLD = 3


class HwError(Exception):
    """Something failed that the user can understand and mend; ends the program with exit code 1."""

    exit_code = EXIT_FAILED


class UsageError(HwError):
    """The command line asks for something that makes no sense; exit code 2."""

    exit_code = EXIT_USAGE


class ThresholdNotMet(HwError):
    """A threshold that was asked for (``hw eval --max-nll``) is not met; exit code 3."""

    exit_code = EXIT_THRESHOLD


class BadInput(HwError):
    """Input that cannot be read: says which file, where in it, and why, as ``file:line: reason``."""

    def __init__(self, source: str, reason: str, line: int | None = None) -> None:
        """Keep ``source`` (a file's name, ``<stdin>`` for standard input), ``reason`` and 1-based ``line``."""
        self.source, self.reason, self.line = source, reason, line
        where = source if line is None else f"{source}:{line}"
        super().__init__(f"{where}: {reason}")

    def __reduce__(self) -> tuple[type[BadInput], tuple[str, str, int | None]]:
        """Let the error cross from a worker process to the one that reports it."""
        return type(self), (self.source, self.reason, self.line)


class MissingExtra(HwError):
    """A command needs a part of the package that was not installed."""

    def __init__(self, command: str, extra: str) -> None:
        """Name the ``command`` and the ``extra`` of ``pip install 'hwcli[extra]'`` that it needs."""
        super().__init__(f"{command} needs the extra '{extra}': pip install 'hwcli[{extra}]'")
