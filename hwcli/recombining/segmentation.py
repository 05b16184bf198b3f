"""Where in the ink of a line each character of its text begins and ends: forced alignment.

The line is the observation and its text the chain of states that it goes through, as when a recogniser of
speech has to tell when each sound was said: the likeliest path is found by dynamic programming (Viterbi 1967;
Rabiner 1989, section III.B).  How likely a character is at a point the window of a synthesis network tells
(Graves 2013, section 5.1).  The window looks ahead; where ink begins is told by where the pen was lifted
(``marks.places_of``), and between words by the gaps (``cutting``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError
from hwcli.ink import segments
from hwcli.ink.drawing import Drawing
from hwcli.ink.preparation import prepare
from hwcli.model.file import Model
from hwcli.recombining.alignment import LINES, Aligned, read_together
from hwcli.recombining.cutting import cuts_of
from hwcli.recombining.hands import hand_of
from hwcli.writing.alphabets import looking_like
from hwcli.writing.drawn_signs import drawn_as
from hwcli.writing.marks import parted, places_of
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.text import prepare_text

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

UNLIKELY = 1e-3
"""The share of the window that any character has at any point, however far it is."""
MOST_POINTS = 500
"""Points of a character of a text at which it cannot be all that the ink says."""
LONGEST = 20_000
"""Characters of a text that is no line of writing."""
MOST_CELLS = 1 << 22
"""Points times characters that are looked at at once; what has more is no line of writing."""
ASIDE = 0.15
"""What a point between a gap and where the window parts two words counts for, in the unit that the gap has."""


class Readable(NamedTuple):
    """A text in the characters of a model, and after how many of these each character of the text ends."""

    text: str
    ends: list[int]


def readable(text: str, known: set[str]) -> Readable:
    """Return ``text`` in the ``known`` characters, as it is written; signs that are drawn beside are left out.

    So are accents, what cannot be written, and outer blanks.  A letter of another alphabet that is drawn is the
    one that it looks least unlike.
    """
    plain, ends = list[str](), list[int]()
    for character in text:
        for part in character if character in known else _written_as(character, known):
            # Of the blanks on either side of what is left out one is enough.
            if part != " " or (plain and plain[-1] != " "):
                plain.append(part)
        ends.append(len(plain))
    count = len("".join(plain).rstrip())
    return Readable("".join(plain[:count]), [min(end, count) for end in ends])


@cache
def _plain(character: str, known: str) -> str:
    return prepare_text(f"x{character}x", "x" + known, "skip").text[1:-1]


def _written_as(character: str, known: set[str]) -> str:
    """Return what of a ``character`` a network writes that has only learned the ``known`` ones."""
    if character.isspace():
        return " " if " " in known else ""
    if drawn_as(character, known):
        looks_like = unicodedata.normalize("NFD", looking_like(character, known))[0]
        return looks_like if looks_like in known else ""
    if unicodedata.category(character).startswith("M"):
        return ""
    found = parted(character, known)
    return found.letter if found else _plain(character, "".join(sorted(known)))


def segmented(drawings: Iterable[Drawing], model: Model) -> Iterator[Drawing]:
    """Yield ``drawings`` in their order, with ``ends`` (``segments``) where their texts can be aligned.

    That takes a text with characters of the model's, and points, as the network reads them, at least as many
    and not MOST_POINTS times as many, no more than lines of writing have.  What the model has not learned ends
    where the character before it does.

    Raises
    ------
    ValueError: the model's network has no window.
    """
    network, known = NumpyNetwork(model.config.network, model.weights), set(model.config.network.characters)
    iterator = iter(drawings)
    while some := list(islice(iterator, LINES)):
        some = [segments.forgetting(drawing) for drawing in some]
        texts = [readable(drawing.text[:LONGEST], known) for drawing in some]
        able = [
            place
            for place, drawing in enumerate(some)
            if texts[place].text and len(drawing) > 1 and len(drawing.text) < LONGEST
        ]
        plain = [_numbered(some[place], texts[place].text) for place in able]
        for place, ends in zip(able, _ends(plain, model, network), strict=True):
            if ends is not None:
                upto = np.append(0, ends)[texts[place].ends]
                some[place] = segments.with_ends(some[place], upto.tolist())
        yield from some


def _numbered(drawing: Drawing, text: str) -> Drawing:
    """Return ``drawing`` with ``text``, and the number of each point for its time, as resampling keeps that."""
    return replace(drawing, text=text, time=np.arange(len(drawing), dtype=np.float32), pressure=None)


def _ends(drawings: Sequence[Drawing], model: Model, network: NumpyNetwork) -> Iterator[Places | None]:
    """Yield after how many points each character of ``drawings`` ends, (U,), None where it cannot be told."""
    forms = [_prepared(drawing, model) for drawing in drawings]
    found: list[Places | None] = [None] * len(drawings)
    able = [(place, form) for place, form in enumerate(forms) if form is not None]
    able.sort(key=lambda pair: len(pair[1]))
    while able:
        widest = max(len(drawings[place].text) for place, _ in able)
        count = max(1, MOST_CELLS // (len(able[-1][1]) * widest))
        some, able = able[-count:], able[:-count]
        read = read_together([form for _, form in some], model, network)
        for (place, form), shown in zip(some, read, strict=True):
            assert form.time is not None
            begins = _begins(drawings[place], form, shown.astype(np.float64))
            numbers = np.append(form.time.astype(np.float64), len(drawings[place]))
            found[place] = np.ceil(numbers[np.append(begins[1:], len(form))]).astype(np.int64)
    yield from found


def _prepared(drawing: Drawing, model: Model) -> Drawing | None:
    """Return ``drawing`` as the model reads it, None when its points are too few or too many for its text."""
    try:
        form = prepare(drawing, model.config.data.preparation)[0]
    except HwError:
        return None
    count, characters = len(form), len(drawing.text)
    is_likely = characters <= count < MOST_POINTS * characters and count * characters <= MOST_CELLS
    return form if is_likely else None


def _begins(drawing: Drawing, form: Drawing, shown: Floats) -> Places:
    """Return with which point of ``form``, which is ``drawing`` prepared, each character begins, (U,).

    ``shown`` (T, U) is how much the window shows of each when it has read each point.
    """
    share = shown / np.maximum(shown.sum(axis=1, keepdims=True), UNLIKELY**2)
    path = likeliest_path(np.log(share + UNLIKELY))
    peaks = np.where(np.arange(share.shape[1]) == path[:, np.newaxis], share, -1).argmax(axis=0)
    places = places_of(form.points.astype(np.float64), peaks)
    begins: Places = np.searchsorted(places, np.arange(share.shape[1])).astype(np.int64)
    sure = _sure(drawing, form, path)
    for place, begin in sure.items():
        begins[:place] = np.minimum(begins[:place], begin)
        begins[place:] = np.maximum(begins[place:], begin)
        begins[place] = begin
    return _parted_at_blanks(begins, drawing.text, form)


def likeliest_path(scores: Floats) -> Places:
    """Return through which of U states, (T,), T observations go, from the first to the last and none left out.

    ``scores`` (T, U) are log-likelihoods; T is at least U.
    """
    steps, states = scores.shape
    best = np.full(states, -np.inf)
    best[0] = scores[0, 0]
    came = np.zeros((steps, states), np.bool_)
    for step in range(1, steps):
        moved = np.append(-np.inf, best[:-1])
        came[step] = moved > best
        best = np.maximum(best, moved) + scores[step]
    path = np.full(steps, states - 1)
    for step in range(steps - 1, 0, -1):
        path[step - 1] = path[step] - came[step, path[step]]
    return path


def _sure(drawing: Drawing, form: Drawing, path: Places) -> dict[int, int]:
    """Return with which point of ``form`` those characters begin before which a word surely can be cut."""
    hand = hand_of(drawing)
    if hand is None:
        return {}
    lifts = form.points[:, 2] > 0.5
    starts = np.append(0, np.flatnonzero(lifts) + 1)
    # What the network looks at with a point in its eye is for the prediction of the next.
    line = Aligned(drawing, np.cumsum(lifts) - lifts, np.append(path[:1], path[:-1]))
    cuts = cuts_of(line, hand.normal(drawing.points))[1:-1]
    return {
        cut.characters: int(starts[cut.strokes]) for cut in cuts if line.drawing.text[cut.characters - 1] != " "
    }


def _parted_at_blanks(begins: Places, text: str, form: Drawing) -> Places:
    """Return ``begins`` where blanks have no ink, and words are parted at gaps.

    What the window gave the blanks is the end of the word before or the beginning of the next: a dot that was
    set late, a bar, a first stroke.  Words are parted where the pen was lifted and went furthest to the right,
    the less far from where the window has it the better.
    """
    x, starts = form.points[:, 0].astype(np.float64), np.flatnonzero(form.points[:-1, 2] > 0.5) + 1
    ends = np.append(begins[1:], len(form))
    for blank in (place for place in range(1, len(text) - 1) if text[place] == " "):
        low, high = begins[blank], begins[blank + 1]
        near = starts[(starts > begins[blank - 1]) & (starts < max(ends[blank + 1], high + 1))]
        begin = high
        if len(near):
            aside = np.maximum(low - near, 0) + np.maximum(near - high, 0)
            begin = int(near[(x[near] - x[near - 1] - ASIDE * aside).argmax()])
        begins[:blank] = np.minimum(begins[:blank], begin)
        begins[blank : blank + 2] = begin
        begins[blank + 2 :] = np.maximum(begins[blank + 2 :], begin)
    return begins
