"""Whole files of every format that is read, from which fuzzing begins; all made here."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import tablets

from hwcli.ink import Drawing, strokes_file
from hwcli.ink.jsonl import DrawingWriter
from hwcli.ink.offsets import Scale
from hwcli.ink.sinks.inkml import write_inkml
from hwcli.ink.sinks.stroke3 import write_stroke3
from hwcli.ink.strokes_file import StrokesWriter
from hwcli.model import Config, Model
from hwcli.model.config import Network, config_text, preset_names, preset_text
from hwcli.model.file import read_model, weight_shapes, write_model
from hwcli.model.hand import write_hand

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
UNUSUAL_LINE = b"""<WhiteboardCaptureSession><StrokeSet><Stroke><Point x="1e3" y="-1.5" time="0"/>
<!-- <!DOCTYPE --><Point x="1" y="2" time="9"/></Stroke></StrokeSet></WhiteboardCaptureSession>"""
ENTITIES = b"""<!DOCTYPE ink [<!ENTITY a "1 2"><!ENTITY b SYSTEM "file:///etc/passwd"><!ENTITY % c "d">]>
<ink><trace>&a;, &b;</trace></ink>"""
INKML = b"""<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="writer">me</annotation>
<definitions><context xml:id="c"><inkSource xml:id="s"><traceFormat xml:id="f"><channel name="X"/>
<channel name="Y" orientation="-ve"/><channel name="T" units="ms"/><channel name="F" max="9" min="1"/>
<intermittentChannels><channel name="Z"/></intermittentChannels></traceFormat></inkSource></context>
</definitions>
<traceGroup contextRef="#c"><annotation type="truth">a word</annotation><trace contextRef="#c" id="t">
1 2 3 4, '1 '2 "1 !4, 3 * ? T 5, #ff .5 1e3 2</trace><trace type="penUp">1 2 3 4</trace><trace
continuation="begin" timeOffset="5">1 2 3 4</trace><trace continuation="end">5 6 7 8</trace></traceGroup>
<trace>1 2, 3 4</trace></ink>"""
XOPP = b"""<?xml version="1.0"?><xournal><page width="595.2"><layer>
<stroke tool="pen" width="1.4 0.5 1">10 20 11.5 21 12 22.25</stroke><stroke tool="pen" width="1">1 2</stroke>
<stroke tool="highlighter">1 2</stroke></layer></page><page><layer>
<stroke tool="pen">1 2 3 4</stroke></layer></page></xournal>"""
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg"><style>/* a */.a,path{fill:none;stroke:#000}</style>
<g class="a b" transform="translate(1 2) scale(2) rotate(30 1 2) skewX(3) matrix(1 0 0 1 2 3)">
<path d="M1 2c3 4 5 6 7 8s1 2 3 4a5 6 7 0 1 8 9q1 2 3 4t1 2zm1 1"/>
<polyline points="1,2 3,4"/><polygon points="1,2 3,4 5,6"/><line x1="1" x2="2px"/></g>
<path style="fill:none;display:inline!important" d="M1 100h50v20H3V4L5 6"/></svg>"""
UNIPEN = b""".VERSION 1.0
.HIERARCHY SENTENCE WORD
.COORD X Y T P
.DT 10
.WRITER_ID me
.SEGMENT WORD 0-1:1,2 OK "word"
.SEGMENT WORD 2 OK "again"
.PEN_DOWN
1 2 3 4 5 6 7 8
.PEN_UP
1 2 3 4
.PEN_DOWN
9 8 7 6
"""
HEADER = b"""{"drawing":"a-1","text":"some \\u00e9 text","writer":"me","source":"hw collect","version":1,
"key":"0123456789abcdef","k":[1,{"a":null}],"replaces":"a-0"}""".replace(b"\n", b"")
LOOSE_POINTS = b"""\xef\xbb\xbf[1,2,0]\r\n[3,4,1]\n\n{"x":1e2,"y":-2.5,"up":1,"t":0.5,"p":0.25}\n"""
MESSAGE = {
    "key": "0123456789abcdef", "text": "a line", "replaces": "", "device": "pen", "baseline": 10.0,
    "xheight": 4, "strokes": [[[1, 2, 0.0, None], [3.5, 4, 0.1, 0.5]], [[5, 6, 0.2, 1]]],
}  # fmt: skip
TEXT = "Dear Ann,\nthank you – “naïve” ½ → 😀 \t…\r\n\nOCR:\n\nCSR:\n\nA MOVE to stop\n".encode()
NETWORK = Network(layers=2, units=2, mixtures=1, window=1, characters="ab ", peepholes=True)
VIEWS = b"""<ink><annotation type="sampleId">1</annotation><definitions><mapping id="m"
type="affine"><matrix>2 1 </matrix></mapping><traceFormat><channel name="X"><mapping
mappingRef="#m"/></channel><channel name="Y"><mapping type="lookup"><bind source="Y"
column="1"/><bind target="Y" column="2"/><table>0 1, 9 5.5</table></mapping>
</channel></traceFormat></definitions><trace id="a">1 2, 3 4, 5 6</trace><traceGroup
id="g"><trace>1 2, 3 4</trace> <trace>5 6</trace></traceGroup><traceView id="v"><annotation
type="transcription">b</annotation><traceView traceDataRef="#a" from="2" to="3"/><traceView
traceDataRef="#g" from="1:2" to="2:1"/></traceView></ink>"""
FRAMES = b"""<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 200 100"><defs><path id="p" d="M1
2l3 4"/> <symbol id="s" viewBox="0 0 9 9" preserveAspectRatio="xMinYMax slice"><use href="#p"
x="1" y="2%"/></symbol></defs> <g stroke="#000" fill="none"><use xlink:href="#s" x="5"
width="20" height="1in" transform="rotate(9)"/> <svg x="10%" y="3mm" width="50%" height="40"
viewBox="1 2 3 4"><use href="#p"/></svg></g></svg>"""
QUICKDRAW = (
    b'{"word":"cat","key_id":"5","recognized":true,"drawing":[[[1,2.5],[3,4],[0,17]],[[5],[6],[40]]]}\n'
    b'{"word":"cat","key_id":"6","recognized":false,"drawing":[[[1,255],[3,4]],[[],[]]]}\n'
)


