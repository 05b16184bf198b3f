"""Pictures of what a model predicts: its loss along the lines, its density, the reach of its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing, Points
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.measuring.attention import attention_chart
from hwcli.measuring.chart import COLOURS, Axis, Chart, ink_path, text_at
from hwcli.measuring.evaluation import known_text, nats_between
from hwcli.measuring.gradient import point_losses, reach
from hwcli.model import Config, Model
from hwcli.wording import counted
from hwcli.writing.mixture import log_softmax, split
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.window import NO_TEXT, Text

Array = NDArray[np.float64]

FEW_LINES = 5
"""The mean of fewer lines than this says little; the curve ends there."""
DECADES = 4
"""Powers of ten between the lightest and the darkest density that is shown."""
COARSE = 6
"""Wide blobs are added up at every so many pixels only, which is far quicker and looks the same."""
REACH_PLACES = 8
"""At so many places of the line a loss is followed back."""
WIDTH, ROOM_FOR_TITLE = 960, 160
"""Pixels of a chart's width, and the least of its height beside the title of the axis."""


def finite(values: Any) -> Any:
    """Return ``values``; raises HwError when not all of them are finite."""
    if not np.isfinite(values).all():
        raise HwError("what the model predicts is not finite, or far too large: there is nothing to plot")
    return values


def smoothed(values: Array, length: int) -> Array:
    """Return the mean of ``length`` ``values`` about each; at the ends, of as many as there are."""
    window = np.ones(min(length, len(values)))
    sums = np.convolve(values, window, "same")
    mean: Array = sums / np.convolve(np.ones(len(values)), window, "same")
    return mean


def loss_chart(
    model: Model,
    scale: Scale,
    by_place: tuple[Array, Array],
    outputs: NDArray[np.float32],
    points: Points,
    name: str,
) -> str:
    """Return the SVG of the loss against the place in the line: the mean over lines, and one line's.

    Parameters
    ----------
    by_place: the mean losses of offset and pen at each place and how many lines have it, as
        ``Totals.by_place`` has them.
    outputs, points: the (N - 1, O) predictions of the one line and its (N, 3) points.
    name: of the one line.
    scale: of the offsets that the losses of a mixture are given for.
    """
    is_mixture = model.config.network.kind == "mixture"
    shift = nats_between(model.scale, scale) if is_mixture else 0
    targets = rows_from_points(points, model.scale)[1:]
    line = point_losses(model.config.network, outputs.astype(np.float64), targets) + shift
    losses, counts = by_place
    unit = "nats a point" if is_mixture else "squared error + nats of the pen"
    return _loss_chart(losses.sum(axis=0) + shift, counts, line, name, unit)


def _loss_chart(by_place: Array, counts: Array, line: Array, name: str, unit: str) -> str:
    mean = smoothed(by_place[counts >= min(FEW_LINES, counts.max())], 9)
    values = finite(np.concatenate([mean, smoothed(line, 9)]))
    low, high = np.percentile(values, [0.5, 99.5])
    room = max((high - low) * 0.08, 1e-3)
    chart = Chart(WIDTH, 440, "Loss along the line")
    x = Axis(1, max(len(mean), len(line), 2), 90, WIDTH - 30, is_whole=True)
    y = Axis(low - room, high + room, 370, 70)
    chart.axes(x, y, "predicted point", unit)
    chart.curve(x, y, np.arange(len(line)) + 1, smoothed(line, 9), COLOURS[1], 1, 0.7)
    chart.curve(x, y, np.arange(len(mean)) + 1, mean, COLOURS[0], 2)
    many = f"mean of {counted(int(counts.max()), 'lines')} (running mean of 9 points)"
    chart.legend(WIDTH - 390, 44, [(many, COLOURS[0], 2), (f"the line {name or 'shown'}", COLOURS[1], 1)])
    return chart.svg()


def predictions(model: Model, points: Points, text: Text = NO_TEXT) -> NDArray[np.float32]:
    """Return the outputs (N - 1, O) of ``model`` that predict each of the ``points`` (N, 3) but the first."""
    network = NumpyNetwork(model.config.network, model.weights)
    rows = rows_from_points(points, model.scale)[np.newaxis, :-1]
    outputs: NDArray[np.float32] = finite(network.run(rows, texts=[text])[0])
    return outputs


