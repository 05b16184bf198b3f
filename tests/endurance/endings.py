"""Ends each command in the ways that shells, disks and terminals know, and looks at how it takes it.

    python tests/endurance/endings.py                  # all of them
    python tests/endurance/endings.py render --of full

Whatever happens, hw says one line at most, ends with the right code, and what stood under the output's name
stands there still.  Prints a line for each fault, and at the end how many endings there were; ends with 1 when
there were faults.  ``tests/project/test_every_ending.py`` runs a share of it.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from conftest import ink_json_lines
from striking import environment, hw

OLD = b"what stood here before"


@dataclass(frozen=True)
class Case:
    """A command line, to be run beside what ``prepare`` makes.

    Attributes
    ----------
    arguments: of hw, without the output's name.
    output: the option and name of a file that can be written instead of standard output; empty: none can.
    binary: whether that is binary data, which no terminal gets.
    stdin: the file that it reads from standard input; empty: it reads none.
    streams: whether it writes to standard output.
    tensorflow: whether it needs it.
    """

    arguments: tuple[str, ...]
    output: tuple[str, ...] = ()
    binary: bool = False
    stdin: str = ""
    streams: bool = True
    tensorflow: bool = False


CASES = {
    "help": Case(("--help",)),
    "version": Case(("--version",)),
    "completion": Case(()),
    "collect": Case(("collect", "--no-open", "--port", "0"), ("-o", "mine.jsonl"), streams=False),
    "ingest": Case(("ingest", "-"), ("-o", "out.h5"), binary=True, stdin="ink.jsonl"),
    "ingest-report": Case(
        ("ingest", "ink.jsonl", "-o", "strokes.h5", "--force"), ("--report", "out.json"), streams=False
    ),
    "export": Case(("export", "ink.h5"), ("-o", "out.jsonl")),
    "export-pipe": Case(("export", "-"), ("-o", "out.inkml"), stdin="ink.h5"),
    "export-npz": Case(
        ("export", "ink.h5", "--format", "stroke3"), ("-o", "out.npz"), binary=True
    ),
    "info": Case(("info",), stdin="ink.jsonl"),
    "info-json": Case(("info", "--json", "ink.h5")),
    "align": Case(("align", "-"), ("-o", "out.jsonl"), stdin="ink.jsonl"),
    "recombine": Case(("recombine", "lines.h5", "-n", "2", "--seed", "1"), ("-o", "out.h5"), binary=True),
    "recombine-list": Case(
        ("recombine", "lines.h5", "-n", "2", "--seed", "1", "-o", "strokes.h5", "--force"),
        ("--disagreements", "out.txt"), streams=False,
    ),
    "train-config": Case(("train", "--preset", "smoke", "--dump-config")),
    "train": Case(
        ("train", "-", "--preset", "smoke", "--max-batches", "1", "--seed", "1"), ("-o", "out.h5"),
        stdin="ink.h5", streams=False, tensorflow=True,
    ),
    "train-log": Case(
        ("train", "ink.h5", "--preset", "smoke", "--max-batches", "1", "--seed", "1", "-o", "m.h5", "--force"),
        ("--log", "out.log"), streams=False, tensorflow=True,
    ),
    "sample": Case(("sample", "--seed", "1"), ("-o", "out.jsonl"), stdin="texts"),
    "sample-style": Case(
        ("sample", "a word", "--seed", "1", "-o", "out2.jsonl", "--force"), ("--save-style", "out.jsonl"),
        streams=False,
    ),
    "styles": Case(("styles",), ("-o", "out.txt")),
    "styles-sheet": Case(("styles", "--sheet"), ("-o", "out.svg")),
    **{
        f"render-{kind}": Case(
            ("render", "--format", kind), ("-o", f"out.{kind}"), stdin="few.jsonl",
            binary=kind not in ("svg", "html", "text"),
        )
        for kind in ("svg", "png", "pdf", "ps", "html", "gif", "apng", "text")
    },
    "images": Case(("render", "ink.jsonl", "--force", "--dpi", "40"), ("--out-dir", "out"), streams=False),
    "images-pool": Case(
        ("render", "many.jsonl", "--force", "--dpi", "40", "--jobs", "2"), ("--out-dir", "out"), streams=False
    ),
    "eval": Case(("eval", "--limit", "2"), stdin="lines.h5"),
    "eval-json": Case(("eval", "--limit", "2", "--json", "lines.h5")),
    "eval-plot": Case(("eval", "lines.h5", "--limit", "1"), ("--plot", "plots"), streams=False),
    "eval-liveliness": Case(("eval", "--liveliness", "lines.h5")),
}  # fmt: skip
"""By name."""


@dataclass
class Ended:
    """How a run ended: its exit code, what it said, and the rest of the first file that it was to write."""

    code: int
    said: str


def prepare(top: Path) -> None:
    """Make what the cases read in ``top``."""
    (top / "ink.jsonl").write_bytes(ink_json_lines(24))
    (top / "few.jsonl").write_bytes(ink_json_lines(2))
    (top / "many.jsonl").write_bytes(ink_json_lines(150))
    (top / "texts").write_text("Nothing lost.\n")
    for arguments in (
        ("ingest", "ink.jsonl", "-o", "ink.h5"),
        (
            "sample",
            "-n",
            "3",
            "--seed",
            "1",
            "--own-hands",
            "-o",
            "lines.jsonl",
            "no one let in",
            "nothing lost, no",
        ),
        ("ingest", "lines.jsonl", "-o", "lines.h5"),
    ):
        subprocess.run(hw(*arguments), cwd=top, env=environment(), check=True, stderr=subprocess.DEVNULL)


def run(case: Case, top: Path, *more: str, stdin: Any = None, **how: Any) -> Ended:
    """Run ``case`` in ``top``; ``how``: as Popen takes it."""
    command = hw(*case.arguments, *more)
    # On a disk that fills up Python would leave pieces of compiled modules behind, and trip over them later.
    full = environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    full |= {} if case.arguments else {"_HW_COMPLETE": "source_bash"}
    with open(top / case.stdin if case.stdin else os.devnull, "rb") as given:
        streams = {"stdin": given if stdin is None else stdin, "stdout": subprocess.DEVNULL, **how}
        process = subprocess.Popen(
            command, cwd=top, env=full, stderr=subprocess.PIPE, start_new_session=True, **streams
        )
    try:
        said = process.communicate(timeout=120)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return Ended(-999, "hung " + process.communicate()[1].decode(errors="replace"))
    return Ended(process.returncode, said)


# --- the endings: each yields what is wrong ----------------------------------------------------------------


def full(case: Case, top: Path) -> Iterator[str]:
    """Standard output goes to a disk that is full."""
    if case.streams:
        with open("/dev/full", "wb") as sink:
            yield from _failed(run(case, top, stdout=sink), "standard output: No space left on device")


def closed(case: Case, top: Path) -> Iterator[str]:
    """Standard output is closed."""
    if case.streams:
        ended = run(case, top, stdout=None, preexec_fn=lambda: os.close(1))
        yield from _failed(ended, "standard output")


def pipe(case: Case, top: Path) -> Iterator[str]:
    """Nobody reads the pipe that standard output goes to."""
    if case.streams:
        ours, theirs = os.pipe()
        os.close(ours)
        ended = run(case, top, stdout=theirs)
        os.close(theirs)
        if ended.code != -signal.SIGPIPE or "Traceback" in ended.said or "hw: " in ended.said:
            yield f"ended with {ended.code}, not by SIGPIPE: {ended.said[-300:]}"


def no_stdin(case: Case, top: Path) -> Iterator[str]:
    """Standard input is closed."""
    if case.stdin:
        yield from _failed(run(case, top, *_output(case), preexec_fn=lambda: os.close(0)), "standard input", 2)
        yield from _nothing_written(case, top)


def typed(case: Case, top: Path) -> Iterator[str]:
    """Standard input is a terminal, where nobody types."""
    if case.stdin:
        ours, theirs = pty.openpty()
        yield from _failed(run(case, top, *_output(case), stdin=theirs), "", 2)
        os.close(ours)
        os.close(theirs)
        yield from _nothing_written(case, top)


def shown(case: Case, top: Path) -> Iterator[str]:
    """Standard output is a terminal, and the data is binary."""
    if case.streams and case.binary:
        ours, theirs = pty.openpty()
        yield from _failed(run(case, top, stdout=theirs), "not written to a terminal", 2)
        os.close(ours)
        os.close(theirs)


def read_only(case: Case, top: Path) -> Iterator[str]:
    """The output's directory is one that nobody can write to, not even root."""
    if case.output:
        option, name = case.output
        place = f"/sys/{name}"
        yield from _failed(run(case, top, option, place), "/sys")


