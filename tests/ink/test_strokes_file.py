"""Strokes files: whole, bounded, the same twice, and refused when they are damaged."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hwcli.errors import BadInput
from hwcli.ink import Drawing, limits
from hwcli.ink.strokes_file import BLOCK, StrokesReader, StrokesWriter


def written(drawings: list[Drawing], history: tuple[str, ...] = ("made",)) -> io.BytesIO:
    file = io.BytesIO()
    with StrokesWriter(file, history) as writer:
        for drawing in drawings:
            writer.add(drawing)
    return file


def many(rng: np.random.Generator, number: int = 40, most: int = 30_000) -> list[Drawing]:
    drawings = []
    for index in range(number):
        n = int(rng.integers(0, most))
        points = np.column_stack([rng.normal(0, 99, (n, 2)), rng.random(n) < 0.1]).astype(np.float32)
        time = np.arange(n, dtype=np.float32) if index % 3 == 1 and n else None
        extra = {"index": index} if index % 4 == 2 else {}
        drawings.append(Drawing(points, f"id {index}", f"textß {index}", time=time, extra=extra))
    return drawings


def assert_same(one: Drawing, other: Drawing) -> None:
    np.testing.assert_array_equal(one.points, other.points)
    assert (one.id, one.text, one.writer, one.source) == (other.id, other.text, other.writer, other.source)
    assert dict(one.extra) == dict(other.extra)
    for first, second in ((one.time, other.time), (one.pressure, other.pressure)):
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_array_equal(first, second)


def test_drawings_come_back_in_any_order(rng: np.random.Generator) -> None:
    drawings = many(rng)
    with StrokesReader(written(drawings), "f") as reader:
        assert len(reader) == len(drawings)
        assert reader.total_points == sum(map(len, drawings)) > 2 * BLOCK
        assert reader.ids == [drawing.id for drawing in drawings]
        assert reader.texts == [drawing.text for drawing in drawings]
        assert reader.lengths.tolist() == [len(drawing) for drawing in drawings]
        assert reader.history == ["made"]
        for one, other in zip(drawings, reader, strict=True):
            assert_same(one, other)
        for index in (7, 0, -1, 39):
            assert_same(drawings[index], reader[index])
            np.testing.assert_array_equal(drawings[index].points, reader.points(index))
        with pytest.raises(IndexError):
            reader[40]
        blocks = list(reader.blocks())
        np.testing.assert_array_equal(
            np.concatenate([points for points, _ in blocks]), np.concatenate([d.points for d in drawings])
        )
        assert np.concatenate([lengths for _, lengths in blocks]).tolist() == reader.lengths.tolist()


def test_the_same_drawings_give_the_same_bytes(rng: np.random.Generator) -> None:
    drawings = many(rng, 12, 3000)
    assert written(drawings).getvalue() == written(drawings).getvalue()


def test_texts_can_be_given_late(made_drawings: list[Drawing]) -> None:
    file = io.BytesIO()
    with StrokesWriter(file) as writer:
        for drawing in made_drawings:
            writer.add(drawing)
        writer.rename("text", lambda id, text: text if id.endswith("1") else f"of {id}")
    with StrokesReader(file, "f") as reader:
        assert reader.texts[0] == made_drawings[0].text
        assert reader.texts[1] == "of made-0002"


def test_texts_can_be_read_in_another_form(made_drawings: list[Drawing]) -> None:
    with StrokesReader(written(made_drawings), "f") as reader:
        reader.text_form = str.upper
        assert reader.texts == [drawing.text.upper() for drawing in made_drawings]
        assert [drawing.text for drawing in reader] == reader.texts
        assert reader[1].text == reader.texts[1]


def test_an_empty_file_of_strokes_is_one() -> None:
    with StrokesReader(written([]), "f") as reader:
        assert (len(reader), reader.total_points, list(reader), reader.ids) == (0, 0, [], [])


def test_points_that_are_not_finite_are_not_written() -> None:
    with StrokesWriter(io.BytesIO()) as writer, pytest.raises(ValueError, match="finite"):
        writer.add(Drawing(np.array([[np.inf, 0, 1]], np.float32)))


def replaced(root: h5py.File, name: str, values: object, dtype: object = None) -> None:
    del root[name]
    root.create_dataset(name, data=np.asarray(values), dtype=dtype)


def with_chunks_too_large(root: h5py.File) -> None:
    del root["points"]
    root.create_dataset("points", (3, 3), "f4", chunks=(20_000_000, 3), maxshape=(None, 3), compression="gzip")


def with_chunks_too_many(root: h5py.File) -> None:
    replaced(root, "offsets", [0, 1, 4_000_000])
    del root["points"]
    root.create_dataset("points", (4_000_000, 3), "f4", chunks=(1, 3))


def virtual(root: h5py.File) -> None:
    del root["points"]
    layout = h5py.VirtualLayout((3, 3), "f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "points", (3, 3))
    root.create_virtual_dataset("points", layout)


def claiming_to_be_huge(root: h5py.File) -> None:
    for name in ("offsets", "points", "id", "text", "writer", "source"):
        root[name].resize(10**15, axis=0)


NO_TEXT = np.array([b"\xff", b"\xfe"], object)
DAMAGE: dict[str, Callable[[h5py.File], object]] = {
    "another format": lambda root: root.attrs.create("format", "other"),
    "format of numbers": lambda root: root.attrs.create("format", 7),
    "a newer version": lambda root: root.attrs.create("format_version", 2),
    "a version of text": lambda root: root.attrs.create("format_version", "x"),
    "no version": lambda root: root.attrs.__delitem__("format_version"),
    "no points": lambda root: root.__delitem__("points"),
    "a group of points": lambda root: (root.__delitem__("points"), root.create_group("points")),
    "points of text": lambda root: replaced(root, "points", [[b"a", b"b", b"c"]] * 3),
    "whole points": lambda root: replaced(root, "points", np.zeros((3, 3), int)),
    "flat points": lambda root: replaced(root, "points", np.zeros(9, "f4")),
    "a point that is not a number": lambda root: root["points"].__setitem__((1, 0), np.nan),
    "a pen half up": lambda root: root["points"].__setitem__((1, 2), 0.5),
    "a pressure above 1": lambda root: root.create_dataset("pressure", data=np.array([0, 2, 1], "f4")),
    "a pressure below 0": lambda root: root.create_dataset("pressure", data=np.array([0, -1, 1], "f4")),
    "a time without end": lambda root: root.create_dataset("time", data=np.array([0, np.inf, 1], "f4")),
    "a time in another age": lambda root: root.create_dataset("time", data=np.array([0, 1e30, 1], "f4")),
    "offsets that descend": lambda root: replaced(root, "offsets", [0, 5, 3]),
    "offsets beyond the end": lambda root: replaced(root, "offsets", [0, 1, 9]),
    "offsets below 0": lambda root: replaced(root, "offsets", [-1, 1, 3]),
    "offsets with fractions": lambda root: replaced(root, "offsets", [0.0, 1.0, 3.0]),
    "no offsets": lambda root: replaced(root, "offsets", np.zeros(0, int)),
    "too few ids": lambda root: root["id"].resize(1, axis=0),
    "ids of numbers": lambda root: replaced(root, "id", [1, 2]),
    "ids that are no text": lambda root: replaced(root, "id", NO_TEXT, h5py.string_dtype()),
    "points in another file": lambda root: (
        root.__delitem__("points"),
        root.__setitem__("points", h5py.ExternalLink("/etc/passwd", "/points")),
    ),
    "points through a link": lambda root: (
        root.__delitem__("points"),
        root.__setitem__("points", h5py.SoftLink("/id")),
    ),
    "points kept outside": lambda root: (
        root.__delitem__("points"),
        root.create_dataset("points", (3, 3), "f4", external=[("/etc/passwd", 0, 36)]),
    ),
    "points of other files": virtual,
    "pieces too large for memory": with_chunks_too_large,
    "pieces without number": with_chunks_too_many,
    "more than there can be": claiming_to_be_huge,
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_refused(tmp_path: Path, what: str) -> None:
    points = np.array([[1, 2, 0], [3, 4, 0], [5, 6, 1]], np.float32)
    path = tmp_path / "bad.h5"
    path.write_bytes(written([Drawing(points[:1], "a"), Drawing(points[1:], "b")]).getvalue())
    with h5py.File(path, "r+") as root:
        DAMAGE[what](root)
    with (
        path.open("rb") as file,
        pytest.raises(BadInput, match=r"^bad: "),
        StrokesReader(file, "bad") as reader,
    ):
        assert reader.ids
        list(reader)


@pytest.mark.parametrize(
    ("bound", "most", "said"),
    [
        ("POINTS", 2, r"big: drawing 2 has 3 points; a drawing has 2 at most: divide it$"),
        ("DRAWINGS", 1, r"big: 2 drawings; a file has 1 at most: divide it$"),
    ],
)
def test_what_is_too_large_is_not_called_damaged(
    monkeypatch: pytest.MonkeyPatch, bound: str, most: int, said: str
) -> None:
    points = np.array([[1, 2, 0], [3, 4, 0], [5, 6, 1]], np.float32)
    file = written([Drawing(points[:2], "a"), Drawing(points, "b")])
    monkeypatch.setattr(limits, bound, most)
    with pytest.raises(BadInput, match=said):
        StrokesReader(file, "big")


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.99])
def test_a_file_cut_short_is_refused(made_drawings: list[Drawing], share: float) -> None:
    content = written(made_drawings).getvalue()
    with (
        pytest.raises(BadInput),
        StrokesReader(io.BytesIO(content[: int(share * len(content))]), "cut") as reader,
    ):
        list(reader)


@pytest.mark.parametrize("size", [0, 8, 1 << 40, 2**64 - 1])
def test_a_damaged_heap_of_strings_is_refused_and_does_not_hang(
    made_drawings: list[Drawing], tmp_path: Path, size: int
) -> None:
    """In a heap whose objects are empty libhdf5 goes round for ever: a process, so that it can be ended."""
    content = bytearray(written(made_drawings).getvalue())
    heap = content.index(b"GCOL\x01\0\0\0")
    content[heap + 16 : heap + 32] = bytes(8) + size.to_bytes(8, "little")
    path = tmp_path / "bad.h5"
    path.write_bytes(content)
    program = "import sys; import hwcli.ink.strokes_file as s; s.StrokesReader(open(sys.argv[1],'rb'),'f').ids"
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, timeout=240, check=False
    )
    assert "BadInput: f: not an HDF5 file, or cut short" in done.stderr


def test_addresses_of_another_size_are_refused(made_drawings: list[Drawing]) -> None:
    content = bytearray(written(made_drawings).getvalue())
    content[13] = 4
    with pytest.raises(BadInput, match="not an HDF5 file"), StrokesReader(io.BytesIO(content), "f"):
        pass


@pytest.mark.parametrize("change", [lambda first: first * 400, lambda first: b"\xf0\xff\xff\xff" + first[4:]])
@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}])
def test_strings_are_together_no_larger_than_their_file(
    tmp_path: Path, change: Callable[[bytes], bytes], options: dict[str, Any]
) -> None:
    """Many that share one large text, and one that says it has 4 GB: libhdf5 would make room for them."""
    drawings = [Drawing(np.ones((1, 3), np.float32), text="x" * 900_000)]
    drawings += [Drawing(np.ones((1, 3), np.float32), text="y")] * 399
    path = tmp_path / "shared.h5"
    path.write_bytes(written(drawings).getvalue())
    with h5py.File(path, "r+") as root:
        texts = root["text"][()]
        del root["text"]
        kind = h5py.string_dtype()
        root.create_dataset("text", data=texts, dtype=kind, chunks=(512,), maxshape=(None,), **options)
    with path.open("rb") as file, StrokesReader(file, "f") as reader:
        assert reader.texts[-1] == "y"
    with h5py.File(path, "r+") as root:
        _, stored = root["text"].id.read_direct_chunk((0,))
        content = zlib.decompress(stored) if options else stored
        new = change(content[:16])
        content = new + content[len(new) :]
        # References are never shuffled: libhdf5 leaves that filter out (bit 0 of the mask).
        skipped = 1 if "shuffle" in options else 0
        root["text"].id.write_direct_chunk((0,), zlib.compress(content) if options else content, skipped)
    with (
        path.open("rb") as file,
        pytest.raises(BadInput, match="larger than the file"),
        StrokesReader(file, "f") as reader,
    ):
        assert reader.texts


def test_an_attribute_that_says_it_has_4_gb_is_refused(made_drawings: list[Drawing]) -> None:
    content = written(made_drawings).getvalue()
    heap = content.index(b"GCOL\x01\0\0\0").to_bytes(8, "little")
    place = content.index(heap) - 4
    bad = content[:place] + b"\xf0\xff\xff\xff" + content[place + 4 :]
    begun = time.process_time()
    with pytest.raises(BadInput), StrokesReader(io.BytesIO(bad), "f"):
        pass
    assert time.process_time() - begun < 2
    with StrokesReader(io.BytesIO(content), "f") as reader:
        assert len(reader) == len(made_drawings)


def test_a_string_that_became_a_sequence_of_no_kind_does_not_crash(
    made_drawings: list[Drawing], tmp_path: Path
) -> None:
    """One wrong byte in the type of an attribute made libhdf5 crash: a process, so that it can be seen."""
    content, places = written(made_drawings).getvalue(), []
    string = b"\x19\x01\x01\0\x10\0\0\0"
    while (place := content.find(string, places[-1] + 2 if places else 0)) >= 0:
        places.append(place + 1)
    assert len(places) >= 5
    program = """
import io, sys
from hwcli.errors import BadInput
from hwcli.ink.strokes_file import StrokesReader
content = bytearray(open(sys.argv[1], "rb").read())
for place in map(int, sys.argv[2:]):
    content[place] = 0x3A
    try:
        reader = StrokesReader(io.BytesIO(content), "f")
        print(len(reader.ids), "read")
    except BadInput as error:
        print(error)
    content[place] = 1
"""
    path = tmp_path / "f.h5"
    path.write_bytes(content)
    command = [sys.executable, "-c", program, path, *map(str, places)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, len(places)), done.stderr
    assert "not an HDF5 file" in done.stdout
