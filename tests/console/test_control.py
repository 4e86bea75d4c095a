"""The control socket: a running desk obeys its own user, and nobody's rubbish."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from hedgetui.adapters.control import wire
from hedgetui.adapters.control.client import ControlClient
from hedgetui.adapters.control.server import ControlServer, listening
from hedgetui.bootstrap import open_desk
from hedgetui.console import settings
from hedgetui.domain import commands as cm
from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.positions import Book
from hedgetui.domain.codec import to_plain
from hedgetui.domain.errors import BrokerUnreachable, DataError, HedgetuiError, StoreError
from hedgetui.ports.balance import BalanceView
from hedgetui.simulation.scenarios import scenario
from tests.balance.balance_stage import MARKET, option


@contextmanager
def running(db: Path):
    """A headless desk as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hedgetui", "run", "--headless", "--for", "6h", "--speed", "2",
         "--scenario", "calm", "--db", str(db)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        for line in process.stderr:
            if "Subscribed to MES" in line:
                break
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_a_running_desk_obeys(hedgetui, tmp_path):
    db = tmp_path / "x.db"
    at = ("--db", db)
    with running(db) as desk:
        assert stat.S_IMODE((tmp_path / "x.sock").stat().st_mode) == 0o600
        assert "answers at" in hedgetui(*at, "doctor").out
        assert len(hedgetui(*at, "vega", "scan", "--json").json) > 5
        assert hedgetui(*at, "vega", "hedge", "--json").code == 0
        assert "÷ 5" in hedgetui(*at, "vega", "emergency").out
        frozen = hedgetui(*at, "freeze", "--why", "evil\x1b[2Jtext", "--json")
        assert (frozen.code, frozen.json["code"]) == (0, "done")
        refused = hedgetui(*at, "vega", "enter", 1, "--lots", 1, "--yes", "--json")
        assert (refused.code, refused.error["code"]) == (4, "G1-frozen")
        assert hedgetui(*at, "unfreeze", "--json").json["message"] == "released: freeze"
        assert hedgetui(*at, "vega", "close", "nosuch").code == 2
        second = hedgetui(*at, "run", "--headless", "--json")
        assert (second.code, second.error["code"]) == (1, "store_locked")
        assert f"process {desk.pid}" in second.error["message"]
        latch = [
            row for row in hedgetui(*at, "journal", "export").lines if row["kind"] == "LatchSet"
        ]
        assert latch[0]["payload"]["by"] == "console"
        assert latch[0]["payload"]["why"] == "evil␛[2Jtext"
    assert desk.returncode == 130
    assert not (tmp_path / "x.sock").exists()
    assert hedgetui(*at, "journal", "verify").code == 0


@asynccontextmanager
async def desk_and_server(path: Path, speed: float = 1.0):
    loaded = settings.loaded(SimpleNamespace()).momentary()
    async with open_desk(loaded, scenario("calm"), folder=path.parent, speed=speed) as desk:
        server = ControlServer(desk.kernel, path)
        await server.start()
        try:
            yield desk, server
        finally:
            await server.close()


