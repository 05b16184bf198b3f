"""The end of a text: no stroke too few, none too many."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from hwcli.model.file import read_model
from hwcli.options import BUNDLED_MODEL
from hwcli.writing import lanes
from hwcli.writing.hands import Scribe
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings

TEXTS = ["that was it", "she said hi", "a big E", "two and a half"] * 6


@pytest.fixture(scope="module")
def scribe() -> Scribe:
    with BUNDLED_MODEL.open("rb") as file:
        model = read_model(file, "bundled")
    return Scribe(
        model, Writer(NumpyNetwork(model.config.network, model.weights), model.scale, Manner(0.25, 1.0))
    )


def written(scribe: Scribe) -> list[lanes.Ink]:
    orders = [
        scribe.written(text, None, lambda take, number=number: chance_for(1, number, take))
        for number, text in zip(count(), TEXTS, strict=False)
    ]
    return [part.points for part in write_drawings(scribe.writer, iter(orders), len(orders), 1) if part.last]


def test_what_is_due_of_the_last_character_is_still_written(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(scribe)
    monkeypatch.setattr(lanes, "SURE", 1)
    short = written(scribe)
    added = 0
    for ink, before in zip(whole, short, strict=True):
        np.testing.assert_array_equal(ink[: len(before)], before)
        assert before[-1, 2] == ink[-1, 2] == 1
        more = ink[len(before) :]
        if len(more):
            added += 1
            assert more[0, 0] < before[:, 0].max() + scribe.writer.scale.sd[0]
            assert (more[:, 2] == 1).sum() <= 2
    assert added >= len(TEXTS) // 6
