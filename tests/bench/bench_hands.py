"""How well a model takes on a hand: by priming, and by fine-tuning.  Prints JSON lines.

    python tests/bench/bench_hands.py valid.h5 --work DIR [--forms N] [--small]

A form of IAM-OnDB, five to thirteen lines by one person, stands for a user: all lines but two to learn from.
Its twenty forms look unlike one another, because a person wrote about eight and the database's archives of the
lines do not tell who: they are one each of the groups that the features of ``attribution.py`` fall into.

For each form: the log-loss of the two lines, in nats a point, by the bundled model, by it when it has read
lines of the form before (primed), and by the fine-tuned model.  At the end: how well the lines that each way
writes are read (extra ``read``), and to whom a classifier attributes them that was trained on the real lines to
learn from.  ``--small`` measures the small hands of ``hw train --small`` too.  What is in DIR is used again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from hwcli.threads import one_core_a_product

one_core_a_product()

import numpy as np
from attribution import Classifier, features

from hwcli.collecting.plan import own_lines
from hwcli.drawing.line_image import line_image
from hwcli.ink import Drawing
from hwcli.ink.joining import joined
from hwcli.ink.jsonl import DrawingWriter
from hwcli.ink.offsets import rows_from_points
from hwcli.ink.preparation import prepare
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.measuring.evaluation import known_text
from hwcli.measuring.reader import Reader, Reading, legibility
from hwcli.model import Model
from hwcli.model.file import read_model
from hwcli.model.hand import bundled_model
from hwcli.writing.hands import Hand, Scribe
from hwcli.writing.lanes import Ink
from hwcli.writing.mixture import Manner, log_density, pen_logit, pen_loss, split
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings
from hwcli.writing.text import prepare_text

FORMS = (
    "a04-015", "m06-736z", "e02-134z", "f09-518z", "r08-617z", "g04-116z", "g06-000f", "g06-150z", "j10-457z",
    "g07-205z", "a01-048z", "j10-480z", "b07-568z", "n03-209z", "a02-050", "p04-379z", "d09-664z", "r06-412z",
    "e03-137z", "a06-020",
)  # fmt: skip
HELD_OUT = 2
WRITTEN = 5
"""Lines that each way writes in each hand, the same texts for all."""
BIAS, HAND_BIAS, TAKES = 0.25, 0.75, 4
"""As ``hw sample`` writes a text: in a hand of its own, in one that is given; and how many takes it makes."""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strokes", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--forms", type=int, default=len(FORMS))
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    forms, base = read_forms(asked.strokes, FORMS[: asked.forms]), bundled_model()
    tuned = {"tuned": [], "small": ["--small"]} if asked.small else {"tuned": []}
    written: dict[str, list[list[Drawing]]] = defaultdict(list)
    records = []
    for seed, (form, lines) in enumerate(forms.items()):
        learned, held_out = lines[:-HELD_OUT], lines[-HELD_OUT:]
        record: dict[str, object] = {"form": form, "lines": len(learned)}
        record["bundled"] = nats(base, held_out, [])
        record["primed"] = nats(base, held_out, together(base, learned))
        written["bundled"].append(write(base, [], seed))
        written["primed"].append(write(base, learned, seed))
        for name, options in tuned.items():
            model, seconds = fine_tuned(learned, asked.work / f"{form}.{name}.h5", options)
            record[name], record[f"{name}_seconds"] = nats(model, held_out, []), seconds
            record[f"{name}_and_primed"] = nats(model, held_out, together(model, learned))
            written[name].append(write(model, [], seed))
            written[f"{name}_and_primed"].append(write(model, learned, seed))
        records.append(record)
        print(json.dumps(record), flush=True)
    print(json.dumps(summary(records)), flush=True)
    keep(asked.work, forms, written)
    for line in legibilities(forms, written):
        print(json.dumps(line), flush=True)
    for line in attributions(forms, written):
        print(json.dumps(line), flush=True)


def read_forms(path: Path, names: Sequence[str]) -> dict[str, list[Drawing]]:
    """Return the lines of the forms ``names``."""
    lines: dict[str, list[Drawing]] = {name: [] for name in names}
    with open(path, "rb") as file, StrokesReader(file, str(path)) as reader:
        for place, id in enumerate(reader.ids):
            if (form := id.rpartition("-")[0]) in lines:
                lines[form].append(reader[place])
    return lines


def fine_tuned(lines: Sequence[Drawing], path: Path, options: Sequence[str]) -> tuple[Model, float | None]:
    """Return the bundled model as ``hw train`` fine-tunes it on ``lines``, and the seconds that it took."""
    seconds, log = None, path.with_suffix(".seconds")
    if not path.exists():
        ink = path.with_suffix(".ink.h5")
        with open(ink, "wb+") as file, StrokesWriter(file, []) as writer:
            for line in lines:
                writer.add(line)
        command = [sys.executable, "-m", "hwcli", "train", ink, "--from", "bundled", "--fine-tune", *options]
        started = time.monotonic()
        subprocess.run([*map(str, command), "--seed", "1", "-q", "-o", str(path)], check=True)
        log.write_text(str(round(time.monotonic() - started, 1)))
    if log.exists():
        seconds = float(log.read_text())
    with open(path, "rb") as file:
        return read_model(file, str(path)), seconds


def together(model: Model, lines: Sequence[Drawing]) -> list[Drawing]:
    """Return those of ``lines`` that ``hw sample --prime`` has ``model`` read."""
    return list(lines[len(lines) - scribe_of(model).together(lines)[1] :])


def nats(model: Model, lines: Sequence[Drawing], before: Sequence[Drawing]) -> float:
    """Return the log-loss a point of ``lines`` after ``before`` them; each line goes alone."""
    network, form = NumpyNetwork(model.config.network, model.weights), model.config.data.preparation
    losses = []
    for line in lines:
        whole = prepare(joined([*before, line]), form)[0]
        rows = rows_from_points(whole.points, model.scale)[np.newaxis]
        outputs = network.run(rows[:, :-1], texts=[known_text(whole.text, model.config.network)])
        offsets = -log_density(split(outputs), rows[:, 1:, :2])
        pens = pen_loss(pen_logit(model.config.network, outputs), rows[:, 1:, 2])
        own = len(prepare(line, form)[0]) - 1
        losses.append((offsets + pens)[0, -own:])
    return round(float(np.concatenate(losses).mean()), 4)


def scribe_of(model: Model, bias: float = BIAS) -> Scribe:
    """Return what writes as ``hw sample`` does."""
    network = NumpyNetwork(model.config.network, model.weights)
    return Scribe(model, Writer(network, model.scale, Manner(bias, 1.0)), TAKES)


def write(model: Model, primes: Sequence[Drawing], seed: int) -> list[Drawing]:
    """Return the texts as ``model`` writes them: in the hand of ``primes``, or each in one that it makes up."""
    scribe, texts = scribe_of(model, HAND_BIAS if primes else BIAS), own_lines()[:WRITTEN]
    hand: Hand | None = None
    if primes:
        prime, _ = scribe.together(primes)
        hand = scribe.hand(prime, prepare_text(prime.text, scribe.characters, "skip").text)
    orders = [
        scribe.written(text, hand, lambda take, number=number: chance_for(seed, number, take))
        for number, text in enumerate(texts)
    ]
    drawn: list[list[Ink]] = [[]]
    for part in write_drawings(scribe.writer, orders, len(orders) * TAKES):
        drawn[-1].append(part.points)
        if part.last:
            drawn.append([])
    inks = map(np.concatenate, drawn[:-1])
    return [Drawing(scribe.alone(hand, ink), text=text) for ink, text in zip(inks, texts, strict=True)]


def summary(records: Sequence[dict[str, object]]) -> dict[str, object]:
    """Return the means over the forms, and in how many of them each way was better than the bundled model."""
    ways = [key for key in records[0] if key not in ("form", "lines")]
    means: dict[str, object] = {"what": "nats a point of held-out lines", "forms": len(records)}
    for way in ways:
        found = [record[way] for record in records if record[way] is not None]
        means[way] = round(float(np.mean(found)), 4) if found else None  # type: ignore[arg-type]
        if not way.endswith("seconds"):
            means[f"{way}_better"] = sum(record[way] < record["bundled"] for record in records)  # type: ignore[operator]
    return means


def legibilities(
    forms: dict[str, list[Drawing]], written: dict[str, list[list[Drawing]]]
) -> Iterator[dict[str, object]]:
    """Yield how well the lines of each way are read."""
    reader = Reader()
    real = [lines[-HELD_OUT:] for lines in forms.values()]
    for way, hands in {"real": real, **written}.items():
        lines = [line for hand in hands for line in hand]
        read = reader.read(map(line_image, lines))
        found = legibility([Reading("", line.text, said) for line, said in zip(lines, read, strict=True)])
        yield {"what": "legibility", "way": way, "lines": len(lines), "cer": round(found.cer, 4)}


def attributions(
    forms: dict[str, list[Drawing]], written: dict[str, list[list[Drawing]]]
) -> Iterator[dict[str, object]]:
    """Yield to whom a classifier of the real lines attributes those of each way."""
    learned = [lines[:-HELD_OUT] for lines in forms.values()]
    hands = np.repeat(np.arange(len(learned)), list(map(len, learned)))
    classifier = Classifier(np.array([features(line) for lines in learned for line in lines]), hands)
    real = [lines[-HELD_OUT:] for lines in forms.values()]
    for way, groups in {"real": real, **written}.items():
        owners = np.repeat(np.arange(len(groups)), list(map(len, groups)))
        ranks = classifier.ranks(np.array([features(line) for group in groups for line in group]))
        right = float((ranks[:, 0] == owners).mean())
        three = float((ranks[:, :3] == owners[:, np.newaxis]).any(axis=1).mean())
        yield {
            "what": "attribution", "way": way, "lines": len(owners), "right": round(right, 3),
            "among_three": round(three, 3), "chance": round(1 / len(groups), 3),
        }  # fmt: skip


def keep(work: Path, forms: dict[str, list[Drawing]], written: dict[str, list[list[Drawing]]]) -> None:
    """Write the lines below each other, a file a form, to look at with ``hw render``: the database's ink."""
    for place, (form, lines) in enumerate(forms.items()):
        with open(work / f"{form}.jsonl", "wb") as file:
            writer = DrawingWriter(file)
            for number, line in enumerate(lines[-HELD_OUT:], start=1):
                writer.write(Drawing(line.points, id=f"real {number}", text=line.text))
            for way, hands in written.items():
                for number, line in enumerate(hands[place][:2], start=1):
                    writer.write(Drawing(line.points, id=f"{way} {number}", text=line.text))


if __name__ == "__main__":
    main()
