"""TOML from anywhere, read without its traps, and single values of it, read and written."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

LONGEST = 1 << 17
"""Characters of a text."""
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){32}""")
"""What tomllib takes a time for that grows with the square of its length."""


def parsed(text: str) -> dict[str, Any]:
    """Return the tables of the TOML ``text``; raises ValueError, which says why it has none."""
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    if _LONG_KEY.search(text):
        raise ValueError("a key of more than 32 parts")
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and what Python says of numbers without end
        raise ValueError(f"not TOML: {str(error)[:200]}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def value_of(text: str) -> Any:
    """Return the value that ``text`` is in TOML, or itself as a bare word."""
    try:
        found = parsed(f"value = {text}")
    except ValueError:
        return text
    return found["value"] if len(found) == 1 else text


def as_toml(value: Any) -> str:
    """Return the ``value`` of a key as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{"".join(map(_escaped, value))}"' if isinstance(value, str) else repr(value)


def _escaped(character: str) -> str:
    """Return ``character`` as TOML's basic strings have it: as JSON's, but for DEL and beyond 16 bits."""
    if character > "\uffff":
        return f"\\U{ord(character):08x}"
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
