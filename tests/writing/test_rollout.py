"""Writing drawing after drawing: what is fed, what comes out and in which order, and what it depends on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hwcli.errors import HwError
from hwcli.ink.offsets import Scale, rows_from_points
from hwcli.model.config import Network
from hwcli.model.file import weight_shapes
from hwcli.writing import stepper
from hwcli.writing.desk import POINTS_BESIDES, ROUNDS, Desk, Order
from hwcli.writing.lanes import Ended, Lanes, read_ahead
from hwcli.writing.mixture import Manner
from hwcli.writing.network import NumpyNetwork
from hwcli.writing.rollout import Writer, chance_for, write_drawings
from hwcli.writing.signals import Signals
from hwcli.writing.text import encode

NETWORK = Network(layers=2, units=12, mixtures=2)
REGRESSION = Network(kind="regression", layers=2, units=12)
READER = Network(layers=2, units=12, mixtures=2, window=2, characters="abc ")
SCALE = Scale((3.0, -1.0), (20.0, 30.0))
PLAIN = Manner()
NOTHING = np.zeros((0, 3), np.float32)


def numpy_network(network: Network = NETWORK, kappa: float = -2.5) -> NumpyNetwork:
    """Random weights; the window moves by about exp(kappa) characters a point."""
    rng = np.random.default_rng(3)
    shapes = weight_shapes(network)
    weights = {k: rng.normal(0, 0.5, shape).astype(np.float32) for k, shape in shapes.items()}
    if network.window:
        weights["window/kernel"] *= np.float32(0.1)
        weights["window/bias"][:] = np.repeat([0, 1, kappa], network.window)
    return NumpyNetwork(network, weights)


def prime(points: int, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    made = rng.normal(0, 30, (points, 3)).cumsum(axis=0).astype(np.float32)
    made[:, 2] = rng.random(points) > 0.8
    return made


def order(points: int, length: int, number: int, seed: int = 5, **more: Any) -> Order:
    return Order(length, lambda take: chance_for(seed, number, take), prime(points, number), **more)


def orders(lengths: list[tuple[int, int]], seed: int = 5) -> list[Order]:
    return [order(p, n, i, seed) for i, (p, n) in enumerate(lengths)]


def texts(*said: str, **more: Any) -> list[Order]:
    return [text_order(text, number, **more) for number, text in enumerate(said)]


def text_order(text: str, number: int, **more: Any) -> Order:
    counted = np.array([character != " " for character in text])
    encoded = encode(text, READER.characters)
    return Order(200, lambda take: chance_for(9, number, take), NOTHING, encoded, counted=counted, **more)


def finished(
    made: Any, lanes: int, manner: Manner = PLAIN, network: Any = None, workers: int = 1
) -> list[tuple[Any, Any]]:
    """Each order's drawing, whole, and the last part of it."""
    writer = Writer(network or numpy_network(), SCALE, manner)
    parts = list(write_drawings(writer, made, lanes, workers))
    assert [part.number for part in parts] == sorted(part.number for part in parts)
    drawings = []
    for _, group in itertools.groupby(parts, key=lambda part: part.number):
        ours = list(group)
        assert [part.last for part in ours] == [False] * (len(ours) - 1) + [True]
        drawings.append((np.concatenate([part.points for part in ours]), ours[-1]))
    return drawings


def written(*arguments: Any, **options: Any) -> list[Any]:
    """Each order's drawing, whole."""
    return [points for points, _ in finished(*arguments, **options)]


class Counting:
    """Stands for a network: notes every row that it is fed in each lane, and predicts always the same."""

    network = REGRESSION
    most_lanes, few_lanes, sizes = 64, 0, (64,)
    window = None

    def __init__(self) -> None:
        self.fed: list[Any] = []

    def filled_up(self, lanes: int) -> int:
        return lanes

    def stepper(self, lanes: int, second_core: Any = None, company: Any = None) -> Counting:
        self.lanes = lanes
        return self

    def feed(self, rows: Any) -> None:
        assert rows.shape == (self.lanes, 3)
        self.fed.append(rows.copy())

    def outputs(self) -> Any:
        return np.tile(np.array([[0.5, -0.25, -1000.0]], np.float32), (self.lanes, 1))

    def begin(self, lane: int, text: Any = (), state: Any = None) -> None:
        assert not len(text)


