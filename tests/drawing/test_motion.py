"""When each stroke of a sheet is written."""

from __future__ import annotations

import numpy as np
import pytest

from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.motion import Times, times
from hwcli.drawing.pace import STEADY, Course
from hwcli.drawing.style import Style
from hwcli.ink import Drawing


def written(seconds: list[float] | None, speed: float = 1.0) -> Times:
    """Three strokes of two points, each as long as the one before."""
    points = [(20 * stroke, 10 * end, end) for stroke in range(3) for end in (0, 1)]
    time = None if seconds is None else np.array(seconds, np.float32)
    return times(lay_out([Drawing(np.array(points, np.float32), time=time)], Layout()), Style(), speed)


def test_ink_keeps_its_own_times_but_for_long_rests() -> None:
    known = written([5, 6, 7, 8, 68, 69.5])
    np.testing.assert_allclose(known.duration, [1, 1, 1.5])
    np.testing.assert_allclose(np.diff(known.begin), [2, 1 + 3])


def test_other_ink_is_written_stroke_after_stroke_by_a_steady_hand() -> None:
    begin, duration, _ = written(None)
    assert duration == pytest.approx([duration[0]] * 3)
    assert (np.diff(begin) > duration[:-1]).all()
    np.testing.assert_allclose(written(None, speed=2.0).begin, begin / 2)


# --- within a stroke ---------------------------------------------------------------------------------------


def course_of(seconds: list[float], way: list[float]) -> Course:
    """Return the course of one level stroke that has come so far by those times."""
    points = np.array([(x, 0, i == len(way)) for i, x in enumerate(way, start=1)], np.float32)
    drawing = Drawing(points, time=np.array(seconds, np.float32))
    (course,) = times(lay_out([drawing], Layout()), Style(), 1.0).courses
    return course


def test_a_stroke_is_fast_where_the_pen_was() -> None:
    course = course_of([7.0, 7.05, 7.1, 8.05, 9.0], [0, 25, 50, 75, 100])
    np.testing.assert_allclose(course.time, [0, 0.05, 1], atol=1e-6)
    np.testing.assert_allclose(course.way, [0, 0.5, 1])


def test_a_pen_that_rests_on_the_paper_rests() -> None:
    course = course_of([0, 1, 2, 3], [0, 50, 50, 100])
    np.testing.assert_allclose(np.interp([1 / 3, 0.5, 2 / 3], *course), 0.5)


def test_a_long_stroke_of_a_steady_hand_has_few_knots() -> None:
    ticks = np.arange(400)  # as clocks in hundredths count what comes 75 times a second
    course = course_of((ticks / 75).round(2).tolist(), ticks.astype(float).tolist())
    assert len(course.time) <= 4


@pytest.mark.parametrize(
    "seconds",
    [[0, 0, 0, 0, 0], [0, 0.1, 0.05, 1.0, 2.0], [0, 0.05, float("nan"), 1.0, 2.0]],
    ids=["none", "falling", "unknown"],
)
def test_times_that_do_not_tell_leave_a_stroke_steady(seconds: list[float]) -> None:
    assert course_of(seconds, [0, 25, 50, 75, 100]) is STEADY


def test_points_that_came_together_are_no_leap() -> None:
    course = course_of([0, 0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3], [0, 10, 20, 30, 40, 50, 60, 70])
    assert (np.diff(course.time) > 0).all()
    np.testing.assert_allclose(np.interp([0, 1 / 3, 2 / 3, 1], *course), [0, 3 / 7, 5 / 7, 1], atol=0.01)
