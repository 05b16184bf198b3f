"""The network and its gradient in plain NumPy float64, one line of writing at a time.

Written as the equations stand in Graves 2013 and with nothing done for speed: what the quicker ways are tested
against, and what shows how far back the gradient of a prediction reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.model.config import Network
from hwcli.writing.mixture import component_log_densities, log_density, log_softmax, pen_loss, split

Array = NDArray[np.float64]
Weights = Mapping[str, NDArray[Any]]


@dataclass
class LayerTrace:
    """What one LSTM layer was given and what it did at each of T steps."""

    inputs: Array
    """(T, K)."""
    gates: Array
    """(T, 4, H): input, forget, candidate, output, after their sigmoid or tanh."""
    cells: Array
    """(T + 1, H): before the first step, then after each."""
    hidden: Array
    """(T + 1, H), likewise."""


@dataclass
class Trace:
    """All that a forward pass over a line leaves behind."""

    layers: list[LayerTrace]
    read: Array
    """(T, W), what the output layer read."""
    outputs: Array
    """(T, O)."""


def _sigmoid(values: Array) -> Array:
    result: Array = 0.5 + 0.5 * np.tanh(values / 2)
    return result


def _peephole(weights: Weights, layer: int, units: int) -> Array:
    return np.asarray(weights.get(f"lstm_{layer}/peephole", np.zeros((3, units))), np.float64)


def _weight(weights: Weights, name: str) -> Array:
    return weights[name].astype(np.float64)


def forward(network: Network, weights: Weights, rows: NDArray[Any]) -> Trace:
    """Run the network over the ``rows`` (T, 3) of one line, from its beginning (Graves 2013, equations 1-4)."""
    rows = rows.astype(np.float64)
    layers: list[LayerTrace] = []
    for layer in range(network.layers):
        below = [layers[-1].hidden[1:]] if layer else []
        inputs = np.concatenate([rows, *below], axis=1) if not layer or network.skip else below[0]
        layers.append(_forward_layer(network, weights, layer, inputs))
    read = np.concatenate([trace.hidden[1:] for trace in (layers if network.skip else layers[-1:])], axis=1)
    outputs = read @ _weight(weights, "output/kernel") + _weight(weights, "output/bias")
    return Trace(layers, read, outputs)


def _forward_layer(network: Network, weights: Weights, layer: int, inputs: Array) -> LayerTrace:
    """Run an LSTM layer over its ``inputs`` (T, K) (Graves 2013, equations 7 to 11)."""
    steps, units = len(inputs), network.units
    trace = LayerTrace(
        inputs, np.zeros((steps, 4, units)), np.zeros((steps + 1, units)), np.zeros((steps + 1, units))
    )
    fixed = inputs @ _weight(weights, f"lstm_{layer}/kernel") + _weight(weights, f"lstm_{layer}/bias")
    recurrent = _weight(weights, f"lstm_{layer}/recurrent")
    peep_in, peep_forget, peep_out = _peephole(weights, layer, units)
    for t in range(steps):
        cells = trace.cells[t]
        pre_in, pre_forget, pre_candidate, pre_out = np.split(fixed[t] + trace.hidden[t] @ recurrent, 4)
        in_gate = _sigmoid(pre_in + peep_in * cells)
        forget = _sigmoid(pre_forget + peep_forget * cells)
        candidate = np.tanh(pre_candidate)
        trace.cells[t + 1] = forget * cells + in_gate * candidate
        out_gate = _sigmoid(pre_out + peep_out * trace.cells[t + 1])
        trace.hidden[t + 1] = out_gate * np.tanh(trace.cells[t + 1])
        trace.gates[t] = in_gate, forget, candidate, out_gate
    return trace


def point_losses(network: Network, outputs: Array, targets: NDArray[Any], pen_up_weight: float = 1.0) -> Array:
    """Return the training loss (T,) of each of the ``targets`` (T, 3) under ``outputs`` (T, O)."""
    targets = targets.astype(np.float64)
    up = targets[:, 2]
    if network.kind == "mixture":
        offset, logit = -log_density(split(outputs), targets[:, :2]), outputs[:, 0]
    else:
        offset, logit = np.square(outputs[:, :2] - targets[:, :2]).sum(axis=1), outputs[:, 2]
    losses: Array = offset + pen_loss(logit, up) * (1 + (pen_up_weight - 1) * up)
    return losses


def output_gradients(
    network: Network, outputs: Array, targets: NDArray[Any], pen_up_weight: float = 1.0
) -> Array:
    """Return the derivative (T, O) of each point's ``point_losses`` with respect to its ``outputs``."""
    targets = targets.astype(np.float64)
    if network.kind == "mixture":
        gradients = _mixture_gradients(outputs, targets[:, :2])
        pen = 0
    else:
        gradients = np.zeros_like(outputs)
        gradients[:, :2] = 2 * (outputs[:, :2] - targets[:, :2])
        pen = 2
    end, up = _sigmoid(outputs[:, pen]), targets[:, 2]
    gradients[:, pen] = (1 - up) * end - pen_up_weight * up * (1 - end)
    return gradients