def test_each_point_of_a_prime_is_fed_once_and_then_each_point_made() -> None:
    network = Counting()
    written([order(6, 4, 1)], 1, network=network)
    fed = np.concatenate(network.fed)
    # The last point made is never read: nothing comes after it.
    assert len(fed) == 6 + 4 - 1
    np.testing.assert_array_equal(fed[:6], rows_from_points(prime(6), SCALE))
    np.testing.assert_array_equal(fed[6:], [[0.5, -0.25, 0]] * 3)


def test_without_a_prime_the_network_begins_with_the_null_row_and_the_pen_at_the_origin() -> None:
    network = Counting()
    (drawing,) = written([Order(4, lambda take: chance_for(1, take))], 1, network=network)
    np.testing.assert_array_equal(network.fed[0], [[0, 0, 0]])
    np.testing.assert_allclose(drawing[:2], [[0, 0, 0], [13.0, -8.5, 0]])
    assert len(drawing) == 4


def test_the_points_made_go_on_from_the_primes_last_in_the_inks_own_unit() -> None:
    (drawing,) = written([order(5, 3, 1)], 1, network=Counting())
    moves = np.diff(np.concatenate([prime(5)[-1:], drawing])[:, :2], axis=0)
    np.testing.assert_allclose(moves, [[0.5 * 20 + 3, -0.25 * 30 - 1]] * 3, rtol=1e-5)


@pytest.mark.parametrize("ahead", [False, True])
def test_after_a_prime_the_state_is_that_of_running_over_its_rows(ahead: bool) -> None:
    """What comes right after the prime is drawn from what ``run`` predicts after all of it."""
    network, given_points = numpy_network(REGRESSION), prime(30)
    known = read_ahead(network, SCALE, given_points, np.zeros(0, np.int32)) if ahead else None
    assert known is None or known.rows == 29
    (drawing,) = written([order(30, 1, 1, known=known)], 1, network=network)
    predicted = network.run(rows_from_points(given_points, SCALE)[np.newaxis])[0, -1, :2]
    move = drawing[-1, :2] - given_points[-1, :2]
    np.testing.assert_allclose((move - SCALE.mean) / SCALE.sd, predicted, atol=1e-5)


def test_a_prime_that_is_known_is_read_with_its_text_up_to_where_the_new_text_shows() -> None:
    network, points = numpy_network(READER, -2.0), prime(60, 2)
    before = encode("abc cab", READER.characters)
    known = read_ahead(network, SCALE, points, before)
    assert 0 < known.rows < 59
    whole = encode("abc cab bca", READER.characters)
    fresh, ahead = (
        written([order(60, 30, 2, text=whole, known=k)], 1, network=network)[0] for k in (None, known)
    )
    np.testing.assert_allclose(ahead, fresh, rtol=1e-3, atol=0.5)


@pytest.mark.parametrize("lanes", [1, 2, 5, 9, 32, 100])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_drawing_does_not_depend_on_the_others_nor_on_lanes_nor_on_threads(lanes: int, workers: int) -> None:
    """The same bits for drawing 0 when those around it have other primes and lengths, or are not there."""
    many = orders([(3 + i % 7, 25) for i in range(1, 12)])
    alone = written([order(3, 40, 0)], 1)[0]
    np.testing.assert_array_equal(written([order(3, 40, 0), *many], lanes, workers=workers)[0], alone)


@pytest.mark.parametrize("workers", [1, 2])
def test_nor_does_a_text_depend_on_the_texts_around_it(workers: int) -> None:
    network = numpy_network(READER)
    alone = written(texts("cab", takes=2), 1, network=network)[0]
    among = written(texts("cab", "a", "bca abc cab", "", takes=2), 7, network=network, workers=workers)[0]
    np.testing.assert_array_equal(alone, among)


@pytest.fixture
def layouts_anew() -> Iterator[None]:
    """Have layouts chosen anew, and again when all is over."""
    layouts = stepper.layout_of_many, stepper.layout_of_few
    for layout in layouts:
        layout.cache_clear()
    yield
    for layout in layouts:
        layout.cache_clear()


@pytest.fixture
def few_are_quicker(monkeypatch: pytest.MonkeyPatch, layouts_anew: None) -> None:
    """Have few lanes a layout of their own, as where the processor has no AVX-512."""
    if not all(stepper.is_steady(READER, layout) for layout in (stepper.DOZENS, stepper.FOURS)):
        pytest.skip("NumPy's matrix product sums in another order here")
    monkeypatch.setattr(stepper, "SMALL", stepper.Layout((3,)))
    monkeypatch.setattr(stepper, "is_steady", lambda _, layout: layout in (stepper.DOZENS, stepper.FOURS))


