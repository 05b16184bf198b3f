"""How often lines are learned from, for the rare characters of their texts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hwcli.learning.weighting import OFTEN, repeated, times_for_rare


@pytest.mark.parametrize("most", [1, 3, 100])
def test_a_rare_character_comes_to_one_line_in_a_hundred_as_far_as_is_allowed(most: int) -> None:
    texts = ["plain"] * 990 + ["plan 9"] + ["in 12"] * 5 + [""] * 4
    times = times_for_rare(texts, most)
    assert times.min() >= 1
    assert times.max() <= most
    assert (times[:990] == 1).all()
    assert (times[996:] == 1).all()
    assert times[990] == min(most, OFTEN * len(texts))
    assert (times[991:996] == min(most, 2)).all()
    counts = Counter[str]()
    for text, count in zip(texts, times, strict=True):
        counts.update(dict.fromkeys(text, int(count)))
    if most > 9:
        assert all(counts[character] >= OFTEN * len(texts) for character in "129")


def test_lines_without_texts_come_once() -> None:
    np.testing.assert_array_equal(times_for_rare(["", ""], 9), [1, 1])
    assert len(times_for_rare([], 9)) == 0


def test_what_comes_again_comes_after_all_in_order() -> None:
    lines = repeated(np.array([4, 6, 7]), np.array([1, 3, 2]))
    np.testing.assert_array_equal(lines, [4, 6, 7, 6, 7, 6])
