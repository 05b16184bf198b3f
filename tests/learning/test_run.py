"""A training run: it learns, stops and goes on bit for bit, and steps back from what is not finite."""

import io
from itertools import pairwise

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.errors import BadInput, HwError
from hwcli.ink import Drawing
from hwcli.ink.offsets import Scale
from hwcli.ink.selection import Selection
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.batches import Lines, order_by_length, order_of_epoch
from hwcli.learning.beginning import Validation, begin_run, resume_run
from hwcli.learning.checkpoint import Terms, read_checkpoint, write_checkpoint
from hwcli.learning.learner import Tally
from hwcli.learning.run import Diverged, Learned, Limits, SteppedBack, Stopped, Validated
from hwcli.model.config import Config, ConfigError, preset_names, preset_text, read_config

SMALL = {
    "network": {"layers": 1, "units": 6, "mixtures": 2},
    "bptt": {"stride": 10, "length": 15},
    "noise": {"dropout_layers": 0.1, "dropout_output": 0.1, "dropout_recurrent": 0.1, "input_probability": 0.2},
    "optimiser": {"rate": 0.01, "clip_norm": 1.0, "schedule": "cosine", "warmup": 3},
    "training": {"batch": 4, "epochs": 4, "precision": "float32"},
}
CONFIG = Config().updated(SMALL)
QUIET = dict.fromkeys(SMALL["noise"], 0.0)
A_FIFTH = Validation(share=0.2)


def wave(number, points):
    time = np.arange(points)
    up = (time % 9 == 8) | (time == points - 1)
    return np.column_stack([3 * time + np.cos(time), 8 * np.sin(time + number), up]).astype(np.float32)


@pytest.fixture
def reader():
    file = io.BytesIO()
    with StrokesWriter(file, ["made for a test"]) as writer:
        for number in range(22):
            writer.add(Drawing(wave(number, 12 + 3 * number), id=f"l{number:02}"))
        writer.add(Drawing(wave(0, 2), id="short"))
    with StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5") as open_reader:
        yield open_reader


def begun(reader, config=CONFIG, validation=A_FIFTH, seed=5):
    return begin_run(reader, validation, config, None, seed, 1, Terms())


def trained(run, **limits):
    return list(run.events(Limits(**limits)))


def resumed(reader, run, config=CONFIG, validation=A_FIFTH):
    file = io.BytesIO()
    write_checkpoint(file, run.checkpoint())
    file.seek(0)
    return resume_run(reader, validation, config, read_checkpoint(file, "checkpoint"))


def assert_same(run, other):
    weights, others = run.learner.current_weights(), other.learner.current_weights()
    for name, array in weights.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)
    for slot, of_other in zip(run.learner.slots(), other.learner.slots(), strict=True):
        np.testing.assert_array_equal(slot, of_other)
    kept = other.model().weights
    for name, array in run.model().weights.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)
    assert run.position.history[-1]["validation_loss"] == other.position.history[-1]["validation_loss"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bptt": {"update": "line"}},
        {"optimiser": {"kind": "rmsprop", "rate": 1e-3, "gradient": "line"}},
        {"tuning": {"rank": 2}},
        {"tuning": {"average": 0.9}},
    ],
    ids=["block", "line", "rmsprop", "rank", "average"],
)
@pytest.mark.parametrize("stop", [3, 5])
def test_a_run_stopped_and_resumed_is_the_run_that_went_through(reader, changes, stop):
    config = CONFIG.updated(changes)
    through = begun(reader, config)
    trained(through, batches=2 * stop)
    halves = begun(reader, config)
    trained(halves, batches=stop)
    halves = resumed(reader, halves, config)
    trained(halves, batches=2 * stop)
    through.validate()
    halves.validate()
    assert_same(through, halves)


