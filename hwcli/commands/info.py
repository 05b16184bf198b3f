"""``hw info``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from hwcli import console, stdio
from hwcli.commands.given import BadRecords
from hwcli.errors import BadInput
from hwcli.options import AsJson, Quiet, SkipBad, Verbose, chosen_model

_WIDTH = 18
_SHORT_HISTORY = 3
"""Lines of history that people are shown without --verbose, from the end."""


def run(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Strokes, points or a model; - is standard input, bundled the model that comes with hw.",
            allow_dash=True,
        ),
    ] = Path(stdio.STREAM),
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Tell what a file of ink, a model or a checkpoint holds."""
    import json

    from hwcli.ink import reading

    file = file if file.exists() else chosen_model(file)
    shown = stdio.name_of(file)
    with stdio.open_input(file) as opened:
        kind, content = reading.peeked(opened)
        if kind == reading.HDF5:
            with reading.seekable(content) as whole:
                facts = _of_hdf5(whole, shown)
        elif kind == reading.ARCHIVE:
            raise BadInput(shown, "an archive; hw ingest reads it: hw ingest FILE | hw info -")
        else:
            facts = _of_drawings(content, file, kind, BadRecords(skip_bad))
    text = json.dumps(facts, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(facts, verbose))
    with stdio.open_output(None, binary=False) as out:
        out.write((text + "\n").encode("utf-8", "replace"))


def _of_drawings(file: BinaryIO, path: Path, kind: str, bad: BadRecords) -> dict[str, Any]:
    from hwcli.ink.reading import JSON, PACKED_XML, REMARKABLE, UNIPEN, XML, ZIP, place_of, read_any
    from hwcli.ink.summary import Summary

    summary = Summary()
    for drawing in read_any(file, stdio.name_of(path), bad.note, path=place_of(path)):
        summary.add(drawing)
    bad.tell("records")
    names = {JSON: "points (JSON lines)", XML: "InkML or SVG", ZIP: "stroke-3 or a reMarkable's notebook"}
    names |= {PACKED_XML: "Xournal++ or packed SVG", UNIPEN: "UNIPEN", REMARKABLE: "a reMarkable's page"}
    return {"file": stdio.name_of(path), "kind": names.get(kind, kind), **summary.as_dict()}


def _of_hdf5(file: BinaryIO, shown: str) -> dict[str, Any]:
    from hwcli.model.file import FORMAT as MODEL, HAND

    form = _format(file, shown)
    file.seek(0)
    if form in (MODEL, HAND):
        return _of_model(file, shown, "model" if form == MODEL else "hand, beside the bundled model")
    if form == "hw-checkpoint":
        return _of_checkpoint(file, shown)
    return _of_strokes(file, shown)


def _format(file: BinaryIO, shown: str) -> str:
    """Return what an HDF5 file says it is."""
    from hwcli.ink import stored
    from hwcli.model.file import DAMAGE

    try:
        with stored.open_hdf5(file) as root:
            return str(root.attrs.get("format"))
    except DAMAGE as error:
        raise BadInput(shown, "a damaged HDF5 file, or cut short") from error


def _of_strokes(file: BinaryIO, shown: str) -> dict[str, Any]:
    from hwcli.ink.strokes_file import StrokesReader
    from hwcli.ink.summary import Summary

    summary = Summary()
    with StrokesReader(file, shown) as reader:
        summary.add_file(reader)
        return {
            "file": shown,
            "kind": "strokes",
            "generator": reader.generator,
            **summary.as_dict(),
            "history": reader.history,
        }


def _of_model(file: BinaryIO, shown: str, kind: str) -> dict[str, Any]:
    from hwcli.model.file import read_model, weight_count

    model = read_model(file, shown)
    return {
        "file": shown,
        "kind": kind,
        **_of_network(model.config, weight_count(model.config.network), model.scale),
        "licence": model.licence,
        "seed": model.seed,
        "made": list(model.made),
        "validations": len(model.history),
        "last_validation": model.history[-1] if model.history else None,
    }


def _of_checkpoint(file: BinaryIO, shown: str) -> dict[str, Any]:
    from hwcli.learning.checkpoint import read_checkpoint
    from hwcli.model.file import weight_count

    checkpoint = read_checkpoint(file, shown)
    position = checkpoint.position
    return {
        "file": shown,
        "kind": "checkpoint of training",
        **_of_network(checkpoint.config, weight_count(checkpoint.config.network), checkpoint.scale),
        "batches": position.batches,
        "points": position.points,
        "seconds": position.seconds,
        "validations": len(position.history),
        "last_validation": position.history[-1] if position.history else None,
    }


def _of_network(config: Any, weights: int, scale: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "network": asdict(config.network),
        "weights": weights,
        "scale": {"mean": list(scale.mean), "sd": list(scale.sd)},
    }


def _lines(facts: dict[str, Any], verbose: bool) -> list[str]:
    """Return ``facts`` for people, a line each."""
    lines = []
    for key, value in facts.items():
        if key in ("history", "made"):
            shown = value if verbose else value[-_SHORT_HISTORY:]
            lines += [_line(key if number == 0 else "", line) for number, line in enumerate(shown)]
        elif key == "characters":
            lines.append(_line(key, f"{len(value)}: {value}" if value else "none"))
        elif key == "seed":  # to be given to --seed as it stands
            lines.append(_line(key, str(value)))
        else:
            lines.append(_line(key.replace("_", " "), _words(value)))
    return lines


def _line(title: str, value: str) -> str:
    return console.visible(f"{title:<{_WIDTH}}{value}")


def _words(value: Any) -> str:
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        numbers = all(isinstance(item, int | float) for item in value)
        return f"({', '.join(map(_words, value))})" if numbers else ", ".join(map(_words, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
