"""How ink looks, whatever it is drawn with."""

from __future__ import annotations

from dataclasses import dataclass

NIBS = ("round", "speed", "direction", "pressure")
PATHS = ("stroke", "line", "all")
RULE_COLOUR = "#a9c1d9"


@dataclass(frozen=True)
class Style:
    """The look of ink: lengths in millimetres, colours as SVG names them.

    Attributes
    ----------
    pen: width of the line.
    colour: of the ink.
    prime_colour: of the points that come from a prime; None: as the rest.
    background: of the sheet; None: there is none.
    tolerance: how far a curve may pass from a point; 0 keeps every point.
    path: of SVG: a path element for each stroke, each line of writing or all.
    nib: what the width follows, one of NIBS; "round" has one width.
    angle: of the edge of the nib "direction", in degrees.
    outline: draw the border of the ink, filled, and not its centre line.
    pencil: draw with a pencil and not with ink.
    """

    pen: float = 0.4
    colour: str = "black"
    prime_colour: str | None = None
    background: str | None = None
    tolerance: float = 0.02
    path: str = "stroke"
    nib: str = "round"
    angle: float = 40.0
    outline: bool = False
    pencil: bool = False

    @property
    def shaped(self) -> bool:
        """Whether ink is drawn as filled shapes and not as centre lines."""
        return self.outline or self.nib != "round"

    @property
    def hairline(self) -> float:
        """The width of the line around filled shapes: a broad edge is a little thick, too."""
        return HAIRLINE * self.pen if self.nib == "direction" else 0.0


HAIRLINE = 0.25
