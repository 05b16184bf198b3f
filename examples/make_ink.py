#!/usr/bin/env python3
"""Make ink that looks a little like handwriting, as JSON lines of points: to try hw with, and to test it.

    python3 examples/make_ink.py -n 200 --seed 1 | hw ingest - -o ink.h5

Every letter is a few hand-set points through which a curve is drawn; size, slant, spacing and each
point vary by chance.  The units are about those of IAM-OnDB: steps of 25, ten points a letter.
The same seed gives the same ink.  Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import signal
import sys
from collections.abc import Iterator

Point = tuple[float, float]
Stroke = list[Point]

X_HEIGHT = 100.0
STEP = 25.0

# Points through which the pen goes; "|" lifts it.  y is 0 on the base line, 1 at the height of an x,
# 2 at the top of an l, -1 at the foot of a p.
LETTERS = {
    "a": ".8,.8 .4,1 .05,.6 .1,.1 .4,0 .75,.4 .8,1 .8,.3 1,0",
    "b": "0,2 .05,1 .05,0 .05,.6 .4,1 .75,.6 .5,.05 .05,.1",
    "c": ".75,.8 .4,1 .05,.5 .3,0 .8,.2",
    "d": ".7,.8 .3,1 .05,.5 .3,0 .7,.4 .75,2 .75,.4 .95,0",
    "e": ".1,.5 .7,.6 .5,1 .1,.7 .15,.1 .5,0 .8,.2",
    "f": ".7,1.8 .4,2 .25,1.4 .25,0 | 0,1 .6,1",
    "g": ".75,.8 .4,1 .05,.6 .3,.1 .7,.4 .75,1 .75,-.4 .45,-1 .05,-.7",
    "h": "0,2 .05,1 .05,0 .1,.7 .45,1 .7,.6 .7,0",
    "i": ".1,1 .1,.3 .25,0 | .1,1.45 .14,1.4",
    "j": ".4,1 .4,-.5 .15,-1 -.1,-.7 | .4,1.45 .44,1.4",
    "k": "0,2 .05,1 .05,0 | .6,1 .1,.5 .35,.4 .7,0",
    "l": ".05,2 .05,.4 .2,0 .35,.1",
    "m": "0,1 .05,0 .1,.7 .35,1 .5,.6 .5,0 .55,.7 .8,1 .95,.6 1,0",
    "n": "0,1 .05,0 .1,.7 .45,1 .65,.6 .7,0",
    "o": ".45,1 .1,.7 .1,.2 .4,0 .75,.3 .7,.8 .45,1",
    "p": "0,1 .05,0 .05,-1 .05,.6 .4,1 .75,.6 .5,.05 .1,.1",
    "q": ".75,.8 .4,1 .05,.6 .3,.1 .7,.4 .75,1 .75,-1 .95,-.8",
    "r": "0,1 .05,0 .1,.7 .35,1 .55,.9",
    "s": ".6,.85 .3,1 .1,.75 .5,.4 .5,.1 .2,0 0,.15",
    "t": ".25,1.7 .25,.3 .45,0 .65,.1 | 0,1.1 .6,1.1",
    "u": "0,1 .05,.3 .3,0 .6,.4 .65,1 .65,.3 .85,0",
    "v": "0,1 .2,.4 .35,0 .5,.5 .7,1",
    "w": "0,1 .1,.3 .25,0 .4,.4 .5,.9 .6,.3 .75,0 .95,.4 1,1",
    "x": "0,1 .35,.5 .7,0 | .7,1 .35,.5 0,0",
    "y": "0,1 .1,.4 .35,.1 .6,.5 .65,1 .6,-.4 .3,-1 0,-.7",
    "z": "0,1 .35,1 .65,.95 .3,.5 0,0 .35,.05 .7,0",
    "A": "0,0 .3,1 .5,2 .7,1 1,0 | .2,.8 .8,.8",
    "B": "0,2 .05,1 .05,0 | 0,2 .6,1.7 .1,1.05 .7,.6 .5,.1 0,0",
    "C": ".9,1.7 .5,2 .05,1.2 .1,.4 .5,0 .95,.3",
    "D": "0,2 .05,1 .05,0 | 0,2 .7,1.7 .9,.9 .6,.2 0,0",
    "H": "0,2 .05,1 .05,0 | .8,2 .8,1 .85,0 | .05,1 .8,1.05",
    "I": ".1,2 .12,1 .1,0",
    "M": "0,0 .1,1 .2,2 .4,1 .5,.4 .7,1.2 .9,2 1,1 1.05,0",
    "S": ".8,1.7 .4,2 .1,1.5 .6,.9 .7,.3 .35,0 0,.3",
    "T": "0,2 .5,1.95 1,2 | .5,2 .5,1 .55,0",
    "W": "0,2 .15,1 .3,0 .5,.8 .6,1.6 .75,.7 .9,0 1.1,1 1.2,2",
    ".": ".05,.05 .1,0",
    ",": ".1,.1 .05,-.3",
    "-": "0,.5 .4,.5",
}
SPACE = 0.8
WORDS = (
    "A thing made well and used long is seldom thrown away. The pen moves over the paper, quick and light, "
    "from word to word. Many a letter was begun with a blot. She wrote to her brother each week. Ink dries "
    "in the sun. Dear Tom, we came home by the lake. How did the black fox jump over six lazy dogs. "
    "But it was so. Come back when you can. Was it he who sang? Much of it is quite true."
)


def strokes_of_text(text: str, chance: random.Random) -> list[Stroke]:
    """Return the strokes of ``text`` in one hand drawn by ``chance``; y grows downward.

    Characters that the alphabet has no strokes for are left out.
    """
    size = X_HEIGHT * chance.uniform(0.85, 1.2)
    slant, rise = chance.uniform(-0.1, 0.4), chance.uniform(-0.015, 0.015)
    left, strokes = 0.0, []
    for character in text:
        if character == " ":
            left += SPACE * chance.uniform(0.85, 1.25)
            continue
        for stroke in _curves(character, chance):
            placed = ((left + x + slant * y, y + rise * left) for x, y in stroke)
            strokes.append([(300 + size * x, 1000 - size * y) for x, y in placed])
        left += _width(character) + chance.uniform(0.2, 0.35)
    return strokes


def _controls(character: str) -> list[Stroke]:
    described = LETTERS.get(character, "").split("|")
    pairs = [[tuple(map(float, pair.split(","))) for pair in stroke.split()] for stroke in described]
    return [[(x, y) for x, y in stroke] for stroke in pairs if stroke]


def _width(character: str) -> float:
    return max((x for stroke in _controls(character) for x, _ in stroke), default=0.0)


def _curves(character: str, chance: random.Random) -> Iterator[Stroke]:
    for controls in _controls(character):
        moved = [(x + chance.gauss(0, 0.04), y + chance.gauss(0, 0.04)) for x, y in controls]
        yield list(_spaced(_smooth(moved), STEP / X_HEIGHT * chance.uniform(0.8, 1.2)))


def _smooth(controls: Stroke, pieces: int = 8) -> Stroke:
    """Return points of the Catmull-Rom curve through ``controls``."""
    ends = [controls[0], *controls, controls[-1]]
    curve = [controls[0]]
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for piece in range(1, pieces + 1):
            t = piece / pieces
            curve.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    return curve


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))) / 2


def _spaced(curve: Stroke, step: float) -> Iterator[Point]:
    """Yield the first point of ``curve``, then one about each ``step`` along it, then the last."""
    yield curve[0]
    gone = 0.0
    for before, point in itertools.pairwise(curve):
        gone += math.dist(before, point)
        if gone >= step and point is not curve[-1]:
            gone = 0.0
            yield point
    yield curve[-1]


def lines_of_words(number: int, seed: int) -> Iterator[tuple[str, list[Stroke]]]:
    """Yield ``number`` texts of three or four words, each with its strokes; the same for the same ``seed``."""
    chance = random.Random(seed)
    words = WORDS.split()
    for _ in range(number):
        first = chance.randrange(len(words) - 4)
        text = " ".join(words[first : first + chance.choice((3, 4))])
        yield text, strokes_of_text(text, chance)


def json_lines(name: str, text: str, strokes: list[Stroke]) -> Iterator[str]:
    """Yield the header line of a drawing and a line for each of its points: see hw-points(5)."""
    yield json.dumps({"drawing": name, "text": text, "version": 1})
    for stroke in strokes:
        for number, (x, y) in enumerate(stroke, start=1):
            yield json.dumps({"x": round(x, 1), "y": round(y, 1), "up": int(number == len(stroke))})


def main() -> None:
    """Write the ink that the command line asks for to standard output."""
    parser = argparse.ArgumentParser(description="Make ink to try hw with, as JSON lines of points.")
    parser.add_argument("-n", "--number", type=int, default=200, metavar="N", help="lines to make (200)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of chance (1)")
    options = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for number, (text, strokes) in enumerate(lines_of_words(options.number, options.seed), start=1):
        sys.stdout.writelines(line + "\n" for line in json_lines(f"made-{number:04}", text, strokes))


if __name__ == "__main__":
    main()
