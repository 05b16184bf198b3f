"""Where texts are cut into pieces."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from hwcli.writing.pieces import PIECE, piece_end


def pieces(text: str, before: int = 0) -> list[str]:
    counted = np.array([place >= before and character != " " for place, character in enumerate(text)])
    cut, begin = [], 0
    while begin < len(text):
        end = piece_end(counted, begin)
        cut.append(text[begin:end])
        begin = end
    return cut


def test_at_words() -> None:
    assert pieces("Dear Ann, the parcel came on 3 May") == ["Dear Ann,", " the parcel", " came on 3 May"]
    assert pieces("somebody@example.org") == ["somebody@example.org"]
    assert pieces("a b c d e f g h") == ["a b c d e f g h"]


def test_what_a_prime_says_goes_with_the_first() -> None:
    assert pieces("it says this and then goes on", 13) == ["it says this and then", " goes on"]


@given(st.text("ab ", min_size=1, max_size=60))
def test_they_are_the_text_and_none_is_too_small(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert all(len(piece.replace(" ", "")) >= PIECE for piece in cut) or len(cut) == 1
    assert all(piece.startswith(" ") for piece in cut[1:])
