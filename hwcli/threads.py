"""How many cores there are to work with, how many a matrix product takes, and which library makes it."""

from __future__ import annotations

import os

ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"} if os.uname().machine == "x86_64" else {}
"""Has TensorFlow take matrix products from oneDNN, which by itself it does on the newest processors alone."""


def cores() -> int:
    """Return how many cores this process may use, or, where that cannot be told, how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def one_core_a_product() -> None:
    """Have NumPy use one core a matrix product; before NumPy is imported, and unless the user says otherwise.

    The products of a network's step are too short for its threads: on a machine with other work to do, two that
    wait for each other at every step made it ten times slower.  Whole lines are shared out instead, products
    only with a second core that is free (``hwcli.writing.second_core``).
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def products_by_onednn() -> None:
    """Have TensorFlow take products from oneDNN; before it is imported, and unless the user says otherwise.

    Where AVX2 is all there is a training step takes 1.6 times as long without.
    """
    for name, value in ONEDNN.items():
        os.environ.setdefault(name, value)
