"""Noise on the weights: its moments, and the description length against NumPy and numeric derivatives."""

import io

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.errors import HwError
from hwcli.ink import Drawing
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.learning.beginning import Validation, begin_run, resume_run
from hwcli.learning.checkpoint import Terms, read_checkpoint, write_checkpoint
from hwcli.learning.run import Learned, Limits, Validated
from hwcli.learning.weight_noise import AdaptiveNoise, Prior, WeightNoise, best_prior, complexity
from hwcli.model.config import Config, Noise

SEED = tf.constant([3, 4])
SHAPES = {"kernel": (3, 4), "bias": (4,)}


@pytest.fixture
def posterior():
    """Means and logarithms of standard deviations of two arrays of weights, in float64."""
    chance = np.random.default_rng(5)
    means = [chance.normal(0.3, 0.8, shape) for shape in SHAPES.values()]
    return means, [chance.normal(-1.5, 0.7, shape) for shape in SHAPES.values()]


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def tensors(arrays):
    return [tf.constant(array, tf.float32) for array in arrays]


def divergence(means, log_sds, mean, variance):
    """KL of two Gaussians, the textbook form, summed."""
    means, sds = flat(means), np.exp(flat(log_sds))
    return np.sum(np.log(np.sqrt(variance) / sds) + (sds**2 + (means - mean) ** 2) / (2 * variance) - 0.5)


def noise_on(posterior, points=50, **noise):
    means, log_sds = posterior
    weights = {name: tf.Variable(mean, dtype=tf.float32) for name, mean in zip(SHAPES, means, strict=True)}
    made = AdaptiveNoise(weights, Config(noise=Noise(adaptive=True, **noise)), points)
    for slot, value in zip(made.slots, log_sds, strict=False):
        slot.assign(value.astype(np.float32))
    return made


# --- the description length --------------------------------------------------------------------------------


def test_complexity_is_the_divergence_from_the_prior(posterior):
    found = complexity(*map(tensors, posterior), Prior(tf.constant(0.2), tf.constant(1.7)))
    assert float(found) == pytest.approx(divergence(*posterior, 0.2, 1.7), rel=1e-5)


def test_complexity_is_the_mean_log_ratio_of_the_densities(posterior):
    means, sds = flat(posterior[0]), np.exp(flat(posterior[1]))
    drawn = means + sds * np.random.default_rng(1).normal(size=(100_000, len(means)))
    ratio = -np.log(sds) - ((drawn - means) / sds) ** 2 / 2 + np.log(1.3) + ((drawn - 0.2) / 1.3) ** 2 / 2
    found = complexity(*map(tensors, posterior), Prior(tf.constant(0.2), tf.constant(1.3**2)))
    assert float(found) == pytest.approx(ratio.sum(1).mean(), rel=0.01)


def test_the_best_prior_is_the_closed_form_and_no_other_is_better(posterior):
    prior = best_prior(*map(tensors, posterior))
    means, sds = flat(posterior[0]), np.exp(flat(posterior[1]))
    assert float(prior.mean) == pytest.approx(means.mean(), rel=1e-5)
    assert float(prior.variance) == pytest.approx(np.mean(sds**2 + (means - means.mean()) ** 2), rel=1e-5)
    least = divergence(*posterior, float(prior.mean), float(prior.variance))
    for mean, factor in ((0.01, 1), (-0.01, 1), (0, 1.02), (0, 0.98), (0.3, 2)):
        assert divergence(*posterior, float(prior.mean) + mean, float(prior.variance) * factor) > least
    assert float(noise_on(posterior).complexity()) == pytest.approx(least, rel=1e-5)


def least_divergence(means, log_sds):
    sds, middle = np.exp(flat(log_sds)), flat(means).mean()
    return divergence(means, log_sds, middle, np.mean(sds**2 + (flat(means) - middle) ** 2))


def numeric(posterior, which):
    """The derivative of the complexity, the prior always at its best, at the means or at ln σ."""
    gradients = [np.zeros_like(array) for array in posterior[which]]
    for array, gradient in zip(posterior[which], gradients, strict=True):
        for place in np.ndindex(array.shape):
            middle, sides = array[place], []
            for sign in (1, -1):
                array[place] = middle + sign * 1e-5
                sides.append(least_divergence(*posterior))
            array[place] = middle
            gradient[place] = (sides[0] - sides[1]) / 2e-5
    return gradients


