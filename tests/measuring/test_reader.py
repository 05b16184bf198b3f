"""Reading lines, and what is made of what was read."""

from __future__ import annotations

import builtins
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from conftest import CAIRO
from hypothesis import given, strategies as st

from hwcli.errors import MissingExtra
from hwcli.ink import Drawing
from hwcli.measuring import reader as reading
from hwcli.measuring.reader import Reader, Reading, cer, distance, legibility, resized, wer, worst

READER = pytest.mark.skipif(
    find_spec("rapidocr") is None or find_spec("onnxruntime") is None,
    reason="needs the extra 'read': pip install 'hwcli[read]'",
)
WORDS = st.text("abc ", max_size=8)


def test_the_distance_is_the_number_of_changes() -> None:
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == distance("abc", "") == 3
    assert distance(["one", "two"], ["one", "too", "two"]) == 1


@given(WORDS, WORDS, WORDS)
def test_the_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


def test_error_rates_are_shares_of_what_was_meant() -> None:
    assert cer("abcd", "abxd") == 0.25
    assert cer("", "ab") == 2
    assert wer("one two three four", "one too three") == 0.5


def test_legibility_counts_over_all_lines_together() -> None:
    readings = [
        Reading("a", "one two", "one two"),
        Reading("b", "abc", "xyz"),
        Reading("c", "ab cd", "ab c"),
    ]
    found = legibility(readings)
    assert (found.lines, found.characters) == (3, 15)
    assert found.cer == pytest.approx(4 / 15)
    assert found.wer == pytest.approx(2 / 5)
    assert found.failed == pytest.approx(1 / 3)
    assert [item.id for _, item in worst(readings, 2)] == ["b", "c"]
    with pytest.raises(ValueError, match="no text"):
        legibility([Reading("a", "", "x")])


def test_an_image_is_resized_between_its_pixels() -> None:
    image = np.array([[0, 100], [100, 200]], np.uint8)
    np.testing.assert_allclose(resized(image, 2, 2), image)
    np.testing.assert_allclose(resized(image, 4, 4)[0], [0, 25, 75, 100])
    np.testing.assert_allclose(resized(image, 1, 1), [[100]])
    assert resized(np.full((1, 1), 7, np.uint8), 3, 5).tolist() == [[7.0] * 5] * 3


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'hwcli\[read\]'"):
        Reader()


def printed(text: str) -> Any:
    """Return an image of printed ``text``."""
    cairo = pytest.importorskip("cairocffi")
    surface = cairo.ImageSurface(cairo.FORMAT_A8, 26 * len(text) + 40, 64)
    context = cairo.Context(surface)
    context.select_font_face("sans-serif")
    context.set_font_size(40)
    context.move_to(10, 46)
    context.show_text(text)
    surface.flush()
    pixels = np.frombuffer(surface.get_data(), np.uint8).reshape(64, surface.get_stride())
    return 255 - pixels[:, : surface.get_width()]


@READER
@CAIRO
def test_it_reads_nothing_where_there_is_nothing_and_needs_neither_network_nor_vision_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported = builtins.__import__

    def guarded(name: str, *rest: Any, **named: Any) -> Any:
        assert name.split(".")[0] not in ("rapidocr", "cv2", "requests"), name
        return imported(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert Reader().read([np.full((64, 200), 255, np.uint8)]) == [""]


@READER
@CAIRO
def test_it_reads_print(capfd: pytest.CaptureFixture[str]) -> None:
    image = printed("Handwriting 1234")
    if (image == 255).all():
        pytest.skip("needs a font")
    texts = Reader(2).read([image, np.full((64, 100), 255, np.uint8), image])
    assert cer("Handwriting 1234", texts[0]) < 0.2
    assert texts[1] == ""
    assert texts[2] == texts[0]
    assert capfd.readouterr() == ("", "")


@READER
@CAIRO
@pytest.mark.filterwarnings("ignore")
def test_what_it_reads_is_what_the_package_reads(made_drawings: list[Drawing]) -> None:
    from hwcli.drawing.line_image import line_image

    ocr = pytest.importorskip("rapidocr").RapidOCR(params={"Global.log_level": "error"})
    images = [line_image(made) for made in made_drawings[:4]] + [printed("Yes")]
    theirs = [
        ocr(np.repeat(image[..., np.newaxis], 3, axis=2), use_det=False, use_cls=False, use_rec=True).txts[0]
        for image in images
    ]
    assert Reader().read(images) == theirs
