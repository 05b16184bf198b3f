"""A helper process changes how long reading takes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.sources import helping
from hwcli.ink.sources.helping import Waiting, read_in_order


class Reader:
    """Reads a number from each file, as a drawing of so many points."""

    def read(self, content: bytes, source: str) -> Drawing:
        if not content.isdigit():
            raise BadInput(source, "no number")
        return Drawing(np.zeros((int(content), 3), np.float32), source)


def files() -> Iterator[Waiting]:
    for number in range(400):
        content = b"broken" if number == 333 else b"%03d" % number
        known = BadInput("known", "already") if number == 7 else None
        yield Waiting(str(number), f"source {number}", content, known)


@pytest.fixture
def shared_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "WORTH", 30)
    monkeypatch.setattr(helping, "BATCH", 20)
    monkeypatch.setattr(helping, "MOST_WAITING", 50)
    monkeypatch.setattr(helping, "cores", lambda: 2)


def assert_complete(done: list[Waiting]) -> None:
    assert [file.name for file in done] == [str(number) for number in range(400)]
    for number, file in enumerate(done):
        if number in (7, 333):
            assert isinstance(file.result, BadInput)
        else:
            assert isinstance(file.result, Drawing)
            assert (file.result.id, len(file.result)) == (f"source {number}", number)
    assert str(done[333].result) == "source 333: no number"


def test_alone() -> None:
    assert_complete(list(read_in_order(files(), Reader())))


@pytest.mark.usefixtures("shared_early")
def test_with_a_helper() -> None:
    assert_complete(list(read_in_order(files(), Reader())))


@pytest.mark.usefixtures("shared_early")
def test_with_a_helper_that_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    give = helping._Helper.give
    given = 0

    def give_and_kill(helper: helping._Helper, batch: list[Waiting]) -> None:
        nonlocal given
        given += 1
        if given == 3:
            helper._process.kill()
            helper._process.join()
        give(helper, batch)

    monkeypatch.setattr(helping._Helper, "give", give_and_kill)
    assert_complete(list(read_in_order(files(), Reader())))
    assert given == 3


@pytest.mark.usefixtures("shared_early")
def test_reading_can_be_left_half_way() -> None:
    reading = read_in_order(files(), Reader())
    assert next(reading).name == "0"
    reading.close()  # type: ignore[attr-defined]
