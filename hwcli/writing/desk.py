"""Where drawings are given out to be written, chosen from their takes, and put in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Condition
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.drawing import Points
from hwcli.writing.additions import NO_ADDITIONS, Additions, add
from hwcli.writing.arriving import Arriving
from hwcli.writing.lanes import NOTHING, Ended, Ink, Known, Moment, Task
from hwcli.writing.marks import Script, places_of
from hwcli.writing.pieces import piece_end
from hwcli.writing.stepper import Company
from hwcli.writing.window import NO_TEXT, Text

ROUNDS = 4
"""How often a piece is tried, each time with as many takes, until one of them has no fault."""
POINTS_BESIDES = 50
"""Points that a piece may have besides those of its characters, before it is given up."""

FIRST_TAKES = 8
"""Takes at the beginning of a run that are written among few, where a network is quicker so.

They are waited for, and a run may have no more.
"""
A_WHILE = 0.05
"""Seconds after which those who have nothing to write look whether an order has arrived."""

ADDED = 1 << 31
"""Beyond any take: the number of one whose chance is that of what is added at place 0 of a text."""

Key = tuple[int, int]
"""The number of a drawing, and of a take of it."""


class Order(NamedTuple):
    """A drawing that is to be written.

    Attributes
    ----------
    length: how many points to write at most.
    chance: gives the random numbers of each take.
    prime, text, said, known: as ``lanes.Task`` has them.
    counted: (U,) by which characters of the text a take is judged; of a text that is not known there is one
        take, and nothing to judge it by.
    takes: how many are written to choose from.
    judge: tells how good a take of the whole text is, the more the better; none: by what the window tells
        (``signals``) of a piece of it (``pieces``).
    pace: points after which a piece is given up, for each of its characters; 0: only after ``length``.
    additions: the text in characters, and what is added to them by rule when a piece is written.
    number: of the drawing in a whole run, not in a part of it, counted from 0, by which it has its ``company``;
        what becomes of it may depend on that in the last bits.  None: it is written among many.
    """

    length: int
    chance: Callable[[int], np.random.Generator]
    prime: Points = NOTHING
    text: Text = NO_TEXT
    said: int = 0
    known: Known | None = None
    counted: NDArray[np.bool_] = np.zeros(0, np.bool_)
    takes: int = 1
    judge: Callable[[Ink], float] | None = None
    pace: int = 0
    additions: Additions = NO_ADDITIONS
    number: int | None = None

    @property
    def is_judged(self) -> bool:
        """Whether there is something to judge takes by."""
        return len(self.text) > 0

    @property
    def takes_at_once(self) -> int:
        """How many takes are asked for at a time: one where there is nothing to judge them by."""
        return self.takes if self.is_judged else 1

    @property
    def company(self) -> Company:
        """In what company it is written, where a network has several."""
        takes, number = self.takes_at_once, self.number
        if number is None or (number + 1) * takes > FIRST_TAKES:
            return Company.MANY
        return Company.ALONE if takes == 1 and number == 0 else Company.FEW

    def end_after(self, begin: int) -> int:
        """Return where the piece of the text ends that begins at ``begin``."""
        # A stand-in tells of no piece but the one that it begins.
        if self.judge or self.additions.stood_in or not self.counted.any():
            return len(self.text)
        together = self.counted
        if self.additions.signs:
            together = together | self.additions.beside_signs()
        return piece_end(together, begin)


class Written(NamedTuple):
    """Points of a drawing, in the unit that the network knows.

    Attributes
    ----------
    number: of the drawing, the orders counted from 0.
    points: (k, 3) float64, absolute.
    last: whether they are the drawing's last.
    faults: with the last, what is wrong with what was chosen; of a good drawing nothing.
    sharpness: with the last, of a drawing that was judged: see ``signals.Signals``.
    """

    number: int
    points: Ink
    last: bool
    faults: tuple[str, ...] = ()
    sharpness: float | None = None


class _Judged(NamedTuple):
    """A take; of two the better one's ``mark`` is more."""

    mark: tuple[float, ...]
    ended: Ended
    faults: list[str]


