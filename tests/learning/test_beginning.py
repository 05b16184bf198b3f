"""How a run begins where lines are prepared, read with their texts and altered; and that it is resumed."""

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.ink import Drawing
from hwcli.ink.joining import joined
from hwcli.ink.offsets import rows_from_points
from hwcli.ink.preparation import Preparation, placement_of, prepare
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.beginning import Validation, begin_run, resume_run
from hwcli.learning.checkpoint import Terms, read_checkpoint, write_checkpoint
from hwcli.learning.learner import Tally
from hwcli.learning.run import Learned, Limits
from hwcli.model.config import Config
from hwcli.model.file import read_model, write_model

TEXTS = ["an", "be", "cede", "dada", "", "Q", "abba", "deed", "bad"]
SLOPE = 0.2
FORM = Preparation(level=True, height=True, step=0.5)
CONFIG = Config().updated(
    {
        "network": {"layers": 2, "units": 4, "mixtures": 1, "window": 2, "characters": "abcden"},
        "data": {"scale": "spread", "level": True, "height": True, "step": 0.5},
        "noise": {"stretch": 0.1, "slant": 0.1, "turn": 0.05, "untexted": 0.3, "dropout_output": 0.1},
        "bptt": {"stride": 8, "length": 12},
        "optimiser": {"rate": 0.01, "clip_norm": 1.0},
        "training": {"batch": 4, "epochs": 20, "precision": "float32"},
    }
)
PLAIN = CONFIG.updated({"noise": {"stretch": 0.0, "slant": 0.0, "turn": 0.0, "untexted": 0.0}})
NOTHING = Validation()


def uphill(number):
    """Some letters' worth of ink, larger from line to line, that rises by SLOPE a unit of x."""
    time, size = np.arange(30 + 4 * number), 10.0 * (1 + number)
    x, y = size * time / 4, size * np.sin(time + number)
    return np.column_stack([x, y + SLOPE * x, (time % 10 == 9) | (time == time[-1])]).astype(np.float32)


def stroke_file(drawings):
    file = io.BytesIO()
    with StrokesWriter(file, ["made for a test"]) as writer:
        for drawing in drawings:
            writer.add(drawing)
    return StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5")


@pytest.fixture(scope="module")
def lines():
    return [Drawing(uphill(number), id=f"l{number}", text=text) for number, text in enumerate(TEXTS)]


@pytest.fixture
def reader(lines):
    # Of a dot, three points in one place, equal steps leave one: it is left out.
    dot = np.array([[5, 5, 0], [5, 5, 0], [5, 5, 1]], np.float32)
    with stroke_file([*lines, Drawing(dot, id="dot")]) as open_reader:
        yield open_reader


def begun(reader, config=CONFIG, validation=NOTHING, model=None):
    return begin_run(reader, validation, config, model, 5, 1, Terms())


def batches_of(run, count):
    """Return the first ``count`` batches that ``run`` would learn from."""
    seen = []

    def learn(batch, rate, seed):
        seen.append(batch)
        return Tally(0.0, 1, True)

    run.learner.learn = learn
    list(run.events(Limits(count)))
    return seen


def test_a_run_learns_from_prepared_lines(reader, lines):
    run = begun(reader, PLAIN)
    assert len(run.training) == len(lines)
    prepared = [prepare(drawing, FORM)[0] for drawing in lines]
    for place, drawing in enumerate(prepared):
        rows = run.training.batch([place]).rows[:, 0]
        np.testing.assert_allclose(rows, rows_from_points(drawing.points, run.training.scale), atol=1e-5)
        # However large and steep it was written, it is level and 1 high.
        again = placement_of(drawing.points, Preparation(level=True, height=True))
        assert again.slope == pytest.approx(0, abs=0.1)
        assert again.height == pytest.approx(1, rel=0.2)
    offsets = np.concatenate([np.diff(drawing.points[:, :2], axis=0) for drawing in prepared])
    assert run.training.scale.mean == (0, 0)
    np.testing.assert_allclose(run.training.scale.sd, [np.sqrt(np.mean(offsets**2))] * 2, rtol=1e-4)


def test_so_many_lines_as_the_configuration_says_are_drawn_by_chance(lines):
    plain = Config().updated({"network": {"layers": 1, "units": 4, "mixtures": 1}})

    def chosen(most, seed=5):
        with stroke_file(lines) as ink:
            config = plain.updated({"data": {"max_lines": most}})
            run = begin_run(ink, Validation(share=0.2), config, None, seed, 1, Terms())
            return run.training.chosen.tolist(), run.validation.chosen.tolist()

    everything, held_out = chosen(0)
    few, as_before = chosen(3)
    assert len(few) == 3
    assert set(few) < set(everything)
    assert as_before == held_out
    assert chosen(3)[0] == few
    assert len({tuple(chosen(3, seed)[0]) for seed in range(5)}) > 1
    assert chosen(len(everything))[0] == everything


