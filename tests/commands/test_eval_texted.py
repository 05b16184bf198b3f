"""``hw eval`` of a model that reads each line's text and brings its ink to a form of its own."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from conftest import RunHw


def evaluated(run_hw: RunHw, model: Path, *arguments: object, ink: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(run_hw("eval", "-m", model, "--json", *arguments, stdin=ink).out)
    return found


def test_ink_in_any_unit_comes_to_the_same_in_the_models_own_scale(
    run_hw: RunHw, texted_h5: Path, ink_jsonl: Path, ink_h5: Path
) -> None:
    usual = evaluated(run_hw, texted_h5, ink=ink_jsonl.read_bytes())
    larger = []
    for line in ink_jsonl.read_text().splitlines():
        point = json.loads(line)
        larger.append(
            json.dumps({**point, "x": point["x"] * 8, "y": point["y"] * 8} if "x" in point else point)
        )
    other = evaluated(run_hw, texted_h5, ink="\n".join(larger).encode())
    assert usual["scale"] == {"sd_x": 0.4, "sd_y": 0.4, "from": "own"}
    assert usual["points"] == other["points"]
    assert other["nats_line"] == pytest.approx(usual["nats_line"], rel=1e-3)
    assert "not Graves' scale" in run_hw("eval", "-m", texted_h5, ink_h5).text
    measured = evaluated(run_hw, texted_h5, "--scale", ink_h5, ink=ink_jsonl.read_bytes())
    assert measured["scale"]["sd_x"] < 2  # type: ignore[index]  # of the ink that the model sees


def test_the_text_counts_and_lines_without_one_are_told(
    run_hw: RunHw, texted_h5: Path, ink_jsonl: Path
) -> None:
    usual = evaluated(run_hw, texted_h5, ink=ink_jsonl.read_bytes())
    assert usual["untexted"] == 0
    unknown = ink_jsonl.read_text().replace('"text": "', '"text": "中')
    done = run_hw("eval", "-m", texted_h5, "--json", stdin=unknown)
    found = json.loads(done.out)
    assert found["untexted"] == found["lines"] == 24
    assert "24 drawings without a text" in done.err
    assert found["nats_line"] != usual["nats_line"]


def test_the_attention_is_plotted(run_hw: RunHw, texted_h5: Path, ink_jsonl: Path, tmp_path: Path) -> None:
    run_hw("eval", "-m", texted_h5, ink_jsonl, "--limit", 2, "--plot", tmp_path / "plots")
    plots = sorted((tmp_path / "plots").iterdir())
    assert [path.name for path in plots] == ["attention.svg", "density.svg", "loss.svg", "reach.svg"]
    assert all(ET.parse(path).getroot().tag.endswith("svg") for path in plots)
    untexted = ink_jsonl.read_text().replace('"text": "', '"text": "中')
    done = run_hw("eval", "-m", texted_h5, "--limit", 2, "--plot", tmp_path / "others", stdin=untexted)
    assert "no attention.svg" in done.err
