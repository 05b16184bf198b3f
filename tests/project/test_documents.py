"""The README, the manual and the examples say what is so: their commands are run, their pages are not stale."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from conftest import CAIRO, EXAMPLES, ROOT, RunHw, hw_environment, ink_json_lines, write_iam_archives

from hwcli.cli import COMMANDS, application
from hwcli.model.config import Config, preset_names
from hwcli.options import BUNDLED_MODEL

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAN = ROOT / "man"
FORMATS = ["hw-points.5", "hw-strokes.5", "hw-model.5", "hw-config.5"]
PAGES = ["hw.1", *(f"hw-{name}.1" for name in COMMANDS), *FORMATS]
ROFF = {"-": "-", "e": "\\", "&": "", "(aq": "'", "(ga": "`", "(ha": "^", "(ti": "~"}
SHIM = ROOT / "tests" / "project" / "shim"


def shell(command: list[object], directory: Path, **environment: str) -> str:
    """Run a shell ``command`` with the shim in front of hw; return its standard output when all went well."""
    path = f"{SHIM}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [str(part) for part in command],
        cwd=directory,
        env=hw_environment(
            PATH=path, HW_PYTHON=sys.executable, XDG_DATA_HOME=str(directory / "share"), **environment
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    # The shell tells how the last program of a pipe ended; the others are known by what they say.
    failures = [line for line in done.stderr.splitlines() if re.match(r"hw: (?!warning)|Traceback", line)]
    assert done.returncode == 0, done.stderr
    assert not failures, done.stderr
    return done.stdout


# --- README ------------------------------------------------------------------------------------------------


def blocks_of(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of ``text`` that are in ``language``."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A directory as the README supposes it: with the archives, the lists of forms, and the examples."""
    write_iam_archives(tmp_path)
    (tmp_path / "examples").symlink_to(EXAMPLES)
    return tmp_path


@pytest.mark.slow
@CAIRO
def test_every_command_of_the_readme_works(workshop: Path) -> None:
    for block in blocks_of(README, "sh"):
        try:
            shell(["sh", "-eu", "-c", block], workshop)
        except AssertionError as error:
            pytest.fail(f"{block}\n{error}")
    pictures = list(workshop.glob("*.svg"))
    assert pictures
    assert all("<path" in picture.read_text() or "<polyline" in picture.read_text() for picture in pictures)


def short_lines() -> list[str]:
    """Return the README's commands of ``hw`` that stand indented, outside its blocks."""
    return re.findall(r"^    (hw .*)$", re.sub(r"(?ms)^```.*?^```$", "", README), re.MULTILINE)


def console_lines() -> list[str]:
    """Return the commands of ``hw`` in what the README shows of a terminal, each with its continuation."""
    shown = "".join(blocks_of(README, "console")).replace("\n> ", " ")
    return re.findall(r"^\$ (hw .*)$", shown, re.MULTILINE)


