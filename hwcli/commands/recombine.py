"""``hw recombine``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hwcli import console, stdio, threads
from hwcli.commands.given import open_strokes, read_texted_model
from hwcli.commands.made_elsewhere import STROKES, refuse_made_elsewhere
from hwcli.commands.provenance import this_command
from hwcli.errors import HwError
from hwcli.options import Force, ModelFile, Output, Quiet, Seed, Verbose, chosen_model, settled_seed
from hwcli.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.model import Model
    from hwcli.recombining.stock import Gathering, Stock


def run(
    strokes: Annotated[
        Path,
        typer.Argument(metavar="STROKES", help="Lines with their texts, from hw ingest.", allow_dash=True),
    ],
    model: ModelFile = None,
    number: Annotated[int, typer.Option("-n", "--number", min=1, metavar="N", help="Lines to make.")] = 1000,
    pieces_from: Annotated[
        int | None,
        typer.Option("--pieces-from", min=1, metavar="N", help="Cut up N of the lines only, of whole forms."),
    ] = None,
    disagreements: Annotated[
        Path | None,
        typer.Option("--disagreements", metavar="FILE", help="List how far each line's ink is from its text."),
    ] = None,
    output: Output = None,
    seed: Seed = None,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make new lines of pieces of others.

    A model that writes text tells which ink is which character. Words and characters are cut out and set
    together into lines with dates, sums, addresses, capitals and signs; signs that hardly occur are made.
    """
    refuse_made_elsewhere(output, "it reads the strokes that are written here", STROKES)
    threads.one_core_a_product()
    import numpy as np

    if disagreements is not None:
        stdio.refuse_beside("--disagreements", disagreements, output, force)
    trained = read_texted_model(chosen_model(model))
    with open_strokes(strokes) as reader, stdio.open_output(output, binary=True, force=force) as out:
        settled = settled_seed(seed)
        chance = np.random.default_rng(settled)
        gathering = _gathered(reader, trained, pieces_from, chance)
        if not len(gathering):
            raise HwError(f"{stdio.name_of(strokes)}: none of its lines taken has a text that the model knows")
        if disagreements is not None:
            _list_disagreements(disagreements, gathering, force)
        stock = _told(gathering, chance)
        history = [*reader.history, this_command(settled if seed is None else None)]
        _write(out, stock, number, chance, history, stdio.name_of(strokes))


def _gathered(reader: StrokesReader, model: Model, most: int | None, chance: np.random.Generator) -> Gathering:
    """Return the pieces of the lines, of at most ``most`` of them."""
    from hwcli.recombining.alignment import aligned
    from hwcli.recombining.stock import Gathering, some_lines

    places = some_lines(reader.ids, reader.writers, most or len(reader), chance)
    gathering = Gathering()
    with console.progress("cutting lines up", len(places)) as show:
        for done, line in enumerate(aligned((reader[place] for place in places), model), start=1):
            gathering.add(line)
            show(done)
    return gathering


def _list_disagreements(path: Path, gathering: Gathering, force: bool) -> None:
    with stdio.open_output(path, binary=False, force=force) as file:
        for figure, id, text in gathering.figures():
            file.write(f"{figure:.3f}\t{id}\t{' '.join(text.split())}\n".encode())


def _told(gathering: Gathering, chance: np.random.Generator) -> Stock:
    """Return what is fit to be used of the ``gathering``, and say how much that is."""
    stock = gathering.stock(chance)
    signs = sum(len(text) == 1 for style in stock.styles.values() for text in style.pieces)
    console.say(
        f"{counted(len(gathering), 'lines')} cut up, {counted(len(stock.styles), 'hands')}, "
        f"{len(stock.writers):,} with words enough to write; {counted(signs, 'characters')} standing alone"
    )
    return stock


def _write(
    file: BinaryIO, stock: Stock, number: int, chance: np.random.Generator, history: list[str], shown: str
) -> None:
    from hwcli.ink.strokes_file import StrokesWriter
    from hwcli.recombining.lines import drawing_of, recombined

    with StrokesWriter(file, history) as writer, console.progress("making lines", number) as show:
        for count, line in enumerate(recombined(stock, number, chance), start=1):
            writer.add(drawing_of(line, count))
            show(count)
        if len(writer) < number:
            raise HwError(
                f"{shown}: its hands can write {counted(len(writer), 'such lines')}, not {number:,};"
                " it takes several lines a writer whose texts are right, and a model that has learned to write"
            )
