"""Lines gathered: how they are read and how they vary, and the table of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hwcli.ink import Drawing
from hwcli.measuring.looks import Looks, looks_of, looks_table
from hwcli.measuring.reader import Reading


def all_of(drawings: list[Drawing], is_read: bool = True, is_shaped: bool = True) -> Looks:
    """The looks of ``drawings``, of which a reader reads the text without its last character."""
    read = (lambda some: [drawing.text[:-1] for drawing in some]) if is_read else None
    return [Looks(), *looks_of(drawings, read, is_shaped)][-1]


def test_lines_are_read_and_measured_and_those_without_a_text_passed_over(made_drawings: list[Drawing]) -> None:
    many = [replace(made, text="" if i % 4 == 0 else made.text) for i, made in enumerate(made_drawings * 5)]
    looks = all_of(many)
    assert (looks.lines, looks.untexted) == (90, 30)
    assert len(looks.readings) == len(looks.shapes) == 90
    first = next(made for made in many if made.text)
    assert looks.readings[0] == Reading(first.id, first.text, first.text[:-1])
    found = looks.as_dict()
    characters = sum(len(made.text) for made in many)
    assert found["legibility"]["cer"] == pytest.approx(90 / characters)
    assert found["variety"]["lines"] == 90
    assert found["variety"]["slant"]["spread"] >= 0


def test_what_was_not_asked_for_is_not_there(made_drawings: list[Drawing]) -> None:
    assert all_of(made_drawings, is_read=False).as_dict()["legibility"] is None
    assert all_of(made_drawings, is_shaped=False).as_dict()["variety"] is None
    assert all_of([]).as_dict() == {"lines": 0, "untexted": 0, "legibility": None, "variety": None}


def test_the_table_has_a_column_for_the_real_lines_and_the_ratio(made_drawings: list[Drawing]) -> None:
    looks = all_of(made_drawings)
    alone, both = looks_table(looks, None), looks_table(looks, looks)
    assert "real" not in alone
    assert "characters read wrong" in alone
    for line in both.splitlines():
        if "%" in line or "(" in line:
            assert line.endswith("1.00") or line.endswith("none")
    one_real = looks_table(looks, all_of(made_drawings[:1]))
    assert [line.split()[-2:] for line in one_real.splitlines() if "slant" in line] == [["none", "none"]]
    assert "slant" not in looks_table(all_of(made_drawings, is_shaped=False), None)
    assert "read wrong" not in looks_table(all_of(made_drawings, is_read=False), looks)


def test_the_ratio_is_that_of_what_is_measured_to_what_is_real() -> None:
    worse, real = (Looks(["abcd"], [Reading("a", "abcd", read)]) for read in ("xyzd", "xbcd"))
    assert looks_table(worse, real).splitlines()[2].split()[-3:] == ["75.0%", "25.0%", "3.00"]