class _Drawing:
    """A drawing under way.

    Attributes
    ----------
    parts: what can be given back.
    takes: how many are asked for at a time.
    company: in which it is written.
    is_over: whether nothing of it is left to write.
    """

    def __init__(self, number: int, order: Order, company: Company) -> None:
        self.number, self.order = number, order
        self.takes = order.takes_at_once
        self.company = company
        # Of what comes point by point it is told at once that it has begun.
        self.parts = [] if order.is_judged else [Written(number, np.zeros((0, 3)), False)]
        self.is_over = False
        self._asked = self._left = 0
        self._length, self._faults = order.length, list[str]()
        self._aside = 0.0  # how far signs have moved what comes after them
        self._script: Script | None = None  # how the piece before is written, where that matters
        self._begin(0, None)

    def _begin(self, place: int, moment: Moment | None) -> None:
        """Begin the piece at ``place`` of the text, after the ``moment`` at which the one before it ended."""
        self._place, self._moment = place, moment
        self._end = self.order.end_after(place) if self.order.is_judged else 0
        self._done: list[_Judged] = []

    def ask(self) -> list[Key]:
        """Return the keys of further takes of the piece."""
        keys = [(self.number, self._asked + take) for take in range(self.takes)]
        self._asked, self._left = self._asked + self.takes, self.takes
        return keys

    def task(self, take: int) -> Task:
        """Return the task of one take of the piece."""
        order = self.order
        task = Task(self._points(), order.chance(take), order.prime, order.text, order.said, order.known)
        return task._replace(end=self._end, moment=self._moment)

    def _points(self) -> int:
        """Return how many points the piece may have."""
        if not self.order.pace or not self.order.is_judged:
            return self._length
        characters = int(self.order.counted[self._place : self._end].sum())
        return min(self._length, POINTS_BESIDES + self.order.pace * characters)

    def finish(self, take: int, ended: Ended, mark: float) -> bool:
        """Take a ``take`` in that was given ``mark`` by the judge; return whether to ``ask`` for more."""
        if not self.order.is_judged:
            self.parts.append(Written(self.number, ended.ink, True))
            self.is_over = True
            return False
        self._left -= 1
        judged = self.order.counted.copy()
        judged[: self._place] = judged[self._end :] = False
        faults = ended.signals.faults(judged)
        # After a piece that is cut off nothing more of the text is written: any other is better.
        merits = mark, ended.signals.is_ended, -len(faults), ended.signals.sharpness(judged), -take
        self._done.append(_Judged(merits, ended, faults))
        return not self._left and self._choose()

    def _choose(self) -> bool:
        """Choose from the takes of a piece; return whether to ``ask`` for more, of it or of the next."""
        best = max(self._done, key=lambda judged: judged.mark)
        if best.faults and len(self._done) < ROUNDS * self.takes:
            return True
        self._faults += [fault for fault in best.faults if fault not in self._faults]
        signals, moment = best.ended.signals, best.ended.moment
        ink = self._with_additions(best.ended)
        self._length -= len(ink)
        self.is_over = moment is None or self._end == len(self.order.text) or self._length <= 0
        sharpness = signals.sharpness(self.order.counted) if self.is_over else None
        self.parts.append(Written(self.number, ink, self.is_over, tuple(self._faults), sharpness))
        if not self.is_over:
            self._begin(self._end, moment)
        return not self.is_over

    def _with_additions(self, ended: Ended) -> Ink:
        """Return the ink of the piece that ``ended``, and what is added if there are points left for it."""
        ink = ended.ink.copy()
        ink[:, 0] += self._aside
        if not (self.order.additions.marks or self.order.additions.signs):
            return ink
        additions = self.order.additions.between(self._place, self._end)
        peaks = ended.signals.steps[self._place : self._end] - (ended.step + 1 - len(ink))
        places = self._place + places_of(ink, peaks)
        added = add(ink, places, additions, self.order.chance(ADDED + self._place), self._script)
        self._script = added.script
        if len(added.ink) > self._length:
            self._faults.append("there are no points left for its accents and signs")
            return ink
        self._aside += added.aside
        return added.ink


