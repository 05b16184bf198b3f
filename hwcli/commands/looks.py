"""``hw eval --legibility`` and ``--liveliness``: what writing looks like, next to real writing.

The keys of ``--json``: ink, model and seed (null when nothing was written), bad (records that could not be
read), and measured and real (null when there is none), each as ``hwcli.measuring.looks.Looks`` tells of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwcli import console, stdio
from hwcli.errors import BadInput, HwError, ThresholdNotMet, UsageError
from hwcli.threads import cores

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.measuring.looks import Looks, ReadsLines

WORST = 20
"""Readings that --verbose shows."""


@dataclass(frozen=True)
class Asked:
    """What to measure: the drawings of ``ink``, or, where there are none, what is written of the real texts."""

    ink: str | None
    real: Path | None
    is_read: bool
    is_shaped: bool
    lines: Path | None = None
    limit: int | None = None
    max_cer: float | None = None
    skip_bad: bool = False
    as_json: bool = False


def share(text: str, option: str) -> float:
    """Return the share that ``text`` gives: ``20%`` or ``0.2``; raises UsageError."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{option} {text}: a share, such as 20% or 0.2")
    return value


class _Source:
    """The drawings of a file that are asked for."""

    def __init__(self, asked: Asked, is_selected: bool) -> None:
        from hwcli.ink.selection import Selection, read_selection

        self._selection, self._limit = Selection(), asked.limit
        self.bad: list[BadInput] | None = [] if asked.skip_bad else None
        if is_selected and asked.lines is not None:
            with stdio.open_input(asked.lines) as file:
                self._selection = read_selection(file, stdio.name_of(asked.lines))

    def drawings(self, path: str | Path) -> Iterator[Drawing]:
        from hwcli.ink.reading import open_ink

        with open_ink(path, None if self.bad is None else self.bad.append) as everything:
            wanted = (drawing for drawing in everything if self._selection.wants(drawing.id))
            yield from islice(wanted, self._limit)


def measure(asked: Asked) -> None:
    """Measure and report.

    Raises
    ------
    ThresholdNotMet: the ink is read worse than was asked for.
    """
    read = _reads_lines() if asked.is_read else None
    source = _Source(asked, is_selected=asked.real is None)
    looks = _looked_at(source.drawings(asked.ink or stdio.STREAM), read, asked, "measured")
    real = None
    if asked.real is not None:
        real = _looked_at(_Source(asked, True).drawings(asked.real), read, asked, "real")
    _tell(looks, source.bad)
    _report(looks, real, asked, len(source.bad or ()))
    _check(looks, asked.max_cer)


def _reads_lines() -> ReadsLines:
    from hwcli.drawing.line_image import line_image
    from hwcli.measuring.reader import Reader

    reader = Reader(cores())
    return lambda drawings: reader.read(map(line_image, drawings))


def _looked_at(drawings: Iterator[Drawing], read: ReadsLines | None, asked: Asked, name: str) -> Looks:
    from hwcli.measuring.looks import Looks, looks_of

    looks = Looks()
    with console.progress(name) as show:
        for looks in looks_of(drawings, read, asked.is_shaped):
            show(looks.lines, "lines")
    if not looks.lines:
        raise HwError(f"no drawing with a text among the {name} lines, so that there is nothing to measure")
    return looks


def _tell(looks: Looks, bad: list[BadInput] | None) -> None:
    from hwcli.measuring.reader import worst

    if bad:
        console.warn(f"{len(bad)} bad records left out, the first: {bad[0]}")
    if looks.untexted:
        console.warn(f"{looks.untexted} drawings without a text left out")
    for rate, reading in worst(looks.readings, WORST):
        console.detail(f"{reading.id}: {rate:.0%} wrong: {reading.text!r} was read as {reading.read!r}")


def _report(looks: Looks, real: Looks | None, asked: Asked, bad: int) -> None:
    from hwcli.measuring.looks import looks_table

    if asked.as_json:
        record: dict[str, Any] = {"ink": asked.ink, "bad": bad, "measured": looks.as_dict()}
        record["real"] = None if real is None else real.as_dict()
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
