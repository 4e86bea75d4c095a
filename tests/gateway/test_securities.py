"""Single names as the protocol spells them: numbers, chains, ticks, bars and the account window."""

from __future__ import annotations

from datetime import date

import pytest

from hedgetui.simulation.portfolios import PORTFOLIOS
from tests.gateway.stage import play

CALL = ("NVDA", "20251219", 130, "C", "SMART")


def test_a_share_and_an_option_on_it_have_numbers_that_lead_back():
    async def scene(stage):
        ib = await stage.connect()
        (share,) = await ib.reqContractDetailsAsync(stage.lib.Stock("NVDA", "SMART", "USD"))
        (call,) = await ib.reqContractDetailsAsync(stage.lib.Option(*CALL))
        (weekly,) = await ib.reqContractDetailsAsync(
            stage.lib.Option("VIX", "20251217", 20, "P", "SMART")
        )
        ids = [one.contract.conId for one in (share, call, weekly)]
        back = [
            (await ib.reqContractDetailsAsync(stage.lib.Contract(conId=number)))[0].contract
            for number in ids
        ]
        abroad = await ib.reqContractDetailsAsync(stage.lib.Stock("NVDA", "SMART", "EUR"))
        return share, call, weekly, ids, back, abroad

    share, call, weekly, ids, back, abroad = play(scene)
    assert (share.contract.conId, share.longName, share.stockType) == (
        4_815_747, "NVIDIA CORP", "COMMON",
    )  # fmt: skip
    assert (call.contract.multiplier, call.contract.tradingClass) == ("100", "NVDA")
    assert call.contract.localSymbol == "NVDA  251219C00130000"
    assert (call.underConId, call.underSecType) == (4_815_747, "STK")
    assert (weekly.underSecType, weekly.underSymbol) == ("IND", "VIX")
    assert [one.conId for one in back] == ids
    assert all(0 < number < 2**31 for number in ids)
    assert abroad == []


def test_a_chain_is_what_the_exchange_lists_and_some_names_have_none():
    async def scene(stage):
        ib = await stage.connect()
        chains = {}
        for symbol in ("NVDA", "TIP"):
            (share,) = await ib.reqContractDetailsAsync(stage.lib.Stock(symbol, "SMART", "USD"))
            chains[symbol] = await ib.reqSecDefOptParamsAsync(
                symbol, "", "STK", share.contract.conId
            )
        return chains, stage.exchange.board.securities.listing("NVDA")

    chains, listing = play(scene)
    assert {one.exchange for one in chains["NVDA"]} == {"SMART", "AMEX", "CBOE"}
    assert chains["NVDA"][0].expirations == [f"{day:%Y%m%d}" for day, _ in listing]
    assert chains["NVDA"][0].strikes == [float(one) for one in listing[0][1]]
    assert chains["TIP"] == []


def test_an_option_on_a_name_ticks_with_its_own_underlying_and_its_interest():
    async def scene(stage):
        ib = await stage.connect()
        (call,) = await ib.qualifyContractsAsync(stage.lib.Option(*CALL))
        (share,) = await ib.qualifyContractsAsync(stage.lib.Stock("NVDA", "SMART", "USD"))
        ticker, underlying = ib.reqMktData(call, "101"), ib.reqMktData(share)
        await stage.sleep(2)
        return ticker, underlying, stage.codes()

    ticker, underlying, codes = play(scene)
    assert codes == []
    assert underlying.bid < underlying.ask
    assert ticker.modelGreeks.undPrice == pytest.approx(underlying.midpoint(), rel=0.01)
    assert (ticker.callOpenInterest > 0, ticker.putOpenInterest) == (True, 0)
    assert ticker.volume >= 0


def test_the_window_shows_what_was_held_from_the_start_at_its_mark():
    async def scene(stage):
        ib = await stage.connect()
        values = {one.tag: one.value for one in ib.accountValues() if one.currency == "USD"}
        return ib.portfolio(), values, float(stage.exchange.net_liquidation)

    lines, values, worth = play(scene, portfolio="short")
    held = {(one.contract.symbol, one.contract.secType): one.position for one in lines}
    assert held == {
        (line.symbol, "OPT" if line.right else "STK"): line.quantity for line in PORTFOLIOS["short"]
    }
    for one in lines:
        units = one.position * float(one.contract.multiplier or 1)
        assert one.marketValue == pytest.approx(one.marketPrice * units, abs=0.01)
        assert one.unrealizedPNL == pytest.approx(0.0, abs=0.01)
    total = sum(one.marketValue for one in lines) + float(values["TotalCashValue"])
    assert float(values["NetLiquidation"]) == pytest.approx(worth) == pytest.approx(total, abs=0.1)
    assert float(values["StockMarketValue"]) > 0


def test_closing_what_was_held_realises_against_its_first_mark():
    async def scene(stage):
        ib = await stage.connect()
        (share,) = await ib.qualifyContractsAsync(stage.lib.Stock("SPY", "SMART", "USD"))
        trade = ib.placeOrder(share, stage.lib.LimitOrder("SELL", 20, 530))
        await stage.sleep(5)
        return trade, [one for one in ib.positions() if one.contract.symbol == "SPY"]

    trade, left = play(scene, portfolio="short")
    assert trade.orderStatus.status == "Filled"
    assert [one.contract.secType for one in left] == ["OPT"]
    profit = sum(one.commissionReport.realizedPNL for one in trade.fills)
    assert -20 < profit < 0


def test_bars_of_a_share_are_the_exchanges_own_and_an_option_has_none():
    async def scene(stage):
        ib = await stage.connect()
        share, call = await ib.qualifyContractsAsync(
            stage.lib.Stock("NVDA", "SMART", "USD"), stage.lib.Option(*CALL)
        )

        async def bars(contract):
            return await ib.reqHistoricalDataAsync(
                contract, "", "90 D", "1 day", "TRADES", useRTH=True
            )

        return await bars(share), await bars(call), stage.codes(), stage.exchange

    daily, none, codes, exchange = play(scene)
    closes = exchange.closes(frozenset({"NVDA"}), 90)
    assert [bar.date for bar in daily] == list(closes.days)
    assert [bar.close for bar in daily] == pytest.approx(closes.table["NVDA"].tolist(), abs=1e-5)
    assert daily[-1].date == date(2025, 11, 18)
    assert (list(none), codes) == ([], [162])
