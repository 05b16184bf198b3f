"""Fuzzing of everything that is read: ``fuzz.py READER --minutes N`` (see CONTRIBUTING.md, "Fuzzing").

Coverage leads the way (atheris, on libFuzzer).  Whatever a reader makes of an input, it may only succeed or
raise an error for users; it may not take longer than ``TIME``, nor more memory than ``MEMORY``, nor write,
remove or start anything.  What it did wrong is kept, one input a kind, in the directory of ``--findings``.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz_words import words_of

TIME = 20
"""Seconds for one input."""
MEMORY = 1024
"""MB of memory, with those that Python, NumPy and h5py take (about 150)."""
LONGEST = {
    "strokes": 60_000,
    "model": 40_000,
    "hand": 40_000,
    "checkpoint": 60_000,
    "npz": 8000,
    "tar": 12_000,
    "gzip": 12_000,
}
"""Bytes of an input."""
USUAL_LENGTH = 4096
SLICE = 55
"""Seconds of one process; between two others may have the machine."""
READERS = (
    "xml", "tar", "gzip", "inkml", "xopp", "svg", "unipen", "remarkable", "rmdoc", "jsonl", "npz", "npy",
    "strokes", "strokes-edits", "model", "model-edits", "hand", "hand-edits", "checkpoint", "checkpoint-edits",
    "toml", "text", "style", "notebook", "message", "http",
)  # fmt: skip
TEMPORARY = tempfile.gettempdir() + "/"
FORBIDDEN = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.putenv", "subprocess.Popen", "socket.connect",
    "socket.bind", "shutil.move", "shutil.rmtree", "ctypes.dlopen",
}  # fmt: skip


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--corpus", type=Path, help="keep what was found to lead somewhere (a directory)")
    parser.add_argument("--between", help="a command to run between the slices of a minute")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given, rest = parser.parse_known_args()
    if given.child:
        _fuzz(given.reader, given.findings, rest)
    elif rest:
        parser.error(f"what is {rest[0]}?")
    else:
        sys.exit(_drive(given))


# --- the driver --------------------------------------------------------------------------------------------


def _drive(given: argparse.Namespace) -> int:
    """Fuzz in slices, each a process, and print the account as a line of JSON; return the exit code."""
    folder = given.findings / given.reader
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hw-corpus-") as made:
        corpus = given.corpus / given.reader if given.corpus else Path(made)
        corpus.mkdir(parents=True, exist_ok=True)
        words = Path(made, "words.txt")
        words.write_text("".join(f'"{word}"\n' for word in words_of(given.reader)))
        inputs, seconds, broken = 0, 0.0, 0
        while seconds < given.minutes * 60:
            if given.between:
                subprocess.run(given.between, shell=True, check=False)
            begun = time.monotonic()
            runs, ended_well = _slice(
                given.reader, corpus, words, folder, min(SLICE, given.minutes * 60 - seconds)
            )
            inputs, broken = inputs + runs, broken + (not ended_well)
            seconds += time.monotonic() - begun
    kinds = sorted(path.name for path in folder.iterdir() if path.suffix != ".txt")
    account = {
        "reader": given.reader,
        "inputs": inputs,
        "minutes": round(seconds / 60, 1),
        "ended_early": broken,
    }
    print(json.dumps({**account, "findings": kinds}), flush=True)
    return 1 if kinds else 0


def _slice(reader: str, corpus: Path, words: Path, folder: Path, seconds: float) -> tuple[int, bool]:
    """Fuzz for some ``seconds``; return the number of inputs and whether the process came to its end."""
    options = {
        "max_total_time": max(1, int(seconds)), "timeout": TIME, "rss_limit_mb": MEMORY, "print_final_stats": 1,
        "max_len": LONGEST.get(reader.removesuffix("-edits"), USUAL_LENGTH) if "-edits" not in reader else 96,
        "artifact_prefix": f"{folder}/", "dict": words,
    }  # fmt: skip
    command = [sys.executable, __file__, reader, "--child", "--findings", str(folder)]
    command += [f"-{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [*command, str(corpus)], capture_output=True, text=True, errors="replace", check=False
    )
    found = re.findall(r"(?:number_of_executed_units: |^#)(\d+)", done.stderr, re.MULTILINE)
    if done.returncode:
        (folder / f"ended-{time.time_ns()}.txt").write_text(done.stderr[-20_000:])
    return (int(found[-1]) if found else 0), done.returncode == 0


# --- the process that fuzzes -------------------------------------------------------------------------------


def _fuzz(reader: str, folder: Path, options: list[str]) -> None:
    import atheris

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    with atheris.instrument_imports(include=["hwcli", "tomllib", "zipfile", "http.server"]):
        import fuzz_seeds
        from fuzz_targets import fuzz_target

        target = fuzz_target(reader)
    corpus = Path(options[-1])
    for number, seed in enumerate(fuzz_seeds.seeds(reader)):
        (corpus / f"seed-{number}").write_bytes(seed)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")  # a warning would be a line on standard error that nobody understands
    watched = _Watched(target, folder)
    atheris.Setup([sys.argv[0], *options], watched)
    atheris.Fuzz()


class _Watched:
    """Calls a target; what it does wrong is written down, one input a kind, and fuzzing goes on."""

    def __init__(self, target: Callable[[bytes], None], folder: Path) -> None:
        self._target, self._folder, self._is_on = target, folder, False
        self._deeds: list[str] = []
        sys.addaudithook(self._hear)

    def __call__(self, content: bytes) -> None:
        from hwcli.errors import HwError

        self._deeds.clear()
        self._is_on = True
        try:
            self._target(content)
        except HwError as error:
            self._keep(content, f"a check ended with {error}", error)
        except Exception as error:
            self._keep(content, repr(error)[:300], error)
        finally:
            self._is_on = False
        if self._deeds:
            self._keep(content, f"it did {self._deeds[0]}", None)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_on:
            return
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and isinstance(path, str | bytes) and not _is_ours(path):
                self._deeds.append(f"open {path!r}")
        elif event in FORBIDDEN and not (arguments and _is_ours(arguments[0])):
            self._deeds.append(f"{event} {arguments!r}")

    def _keep(self, content: bytes, what: str, error: BaseException | None) -> None:
        frames = traceback.extract_tb(error.__traceback__) if error else []
        ours = next((frame for frame in reversed(frames) if "/hwcli/" in frame.filename), None)
        place = f"{Path(ours.filename).name}-{ours.lineno}" if ours else "no-frame"
        kind = f"{type(error).__name__}-{place}" if error else hashlib.sha1(what.encode()).hexdigest()[:10]
        path = self._folder / f"found-{kind}"
        if not path.exists():
            path.write_bytes(content)
            said = "".join(traceback.format_exception(error)) if error else ""
            with contextlib.suppress(OSError):
                path.with_suffix(".txt").write_text(f"{what}\n{said}", errors="replace")


def _is_ours(path: Any) -> bool:
    """Return whether the fuzzing itself writes there: a notebook, or what Python compiles."""
    if isinstance(path, int) or path == "n.jsonl":  # an open file cut back; shutil's way of removing one
        return True
    text = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    return text.startswith((TEMPORARY, "/dev/shm/")) or text.endswith((".pyc", "/dev/null"))


if __name__ == "__main__":
    main()
