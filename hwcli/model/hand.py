"""A hand's file: what a model of one hand has other than the model that comes along, as changes of low rank.

Some KB where the whole model has megabytes.  It is read as the model that it makes (``file.read_model``).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import resources
from typing import BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli import __version__
from hwcli.errors import BadInput
from hwcli.ink import stored
from hwcli.model.config import ConfigError, Network, config_text, read_config
from hwcli.model.file import HAND, Model, Weights, held_as, read_history, read_model, weight_shapes

FORMAT_VERSION = 1
BUNDLED = ("bundled", "compact.h5")
"""Where the model that comes along lies, in ``hwcli.model``."""

Array = NDArray[np.float32]


def bundled_model() -> Model:
    """Return the model that comes along."""
    place = resources.files("hwcli.model").joinpath(*BUNDLED)
    with place.open("rb") as file:
        return read_model(file, BUNDLED[-1])  # type: ignore[arg-type]


def bundled_models() -> Iterator[Model]:
    """Yield the model that comes along, then those that came along with earlier versions: hands are kept."""
    yield bundled_model()
    folder = resources.files("hwcli.model").joinpath(BUNDLED[0])
    for place in sorted(folder.iterdir(), key=lambda place: place.name):
        if place.name.endswith(".h5") and place.name != BUNDLED[-1]:
            with place.open("rb") as file:
                yield read_model(file, place.name)  # type: ignore[arg-type]


def fingerprint(model: Model) -> str:
    """Return a hash of the weights of ``model``, as they are in 16 bits, to know them again."""
    digest = hashlib.sha256()
    for name in weight_shapes(model.config.network):
        digest.update(model.weights[name].astype("<f2").tobytes())
    return digest.hexdigest()


def write_hand(file: BinaryIO, model: Model, base: Model) -> None:
    """Write to the seekable ``file`` what ``model`` has other than ``base``, of which it was made.

    Each matrix's change is written as the product of rank ``config.tuning.rank`` that is nearest to it.

    Raises
    ------
    ValueError: the rank is 0.
    HwError: the change is too large for 16-bit numbers; nothing is written.
    """
    rank = model.config.tuning.rank
    if not rank:
        raise ValueError("all weights of the model were learned")
    numbers = [
        part.ravel()
        for name in weight_shapes(base.config.network)
        for part in _parts(model.weights[name].astype(np.float64) - base.weights[name], rank)
    ]
    change = held_as("float16", np.concatenate(numbers), "the hand's changes")
    with h5py.File(file, "w") as root:
        root.attrs["format"] = HAND
        root.attrs["format_version"] = FORMAT_VERSION
        root.attrs["generator"] = f"hw {__version__}"
        root.attrs["base"] = fingerprint(base)
        root.attrs["config"] = config_text(model.config)
        root.attrs["licence"] = model.licence
        root.attrs["made"] = "\n".join(model.made)
        if model.seed is not None:
            root.attrs["seed"] = model.seed
        lines = "".join(json.dumps(record) + "\n" for record in model.history)
        root.create_dataset("history", data=np.frombuffer(lines.encode(), np.uint8))
        root.create_dataset("change", data=change)


def _parts(change: NDArray[np.float64], rank: int) -> list[NDArray[np.float64]]:
    """Return a ``change`` (n, m) as left (n, r) and right (r, m), of like size; a bias's (n,) as it is."""
    if change.ndim == 1:
        return [change]
    left, sizes, right = np.linalg.svd(change, full_matrices=False)
    roots, count = np.sqrt(sizes[:rank]), min(rank, len(sizes))
    return [left[:, :count] * roots, roots[:, np.newaxis] * right[:count]]


def read_hand(root: h5py.File, source: str, base: Model | None = None) -> Model:
    """Return the model that the open hand's file ``root`` makes of ``base`` (None: of one that comes along).

    Raises
    ------
    BadInput: it is a newer one, or was made of another model.
    LookupError, TypeError, ValueError: it is damaged.
    """
    version = int(root.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise BadInput(
            source, f"hand format {version} is newer than this program's {FORMAT_VERSION}: update hw"
        )
    base = _base_of(str(root.attrs["base"]), [base] if base else bundled_models())
    if base is None:
        raise BadInput(source, "a hand of another model than the one that comes along: train it again")
    try:
        config = read_config(str(root.attrs["config"]), source)
    except ConfigError as error:
        raise BadInput(source, str(error).removeprefix(f"{source}: ")) from error
    if config.network != base.config.network:
        raise ValueError("its network is not that of its model")
    return replace(
        base,
        config=config,
        weights=_changed(base.weights, config.network, root, config.tuning.rank),
        history=read_history(root),
        licence=str(root.attrs["licence"]),
        seed=int(root.attrs["seed"]) if "seed" in root.attrs else None,
        made=str(root.attrs["made"]).splitlines(),
    )


def _base_of(mark: str, models: Iterable[Model]) -> Model | None:
    """Return that of ``models`` whose fingerprint is ``mark``, or None."""
    return next((model for model in models if fingerprint(model) == mark), None)


def _changed(weights: Weights, network: Network, root: h5py.File, rank: int) -> Weights:
    shapes = weight_shapes(network)
    wanted = sum(sum(math.prod(part) for part in _shapes(shape, rank)) for shape in shapes.values())
    numbers = stored.numbers(root, "change", ("float16",), (wanted,)).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("its change is not all finite")
    parts = _cut(numbers, [part for shape in shapes.values() for part in _shapes(shape, rank)])
    return {
        name: weights[name] + (next(parts) if len(shape) == 1 else next(parts) @ next(parts))
        for name, shape in shapes.items()
    }


def _shapes(shape: tuple[int, ...], rank: int) -> list[tuple[int, ...]]:
    """Return the shapes in which the change of a weight of this ``shape`` is stored."""
    if len(shape) == 1:
        return [shape]
    count = min(rank, *shape)
    return [(shape[0], count), (count, shape[1])]


def _cut(numbers: Array, shapes: list[tuple[int, ...]]) -> Iterator[Array]:
    start = 0
    for shape in shapes:
        size = int(np.prod(shape))
        yield numbers[start : start + size].reshape(shape)
        start += size