def missing(case: Case, top: Path) -> Iterator[str]:
    """The output's directory is not there."""
    if case.output and case.output[0] not in ("--out-dir", "--plot"):
        option, name = case.output
        yield from _failed(run(case, top, option, f"none/{name}"), "none")


def there(case: Case, top: Path) -> Iterator[str]:
    """The output is there, and nobody said that it may go."""
    if case.output and "--force" not in case.arguments and case.output[0] not in ("--out-dir", "--plot"):
        (top / case.output[1]).write_bytes(OLD)
        said = "" if case.arguments[0] == "collect" else "--force"
        yield from _failed(run(case, top, *case.output), said)
        yield from _old_stands(case, top)


def filled(case: Case, top: Path) -> Iterator[str]:
    """The disk fills up while the output is written, over one of before."""
    if not case.output or case.arguments[0] == "collect":
        return
    place = top / case.output[1]
    is_folder = case.output[0] in ("--out-dir", "--plot")
    force = () if "--force" in case.arguments else ("--force",)
    for limit in (50, 2000):
        if not is_folder:
            place.write_bytes(OLD)
        ended = run(case, top, *case.output, *force, preexec_fn=_limited(limit))
        if not (ended.code == 0 and not is_folder and place.read_bytes() != OLD):
            # TensorFlow, and cairo for PS, want files of their own first.
            yield from _failed(ended, "" if case.tensorflow or "ps" in case.arguments else "File too large")
            if not is_folder:
                yield from _old_stands(case, top)
        if is_folder:
            yield from (f"{path.name} is empty" for path in place.glob("*.*g") if not path.stat().st_size)
            shutil.rmtree(place, ignore_errors=True)


