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

from hwcli.measuring.window_gradient import WindowTrace
from hwcli.model.config import Network
from hwcli.writing.mixture import component_log_densities, log_density, log_softmax, pen_loss, split
from hwcli.writing.window import NO_TEXT, Text

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
    window: WindowTrace | None
    """None of a network that reads no text."""


def _sigmoid(values: Array) -> Array:
    result: Array = 0.5 + 0.5 * np.tanh(values / 2)
    return result


def _peephole(weights: Weights, layer: int, units: int) -> Array:
    return np.asarray(weights.get(f"lstm_{layer}/peephole", np.zeros((3, units))), np.float64)


def _weight(weights: Weights, name: str) -> Array:
    return weights[name].astype(np.float64)


def forward(network: Network, weights: Weights, rows: NDArray[Any], text: Text = NO_TEXT) -> Trace:
    """Run the network over the ``rows`` (T, 3) of one line that says ``text``, from its beginning.

    Graves 2013, equations 1 to 4; with a window, section 5.1.
    """
    rows = rows.astype(np.float64)
    window = WindowTrace(network, weights, len(rows), text) if network.window else None
    layers = [_forward_layer(network, weights, 0, rows, window)]
    shown = [] if window is None else [window.vectors[1:]]
    for layer in range(1, network.layers):
        inputs = [*([rows] if network.skip else []), *shown, layers[-1].hidden[1:]]
        layers.append(_forward_layer(network, weights, layer, np.concatenate(inputs, axis=1)))
    outside = [trace.hidden[1:] for trace in (layers if network.skip else layers[-1:])]
    read = np.concatenate([*outside, *shown], axis=1)
    outputs = read @ _weight(weights, "output/kernel") + _weight(weights, "output/bias")
    return Trace(layers, read, outputs, window)


def _forward_layer(
    network: Network, weights: Weights, layer: int, inputs: Array, window: WindowTrace | None = None
) -> LayerTrace:
    """Run an LSTM layer over its ``inputs`` (T, K) (Graves 2013, equations 7 to 11).

    A ``window`` moves by what the layer puts out, which reads what it shows at the next step.
    """
    steps, units = len(inputs), network.units
    kernel, bias = _weight(weights, f"lstm_{layer}/kernel"), _weight(weights, f"lstm_{layer}/bias")
    from_inputs, from_window = np.split(kernel, [inputs.shape[1]])
    fixed = inputs @ from_inputs + bias
    trace = LayerTrace(
        inputs, np.zeros((steps, 4, units)), np.zeros((steps + 1, units)), np.zeros((steps + 1, units))
    )
    recurrent = _weight(weights, f"lstm_{layer}/recurrent")
    peepholes = _peephole(weights, layer, units)
    for t in range(steps):
        given = fixed[t] + trace.hidden[t] @ recurrent
        _lstm_step(trace, t, given if window is None else given + window.vectors[t] @ from_window, peepholes)
        if window is not None:
            window.step(t, trace.hidden[t + 1])
    if window is not None:
        trace.inputs = np.concatenate([inputs, window.vectors[:-1]], axis=1)
    return trace


def _lstm_step(trace: LayerTrace, t: int, given: Array, peepholes: Array) -> None:
    """Take the step ``t``, where the gates are ``given`` (4H,) all but what the cells tell them."""
    cells, (peep_in, peep_forget, peep_out) = trace.cells[t], peepholes
    pre_in, pre_forget, pre_candidate, pre_out = np.split(given, 4)
    in_gate = _sigmoid(pre_in + peep_in * cells)
    forget = _sigmoid(pre_forget + peep_forget * cells)
    candidate = np.tanh(pre_candidate)
    trace.cells[t + 1] = forget * cells + in_gate * candidate
    out_gate = _sigmoid(pre_out + peep_out * trace.cells[t + 1])
    trace.hidden[t + 1] = out_gate * np.tanh(trace.cells[t + 1])
    trace.gates[t] = in_gate, forget, candidate, out_gate


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
    units, skipped = network.units, 3 if network.skip else 0
    to_rows = np.zeros((*gradients.shape[:2], 3))
    to_read = gradients @ _weight(weights, "output/kernel").T
    to_read, to_shown = np.split(to_read, [to_read.shape[2] - network.alphabet], axis=2)
    if network.skip:
        to_hidden = np.split(to_read, network.layers, axis=2)
    else:
        to_hidden = [np.zeros_like(to_read) for _ in range(network.layers - 1)] + [to_read]
    deltas: list[Array] = [np.zeros(())] * network.layers
    for layer in reversed(range(1, network.layers)):
        deltas[layer] = _backward_layer(weights, layer, trace.layers[layer], to_hidden[layer])
        to_inputs = deltas[layer] @ _weight(weights, f"lstm_{layer}/kernel").T
        to_rows[..., :skipped] += to_inputs[..., :skipped]
        to_shown = to_shown + to_inputs[..., skipped:-units]
        to_hidden[layer - 1] = to_hidden[layer - 1] + to_inputs[..., -units:]
    shown = None if trace.window is None else (trace.window, to_shown)
    deltas[0] = _backward_layer(weights, 0, trace.layers[0], to_hidden[0], shown)
    to_rows += deltas[0] @ _weight(weights, "lstm_0/kernel")[:3].T
    return to_rows, deltas


