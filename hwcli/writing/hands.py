"""Hands: ink with its text that the network reads before it writes on in the same manner (Graves 2013, 5.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.joining import joined
from hwcli.ink.preparation import Placement, Preparation, placement_of, prepare
from hwcli.model import Model
from hwcli.threads import cores
from hwcli.writing.additions import part_additions
from hwcli.writing.desk import Order
from hwcli.writing.lanes import NOTHING, Ink, Known, read_ahead
from hwcli.writing.rollout import Writer, write_drawings
from hwcli.writing.text import encode, prepare_text

HAND_TEXT = "a quick hand of my own"
"""What is written when a hand is made up: letters with and without ascenders and descenders, common words.

A network that has few of these characters writes some of its own, letters first.
"""
FEWEST_OF_A_HAND = 10
"""Characters that show a hand."""
MADE_UP_BIAS = 0.25
"""The largest bias that a hand is made up with: neater ones would all be that which the network knows best."""
HAND_TAKES = 4
"""Of a hand there are so many takes at least: many lines may be written in it."""
POINTS_A_CHARACTER = {True: 25, False: 60}
"""Points after which a text is given up, for each character: of ink that is resampled, and of other ink."""
FEWEST_A_CHARACTER = {True: 4, False: 8}
"""Points of a character of real ink, on average over a line, at the very least: in IAM-OnDB there are 6.6."""
POINTS_BESIDES = 100
A_SIGN = 3
"""Characters that a sign drawn beside a text counts for, when it is said how many points it may have."""
USUAL_LONGEST = 1000
"""Points of lines that are read together, where the model does not tell how long its own were."""

Chance = Callable[[int], np.random.Generator]
"""Gives the random numbers of each take."""
Judge = Callable[[Points, str], float]
"""Tells how good a take, its points, is of a text; the more the better."""


class Hand(NamedTuple):
    """Ink in somebody's hand, and what the network knows of it.

    Attributes
    ----------
    prime: (P, 3), prepared as the network knows ink.
    text: what it says, in the characters of the network.
    placement: leads back to how it lay before it was prepared.
    known: the network's state after the first part of it.
    """

    prime: Points
    text: str
    placement: Placement
    known: Known | None


class Scribe:
    """Turns texts and hands into orders for a model's network, and what comes of them into ink.

    Attributes
    ----------
    characters: that a text may have.
    writer: what the orders are for.
    takes: how many are made of each text.
    """

    def __init__(self, model: Model, writer: Writer, takes: int = 1, judge: Judge | None = None) -> None:
        """Write with ``writer``, made of ``model``; ``takes`` of each text, of which ``judge`` chooses.

        Without a judge the network's own window decides.
        """
        self.characters = model.config.network.characters
        self.writer, self.takes, self._judge = writer, takes, judge
        data = model.config.data
        self._preparation = data.preparation
        self._longest, self._lines_before = data.max_points, data.lines_before
        self._usual = Placement(0.0, model.height)
        self._pace = POINTS_A_CHARACTER[data.step > 0]
        self._fewest = FEWEST_A_CHARACTER[data.step > 0]

    @property
    def lanes(self) -> int:
        """How many drawings go through the network at once."""
        return self.writer.network.most_lanes

    @property
    def side_by_side(self) -> int:
        """How many can be written at the same time, by all cores."""
        return self.lanes * cores()

    def hand(self, drawing: Drawing, text: str) -> Hand:
        """Return the hand of ``drawing``; ``text`` is what it says, "" when nobody knows.

        Raises
        ------
        HwError: it would have more points than a drawing may have.
        """
        prepared, placement = prepare(drawing, self._preparation)
        network, scale, _ = self.writer
        known = read_ahead(network, scale, prepared.points, encode(text, self.characters))
        return Hand(prepared.points, text, placement, known)

    def is_too_short(self, hand: Hand) -> bool:
        """Return whether the ``hand``'s ink can hardly say all of its text."""
        return len(hand.prime) < self._fewest * len(hand.text)

    def together(self, lines: Sequence[Drawing]) -> tuple[Drawing, int]:
        """Return the last of ``lines``, with their texts, as one, and how many.

        They are as many as the network was trained to read before a line, or as are not longer together than
        what it was trained on, and one at least.
        """
        most = self._longest or USUAL_LONGEST
        count, points = 0, 0
        for line in reversed(lines[-self._lines_before :]):
            points += len(prepare(line, self._preparation)[0])
            if count and points > most:
                break
            count += 1
        return joined(lines[len(lines) - count :]), count

    def continued(self, hand: Hand | None, length: int, chance: Chance) -> Order:
        """Return the order of ``length`` points that go on from ``hand``, or from nothing, without a text."""
        if hand is None:
            return Order(length, chance)
        return Order(length, chance, hand.prime, known=hand.known)

    def written(self, text: str, hand: Hand | None, chance: Chance, most: int | None = None) -> Order:
        """Return the order of ``text`` in a ``hand``, or in any; ``most`` points, or as many as it may need."""
        before = f"{hand.text} " if hand else ""
        before = before if " " in self.characters else before.rstrip()
        additions = part_additions(text, self.characters)
        text = additions.text
        encoded = encode(before + text, self.characters)
        counted = np.array([False] * len(before) + [character != " " for character in text])
        length = most or POINTS_BESIDES + self._pace * (len(text) + A_SIGN * additions.sign_count)
        prime, known = (hand.prime, hand.known) if hand else (NOTHING, None)
        judge = partial(self._mark, text, hand) if self._judge else None
        said = len(hand.text) if hand else 0
        additions = additions.after(before)
        return Order(
            length, chance, prime, encoded, said, known, counted, self.takes, judge, self._pace, additions
        )

    def _mark(self, text: str, hand: Hand | None, ink: Ink) -> float:
        assert self._judge is not None
        return self._judge(self.alone(hand, ink), text) if len(ink) else -np.inf

    def made_up(self, chance: Chance) -> Drawing:
        """Return a line in a hand that is made up as it is written: ``HAND_TEXT``, of the usual size."""
        text = prepare_text(HAND_TEXT, self.characters, "skip").text
        if len(text) < FEWEST_OF_A_HAND:
            own = sorted(self.characters.replace(" ", ""), key=lambda character: not character.isalpha())
            text = "".join(own[: len(HAND_TEXT)])
        takes = max(self.takes, HAND_TAKES)
        manner = replace(self.writer.manner, bias=min(self.writer.manner.bias, MADE_UP_BIAS))
        writer = self.writer._replace(manner=manner)
        order = self.written(text, None, chance)._replace(takes=takes, number=0)
        ink = np.concatenate([part.points for part in write_drawings(writer, [order], takes)])
        return Drawing(self.alone(None, ink), text=text)

    def beside(self, hand: Hand | None, ink: Ink, origin: Ink | None = None) -> Points:
        """Return ``ink`` in the unit and at the slope of the ``hand``'s, and where it lies after that.

        Or from an ``origin`` (1, 3): a point of the ink that is to lie at (0, 0).
        """
        placement = hand.placement if hand else self._usual
        moved = ink if origin is None else ink - origin * (1, 1, 0)
        return placement.undo(moved.astype(np.float32))

    def alone(self, hand: Hand | None, ink: Ink) -> Points:
        """Return ``ink`` for itself: from x = 0, y = 0 on average, and level if the network knows it so."""
        points = ink.astype(np.float32)
        level = placement_of(points, Preparation(level=self._preparation.level)).prepare(points)
        level[:, :2] -= [level[0, 0], level[:, 1].mean()]
        return (hand.placement if hand else self._usual).undo(level)
