"""What one call of ``hw sample`` writes: drawing after drawing, each with its header, text and hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from hwcli import console, stdio
from hwcli.commands.sample_input import called
from hwcli.errors import HwError, UsageError
from hwcli.options import Shard
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.commands.sample_input import UnitCheck
    from hwcli.ink import Drawing
    from hwcli.ink.drawing import Points
    from hwcli.writing.desk import Order
    from hwcli.writing.hands import Hand, Scribe
    from hwcli.writing.text import TextLine

T = TypeVar("T")

FIRST_LINES = 0.1
"""Seconds in which as many lines are read as will be written side by side from then on."""
HANDS_KEPT = 256
"""Hands that are kept, when each copy has its own."""


@dataclass(frozen=True)
class Head:
    """What is known of a drawing before it is written.

    Attributes
    ----------
    id, text, extra: of its header.
    before: points that come out before those that are written.
    hand: in which it is written; None: in any.
    """

    id: str
    text: str
    extra: dict[str, Any]
    before: Points | None = None
    hand: Hand | None = None


Piece = tuple[Head, "Order | None"]
"""A drawing, and its order; None: a blank line, which has no points."""


class Work(NamedTuple):
    """What is to be written.

    Attributes
    ----------
    pieces: the drawings, one after the other, and only then made ready.
    takes: how many are written of each.
    drawings: about how many there are, of those that can be written side by side and are there.
    are_arriving: whether a piece may keep one waiting.
    """

    pieces: Iterator[Piece]
    takes: int
    drawings: int
    are_arriving: bool


@dataclass(frozen=True)
class Plan:
    """How drawings are numbered, headed and ordered.

    Attributes
    ----------
    header: what the header of each drawing says of the run.
    copies: how many are written of each text or prime.
    most: points of a drawing at most; None: as many as a text may need.
    """

    scribe: Scribe
    unit: UnitCheck
    seed: int
    header: dict[str, Any]
    copies: int = 1
    most: int | None = None
    shard: Shard = field(default_factory=Shard)

    def _seen(self, inputs: Iterable[T], are_arriving: bool, each: int) -> tuple[Iterable[T], int]:
        """Return the ``inputs``, and how many drawings of this shard they make, ``each`` so many.

        No more of them are read for that than can be written side by side, and of those that ``are_arriving``
        no more than come in a moment.
        """
        most = self.scribe.side_by_side
        if are_arriving:
            from hwcli.writing.arriving import Arriving

            inputs = arriving = Arriving(inputs, most)
            seen = arriving.gather(FIRST_LINES)
        else:
            iterator = iter(inputs)
            first = list(itertools.islice(iterator, most))
            inputs, seen = itertools.chain(first, iterator), len(first)
        return inputs, -(-seen * each // self.shard.parts)

    def continuations(
        self, primes: Iterable[Drawing | None], usual: int, show_prime: bool, are_arriving: bool = False
    ) -> Work:
        """Return the drawings that go on from ``primes``, None being none, without texts.

        Their points, if ``show_prime``, come out too; ``usual`` points are added where nobody says how many.
        """
        primes, drawings = self._seen(primes, are_arriving, self.copies)
        return Work(self._continuations(primes, usual, show_prime), 1, drawings, are_arriving)

    def _continuations(self, primes: Iterable[Drawing | None], usual: int, show_prime: bool) -> Iterator[Piece]:
        number = 0
        for prime in primes:
            hand = None if prime is None else self.hand(prime, "")
            for _ in range(self.copies):
                if self.shard.has(number):
                    order = self.scribe.continued(hand, self.most or usual, self._chance(number))
                    head = self._continuation(number, prime, hand, show_prime)
                    yield head, order._replace(number=number)
                number += 1

    def _continuation(self, number: int, prime: Drawing | None, hand: Hand | None, show_prime: bool) -> Head:
        name = prime.id if prime is not None and prime.id else "sample"
        extra = dict(self.header)
        if prime is not None and prime.id:
            extra["prime"] = prime.id
        before = prime.points if prime is not None and show_prime else None
        extra["prime_points"] = 0 if before is None else len(before)
        return Head(f"{name}-{number + 1}", "", extra, before, hand)

    def texts(self, texts: Iterable[TextLine], hands: Hands, are_arriving: bool = False) -> Work:
        """Return the drawings of ``texts``, each in all ``hands``; a blank one once."""
        texts, drawings = self._seen(texts, are_arriving, hands.count * self.copies)
        return Work(self._texts(texts, hands), self.scribe.takes, drawings, are_arriving)

    def _texts(self, texts: Iterable[TextLine], hands: Hands) -> Iterator[Piece]:
        number = 0
        for text in texts:
            for place in range(hands.count * self.copies if text.text else 1):
                if self.shard.has(number):
                    yield self._text(number, text, hands, place)
                number += 1

    def _text(self, number: int, line: TextLine, hands: Hands, place: int) -> Piece:
        from hwcli.ink.drawing import INDENT

        name, text = f"sample-{number + 1}", line.text
        if not text:
            return Head(name, "", self.header), None
        hand, style = hands.at(place)
        indent = {INDENT: line.indent} if line.indent else {}
        order = self.scribe.written(text, hand, self._chance(number), self.most)
        return Head(name, text, self.header | style | indent, None, hand), order._replace(number=number)

    def _chance(self, number: int) -> Any:
        from hwcli.writing.rollout import chance_for

        return lambda take: chance_for(self.seed, number, take)

    def hand(self, ink: Drawing, said: str) -> Hand:
        """Return the hand of ``ink``; ``said`` is the text of it, "" when that is not known.

        Raises
        ------
        HwError: it cannot be prepared for the network, or says nothing that this knows.
        """
        import dataclasses

        from hwcli.writing.plain_text import plain_text

        text = plain_text(said, self.scribe.characters, "skip")
        if said.strip() and not text.strip():
            raise HwError(
                f"{called(ink)} says {said[:40]!r}, of which the model knows no character: no hand to write in"
            )
        hand = self.scribe.hand(ink, text)
        prepared = dataclasses.replace(ink, points=hand.prime, time=None, pressure=None)
        self.unit.look_at(prepared)
        if self.scribe.is_too_short(hand):
            why = f"too little ink for a text of {counted(len(text), 'characters')}"
            console.warn(f"{called(ink)} has {why}: was it cut short? --text tells what it says")
        return hand


class Hands:
    """The hands that texts are written in: ``count`` of them, in the order in which they are used."""

    count = 1

    def ink(self, place: int) -> Drawing | None:
        """Return the ink of the hand of the copy at ``place``, None where there is none to name."""
        del place
        return None

    def at(self, place: int) -> tuple[Hand | None, dict[str, Any]]:
        """Return the hand of the copy at ``place`` of a text, and what its header says of it."""
        del place
        return None, {}


class GivenHands(Hands):
    """Hands of ink that is there: a style, or primes."""

    def __init__(self, plan: Plan, inks: Iterable[tuple[Drawing, str, dict[str, Any]]]) -> None:
        """Take the hands of ``inks``: of each the drawing, what it says, and what the header says of it."""
        given = list(inks)
        self._inks = [ink for ink, _, _ in given]
        self._hands = [(plan.hand(ink, said), header) for ink, said, header in given]
        self._copies = plan.copies
        self.count = len(self._hands)

    def ink(self, place: int) -> Drawing:
        """Return the ink of the hand of ``place``."""
        return self._inks[place // self._copies]

    def at(self, place: int) -> tuple[Hand | None, dict[str, Any]]:
        """Return the hand of ``place``: all copies of the first, then those of the next."""
        return self._hands[place // self._copies]


class MadeHands(Hands):
    """Hands that are made up, one for each copy: all lines of a copy are in one."""

    def __init__(self, plan: Plan) -> None:
        """Make none as yet."""
        self._plan = plan
        self._kept = lru_cache(HANDS_KEPT)(self._ink)
        self._hand = lru_cache(HANDS_KEPT)(self._made)

    def _ink(self, place: int) -> Drawing:
        from hwcli.writing.rollout import chance_for_hand

        drawing = self._plan.scribe.made_up(lambda take: chance_for_hand(self._plan.seed, place, take))
        drawing.id = self._name(place)
        return drawing

    def ink(self, place: int) -> Drawing:
        """Return the ink of the hand of the copy at ``place``."""
        return self._kept(place)

    def _made(self, place: int) -> Hand:
        ink = self.ink(place)
        return self._plan.hand(ink, ink.text)

    def at(self, place: int) -> tuple[Hand | None, dict[str, Any]]:
        """Return the hand of the copy at ``place``, and its name."""
        return self._hand(place), {"hand": self._name(place)}

    def _name(self, place: int) -> str:
        return f"hand-{self._plan.seed}" + (f"-{place + 1}" if place else "")


def said_by(prime: Drawing, said: str | None, path: str) -> str:
    """Return what ``prime`` says: what the user ``said``, else its header's text; raises UsageError."""
    text = (said if said is not None else prime.text).strip()
    if not text:
        name = prime.id or "the prime"
        raise UsageError(f"{stdio.name_of(path)}: what does {name} say? --text tells; its header does not")
    return text
