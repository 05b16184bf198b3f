"""IAM-OnDB (Liwicki and Bunke 2005) as its users have it: an unpacked tree, or the archives themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from hwcli.errors import BadInput, HwError
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.sources.whiteboard import read_line

Files = Iterable[tuple[str, bytes]]
OnBad = Callable[[BadInput], None]
_LINE = re.compile(r"([^/]+)-\d{2,3}\.xml")
_TEXT = re.compile(r"([a-z]\d\d-\d{3}[a-z]?)\.txt")
_ORIGINAL = re.compile(r"strokes[a-z]*\.xml")
_FORM_TAG = re.compile(rb"<Form\s[^>]*>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"'<&]*)["']""")
_BESIDE = ("ascii", "ascii-all", "original", "original-xml", "original-xml-all", "original-xml-part")


def form_of(line: str) -> str:
    """Return the id of the form of which the line of this id is one: ``a01-000u`` of ``a01-000u-01``."""
    return line.rpartition("-")[0]


@dataclass
class Database:
    """What was found of the database so far; texts and writers may come before or after the strokes."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    """By form, the lines that were written."""
    writers: dict[str, str] = field(default_factory=dict)
    """By form."""
    lines: dict[str, set[str]] = field(default_factory=dict)
    """By form, the ids of all its lines that have strokes, whether they are wanted or not."""

    def read(
        self, files: Callable[[Callable[[str], bool]], Files], source: str, wanted: Callable[[str], bool],
        on_bad: OnBad | None,
    ) -> Iterator[Drawing]:  # fmt: skip
        """Yield the lines whose id is ``wanted`` of ``files``, without texts, and note all else."""
        for name, content in files(lambda name: self._is_ours(name, wanted)):
            base = name.rpartition("/")[2]
            where = f"{source}:{name}" if source != name else source
            try:
                if _LINE.fullmatch(base):
                    drawing = read_line(content, where)
                    drawing.id, drawing.source = base.removesuffix(".xml"), "IAM-OnDB"
                    yield drawing
                elif _TEXT.fullmatch(base):
                    self.texts[base.removesuffix(".txt")] = written_lines(content)
                else:
                    self._note_writer(content)
            except BadInput as error:
                if on_bad is None:
                    raise
                on_bad(error)

    def _is_ours(self, name: str, wanted: Callable[[str], bool]) -> bool:
        base = name.rpartition("/")[2]
        if _LINE.fullmatch(base):
            line = base.removesuffix(".xml")
            self.lines.setdefault(form_of(line), set()).add(line)
            return wanted(line)
        return bool(_TEXT.fullmatch(base) or _ORIGINAL.fullmatch(base))

    def _note_writer(self, content: bytes) -> None:
        for tag in _FORM_TAG.findall(content):
            attributes = dict(_ATTRIBUTE.findall(tag))
            if b"id" in attributes and b"writerID" in attributes:
                form, writer = (attributes[key].decode("latin-1") for key in (b"id", b"writerID"))
                self.writers[form] = writer

    def text_of(self, line: str) -> str:
        """Return what the line says, "" when that is not known for certain.

        A text is known only when the form has as many lines of text as lines of strokes: else nothing tells
        which of them belong together.
        """
        form = form_of(line)
        texts, lines = self.texts.get(form, []), self.lines.get(form, set())
        if line not in lines or len(texts) != len(lines):
            return ""
        return texts[sorted(lines).index(line)]

    def writer_of(self, line: str) -> str:
        """Return the id of who wrote the line, "" when that is not known."""
        return self.writers.get(form_of(line), "")


def written_lines(content: bytes) -> list[str]:
    """Return the lines of a form's text after ``CSR:``, without blank ones."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [" ".join(line.split()) for line in text.replace("\0", "").splitlines()]
    if "CSR:" not in lines:
        return []
    return [line for line in lines[lines.index("CSR:") + 1 :] if line]


def tree_files(root: Path) -> Callable[[Callable[[str], bool]], Files]:
    """Return a function that yields name and content of the files of the database's tree that it is asked for.

    ``root`` is any directory of it; texts and writers are looked for beside it when they are not within.
    """

    def files(wanted: Callable[[str], bool]) -> Files:
        roots = [root, *_beside(root)]
        for path in (path for folder in roots for path in _walk(folder)):
            name = path.as_posix()
            if wanted(name):
                yield name, _content(path)

    return files


def _beside(root: Path) -> list[Path]:
    within = {path.name for path in root.iterdir() if path.is_dir()} | {root.name}
    if any(name in within for name in _BESIDE):
        return []
    parents = root.absolute().parents[:2]
    return [parent / name for parent in parents for name in _BESIDE if (parent / name).is_dir()]


def _walk(folder: Path) -> Iterator[Path]:
    seen = set()
    for directory, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(directory)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(directory, name) for name in sorted(names))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > limits.DOCUMENT or not path.is_file():
            raise BadInput(str(path), f"not a file of at most {limits.DOCUMENT} bytes")
        return path.read_bytes()
    except OSError as error:
        raise HwError(f"{path}: {error.strerror}") from error


def archive_files(
    file: BinaryIO, source: str, told: Callable[[int], None]
) -> Callable[[Callable[[str], bool]], Files]:
    """Return a function that yields name and content of an archive's files that it is asked for."""
    from hwcli.ink.sources.archive import members

    return lambda wanted: members(file, source, wanted, told)
