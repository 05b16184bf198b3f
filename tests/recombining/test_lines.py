"""New lines: what they say, whose pieces they are made of, and that they say all there is to say."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import numpy as np
import pytest

from hwcli.drawing.baseline import Baseline
from hwcli.recombining.choosing import chosen
from hwcli.recombining.cutting import Piece
from hwcli.recombining.hands import Hand
from hwcli.recombining.lines import drawing_of, recombined
from hwcli.recombining.stock import Stock, some_lines
from hwcli.recombining.texts import Texts, Words, filled, patterns

PRINTABLE = {chr(code) for code in range(32, 127)}
VOCABULARY = [
    "ask", "bring", "call", "drive", "equal", "fix", "give", "how", "just", "keep",
    "lazy", "mix", "north", "open", "pay", "quiz", "run", "stay", "vex", "zero",
]  # fmt: skip


def piece_of(
    text: str, name: str, chance: np.random.Generator, opens: bool = True, closes: bool = True
) -> Piece:
    """A zigzag as wide as its text, of two strokes."""
    steps = 8 * len(text)
    x = np.linspace(0, len(text), steps) + chance.normal(0, 0.01, steps)
    y = -np.tile([0.0, -0.5, -1.0, -0.5], 2 * len(text)) * -1
    points = np.column_stack([x - x.min(), y + chance.normal(0, 0.01, steps), np.zeros(steps)])
    points[[steps // 2, -1], 2] = 1
    hand = Hand(name, 50.0, 0.2, Baseline(0.0, 0.0))
    return Piece(text, points.astype(np.float32), hand, f"{name}-01", 0.3, 0.3, opens, closes)


@pytest.fixture
def stock(rng: np.random.Generator) -> Stock:
    """Two hands with words; one of them has letters that stand alone, too."""
    pieces = [piece_of(word, name, rng) for name in ("one", "two") for word in VOCABULARY]
    pieces += [
        piece_of(letter, "one", rng, False, False) for letter in string.ascii_lowercase for _ in range(3)
    ]
    return Stock(pieces, [(name, " ".join(VOCABULARY[:6])) for name in ("one", "two")])


def test_lines_have_ink_text_and_an_account_of_their_pieces(stock: Stock) -> None:
    lines = list(recombined(stock, 60, np.random.default_rng(1)))
    assert len(lines) == 60
    for number, line in enumerate(lines, start=1):
        drawing = drawing_of(line, number)
        assert drawing.id == f"recombined-{number:06}"
        assert drawing.text == " ".join(drawing.text.split())
        assert 0 < len(drawing.text) <= 46
        assert drawing.writer in ("one", "two")
        assert drawing.points[-1, 2] == 1
        assert sum(drawing.extra["pieces"].values()) >= len(drawing.text.split())
        # In the unit of the hand, whose small letters are 50 high.
        assert 20 < np.ptp(drawing.points[:, 1]) < 400


def test_lines_read_from_left_to_right(stock: Stock) -> None:
    for line in recombined(stock, 20, np.random.default_rng(2)):
        x = line.points[:, 0]
        assert np.corrcoef(np.arange(len(x)), x)[0, 1] > 0.9


def test_a_blank_is_left_between_words_alone_though_a_piece_comes_twice_in_one(
    rng: np.random.Generator,
) -> None:
    words = [replace(piece_of(word, "one", rng), before=2.0) for word in VOCABULARY]
    letters = [piece_of(character, "one", rng, False, False) for character in sorted(PRINTABLE - {" "})]
    stock = Stock([*words, *letters], [("one", " ".join(VOCABULARY))])
    lines = list(recombined(stock, 50, rng))
    assert any(re.search(r"(\d)\d*\1", line.text) for line in lines)
    for line in lines:
        points = letters[0].hand.normal(line.points)
        moves = np.diff(points[:, 0])[points[:-1, 2] == 1]
        assert np.count_nonzero(moves > 1.0) == line.text.count(" "), line.text


@pytest.mark.parametrize("often", [10, 0])
def test_made_signs_have_a_pens_steps_where_points_repeat_or_are_few(
    often: int, rng: np.random.Generator
) -> None:
    pieces = []
    for word in VOCABULARY:
        piece = piece_of(word, "one", rng)
        points = piece.points.repeat(often, axis=0) if often else piece.points[[0, -1]]
        points[:, 2] = np.arange(len(points)) == len(points) - 1
        pieces.append(replace(piece, points=points))
    stock = Stock(pieces, [])
    assert 0.01 < stock.styles["one"].pace < 0.5
    assert len(list(recombined(stock, 5, rng))) == 5


def test_all_printable_characters_come_up(stock: Stock) -> None:
    said = "".join(line.text for line in recombined(stock, 400, np.random.default_rng(3)))
    assert set(said) == PRINTABLE
    assert min(said.count(character) for character in string.digits + string.punctuation) >= 5


def test_the_same_chance_gives_the_same_lines(stock: Stock) -> None:
    first, second = (list(recombined(stock, 10, np.random.default_rng(4))) for _ in range(2))
    assert [line.text for line in first] == [line.text for line in second]
    assert all(a.points.tobytes() == b.points.tobytes() for a, b in zip(first, second, strict=True))


def test_hands_without_words_write_nothing() -> None:
    stock = Stock([piece_of("a", "poor", np.random.default_rng(0))], [("poor", "a")])
    assert list(recombined(stock, 3, np.random.default_rng(0))) == []
    assert list(recombined(Stock([], []), 3, np.random.default_rng(0))) == []


def test_pieces_unlike_the_others_are_left_out(rng: np.random.Generator) -> None:
    good = [piece_of(word, "one", rng) for word in VOCABULARY for _ in range(4)]
    wrong = piece_of("stay stay stay", "one", rng)
    wide = Piece("stay", wrong.points, wrong.hand)
    kept = chosen([*good, wide], rng)
    assert wide not in kept
    assert len(kept) > 0.8 * len(good)
    assert chosen([], rng) == []


@pytest.mark.parametrize("kind", range(len(patterns().kinds)))
def test_every_pattern_can_be_filled(kind: int, rng: np.random.Generator) -> None:
    words = Words(["house"], ["Garden"], [["the", "house"]])
    for pattern in patterns().kinds[kind]:
        for known in (words, Words([], [], [])):
            text = filled(pattern, known, rng)
            assert set(text) <= PRINTABLE, pattern
            assert text.strip()


def test_what_was_written_less_often_is_wanted_more() -> None:
    texts = Texts(np.random.default_rng(0))
    texts.count("5" * 10_000)
    first = [texts.proposals(Words(["on"], [], []))[0] for _ in range(50)]
    fives = sum(text.count("5") for text in first)
    assert fives < sum(text.count("6") for text in first)


def test_some_lines_are_those_of_whole_hands() -> None:
    ids = [f"form{form}-{line:02}" for form in range(5) for line in range(4)]
    chosen_places = some_lines(ids, [""] * 20, 8, np.random.default_rng(0))
    assert chosen_places == sorted(chosen_places)
    assert len({ids[place][:5] for place in chosen_places}) == 2
    assert some_lines(ids, [""] * 20, 99, np.random.default_rng(0)) == list(range(20))
