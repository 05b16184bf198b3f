"""A signal that comes while ``hw render --out-dir`` starts the processes that draw."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, hw_environment, ink_json_lines

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

from striking import ends, hw

PATIENCE = 240
HOLD = '''
import os, sys

def hold():
    """Tell that this process has come so far, and wait for leave to go on."""
    with open(os.environ["TOLD"], "wb", buffering=0) as told:
        told.write(b".")
    with open(os.environ["LEAVE"], "rb", buffering=0) as leave:
        leave.read(1)

if os.environ["HELD"] == "child":
    if "--multiprocessing-fork" in sys.orig_argv:
        hold()
elif os.environ["HELD"] == "thread":
    from threading import Thread

    begin = Thread.start

    def begin_later(thread):
        if type(thread).__name__ == "_ExecutorManagerThread":
            hold()
        begin(thread)

    Thread.start = begin_later
else:
    from multiprocessing import util

    start = util.spawnv_passfds

    def held(path, arguments, descriptors):
        draws = "--multiprocessing-fork" in map(os.fsdecode, arguments)
        if draws and os.environ["HELD"] == "before":
            hold()
        process = start(path, arguments, descriptors)
        if draws and os.environ["HELD"] == "after":
            hold()
        return process

    util.spawnv_passfds = held
'''
"""Python imports this in each process: the first is held before it starts the thread that manages the others,
or before or after it starts another, or that one is held."""


@dataclass
class Gate:
    """Where a process tells that it is held (``told``), and is given ``leave`` to go on: two named pipes."""

    told: int
    leave: int

    def wait(self) -> None:
        """Wait until a process is held."""
        assert select.select([self.told], [], [], PATIENCE)[0], "no process was started"
        assert os.read(self.told, 1) == b"."

    def open(self) -> None:
        """Let all go on that are held, and all that come."""
        os.write(self.leave, b"." * 100)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """Return the gate that ``HOLD`` knows by its names."""
    for name in ("told", "leave"):
        os.mkfifo(tmp_path / name)
    made = Gate(*(os.open(tmp_path / name, os.O_RDWR) for name in ("told", "leave")))
    yield made
    os.close(made.told)
    os.close(made.leave)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="named pipes opened for both ways: Linux")
@pytest.mark.parametrize("held", ["thread", "before", "after", "child"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_as_the_signal_does_and_leaves_no_word_and_no_process(
    tmp_path: Path, gate: Gate, held: str, number: int
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOLD)
    (tmp_path / "ink.jsonl").write_bytes(ink_json_lines(140))
    told, leave = (str(tmp_path / name) for name in ("told", "leave"))
    with subprocess.Popen(
        hw("render", "ink.jsonl", "--out-dir", "out", "--format", "svg", "--jobs", "2", "-q"),
        cwd=tmp_path,
        env=hw_environment(PYTHONPATH=f"{tmp_path}:{ROOT}", TOLD=told, LEAVE=leave, HELD=held),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            gate.wait()
            process.send_signal(number)
            gate.open()
            # Standard error ends when the last process does that has it.
            _, said = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert said == b""
    assert process.returncode == -number
    assert ends(process.pid)
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
    assert all(path.read_bytes().rstrip().endswith(b"</svg>") for path in (tmp_path / "out").glob("*.svg"))