def numbered(made: list[Order]) -> list[Order]:
    return [order._replace(number=number) for number, order in enumerate(made)]


@pytest.mark.usefixtures("few_are_quicker")
@pytest.mark.parametrize("takes", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("workers", [1, 2])
def test_nor_do_the_first_drawings_where_these_have_a_layout_of_their_own(takes: int, workers: int) -> None:
    """Without a text (0 takes); with one, in a single lane, in few lanes, and with more takes than are few."""
    network = numpy_network(READER)
    assert (network.most_lanes, network.few_lanes) == (48, 8)
    said = (WORDS, "a", "bca", "cab", "abc cab")
    made = numbered(
        texts(*said, takes=takes) if takes else orders([(3, 40), (2, 60), (5, 20), (4, 9), (2, 30)])
    )
    wanted = [written([one], 4, network=network)[0] for one in made]
    assert all(len(one) > 1 for one in wanted)
    together = written(made, 4, network=network, workers=workers)
    parts = [written(made[part::2], 4, network=network, workers=workers) for part in (0, 1)]
    for number, one in enumerate(wanted):
        np.testing.assert_array_equal(together[number], one)
        np.testing.assert_array_equal(parts[number % 2][number // 2], one)


@pytest.mark.usefixtures("layouts_anew")
@pytest.mark.parametrize("workers", [1, 2])
def test_where_no_product_of_several_lanes_is_steady_each_is_written_by_itself(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepper, "is_steady", lambda _, layout: False)
    network = numpy_network(READER)
    assert (network.most_lanes, network.few_lanes) == (1, 0)
    made = numbered(texts(WORDS, "a", "bca", "cab", takes=2))
    together = written(made, 4, network=network, workers=workers)
    alone = [written([one], 1, network=network)[0] for one in made]
    for one, other in zip(together, alone, strict=True):
        assert len(one) > 1
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("good", [0, 1, 5, 30])
def test_what_was_ordered_before_an_error_is_written_whole(good: int, workers: int) -> None:
    def failing() -> Iterator[Order]:
        yield from orders([(2, 9)] * good)
        raise ValueError("no order")

    lengths: dict[int, int] = {}
    parts = write_drawings(Writer(numpy_network(), SCALE, PLAIN), failing(), 4, workers)
    with pytest.raises(ValueError, match="no order"):
        for part in parts:
            lengths[part.number] = lengths.get(part.number, 0) + len(part.points)
    assert lengths == dict.fromkeys(range(good), 9)


@pytest.mark.usefixtures("few_are_quicker")
def test_the_first_drawings_do_not_wait_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, advance = [], Lanes.advance

    def watched(self: Lanes) -> None:
        sizes.append(len(self.keys))
        advance(self)

    monkeypatch.setattr(Lanes, "advance", watched)
    written(numbered(orders([(1, 40)] * 20)), 20)
    assert sizes == [1] * 40 + [8] * 40 + [12] * 40
    sizes.clear()
    written(numbered(texts("abc", takes=4)), 4, network=numpy_network(READER))
    assert set(sizes) == {4}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=30),
    st.sampled_from([1, 8]),
    st.sampled_from([1, 3]),
)
def test_whatever_the_lengths_every_drawing_comes_whole_and_in_order(
    lengths: Any, lanes: int, workers: int
) -> None:
    drawings = written(orders(lengths), lanes, workers=workers)
    assert [len(drawing) for drawing in drawings] == [n for _, n in lengths]


def test_the_same_seed_gives_the_same_drawings_and_another_others() -> None:
    first, again, other = (written(orders([(4, 20)] * 3, seed), 8) for seed in (5, 5, 6))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))
    assert (np.concatenate(first) != np.concatenate(other)).any()


def test_drawings_of_one_prime_differ() -> None:
    made = [Order(20, lambda take, i=i: chance_for(1, i, take), prime(4)) for i in range(4)]  # type: ignore[misc]
    assert len({drawing.tobytes() for drawing in written(made, 8)}) == 4


def test_the_first_drawing_comes_point_by_point_and_the_others_at_their_turn() -> None:
    writer = Writer(numpy_network(), SCALE, Manner())
    parts = write_drawings(writer, orders([(2, 5)] * 3), 8)
    sizes = [(part.number, len(part.points)) for part in parts]
    # That a drawing has begun is told at its turn; when the first ends, the others are done.
    assert sizes == [(0, 0), *[(0, 1)] * 5, (1, 0), (1, 5), (2, 0), (2, 5)]