def test_a_run_killed_between_a_batch_and_its_validation_is_the_run_that_went_through(reader):
    config = CONFIG.updated({"training": {"epochs": 2}})
    through = begun(reader, config)
    halves = None
    for event in through.events(Limits()):
        if halves is None and isinstance(event, Learned) and through._validation_due():
            halves = resumed(reader, through, config)
    trained(halves)
    assert len(halves.position.history) == 2
    assert_same(through, halves)
    assert halves.position.history[0]["training_loss"] == through.position.history[0]["training_loss"]


def test_a_run_whose_patience_is_at_its_end_does_not_go_on(reader):
    still = CONFIG.updated({"optimiser": {"rate": 0.0}, "training": {"patience": 1, "epochs": 20}})
    run = begun(reader, still)
    trained(run)
    batches = run.position.batches
    run = resumed(reader, run, still)
    assert trained(run) == [Stopped("patience")]
    assert run.position.batches == batches


def test_it_learns(reader):
    config = CONFIG.updated({"training": {"epochs": 30}})
    run = begun(reader, config)
    events = trained(run)
    losses = [event.record["validation_loss"] for event in events if isinstance(event, Validated)]
    assert len(losses) == 30
    assert losses[-1] < losses[0] - 1
    assert run.position.best == min(losses)
    assert [event.is_best for event in events if isinstance(event, Validated)] == [
        loss == min(losses[: place + 1]) for place, loss in enumerate(losses)
    ]
    assert isinstance(events[-1], Stopped)
    rates = [event.rate for event in events if isinstance(event, Learned)]
    assert rates[0] < rates[1] < rates[2]
    assert all(later <= earlier for earlier, later in pairwise(rates[3:]))


@pytest.mark.parametrize("final_rate", [0.0, 0.25, 1.0])
def test_the_rate_falls_along_a_cosine_to_the_share_that_is_to_be_left(reader, final_rate):
    run = begun(reader, CONFIG.updated({"optimiser": {"warmup": 0, "final_rate": final_rate}}))
    run.learner.learn = lambda batch, rate, seed: Tally(0.0, 1, True)
    rates = [event.rate for event in trained(run) if isinstance(event, Learned)]
    fallen = np.cos(np.pi * np.arange(run.batches_in_all) / run.batches_in_all) / 2 + 0.5
    np.testing.assert_allclose(rates, 0.01 * (final_rate + (1 - final_rate) * fallen))


def test_the_number_of_parts_changes_rounding_only(reader):
    quiet = CONFIG.updated({"noise": QUIET})
    runs = [begin_run(reader, Validation(), quiet, None, 5, parts, Terms()) for parts in (1, 3)]
    for run in runs:
        trained(run, batches=3)
    for one, three in zip(*(run.learner.current_weights().values() for run in runs), strict=True):
        np.testing.assert_allclose(one, three, atol=1e-4)


def test_a_part_may_have_no_line_in_it_where_steps_are_compiled(reader):
    """The last batch of a pass may have fewer lines than there are parts."""
    wide = CONFIG.updated({"noise": QUIET, "network": {"units": 64}, "training": {"batch": 2}})
    runs = [begin_run(reader, Validation(), wide, None, 5, parts, Terms()) for parts in (1, 3)]
    for run in runs:
        trained(run, batches=1)
    for one, three in zip(*(run.learner.current_weights().values() for run in runs), strict=True):
        np.testing.assert_allclose(one, three, atol=1e-4)


def test_a_loss_that_is_not_finite_never_changes_the_weights(reader):
    run = begun(reader)
    trained(run, batches=2)
    run.checkpoint()
    before, slots, _ = run._good
    poisoned = run.training.batch
    run.training.batch = lambda *places: poisoned(*places)._replace(
        rows=poisoned(*places).rows + np.float32(np.nan)
    )
    events = trained(run, batches=4)
    assert [type(event) for event in events] == [SteppedBack, SteppedBack, Stopped]
    assert run.position.rate_factor == 0.25
    for name, array in run.learner.current_weights().items():
        np.testing.assert_array_equal(array, before[name])
    for slot, then in zip(run.learner.slots(), slots, strict=True):
        np.testing.assert_array_equal(slot, then)
    run.training.batch = poisoned
    assert isinstance(trained(run, batches=5)[0], Learned)
    assert all(np.isfinite(array).all() for array in run.learner.current_weights().values())


