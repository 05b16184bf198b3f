"""The house: who may import whom, what is loaded when, and what every command has."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, RunHw, hw_environment

from hwcli.cli import COMMANDS

MAY_IMPORT = {
    "__main__": {"cli"},
    "cli": {"commands", "options", "console", "stdio", "stopping", "errors"},
    "options": {"console", "stdio", "errors"},
    "commands": {
        "commands", "options", "console", "stdio", "locks", "errors", "threads", "wording",
        "drawing", "writing", "learning", "measuring", "collecting", "recombining", "model", "ink",
    },
    "collecting": {"collecting", "ink", "errors", "wording"},
    "drawing": {"drawing", "ink", "stdio", "errors"},
    "writing": {"writing", "ink", "model", "errors", "threads"},
    "learning": {"learning", "ink", "model", "errors", "threads"},
    "measuring": {"measuring", "ink", "model", "writing", "errors", "wording"},
    "recombining": {"recombining", "drawing", "writing", "model", "ink", "errors"},
    "model": {"model", "ink", "errors"},
    "ink": {"ink", "stdio", "sinks", "stopping", "errors", "threads", "wording"},
    "console": set(),
    "stdio": {"sinks", "stopping", "errors"},
    "sinks": {"stopping"},
    "locks": {"stdio", "errors"},
    "stopping": set(),
    "errors": set(),
    "threads": set(),
    "wording": set(),
}  # fmt: skip
LIBRARIES = {
    "ink": {"numpy", "h5py", "defusedxml"},
    "model": {"numpy", "h5py"},
    "writing": {"numpy", "anyascii"},
    "measuring": {"numpy", "onnxruntime"},
    "collecting": {"numpy"},
    "recombining": {"numpy"},
    "drawing": {"numpy", "cairocffi", "PIL"},
    "learning": {"numpy", "h5py", "tensorflow", "kubernetes"},  # what its resolver of workers asks with
}
SOURCES = sorted((ROOT / "hwcli").rglob("*.py"))


def house_of(path: Path) -> str:
    """Return the part of the house that ``path`` belongs to: a package or a top-level module."""
    first = path.relative_to(ROOT / "hwcli").parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Return the full names of all that ``path`` imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    house = house_of(path)
    if house == "__init__":
        return
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("hwcli.")} - {"__version__"}
    assert ours <= MAY_IMPORT[house], f"{house} may not import {ours - MAY_IMPORT[house]}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_libraries_stay_in_their_houses(path: Path) -> None:
    house = house_of(path)
    foreign = {name.split(".")[0] for name in imports_of(path)} - sys.stdlib_module_names - {"hwcli"}
    if house in LIBRARIES:
        assert foreign <= LIBRARIES[house]
    elif house == "commands":
        assert "tensorflow" not in foreign
    assert "typing_extensions" not in foreign


@pytest.mark.parametrize("path", [p for p in SOURCES if house_of(p) in LIBRARIES], ids=lambda p: p.stem)
def test_below_the_commands_nothing_prints_exits_or_reads_the_environment(path: Path) -> None:
    forbidden = {"sys.argv", "sys.exit", "sys.stdout", "sys.stderr", "os.environ", "os.getenv"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert f"{node.value.id}.{node.attr}" not in forbidden, f"line {node.lineno}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "input"), f"line {node.lineno}"


def modules_after(*arguments: str) -> set[str]:
    """Return the modules that ``hw`` with ``arguments`` has loaded when it ends."""
    script = (
        "import atexit, sys; sys.argv = ['hw', *sys.argv[1:]]\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "import os; os._exit = sys.exit\n"
        "from hwcli.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=hw_environment()
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_loads_nothing_heavy(command: str) -> None:
    loaded = modules_after(*command.split(), "--help")
    assert "typer" in loaded
    assert not loaded & {"numpy", "h5py", "tensorflow", "cairosvg", "rich", "multiprocessing"}


def test_a_command_starts_without_the_others() -> None:
    commands = {"hwcli.commands.styles", "hwcli.commands.train", "hwcli.commands.ingest"}
    assert modules_after("styles", "--help") & commands == {"hwcli.commands.styles"}
    assert modules_after("--help") & commands == commands


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_common_options(run_hw: RunHw, command: str) -> None:
    help_text = run_hw(command, "-h").text
    for option in ("-q, --quiet", "-v, --verbose", "-h, --help"):
        assert option in help_text


def test_render_and_info_run_without_tensorflow(ink_jsonl: Path) -> None:
    for arguments in (["info", str(ink_jsonl)], ["render", str(ink_jsonl), "--format", "svg"]):
        loaded = modules_after(*arguments)
        assert "numpy" in loaded
        assert not loaded & {"tensorflow", "keras"}


@pytest.mark.parametrize("folder", [p.parent for p in SOURCES if p.name == "__init__.py"], ids=lambda p: p.name)
def test_every_package_says_what_it_is(folder: Path) -> None:
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert docstring
    assert len(docstring) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_top_of_the_project_is_tidy() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("needs a git clone")
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    expected = {
        "hwcli", "tests", "examples", "man", "pyproject.toml", "Makefile",
        "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    }  # fmt: skip
    assert {name for name in top if not name.startswith(".")} == expected


def test_the_list_of_commands_is_not_cut_short(run_hw: RunHw) -> None:
    assert "..." not in run_hw("--help", env={"COLUMNS": "80"}).text.replace("[ARGS]...", "")
