"""The network as a TensorFlow graph: stacked LSTM layers, skip connections, the window, the output layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from hwcli.learning.losses import clip_derivatives
from hwcli.learning.lstm import LayerStates, LayerWeights, lstm_sequence
from hwcli.learning.products import affine
from hwcli.learning.window import WindowedState, WindowWeights, windowed_sequence
from hwcli.model.config import Config, Network
from hwcli.model.file import Weights, weight_shapes

State = tuple[LayerStates | WindowedState, ...]
"""Of each layer: hidden and cells, (H, B); of the first also its window's, where there is one."""


class Treatment(NamedTuple):
    """What is done to a pass through the network in training only."""

    dropout_layers: float = 0.0
    dropout_output: float = 0.0
    dropout_recurrent: float = 0.0
    seed: tf.Tensor | None = None
    """(2,) int32: chance of this pass."""
    clip_outputs: float = 0.0
    clip_cells: float = 0.0
    products: tf.DType = tf.float32
    part: int = 0
    """Which of the parts of a batch that run side by side."""


INITIAL_BETA = -0.5
USUAL_PACE = 25.0
"""Points a character of IAM-OnDB's lines as they were recorded."""


def initial_weights(network: Network, chance: np.random.Generator, pace: float = USUAL_PACE) -> Weights:
    """Return fresh weights by the names and shapes of ``weight_shapes``.

    Matrices are uniform with variance 1 / inputs (LeCun et al. 1998), gates are normal-sized at the start and
    the forget gates begin open with a bias of 1 (Gers et al. 2000; Jozefowicz et al. 2015), peepholes at 0.
    The window begins to move by a character every ``pace`` points, and is somewhat wider than a character.
    """
    weights = {}
    for name, shape in weight_shapes(network).items():
        if name.endswith(("kernel", "recurrent")):
            limit = np.sqrt(3 / shape[0]) if name.startswith("lstm") else np.sqrt(3 / shape[0]) / 4
            weights[name] = chance.uniform(-limit, limit, shape).astype(np.float32)
        else:
            weights[name] = np.zeros(shape, np.float32)
        if name.startswith("lstm") and name.endswith("bias"):
            weights[name][network.units : 2 * network.units] = 1
        if name == "window/bias":
            weights[name] = np.repeat(np.array([0, INITIAL_BETA, -np.log(pace)], np.float32), network.window)
    return weights


def zero_state(network: Network, batch: tf.Tensor | int) -> State:
    """Return the state before a line's first point."""
    zeros, windows, letters = (tf.zeros([n, batch]) for n in (network.units, network.window, network.alphabet))
    layers: list[LayerStates | WindowedState] = [LayerStates(zeros, zeros) for _ in range(network.layers)]
    if network.window:
        layers[0] = WindowedState(zeros, zeros, windows, letters)
    return tuple(layers)


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
    text: tf.Tensor | None = None,
) -> tuple[tf.Tensor, State]:
    """Run the network over T steps of B lines.

    Parameters
    ----------
    rows: (T, B, 3) float32, the points that it reads; mask: (T, B, 1), 0 where there is none.
    state: before the first step.
    text: (B, U) int32, places in ``network.characters``, -1 after a text's end; where there is a window.

    Returns
    -------
    outputs (T, B, O) and, for each layer, its states after every step.
    """
    clip, products, part = treatment.clip_cells, treatment.products, treatment.part
    states: list[LayerStates | WindowedState] = []
    shown: list[tf.Tensor] = []
    rows, mask = (tf.transpose(each, [0, 2, 1]) for each in (rows, mask))
    for layer, initial in enumerate(state):
        lstm = layer_weights(weights, layer)
        kept = _kept(treatment, layer, [tf.shape(rows)[0], network.units, tf.shape(rows)[2]])
        if isinstance(initial, WindowedState):
            window = WindowWeights(weights["window/kernel"], weights["window/bias"])
            letters = tf.one_hot(text, network.alphabet)
            moved = windowed_sequence(rows, letters, mask, initial, (lstm, window), clip, products, part, kept)
            states.append(moved)
            shown = [moved.vector]
            continue
        below = _dropped(states[-1].hidden, treatment.dropout_layers, treatment.seed, layer) if layer else rows
        given = [rows] if layer and network.skip else []
        states.append(lstm_sequence([*given, *shown, below], mask, initial, lstm, clip, products, part, kept))
    read = [each.hidden for each in (states if network.skip else states[-1:])]
    if treatment.dropout_output:
        read = [_dropped(tf.concat(read, 1), treatment.dropout_output, treatment.seed, network.layers)]
    outputs = affine([*read, *shown], weights["output/kernel"], weights["output/bias"], treatment.products)
    outputs = clip_derivatives(tf.transpose(outputs, [0, 2, 1]), treatment.clip_outputs)
    return outputs, tuple(states)


def _dropped(values: tf.Tensor, share: float, seed: tf.Tensor | None, place: int) -> tf.Tensor:
    """Return ``values`` with a ``share`` of them at 0 and the rest scaled up (Srivastava et al. 2014)."""
    if not share or seed is None:
        return values
    seed = tf.random.experimental.stateless_fold_in(seed, place)
    # Its chances are of the type of the values: bfloat16 has too few numbers to hit the share.
    dropped = tf.nn.experimental.stateless_dropout(tf.cast(values, tf.float32), share, seed=seed)
    return tf.cast(dropped, values.dtype)


def _kept(treatment: Treatment, layer: int, shape: list[int | tf.Tensor]) -> tf.Tensor | None:
    """Return what recurrent dropout multiplies candidates of ``shape`` (T, H, B) by; None: there is none.

    Each unit of each line is dropped at each step by a chance of its own (Semeniuta et al. 2016).
    """
    share, seed = treatment.dropout_recurrent, treatment.seed
    if not share or seed is None:
        return None
    seed = tf.random.experimental.stateless_fold_in(seed, -1 - layer)
    return tf.where(tf.random.stateless_uniform(shape, seed) < share, 0.0, 1 / (1 - share))


def treatment_for(config: Config, seed: tf.Tensor, products: tf.DType, part: int) -> Treatment:
    """Return how ``config`` treats a pass in training."""
    noise, clip = config.noise, (config.optimiser.clip_outputs, config.optimiser.clip_cells)
    shares = (noise.dropout_layers, noise.dropout_output, noise.dropout_recurrent)
    return Treatment(*shares, seed, *clip, products, part)
