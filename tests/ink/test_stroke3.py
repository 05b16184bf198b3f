"""Stroke-3 arrays, pickled or padded, and pickles that would run programs."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from hwcli.errors import BadInput
from hwcli.ink import Drawing
from hwcli.ink.sinks.stroke3 import write_stroke3
from hwcli.ink.sources.stroke3 import points_of, read_stroke3

SKETCH = np.array([[0, 0, 0], [3, 4, 1], [-1, 0, 0], [5, 5, 1]], np.int16)
ABSOLUTE = [[0, 0, 0], [3, 4, 1], [2, 4, 0], [7, 9, 1]]


def read(content: bytes) -> list[Drawing]:
    return list(read_stroke3(io.BytesIO(content), "f"))


def saved(**given: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **given)
    return file.getvalue()


def objects(*tables: Any) -> np.ndarray[Any, Any]:
    array = np.empty(len(tables), object)
    for index, table in enumerate(tables):
        array[index] = table
    return array


def npz_of(npy: bytes, name: str = "train.npy") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, npy)
    return file.getvalue()


def npy_of(pickled: bytes, shape: str = "(1,)") -> bytes:
    header = f"{{'descr': '|O', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + pickled


ARRAY = b"cnumpy\nndarray\n)R"


def with_content(shape: bytes, content: bytes, kind: bytes = b"i1") -> bytes:
    """Return a pickle of one array of a shape and a content, both pickled."""
    made = b"cnumpy\ndtype\n(V" + kind + b"\ntR(I3\nV|\nNNNI-1\nI-1\nI0\ntb"
    return b"(" + ARRAY + b"(I1\n" + shape + made + b"I00\n" + content + b"tbl."


def again_and_again() -> bytes:
    """Return a pickle of one array, a thousand times over."""
    one = with_content(b"(I100\nI3\nt", b"B\x2c\x01\0\0" + bytes(300))[1:-2]
    return b"(" + one + b"p0\n" + b"g0\n" * 999 + b"l."


def test_sketch_rnn_s_own_form() -> None:
    drawings = read(saved(train=objects(SKETCH, SKETCH[:2]), test=objects(SKETCH.astype(np.float32))))
    assert [drawing.id for drawing in drawings] == ["train-0", "train-1", "test-0"]
    assert drawings[0].points.tolist() == drawings[2].points.tolist() == ABSOLUTE


def test_what_python_2_pickled() -> None:
    # Protocol 2 as NumPy 1.x under Python 2 wrote it: bytes as strings, and the module's old name.
    raw = SKETCH.tobytes()
    minus = b"J\xff\xff\xff\xff"
    state = b"(K\x01K\x04K\x03\x86cnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01<NNN"
    state += minus * 2 + b"K\x00tb\x89"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R" + state
    array += b"U" + bytes([len(raw)]) + raw + b"tb"
    outer = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    outer += b"(K\x01K\x01\x85cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R(K\x03U\x01|NNN" + minus * 2 + b"K?tb\x89]"
    (drawing,) = read(npz_of(npy_of(b"\x80\x02" + outer + array + b"atb.", "(1L,)")))
    assert drawing.points.tolist() == ABSOLUTE


@pytest.mark.parametrize("padding", [0.0, np.nan])
def test_padded_arrays(padding: float) -> None:
    table = np.full((2, 9, 3), padding)
    table[0, :4], table[1, :2] = SKETCH, SKETCH[:2]
    one, other = read(saved(x=table))
    assert one.points.tolist() == ABSOLUTE
    assert other.points.tolist() == ABSOLUTE[:2]
    assert read(saved(x=np.asfortranarray(table)))[0].points.tolist() == ABSOLUTE


def test_rows_of_five() -> None:
    rows = np.zeros((1, 7, 5), np.float32)
    rows[0, :4, :2], rows[0, :4, 3] = SKETCH[:, :2], SKETCH[:, 2]
    rows[0, 4:, 4], rows[0, 5:, 0] = 1, 7  # after the end anything may stand
    assert read(saved(x=rows))[0].points.tolist() == ABSOLUTE


class Programme:
    """Runs a program when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        import os

        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_runs_a_program_does_not(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    pickled = pickle.dumps(Programme(trap))
    for content in (saved(train=objects(SKETCH, Programme(trap))), npz_of(npy_of(pickled))):
        with pytest.raises(BadInput, match="refused"):
            read(content)
    assert not trap.exists()


@pytest.mark.parametrize(
    "code",
    [
        b"cbuiltins\neval\n(V1\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct\n}V_function\ncnumpy\ndtype\nsb.",
        b"cnumpy\nload\n(Vx\ntR.",
        b"cnumpy\ndtype\n(VO\ntR(K\x03tb.",
        b"Pid\n.",
        b".",
        b"",
        b"(" * 100_000,
        b"]" * 100_000 + b"a" * 99_999 + b".",
        b"I" + b"9" * 100_000 + b"\n.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x82\x01.",
        b"]r\xff\xff\xff\x0f.",
        b"]p999999999\n.",
        b"c_codecs\nencode\n(V" + b"x" * 1000 + b"\ntp0\nR" + b"c_codecs\nencode\nh\x00R" * 20 + b".",
        again_and_again(),
        with_content(b"(I9\nI0\nI3\nt", b"C\x00"),
        with_content(b"(I1\nt", b"J\xff\xff\xff\x7f"),
        with_content(b"(I1\nt", b"]", kind=b"O8"),
    ],
)
def test_other_traps_in_pickles(code: bytes) -> None:
    with pytest.raises(BadInput):
        read(npz_of(npy_of(code)))


def packed_otherwise(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("x.npy", npy_of(b""))
    return file.getvalue()


def the_same_again(content: bytes, times: int) -> bytes:
    """Return a zip file whose table of contents has its first entry so many times."""
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entries = content[start:end] * times
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, times, times, len(entries), start, 0)
    return content[:start] + entries + tail


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        npz_of(b""),
        npz_of(b"\x93NUMPY\x01\x00\xff\xff{"),
        npz_of(b"nothing", "x.txt"),
        saved(x=np.zeros((2, 2, 2, 3))),
        saved(x=np.zeros((4, 7))),
        saved(x=np.array(["text"])),
        saved(x=np.array([[1, 2, 0.5]])),
        saved(x=np.array([[1e300, 2, 1]])),
        saved(x=np.array([[np.inf, 2, 1]])),
        saved(x=np.zeros(3, [("a", "f4")])),
        npz_of(npy_of(b"").replace(b"'|O'", b"'<f4'").replace(b"(1,)", b"(999999999999, 9, 3)")),
        npz_of(npy_of(b"").replace(b"'|O'", b"'<f4'").replace(b"(1,)", b"(999999999999, 0, 3)")),
        npz_of(b"\x93NUMPY\x02\0" + (900_000).to_bytes(4, "little") + b"-" * 900_000),
        packed_otherwise(zipfile.ZIP_LZMA),
        packed_otherwise(zipfile.ZIP_BZIP2),
        the_same_again(saved(x=np.zeros((90_000, 3))), 3000),
    ],
)  # fmt: skip
def test_what_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        read(content)


