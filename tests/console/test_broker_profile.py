"""The profiles that need a broker, while none listens: one sentence, exit code 3, a way out."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from hedgetui import config
from hedgetui.adapters.ibkr.connection import IbkrConnection, Probe
from hedgetui.console import link
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.ports.broker import Environment

BROKER_LINES = {
    "client", "port", "host", "broker", "account", "clock", "lines", "TWS API", "TWS orders", "MT5",
}  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("vega", "scan"),
        ("vega", "enter", "1", "--yes"),
        ("vega", "close", "T1", "--yes"),
        ("vega", "hedge", "--yes"),
        ("vega", "emergency"),
        ("run", "--headless", "--for", "1s"),
    ],
)
@pytest.mark.parametrize("profile", ["paper", "live"])
def test_a_broker_that_does_not_listen_is_exit_3(hedgetui, profile, words):
    ended = hedgetui("--profile", profile, *words, "--json")
    assert (ended.code, ended.error["code"]) == (3, "broker_unreachable")
    assert "127.0.0.1:1" in ended.error["message"]
    assert ended.error["hint"]
    assert "simulator" not in ended.error["hint"]
    spoken = hedgetui("--profile", profile, *words)
    assert (spoken.code, spoken.out) == (3, "")
    assert spoken.err.startswith("hedgetui: ")
    assert "Traceback" not in spoken.err


@pytest.mark.parametrize("words", [("--speed", "60"), ("--scenario", "trader")])
def test_what_is_for_play_is_refused_for_live_money(hedgetui, words):
    ended = hedgetui("--profile", "live", "run", "--headless", "--for", "1s", *words, "--json")
    assert (ended.code, ended.error["message"]) == (2, f"{words[0]} is not for live money")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_broker_that_never_answers_can_be_given_up(monkeypatch, number):
    """TWS waits for somebody to accept the connection: the run has not even begun."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HEDGETUI_PROFILE__PAPER__PORT", str(silent.getsockname()[1]))
        running = subprocess.Popen(
            [sys.executable, "-m", "hedgetui", "--profile", "paper", "run", "--headless", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with running:
            silent.settimeout(30)
            peer, _ = silent.accept()
            running.send_signal(number)
            out, err = running.communicate(timeout=30)
            peer.close()
    assert (running.returncode, err) == (130, "")
    assert json.loads(out)["error"]["code"] == "interrupted"


def test_the_pure_rule_needs_no_broker(hedgetui):
    assert hedgetui("--profile", "live", "vega", "size", "47", "--json").json["contracts"] == 9


def test_the_demo_is_the_simulator(hedgetui):
    ended = hedgetui("--profile", "paper", "demo", "--json")
    assert (ended.code, ended.error["message"]) == (2, "the demo trades on the simulator only")


def doctor(hedgetui, *words):
    ended = hedgetui(*words, "doctor", "--json")
    return ended.code, {line["name"]: line for line in ended.json}


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(hedgetui):
    code, lines = doctor(hedgetui, "--profile", "paper")
    assert code == 1
    assert set(lines) >= BROKER_LINES
    assert all(line["fix"] for line in lines.values() if line["status"] != "ok")
    assert (lines["broker"]["status"], lines["clock"]["status"]) == ("fail", "warn")
    assert "127.0.0.1:1" in lines["broker"]["detail"]
    assert (lines["port"]["status"], lines["host"]["status"]) == ("warn", "ok")
    assert "7497 (TWS) or 4002 (Gateway)" in lines["port"]["fix"]
    assert lines["client"]["detail"].startswith(("ib_insync", "ib_async"))
    assert lines["account"]["status"] == "ok"
    assert "Read-Only" in lines["TWS API"]["detail"]
    spoken = hedgetui("--profile", "paper", "doctor")
    assert "✗ broker" in spoken.out
    assert "· TWS API" in spoken.out
    assert spoken.err == ""


def test_live_without_an_account_is_a_failed_check(hedgetui, monkeypatch):
    code, lines = doctor(hedgetui, "--profile", "live")
    assert (code, lines["account"]["status"]) == (1, "fail")
    assert "[profile.live] account" in lines["account"]["fix"]
    monkeypatch.setenv("HEDGETUI_PROFILE__LIVE__ACCOUNT", "U7654321")
    code, lines = doctor(hedgetui, "--profile", "live")
    assert lines["account"]["status"] == "ok"
    assert "7654321" not in str(lines)


def connection(**other: object) -> IbkrConnection:
    values: dict = {
        "host": "127.0.0.1", "port": 7497, "client_id": 17, "account": "",
        "environment": Environment.PAPER,
    }  # fmt: skip
    return IbkrConnection(**(values | other))


def answer(*accounts: str, ahead: float = 0.0) -> Probe:
    return Probe(accounts, 176, "ib_insync 0.9.86", Timestamp(time.time() + ahead), Seconds(0.01))


LIVE, PAPER = Environment.LIVE, Environment.PAPER


@pytest.mark.parametrize(
    ("environment", "wanted", "accounts", "status", "words"),
    [
        (PAPER, "", ("DU1234567",), "ok", "DU•••4567, paper"),
        (PAPER, "DU1234567", ("DU7654321", "DU1234567"), "ok", "DU•••4567, paper"),
        (PAPER, "", ("DU7654321", "DU1234567"), "fail", "none is chosen"),
        (PAPER, "", (), "fail", "the login has none"),
        (PAPER, "DU1234567", ("DU7654321",), "fail", "DU•••4567 is configured"),
        (PAPER, "", ("U1234567",), "fail", "is a live account, the profile is paper"),
        (LIVE, "U1234567", ("U1234567",), "ok", "U•••4567, live"),
        (LIVE, "", ("U1234567",), "fail", "cannot be armed"),
        (LIVE, "DU1234567", ("DU1234567",), "fail", "is a paper account, the profile is live"),
        (PAPER, "", ("X\x1b[2J7",), "fail", "X␛[2J7 is a live account"),
    ],
)
def test_the_doctor_on_accounts(environment, wanted, accounts, status, words):
    line = link._account(connection(environment=environment, account=wanted), answer(*accounts))
    assert line.status == status
    assert words in line.detail
    assert bool(line.fix) == (status != "ok")


@pytest.mark.parametrize(
    ("ahead", "status"), [(0.0, "ok"), (-1.5, "ok"), (10.0, "warn"), (-1e7, "warn")]
)
def test_the_doctor_on_clocks(ahead, status):
    line = link._clock(answer("DU1", ahead=ahead))
    assert line.status == status
    assert bool(line.fix) == (status != "ok")


@pytest.mark.parametrize(
    ("environment", "port", "status", "words"),
    [
        (PAPER, 7497, "ok", "TWS (paper)"),
        (PAPER, 4002, "ok", "Gateway (paper)"),
        (PAPER, 7496, "warn", "the usual one of live trading"),
        (LIVE, 4001, "ok", "Gateway (live)"),
        (LIVE, 4002, "warn", "the usual one of paper trading"),
        (LIVE, 5000, "warn", "not a usual one"),
    ],
)
def test_the_doctor_on_ports(environment, port, status, words):
    line = link._port(connection(environment=environment, port=port))
    assert (line.status, words in line.detail) == (status, True)


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", "ok"), ("localhost", "ok"), ("::1", "ok"), ("192.0.2.7", "warn"),
     ("tws.example.com", "warn")],
)  # fmt: skip
def test_the_doctor_on_hosts(host, status):
    assert link._host(connection(host=host)).status == status


def test_a_profile_without_a_broker_has_no_connection():
    with pytest.raises(BrokerUnreachable, match="profile sim has no broker"):
        link.connection_of(config.load(environ={}).settings)


def test_what_the_settings_say_of_the_connection_reaches_the_adapter():
    flags = {
        "general.profile": "paper", "profile.paper.port": 4002, "profile.paper.client_id": 3,
        "profile.paper.account": "DU1", "profile.paper.market_data_lines": 40,
        "profile.paper.heartbeat_s": 2.0, "profile.paper.connect_timeout_s": 3.0,
    }  # fmt: skip
    assert link.connection_of(config.load(environ={}, flags=flags).settings) == connection(
        port=4002, client_id=3, account="DU1", market_data_lines=40, heartbeat_s=2.0,
        connect_timeout_s=3.0,
    )  # fmt: skip
