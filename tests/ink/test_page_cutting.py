"""Pages cut into lines: slanting ones, uneven ones, with descenders and with what was added later."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from conftest import drawings
from hypothesis import given, settings, strategies as st

from hwcli.ink import Drawing
from hwcli.ink.pages import Page, cut
from hwcli.ink.strokes_file import StrokesReader

MADE = drawings(12, seed=5)


def placed(drawing: Drawing, left: float, top: float, slope: float, size: float = 1.0) -> Drawing:
    """Return ``drawing`` as a line of a page: scaled, rising or falling, with its middle at ``top``."""
    points = drawing.points.astype(np.float64)
    points[:, :2] -= points[:, :2].min(0)
    points[:, 0] += left
    points[:, 1] += top - np.median(points[:, 1]) + slope * points[:, 0]
    points[:, :2] *= size
    return Drawing(points.astype(np.float32), drawing.id)


def page_of(lines: list[Drawing], **channels: np.ndarray) -> Page:
    return Page(np.concatenate([line.points for line in lines]), "page", **channels)


def same(found: list[Drawing], lines: list[Drawing]) -> bool:
    return len(found) == len(lines) and all(
        one.points.shape == other.points.shape and (one.points == other.points).all()
        for one, other in zip(found, lines, strict=True)
    )


HEIGHT = float(np.median([np.ptp(drawing.points[:, 1]) for drawing in MADE]))


@settings(max_examples=60, deadline=None)
@given(
    slopes=st.lists(st.floats(-0.03, 0.03), min_size=1, max_size=8),
    tilt=st.floats(-0.06, 0.06),
    pitch=st.floats(1.1, 3),
    size=st.sampled_from([0.001, 1.0, 400.0]),
    left=st.lists(st.floats(0, 150), min_size=8, max_size=8),
)
def test_lines_of_any_slant_and_size_are_found(
    slopes: list[float], tilt: float, pitch: float, size: float, left: list[float]
) -> None:
    lines = [
        placed(MADE[index], left[index], index * pitch * HEIGHT, tilt + slope, size)
        for index, slope in enumerate(slopes)
    ]
    found = cut(page_of(lines))
    assert same(found, lines)
    assert [line.id for line in found] == (
        ["page"] if len(lines) == 1 else [f"page-{number:02}" for number in range(1, len(lines) + 1)]
    )
    assert not any(isinstance(line, Page) for line in found)


def test_descenders_into_the_next_line_stay_with_their_own() -> None:
    base = [placed(MADE[index], 0, index * 1.4 * HEIGHT, 0) for index in range(3)]
    tail = np.array([[400, 0.2 * HEIGHT, 0], [400, 1.2 * HEIGHT, 0], [380, 1.1 * HEIGHT, 1]], np.float32)
    base[0] = Drawing(np.concatenate([base[0].points, tail]))
    assert same(cut(page_of(base)), base)


def test_what_is_added_to_a_line_later_comes_back_to_it() -> None:
    lines = [placed(MADE[index], 0, index * 2 * HEIGHT, 0.02) for index in range(5)]
    dot = np.array([[300, 2 * HEIGHT + 6, 1]], np.float32)
    word = placed(MADE[7], lines[2].points[:, 0].max() + HEIGHT, 4 * HEIGHT, 0.02).points
    page = Page(np.concatenate([*(line.points for line in lines), dot, word]), "page")
    found = cut(page)
    assert [len(line) for line in found] == [
        len(line) + more for line, more in zip(lines, (0, 1, len(word), 0, 0), strict=True)
    ]


def test_lines_are_given_from_top_to_bottom_whenever_they_were_written() -> None:
    lines = [placed(MADE[index], 0, index * 2 * HEIGHT, 0) for index in range(4)]
    page = page_of([lines[1], lines[3], lines[0], lines[2]])
    assert same(cut(page), lines)


def test_time_and_pressure_go_along() -> None:
    lines = [placed(MADE[index], 0, index * 2 * HEIGHT, 0) for index in range(2)]
    count = sum(map(len, lines))
    time, pressure = np.arange(count, dtype=np.float32), np.linspace(0, 1, count, dtype=np.float32)
    _, second = cut(page_of(lines, time=time, pressure=pressure))
    assert second.time is not None
    assert second.pressure is not None
    assert second.time.tolist() == list(range(len(lines[1])))
    assert second.pressure[-1] == 1


def rule(left: float, right: float, y: float) -> np.ndarray:
    """Return a straight stroke from left to right."""
    x = np.linspace(left, right, 12)
    return np.column_stack([x, np.full(12, y), np.arange(12) == 11]).astype(np.float32)


def test_underlines_and_frames_are_no_lines() -> None:
    lines = [placed(MADE[index], 0, index * 1.5 * HEIGHT, 0) for index in range(4)]
    under = []
    for index, line in enumerate(lines):
        edges = line.points[:, 0].min(), line.points[:, 0].max()
        under.append(rule(*edges, index * 1.5 * HEIGHT + 0.45 * HEIGHT))
    frame = np.array([[-60, -HEIGHT, 0], [2000, -HEIGHT, 0], [2000, 6 * HEIGHT, 0], [-60, 6 * HEIGHT, 1]])
    at_once = [Drawing(np.concatenate([line.points, more])) for line, more in zip(lines, under, strict=True)]
    assert same(cut(page_of(at_once)), at_once)
    later = Page(np.concatenate([*(line.points for line in lines), *under]), "page")
    assert same(cut(later), at_once)
    framed = Page(np.concatenate([frame.astype(np.float32), *(line.points for line in lines)]), "page")
    assert [len(line) for line in cut(framed)] == [len(lines[0]) + 4, *map(len, lines[1:])]


def test_a_word_or_a_character_may_be_a_line() -> None:
    strokes = [next(drawing.strokes()) for drawing in MADE]
    lines = [placed(Drawing(stroke), 0, index * 1.3 * HEIGHT, 0) for index, stroke in enumerate(strokes)]
    assert same(cut(page_of(lines)), lines)


def test_most_lines_of_pages_of_short_and_long_lines_are_wholly_right() -> None:
    chance = np.random.default_rng(1)
    right = count = 0
    for _ in range(12):
        lines = []
        for row in range(10):
            whole = list(MADE[chance.integers(len(MADE))].strokes())
            part = whole[: chance.choice([1, 2, 5, len(whole)])]
            place = chance.uniform(0, 40), row * 1.2 * HEIGHT, chance.normal(0, 0.01)
            lines.append(placed(Drawing(np.concatenate(part)), *place))
        found = {line.points.tobytes() for line in cut(page_of(lines))}
        right += sum(line.points.tobytes() in found for line in lines)
        count += len(lines)
    assert right >= 0.92 * count, right / count


def test_columns_are_read_one_after_the_other() -> None:
    title = placed(MADE[9], 300, -2 * HEIGHT, 0)
    wide = max(float(np.ptp(line.points[:, 0])) for line in MADE) + 2 * HEIGHT
    lines = [
        placed(MADE[index], 0 if index < 4 else wide, index % 4 * 1.6 * HEIGHT, 0.01) for index in range(8)
    ]
    assert same(cut(page_of([title, *lines])), [title, *lines])


def test_rows_with_a_gap_are_no_columns() -> None:
    wide = max(float(np.ptp(line.points[:, 0])) for line in MADE) + 2 * HEIGHT
    cells = [
        [placed(MADE[index + side], side * wide, index * HEIGHT, 0) for side in (0, 1)] for index in (0, 2, 4)
    ]
    rows = [Drawing(np.concatenate([cell.points for cell in row])) for row in cells]
    assert same(cut(page_of(rows)), rows)


def test_who_goes_back_within_a_line_goes_on_with_it() -> None:
    lines = [placed(MADE[index], 0, index * 2 * HEIGHT, 0) for index in range(4)]
    word = placed(MADE[7], lines[0].points[:, 0].max() + HEIGHT, 0, 0).points
    third = list(lines[2].strokes())
    half = len(third) // 2
    order = [lines[0].points, lines[1].points, *third[:half], word, *third[half:], lines[3].points]
    expected = [Drawing(np.concatenate([lines[0].points, word])), *lines[1:]]
    assert same(cut(Page(np.concatenate(order), "page")), expected)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(*[st.floats(-1e9, 1e9, width=32)] * 2, st.booleans()), max_size=40))
def test_any_ink_is_cut_into_all_of_its_strokes(rows: list[tuple[float, float, bool]]) -> None:
    points = np.array(rows, np.float32).reshape(-1, 3)
    found = cut(Page(points, "p"))
    kept = sorted(map(tuple, np.concatenate([line.points[:, :2] for line in found]).tolist()))
    assert kept == sorted(map(tuple, points[:, :2].tolist()))


def test_lines_of_the_real_database(iam_ondb: Path, run_hw: object, tmp_path: Path) -> None:
    assert callable(run_hw)
    archives = sorted(iam_ondb.glob("lineStrokes*.tar.gz"))
    run_hw("ingest", *archives, "-o", tmp_path / "all.h5", "-q")
    with (tmp_path / "all.h5").open("rb") as file, StrokesReader(file, "all") as reader:
        forms = defaultdict(list)
        for index, id in enumerate(reader.ids):
            forms[id.rpartition("-")[0]].append((id, index))
        chosen = list(itertools.islice(sorted(forms.items()), 0, None, 40))
        right = 0
        for _, members in chosen:
            lines = [reader[index] for _, index in sorted(members)]
            right += same(cut(page_of(lines)), lines)
    assert right >= 0.97 * len(chosen)


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.array([[1, 2, 1]]), np.array([[1, 2, 0], [3, 4, 0]])])
def test_what_has_no_lines_is_one(points: np.ndarray) -> None:
    (line,) = cut(Page(points.astype(np.float32), "p"))
    assert (line.id, len(line)) == ("p", len(points))
