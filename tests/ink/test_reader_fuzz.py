"""Arbitrary and damaged files of every format give errors for users, never anything else."""

from __future__ import annotations

import contextlib
import gzip
import io
import sys
import tarfile
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings, strategies as st

from hwcli.errors import HwError
from hwcli.ink import Drawing
from hwcli.ink.jsonl import DrawingWriter, read_drawings
from hwcli.ink.pages import cut
from hwcli.ink.reading import read_any
from hwcli.ink.sinks.inkml import write_inkml
from hwcli.ink.sinks.stroke3 import write_stroke3
from hwcli.ink.sources.iam_ondb import Database, archive_files
from hwcli.ink.sources.inkml import read_inkml
from hwcli.ink.sources.stroke3 import read_stroke3
from hwcli.ink.sources.whiteboard import LineReader
from hwcli.ink.strokes_file import StrokesReader, StrokesWriter

sys.path.insert(0, str(ROOT / "tests" / "endurance"))

import tablets

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def sample_drawings() -> list[Drawing]:
    points = np.array([[1, 2, 0], [3.5, 4, 1], [900, -2, 1]], np.float32)
    time = np.array([0, 0.5, 1], np.float32)
    return [Drawing(points, "a", "some text", "me", time=time, extra={"k": [1]}), Drawing(points + 0, "b")]


def as_jsonl() -> bytes:
    file = io.BytesIO()
    for drawing in sample_drawings():
        DrawingWriter(file).write(drawing)
    return file.getvalue()


def as_strokes() -> bytes:
    file = io.BytesIO()
    with StrokesWriter(file, ["made"]) as writer:
        for drawing in sample_drawings():
            writer.add(drawing)
    return file.getvalue()


def as_inkml() -> bytes:
    file = io.BytesIO()
    write_inkml(file, sample_drawings())
    return file.getvalue()


def as_stroke3() -> bytes:
    file = io.BytesIO()
    write_stroke3(file, sample_drawings())
    return file.getvalue()


LINE = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<WhiteboardCaptureSession>
  <StrokeSet>
    <Stroke colour="black" start_time="769.05" end_time="769.64">
      <Point x="1073" y="1058" time="769.05"/>\r
      <Point x="1072" y="1085" time="769.07"/>\r
    </Stroke>
    <Stroke colour="black" start_time="770.05" end_time="770.05">
      <Point x="9" y="10585" time="770.05"/>
    </Stroke>
  </StrokeSet>
</WhiteboardCaptureSession>
"""


def as_archive(packed: bool = True) -> bytes:
    file = io.BytesIO()
    options: dict[str, Any] = {"mode": "w:gz", "compresslevel": 1} if packed else {"mode": "w"}
    with tarfile.open(fileobj=file, **options) as archive:
        for name, content in (
            ("lineStrokes/a01/a01-000/a01-000u-01.xml", LINE),
            ("ascii/a01/a01-000/a01-000u.txt", b"OCR:\n\nx\n\nCSR:\n\nsome text\n"),
            ("original/a01/a01-000/strokesu.xml", b'<Form id="a01-000u" writerID="7">'),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def read_archive(file: io.BytesIO, source: str) -> Iterable[Drawing]:
    database = Database()
    yield from database.read(archive_files(file, source, lambda read: None), source, lambda id: True, None)
    database.text_of("a01-000u-01")


def read_strokes(file: io.BytesIO, source: str) -> Iterable[Drawing]:
    with StrokesReader(file, source) as reader:
        assert len(reader.ids) == len(reader.texts) == len(reader.writers) == len(reader.sources) == len(reader)
        for _ in reader.blocks():
            pass
        yield from reader


def read_line(file: io.BytesIO, source: str) -> Iterable[Drawing]:
    yield LineReader().read(file.read(), source)


XOPP = b"""<?xml version="1.0"?><xournal><page width="595.2"><layer>
<stroke tool="pen" width="1.4 0.5 1">10 20 11.5 21 12 22.25</stroke><stroke tool="pen" width="1">1 2</stroke>
</layer></page><page><layer><stroke tool="pen">1 2 3 4</stroke></layer></page></xournal>"""
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg"><style>.a{fill:none;stroke:#000}</style>
<g class="a" transform="translate(1 2) scale(2)">
<path d="M1 2c3 4 5 6 7 8s1 2 3 4a5 6 7 0 1 8 9q1 2 3 4t1 2zm1 1"/>
<polyline points="1,2 3,4"/><line x1="1" x2="2"/></g><path style="fill:none" d="M1 100h50v20"/></svg>"""
UNIPEN = b""".VERSION 1.0
.COORD X Y T P
.SEGMENT WORD 0-1:1,2 OK "word"
.PEN_DOWN
1 2 3 4 5 6 7 8
.PEN_UP
1 2 3 4
.PEN_DOWN
9 8 7 6
"""


