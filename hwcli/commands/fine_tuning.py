"""``hw train --fine-tune``: a trained model takes on one hand, of which there are a few lines."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console, stdio
from hwcli.errors import HwError, UsageError
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.model import Config, Model

FEW_LINES = 200
"""Up to so many lines are one hand to take on, where nothing says how to train."""
HELD_BACK = "0.15"
"""The share of them that is validated on."""
SMALL_RANK, SMALL_RATE = 2, 0.001
"""Of the change in a small hand, and the rate at which it is learned.

It gets worse before it gets better more often than a whole model, so that no patience ends it early.
"""
PREVIEW_TEXTS = ("a quick brown fox jumps over", "the lazy dog; Zoe saw it all", "on 27 May 1984, at 6:30 p.m.")
PREVIEW_BIAS, PREVIEW_TAKES = 0.25, 4
PICTURES = ("before.svg", "after.svg", "beside.svg")


@dataclass(frozen=True)
class Asked:
    """What the command line says of fine-tuning.

    Attributes
    ----------
    tune: to do so or not; None: where there are few lines and nothing else says how to train.
    small: to write a hand of some KB, beside the model that comes along.
    preview: where to draw what the model writes before and after.
    """

    tune: bool | None
    small: bool
    preview: Path | None

    def check(self, start_from: str | None, resume: bool, force: bool) -> None:
        """Refuse what makes no sense."""
        if resume and (self.tune or self.small or self.preview is not None):
            raise UsageError("--resume goes on with a checkpoint; fine-tuning takes minutes and has none")
        if self.tune is False and self.small:
            raise UsageError("--small is a way of fine-tuning: not with --no-fine-tune")
        if (self.tune or self.small) and start_from is None:
            raise UsageError("a model is fine-tuned --from a model; --from bundled is the one that comes along")
        if self.small and start_from != "bundled":
            raise UsageError("--small stands beside the model that comes along: --from bundled")
        if self.preview is not None and start_from is None:
            raise UsageError("--preview shows what becomes of the model of --from")
        if self.preview is not None:
            for name in PICTURES:
                stdio.refuse_existing(self.preview / name, force)

    @property
    def is_sure(self) -> bool:
        """Whether to fine-tune however many lines there are."""
        return bool(self.tune or self.small)

    def decide(self, lines: int, begins_anew: bool) -> bool:
        """Return whether to fine-tune on so many ``lines``; ``begins_anew``: nothing speaks against it."""
        if self.tune is not None or self.small:
            return self.is_sure
        few = begins_anew and lines <= FEW_LINES
        if few:
            console.say(f"{counted(lines, 'lines')}: fine-tunes (--no-fine-tune trains as on many lines)")
        return few

    def settings(self) -> str:
        """Return the TOML of the settings."""
        from importlib import resources

        return (resources.files("hwcli.model") / "fine-tuning.toml").read_text(encoding="utf-8")

    def small_settings(self) -> list[str]:
        """Return what a small hand sets over these, as ``--set`` takes it."""
        if not self.small:
            return []
        return [f"tuning.rank={SMALL_RANK}", f"optimiser.rate={SMALL_RATE}", "training.patience=0"]


@contextlib.contextmanager
def rehearsal(model: Model | None, config: Config, seed: int) -> Iterator[StrokesReader | None]:
    """Give lines that ``model`` writes now, before it learns anything, for ``config`` to rehearse with."""
    from hwcli.collecting.plan import own_lines
    from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
    from hwcli.threads import cores
    from hwcli.writing.unaided import rehearsal_lines

    if model is None or not config.tuning.rehearsal:
        yield None
        return
    known = set(config.network.characters)
    texts = [text for text in own_lines() if known.issuperset(text)]
    count = config.tuning.lines
    with tempfile.TemporaryFile() as file:
        with StrokesWriter(file, []) as writer, console.progress("rehearsal", count) as show:
            for done, line in enumerate(rehearsal_lines(model, texts, count, seed, cores()), start=1):
                writer.add(line)
                show(done, counted(done, "lines that the model writes itself"))
        with StrokesReader(file, "rehearsal") as reader:
            yield reader


def tell_other_texts(reader: StrokesReader, model: Model | None, config: Config) -> None:
    """Warn of lines of ``reader`` that seem to say something else than their texts, which a hand is learned by.

    Only where ``config`` has ``model`` fine-tuned on a few lines: of many some are wrong, and do no harm.
    """
    from hwcli.recombining.agreement import says_something_else
    from hwcli.recombining.segmentation import segmented

    if model is None or not config.network.window or not config.tuning.rehearsal or len(reader) > FEW_LINES:
        return
    others = [drawing for drawing in segmented(reader, model) if says_something_else(drawing)]
    if others:
        first = f"{others[0].id} ({others[0].text:.40})"
        console.warn(
            f"{counted(len(others), 'lines')} of {len(reader)} whose ink seems to say something else than the"
            f" text, the first: {first}; a hand is learned by what its lines say"
        )


def first_lines(reader: StrokesReader) -> list[Drawing]:
    """Return as many lines of ``reader`` as a preview shows."""
    return [reader[place] for place in range(min(len(reader), len(PREVIEW_TEXTS)))]


def write_preview(
    folder: Path, yours: Sequence[Drawing], before: Model, after: Model, seed: int, force: bool
) -> None:
    """Draw the same texts, by the same chance, as the models ``before`` and ``after`` write them.

    The last picture has both beside some lines of the ink that was learned, ``yours``.
    """
    from hwcli.writing.unaided import sample_lines

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HwError(f"{folder}: {stdio.explain(error)}") from error
    written = [
        sample_lines(model, PREVIEW_TEXTS, seed, PREVIEW_BIAS, PREVIEW_TAKES) for model in (before, after)
    ]
    columns = {"yours": yours, "before": written[0], "after": written[1]}
    beside = [
        replace(drawing, id=name)
        for row in zip(*columns.values(), strict=False)
        for name, drawing in zip(columns, row, strict=True)
    ]
    for name, drawings, width in zip(PICTURES, [*written, beside], (1, 1, len(columns)), strict=True):
        _draw(drawings, width, folder / name, force)
    console.say(f"{folder}: {', '.join(PICTURES[:-1])} and {PICTURES[-1]}")


def _draw(drawings: Sequence[Drawing], columns: int, path: Path, force: bool) -> None:
    """Draw ``drawings`` in ``columns``; of several each drawing says above it what it is."""
    from hwcli.drawing.layout import Layout, lay_out
    from hwcli.drawing.style import Style
    from hwcli.drawing.svg import write_svg

    layout = Layout(columns=columns, each=columns > 1, captions="id" if columns > 1 else "")
    with stdio.open_output(path, binary=False, force=force) as file:
        write_svg(lay_out(drawings, layout), Style(background="white"), file)