def calls_of(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each ``hw`` in a pipeline, without what it redirects."""
    for part in line.split("|"):
        program, *arguments = shlex.split(part, comments=True)
        assert program == "hw"
        yield [argument for argument in arguments if not argument.startswith(">")]


@pytest.mark.parametrize(
    "arguments", [call for line in (*short_lines(), *console_lines()) for call in calls_of(line)], ids=" ".join
)
def test_the_options_of_what_the_readme_shows_are_the_programs(arguments: list[str]) -> None:
    group = typer.main.get_command(application(arguments[:1]))
    group.commands[arguments[0]].make_context(arguments[0], arguments[1:])  # ends with what is wrong


@pytest.mark.slow
def test_the_short_lines_of_the_readme_work(tmp_path: Path, iam_tree: Path) -> None:
    (tmp_path / "iam").symlink_to(iam_tree)
    (tmp_path / "p.jsonl").write_bytes(ink_json_lines(1))
    for line in short_lines():
        shell(["sh", "-eu", "-c", line], tmp_path)
    assert "<path" in (tmp_path / "note.svg").read_text()
    assert "<path" in (tmp_path / "out.svg").read_text()
    assert "smoke" in shell(["hw", "info", "model.h5"], tmp_path)


NOTES = """<xournal><page width="600" height="800"><layer>
<stroke tool="pen" width="1">10 20 11 35 12 22 13 36 20 28 22 27</stroke>
</layer></page></xournal>
"""


def test_notes_and_a_page_are_taken_in_as_the_readme_says(tmp_path: Path, run_hw: RunHw) -> None:
    (line,) = (line for line in console_lines() if "notes.xopp" in line)
    (tmp_path / "notes.xopp").write_bytes(gzip.compress(NOTES.encode()))
    run_hw("render", "-", "-o", tmp_path / "page.svg", stdin=ink_json_lines(1))
    shell(["sh", "-eu", "-c", line], tmp_path)
    assert json.loads(shell(["hw", "info", "--json", "pages.h5"], tmp_path))["drawings"] == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section_and_an_example_in_the_readme(command: str) -> None:
    assert f"### hw {command}\n" in README
    assert any(re.search(rf"\bhw {command}\b", block) for block in blocks_of(README, "sh"))
    assert f"| `hw {command}` |" in README


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_is_in_the_readme_and_the_manual(preset: str) -> None:
    assert f"`{preset}`" in README
    assert preset.replace("-", "\\-") in (MAN / "hw-train.1").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_into_the_repository_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_every_example_is_in_the_readme() -> None:
    for script in (*EXAMPLES.glob("*.sh"), *EXAMPLES.glob("*.py")):
        assert f"(examples/{script.name})" in README


# --- the manual --------------------------------------------------------------------------------------------


def test_the_manual_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, MAN / "make_man.py", "--check"], env=hw_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_page_is_there_and_installed() -> None:
    assert sorted(page.name for page in MAN.glob("*.[15]")) == sorted(PAGES)
    packaging = (ROOT / "pyproject.toml").read_text()
    for page in PAGES:
        assert f'"man/{page}" = "share/man/man{page[-1]}/{page}"' in packaging


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_good_roff(page: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("needs groff")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", MAN / page], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_has_nothing_against_a_page(page: str) -> None:
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("needs mandoc")
    done = subprocess.run([mandoc, "-T", "lint", "-W", "warning", MAN / page], capture_output=True, text=True)
    assert done.stdout == ""


def options_of(help_text: str) -> Iterator[str]:
    yield from re.findall(r"^  (?:-\w, )?(--[a-z-]+|-\w)\b", help_text, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_a_command_has_all_its_options(command: str) -> None:
    page = (MAN / f"hw-{command}.1").read_text(encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "-m", "hwcli", command, "--help"], env=hw_environment(), capture_output=True, text=True
    ).stdout
    names = list(options_of(shown))
    assert "--help" in names
    for name in names:
        assert f"\\fB{name.replace('-', chr(92) + '-')}\\fR" in page


def test_every_key_of_the_configuration_is_explained() -> None:
    page = (MAN / "hw-config.5").read_text(encoding="utf-8")
    for section, values in Config().to_dict().items():
        assert f".SS [{section}]\n" in page
        for key in values:
            _, entry, explained = page.partition(f"\n\\fB{section}.{key}\\fR")
            assert entry, f"{section}.{key}"
            said = explained.splitlines()[1]
            assert len(said.split(".")[0]) > 3, f"{section}.{key} has no docstring"
            assert not said.startswith(("A number", "A whole number", "True or", "One of")), f"{section}.{key}"


def examples_of(page: str) -> list[str]:
    """Return the commands of a page's EXAMPLES as a shell would get them."""
    text = (MAN / page).read_text(encoding="utf-8")
    _, _, section = text.partition(".SH EXAMPLES\n")
    section, _, _ = section.partition("\n.SH ")
    blocks = re.findall(r"^\.EX\n(.*?)^\.EE$", section, re.DOTALL | re.MULTILINE)
    return [re.sub(r"\\(\(..|.)", lambda found: ROFF[found.group(1)], block) for block in blocks]


EXAMPLE_PAGES = [
    pytest.param(page, marks=CAIRO if page == "hw-render.1" else ())
    for page in PAGES
    if page not in ("hw.1", "hw-model.5")
]


@pytest.mark.slow
@pytest.mark.parametrize("page", EXAMPLE_PAGES)
def test_the_examples_of_the_manual_work(page: str, trained: Path) -> None:
    examples = examples_of(page)
    assert examples
    for example in examples:
        if example.startswith("import "):
            shell([sys.executable, "-c", example], trained)
        else:
            shell(["sh", "-eu", "-c", example], trained)


# --- examples ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with archives and, made from them, ``strokes.h5``, ``valid.h5``, ``model.h5``, and more."""
    top = tmp_path_factory.mktemp("trained")
    write_iam_archives(top)
    (top / "examples").symlink_to(EXAMPLES)
    archives = "lineStrokes-all.tar.gz ascii-all.tar.gz"
    commands = f"""
        hw ingest {archives} -o strokes.h5
        hw ingest {archives} --lines testset_v.txt -o valid.h5
        hw train strokes.h5 --preset smoke --seed 1 -o model.h5
        hw export strokes.h5 a01-000u-01 | head -n 51 >prime.jsonl
        hw export strokes.h5 a01-000u-01 a01-000u-02 >lines.jsonl
        echo a01-000u-03 | tee lines.txt >valid.txt
    """
    shell(["sh", "-eu", "-c", commands], top)
    return top


@pytest.mark.slow
def test_example_demo(tmp_path: Path) -> None:
    shell(["sh", EXAMPLES / "demo.sh", "demo.svg"], tmp_path)
    picture = (tmp_path / "demo.svg").read_text()
    assert "<svg" in picture
    assert 'fill="white"' in picture  # what shows nothing behind it as black would show black on black


@pytest.mark.slow
def test_example_from_archives(iam_archives: Path, tmp_path: Path) -> None:
    shell(["sh", EXAMPLES / "from_archives.sh"], tmp_path, IAM=str(iam_archives), WORK="work")
    assert "<svg" in (tmp_path / "work" / "picture.svg").read_text()


def test_example_train_compact_takes_archives_with_any_name(tmp_path: Path, run_hw: RunHw) -> None:
    told = tmp_path / "hw"
    told.write_text('#!/bin/sh\nprintf "<%s>" "$@" >>calls\necho >>calls\n')
    told.chmod(0o755)
    given = ["my lines.tar.gz", "my texts.tar.gz", "ids.txt", "valid.txt", "my work"]
    path = f"PATH={tmp_path}:{os.environ['PATH']}"
    shell(["env", path, "sh", EXAMPLES / "train_compact.sh", *given], tmp_path)
    archives = "<ingest><my lines.tar.gz><my texts.tar.gz><--lines>"
    train, valid, first, *_, compact = (tmp_path / "calls").read_text().splitlines()
    assert train == f"{archives}<ids.txt><-o><my work/train.h5>"
    assert valid == f"{archives}<valid.txt><-o><my work/valid.h5>"
    assert "<--epochs><29>" in first
    assert "<--epochs><10>" in compact

    # The real program takes what it is given; --dump-config ends it before it reads ink.
    (tmp_path / "my work" / "first.h5").symlink_to(BUNDLED_MODEL)
    for call, keys in (
        (first, ["step = 0.5"]),
        (compact, ["rate = 0.0018", "lines_before = 2", "stride = 256"]),
    ):
        config = run_hw(*re.findall("<([^>]*)>", call), "--dump-config", cwd=tmp_path).text
        assert "window = 10" in config
        assert all(key in config for key in keys)


@pytest.mark.slow
def test_example_make_styles(tmp_path: Path) -> None:
    script, hands = EXAMPLES / "make_styles.sh", tmp_path / "hands"
    shell(["sh", script, "bundled", hands], tmp_path, CANDIDATES="2")
    sheet = (hands / "candidates.svg").read_text()
    assert [re.findall(rf">{seed}</text>", sheet) for seed in (1, 2)] == [[">1</text>"], [">2</text>"]]
    (hands / "chosen").write_text("2 zoe\n1 tom\n")
    shell(["sh", script, "bundled", hands], tmp_path)
    for name, seed in (("zoe", 2), ("tom", 1)):
        header = json.loads((hands / f"{name}.jsonl").read_text().partition("\n")[0])
        assert (header["text"], header["seed"]) == ("Quite a few kind words, by hand", seed)
    shell(["hw", "sample", "--style", hands / "zoe.jsonl", "ok", "-o", "ok.jsonl"], tmp_path)


@pytest.mark.slow
def test_example_continue_primes(trained: Path) -> None:
    script = EXAMPLES / "continue_primes.sh"
    shell(["sh", script, "six.svg"], trained, POINTS="40")
    named = shell(["sh", script, "-"], trained, POINTS="40", LINES_OF="a01-000u-01 a01-000x-02")
    assert "<svg" in (trained / "six.svg").read_text()
    assert "<svg" in named


@pytest.mark.slow
@pytest.mark.parametrize("bias", ["", "0.5"])
def test_example_many_samples(trained: Path, bias: str) -> None:
    shell(["sh", EXAMPLES / "many_samples.sh", "many"], trained, N="5", POINTS="30", BIAS=bias)
    assert len(list((trained / "many").glob("sample-*.jsonl"))) == 5
    assert "<svg" in (trained / "many" / "sheet.svg").read_text()


@pytest.mark.slow
def test_example_parallel(trained: Path) -> None:
    for work, jobs in (("one", "1"), ('a "writer\'s" $2', "2")):
        shell(["sh", EXAMPLES / "parallel.sh", work], trained, SEEDS="3", POINTS="20", JOBS=jobs)
    assert (trained / "one" / "all.jsonl").read_bytes() == (trained / work / "all.jsonl").read_bytes()


@pytest.mark.slow
def test_example_threshold(trained: Path) -> None:
    script = EXAMPLES / "threshold.sh"
    shell(["sh", script, "good.h5"], trained, STROKES="valid.h5", MAX_NLL="1e9")
    assert (trained / "good.h5").read_bytes() == (trained / "model.h5").read_bytes()
    with pytest.raises(AssertionError, match="not good enough"):
        shell(["sh", script, "bad.h5"], trained, STROKES="valid.h5", MAX_NLL="-1e9")
    assert not (trained / "bad.h5").exists()


@pytest.mark.slow
@CAIRO
@pytest.mark.skipif(
    find_spec("rapidocr") is None or find_spec("onnxruntime") is None,
    reason="needs the extra 'read': pip install 'hwcli[read]'",
)
def test_example_legibility(trained: Path, texted_h5: Path) -> None:
    script, settings = EXAMPLES / "legibility.sh", "--best-of 1 --points 40,--bias 1 --best-of 1 --points 20"
    report = shell(["sh", script, "read"], trained, MODEL=str(texted_h5), LINES="3", SETTINGS=settings)
    assert report.count("characters read wrong") == 4
    assert len((trained / "read" / "texts.txt").read_text().splitlines()) == 3
    assert (trained / "read" / "report.txt").read_text() == report
