"""The figures of a run for TensorBoard, through TensorFlow's own writer."""

from __future__ import annotations

import os
from collections.abc import Mapping

import tensorflow as tf


class Board:
    """Scalars over the points learned from, in a directory that TensorBoard watches."""

    def __init__(self, directory: str) -> None:
        """Write into ``directory``, beside what is there; raises OSError when that cannot be."""
        os.makedirs(directory, exist_ok=True)  # whose errors are plain, unlike TensorFlow's
        try:
            self._writer = tf.summary.create_file_writer(directory)
        except tf.errors.OpError as error:
            raise OSError("TensorFlow cannot write there") from error

    def add(self, record: Mapping[str, object], step: int) -> None:
        """Add the numbers of ``record`` under their names."""
        with self._writer.as_default(step=step):
            for name, value in record.items():
                if isinstance(value, int | float):
                    tf.summary.scalar(name, value)
        self._writer.flush()
