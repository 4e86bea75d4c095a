"""The whole desk on the paper profile, over a socket, against a server that speaks TWS's protocol.

Nothing is replaced: configuration, client library, adapter, kernel and journal are the shipped
ones. Server and desk share one virtual loop, so a day costs seconds.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from hedgetui import config
from hedgetui.bootstrap import Desk, open_desk
from hedgetui.console import trader
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.events import LinkState
from hedgetui.domain.units import parse_utc
from hedgetui.ports.broker import Environment
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.scenarios import scenario
from hedgetui.simulation.tws_gateway import ACCOUNT, TwsGateway
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.simulation.worlds import exchange_of

ROOT = Path(__file__).resolve().parents[2]
START = parse_utc("2025-11-19T15:00:00Z")


class Paper:
    """A desk, the server it talks to, and words to tell a story with."""

    def __init__(self, desk: Desk, gateway: TwsGateway) -> None:
        self.desk, self.kernel, self.gateway = desk, desk.kernel, gateway
        self.lines: list[str] = []
        say = desk.kernel.recorder.say

        def hear(level: str, text: str, why: str = "") -> None:
            self.lines.append(text)
            say(level, text, why)

        desk.kernel.recorder.say = hear  # type: ignore[method-assign]

    @property
    def state(self):
        return self.kernel.recorder.state

    async def wait(self, seconds: float) -> None:
        await self.desk.clock.sleep(seconds)

    async def until(self, true: Callable[[], bool], seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            if true():
                return
            await self.wait(0.25)
        raise AssertionError(self.lines)

    async def confirmed(self, command: cm.Command) -> None:
        outcome = await self.kernel.dispatch(command, "test")
        assert outcome.preview is not None, outcome
        answer = cm.Confirm(outcome.preview.preview_id, outcome.preview.ask_typed)
        outcome = await self.kernel.dispatch(answer, "test")
        assert outcome.ok, outcome


Story = Callable[[Paper], Awaitable[None]]


def play(story: Story, folder: Path, *, connected: bool = True, **flags: object) -> None:
    async def main() -> None:
        exchange = exchange_of(scenario("calm"), seed=7, start=START, tick_s=1.0, fees=Fees())
        gateway = TwsGateway(exchange, LoopClock(START), seed=7)
        port = await gateway.start()
        settings = {
            "general.profile": "paper", "profile.paper.port": port, "vega.enabled": True,
            "vega.auto": True,
        }  # fmt: skip
        loaded = config.load(environ={}, flags=settings | flags)
        if not connected:
            gateway.control.refusing = True
        try:
            async with open_desk(loaded, folder=folder) as desk:
                await story(Paper(desk, gateway))
        finally:
            await gateway.close()
            exchange.close()

    run_virtual(main)


def test_connect_scan_enter_hedge_close(tmp_path) -> None:
    async def story(paper: Paper) -> None:
        await trader.until_ready(paper.kernel, paper.desk.clock)
        await paper.until(lambda: "✅ Subscribed to MES futures 202512" in paper.lines, 30)
        assert abs(paper.desk.clock.now() - paper.gateway.exchange.at) < 2.0
        assert paper.desk.broker.environment is Environment.PAPER
        assert (paper.state.profile, paper.desk.broker.account) == ("paper", ACCOUNT)
        assert paper.state.armed
        await paper.until(lambda: bool(paper.kernel.snapshot().candidates), 60)
        snapshot = paper.kernel.snapshot()
        assert (snapshot.status.mode, snapshot.health.link) == ("PAPER", "ready")
        assert snapshot.health.client_id == 17
        await paper.confirmed(cm.PreviewEntry(1, 10))
        await paper.until(lambda: bool(paper.state.opened), 120)
        await paper.until(lambda: paper.state.hedge_position("MES") > 0, 60)
        await paper.wait(60)
        await paper.confirmed(cm.PreviewClose(paper.state.open_strangles[0].trade_id))
        await paper.until(lambda: not paper.state.open_strangles, 240)
        await paper.wait(30)
        assert paper.state.positions == {}
        assert paper.gateway.exchange.truth(paper.gateway.exchange.at).positions == {}
        auditor = await paper.desk.audit()
        assert [one.words for one in auditor.violations] == []
        kinds = [fact.kind for fact in await paper.desk.journal.facts()]
        assert kinds.count("TradeClosed") == 1
        assert kinds.count("HedgeCalculated") >= 2, "put on and taken off"

    play(story, tmp_path, **{"vega.target": 12.0, "vega.max_delta": 6.0})


def test_a_gateway_that_refuses_at_first_is_found_later(tmp_path) -> None:
    async def story(paper: Paper) -> None:
        await paper.wait(5)
        assert paper.state.link is LinkState.DOWN
        assert paper.state.session == 0
        assert paper.kernel.snapshot().status.mode == "PAPER"
        paper.gateway.control.refusing = False
        await paper.until(lambda: paper.state.session == 1, 60)
        await paper.wait(10)
        # The wall's clock was taken, and the server lives in November: never traded on.
        assert paper.state.link is LinkState.DEGRADED
        assert "clock" in paper.state.link_reason
        health = paper.kernel.snapshot().health
        assert health.clock_skew_s is not None
        assert any("start the desk again" in hint for hint in health.hints)

    play(story, tmp_path, connected=False)


def test_a_link_cut_and_restored_is_ready_again_with_the_same_book(tmp_path) -> None:
    async def story(paper: Paper) -> None:
        await trader.until_ready(paper.kernel, paper.desk.clock)
        await paper.until(lambda: bool(paper.kernel.snapshot().candidates), 60)
        await paper.confirmed(cm.PreviewEntry(1, 5))
        await paper.until(lambda: bool(paper.state.opened), 120)
        await paper.wait(30)
        before = dict(paper.state.positions)
        paper.gateway.drop_all()
        await paper.until(lambda: paper.state.link is LinkState.DOWN, 30)
        await paper.until(
            lambda: paper.state.link is LinkState.READY and paper.state.session == 2, 60
        )
        await paper.wait(60)
        assert paper.state.differences == ()
        assert dict(paper.state.positions).keys() >= {k for k in before if k.startswith("XSP")}
        auditor = await paper.desk.audit()
        assert [one.words for one in auditor.violations] == []

    play(story, tmp_path)


@pytest.mark.parametrize("account", ["DU7654321"])
def test_an_account_that_is_not_there_is_a_reason_and_no_trade(tmp_path, account) -> None:
    async def story(paper: Paper) -> None:
        await paper.wait(30)
        assert paper.state.link is LinkState.DOWN
        assert account in paper.state.link_reason
        started = [
            f.event
            for f in await paper.desk.journal.facts()
            if isinstance(f.event, ev.EngineStarted)
        ]
        assert started[-1].account == account

    play(story, tmp_path, **{"profile.paper.account": account})


@pytest.mark.parametrize("lost", [False, True])
def test_servers_lost_and_restored_and_nothing_sent_between(tmp_path, lost) -> None:
    async def story(paper: Paper) -> None:
        control = paper.gateway.control
        await trader.until_ready(paper.kernel, paper.desk.clock)
        await paper.until(lambda: bool(paper.kernel.snapshot().candidates), 60)
        await paper.confirmed(cm.PreviewEntry(1, 10))
        await paper.until(lambda: paper.state.hedge_position("MES") > 0, 180)
        await paper.wait(20)
        control.outage_1100()
        await paper.until(lambda: paper.state.link is LinkState.DEGRADED, 10)
        numbers = paper.state.numbers
        await paper.wait(1000)
        assert paper.state.numbers == numbers
        assert paper.state.link is LinkState.DEGRADED
        health = paper.kernel.snapshot().health
        assert health.reasons
        control.restore(data_lost=lost)
        await paper.until(lambda: paper.state.link is LinkState.READY, 60)
        await paper.wait(30)
        assert paper.state.session == 1
        assert paper.kernel.snapshot().book.net_delta is not None
        auditor = await paper.desk.audit()
        assert [one.words for one in auditor.violations] == []

    play(story, tmp_path, **{"vega.target": 12.0, "vega.max_delta": 6.0})


def test_a_frozen_server_is_noticed_and_found_again(tmp_path) -> None:
    async def story(paper: Paper) -> None:
        await trader.until_ready(paper.kernel, paper.desk.clock)
        await paper.wait(20)
        paper.gateway.control.freeze()
        await paper.until(lambda: paper.state.link is not LinkState.READY, 30)
        await paper.until(lambda: paper.state.link is LinkState.DOWN, 60)
        paper.gateway.control.thaw()
        await paper.until(lambda: paper.state.link is LinkState.READY, 120)
        assert paper.kernel.snapshot().health.reconnects >= 1

    play(story, tmp_path)


@pytest.fixture
def served(monkeypatch) -> Iterator[int]:
    """The server as a process of its own, for verbs that have a loop of their own."""
    command = [sys.executable, "-m", "hedgetui", "simulate", "--tws", "0", "--scenario", "calm"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        first = server.stderr.readline()
        try:
            port = int(first.rpartition("127.0.0.1:")[2].partition(",")[0])
            monkeypatch.setenv("HEDGETUI_PROFILE__PAPER__PORT", str(port))
            yield port
        finally:
            server.terminate()
            server.communicate(timeout=20)


def test_verbs_on_a_broker_have_a_desk_of_their_own(hedgetui, served):
    ended = hedgetui("--profile", "paper", "doctor", "--json")
    lines = {line["name"]: line for line in ended.json}
    assert ended.code == 0
    assert [lines[name]["status"] for name in ("broker", "account", "client")] == ["ok"] * 3
    assert f"127.0.0.1:{served} answers, server version 1" in lines["broker"]["detail"]
    assert lines["account"]["detail"] == "DU•••4567, paper"
    ran = hedgetui("--profile", "paper", "run", "--headless", "--for", "4s", "--json")
    assert ran.code == 0
    kinds = [line["kind"] for line in ran.lines[:-1]]
    assert (kinds[0], kinds[-1]) == ("EngineStarted", "EngineStopped")
    summary = ran.lines[-1]["summary"]
    assert (summary["violations"], summary["orders"], summary["scenario"]) == (0, 0, "")
    assert 4 <= summary["sim_seconds"] < 20
    assert hedgetui("--profile", "paper", "freeze", "--why", "lunch").code == 0
    assert hedgetui("--profile", "paper", "unfreeze").out == "released: freeze\n"
    tail = hedgetui("--profile", "paper", "journal", "export").lines
    latches = [row["payload"]["on"] for row in tail if row["kind"] == "LatchSet"]
    assert latches == [True, False]
    assert hedgetui("--profile", "paper", "journal", "verify").code == 0


@pytest.mark.usefixtures("served")
def test_a_run_that_never_got_a_session_did_not_reach_the_broker(hedgetui, monkeypatch):
    monkeypatch.setenv("HEDGETUI_PROFILE__PAPER__ACCOUNT", "DU9999999")
    ran = hedgetui("--profile", "paper", "run", "--headless", "--for", "2s", "--json")
    assert ran.code == 3
    assert "DU9999999 is not among those of the login" in ran.err
    assert ran.lines[-1]["summary"]["orders"] == 0
