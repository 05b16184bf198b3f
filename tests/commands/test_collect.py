"""``hw collect`` as it is used, without a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import RunHw, hw_environment

from hwcli.ink.strokes_file import StrokesReader


class Person:
    """Somebody who writes what is asked for, or anything."""

    def __init__(self, process: subprocess.Popen[str], address: str, said: str) -> None:
        self.process, self.said = process, said
        self._host, self._token = re.fullmatch(r"http://(.*)/(\w+)/", address).groups()  # type: ignore[union-attr]
        self._number = 0

    def ask(self, name: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, timeout=20)
        body, headers = json.dumps(content), {"Content-Type": "application/json"}
        if content is None:
            connection.request("GET", f"/{self._token}/{name}")
        else:
            connection.request("POST", f"/{self._token}/{name}", body, headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, found
        return dict(found)

    def write(self, text: str | None = None, **more: Any) -> dict[str, Any]:
        self._number += 1
        key = f"{self.process.pid:08x}{self._number:04x}"
        text = text or self.ask("state")["next"]["text"]
        strokes = [[[i, 10 + self._number, i / 100, 0.5] for i in range(9)]]
        return self.ask("line", {"key": key, "text": text, "device": "pen", "strokes": strokes, **more})

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        if number:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, self.said + said


@contextlib.contextmanager
def collecting(folder: Path, *options: str, port: str = "0", **how: Any) -> Iterator[Person]:
    command = [sys.executable, "-m", "hwcli", "collect", "--no-open", "--port", port, *options]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=hw_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )
    try:
        assert process.stderr is not None
        said, found = "", None
        while found is None:
            line = process.stderr.readline()
            assert line, f"ended: {said}"
            said += line
            found = re.search(r"http://\S+", line)
        yield Person(process, found.group(), said)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_as_the_signal_does(tmp_path: Path, number: int) -> None:
    with collecting(tmp_path) as person:
        person.write()
        assert len((tmp_path / "mine.jsonl").read_text().splitlines()) == 10
        code, said = person.end(number)
    assert code == -number
    assert re.search(r"^1 line in mine.jsonl, with \d+ of 95 characters and \d+ of 150", said, re.MULTILINE)
    assert "Traceback" not in said


def test_a_killed_program_has_lost_nothing(tmp_path: Path) -> None:
    with collecting(tmp_path, "-o", "h.jsonl") as person:
        person.write()
        person.write()
        person.end(signal.SIGKILL)
    with (tmp_path / "h.jsonl").open("ab") as file:
        file.write(b'{"drawing":"h-0003","text":"half a li')
    with collecting(tmp_path, "-o", "h.jsonl") as person:
        assert "cut short" in person.said
        assert "2 lines so far" in person.said
        assert person.write()["kept"] == "h-0003"


def test_nothing_is_left_of_a_day_without_a_line(tmp_path: Path) -> None:
    with collecting(tmp_path) as person:
        person.end()
    assert not list(tmp_path.iterdir())


def test_finishing_is_success(tmp_path: Path) -> None:
    with collecting(tmp_path) as person:
        person.write()
        assert person.ask("finish", {})["lines"] == 1
        assert person.end(0)[0] == 0


def test_what_was_collected_is_ingested(run_hw: RunHw, tmp_path: Path) -> None:
    with collecting(tmp_path, "--writer", "me") as person:
        first = person.write()
        person.write()
        person.write(first["last"]["text"], replaces=first["kept"])
        person.end()
    done = run_hw("ingest", "mine.jsonl", "-o", "mine.h5", cwd=tmp_path)
    with (tmp_path / "mine.h5").open("rb") as file, StrokesReader(file, "mine") as reader:
        drawings = list(reader)
    assert [drawing.id for drawing in drawings] == ["mine-0002", "mine-0003"]
    assert drawings[1].text == first["last"]["text"]
    assert all(drawing.writer == "me" and drawing.time is not None for drawing in drawings)
    assert "1 drawing that was written again" in done.err


def test_own_lines_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("  Größe, \n\nnai\u0308ve\n")
    with collecting(tmp_path, "--text-file", "lines.txt") as person:
        state = person.ask("state")
        assert state["next"] == {"text": "Größe,", "new": "Größe,"}
        assert set(state["characters"]) == set("Größe,naïve")
        assert person.write()["next"]["text"] == "naïve"
        person.write()
        assert "with 10 of 10 characters" in person.end()[1]


def test_lines_on_standard_output(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, collecting(tmp_path, "-o", "-", stdout=out) as person:
        person.write()
        assert (tmp_path / "out").read_text().startswith('{"drawing":"line-0001"')
        person.end()


def test_a_reader_that_leaves_ends_it_as_sigpipe_does(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with collecting(tmp_path, "-o", "-", stdout=writing) as person:
        os.close(writing)
        os.close(reading)
        with pytest.raises(AssertionError, match="nobody"):
            person.write()
        assert person.end(0)[0] == -signal.SIGPIPE


def test_two_cannot_share_a_file(run_hw: RunHw, tmp_path: Path) -> None:
    with collecting(tmp_path) as person:
        done = run_hw("collect", "--no-open", "--port", "0", cwd=tmp_path, code=1)
        assert done.err == "hw: mine.jsonl: another hw collect is writing to it\n"
        person.end()


def test_a_port_that_is_taken(run_hw: RunHw, tmp_path: Path) -> None:
    with collecting(tmp_path) as person:
        port = person._host.rpartition(":")[2]
        done = run_hw("collect", "--no-open", "--port", port, "-o", "two.jsonl", cwd=tmp_path, code=1)
        assert f"cannot listen at 127.0.0.1, port {port}: Address already in use" in done.err
    assert not (tmp_path / "two.jsonl").exists()


def test_a_network_is_listened_to_only_when_asked_and_with_a_warning(tmp_path: Path) -> None:
    with collecting(tmp_path, "--host", "0.0.0.0") as person:
        assert "warning: whoever on the network" in person.said
        person.write()
        person.end()
    with collecting(tmp_path) as person:
        assert "warning" not in person.said
        assert person._host.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--text-file", "none.txt"), "none.txt: No such file"),
        (("--text-file", "empty.txt"), "empty.txt: no line of text in it"),
        (("--text-file", "binary.txt"), "binary.txt: not UTF-8 text"),
        (("--text-file", "long.txt"), "long.txt:2: not a line to write"),
        (("--host", "no.such.host.invalid"), "cannot listen at no.such.host.invalid: "),
        (("-o", "binary.txt"), "binary.txt:1: not UTF-8 text"),
        (("-o", "."), "not a regular file"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    run_hw: RunHw, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "empty.txt").write_text(" \n\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\n")
    (tmp_path / "long.txt").write_text("one\n" + "long " * 50)
    done = run_hw("collect", "--no-open", "--port", "0", *arguments, cwd=tmp_path, code=1)
    assert done.err.startswith("hw: ")
    assert done.err.count("\n") == 1
    assert reason in done.err
