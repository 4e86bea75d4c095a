"""The layers hold, and the tool that says so notices when they do not."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the `hedgetui` package of `folder`."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package that a test may spoil."""
    shutil.copytree(
        ROOT / "hedgetui",
        tmp_path / "hedgetui",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def spoil(copy: Path, module: str, statement: str) -> None:
    path = copy / "hedgetui" / module
    path.write_text(f"{path.read_text('utf-8')}\n{statement}\n", "utf-8")


def test_every_contract_is_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_each_broken_rule_is_named(copy: Path):
    spoil(copy, "domain/errors.py", "import asyncio, textual, sqlite3, pydantic")
    spoil(copy, "ports/__init__.py", "import ib_insync, rpyc")
    spoil(copy, "ui/__init__.py", "import hedgetui.engine")
    done = lint(copy)
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert done.returncode == 1, done.stdout + done.stderr
    assert sorted(line.partition(" BROKEN")[0] for line in broken) == [
        "Only adapters.ibkr imports the IB client",
        "Only config imports Pydantic and tomlkit",
        "Only store imports SQLite",
        "Only the MT5 bridge and the MT5 adapter import rpyc and MetaTrader5",
        "Only ui imports Textual and Rich",
        "Screens and commands know DeskPort, never the engine",
        "The domain is the standard library and numpy, synchronous",
    ]


def test_an_import_against_the_arrow_is_caught(copy: Path):
    spoil(copy, "domain/errors.py", "import hedgetui.ports")
    done = lint(copy)
    assert done.returncode == 1
    assert "hedgetui.domain is not allowed to import hedgetui.ports" in done.stdout


def test_a_package_without_a_layer_is_caught(copy: Path):
    (copy / "hedgetui" / "misc.py").write_text("", "utf-8")
    done = lint(copy)
    assert done.returncode != 0
    assert "misc" in done.stdout


def foreign_imports(source: str) -> set[str]:
    """Top-level names a module imports that are neither ours, the standard library nor numpy."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names - sys.stdlib_module_names - {"numpy", "hedgetui"}


def test_the_domain_needs_nothing_but_numpy():
    modules = list((ROOT / "hedgetui" / "domain").rglob("*.py"))
    assert modules
    foreign = {str(path): foreign_imports(path.read_text("utf-8")) for path in modules}
    assert {path: names for path, names in foreign.items() if names} == {}


def test_a_foreign_import_is_seen():
    source = "import os, scipy.stats\nfrom pandas import DataFrame\nfrom numpy import exp\n"
    assert foreign_imports(source) == {"scipy", "pandas"}
