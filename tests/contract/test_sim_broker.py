"""What the simulated broker alone promises: repeatable runs, scripted silence, kills survived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import Contracts, parse_utc
from hedgetui.ports.broker import (
    BrokerMessage,
    CommittedOrder,
    Complete,
    Environment,
    IndexLevel,
    LinkReport,
    VenueReport,
)
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.market import seeded_market
from hedgetui.simulation.scenarios import scenario
from hedgetui.simulation.virtual_loop import run_virtual

START = parse_utc("2025-11-19T14:31:00Z")
MES, CALL = "MES 202512", "XSP 20251219 540 C"
KEYS = frozenset({MES, CALL, "XSP 20251219 530 P", "XSP 20260102 550 C"})


def hedge(signed: int) -> OrderDraft:
    side = Side.of(signed)
    return OrderDraft(Purpose.HEDGE, MES, side, Contracts(abs(signed)), OrderType.MARKET)


def session_of(name: str, seconds: float) -> list[BrokerMessage]:
    async def play() -> list[BrokerMessage]:
        clock = LoopClock(START)
        world = scenario(name)
        market = seeded_market(7, start=START, parameters=world.path, terms=world.terms)
        exchange = Exchange(market, seed=7, faults=world.faults, fills=world.fills)
        broker = SimulatedBroker(exchange, clock)
        heard: list[BrokerMessage] = []
        await broker.connect(heard.append)
        await broker.watch(KEYS)
        for number in range(8):
            if exchange.faults.outage(clock.now() - START) is None:
                order = hedge(1 if number % 2 else -2)
                await broker.submit(CommittedOrder(number, f"K{number}", order))
            await clock.sleep(seconds / 8)
        await broker.disconnect()
        return heard

    return run_virtual(play)


@pytest.mark.parametrize("name", ["demo", "partial-fills", "crash"])
def test_the_same_seed_makes_the_same_session_word_for_word(name: str):
    first = session_of(name, 600.0)
    assert first == session_of(name, 600.0)
    assert len(first) > 1_000


def test_greeks_fall_silent_while_quotes_go_on():
    async def play() -> None:
        clock = LoopClock(START)
        faults = Faults(
            greeks_silent=(Interval(20.0, 30.0),), quotes_silent=(Interval(60.0, 10.0),)
        )
        broker = SimulatedBroker(Exchange(seeded_market(1, start=START), faults=faults), clock)
        heard: list[BrokerMessage] = []
        await broker.connect(heard.append)
        await broker.watch(KEYS)
        await clock.sleep(90)
        greeks = {one.at - START for one in heard if isinstance(one, Greeks)}
        quotes = {one.at - START for one in heard if isinstance(one, Quote)}
        assert not any(20 <= at < 50 for at in greeks)
        assert {15.0, 55.0, 65.0} <= greeks
        assert len([at for at in quotes if 20 <= at < 50]) >= 15
        assert not any(60 <= at < 70 for at in quotes)
        await broker.disconnect()

    run_virtual(play)


def test_a_closed_night_is_slept_through_and_reported():
    async def play() -> list[BrokerMessage]:
        clock = LoopClock(parse_utc("2025-11-21T21:55:00Z"))
        broker = SimulatedBroker(Exchange(seeded_market(1, start=clock.now())), clock)
        heard: list[BrokerMessage] = []
        await broker.connect(heard.append)
        await broker.watch(frozenset({MES}))
        await clock.sleep(2 * 86_400 + 2 * 3_600)
        await broker.disconnect()
        return heard

    heard = run_virtual(play)
    venues = [(one.open, one.reason) for one in heard if isinstance(one, VenueReport)]
    assert venues == [(True, ""), (False, "weekend"), (True, "")]
    levels = [one.at for one in heard if isinstance(one, IndexLevel)]
    closed = parse_utc("2025-11-21T22:00:00Z"), parse_utc("2025-11-23T23:00:00Z")
    assert not [at for at in levels if closed[0] + 1 < at < closed[1]]


def test_a_broken_disk_takes_the_link_down_with_its_reason(tmp_path: Path):
    async def play() -> list[BrokerMessage]:
        clock = LoopClock(START)
        path = tmp_path / "broker.jsonl"
        exchange = Exchange(seeded_market(1, start=START), state_path=path)
        broker = SimulatedBroker(exchange, clock)
        heard: list[BrokerMessage] = []
        await broker.connect(heard.append)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, exchange._book._store._file)
        os.close(full)
        await broker.submit(CommittedOrder(1, "K", hedge(1)))
        await clock.sleep(5)
        exchange.close()
        return heard

    down = [one for one in run_virtual(play) if isinstance(one, LinkReport)][-1]
    assert down.state is LinkState.DOWN
    assert "cannot write" in down.reason


KILLED = """
import os, signal, sys
from pathlib import Path
from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import CommittedOrder, Execution
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import seeded_market
from hedgetui.simulation.virtual_loop import run_virtual

START = Timestamp(float(sys.argv[2]))

async def play():
    clock = LoopClock(START)
    exchange = Exchange(seeded_market(7, start=START), seed=7, state_path=Path(sys.argv[1]))
    broker = SimulatedBroker(exchange, clock)
    told = []
    def hear(message):
        if isinstance(message, Execution):
            os.write(1, f"{message.exec_id} {message.price}\\n".encode())
            told.append(message)
            if len(told) == 5:
                os.kill(os.getpid(), signal.SIGKILL)
    await broker.connect(hear)
    for number in range(20):
        draft = OrderDraft(
            Purpose.HEDGE, "MES 202512", Side.SELL, Contracts(1), OrderType.MARKET
        )
        await broker.submit(CommittedOrder(number, f"K{number}", draft))
        await clock.sleep(0.03)

run_virtual(play)
"""


def test_a_process_killed_in_mid_sentence_has_forgotten_nothing_it_said(tmp_path: Path):
    path = tmp_path / "broker.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(START)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    told = dict(line.split() for line in run.stdout.splitlines())
    assert len(told) == 5
    exchange = Exchange(seeded_market(7, start=START), seed=7, state_path=path)
    truth = exchange.truth(exchange.at)
    known = {one.exec_id: str(one.price) for one in truth.executions}
    assert told.items() <= known.items()
    assert truth.positions == {MES: -len(known)}
    assert truth.cash == 100_000 - len(known) * Decimal("0.25")
    exchange.close()


def test_it_says_who_it_is():
    async def play() -> tuple[str, Environment, bool]:
        broker = SimulatedBroker(Exchange(seeded_market(1, start=START)), LoopClock(START))
        await broker.connect([].append)
        answer = await broker.truth()
        await broker.disconnect()
        return broker.account, broker.environment, isinstance(answer, Complete)

    assert run_virtual(play) == ("DU-SIM-01", Environment.SIM, True)
