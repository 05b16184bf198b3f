"""``hw sample``: a model writes, point by point."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from hwcli import console, stdio
from hwcli.errors import BadInput, HwError, UsageError
from hwcli.options import Force, ModelFile, Output, Quiet, Seed, SkipBad, Verbose, chosen_model, settled_seed
from hwcli.threads import one_core_a_product

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.jsonl import DrawingWriter
    from hwcli.ink.offsets import Scale
    from hwcli.model import Model
    from hwcli.writing.rollout import Task, Written

STRANGE_UNIT = 10
"""A prime whose moves are so many times larger or smaller than the model's ink is told of."""


def run(
    model: ModelFile = None,
    prime: Annotated[
        str | None,
        typer.Option(
            "--prime",
            metavar="FILE",
            help="Ink to go on from, a drawing or several, in the unit of the model's.",
        ),
    ] = None,
    prime_points: Annotated[
        int | None,
        typer.Option("--prime-points", min=2, metavar="K", help="Use the first K points of each prime."),
    ] = None,
    no_prime_out: Annotated[
        bool, typer.Option("--no-prime-out", help="Leave the prime's points out of what is written.")
    ] = False,
    number: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Drawings to write; of each prime, with --prime.")
    ] = 1,
    points: Annotated[
        int, typer.Option("--points", min=1, metavar="N", help="Points to write, after the prime's.")
    ] = 600,
    bias: Annotated[
        float,
        typer.Option("--bias", "-b", metavar="B", help="0: as varied as the network's ink; more: neater."),
    ] = 0.0,
    pen_temperature: Annotated[
        float,
        typer.Option(
            "--pen-temperature", metavar="T", help="Below 1 strokes end less by chance; 0: never by it."
        ),
    ] = 1.0,
    seed: Seed = None,
    output: Output = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write new ink with a model, point by point.

    The points are JSON lines, which come as they are made. With --prime each drawing begins with the prime's
    points and goes on in its hand; K primes and -n N make K times N drawings. Without a prime a drawing
    begins at (0, 0). The same seed gives the same bytes.
    """
    path = chosen_model(model)
    _check(bias, "--bias")
    _check(pen_temperature, "--pen-temperature")
    if prime is None and (prime_points or no_prime_out):
        raise UsageError("--prime-points and --no-prime-out need a --prime")
    one_core_a_product()

    from hwcli.writing.mixture import Manner

    loaded = _read_model(path)
    if bias and loaded.config.network.kind != "mixture":
        raise UsageError(
            f"{path} predicts the next point itself, not a density of it: --bias has no meaning for it"
        )
    seed = settled_seed(seed)
    tasks = _Tasks(number, points, seed, {"seed": seed, "bias": bias, "model": path.name})
    if pen_temperature != 1:
        tasks.header["pen_temperature"] = pen_temperature
    primes = _Primes(prime, prime_points, skip_bad, loaded.scale)
    with stdio.open_output(output, binary=False, force=force) as sink:
        _write(loaded, tasks, tasks.of(primes.read()), Manner(bias, pen_temperature), no_prime_out, sink)
    primes.tell_skipped()


def _check(value: float, option: str) -> None:
    if not 0 <= value <= 1000:
        raise UsageError(f"{option} {value:g}: a number from 0 to 1000")


def _read_model(path: Path) -> Model:
    from hwcli.model.file import read_model

    with stdio.open_seekable(path) as file:
        return read_model(file, stdio.name_of(path))


def _write(
    model: Model, heads: _Tasks, tasks: Iterator[Task], manner: Any, no_prime_out: bool, sink: BinaryIO
) -> None:
    from hwcli.ink.jsonl import DrawingWriter
    from hwcli.writing.network import NumpyNetwork
    from hwcli.writing.rollout import LANES, lanes_for, write_drawings

    # Enough of the tasks to know how many lanes they deserve.
    first = list(itertools.islice(tasks, LANES[-2] + 1))
    network = NumpyNetwork(model.config.network, model.weights)
    everything = itertools.chain(first, tasks)
    written = write_drawings(network, model.scale, everything, lanes_for(len(first)), manner)
    _write_out(DrawingWriter(sink), heads, written, no_prime_out)


def _write_out(writer: DrawingWriter, heads: _Tasks, written: Iterable[Written], no_prime_out: bool) -> None:
    """Write the header of each drawing and its points as they come, the prime's unless ``no_prime_out``."""
    begun = -1
    for part in written:
        if part.number != begun:
            begun = part.number
            header = heads.take(begun)
            hidden = header["extra"]["prime_points"] if no_prime_out else 0
            if no_prime_out:
                header["extra"]["prime_points"] = 0
            writer.begin(**header)
        now = min(hidden, len(part.points))
        hidden -= now
        if now < len(part.points):
            writer.points(part.points[now:])


