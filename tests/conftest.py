"""Determinism for every test, in one place.

The environment is cleared before anything imports Textual, which reads it once; afterwards every
test gets folders of its own, so that no test reads or writes the files of whoever runs it. Random
order and seeds come from pytest-randomly; hypothesis is quick and repeatable by default, and
searches widely under `make deep`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import coverage
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROFILE = os.environ.get("HEDGETUI_TEST_PROFILE", "quick")
_FOREIGN = ("TEXTUAL_", "HEDGETUI_", "XDG_", "SSH_", "TMUX", "LC_")
_NAMED = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TERM_PROGRAM", "STY")

_KEPT = "TEXTUAL_SNAPSHOT"
"""Set by the snapshot plugin for its own workers."""

for _name in list(os.environ):
    if (_name.startswith(_FOREIGN) or _name in _NAMED) and not _name.startswith(_KEPT):
        del os.environ[_name]
os.environ |= {"TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
os.environ |= {"TZ": "UTC", "LANG": "C.UTF-8"}

settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile(
    "deep",
    max_examples=5_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(_PROFILE)


_MARATHONS = ("tests/faults/", "tests/engine/test_scenarios.py", "tests/ui/test_key_fuzz.py")
"""Tests that go the same ways again and again: tracing them costs half as much again."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark pictures for `make snap` and marathons; leave the long searches to `make deep`."""
    for item in items:
        if item.nodeid.startswith(_MARATHONS):
            item.add_marker("marathon")
        if "snap_compare" in getattr(item, "fixturenames", ()):
            item.add_marker("snap")
    if _PROFILE != "deep":
        long = [item for item in items if item.get_closest_marker("deep")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(autouse=True)
def untraced(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a marathon at full speed: what it covers, the short tests cover too."""
    tracer = coverage.Coverage.current() if request.node.get_closest_marker("marathon") else None
    if tracer is None:
        yield
        return
    tracer.stop()
    try:
        yield
    finally:
        tracer.start()


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point every XDG folder at this test's own temporary folder."""
    for kind, folder in (
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_RUNTIME_DIR", "run"),
    ):
        monkeypatch.setenv(kind, str(tmp_path / "xdg" / folder))