class Desk:
    """Gives out the takes of drawings, takes them in, and gives the drawings back in order.

    Several threads may come to it.

    Attributes
    ----------
    workers: how many are writing.
    companies: in which drawings are written; those of the first drawings come first.
    is_closed: whether they are to stop.
    error: what came instead of a further order; it is to be raised when all before it is written.
    """

    def __init__(self, orders: Iterable[Order], ahead: int, workers: int, has_companies: bool = False) -> None:
        """Give out drawings up to ``ahead`` of the one whose turn it is, so that few are held back.

        Orders that are still arriving are not waited for while there is something to write.  Without
        ``has_companies`` all are written among many.
        """
        self.workers = workers
        self.companies = tuple(Company) if has_companies else (Company.MANY,)
        self._orders = enumerate(orders)
        self._is_there = orders.is_there if isinstance(orders, Arriving) else lambda: True
        self._ahead = ahead
        self._takes: dict[Company, deque[Key]] = {company: deque() for company in self.companies}
        self._are_first_out = False
        self._drawings: dict[int, _Drawing] = {}
        self._turn = self._begun = 0
        self._has_more = True
        self._change = Condition()
        self.is_closed = False
        self.error: Exception | None = None

    @property
    def is_exhausted(self) -> bool:
        """Whether there is nothing to give out, nor will be but further takes of what is under way."""
        return not self._has_more and not any(self._takes.values())

    def has_more(self, company: Company) -> bool:
        """Return whether there may be more to give out in this ``company`` than further takes."""
        may_come = company is Company.MANY or not self._are_first_out
        return bool(self._takes[company]) or (self._has_more and may_come)

    def wanted(self, company: Company) -> int:
        """Return how many lanes what is under way in this ``company`` can still make use of at once."""
        with self._change:
            under_way = [drawing for drawing in self._drawings.values() if not drawing.is_over]
            return sum(drawing.takes for drawing in under_way if drawing.company is company)

    @property
    def watched(self) -> int | None:
        """The drawing whose points are wanted as they are made, None when it is one to choose."""
        drawing = self._drawings.get(self._turn)
        return None if drawing is None or drawing.order.is_judged else self._turn

    def take(self, company: Company = Company.MANY) -> tuple[Key, Task] | None:
        """Return what to write next in this ``company``, None when there is nothing or not yet."""
        with self._change:
            if self.has_more(company) and not any(self._takes.values()) and self._may_begin():
                self._begin()
            if not self._takes[company]:
                return None
            number, take = self._takes[company].popleft()
            return (number, take), self._drawings[number].task(take)

    def _may_begin(self) -> bool:
        return self._has_more and self._begun - self._turn <= self._ahead and self._is_there()

    def _begin(self) -> None:
        number, order = 0, None
        try:
            number, order = next(self._orders, (0, None))
        except Exception as error:
            self.error = error
        if order is None:
            self._has_more = False
            self._change.notify_all()
            return
        company = order.company if order.company in self.companies else Company.MANY
        drawing = self._drawings[number] = _Drawing(number, order, company)
        self._begun = number + 1
        self._are_first_out |= company is Company.MANY
        self._takes[company].extend(drawing.ask())

    def finish(self, key: Key, ended: Ended) -> None:
        """Take in a take that is done."""
        number, take = key
        drawing = self._drawings[number]
        judge = drawing.order.judge
        mark = judge(ended.ink) if judge and drawing.order.is_judged else 0.0
        with self._change:
            if drawing.finish(take, ended, mark):
                self._takes[drawing.company].extendleft(reversed(drawing.ask()))
            self._change.notify_all()

    def add(self, number: int, ink: Ink) -> None:
        """Take in points of the drawing that is ``watched``."""
        if len(ink):
            with self._change:
                self._drawings[number].parts.append(Written(number, ink, False))
                self._change.notify_all()

    def ready(self, wait: bool = False) -> Iterator[Written]:
        """Yield what can be given back; if ``wait``, wait for it while there is anyone who writes."""
        with self._change:
            if wait and self.workers and not self._parts():
                self._change.wait()
        while parts := self._next_parts():
            yield from parts

    def _parts(self) -> list[Written]:
        drawing = self._drawings.get(self._turn)
        return drawing.parts if drawing else []

    def _next_parts(self) -> list[Written]:
        with self._change:
            parts = list(self._parts())
            if parts:
                self._parts().clear()
                if parts[-1].last:
                    del self._drawings[self._turn]
                    self._turn += 1
                    self._change.notify_all()
            return parts

    def wait_for_work(self) -> None:
        """Wait until there may be something to write, or a little while."""
        with self._change:
            if not (any(self._takes.values()) or self._may_begin() or self.is_exhausted or self.is_closed):
                self._change.wait(A_WHILE)

    def close(self) -> None:
        """Have all who write stop."""
        with self._change:
            self.is_closed = True
            self._change.notify_all()

    def leave(self) -> None:
        """Say that one who wrote is gone."""
        with self._change:
            self.workers -= 1
            self._change.notify_all()
