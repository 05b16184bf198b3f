"""The options of ``hw render``, in the order of its help, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from hwcli import stdio
from hwcli.drawing.measures import Page as Sides, length, margins, page_size
from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.drawing.layout import Layout
    from hwcli.drawing.pages import Setting
    from hwcli.drawing.style import Style

LENGTH, COLOUR = "LENGTH", "COLOUR"
Value = TypeVar("Value")

Ink = Annotated[
    str, typer.Argument(metavar="[FILE|-]", help="Points (JSON lines) or strokes to draw; - is stdin.")
]
Kind = Literal["svg", "png", "pdf", "ps", "html", "gif", "apng", "text"]
Format = Annotated[
    Kind | None,
    typer.Option("--format", help="What to write; else by the suffix of -o, or SVG (text to a terminal)."),
]
OutDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write an image a drawing into DIR, and a list of them: manifest.jsonl."),
]
Jobs = Annotated[
    int | None, typer.Option(metavar="N", min=1, max=1024, help="Processes for --out-dir; else one a core.")
]
Html = Annotated[bool, typer.Option("--html", help="Write a web page to play, zoom and restyle the ink on.")]
Animate = Annotated[bool, typer.Option("--animate", help="Let the picture write itself: SVG, GIF or APNG.")]
Speed = Annotated[float, typer.Option(metavar="FACTOR", help="Of what writes itself; 1: as a hand writes.")]
Watch = Annotated[bool, typer.Option("--watch", help="Draw points on the terminal as they arrive.")]
Stats = Annotated[bool, typer.Option("--stats", help="Tell how far a plotter's pen goes, and how long.")]

PageSize = Annotated[
    str | None,
    typer.Option("--page", metavar="SIZE", help="Set lines on pages: a3 to a6, letter, legal, or WxHmm."),
]
Landscape = Annotated[bool, typer.Option("--landscape", help="Turn the page on its side.")]
Margin = Annotated[
    str | None,
    typer.Option(metavar="LENGTHS", help="On all sides, or top,right,bottom,left; 5mm, on pages 20mm."),
]
XHeight = Annotated[
    str | None,
    typer.Option(metavar=LENGTH, help="Height of small letters; 3mm, on pages less if lines need it."),
]
ScaleEach = Annotated[
    bool, typer.Option("--scale-each", help="Give every drawing that height by itself, not all one scale.")
]
LineSpacing = Annotated[
    str | None, typer.Option(metavar=LENGTH, help="From base line to base line, on pages; 3.4 letters.")
]
Align = Annotated[
    Literal["left", "right", "centre", "ragged"],
    typer.Option(help="Of lines on pages; ragged is left with a little drift."),
]
Drift = Annotated[
    str | None, typer.Option(metavar=LENGTH, help="By how much lines on pages begin uneven, and slope.")
]
Paper = Annotated[
    Literal["plain", "ruled", "squared", "dotted"], typer.Option(help="What is printed on the pages.")
]
Grid = Annotated[
    int | None,
    typer.Option(metavar="COLUMNS", min=1, max=10_000, help="Cells side by side, row by row."),
]
Captions = Annotated[
    Literal["id", "text"] | None, typer.Option(help="Write the id or the text above each drawing.")
]

Pen = Annotated[str | None, typer.Option(metavar=LENGTH, help="Width of the line; 0.4mm, of a pencil 0.6mm.")]
Nib = Annotated[
    str,
    typer.Option(
        metavar="NIB",
        help="round; or let the width follow speed, pressure or direction[:DEGREES]; filled shapes.",
    ),
]
Outline = Annotated[bool, typer.Option("--outline", help="Draw the border of the ink, not centre lines.")]
Pencil = Annotated[bool, typer.Option("--pencil", help="Draw in pencil.")]
Colour = Annotated[str | None, typer.Option(metavar=COLOUR, help="Of the ink: a name, #rgb or #rrggbb.")]
PrimeColour = Annotated[
    str | None, typer.Option(metavar=COLOUR, help="Of the points that hw sample took from a prime.")
]
Background = Annotated[
    str | None, typer.Option(metavar=COLOUR, help="Of the sheet, or none, the default; of PNG and GIF white.")
]
Tolerance = Annotated[
    str, typer.Option(metavar=LENGTH, help="How far curves may pass from points; 0 keeps every point.")
]
Path_ = Annotated[
    Literal["stroke", "line", "all"],
    typer.Option("--path", help="SVG: one path element a stroke, a line of writing, or in all."),
]
Dpi = Annotated[float, typer.Option(metavar="N", help="Pixels an inch, for PNG, GIF and APNG.")]

SUFFIXES: dict[str, Kind] = {
    ".svg": "svg", ".png": "png", ".pdf": "pdf", ".ps": "ps", ".txt": "text",
    ".html": "html", ".gif": "gif", ".apng": "apng",
}  # fmt: skip
BINARY = ("png", "pdf", "ps", "gif", "apng")
PIXELS = ("png", "gif", "apng")
MOVING = ("svg", "gif", "apng", "html")
WATCHING = {"--watch", "--skip-bad", "--quiet", "--verbose", "--force", "--output", "--out-dir"}
DEFAULT_MARGIN, DEFAULT_PAGE_MARGIN, DEFAULT_HEIGHT, RAGGED = "5mm", "20mm", 3.0, 1.0
PEN, PENCIL, PENCIL_COLOUR = "0.4mm", "0.6mm", "#3a3a3f"
MOST = 10_000.0


@dataclass(frozen=True)
class Target:
    """What is written, and whether it writes itself."""

    kind: Kind
    animated: bool

    @property
    def binary(self) -> bool:
        """Whether it is no text."""
        return self.kind in BINARY


def kind_of_images(format_: Kind | None, html: bool) -> Kind:
    """Return what the images of ``--out-dir`` are, PNG if nothing else is asked for; raises UsageError."""
    kind: Kind = "html" if html else format_ or "png"
    if kind not in ("png", "svg", "pdf"):
        raise UsageError(f"--out-dir writes png, svg or pdf, not {kind}")
    return kind


def target_of(format_: Kind | None, output: Path | None, animate: bool, html: bool) -> Target:
    """Return what the options, or the name of the ``output``, ask for, or what suits standard output."""
    if html and format_ not in (None, "html"):
        raise UsageError(f"--html and --format {format_}: choose one")
    if html and output is not None and SUFFIXES.get(output.suffix.lower(), "html") != "html":
        raise UsageError(f"--html writes a web page, which {output} is not by its name")
    kind = "html" if html else format_ or _kind_of(output, animate)
    if animate and kind == "png":
        kind = "apng"
    if animate and kind not in MOVING:
        raise UsageError(f"--animate: {kind} does not move; write SVG, GIF, APNG or HTML")
    return Target(kind, animate or kind in ("gif", "apng", "html"))


def _kind_of(output: Path | None, animate: bool) -> Kind:
    if output is None or str(output) == stdio.STREAM:
        shown = sys.stdout is not None and sys.stdout.isatty() and not animate
        return "text" if shown else "svg"
    kind = SUFFIXES.get(output.suffix.lower())
    if kind is None:
        raise UsageError(f"{output}: the name ends in none of {', '.join(SUFFIXES)}; say --format")
    return kind


@dataclass(frozen=True)
class Placing:
    """Where drawings go: on one sheet of their size, or, with a ``page``, on pages of that."""

    layout: Layout
    page: Sides | None
    setting: Setting
    gridded: bool


def placing_of(
    *, page: str | None, landscape: bool, margin: str | None, x_height: str | None, scale_each: bool,
    line_spacing: str | None, align: str, drift: str | None, paper: str, grid: int | None, captions: str | None,
    pen: str,
) -> Placing:  # fmt: skip
    """Return what the options for the layout come to."""
    _only_on_pages(page, landscape, line_spacing, align, drift, paper)
    on_pages = page is not None
    if on_pages and captions and not grid:
        raise UsageError("--captions on pages needs a --grid")

    from hwcli.drawing.layout import Layout
    from hwcli.drawing.pages import Setting
    from hwcli.drawing.paper import CLOSEST

    usual = DEFAULT_PAGE_MARGIN if on_pages else DEFAULT_MARGIN
    sides = _parsed("--margin", margins, usual if margin is None else margin)
    height = DEFAULT_HEIGHT if x_height is None else positive("--x-height", x_height)
    uneven = 0.0 if drift is None else _parsed("--drift", length, drift)
    if align == "ragged":
        align, uneven = "left", uneven or RAGGED
    if not on_pages and len(set(sides)) > 1:
        raise UsageError("--margin: several margins need a --page")
    layout = Layout(height, scale_each, sides[0], positive("--pen", pen), grid or 1, captions or "")
    spacing = None if line_spacing is None else positive("--line-spacing", line_spacing)
    if spacing is not None and spacing < CLOSEST:
        raise UsageError(f"--line-spacing must be at least {CLOSEST:g} mm, not {line_spacing}")
    setting = Setting(x_height is None, spacing, align, uneven, paper)
    return Placing(layout, None if page is None else _page(page, landscape, sides), setting, grid is not None)


def _only_on_pages(page: str | None, *others: object) -> None:
    names = ("--landscape", "--line-spacing", "--align", "--drift", "--paper")
    given = [
        name for name, value in zip(names, others, strict=True) if value not in (None, False, "left", "plain")
    ]
    if given and page is None:
        raise UsageError(f"{given[0]} needs a --page")


def _page(size: str, landscape: bool, sides: tuple[float, float, float, float]) -> Sides:
    width, height = _parsed("--page", page_size, size)
    if landscape:
        width, height = max(width, height), min(width, height)
    return Sides(width, height, *sides)


def style_of(
    target: Target, *, pen: str, nib: str, outline: bool, pencil: bool, colour: str | None,
    prime_colour: str | None, background: str | None, tolerance: str, path: str,
) -> Style:  # fmt: skip
    """Return what the options for the look of the ink come to."""
    from hwcli.drawing.style import Style

    colour = (PENCIL_COLOUR if pencil else "black") if colour is None else colour
    check_colours({"--colour": colour, "--prime-colour": prime_colour})
    check_colours({"--background": None if background == "none" else background})
    ground = background or ("white" if target.kind in PIXELS else "none")
    kind, angle = _nib(nib)
    if target.animated and (outline or kind != "round" or pencil):
        raise UsageError("what writes itself is drawn with a round nib: no --nib, --outline or --pencil")
    if target.animated and path != "stroke":
        raise UsageError("what writes itself has a path a stroke: leave --path out")
    return Style(
        positive("--pen", pen), colour, prime_colour, None if ground == "none" else ground,
        _parsed("--tolerance", length, tolerance), path, kind, angle, outline, pencil,
    )  # fmt: skip


def _nib(text: str) -> tuple[str, float]:
    """Return the kind of nib and the angle of its edge."""
    kind, colon, degrees = text.partition(":")
    if kind not in ("round", "speed", "direction", "pressure") or (colon and kind != "direction"):
        raise UsageError(f"--nib: {text!r} is none of round, speed, pressure, direction, direction:DEGREES")
    try:
        angle = float(degrees) if colon else 40.0
    except ValueError:
        angle = float("nan")
    if not -360 <= angle <= 360:
        raise UsageError(f"--nib: {degrees!r} is no angle from -360 to 360")
    return kind, angle


def refuse_idle(given: set[str], target: Target, paper: str) -> None:
    """Raise UsageError where one of the ``given`` options could not matter beside the others."""
    lines = {"--align", "--drift"} if paper == "ruled" else {"--align", "--drift", "--line-spacing"}
    for holds, idle, reason in (
        ("--watch" in given, given - WATCHING, "does nothing for --watch, which draws points as they come"),
        ("--out-dir" in given, {"--stats"}, "does nothing for the many images of --out-dir"),
        ("--out-dir" not in given, {"--jobs"}, "draws many images side by side: it needs an --out-dir"),
        ("--out-dir" not in given, {"--shard"}, "is a part of many images: it needs an --out-dir"),
        ("--grid" in given, lines, "sets lines of text, of which a --grid has none"),
        (not target.animated, {"--speed"}, "is of what writes itself: it needs --animate, --html, GIF or APNG"),
        (target.kind in BINARY, {"--path"}, f"says how SVG is written, not {target.kind}"),
        (target.kind in ("png", "text"), {"--tolerance"}, f"leaves out points; {target.kind} has all"),
        (target.kind not in PIXELS, {"--dpi"}, f"is of pixels, and {target.kind} has none"),
    ):
        if holds and (found := sorted(idle & given)):
            raise UsageError(f"{found[0]} {reason}")


def check_colours(colours: dict[str, str | None]) -> None:
    """Raise UsageError when one of ``colours``, by the option, is none."""
    from hwcli.drawing.colours import is_colour

    for option, colour in colours.items():
        if colour is not None and not is_colour(colour):
            raise UsageError(f"{option}: {colour!r} is no colour; give #rgb, #rrggbb or a name such as navy")


def check_number(option: str, value: float) -> None:
    """Raise UsageError when ``value`` is not above 0 and at most 10,000."""
    if not 0 < value <= MOST:  # NaN fails too
        raise UsageError(f"{option} must be above 0 to {MOST:,.0f}, not {value:g}")


def positive(option: str, text: str) -> float:
    """Return the length that the value of ``option`` says, which must not be 0."""
    value = _parsed(option, length, text)
    if value <= 0:
        raise UsageError(f"{option} must be above 0, not {text}")
    return value


def _parsed(option: str, parse: Callable[[str], Value], text: str) -> Value:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
