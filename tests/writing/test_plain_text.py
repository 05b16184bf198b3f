"""What ink says in the characters of a network that lacks some of them."""

from __future__ import annotations

import string

import pytest

from hwcli.writing.plain_text import plain_text

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("as it stands", "as it stands"),
        ("na\u00efve caf\u00e9, \u0141\u00f3d\u017a", "naive cafe, Lodz"),
        ("\u0416\u0443\u043a \u0438 \u0451\u0436", "Xyk u ex"),
        ("\u03ba\u03b1\u03bb\u03ae", "kaLn"),
        ("5 \u20ac for \u00a32", "5 for 2"),
        ("\u201cso\u201d \u2013 so", '"so" - so'),
        ("\u2192", ""),
        ("\u65e5\u672c", ""),
        ("one \u65e5 two", ""),
    ],
)
def test_a_text_is_in_the_letters_that_its_ink_looks_like(text: str, plain: str) -> None:
    assert plain_text(text, PRINTABLE) == plain


def test_what_has_no_such_form_can_be_left_out() -> None:
    assert plain_text("one \u65e5 two", PRINTABLE, "skip") == "one two"
