"""Text that is to be written: read, brought to the characters that a network knows, wrapped, encoded.

Most of what people type beyond ASCII has a plain form: curly quotes, dashes, ligatures, letters with accents;
the accents can be set on their letters when these are written (``marks``), and some signs be drawn beside
them (``drawn_signs``), and so can Cyrillic and Greek letters (``alphabets``).  A letter of another script has
no such form: romanised it would be another text.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import BadInput, HwError
from hwcli.ink import limits
from hwcli.ink.drawing import MOST_BLANKS
from hwcli.writing.additions import part_additions
from hwcli.writing.clusters import clusters_of
from hwcli.writing.drawn_signs import common_form, drawn_as
from hwcli.writing.marks import parted

MISSING = ("error", "skip", "replace")
"""What to do with a character that cannot be written."""
REPLACEMENT = "?"
BLANKS = re.compile(" +")
BREAKABLE = re.compile("[^/?&=#_.,:;@+-]*[/?&=#_.,:;@+-]+|[^/?&=#_.,:;@+-]+")
"""The parts of a word that is too long for a line: it is broken after signs such as those of an address."""
NAMED = re.compile(":[a-z0-9_+-]+:")
"""What the library makes of an emoji, its name between colons: a description, not a form of it."""
NAMED_PARTS = 3
"""Of a character with marks: there may be thousands."""
PLAIN = {
    "→": "->", "←": "<-", "↔": "<->", "⇒": "=>", "⇐": "<=", "⇔": "<=>",
    "×": "x", "≠": "!=", "·": ".", "‰": "o/oo", "▪": "*", "ʻ": "'", "π": "pi", "Ω": "Ohm",
    "♥": "<3", "☺": ":)", "☹": ":(", "☐": "[ ]", "☑": "[x]", "☒": "[x]",
}  # fmt: skip
"""Where the library has no answer, or one that says something else, or less."""
TAB = 4
"""Blanks from one stop of a tab to the next."""
DASHES = "\N{EM DASH}\N{HORIZONTAL BAR}"
"""Those that part words: a shorter one joins them."""
OPENING = "¿¡"
"""Left out, as those do who have no such key: as ? and ! they would end what they begin."""
NUMERO = re.compile(r"(?<!\w)([nN])°")
"""The sign of a degree where a number sign is meant, as in French."""
LATIN_BUT_FOR_THE_NAME = "µªºπΩ"
"""Signs that people who write Latin letters use and that Unicode counts as letters of their own."""


class Change(NamedTuple):
    """A character that is not written as it stands: what is written instead ("": nothing), and its place."""

    character: str
    written: str
    line: int
    column: int


class Prepared(NamedTuple):
    """A text that can be written, and what was changed in it; blanks and invisible characters do not count."""

    text: str
    notes: tuple[Change, ...] = ()


class Line(NamedTuple):
    """A line of input, without its end, and its number from 1: the text of one drawing, or a blank."""

    text: str
    number: int


class TextLine(NamedTuple):
    """A line that is to be written, and how many blanks stand before it; a blank line is ""."""

    text: str
    indent: int = 0


class Unwritable(HwError):
    """A text has a character that cannot be written; ``change`` says which and where."""

    def __init__(self, change: Change) -> None:
        """Keep the ``change`` that would have to be made: the character left out."""
        self.change = change
        place = f"line {change.line}, column {change.column}" if change.line > 1 else f"column {change.column}"
        super().__init__(f"{place}: {name_of(change.character)} cannot be written (see --missing)")


def name_of(character: str) -> str:
    """Return how messages call a ``character``: itself where it can be seen, its number and its name.

    With marks set on it they are those of the whole where it has a number, else those of its first parts.
    """
    parts = unicodedata.normalize("NFC", character)[:NAMED_PARTS]
    shown = f"{character[:NAMED_PARTS]!r} " if parts[:1].isprintable() else ""
    numbers = " ".join(f"U+{ord(part):04X}" for part in parts)
    named = " with ".join(filter(None, map(_unicode_name, parts)))
    return f"{shown}{numbers}" + (f" ({named})" if named else "")


def _unicode_name(character: str) -> str:
    return unicodedata.name(character, "a control character" if unicodedata.category(character) == "Cc" else "")


# --- reading -----------------------------------------------------------------------------------------------


def read_texts(file: BinaryIO, source: str, on_bad: Callable[[BadInput], None] | None = None) -> Iterator[Line]:
    """Yield the lines of a UTF-8 ``file``, each the text of a drawing; blank ones too, as "".

    CRLF and a byte order mark are taken.  With ``on_bad`` a line that is no text is handed to it and left out.

    Raises
    ------
    BadInput: which names ``source``: a line is not UTF-8, or longer than any text.
    """

    def refuse(why: str, number: int) -> None:
        bad = BadInput(source, why, number)
        if on_bad is None:
            raise bad
        on_bad(bad)

    for number, raw in enumerate(iter(lambda: file.readline(limits.LINE + 1), b""), start=1):
        if len(raw) > limits.LINE:
            refuse(f"a line is longer than {limits.LINE} bytes", number)
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(limits.LINE)
            continue
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            refuse(f"not UTF-8 text (byte {error.start + 1} of the line); save it as plain text", number)
            continue
        yield Line(text.rstrip("\r\n"), number)


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines of a ``text`` that was given whole."""
    for number, line in enumerate(text.splitlines() or [""], start=1):
        yield Line(line, number)