QUICKDRAW = b'{"word":"cat","key_id":"5","drawing":[[[1,2.5],[3,4],[0,17]],[[5],[6],[40]]]}\n' * 2
USES = b"""<svg viewBox="0 0 99 50"><symbol id="s" viewBox="0 0 9 9"><path d="M1 2l3 4"/></symbol><g id="g"
stroke="#000"> <use href="#s" x="5%" width="20" height="1in"/></g><svg x="3mm" width="50%"
height="40"><use href="#g"/></svg></svg>"""
VIEWS = b"""<ink><traceFormat><channel name="X"><mapping type="lookup"><table>0 1, 9
5</table></mapping></channel><channel name="Y"><mapping type="affine"><matrix>2
1</matrix></mapping></channel></traceFormat><trace id="a">1 2, 3 4</trace> <traceGroup
id="g"><trace>1 2</trace><trace>5 6</trace></traceGroup><traceView><annotation
type="truth">b</annotation> <traceView traceDataRef="#a" from="2"/><traceView traceDataRef="#g"
from="1:1" to="2:1"/></traceView></ink>"""


def as_deepwriting() -> bytes:
    tables, texts = np.empty(2, object), np.array(["two words", "one"])
    tables[:] = [np.array([[0, 0, 0], [1, -1, 1]], np.float32), np.array([[2, 3, 1]], np.float32)]
    file = io.BytesIO()
    np.savez(file, strokes=tables, texts=texts, alphabet=texts, preprocessing=["relative_representation"])
    return file.getvalue()


def read_pages(file: io.BytesIO, source: str) -> Iterable[Drawing]:
    for drawing in read_any(file, source):
        yield from cut(drawing)


Read = Callable[[Any, str], Iterable[Drawing]]
FORMATS: dict[str, tuple[Callable[[], bytes], Read]] = {
    "jsonl": (as_jsonl, read_drawings),
    "strokes": (as_strokes, read_strokes),
    "inkml": (as_inkml, read_inkml),
    "stroke3": (as_stroke3, read_stroke3),
    "archive": (as_archive, read_archive),
    "tar": (lambda: as_archive(packed=False), read_archive),
    "line": (lambda: LINE, read_line),
    "xopp": (lambda: gzip.compress(XOPP, 1), read_pages),
    "xournal": (lambda: XOPP, read_pages),
    "svg": (lambda: SVG, read_pages),
    "unipen": (lambda: UNIPEN, read_pages),
    "remarkable": (lambda: tablets.PAGE, read_pages),
    "remarkable5": (lambda: tablets.old_page(5, [[tablets.old_stroke(5)]]), read_pages),
    "rmdoc": (lambda: tablets.NOTEBOOK, read_pages),
    "quickdraw": (lambda: QUICKDRAW, read_drawings),
    "uses": (lambda: USES, read_pages),
    "views": (lambda: VIEWS, read_inkml),
    "deepwriting": (as_deepwriting, read_stroke3),
}
KINDS = pytest.mark.parametrize("kind", FORMATS)


def read_all(read: Read, content: bytes) -> None:
    """Read ``content`` to the end, or until it raises an error for users."""
    with contextlib.suppress(HwError):
        for drawing in read(io.BytesIO(content), "fuzz"):
            assert drawing.points.shape == (len(drawing), 3)
            assert np.isfinite(drawing.points).all()


@KINDS
def test_whole_files_are_read(kind: str) -> None:
    make, read = FORMATS[kind]
    assert list(read(io.BytesIO(make()), "whole"))