def _mixture_gradients(outputs: Array, offsets: Array) -> Array:
    """Return the derivatives (T, 6M + 1) of the offsets' log-loss (Graves 2013, equations 28 to 37)."""
    mixture = split(outputs)
    log_weights = log_softmax(mixture.weights)
    terms = log_weights + component_log_densities(mixture, offsets)
    responsibility = np.exp(terms - terms.max(axis=-1, keepdims=True))
    responsibility /= responsibility.sum(axis=-1, keepdims=True)
    sd_x, sd_y = np.moveaxis(np.exp(mixture.log_sd), 1, 0)
    x, y = (offsets[:, 0:1] - mixture.mean[:, 0]) / sd_x, (offsets[:, 1:2] - mixture.mean[:, 1]) / sd_y
    correlation = np.tanh(mixture.correlation)
    narrowness = 1 / (1 - correlation**2)
    from_x, from_y = narrowness * (x - correlation * y), narrowness * (y - correlation * x)
    distance = x * from_x + y * from_y
    parts = [
        np.exp(log_weights) - responsibility,
        -responsibility * from_x / sd_x,
        -responsibility * from_y / sd_y,
        -responsibility * (x * from_x - 1),
        -responsibility * (y * from_y - 1),
        -responsibility * (x * y + correlation * (1 - distance)),
    ]
    return np.concatenate([np.zeros((len(outputs), 1)), *parts], axis=1)


def backward(network: Network, weights: Weights, trace: Trace, gradients: Array) -> tuple[Array, list[Array]]:
    """Go back through the line for n losses at once.

    Parameters
    ----------
    gradients: (T, n, O), of each loss with respect to the outputs.

    Returns
    -------
    The derivatives with respect to the rows, (T, n, 3), and to each layer's pre-activations, (T, n, 4H) in the
    order input, forget, candidate, output.
    """
    units = network.units
    to_rows = np.zeros((*gradients.shape[:2], 3))
    to_read = gradients @ _weight(weights, "output/kernel").T
    if network.skip:
        to_hidden = np.split(to_read, network.layers, axis=2)
    else:
        to_hidden = [np.zeros_like(to_read) for _ in range(network.layers - 1)] + [to_read]
    deltas: list[Array] = [np.zeros(())] * network.layers
    for layer in reversed(range(network.layers)):
        deltas[layer] = _backward_layer(weights, layer, trace.layers[layer], to_hidden[layer])
        to_inputs = deltas[layer] @ _weight(weights, f"lstm_{layer}/kernel").T
        if layer == 0 or network.skip:
            to_rows += to_inputs[..., :3]
        if layer:
            to_hidden[layer - 1] = to_hidden[layer - 1] + to_inputs[..., -units:]
    return to_rows, deltas