def test_without_a_loss_the_gradients_are_the_numeric_ones_of_the_complexity(posterior):
    """That of a block of 20 of 50 points has two fifths of it; that of the noise's size is of all 50."""
    noise = noise_on(posterior, points=50)
    nothing = [tf.zeros(shape) for shape in SHAPES.values()]
    at_means = noise.settled(nothing, tf.constant(20.0))
    for found, expected in zip(at_means, numeric(posterior, 0), strict=True):
        np.testing.assert_allclose(found, 0.4 * expected, atol=1e-4)
    for found, expected in zip(noise._gradients, numeric(posterior, 1), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_with_a_loss_they_are_grown_by_its_gradient_and_its_square(posterior):
    """Of all lines: d/dμ = Σ g, d/dσ² = ½ Σ g², so d/d ln σ = σ² Σ g²; a block stands for 50/20 of itself."""
    noise, chance = noise_on(posterior, points=50), np.random.default_rng(2)
    errors = [chance.normal(size=shape) for shape in SHAPES.values()]
    nothing = [tf.zeros(shape) for shape in SHAPES.values()]
    without = noise.settled(nothing, tf.constant(20.0)), [tf.identity(g) for g in noise._gradients]
    having = noise.settled(tensors(errors), tf.constant(20.0)), noise._gradients
    for place, error in enumerate(errors):
        variance = np.exp(2 * posterior[1][place])
        np.testing.assert_allclose(having[0][place] - without[0][place], error, atol=1e-4)
        grown = having[1][place] - without[1][place]
        np.testing.assert_allclose(grown, variance * 50 / 20 * error**2, rtol=1e-3, atol=1e-4)


def test_the_shares_of_the_blocks_are_the_whole(posterior):
    noise = noise_on(posterior, points=50)
    nothing = [tf.zeros(shape) for shape in SHAPES.values()]
    parts = [noise.settled(nothing, tf.constant(points))[0] for points in (20.0, 13.0, 17.0)]
    np.testing.assert_allclose(sum(parts), noise.settled(nothing, tf.constant(50.0))[0], rtol=1e-5)


def test_a_squared_gradient_that_has_no_number_leaves_the_rest_finite(posterior):
    noise = noise_on(posterior)
    noise.settled([tf.fill(shape, 1e25) for shape in SHAPES.values()], tf.constant(20.0))
    noise.change(tf.constant(1e-3))
    assert all(np.isfinite(slot).all() for slot in noise.slots)


def test_the_noise_grows_to_that_of_the_posterior_of_a_squared_error():
    """Loss ½ h (w - a)² a point: the best σ² is 1 / (1 / prior variance + N h), with its own best prior."""
    curvatures = np.array([0.5, 2.0, 8.0, 32.0], np.float32)
    aims = np.array([-3.0, 2.0, -1.0, 3.0], np.float32)
    weights = {"w": tf.Variable(aims)}
    config = Config(noise=Noise(adaptive=True, adaptive_sd=0.3, adaptive_rate=0.05))
    noise, chance = AdaptiveNoise(weights, config, 100), np.random.default_rng(8)
    change = tf.function(noise.change)
    for step in range(600):
        # The scores of 10 of the 100 points, whose Fisher information is the curvature.
        error = chance.normal(size=(10, 4)) * np.sqrt(curvatures)
        noise.settled([tf.constant(error.sum(0), tf.float32)], tf.constant(10.0))
        change(tf.constant(config.optimiser.rate * (1 if step < 300 else 0.1)))
    prior = best_prior(noise._means, noise._log_sds)
    best = np.sqrt(1 / (1 / float(prior.variance) + 100 * curvatures))
    np.testing.assert_allclose(np.exp(noise.slots[0]), best, rtol=0.25)


# --- what is drawn -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_noise_has_its_moments_and_is_each_weights_own(adaptive):
    weights = {"a": tf.Variable(tf.fill([300, 400], 0.5)), "b": tf.Variable(tf.zeros([300, 400]))}
    noise = (
        AdaptiveNoise(weights, Config(noise=Noise(adaptive=True, adaptive_sd=0.2)), 10)
        if adaptive
        else WeightNoise(weights, 0.2)
    )
    drawn = {name: value.numpy() for name, value in noise.drawn(SEED).items()}
    moved = [drawn["a"] - 0.5, drawn["b"]]
    for each in moved:
        assert each.mean() == pytest.approx(0, abs=0.003)
        assert each.std() == pytest.approx(0.2, rel=0.01)
        assert (each**4).mean() == pytest.approx(3 * 0.2**4, rel=0.05)
    assert np.corrcoef(*(each.ravel() for each in moved))[0, 1] == pytest.approx(0, abs=0.01)
    np.testing.assert_array_equal(noise.drawn(SEED)["a"], drawn["a"])
    assert np.all(noise.drawn(SEED + 1)["a"] != drawn["a"])


def test_noise_of_size_0_is_none(posterior):
    weights = {name: tf.Variable(mean) for name, mean in zip(SHAPES, posterior[0], strict=True)}
    faint = noise_on((posterior[0], [np.full(shape, -40.0) for shape in SHAPES.values()]))
    for noise in (WeightNoise(weights), faint):
        for found, mean in zip(noise.drawn(SEED).values(), posterior[0], strict=True):
            np.testing.assert_array_equal(found.numpy().astype(np.float32), mean.astype(np.float32))


def test_each_weight_has_the_noise_that_it_has_learned(posterior):
    noise = noise_on(posterior)
    draws = np.array([flat(noise.drawn(tf.constant([1, n])).values()) for n in range(300)])
    np.testing.assert_allclose(draws.std(0), np.exp(flat(posterior[1])), rtol=0.2)
    assert np.all(np.abs(draws.mean(0) - flat(posterior[0])) < 5 * np.exp(flat(posterior[1])) / 20)


# --- in a run ----------------------------------------------------------------------------------------------

CONFIG = Config().updated(
    {
        "network": {"layers": 1, "units": 5, "mixtures": 1},
        "bptt": {"stride": 10, "length": 10},
        "optimiser": {"rate": 0.01, "clip_norm": 1.0},
        "training": {"batch": 4, "epochs": 40, "precision": "float32"},
    }
)
ADAPTIVE = CONFIG.updated({"noise": {"adaptive": True}})


@pytest.fixture(scope="module")
def reader():
    file, time = io.BytesIO(), np.arange(24)
    with StrokesWriter(file, ["made for a test"]) as writer:
        for number in range(10):
            wave = [3 * time + np.cos(time), 8 * np.sin(time + number), time % 8 == 7]
            writer.add(Drawing(np.column_stack(wave).astype(np.float32)[: 15 + number], id=f"l{number}"))
    with StrokesReader(io.BytesIO(file.getvalue()), "strokes.h5") as open_reader:
        yield open_reader


def run_of(reader, config, batches=0, model=None, parts=1):
    run = begin_run(reader, Validation(share=0.2), config, model, 5, parts, Terms())
    return run, list(run.events(Limits(batches)))


def test_noise_on_the_weights_changes_what_is_learned(reader):
    noisy, plain = (
        run_of(reader, CONFIG.updated({"noise": {"weight_sd": sd}}), 1)[0].learner.current_weights()
        for sd in (0.1, 0.0)
    )
    assert all(np.any(noisy[name] != array) for name, array in plain.items())


def test_all_parts_and_blocks_of_a_batch_have_the_same_noise(reader):
    noisy = CONFIG.updated({"noise": {"weight_sd": 0.3}, "optimiser": {"rate": 0.0}})
    whole = noisy.updated({"bptt": {"stride": 0, "length": 0}})
    losses = [run_of(reader, each, 1, parts=parts)[1][0].loss for each, parts in ((noisy, 3), (whole, 1))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_validation_and_the_model_have_the_means(reader):
    losses = [
        run_of(reader, CONFIG.updated({"noise": {"weight_sd": sd}}))[0].validate().record["validation_loss"]
        for sd in (0.5, 0.0)
    ]
    assert losses[0] == losses[1]
    run, _ = run_of(reader, ADAPTIVE)
    for name, array in run.model().weights.items():
        np.testing.assert_array_equal(array, run.learner.weights[name])


@pytest.mark.parametrize("changes", [{}, {"bptt": {"update": "line"}, "optimiser": {"kind": "rmsprop"}}])
def test_a_run_that_learns_its_noise_goes_on_bit_for_bit(reader, changes):
    config = ADAPTIVE.updated(changes)
    through, _ = run_of(reader, config, 5)
    halves, _ = run_of(reader, config, 3)
    file = io.BytesIO()
    write_checkpoint(file, halves.checkpoint())
    resumed = resume_run(reader, Validation(share=0.2), config, read_checkpoint(file, "checkpoint"))
    list(resumed.events(Limits(5)))
    for slot, other in zip(through.learner.slots(), resumed.learner.slots(), strict=True):
        np.testing.assert_array_equal(slot, other)
    for name, array in through.learner.current_weights().items():
        np.testing.assert_array_equal(array, resumed.learner.current_weights()[name])
    assert through.learner.complexity() == resumed.learner.complexity()
    with pytest.raises(HwError, match=r"noise\.adaptive"):
        resume_run(reader, Validation(share=0.2), CONFIG, read_checkpoint(file, "checkpoint"))


def test_begun_from_trained_weights_it_shortens_the_description(reader):
    trained, _ = run_of(reader, CONFIG, 30)
    run, events = run_of(reader, ADAPTIVE.updated({"optimiser": {"rate": 0.003}}), 60, trained.model())
    for name, array in trained.learner.current_weights().items():
        assert np.abs(run.learner.current_weights()[name] - array).max() < 1
    learned = [event.description for event in events if isinstance(event, Learned)]
    begun, ended = (
        np.mean([each["description_length"] for each in few]) for few in (learned[:4], learned[-4:])
    )
    assert ended < begun - 5
    assert all(each["complexity"] >= 0 for each in learned)
    validated = [event.record for event in events if isinstance(event, Validated)]
    lines = len(run.training)
    assert validated[-1]["complexity"] == pytest.approx(learned[-1]["complexity"], rel=0.05)
    error = validated[-1]["training_loss"] * run.training.predictions / lines
    assert validated[-1]["description_length"] == pytest.approx(error + validated[-1]["complexity"])


def test_without_adaptive_noise_nothing_is_described(reader):
    _, events = run_of(reader, CONFIG, 1)
    assert events[0].description == {}