def test_the_model_knows_how_large_the_ink_usually_was(reader, lines):
    heights = [prepare(drawing, FORM)[1].height for drawing in lines]
    run = begun(reader)
    file = io.BytesIO()
    write_model(file, run.model())
    model = read_model(file, "m.h5")
    assert model.height == pytest.approx(np.median(heights))
    assert (
        begun(reader, CONFIG.updated({"data": {"height": False, "level": False, "step": 0.0}})).model().height
        == 1
    )
    # A run from a model's weights keeps the model's scale and height, whatever its own lines are.
    with stroke_file(Drawing(uphill(number) * [3, 3, 1]) for number in range(4)) as larger:
        onward = begun(larger, model=model)
        assert onward.model().height == model.height
        assert onward.training.scale == model.scale


def test_lines_to_validate_on_are_prepared_and_not_altered(reader, lines):
    with stroke_file(lines[:3]) as other:
        run = begun(reader, CONFIG, Validation(reader=other))
        expected = [rows_from_points(prepare(d, FORM)[0].points, run.training.scale) for d in lines[:3]]
        batch = run.validation.batch([0, 1, 2])
        for column, rows in enumerate(expected):
            np.testing.assert_allclose(batch.rows[: len(rows), column], rows, atol=1e-5)
        assert [int((codes >= 0).sum()) for codes in batch.text] == [2, 2, 4]


@pytest.mark.parametrize(
    "config", [PLAIN, PLAIN.updated({"data": {"level": False, "height": False, "step": 0.0}})]
)
def test_a_line_is_read_after_those_before_it_on_its_page(lines, config):
    config = config.updated({"data": {"lines_before": 2}})
    ids = ["a-1", "a-2", "a-3", "a-4", "a-5", "b-1", "b-2", "", "b-3"]
    writers = ["w"] * 6 + ["v"] * 3
    drawings = [replace(line, id=id, writer=w) for line, id, w in zip(lines, ids, writers, strict=True)]
    with stroke_file(drawings) as pages, stroke_file(drawings) as other:
        run = begun(pages, config, Validation(reader=other))
        wanted = ["an", "an be", "an be cede", "dada", "", "Q", "abba", "deed", "bad"]
        assert [run.training.reader.texts[place] for place in range(9)] == wanted
        assert [run.validation.reader.texts[place] for place in range(9)] == TEXTS
        whole = prepare(joined(drawings[:3]), config.data.preparation)[0].points
        np.testing.assert_allclose(
            run.training.batch([2]).rows[:, 0], rows_from_points(whole, run.training.scale), atol=1e-5
        )


def test_lines_with_rare_characters_come_again(lines):
    texts = ["plain"] * 199 + ["9"]
    drawings = [replace(lines[number % len(lines)], text=text) for number, text in enumerate(texts)]
    config = PLAIN.updated({"data": {"rare_times": 5, "lines_before": 1}})
    with stroke_file(drawings) as many:
        training = begun(many, config).training
        assert Counter(training.reader.texts) == {"plain": 199, "9": 2}
        assert (training.again, training.too_short, training.too_many) == (1, 0, 0)
        assert begun(many, PLAIN).training.again == 0


def test_lines_are_altered_anew_in_each_epoch_and_the_same_in_the_same_run(reader):
    first, again = (batches_of(begun(reader), 6) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.text, other.text)
    plain = batches_of(begun(reader, PLAIN), 3)
    assert {int(length) for batch in first[:3] for length in batch.lengths} == {
        int(length) for batch in plain for length in batch.lengths
    }
    shortest = [
        next(batch.rows[:, column] for batch in epoch for column in np.flatnonzero(batch.lengths == least))
        for epoch in (first[:3], first[3:], plain)
        for least in [min(batch.lengths.min() for batch in epoch)]
    ]
    moved = [each[np.any(each != 0, axis=1)] for each in shortest]
    assert np.abs(moved[0][:5] - moved[1][:5]).max() > 0.005
    assert np.abs(moved[0][:5] - moved[2][:5]).max() > 0.005


def test_a_run_with_a_window_stopped_and_resumed_is_the_run_that_went_through(reader):
    share = Validation(share=0.2)
    through, halves = begun(reader, CONFIG, share), begun(reader, CONFIG, share)
    list(through.events(Limits(5)))
    list(halves.events(Limits(3)))
    file = io.BytesIO()
    write_checkpoint(file, halves.checkpoint())
    resumed = resume_run(reader, share, CONFIG, read_checkpoint(file, "checkpoint"))
    events = list(resumed.events(Limits(5)))
    assert all(np.isfinite(event.loss) for event in events if isinstance(event, Learned))
    weights = resumed.learner.current_weights()
    for name, array in through.learner.current_weights().items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name)
    for slot, other in zip(through.learner.slots(), resumed.learner.slots(), strict=True):
        np.testing.assert_array_equal(slot, other)
    assert through.model().height == resumed.model().height
    assert through.training.scale == resumed.training.scale


def test_the_window_begins_to_move_at_the_pace_of_the_lines_that_have_a_text(reader, lines):
    run = begun(reader, PLAIN)
    known = [number for number, text in enumerate(TEXTS) if text not in ("", "Q")]
    points = sum(len(prepare(lines[number], FORM)[0]) for number in known)
    pace = points / sum(len(TEXTS[number]) for number in known)
    np.testing.assert_allclose(run.learner.current_weights()["window/bias"][-2:], -np.log(pace), rtol=1e-4)