def test_it_gives_up_when_nothing_is_finite_any_more(reader):
    run = begun(reader, CONFIG.updated({"training": {"epochs": 40}}))
    poisoned = run.training.batch
    run.training.batch = lambda *places: poisoned(*places)._replace(
        rows=poisoned(*places).rows + np.float32(np.inf)
    )
    with pytest.raises(Diverged, match="last good weights"):
        trained(run)
    assert all(np.isfinite(array).all() for array in run.learner.current_weights().values())


def test_finite_changes_that_lead_to_what_is_not_are_undone_and_never_saved(reader):
    run = begun(reader, CONFIG.updated({"training": {"epochs": 40}}))
    trained(run, batches=25)
    wild = CONFIG.updated({"training": {"epochs": 40}, "optimiser": {"rate": 1e12, "clip_norm": 0.0}})
    run = resumed(reader, run, wild)
    good = run.learner.current_weights()
    with pytest.raises(Diverged, match="last good weights"):
        trained(run)
    for name, array in run.checkpoint().weights.items():
        np.testing.assert_array_equal(array, good[name])
    tame = resumed(reader, run, CONFIG.updated({"training": {"epochs": 40}}))
    assert tame.position.rate_factor == 1
    assert any(isinstance(event, Learned) for event in trained(tame, batches=tame.position.batches + 1))


def test_a_resumed_run_with_another_optimiser_has_its_whole_rate_and_with_the_same_what_was_left(reader):
    run = begun(reader)
    trained(run, batches=2)
    run.position.rate_factor = 0.25
    assert resumed(reader, run).position.rate_factor == 0.25
    gentle = CONFIG.updated({"optimiser": {"clip_norm": 0.5}})
    assert resumed(reader, run, gentle).position.rate_factor == 1


def test_the_time_of_a_batch_counts_when_it_is_told_of(reader):
    run = begun(reader)
    assert isinstance(next(run.events(Limits(batches=1))), Learned)
    assert run.position.seconds > 0


def test_the_mean_of_the_weights_has_none_of_the_changes_that_were_undone(reader):
    run = begun(reader, CONFIG.updated({"tuning": {"average": 0.5}}))
    before, learn, bias = run.model().weights, run.learner.learn, run.learner.weights["output/bias"]

    def wildly(*given):
        tally = learn(*given)
        bias.assign_add(tf.fill(bias.shape, 1e38))
        return tally

    run.learner.learn = wildly
    assert isinstance(trained(run, batches=1)[0], Learned)
    run.learner.learn = learn
    assert isinstance(trained(run, batches=2)[0], SteppedBack)
    for name, array in run.model().weights.items():
        np.testing.assert_array_equal(array, before[name])


def test_weights_that_are_not_finite_are_never_the_best_whatever_they_give(reader):
    run = begun(reader, CONFIG.updated({"training": {"epochs": 1}}))
    bias = run.learner.weights["lstm_0/bias"]
    open_gates = bias.numpy()
    open_gates[-6:] = np.inf  # the output gates are wide open, as they are with 1e9
    bias.assign(open_gates)
    assert run.learner.measure([run.validation.batch([0])]).finite
    validated = run.validate()
    assert not validated.is_best
    assert validated.record["validation_loss"] is None
    assert all(np.isfinite(array).all() for array in run.checkpoint().weights.values())


def test_a_checkpoint_right_after_a_wild_change_holds_the_weights_before_it(reader):
    run = begun(reader)
    trained(run, batches=3)
    good = run._good[0]
    run.learner.weights["output/bias"].assign_add(tf.fill(run.learner.weights["output/bias"].shape, 1e38))
    for name, array in run.checkpoint().weights.items():
        np.testing.assert_array_equal(array, good[name])


