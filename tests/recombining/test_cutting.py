"""Lines are cut where it is clear which ink says what, and nowhere else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from hwcli.drawing.baseline import Baseline
from hwcli.ink import Drawing
from hwcli.recombining.agreement import DOUBTFUL, Agreement
from hwcli.recombining.alignment import Aligned
from hwcli.recombining.cutting import Piece, pieces_of
from hwcli.recombining.hands import Hand
from hwcli.recombining.stock import Gathering

PLAIN = Hand("form", 1.0, 0.0, Baseline(0.0, 0.0))
POINTS = 8

Stroke = tuple[float, float, float, float, int]
"""x and y where a stroke begins, x and y where it ends, and the place of its character in the text."""


def line_of(text: str, strokes: list[Stroke], ahead: int = 0) -> Aligned:
    """A line of straight strokes; the window looks ``ahead`` for so many points at a stroke's end."""
    parts, labels = [], []
    for x, y, to_x, to_y, character in strokes:
        part = np.column_stack([np.linspace(x, to_x, POINTS), np.linspace(y, to_y, POINTS), np.zeros(POINTS)])
        part[-1, 2] = 1
        parts.append(part)
        label = np.full(POINTS, character)
        label[POINTS - ahead :] = min(character + 1, len(text) - 1)
        labels.append(label)
    points = np.concatenate(parts).astype(np.float32)
    number = np.repeat(np.arange(len(strokes)), POINTS)
    return Aligned(Drawing(points, id="form-01", text=text), number, np.concatenate(labels))


def stems(text: str) -> list[Stroke]:
    """A stem for each character, blanks left out."""
    return [(place, -1.0, place + 0.3, 0.0, place) for place, character in enumerate(text) if character != " "]


def texts_of(line: Aligned) -> list[str]:
    return [piece.text for piece in pieces_of(line, PLAIN)]


def test_letters_that_stand_alone_are_pieces_and_so_are_words() -> None:
    assert sorted(texts_of(line_of("ab cd", stems("ab cd")))) == sorted(["a", "b", "c", "d", "ab", "cd"])


def test_no_word_begins_where_the_ink_leaves_no_blank() -> None:
    # The low bar of the t comes when the window looks at the blank already.
    a, t, o, n = stems("at on")
    line = line_of("at on", [a, t, (1.2, -0.2, 1.9, -0.2, 2), o, n])
    assert {piece.text: piece.points[:, 2].sum() for piece in pieces_of(line, PLAIN)}["at"] == 3


def test_a_window_that_looks_ahead_at_the_end_of_a_stroke_misleads_nobody() -> None:
    assert {"a", "b", "ab"} <= set(texts_of(line_of("ab c", stems("ab c"), ahead=3)))


@settings(max_examples=50, deadline=None)
@given(st.text("abc ", min_size=3, max_size=12).map(lambda text: " ".join(text.split())).filter(len))
def test_the_pieces_between_cuts_say_the_whole_text(text: str) -> None:
    line = line_of(text, stems(text))
    said = [piece for piece in pieces_of(line, PLAIN) if len(piece.text) == 1]
    assert "".join(piece.text for piece in said) == text.replace(" ", "")
    assert all(piece.points[0, 0] == 0 and piece.points[-1, 2] == 1 for piece in said)


def test_ink_that_reaches_over_the_next_is_not_cut() -> None:
    over = [(0.0, -2.0, 1.4, -2.0, 0), (1.0, -1.0, 1.3, 0.0, 1), (3.0, -1.0, 3.3, 0.0, 2)]
    assert set(texts_of(line_of("Tab", over))) == {"Ta", "b", "Tab"}


def test_a_dot_is_not_parted_from_its_letter() -> None:
    dotted = [(0.0, -1.0, 0.1, 0.0, 0), (0.2, -1.6, 0.25, -1.55, 1), (1.0, -1.0, 1.3, 0.0, 1)]
    assert set(texts_of(line_of("in", dotted))) == {"i", "n", "in"}
    first = next(piece for piece in pieces_of(line_of("in", dotted), PLAIN) if piece.text == "i")
    assert first.points[:, 2].sum() == 2


def test_a_character_without_ink_leaves_no_doubtful_piece() -> None:
    assert set(texts_of(line_of("axb", [(0, -1, 0.3, 0, 0), (2, -1, 2.3, 0, 2)]))) == {"axb"}


def test_pieces_know_their_gaps_and_places() -> None:
    pieces = {piece.text: piece for piece in pieces_of(line_of("ab c", stems("ab c")), PLAIN)}
    assert pieces["a"].opens
    assert not pieces["a"].closes
    assert pieces["b"].closes
    assert pieces["a"].before is None
    assert pieces["c"].before == pieces["ab"].after
    assert np.isclose(pieces["b"].before or 0, 0.7)
    assert isinstance(pieces["c"], Piece)
    assert pieces["c"].after is None


def test_a_line_that_lacks_words_disagrees_with_its_text() -> None:
    agreement = Agreement()
    for _ in range(9):
        agreement.add(line_of("abc abc", stems("abc abc")))
    agreement.add(line_of("abcd abcd", stems("abcd ")))
    figures = agreement.figures()
    assert max(figures[:-1]) < 0.1
    assert figures[-1] > DOUBTFUL


def test_the_sign_for_what_was_crossed_out_is_a_sign_outside_iam_ondb() -> None:
    gathering = Gathering()
    for source in ("hw collect", "IAM-OnDB"):
        line = line_of("a #1", stems("a #1"))
        line.drawing.source = source
        gathering.add(line)
    assert len(gathering) == 1
