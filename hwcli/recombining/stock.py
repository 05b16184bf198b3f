"""The pieces that there are, by hand and by what they say, and what each hand is like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from hwcli.ink.sources.iam_ondb import IAM_ONDB
from hwcli.recombining.agreement import DOUBTFUL, Agreement
from hwcli.recombining.alignment import Aligned
from hwcli.recombining.choosing import chosen
from hwcli.recombining.cutting import Piece, pieces_of
from hwcli.recombining.hands import hand_name, hand_of
from hwcli.recombining.texts import Words

TALL = frozenset("bdhklABDEFHIKLMNPRTUVWXYZ")
USUAL_TALL, TALLEST, LEAST_TALL = 2.1, 2.7, 1.5
"""How high a hand's tall letters are, in letters, when there are none to see, and at most and least."""
USUAL_GAP, USUAL_BLANK = 0.3, 1.6
"""Between letters, and between words, when there are none to see."""
LEAST_BLANK, WIDEST_BLANK = 0.9, 3.2
SLOWEST, FASTEST = 0.02, 0.4
"""The pen's longest steps, in letters, at least and at most: points may repeat, or be few on straight lines."""
FEWEST_WORDS = 3
"""A hand with fewer words writes no lines; what it has others may use."""
PRINTED = 0.5
"""A hand with a greater share of letters that stand alone prints, and may borrow letters."""
CROSSED_OUT = "#"
"""What IAM-OnDB, and it alone, has in its texts where a word was crossed out: not what such ink says."""


class Style:
    """One hand: its pieces by text, its words, its measures."""

    def __init__(self, name: str, pieces: Sequence[Piece], lines: Sequence[Sequence[str]]) -> None:
        """Take the ``pieces`` of the hand ``name``, and the words of each of its lines."""
        self.name = name
        self.pieces: dict[str, list[Piece]] = defaultdict(list)
        for piece in pieces:
            self.pieces[piece.text].append(piece)
        hands = [piece.hand for piece in pieces]
        self.lean = float(np.median([hand.lean for hand in hands]))
        self.letter = float(np.median([hand.letter for hand in hands]))
        self.pace = float(np.clip(np.median([_pace(piece) for piece in pieces]), SLOWEST, FASTEST))
        heads = [-float(piece.points[:, 1].min()) for piece in pieces if not TALL.isdisjoint(piece.text)]
        self.tall = float(np.clip(np.median(heads), LEAST_TALL, TALLEST)) if heads else USUAL_TALL
        gaps = [p.before for p in pieces if p.before is not None and not p.opens and p.text.islower()]
        self.gap = float(np.clip(np.median(gaps), 0.1, 0.6)) if gaps else USUAL_GAP
        blanks = [piece.before for piece in pieces if piece.before is not None and piece.opens]
        self.blank = float(np.clip(np.median(blanks), LEAST_BLANK, WIDEST_BLANK)) if blanks else USUAL_BLANK
        small = [piece for piece in pieces if piece.text.isalpha() and piece.text.islower()]
        self.prints = sum(len(piece.text) == 1 for piece in small) > PRINTED * len(small)
        self.words = self._words(lines)

    def _words(self, lines: Sequence[Sequence[str]]) -> Words:
        whole = {text for text, pieces in self.pieces.items() if any(p.opens and p.closes for p in pieces)}
        plain = sorted(text for text in whole if text.isascii() and text.isalpha())
        runs = [run for line in lines for run in _runs(line, whole)]
        return Words(
            [text for text in plain if text.islower() and 1 < len(text) < 9],
            [text for text in plain if text[0].isupper() and text[1:].islower() and 1 < len(text) < 10],
            runs,
        )


def _runs(line: Sequence[str], whole: set[str]) -> list[list[str]]:
    """Return the runs of words in ``line`` that there are whole pieces of."""
    runs: list[list[str]] = [[]]
    for word in line:
        if word in whole:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _pace(piece: Piece) -> float:
    moves = np.diff(piece.points[:, :2], axis=0)[piece.points[:-1, 2] < 0.5]
    return float(np.quantile(np.hypot(moves[:, 0], moves[:, 1]), 0.8)) if len(moves) else 0.2


class Stock:
    """All hands, and what they have that others can borrow: single characters."""

    def __init__(self, pieces: Iterable[Piece], texts: Iterable[tuple[str, str]]) -> None:
        """Take ``pieces``, and of each line the hand's name and the text."""
        by_hand: dict[str, list[Piece]] = defaultdict(list)
        for piece in pieces:
            by_hand[piece.hand.name].append(piece)
        lines: dict[str, list[list[str]]] = defaultdict(list)
        for name, text in texts:
            lines[name].append(text.split())
        self.styles = {name: Style(name, own, lines[name]) for name, own in sorted(by_hand.items())}
        self.writers = [style for style in self.styles.values() if len(style.words.small) >= FEWEST_WORDS]
        self.singles: dict[str, list[Piece]] = defaultdict(list)
        for style in self.styles.values():
            for text, own in style.pieces.items():
                if len(text) == 1:
                    self.singles[text] += own
        self.leans = {c: np.array([piece.hand.lean for piece in own]) for c, own in self.singles.items()}


class Gathering:
    """Pieces gathered line by line, and what their lines say."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._pieces: list[Piece] = []
        self._lines: list[tuple[str, str, str]] = []
        self._agreement = Agreement()

    def __len__(self) -> int:
        """Return the number of lines gathered from."""
        return len(self._lines)

    def add(self, line: Aligned) -> None:
        """Cut ``line`` and keep its pieces, unless something in it was crossed out."""
        hand = hand_of(line.drawing)
        crossed_out = CROSSED_OUT in line.drawing.text and line.drawing.source == IAM_ONDB
        if hand is not None and not crossed_out:
            self._lines.append((line.drawing.id, hand.name, line.drawing.text))
            self._agreement.add(line)
            self._pieces += pieces_of(line, hand)

    def stock(self, chance: np.random.Generator) -> Stock:
        """Return by hand the pieces that are like the others that say the same, none of doubtful lines."""
        doubtful = {id for figure, id, _ in self.figures() if figure >= DOUBTFUL}
        pieces = [piece for piece in self._pieces if piece.line not in doubtful]
        return Stock(chosen(pieces, chance), [(name, text) for _, name, text in self._lines])

    def figures(self) -> list[tuple[float, str, str]]:
        """Return how far each line's ink is from its text (``Agreement``), its id and text; the worst first."""
        pairs = zip(self._agreement.figures(), self._lines, strict=True)
        return sorted(((figure, id, text) for figure, (id, _, text) in pairs), key=lambda row: -row[0])


def some_lines(ids: Sequence[str], writers: Sequence[str], most: int, chance: np.random.Generator) -> list[int]:
    """Return the places of at most ``most`` lines, all of a hand's or none but for the last, in their order."""
    by_hand: dict[str, list[int]] = defaultdict(list)
    for place, (id, writer) in enumerate(zip(ids, writers, strict=True)):
        by_hand[hand_name(id, writer)].append(place)
    hands = list(by_hand.values())
    order = range(len(hands)) if most >= len(ids) else chance.permutation(len(hands)).tolist()
    return sorted([place for hand in order for place in hands[hand]][:most])
