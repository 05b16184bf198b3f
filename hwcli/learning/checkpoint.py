"""A checkpoint: all that a training run needs to go on exactly where it stopped (HDF5)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli import __version__
from hwcli.errors import BadInput
from hwcli.ink import stored
from hwcli.ink.offsets import Scale
from hwcli.model.config import Config, ConfigError, Network, config_text, read_config
from hwcli.model.file import DAMAGE, Weights, finite_pair, read_all_weights

FORMAT = "hw-checkpoint"
FORMAT_VERSION = 1
LONGEST_POSITION = 64 << 20
"""Bytes of what is told of a run's course."""
MOST_SLOTS = 12
"""Arrays of an optimiser's state, for each of the weights' (and as many more)."""


@dataclass
class Position:
    """How far a run has come.

    Attributes
    ----------
    seed: of all chance in the run.
    batches: learned from so far, in all epochs.
    points: learned from so far.
    seconds: spent so far.
    rate_factor: what remains of the learning rate after steps back.
    best: the best validation loss so far (nats a point), None before the first.
    stale: validations since the best one.
    loss, loss_points: summed since the last validation, for the mean training loss.
    history: a record a validation.
    """

    seed: int
    batches: int = 0
    points: int = 0
    seconds: float = 0.0
    rate_factor: float = 1.0
    best: float | None = None
    stale: int = 0
    loss: float = 0.0
    loss_points: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Terms:
    """What goes into the model's file besides the network.

    Attributes
    ----------
    licence: terms of the data.
    made: a line a step that led to the model: program, version, command line.
    half: store the weights as 16-bit numbers.
    height: as ``Model`` has it.
    """

    licence: str = ""
    made: list[str] = field(default_factory=list)
    half: bool = False
    height: float = 1.0


@dataclass
class Checkpoint:
    """A run at rest: what it trains, how far it is, and which lines it learns from (``fingerprint``)."""

    config: Config
    scale: Scale
    weights: Weights
    slots: Sequence[NDArray[np.float32]]
    position: Position
    fingerprint: str
    parts: int = 1
    """How many parts a batch is cut into, each with chance of its own."""
    terms: Terms = field(default_factory=Terms)
    base: Weights = field(default_factory=dict)
    """The weights that a change of low rank is added to; empty where all weights are learned."""
    mean: Weights = field(default_factory=dict)
    """Of the weights so far; empty where none is kept."""


def checkpoint_of(model: Path) -> Path:
    """Return where the checkpoint of the run that makes ``model`` stands: ``m.checkpoint.h5`` for ``m.h5``."""
    stem = model.name.removesuffix(".h5").removesuffix(".hdf5")
    return model.with_name(f"{stem}.checkpoint.h5")


def write_checkpoint(file: BinaryIO, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to the seekable ``file``."""
    with h5py.File(file, "w") as root:
        root.attrs["format"] = FORMAT
        root.attrs["format_version"] = FORMAT_VERSION
        root.attrs["generator"] = f"hw {__version__}"
        root.attrs["config"] = config_text(checkpoint.config)
        root.attrs["fingerprint"] = checkpoint.fingerprint
        root.attrs["parts"] = checkpoint.parts
        root.attrs["terms"] = json.dumps(asdict(checkpoint.terms))
        root.attrs["scale"] = np.array([checkpoint.scale.mean, checkpoint.scale.sd], np.float64)
        position = json.dumps(asdict(checkpoint.position)).encode()
        root.create_dataset("position", data=np.frombuffer(position, np.uint8))
        parts = {"weights": checkpoint.weights, "base": checkpoint.base, "mean": checkpoint.mean}
        for group, weights in parts.items():
            for name, array in weights.items():
                root.create_dataset(f"{group}/{name}", data=array)
        for number, array in enumerate(checkpoint.slots):
            root.create_dataset(f"slots/{number:04}", data=array)


def read_checkpoint(file: BinaryIO, source: str) -> Checkpoint:
    """Read a checkpoint from the seekable ``file``; ``source`` is what messages call it.

    Raises
    ------
    BadInput: it is none, or a newer or a damaged one.
    """
    try:
        with stored.open_hdf5(file) as root:
            if root.attrs.get("format") != FORMAT:
                raise BadInput(source, "not a checkpoint of hw train")
            version = int(root.attrs["format_version"])
            if version > FORMAT_VERSION:
                raise BadInput(source, f"checkpoint format {version} is newer than this program's: update hw")
            return _read_open(root, source)
    except ConfigError as error:
        raise BadInput(source, str(error).removeprefix(f"{source}: ")) from error
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:300]
        raise BadInput(source, f"damaged checkpoint: {reason}") from error


def _read_open(root: h5py.File, source: str) -> Checkpoint:
    config = read_config(str(root.attrs["config"]), source)
    mean, sd = (finite_pair(row) for row in root.attrs["scale"])
    if min(sd) <= 0:
        raise ValueError("its scale is not positive")
    weights = read_all_weights(root, config.network)
    parts = int(root.attrs["parts"])
    if parts < 1:
        raise ValueError("a batch of no parts")
    return Checkpoint(
        config,
        Scale(mean, sd),
        weights,
        _slots(root, MOST_SLOTS * (len(weights) + 1)),
        Position(**_record(_text(root, "position"), Position(0))),
        str(root.attrs["fingerprint"]),
        parts,
        Terms(**_record(root.attrs["terms"], Terms())),
        _weights_if_there(root, "base", config.network),
        _weights_if_there(root, "mean", config.network),
    )


def _weights_if_there(root: h5py.File, group: str, network: Network) -> Weights:
    return read_all_weights(root, network, group) if group in root else {}


def _slots(root: h5py.File, most: int) -> list[NDArray[np.float32]]:
    names = sorted(root["slots"]) if "slots" in root else []
    if len(names) > most:
        raise ValueError(f"an optimiser's state of more than {most} arrays")
    found = (stored.numbers(root, f"slots/{name}", ("float32", "float16")) for name in names)
    return [array.astype(np.float32, copy=False) for array in found]


def _text(root: h5py.File, name: str) -> str:
    content = stored.numbers(root, name, ("uint8",))
    if content.ndim != 1 or len(content) > LONGEST_POSITION:
        raise ValueError(f"its {name} is no text, or too long")
    return content.tobytes().decode()


def _record(text: str, usual: Position | Terms) -> dict[str, Any]:
    """Return the JSON object ``text``, whose values must be of the kinds that ``usual`` has."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("a part of it is no record")
    for key, value in found.items():
        wanted = getattr(usual, key)
        if key == "best":
            fits = value is None or _is_finite(value)
        elif isinstance(wanted, list):
            kind = dict if key == "history" else str
            fits = isinstance(value, list) and all(isinstance(item, kind) for item in value)
        elif isinstance(wanted, float):
            fits = _is_finite(value) and (key == "loss" or value > 0 or (value == 0 and key != "height"))
        else:
            fits = type(value) is type(wanted) and (not isinstance(value, int) or value >= 0)
        if not fits:
            raise ValueError(f"its {key} cannot be {value!r:.60}")
    return found


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