def test_a_bad_drawing_can_be_left_out() -> None:
    told: list[BadInput] = []
    content = saved(train=objects(SKETCH, np.array([[1, 2, 7]]), SKETCH))
    drawings = list(read_stroke3(io.BytesIO(content), "f", told.append))
    assert [drawing.id for drawing in drawings] == ["train-0", "train-2"]
    assert "drawing 1" in str(told[0])


@st.composite
def inks(draw: st.DrawFn) -> Drawing:
    n = draw(st.integers(1, 12))
    rows = np.zeros((n, 3), np.float32)
    rows[:, :2] = draw(arrays.arrays(np.float32, (n, 2), elements=st.floats(-1e4, 1e4, width=16)))
    rows[:, 2] = draw(arrays.arrays(np.bool_, n))
    rows[-1, 2] = 1
    return Drawing(rows)


@given(drawings=st.lists(inks(), min_size=1, max_size=3))
def test_what_is_written_is_read_back_moved_to_its_first_point(drawings: list[Drawing]) -> None:
    file = io.BytesIO()
    write_stroke3(file, drawings)
    for one, other in zip(drawings, read(file.getvalue()), strict=True):
        np.testing.assert_allclose(other.points[:, :2], one.points[:, :2] - one.points[0, :2], atol=1e-3)
        np.testing.assert_array_equal(other.points[:, 2], one.points[:, 2])


