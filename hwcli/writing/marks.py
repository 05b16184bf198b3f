"""Marks on letters that a network has not learned: an é is its e, with a stroke over it.

Which of the ink is the letter its window tells.  The mark is drawn by rule, as large and as quick as the ink
around it, when the pen is lifted next after the letter; over an i or a j it stands for the dot.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.writing import alphabets
from hwcli.writing.signs import Design, Manner, read_design, sign

Ink = NDArray[np.float64]
"""(n, 3): x, y (downward), up."""
DESIGNS = Path(__file__).with_name("marks.toml")
ABOVE, BELOW = "above", "below"
"""Where a mark is set that other marks stand on, and that takes the place of a dot; and under a letter."""
TINY = 1e-6

OVERLAID = alphabets.OVERLAID | {
    "ø": "o\u0338", "Ø": "O\u0338", "ł": "l\u0337", "Ł": "L\u0337",
    "đ": "d\u0335", "Đ": "D\u0336", "Ð": "D\u0336", "ħ": "h\u0335", "Ħ": "H\u0335",
    "ŧ": "t\u0336", "Ŧ": "T\u0336",
}  # fmt: skip
"""Letters with a stroke across, which Unicode does not take apart."""
WRITTEN_AS = {
    **dict.fromkeys(["d\u030c", "t\u030c", "l\u030c", "L\u030c"], "\u0315"),
    **dict.fromkeys([letter + "\u0327" for letter in "kKlLnNrRG"], "\u0326"),
    "g\u0327": "\u0312",
}
"""Marks that look different on some letters: Czech and Slovak carons, Latvian cedillas."""
DOTTED = "ij"

SMALL = "aceimnorsuvwxz"
"""Letters that are as high as a small one, ..."""
LOW = "gpqyj"
"""... that reach below the line, ..."""
BELOW_LINE = set(LOW + "fzQYJ,;")
"""What may reach below the line: of large letters a neighbour may count."""
SHARES = {SMALL: 1.0, LOW: 0.6}
TALL = 0.55
"""... and the height of a small one as a share of theirs, and of that of any other."""
BEGINS, EARLIEST, LATEST = 0.8, 0.5, 0.3
"""Where a letter begins, from the window's peak at the one before (0) to its own (1); where the pen is lifted
between these two, the latter a share of the way to the next peak, it begins with the stroke."""

SCALE = 1.15
"""Size of the marks, in letters."""
GAP = 0.3
"""From a letter to a mark above it, in letters."""
TOP_HIGHEST, TOP_LOWEST = 1.5, 0.67
"""How far above its foot the top of a small letter is, in letters: what is beyond is not of it."""
DOT, ASIDE, LIFTED = 0.45, 1.2, 0.85
"""A dot is smaller, no further from its letter to the side, and its foot higher, in letters.  What is as small
tells nothing of the line that letters stand on: it may be all that is known of an i."""
BESIDE = 4
"""So many letters tell how low what is near them stands."""
NEAR = 0.15
"""Of a large letter's height: ink so far aside of what is its own may be its own, too."""
WAIST, ASCENDER = 0.15, 0.3
"""Of a letter's height: how far its middle reaches up and down, and how far down its stem is alone."""
QUICK = 90
"""The percentage of a pen's steps that are shorter than its longest ones."""
CARE = 0.7


class Parted(NamedTuple):
    """A letter that a network writes, and ``marks``, which combine with it; "": a dotless i; None: as it is."""

    letter: str
    marks: str | None


@cache
def designs() -> Mapping[str, tuple[str, tuple[Design, ...]]]:
    """Return, of each mark, where it is set, and the ways to write it."""
    with DESIGNS.open("rb") as file:
        tables = tomllib.load(file)
    return {
        mark: (where, tuple(map(read_design, ways)))
        for where, marks in tables.items()
        for mark, ways in marks.items()
    }


def parted(cluster: str, known: set[str]) -> Parted | None:
    """Return the letter and marks that ``cluster``, one character, is written with; None: it cannot be so.

    The letter is one of ASCII's, among the ``known`` characters; the marks are those of ``designs``.
    """
    if cluster.isascii():
        return None
    apart = "".join(
        OVERLAID.get(part, part) for part in unicodedata.normalize("NFD", alphabets.form_of(cluster))
    )
    letter = alphabets.WRITTEN_LIKE.get(apart[0], apart[0])
    marks = "".join(WRITTEN_AS.get(letter + mark, mark) for mark in apart[1:])
    if not (letter in known and letter.isascii() and letter.isalpha() and designs().keys() >= set(marks)):
        return None
    if marks or apart[0] in alphabets.DOTLESS:
        return Parted(letter, marks)
    return Parted(letter, None) if letter != apart[0] else None