def wrap(text: str, width: int) -> list[str]:
    """Return ``text`` in lines of at most ``width`` characters, broken between words.

    A blank line stays, as "".  A word that is longer than ``width`` is broken after signs in it, as an address
    of the web is after its slashes; what has none has a line to itself.
    """
    wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    lines = (" ".join(_broken(word, width) for word in line.text.split(" ")) for line in lines_of(text))
    return [part for line in lines for part in wrapper.wrap(line) or [""]]


def indent_of(text: str) -> int:
    """Return how many blanks ``text`` begins with, MOST_BLANKS at most; a tab goes to the next stop."""
    expanded = text.expandtabs(TAB)
    return min(len(expanded) - len(expanded.lstrip()), MOST_BLANKS)


def _broken(word: str, width: int) -> str:
    """Return ``word`` with a blank wherever it has to be broken; no two of its parts have room in one line."""
    if len(word) <= width:
        return word
    parts = [""]
    for part in BREAKABLE.findall(word):
        if parts[-1] and len(parts[-1]) + len(part) > width:
            parts.append("")
        parts[-1] += part
    return " ".join(parts)


# --- characters --------------------------------------------------------------------------------------------


def encode(text: str, characters: str) -> NDArray[np.int32]:
    """Return the place of each character of ``text`` in ``characters``, (U,) int32.

    Raises
    ------
    ValueError: one is not among them; ``prepare_text`` sees to that.
    """
    places = {character: place for place, character in enumerate(characters)}
    try:
        return np.array([places[character] for character in text], np.int32)
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is not among the characters") from None


def prepare_text(
    text: str, characters: str, missing: str = "error", line: int = 1, with_additions: bool = False
) -> Prepared:
    """Return ``text`` in ``characters`` alone, in one line.

    Blanks of any kind, tabs and ends of lines become single spaces, and none is left at either end; what is
    invisible (a soft hyphen, a zero-width space) is dropped.  A letter of Latin script, a digit, a
    punctuation mark or a symbol that is not among the ``characters`` is written in ASCII; after a digit in such
    a way that it does not go on with the number: 1½ is 1 1/2, and 10² is 10^2.  A word that stands for a sign,
    or an em dash that parts two words, has blanks around it: 5€ is 5 EUR.

    Parameters
    ----------
    missing: for what cannot be written so: "error"; "skip" leaves it out; "replace" writes a question mark,
        or leaves it out where there is none among the ``characters``.
    line: the number that the first line has, for the places that are told.
    with_additions: letters keep the accents and other marks that can be set on them, and signs stay that can be
        drawn beside others (``part_additions``), instead of being written in ASCII.

    Raises
    ------
    Unwritable: a character cannot be written, and ``missing`` is "error".
    """
    if missing not in MISSING:
        raise ValueError(f"missing: {missing!r} is none of {MISSING}")
    known = set(characters)
    replacement = REPLACEMENT if missing == "replace" and REPLACEMENT in known else ""
    written: list[str] = []
    notes: list[Change] = []
    has_degrees = "°" in known or with_additions
    clusters = list(clusters_of(text if has_degrees else NUMERO.sub(r"\1º", text), line))
    alone = [cluster for cluster, _, _ in clusters]
    for (cluster, row, column), beside, joint in zip(clusters, _neighbours(alone), _joints(alone), strict=True):
        composed = unicodedata.normalize("NFC", cluster)
        is_kept = with_additions and bool(drawn_as(composed, known) or parted(cluster, known))
        plain = composed if is_kept else _written(cluster, known, *beside)
        if plain is None:
            notes.append(Change(cluster, replacement, row, column))
            if missing == "error":
                raise Unwritable(notes[-1])
            plain = replacement
        elif joint and cluster not in known and not is_kept:
            plain = (joint if joint in known else " " if " " in known else "") + plain
            notes.append(Change(cluster, plain.strip(), row, column))
        elif not (plain == composed or cluster.isspace() or _invisible(cluster)):
            notes.append(Change(cluster, plain.strip(), row, column))
        written.append(plain)
    has_additions = with_additions and not text.isascii()
    if has_additions and not any(map(str.isalnum, part_additions("".join(written), characters).text)):
        # There is nothing that tells how large a sign would have to be.
        return prepare_text(text, characters, missing, line)
    return Prepared(BLANKS.sub(" ", "".join(written)).strip(), tuple(notes))