def drawings() -> list[Drawing]:
    """Return two small drawings, one with all that a drawing can have."""
    points = np.array([[1, 2, 0], [3.5, 4, 1], [900, -2, 1]], np.float32)
    time, pressure = np.array([0, 0.5, 1], np.float32), np.array([0, 0.5, np.nan], np.float32)
    whole = Drawing(points, "a-01", "some text", "me", "by hand", time, pressure, {"k": [1]})
    return [whole, Drawing(points + 0, "b")]


def jsonl() -> bytes:
    """Return the drawings as JSON lines."""
    file = io.BytesIO()
    for drawing in drawings():
        DrawingWriter(file).write(drawing)
    return file.getvalue()


def strokes() -> bytes:
    """Return the drawings as a strokes file."""
    file = io.BytesIO()
    small = mock.patch.multiple(strokes_file, POINTS_CHUNK=4, DRAWINGS_CHUNK=2)
    with small, StrokesWriter(file, ["made"]) as writer:
        for drawing in drawings():
            writer.add(drawing)
    return file.getvalue()


def inkml() -> bytes:
    """Return the drawings as InkML."""
    file = io.BytesIO()
    write_inkml(file, drawings())
    return file.getvalue()


def npz_pickled() -> bytes:
    """Return the drawings as sketch-rnn has them."""
    file = io.BytesIO()
    write_stroke3(file, drawings())
    return file.getvalue()


def npz_padded() -> bytes:
    """Return drawings as one padded array, and others as one each, not packed."""
    file = io.BytesIO()
    five = np.array([[1, 2, 1, 0, 0], [3, 4, 0, 1, 0], [0, 0, 0, 0, 1]], np.int8)
    np.savez(file, a=np.ones((2, 3, 3), np.int16, order="F"), b=np.ones((2, 3), np.float32), c=five)
    return file.getvalue()


def npz_deepwriting() -> bytes:
    tables, texts = np.empty(2, object), np.array(["two words", "one"])
    tables[:] = [np.array([[0, 0, 0], [1, -1, 1]], np.float32), np.array([[2, 3, 1]], np.float32)]
    steps = ["scale", "relative_representation", "normalization"]
    numbers = {"mean": np.full(3, 0.1), "std": np.ones(3), "min": np.zeros(1), "max": np.full(1, 99.0)}
    file = io.BytesIO()
    np.savez(file, strokes=tables, texts=texts, alphabet=texts, preprocessing=steps, **numbers)
    return file.getvalue()


