"""What the tests share: ink that they make themselves, and the real program run as a process."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from hwcli.ink import Drawing

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def _load(path: Path) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_ink = _load(EXAMPLES / "make_ink.py")

# How long an example takes is a matter of the machine.
settings.register_profile("hw", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hw")

# Run in the background, pytest may have these ignored, and every program that it starts with it.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's directory."""
    return ROOT


# --- the program -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """A program that has ended: its exit code (negative: the signal that ended it) and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.text.splitlines()


RunHw = Callable[..., Finished]


def hw_environment(**changes: str) -> dict[str, str]:
    """Return an environment for ``hw`` in which nothing of the developer's own settings shows."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HW_", "_HW_", "PYTHON"))}
    own = {"NO_COLOR": "1", "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": "/nonexistent"}
    return {**kept, **own, **changes}


@pytest.fixture(scope="session")
def run_hw() -> RunHw:
    """Run the real program: ``run_hw("info", path, stdin=b"...", cwd=..., env={...}, code=0) -> Finished``.

    ``code``: the exit code to insist on (0 unless told); None takes any.
    """

    def run(
        *arguments: object,
        stdin: bytes | str = b"",
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        code: int | None = 0,
        timeout: float = 240,
    ) -> Finished:
        command = [sys.executable, "-m", "hwcli", *map(str, arguments)]
        given = stdin.encode() if isinstance(stdin, str) else stdin
        full = hw_environment(**(env or {}))
        done = subprocess.run(command, input=given, capture_output=True, cwd=cwd, env=full, timeout=timeout)
        finished = Finished(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
        if code is not None:
            assert finished.code == code, f"hw {' '.join(command[3:])} -> {finished.code}\n{finished.err}"
        return finished

    return run


# --- ink ---------------------------------------------------------------------------------------------------


def drawings(number: int, seed: int = 1) -> list[Drawing]:
    """Return ``number`` lines of made-up handwriting with ids ``made-0001``... and texts."""
    made = []
    for count, (text, strokes) in enumerate(make_ink.lines_of_words(number, seed), start=1):
        rows = [(x, y, i == len(stroke)) for stroke in strokes for i, (x, y) in enumerate(stroke, start=1)]
        points = np.array(rows, np.float64).round(1).astype(np.float32)
        made.append(Drawing(points, id=f"made-{count:04}", text=text, writer=f"hand-{count % 3}"))
    return made


def ink_json_lines(number: int, seed: int = 1) -> bytes:
    """Return ``number`` lines of made-up handwriting as a JSON-lines points file."""
    made = enumerate(make_ink.lines_of_words(number, seed), start=1)
    lines = [line for i, (text, ink) in made for line in make_ink.json_lines(f"made-{i:04}", text, ink)]
    return "".join(line + "\n" for line in lines).encode()


@pytest.fixture(scope="session")
def made_drawings() -> list[Drawing]:
    """Twenty-four lines of made-up handwriting; not to be changed in place."""
    return drawings(24)


@pytest.fixture(scope="session")
def ink_jsonl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same twenty-four lines as a JSON-lines points file."""
    path = tmp_path_factory.mktemp("ink") / "ink.jsonl"
    path.write_bytes(ink_json_lines(24))
    return path


@pytest.fixture(scope="session")
def ink_h5(ink_jsonl: Path, run_hw: RunHw) -> Path:
    """The same twenty-four lines as a strokes file made by ``hw ingest``."""
    path = ink_jsonl.with_name("ink.h5")
    run_hw("ingest", ink_jsonl, "-o", path)
    return path


@pytest.fixture(scope="session")
def model_h5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small mixture model with weights drawn by chance, in the unit of the made-up ink: it scribbles."""
    from hwcli.ink.offsets import Scale
    from hwcli.model import Config, Model
    from hwcli.model.config import Network
    from hwcli.model.file import weight_shapes, write_model

    network = Network(layers=2, units=16, mixtures=3)
    rng = np.random.default_rng(1)
    shapes = weight_shapes(network)
    weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    path = tmp_path_factory.mktemp("model") / "model.h5"
    with path.open("w+b") as file:
        write_model(file, Model(Config(network=network), Scale((9.0, 0.5), (32.0, 39.0)), weights))
    return path


@pytest.fixture(scope="session")
def texted_h5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a window, on level ink of one height at equal steps: it scribbles, but comes to its end."""
    from hwcli.ink.offsets import Scale
    from hwcli.model import Config, Model
    from hwcli.model.file import weight_shapes, write_model

    network = {"layers": 2, "units": 10, "mixtures": 3, "window": 2}
    data = {"scale": "spread", "level": True, "height": True, "step": 0.5}
    config = Config().updated({"network": network, "data": data})
    rng = np.random.default_rng(5)
    shapes = weight_shapes(config.network).items()
    weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
    weights["window/bias"][4:] = -1.0  # how far the window moves at a point: e to the power of this
    path = tmp_path_factory.mktemp("texted") / "texted.h5"
    with path.open("w+b") as file:
        write_model(file, Model(config, Scale((0, 0), (0.4, 0.4)), weights))
    return path


