"""Writing drawing after drawing: what is fed, what comes out and in which order, and what it depends on."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.errors import HwError
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.model.config import Network
from hwcli.model.file import weight_shapes
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import LANES, Task, chance_for, lanes_for, write_drawings

NETWORK = Network(layers=2, units=12, mixtures=2)
REGRESSION = Network(kind="regression", layers=2, units=12)
PLAIN = Manner()
SCALE = Scale((3.0, -1.0), (20.0, 30.0))


def numpy_network(network: Network = NETWORK) -> NumpyNetwork:
    rng = np.random.default_rng(3)
    shapes = weight_shapes(network).items()
    return NumpyNetwork(network, {k: rng.normal(0, 0.5, shape).astype(np.float32) for k, shape in shapes})


def prime(points: int, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    made = rng.normal(0, 30, (points, 3)).cumsum(axis=0).astype(np.float32)
    made[:, 2] = rng.random(points) > 0.8
    return made


def tasks(lengths: list[tuple[int, int]], seed: int = 5) -> list[Task]:
    return [Task(prime(p, i), n, chance_for(seed, i)) for i, (p, n) in enumerate(lengths)]


def written(made: list[Task], lanes: int, manner: Manner = PLAIN, network: Any = None) -> list[Any]:
    """Each task's drawing, whole."""
    parts = list(write_drawings(network or numpy_network(), SCALE, made, lanes, manner))
    assert [part.number for part in parts] == sorted(part.number for part in parts)
    drawings = []
    for _, group in itertools.groupby(parts, key=lambda part: part.number):
        ours = list(group)
        assert [part.last for part in ours] == [False] * (len(ours) - 1) + [True]
        drawings.append(np.concatenate([part.points for part in ours]))
    return drawings


class Counting:
    """Stands for a network: notes every row that it is fed in each lane, and predicts always the same."""

    network = REGRESSION

    def __init__(self) -> None:
        self.fed: list[Any] = []
        self.resets: list[tuple[int, int]] = []

    def stepper(self, lanes: int) -> Counting:
        self.lanes = lanes
        return self

    def feed(self, rows: Any) -> None:
        assert rows.shape == (self.lanes, 3)
        self.fed.append(rows.copy())

    def outputs(self) -> Any:
        return np.tile(np.array([[0.5, -0.25, -1000.0]], np.float32), (self.lanes, 1))

    def begin(self, lane: int) -> None:
        self.resets.append((len(self.fed), lane))


def test_each_point_of_a_prime_is_fed_once_and_then_each_point_made() -> None:
    network, given_points = Counting(), prime(6)
    written([Task(given_points, 4, chance_for(1, 0))], 1, network=network)
    fed = np.concatenate(network.fed)
    # The last point made is never read: nothing comes after it.
    assert len(fed) == 6 + 4 - 1
    np.testing.assert_array_equal(fed[:6], rows_from_points(given_points, SCALE))
    np.testing.assert_array_equal(fed[6:], [[0.5, -0.25, 0]] * 3)


def test_without_a_prime_the_network_begins_with_the_null_row_and_the_pen_at_the_origin() -> None:
    network = Counting()
    (drawing,) = written([Task(np.zeros((0, 3), np.float32), 3, chance_for(1, 0))], 1, network=network)
    np.testing.assert_array_equal(network.fed[0], [[0, 0, 0]])
    np.testing.assert_allclose(drawing[:2], [[0, 0, 0], [13.0, -8.5, 0]])


def test_the_points_made_go_on_from_the_primes_last_in_the_inks_own_unit() -> None:
    given_points = prime(5)
    (drawing,) = written([Task(given_points, 3, chance_for(1, 0))], 1, network=Counting())
    np.testing.assert_array_equal(drawing[:5], given_points)
    np.testing.assert_allclose(
        np.diff(drawing[4:, :2], axis=0), [[0.5 * 20 + 3, -0.25 * 30 - 1]] * 3, rtol=1e-6
    )