def density_chart(outputs: NDArray[np.float32], points: Points, scale: Scale, name: str) -> str:
    """Return the SVG of the predicted densities over the plane and the mixture's weights (Graves' figure 10).

    ``outputs`` (N - 1, 6M + 1) predict the ``points`` (N, 3) but the first.
    """
    margin, width = 30, WIDTH - 60
    corner, size = _frame(points)
    pixels = 1.5 * width / size[0]
    density = density_map(outputs, points, scale, corner, size, pixels)
    levels = np.log10(np.maximum(density / _brightest(density), 10.0**-DECADES)) / DECADES + 1
    height = size[1] * width / size[0]
    weights = np.exp(log_softmax(split(outputs).weights.astype(np.float64))).T
    below, high = 110 + height, max(12 * len(weights), ROOM_FOR_TITLE)
    chart = Chart(WIDTH, below + high + 70, f"Where the next point was expected{_of(name)}")
    chart.add(text_at(margin, 50, "The densities of all predictions, added up, and the true line on top."))
    chart.picture(margin, 70, width, height, np.minimum(levels, 1))
    chart.add(ink_path(points, corner, width / size[0], margin, 70))
    chart.heat_scale(WIDTH - 220, 36, 120, f"1e\N{MINUS SIGN}{DECADES}", "densest")
    x = Axis(0.5, len(outputs) + 0.5, margin + 60, margin + width, is_whole=True)
    y = Axis(len(weights) + 0.5, 0.5, below + high, below, is_whole=True)
    chart.axes(x, y, "predicted point", "component (weight 0 to 1)")
    chart.picture(margin + 60, below, width - 60, high, np.clip(weights, 0, 1))
    return chart.svg()


def _of(name: str) -> str:
    return f": {name}" if name else ""


def _frame(points: Points) -> tuple[Array, Array]:
    """Return the upper left corner and the size of the plane to show, in the ink's unit."""
    low, high = points[:, :2].min(axis=0).astype(np.float64), points[:, :2].max(axis=0).astype(np.float64)
    room = max(0.25 * (high - low)[1], 0.03 * (high - low)[0], 1e-3)
    size = high - low + 2 * room
    return low - room, np.maximum(size, [size[1] / 2, size[0] / 30])


def _brightest(density: Array) -> float:
    """Return what counts as the densest: all but the sharpest peaks lie below it."""
    there = density[density > 0]
    return float(np.percentile(there, 99.5)) if len(there) else 1.0


