"""Where in a line's ink each character of its text begins and ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hwcli.ink import Drawing
from hwcli.ink.segments import ends_of, words
from hwcli.model import Config
from hwcli.model.file import Model, read_model, weight_shapes
from hwcli.options import BUNDLED_MODEL
from hwcli.recombining.segmentation import likeliest_path, readable, segmented
from hwcli.writing.hands import Scribe
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings

KNOWN = set("abcdefghijklmnopqrstuvwxyzDZ ,.12359'-/")
LINES = ("Dear Ann, the parcel", "came on 3 May, at 9.15", "I said it is a jar of quinces")
APART = 2.2
"""Between words, as a multiple of the spread of the ink's height: clearly more than between letters."""


@cache
def bundled() -> Model:
    with BUNDLED_MODEL.open("rb") as file:
        return read_model(file, "bundled")


@given(st.integers(1, 5).flatmap(lambda u: st.tuples(st.just(u), st.integers(u, 8))), st.integers(0, 2**32 - 1))
def test_the_path_is_the_best_of_all_that_there_are(shape: tuple[int, int], seed: int) -> None:
    states, steps = shape
    scores = np.random.default_rng(seed).normal(0, 3, (steps, states))

    def paths() -> Iterator[np.ndarray]:
        for moves in itertools.combinations(range(1, steps), states - 1):
            yield np.searchsorted(moves, np.arange(steps), "right")

    def worth(path: np.ndarray) -> float:
        return float(scores[np.arange(steps), path].sum())

    found = likeliest_path(scores)
    assert found[0] == 0
    assert found[-1] == states - 1
    assert set(np.diff(found)) <= {0, 1}
    assert worth(found) == pytest.approx(max(map(worth, paths())))


@pytest.mark.parametrize(
    ("text", "plain", "ends"),
    [
        ("ab c", "ab c", [1, 2, 3, 4]),
        ("Zoë", "Zoe", [1, 2, 3]),
        ("e\u0301a", "ea", [1, 1, 2]),
        ("£1 a", "1 a", [0, 1, 2, 3]),
        ("a → b", "a b", [1, 2, 2, 2, 3]),
        (" a\tb ", "a b", [0, 1, 2, 3, 3]),
        ("→", "", [0]),
        ("don’t … ½", "don't ... 1/2", [1, 2, 3, 4, 5, 6, 9, 10, 13]),
        ("a—b ﬁ", "a - b fi", [1, 4, 5, 6, 8]),
    ],
)
def test_a_text_is_brought_to_the_characters_of_the_model(text: str, plain: str, ends: list[int]) -> None:
    assert readable(text, KNOWN) == (plain, ends)


def lines_of_words(model: Model, chance: np.random.Generator) -> Iterator[tuple[Drawing, list[int]]]:
    """Yield lines whose words were written one by one, and after how many points each word ends."""
    network = NumpyNetwork(model.config.network, model.weights)
    scribe = Scribe(model, Writer(network, model.scale, Manner(0.75)), 4)
    said = [word for line in LINES for word in line.split()]
    orders = [
        scribe.written(word, None, lambda take, number=number: chance_for(1, number, take))
        for number, word in enumerate(said)
    ]
    written: list[list[np.ndarray]] = [[] for _ in said]
    for part in write_drawings(scribe.writer, orders, 4 * len(said)):
        written[part.number].append(part.points)
    inks = iter([np.concatenate(parts) for parts in written])
    for line in LINES:
        x, row = 0.0, []
        for _ in line.split():
            ink = next(inks)
            ink[:, 0] += x - ink[:, 0].min()
            ink[-1, 2] = 1
            x = float(ink[:, 0].max()) + APART * chance.uniform(1, 1.5)
            row.append(ink)
        yield (
            Drawing(np.concatenate(row).astype(np.float32), text=line),
            np.cumsum(list(map(len, row))).tolist(),
        )


def test_words_that_were_written_one_by_one_are_found_to_the_point() -> None:
    lines = list(lines_of_words(bundled(), np.random.default_rng(0)))
    found = segmented((line for line, _ in lines), bundled())
    for (line, ends), aligned in zip(lines, found, strict=True):
        assert [part.text for part in words(aligned)] == line.text.split()
        assert [part.stop for part in words(aligned)] == ends


@given(
    st.text("ab é,→£\t\u0301", max_size=12),
    st.lists(st.tuples(st.floats(-99, 99), st.floats(-99, 99), st.booleans()), max_size=40),
)
def test_whatever_the_ink_each_point_is_of_one_character(
    text: str, rows: list[tuple[float, float, bool]]
) -> None:
    drawing = Drawing(np.array(rows, np.float32).reshape(-1, 3), id="x", text=text)
    (found,) = segmented([drawing], bundled())
    assert found.points is drawing.points
    can_be_read = readable(text, set(bundled().config.network.characters)).text and len(rows) > 1
    if "ends" in found.extra:
        assert can_be_read
        assert ends_of(found) is not None
    else:
        assert found is drawing


def test_a_model_without_a_window_is_refused() -> None:
    config = Config().updated({"network": {"layers": 1, "units": 4, "mixtures": 1}})
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(config.network).items()}
    blind = Model(config, bundled().scale, weights)
    with pytest.raises(ValueError, match="window"):
        list(segmented([Drawing(np.zeros((9, 3), np.float32), text="a")], blind))


@pytest.mark.parametrize(("count", "length"), [(2, 60), (40_000, 3), (6_000, 5_000)])
def test_ink_that_cannot_say_its_text_is_passed_on_as_it_is(count: int, length: int) -> None:
    x = np.arange(count)
    points = np.column_stack([x, 40 * np.sin(x), np.zeros(count)]).astype(np.float32)
    drawing = Drawing(points, text="n" * length)
    (found,) = segmented([drawing], bundled())
    assert found is drawing
