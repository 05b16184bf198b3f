"""When each stroke of a sheet is written."""

from __future__ import annotations

import numpy as np
import pytest

from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.motion import Times, times
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
    begin, duration = written(None)
    assert duration == pytest.approx([duration[0]] * 3)
    assert (np.diff(begin) > duration[:-1]).all()
    np.testing.assert_allclose(written(None, speed=2.0).begin, begin / 2)
