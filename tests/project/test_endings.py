"""How hw ends: exit codes, signals, closed pipes, full disks; one line on stderr for each failure.

The body of ``hw info`` is replaced by a few lines of Python and the rest is the real program in a process
of its own.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import CAIRO, hw_environment

DRIVER = """
import errno, os, signal, sys, time
from hwcli import console, stdio
from hwcli.errors import BadInput, HwError, MissingExtra, ThresholdNotMet, UsageError
from hwcli.options import Quiet, Verbose
import hwcli.commands.info

def run(quiet: Quiet = False, verbose: Verbose = False) -> None:
{body}

hwcli.commands.info.run = run
sys.argv[0] = "hw"
from hwcli.__main__ import main
main()
"""

Hw = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def hw(tmp_path: Path) -> Hw:
    """Start ``hw info`` with the given body."""

    def start(body: str, *options: str, **kwargs: Any) -> subprocess.Popen[bytes]:
        script = tmp_path / "driver.py"
        script.write_text(DRIVER.format(body=textwrap.indent(textwrap.dedent(body), "    ")))
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
        return subprocess.Popen(
            [sys.executable, str(script), "info", *options], cwd=tmp_path, env=hw_environment(), **streams
        )

    return start


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, (out or b"").decode(), (err or b"").decode()


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("raise HwError('no such preset')", 1, "no such preset"),
        ("raise BadInput('a.jsonl', 'not JSON', 7)", 1, "a.jsonl:7: not JSON"),
        ("raise UsageError('name a file')", 2, "name a file"),
        ("raise ThresholdNotMet('-900 nats is above -1000')", 3, "-900 nats is above -1000"),
        ("raise MissingExtra('hw train', 'train')", 1, "hwcli[train]"),
        ("raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'x.h5')", 1, "x.h5: No space left on device"),
        ("open('/nonexistent/file')", 1, "/nonexistent/file: No such file or directory"),
        ("raise MemoryError", 1, "out of memory"),
        ("def f(): f()\nf()", 1, "nested too deeply"),
        ("b'\\xff'.decode()", 1, "text that cannot be read"),
        ("raise KeyError('up')", 1, "a bug of hw: KeyError: 'up' (-v shows where"),
        ("raise HwError('two\\nlines')", 1, "two lines"),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(hw: Hw, body: str, code: int, message: str) -> None:
    ended, out, err = finish(hw(body))
    assert ended == code
    assert err.startswith("hw: ")
    assert message in err
    assert err.count("\n") == 1
    assert out == ""


def test_a_failure_is_told_even_when_quiet(hw: Hw) -> None:
    _, _, err = finish(hw("console.warn('w')\nraise HwError('reason')", "-q"))
    assert err == "hw: reason\n"


def test_verbose_shows_where_a_bug_is(hw: Hw) -> None:
    code, _, err = finish(hw("[][1]", "-v"))
    assert code == 1
    assert "Traceback" in err
    assert "IndexError" in err.splitlines()[0]


def test_what_was_written_before_a_failure_arrives(hw: Hw) -> None:
    code, out, _ = finish(hw("print('first')\nraise HwError('second')"))
    assert (code, out) == (1, "first\n")


@pytest.mark.parametrize(
    "body",
    [
        "with stdio.open_output(None, binary=False) as f:\n    while True: f.write(b'x' * 4096)",
        "time.sleep(0.5)\nprint('a little, which is written when the program ends')",
        "time.sleep(0.5)\nprint('a little')\nraise HwError('late')",
    ],
)
def test_a_closed_pipe_ends_it_silently_as_sigpipe_does(hw: Hw, body: str) -> None:
    process = hw(body)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    code, _, err = finish(process)
    assert code == -signal.SIGPIPE
    assert err in ("", "hw: late\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_the_signal_does_after_tidying_up(hw: Hw, tmp_path: Path, number: int) -> None:
    process = hw("""
        with stdio.open_output('out.h5', binary=True) as f:
            f.write(b'half')
            print('ready', flush=True)
            time.sleep(60)
    """)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    code, _, err = finish(process)
    assert (code, err) == (-number, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["driver.py"]


LOST = {
    "in a library's callback": """
        import cairocffi
        class Sink:
            def write(self, block): os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.05)
        with stdio.open_output('out', binary=True) as f:
            surface = cairocffi.PDFSurface(Sink(), 9, 9)
            cairocffi.Context(surface).show_page()
            surface.finish()
    """,
    "while an object goes": """
        class Thing:
            def __del__(self): os.kill(os.getpid(), signal.SIGTERM); time.sleep(1)
        with stdio.open_output('out', binary=True) as f:
            thing = Thing()
            del thing
    """,
    "while h5py opens a file": """
        import h5py
        begin = h5py.Group.__init__
        def begun(*given):
            os.kill(os.getpid(), signal.SIGTERM)
            begin(*given)
        h5py.Group.__init__ = begun
        with stdio.open_output('out', binary=True) as f, h5py.File(f, 'w') as root:
            time.sleep(1)
    """,
    "while a strokes file begins": """
        import h5py
        from hwcli.ink.strokes_file import StrokesWriter
        create = h5py.Group.create_dataset
        def created(*given, **more):
            os.kill(os.getpid(), signal.SIGTERM)
            return create(*given, **more)
        h5py.Group.create_dataset = created
        with stdio.open_output('out', binary=True) as f, StrokesWriter(f) as writer:
            time.sleep(1)
    """,
    "and nothing is written": """
        class Thing:
            def __del__(self): os.kill(os.getpid(), signal.SIGTERM); time.sleep(1)
        thing = Thing()
        del thing
    """,
}


@pytest.mark.parametrize("where", [pytest.param(where, marks=[CAIRO] * ("library" in where)) for where in LOST])
def test_a_signal_whose_exception_gets_lost_ends_it_all_the_same(hw: Hw, tmp_path: Path, where: str) -> None:
    code, out, err = finish(hw(LOST[where]))
    assert (code, out, err) == (-signal.SIGTERM, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["driver.py"]


def test_a_signal_ends_it_while_an_archive_keeps_it_waiting(hw: Hw) -> None:
    code, _, err = finish(
        hw("""
        import threading
        from hwcli.ink.sources.archive import members
        os.mkfifo('pipe')
        os.open('pipe', os.O_RDWR)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with stdio.open_input('pipe') as file:
            list(members(file, 'archive', lambda name: True))
    """)
    )
    assert (code, err) == (-signal.SIGTERM, "")


def test_a_signal_that_the_caller_ignores_stays_ignored(hw: Hw) -> None:
    process = hw(
        "print('ready', flush=True)\ntime.sleep(1)\nprint('done')",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    code, out, _ = finish(process)
    assert (code, out) == (0, "done\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "body",
    [
        "print('lost')",
        "with stdio.open_output(None, binary=False) as f: f.write(b'lost')",
        "with stdio.open_output(None, binary=True) as f: f.write(b'lost')",
        "with stdio.open_output('/dev/full', binary=True) as f: f.write(b'lost')",
    ],
)
def test_a_full_disk_is_a_failure_of_one_line(hw: Hw, body: str) -> None:
    with open("/dev/full", "wb") as full:
        code, _, err = finish(hw(body, stdout=full))
    place = "/dev/full" if "/dev/full" in body else "standard output"
    assert (code, err) == (1, f"hw: {place}: No space left on device\n")


WRITE_HDF5 = """
    import h5py, numpy, resource
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    with stdio.open_output({path!r}, binary=True) as f, h5py.File(f, 'w') as root:
        d = root.create_dataset('points', (0, 3), maxshape=(None, 3), chunks=(512, 3))
        for i in range(40):
            d.resize((i + 1) * 512, 0)
            d[-512:] = numpy.random.rand(512, 3)