def _backward_layer(weights: Weights, layer: int, trace: LayerTrace, to_hidden: Array) -> Array:
    """Return the derivatives (T, n, 4H) at an LSTM layer's pre-activations, by the chain rule.

    ``to_hidden`` (T, n, H) are those that come to its outputs from above.  The equations are those of Graves
    2013, 7 to 11, read backward; they are spelled out in Greff et al. 2017, appendix A.
    """
    steps, losses, units = to_hidden.shape
    recurrent = _weight(weights, f"lstm_{layer}/recurrent").T
    peep_in, peep_forget, peep_out = _peephole(weights, layer, units)
    deltas = np.zeros((steps, losses, 4 * units))
    from_later, to_cells = np.zeros((losses, units)), np.zeros((losses, units))
    for t in reversed(range(steps)):
        in_gate, forget, candidate, out_gate = trace.gates[t]
        squashed = np.tanh(trace.cells[t + 1])
        to_output = to_hidden[t] + from_later
        delta_out = to_output * squashed * out_gate * (1 - out_gate)
        to_cells += to_output * out_gate * (1 - squashed**2) + delta_out * peep_out
        delta_in = to_cells * candidate * in_gate * (1 - in_gate)
        delta_forget = to_cells * trace.cells[t] * forget * (1 - forget)
        delta_candidate = to_cells * in_gate * (1 - candidate**2)
        deltas[t] = np.concatenate([delta_in, delta_forget, delta_candidate, delta_out], axis=1)
        from_later = deltas[t] @ recurrent
        to_cells = to_cells * forget + delta_in * peep_in + delta_forget * peep_forget
    return deltas


def weight_gradients(network: Network, trace: Trace, gradients: Array, deltas: list[Array]) -> dict[str, Array]:
    """Return the derivative of one loss with respect to every weight, by name.

    ``gradients`` (T, 1, O) and ``deltas`` are what ``backward`` was given and gave.
    """
    found: dict[str, Array] = {}
    for layer, (step, delta) in enumerate(zip(trace.layers, (d[:, 0] for d in deltas), strict=True)):
        found[f"lstm_{layer}/kernel"] = step.inputs.T @ delta
        found[f"lstm_{layer}/recurrent"] = step.hidden[:-1].T @ delta
        found[f"lstm_{layer}/bias"] = delta.sum(axis=0)
        if network.peepholes:
            to_in, to_forget, _, to_out = np.split(delta, 4, axis=1)
            found[f"lstm_{layer}/peephole"] = np.stack(
                [
                    (to_in * step.cells[:-1]).sum(axis=0),
                    (to_forget * step.cells[:-1]).sum(axis=0),
                    (to_out * step.cells[1:]).sum(axis=0),
                ]
            )
    found["output/kernel"] = trace.read.T @ gradients[:, 0]
    found["output/bias"] = gradients[:, 0].sum(axis=0)
    return found


def reach(
    network: Network, weights: Weights, rows: NDArray[Any], places: list[int], pen_up_weight: float = 1.0
) -> Array:
    """Return how strongly the loss at each of ``places`` depends on the inputs before it.

    The loss at place t is that of the prediction of row t + 1, made when row t has been read.  Returned is
    (n, T): at column d the Euclidean norm of its gradient with respect to row t - d; NaN where there is none.
    """
    trace = forward(network, weights, rows[:-1])
    at_outputs = output_gradients(network, trace.outputs, rows[1:], pen_up_weight)
    gradients = np.zeros((len(at_outputs), len(places), network.outputs))
    for number, place in enumerate(places):
        gradients[place, number] = at_outputs[place]
    to_rows, _ = backward(network, weights, trace, gradients)
    norms = np.full((len(places), len(at_outputs)), np.nan)
    for number, place in enumerate(places):
        norms[number, : place + 1] = np.linalg.norm(to_rows[place::-1, number], axis=1)
    return norms
