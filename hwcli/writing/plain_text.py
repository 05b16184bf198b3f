"""What ink says in the characters of a network that lacks some of its text's."""

from __future__ import annotations

from hwcli.writing.additions import part_additions
from hwcli.writing.alphabets import looking_like
from hwcli.writing.text import Unwritable, prepare_text


def plain_text(text: str, characters: str, missing: str = "error") -> str:
    """Return ``text`` in ``characters`` alone, as one would read its ink who knows no others.

    Letters are without the marks that are set on them; one of another alphabet is the Latin one that it looks
    least unlike; a sign that is drawn beside others is left out: its ink is a £, and not the letters GBP.

    Parameters
    ----------
    missing: with a character that has no such form: "error", the text is "", as not known; "skip", that is
        left out.
    """
    try:
        looks_like = looking_like(text, set(characters))
        prepared = prepare_text(looks_like, characters, missing, with_additions=True)
    except Unwritable:
        return ""
    additions = part_additions(prepared.text, characters)
    return additions.text[additions.stood_in :].strip()
