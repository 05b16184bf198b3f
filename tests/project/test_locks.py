"""Outputs that one process at a time may write."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import hw_environment

from hwcli.errors import HwError
from hwcli.locks import held

HOLD = """
import sys, time
from pathlib import Path
from hwcli.locks import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, env=hw_environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_what_is_held_no_other_process_gets_until_it_ends_even_killed(tmp_path: Path) -> None:
    path = tmp_path / "out.h5"
    with holder(path) as process:
        with (
            pytest.raises(HwError, match=rf"another hw is at work on it \(process {process.pid} on "),
            held(path),
        ):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with held(path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_it_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("out.h5")
    with held(tmp_path / "out.h5"), pytest.raises(HwError, match="another hw"), held(tmp_path / "link"):
        pass


def test_others_beside_it_are_free(tmp_path: Path) -> None:
    with held(tmp_path / "a"), held(tmp_path / "b"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_of_many_that_come_and_go_one_has_it_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def come_and_go() -> None:
        nonlocal inside, most
        taken = 0
        while taken < 50:
            try:
                with held(tmp_path / "out"):
                    inside += 1
                    most = max(most, inside)
                    taken += 1
                    inside -= 1
            except HwError:
                continue

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(come_and_go) for _ in range(4)]:
            done.result(timeout=60)
    assert most == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, os.strerror(37))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with held(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HwError, match="No such file or directory"), held(tmp_path / "none" / "out"):
        pass
