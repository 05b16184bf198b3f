"""A model's file (HDF5, documented in hw-model(5)): all that is needed to write with it and to train on."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli import __version__
from hwcli.errors import BadInput, HwError
from hwcli.ink import stored
from hwcli.ink.offsets import Scale
from hwcli.model.config import Config, ConfigError, Network, config_text, read_config

FORMAT = "hw-model"
HAND = "hw-hand"
"""What stands in the place of ``FORMAT`` where only a hand's change is stored (``hwcli.model.hand``)."""
FORMAT_VERSION = 1
STORED_TYPES = ("float16", "float32")
LONGEST_HISTORY = 16 << 20
"""Bytes of the history of a model's training."""
LARGEST = 1 << 29
"""Weights of one network; four bytes each."""
DAMAGE = stored.DAMAGE

Weights = dict[str, NDArray[np.float32]]


@dataclass
class Model:
    """A network with its weights and what belongs to it.

    Attributes
    ----------
    config: the network's shape and how it was trained.
    scale: of the offsets, in the unit of the ink that it was trained on, as ``config.data`` prepares it.
    weights: by the names and shapes of ``weight_shapes``.
    history: what was measured while it was trained, a dictionary a validation.
    licence: terms of the data that it was trained on, and of the model.
    seed: of the chance in its training, None when that is not known.
    made: a line a step that led to it: program, version, command line.
    height: what the prepared ink is multiplied by to be as large as the ink that it was trained on usually was;
        1 where ``config.data`` leaves the height as it is.
    """

    config: Config
    scale: Scale
    weights: Weights
    history: Sequence[dict[str, Any]] = field(default_factory=list)
    licence: str = ""
    seed: int | None = None
    made: Sequence[str] = ()
    height: float = 1.0


def weight_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every weight array of ``network``, in the order of the layers.

    A layer's ``kernel`` has a row for each of its inputs (the point's 3 first where there are skip
    connections, then the window vector if there is one, then the layer below) and four blocks of columns, one
    a gate: input, forget, candidate, output.  ``peephole`` has three rows: input, forget, output.  The window
    of K Gaussians hangs on the first layer; its 3K columns are α, β and κ before their exp.  The output layer
    reads the layers from the lowest to the highest, then the window vector.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(network.layers):
        inputs = 3 if layer == 0 else network.units + (3 if network.skip else 0)
        inputs += network.alphabet
        shapes[f"lstm_{layer}/kernel"] = (inputs, 4 * network.units)
        shapes[f"lstm_{layer}/recurrent"] = (network.units, 4 * network.units)
        shapes[f"lstm_{layer}/bias"] = (4 * network.units,)
        if network.peepholes:
            shapes[f"lstm_{layer}/peephole"] = (3, network.units)
        if layer == 0 and network.window:
            shapes["window/kernel"] = (network.units, 3 * network.window)
            shapes["window/bias"] = (3 * network.window,)
    width = network.units * (network.layers if network.skip else 1) + network.alphabet
    shapes["output/kernel"] = (width, network.outputs)
    shapes["output/bias"] = (network.outputs,)
    return shapes


def weight_count(network: Network) -> int:
    """Return the number of weights of ``network``."""
    return sum(math.prod(shape) for shape in weight_shapes(network).values())


def write_model(file: BinaryIO, model: Model, stored: str = "float32") -> None:
    """Write ``model`` to the seekable ``file``, its weights as ``stored`` ("float32" or "float16").

    Raises
    ------
    HwError: weights are not finite, or not as such numbers; nothing is written.
    """
    weights = {name: held_as(stored, array, f"weights {name}") for name, array in model.weights.items()}
    with h5py.File(file, "w") as root:
        root.attrs["format"] = FORMAT
        root.attrs["format_version"] = FORMAT_VERSION
        root.attrs["generator"] = f"hw {__version__}"
        root.attrs["config"] = config_text(model.config)
        root.attrs["licence"] = model.licence
        root.attrs["made"] = "\n".join(model.made)
        if model.seed is not None:
            root.attrs["seed"] = model.seed
        root.attrs["scale_mean"] = np.asarray(model.scale.mean, np.float64)
        root.attrs["height"] = float(model.height)
        root.attrs["scale_sd"] = np.asarray(model.scale.sd, np.float64)
        lines = "".join(json.dumps(record) + "\n" for record in model.history)
        root.create_dataset("history", data=np.frombuffer(lines.encode(), np.uint8))
        for name, array in weights.items():
            root.create_dataset(f"weights/{name}", data=array)


