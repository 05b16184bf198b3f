"""``hw eval --legibility`` and ``--liveliness``: what writing looks like, next to real writing.

The keys of ``--json``: ink, model, seed and how (null when nothing was written), bad (records that could not be
read), and measured and real (null when there is none), each as ``hwcli.measuring.looks.Looks`` tells of them.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from hwcli import console, stdio
from hwcli.commands.given import BadRecords, read_lines, tell_missing
from hwcli.errors import HwError, ThresholdNotMet, UsageError
from hwcli.options import HowToWrite, chosen_model
from hwcli.threads import cores, one_core_a_product
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.measuring.looks import Looks, ReadsLines

WORST = 20
"""Readings that --verbose shows."""


@dataclass(frozen=True)
class Asked:
    """What to measure: the drawings of ``ink``, or what ``model`` writes of the texts in it.

    Without ``ink`` the texts are those of the ``real`` lines; or it is standard input.
    """

    ink: str | None
    model: Path | None
    seed: int | None
    real: Path | None
    is_read: bool
    is_shaped: bool
    how: HowToWrite
    lines: Path | None = None
    limit: int | None = None
    max_cer: float | None = None
    skip_bad: bool = False
    as_json: bool = False

    def only_for_texts(self) -> list[str]:
        """Return the options given that are for texts to write, by their names."""
        given = {"--model": self.model, "--seed": self.seed}
        return [*self.how.changed(), *(name for name, value in given.items() if value is not None)]


class _Measured(NamedTuple):
    """What the lines look like, how many bad ones were left out, and the seed if they were written."""

    looks: Looks
    bad: int
    seed: int | None = None


def share(text: str, option: str) -> float:
    """Return the share that ``text`` gives: ``20%`` or ``0.2``; raises UsageError, also for ``20``."""
    is_percent = text.endswith("%")
    try:
        value = float(text.removesuffix("%")) / (100 if is_percent else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf") or (value > 1 and not is_percent):
        raise UsageError(f"{option} {text}: a share, such as 20% or 0.2")
    return value


class _Source:
    """The drawings of a file that are asked for."""

    def __init__(self, asked: Asked, is_selected: bool) -> None:
        self._selection, self._limit = read_lines(asked.lines if is_selected else None), asked.limit
        self._bad = BadRecords(asked.skip_bad)

    def of(self, file: BinaryIO, path: str | Path) -> Iterator[Drawing]:
        """Yield those of the ink in ``file``, which is called ``path``."""
        from hwcli.ink.reading import place_of, read_any

        everything = read_any(file, stdio.name_of(path), self._bad.note, place_of(path))
        return islice((drawing for drawing in everything if self._selection.takes(drawing.id)), self._limit)

    @property
    def bad(self) -> int:
        """How many records could not be read."""
        return len(self._bad)

    def tell_left_out(self, looks: Looks, name: str) -> None:
        """Say which of the lines called ``name`` were not measured."""
        self._bad.tell("records")
        if looks.untexted:
            console.warn(f"{counted(looks.untexted, 'drawings')} without a text left out of the {name} lines")
        if self._limit is None:
            tell_missing(self._selection)


def measure(asked: Asked) -> None:
    """Measure and report.

    Raises
    ------
    ThresholdNotMet: the ink is read worse than was asked for.
    """
    one_core_a_product()
    read = _reads_lines() if asked.is_read else None
    real = None
    if asked.real is not None:
        with stdio.open_input(asked.real) as file:
            real = _looked_at(_Source(asked, True), file, asked.real, read, asked, "real")
    if asked.ink is None and real is not None:
        if str(asked.real) != stdio.STREAM and stdio.is_fed():
            console.warn("standard input is not read, as there is --real and no FILE; - reads it")
        texts = "".join(f"{text}\n" for text in real.texts)
        named = f"the texts of {stdio.name_of(asked.real or '')}"
        looks, bad, seed = _of_texts(io.BytesIO(texts.encode()), named, read, asked)
    else:
        looks, bad, seed = _of_input(read, asked)
    _tell_worst(looks)
    record: dict[str, Any] = {"ink": asked.ink, "model": None, "seed": seed, "how": None, "bad": bad}
    if seed is not None:
        record |= {"model": chosen_model(asked.model).name, "how": asdict(asked.how)}
    _report(looks, real, asked, record)
    _check(looks, asked.max_cer)


def _of_input(read: ReadsLines | None, asked: Asked) -> _Measured:
    """Return what the ink that is asked for looks like, or what is written of the text in its place."""
    from hwcli.ink import reading

    path = asked.ink or stdio.STREAM
    with stdio.open_input(path) as file:
        kind, content = reading.peeked(file)
        if kind == reading.UNKNOWN:
            if asked.lines is not None and asked.real is None:
                raise UsageError(f"--lines is for ink; {stdio.name_of(path)} is text to write")
            return _of_texts(content, stdio.name_of(path), read, asked)
        if given := asked.only_for_texts():
            raise UsageError(f"{given[0]} is for texts to write; {stdio.name_of(path)} is ink")
        source = _Source(asked, is_selected=asked.real is None)
        looks = _looked_at(source, content, path, read, asked, "measured")
        return _Measured(looks, source.bad)


def _of_texts(texts: BinaryIO, called: str, read: ReadsLines | None, asked: Asked) -> _Measured:
    """Return what the model's writing of ``texts`` looks like, and the seed; messages call them ``called``.

    It writes as hw sample does, each line in a hand of its own unless there is a style.
    """
    from hwcli.commands.sample import write_texts
    from hwcli.commands.sample_input import TextSource

    source = TextSource([], called, io.BytesIO(b"".join(islice(texts, asked.limit))))
    with tempfile.TemporaryDirectory(prefix="hw-") as folder:
        ink = Path(folder, "ink")
        seed, skipped = write_texts(source, asked.model, asked.how, asked.seed, asked.skip_bad, ink)
        with ink.open("rb") as file:
            looks = _looked_at(_Source(asked, False), file, ink, read, asked, "measured")
    return _Measured(looks, skipped, seed)


def _reads_lines() -> ReadsLines:
    from hwcli.drawing.line_image import line_image
    from hwcli.measuring.reader import Reader

    reader = Reader(cores())
    return lambda drawings: reader.read(map(line_image, drawings))


def _looked_at(
    source: _Source, file: BinaryIO, path: str | Path, read: ReadsLines | None, asked: Asked, name: str
) -> Looks:
    """Return what the lines of ``source``, called ``name``, look like; tell which were left out."""
    from hwcli.measuring.looks import Looks, looks_of

    looks = Looks()
    with console.progress(name) as show:
        for looks in looks_of(source.of(file, path), read, asked.is_shaped):
            show(looks.lines, counted(looks.lines, "lines"))
    source.tell_left_out(looks, name)
    if not looks.lines:
        raise HwError(f"no drawing with a text among the {name} lines, so that there is nothing to measure")
    if asked.is_shaped and looks.variety() is None:
        console.warn(f"the {name} lines are too few, or too small, to tell how they vary")
    return looks


def _tell_worst(looks: Looks) -> None:
    from hwcli.measuring.reader import worst

    for rate, reading in worst(looks.readings, WORST):
        console.detail(f"{reading.id}: {rate:.0%} wrong: {reading.text!r} was read as {reading.read!r}")


def _report(looks: Looks, real: Looks | None, asked: Asked, record: dict[str, Any]) -> None:
    from hwcli.measuring.looks import looks_table

    if asked.as_json:
        record |= {"measured": looks.as_dict(), "real": None if real is None else real.as_dict()}
        text = json.dumps(record, allow_nan=False) + "\n"
    else:
        text = looks_table(looks, real)
    with stdio.open_output(None, binary=False) as out:
        out.write(text.encode())


def _check(looks: Looks, max_cer: float | None) -> None:
    found = looks.legibility()
    if max_cer is not None and not (found is not None and found.cer <= max_cer):
        rate = "nothing" if found is None else f"{found.cer:.2%} of the characters"
        raise ThresholdNotMet(f"{rate} read wrong, more than the {max_cer:.4g} of --max-cer")
