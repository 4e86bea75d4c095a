"""The package lives in a process of its own, which holds a secret and ends with its parent."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hedgetui.adapters.mt5 import child
from hedgetui.adapters.mt5.connection import Backend
from hedgetui.adapters.mt5.library import StartedTerminal, load_library
from hedgetui.adapters.mt5.native import NativeLink, open_native
from hedgetui.domain.errors import BrokerUnreachable, ConfigError
from hedgetui.domain.mt5.records import Look
from hedgetui.mt5bridge.calls import Call
from hedgetui.mt5bridge.errors import LinkDown
from tests.mt5.fake.MetaTrader5.scripted import ScriptedTerminal
from tests.mt5.processes import PATHS
from tests.mt5.stage import Stage, play


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", PATHS)


@pytest.fixture
def link(installed: None) -> Iterator[NativeLink]:  # noqa: ARG001 - it must come first
    link = open_native("", timeout=30)
    yield link
    link.close()


def test_the_process_answers_as_a_bridge_and_ends_with_the_link(link):
    assert link.ask([Call("account_info")], 10)[0].value["login"] == 1234567
    process = link._process
    assert process.poll() is None
    link.close()
    link.close()
    assert process.returncode == 0
    with pytest.raises(LinkDown):
        link.ask([Call("version")], 1)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_the_token_is_in_neither_arguments_nor_environment(link):
    said = b"".join(
        Path(f"/proc/{link._process.pid}/{name}").read_bytes() for name in ("cmdline", "environ")
    )
    assert b"hedgetui.adapters.mt5.child" in said
    assert not [word for word in said.replace(b"=", b"\0").split(b"\0") if _is_token(word)]


def _is_token(word: bytes) -> bool:
    return len(word) == 64 and all(one in b"0123456789abcdef" for one in word)


def test_a_process_that_dies_is_a_dead_link(link):
    os.kill(link._process.pid, signal.SIGKILL)
    with pytest.raises(LinkDown):
        link.ask([Call("version")], 5)


@pytest.mark.usefixtures("installed")
def test_the_whole_adapter_works_over_it():
    async def story(stage: Stage) -> None:
        await stage.broker.connect()
        assert isinstance(await stage.broker.look(), Look)
        health = stage.broker.health()
        assert (health.backend, health.peer) == ("native", "this machine")

    play(story, connected=False, backend=Backend.NATIVE)


def test_without_the_package_it_says_what_to_install():
    async def story(stage: Stage) -> None:
        with pytest.raises(BrokerUnreachable, match="MT5: not installed") as caught:
            await stage.broker.connect()
        assert "pip install MetaTrader5" in caught.value.hint
        assert "Windows only" in caught.value.hint

    play(story, connected=False, backend=Backend.NATIVE)
    with pytest.raises(ConfigError, match="MT5: not installed"):
        load_library()


def test_the_owner_chooses_the_terminal_not_the_wire():
    terminal = ScriptedTerminal()
    started = StartedTerminal(terminal, "C:\\MT5\\terminal64.exe")
    assert started.initialize(timeout=1000)
    assert terminal.calls[0] == ("initialize", ("C:\\MT5\\terminal64.exe",), {"timeout": 1000})
    assert started.version()[0] == 500


@pytest.mark.parametrize("line", ["", "x\n", "[]\n", '{"token": 5}\n', '{"token": "zz"}\n'])
def test_it_is_not_started_by_hand(line: str):
    answers = io.StringIO()
    assert child.serve(io.StringIO(line), answers) == 2
    assert "not by hand" in json.loads(answers.getvalue())["error"]


@pytest.mark.usefixtures("installed")
def test_it_ends_when_its_parent_does():
    orders = json.dumps({"token": "ab" * 32, "terminal": ""}) + "\n"
    done = subprocess.run(
        (sys.executable, "-m", "hedgetui.adapters.mt5.child"),
        input=orders, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["port"] > 0
    assert done.stderr == ""
