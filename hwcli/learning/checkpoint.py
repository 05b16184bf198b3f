"""A checkpoint: all that a training run needs to go on exactly where it stopped (HDF5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli import __version__
from hwcli.errors import BadInput
from hwcli.ink.offsets import Scale
from hwcli.model.config import Config, ConfigError, config_text, read_config
from hwcli.model.file import DAMAGE, Weights, read_weights, weight_shapes

FORMAT = "hw-checkpoint"
FORMAT_VERSION = 1


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
        for name, array in checkpoint.weights.items():
            root.create_dataset(f"weights/{name}", data=array)
        for number, array in enumerate(checkpoint.slots):
            root.create_dataset(f"slots/{number:04}", data=array)


def read_checkpoint(file: BinaryIO, source: str) -> Checkpoint:
    """Read a checkpoint from the seekable ``file``; ``source`` is what messages call it.

    Raises
    ------
    BadInput: it is none, or a newer or a damaged one.
    """
    try:
        with h5py.File(file, "r") as root:
            if root.attrs.get("format") != FORMAT:
                raise BadInput(source, "not a checkpoint of hw train")
            version = int(root.attrs["format_version"])
            if version > FORMAT_VERSION:
                raise BadInput(source, f"checkpoint format {version} is newer than this program's: update hw")
            return _read_open(root, source)
    except ConfigError as error:
        raise BadInput(source, str(error).removeprefix(f"{source}: ")) from error
    except DAMAGE as error:
        raise BadInput(source, f"damaged checkpoint: {error}") from error


def _read_open(root: h5py.File, source: str) -> Checkpoint:
    config = read_config(str(root.attrs["config"]), source)
    (mean_x, mean_y), (sd_x, sd_y) = root.attrs["scale"].tolist()
    shapes = weight_shapes(config.network)
    return Checkpoint(
        config,
        Scale((mean_x, mean_y), (sd_x, sd_y)),
        {name: read_weights(root, name, shape) for name, shape in shapes.items()},
        [root[f"slots/{name}"][()].astype(np.float32) for name in sorted(root["slots"])],
        Position(**json.loads(bytes(root["position"][()]))),
        str(root.attrs["fingerprint"]),
        int(root.attrs["parts"]),
        Terms(**json.loads(root.attrs["terms"])),
    )