def density_map(
    outputs: NDArray[np.float32], points: Points, scale: Scale, corner: Array, size: Array, pixels: float
) -> Array:
    """Return the sum of the predictive densities, (rows, columns), at the centres of square pixels.

    The plane begins at ``corner``, is ``size`` large and has ``pixels`` pixels a unit of the ink.
    """
    mixture = split(outputs.astype(np.float64))
    log_weights = log_softmax(mixture.weights)
    sd, mean = np.asarray(scale.sd), np.asarray(scale.mean)
    centres = points[:-1, :2, np.newaxis] + mean[:, np.newaxis] + mixture.mean * sd[:, np.newaxis]
    centres = (centres - corner[:, np.newaxis]) * pixels - 0.5
    spread = np.exp(mixture.log_sd) * sd[:, np.newaxis] * pixels
    finite([centres**2, spread**4])
    correlation = np.tanh(mixture.correlation)
    columns, rows = np.maximum(np.ceil(size * pixels), 1).astype(int)
    fine, coarse = np.zeros((rows, columns)), np.zeros((rows // COARSE + 2, columns // COARSE + 2))
    for t, j in np.argwhere(log_weights > np.log(1e-3)):
        weight, centre, sd = np.exp(log_weights[t, j]), centres[t, :, j], spread[t, :, j]
        if sd.min() * np.sqrt(1 - correlation[t, j] ** 2) > 3 * COARSE:
            _add_blob(coarse, weight / COARSE**2, centre / COARSE, sd / COARSE, correlation[t, j])
        else:
            _add_blob(fine, weight, centre, sd, correlation[t, j])
    density: Array = fine + _between(rows, len(coarse)) @ coarse @ _between(columns, coarse.shape[1]).T
    return density


def _between(pixels: int, places: int) -> Array:
    """Return the matrix (pixels, places) that interpolates between values at every COARSE pixels."""
    found = [np.interp(np.arange(pixels) / COARSE, np.arange(places), row) for row in np.eye(places)]
    return np.stack(found, axis=1)


def _add_blob(density: Array, weight: float, centre: Array, sd: Array, correlation: float) -> None:
    """Add a Gaussian, all in pixels, to ``density``, no narrower than about a pixel and out to four sd."""
    covariance = np.array(
        [[sd[0] ** 2, correlation * sd[0] * sd[1]], [correlation * sd[0] * sd[1], sd[1] ** 2]]
    )
    covariance += np.eye(2) * 0.3
    reach_x, reach_y = 4 * np.sqrt(np.diag(covariance))
    rows, columns = density.shape
    left, right = (int(np.clip(centre[0] + side, 0, columns)) for side in (-reach_x, reach_x + 2))
    top, bottom = (int(np.clip(centre[1] + side, 0, rows)) for side in (-reach_y, reach_y + 2))
    if left >= right or top >= bottom:
        return
    determinant = covariance[0, 0] * covariance[1, 1] - covariance[0, 1] ** 2
    inverse = (
        np.array([[covariance[1, 1], -covariance[0, 1]], [-covariance[0, 1], covariance[0, 0]]]) / determinant
    )
    x, y = np.arange(left, right) - centre[0], (np.arange(top, bottom) - centre[1])[:, np.newaxis]
    exponent = inverse[0, 0] * x * x + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y * y
    density[top:bottom, left:right] += weight / (2 * np.pi * np.sqrt(determinant)) * np.exp(-exponent / 2)


def reach_chart(model: Model, points: Points, name: str, text: Text = NO_TEXT) -> str:
    """Return the SVG of how far back along the ``points`` (N, 3) the gradient of a prediction reaches.

    ``text`` is what they say, encoded; empty when the model is not to know.
    """
    rows = rows_from_points(points, model.scale)
    last = len(rows) - 2
    places = sorted({last - round(last / 2 * i / REACH_PLACES) for i in range(REACH_PLACES)})
    norms = reach(model.config.network, model.weights, rows, places, model.config.loss.pen_up_weight, text)
    return _reach_chart(norms, places, model.config, name)


def _reach_chart(norms: Array, places: list[int], config: Config, name: str) -> str:
    chart = Chart(WIDTH, 470, f"How far back the gradient of a prediction reaches{_of(name)}")
    far = norms.shape[1]
    positive: NDArray[Any] = norms[np.isfinite(norms) & (norms > 0)]
    high = finite(10 ** np.ceil(np.log10(positive.max(initial=1e-300) * 1.01)))
    low = max(10 ** np.floor(np.log10(positive.min(initial=high / 10))), high * 1e-12)
    x, y = Axis(0, max(far - 1, 1), 100, WIDTH - 30, is_whole=True), Axis(low, high, 400, 90, is_log=True)
    chart.axes(x, y, "points back (d)", "norm of the gradient, loss at t by input at t \N{MINUS SIGN} d")
    for line in norms:
        chart.curve(x, y, np.arange(far), _from(low, line), COLOURS[0], 0.8, 0.35)
    chart.curve(x, y, np.arange(far), _from(low, _geometric_mean(norms)), COLOURS[0], 2.2)
    _mark_bptt(chart, x, y, config)
    each = f"for t = {', '.join(str(place + 1) for place in places)}"
    chart.legend(110, 52, [(each, "#a5bfdc", 1), ("their geometric mean", COLOURS[0], 2.2)])
    return chart.svg()


def attention_of(model: Model, drawing: Drawing, points: Points) -> str:
    """Return the SVG of where in the text of ``drawing`` the window is at each of its ``points``."""
    network = model.config.network
    rows, text = rows_from_points(points, model.scale)[np.newaxis, :-1], known_text(drawing.text, network)
    shown = NumpyNetwork(network, model.weights).attention(rows, [text]).shown[0]
    return attention_chart(shown, drawing.text, points, drawing.id)


def _geometric_mean(norms: Array) -> Array:
    logs = np.log(np.where(norms > 0, norms, np.nan))
    known = np.isfinite(logs).sum(axis=0)
    sums = np.nansum(logs, axis=0)
    mean: Array = np.exp(np.where(known > 0, sums / np.maximum(known, 1), np.nan))
    return mean


def _from(low: float, values: Array) -> Array:
    """Return ``values`` with a gap where they are below ``low``, where a curve would run along the axis."""
    kept: Array = np.where(values >= low, values, np.nan)
    return kept


def _mark_bptt(chart: Chart, x: Axis, y: Axis, config: Config) -> None:
    """Mark over how many points the model was trained to go back, where that is less than the line."""
    stride, length = config.bptt.stride, config.bptt.length
    if 0 < length <= x.high:
        both = f"{length}: trained back this far (k2)" + (
            ", every so many points (k1)" if stride == length else ""
        )
        chart.upright(x, y, length, both, COLOURS[1])
    if 0 < stride <= x.high and stride != length:
        chart.upright(x, y, stride, f"{stride}: every so many points (k1)", COLOURS[2], level=1)
