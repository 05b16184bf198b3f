"""Points a second of training, beside Keras' LSTM at the same batch and length in the same run.

    python tests/bench/bench_train.py [--batch 32] [--length 100] [--rounds 5]

Prints a JSON line for each: ours in float32 and bfloat16, Keras, and their ratios.  3 x 400 cells with skip
connections, 121 outputs, Adam and clipping included.  The rounds of all take turns, since machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from hwcli.learning.batches import Batch
from hwcli.learning.device import use_threads
from hwcli.learning.learner import Learner
from hwcli.learning.losses import mixture_loss
from hwcli.learning.network import initial_weights
from hwcli.model.config import Config, Loss, Network

Step = Callable[[], None]


def ours(precision: str, batch: Batch, cores: int) -> Step:
    """Return a function that learns from ``batch`` once, as one block."""
    length = len(batch.rows) - 1
    config = Config().updated({"bptt": {"stride": length, "length": length}, "optimiser": {"clip_norm": 2.0}})
    weights = initial_weights(config.network, np.random.default_rng(0))
    learner = Learner(config, weights, tf.as_dtype(precision), cores)
    return lambda: bool(learner.learn(batch, 1e-4, (0, 0)).finite)  # type: ignore[return-value]


def keras(batch: Batch) -> Step:
    """Return the same for three ``tf.keras.layers.LSTM`` with skip connections, Keras' Adam and clipping."""
    layers = tf.keras.layers
    rows = layers.Input([None, 3])
    hidden: list[tf.Tensor] = []
    for _ in range(3):
        below = layers.Concatenate()([rows, hidden[-1]]) if hidden else rows
        hidden.append(layers.LSTM(400, return_sequences=True)(below))
    model = tf.keras.Model(rows, layers.Dense(121)(layers.Concatenate()(hidden)))
    optimiser = tf.keras.optimizers.Adam(1e-4, global_clipnorm=2.0)
    lines = tf.constant(np.swapaxes(batch.rows, 0, 1))

    @tf.function
    def learn() -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = mixture_loss(model(lines[:, :-1]), lines[:, 1:], Network(), Loss())
            loss = tf.reduce_mean(losses)
        optimiser.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    return lambda: float(learn())  # type: ignore[return-value]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cores, _ = use_threads(None)
    rows = np.random.default_rng(1).normal(size=(options.length + 1, options.batch, 3)).astype(np.float32)
    rows[..., 2] = rows[..., 2] > 1
    batch = Batch(
        rows, np.full(options.batch, options.length + 1, np.int32), np.zeros((options.batch, 0), np.int32)
    )
    steps = {
        "hw float32": ours("float32", batch, cores),
        "hw bfloat16": ours("bfloat16", batch, cores),
        "keras float32": keras(batch),
    }
    for step in steps.values():
        step()
    speeds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.rounds):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            step()
            speeds[name].append(2 * options.batch * options.length / (time.perf_counter() - began))
    peer = float(np.median(speeds["keras float32"]))
    for name, each in speeds.items():
        middle = float(np.median(each))
        record = {"what": name, "points_per_second": round(middle), "of_keras": round(middle / peer, 2)}
        print(json.dumps(record | {"batch": options.batch, "length": options.length, "cores": cores}))


if __name__ == "__main__":
    main()