@KINDS
@QUICK
@given(content=st.binary(max_size=2000))
def test_arbitrary_bytes(kind: str, content: bytes) -> None:
    read_all(FORMATS[kind][1], content)
    read_all(read_any, content)


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Return a function that cuts, overwrites, doubles or puts something into some bytes, here and there."""
    changes = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["set", "cut", "insert", "end", "double"]),
                st.floats(0, 1, exclude_max=True),
                st.binary(min_size=1, max_size=12)
                | st.sampled_from([b"1e999", b"nan", b"-1", b"<", b'"', b"\xff\xff\xff\xff"]),
            ),
            min_size=1,
            max_size=6,
        )
    )

    def apply(content: bytes) -> bytes:
        for what, share, new in changes:
            at = int(share * len(content))
            if what == "set":
                content = content[:at] + new + content[at + len(new) :]
            elif what == "cut":
                content = content[:at] + content[at + len(new) :]
            elif what == "insert":
                content = content[:at] + new + content[at:]
            elif what == "end":
                content = content[: max(at, 1)]
            else:
                content = content[:at] + content[at : at + 200] + content[at:]
        return content

    return apply


@KINDS
@QUICK
@given(change=damage())
def test_damaged_files(kind: str, change: Callable[[bytes], bytes]) -> None:
    make, read = FORMATS[kind]
    read_all(read, change(make()))


@QUICK
@given(change=damage())
def test_damage_inside_an_intact_gzip_file(change: Callable[[bytes], bytes]) -> None:
    read_all(read_archive, gzip.compress(change(as_archive(packed=False)), 1))


@QUICK
@given(change=damage())
def test_damage_inside_an_intact_packed_document(change: Callable[[bytes], bytes]) -> None:
    read_all(read_pages, gzip.compress(change(XOPP), 1))


@QUICK
@given(text=st.text(alphabet="MmLlHhVvCcSsQqTtAaZz0123456789.,-+eE ", max_size=60))
def test_any_path_data(text: str) -> None:
    read_all(
        read_pages, f'<svg><path stroke="red" d="{text}"/><path stroke="red" d="M1 {text}"/></svg>'.encode()
    )


@QUICK
@given(text=st.text(alphabet="matrixrotsclewYXku(),.0123456789e- ", max_size=50))
def test_any_transform(text: str) -> None:
    read_all(read_pages, f'<svg><path stroke="red" transform="{text}" d="M1 2L3 4"/></svg>'.encode())


@QUICK
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(
                [".PEN_DOWN", ".PEN_UP", ".COORD", ".DT", ".SEGMENT", ".HIERARCHY", ".WRITER_ID", ""]
            ),
            st.text(alphabet='0123456789 .-:,XYTP"WORDLINE', max_size=20),
        )
    )
)
def test_any_statements_of_unipen(lines: list[tuple[str, str]]) -> None:
    body = "".join(f"{keyword} {text}\n" for keyword, text in lines)
    read_all(read_pages, f".PEN_DOWN\n1 2 3 4\n{body}".encode())


def npz(**arrays: bytes) -> bytes:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


@QUICK
@given(change=damage())
def test_damage_inside_an_intact_zip_file(change: Callable[[bytes], bytes]) -> None:
    file = io.BytesIO()
    np.save(file, np.array([[1, 2, 0], [3, 4, 1]], np.int16))
    read_all(read_stroke3, npz(train=change(file.getvalue())))


@QUICK
@given(change=damage())
def test_damage_inside_a_pickle(change: Callable[[bytes], bytes]) -> None:
    import zipfile

    content = zipfile.ZipFile(io.BytesIO(as_stroke3())).read("train.npy")
    read_all(read_stroke3, npz(train=content[:128] + change(content[128:])))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["x", "y", "up", "t", "p", "drawing", "text", "version", "k"]), inner, max_size=5
        )
    ),
    max_leaves=8,
)


@QUICK
@given(values=st.lists(json_values, max_size=6))
def test_any_json_on_the_lines(values: list[Any]) -> None:
    import json

    content = "\n".join(json.dumps(value) for value in values).encode()
    read_all(read_drawings, content)
    bad: list[HwError] = []
    list(read_drawings(io.BytesIO(content), "fuzz", bad.append))


@QUICK
@given(
    text=st.text(alphabet="0123456789 ,.'\"!*?TFe#-\n", max_size=40),
    names=st.lists(st.sampled_from("XYTFZ"), max_size=4),
)
def test_any_values_in_a_trace(text: str, names: list[str]) -> None:
    from xml.sax.saxutils import escape

    channels = "".join(f'<channel name="{name}"/>' for name in names)
    content = f"<ink><traceFormat>{channels}</traceFormat><trace>{escape(text)}</trace></ink>"
    read_all(read_inkml, content.encode())
