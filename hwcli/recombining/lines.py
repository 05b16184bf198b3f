"""Lines of writing put together from pieces: which piece for which part of a text, and where each is set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.drawing.baseline import Baseline
from hwcli.ink.drawing import Drawing, Points
from hwcli.recombining.cutting import Piece
from hwcli.recombining.glyphs import designs
from hwcli.recombining.hands import Hand
from hwcli.recombining.stock import USUAL_TALL, Stock, Style
from hwcli.recombining.texts import Texts
from hwcli.writing.signs import Design, Manner, sign

LONGEST_PIECE = 14
ANOTHER, STRANGE, BORROWED = 1.0, 0.6, 4.0
"""What each piece of a word costs, what more a sign of another hand or a made one, and a letter of another."""
MADE = 0.35
"""The share of signs that are made though there are real ones to borrow; of rare ones it is greater."""
FEW = 40
"""Real pieces of a character, below which they are rare."""
LIKE = 12
"""A sign is borrowed from so many with the most similar lean."""
CAREFUL, CARELESS = 0.6, 1.5
WANDER = 0.06
"""How far a line's foot strays from the level (sd, letters), in waves of about WAVE letters."""
WAVE = 25.0
TRIES = 40
"""Hands that are asked for a line before it is given up."""


class _Writer:
    """One line's hand: where its pieces come from, and how its made signs look."""

    def __init__(self, style: Style, stock: Stock, chance: np.random.Generator) -> None:
        self.style, self.stock, self.chance = style, stock, chance
        self.manner = Manner(
            size=style.tall / USUAL_TALL * float(np.exp(chance.normal(0, 0.06))),
            aspect=float(np.exp(chance.normal(0, 0.12))),
            pace=style.pace,
            care=float(chance.uniform(CAREFUL, CARELESS)),
        )
        self._ways: dict[str, Design] = {}
        self._made: dict[str, bool] = {}

    def cover(self, word: str) -> list[str] | None:
        """Return ``word`` in the parts that cost least, None when there is no ink for some part of it."""
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(word) + 1):
            costs = [
                (best[start][0] + self._cost(word[start:end]), start)
                for start in range(max(0, end - LONGEST_PIECE), end)
            ]
            best.append(min(costs))
        if not np.isfinite(best[-1][0]):
            return None
        parts, end = [], len(word)
        while end:
            start = best[end][1]
            parts.append(word[start:end])
            end = start
        return parts[::-1]

    def _cost(self, part: str) -> float:
        if part in self.style.pieces:
            return ANOTHER
        if len(part) > 1:
            return float("inf")
        if not part.islower() and (part in designs() or part in self.stock.singles):
            return ANOTHER + STRANGE
        return ANOTHER + BORROWED if self.style.prints and part in self.stock.singles else float("inf")

    def piece(self, part: str, opens: bool, closes: bool) -> Piece:
        """Return ink for ``part``, own if there is any, that stood where this will stand if there is such."""
        own = self.style.pieces.get(part)
        if own:
            like = [piece for piece in own if piece.opens == opens and piece.closes == closes] or own
            return like[int(self.chance.integers(len(like)))]
        if self._is_made(part):
            return self._sign(part)
        return self._borrowed(part)

    def _is_made(self, part: str) -> bool:
        if part not in self._made:
            real = len(self.stock.singles.get(part, ()))
            share = 1 - (1 - MADE) * min(real / FEW, 1.0)
            self._made[part] = part in designs() and self.chance.random() < share
        return self._made[part]

    def _sign(self, part: str) -> Piece:
        if part not in self._ways:
            ways = designs()[part]
            self._ways[part] = ways[int(self.chance.integers(len(ways)))]
        return Piece(part, sign(self._ways[part], self.manner, self.chance), self._hand())

    def _borrowed(self, part: str) -> Piece:
        away = np.abs(self.stock.leans[part] - self.style.lean)
        nearest = np.argsort(away, kind="stable")[:LIKE]
        piece = self.stock.singles[part][int(self.chance.choice(nearest))]
        if part.islower():
            return piece
        size = float(np.clip(self.style.tall / self.stock.styles[piece.hand.name].tall, 0.75, 1.3))
        points = piece.points.copy()
        points[:, :2] *= size
        return replace(piece, points=points, before=None, after=None)

    def _hand(self) -> Hand:
        return Hand(self.style.name, self.style.letter, self.style.lean, Baseline(0.0, 0.0))


