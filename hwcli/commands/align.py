"""``hw align``: which ink is which word, and which character."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hwcli import console, stdio, threads
from hwcli.commands.given import BadRecords, read_texted_model
from hwcli.commands.made_elsewhere import refuse_made_elsewhere
from hwcli.errors import HwError
from hwcli.options import Force, ModelFile, Output, Quiet, SkipBad, Verbose, chosen_model
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.ink.segments import Segment

Cut = Literal["words", "characters"]


def run(
    file: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="Points (JSON lines) or strokes with texts; - is stdin.")
    ] = stdio.STREAM,
    model: ModelFile = None,
    cut: Annotated[
        Cut | None, typer.Option("--cut", help="Write each word, or each character, as a drawing of its own.")
    ] = None,
    output: Output = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Tell which ink is which character of its text.

    A model that writes text tells it, of ink that hw wrote or people did. The drawings are passed on as JSON
    lines; their headers say after how many points each character ends, and hw render --out-dir lists where
    each word and character is in the image.
    """
    refuse_made_elsewhere(output, "pipe these points into it")
    threads.one_core_a_product()
    trained = read_texted_model(chosen_model(model))

    from hwcli.ink.jsonl import DrawingWriter
    from hwcli.ink.reading import open_ink
    from hwcli.recombining.segmentation import segmented

    bad, told = BadRecords(skip_bad), _Told()
    with open_ink(file, bad.note) as ink, stdio.open_output(output, binary=False, force=force) as sink:
        writer = DrawingWriter(sink)
        with console.progress("aligning") as show:
            for drawing in segmented(ink, trained):
                told.take(drawing)
                for part in [drawing] if cut is None else _parts(drawing, cut, told):
                    writer.write(part)
                show(told.drawings, counted(told.drawings, "drawings"))
        if not told.drawings:
            raise HwError(f"no drawing in {stdio.name_of(file)}")
    bad.tell("records")
    told.tell("left out" if cut else "passed on as they were")


class _Told:
    """What is to be said at the end.

    Attributes
    ----------
    drawings: how many there were.
    empty: how many words or characters had no ink.
    """

    def __init__(self) -> None:
        self.drawings = self.empty = 0
        self._unaligned, self._first = 0, ""
        self._others, self._first_other = 0, ""

    def take(self, drawing: Drawing) -> None:
        """Count ``drawing``, and whether it could be aligned."""
        from hwcli.ink.segments import ends_of
        from hwcli.recombining.agreement import says_something_else

        self.drawings += 1
        name = drawing.id or f"number {self.drawings}"
        if ends_of(drawing) is None and (len(drawing) or drawing.text):
            self._first = self._first or name
            self._unaligned += 1
        elif says_something_else(drawing):
            self._first_other = self._first_other or f"{name} ({drawing.text:.40})"
            self._others += 1

    def tell(self, what: str) -> None:
        """Say what was not as it should be; ``what`` became of drawings that could not be aligned."""
        if self._unaligned:
            console.warn(
                f"{counted(self._unaligned, 'drawings')} without a text that the model can read, or with far"
                f" too little or too much ink for it, the first: {self._first}; {what}"
            )
        if self._others:
            console.warn(
                f"{counted(self._others, 'drawings')} whose ink seems to say something else than the text, the"
                f" first: {self._first_other}; hw recombine --disagreements lists how far each is from it"
            )
        if self.empty:
            console.warn(f"{counted(self.empty, 'parts of texts')} without ink left out")


def _parts(drawing: Drawing, cut: Cut, told: _Told) -> Iterator[Drawing]:
    """Yield each word, or each character, of ``drawing``; they are numbered from 1, those without ink too."""
    from hwcli.ink import segments

    parts_of: Callable[[Drawing], list[Segment]] = segments.words if cut == "words" else segments.characters
    for number, part in enumerate(parts_of(drawing), start=1):
        if part.start == part.stop:
            told.empty += 1
            continue
        yield segments.cut_out(drawing, part, f"{drawing.id or told.drawings}-{cut[0]}{number:02}")
