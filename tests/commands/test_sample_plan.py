"""What a run is to write: how much is known of it beforehand, and how little is made ready."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hwcli.commands.sample_plan import Hands, MadeHands, Plan
from hwcli.ink import Drawing
from hwcli.options import Shard
from hwcli.writing.desk import Order
from hwcli.writing.text import TextLine

MOST = 6


class Scribing:
    """Stands for a scribe that can write ``MOST`` takes side by side; counts the hands that it makes ready."""

    characters, side_by_side, takes = "", MOST, 4

    def __init__(self) -> None:
        self.hands = 0

    def hand(self, ink: Drawing, text: str) -> Any:
        self.hands += 1
        return SimpleNamespace(prime=ink.points)

    def is_too_short(self, hand: Any) -> bool:
        return False

    def made_up(self, chance: Any) -> Drawing:
        return ink_of(1)

    def continued(self, hand: Any, length: int, chance: Any) -> Order:
        return Order(length, chance)

    def written(self, text: str, hand: Any, chance: Any, most: Any) -> Order:
        return Order(9, chance)


def ink_of(number: int) -> Drawing:
    return Drawing(np.zeros((3, 3), np.float32), id=f"ink-{number}")


def plan_of(copies: int = 1, shard: Shard | None = None) -> tuple[Plan, Scribing]:
    scribe: Any = Scribing()
    unit: Any = SimpleNamespace(look_at=lambda ink: None)
    return Plan(scribe, unit, 0, {}, copies, None, shard or Shard()), scribe


def read(count: int, seen: list[int]) -> Iterator[Drawing]:
    for number in range(count):
        seen.append(number)
        yield ink_of(number)


@pytest.mark.parametrize(
    ("primes", "copies", "parts", "drawings"), [(1, 64, 1, 64), (4, 3, 1, 12), (4, 3, 5, 3), (99, 1, 1, MOST)]
)
def test_so_many_drawings_are_known_beforehand(primes: int, copies: int, parts: int, drawings: int) -> None:
    plan, _ = plan_of(copies, Shard(0, parts))
    seen: list[int] = []
    work = plan.continuations(read(primes, seen), 10, show_prime=True)
    assert (work.takes, work.drawings) == (1, drawings)
    assert seen == list(range(min(primes, MOST)))
    assert len(list(work.pieces)) == len(range(0, primes * copies, parts))
    assert seen == list(range(primes))


def test_primes_are_made_ready_when_their_turn_comes() -> None:
    plan, scribe = plan_of(copies=2)
    work = plan.continuations(read(5, []), 10, show_prime=True)
    made = [scribe.hands for _ in work.pieces]
    assert made == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_hands_are_made_up_when_their_turn_comes() -> None:
    plan, scribe = plan_of(copies=3)
    work = plan.texts([TextLine("one"), TextLine("two", 4)], MadeHands(plan))
    assert (work.takes, work.drawings) == (4, 6)
    assert [scribe.hands for _ in work.pieces] == [1, 2, 3, 3, 3, 3]


def test_of_what_is_arriving_those_count_that_are_there_and_none_is_made_ready() -> None:
    late = Event()

    def arriving() -> Iterator[Drawing]:
        yield from (ink_of(number) for number in range(3))
        late.wait(60)
        yield ink_of(3)

    plan, scribe = plan_of(copies=2)
    work = plan.continuations(arriving(), 10, show_prime=True, are_arriving=True)
    assert (work.drawings, work.are_arriving, scribe.hands) == (6, True, 0)
    late.set()
    assert len(list(work.pieces)) == 8
    texts = plan.texts((TextLine(ink.id) for ink in arriving()), Hands(), are_arriving=True)
    assert [head.text for head, _ in texts.pieces][::2] == ["ink-0", "ink-1", "ink-2", "ink-3"]


def test_a_sign_in_what_a_prime_says_is_not_taken_for_letters() -> None:
    plan, scribe = plan_of()
    said = []
    scribe.characters = "abcdefghijklmnopqrstuvwxyzBGP 0123456789"
    scribe.hand = lambda ink, text: said.append(text) or SimpleNamespace(prime=ink.points)
    for text in ("£25 for a café", "30 € or", "plain"):
        plan.hand(ink_of(1), text)
    assert said == ["25 for a cafe", "30 or", "plain"]
