"""Reading ahead: what is there can be asked, nothing is lost, and errors come out where items are taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hwcli.writing.arriving import Arriving


def test_all_items_come_in_order_however_few_are_read_ahead() -> None:
    for most in (1, 3, 100):
        assert list(Arriving(range(50), most)) == list(range(50))


def test_no_more_is_read_ahead_than_was_asked_for() -> None:
    read = []

    def items() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    arriving = Arriving(items(), 5)
    assert arriving.gather(10) == 5
    assert len(read) <= 6
    assert list(arriving) == list(range(100))


def test_what_is_late_is_not_there_and_is_not_waited_for_long() -> None:
    late = threading.Event()

    def items() -> Iterator[str]:
        yield "early"
        late.wait()
        yield "late"

    arriving = Arriving(items(), 10)
    assert arriving.gather(0.01) == 1
    assert next(arriving) == "early"
    assert not arriving.is_there()
    late.set()
    assert list(arriving) == ["late"]
    assert arriving.is_there()


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    arriving = Arriving(items(), 10)
    assert next(arriving) == 1
    with pytest.raises(ValueError, match="no more"):
        next(arriving)
