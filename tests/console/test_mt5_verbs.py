"""The MT5 side of the console: the doctor's lines, and the bridge that lends a terminal."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hedgetui.domain.units import Timestamp
from hedgetui.mt5bridge.token_file import create_token
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.worlds import world
from hedgetui.simulation.mt5_gateway import Mt5Gateway
from tests.console.conftest import ROOT

FAKE = ROOT / "tests" / "mt5" / "fake"
WITH_THE_PACKAGE = (
    # A dependency installs a package called `tests`: ours has to be found in it.
    "import sys, tests; tests.__path__.insert(0, sys.argv.pop(1));"
    "from hedgetui.cli import main; sys.exit(main())"
)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "mt5.token"
    create_token(path)
    return path


@pytest.fixture
def gateway(token: Path) -> Iterator[Mt5Gateway]:
    """The simulated broker behind the bridge's socket, on the wall's clock."""
    began = Timestamp(time.time())
    venue = Venue(world("quiet"), seed=7, start=began)
    served = Mt5Gateway(
        venue, lambda: Timestamp(time.time()), bytes.fromhex(token.read_text()), port=0
    )
    served.start()
    yield served
    served.close()


def mt5_lines(hedgetui, *words: object) -> dict[str, dict[str, str]]:
    lines = hedgetui(*words, "doctor", "--json").json
    return {line["name"]: line for line in lines if line["name"].startswith("MT5")}


def _port_of(gateway: Mt5Gateway) -> int:
    return gateway._server.port


Write = Callable[[str], Path]


def test_the_simulator_needs_no_link_and_says_so_in_one_line(hedgetui):
    lines = mt5_lines(hedgetui)
    assert set(lines) == {"MT5"}
    assert "built-in simulator, a hedging account" in lines["MT5"]["detail"]


def test_a_profile_without_a_terminal_names_the_key(hedgetui):
    lines = mt5_lines(hedgetui, "--profile", "paper")
    assert set(lines) == {"MT5"}
    assert lines["MT5"]["detail"] == "off: [profile.paper.mt5] backend = off"


def test_what_is_switched_off_is_not_looked_for(hedgetui, monkeypatch):
    monkeypatch.setenv("HEDGETUI_DTMS__ENABLED", "false")
    assert mt5_lines(hedgetui)["MT5"]["detail"] == "off: dtms.enabled is false"


def _bridge(write_config: Write, port: int, token: Path, more: str = "") -> None:
    write_config(
        f'[profile.paper.mt5]\nbackend = "bridge"\nport = {port}\ntoken_file = "{token}"\n{more}'
    )


def test_the_doctor_asks_a_terminal_behind_the_bridge(hedgetui, write_config, gateway, token):
    _bridge(write_config, _port_of(gateway), token)
    lines = mt5_lines(hedgetui, "--profile", "paper")
    assert {name: line["status"] for name, line in lines.items()} == dict.fromkeys(
        ("MT5", "MT5 key", "MT5 link", "MT5 trade", "MT5 account", "MT5 clock"), "ok"
    )
    assert lines["MT5 account"]["detail"] == "•••2345 at Simulator-Demo, demo, hedging"
    assert lines["MT5 clock"]["detail"] in {
        "the server's time is UTC+2 h", "the server's time is UTC+3 h",
    }  # fmt: skip


def test_the_doctor_names_what_is_wrong_with_the_key(hedgetui, write_config, gateway, token):
    _bridge(write_config, _port_of(gateway), token)
    token.chmod(0o644)
    lines = mt5_lines(hedgetui, "--profile", "paper")
    assert set(lines) == {"MT5", "MT5 key"}, "nobody is asked with a key that others may know"
    assert lines["MT5 key"]["status"] == "fail"
    assert f"chmod 600 {token}" in lines["MT5 key"]["fix"]


def test_a_wrong_key_or_nobody_there_is_a_failed_link(hedgetui, write_config, gateway, token):
    other = token.with_name("other.token")
    create_token(other)
    for port, key in ((_port_of(gateway), other), (1, token)):
        _bridge(write_config, port, key)
        assert mt5_lines(hedgetui, "--profile", "paper")["MT5 link"]["status"] == "fail"


def test_another_account_than_the_named_one_fails_without_showing_either(
    hedgetui, write_config, gateway, token
):
    _bridge(write_config, _port_of(gateway), token, "login = 51774201\n")
    line = mt5_lines(hedgetui, "--profile", "paper")["MT5 link"]
    assert line["status"] == "fail"
    assert "logged in to •••2345, the profile names •••4201" in line["detail"]


# --- mt5-bridge ------------------------------------------------------------------------------


def test_the_bridge_needs_the_package_and_says_where_it_exists(hedgetui, state):
    ended = hedgetui("mt5-bridge", "--json")
    assert (ended.code, ended.error["code"]) == (2, "mt5_not_installed")
    assert "Windows only" in ended.error["hint"]
    assert not state.exists(), "nothing is left behind"


@pytest.mark.parametrize("port", [-1, 70_000])
def test_the_bridge_takes_no_port_that_is_none(hedgetui, port):
    ended = hedgetui("mt5-bridge", "--port", port, "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_bridge_lends_a_terminal_until_a_signal(hedgetui, write_config, tmp_path, number, code):
    key = tmp_path / "made.token"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(FAKE)))}
    with subprocess.Popen(
        [sys.executable, "-c", WITH_THE_PACKAGE, str(ROOT / "tests"), "mt5-bridge", "--port", "0",
         "--token", str(key)],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        first = process.stderr.readline()
        try:
            assert first.startswith("MT5 bridge on 127.0.0.1:")
            assert stat.S_IMODE(key.stat().st_mode) == 0o600
            _bridge(write_config, int(first.partition("127.0.0.1:")[2].partition(",")[0]), key)
            lines = mt5_lines(hedgetui, "--profile", "paper")
            assert lines["MT5 link"]["status"] == "ok"
        finally:
            process.send_signal(number)
            process.communicate(timeout=20)
    assert process.returncode == code
