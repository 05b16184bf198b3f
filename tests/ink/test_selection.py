"""Lists of ids, as people write them."""

from __future__ import annotations

import io

import pytest

from hwcli.errors import BadInput
from hwcli.ink import limits
from hwcli.ink.selection import Selection, read_selection


def selection_of(content: bytes) -> Selection:
    return read_selection(io.BytesIO(content), "list.txt")


@pytest.mark.parametrize(
    "content",
    [
        b"a01-000u-01\nb02-045z\n",
        b"a01-000u-01\nb02-045z",
        b"\xef\xbb\xbfa01-000u-01\r\nb02-045z\r\n",
        b"\n  a01-000u-01\t\n\n b02-045z\n a01-000u-01\n\n",
    ],
)
def test_a_list_is_an_id_a_line_however_its_lines_end(content: bytes) -> None:
    selection = selection_of(content)
    assert selection.is_ordered
    assert selection.missing() == ["a01-000u-01", "b02-045z"]
    assert [selection.wants(id) for id in ("a01-000u-01", "b02-045z-07", "a01-000u-02")] == [True, True, False]
    assert selection.place("b02-045z-07") == 1
    assert selection.missing() == ["a01-000u-01"]


def test_an_id_may_have_blanks_and_letters_of_the_world() -> None:
    assert selection_of("une ligne\nλέξη\n".encode()).missing() == ["une ligne", "λέξη"]


@pytest.mark.parametrize("content", [b"", b"\n \n\t\n", b"\xef\xbb\xbf\n"])
def test_a_list_without_an_id_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"^list\.txt: no id in it$"):
        selection_of(content)


@pytest.mark.parametrize("content", ["a01\n".encode("utf-16"), b"\x89HDF\r\n\x1a\n", b"a\xe9\n"])
def test_what_is_not_text_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"^list\.txt: not a list of ids: not UTF-8 text$"):
        selection_of(content)


def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOCUMENT", 10)
    with pytest.raises(BadInput, match="more than 10 bytes"):
        selection_of(b"a01-000u-01\n")


def test_a_line_that_is_named_itself_stands_there_and_not_with_its_form() -> None:
    selection = Selection(["a01-000u", "a01-000u-02"])
    assert [selection.place(f"a01-000u-0{number}") for number in (1, 2, 3)] == [0, 1, 0]
    assert selection.missing() == []
