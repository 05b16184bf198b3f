"""The network as a TensorFlow graph: stacked LSTM layers, skip connections, the output layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from hwcli.learning.losses import clip_derivatives
from hwcli.learning.lstm import LayerStates, LayerWeights, lstm_sequence
from hwcli.model.config import Config, Network
from hwcli.model.file import Weights, weight_shapes

State = tuple[tuple[tf.Tensor, tf.Tensor], ...]
"""Hidden and cells of each layer, each (B, H)."""


class Treatment(NamedTuple):
    """What is done to a pass through the network in training only."""

    dropout_layers: float = 0.0
    dropout_output: float = 0.0
    seed: tf.Tensor | None = None
    """(2,) int32: chance of this pass."""
    clip_outputs: float = 0.0
    clip_cells: float = 0.0
    products: tf.DType = tf.float32


def initial_weights(network: Network, chance: np.random.Generator) -> Weights:
    """Return fresh weights by the names and shapes of ``weight_shapes``.

    Matrices are uniform with variance 1 / inputs (LeCun et al. 1998), gates are normal-sized at the start and
    the forget gates begin open with a bias of 1 (Gers et al. 2000; Jozefowicz et al. 2015), peepholes at 0.
    """
    weights = {}
    for name, shape in weight_shapes(network).items():
        if name.endswith(("kernel", "recurrent")):
            limit = np.sqrt(3 / shape[0]) if not name.startswith("output") else np.sqrt(3 / shape[0]) / 4
            weights[name] = chance.uniform(-limit, limit, shape).astype(np.float32)
        else:
            weights[name] = np.zeros(shape, np.float32)
        if name.startswith("lstm") and name.endswith("bias"):
            weights[name][network.units : 2 * network.units] = 1
    return weights


def zero_state(network: Network, batch: tf.Tensor | int) -> State:
    """Return the state before a line's first point."""
    zeros = tf.zeros([batch, network.units])
    return tuple((zeros, zeros) for _ in range(network.layers))


def layer_weights(weights: Mapping[str, tf.Tensor], layer: int) -> LayerWeights:
    """Return the weights of LSTM layer ``layer``."""
    prefix = f"lstm_{layer}/"
    kernel, recurrent, bias = (weights[prefix + part] for part in ("kernel", "recurrent", "bias"))
    return LayerWeights(kernel, recurrent, bias, weights.get(prefix + "peephole"))


def run_network(
    weights: Mapping[str, tf.Tensor],
    network: Network,
    rows: tf.Tensor,
    mask: tf.Tensor,
    state: State,
    treatment: Treatment = Treatment(),
) -> tuple[tf.Tensor, list[LayerStates]]:
    """Run the network over T steps of B lines.

    Parameters
    ----------
    rows: (T, B, 3) float32, the points that it reads; mask: (T, B, 1), 0 where there is none.
    state: before the first step.

    Returns
    -------
    outputs (T, B, O) and, for each layer, its states after every step.
    """
    states: list[LayerStates] = []
    for layer in range(network.layers):
        below = _dropped(states[-1].hidden, treatment.dropout_layers, treatment.seed, layer) if layer else rows
        inputs = tf.concat([rows, below], -1) if layer and network.skip else below
        lstm = layer_weights(weights, layer)
        states.append(lstm_sequence(inputs, mask, state[layer], lstm, treatment.clip_cells, treatment.products))
    hidden = tf.concat([s.hidden for s in states], -1) if network.skip else states[-1].hidden
    hidden = _dropped(hidden, treatment.dropout_output, treatment.seed, network.layers)
    outputs = _output_layer(hidden, weights["output/kernel"], weights["output/bias"], treatment.products)
    return clip_derivatives(outputs, treatment.clip_outputs), states


def _output_layer(hidden: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, products: tf.DType) -> tf.Tensor:
    flat = tf.reshape(hidden, [-1, kernel.shape[0]])
    outputs = tf.cast(tf.matmul(tf.cast(flat, products), tf.cast(kernel, products)), tf.float32) + bias
    return tf.reshape(outputs, [tf.shape(hidden)[0], tf.shape(hidden)[1], kernel.shape[1]])


def _dropped(values: tf.Tensor, share: float, seed: tf.Tensor | None, place: int) -> tf.Tensor:
    """Return ``values`` with a ``share`` of them at 0 and the rest scaled up (Srivastava et al. 2014)."""
    if not share or seed is None:
        return values
    return tf.nn.experimental.stateless_dropout(
        values, share, seed=tf.random.experimental.stateless_fold_in(seed, place)
    )


def treatment_for(config: Config, seed: tf.Tensor, products: tf.DType) -> Treatment:
    """Return how ``config`` treats a pass in training."""
    noise, optimiser = config.noise, config.optimiser
    return Treatment(
        noise.dropout_layers, noise.dropout_output, seed, optimiser.clip_outputs, optimiser.clip_cells, products
    )