def test_patience_and_interruption_end_it(reader):
    still = CONFIG.updated({"optimiser": {"rate": 0.0}, "training": {"patience": 2, "epochs": 20}})
    assert trained(begun(reader, still))[-1] == Stopped("patience")
    assert trained(begun(reader), interrupted=lambda: True) == [Stopped("interrupted")]
    assert trained(begun(reader), seconds=0.0) == [Stopped("time")]


def test_held_out_lines_are_not_trained_on(reader):
    by_share = begun(reader)
    assert len(by_share.validation) == 4
    assert not set(by_share.training.chosen) & set(by_share.validation.chosen)
    by_name = begun(reader, validation=Validation(chosen=Selection(["l03", "l07", "short", "elsewhere"])))
    assert [reader.ids[line] for line in by_name.validation.chosen] == ["l03", "l07"]
    assert len(by_name.training) == 20
    with pytest.raises(HwError, match="--valid"):
        begun(reader, validation=Validation(chosen=Selection(["elsewhere"])))


def test_resuming_refuses_other_lines(reader):
    with pytest.raises(HwError, match="other lines"):
        resumed(reader, begun(reader), validation=Validation(share=0.5))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("network", "units", 9),
        ("data", "max_points", 40),
        ("optimiser", "kind", "rmsprop"),
        ("noise", "adaptive", True),
        ("training", "batch", 5),
        ("tuning", "rank", 2),
    ],
)
def test_resuming_refuses_what_its_state_and_its_place_hang_on(reader, section, key, value):
    with pytest.raises(ConfigError, match=rf"keeps .*({key}|\[{section}\])"):
        resumed(reader, begun(reader), CONFIG.updated({section: {key: value}}))


def test_a_run_that_rehearses_goes_on_only_without(reader):
    config = CONFIG.updated({"tuning": {"rehearsal": 0.5}})
    run = begin_run(reader, A_FIFTH, config, None, 5, 1, Terms(), None, reader)
    with pytest.raises(ConfigError, match=r"--set tuning\.rehearsal=0 goes on"):
        resumed(reader, run, run.config)
    assert resumed(reader, run, CONFIG).position.batches == 0


def test_a_run_that_was_to_rehearse_and_had_no_lines_to_goes_on(reader):
    run = begun(reader, CONFIG.updated({"tuning": {"rehearsal": 0.5}}))
    assert resumed(reader, run, run.checkpoint().config).position.batches == 0


def test_a_change_of_low_rank_goes_on_from_nothing_but_what_it_was_added_to(reader):
    config = CONFIG.updated({"tuning": {"rank": 2}})
    file = io.BytesIO()
    write_checkpoint(file, begun(reader, config).checkpoint())
    checkpoint = read_checkpoint(file, "checkpoint")
    checkpoint.base = {}  # as in those that were written before it was kept
    with pytest.raises(HwError, match=r"tuning\.rank adds to"):
        resume_run(reader, A_FIFTH, config, checkpoint)


def test_a_damaged_checkpoint_is_refused(reader):
    file = io.BytesIO()
    write_checkpoint(file, begun(reader).checkpoint())
    whole = file.getvalue()
    for broken in (b"", whole[:100], whole[: len(whole) // 2], b"nonsense"):
        with pytest.raises(BadInput):
            read_checkpoint(io.BytesIO(broken), "checkpoint")


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("position", "rate_factor", np.nan),
        ("position", "rate_factor", -0.5),
        ("position", "seconds", -1.0),
        ("position", "loss", np.inf),
        ("position", "best", np.nan),
        ("terms", "height", 0.0),
    ],
)
def test_a_checkpoint_of_numbers_that_cannot_be_is_refused(reader, part, key, value):
    checkpoint = begun(reader).checkpoint()
    setattr(getattr(checkpoint, part), key, value)
    file = io.BytesIO()
    write_checkpoint(file, checkpoint)
    with pytest.raises(BadInput, match=f"its {key} cannot be"):
        read_checkpoint(file, "checkpoint")


