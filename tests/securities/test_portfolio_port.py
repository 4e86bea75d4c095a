"""The simulated broker as a portfolio port: read over the link, beside the orders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain.balance.counts import Bias, count
from hedgetui.domain.balance.positions import Kind
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import Right
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import Contracts, parse_utc
from hedgetui.ports.broker import (
    BrokerMessage,
    CommittedOrder,
    Execution,
    Incomplete,
    VenueReport,
)
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.portfolio import ChainWindow, Holdings, PortfolioPort
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.market import seeded_market
from hedgetui.simulation.scenarios import scenario
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.simulation.worlds import exchange_of
from tests.securities.security_floor import MES, OPEN, START


@dataclass
class Stage:
    """A broker, its clock and what was heard."""

    broker: SimulatedBroker
    clock: LoopClock
    heard: list[BrokerMessage] = field(default_factory=list)


Play = Callable[[Stage], Awaitable[None]]


def played(exchange: Exchange, play: Play, start: str = OPEN) -> list[BrokerMessage]:
    async def session() -> list[BrokerMessage]:
        clock = LoopClock(parse_utc(start))
        it = Stage(SimulatedBroker(exchange, clock), clock)
        await it.broker.connect(it.heard.append)
        await play(it)
        await it.broker.disconnect()
        return it.heard

    return run_virtual(session)


def of_portfolio(name: str) -> Exchange:
    return exchange_of(
        scenario("calm"), seed=7, start=START, tick_s=1.0, fees=Fees(), portfolio=name
    )


def plain(**more: object) -> Exchange:
    return Exchange(seeded_market(7, start=START), seed=7, **more)


async def holdings_of(broker: PortfolioPort) -> Holdings:
    found = await broker.holdings()
    assert isinstance(found, Holdings)
    return found


@pytest.mark.parametrize(
    ("name", "sides", "verdict"),
    [
        ("short", (1, 5), Bias.SHORT), ("long", (5, 0), Bias.LONG),
        ("balanced", (3, 3), Bias.BALANCED), ("none", (0, 0), Bias.BALANCED),
    ],
)  # fmt: skip
def test_the_reference_books_have_their_verdicts(name, sides, verdict) -> None:
    async def play(it: Stage) -> None:
        found = await holdings_of(it.broker)
        counts = count(one.position for one in found.held)
        assert ((counts.long_side, counts.short_side), counts.bias) == (sides, verdict)
        worth = sum(
            one.position.price * one.position.quantity * one.position.multiplier
            for one in found.held
        )
        assert float(found.nav) == pytest.approx(100_000 + worth)
        assert all(one.position.source == "SIM" for one in found.held)

    played(of_portfolio(name), play)


def test_every_line_of_the_account_comes_with_mark_spot_and_key() -> None:
    held = {"VIXM STK": 5, "VIX 20260218 20 C": 1, "XSP 20251219 520 P": -2, "NVDA STK": -3}

    async def play(it: Stage) -> None:
        await it.broker.submit(CommittedOrder(1, "K", order(MES, 1)))
        await it.clock.sleep(1.0)
        lines = {one.key: one.position for one in (await holdings_of(it.broker)).held}
        assert set(lines) == {*held, MES}
        level = (await it.broker.levels(frozenset({"XSP"})))["XSP"].price
        put = lines["XSP 20251219 520 P"]
        assert (put.kind, put.underlying, put.quantity) == (Kind.OPTION, "XSP", -2.0)
        assert (put.strike, put.right, put.multiplier) == (520.0, Right.PUT, 100.0)
        assert put.spot == pytest.approx(level, abs=1.0)
        assert 0.05 < put.iv < 0.6
        assert lines["VIX 20260218 20 C"].kind is lines["VIXM STK"].kind is Kind.VOL
        assert (lines["NVDA STK"].kind, lines["NVDA STK"].symbol) == (Kind.EQUITY, "NVDA")
        assert lines["NVDA STK"].price == pytest.approx(130, abs=1.0)
        future = lines[MES]
        assert (future.kind, future.underlying, future.multiplier) == (Kind.FUTURE, "MES", 5.0)
        assert future.price == pytest.approx(10 * level, rel=0.01)

    played(plain(holdings=held), play)


def order(key: str, signed: int) -> OrderDraft:
    side = Side.of(signed)
    return OrderDraft(Purpose.TICKET, key, side, Contracts(abs(signed)), OrderType.MARKET)


def test_levels_closes_and_chains_come_over_the_link() -> None:
    async def play(it: Stage) -> None:
        wanted = frozenset({"SPY", "VIX", "NVDA", "SPX", "MES", "ZC", "FORD"})
        levels = await it.broker.levels(wanted)
        assert set(levels) == wanted - {"FORD"}
        assert levels["SPY"].price == pytest.approx(540, rel=0.01)
        assert not levels["SPY"].delayed
        closes = await it.broker.closes(frozenset({"SPY", "FORD"}), 200)
        assert (len(closes.days), set(closes.table)) == (200, {"SPY"})
        chain = await it.broker.security_chain("NVDA", ChainWindow((30, 120), (0.8, 1.2), "C"))
        assert len(chain.rows) > 20
        assert await it.broker.security_chain("CPER", ChainWindow((30, 120), (0.8, 1.2))) is None

    played(plain(), play)


def test_a_link_that_drops_leaves_holdings_incomplete_and_the_rest_unreachable() -> None:
    faults = Faults(outages=(Interval(1.0, 30.0, "gateway restart"),))

    async def play(it: Stage) -> None:
        # under way when the link drops
        await it.clock.sleep(1.0 - (it.clock.now() - START) - 0.001)
        asked = asyncio.ensure_future(it.broker.holdings())
        await it.clock.sleep(0.5)
        assert await asked == Incomplete("the link went down: gateway restart")
        assert isinstance(await it.broker.holdings(), Incomplete)
        with pytest.raises(BrokerUnreachable):
            await it.broker.levels(frozenset({"SPY"}))
        with pytest.raises(BrokerUnreachable):
            await it.broker.security_chain("NVDA", ChainWindow((30, 120), (0.8, 1.2)))

    played(plain(holdings={"NVDA STK": 1}, faults=faults), play)


def test_reading_the_portfolio_shifts_no_message_about_orders() -> None:
    def story(*, reads: bool) -> list[BrokerMessage]:
        async def play(it: Stage) -> None:
            for n in range(6):
                if reads:
                    await asyncio.gather(
                        it.broker.holdings(),
                        it.broker.levels(frozenset({"SPY"})),
                        it.broker.closes(frozenset({"SPY"}), 200),
                    )
                await it.clock.sleep(START + 2.0 * (n + 1) - it.clock.now())
                await it.broker.submit(CommittedOrder(n, f"K{n}", order(MES, 1 if n % 2 else -2)))
            await it.clock.sleep(2.0)

        return [one for one in played(plain(), play) if not isinstance(one, Quote | Greeks)]

    told = story(reads=False)
    assert sum(isinstance(one, Execution) for one in told) >= 6
    assert story(reads=True) == told


def test_watched_securities_have_quotes_greeks_and_a_venue() -> None:
    call = "NVDA 20260220 130 C"
    keys = frozenset({"NVDA STK", call, "SPY STK", "VIX", MES})

    async def play(it: Stage) -> None:
        await it.broker.watch(keys)
        await it.clock.sleep(1.0)
        quotes = {one.key: one for one in it.heard if isinstance(one, Quote)}
        assert set(quotes) == keys
        assert all(quotes[key].bid < quotes[key].ask for key in keys - {"VIX"})
        assert quotes["VIX"].bid is None
        (greeks, *_) = [one for one in it.heard if isinstance(one, Greeks)]
        assert greeks.key == call
        assert 0.4 < greeks.delta < 0.7
        await it.clock.sleep(20.0)
        it.heard.clear()
        await it.clock.sleep(3.0)
        late = [one for one in it.heard if isinstance(one, Quote) and one.key != MES]
        assert all(one.bid is one.ask is None for one in late), "regular hours are over"

    start = "2025-11-19T21:14:50Z"
    played(Exchange(seeded_market(7, start=parse_utc(start)), seed=7), play, start)


def test_the_venue_of_a_watched_name_closes_with_regular_hours() -> None:
    start = "2025-11-19T21:14:50Z"

    async def play(it: Stage) -> None:
        await it.broker.watch(frozenset({"NVDA 20260220 130 C", "SPY STK", "VIX"}))
        await it.clock.sleep(20.0)

    exchange = Exchange(seeded_market(7, start=parse_utc(start)), seed=7)
    told = [
        (one.symbol, one.open, one.reason)
        for one in played(exchange, play, start)
        if isinstance(one, VenueReport)
    ]
    assert told == [
        ("MES", True, ""), ("NVDA", True, ""), ("SPY", True, ""),
        ("NVDA", False, "outside regular hours"), ("SPY", False, "outside regular hours"),
    ]  # fmt: skip
