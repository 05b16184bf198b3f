"""``hw sample``: a model writes, point by point."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hwcli import console, options, stdio
from hwcli.commands import own_styles, sample_options, sample_output
from hwcli.commands.given import read_model
from hwcli.commands.made_elsewhere import refuse_made_elsewhere
from hwcli.commands.ranking import judge_of
from hwcli.commands.sample_input import Primes, Texts, TextSource, UnitCheck
from hwcli.commands.sample_plan import GivenHands, Hands, MadeHands, Plan, said_by
from hwcli.errors import HwError, UsageError
from hwcli.options import Force, HowToWrite, ModelFile, Output, Quiet, Seed, SkipBad, Verbose
from hwcli.threads import one_core_a_product
from hwcli.wording import counted

if TYPE_CHECKING:
    from hwcli.ink import Drawing
    from hwcli.model import Model
    from hwcli.writing.hands import Scribe

USUAL_POINTS = 600
ENDLESS = 10**15
"""Points after which nobody waits any more, and of which a processor can count as many."""
A_MOMENT = 1.5
"""Seconds that nobody minds to wait."""
TEXT_BIAS = 0.25
"""Read nearly as well as at 0.5, and alive: slant and width vary more than half as much as people's."""
HAND_BIAS = 0.75
"""Of lines in one hand: at 0.25 half as many characters again are read wrong, and lines in a hand that is given
are taken for that hand's no more often (``tests/bench/bench_hands.py``)."""