@dataclass(frozen=True)
class Line:
    """A recombined line: its ink, what it says, in whose hand, and how many pieces of which kind it has."""

    points: Points
    text: str
    hand: str
    own: int
    borrowed: int
    made: int


def recombined(stock: Stock, count: int, chance: np.random.Generator) -> Iterator[Line]:
    """Yield ``count`` lines made of the pieces in ``stock``, fewer when its hands can write too little.

    The same ``stock`` and ``chance`` give the same lines.
    """
    texts = Texts(chance)
    failures = 0
    while count and stock.writers and failures < TRIES:
        style = stock.writers[int(chance.integers(len(stock.writers)))]
        writer = _Writer(style, stock, chance)
        line = next((line for text in texts.proposals(style.words) if (line := _line(text, writer))), None)
        if line is None:
            failures += 1
            continue
        texts.count(line.text)
        failures, count = 0, count - 1
        yield line


def _line(text: str, writer: _Writer) -> Line | None:
    words = [writer.cover(word) for word in text.split()]
    covered = [word for word in words if word is not None]
    if len(covered) < len(words) or not words:
        return None
    pieces = [
        [writer.piece(part, place == 0, place == len(word) - 1) for place, part in enumerate(word)]
        for word in covered
    ]
    flat = [piece for word in pieces for piece in word]
    own = sum(bool(piece.line) and piece.hand.name == writer.style.name for piece in flat)
    made = sum(not piece.line for piece in flat)
    points = writer._hand().written(_set(pieces, writer))
    return Line(points, text, writer.style.name, own, len(flat) - own - made, made)


def _set(words: list[list[Piece]], writer: _Writer) -> Points:
    """Return the ``words`` beside one another, in normal form."""
    style, chance = writer.style, writer.chance
    parts, right = [], 0.0
    before: Piece | None = None
    for word in words:
        for place, piece in enumerate(word):
            if before is not None:
                right += _gap(before, piece, style, chance) if place else _blank(style, chance)
            points = piece.points.copy()
            points[:, 0] += right
            right += piece.width
            parts.append(points)
            before = piece
    line = np.concatenate(parts)
    line[:, 1] += _wander(line[:, 0].astype(np.float64), chance)
    return line


def _gap(before: Piece, piece: Piece, style: Style, chance: np.random.Generator) -> float:
    """Return how far ``piece`` is set from the one ``before`` it in its word."""
    known = [gap for gap, inside in ((before.after, not before.closes), (piece.before, not piece.opens))
             if gap is not None and inside]  # fmt: skip
    middle = float(np.mean(known)) if known else style.gap
    return float(np.clip(middle + chance.normal(0, 0.07), -0.2, 0.8))


def _blank(style: Style, chance: np.random.Generator) -> float:
    return style.blank * float(np.exp(chance.normal(0, 0.15)))


def _wander(x: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.float32]:
    waves = [
        chance.normal(0, WANDER) * np.sin(2 * np.pi * (x / (WAVE * chance.uniform(0.6, 1.8)) + chance.random()))
        for _ in range(2)
    ]
    wander: NDArray[np.float32] = np.sum(waves, axis=0).astype(np.float32)
    return wander


def drawing_of(line: Line, number: int) -> Drawing:
    """Return ``line`` as the drawing ``recombined-<number>``."""
    counts = {"own": line.own, "borrowed": line.borrowed, "made": line.made}
    return Drawing(
        line.points,
        id=f"recombined-{number:06}",
        text=line.text,
        writer=line.hand,
        source="recombined",
        extra={"pieces": counts},
    )