# --- IAM-OnDB ----------------------------------------------------------------------------------------------

IAM_FORMS = ("a01-000u", "a01-000x", "a01-003", "b02-045z")
IAM_LINES_A_FORM = 4


def iam_xml(strokes: list[list[tuple[float, float]]]) -> str:
    """Return one line of writing in the form of an IAM-OnDB ``lineStrokes`` file."""
    time, parts = 769.05, []
    for stroke in strokes:
        points = []
        for x, y in stroke:
            points.append(f'      <Point x="{x:.0f}" y="{y:.0f}" time="{time:.2f}"/>')
            time += 0.013
        ends = f'start_time="{time - 0.013 * len(stroke):.2f}" end_time="{time:.2f}"'
        parts += [f'    <Stroke colour="black" {ends}>', *points, "    </Stroke>"]
        time += 0.2
    corners = (
        "  <WhiteboardDescription>\n"
        '    <SensorLocation corner="top_left"/>\n'
        '    <DiagonallyOppositeCoords x="6512" y="1376"/>\n'
        '    <VerticallyOppositeCoords x="966" y="1376"/>\n'
        '    <HorizontallyOppositeCoords x="6512" y="787"/>\n'
        "  </WhiteboardDescription>"
    )
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<WhiteboardCaptureSession>\n'
    return (
        head
        + corners
        + "\n  <StrokeSet>\n"
        + "\n".join(parts)
        + "\n  </StrokeSet>\n</WhiteboardCaptureSession>\n"
    )


def iam_files(seed: int = 7) -> Iterator[tuple[str, str]]:
    """Yield the path and content of each file of a tiny database laid out as IAM-OnDB's two archives are."""
    made = make_ink.lines_of_words(len(IAM_FORMS) * IAM_LINES_A_FORM, seed)
    for form in IAM_FORMS:
        folder = f"{form[:3]}/{form[:7]}"
        texts = []
        for line in range(1, IAM_LINES_A_FORM + 1):
            text, strokes = next(made)
            texts.append(text)
            yield f"lineStrokes/{folder}/{form}-{line:02}.xml", iam_xml(strokes)
        csr = "\n".join(texts)
        yield f"ascii/{folder}/{form}.txt", f"OCR:\n\n{csr.upper()}\n\nCSR:\n\n{csr}\n"


@pytest.fixture(scope="session")
def iam_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with ``lineStrokes/`` and ``ascii/`` as in IAM-OnDB, of made-up ink: sixteen lines."""
    top = tmp_path_factory.mktemp("iam-tree")
    for name, content in iam_files():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="latin-1")
    return top


@pytest.fixture(scope="session")
def iam_archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with ``lineStrokes-all.tar.gz`` and ``ascii-all.tar.gz`` of the same made-up ink.

    With them, as on the database's page, ``trainset.txt`` and ``testset_v.txt``: ids of forms, one a line.
    """
    top = tmp_path_factory.mktemp("iam-archives")
    write_iam_archives(top)
    return top


def write_iam_archives(top: Path) -> None:
    """Write the two archives and the two lists of forms into the directory ``top``."""
    for kind in ("lineStrokes", "ascii"):
        with tarfile.open(top / f"{kind}-all.tar.gz", "w:gz") as archive:
            for name, content in iam_files():
                if name.startswith(kind):
                    _add_to_archive(archive, name, content.encode("latin-1"))
    (top / "trainset.txt").write_text("".join(f" {form}\n" for form in IAM_FORMS[:3]))
    (top / "testset_v.txt").write_text(f" {IAM_FORMS[3]}\n")


def _add_to_archive(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@pytest.fixture(scope="session")
def iam_ondb() -> Path:
    """The directory with the archives of the real database; without it the test is skipped."""
    named = os.environ.get("HW_IAM_ONDB")
    path = Path(named) if named else ROOT.parent / "shared" / "iam-ondb"
    if not (path / "lineStrokes-all.tar.gz").is_file():
        pytest.skip("needs the archives of IAM-OnDB: set HW_IAM_ONDB to their directory")
    return path


def _why_no_cairo() -> str:
    """Return why cairo cannot draw here, or nothing when it can."""
    try:
        import cairocffi  # noqa: F401
    except (ImportError, OSError) as error:  # cairocffi raises OSError when the C library is not there
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


CAIRO = pytest.mark.skipif(
    bool(_why_no_cairo()), reason=f"needs the C library cairo (libcairo2): {_why_no_cairo()}"
)
"""Marks what draws PNG, PDF or PostScript; where cairo cannot be loaded the test is skipped."""
RASTER = [pytest.param(kind, marks=CAIRO) for kind in ("png", "pdf", "ps")]
"""The formats that cairo draws, as parameters of a test."""


@pytest.fixture
def chance() -> random.Random:
    """A generator of chance that begins alike in every test."""
    return random.Random(20130804)


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator of chance that begins alike in every test."""
    return np.random.default_rng(20130804)


def pytest_collection_modifyitems(config: Any, items: list[pytest.Item]) -> None:
    """Run the quick tests before those that install or train."""
    del config
    items.sort(key=lambda item: "slow" in item.keywords)
