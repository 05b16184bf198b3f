"""A reader of text lines that had no part in the training, and how far what it reads is from what was meant.

The reader is PP-OCRv6, the small recogniser for lines, whose weights come inside the package ``rapidocr``
(Apache 2.0); of that package nothing else is used, so that reading needs no more than ``onnxruntime`` and never
asks the network for anything.  What it reads is the same, character for character.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError, MissingExtra

Image = NDArray[np.uint8]

WEIGHTS = Path("models") / "PP-OCRv6_rec_small.onnx"
HEIGHT, LEAST_WIDTH = 48, 320
"""Pixels of the images that the recogniser was trained on; a narrower one is padded, with grey."""
FAILED = 0.5
"""A line with more than this share of its characters wrong has failed."""


class Reader:
    """Reads images of text lines."""

    def __init__(self, workers: int = 1) -> None:
        """Load the recogniser, which reads ``workers`` images at a time.

        Raises
        ------
        MissingExtra: what it needs is not installed.
        HwError: the package has no such weights.
        """
        package = find_spec("rapidocr")
        if package is None or package.submodule_search_locations is None or find_spec("onnxruntime") is None:
            raise MissingExtra("reading", "read")
        path = Path(package.submodule_search_locations[0]) / WEIGHTS
        if not path.is_file():
            raise HwError(f"{path}: not there; pip install --force-reinstall 'hwcli[read]' brings it")
        self._workers = workers
        self._session = _session(path)
        self._input = self._session.get_inputs()[0].name
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *listed, " "]  # first the blank of the alignment

    def read(self, images: Iterable[Image]) -> list[str]:
        """Return what is written in each of ``images``, (height, width) uint8, black on white."""
        if self._workers == 1:
            return [self._read(image) for image in images]
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(self._read, images))

    def _read(self, image: Image) -> str:
        chances = self._session.run(None, {self._input: _prepared(image)})[0][0]
        best = chances.argmax(axis=-1)
        is_new = np.append(True, best[1:] != best[:-1])
        return "".join(self._characters[place] for place in best[is_new])


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # only what is fatal
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _prepared(image: Image) -> NDArray[np.float32]:
    """Return what the recogniser takes, (1, 3, 48, W), from -1 for black to 1 for white."""
    height, width = image.shape
    wide = max(math.ceil(HEIGHT * width / height), 1)
    prepared = np.zeros((1, 3, HEIGHT, max(wide, LEAST_WIDTH)), np.float32)
    prepared[..., :wide] = resized(image, HEIGHT, wide) / 127.5 - 1
    return prepared


def resized(image: Image, height: int, width: int) -> NDArray[np.float64]:
    """Return the (H, W) ``image`` as (height, width): each new pixel's centre, linear between the old ones."""
    upper, lower, down = _between(image.shape[0], height)
    left, right, along = _between(image.shape[1], width)
    rows = image[upper] * (1 - down)[:, np.newaxis] + image[lower] * down[:, np.newaxis]
    between: NDArray[np.float64] = rows[:, left] * (1 - along) + rows[:, right] * along
    return between


def _between(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return for each of ``new`` pixels those of ``old`` on either side, and how far it is to the second."""
    places = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    first = places.astype(np.int64)
    return first, np.minimum(first + 1, old - 1), places - first


# --- how far it is from the text ---------------------------------------------------------------------------


def distance(wanted: Sequence[Any], found: Sequence[Any]) -> int:
    """Return how many items it takes to put in, take out or change to make one of the other (Levenshtein)."""
    row = list(range(len(found) + 1))
    for count, item in enumerate(wanted, start=1):
        before, row[0] = row[0], count
        for place, other in enumerate(found, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (item != other))
    return row[-1]


def cer(text: str, read: str) -> float:
    """Return the character error rate of ``read``: the distance to ``text``, a share of its length."""
    return distance(text, read) / max(len(text), 1)


def wer(text: str, read: str) -> float:
    """Return the word error rate of ``read``, words being what blanks part."""
    return distance(text.split(), read.split()) / max(len(text.split()), 1)


class Reading(NamedTuple):
    """A line, what it should say, and what was read."""

    id: str
    text: str
    read: str


@dataclass(frozen=True)
class Legibility:
    """How well lines were read.

    Attributes
    ----------
    lines, characters: how many, of the texts.
    cer, wer: errors in characters and in words, over all lines, as shares of the texts' characters and words.
    failed: share of the lines with more than half of their characters wrong.
    """

    lines: int
    characters: int
    cer: float
    wer: float
    failed: float


def legibility(readings: Sequence[Reading]) -> Legibility:
    """Return how well ``readings`` agree with their texts; raises ValueError when no text has a character."""
    characters = sum(len(reading.text) for reading in readings)
    words = sum(len(reading.text.split()) for reading in readings)
    if not words:
        raise ValueError("no text to compare with what is read")
    errors = [distance(reading.text, reading.read) for reading in readings]
    word_errors = sum(distance(reading.text.split(), reading.read.split()) for reading in readings)
    failed = sum(error > FAILED * len(reading.text) for error, reading in zip(errors, readings, strict=True))
    return Legibility(
        len(readings), characters, sum(errors) / characters, word_errors / words, failed / len(readings)
    )


def worst(readings: Iterable[Reading], number: int) -> Iterator[tuple[float, Reading]]:
    """Yield the ``number`` readings with the largest error rates, and these."""
    rated = sorted(((cer(reading.text, reading.read), reading) for reading in readings), reverse=True)
    yield from rated[:number]
