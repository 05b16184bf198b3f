"""Lets ``python -m hwcli`` do what ``hw`` does."""

from hwcli.cli import main

if __name__ == "__main__":
    main()
