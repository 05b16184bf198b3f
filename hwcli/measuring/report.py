"""The figures of an evaluation as text for people."""

from __future__ import annotations

from hwcli.ink.offsets import Scale
from hwcli.measuring.evaluation import Figures

NOTHING = "none to measure"


def figures_table(figures: Figures, scale: Scale, scale_from: str) -> str:
    """Return the ``figures``, a line each, and the ``scale`` of offsets that they are in, ``scale_from``."""
    rows = [("lines", f"{figures.lines:,}"), ("predicted points", f"{figures.points:,}")]
    if figures.nats_line is not None:
        error = "" if figures.nats_line_error is None else f"  (standard error {figures.nats_line_error:.1f})"
        rows += [
            ("nats a line", f"{figures.nats_line:.1f}{error}"),
            ("nats a point", _decimals(figures.nats_point)),
            ("  of that the offset", _decimals(figures.offset_nats_point)),
            ("  of that the pen", _decimals(figures.pen_nats_point)),
        ]
    else:
        rows += [
            ("loss a line", f"{figures.loss_line:.2f}  (as trained: the model's scale, pen-ups weighted)"),
            ("loss a point", _decimals(figures.loss_point)),
            ("nats a point of the pen", _decimals(figures.pen_nats_point)),
        ]
    rows += [
        ("squared error a point", _decimals(figures.squared_error_point)),
        ("strokes' ends", _share(figures.up_share) + " of the points"),
        ("  precision", _share(figures.up_precision)),
        ("  recall", _share(figures.up_recall)),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    factors = f"sd {scale.sd[0]:.5g} (x) and {scale.sd[1]:.5g} (y)"
    what = "nats and squared error" if figures.nats_line is not None else "squared error"
    lines.append(f"{what}: offsets in units of their {factors}, {scale_from}")
    return "".join(line + "\n" for line in lines)


def _decimals(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"
