"""DeepWriting (Aksan, Pece and Hilliges, CHI 2018): lines of IAM-OnDB and others as stroke-3, in one .npz.

Its offsets were made zero on average, and of one deviation, which is undone here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.ink.sources.npz_arrays import read_numbers, read_tables, read_texts

_ARRAYS = ("strokes", "texts", "alphabet")
_STEPS = "preprocessing.npy"


def is_data_set(names: Collection[str]) -> bool:
    """Return whether an .npz with these members is DeepWriting's."""
    return all(f"{name}.npy" in names for name in _ARRAYS)


def read_samples(archive: zipfile.ZipFile) -> tuple[list[NDArray[Any]], list[str]]:
    """Return of each sample the (T, 3) rows of stroke-3, in the units of its source, and the text.

    Raises
    ------
    ValueError: something in it is not as the data set has it.
    """
    tables, texts = read_tables(archive, "strokes.npy"), read_texts(archive, "texts.npy")
    if len(tables) != len(texts):
        raise ValueError(f"DeepWriting with {len(tables)} samples, but {len(texts)} texts")
    steps = _steps(archive)
    if "relative_representation" not in steps:
        raise ValueError("DeepWriting, but not as offsets from point to point (relative_representation)")
    mean, factor = np.zeros(2), np.ones(2)
    if "normalization" in steps:
        mean, factor = _pair(archive, "mean"), _pair(archive, "std")
    size = _pair(archive, "max") - _pair(archive, "min") if "scale" in steps else np.ones(2)
    tables = [_restored(table, factor * size, mean * size) for table in tables]
    return tables, [_plain(text) for text in texts]


def _steps(archive: zipfile.ZipFile) -> list[str]:
    """Return what was done with the data, in order; nothing where it does not say."""
    names = archive.namelist()
    return read_texts(archive, _STEPS) if _STEPS in names else []


def _pair(archive: zipfile.ZipFile, name: str) -> NDArray[np.float64]:
    """Return the numbers of an array that are for x and y."""
    if f"{name}.npy" not in archive.namelist():
        raise ValueError(f"DeepWriting without its {name}")
    numbers = read_numbers(archive, f"{name}.npy")
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(f"DeepWriting with a {name} that is no number")
    return numbers[:2] if len(numbers) > 1 else np.repeat(numbers, 2)


def _plain(text: str) -> str:
    """Return ``text`` in one line of Unicode."""
    return " ".join(text.replace("\0", " ").encode("utf-8", "replace").decode().split())


def _restored(table: NDArray[Any], factor: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[Any]:
    if table.ndim != 2 or table.shape[1] != 3:
        return table  # told by who takes it
    with np.errstate(all="ignore"):  # what is not finite is refused there, too
        rows = table.astype(np.float64)
        rows[:, :2] = rows[:, :2] * factor + mean
    return rows