def tar() -> bytes:
    """Return an archive of lines, texts and writers as IAM-OnDB has them, with what else may be in one."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in (
            ("lineStrokes/a01/a01-000/a01-000u-01.xml", LINE),
            ("../" + "x" * 120 + "/a01-000u-02.xml", UNUSUAL_LINE),
            ("ascii/a01/a01-000/a01-000u.txt", TEXT),
            ("original/a01/a01-000/strokesu.xml", b'<Form id="a01-000u" writerID="7">'),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(f"/etc/a01-000u-{number:02}.xml")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    return file.getvalue()


def model(kind: str = "float32") -> bytes:
    """Return a model with a window."""
    rng = np.random.default_rng(5)
    weights = {name: rng.normal(size=s).astype(np.float32) for name, s in weight_shapes(NETWORK).items()}
    file = io.BytesIO()
    history = [{"epoch": 1.0, "validation_loss": -1.5}]
    write_model(
        file,
        Model(Config(network=NETWORK), Scale((8, 0), (4, 3)), weights, history, "free", 7, ["made"]),
        kind,
    )
    return file.getvalue()


def hand() -> bytes:
    """Return a small hand, which belongs to the model ``model()``."""
    base = read_model(io.BytesIO(model()), "model")
    weights = {name: array + 0.5 for name, array in base.weights.items()}
    config = base.config.updated({"tuning": {"rank": 1}})
    file = io.BytesIO()
    write_hand(file, replace(base, config=config, weights=weights), base)
    return file.getvalue()


def checkpoint() -> bytes:
    """Return a checkpoint of the same network."""
    from hwcli.learning.checkpoint import Checkpoint, Position, Terms, write_checkpoint

    weights = {name: np.ones(shape, np.float32) for name, shape in weight_shapes(NETWORK).items()}
    slots = [np.zeros(shape, np.float32) for shape in weight_shapes(NETWORK).values()]
    position = Position(7, 3, 100, 1.5, best=-1.0, history=[{"epoch": 1.0}])
    file = io.BytesIO()
    write_checkpoint(
        file,
        Checkpoint(
            Config(network=NETWORK), Scale((8, 0), (4, 3)), weights, slots, position, "ab", 1, Terms("x")
        ),
    )
    return file.getvalue()


def requests() -> list[bytes]:
    """Return requests to the server of ``hw collect``, whose token is ``T``."""
    host = b"Host: 127.0.0.1:8000\r\n"
    body = json.dumps(MESSAGE).encode()
    kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return [
        b"GET /T/ HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /T/state HTTP/1.0\r\n" + host + b"\r\n",
        b"POST /T/line HTTP/1.1\r\n" + host + kind + b"\r\n" + body,
        b"POST /T/skip HTTP/1.1\r\n" + host + kind + b"Origin: http://127.0.0.1:8000\r\n\r\n" + body,
        b"POST /T/finish HTTP/1.1\r\n" + host + kind + b"\r\n" + body,
    ]


def zipped(arrays: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file of ``arrays``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in arrays.items():
            archive.writestr(name, content)
    return file.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    """Return what a zip file of ours holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def configurations() -> list[bytes]:
    """Return the presets, a whole configuration, and odd values of TOML."""
    odd = b'[network]\nunits=0x10\ncharacters="""a\nb"""\n[optimiser]\nrate=1e-3\n[noise]\nturn=inf\n'
    dates = b"a.b=[1979-05-27T07:32:00Z,{c=1_000,d='x'}]\n[[x]]\ny=-0.0\n"
    return [
        config_text(Config()).encode(),
        odd,
        dates,
        *(preset_text(name).encode() for name in preset_names()),
    ]


def seeds(reader: str) -> list[bytes]:
    """Return the files that ``reader`` begins with."""
    made: dict[str, Any] = {
        "xml": lambda: [LINE, UNUSUAL_LINE, ENTITIES, LINE.decode().encode("utf-16")],
        "tar": lambda: [tar()],
        "gzip": lambda: [tar(), XOPP, SVG, packed(tar()), packed(XOPP) + packed(SVG)],
        "inkml": lambda: [INKML, inkml(), VIEWS, ENTITIES],
        "xopp": lambda: [XOPP],
        "svg": lambda: [SVG, FRAMES],
        "unipen": lambda: [UNIPEN],
        "remarkable": lambda: [
            tablets.PAGE,
            tablets.old_page(3, [[tablets.old_stroke(3)]]),
            tablets.old_page(5, [[tablets.old_stroke(5)]]),
        ],
        "rmdoc": lambda: [tablets.NOTEBOOK],
        "jsonl": lambda: [jsonl(), QUICKDRAW, HEADER + b"\n" + LOOSE_POINTS, LOOSE_POINTS],
        "npz": lambda: [npz_pickled(), npz_padded(), npz_deepwriting()],
        "npy": lambda: [*unzipped(npz_pickled()).values(), *unzipped(npz_padded()).values()],
        "strokes": lambda: [strokes()],
        "model": lambda: [model(), model("float16")],
        "hand": lambda: [hand()],
        "checkpoint": lambda: [checkpoint()],
        "toml": configurations,
        "text": lambda: [TEXT, b"a01-000u-01\na01-000\n"],
        "style": lambda: [HEADER + b"\n" + LOOSE_POINTS],
        "notebook": lambda: [HEADER + b"\n" + LOOSE_POINTS, jsonl(), jsonl()[:-9]],
        "message": lambda: [json.dumps(MESSAGE).encode()],
        "http": requests,
    }
    return list(made[reader.removesuffix("-edits")]()) if not reader.endswith("-edits") else [bytes(range(64))]


def packed(content: bytes) -> bytes:
    """Return ``content`` packed with gzip, the same each time."""
    return gzip.compress(content, 1, mtime=0)
