"""What is fuzzed: a function of bytes for each reader, which may raise an error for users and nothing else."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import fuzz_seeds
import numpy as np

from hwcli.collecting.coverage import Goal
from hwcli.collecting.desk import Desk
from hwcli.collecting.message import parse_message, parse_object
from hwcli.collecting.notebook import FileNotebook, Kept, StreamNotebook, open_notebook
from hwcli.collecting.plan import Plan
from hwcli.collecting.server import _Handler
from hwcli.errors import BadInput, HwError
from hwcli.ink import Drawing
from hwcli.ink.cleaning import Cleaning
from hwcli.ink.gathering import Gathering, Report
from hwcli.ink.jsonl import DrawingWriter, grow_drawings, read_drawings
from hwcli.ink.pages import cut
from hwcli.ink.reading import read_any
from hwcli.ink.selection import Selection, read_selection
from hwcli.ink.sinks.inkml import write_inkml
from hwcli.ink.sinks.stroke3 import write_stroke3
from hwcli.ink.sources.documents import read_document
from hwcli.ink.sources.iam_ondb import Database, archive_files
from hwcli.ink.sources.stroke3 import read_stroke3
from hwcli.ink.sources.whiteboard import LineReader
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter
from hwcli.ink.texts import read_texts, with_texts
from hwcli.learning.checkpoint import read_checkpoint, write_checkpoint
from hwcli.model import Model, hand
from hwcli.model.config import PRINTABLE, Config, config_text, read_config, setting
from hwcli.model.file import read_model, write_model
from hwcli.writing.styles import style_of
from hwcli.writing.text import Unwritable, encode, prepare_text, read_texts as read_lines, wrap

FOREIGN = 12345.0
"""A number that stands only in a file that no reader may follow a link to."""
MOST_KEPT = 200_000
"""Points of what is read, above which it is not written again: that would only take time."""


class Broken(AssertionError):
    """A reader gave what it must not."""


def fuzz_target(reader: str) -> Callable[[bytes], None]:
    """Return the function that ``reader`` is fuzzed with."""
    return TARGETS[reader]


def _checked(drawings: Iterable[Drawing]) -> list[Drawing]:
    """Return ``drawings`` after looking at each; what was read before an error was looked at, too."""
    seen = []
    for drawing in drawings:
        points = drawing.points
        if points.shape != (len(drawing), 3) or points.dtype != np.float32 or not np.isfinite(points).all():
            raise Broken("points that are none")
        if not np.isin(points[:, 2], (0, 1)).all() or (points == FOREIGN).any():
            raise Broken("a pen half up, or a foreign number")
        for channel in (drawing.time, drawing.pressure):
            if channel is not None and (channel.shape != (len(points),) or np.isinf(channel).any()):
                raise Broken("a channel that is none")
        if not all(
            isinstance(name, str) for name in (drawing.id, drawing.text, drawing.writer, drawing.source)
        ):
            raise Broken("a name that is no string")
        seen.append(drawing)
    return seen


def _ink(read: Callable[[Any, str, Any], Iterable[Drawing]], content: bytes) -> None:
    """Read ``content``, strictly and with bad records left out, and write what was read in every format."""
    with contextlib.suppress(HwError):
        _checked(read(io.BytesIO(content), "fuzz", None))
    bad: list[BadInput] = []
    drawings: list[Drawing] = []
    with contextlib.suppress(HwError):
        drawings = _checked(read(io.BytesIO(content), "fuzz", bad.append))
    if sum(map(len, drawings)) <= MOST_KEPT:
        _written([line for drawing in drawings for line in cut(drawing)])


def _written(drawings: list[Drawing]) -> None:
    """Clean, gather and write ``drawings``, and read them again."""
    if not drawings:
        return
    file, report = io.BytesIO(), Report()
    with StrokesWriter(file) as writer:
        gathering = Gathering(writer, Selection(), Cleaning(), None, report)
        for drawing in drawings:
            gathering.add(drawing, "fuzz", report.note_bad)
    report.table()
    with StrokesReader(file, "again") as reader:
        kept = _checked(reader)
        if len(kept) != report.written["drawings"] + report.dropped["drawings that were written again"]:
            raise Broken("drawings were lost")
    again = io.BytesIO()
    for drawing in kept:
        DrawingWriter(again).write(drawing)
    if len(_checked(read_drawings(io.BytesIO(again.getvalue()), "again"))) != len(kept):
        raise Broken("not the same when it is read again")
    write_inkml(io.BytesIO(), kept)
    write_stroke3(io.BytesIO(), kept)


# --- ink ---------------------------------------------------------------------------------------------------


def _xml(content: bytes) -> None:
    with contextlib.suppress(HwError):
        _checked([LineReader().read(content, "fuzz")])
    _ink(read_document, content)


def _archive(content: bytes) -> None:
    def read(file: Any, source: str, on_bad: Any) -> Iterable[Drawing]:
        database = Database()
        files = archive_files(file, source, lambda read: None)
        for drawing in database.read(files, source, lambda id: True, on_bad):
            drawing.text = database.text_of(drawing.id)
            yield drawing
        staged = io.BytesIO()
        with StrokesWriter(staged) as writer:
            writer.add(Drawing(np.ones((1, 3), np.float32), "a01-000u-01"))
            database.name(writer, Counter())

    _ink(read, content)


def _summed(content: bytes) -> bytes:
    """Return the archive ``content`` with the right checksum in every header, without which none is read."""
    changed = bytearray(content)
    for start in range(0, len(changed) - 511, 512):
        block = changed[start : start + 512]
        if block[257:262] == b"ustar":
            changed[start + 148 : start + 156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 8 * 32)
    return bytes(changed)


def _tar(content: bytes) -> None:
    _archive(content)
    _archive(_summed(content))


def _packed(content: bytes) -> None:
    packed = content if content[:2] == b"\x1f\x8b" else fuzz_seeds.packed(_summed(content))
    _ink(read_any, packed)
    _archive(packed)


def _jsonl(content: bytes) -> None:
    _ink(read_drawings, content)
    with contextlib.suppress(HwError):
        for drawing in grow_drawings(io.BytesIO(content), "fuzz", lambda bad: None):
            _checked([drawing.finish()])


def _npy(content: bytes) -> None:
    _ink(read_stroke3, fuzz_seeds.zipped({"a.npy": content}, 0))


def _strokes(content: bytes) -> None:
    def read(file: Any, source: str, on_bad: Any) -> Iterable[Drawing]:
        with StrokesReader(file, source) as reader:
            counts = {len(names) for names in (reader.ids, reader.texts, reader.writers, reader.sources)}
            if counts != {len(reader)}:
                raise Broken("as many names as drawings")
            for points, _ in reader.blocks():
                if not np.isfinite(points).all():
                    raise Broken("points that are none")
            yield from reader

    _ink(read, content)


# --- models ------------------------------------------------------------------------------------------------


def _sound(weights: Iterable[np.ndarray[Any, Any]]) -> None:
    for array in weights:
        if array.dtype != np.float32 or not np.isfinite(array).all() or (array == FOREIGN).any():
            raise Broken("weights that are none, or foreign")


def _model(content: bytes) -> None:
    from hwcli.commands.info import _lines, _of_hdf5

    with contextlib.suppress(HwError):
        model = read_model(io.BytesIO(content), "fuzz")
        _sound(model.weights.values())
        write_model(io.BytesIO(), model)
    with contextlib.suppress(HwError):
        _lines(_of_hdf5(io.BytesIO(content), "fuzz"), True)


def _hand(content: bytes) -> None:
    """Read a small hand beside the model that the seeds belong to, which is quicker than the bundled one."""
    with mock.patch.object(hand, "bundled_models", return_value=[_base()]):
        _model(content)


@functools.cache
def _base() -> Model:
    return read_model(io.BytesIO(fuzz_seeds.model()), "model")


def _checkpoint(content: bytes) -> None:
    from hwcli.commands.info import _lines, _of_hdf5

    with contextlib.suppress(HwError):
        checkpoint = read_checkpoint(io.BytesIO(content), "fuzz")
        _sound([*checkpoint.weights.values(), *checkpoint.slots])
        if not checkpoint.position.batches >= 0 or not min(checkpoint.scale.sd) > 0:
            raise Broken("a position or a scale that is none")
        write_checkpoint(io.BytesIO(), checkpoint)
    with contextlib.suppress(HwError):
        _lines(_of_hdf5(io.BytesIO(content), "fuzz"), True)


def _toml(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    with contextlib.suppress(HwError):
        config = read_config(text, "fuzz")
        if read_config(config_text(config), "again") != config:
            raise Broken("not the same when it is read again")
    for line in text.splitlines()[:20]:
        with contextlib.suppress(HwError):
            Config().updated(setting(line))


# --- texts, messages ---------------------------------------------------------------------------------------


def _text(content: bytes) -> None:
    with contextlib.suppress(HwError):
        texts = read_texts(io.BytesIO(content), "fuzz")
        with_texts([Drawing(np.ones((1, 3), np.float32)) for _ in texts], texts)
    with contextlib.suppress(HwError):
        read_selection(io.BytesIO(content), "fuzz").wants("a01")
    with contextlib.suppress(HwError):
        for line in read_lines(io.BytesIO(content), "fuzz"):
            for missing in ("error", "skip", "replace"):
                with contextlib.suppress(Unwritable):
                    prepared = prepare_text(line.text, PRINTABLE, missing, line.number)
                    for part in wrap(prepared.text, 20):
                        encode(part, PRINTABLE)


def _style(content: bytes) -> None:
    with contextlib.suppress(HwError):
        _checked([style_of(read_any(io.BytesIO(content), "fuzz"), "fuzz")])


def _notebook(content: bytes) -> None:
    """Open a file of lines; it may be cut back to a line that a crash tore, but never further, nor grow."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        path = Path(folder, "n.jsonl")
        path.write_bytes(content)
        with contextlib.suppress(HwError), open_notebook(path) as (notebook, _):
            before = path.read_bytes()
            if not content.startswith(before.removesuffix(b"\n")) or len(before) > len(content) + 1:
                raise Broken("lines were changed")
            if not isinstance(notebook, FileNotebook):
                raise Broken("another notebook")
            notebook.append(fuzz_seeds.drawings()[0])
            if not path.read_bytes().startswith(before):
                raise Broken("lines were lost")