def _neighbours(clusters: Sequence[str]) -> list[tuple[str, str]]:
    """Return the visible characters before and after each of ``clusters``, "" at the ends."""
    befores, afters = [""], [""]
    for found, those in ((befores, clusters), (afters, reversed(clusters))):
        for cluster in those:
            found.append(found[-1] if _invisible(cluster) else cluster[0])
    return list(zip(befores[:-1], reversed(afters[:-1]), strict=True))


def _invisible(cluster: str) -> bool:
    return unicodedata.category(cluster[0]) == "Cf"


def _written(cluster: str, known: set[str], before: str, after: str) -> str | None:
    """Return how ``cluster``, a character and its marks, is written in the ``known`` characters; None: not.

    ``before`` and ``after`` are those beside it, "" at the ends of the text.
    """
    composed = unicodedata.normalize("NFC", cluster)
    if known.issuperset(composed):
        return composed
    if cluster.isspace():
        return " " if " " in known else ""
    if _invisible(cluster) or (cluster in OPENING and after):
        return ""
    form = common_form(composed)
    if known.issuperset(form):
        return form
    if cluster.isascii() or not _is_of_latin_script(form[0]):
        return None
    plain = _beside(_in_ascii(form), composed, before, after)
    if " " not in known:
        plain = plain.strip()
    return plain if plain and known.issuperset(plain) else None


def _beside(plain: str, composed: str, before: str, after: str) -> str:
    """Return ``plain``, which stands for ``composed``, as a hand would set it between its neighbours."""
    kinds = [unicodedata.category(character) if character else "" for character in (before, after)]
    if composed in DASHES:
        parts_words = before and after and not (kinds[0] in ("Ps", "Pi") or kinds[1] in ("Pe", "Pf"))
        return f" {plain} " if parts_words else plain
    if (composed.isupper() or composed == "ß") and (before.isupper() or after.isupper()):
        return plain.upper()
    if len(plain) > 1 and plain.isalpha() and unicodedata.category(composed[0])[0] == "S":
        is_close = [kind[:1] in ("L", "N") or kind in ("Sc", "So") for kind in kinds]
        return " " * is_close[0] + plain + " " * is_close[1]
    return plain


def _joints(clusters: Sequence[str]) -> Iterator[str]:
    """Yield what stands before each of ``clusters``, so that it is not read as more digits of a number."""
    before = ""
    for place, cluster in enumerate(clusters):
        follows = unicodedata.category(before or " ") == "Nd"
        if follows and unicodedata.decomposition(cluster[0]).startswith("<fraction>"):
            yield " "
        elif follows and _is_raised(cluster):
            end = place
            while end < len(clusters) and _is_raised(clusters[end]):
                end += 1
            yield " " if clusters[end : end + 1] == ["\N{FRACTION SLASH}"] else "^"
        else:
            yield ""
        if not _invisible(cluster):
            before = cluster[0]


def _is_raised(cluster: str) -> bool:
    """Return whether ``cluster`` is a digit or sign of an exponent, or the like."""
    return unicodedata.decomposition(cluster[0]).startswith("<super>") and not cluster[0].isalpha()


def _is_of_latin_script(character: str) -> bool:
    """Return whether ``character`` is a Latin letter, or one or more of them in another form, or no letter."""
    if character in LATIN_BUT_FOR_THE_NAME:
        return True
    parts = unicodedata.normalize("NFKD", character)
    letters = [part for part in parts if unicodedata.category(part)[0] == "L"]
    return unicodedata.category(character)[0] in "LNPS" and all(
        "LATIN" in unicodedata.name(letter, "") or unicodedata.category(letter) == "Lm" for letter in letters
    )


def _in_ascii(composed: str) -> str:
    """Return the ASCII form of ``composed``, "" when it has none."""
    from anyascii import anyascii  # only for the few texts that need it

    plain = "".join(PLAIN.get(character) or anyascii(character) for character in composed)
    return "" if NAMED.search(plain) else plain.strip()


# --- what is told ------------------------------------------------------------------------------------------


def told(notes: Iterable[Change]) -> list[str]:
    """Return the changes in words, each kind once: what is written in ASCII, what is replaced or left out."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Change] = {}
    for note in notes:
        counts[note.character, note.written] += 1
        first.setdefault((note.character, note.written), note)
    return [_in_words(note, counts[kind]) for kind, note in first.items()]


def _in_words(note: Change, count: int) -> str:
    times = f", {count} times" if count > 1 else ""
    place = f"line {note.line}, column {note.column}{times}"
    what = f"written as {note.written!r}" if note.written else "left out"
    return f"{name_of(note.character)} is {what} ({place})"