def places_of(ink: Ink, peaks: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return (n,) to which place of a text each point of ``ink`` (n, 3) belongs.

    ``peaks`` (U,) tell at which point the window looked most at each.  It looks ahead: it comes to a letter
    before the pen has left the one before.  Where the pen is lifted about then, the letter begins there.  The
    last of a text is looked at most when the window leaves it, so that its peak tells nothing: it is taken to
    come as soon as those before it, or with a stroke before the window left.
    """
    peaks = np.maximum.accumulate(peaks)
    left = peaks[-1]
    if len(peaks) > 2:
        peaks[-1] = min(left, peaks[-2] + np.median(np.diff(peaks[:-1])))
    before, at = peaks[:-1], peaks[1:]
    steps = at - before
    aims = before + BEGINS * steps
    earliest, latest = before + EARLIEST * steps, at + LATEST * np.append(steps[1:], steps[-1:])
    latest[-1:] = np.maximum(latest[-1:], left)
    strokes = np.flatnonzero(ink[:-1, 2] > 0.5) + 1
    begins = []
    for aim, first, last in zip(aims, earliest, latest, strict=True):
        near = strokes[(strokes > first) & (strokes < last)]
        begins.append(near[np.abs(near - aim).argmin()] if len(near) else aim)
    return np.searchsorted(np.maximum.accumulate(begins), np.arange(len(ink)), "right")


class _Letter(NamedTuple):
    """A letter's ink, (n, 3), its top and foot (y downward), after how many points it begins and ends."""

    points: Ink
    top: float
    foot: float
    begin: int
    end: int


class Script(NamedTuple):
    """How a piece is written.

    Attributes
    ----------
    size: the height of a small letter.
    base: how low (y) letters stand.
    pace: the pen's.
    feet: the place of each letter or digit that stands on the line, and how low it does.
    """

    size: float
    base: float
    pace: float
    feet: tuple[tuple[int, float], ...] = ()

    def near(self, place: int) -> Script:
        """Return how what is ``near`` a place of the text is written: a line may rise or fall."""
        nearest = sorted(self.feet, key=lambda foot: abs(foot[0] - place))[:BESIDE]
        is_known = len(nearest) == BESIDE
        return self._replace(base=float(np.median([foot for _, foot in nearest]))) if is_known else self


def set_marks(
    ink: Ink,
    places: NDArray[np.intp],
    text: str,
    marks_of: Mapping[int, str],
    script: Script,
    chance: np.random.Generator,
) -> tuple[Ink, NDArray[np.intp], NDArray[np.intp]]:
    """Return ``ink`` (n, 3) with the marks of those letters of ``text`` that are in it, and the places of all.

    The last (n,) are the places of the letters that points are marks of; -1: of none.

    ``places`` (n,) tell to which place of the text each point belongs; those of ``marks_of`` have marks.  A
    letter without ink, or one after which the pen is not lifted any more, stays as it is.
    """
    strokes = strokes_of(ink)
    places_of_ink = _without_blanks(ink, places, text, script.size) if marks_of else places
    added: list[tuple[int, int, Ink]] = []
    is_gone = np.zeros(len(ink), np.bool_)
    for place, marks in marks_of.items():
        if not (places_of_ink == place).any():
            continue
        letter = _fitted(_letter(ink, places_of_ink, place, text[place]), text[place], script)
        end = next((stroke.stop for stroke in strokes if stroke.stop >= letter.end), None)
        if end is None:
            continue
        has_own = not marks or any(designs()[mark][0] == ABOVE for mark in marks)
        if text[place] in DOTTED and has_own:
            # An apostrophe beside it is no dot; but a dot may come when the window is at the blank after it.
            has_blank = text[place + 1 : place + 2] == " "
            of_letters = [
                one
                for one in strokes
                if text[places[one.start]].isalpha() or (has_blank and places[one.start] == place + 1)
            ]
            is_gone[_dot(ink, of_letters, letter, script)] = True
        added += [(end, place, drawn) for drawn in _drawn(marks, letter, script, chance)]
    return _put_in(ink, places, is_gone, added)


def _without_blanks(ink: Ink, places: NDArray[np.intp], text: str, size: float) -> NDArray[np.intp]:
    """Return ``places`` (n,) where a letter has what a blank before it has of its stroke, or all of its stem.

    The window was still at the blank; of a letter with a dot it may have come to the dot alone.
    """
    owned = places.copy()
    for stroke in strokes_of(ink):
        letters = [place for place in places[stroke].tolist() if text[place] != " "]
        if letters and text[places[stroke.start]] == " ":
            owned[stroke] = np.maximum(places[stroke], letters[0])
        elif not letters and stroke.stop < len(ink) and text[places[stroke.stop]] in DOTTED:
            stem, dot = ink[stroke, :2], ink[places == places[stroke.stop], :2]
            is_dot = np.ptp(dot, axis=0).max() < DOT * size < np.ptp(stem[:, 1])
            if is_dot and abs(stem[:, 0].mean() - dot[:, 0].mean()) < ASIDE * size:
                owned[stroke] = places[stroke.stop]
    return owned


def strokes_of(ink: Ink) -> list[slice]:
    """Return where the strokes of ``ink`` (n, 3) are, but for the last where the pen is still down."""
    ends = (np.flatnonzero(ink[:, 2] > 0.5) + 1).tolist()
    return [slice(begin, end) for begin, end in pairwise([0, *ends])]


def _put_in(
    ink: Ink, places: NDArray[np.intp], is_gone: NDArray[np.bool_], added: list[tuple[int, int, Ink]]
) -> tuple[Ink, NDArray[np.intp], NDArray[np.intp]]:
    """Return ``ink`` without what is gone, and with what was ``added``, each after so many of its points.

    What is added is at the place of the point before it, and a mark of the letter at its own.
    """
    inks, parts, owners, begin = [], [], [], 0
    for end, owner, drawn in [*sorted(added, key=lambda part: part[0]), (len(ink), -1, ink[:0])]:
        kept = ~is_gone[begin:end]
        inks += [ink[begin:end][kept], drawn]
        parts += [places[begin:end][kept], np.full(len(drawn), places[end - 1])]
        owners += [np.full(kept.sum(), -1), np.full(len(drawn), owner)]
        begin = end
    return np.concatenate(inks), np.concatenate(parts), np.concatenate(owners)


def _letter(ink: Ink, places: NDArray[np.intp], place: int, character: str) -> _Letter:
    """Return the ink of the ``character`` at ``place``.

    Of a small one (of x there are two) that is one stroke: what else was written meanwhile is a bar or a dot of
    one before.  Strokes of a large one may count as its neighbours', but lie where it does.
    """
    own = np.flatnonzero(places == place)
    if character in SMALL and character != "x":
        own = _main_stroke(ink, own)
    points = ink[own]
    if character not in SMALL:
        aside = NEAR * np.ptp(points[:, 1])
        left, right = points[:, 0].min() - aside, points[:, 0].max() + aside
        points = ink[(np.abs(places - place) <= 1) & (ink[:, 0] >= left) & (ink[:, 0] <= right)]
    return _Letter(points, float(points[:, 1].min()), float(points[:, 1].max()), int(own[0]), int(own[-1]) + 1)


def _main_stroke(ink: Ink, own: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return those of a letter's ``own`` points, as places in ``ink``, that are of the stroke with the most.

    A stroke that begins with the letter counts for more than the end of one before it.
    """
    strokes = np.cumsum(ink[:, 2] > 0.5)[own] - (ink[own, 2] > 0.5)
    counts = np.bincount(strokes)
    if own[0] and ink[own[0] - 1, 2] < 0.5:
        counts[strokes[0]] = max(counts[strokes[0]] // 2, 1)
    main: NDArray[np.intp] = own[strokes == counts.argmax()]
    return main


def script_of(ink: Ink, places: NDArray[np.intp], text: str) -> Script:
    """Return how ``ink`` (n, 3) is written, whose points say the ``places`` (n,) of ``text``."""
    those = [place for place in np.unique(places).tolist() if text[place].isascii()]
    # Digits are of a size that varies more.
    wanted = [place for place in those if text[place].isalpha()]
    wanted = wanted or [place for place in those if text[place].isdigit()]
    letters = [(text[place], _letter(ink, places, place, text[place])) for place in wanted]
    heights = [(letter.foot - letter.top) * _share(character) for character, letter in letters]
    least = DOT * max(heights, default=0.0)
    sized = [high for (one, _), high in zip(letters, heights, strict=True) if one not in DOTTED or high > least]
    size = max(float(np.median(sized or [np.ptp(ink[:, 1])])), TINY)
    feet, other_feet = list[float](), list[float]()
    for (character, letter), height in zip(letters, heights, strict=True):
        if character in SMALL and height > DOT * size:
            feet.append(letter.foot)
        elif character not in SMALL + LOW + "f":
            # What a neighbour has below the line may count as a large letter's.
            other_feet.append(letter.foot)
    feet = feet or other_feet or [float(ink[:, 1].max())]
    steps = np.hypot(*np.diff(ink[:, :2], axis=0).T)[ink[:-1, 2] < 0.5]
    pace = float(np.percentile(steps, QUICK)) if len(steps) else size
    near = tuple(
        (place, letter.foot)
        for place in those
        if _stands(text, place)
        and (letter := _letter(ink, places, place, text[place])).foot - letter.top > DOT * size
    )
    return Script(size, float(np.median(feet)), max(pace, TINY), near)


def _stands(text: str, place: int) -> bool:
    """Return whether a small letter is there, or a large one or a digit beside nothing that reaches lower."""
    return text[place] in SMALL or (
        text[place].isalnum() and not set(text[max(place - 1, 0) : place + 2]) & BELOW_LINE
    )


def _share(character: str) -> float:
    """Return the height of a small letter as a share of that of ``character``."""
    return next((share for those, share in SHARES.items() if character in those), TALL)


def _fitted(letter: _Letter, character: str, script: Script) -> _Letter:
    """Return ``letter`` with a top that a ``character`` of this kind can have."""
    if character not in SMALL + DOTTED:
        return letter
    top = float(
        np.clip(letter.top, script.base - TOP_HIGHEST * script.size, script.base - TOP_LOWEST * script.size)
    )
    return letter._replace(top=top)


def _dot(ink: Ink, strokes: list[slice], letter: _Letter, script: Script) -> slice:
    """Return which of ``strokes`` is the dot of ``letter``, an empty slice where none is."""
    middle = (letter.points[:, 0].min() + letter.points[:, 0].max()) / 2

    def aside(stroke: slice) -> float:
        return abs(float(ink[stroke, 0].mean() - middle))

    dots = [
        stroke
        for stroke in strokes
        if np.ptp(ink[stroke, :2], axis=0).max() < DOT * script.size
        and ink[stroke, 1].max() < script.base - LIFTED * script.size
        and aside(stroke) < ASIDE * script.size
        and stroke.stop > letter.begin
    ]
    return min(dots, key=aside, default=slice(0, 0))


def _drawn(marks: str, letter: _Letter, script: Script, chance: np.random.Generator) -> Iterator[Ink]:
    """Yield the strokes of each of the ``marks`` of ``letter``; one above another is set on that."""
    for mark in marks:
        where, ways = designs()[mark]
        way = ways[int(chance.integers(len(ways)))]
        size = SCALE * (max(letter.foot - letter.top, script.size) if where == "through" else script.size)
        drawn = sign(way, Manner(pace=script.pace / size, care=CARE), chance).astype(np.float64)
        drawn[:, :2] *= size
        left = min(stroke[:, 0].min() for stroke, _ in way.strokes) * size
        drawn += (*_corner(where, letter, float(np.ptp(drawn[:, 0])), left, script), 0)
        if where == ABOVE:
            letter = letter._replace(top=float(drawn[:, 1].min()))
        yield drawn


def _corner(where: str, letter: _Letter, width: float, left: float, script: Script) -> tuple[float, float]:
    """Return where the left edge and y = 0 lie of a mark that is ``width`` wide and begins at ``left``."""
    height = letter.foot - letter.top
    middle = letter.top + height / 2
    upper, lower = _across(letter, -np.inf, middle), _across(letter, middle, np.inf)
    waist = _across(letter, middle - WAIST * height, middle + WAIST * height)
    match where:
        case "above":
            x, y = (upper.min() + upper.max() - width) / 2, letter.top - GAP * script.size
        case "below":
            x, y = (lower.min() + lower.max() - width) / 2, letter.foot
        case "tail":
            x, y = lower.max() + left, letter.foot
        case "beside":
            x, y = upper.max() + left, letter.top
        case "ascender":
            stem = _across(letter, letter.top, letter.top + ASCENDER * height)
            x, y = (stem.min() + stem.max() - width) / 2, letter.top + ASCENDER * height
        case "stem":
            x, y = waist.min() - width / 2, middle
        case _:
            x, y = (waist.min() + waist.max() - width) / 2, middle
    return float(x), float(y)


def _across(letter: _Letter, top: float, foot: float) -> NDArray[np.float64]:
    """Return the x of the points of ``letter`` from y = ``top`` to ``foot``; of all where there are none."""
    down = letter.points[:, 1]
    within = letter.points[(down >= top) & (down <= foot), 0]
    return within if len(within) else letter.points[:, 0]
