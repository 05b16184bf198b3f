"""The program's way in: what ``hw`` and ``python -m hwcli`` run."""

import os
import signal


def main() -> None:
    """Load the commands and run ``hw``."""
    _hold_standard_descriptors()
    # Until the commands are loaded there is nothing to tidy up: Ctrl-C may end the process at once.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from hwcli.cli import main

    main()


def _hold_standard_descriptors() -> None:
    """Keep files that are opened later from becoming descriptor 0, 1 or 2 where one of those came closed."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)


if __name__ == "__main__":
    main()