def test_no_more_orders_are_read_than_are_needed() -> None:
    read = []

    def endless() -> Any:
        for count in itertools.count():
            read.append(count)
            yield order(2, 5, count)

    parts = write_drawings(Writer(numpy_network(), SCALE, Manner()), endless(), 8)
    while next(parts).number < 8:
        pass
    assert len(read) <= 24


@pytest.mark.parametrize("workers", [1, 2])
def test_a_slow_drawing_does_not_let_the_others_run_far_ahead(workers: int) -> None:
    read = []

    def long_first() -> Any:
        for count in range(2000):
            read.append(count)
            yield order(2, 4000 if count == 0 else 1, count)

    parts = write_drawings(Writer(numpy_network(), SCALE, Manner()), long_first(), 8, workers)
    for _ in range(2000):
        next(parts)
    assert len(read) <= 8 * workers * 6
    parts.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_network_gone_wrong_is_told_and_not_written_out(workers: int) -> None:
    network = numpy_network()
    network.steps().output.weights[:] = 1e30
    with pytest.raises(HwError, match="beyond all bounds"):
        written(orders([(3, 50)] * 5), 1, network=network, workers=workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_wrong_with_an_order_ends_the_run(workers: int) -> None:
    def broken() -> Any:
        yield order(3, 5, 0)
        raise HwError("no more paper")

    with pytest.raises(HwError, match="no more paper"):
        written(broken(), 4, workers=workers)


def test_chance_is_the_child_that_spawning_gives() -> None:
    third = np.random.SeedSequence(77).spawn(3)[2]
    assert chance_for(77, 2).random() == np.random.default_rng(third).random()
    assert chance_for(77, 2, 1).random() != chance_for(77, 2).random()


# --- texts -------------------------------------------------------------------------------------------------


def test_a_text_ends_at_a_pen_up_when_the_window_has_passed_it() -> None:
    network = numpy_network(READER)
    drawings = finished(texts("cab", "abcabc ab", "b"), 8, network=network)
    for drawing, last in drawings:
        assert drawing[-1, 2] == 1
        assert "it does not come to its end" not in last.faults
    assert len(drawings[2][0]) < len(drawings[0][0]) < len(drawings[1][0])


def test_a_window_that_stands_still_never_ends_and_is_told_after_all_rounds() -> None:
    network, asked = numpy_network(READER, -20.0), []

    def chance(take: int) -> Any:
        asked.append(take)
        return chance_for(1, 0, take)

    encoded, counted = encode("cab", READER.characters), np.ones(3, np.bool_)
    made = [Order(30, chance, NOTHING, encoded, counted=counted, takes=3)]
    ((drawing, last),) = finished(made, 8, network=network)
    assert len(drawing) == 30
    assert "it does not come to its end" in last.faults
    assert sorted(asked) == list(range(3 * ROUNDS))


WORDS = "abcab cab bacca abcabc acab bacab"


@pytest.mark.parametrize("text", ["cab", WORDS])
def test_whatever_is_cut_off_is_told_to_be(text: str) -> None:
    """At every number of points: also where the window has passed an end while the pen is still down."""
    network = numpy_network(READER)
    ((whole, last),) = finished([text_order(text, 0)._replace(length=2000)], 1, network=network)
    assert "it does not come to its end" not in last.faults
    made = [text_order(text, 0)._replace(length=length) for length in range(1, len(whole))]
    for cut, last in finished(made, 64, network=network):
        is_short_of_a_stroke = cut[-1, 2] == 1 and len(cut) > 0.9 * len(whole)
        assert is_short_of_a_stroke or "it does not come to its end" in last.faults


def test_a_piece_that_can_be_gone_on_from_is_better_than_a_sharper_one_that_was_cut_off() -> None:
    counted, good, poor = np.ones(3, np.bool_), np.ones(3, np.float32), np.array([1, 1, 0.1], np.float32)
    steps, ink = np.arange(3), np.zeros((1, 3))
    takes = [Signals(good, steps, is_ended=False), Signals(poor, steps, is_ended=True)] * ROUNDS
    desk = Desk(
        [Order(9, lambda take: chance_for(1, 0, take), text=np.arange(3), counted=counted, takes=2)], 1, 1
    )
    while given_out := desk.take():
        key, _ = given_out
        desk.finish(key, Ended(ink, takes[key[1]], None, 0))
    (chosen,) = desk.ready()
    assert chosen.faults == ("1 of 3 characters was passed over",)


def test_pieces_that_follow_each_other_are_what_would_have_been_written_in_one_go() -> None:
    """Seen where chance has no say: next to no variance, the likelier component and pen."""
    manner, network = Manner(bias=1000.0, pen_temperature=0.0), numpy_network(READER)
    in_pieces, whole = (
        finished([text_order(WORDS, 0, judge=judge)._replace(length=2000)], 4, manner, network)[0]
        for judge in (None, lambda ink: 0.0)
    )
    np.testing.assert_array_equal(in_pieces[0], whole[0])
    assert in_pieces[1].faults == whole[1].faults
    assert in_pieces[1].sharpness == whole[1].sharpness


def test_a_long_text_comes_a_piece_at_a_time() -> None:
    writer = Writer(numpy_network(READER), SCALE, PLAIN)
    parts = list(write_drawings(writer, [text_order(WORDS, 0, takes=3)._replace(length=2000)], 4))
    assert len(parts) > 3
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    for part in parts:
        assert part.points[-1, 2] == 1


@pytest.mark.parametrize("lanes", [1, 4, 32])
@pytest.mark.parametrize("workers", [1, 2])
def test_pieces_too_depend_on_nothing_else(lanes: int, workers: int) -> None:
    network = numpy_network(READER)
    alone = written(texts(WORDS, takes=2), 2, network=network)[0]
    among = written(texts(WORDS, "a", WORDS[9:], takes=2), lanes, network=network, workers=workers)[0]
    np.testing.assert_array_equal(alone, among)


@pytest.mark.parametrize("pace", [1, 4])
def test_a_piece_that_takes_too_long_is_given_up(pace: int) -> None:
    network = numpy_network(READER, -20.0)
    made = [text_order(WORDS, 0, takes=2, pace=pace)._replace(length=5000)]
    ((drawing, last),) = finished(made, 4, network=network)
    assert "it does not come to its end" in last.faults
    assert len(drawing) == POINTS_BESIDES + pace * 5


def test_of_several_takes_the_sharpest_of_those_without_fault_is_chosen() -> None:
    network = numpy_network(READER)
    singles = []
    for take in range(6):
        made = [o._replace(chance=lambda _, t=take: chance_for(9, 0, t)) for o in texts("cab")]
        singles += finished(made, 1, network=network)
    chosen, last = finished(texts("cab", takes=6), 32, network=network)[0]
    good = [(one, part) for one, part in singles if not part.faults] or singles
    best = max(part.sharpness for _, part in good)
    assert last.sharpness == pytest.approx(best)
    assert any(np.array_equal(chosen, one) for one, part in good if part.sharpness == best)


class Looking(Counting):
    """Stands for a network whose window looks at ``places`` while the pen goes up and down."""

    network = READER

    def __init__(self, places: list[int], ups: list[int]) -> None:
        super().__init__()
        self.places, self.ups = places, ups

    def stepper(self, lanes: int, second_core: Any = None, company: Any = None) -> Looking:
        super().stepper(lanes)
        self.window = SimpleNamespace(lengths=np.array([5] * lanes), shown=np.zeros((lanes, 6), np.float32))
        return self

    def feed(self, rows: Any) -> None:
        super().feed(rows)
        self.window.shown[:] = 0.001
        self.window.shown[:, self.places[len(self.fed) - 1]] = 1

    def outputs(self) -> Any:
        outputs = np.zeros((self.lanes, READER.outputs), np.float32)
        outputs[:, 0] = 1000 if self.ups[len(self.fed) - 1] else -1000
        return outputs

    def begin(self, lane: int, text: Any = (), state: Any = None) -> None:
        pass

    def state(self, lane: int) -> None:
        pass


def test_a_stroke_that_the_prime_left_unfinished_is_left_out() -> None:
    """Two points with the window at the prime's "ab", then the space and "ca", a point after each."""
    places, ups = [0, 1, 1, 1, 2, 3, 4, 4, 5], [0, 0, 0, 1, 0, 0, 0, 1, 0]
    made = [order(2, 50, 1, text=encode("ab ca", READER.characters), said=2)]
    ((drawing, last),) = finished(made, 1, network=Looking(places, ups))
    assert "it does not come to its end" not in last.faults
    assert drawing[:, 2].tolist() == [0, 0, 0, 1]
    made = [made[0]._replace(said=0)]
    ((drawing, _),) = finished(made, 1, network=Looking(places, ups))
    assert drawing[:, 2].tolist() == [0, 0, 1, 0, 0, 0, 1]
