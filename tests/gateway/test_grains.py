"""Grain futures as the protocol spells them: bushels for a multiplier, cents for a price."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from hedgetui.domain.units import parse_utc
from hedgetui.simulation.grains import CHICAGO, grain_session
from hedgetui.simulation.tws.hours import grain_hours
from tests.gateway.stage import START, play

CORN = "ZC 202512"


async def _corn(stage, ib):
    details = await ib.reqContractDetailsAsync(stage.lib.Future("ZC", exchange="CBOT"))
    return details[0].contract


def test_a_grain_comes_with_bushels_cents_and_its_own_months():
    async def scene(stage):
        ib = await stage.connect()
        found = {
            symbol: await ib.reqContractDetailsAsync(stage.lib.Future(symbol, exchange="CBOT"))
            for symbol in ("ZC", "ZW", "ZS")
        }
        elsewhere = await ib.reqContractDetailsAsync(stage.lib.Future("ZC", exchange="CME"))
        (by_id,) = await ib.reqContractDetailsAsync(
            stage.lib.Contract(conId=found["ZC"][0].contract.conId, exchange="CBOT")
        )
        rule = await ib.reqMarketRuleAsync(int(found["ZC"][0].marketRuleIds))
        return found, elsewhere, by_id, rule

    found, elsewhere, by_id, rule = play(scene)
    assert elsewhere == []
    assert [one.contractMonth for one in found["ZC"][:3]] == ["202512", "202603", "202605"]
    assert [one.contract.localSymbol for one in found["ZS"][:2]] == ["ZSF6", "ZSH6"]
    assert by_id.contract == found["ZC"][0].contract
    assert by_id.contract.lastTradeDateOrContractMonth == "20251212"
    details = [one for months in found.values() for one in months]
    assert {(one.contract.multiplier, one.priceMagnifier, one.minTick) for one in details} == {
        ("5000", 100, 0.0025)
    }
    assert {(one.contract.exchange, one.timeZoneId) for one in details} == {("CBOT", "US/Central")}
    assert len({one.contract.conId for one in details}) == len(details)
    assert [one.increment for one in rule] == [0.0025]


def test_grain_hours_are_a_night_and_a_day_session():
    trading, liquid = grain_hours(START)
    assert trading.startswith("20251118:1900-20251119:0745;20251119:0830-20251119:1320;")
    assert liquid.startswith("20251119:0830-20251119:1320;20251120:0830-20251120:1320;")
    assert "20251122:CLOSED;20251123:CLOSED;20251123:1900-20251124:0745" in trading
    for begin, end in (one.split("-") for one in trading.split(";") if "-" in one):
        since, until = (
            datetime.strptime(one, "%Y%m%d:%H%M").replace(tzinfo=CHICAGO).timestamp()
            for one in (begin, end)
        )
        assert grain_session(since).open
        assert grain_session(since).until == until
        assert not grain_session(until).open


def test_a_grain_order_is_priced_in_cents_and_its_cost_in_dollars():
    async def scene(stage):
        ib = await stage.connect()
        corn = await _corn(stage, ib)
        quote = stage.exchange.board.quote(CORN)
        trade = ib.placeOrder(corn, stage.lib.LimitOrder("BUY", 1, quote.ask + 1))
        await stage.sleep(30)
        single = ib.reqPnLSingle(stage.gateway.site.account, "", corn.conId)
        await stage.sleep(10)
        (held,), (item,) = ib.positions(), ib.portfolio()
        mark = float(stage.exchange.board.mark(CORN))
        return quote, trade, held, item, single, mark

    quote, trade, held, item, single, mark = play(scene)
    (fill,) = trade.fills
    assert quote.bid - 2 < fill.execution.price <= quote.ask + 1
    assert trade.orderStatus.status == "Filled"
    charge = fill.commissionReport.commission
    assert held.avgCost == pytest.approx(fill.execution.price * 5000 / 100 + charge)
    assert item.marketValue == pytest.approx(item.marketPrice * 5000, abs=0.01)
    assert item.marketValue == pytest.approx(mark * 50, rel=0.01)
    assert single.value == pytest.approx(mark * 50, rel=0.01)


def test_margin_of_a_grain_is_asked_without_an_order():
    async def scene(stage):
        ib = await stage.connect()
        before = stage.exchange.book.orders.copy()
        state = await ib.whatIfOrderAsync(
            await _corn(stage, ib), stage.lib.LimitOrder("SELL", 2, 433.25)
        )
        return state, before, stage.exchange.book.orders

    state, before, after = play(scene)
    assert Decimal(state.initMarginChange) == 2_400
    assert before == after == {}


def test_grains_have_no_history_of_the_index():
    async def scene(stage):
        ib = await stage.connect()
        bars = await ib.reqHistoricalDataAsync(
            await _corn(stage, ib), "", "5 D", "1 day", "TRADES", useRTH=True
        )
        return list(bars), stage.codes()

    assert play(scene) == ([], [162])


def test_a_held_grain_order_waits_for_the_night_session():
    async def scene(stage):
        ib = await stage.connect()
        stage.control.hold_399 = True
        ib.placeOrder(await _corn(stage, ib), stage.lib.LimitOrder("SELL", 1, 400))
        await stage.sleep()
        return stage.errors[17]

    ((_, code, words),) = play(scene, start=parse_utc("2025-11-19T15:00:00Z"))
    assert code == 399
    assert "20251119 20:00:00 US/Eastern" in words