def run(
    context: typer.Context,
    texts: sample_options.Texts = None,
    model: ModelFile = None,
    text_file: sample_options.TextFile = None,
    wrap: sample_options.Wrap = None,
    missing: options.Missing = "error",
    style: own_styles.Style = None,
    save_style: sample_options.SaveStyle = None,
    own_hands: sample_options.OwnHands = False,
    prime: sample_options.Prime = None,
    said: sample_options.Said = None,
    prime_points: sample_options.PrimePoints = None,
    no_prime_out: sample_options.NoPrimeOut = False,
    number: sample_options.Number = None,
    points: sample_options.Points = None,
    bias: options.Bias = None,
    pen_temperature: options.PenTemperature = 1.0,
    best_of: options.BestOf = options.BEST_OF,
    rank: options.Rank = "window",
    strict: sample_options.Strict = False,
    seed: Seed = None,
    shard: options.ShardOfRun = None,
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
    how = HowToWrite(missing, style, bias, pen_temperature, best_of, rank)
    part, points = options.Shard.of(shard), points and min(points, ENDLESS)
    if part.parts > 1 and seed is None:
        raise UsageError("--shard is a part of a run: give all parts of it the same --seed")
    refuse_made_elsewhere(output, "pipe these points into it")
    if texts and text_file is not None:
        raise UsageError("TEXT or --text-file, not both")
    if prime is None and (prime_points or no_prime_out or said is not None):
        raise UsageError("--prime-points, --no-prime-out and --text need a --prime")
    _check_hands(style is not None, prime is not None, own_hands, save_style is not None, number is not None)
    needs_text = any(option is not None for option in (style, said, wrap, save_style)) or own_hands
    is_free = prime is not None or number is not None or points is not None
    one_core_a_product()

    path = options.chosen_model(model)
    loaded = read_model(path)
    source = _text_source(loaded, path, texts, text_file, needs_text, is_free)
    _refuse_idle(options.given_in(context), is_text=source is not None)
    if source is not None and source.path == prime == stdio.STREAM:
        raise UsageError("the prime and the text cannot both come on standard input")
    is_single = source is not None and source.makes_a_hand and wrap is None
    is_one_hand = style is not None or prime is not None or not (own_hands or is_single)
    usual = 0.0 if source is None else _usual_bias(is_one_hand)
    settled = options.drawn_seed(seed)
    plan = replace(_plan(loaded, path, how, usual, settled), copies=number or 1, most=points, shard=part)
    primes = None if prime is None else Primes(prime, prime_points, skip_bad)
    lines, hands = None, Hands()
    kept_as = None if save_style is None else own_styles.place_for(save_style)
    if kept_as is not None:
        stdio.refuse_beside("--save-style", kept_as, output, force)
    if source is not None:
        lines = Texts(source, plan.scribe.characters, missing, wrap, skip_bad)
        hands = _hands(plan, style, primes, said, own_hands, is_single)
    elif loaded.config.network.window and prime != stdio.STREAM and stdio.is_fed():
        console.warn("standard input is not read, as there is -n, --points or --prime; --text-file - reads it")
    with stdio.open_output(output, binary=False, force=force) as sink, _progress(output) as show:
        # Not before: what is there already is refused before anything is read, or waited for.
        if lines is None:
            gone_on_from = [None] if primes is None else primes.read()
            work = plan.continuations(gone_on_from, USUAL_POINTS, not no_prime_out, prime == stdio.STREAM)
        else:
            work = plan.texts(lines.read(), hands, lines.are_arriving)
        options.tell_drawn(settled, seed)
        out = sample_output.Output(plan.scribe, sink, points)
        out.write(work, show)
    for read in (primes, lines):
        if read is not None:
            read.tell_skipped()
    if kept_as is not None:
        _save_style(kept_as, hands.ink(0) or out.kept(), plan.header, force)
    if strict and out.failures:
        raise HwError(
            f"{out.failures} of {counted(out.drawings, 'drawings')} did not come out well (see above)"
        )


def write_texts(
    source: TextSource, model: Path | None, how: HowToWrite, seed: int | None, skip_bad: bool, output: Path
) -> tuple[int, int]:
    """Write the lines of ``source`` into ``output``, each in a hand of its own unless ``how`` has a style.

    Returns the seed, which is drawn and told where there is none, and how many lines were left out.
    """
    one_core_a_product()
    path = options.chosen_model(model)
    loaded = read_model(path)
    _refuse_without_text(loaded, path)
    settled = options.drawn_seed(seed)
    plan = _plan(loaded, path, how, _usual_bias(how.style is not None), settled)
    lines = Texts(source, plan.scribe.characters, how.missing, None, skip_bad)
    hands = _hands(plan, how.style, None, None, own_hands=how.style is None, is_single=False)
    with stdio.open_output(output, binary=False) as sink, _progress(output) as show:
        work = plan.texts(lines.read(), hands)
        options.tell_drawn(settled, seed)
        sample_output.Output(plan.scribe, sink).write(work, show)
    lines.tell_skipped()
    return settled, lines.skipped


def _progress(output: Path | None) -> AbstractContextManager[console.Progress]:
    """Return what shows how the writing goes, where nothing else does: the ink goes into a file."""
    if stdio.ends_in_file(output):
        return console.progress("writing", after=A_MOMENT)
    return nullcontext(console.silent)


def _check_hands(style: bool, prime: bool, own_hands: bool, save_style: bool, number: bool) -> None:
    """Refuse options that contradict each other about the hands that are written in."""
    if style and (prime or own_hands):
        raise UsageError("--style says whose hand it is, --prime and --own-hands do too: give one of them")
    if save_style and (style or own_hands or number):
        raise UsageError(
            "--save-style keeps the one hand, made up or a prime's: not with -n, --style or --own-hands"
        )


def _refuse_idle(given: set[str], is_text: bool) -> None:
    """Raise UsageError where one of the ``given`` options does nothing; ``is_text``: there is one to write."""
    if is_text and "--no-prime-out" in given:
        raise UsageError("--no-prime-out is of ink that goes on from a prime; with a text no prime comes out")
    if not is_text and (idle := sorted(given & {"--missing", "--best-of", "--rank", "--strict"})):
        raise UsageError(f"{idle[0]} is of texts that are written, and here is none")


def _usual_bias(is_one_hand: bool) -> float:
    """Return the bias of texts where none is asked for; ``is_one_hand``: all are in one."""
    return HAND_BIAS if is_one_hand else TEXT_BIAS


def _plan(model: Model, path: Path, how: HowToWrite, usual: float, seed: int) -> Plan:
    """Return how drawings are written, one of each text; ``usual`` is the bias where none is asked for."""
    bias = _bias(how, model, path, usual)
    return Plan(_scribe(model, how, bias), UnitCheck(model.scale), seed, _header(seed, bias, path, how))


def _bias(how: HowToWrite, model: Model, path: Path, usual: float) -> float:
    """Return the bias to write with: the one that was asked for, else the ``usual`` one."""
    if how.bias and model.config.network.kind != "mixture":
        raise UsageError(
            f"{path} predicts the next point itself, not a density of it: --bias has no meaning for it"
        )
    return usual if how.bias is None else how.bias


def _scribe(model: Model, how: HowToWrite, bias: float) -> Scribe:
    from hwcli.writing.hands import Scribe
    from hwcli.writing.mixture import Manner
    from hwcli.writing.network import NumpyNetwork
    from hwcli.writing.rollout import Writer

    network = NumpyNetwork(model.config.network, model.weights)
    writer = Writer(network, model.scale, Manner(bias, how.pen_temperature))
    return Scribe(model, writer, how.best_of, judge_of(how.rank))


def _header(seed: int, bias: float, path: Path, how: HowToWrite) -> dict[str, Any]:
    """Return what the header of each drawing says of the run."""
    header: dict[str, Any] = {"seed": seed, "bias": bias, "model": path.name}
    if how.pen_temperature != 1:
        header["pen_temperature"] = how.pen_temperature
    if how.rank != "window":
        header["rank"] = how.rank
    return header


def _text_source(
    model: Model, path: Path, texts: list[str] | None, file: str | None, needs_text: bool, is_free: bool
) -> TextSource | None:
    """Return where the text comes from that is to be written, None when there is to be none."""
    is_reader = model.config.network.window > 0
    if not (texts or file is not None or needs_text or (is_reader and not is_free)):
        return None
    _refuse_without_text(model, path)
    if texts or file is not None:
        return TextSource(texts or [], file)
    if sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty():
        raise UsageError("what to write? give a TEXT, pipe lines in, or write ink from nothing with -n N")
    return TextSource([], stdio.STREAM)


def _refuse_without_text(model: Model, path: Path) -> None:
    if not model.config.network.window:
        raise UsageError(f"{path} was trained without text: it goes on from a --prime, or from nothing")


def _hands(
    plan: Plan, style: str | None, primes: Primes | None, said: str | None, own_hands: bool, is_single: bool
) -> Hands:
    """Return the hands that texts are written in.

    ``own_hands``: each drawing's is its own; ``is_single``: so is that of the one text where none is given.
    """
    if style is not None:
        name, ink = own_styles.find(style)
        return GivenHands(plan, [(ink, ink.text, {"style": name})])
    if primes is not None:
        inks = [replace(ink, text=said_by(ink, said, primes.path)) for ink in primes.read()]
        if primes.has_cut and said is None:
            raise UsageError("--prime-points cuts a prime: --text tells what is left of what its header says")
        if said is not None and len(inks) > 1:
            raise UsageError(f"--text tells what one prime says; there are {len(inks)}")
        if own_hands:
            return GivenHands(plan, ((ink, ink.text, {"prime": ink.id}) for ink in inks))
        ink, lines = plan.scribe.together(inks)
        more = {"prime_lines": lines} if lines > 1 else {}
        return GivenHands(plan, [(ink, ink.text, {"prime": ink.id, **more})])
    return Hands() if own_hands or is_single else MadeHands(plan)


def _save_style(path: Path, hand: Drawing | None, header: dict[str, Any], force: bool) -> None:
    """Keep the ``hand`` that was written in, with the ``header`` of the run."""
    from hwcli.ink.jsonl import DrawingWriter

    if hand is None:
        raise HwError(f"{path}: nothing was written whose hand could be kept")
    hand.extra = header
    with stdio.open_output(path, binary=False, force=force) as file:
        DrawingWriter(file).write(hand)
    if path.parent == own_styles.folder():
        console.say(f"--style {path.name.removesuffix(own_styles.ENDING)} writes in it from now on")
