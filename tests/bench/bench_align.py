"""How many words ``hw align`` finds to the point, of lines for which that is known.

    python tests/bench/bench_align.py [--texts examples/texts/everyday.txt] [--styles 6] [--model MODEL]

Words are written one by one by the model that comes along, in the styles that come along, and set side by side
with gaps whose widths, in heights of a small letter, are drawn from a range; prints a JSON line a range.  The
truth does not come from the alignment, but the ink is such as the model writes: of people's lines no truth is
known here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hwcli.commands.own_styles import find
from hwcli.drawing.size import letter_height
from hwcli.ink import Drawing
from hwcli.ink.segments import words
from hwcli.model.file import Model, read_model
from hwcli.options import BUNDLED_MODEL
from hwcli.recombining.segmentation import segmented
from hwcli.writing.hands import Scribe
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings

STYLES = ("ann", "ben", "clara", "dora", "emil", "finn", "greta", "hugo")
TAKES = 4
GAPS = ((1.0, 2.2), (0.4, 0.8), (0.2, 0.4))
TEXTS = Path(__file__).resolve().parents[2] / "examples" / "texts" / "everyday.txt"


def written(model: Model, style: str, said: list[str]) -> list[Drawing]:
    """Return each of the words ``said``, in a ``style``."""
    scribe = Scribe(
        model, Writer(NumpyNetwork(model.config.network, model.weights), model.scale, Manner(0.75)), TAKES
    )
    _, ink = find(style)
    hand = scribe.hand(ink, ink.text)
    orders = [
        scribe.written(word, hand, lambda take, number=number: chance_for(3, number, take))
        for number, word in enumerate(said)
    ]
    parts: list[list[np.ndarray]] = [[] for _ in said]
    for part in write_drawings(scribe.writer, orders, TAKES * len(said)):
        parts[part.number].append(part.points)
    return [
        Drawing(scribe.alone(hand, np.concatenate(inks)), text=word)
        for inks, word in zip(parts, said, strict=True)
    ]


def side_by_side(
    inks: list[Drawing], gaps: tuple[float, float], letter: float, chance: np.random.Generator
) -> tuple[Drawing, list[int]]:
    """Return the words ``inks`` as one line, and after how many points each ends."""
    x, rows = 0.0, []
    for ink in inks:
        points = ink.points.copy()
        points[:, 0] += x - points[:, 0].min()
        points[-1, 2] = 1
        x = float(points[:, 0].max()) + letter * chance.uniform(*gaps)
        rows.append(points)
    text = " ".join(ink.text for ink in inks)
    return Drawing(np.concatenate(rows), text=text), np.cumsum([len(row) for row in rows]).tolist()


def lines(
    model: Model, texts: list[str], styles: int, gaps: tuple[float, float]
) -> Iterator[tuple[Drawing, list[int]]]:
    """Yield lines of words, and where each word ends."""
    chance = np.random.default_rng(5)
    for number, style in enumerate(STYLES[:styles]):
        own = texts[number::styles]
        inks = written(model, style, [word for text in own for word in text.split()])
        letter, place = letter_height(inks) or 1.0, 0
        for text in own:
            count = len(text.split())
            yield side_by_side(inks[place : place + count], gaps, letter, chance)
            place += count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--styles", type=int, default=6)
    parser.add_argument("--model", type=Path, default=BUNDLED_MODEL)
    options = parser.parse_args()
    with options.model.open("rb") as file:
        model = read_model(file, str(options.model))
    known = set(model.config.network.characters)
    texts = [line for line in options.texts.read_text().splitlines() if line and known.issuperset(line)]
    for gaps in GAPS:
        made = list(lines(model, texts, options.styles, gaps))
        found = segmented((line for line, _ in made), model)
        right = count = 0
        for aligned, (_, ends) in zip(found, made, strict=True):
            stops = [part.stop for part in words(aligned)]
            begins, truth = [0, *stops], [0, *ends]
            right += sum(begins[n : n + 2] == truth[n : n + 2] for n in range(len(ends)))
            count += len(ends)
        print(json.dumps({"gaps": gaps, "words": count, "right": right, "share": round(right / count, 3)}))


if __name__ == "__main__":
    main()