def device(case: Case, top: Path) -> Iterator[str]:
    """The output is a device that is full."""
    if case.output and case.output[0] not in ("--out-dir", "--plot") and case.arguments[0] != "collect":
        ended = run(case, top, case.output[0], "/dev/full")
        said = "" if case.arguments[0] == "train" else "/dev/full: No space left on device"
        yield from _failed(ended, said, 2 if case.output[0] == "-o" and case.arguments[0] == "train" else 1)


ENDINGS: dict[str, Callable[[Case, Path], Iterator[str]]] = {
    "full": full, "closed": closed, "pipe": pipe, "no-stdin": no_stdin, "typed": typed, "shown": shown,
    "read-only": read_only, "missing": missing, "there": there, "filled": filled, "device": device,
}  # fmt: skip


def _output(case: Case) -> tuple[str, ...]:
    return case.output if case.output and "--force" not in case.arguments else ()


def _limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _failed(ended: Ended, said: str, code: int = 1) -> Iterator[str]:
    """Yield what is wrong with an end that is to have ``code`` and one line with ``said``."""
    lines = [line for line in ended.said.splitlines() if line.startswith("hw: ")]
    if ended.code != code:
        yield f"ended with {ended.code}, not {code}: {ended.said[-300:]}"
    elif len(lines) != 1 or lines[0] != ended.said.splitlines()[-1] or "Traceback" in ended.said:
        yield f"said {ended.said[-500:]}"
    elif said not in lines[0] or "a bug of hw" in lines[0] or "[Errno" in lines[0]:
        yield f"said {lines[0]!r}, not {said!r}"


def _old_stands(case: Case, top: Path) -> Iterator[str]:
    place = top / case.output[1]
    # Where there are two outputs the first may be whole by now.
    if not place.exists() or (place.read_bytes() != OLD and "--force" not in case.arguments):
        yield "the file of before is gone"
    place.unlink(missing_ok=True)


def _nothing_written(case: Case, top: Path) -> Iterator[str]:
    if case.output and (top / case.output[1]).exists():
        yield f"{case.output[1]} was made"


def faults_of(name: str, ending: str, top: Path) -> list[str]:
    """Return what is wrong when the case ``name`` meets ``ending``, in ``top``."""
    before = {path.name for path in top.iterdir()}
    found = list(ENDINGS[ending](CASES[name], top))
    for path in [path for path in top.iterdir() if path.name not in before]:
        if path.name.endswith((".partial", ".lock")) or path.name.startswith("."):
            found.append(f"left over: {path.name}")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all when absent")
    parser.add_argument("--of", nargs="*", choices=ENDINGS, default=list(ENDINGS), help="the endings")
    options = parser.parse_args()
    count = faults = 0
    with tempfile.TemporaryDirectory(prefix="endings-") as folder:
        prepare(Path(folder))
        for name in options.cases or CASES:
            for ending in options.of:
                found = faults_of(name, ending, Path(folder))
                count, faults = count + 1, faults + len(found)
                for fault in found:
                    print(f"{name}, {ending}: {fault}", flush=True)
    print(f"{count} endings, {faults} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
