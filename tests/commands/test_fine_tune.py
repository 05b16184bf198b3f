"""``hw train --from`` a model with a few lines by one hand."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import RunHw

from hwcli.commands.fine_tuning import tell_other_texts
from hwcli.commands.given import read_model
from hwcli.ink.strokes_file import StrokesReader
from hwcli.options import BUNDLED_MODEL

needs_tensorflow = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="training needs TensorFlow (pip install 'hwcli[train]')"
)


@needs_tensorflow
@pytest.mark.slow
def test_a_few_lines_are_a_hand_to_take_on(run_hw: RunHw, ink_h5: Path, model_h5: Path, tmp_path: Path) -> None:
    me, pictures, log = tmp_path / "me.h5", tmp_path / "pictures", tmp_path / "log"
    options = ["--seed", 1, "--max-batches", 1, "--preview", pictures, "--log", log]
    done = run_hw("train", ink_h5, "--from", model_h5, *options, "-o", me)
    assert "24 lines: fine-tunes (--no-fine-tune" in done.err
    assert "4 to validate on" in done.err
    assert "--resume" not in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"me.h5", "pictures", "log"}

    validations = [json.loads(line) for line in log.read_text().splitlines()]
    validations = [record for record in validations if record.get("validation")]
    assert [record["batch"] for record in validations] == [0, 1]
    before, after = (pictures / name for name in ("before.svg", "after.svg"))
    for picture in (before, after):
        ElementTree.parse(picture)
    beside = ElementTree.parse(pictures / "beside.svg").getroot()
    told = [text.text for text in beside.iter("{http://www.w3.org/2000/svg}text")]
    assert told == ["yours", "before", "after"] * 3
    facts = json.loads(run_hw("info", "--json", me).out)
    assert facts["last_validation"]["validation_loss"] <= validations[0]["validation_loss"]
    assert "--from" in facts["made"][-1]
    assert "exists" in run_hw("train", ink_h5, "--from", model_h5, *options, "-o", me, code=1).err


def test_lines_whose_ink_says_something_else_are_told_before_a_hand_is_learned(
    run_hw: RunHw, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = run_hw(
        "sample", "Dear Ann, thank you", "for the parcel of May", "--style", "ann", "--seed", 1
    ).out
    wrong = written.replace(b"for the parcel of May", b"complete nonsense here")
    for name, ink, is_told in (("right", written, False), ("wrong", wrong, True)):
        strokes = tmp_path / f"{name}.h5"
        run_hw("ingest", "-", "-o", strokes, stdin=ink)
        model = read_model(BUNDLED_MODEL)
        config = model.config.updated({"tuning": {"rehearsal": 0.5}})
        with strokes.open("rb") as file, StrokesReader(file, name) as reader:
            tell_other_texts(reader, model, config)
            tell_other_texts(reader, None, config)
        told = capsys.readouterr().err
        assert ("1 line of 2 whose ink seems to say something else than the text" in told) == is_told
        assert ("the first: sample-2 (complete nonsense here)" in told) == is_told


@needs_tensorflow
@pytest.mark.slow
def test_lines_with_accents_and_in_other_alphabets_are_read_with_their_texts(
    run_hw: RunHw, ink_jsonl: Path, texted_h5: Path, tmp_path: Path
) -> None:
    texts = iter(["na\u00efve caf\u00e9", "\u043f\u0440\u0438\u0432\u0435\u0442", "\u65e5\u672c"])
    records = map(json.loads, ink_jsonl.read_text().splitlines())
    lines = [record | {"text": next(texts, "plain")} if "drawing" in record else record for record in records]
    ink = "".join(json.dumps(record) + "\n" for record in lines)
    run_hw("ingest", "-", "-o", tmp_path / "ink.h5", stdin=ink.encode())
    common = ["train", tmp_path / "ink.h5", "--from", texted_h5, "--max-batches", 1, "--seed", 1, "--valid", 0]
    for settings, unknown in (([], "1 line"), (["--set", "data.plain_texts=false"], "3 lines")):
        done = run_hw(*common, "--fine-tune", *settings, "-o", tmp_path / "me.h5", "--force")
        assert f"{unknown} without a text, or with characters that the network lacks" in done.err


def test_what_fine_tuning_sets_is_shown_and_can_be_set(run_hw: RunHw, model_h5: Path) -> None:
    common = ["train", "--from", model_h5, "--dump-config"]
    shown = run_hw(*common, "--fine-tune", "--set", "tuning.lines=7").text
    assert "validate_first = true" in shown
    assert "lines = 7" in shown
    assert "rehearsal = 0.5" in shown
    assert "plain_texts = true" in shown
    plain = run_hw(*common).text
    assert "validate_first = false" in plain
    assert "rehearsal = 0.0" in plain
    small = run_hw("train", "--from", "bundled", "--small", "--dump-config").text
    assert "units = 200" in small
    assert "rank = 2" in small


@pytest.mark.parametrize("change", ["scale=spread", "level=true", "height=true", "step=0.5"])
def test_a_model_keeps_the_form_and_the_scale_of_its_ink(run_hw: RunHw, model_h5: Path, change: str) -> None:
    common = ["train", "--from", model_h5, "--dump-config", "--set"]
    refused = run_hw(*common, f"data.{change}", code=2)
    assert f"leave data.{change.partition('=')[0]} as it is" in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize("change", ["max_points=50", "max_lines=3", "lines_before=2", "scale=axis"])
def test_how_much_ink_there_is_may_change(run_hw: RunHw, model_h5: Path, change: str) -> None:
    run_hw("train", "--from", model_h5, "--dump-config", "--set", f"data.{change}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fine-tune"], "--from bundled"),
        (["--small"], "--from bundled"),
        (["--small", "--from", "m.h5"], "beside the model that comes along"),
        (["--small", "--no-fine-tune", "--from", "bundled"], "not with --no-fine-tune"),
        (["--preview", "p"], "the model of --from"),
        (["--resume", "--fine-tune"], "has none"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    run_hw: RunHw, ink_h5: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    done = run_hw("train", ink_h5, *options, "-o", "me.h5", cwd=tmp_path, code=2)
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