def test_other_programs_can_read_what_is_written() -> None:
    file = io.BytesIO()
    write_stroke3(file, [Drawing(np.array(ABSOLUTE, np.float32))])
    file.seek(0)
    with np.load(file, allow_pickle=True) as archive:
        assert archive["train"][0].dtype == np.int16
        np.testing.assert_array_equal(archive["train"][0], SKETCH)
        assert len(archive["valid"]) == 0


def test_a_signalling_nan_is_refused_without_a_warning() -> None:
    signalling = np.array([0, 0, 0, 0x7F800001, 0, 0, 0, 0, 0x3F800000], "<u4").view("<f4").reshape(3, 3)
    with pytest.raises(ValueError, match="not finite"):
        points_of(signalling)


def deepwriting(**changed: Any) -> bytes:
    """Return two samples as DeepWriting has them: offsets of scaled places, with mean 0 and deviation 1."""
    size, mean, std = np.array([50.0, 100.0, 1]), np.array([0.03, -0.01, 0.1]), np.array([0.2, 0.05, 0.3])
    tables = []
    for sketch in (SKETCH, SKETCH[:2]):
        rows = sketch.astype(np.float64)
        rows[:, :2] = ((rows / size - mean) / std)[:, :2]
        tables.append(rows.astype(np.float32))
    given: dict[str, Any] = {
        "strokes": objects(*tables),
        "char_labels": objects(np.arange(4), np.arange(2)),
        "eoc_labels": objects(np.zeros((4, 1), np.float32), np.zeros((2, 1), np.float32)),
        "texts": np.array(["two words ", "one"]),
        "alphabet": np.array(["\0", "a"]),
        "mean": mean,
        "std": std,
        "min": np.zeros(3),
        "max": size,
        "preprocessing": ["scale", "origin_translation", "relative_representation", "normalization"],
    }
    return saved(**{key: value for key, value in (given | changed).items() if value is not None})


@pytest.mark.parametrize(
    "texts", [np.array(["two words ", "one"]), objects("two\0words", "one"), np.array([b"two words", b"one"])]
)
def test_deepwriting_has_its_texts_and_its_shape(texts: Any) -> None:
    one, two = read(deepwriting(texts=texts))
    np.testing.assert_allclose(one.points, ABSOLUTE, atol=1e-4)
    assert (one.id, one.text, two.id, two.text, len(two)) == ("strokes-0", "two words", "strokes-1", "one", 2)


def test_deepwriting_that_was_not_scaled() -> None:
    steps = ["relative_representation"]
    changed: dict[str, Any] = dict.fromkeys(("mean", "std", "min", "max"))
    (one, _) = read(deepwriting(strokes=objects(SKETCH, SKETCH), preprocessing=steps, **changed))
    assert one.points.tolist() == ABSOLUTE


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"texts": np.array(["one"])}, "2 samples, but 1 texts"),
        ({"texts": objects("one", 2)}, "other things than texts"),
        ({"texts": np.array([1, 2])}, "an array of '<i8'"),
        ({"preprocessing": ["scale"]}, "not as offsets"),
        ({"preprocessing": None}, "not as offsets"),
        ({"mean": None}, "without its mean"),
        ({"std": np.array([1, np.nan])}, "a std that is no number"),
        ({"max": np.array([])}, "a max that is no number"),
        ({"std": np.full(3, 1e300)}, "strokes, drawing 0: a coordinate"),
        ({"strokes": objects(np.zeros(3), np.zeros(3))}, r"its shape is \(3,\)"),
    ],
)
def test_deepwriting_that_is_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(deepwriting(**changed))
