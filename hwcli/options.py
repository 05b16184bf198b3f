"""The options that several commands share, each declared once, so that they look and behave alike."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from hwcli import console
from hwcli.errors import UsageError


def _set_quiet(given: bool) -> bool:
    if given:
        console.set_level(console.QUIET)
    return given


def _set_verbose(given: bool) -> bool:
    if given:
        console.set_level(console.VERBOSE)
    return given


Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", callback=_set_quiet, help="Say nothing but why it failed.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", callback=_set_verbose, help="Say more.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output file that exists.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out what cannot be read, and count it.")]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="Seed of chance; drawn and told if absent."),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of standard output.")
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--model",
        "-m",
        metavar="FILE",
        help="A model of hw train; bundled or absent: the one that comes with hw.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: as JSON.")]
Lines = Annotated[
    Path | None,
    typer.Option("--lines", metavar="FILE", help="Take only the lines or forms of this list of ids."),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Take the first N drawings only.")
]

ShardOfRun = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", help="The I-th of N parts of the drawings alone, as they are among all."
    ),
]


class Shard(NamedTuple):
    """The drawings of one part of a run: those whose number, from 0 on, is ``part`` modulo ``parts``."""

    part: int = 0
    parts: int = 1

    def has(self, number: int) -> bool:
        """Return whether drawing ``number`` is of this part."""
        return number % self.parts == self.part

    @classmethod
    def of(cls, text: str | None) -> Shard:
        """Return the shard that "I/N" stands for; raises UsageError."""
        if text is None:
            return cls()
        found = re.fullmatch(r"([0-9]{1,18})/([0-9]{1,18})", text)
        if found is None:
            raise UsageError(f"--shard {text:.40}: write I/N, for example 1/4")
        part, parts = map(int, found.groups())
        if not 1 <= part <= parts:
            raise UsageError(f"--shard {text}: I is from 1 to N")
        return cls(part - 1, parts)


def settled_seed(seed: int | None) -> int:
    """Return ``seed``, or one that is drawn and told when there is none."""
    settled = drawn_seed(seed)
    tell_drawn(settled, seed)
    return settled


def drawn_seed(seed: int | None) -> int:
    """Return ``seed``, or one that is drawn when there is none, for ``tell_drawn`` to tell."""
    if seed is None:
        from secrets import randbits

        return randbits(31)
    return seed


def tell_drawn(seed: int, asked: int | None) -> None:
    """Say which ``seed`` was drawn, if none was ``asked`` for."""
    if asked is None:
        console.say(f"seed {seed}")


def given_in(context: typer.Context) -> set[str]:
    """Return the options to which the command line gives another value than the usual one, by long names."""
    return {
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.name and (source := context.get_parameter_source(parameter.name))
        if source.name == "COMMANDLINE" and parameter.param_type_name == "option"
        if context.params[parameter.name] != parameter.default
    }


BUNDLED = "bundled"
"""The model that comes along, as ``--model`` and ``--from`` call it."""
BUNDLED_MODEL = Path(__file__).parent / "model" / "bundled" / "compact.h5"
"""The preset ``compact`` trained on IAM-OnDB, weights as 16-bit numbers; writes text, and goes on with ink.

The database is free for non-commercial research, and so is what was trained on it (``hw info`` tells).
"""


def chosen_model(model: Path | None) -> Path:
    """Return ``model``, or where there is none, or it is ``bundled``, the one that comes with the program."""
    return BUNDLED_MODEL if model is None or str(model) == BUNDLED else model


# --- how a model writes: hw sample, and hw eval where it has texts written --------------------------------

BEST_OF = 4
"""Half as many of the characters of validation texts read wrong as with one, for hardly a third more of time
where there is one line."""

HowMissing = Literal["error", "skip", "replace"]
HowRanked = Literal["window", "reader"]

Missing = Annotated[
    HowMissing,
    typer.Option("--missing", metavar="HOW", help="error, skip or replace: characters that cannot be written."),
]
Bias = Annotated[
    float | None,
    typer.Option(
        "--bias", "-b", metavar="B", help="0: as varied as the network's ink, as without a text; more: neater."
    ),
]
PenTemperature = Annotated[
    float,
    typer.Option("--pen-temperature", metavar="T", help="Below 1 strokes end less by chance; 0: never by it."),
]
BestOf = Annotated[
    int,
    typer.Option("--best-of", min=1, max=64, metavar="N", help="Write each text N times, keep the best."),
]
Rank = Annotated[
    HowRanked,
    typer.Option("--rank", metavar="HOW", help="Best by: window, the network's own, or reader (extra 'read')."),
]


@dataclass(frozen=True)
class HowToWrite:
    """How a model is to write: the options above, as they are where nobody says otherwise."""

    missing: HowMissing = "error"
    style: str | None = None
    bias: float | None = None
    pen_temperature: float = 1.0
    best_of: int = BEST_OF
    rank: HowRanked = "window"

    def __post_init__(self) -> None:
        """Refuse numbers without a meaning."""
        for option, value in (("--bias", self.bias), ("--pen-temperature", self.pen_temperature)):
            if value is not None and not 0 <= value <= 1000:
                raise UsageError(f"{option} {value:g}: a number from 0 to 1000")

    def changed(self) -> list[str]:
        """Return the options that are not as they usually are, by their names."""
        usual = asdict(HowToWrite())
        return [f"--{name.replace('_', '-')}" for name, value in asdict(self).items() if value != usual[name]]
