"""``hw sample``: a model writes, point by point."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwcli import options, stdio
from hwcli.commands import sample_output
from hwcli.commands.ranking import RANKS, judge_of
from hwcli.commands.sample_input import Primes, Texts, TextSource, UnitCheck, read_style
from hwcli.commands.sample_plan import GivenHands, Hands, MadeHands, Plan, Shard, said_by
from hwcli.errors import HwError, UsageError
from hwcli.options import Force, ModelFile, Output, Quiet, Seed, SkipBad, Verbose
from hwcli.threads import one_core_a_product

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.model import Model

USUAL_POINTS = 600
BEST_OF = 4
"""A CER of 5.6 % instead of 9.4 % on validation, for hardly a third more of time where there is one line."""
TEXT_BIAS = 0.25
"""Read nearly as well as at 0.5, and alive: slant and width vary more than half as much as people's."""
MISSING = ("error", "skip", "replace")


def run(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="What to write, a drawing each.")
    ] = None,
    model: ModelFile = None,
    text_file: Annotated[
        str | None,
        typer.Option(
            "--text-file", metavar="FILE", help="Write the lines of FILE, a drawing each; - is stdin."
        ),
    ] = None,
    wrap: Annotated[
        int | None,
        typer.Option(
            "--wrap", min=1, metavar="N", help="Break lines between words after N characters at most."
        ),
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            "--missing", metavar="HOW", help="error, skip or replace: characters that cannot be written."
        ),
    ] = MISSING[0],
    style: Annotated[
        str | None,
        typer.Option(
            "--style", metavar="NAME|FILE", help="Write in a style of 'hw styles', or of --save-style."
        ),
    ] = None,
    save_style: Annotated[
        Path | None, typer.Option("--save-style", metavar="FILE", help="Keep the hand that was made up.")
    ] = None,
    own_hands: Annotated[
        bool, typer.Option("--own-hands", help="Write each drawing in a hand of its own.")
    ] = False,
    prime: Annotated[
        str | None,
        typer.Option("--prime", metavar="FILE", help="Ink to go on from, or whose hand to write in."),
    ] = None,
    said: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="What the prime says, if its header does not.")
    ] = None,
    prime_points: Annotated[
        int | None,
        typer.Option("--prime-points", min=2, metavar="K", help="Use the first K points of each prime."),
    ] = None,
    no_prime_out: Annotated[
        bool, typer.Option("--no-prime-out", help="Leave the prime's points out of what is written.")
    ] = False,
    number: Annotated[
        int | None,
        typer.Option("-n", min=1, metavar="N", help="Drawings of each text or prime; alone: of nothing."),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option(
            "--points", min=1, metavar="N", help="Points to write, after the prime's; of a text at most."
        ),
    ] = None,
    bias: Annotated[
        float | None,
        typer.Option(
            "--bias",
            "-b",
            metavar="B",
            help="0: as varied as the network's ink, as without a text; more: neater.",
        ),
    ] = None,
    pen_temperature: Annotated[
        float,
        typer.Option(
            "--pen-temperature", metavar="T", help="Below 1 strokes end less by chance; 0: never by it."
        ),
    ] = 1.0,
    best_of: Annotated[
        int,
        typer.Option("--best-of", min=1, max=64, metavar="N", help="Write each text N times, keep the best."),
    ] = BEST_OF,
    rank: Annotated[
        str,
        typer.Option(
            "--rank", metavar="HOW", help="Best by: window, the network's own, or reader (extra 'read')."
        ),
    ] = RANKS[0],
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 1 if a text did not come out well.")
    ] = False,
    seed: Seed = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard", metavar="I/N", help="Write the I-th of N parts of the drawings, as they would be."
        ),
    ] = None,
    output: Output = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write text by hand with a model, or go on with ink.

    Text comes as arguments, from --text-file or as lines on standard input; a drawing each, its points as JSON
    lines. Several lines are in one hand: that of --style or --prime, or one that is made up. Without a text,
    a model goes on from each --prime, or from nothing. The same seed gives the same bytes.
    """
    path = options.chosen_model(model)
    part = Shard.of(shard)
    _check_number(bias or 0, "--bias")
    _check_number(pen_temperature, "--pen-temperature")
    if missing not in MISSING:
        raise UsageError(f"--missing {missing}: {', '.join(MISSING[:-1])} or {MISSING[-1]}")
    if texts and text_file is not None:
        raise UsageError("TEXT or --text-file, not both")
    if prime is None and (prime_points or no_prime_out or said is not None):
        raise UsageError("--prime-points, --no-prime-out and --text need a --prime")
    _check_hands(style is not None, prime is not None, own_hands, save_style is not None, number is not None)
    needs_text = any(option is not None for option in (style, said, wrap, save_style)) or own_hands
    is_free = prime is not None or number is not None or points is not None
    one_core_a_product()

    from hwcli.writing.hands import Scribe
    from hwcli.writing.mixture import Manner
    from hwcli.writing.network import NumpyNetwork
    from hwcli.writing.rollout import Writer

    loaded = _read_model(path, bias or 0)
    source = _text_source(loaded, path, texts, text_file, needs_text, is_free)
    if source is not None and source.path == prime == stdio.STREAM:
        raise UsageError("the prime and the text cannot both come on standard input")
    seed, bias = options.settled_seed(seed), _bias(bias, source is not None)
    network = NumpyNetwork(loaded.config.network, loaded.weights)
    writer = Writer(network, loaded.scale, Manner(bias, pen_temperature))
    scribe = Scribe(loaded, writer, best_of, judge_of(rank))
    header: dict[str, Any] = {"seed": seed, "bias": bias, "model": path.name}
    if pen_temperature != 1:
        header["pen_temperature"] = pen_temperature
    if rank != RANKS[0]:
        header["rank"] = rank
    plan = Plan(scribe, UnitCheck(loaded.scale), seed, header, number or 1, points, part)
    primes = None if prime is None else Primes(prime, prime_points, skip_bad)
    hands = Hands()
    if source is None:
        pieces = plan.continuations([None] if primes is None else primes.read(), USUAL_POINTS, not no_prime_out)
    else:
        hands = _hands(plan, style, primes, said, own_hands or (source.is_one and wrap is None))
        pieces = plan.texts(Texts(source, scribe.characters, missing, wrap).read(), hands)
    if save_style is not None:
        stdio.refuse_existing(save_style, force)
    with stdio.open_output(output, binary=False, force=force) as sink:
        out = sample_output.Output(scribe, sink)
        out.write(pieces, source is not None and source.path == stdio.STREAM)
    if primes is not None:
        primes.tell_skipped()
    if save_style is not None:
        _save_style(save_style, hands.ink(0) if isinstance(hands, MadeHands) else out.kept, header, force)
    if strict and out.failures:
        raise HwError(f"{out.failures} of {out.drawings} drawings did not come out well (see above)")


def _check_number(value: float, option: str) -> None:
    if not 0 <= value <= 1000:
        raise UsageError(f"{option} {value:g}: a number from 0 to 1000")


def _bias(given: float | None, is_text: bool) -> float:
    if given is not None:
        return given
    return TEXT_BIAS if is_text else 0.0


def _check_hands(style: bool, prime: bool, own_hands: bool, save_style: bool, number: bool) -> None:
    """Refuse options that contradict each other about the hands that are written in."""
    if style + prime + own_hands > 1:
        raise UsageError("--style, --prime and --own-hands each say whose hand it is: give one of them")
    if save_style and (style or prime or own_hands or number):
        raise UsageError(
            "--save-style keeps the one hand that was made up: not with -n, --style, --prime or --own-hands"
        )


def _read_model(path: Path, bias: float) -> Model:
    from hwcli.model.file import read_model

    with stdio.open_seekable(path) as file:
        model = read_model(file, stdio.name_of(path))
    if bias and model.config.network.kind != "mixture":
        raise UsageError(
            f"{path} predicts the next point itself, not a density of it: --bias has no meaning for it"
        )
    return model


def _text_source(
    model: Model, path: Path, texts: list[str] | None, file: str | None, needs_text: bool, is_free: bool
) -> TextSource | None:
    """Return where the text comes from that is to be written, None when there is to be none."""
    is_reader = model.config.network.window > 0
    if not (texts or file is not None or needs_text or (is_reader and not is_free)):
        return None
    if not is_reader:
        raise UsageError(f"{path} was trained without text: it goes on from a --prime, or from nothing")
    if texts or file is not None:
        return TextSource(texts or [], file)
    if sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty():
        raise UsageError("what to write? give a TEXT, pipe lines in, or write ink from nothing with -n N")
    return TextSource([], stdio.STREAM)


def _hands(plan: Plan, style: str | None, primes: Primes | None, said: str | None, is_any: bool) -> Hands:
    """Return the hands that texts are written in; ``is_any``: where none is given each has one of its own."""
    if style is not None:
        name, ink = read_style(style)
        return GivenHands(plan, [(ink, ink.text, {"style": name})])
    if primes is not None:
        inks = primes.read()
        return GivenHands(plan, ((ink, said_by(ink, said, primes.path), {"prime": ink.id}) for ink in inks))
    return Hands() if is_any else MadeHands(plan)


def _save_style(path: Path, hand: Drawing | None, header: dict[str, Any], force: bool) -> None:
    """Keep the ``hand`` that was made up, with the ``header`` of the run."""
    from hwcli.ink.jsonl import DrawingWriter

    if hand is None:
        raise HwError(f"{path}: nothing was written whose hand could be kept")
    hand.extra = header
    with stdio.open_output(path, binary=False, force=force) as file:
        DrawingWriter(file).write(hand)