def held_as(kind: str, numbers: NDArray[Any], called: str) -> NDArray[Any]:
    """Return ``numbers`` as those of ``kind`` ("float32" or "float16"); messages call them ``called``.

    Raises
    ------
    HwError: they are not all finite then: no file of them could be read.
    """
    with np.errstate(over="ignore"):
        held = numbers.astype(kind)
    if not np.isfinite(held).all():
        most = f"{np.finfo(kind).max:g}, the most that {kind} holds"
        raise HwError(f"not written: {called} are not all finite, or go beyond {most}")
    return held


def read_model(file: BinaryIO, source: str) -> Model:
    """Read a model from the seekable ``file``; ``source`` is what messages call it.

    Raises
    ------
    BadInput: it is no model file, a newer one, or its parts do not fit together.
    """
    try:
        root = stored.open_hdf5(file)
    except DAMAGE as error:
        raise BadInput(source, "not an HDF5 file, or cut short") from error
    with root:
        try:
            return _read_open(root, source)
        except DAMAGE as error:
            reason = " ".join(str(error).split())[:300]
            raise BadInput(source, f"damaged model file: {reason}") from error


def _read_open(root: h5py.File, source: str) -> Model:
    if root.attrs.get("format") == HAND:
        from hwcli.model.hand import read_hand

        return read_hand(root, source)
    if root.attrs.get("format") != FORMAT:
        raise BadInput(source, "not a model file of hw (hw info tells what a file is)")
    version = int(root.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise BadInput(
            source, f"model format {version} is newer than this program's {FORMAT_VERSION}: update hw"
        )
    try:
        config = read_config(str(root.attrs["config"]), source)
    except ConfigError as error:
        raise BadInput(source, str(error).removeprefix(f"{source}: ")) from error
    mean, sd = (finite_pair(root.attrs[key]) for key in ("scale_mean", "scale_sd"))
    if min(sd) <= 0:
        raise BadInput(source, "its scale is not positive")
    return Model(
        config,
        Scale(mean, sd),
        read_all_weights(root, config.network),
        read_history(root),
        str(root.attrs.get("licence", "")),
        int(root.attrs["seed"]) if "seed" in root.attrs else None,
        str(root.attrs.get("made", "")).splitlines(),
        _height(root.attrs.get("height", 1.0)),
    )


def read_history(root: h5py.File) -> list[dict[str, Any]]:
    """Return what was measured while a model was trained; raises ValueError when it is no such thing."""
    if "history" not in root:
        return []
    lines = stored.numbers(root, "history", ("uint8",))
    if lines.ndim != 1 or len(lines) > LONGEST_HISTORY:
        raise ValueError("its history is no text, or too long")
    # Line by line: millions of short lines take more memory than what is read from them.
    records = [json.loads(line.decode()) for line in io.BytesIO(lines.tobytes())]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("its history is not made of records")
    return records


def _height(value: Any) -> float:
    height = float(value)
    if not (np.isfinite(height) and height > 0):
        raise ValueError("its height is not a positive number")
    return height


def finite_pair(values: Any) -> tuple[float, float]:
    """Return the two numbers ``values``; raises ValueError or TypeError when they are others."""
    x, y = (float(value) for value in values)
    if not np.isfinite([x, y]).all():
        raise ValueError("its scale is not finite")
    return x, y


def read_all_weights(root: h5py.File, network: Network, group: str = "weights") -> Weights:
    """Return the weights of ``network`` from the ``group`` of the open file ``root``.

    Raises
    ------
    ValueError: some are missing, have another shape or type, or are not all finite; or they are too many.
    """
    if weight_count(network) > LARGEST:
        raise ValueError(f"a network of more than {LARGEST} weights")
    return {
        name: _read_weights(root, f"{group}/{name}", shape) for name, shape in weight_shapes(network).items()
    }


def _read_weights(root: h5py.File, place: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    name = place.removeprefix("weights/")
    try:
        found = stored.numbers(root, place, STORED_TYPES, shape)
    except ValueError as error:
        shown = "x".join(map(str, shape))
        raise ValueError(f"weights {name} are not the {shown} numbers that its network has: {error}") from error
    array: NDArray[np.float32] = found.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"weights {name} are not all finite")
    return array
