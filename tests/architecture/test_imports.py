"""What each part of the package may load: checked in fresh processes, and by import-linter's contracts."""

import subprocess
import sys
from pathlib import Path

import pytest

import tui_tracker

PACKAGE = Path(tui_tracker.__file__).parent
PURE = ("core", "filters", "stats")


def loaded_by(*modules: str) -> set[str]:
    """Names of all modules that a fresh interpreter has loaded after importing these."""
    program = f"import sys, {', '.join(modules)}\nprint(*sys.modules, sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(run.stdout.split())


def modules_in(layer: str) -> list[str]:
    """Names of all modules of a layer."""
    return [f"tui_tracker.{layer}.{path.stem}" for path in (PACKAGE / layer).glob("*.py") if path.stem != "__init__"]


def test_starting_the_command_loads_no_screen_and_no_network() -> None:
    packages = {name.partition(".")[0] for name in loaded_by("tui_tracker.cli.main")}
    assert packages.isdisjoint({"textual", "httpx", "rich", "plotext", "sqlite3", "fastapi", "pydantic", "websockets"})


@pytest.mark.parametrize("layer", PURE)
def test_core_and_statistics_need_the_standard_library_alone(layer: str) -> None:
    ours = {"tui_tracker", "__main__"}
    before = {name.partition(".")[0] for name in loaded_by("sys")}
    packages = {name.partition(".")[0] for name in loaded_by(*modules_in(layer))}
    assert packages - before - ours <= sys.stdlib_module_names


@pytest.mark.parametrize("layer", PURE)
def test_core_and_statistics_load_nothing_above_them(layer: str) -> None:
    layers = {
        ".".join(name.split(".")[:2]) for name in loaded_by(*modules_in(layer)) if name.startswith("tui_tracker.")
    }
    assert layers <= {f"tui_tracker.{pure}" for pure in PURE}


def test_packages_have_no_code_of_their_own() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent != PACKAGE:
            assert path.read_text(encoding="utf-8") == "", path
    assert tui_tracker.__version__


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_contracts_of_the_layers_hold() -> None:
    pytest.importorskip("importlinter", reason="import-linter belongs to the lint tools")
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"], capture_output=True, text=True, check=False, cwd=PACKAGE.parent
    )
    assert run.returncode == 0, run.stdout + run.stderr