class _Tasks:
    """Makes the tasks of a run, and keeps the header of each until its drawing begins."""

    def __init__(self, number: int, points: int, seed: int, header: dict[str, Any]) -> None:
        self.header = header
        self._number, self._points, self._seed = number, points, seed
        self._headers: dict[int, dict[str, Any]] = {}

    def of(self, primes: Iterable[Drawing | None]) -> Iterator[Task]:
        """Yield the tasks for ``primes``, ``-n`` of each; None stands for no prime."""
        import numpy as np

        from hwcli.writing.rollout import Task, chance_for

        count = 0
        for prime in primes:
            given = np.zeros((0, 3), np.float32) if prime is None else prime.points
            # Without a prime the starting point is one of those that were asked for.
            length = self._points - 1 if prime is None else self._points
            for _ in range(self._number):
                self._headers[count] = self._header(count, prime)
                yield Task(given, length, chance_for(self._seed, count))
                count += 1

    def _header(self, count: int, prime: Drawing | None) -> dict[str, Any]:
        name = prime.id if prime is not None and prime.id else "sample"
        extra = dict(self.header)
        if prime is not None and prime.id:
            extra["prime"] = prime.id
        extra["prime_points"] = 0 if prime is None else len(prime)
        return {"id": f"{name}-{count + 1}", "extra": extra}

    def take(self, count: int) -> dict[str, Any]:
        """Return the header of drawing ``count``, as ``DrawingWriter.begin`` takes it."""
        return self._headers.pop(count)


class _Primes:
    """Reads the primes, checks them and cuts them to length."""

    def __init__(self, path: str | None, length: int | None, skip_bad: bool, scale: Scale) -> None:
        self._path, self._length, self._scale = path, length, scale
        self._bad: list[BadInput] | None = [] if skip_bad else None
        self._told_unit = False

    def read(self) -> Iterator[Drawing | None]:
        """Yield the primes, or one None when there is no file of them.

        Raises
        ------
        BadInput: one cannot be read or has fewer than two points, and bad ones are not to be left out.
        HwError: there is none.
        """
        from hwcli.ink.reading import open_ink

        if self._path is None:
            yield None
            return
        found = False
        with open_ink(self._path, self._bad.append if self._bad is not None else None) as ink:
            for place, drawing in enumerate(ink, start=1):
                if len(drawing) < 2:
                    self._refuse(drawing, place)
                    continue
                found = True
                if self._length:
                    drawing.points = drawing.points[: self._length]
                self._check_unit(drawing)
                yield drawing
        if not found:
            raise HwError(f"no prime in {stdio.name_of(self._path)}")

    def _refuse(self, drawing: Drawing, place: int) -> None:
        name = drawing.id or f"number {place}"
        has = "one point" if len(drawing) else "no point"
        bad = BadInput(
            stdio.name_of(self._path or stdio.STREAM), f"drawing {name} has {has}; a prime has at least two"
        )
        if self._bad is None:
            raise bad
        self._bad.append(bad)

    def _check_unit(self, drawing: Drawing) -> None:
        """Warn, once, when the moves are of quite another size than those that the model knows."""
        import numpy as np

        moves = np.diff(drawing.points[:, :2].astype(np.float64), axis=0)
        known = np.square(self._scale.mean) + np.square(self._scale.sd)
        size = math.sqrt(np.square(moves).sum() / len(moves) / known.sum())
        if not self._told_unit and not 1 / STRANGE_UNIT < size < STRANGE_UNIT:
            self._told_unit = True
            times = f"{size:.3g} times as large as" if size > 1 else f"{size:.2g} of the size of"
            console.warn(
                f"the moves of the prime {drawing.id} are {times} those that the model knows: another unit?"
            )

    def tell_skipped(self) -> None:
        """Say what was left out."""
        if self._bad:
            console.warn(f"{len(self._bad)} bad primes left out, the first: {self._bad[0]}")
