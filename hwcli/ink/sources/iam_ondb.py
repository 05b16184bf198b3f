"""IAM-OnDB (Liwicki and Bunke 2005) as its users have it: an unpacked tree, or the archives themselves."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.drawing import Drawing
from hwcli.ink.selection import form_of
from hwcli.ink.sources.archive import members
from hwcli.ink.sources.helping import Waiting, read_in_order
from hwcli.ink.sources.whiteboard import LineReader
from hwcli.ink.strokes_file import StrokesWriter

Files = Callable[[Callable[[str], bool]], Iterator[tuple[str, bytes]]]
"""Yields the name and the content of the files whose name is wanted."""
OnBad = Callable[[BadInput], None]
IAM_ONDB = "IAM-OnDB"
"""What a drawing names as its source when it comes from the database."""
_LINE = re.compile(r"([^/.][^/]*)-\d{2,3}\.xml")
_TEXT = re.compile(r"([a-z]\d\d-\d{3}[a-z]?)\.txt")
_ORIGINAL = re.compile(r"strokes[a-z]*\.xml")
_FORM_TAG = re.compile(rb"<Form\s[^<>]{0,4096}>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"'<&]*)["']""")
_LONGEST_NAME = 255
"""Characters of a file's name; file systems have no longer ones."""
_MOST_LINES = 10_000_000
"""Lines of one database, and characters of their texts eight times as many."""
_TEXT_FOLDERS = ("ascii", "ascii-all")
_ORIGINAL_FOLDERS = ("original", "original-xml", "original-xml-all", "original-xml-part")


@dataclass
class Database:
    """What was found of the database so far; texts and writers may come before or after the strokes."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    """By form, the lines that were written."""
    writers: dict[str, str] = field(default_factory=dict)
    """By form."""
    lines: dict[str, set[str]] = field(default_factory=dict)
    """By form, the ids of all its lines that have strokes, whether they are wanted or not."""
    reader: LineReader = field(default_factory=LineReader)
    _line_count: int = 0
    _letters: int = 0

    def read(
        self, files: Files, archive: str | None, wanted: Callable[[str], bool], on_bad: OnBad | None
    ) -> Iterator[Drawing]:
        """Yield the lines whose id is ``wanted`` of ``files``, without texts, and note all else.

        ``archive`` is what messages call that which holds the files, None where they have names of their own.
        With ``on_bad`` a file that cannot be read is handed to it and left out; else BadInput is raised.
        """
        found = self._sorted(files(lambda name: self._is_ours(name, wanted)), archive)
        for line in read_in_order(found, self.reader):
            if isinstance(line.result, Drawing):
                line.result.id = line.name.rpartition("/")[2].removesuffix(".xml")
                line.result.source = IAM_ONDB
                yield line.result
            elif line.result is not None:
                if on_bad is None:
                    raise line.result
                on_bad(line.result)

    def _sorted(self, files: Iterator[tuple[str, bytes]], archive: str | None) -> Iterator[Waiting]:
        """Yield the lines among ``files``, and note the others."""
        for name, content in files:
            base = name.rpartition("/")[2]
            if _LINE.fullmatch(base):
                source = name if archive is None else f"{archive}:{name}"
                empty = None if content else BadInput(source, "empty")
                yield Waiting(name, source, content, empty)
            elif _TEXT.fullmatch(base):
                self._note_text(base.removesuffix(".txt"), content, name if archive is None else archive)
            else:
                self._note_writer(content)

    def _is_ours(self, name: str, wanted: Callable[[str], bool]) -> bool:
        base = name.rpartition("/")[2]
        if len(base) > _LONGEST_NAME:
            return False
        if _LINE.fullmatch(base):
            line = base.removesuffix(".xml")
            self._note_line(line)
            return wanted(line)
        return bool(_TEXT.fullmatch(base) or _ORIGINAL.fullmatch(base))

    def _note_line(self, line: str) -> None:
        known = self.lines.setdefault(form_of(line), set())
        self._line_count += line not in known
        if self._line_count > _MOST_LINES:
            raise BadInput(line, f"a database of more than {_MOST_LINES} lines")
        known.add(line)

    def _note_text(self, form: str, content: bytes, source: str) -> None:
        self._letters += len(content)
        if self._letters > 8 * _MOST_LINES:
            raise BadInput(source, f"its texts have more than {8 * _MOST_LINES} bytes")
        self.texts[form] = written_lines(content)

    def _note_writer(self, content: bytes) -> None:
        tag = _FORM_TAG.search(content)
        attributes = dict(_ATTRIBUTE.findall(tag[0])) if tag else {}
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

    def name(self, strokes: StrokesWriter, counts: Counter[str]) -> None:
        """Give the drawings in ``strokes`` that are lines of the database their texts and writers.

        ``counts`` gets the number of drawings with a text, and of those without by the reason.
        """

        def text(id: str, known: str) -> str:
            line = id.partition("~")[0]
            found = known or self.text_of(line)
            counts["drawings with a text" if found else self._why_no_text(line)] += 1
            return found

        strokes.rename("text", text)
        if self.writers:
            strokes.rename(
                "writer", lambda id, known: known or self.writers.get(form_of(id.partition("~")[0]), "")
            )

    def _why_no_text(self, line: str) -> str:
        form = form_of(line)
        if line not in self.lines.get(form, set()):
            return "drawings without a text"
        if form not in self.texts:
            return "lines whose form has no text file"
        return "lines left without a text, as their form has another number of lines of text than of strokes"


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


def is_tree(folder: Path) -> bool:
    """Return whether the directory is a part of the database's tree: whether it holds, however deep, a line."""
    return any(_LINE.fullmatch(path.name) or _TEXT.fullmatch(path.name) for path in _walk(folder))


def tree_files(root: Path) -> Files:
    """Return a function that yields name and content of the files of the database's tree that it is asked for.

    ``root`` is any directory of it; texts and writers are looked for beside it when they are not within.
    """

    def files(wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        for path in (path for folder in (root, *_beside(root)) for path in _walk(folder)):
            name = path.as_posix()
            if wanted(name):
                yield name, _content(path)

    return files


def _beside(root: Path) -> list[Path]:
    """Return the directories of texts and of writers beside ``root``, or beside the one that holds it."""
    within = {path.name for path in root.iterdir() if path.is_dir()} | {root.absolute().name}
    parents = root.absolute().parents[:2]
    return [
        folder
        for names in (_TEXT_FOLDERS, _ORIGINAL_FOLDERS)
        if not within & set(names)
        for folder in [next((p / name for p in parents for name in names if (p / name).is_dir()), None)]
        if folder is not None
    ]


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files in ``folder`` and below in the order of their names; links are followed, once each."""
    seen = set()
    for directory, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(directory)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(directory, name) for name in sorted(names))


def _content(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size > limits.DOCUMENT:
            raise BadInput(str(path), f"not a file of at most {limits.DOCUMENT} bytes")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(str(path), error.strerror or "cannot be read") from error


def archive_files(file: BinaryIO, source: str, told: Callable[[int], None]) -> Files:
    """Return a function that yields name and content of an archive's files that it is asked for."""
    return lambda wanted: members(file, source, wanted, told)
