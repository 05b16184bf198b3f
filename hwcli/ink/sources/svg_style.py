"""How elements of an SVG file are drawn, as far as that tells ink from what is no ink.

Their properties come from attributes, style sheets and style attributes (SVG 2, section 6.4), colours and their
opacity are those of CSS Color 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hwcli.ink.sources.svg_frames import numbers_in
from hwcli.ink.sources.svg_path import Subpath
from hwcli.ink.sources.xml import local_name

OPAQUE = 0.8
"""The opacity of ink, at least."""
_WITH_OPACITY = re.compile(r"#(?:[0-9a-f]{3}([0-9a-f])|[0-9a-f]{6}([0-9a-f]{2}))")
_WHITE_DIGITS = re.compile(r"#(f{3,4}|f{6}|f{8})")
_PARTS = re.compile(r"[^\s,/]+")
_PROPERTIES = ("fill", "stroke", "display", "visibility", "stroke-opacity", "opacity")

Rules = Mapping[str, Mapping[str, str]]
"""The declarations of style sheets, by the names and ``.classes`` that they are for."""


@dataclass(frozen=True)
class Style:
    """What matters of how an element is drawn, inherited from those around it.

    Attributes
    ----------
    opacity: of the element and all around it together.
    """

    fill: str = ""
    stroke: str = "none"
    display: str = ""
    visibility: str = ""
    stroke_opacity: str = "1"
    opacity: float = 1.0

    @property
    def is_hidden(self) -> bool:
        """Whether nothing is drawn."""
        return self.display == "none" or self.visibility in ("hidden", "collapse")

    @property
    def is_marker(self) -> bool:
        """Whether lines are drawn as by a highlighter, or by what covers ink."""
        if self.stroke == "none":
            return False
        opacity = self.opacity * _share(self.stroke_opacity) * _opacity_of(self.stroke)
        return opacity < OPAQUE or is_white(self.stroke)

    def draws(self, path: Subpath) -> bool:
        """Return whether ``path`` in this style is a line that a pen drew."""
        if self.stroke != "none":
            return True
        return not path.closed and self.fill in ("", "none")


def style_of(element: Any, name: str, around: Style, rules: Rules) -> Style:
    """Return the style of ``element``: its own over those of its classes over those of its ``name``."""
    own = {key: element.get(key) for key in _PROPERTIES if element.get(key)}
    for selector in (name, *(f".{word}" for word in (element.get("class") or "").split())):
        own |= rules.get(selector, {})
    own |= _declarations(element.get("style") or "")
    own = {key.replace("-", "_"): value for key, value in own.items() if value != "inherit"}
    opacity = around.opacity * _share(own.pop("opacity", "1"))
    return replace(around, **own, opacity=opacity)


def rules_of(root: Any) -> Rules:
    """Return the declarations of the style sheets' plain selectors, of names and of classes."""
    rules: dict[str, dict[str, str]] = {}
    for element in root.iter():
        if local_name(element) == "style":
            text = "".join(element.itertext())
            code = "".join(part.partition("*/")[2] for part in f"*/{text}".split("/*"))
            for rule in code.split("}"):
                selectors, _, declarations = rule.partition("{")
                found = _declarations(declarations)
                for selector in selectors.split(",") if found else ():
                    rules.setdefault(selector.strip(), {}).update(found)
    return rules


def _declarations(text: str) -> dict[str, str]:
    """Return the properties that matter of CSS declarations."""
    pairs = (part.partition(":")[::2] for part in text.split(";"))
    found = {key.strip().lower(): value.replace("!important", "").strip().lower() for key, value in pairs}
    return {key: value for key, value in found.items() if key in _PROPERTIES and value}


def _share(text: str) -> float:
    """Return an opacity, a number or in percent, as a number from 0 to 1; 1 where ``text`` is neither."""
    value = (numbers_in(text) or [1.0])[0]
    return min(max(value / 100 if "%" in text else value, 0.0), 1.0)


def _opacity_of(colour: str) -> float:
    """Return the opacity that a ``colour`` itself has: #rgba, #rrggbbaa, rgba(...), rgb(... / ...)."""
    colour = colour.strip().lower()
    if colour == "transparent":
        return 0.0
    if digits := _WITH_OPACITY.fullmatch(colour):
        found = digits.group(1) or digits.group(2)
        return int(found, 16) / (15 if len(found) == 1 else 255)
    name, _, inside = colour.rstrip(")").partition("(")
    parts = _PARTS.findall(inside)
    return _share(parts[3]) if name in ("rgb", "rgba", "hsl", "hsla") and len(parts) == 4 else 1.0


def is_white(colour: str) -> bool:
    """Return whether ``colour`` is white by its name, its digits or its share of red, green and blue."""
    colour = colour.strip().lower()
    name, _, inside = colour.rstrip(")").partition("(")
    if name in ("rgb", "rgba"):
        return {*_PARTS.findall(inside)[:3]} in ({"255"}, {"100%"})
    return colour == "white" or _WHITE_DIGITS.fullmatch(colour) is not None
