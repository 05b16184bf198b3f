"""Lengths, margins and pages as people write them."""

from __future__ import annotations

import pytest

from hwcli.drawing.measures import Page, length, margins, page_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("3mm", 3),
        (" 1.5 cm ", 15),
        ("1in", 25.4),
        (".5IN", 12.7),
        ("72pt", 25.4),
        ("0", 0),
        ("10000", 10_000),
    ],
)
def test_lengths(text: str, expected: float) -> None:
    assert length(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "mm", "-3", "3 km", "nan", "inf", "1e3", "3,5", "10001", "3mm mm", "٣"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(ValueError, match=r"length|above"):
        length(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a4", (210, 297)), ("A5", (148, 210)), ("letter", (215.9, 279.4)), ("100x150mm", (100, 150)),
     ("10cmx5in", (100, 127)),
     ("100x150", (100, 150)), ("1x2in", (25.4, 50.8))],
)  # fmt: skip
def test_pages(text: str, expected: tuple[float, float]) -> None:
    assert page_size(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "a9", "x", "100", "100x", "x100", "0x5", "-1x5", "nanxnan", "1x2x3"])
def test_what_is_no_page(text: str) -> None:
    with pytest.raises(ValueError, match="is no page"):
        page_size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", (5, 5, 5, 5)), ("1cm,5", (10, 5, 10, 5)), ("1 2 3", (1, 2, 3, 2)), ("1,2,3,4mm", (1, 2, 3, 4))],
)
def test_margins(text: str, expected: tuple[float, ...]) -> None:
    assert margins(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "1,2,3,4,5", "1,,2", "-1"])
def test_what_are_no_margins(text: str) -> None:
    with pytest.raises(ValueError, match=r"length|margin"):
        margins(text)


def test_the_room_of_a_page() -> None:
    assert Page(100, 200, 1, 2, 3, 4).room == (94, 196)
