"""A trained model takes on one hand: what it rehearses, how far learning reaches, what is kept."""

import io

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.ink import Drawing
from hwcli.ink.offsets import Scale
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.batches import Batch, side_by_side
from hwcli.learning.beginning import Validation, begin_run
from hwcli.learning.blocks import cut_blocks
from hwcli.learning.checkpoint import Terms
from hwcli.learning.learner import block_input
from hwcli.learning.network import initial_weights
from hwcli.learning.run import Limits, Stopped
from hwcli.model.config import Config
from hwcli.model.file import Model

CONFIG = Config().updated(
    {
        "network": {"layers": 2, "units": 6, "mixtures": 2},
        "bptt": {"stride": 10, "length": 10},
        "optimiser": {"rate": 0.01},
        "training": {"batch": 4, "epochs": 3, "precision": "float32", "validate_first": True},
        "tuning": {"rehearsal": 0.5, "lead": 5},
    }
)


def strokes(number, slant):
    file = io.BytesIO()
    with StrokesWriter(file, []) as writer:
        for line in range(number):
            time = np.arange(20 + 3 * line)
            up = (time % 9 == 8) | (time == len(time) - 1)
            height = 8 * np.sin(time + line)
            points = np.column_stack([3 * time + slant * height, height, up]).astype(np.float32)
            writer.add(Drawing(points, id=f"l{line:02}"))
    return StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5")


def model():
    return Model(CONFIG, Scale((3, 0), (3, 6)), initial_weights(CONFIG.network, np.random.default_rng(1)))


def tuned(changes=(), rehearsed=True, share=0.25):
    config = CONFIG.updated(dict(changes))
    with strokes(8, 0.5) as lines, strokes(6, 0) as others:
        own = others if rehearsed else None
        run = begin_run(lines, Validation(share), config, model(), 3, 1, Terms(), None, own)
        return run, list(run.events(Limits()))


def a_batch(lengths, width, lead=0):
    rows = np.random.default_rng(len(lengths)).normal(size=(max(lengths), len(lengths), 3))
    text = np.zeros((len(lengths), width), np.int32)
    return Batch(rows.astype(np.float32), np.array(lengths, np.int32), text, lead)


def test_lines_side_by_side_are_what_they_were_alone():
    first, second = a_batch([7, 4], 16), a_batch([9], 32, lead=3)
    both = side_by_side([first, second])
    assert both.rows.shape == (9, 3, 3)
    np.testing.assert_array_equal(both.rows[:7, :2], first.rows)
    np.testing.assert_array_equal(both.rows[:, 2:], second.rows)
    assert both.lengths.tolist() == [7, 4, 9]
    assert (both.text[:2, 16:] == -1).all()
    assert both.predictions == first.predictions + second.predictions == 6 + 3 + 6


@pytest.mark.parametrize("lead", [0, 1, 2, 6, 30])
def test_each_point_after_the_lead_is_learned_from_once(lead):
    batch = a_batch([12, 5], 0, lead)
    learned = np.zeros((12, 2), int)
    for block in cut_blocks(11, 3, 5):
        given = block_input(batch, block)
        counted = np.arange(block.stop - block.start) >= given.counted.numpy()
        learned[block.start + 1 : block.stop + 1] += given.learned.numpy() & counted[:, None]
    wanted = [[int(max(lead, 1) <= row < length) for length in (12, 5)] for row in range(12)]
    assert learned.tolist() == wanted
    assert learned.sum() == batch.predictions


def test_it_validates_before_it_learns_and_the_same_seed_learns_the_same():
    run, events = tuned()
    history = run.position.history
    assert [record["batch"] for record in history] == [0, 2, 4, 6]
    assert history[0]["training_loss"] is None
    assert isinstance(events[-1], Stopped)
    again, _ = tuned()
    alone, _ = tuned(rehearsed=False)
    assert again.position.history[-1]["validation_loss"] == history[-1]["validation_loss"]
    assert alone.position.history[-1]["validation_loss"] != history[-1]["validation_loss"]
    assert again.position.points > alone.position.points


def test_a_small_change_is_of_low_rank_and_whole_in_the_biases():
    run, _ = tuned({"tuning": {"rank": 1}})
    before = model().weights
    for name, weight in run.model().weights.items():
        change = weight - before[name]
        assert np.abs(change).max() > 0, name
        if change.ndim == 2:
            sizes = np.linalg.svd(change, compute_uv=False)
            assert sizes[1] < 1e-4 * sizes[0], name


def test_what_is_kept_is_the_mean_of_the_weights():
    run, _ = tuned({"tuning": {"average": 0.5}, "training": {"epochs": 1}})
    now, kept, before = run.learner.current_weights(), run.model().weights, model().weights
    name = "output/bias"
    assert np.abs(kept[name] - now[name]).max() > 1e-4
    assert (np.abs(kept[name] - before[name]) <= np.abs(now[name] - before[name]) + 1e-6).mean() > 0.8
    steady, _ = tuned({"training": {"epochs": 1}})
    np.testing.assert_array_equal(steady.learner.current_weights()[name], now[name])
