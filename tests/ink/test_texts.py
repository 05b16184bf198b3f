"""Texts from a file beside the ink."""

from __future__ import annotations

import io

import numpy as np
import pytest

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.texts import read_texts, with_texts


def test_lines_that_are_not_blank() -> None:
    content = "\ufeff one  line\r\n\n  \nGröße\0\n".encode()
    assert read_texts(io.BytesIO(content), "f") == ["one line", "Größe"]
    with pytest.raises(BadInput, match="f: not UTF-8"):
        read_texts(io.BytesIO(b"\xff"), "f")


def test_a_text_for_each_drawing_or_none_at_all() -> None:
    two = [Drawing(np.zeros((1, 3), np.float32), id) for id in "ab"]
    named = with_texts(two, ["x", "y"])
    assert named is not None
    assert [(drawing.id, drawing.text) for drawing in named] == [("a", "x"), ("b", "y")]
    assert two[0].text == ""
    assert with_texts(two, ["x"]) is None