async def ask(path: Path, line: bytes) -> list[dict]:
    """Send bytes, read every answer until the server hangs up or there is one."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=wire.ANSWER_BYTES)
    writer.write(line)
    if not line.endswith(b"\n"):
        writer.write_eof()
    answer = await asyncio.wait_for(reader.readline(), 10)
    await wire.hang_up(writer)
    return [json.loads(answer)] if answer else []


RUBBISH = [
    b"\n", b"rubbish\n", b"\xff\xfe\x00\n", b"[]\n", b"42\n", b"{}\n", b"null\n",
    b"{" * 9_000 + b"\n",
    b"[" * 9_000 + b"\n", b'{"command": "Nonsense"}\n', b'{"command": ["Freeze"]}\n',
    b'{"command": {}, "fields": {}}\n', b'{"command": "Freeze"}\n', b'{"query": "passwords"}\n',
    b'{"command": "Freeze", "fields": null}\n', b'{"command": "Freeze", "fields": {"why": 5}}\n',
    b'{"command": "Freeze", "fields": {"why": "x", "more": 1}}\n', b'{"command": "os.system"}\n',
    b'{"command": "SetBand", "fields": {"preset": "custom", "max_delta": true}}\n',
    b"a" * (wire.REQUEST_BYTES * 3) + b"\n", b"a" * (wire.REQUEST_BYTES + 1),
]  # fmt: skip


def test_rubbish_is_answered_with_an_error_and_changes_nothing(tmp_path):
    async def act():
        path = tmp_path / "c.sock"
        # Its time stands still: no link comes up that would be written down meanwhile.
        async with desk_and_server(path, speed=1e-6) as (desk, _):
            before = desk.head
            for line in RUBBISH:
                [answer] = await ask(path, line)
                assert answer["error"]["code"] == "data", line[:60]
            assert await ask(path, b"") == []
            assert desk.head == before
            client = await ControlClient.connect(path)
            assert client is not None
            assert (await client.snapshot()).status.mode == "SIM"
            await client.close()

    asyncio.run(act())


def test_a_band_that_is_no_number_is_refused_as_an_answer(tmp_path):
    async def act():
        path = tmp_path / "c.sock"
        async with desk_and_server(path):
            line = b'{"command": "SetBand", "fields": {"preset": "custom", "max_delta": NaN}}\n'
            [answer] = await ask(path, line)
            assert answer["outcome"]["ok"] is False

    asyncio.run(act())


def test_words_are_made_harmless_at_the_door():
    request = {"command": "Freeze", "fields": {"why": "a\x1b[31m" + "b" * 500}, "by": "\u202e" * 90}
    command, by = wire.read_command(request)
    assert isinstance(command, cm.Freeze)
    assert command.why.startswith("a␛[31m")
    assert len(command.why) <= 200
    assert len(by) <= 40
    assert by.isprintable()


def test_what_is_not_finite_does_not_travel():
    with pytest.raises(DataError, match="control socket"):
        wire.encode({"net": float("nan")})
    with pytest.raises(DataError, match="control socket"):
        wire.encode_slowly({"net": [float("nan")]})


def test_a_large_portfolio_travels_whole_and_the_desk_goes_on_meanwhile(tmp_path):
    lines = tuple(replace(option("SPY", "P", n, 570.0), price=None) for n in range(1, 2_001))
    balance = BalanceView(on=True, book=Book(lines), dollars=in_dollars(lines, MARKET))

    async def act():
        async with desk_and_server(tmp_path / "c.sock", speed=1e-6) as (desk, server):
            whole = replace(desk.kernel.snapshot(), balance=balance)
            server._desk = SimpleNamespace(snapshot=lambda: whole)
            asking = asyncio.ensure_future(server._answer(b'{"query": "snapshot"}'))
            turns = 0
            while not asking.done():
                turns += 1
                await asyncio.sleep(0)
            assert turns > 10
            assert await asking == wire.encode({"snapshot": to_plain(whole)})

    asyncio.run(act())


def test_closing_hangs_up_and_removes_the_socket(tmp_path):
    async def act():
        path = tmp_path / "c.sock"
        async with desk_and_server(path) as (_, server):
            client = await ControlClient.connect(path)
            await client.first_trade_lots()
            await server.close()
            assert not path.exists()
            with pytest.raises(BrokerUnreachable, match="closed the connection"):
                await client.first_trade_lots()
            await client.close()
            await server.close()
            assert await ControlClient.connect(path) is None

    asyncio.run(act())


def test_a_listener_that_cannot_listen_complains_and_goes_on(tmp_path):
    async def act():
        path = tmp_path / "c.sock"
        path.mkdir()
        said = []
        async with (
            open_desk(
                settings.loaded(SimpleNamespace()), scenario("calm"), folder=tmp_path
            ) as desk,
            listening(desk.kernel, path, said.append),
        ):
            assert "is no socket" in said[0]
            desk.complain(said[0])
            async with listening(desk.kernel, None, said.append):
                assert len(said) == 1
        with pytest.raises(StoreError):
            await ControlServer(desk.kernel, path / "deeper" / "c.sock").start()

    asyncio.run(act())


@contextmanager
def impostor(path: Path, answer: bytes | None):
    """A listener that answers every line with the same bytes, or not at all."""

    async def serve(reader, writer):
        if await reader.readline() and answer is not None:
            writer.write(answer)
        else:
            await reader.read()
        await wire.hang_up(writer)

    yield lambda: asyncio.start_unix_server(serve, path=str(path))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"", BrokerUnreachable, "closed the connection"),
        (None, BrokerUnreachable, "does not answer"),
        (b"rubbish\n", DataError, "not JSON"),
        (b"{}\n", DataError, "answers without 'lots'"),
        (b'{"lots": "many"}\n', DataError, "lots: expected int"),
        (b'{"error": {"code": "c", "message": "m", "hint": "h"}}\n', HedgetuiError, "m"),
        (b'{"error": 5}\n', HedgetuiError, "without a reason"),
        (b"a" * (wire.ANSWER_BYTES + 10), DataError, "too long"),
    ],
)
def test_a_listener_that_answers_wrongly(tmp_path, answer, error, words):
    async def act():
        path = tmp_path / "c.sock"
        with impostor(path, answer) as start:
            async with await start():
                client = await ControlClient.connect(path, patience_s=0.5)
                with pytest.raises(error, match=words):
                    await client.first_trade_lots()
                await client.close()

    asyncio.run(act())


def test_nobody_listens(tmp_path):
    async def act():
        assert await ControlClient.connect(tmp_path / "none.sock") is None
        assert await ControlClient.connect(tmp_path / ("x" * 200)) is None
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "dead.sock"))
        assert await ControlClient.connect(tmp_path / "dead.sock") is None

    asyncio.run(act())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_hung_up_on(tmp_path):
    """Root opens the door wide on purpose: the second lock must hold alone."""
    program = """
import os, socket, sys
os.setuid(65534)
door = socket.socket(socket.AF_UNIX)
door.connect(sys.argv[1])
try:
    door.sendall(b'{"query": "lots"}\\n')
    print(door.recv(100) or "end")
except ConnectionError:
    print("end")
"""

    async def act():
        path = Path(f"/tmp/hedgetui-test-{os.getpid()}.sock")  # noqa: S108 - others must reach it
        async with desk_and_server(tmp_path / "unused.sock") as (desk, _):
            server = ControlServer(desk.kernel, path)
            await server.start()
            os.chmod(path, 0o666)  # noqa: PTH101, S103 - the mode must not be what protects
            command = [sys.executable, "-c", program, str(path)]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True)
            await server.close()
        assert (done.stdout.strip(), done.stderr) == (b"end", b"")

    asyncio.run(act())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_desk_of_another_user_is_not_believed(tmp_path):
    program = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
        "os.setuid(65534); s.listen(); print('up', flush=True); c = s.accept(); sys.stdin.read()"
    )
    path = tmp_path / "c.sock"

    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(StoreError, match="belongs to another user"):
            asyncio.run(ControlClient.connect(path))
        other.communicate(b"")