def test_a_history_without_the_number_of_a_batch_is_one_of_another_batch(reader):
    run = begun(reader)
    run.position.history.append({"epoch": 1.0})
    run = resumed(reader, run)
    assert run.validate().record["batch"] == 0
    assert isinstance(trained(run, batches=1)[0], Learned)


def test_every_line_comes_once_an_epoch_with_lines_of_like_length(reader):
    lengths = np.asarray(reader.lengths)
    for order in (order_of_epoch(lengths, 4, np.random.default_rng(0)), order_by_length(lengths, 4)):
        assert sorted(np.concatenate(order)) == list(range(len(lengths)))
        assert all(np.ptp(lengths[batch]) <= 30 for batch in order)


def test_the_scale_is_that_of_the_offsets(reader):
    lines = Lines(reader, np.arange(3))
    offsets = np.concatenate([np.diff(reader.points(line)[:, :2], axis=0) for line in range(3)]).astype(float)
    axis, common = lines.measured_scale("axis"), lines.measured_scale("common")
    np.testing.assert_allclose(axis.mean, offsets.mean(0), atol=1e-6)
    np.testing.assert_allclose(axis.sd, offsets.std(0))
    np.testing.assert_allclose(common.mean, [offsets.mean()] * 2)
    np.testing.assert_allclose(common.sd, [offsets.std()] * 2)
    lines.scale = Scale(axis.mean, axis.sd)
    batch = lines.batch([2, 0])
    assert batch.rows.shape == (18, 2, 3)
    scaled = (np.diff(reader.points(2)[:, :2], axis=0) - axis.mean) / axis.sd
    np.testing.assert_allclose(batch.rows[1:, 0, :2], scaled, atol=1e-5)
    assert not batch.rows[0, :, :2].any()
    assert not batch.rows[12:, 1].any()


def test_a_length_limit_cuts_and_counts(reader):
    lines = Lines(reader, np.arange(22), max_points=40)
    assert lines.cut_count == int((np.asarray(reader.lengths)[:22] > 40).sum()) > 0
    assert lines.batch([21]).rows.shape == (40, 1, 3)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_trains(reader, name):
    config = read_config(preset_text(name), name).updated({"network": {"units": 6}, "training": {"batch": 4}})
    events = trained(begun(reader, config), batches=2)
    assert all(np.isfinite(event.loss) for event in events[:2])


@pytest.mark.parametrize(
    ("name", "weights"), [("compact", {"weight_sd": 0.05}), ("handwriter", {"adaptive": True})]
)
def test_every_way_to_regularise_is_an_option_of_any_preset(reader, name, weights):
    noise = {
        "dropout_layers": 0.1, "dropout_output": 0.1, "dropout_recurrent": 0.1, "input_probability": 0.5,
        "input_sd": 0.1, "stretch": 0.1, "slant": 0.1, "turn": 0.05, **weights,
    }  # fmt: skip
    config = read_config(preset_text(name), name)
    config = config.updated({"network": {"units": 6}, "training": {"batch": 4}, "noise": noise})
    (learned, *_) = trained(begun(reader, config), batches=1)
    assert np.isfinite(learned.loss)
    assert bool(learned.description) == ("adaptive" in weights)


def test_one_update_a_line_and_one_a_block_are_the_same_where_the_block_is_the_line(reader):
    updates = {"line": None, "block": None}
    for update in updates:
        config = CONFIG.updated({"bptt": {"stride": 0, "length": 0, "update": update}})
        run = begun(reader, config)
        trained(run, batches=2)
        updates[update] = run.learner.current_weights()
    for name, array in updates["line"].items():
        np.testing.assert_array_equal(array, updates["block"][name])


def test_an_update_a_line_happens_once_a_batch(reader):
    for update, expected in (("line", 1), ("block", None)):
        run = begun(reader, CONFIG.updated({"bptt": {"update": update}}))
        trained(run, batches=1)
        updates = int(run.learner.slots()[0])
        assert updates == expected if expected else updates > 1
