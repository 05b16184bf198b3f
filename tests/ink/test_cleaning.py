"""What cleaning mends, and what it leaves alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from hwcli.ink import Drawing
from hwcli.ink.cleaning import NOTHING, REPEATS, Cleaning, clean, rising


def drawing(*rows: tuple[float, float, int], time: list[float] | None = None) -> Drawing:
    given_time = None if time is None else np.array(time, np.float32)
    return Drawing(np.array(rows, np.float32).reshape(-1, 3), "d", time=given_time)


def cleaned(ink: Drawing, **options: object) -> tuple[Drawing, Counter[str]]:
    counts: Counter[str] = Counter()
    result = clean(ink, Cleaning(**{"untimed": True, **options}), counts, counts)  # type: ignore[arg-type]
    assert result is not None
    return result, counts


@st.composite
def inks(draw: st.DrawFn) -> Drawing:
    n = draw(st.integers(0, 60))
    rows = np.zeros((n, 3), np.float32)
    rows[:, :2] = draw(arrays.arrays(np.int8, (n, 2), elements=st.integers(-3, 3)))
    rows[:, 2] = draw(arrays.arrays(np.bool_, n))
    rows[draw(st.lists(st.integers(0, max(n - 1, 0)), max_size=3)) if n else [], 0] += 500
    time = draw(arrays.arrays(np.float32, n, elements=st.floats(0, 10, width=16)))
    return Drawing(rows, time=time if n else None)


@given(ink=inks())
def test_cleaning_is_sound_whatever_the_ink(ink: Drawing) -> None:
    strokes = sum(1 for _ in ink.strokes())
    result, _ = cleaned(ink)
    assert np.isfinite(result.points).all()
    assert set(np.unique(result.points[:, 2])) <= {0, 1}
    assert sum(1 for _ in result.strokes()) >= strokes
    for stroke in result.strokes():
        assert (np.diff(stroke[:, :2], axis=0) != 0).any(axis=1).all()
    if result.time is not None:
        assert len(result.time) == len(result)
        assert (np.diff(result.time) >= 0).all()


@given(ink=inks())
def test_without_cleaning_the_ink_is_as_it_was(ink: Drawing) -> None:
    counts: Counter[str] = Counter()
    assert clean(ink, NOTHING, counts, counts) is ink
    assert not counts


def test_repeated_points_go_and_the_stroke_still_ends() -> None:
    ink = drawing(
        (1, 1, 0), (1, 1, 0), (2, 2, 0), (2, 2, 1), (2, 2, 1), (3, 3, 0), (3, 3, 1), time=list(range(7))
    )
    result, counts = cleaned(ink)
    assert result.points.tolist() == [[1, 1, 0], [2, 2, 1], [2, 2, 1], [3, 3, 1]]
    assert result.time is not None
    assert result.time.tolist() == [0, 2, 4, 5]
    assert counts[REPEATS] == 3
    assert len(cleaned(ink, repeats=False)[0]) == 7


def test_dots_stay_unless_they_are_dropped() -> None:
    ink = drawing((1, 1, 1), (5, 5, 0), (6, 6, 1), (9, 9, 1))
    assert len(cleaned(ink)[0]) == 4
    assert cleaned(ink, dots=False)[0].points.tolist() == [[5, 5, 0], [6, 6, 1]]


@pytest.mark.parametrize(
    ("time", "mended"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3]),
        ([0, 1, 0.5, 2, 3], [0, 1, 1.5, 2, 3]),
        ([5, 6, 0, 0, 6, 7], [5, 6, 6, 6, 6, 7]),
        ([5, 6, 1, 2, 3], [5, 6, 6, 7, 8]),
        ([5, 6, 1, 2, 1, 3], [5, 6, 6, 7, 7.5, 8]),
        ([0, np.nan, 2, 1, 3], [0, np.nan, 2, 2.5, 3]),
    ],
)
def test_time_rises(time: list[float], mended: list[float]) -> None:
    np.testing.assert_allclose(rising(np.array(time, float)), mended)


def line(*xs: float, last_up: int = 1) -> list[tuple[float, float, int]]:
    return [(x, 0, last_up if x == xs[-1] else 0) for x in xs]


STEADY = tuple(range(0, 300, 10))


def test_lost_points_are_put_back_where_the_pen_goes_straight_on() -> None:
    ink = drawing(*line(*STEADY, *range(500, 700, 10)), time=[*range(30), *range(50, 70)])
    result, _ = cleaned(ink)
    assert np.abs(np.diff(result.points[:, 0])).max() <= 10
    assert result.points[:, 2].tolist() == [0] * (len(result) - 1) + [1]
    np.testing.assert_allclose(np.interp([29, 39.5, 50], result.time, result.points[:, 0]), [290, 395, 500])


def test_a_pen_that_was_lifted_without_being_noticed_ends_its_stroke() -> None:
    ink = drawing(*line(*STEADY, last_up=0), *((x, 400.0, int(x == 0)) for x in range(290, -1, -10)))
    result, _ = cleaned(ink)
    np.testing.assert_array_equal(result.points[:, :2], ink.points[:, :2])
    assert np.flatnonzero(result.points[:, 2]).tolist() == [29, 59]


def test_long_steps_can_drop_the_drawing_or_be_kept() -> None:
    ink = drawing(*line(*STEADY, *range(500, 700, 10)))
    counts: Counter[str] = Counter()
    assert clean(ink, Cleaning(long_steps="drop", untimed=True), counts, counts) is None
    assert cleaned(ink, long_steps="keep")[0] is ink
    assert cleaned(ink, longest=250)[0] is ink
    assert len(cleaned(ink, longest=5)[0]) > len(ink)


def test_what_is_too_long_does_not_depend_on_the_unit() -> None:
    for unit in (2**-10, 1, 2**14):
        ink = drawing(*line(*STEADY, *range(500, 700, 10)))
        ink.points[:, :2] *= unit
        result, _ = cleaned(ink)
        assert len(result) == 70


def test_moves_between_strokes_may_be_long() -> None:
    ink = drawing(*line(*STEADY), *((x + 900.0, 0.0, int(x == 290)) for x in STEADY))
    assert cleaned(ink)[0] is ink


def test_clocks_and_steps_made_to_take_all_the_time() -> None:
    count = 40_000
    points = np.zeros((count, 3), np.float32)
    points[:, 0] = np.cumsum(np.where(np.arange(count) % 8, 1, 100))
    time = np.tile(np.array([1, 0], np.float32), count // 2)
    begun = process_time()
    cleaned = clean(Drawing(points, time=time), Cleaning(), Counter(), Counter())
    assert cleaned is not None
    assert (np.diff(cleaned.time) >= 0).all()
    assert process_time() - begun < 10


def test_filling_has_an_end() -> None:
    points = np.zeros((24_000, 3), np.float32)
    points[:, 0] = np.cumsum(np.where(np.arange(len(points)) % 4, 0.001, 1))
    with pytest.raises(ValueError, match="more than"):
        clean(Drawing(points), Cleaning(untimed=True), Counter(), Counter())


def test_ink_without_times_may_have_long_steps() -> None:
    rows = [(float(x), 0.0, 0.0) for x in range(30)] + [(29.0, 100.0, 0.0), (0.0, 100.0, 1.0)]
    ink = Drawing(np.array(rows, np.float32))
    assert cleaned(ink, untimed=False)[0] is ink
    timed = replace(ink, time=np.arange(len(ink), dtype=np.float32))
    for changed in (cleaned(ink)[0], cleaned(timed, untimed=False)[0]):
        assert changed.points[:, 2].sum() > 1
