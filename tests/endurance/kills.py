"""Strikes ``hw`` with signals at moments drawn by chance, and looks at what is left.

    python tests/endurance/kills.py --strikes 200                  # SIGKILL, every command
    python tests/endurance/kills.py ingest render --signal term    # a share of it

After each strike the output's name must stand for nothing, for the file that stood there before, or for the
whole new file, byte for byte as a run that nobody struck writes it; nothing else may be left in its directory,
and no process.  Prints a JSON line a command; ends with 1 when anything was lost.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from conftest import ink_json_lines
from striking import SIGNALS, Tally, environment, hw, moment, strike, timed

OLD = b"what stood here before"
COMMANDS: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest", "../ink.jsonl", "-o", "out.h5"),
    "sample": ("sample", "--text-file", "../texts", "--seed", "7", "-o", "out.jsonl"),
    "render": ("render", "../ink.jsonl", "--page", "a5", "-o", "out.pdf"),
    "images": ("render", "../ink.jsonl", "--out-dir", "out", "--dpi", "60", "--jobs", "2"),
}
TEXTS = "Nothing is lost.\nNo one is let in.\nWhat was here before is here.\n"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", help=f"of {', '.join(COMMANDS)}; all when absent")
    parser.add_argument("--strikes", type=int, default=200, help="a command (200)")
    parser.add_argument("--signal", choices=SIGNALS, default="kill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=400, help="of made-up ink to work on (400)")
    options = parser.parse_args()
    lost = False
    with tempfile.TemporaryDirectory(prefix="kills-") as top:
        prepare(Path(top), options.lines)
        for name in options.commands or COMMANDS:
            chance = random.Random(options.seed)
            tally = struck(name, Path(top), options.strikes, SIGNALS[options.signal], chance)
            print(json.dumps({"command": name, "signal": options.signal, **tally.record()}), flush=True)
            lost |= bool(tally.faults)
    sys.exit(lost)


def prepare(top: Path, lines: int) -> None:
    """Put what the commands work on into ``top``."""
    (top / "ink.jsonl").write_bytes(ink_json_lines(lines))
    (top / "texts").write_text(TEXTS)


def struck(name: str, top: Path, strikes: int, number: int, chance: random.Random) -> Tally:
    """Strike the command ``name`` so often, half of the times over a file of before."""
    arguments, tally = COMMANDS[name], Tally()
    # What is written tells the command line, so that it is not the same with --force.
    references = {force: top / f"{name}-{force}" for force in (False, True)}
    for force, folder in references.items():
        folder.mkdir()
        length = timed(lambda folder=folder, force=force: whole(command_of(arguments, force), folder))
    look = images_look if name == "images" else file_look
    for _ in range(strikes):
        folder = top / "struck"
        folder.mkdir()
        force = chance.random() < 0.5
        if force:
            put_old(folder, references[force])
        strike(command_of(arguments, force), folder, moment(chance, length), number, tally)
        tally.faults += look(folder, references[force], force, tally)
        shutil.rmtree(folder)
    tally.more["seconds"] = round(length, 2)
    return tally


def command_of(arguments: tuple[str, ...], force: bool) -> list[str]:
    """Return the command line."""
    return hw(*arguments, *(["--force"] if force else []))


def whole(command: list[str], folder: Path) -> None:
    """Run ``command`` to its end, as nobody strikes it."""
    subprocess.run(command, cwd=folder, env=environment(), check=True, stderr=subprocess.DEVNULL)


def put_old(folder: Path, reference: Path) -> None:
    """Put something under the output's name."""
    (out,) = reference.iterdir()
    if out.is_file():
        (folder / out.name).write_bytes(OLD)
        return
    (folder / out.name).mkdir()
    for name in ("00000001.png", "00000100.png", "manifest.jsonl"):
        (folder / out.name / name).write_bytes(OLD)


def file_look(folder: Path, reference: Path, force: bool, tally: Tally) -> Iterator[str]:
    """Yield what is wrong with the one output file."""
    (out,) = reference.iterdir()
    left = {path.name: path.read_bytes() for path in folder.iterdir()}
    content = left.pop(out.name, None)
    if left:
        yield f"left over: {sorted(left)}"
    if content is None and not force:
        tally.absent += 1
    elif content == OLD and force:
        tally.old += 1
    elif content == out.read_bytes():
        tally.whole += 1
    else:
        yield f"{out.name}: " + ("gone" if content is None else f"{len(content)} bytes, not as it should be")


def images_look(folder: Path, reference: Path, force: bool, tally: Tally) -> Iterator[str]:
    """Yield what is wrong with a directory of images."""
    right = {path.name: path.read_bytes() for path in (reference / "out").iterdir()}
    left = {path.name: path.read_bytes() for path in folder.glob("out/*")}
    manifest, growing = left.pop("manifest.jsonl", None), left.pop("manifest.partial.jsonl", None)
    for name, content in left.items():
        if content != right.get(name) and not (force and content == OLD):
            yield f"{name}: {len(content)} bytes, not as it should be"
    if manifest == right["manifest.jsonl"]:
        tally.whole += 1
        if len(left) < len(right) - 1 or growing is not None:
            yield "manifest.jsonl stands although not all is done"
    elif manifest is None:
        tally.absent += 1
        yield from _growing_look(growing or b"", right, left, tally)
    elif force and manifest == OLD:
        tally.old += 1
    else:
        yield "manifest.jsonl: not as it should be"


def _growing_look(
    listed: bytes, right: dict[str, bytes], left: dict[str, bytes], tally: Tally
) -> Iterator[str]:
    if not right["manifest.jsonl"].startswith(listed):
        yield "manifest.partial.jsonl: not as it should be"
    if not listed.endswith(b"\n") and listed:
        tally.more["torn_lists"] = tally.more.get("torn_lists", 0) + 1
    for line in listed.splitlines()[: listed.count(b"\n")]:
        name = json.loads(line)["file"]
        if left.get(name) != right[name]:
            yield f"{name}: listed, and not there"


if __name__ == "__main__":
    main()