"""


@pytest.mark.parametrize("limit", [10, 500, 4096, 50_000, 247_000, 249_000])
@pytest.mark.parametrize("path", ["out.h5", None])
def test_a_disk_that_fills_up_under_hdf5_leaves_nothing(
    hw: Hw, tmp_path: Path, limit: int, path: str | None
) -> None:
    code, out, err = finish(hw(WRITE_HDF5.format(limit=limit, path=path)))
    assert code == 1
    assert err.endswith(": File too large\n")
    assert err.count("\n") == 1
    assert out == ""
    assert [item.name for item in tmp_path.iterdir()] == ["driver.py"]


def test_a_closed_standard_output_is_a_failure(hw: Hw) -> None:
    body = "with stdio.open_output(None, binary=False) as f: f.write(b'lost')"
    code, _, err = finish(hw(body, stdout=None, preexec_fn=lambda: os.close(1)))
    assert (code, err) == (1, "hw: standard output is closed; name a file with -o\n")


def test_no_file_takes_the_place_of_a_closed_standard_output(hw: Hw) -> None:
    body = "assert open('new', 'wb').fileno() > 2\nraise HwError('well')"
    code, _, err = finish(hw(body, stdout=None, preexec_fn=lambda: os.close(1)))
    assert (code, err) == (1, "hw: well\n")


def test_a_closed_standard_input_is_wrong_usage(hw: Hw) -> None:
    body = "with stdio.open_input('-') as f: f.read()"
    code, _, err = finish(hw(body, stdin=None, preexec_fn=lambda: os.close(0)))
    assert (code, err) == (2, "hw: standard input is closed; name a file instead\n")


def test_a_closed_standard_error_changes_no_exit_code(hw: Hw) -> None:
    body = "console.say('s')\nprint('out')\nraise HwError('reason')"
    code, out, _ = finish(hw(body, stderr=None, preexec_fn=lambda: os.close(2)))
    assert (code, out) == (1, "out\n")


def test_a_terminal_on_standard_input_is_wrong_usage_not_a_hang(hw: Hw) -> None:
    ours, theirs = pty.openpty()
    try:
        code, _, err = finish(hw("with stdio.open_input('-') as f: f.read()", stdin=theirs))
    finally:
        os.close(ours)
        os.close(theirs)
    assert (code, err) == (2, "hw: nothing to read: name a file, or pipe one in\n")


def test_binary_data_is_not_sent_to_a_terminal(hw: Hw) -> None:
    ours, theirs = pty.openpty()
    try:
        code, _, err = finish(
            hw("with stdio.open_output(None, binary=True) as f: f.write(b'x')", stdout=theirs)
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert code == 2
    assert "not written to a terminal" in err


def test_progress_goes_to_stderr_as_plain_lines_when_that_is_no_terminal(hw: Hw) -> None:
    body = """
        with console.progress('read', 4, every=0) as show:
            show(1, 'a note')
            print('data')
    """
    _, out, err = finish(hw(body))
    assert (out, err) == ("data\n", "read: 25% a note\n")


def test_progress_on_a_terminal_leaves_standard_output_alone(hw: Hw) -> None:
    ours, theirs = pty.openpty()
    body = "with console.progress('read', 4) as show:\n    show(1)\n    print('data')"
    try:
        code, out, _ = finish(hw(body, stderr=theirs))
        shown = os.read(ours, 1 << 16)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (code, out) == (0, "data\n")
    assert b"read" in shown


def seen_on_a_terminal(start: Callable[[int], subprocess.Popen[bytes]]) -> str:
    """Return what a terminal gets from the process that ``start`` starts with it, and which ends well."""
    ours, theirs = pty.openpty()
    try:
        code, _, _ = finish(start(theirs))
        os.write(theirs, b"all")
        shown = b""
        while not shown.endswith(b"all"):
            shown += os.read(ours, 1 << 16)
    finally:
        os.close(ours)
        os.close(theirs)
    assert code == 0
    return shown.decode()


def test_a_terminal_that_draws_no_bar_gets_plain_lines_and_any_other_keeps_its_cursor(hw: Hw) -> None:
    def shown(kind: str) -> str:
        body = f"""
            os.environ["TERM"] = {kind!r}
            with console.progress('read', 4, every=0) as show:
                show(1, 'a note')
                os._exit(0)  # as SIGKILL does it
        """
        return seen_on_a_terminal(lambda terminal: hw(body, stderr=terminal))

    assert shown("dumb").startswith("read: 25% a note\r\n")
    bar = shown("xterm")
    assert bar.count("\x1b[?25l") == bar.count("\x1b[?25h") == 1


@pytest.mark.parametrize(("after", "is_there"), [(60, False), (0.001, True)])
def test_a_bar_for_long_steps_alone_comes_when_one_is_long(hw: Hw, after: float, is_there: bool) -> None:
    body = f"""
        with console.progress('write', after={after}) as show:
            time.sleep(1.1)
            show(1, '1 drawing')
            show(2, '2 drawings')
    """
    shown = seen_on_a_terminal(lambda terminal: hw(body, stderr=terminal))
    assert ("2 drawings" in shown) == is_there
    assert ("0:00:01" in shown) == is_there
    assert "%" not in shown


@pytest.mark.parametrize(
    ("options", "is_shown"), [(["-o", "ink.jsonl"], True), ([], False), (["-o", "ink.jsonl", "-q"], False)]
)
def test_sample_shows_how_far_it_is_when_the_ink_goes_into_a_file(
    options: list[str], is_shown: bool, tmp_path: Path
) -> None:
    impatient = """
        import sys
        import hwcli.commands.sample
        from hwcli.__main__ import main

        hwcli.commands.sample.A_MOMENT = 0.001
        main()
    """
    command = [sys.executable, "-c", textwrap.dedent(impatient), "sample", "-n", "2", "--points", "30"]
    environment = hw_environment(COLUMNS="120", TERM="xterm")
    shown = seen_on_a_terminal(
        lambda terminal: subprocess.Popen(
            [*command, *options], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=terminal,
        )
    )  # fmt: skip
    assert ("2 drawings, 60 points" in shown) == is_shown
    assert ("writing" in shown) == is_shown


def test_it_is_known_whether_standard_output_is_for_a_file(hw: Hw, tmp_path: Path) -> None:
    body = """
        wanted = (stdio.ends_in_file(None), stdio.ends_in_file('-'), stdio.ends_in_file('new.jsonl'))
        print(*wanted, stdio.ends_in_file('/dev/null'), file=sys.stderr)
    """
    with Path(tmp_path, "file").open("wb") as file:
        told = [finish(hw(body, stdout=stream))[2] for stream in (file, subprocess.PIPE)]
    assert told == ["True True True False\n", "False False True False\n"]


def test_messages_stand_in_lines_of_their_own_above_a_bar(hw: Hw) -> None:
    message = "a file called [bold]x[/bold].h5 :smile: " + "and more " * 12
    body = f"""
        os.environ |= {{"TERM": "xterm", "COLUMNS": "80"}}
        with console.progress('read', 4) as show:
            show(1, 'a note')
            console.say({message + "end"!r})
            show(2)
    """
    shown = seen_on_a_terminal(lambda terminal: hw(body, stderr=terminal))
    assert f"\x1b[2K{message}end\r\n" in shown


def test_verbose_tells_what_a_command_took(run_hw: Callable[..., Any], ink_jsonl: Path, tmp_path: Path) -> None:
    command = ("ingest", ink_jsonl, "-o", tmp_path / "a.h5", "--force")
    plain, more = run_hw(*command), run_hw(*command, "-v")
    assert f"{ink_jsonl}: 24 drawings taken\n" in more.err
    assert re.search(r"^took [0-9.]+ s, [0-9.]+ s of processor, [0-9,]+ MB at most$", more.err, re.MULTILINE)
    assert "took" not in plain.err
