"""The best of several takes by a judge of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwcli.model.file import read_model
from hwcli.writing.hands import Judge, Scribe
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings


def written(model_h5: Path, takes: int, judge: Judge | None, workers: int = 1) -> list[Any]:
    with model_h5.open("rb") as file:
        model = read_model(file, "model")
    writer = Writer(NumpyNetwork(model.config.network, model.weights), model.scale, Manner(0.5))
    scribe = Scribe(model, writer, takes, judge)
    orders = [
        scribe.written(text, None, lambda take, number=number: chance_for(1, number, take), most=60)
        for number, text in enumerate(["ab", "cde"])
    ]
    # As the judge sees them: level and for themselves.
    return [scribe.alone(None, part.points) for part in write_drawings(writer, orders, 4, workers) if part.last]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_take_that_the_judge_likes_best_is_written(texted_h5: Path, workers: int) -> None:
    seen: dict[str, list[float]] = {"ab": [], "cde": []}

    def width(points: Any, text: str) -> float:
        seen[text].append(float(np.ptp(points[:, 0])))
        return seen[text][-1]

    wide = written(texted_h5, 3, width, workers)
    assert all(len(widths) >= 3 for widths in seen.values())
    for ink, widths in zip(wide, seen.values(), strict=True):
        assert np.ptp(ink[:, 0]) == pytest.approx(max(widths), rel=1e-5)


def test_without_a_judge_it_is_the_window_that_decides(texted_h5: Path) -> None:
    usual = written(texted_h5, 3, None)
    indifferent = written(texted_h5, 3, lambda points, text: 0.0)
    for one, other in zip(usual, indifferent, strict=True):
        np.testing.assert_array_equal(one, other)
