"""Datasets of HDF5 files from anywhere: only what lies in the file itself, and no more than it can hold."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

LARGEST_CHUNK = 64 << 20
"""Bytes of a piece that a dataset is stored in."""
MOST_CHUNKS = 1 << 20
"""Pieces of one dataset; HDF5 keeps a note of each."""
BEST_COMPRESSION = 1032
"""Of deflate; data that claims to be packed better was never written."""
USUAL_COMPRESSION, SLACK = 16, 1 << 20
"""How well numbers that were measured or learned can be packed; and bytes that do not count."""


def own_dataset(root: h5py.File, name: str) -> h5py.Dataset:
    """Return the dataset ``name`` of the open file ``root``.

    Raises
    ------
    ValueError: it is missing, or it or a group on the way to it is a link, or its data lie in another file, or
        in pieces that are too large or too many.
    """
    place: Any = root
    for part in name.split("/"):
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} is missing or a link")
        place = place[part]
    if not isinstance(place, h5py.Dataset) or place.external or place.is_virtual:
        raise ValueError(f"{name} is not a dataset of this file")
    if place.chunks and place.shape is not None:
        if int(np.prod(place.chunks, dtype=object)) * place.dtype.itemsize > LARGEST_CHUNK:
            raise ValueError(f"{name} is stored in too large pieces")
        counts = (-(-length // piece) for length, piece in zip(place.shape, place.chunks, strict=True))
        if int(np.prod([*counts], dtype=object)) > MOST_CHUNKS:
            raise ValueError(f"{name} is stored in too many pieces")
    return place


def check_held(
    dataset: h5py.Dataset, name: str, compression: int = BEST_COMPRESSION, slack: int = 8192
) -> None:
    """Refuse a dataset that claims to be more than its bytes on the disk can hold.  Raises ValueError."""
    if dataset.shape is None:
        raise ValueError(f"{name} is empty")
    size = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    if size > compression * dataset.id.get_storage_size() + slack:
        raise ValueError(f"{name} is cut short")


def numbers(
    root: h5py.File, name: str, types: tuple[str, ...], shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """Return all of the dataset ``name``, which has one of ``types`` and the ``shape`` (None: any).

    Raises
    ------
    ValueError: it is another one, or as ``own_dataset`` and ``check_held`` say.
    """
    dataset = own_dataset(root, name)
    if dataset.dtype.name not in types or dataset.shape is None or shape not in (None, dataset.shape):
        wanted = "x".join(map(str, shape)) + " " if shape is not None else ""
        raise ValueError(f"{name} are not {wanted}numbers of type {' or '.join(types)}")
    check_held(dataset, name, USUAL_COMPRESSION, SLACK)
    array: NDArray[Any] = dataset[()]
    return array