def _message(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_object(content)
    with contextlib.suppress(ValueError):
        drawing = parse_message(content).drawing("a", "me", "hw collect", "now")
        _checked([drawing])
        file = io.BytesIO()
        DrawingWriter(file).write(drawing)
        if len(list(read_drawings(io.BytesIO(file.getvalue()), "again"))) != 1:
            raise Broken("not one drawing")


class _Socket:
    """What a request comes from and its answer goes to."""

    def __init__(self, content: bytes) -> None:
        self.content, self.answer = content, b""

    def makefile(self, *_: Any) -> io.BufferedIOBase:
        return io.BytesIO(self.content)

    def sendall(self, content: bytes) -> None:
        self.answer += content

    def settimeout(self, _: float) -> None:
        pass

    def setsockopt(self, *_: Any) -> None:
        pass


def _http(content: bytes) -> None:
    kept = io.BytesIO()
    plan = Plan(["a line", "another"], in_order=True)
    desk = Desk(plan, Goal(), StreamNotebook(kept, "fuzz"), Kept(), "fuzz", lambda: "now", "me")
    server: Any = SimpleNamespace(
        host="127.0.0.1", port=8000, page=SimpleNamespace(content=b"page", policy="none"), desk=desk, token="T",
        told=lambda line: None, end=lambda failure=None: None,
    )  # fmt: skip
    caller = _Socket(content)
    _Handler(caller, ("127.0.0.1", 9), server)  # type: ignore[arg-type]
    if caller.answer and not caller.answer.startswith((b"HTTP/1.", b"<!DOCTYPE", b"page", b"{")):
        raise Broken(f"an answer that is none: {caller.answer[:60]!r}")


# --- HDF5, changed with its own library --------------------------------------------------------------------


def foreign_file(folder: Path) -> Path:
    """Make a file with what nobody may read through a link, and return its path."""
    import h5py

    path = folder / "foreign.h5"
    with h5py.File(path, "w") as root:
        for kind in ("f4", "f8", "i8"):
            root[kind] = np.full((3, 3), FOREIGN, kind)
        root["text"] = np.array([b"foreign", b"foreign"], object)
    (folder / "foreign.raw").write_bytes(np.full(4096, FOREIGN, np.float32).tobytes())
    os.mkfifo(folder / "pipe")
    return path


def _edited(seed: Callable[[], bytes], read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    from fuzz_edits import edited

    content = seed()
    folder = Path(tempfile.mkdtemp(prefix="hw-fuzz-"))
    foreign_file(folder)

    def target(choices: bytes) -> None:
        read(edited(content, choices, folder))

    return target


def _lazily(make: Callable[[], Callable[[bytes], None]]) -> Callable[[bytes], None]:
    made: list[Callable[[bytes], None]] = []

    def target(content: bytes) -> None:
        if not made:
            made.append(make())
        made[0](content)

    return target


TARGETS: dict[str, Callable[[bytes], None]] = {
    "xml": _xml,
    "tar": _tar,
    "gzip": _packed,
    "inkml": lambda content: _ink(read_document, content),
    "xopp": lambda content: _ink(read_any, content),
    "svg": lambda content: _ink(read_any, content),
    "unipen": lambda content: _ink(read_any, content),
    "remarkable": lambda content: _ink(read_any, content),
    "rmdoc": lambda content: _ink(read_any, content),
    "jsonl": _jsonl,
    "npz": lambda content: _ink(read_stroke3, content),
    "npy": _npy,
    "strokes": _strokes,
    "strokes-edits": _lazily(lambda: _edited(fuzz_seeds.strokes, _strokes)),
    "model": _model,
    "model-edits": _lazily(lambda: _edited(fuzz_seeds.model, _model)),
    "hand": _hand,
    "hand-edits": _lazily(lambda: _edited(fuzz_seeds.hand, _hand)),
    "checkpoint": _checkpoint,
    "checkpoint-edits": _lazily(lambda: _edited(fuzz_seeds.checkpoint, _checkpoint)),
    "toml": _toml,
    "text": _text,
    "style": _style,
    "notebook": _notebook,
    "message": _message,
    "http": _http,
}

socket.setdefaulttimeout(1)
