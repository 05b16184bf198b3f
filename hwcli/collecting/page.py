"""The page on which lines are written: one document with its style and its program in it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

_PARTS = re.compile(r"^ *<!-- (style|script): ([a-z. ]+) -->\n", re.MULTILINE)
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Page:
    """The document, and the policy that lets it run its own parts and nothing else."""

    content: bytes
    policy: str


def load_page() -> Page:
    """Return the page, put together of the files in ``hwcli/collecting/web``."""
    folder = files("hwcli.collecting").joinpath("web")
    hashes: dict[str, list[str]] = {"script": [], "style": []}

    def included(found: re.Match[str]) -> str:
        tag, names = found.groups()
        text = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names.split())
        text = f"\n{text}"
        hashes[tag].append(f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'")
        return f"<{tag}>{text}</{tag}>\n"

    document = _PARTS.sub(included, folder.joinpath("page.html").read_text(encoding="utf-8"))
    policy = _POLICY.format(**{tag: " ".join(found) or "'none'" for tag, found in hashes.items()})
    return Page(document.encode(), policy)
