"""Kills ``hw train`` again and again, resumes it, and compares its end with that of a run that nobody killed.

    python tests/endurance/kill_training.py --kills 200
    python tests/endurance/kill_training.py --kills 20 --signal term --whole-start

Each run is killed at a moment drawn by chance and resumed until it comes to its end; then the next one begins.
After each kill model and checkpoint must be absent or whole, and nothing else be left but the lock that nobody
holds.  At the end weights, optimiser's state and history have to be bit for bit those of the run without kills;
only times may differ, and the command lines that it tells of.

TensorFlow takes seconds to start.  So it is loaded once, here, and each run is a fork of this process that runs
the whole program from its command line on; ``--whole-start`` runs a new process each time.  Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
from conftest import ink_json_lines
from striking import SIGNALS, Tally, environment, hw

TRAIN = (
    "train", "../ink.h5", "-o", "m.h5", "--preset", "smoke", "--set", "network.units=8", "--seed", "3",
    "--valid", "0.2", "--epochs", "6", "--threads", "1", "--save-every", "0s", "--log", "log.jsonl",
)  # fmt: skip
RESUME = (
    "train", "../ink.h5", "-o", "m.h5", "--resume", "--valid", "0.2", "--threads", "1", "--save-every", "0s",
    "--log", "log.jsonl",
)  # fmt: skip
FILES = {"m.h5", "m.checkpoint.h5", "log.jsonl"}
LOCK = ".m.checkpoint.h5.lock"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--signal", choices=SIGNALS, default="kill")
    parser.add_argument("--whole-start", action="store_true", help="start a new process for each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.whole_start:
        import hwcli.learning.learner  # noqa: F401 - and TensorFlow with it, before the forks
    with tempfile.TemporaryDirectory(prefix="kill-training-") as top:
        tally = killed(Path(top), options)
    print(json.dumps({"command": "train", "signal": options.signal, **tally.record()}))
    sys.exit(bool(tally.faults))


def killed(top: Path, options: argparse.Namespace) -> Tally:
    """Kill runs until there were as many kills as asked for; return what came of it."""
    (top / "ink.jsonl").write_bytes(ink_json_lines(40))
    subprocess.run(hw("ingest", "ink.jsonl", "-o", "ink.h5"), cwd=top, env=environment(), check=True)
    begin = started_whole if options.whole_start else forked
    chance, tally = random.Random(options.seed), Tally(more={"runs": 0, "before_the_first_save": 0})
    reference = top / "reference"
    reference.mkdir()
    start = time.monotonic()
    assert ended(begin(TRAIN, reference)) == 0, (reference / "said").read_text()
    length = time.monotonic() - start
    while tally.strikes < options.kills:
        folder = top / "run"
        folder.mkdir()
        number = SIGNALS[options.signal]
        run_to_its_end(folder, begin, length, number, options.kills, chance, tally)
        tally.faults += differences(end_of(reference), end_of(folder))
        tally.more["runs"] += 1
        print(json.dumps(tally.record()), file=sys.stderr, flush=True)
        shutil.rmtree(folder)
    return tally


def run_to_its_end(
    folder: Path, begin: Any, length: float, number: int, most: int, chance: random.Random, tally: Tally
) -> None:
    """Train in ``folder``, go on after each kill until the run is done; strike no more after ``most`` kills."""
    while True:
        resumes = (folder / "m.checkpoint.h5").exists()
        process = begin(RESUME if resumes else TRAIN, folder)
        if tally.strikes >= most:
            code = ended(process)
        else:
            code = struck(process, chance.uniform(0, length), number, tally)
            tally.more["before_the_first_save"] += not (folder / "m.checkpoint.h5").exists()
        if code not in (0, -number):
            tally.faults.append(f"ended with {code}: {(folder / 'said').read_text()[-300:]}")
            return
        tally.faults += look(folder, number if code else 0)
        if code == 0:
            return


def forked(arguments: tuple[str, ...], folder: Path) -> int:
    """Start the program with ``arguments`` in ``folder``, as a fork of this process; return its id."""
    process = os.fork()
    if process:
        return process
    os.chdir(folder)
    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for descriptor in (1, 2):
        os.dup2(said, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["hw", *arguments]
    from hwcli.__main__ import main as run

    try:
        run()
    except SystemExit as end:
        sys.stderr.flush()
        os._exit(int(end.code or 0))
    os._exit(99)


def started_whole(arguments: tuple[str, ...], folder: Path) -> int:
    """Start the program with ``arguments`` in ``folder``; return its id."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            hw(*arguments), cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
    process.returncode = 0  # it is waited for here, by its id
    return process.pid


def struck(process: int, after: float, number: int, tally: Tally) -> int:
    """Strike ``process`` ``after`` so many seconds; return how it ended."""
    limit = time.monotonic() + after
    while time.monotonic() < limit:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    tally.strikes += 1
    os.kill(process, number)
    return ended(process)


def ended(process: int) -> int:
    """Wait for ``process``; return how it ended."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def look(folder: Path, number: int) -> list[str]:
    """Return what is wrong with the files in ``folder`` after signal ``number`` (0: an end of its own)."""
    from hwcli.learning.checkpoint import read_checkpoint
    from hwcli.model.file import read_model

    names = {path.name for path in folder.iterdir()} - FILES - {"said"}
    faults = [f"left over: {name}" for name in names - ({LOCK} if number == signal.SIGKILL else set())]
    for name, read in (("m.h5", read_model), ("m.checkpoint.h5", read_checkpoint)):
        if (folder / name).exists():
            try:
                with (folder / name).open("rb") as file:
                    read(file, name)
            except Exception as error:
                faults.append(f"{name}: {error}")
    log = folder / "log.jsonl"
    for line in log.read_bytes().splitlines() if log.exists() else ():
        json.loads(line)
    return faults


def end_of(folder: Path) -> dict[str, Any]:
    """Return all that a run has come to: arrays by name, and its history without times."""
    found: dict[str, Any] = {}
    for file in ("m.h5", "m.checkpoint.h5"):
        with h5py.File(folder / file) as root:
            root.visititems(lambda name, item: _keep(found, f"{file}:{name}", item))  # noqa: B023
    position = json.loads(found.pop("m.checkpoint.h5:position"))
    history = [json.loads(line) for line in found.pop("m.h5:history").splitlines()]
    for record in (position, *position["history"], *history):
        record.pop("seconds")
    return {**found, "position": position, "history": history}


def _keep(found: dict[str, Any], name: str, item: Any) -> None:
    if isinstance(item, h5py.Dataset):
        found[name] = item[()].tobytes() if item.dtype != object else None


def differences(right: dict[str, Any], end: dict[str, Any]) -> list[str]:
    """Return in what the ``end`` of a run is not the ``right`` one."""
    return [f"not as it would have been: {name}" for name in right if right[name] != end.get(name)]


if __name__ == "__main__":
    main()
