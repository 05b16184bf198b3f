"""The script that makes the gallery: every command of it works, and its pictures are what the README shows."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from conftest import CAIRO, EXAMPLES, ROOT, hw_environment
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"
SCRIPT = (EXAMPLES / "gallery.sh").read_text()
PICTURES = sorted(re.findall(r'"\$into/([a-z]+\.[a-z]+)"', SCRIPT))


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, texted_h5: Path) -> Path:
    """The gallery as a model writes it that scribbles."""
    top = tmp_path_factory.mktemp("gallery")
    (top / "hw").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hwcli "$@"\n')
    (top / "hw").chmod(0o755)
    environment = hw_environment(MODEL=str(texted_h5))
    environment["PATH"] = f"{top}:{environment['PATH']}"
    command = ["sh", str(EXAMPLES / "gallery.sh"), "made"]
    done = subprocess.run(command, cwd=top, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert "hw: " not in said.replace("hw: warning", ""), said  # a command in front of a pipe that failed
    assert "time to plot" in said
    return top / "made"


def size_of(picture: Path) -> tuple[str | None, str | None]:
    root = ET.parse(picture).getroot()
    return root.get("width"), root.get("height")


@pytest.mark.slow
@CAIRO
def test_every_picture_is_made(gallery: Path) -> None:
    assert sorted(path.name for path in gallery.iterdir()) == PICTURES
    for path in gallery.glob("*.svg"):
        assert next(ET.parse(path).getroot().iter(f"{SVG}path"), None) is not None
    assert size_of(gallery / "letter.svg") == size_of(gallery / "notebook.svg") == ("148mm", "210mm")
    assert size_of(gallery / "plotter.svg") == ("297mm", "210mm")
    with Image.open(gallery / "word.gif") as film:
        assert getattr(film, "n_frames", 1) > 4
    captions = [text.text for text in ET.parse(gallery / "table.svg").getroot().iter(f"{SVG}text")]
    assert captions[:2] == ["seed 1, bias 0", "seed 1, bias 0.5"]
    assert len(captions) == len(set(captions)) == 16


def test_every_picture_is_kept_and_shown() -> None:
    shown = re.findall(r"\(examples/gallery/([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    for name in PICTURES:
        assert (EXAMPLES / "gallery" / name).exists(), name
        assert name in shown or name.replace(".gif", ".svg") in shown, name
