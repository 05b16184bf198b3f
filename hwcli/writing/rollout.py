"""Writing: drawing after drawing, many of them in lockstep, the best of several takes of each.

What a drawing becomes depends on its own prime, text, chance and number in the run, on nothing else: neither on
the drawings around it nor on how many there are, nor on the number of threads that write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from hwcli.ink.offsets import Scale
from hwcli.writing.desk import Desk, Key, Order, Written
from hwcli.writing.lanes import Lanes, Task
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.second_core import SecondCore
from hwcli.writing.stepper import Company

AHEAD = 4
"""How many drawings a lane may be ahead of the slowest, so that what is held back stays little."""


class Writer(NamedTuple):
    """What drawings are written with: a network, the scale of its rows, and how chance is handled."""

    network: NumpyNetwork
    scale: Scale
    manner: Manner


def chance_for(seed: int, number: int, take: int = 0) -> np.random.Generator:
    """Return the generator of a take of drawing ``number`` of a run with ``seed``.

    That of the first take is the one that ``SeedSequence.spawn`` makes.
    """
    key = (number, take) if take else (number,)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def chance_for_hand(seed: int, number: int, take: int = 0) -> np.random.Generator:
    """Return the generator of a take of the hand with this ``number`` that a run with ``seed`` makes up."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, take, 1)))


def write_drawings(writer: Writer, orders: Iterable[Order], lanes: int, workers: int = 1) -> Iterator[Written]:
    """Yield the points of each order's drawing, drawing after drawing, as they are made.

    Of a drawing that is judged they come a piece at a time, when it has been chosen; the first of the others
    under way comes point by point.

    Parameters
    ----------
    lanes: drawings in lockstep, the first ones aside: no more than go through the network at once, but as many
        more as cost no more time.
    workers: threads that write so many each; with one alone, large products are shared with a second core.

    Raises
    ------
    HwError: the network's numbers are not finite, or a drawing leaves every bound.
    Exception: what the ``orders`` raise, after all the drawings before.
    """
    lanes = min(lanes, writer.network.most_lanes)
    desk = Desk(orders, AHEAD * lanes * workers, workers, writer.network.few_lanes > 0)
    yield from _written(writer, desk, writer.network.filled_up(lanes), workers)
    if desk.error is not None:
        raise desk.error


def _written(writer: Writer, desk: Desk, lanes: int, workers: int) -> Iterator[Written]:
    """Yield what comes of all that the ``desk`` gives out."""
    if workers == 1:
        with SecondCore() as second_core:
            for is_busy in _steps(writer, desk, lanes, second_core):
                yield from desk.ready()
                if not is_busy:
                    desk.wait_for_work()
        yield from desk.ready()
        return
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(_work, writer, desk, lanes) for _ in range(workers)]
        try:
            while desk.workers:
                yield from desk.ready(wait=True)
        finally:
            desk.close()
        for future in running:
            future.result()
        yield from desk.ready()


def _work(writer: Writer, desk: Desk, lanes: int) -> None:
    """Write until the ``desk`` has nothing more, as one of several threads."""
    try:
        for is_busy in _steps(writer, desk, lanes):
            if not is_busy:
                desk.wait_for_work()
    except BaseException:
        desk.close()
        raise
    finally:
        desk.leave()


def _steps(writer: Writer, desk: Desk, count: int, second_core: SecondCore | None = None) -> Iterator[bool]:
    """Write what the ``desk`` gives, and yield before each step whether there is anything in the lanes."""
    counts = {Company.ALONE: 1, Company.FEW: writer.network.few_lanes, Company.MANY: count}
    groups: dict[Company, Lanes] = {}
    while not desk.is_closed:
        # The first drawings, which are waited for, do not wait for those in other company.
        busy: Lanes | None = None
        for company in desk.companies:
            lanes = groups.get(company)
            while (lanes is None or lanes.free() is not None) and (given := desk.take(company)):
                lanes = groups[company] = lanes or Lanes(*writer, counts[company], second_core, company)
                _begin(lanes, *given)
                _hand_in(lanes, desk)
            if lanes is not None and lanes.is_busy:
                busy = lanes
                if lanes.free() is not None and not desk.has_more(company):
                    lanes.narrow(desk.wanted(company))
                break
        if busy is None and desk.is_exhausted:
            return
        yield busy is not None
        if busy is not None:
            busy.advance()
            _hand_in(busy, desk)


def _begin(lanes: Lanes, key: Key, task: Task) -> None:
    lane = lanes.free()
    assert lane is not None
    lanes.begin(lane, key, task)


def _hand_in(lanes: Lanes, desk: Desk) -> None:
    """Give the ``desk`` what is done, and the points of the drawing that it waits for."""
    for lane in lanes.done():
        if (key := lanes.keys[lane]) is not None:
            desk.finish(key, lanes.end(lane))
    if (watched := desk.watched) is not None and (watched, 0) in lanes.keys:
        desk.add(watched, lanes.fresh(lanes.keys.index((watched, 0))))
