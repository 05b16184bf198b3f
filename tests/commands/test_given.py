"""What commands do with records that cannot be read."""

from __future__ import annotations

import weakref

import pytest

from hwcli.commands.given import BadRecords
from hwcli.errors import BadInput


def test_of_millions_of_bad_records_only_the_first_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    records = BadRecords(True)
    records.add(BadInput("ink.jsonl", "not JSON", 3))
    second = BadInput("ink.jsonl", "not JSON", 4)
    records.add(second)
    kept = weakref.ref(second)
    del second
    assert kept() is None
    assert len(records) == 2
    records.tell("records")
    assert capsys.readouterr().err == "hw: warning: 2 bad records left out, the first: ink.jsonl:3: not JSON\n"
