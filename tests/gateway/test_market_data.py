"""What a client learns without trading: contracts, chains, hours, quotes, history, the account."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from hedgetui.domain.units import parse_utc
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.sessions import session_at
from hedgetui.simulation.tws.hours import futures_hours, options_hours
from tests.gateway.stage import ACCOUNT, CALL, LIBRARY, MES, START, play


def test_futures_come_with_their_months_hours_and_increments():
    async def scene(stage):
        ib = await stage.connect()
        found = await ib.reqContractDetailsAsync(stage.lib.Future("MES", exchange="CME"))
        march = stage.lib.Future("ES", "202603", "CME")
        (one,) = await ib.reqContractDetailsAsync(march)
        local = stage.lib.Contract(secType="FUT", localSymbol="MESZ5", exchange="CME")
        (same,) = await ib.reqContractDetailsAsync(local)
        (by_id,) = await ib.reqContractDetailsAsync(
            stage.lib.Contract(conId=same.contract.conId, exchange="CME")
        )
        rule = await ib.reqMarketRuleAsync(int(found[0].marketRuleIds))
        return found, one, same, by_id, rule

    found, march, same, by_id, rule = play(scene)
    assert [d.contract.localSymbol for d in found] == ["MESZ5", "MESH6", "MESM6", "MESU6"]
    assert [d.realExpirationDate for d in found[:2]] == ["20251219", "20260320"]
    assert (found[0].contractMonth, found[0].minTick, found[0].contract.multiplier) == (
        "202512", 0.25, "5",
    )  # fmt: skip
    assert (march.contract.localSymbol, march.contract.multiplier) == ("ESH6", "50")
    assert same.contract.conId == by_id.contract.conId == found[0].contract.conId
    assert [(one.lowEdge, one.increment) for one in rule] == [(0, 0.25)]
    assert found[0].timeZoneId == "US/Central"


def test_the_chain_is_the_boards_listing_and_its_options_can_be_named():
    async def scene(stage):
        ib = await stage.connect()
        (xsp,) = await ib.reqContractDetailsAsync(stage.lib.Index("XSP", "CBOE"))
        chains = await ib.reqSecDefOptParamsAsync("XSP", "", "IND", xsp.contract.conId)
        (spy,) = await ib.reqContractDetailsAsync(stage.lib.Stock("SPY", "SMART", "USD"))
        others = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", spy.contract.conId)
        call = await stage.option(ib, 540, "C")
        many = await ib.reqContractDetailsAsync(
            stage.lib.Option("XSP", "20251219", 540, "", "SMART", tradingClass="XSP")
        )
        missing = await ib.reqContractDetailsAsync(
            stage.lib.Option("XSP", "20251220", 540, "C", "SMART")
        )
        return chains, others, call, many, missing, stage.exchange.board.listing()

    chains, others, call, many, missing, listing = play(scene)
    assert {c.exchange for c in chains} == {"SMART", "CBOE", "IBUSOPT"}
    assert chains[0].expirations == [f"{day:%Y%m%d}" for day, _ in listing]
    assert set(chains[0].strikes) == {float(k) for _, row in listing for k in row}
    assert (chains[0].tradingClass, chains[0].multiplier) == ("XSP", "100")
    assert {c.tradingClass for c in others} == {"SPY"}
    assert (call.localSymbol, call.tradingClass) == ("XSP   251219C00540000", "XSP")
    assert sorted(d.contract.right for d in many) == ["C", "P"]
    assert missing == []


def test_contract_numbers_are_unique_and_lead_back():
    async def scene(stage):
        book = stage.gateway.site.contracts
        wanted = SimpleNamespace(symbol="", sec_type="OPT", expiry="", strike=None, local_symbol="")
        options = list(book._options(wanted))
        return options, [book.by_id(one.con_id) for one in options]

    options, found = play(scene)
    assert len({one.con_id for one in options}) == len(options) > 4_000
    assert found == options
    assert max(one.con_id for one in options) < 2**31


@pytest.mark.parametrize("day", ["2025-11-19", "2025-11-22", "2026-03-07", "2026-07-01"])
def test_hours_as_spelled_are_the_hours_as_traded(day):
    now = parse_utc(f"{day}T17:03:00Z")
    for spelled, zone, opened in (
        (futures_hours(now)[0], "America/Chicago", lambda s: s.futures_open),
        (options_hours(now)[0], "America/New_York", lambda s: s.options_open),
    ):
        spans = [_span(entry, zone) for entry in spelled.split(";") if "CLOSED" not in entry]
        days = {entry.split("-")[-1][:8] for entry in spelled.split(";")}
        assert len(days) >= 7
        for hours in range(6 * 24):
            at = now + hours * 3600 + 61
            inside = any(begin <= at < end for begin, end in spans)
            assert inside == opened(session_at(at)), (spelled, at)


def _span(entry: str, zone: str) -> tuple[float, float]:
    begin, end = (
        datetime.strptime(part, "%Y%m%d:%H%M").replace(tzinfo=ZoneInfo(zone)).timestamp()
        for part in entry.split("-")
    )
    return begin, end


def test_quotes_and_greeks_are_the_boards_and_keep_coming():
    async def scene(stage):
        ib = await stage.connect()
        mes, call = await stage.mes(ib), await stage.option(ib, 540, "C")
        (xsp,) = await ib.qualifyContractsAsync(stage.lib.Index("XSP", "CBOE"))
        lines = [ib.reqMktData(one, "106") for one in (mes, call, xsp)]
        await stage.sleep(1.5)
        board = stage.exchange.board
        quotes = board.quotes([MES, CALL])
        (greeks,) = board.greeks([CALL])
        shown = [(t.bid, t.ask) for t in lines[:2]]
        index, model, iv = lines[2].last, lines[1].modelGreeks, lines[2].impliedVolatility
        updates = dict.fromkeys(range(3), 0)
        for n, line in enumerate(lines):
            line.updateEvent += lambda _t, n=n: updates.__setitem__(n, updates[n] + 1)
        await stage.sleep(20)
        kinds = [t.marketDataType for t in lines], lines[0].minTick, lines[0].halted
        return quotes, greeks, shown, index, model, iv, updates, kinds, stage.exchange.market.iv30

    quotes, greeks, shown, index, model, iv, updates, kinds, iv30 = play(scene)
    assert shown == [(q.bid, q.ask) for q in quotes]
    assert (model.delta, model.vega) == pytest.approx((greeks.delta, greeks.vega))
    assert (model.theta, model.gamma) == pytest.approx((greeks.theta, greeks.gamma))
    assert model.undPrice == pytest.approx(index, abs=0.02)
    assert iv == pytest.approx(iv30, rel=0.05)
    assert min(updates.values()) >= 9
    assert kinds == ([1, 1, 1], 0.25, 0)


def test_a_snapshot_ends_and_leaves_no_line():
    async def scene(stage):
        ib = await stage.connect()
        (ticker,) = await ib.reqTickersAsync(await stage.mes(ib))
        return ticker, [len(one.lines) for one in stage.gateway.site.clients()]

    ticker, lines = play(scene)
    assert (ticker.bid > 0, ticker.ask - ticker.bid, lines) == (True, 0.25, [0])


@pytest.mark.skipif(LIBRARY == "ib_async", reason="it sends no contract without its number")
def test_lines_are_counted_and_wrong_contracts_refused():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        for contract in (stage.lib.Future("MES", exchange="CME"), stage.lib.Stock("XYZZY"), mes):
            ib.reqMktData(contract)
        for strike in (540, 541):
            ib.reqMktData(await stage.option(ib, strike, "C"))
        await stage.sleep()
        refused = stage.codes()
        ib.cancelMktData(mes)
        ib.client.cancelMktData(4711)
        ib.reqMktData(await stage.option(ib, 542, "C"))
        await stage.sleep()
        return refused, stage.codes()

    refused, after = play(scene, max_lines=2)
    assert (refused, after) == ([200, 200, 101], [200, 200, 101, 300])


def test_a_closed_market_quotes_no_sides_and_a_halted_one_says_so():
    async def scene(stage):
        ib = await stage.connect()
        mes, call = await stage.mes(ib), await stage.option(ib, 540, "C")
        lines = [ib.reqMktData(one) for one in (mes, call)]
        await stage.sleep(2)
        stage.control.halt(30, "drill")
        await stage.sleep(5)
        halted = [(t.bid, t.ask, t.halted) for t in lines]
        await stage.sleep(40)
        resumed = [(t.bid > 0, t.halted) for t in lines]
        await stage.sleep(3_600)
        return halted, resumed, (lines[1].bid, lines[1].bidSize)

    halted, resumed, closed = play(scene, start=parse_utc("2025-11-19T20:30:00Z"))
    assert halted == [(-1, -1, 1), (-1, -1, 1)]
    assert resumed == [(True, 0), (True, 0)]
    assert closed == (-1, 0)


def test_a_scenarios_silences_are_heard_here_too():
    silent = Faults(
        quotes_silent=(Interval(0, 10_000),), greeks_silent=(Interval(0, 5),),
        stuck_deltas=(-0.4, 0.4),
    )  # fmt: skip

    async def scene(stage):
        ib = await stage.connect()
        line = ib.reqMktData(await stage.option(ib, 540, "C"))
        await stage.sleep(3)
        before = line.modelGreeks
        await stage.sleep(6)
        return before, line.modelGreeks.delta, line.hasBidAsk()

    assert play(scene, faults=silent) == (None, 0.4, False)


def test_a_year_of_volatility_is_the_exchanges_own():
    async def scene(stage):
        ib = await stage.connect()
        xsp, vix = stage.lib.Index("XSP", "CBOE"), stage.lib.Index("VIX", "CBOE")

        async def bars(contract, what, duration="1 Y", size="1 day"):
            return await ib.reqHistoricalDataAsync(contract, "", duration, size, what, useRTH=True)

        implied = await bars(xsp, "OPTION_IMPLIED_VOLATILITY")
        series = [
            await bars(vix, "TRADES"), await bars(xsp, "HISTORICAL_VOLATILITY"),
            await bars(xsp, "TRADES", "5 D"), await bars(await stage.mes(ib), "MIDPOINT", "1 M"),
        ]  # fmt: skip
        none = [await bars(xsp, "FEE_RATE"), await bars(xsp, "TRADES", size="1 hour")]
        return implied, series, none, stage.codes(), stage.exchange.volatility_history().daily

    implied, (vix, realised, closes, future), none, codes, daily = play(scene)
    assert [bar.close for bar in implied] == pytest.approx(list(daily), abs=1e-6)
    assert (implied[-1].date, implied[-1].volume) == (date(2025, 11, 18), -1)
    assert [bar.close for bar in vix] == pytest.approx([100 * v for v in daily], abs=0.006)
    assert 0.02 < realised[-1].close < 1
    assert (len(closes), len(future), len(realised)) == (5, 21, 252)
    assert all(bar.low < bar.close < bar.high for bar in closes)
    assert ([list(bars) for bars in none], codes) == ([[], []], [162, 162])


def test_the_account_is_told_on_every_road():
    async def scene(stage):
        ib = await stage.connect()
        ib.placeOrder(await stage.mes(ib), stage.lib.MarketOrder("BUY", 3))
        await stage.sleep()
        summary = {v.tag: v.value for v in await ib.accountSummaryAsync()}
        daily = ib.reqPnL(ACCOUNT)
        single = ib.reqPnLSingle(ACCOUNT, "", ib.positions()[0].contract.conId)
        await stage.sleep(30)
        (item,) = ib.portfolio()
        return summary, daily, single, item, stage.exchange, await ib.reqCurrentTimeAsync()

    summary, daily, single, item, exchange, now = play(scene)
    assert float(summary["TotalCashValue"]) == pytest.approx(99_999.25)
    assert float(summary["InitMarginReq"]) == 7_365
    assert (single.position, item.position) == (3, 3)
    assert single.unrealizedPnL == pytest.approx(item.unrealizedPNL, abs=50)
    assert daily.dailyPnL == pytest.approx(float(exchange.net_liquidation) - 100_000, abs=50)
    assert abs(now.timestamp() - exchange.at) < 1.5


def test_a_foreign_account_and_an_unknown_message_are_refused_and_the_session_stays():
    async def scene(stage):
        client = await stage.raw()
        await client.heard(0.2)
        client.send(6, 2, 1, "U7654321")
        client.send(999, 1)
        client.send("x")
        client.send(92, 7, "U7654321", "")
        client.send(49, 1)
        heard = await client.heard()
        return [f[2:4] for f in heard if f[0] == "4"], heard[-1][:2], float(heard[-1][2])

    errors, last, at = play(scene)
    assert sorted(errors) == [["-1", "321"], ["-1", "505"], ["-1", "505"], ["7", "321"]]
    assert last == ["49", "1"]
    assert abs(at - START) < 5
