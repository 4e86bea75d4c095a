"""The account and single names, over a real socket: what is foreign, late, delayed or unclear."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.adapters.ibkr.security_chain import MOST_CONTRACTS
from hedgetui.domain.balance.positions import Kind
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.units import parse_utc
from hedgetui.ports.broker import (
    Execution,
    Incomplete,
    LinkReport,
    OrderEnded,
    PositionMoved,
    VenueReport,
)
from hedgetui.ports.portfolio import ChainWindow, Holdings
from hedgetui.simulation.tws.contracts import ContractBook, Listed
from hedgetui.simulation.tws.fields import WireContract
from hedgetui.simulation.tws_gateway import TwsGateway
from tests.contract.world import Setting, World, draft
from tests.ibkr.world import codes, play

SHARES, HEDGE = "NVDA STK", "MES 202512"
POSITION, POSITIONS_END, LINE, VALUE, WINDOW_END, BARS_ASKED = 61, 62, 7, 6, 54, "20"
SHORT = Setting(portfolio="short")
NEAR = ChainWindow((20, 60), (0.9, 1.1))


def also_holding(gateway: TwsGateway, *rows: tuple[object, ...]) -> None:
    """Let TWS hold more: (conId, symbol, type, expiry, strike, right, multiplier, currency, local,
    class, quantity, mark or None, value)."""
    session, account = gateway.site.sessions[0], gateway.site.account
    send = session.send

    def more(*fields: object) -> None:
        for row in rows:
            terms, (currency, local, group, quantity, price, value) = row[:7], row[7:]
            if fields[0] == POSITIONS_END:
                send(POSITION, 3, account, *terms, "", currency, local, group, quantity, 1.0)
            if fields[0] == WINDOW_END and price is not None:
                send(LINE, 8, *terms, "", currency, local, group, quantity, price, value, 1, 0, 0,
                     account)  # fmt: skip
        send(*fields)

    session.send = more


async def held(world: World) -> Holdings:
    answer = await world.broker.holdings()
    assert isinstance(answer, Holdings), answer
    return answer


FOREIGN = (
    (14204, "SAP", "STK", "", 0, "", "", "EUR", "SAP", "XETRA", 10, 190.5, 1905),
    (71, "NVDA", "OPT", "20260220", 12.5, "C", "100", "USD", "NVDA1", "NVDA1", 1, 3.0, 300),
    (72, "XYZ", "BILL2", "", 0, "", "", "USD", "XYZ", "XYZ", 5, 1.0, 5),
    (73, "EUR", "CASH", "", 0, "", "", "USD", "EUR.USD", "EUR.USD", 20000, 1.08, 21600),
    (74, "ES", "FOP", "20251219", 5400, "P", "50", "USD", "EW3Z5", "EW3", -1, 80.0, -4000),
    (75, "SPX", "OPT", "20251219", 5400, "P", "100", "USD", "SPXW", "SPXW", -2, 70.0, -14000),
    (76, "TSLA", "STK", "", 0, "", "", "USD", "TSLA", "NMS", 0.75, None, None),
)


def test_what_the_desk_cannot_trade_is_weighed_and_what_it_cannot_weigh_is_named():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        also_holding(gateway, *FOREIGN)
        found = await held(world)
        why = {one.text: one.why for one in found.unparsed}
        assert why == {
            "10 STK SAP": "priced in EUR: only dollars are weighed",
            "1 OPT NVDA 20260220 12.5 C": "an adjusted option: NVDA1 delivers something else than "
            "its name says",
            "5 BILL2 XYZ": "BILL2: the security type is not known",
        }
        lines = {one.position.symbol: one for one in found.held}
        assert {name: one.key for name, one in lines.items()} == {
            "EURUSD": "", "ES 20251219 5400 P": "", "SPX 20251219 5400 P": "", "TSLA": "TSLA STK",
        }  # fmt: skip
        assert lines["EURUSD"].position.kind is Kind.FX
        assert lines["ES 20251219 5400 P"].position.multiplier == 50
        assert (lines["TSLA"].position.quantity, lines["TSLA"].position.price) == (0.75, None)
        assert all(one.position.source == "IBKR D•••4567" for one in found.held)

    play(story)


def test_fractions_of_shares_and_other_hands_do_not_stop_the_desk():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        also_holding(gateway, FOREIGN[-1], (77, "AAPL", "STK", "", 0, "", "", "USD", "AAPL", "NMS",
                                            10.5, 1, 1))  # fmt: skip
        assert (await world.truth()).positions == {"AAPL STK": 10}
        gateway.control.foreign_trade(SHARES, 5)
        await world.clock.sleep(2)
        assert world.of(PositionMoved) == []
        assert (await world.truth()).positions == {"AAPL STK": 10, SHARES: 5}
        gateway.control.foreign_trade(HEDGE, -1)
        await world.until(lambda: world.of(PositionMoved))
        assert [one.instrument_key for one in world.of(PositionMoved)] == [HEDGE]
        assert codes(world) == []

    play(story)


def test_a_share_of_another_market_with_the_same_name_is_not_the_one_that_is_traded():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.broker.watch(frozenset({SHARES}))
        await world.until(lambda: any(one.key == SHARES for one in world.of(Quote)))
        gateway.control.foreign_trade(SHARES, 5)
        also_holding(
            gateway, (78, "NVDA", "STK", "", 0, "", "", "USD", "NVDA", "LSEETF", 40, 9, 360)
        )
        assert (await world.truth()).positions == {SHARES: 5}
        assert {one.key for one in (await held(world)).held} == {SHARES, ""}

    play(story)


def test_somebody_else_s_combination_counts_leg_by_leg():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        legs = ("SPY 20251219 530 P", "SPY 20251219 540 C")
        gateway.control.foreign_order(" + ".join(legs), -2, Decimal(500))
        await world.clock.sleep(1)
        orders = (await world.truth()).open_orders
        found = [(one.client_key, one.instrument_key, one.signed_remaining) for one in orders]
        assert found == [("", legs[0], -2), ("", legs[1], -2)]

    play(story)


@pytest.mark.parametrize(
    ("mark", "name"), [("positionEnd", "positions"), ("accountDownloadEnd", "account window")]
)
def test_holdings_without_an_end_mark_are_incomplete_and_read_whole_later(mark: str, name: str):
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.omit_end(mark)
        answer = await world.broker.holdings()
        assert isinstance(answer, Incomplete)
        assert answer.why == f"{name}: no end mark within 3 s"
        gateway.control.omit_end(mark, on=False)
        gateway.site.sessions[0].send(*((62, 1) if mark == "positionEnd" else (54, 1, "")))
        await world.clock.sleep(0.1)
        assert len((await held(world)).held) == 6

    play(story, SHORT, answer_timeout_s=3.0)


def test_an_account_in_another_currency_has_no_value_in_dollars():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        session = gateway.site.sessions[0]
        send = session.send

        def in_euro(*fields: object) -> None:
            is_worth = fields[0] == VALUE and fields[2] == "NetLiquidation"
            send(*((*fields[:4], "EUR", *fields[5:]) if is_worth else fields))

        session.send = in_euro
        found = await held(world)
        assert found.nav is None
        (unparsed,) = found.unparsed
        assert unparsed.text == "net liquidation value"
        assert unparsed.why == "said in EUR, not in dollars"

    play(story, SHORT)


def test_a_tws_cut_off_from_its_servers_knows_nothing():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.outage_1100()
        await world.until(lambda: world.of(LinkReport)[-1].state is LinkState.DEGRADED)
        answer = await world.broker.holdings()
        assert isinstance(answer, Incomplete)
        assert "no connection to IB" in answer.why
        with pytest.raises(BrokerUnreachable):
            await world.broker.levels(frozenset({"SPY"}))
        with pytest.raises(BrokerUnreachable):
            await world.broker.security_chain("NVDA", NEAR)
        gateway.control.restore()
        await world.until(lambda: world.of(LinkReport)[-1].state is LinkState.READY, 20)
        assert len((await held(world)).held) == 6

    play(story, SHORT)


@pytest.mark.parametrize("question", ["holdings", "levels", "closes", "chain"])
def test_a_link_that_drops_in_the_middle_is_no_answer(question: str):
    asked: dict[str, Callable[[World], object]] = {
        "holdings": lambda world: world.broker.holdings(),
        "levels": lambda world: world.broker.levels(frozenset({"SPY", "NVDA"})),
        "closes": lambda world: world.broker.closes(frozenset({"SPY", "NVDA"}), 60),
        "chain": lambda world: world.broker.security_chain("NVDA", NEAR),
    }

    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        answer = asyncio.ensure_future(asked[question](world))
        await world.clock.sleep(0.02)
        gateway.control.drop()
        if question == "holdings":
            assert isinstance(await answer, Incomplete)
        else:
            with pytest.raises(BrokerUnreachable):
                await answer

    play(story, SHORT)


def test_levels_without_a_subscription_are_delayed_and_hold_up_no_hedge():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        gateway.control.no_data = True
        levels = await world.broker.levels(frozenset({"NVDA", "AAPL"}))
        assert set(levels) == {"NVDA", "AAPL"}
        assert all(one.delayed for one in levels.values())

    play(story)


def test_a_delayed_share_is_shown_as_such_and_degrades_nothing():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(SHARES, HEDGE)
        line = world.broker._talk.watchlist.line(SHARES)
        session = gateway.site.sessions[0]
        session.lines.pop(line.request)
        session.send(58, 1, line.request, 3)
        session.send(1, 6, line.request, 66, 129.0, 1, 0)
        session.send(1, 6, line.request, 67, 129.1, 1, 0)
        await world.clock.sleep(2)
        assert world.of(Quote, SHARES)[-1].data_type is DataType.DELAYED
        assert [one.state for one in world.of(LinkReport)] == [LinkState.READY]

    play(story)


def test_a_name_that_is_also_a_future_has_no_level_by_its_ticker():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        levels = await world.broker.levels(frozenset({"ES", "CL", "EURUSD", "MES", "XSP"}))
        assert set(levels) == {"MES", "XSP"}
        assert levels["MES"].price == pytest.approx(10 * levels["XSP"].price, rel=0.02)
        closes = await world.broker.closes(frozenset({"ES", "CL", "EURUSD"}), 10)
        assert closes.table == {}

    play(story)


def asked_for(gateway: TwsGateway) -> Counter[str]:
    """Count the histories that are asked for from now on, by symbol."""
    counted: Counter[str] = Counter()
    reference = gateway._handlers[int(BARS_ASKED)]

    def count(session: object, cursor: object) -> None:
        counted[cursor.fields[3]] += 1
        reference(session, cursor)

    gateway._handlers[int(BARS_ASKED)] = count
    return counted


def test_closes_are_asked_once_a_day_and_never_in_haste():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        counted = asked_for(gateway)
        gateway.exchange.closes = lambda symbols, days, real=gateway.exchange.closes: real(
            symbols - {"AAPL"}, days
        )
        for _ in range(3):
            closes = await world.broker.closes(frozenset({"SPY", "AAPL"}), 60)
            assert set(closes.table) == {"SPY"}
        assert counted == {"SPY": 1, "AAPL": 1}
        longer = await world.broker.closes(frozenset({"SPY"}), 120)
        assert len(longer.days) < 120
        assert counted["SPY"] == 1  # within fifteen seconds of the other
        await world.clock.sleep(16)
        await world.broker.closes(frozenset({"SPY", "AAPL"}), 120)
        assert counted == {"SPY": 2, "AAPL": 2}
        await world.reconnect()
        assert len((await world.broker.closes(frozenset({"SPY"}), 120)).days) == 120
        assert counted["SPY"] == 2
        await world.clock.sleep(120)
        assert len((await world.broker.closes(frozenset({"SPY"}), 60)).days) == 60
        assert counted["SPY"] == 3

    play(story, Setting(start=parse_utc("2025-11-20T04:58:30Z")))


def test_ten_histories_in_ten_minutes_are_left_for_others(monkeypatch):
    monkeypatch.setattr("hedgetui.adapters.ibkr.closes.MOST_QUESTIONS", 2)

    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        began = world.clock.now()
        closes = await world.broker.closes(frozenset({"SPY", "QQQ", "IWM"}), 60)
        assert set(closes.table) == {"SPY", "QQQ", "IWM"}
        assert 599 < world.clock.now() - began < 602

    play(story)


def test_a_history_that_does_not_answer_is_given_up_after_two_names():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        counted: list[str] = []
        gateway._handlers[int(BARS_ASKED)] = lambda _, cursor: counted.append(cursor.fields[3])
        began = world.clock.now()
        with pytest.raises(BrokerUnreachable, match="stopped answering"):
            await world.broker.closes(frozenset({"SPY", "QQQ", "IWM", "TLT"}), 60)
        assert len(counted) == 2
        assert world.clock.now() - began < 45

    play(story)


def test_a_look_that_is_called_off_gives_its_line_back():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.farm("usfarm", ok=False)
        before = world.broker.health().lines_used
        asking = asyncio.ensure_future(world.broker.levels(frozenset({"NVDA"})))
        await world.until(lambda: world.broker.health().lines_used > before)
        asking.cancel()
        await world.until(lambda: world.broker.health().lines_used == before)
        await world.until(lambda: len(gateway.site.sessions[0].lines) == before)

    play(story)


def test_a_chain_is_thinned_leaves_no_line_behind_and_says_who_was_silent():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        before = world.broker.health().lines_used
        chain = await world.broker.security_chain("NVDA", ChainWindow((0, 180), (0.7, 1.3)))
        assert len(chain.rows) <= MOST_CONTRACTS
        assert len({one.expiry for one in chain.rows}) == 6
        near = {one.strike for one in chain.rows if abs(one.strike / chain.spot - 1) < 0.02}
        assert len(near) >= 2
        assert f"{len(chain.rows)} of " in chain.notes[0]
        await world.clock.sleep(0.2)
        assert world.broker.health().lines_used == before
        gateway.control.farm("usopt", ok=False)
        silent = await world.broker.security_chain("NVDA", ChainWindow((20, 30), (0.97, 1.03)))
        assert silent.rows == ()
        assert silent.notes[-1].endswith("contracts did not answer")

    play(story)


def test_a_chain_waits_for_lines_and_takes_none_from_the_hedge():
    async def story(world: World, gateway: TwsGateway) -> None:
        gateway.control.line_limit = 8
        await world.connect()
        reading = asyncio.ensure_future(world.broker.security_chain("NVDA", NEAR))
        await world.clock.sleep(3)
        await world.watched(HEDGE, SHARES, seconds=15)
        chain = await reading
        assert len(chain.rows) > 20
        await world.clock.sleep(5)
        assert world.of(Quote, HEDGE)[-1].age(world.clock.now()) < 5

    play(story)


class TwoOfAName(ContractBook):
    """A broker that lists a second NVDA."""

    def find(self, wanted: WireContract) -> list[Listed]:
        found = super().find(wanted)
        return found + [replace(one, con_id=42) for one in found if one.key == SHARES]


def test_a_ticker_that_means_two_contracts_means_none():
    async def story(world: World, gateway: TwsGateway) -> None:
        gateway.site.contracts = TwoOfAName(gateway.exchange.board)
        await world.connect()
        for key in ("K1", "K2"):
            await world.submit(key, draft(SHARES, 1, 200))
            await world.until(lambda key=key: world.of(OrderEnded, key))
            assert "more than one contract" in world.of(OrderEnded, key)[0].reason
        assert await world.broker.levels(frozenset({"NVDA"})) == {}
        assert gateway.exchange.book.orders == {}

    play(story)


def test_a_halt_closes_the_name_and_its_end_opens_it():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(SHARES)

        def told() -> list[bool]:
            return [one.open for one in world.of(VenueReport) if one.symbol == "NVDA"]

        await world.until(lambda: told() == [True])
        gateway.control.halt(30)
        await world.until(lambda: told() == [True, False], 10)
        await world.until(lambda: told() == [True, False, True], 60)

    play(story)


def test_an_order_for_shares_does_not_trade_before_the_bell():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.submit("K", draft(SHARES, 1, 100))
        await world.until(lambda: tuple(gateway.registry.everything()))
        (order,) = gateway.registry.everything()
        assert not order.outside_rth
        assert order.draft.limit_price == Decimal(100)
        assert world.of(Execution) == []

    play(story, Setting(start=Setting().start - 3600))
