"""What the machine is made for: its cores, and the type in which it multiplies fastest."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import tensorflow as tf

from hwcli.threads import cores

Strategy: TypeAlias = tf.distribute.Strategy
BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}
"""Processor flags (as Linux names them) of machines that multiply bfloat16 faster than float32."""


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers of the parameters of mallopt(3)."""


def use_threads(
    count: int | None, first: Callable[[], Strategy] = tf.distribute.get_strategy
) -> tuple[int, Strategy]:
    """Let TensorFlow use ``count`` cores (None: all there are); return how many, and what ``first`` gives.

    ``first`` makes the strategy of the run, before TensorFlow does anything else, as it has to be.

    Each core runs a part of the batch on its own, so an operation inside a part gets one thread.  Has to be
    called before TensorFlow does anything else.
    """
    count = count or cores()
    _keep_memory()
    tf.config.threading.set_inter_op_parallelism_threads(count)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    strategy = first()
    tf.zeros([])  # the first operation looks for devices, and says on stderr what it does not find
    return count, strategy


def _keep_memory() -> None:
    """Let the C library (glibc) keep what it frees: each step frees and takes the same blocks again.

    By default it gives blocks of this size back to the system at once, and fetching them anew, zeroed page by
    page, takes a tenth of a training step.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return  # another C library
    for parameter, value in ((M_MMAP_THRESHOLD, 1 << 30), (M_TRIM_THRESHOLD, (1 << 31) - 1)):
        mallopt(parameter, value)


def products_type(precision: str) -> tf.DType:
    """Return the type of matrix products that ``training.precision`` asks for.

    ``auto`` is bfloat16 where a GPU or the processor is made for it, else float32.
    """
    if precision == "auto":
        precision = "bfloat16" if _is_made_for_bfloat16() else "float32"
    return tf.as_dtype(precision)


def _is_made_for_bfloat16() -> bool:
    for gpu in tf.config.list_physical_devices("GPU"):
        return bool(tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) >= (8, 0))
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not BFLOAT16_FLAGS.isdisjoint(flags.split())