def test_after_a_prime_the_state_is_that_of_running_over_its_rows() -> None:
    """What comes right after the prime is drawn from what ``run`` predicts after all of it."""
    network, given_points = numpy_network(REGRESSION), prime(30)
    (drawing,) = written([Task(given_points, 1, chance_for(1, 0))], 1, network=network)
    predicted = network.run(rows_from_points(given_points, SCALE)[np.newaxis])[0, -1, :2]
    move = drawing[-1, :2] - given_points[-1, :2]
    np.testing.assert_allclose((move - SCALE.mean) / SCALE.sd, predicted, atol=1e-5)


@pytest.mark.parametrize("lanes", LANES)
def test_a_drawing_does_not_depend_on_the_others_nor_on_their_number(lanes: int) -> None:
    """The same bits for drawing i when those around it have other primes and lengths, or are not there."""
    if lanes == 1:
        many = tasks([(3, 40), (9, 40)])
        other = tasks([(3, 40), (2, 10)])
    else:
        many = tasks([(3 + i % 7, 40) for i in range(lanes + 3)])
        other = tasks([(3, 40), *((2, 5 + i % 20) for i in range(lanes - 2))])
    np.testing.assert_array_equal(written(many, lanes)[0], written(other, lanes)[0])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30), st.sampled_from([1, 8])
)
def test_whatever_the_lengths_every_drawing_comes_whole_and_in_order(lengths: Any, lanes: int) -> None:
    drawings = written(tasks(lengths), lanes)
    # A drawing without a prime has its first point at the origin.
    assert [len(drawing) for drawing in drawings] == [max(p, 1) + n for p, n in lengths]


def test_the_same_seed_gives_the_same_drawings_and_another_others() -> None:
    first, again, other = (written(tasks([(4, 20)] * 3, seed), 8) for seed in (5, 5, 6))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))
    assert (np.concatenate(first) != np.concatenate(other)).any()


def test_drawings_of_one_prime_differ() -> None:
    made = [Task(prime(4), 20, chance_for(1, i)) for i in range(4)]
    drawings = [drawing.tobytes() for drawing in written(made, 8)]
    assert len(set(drawings)) == 4


def test_the_first_drawing_comes_point_by_point_and_the_others_at_their_turn() -> None:
    parts = write_drawings(numpy_network(), SCALE, tasks([(2, 5)] * 3), 8, Manner())
    sizes = [(part.number, len(part.points)) for part in parts]
    # When the first ends, the others have only the point of that same step to come.
    assert sizes == [(0, 1)] * 7 + [(1, 6), (1, 1), (2, 6), (2, 1)]


def test_no_more_tasks_are_read_than_are_needed() -> None:
    read = []

    def endless() -> Any:
        for count in itertools.count():
            read.append(count)
            yield Task(prime(2), 5, chance_for(1, count))

    parts = write_drawings(numpy_network(), SCALE, endless(), 8, Manner())
    while next(parts).number < 8:
        pass
    assert len(read) <= 24


def test_a_slow_drawing_does_not_let_the_others_run_far_ahead() -> None:
    read = []

    def long_first() -> Any:
        for count in range(2000):
            read.append(count)
            yield Task(prime(2), 4000 if count == 0 else 1, chance_for(1, count))

    parts = write_drawings(numpy_network(), SCALE, long_first(), 8, Manner())
    for _ in range(3000):
        next(parts)
    assert len(read) <= 8 * 6


def test_a_network_gone_wrong_is_told_and_not_written_out() -> None:
    network = numpy_network()
    network.steps.output.weights[:] = 1e30
    with pytest.raises(HwError, match="beyond all bounds"):
        written(tasks([(3, 50)]), 1, network=network)


def test_lanes_suffice_for_few_and_do_not_grow_without_end() -> None:
    assert [lanes_for(n) for n in (1, 2, 8, 9, 33, 10_000)] == [1, 8, 8, 32, 32, 32]


def test_chance_is_the_child_that_spawning_gives() -> None:
    third = np.random.SeedSequence(77).spawn(3)[2]
    assert chance_for(77, 2).random() == np.random.default_rng(third).random()
