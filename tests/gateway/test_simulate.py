"""`hedgetui simulate`: says where it listens, serves, and ends in order."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hedgetui.cli import main
from tests.gateway.stage import message

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """Run the verb as a process; yields it with the ports it names."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hedgetui", "simulate", *words],
        cwd=ROOT, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    ports: dict[str, int] = {}
    try:
        for line in process.stderr or ():
            if found := re.search(r"^(TWS|admin).* on 127\.0\.0\.1:(\d+)", line):
                ports[found[1]] = int(found[2])
            if line.startswith("Ctrl-C"):
                break
        yield process, ports
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def version_of(port: int) -> str:
    """Return the protocol version a server agrees on."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire:
        wire.sendall(b"API\0" + message("v157..178"))
        return wire.recv(100)[4:].split(b"\0")[0].decode()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_until_it_is_told_to_end(number, code):
    with serving("--tws", "0", "--admin", "0", "--seed", "5") as (process, ports):
        version = version_of(ports["TWS"])
        with socket.create_connection(("127.0.0.1", ports["admin"]), timeout=PATIENCE_S) as wire:
            wire.sendall(b"lose_statuses 0.5\nfreez\n")
            reply = wire.makefile()
            answers = [reply.readline().strip(), reply.readline().strip()]
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert version == "178"
    assert answers == ["ok", "error: no command 'freez'; did you mean 'freeze'?"]
    assert (process.returncode, out, err) == (code, "", "")


def test_a_taken_port_is_named(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = main(["simulate", "--tws", str(port)])
    said = capsys.readouterr().err
    assert code == 2
    assert f"port {port} is in use" in said
    assert "--tws PORT" in said


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((), "simulate --tws 7497"),
        (("--tws", "70000"), "65535"),
        (("--tws", "0", "--admin", "-1"), "no port"),
        (("--tws", "0", "--start", "yesterday"), "2025-11-19T14:31:00Z"),
        (("--tws", "0", "--scenario", "crsh"), "did you mean crash"),
        (("--tws", "0", "--speed", "0"), "positive"),
        (("--tws", "0", "--speed", "1e9"), "up to 3600"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(capsys, words, hint):
    assert main(["simulate", *words]) == 2
    assert hint in capsys.readouterr().err


def test_an_exchange_that_is_kept_goes_on(tmp_path):
    state = tmp_path / "exchange.jsonl"
    for _ in range(2):
        with serving("--tws", "0", "--state", str(state)) as (process, ports):
            version_of(ports["TWS"])
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    assert state.stat().st_mode & 0o777 == 0o600
    assert '"number":2' in state.read_text()
