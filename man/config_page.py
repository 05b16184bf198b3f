"""What hw-config(5) says of each key: its docstring in ``hwcli.model.config``, its default, what it may be."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from hwcli.model import config, trainable
from hwcli.model.toml import as_toml

TYPES = {bool: "True or false.", int: "A whole number", float: "A number"}


def sections(escape: Callable[[str], str]) -> str:
    """Return roff: a subsection a section, an entry a key; ``escape`` makes roff of plain text."""
    defaults, made = config.Config(), ""
    for part in dataclasses.fields(config.Config):
        values = getattr(defaults, part.name)
        made += f".SS [{part.name}]\n{escape(_plain(type(values).__doc__ or ''))}\n"
        for key, text in docstrings(type(values)).items():
            value = getattr(values, key)
            shown = "" if value == config.PRINTABLE else f" = {as_toml(value)}"
            said = f"{text} {_limits(f'{part.name}.{key}', value)}".strip()
            made += f".TP\n\\fB{escape(f'{part.name}.{key}')}\\fR{escape(shown)}\n{escape(said)}\n"
    return _ascii(made)


def presets(escape: Callable[[str], str]) -> str:
    """Return roff: the TOML of every preset, ``escape`` as it must be where nothing is filled."""
    texts = {name: escape(config.preset_text(name)) for name in config.preset_names()}
    return _ascii("".join(f".SS {name}\n.EX\n{text}.EE\n" for name, text in texts.items()))


def docstrings(section: type) -> dict[str, str]:
    """Return the text that follows each field of ``section``, a dataclass, by the field's name."""
    (defined,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(defined, ast.ClassDef)
    found, key = {}, ""
    for statement in defined.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            key = statement.target.id
            found[key] = ""
        elif key and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            found[key], key = _plain(str(statement.value.value)), ""
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "").split())


def _limits(name: str, value: Any) -> str:
    """Return which values ``name`` may have, as a sentence."""
    if isinstance(value, str):
        return "" if name not in config.CHOICES else f"One of {', '.join(config.CHOICES[name])}."
    kind = TYPES[type(value)]
    if isinstance(value, bool):
        return kind
    least = (
        "above 0"
        if name in config.ABOVE_ZERO | trainable.ABOVE_ZERO
        else f"from {int(name in config.AT_LEAST_ONE)}"
    )
    at_most = config.AT_MOST | trainable.AT_MOST
    most = f" to {at_most[name]}" if name in at_most else ""
    return f"{kind} {least}{' to below 1' if name in config.BELOW_ONE else most}."


def _ascii(roff: str) -> str:
    return "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in roff)
