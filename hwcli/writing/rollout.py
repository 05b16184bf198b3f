"""Writing: the network reads a prime, then its own points, one at a time, for many drawings in lockstep.

What a drawing becomes depends on its own prime, its own chance and the number of lanes, on nothing else.
The last digits of a matrix product depend on its shape and on the column; so the shape never changes while
drawings come and go, and drawing i is always written in lane i modulo the number of lanes.  Differences in
the last digits would otherwise grow, point by point, to other drawings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError
from hwcli.ink.drawing import Points
from hwcli.ink.limits import COORDINATE
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.writing.mixture import CHANCES, Manner, draw_rows
from hwcli.writing.network import NumpyNetwork

LANES = (1, 8, 32)
"""Numbers of lanes: one drawing has a quicker product, and with 8 columns one costs hardly more than with 2."""
AHEAD = 4
"""How many drawings a lane may be ahead of the slowest, so that what is held back stays little."""
CHANCE_BLOCK = 64
"""Points for which random numbers are drawn at once."""


class Task(NamedTuple):
    """A drawing that is to be written.

    Attributes
    ----------
    prime: (P, 3) absolute points that the network reads first; none: it begins at (0, 0).
    length: how many points to write after them.
    chance: the drawing's own generator of random numbers.
    """

    prime: Points
    length: int
    chance: np.random.Generator


class Written(NamedTuple):
    """Points of drawing ``number`` in absolute coordinates, (k, 3) float64, and whether they are its last."""

    number: int
    points: NDArray[np.float64]
    last: bool


def chance_for(seed: int, number: int) -> np.random.Generator:
    """Return the generator of drawing ``number`` of a run with ``seed``, as ``SeedSequence.spawn`` makes it."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def lanes_for(drawings: int) -> int:
    """Return in how many lanes to write ``drawings`` drawings (or so many at least)."""
    return next((lanes for lanes in LANES if lanes >= drawings), LANES[-1])


def write_drawings(
    network: NumpyNetwork, scale: Scale, tasks: Iterable[Task], lanes: int, manner: Manner
) -> Iterator[Written]:
    """Yield the points of each task's drawing as they are read (the prime's) and made, drawing after drawing.

    The first drawing of those under way comes point by point; the others are held until it is their turn.
    Every point is fed to the network once.

    Raises
    ------
    HwError: the network's numbers are not finite, or a drawing leaves every bound.
    """
    return _in_order(_lockstep(network, scale, tasks, lanes, manner))


def _in_order(written: Iterable[Written]) -> Iterator[Written]:
    held: dict[int, list[Written]] = {}
    turn = 0
    for part in written:
        if part.number != turn:
            held.setdefault(part.number, []).append(part)
            continue
        yield part
        if part.last:
            turn += 1
            while turn in held:
                parts = held.pop(turn)
                yield Written(turn, np.concatenate([part.points for part in parts]), parts[-1].last)
                if not parts[-1].last:
                    break
                turn += 1


def _lockstep(
    network: NumpyNetwork, scale: Scale, tasks: Iterable[Task], lanes: int, manner: Manner
) -> Iterator[Written]:
    """Yield each point of every drawing, in lockstep, the lanes in turn."""
    stepper = network.stepper(lanes)
    queue = _Queue(tasks, lanes)
    pens: dict[int, _Pen] = {}
    rows = np.zeros((lanes, 3), np.float32)
    chance = np.full((lanes, CHANCES), 0.5)
    while True:
        for lane in range(lanes):
            while lane not in pens and (begun := queue.next(lane)):
                pen = _Pen(*begun, scale)
                yield pen.first()
                if pen.is_done:
                    queue.finished(pen.number)
                else:
                    pens[lane] = pen
                    stepper.begin(lane)
        if not pens:
            return
        for lane, pen in pens.items():
            rows[lane] = pen.row
        writing = [lane for lane, pen in pens.items() if pen.is_writing]
        for lane in writing:
            chance[lane] = pens[lane].draw_chance()
        with np.errstate(over="ignore", invalid="ignore"):  # a pen refuses what is not finite
            stepper.feed(rows)
            drawn = draw_rows(network.network, stepper.outputs(), chance, manner) if writing else rows
        for lane, pen in list(pens.items()):
            yield pen.advance(drawn[lane])
            if pen.is_done:
                queue.finished(pen.number)
                del pens[lane]


