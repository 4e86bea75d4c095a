"""A command line for tests: in this process, with what it printed and how it ended."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hedgetui.cli import main
from hedgetui.console.crash import CrashLog

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, str]:
        return self.lines[-1]["error"]


Command = Callable[..., Ended]


NO_BROKER = 1
"""A port of this machine on which nothing listens: no test may find its user's own TWS."""


@pytest.fixture(autouse=True)
def no_broker(monkeypatch) -> None:
    """Let both profiles look for their broker where there is none."""
    for profile in ("PAPER", "LIVE"):
        monkeypatch.setenv(f"HEDGETUI_PROFILE__{profile}__PORT", str(NO_BROKER))


@pytest.fixture
def hedgetui(capsys) -> Iterator[Command]:
    """Run a command line in this process."""
    mask = os.umask(0o022)

    def run(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out
        return Ended(code, shown.out, shown.err)

    yield run
    os.umask(mask)
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, CrashLog)]:
        root.removeHandler(handler)


@pytest.fixture
def process() -> Command:
    """Run a command line as a process, as a user would."""

    def run(*words: object, env: dict[str, str] | None = None, **settings: Any) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "hedgetui", *map(str, words)],
            cwd=ROOT, env={**os.environ, **(env or {})}, check=False, timeout=60,
            capture_output="stdout" not in settings, text=True, **settings,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout or "", done.stderr or "")

    return run


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of this test."""
    return tmp_path / "xdg" / "state" / "hedgetui"


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[[str], Path]:
    """Write the user's configuration file."""

    def write(text: str) -> Path:
        file = tmp_path / "xdg" / "config" / "hedgetui" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write
