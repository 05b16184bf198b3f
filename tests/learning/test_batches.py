"""Batches of lines with their texts, and the scales of their offsets."""

import io

import numpy as np
import pytest

from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.augmentation import altered
from hwcli.learning.batches import TEXT_BLOCK, Lines
from hwcli.model.config import Noise

TEXTS = ["abc", "", "a much longer text", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cab"]
LETTERS = "abc" + " eghlmnorstux"


def wave(number):
    time = np.arange(20 + 5 * number)
    return np.column_stack([3 * time + np.cos(time), 8 * np.sin(time + number), time % 9 == 8])


@pytest.fixture
def reader():
    file = io.BytesIO()
    with StrokesWriter(file, ["made for a test"]) as writer:
        for number, text in enumerate(TEXTS):
            writer.add(Drawing(wave(number).astype(np.float32), id=f"l{number}", text=text))
    with StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5") as open_reader:
        yield open_reader


def decoded(codes):
    assert np.all(np.diff((codes < 0).astype(int)) >= 0), "a text is not followed by -1 alone"
    return "".join(LETTERS[code] for code in codes if code >= 0)


def test_texts_come_as_numbers_and_one_with_an_unknown_character_not_at_all(reader):
    lines = Lines(reader, np.arange(5), characters=LETTERS)
    batch = lines.batch([0, 1, 2, 3, 4])
    assert batch.text.dtype == np.int32
    assert batch.text.shape == (5, 2 * TEXT_BLOCK)
    assert [decoded(codes) for codes in batch.text] == ["abc", "", "a much longer text", "", "cab"]
    assert lines.batch([0, 4]).text.shape == (2, TEXT_BLOCK)
    assert lines.batch([1]).text.shape == (1, 0)


def test_the_order_and_the_choice_are_those_of_the_places(reader):
    lines = Lines(reader, np.array([4, 2, 0]), characters=LETTERS)
    batch = lines.batch([2, 0])
    assert [decoded(codes) for codes in batch.text] == ["abc", "cab"]
    assert list(batch.lengths) == [20, 40]
    assert lines.predictions == 19 + 29 + 39


def test_without_characters_no_text_is_read(reader):
    assert Lines(reader, np.arange(5)).batch([0, 2]).text.shape == (2, 0)


def test_what_alters_a_line_gets_it_cut_and_with_its_text(reader):
    seen = []

    def turned_round(points, text):
        seen.append((len(points), text))
        return points * np.array([-1, 1, 1], np.float32), text[::-1]

    lines = Lines(reader, np.arange(5), max_points=25, characters=LETTERS)
    plain, batch = lines.batch([0, 2]), lines.batch([0, 2], turned_round)
    assert seen == [(20, "abc"), (25, "a much longer text")]
    assert [decoded(codes) for codes in batch.text] == ["cba", "txet regnol hcum a"]
    np.testing.assert_allclose(batch.rows, plain.rows * [-1, 1, 1], atol=1e-5)


def test_each_line_of_a_batch_is_altered_by_chance_of_its_own(reader):
    lines, noise = Lines(reader, np.arange(5), characters=LETTERS), Noise(stretch=0.2, untexted=0.5)
    chance = np.random.default_rng(7)
    batch = lines.batch([0] * 40, lambda points, text: altered(points, text, noise, chance))
    assert len({rows.tobytes() for rows in np.swapaxes(batch.rows, 0, 1)}) == 40
    assert {decoded(codes) for codes in batch.text} == {"abc", ""}


def test_the_spread_is_one_scale_without_a_mean_that_turning_does_not_change(reader):
    lines = Lines(reader, np.arange(5))
    offsets = np.concatenate([np.diff(wave(number)[:, :2], axis=0) for number in range(5)])
    spread = lines.measured_scale("spread")
    assert spread.mean == (0, 0)
    np.testing.assert_allclose(spread.sd, [np.sqrt(np.mean(offsets**2))] * 2, rtol=1e-4)
    lines.scale = spread
    scaled = np.concatenate([lines.batch([place]).rows[1:, 0, :2] for place in range(5)])
    assert np.mean(scaled**2) == pytest.approx(1, rel=1e-4)
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]], np.float32)

    def turned(points, text):
        return np.column_stack([points[:, :2] @ turn.T, points[:, 2]]), text

    straight, round_ = lines.batch([3]).rows[:, 0, :2], lines.batch([3], turned).rows[:, 0, :2]
    np.testing.assert_allclose(straight @ turn.T, round_, atol=1e-4)
