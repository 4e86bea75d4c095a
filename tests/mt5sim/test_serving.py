"""`hedgetui simulate --mt5`: a terminal for any client of the bridge, that survives its process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.adapters.mt5.broker import Mt5Broker
from hedgetui.adapters.mt5.connection import Mt5Connection
from hedgetui.cli import main
from hedgetui.domain.mt5.records import Answered, CommittedRequest, Look
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.virtual_loop import run_virtual
from tests.mt5sim.doors import deal

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, int], str]]:
    """Run the verb as a process; yields it with the ports it names and everything it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hedgetui", "simulate", *words],
        cwd=ROOT, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    ports: dict[str, int] = {}
    said: list[str] = []
    try:
        for line in process.stderr or ():
            said.append(line)
            if found := re.search(r"^(TWS|MT5|admin).* on 127\.0\.0\.1:(\d+)", line):
                ports[found[1]] = int(found[2])
            if line.startswith("Ctrl-C"):
                break
        yield process, ports, "".join(said)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def visit(port: int, token: Path, volume: str = "") -> tuple[Look, int]:
    """Connect as a desk does, buy `volume` of bitcoin if any, and look around."""

    async def story() -> tuple[Look, int]:
        clock = LoopClock(Timestamp(time.time()))
        broker = Mt5Broker(Mt5Connection(port=port, token_file=token), clock)
        code = 0
        try:
            await broker.connect()
            if volume:
                order = deal(Side.BUY, volume, "BTCUSD")
                reply = await broker.send(CommittedRequest(1, "a1", order))
                assert isinstance(reply, Answered), reply
                code = reply.retcode
            look = await broker.look()
            assert isinstance(look, Look), look
            return look, code
        finally:
            await broker.disconnect()

    return run_virtual(story)


def test_it_serves_a_terminal_that_outlives_kill_9(tmp_path):
    token, state = tmp_path / "keys" / "token", tmp_path / "exchange.jsonl"
    words = ("--mt5", "0", "--token", str(token), "--state", str(state))
    with serving(*words) as (process, ports, said):
        assert token.stat().st_mode & 0o777 == 0o600
        assert f"token in {token}" in said
        assert f"port = {ports['MT5']}" in said
        before, code = visit(ports["MT5"], token, "0.07")
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)
    assert code == Ret.DONE
    bought = next(held for held in before.positions if held.volume == Decimal("0.07"))
    with serving(*words) as (process, ports, said):
        after, _ = visit(ports["MT5"], token)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert bought.identifier in {held.identifier for held in after.positions}
    assert after.account.login == before.account.login
    assert process.returncode == 130


def test_both_brokers_are_served_with_one_clock_and_one_admin_channel(tmp_path):
    token = tmp_path / "token"
    words = ("--mt5", "0", "--tws", "0", "--admin", "0", "--token", str(token))
    with serving(*words, "--start", "2025-11-19T14:31:00Z") as (process, ports, said):
        with socket.create_connection(("127.0.0.1", ports["admin"]), timeout=PATIENCE_S) as wire:
            wire.sendall(b"lose_statuses 0.5\nmt5 autotrading off\nmt5 autotrading of\nmt5\n")
            reply = wire.makefile()
            answers = [reply.readline().strip() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
    assert answers[:2] == ["ok", "ok"]
    assert answers[2].startswith("error: autotrading")
    assert answers[3].startswith("error: ")
    assert set(ports) == {"MT5", "TWS", "admin"}
    assert "scenario demo, seed" in said
    assert process.returncode == 0


def test_a_taken_port_and_a_loose_token_are_refused(tmp_path, capsys):
    token = tmp_path / "token"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["simulate", "--mt5", str(port), "--token", str(token)]) == 2
    said = capsys.readouterr().err
    assert str(port) in said
    assert "--mt5 PORT" in said
    token.chmod(0o644)
    assert main(["simulate", "--mt5", "0", "--token", str(token)]) == 2
    assert "others may read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--mt5", "70000"), "65535"),
        (("--mt5", "0", "--scenario", "dtms-dya"), "did you mean dtms-day"),
        (("--mt5", "0", "--start", "yesterday"), "2025-11-19T14:31:00Z"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(capsys, words, hint):
    assert main(["simulate", *words]) == 2
    assert hint in capsys.readouterr().err