class _Queue:
    """Hands task i to lane i modulo the number of lanes, reading no more tasks than it must."""

    def __init__(self, tasks: Iterable[Task], lanes: int) -> None:
        self._tasks = enumerate(tasks)
        self._waiting: list[deque[tuple[int, Task]]] = [deque() for _ in range(lanes)]
        self._under_way: set[int] = set()
        self._lanes = lanes

    def next(self, lane: int) -> tuple[int, Task] | None:
        """Return the number and the task that ``lane`` is to begin, None when it must wait or all is done."""
        waiting = self._waiting[lane]
        while not waiting and (task := next(self._tasks, None)):
            self._waiting[task[0] % self._lanes].append(task)
        slowest = min(self._under_way, default=None)
        if not waiting or (slowest is not None and waiting[0][0] - slowest > AHEAD * self._lanes):
            return None
        self._under_way.add(waiting[0][0])
        return waiting.popleft()

    def finished(self, number: int) -> None:
        """Note that drawing ``number`` is done."""
        self._under_way.remove(number)


class _Pen:
    """One drawing under way: which row the network reads next, and where the pen is."""

    def __init__(self, number: int, task: Task, scale: Scale) -> None:
        self.number, self._task, self._scale = number, task, scale
        prime = task.prime if len(task.prime) else np.zeros((1, 3), np.float32)
        self._given = prime.astype(np.float64)
        self._rows = rows_from_points(prime, scale)
        self._x, self._y = self._given[-1, :2].tolist()
        self._fed = 0
        self._left = task.length
        self._chances: Iterator[NDArray[np.float64]] = iter(())
        self.row = self._rows[0]

    @property
    def is_writing(self) -> bool:
        """Whether the row that was fed last is the last that was given, so that the next is to be drawn."""
        return self._fed + 1 >= len(self._rows)

    @property
    def is_done(self) -> bool:
        return self._left == 0 and self._fed + 1 >= len(self._given)

    def first(self) -> Written:
        """Return the first point, which is there before anything is fed."""
        return Written(self.number, self._given[:1], self.is_done)

    def draw_chance(self) -> NDArray[np.float64]:
        numbers = next(self._chances, None)
        if numbers is None:
            block = np.empty((CHANCE_BLOCK, CHANCES))
            block[:, :2] = self._task.chance.random((CHANCE_BLOCK, 2))
            block[:, 2:] = self._task.chance.standard_normal((CHANCE_BLOCK, 2))
            self._chances = iter(block)
            numbers = next(self._chances)
        return numbers

    def advance(self, drawn: NDArray[np.float32]) -> Written:
        """Go on to the next point, the prime's or the ``drawn`` row, and return it."""
        self._fed += 1
        if self._fed < len(self._rows):
            self.row = self._rows[self._fed]
            return Written(self.number, self._given[self._fed : self._fed + 1], self.is_done)
        self.row = drawn
        self._left -= 1
        # Plain numbers: NumPy takes ten times as long for so few.
        (mean_x, mean_y), (sd_x, sd_y) = self._scale.mean, self._scale.sd
        right, down, up = drawn.tolist()
        self._x += right * sd_x + mean_x
        self._y += down * sd_y + mean_y
        if not (abs(self._x) <= COORDINATE and abs(self._y) <= COORDINATE):
            raise HwError(
                f"point {self._fed + 1} of drawing {self.number + 1} is beyond all bounds: the network was "
                "trained too little, or the prime is not in the unit of the ink that it knows"
            )
        return Written(self.number, np.array([(self._x, self._y, up)]), self.is_done)
