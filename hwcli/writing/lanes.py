"""Many drawings in lockstep: each lane reads its prime and then writes, one point at a step."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError
from hwcli.ink.drawing import Points
from hwcli.ink.limits import COORDINATE
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.writing.cells import State
from hwcli.writing.mixture import CHANCES, Manner, draw_chances, draw_rows
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.second_core import SecondCore
from hwcli.writing.signals import Notes, Signals
from hwcli.writing.stepper import Company
from hwcli.writing.window import NO_TEXT, Text

Ink = NDArray[np.float64]
"""(n, 3): x, y, up."""
NOTHING: Points = np.zeros((0, 3), np.float32)
NO_LANES: NDArray[np.intp] = np.zeros(0, np.intp)

CHANCE_BLOCK = 64
"""Points for which random numbers are drawn at once."""
ROOM = 256
"""Points that there is room for at first."""
UNSEEN = 1e-3
"""A character that is looked at less than this is not looked at."""
SURE = 3
"""A text has ended for sure when the window looks at its end so many times as much as at any character.

At less a stroke may be due: at 1, every second final t of a sample had no bar; at 5, full stops got bars.
"""
ASIDE = 0.5
"""A stroke that begins so far to the right of all ink, in units of the scale, is no part of what is there."""
PER_LANE = (
    "_is_busy", "_rows", "_pens", "_left", "_is_past", "_may_end", "_said", "_lead", "_chances", "_drawn",
    "_first", "_ink", "_count", "_right", "_steps", "_ends",
)  # fmt: skip
"""The arrays that have an entry for each lane."""
READ_AT_ONCE = 16
"""How many points apart the places are up to which a prime can be known."""


class Known(NamedTuple):
    """A prime of which the network has read the first ``rows`` rows: its ``state`` after them, of one lane."""

    rows: int
    state: State


class Moment(NamedTuple):
    """How a lane was when it had written a piece of a text, for others to go on from there.

    Attributes
    ----------
    state: of one lane, before it reads the ``row`` that was drawn last, (3,).
    pen, right: (2,), where the pen was, and how far to the right there was ink.
    peaks, steps, step: what was noted until then, and the number of steps.
    """

    state: State
    row: NDArray[np.float32]
    pen: NDArray[np.float64]
    right: float
    peaks: NDArray[np.float32]
    steps: NDArray[np.int64]
    step: int


class Ended(NamedTuple):
    """What a lane has written: its ``ink``, what was noted of it, and the moment to go on from.

    There is such a moment when the piece came to its end at a pen-up.  ``step`` is the one of its last point.
    """

    ink: Ink
    signals: Signals
    moment: Moment | None
    step: int


class Task(NamedTuple):
    """A drawing that is to be written, or a piece of one.

    Attributes
    ----------
    length: how many points to write at most.
    chance: the drawing's own generator of random numbers.
    prime: (P, 3) absolute points that the network reads first, in the unit that it knows; none: the first of
        the points that are written lies at (0, 0).
    text: what the prime and the drawing say, encoded; empty when it is not known.
    said: how many characters of the text are the prime's.
    known: the prime's beginning, where the network has read it already.
    end: at which place of the text to end, its length for all of it.
    moment: at which to go on with a drawing that was begun; the prime and what it says do not count then.
    """

    length: int
    chance: np.random.Generator
    prime: Points = NOTHING
    text: Text = NO_TEXT
    said: int = 0
    known: Known | None = None
    end: int = 0
    moment: Moment | None = None


class Lanes:
    """So many lanes, in which drawings are written in lockstep.

    Attributes
    ----------
    keys: which drawing, and which take of it, is in each lane; None in a lane that is free.
    """

    def __init__(
        self,
        network: NumpyNetwork,
        scale: Scale,
        manner: Manner,
        lanes: int,
        second_core: SecondCore | None = None,
        company: Company = Company.MANY,
    ) -> None:
        """Have ``lanes`` free lanes, for drawings in this ``company``."""
        self.keys: list[tuple[int, int] | None] = [None] * lanes
        self._network, self._scale, self._manner = network.network, scale, manner
        self._stretch, self._shift = np.array([*scale.sd, 1]), np.array([*scale.mean, 0])
        self._stepper = network.stepper(lanes, second_core, company)
        self._notes = Notes(lanes)
        self._tasks: list[Task | None] = [None] * lanes
        self._to_read: dict[int, deque[NDArray[np.float32]]] = {}
        self._before: dict[int, State] = {}
        self._every = np.arange(lanes)
        self._is_busy = np.zeros(lanes, np.bool_)
        self._steps = np.zeros(lanes, np.int64)
        self._ends = np.zeros(lanes, np.int64)
        self._first = np.zeros(lanes, np.int64)
        self._rows = np.zeros((lanes, 3), np.float32)
        self._pens = np.zeros((lanes, 2))
        self._left = np.ones(lanes, np.int64)
        self._is_past = np.zeros(lanes, np.bool_)
        self._may_end = np.zeros(lanes, np.bool_)
        self._said = np.zeros(lanes, np.int64)
        self._lead = np.zeros(lanes, np.int64)
        self._chances = np.zeros((lanes, CHANCE_BLOCK, CHANCES))
        self._drawn = np.zeros(lanes, np.int64)
        self._ink = np.zeros((lanes, ROOM, 3))
        self._count = np.zeros(lanes, np.int64)
        self._right = np.zeros(lanes)

    def free(self) -> int | None:
        """Return a lane that is free, None when there is none."""
        return next((lane for lane, key in enumerate(self.keys) if key is None), None)

    @property
    def is_busy(self) -> bool:
        """Whether there is a drawing in any lane."""
        return bool(self._is_busy.any())

    def begin(self, lane: int, key: tuple[int, int], task: Task) -> None:
        """Have the free ``lane`` begin the drawing ``key``."""
        self.keys[lane], self._tasks[lane], self._is_busy[lane] = key, task, True
        self._is_past[lane] = self._may_end[lane] = False
        self._left[lane], self._ends[lane] = task.length, task.end
        self._drawn[lane] = self._count[lane] = 0
        if task.moment is None:
            self._begin(lane, task)
        else:
            self._go_on(lane, task, task.moment)

    def _begin(self, lane: int, task: Task) -> None:
        rows = rows_from_points(task.prime, self._scale) if len(task.prime) else np.zeros((1, 3), np.float32)
        read = 0 if task.known is None else min(task.known.rows, len(rows) - 1)
        self._stepper.begin(lane, task.text, None if task.known is None else task.known.state)
        self._rows[lane] = rows[read]
        self._to_read[lane] = deque(rows[read + 1 :])
        self._notes.begin(lane)
        self._right[lane] = -np.inf
        self._steps[lane], self._said[lane], self._lead[lane] = 0, task.said, -1
        self._first[lane] = len(rows) - read
        self._pens[lane] = task.prime[-1, :2] if len(task.prime) else 0
        if not len(task.prime):
            self._put(np.array([lane]), np.zeros((1, 3)))

    def _go_on(self, lane: int, task: Task, moment: Moment) -> None:
        self._stepper.begin(lane, task.text, moment.state)
        self._rows[lane], self._pens[lane], self._steps[lane] = moment.row, moment.pen, moment.step
        self._notes.begin(lane, moment.peaks, moment.steps)
        self._said[lane], self._lead[lane], self._right[lane] = 0, 0, moment.right
        self._first[lane] = moment.step + 1

    def fresh(self, lane: int) -> Ink:
        """Return the points of ``lane`` that were written since this was asked last."""
        ink = self._ink[lane, : self._count[lane]].copy()
        self._count[lane] = 0
        return ink

    def end(self, lane: int) -> Ended:
        """Have ``lane`` be free again; return the rest of its points, what was noted, and the last moment.

        A stroke that was written before the window came to the drawing's own text belongs to the prime's last
        character, which was not finished: it is left out.
        """
        task = self._tasks[lane]
        assert task is not None
        ink = self.fresh(lane)
        if task.said and task.moment is None:
            ends = np.flatnonzero(ink[: max(self._lead[lane], 0), 2] > 0.5)
            ink = ink[ends[-1] + 1 if len(ends) else 0 :]
        state = self._before.get(lane)
        # The window may be past the end while the pen is on the paper still, and nothing is left to write with.
        is_ended = bool(self._is_past[lane] and self._rows[lane, 2] > 0.5)
        is_ended &= state is not None or task.end >= len(task.text)
        signals = self._notes.of(lane, len(task.text), is_ended)
        moment = self._moment(lane, state, signals) if is_ended else None
        ended = Ended(ink, signals, moment, int(self._first[lane] + self._drawn[lane]) - 1)
        self.keys[lane] = self._tasks[lane] = None
        self._is_busy[lane] = False
        self._to_read.pop(lane, None)
        self._before.pop(lane, None)
        self._stepper.begin(lane)
        self._notes.begin(lane)
        self._rows[lane], self._left[lane] = 0, 1
        return ended

    def _moment(self, lane: int, state: State | None, signals: Signals) -> Moment | None:
        if state is None:
            return None
        row, pen = self._rows[lane].copy(), self._pens[lane].copy()
        right, step = float(self._right[lane]), int(self._steps[lane])
        return Moment(state, row, pen, right, signals.peaks, signals.steps, step)

    def done(self) -> list[int]:
        """Return the lanes in which nothing is left to write."""
        return (self._left <= 0).nonzero()[0].tolist()

    def advance(self) -> None:
        """Go on by a point in every lane that is not free, the prime's or one that is drawn.

        Raises
        ------
        HwError: the network's numbers are not finite, or a drawing leaves every bound.
        """
        writing = self._is_busy.copy()
        self._before = {int(lane): self._stepper.state(int(lane)) for lane in self._near_ends()}
        with np.errstate(all="ignore"):  # what is not finite is refused below
            self._stepper.feed(self._rows)
            writing[self._note()] = False
            for lane, rows in list(self._to_read.items()):
                if rows:
                    self._rows[lane], writing[lane] = rows.popleft(), False
                else:
                    del self._to_read[lane]
            if writing.any():
                self._write(writing)

    def _near_ends(self) -> NDArray[np.intp]:
        """Return the lanes in which a piece that is not its text's last may end at the next row."""
        window, is_up = self._stepper.window, self._rows[:, 2] > 0.5
        if window is None or not is_up.any():
            return NO_LANES
        is_piece = self._ends < window.lengths[: len(self.keys)]
        return (is_up & is_piece & (self._drawn > 0)).nonzero()[0]

    def _note(self) -> NDArray[np.intp]:
        """Note where the windows are; return the lanes that have come to their end.

        That is when the window, having seen a pen-up, stands at the end of the piece or of the text.  It moves
        on with the pen-up; one that is not asked before mostly stands at the last character still.  Where it
        does not stand at the text's end for sure, the next point will tell (``_goes_on``).
        """
        window = self._stepper.window
        if window is None or not window.lengths.any():
            return NO_LANES
        self._steps += 1
        if self._lead.min() < 0:
            has_come = (self._lead < 0) & (window.shown[: len(self.keys)].argmax(axis=1) >= self._said)
            np.copyto(self._lead, self._drawn, where=has_come)
        has_begun = self._drawn > 0
        at_end = self._notes.take(window, self._steps, self._ends)
        is_at_end = at_end > 1
        self._is_past |= has_begun & is_at_end
        is_up = has_begun & (self._rows[:, 2] > 0.5)
        if not is_up.any():
            self._may_end = is_up
            return NO_LANES
        is_last = self._ends >= window.lengths[: len(self.keys)]
        self._may_end = is_up & is_last & is_at_end & (at_end <= SURE)
        ended = (is_up & self._is_past & ~self._may_end).nonzero()[0]
        self._left[ended] = 0
        return ended

    def _write(self, writing: NDArray[np.bool_]) -> None:
        """Draw the next point in each lane that is ``writing`` (n,)."""
        place = self._drawn % CHANCE_BLOCK
        if not place.all():
            for lane in (writing & (place == 0)).nonzero()[0]:
                self._draw_chances(int(lane))
        chance = self._chances[self._every, place]
        # Mostly these are all, and views of all cost less than picking them.
        lanes = slice(None) if writing.all() else writing.nonzero()[0]
        drawn = draw_rows(self._network, self._stepper.outputs(), chance, self._manner)[lanes]
        points = drawn * self._stretch + self._shift
        points[:, :2] += self._pens[lanes]
        if self._may_end.any():
            goes_on = self._goes_on(self._every[lanes], points)
            lanes, points, drawn = self._every[lanes][goes_on], points[goes_on], drawn[goes_on]
            if not len(lanes):
                return
        self._drawn[lanes] += 1
        self._rows[lanes] = drawn
        self._pens[lanes] = points[:, :2]
        self._put(lanes, points)
        if not np.abs(points).max() <= COORDINATE:
            raise HwError(
                "the pen runs beyond all bounds: the network was trained too little, or the prime is not in "
                "the unit of the ink that it knows"
            )

    def _goes_on(self, lanes: NDArray[np.intp], points: Ink) -> NDArray[np.bool_]:
        """Return (n,) which of ``lanes`` go on, their next ``points`` being (n, 3); the others have ended.

        Where the text may have ended, a stroke that begins above, below or to the left belongs to it: a bar, a
        dot.  One to the right would be what a network writes of which no end was ever asked.
        """
        ended: NDArray[np.bool_] = points[:, 0] > self._right[lanes] + ASIDE * self._stretch[0]
        ended &= self._may_end[lanes]
        self._left[lanes[ended]] = 0
        return ~ended

    def _draw_chances(self, lane: int) -> None:
        task = self._tasks[lane]
        assert task is not None
        self._chances[lane] = draw_chances(task.chance, CHANCE_BLOCK)

    def _put(self, lanes: NDArray[np.intp] | slice, points: Ink) -> None:
        """Add one of ``points`` (n, 3) to each of ``lanes``."""
        count = self._count[lanes]
        if count.max() == self._ink.shape[1]:
            self._ink = np.concatenate([self._ink, np.zeros_like(self._ink)], axis=1)
        self._ink[self._every[lanes], count] = points
        self._right[lanes] = np.maximum(self._right[lanes], points[:, 0])
        self._count[lanes] += 1
        self._left[lanes] -= 1

    def narrow(self, wanted: int) -> None:
        """Let go of free lanes, for ever, when the product is a smaller one without them; keep ``wanted``."""
        keep = sorted(range(len(self.keys)), key=lambda lane: self.keys[lane] is None)
        busy = sum(key is not None for key in self.keys)
        keep = sorted(keep[: max(busy, wanted)])
        size_now, size = (next(s for s in self._stepper.sizes if s >= n) for n in (len(self.keys), len(keep)))
        if not keep or size == size_now:
            return
        self._stepper = self._stepper.kept(keep)
        self._notes.keep(keep)
        self.keys, self._tasks = [self.keys[lane] for lane in keep], [self._tasks[lane] for lane in keep]
        self._to_read = {new: self._to_read[old] for new, old in enumerate(keep) if old in self._to_read}
        self._every = np.arange(len(keep))
        for name in PER_LANE:
            setattr(self, name, getattr(self, name)[keep])


def read_ahead(network: NumpyNetwork, scale: Scale, prime: Points, text: Text) -> Known:
    """Return what is the same for all drawings that go on from ``prime``, which says ``text``.

    The network reads the prime as far as the window does not yet see what comes after the text; of a prime
    without text, all but the last row.
    """
    rows = rows_from_points(prime, scale)
    stepper = network.stepper(1, company=Company.ALONE)
    stepper.begin(0, text)
    known = Known(0, stepper.state(0))
    for number in range(1, len(rows)):
        with np.errstate(all="ignore"):  # what is not finite is refused where it is written on
            stepper.feed(rows[number - 1 : number])
        if len(text) and stepper.window is not None and stepper.window.shown[0, len(text)] > UNSEEN:
            break
        if number % READ_AT_ONCE == 0 or number == len(rows) - 1:
            known = Known(number, stepper.state(0))
    return known
