"""The options of ``hw sample`` that no other command has, in the order of its help."""

from __future__ import annotations

from typing import Annotated

import typer

Texts = Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", help="What to write, a drawing each.")]
TextFile = Annotated[
    str | None,
    typer.Option("--text-file", metavar="FILE", help="Write the lines of FILE, a drawing each; - is stdin."),
]
Wrap = Annotated[
    int | None,
    typer.Option(
        "--wrap",
        min=1,
        metavar="N",
        help="Break lines after N characters at most: between words, or after signs in a long one.",
    ),
]
SaveStyle = Annotated[
    str | None,
    typer.Option("--save-style", metavar="NAME|FILE", help="Keep the hand, made up or a prime's, for --style."),
]
OwnHands = Annotated[bool, typer.Option("--own-hands", help="Write each drawing in a hand of its own.")]
Prime = Annotated[
    str | None, typer.Option("--prime", metavar="FILE", help="Ink to go on from, or whose hand to write in.")
]
Said = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="What the prime says, if its header does not.")
]
PrimePoints = Annotated[
    int | None,
    typer.Option("--prime-points", min=2, metavar="K", help="Use the first K points of each prime."),
]
NoPrimeOut = Annotated[
    bool, typer.Option("--no-prime-out", help="Leave the prime's points out of what is written.")
]
Number = Annotated[
    int | None,
    typer.Option("-n", min=1, metavar="N", help="Drawings of each text or prime; alone: of nothing."),
]
Points = Annotated[
    int | None,
    typer.Option(
        "--points", min=1, metavar="N", help="Points to write, after the prime's (600); of a text at most."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="End with exit code 1 if a text did not come out well.")]
