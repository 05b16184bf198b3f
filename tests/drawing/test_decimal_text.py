"""Many numbers as text."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given, settings, strategies as st

from hwcli.drawing import numbers
from hwcli.drawing.numbers import decimal_text

values = st.lists(st.one_of(st.integers(-2000, 2000), st.integers(-(10**15), 10**15)))


@given(values)
@settings(deadline=None)
def test_each_number_is_written_exactly_and_as_short_as_can_be(thousandths: list[int]) -> None:
    text, ends = decimal_text(np.array(thousandths, np.int64))
    starts = [0, *ends[:-1]]
    words = [text[start:end].decode() for start, end in zip(starts, ends, strict=False)]
    assert [word[0] for word in words] == ["-" if value < 0 else " " for value in thousandths]
    plain = [f"{Decimal(value).scaleb(-3).normalize():f}" for value in thousandths]
    assert [word.lstrip() for word in words] == plain
    assert len(text) == (ends[-1] if thousandths else 0)


def test_pieces_fit_together(rng: np.random.Generator) -> None:
    thousandths = rng.integers(0, 10**7, 2 * numbers.AT_ONCE + 5)
    text, ends = decimal_text(thousandths)
    assert np.array_equal(np.rint(np.array(text.split(), float) * 1000).astype(np.int64), thousandths)
    assert text[ends[-2] : ends[-1]].decode() == f" {Decimal(int(thousandths[-1])).scaleb(-3).normalize():f}"