def _backward_layer(
    weights: Weights,
    layer: int,
    trace: LayerTrace,
    to_hidden: Array,
    shown: tuple[WindowTrace, Array] | None = None,
) -> Array:
    """Return the derivatives (T, n, 4H) at an LSTM layer's pre-activations, by the chain rule.

    ``to_hidden`` (T, n, H) are those that come to its outputs from above; ``shown`` the window that hangs on
    it, and those (T, n, C) that come to the window's vectors from elsewhere.  The equations are those of Graves
    2013, 7 to 11, read backward; they are spelled out in Greff et al. 2017, appendix A.
    """
    steps, losses, units = to_hidden.shape
    recurrent = _weight(weights, f"lstm_{layer}/recurrent").T
    from_window = _weight(weights, f"lstm_{layer}/kernel")[3:].T
    peepholes = _peephole(weights, layer, units)
    deltas = np.zeros((steps, losses, 4 * units))
    from_later, to_cells = np.zeros((losses, units)), np.zeros((losses, units))
    if shown is not None:
        shown[0].begin_back(losses)
    for t in reversed(range(steps)):
        to_output = to_hidden[t] + from_later
        if shown is not None:
            later = deltas[t + 1] @ from_window if t + 1 < steps else 0
            to_output = to_output + shown[0].step_back(t, shown[1][t] + later)
        deltas[t], to_cells = _lstm_step_back(trace, t, to_output, to_cells, peepholes)
        from_later = deltas[t] @ recurrent
    return deltas


def _lstm_step_back(
    trace: LayerTrace, t: int, to_output: Array, to_cells: Array, peepholes: Array
) -> tuple[Array, Array]:
    """Return the derivatives (n, 4H) at the gates of step ``t``, and (n, H) at the cells before it.

    ``to_output`` and ``to_cells`` (n, H) are those at the outputs and the cells after it.
    """
    in_gate, forget, candidate, out_gate = trace.gates[t]
    peep_in, peep_forget, peep_out = peepholes
    squashed = np.tanh(trace.cells[t + 1])
    delta_out = to_output * squashed * out_gate * (1 - out_gate)
    to_cells = to_cells + to_output * out_gate * (1 - squashed**2) + delta_out * peep_out
    delta_in = to_cells * candidate * in_gate * (1 - in_gate)
    delta_forget = to_cells * trace.cells[t] * forget * (1 - forget)
    delta_candidate = to_cells * in_gate * (1 - candidate**2)
    before = to_cells * forget + delta_in * peep_in + delta_forget * peep_forget
    return np.concatenate([delta_in, delta_forget, delta_candidate, delta_out], axis=1), before


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
    if trace.window is not None:
        delta = trace.window.deltas[:, 0]
        found["window/kernel"] = trace.layers[0].hidden[1:].T @ delta
        found["window/bias"] = delta.sum(axis=0)
    found["output/kernel"] = trace.read.T @ gradients[:, 0]
    found["output/bias"] = gradients[:, 0].sum(axis=0)
    return found


def reach(
    network: Network,
    weights: Weights,
    rows: NDArray[Any],
    places: list[int],
    pen_up_weight: float = 1.0,
    text: Text = NO_TEXT,
) -> Array:
    """Return how strongly the loss at each of ``places`` depends on the inputs before it.

    The line of ``rows`` says ``text``.  The loss at place t is that of the prediction of row t + 1, made when
    row t has been read.  Returned is (n, T): at column d the Euclidean norm of its gradient with respect to row
    t - d; NaN where there is none.
    """
    trace = forward(network, weights, rows[:-1], text)
    at_outputs = output_gradients(network, trace.outputs, rows[1:], pen_up_weight)
    gradients = np.zeros((len(at_outputs), len(places), network.outputs))
    for number, place in enumerate(places):
        gradients[place, number] = at_outputs[place]
    to_rows, _ = backward(network, weights, trace, gradients)
    norms = np.full((len(places), len(at_outputs)), np.nan)
    for number, place in enumerate(places):
        norms[number, : place + 1] = np.linalg.norm(to_rows[place::-1, number], axis=1)
    return norms
