"""From the lines of a book to holdings: what is priced, what is assumed, what is left out."""

from __future__ import annotations

from datetime import date

import pytest

from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.market import Beta, Market
from hedgetui.domain.balance.positions import read_positions
from hedgetui.domain.errors import DataError
from hedgetui.domain.stress.cvar import stress_cvar
from hedgetui.domain.stress.from_positions import price_book
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import REGIMES

TODAY = date(2025, 11, 20)
HEADER = "symbol,type,quantity,strike,expiry,right,price,multiplier,spot,iv,beta"


def priced(*rows: str, cash: float = 0.0, **market):
    known = Market(TODAY, **market)
    return price_book(read_positions([HEADER, *rows]), known, option_vol=0.25, cash=cash)


def test_a_share_gives_its_options_a_spot_and_its_price_a_volatility():
    found = priced("SPY,equity,100,,,,600", "SPY,option,-2,580,2026-02-20,P,8.5")
    share, put = found.book.holdings
    assert (share.units, share.option) == (100, None)
    assert (put.units, put.option.strike, put.option.sign) == (-200, 580, -1)
    assert put.option.years == pytest.approx(92 / 365)
    assert 0.1 < put.option.vol < 0.2
    (spy,) = found.book.underlyings
    assert (spy.spot, spy.beta, spy.r2) == (600, 1, 1)
    assert (found.left_out, found.notes) == ((), ())


def test_what_cannot_be_priced_is_left_out_with_its_reason():
    found = priced(
        "HYG,option,1,75,2026-02-20,P,0.5", "SPY,option,1,580,2025-10-17,P,1,,600",
        "QQQ,equity,ten", "USDJPY,fx,1000,,,,155", "AAPL,equity,5,,,,270",
    )  # fmt: skip
    assert [one.symbol for one in found.book.holdings] == ["AAPL"]
    why = {one.text.split(" ")[0].split(",")[0]: one.why for one in found.left_out}
    assert why["HYG"] == "no price of HYG"
    assert why["SPY"] == "expired on 2025-10-17"
    assert why["USDJPY"] == "its gains are not in dollars"
    assert "quantity" in why["QQQ"]
    assert [one.line for one in found.left_out if one.text.startswith("QQQ")] == [4]


def test_a_future_on_volatility_is_worth_nothing_but_a_fund_is():
    lines = ("/VXF6,future,2,,,,18", "VIXY,equity,10,,,,30", "VIX,future,1,,,,17,100")
    found = priced(*lines)
    margined = {one.label: one.margined for one in found.book.holdings}
    assert margined == {"/VXF6": True, "VIXY": False, "VIX": True}
    book = read_positions([HEADER, *lines]).positions
    assert in_dollars(book, Market(TODAY)).value == 300


def test_assumptions_are_said():
    found = priced("NVDA,option,1,190,2026-02-20,C,,,185", "TLT,equity,10,,,,90,,,,-0.3")
    nvda, tlt = found.book.underlyings
    assert (nvda.beta, nvda.r2, tlt.beta, tlt.r2) == (1, 0.5, -0.3, 0.5)
    assert found.book.holdings[0].option.vol == 0.25
    assert found.notes == (
        "NVDA 2026-02-20 190C: no price, 25% assumed",
        "NVDA: beta 1 and R² 0.5 assumed",
        "TLT: R² 0.5 assumed",
    )
    below = priced("SPY,option,1,500,2026-02-20,C,90,,600")
    assert below.notes == ("SPY 2026-02-20 500C: 90 implies no volatility, 25% assumed",)


def test_what_is_no_share_does_not_follow_the_index_unless_measured():
    found = priced("EURUSD,fx,10000,,,,1.1", "GCZ5,future,1,,,,4000", "BTCUSD,fx,1,,,,90000")
    ties = {one.symbol: (one.beta, one.own_vol) for one in found.book.underlyings}
    assert ties == {"EURUSD": (0, 0.1), "GC": (0, 0.25), "BTCUSD": (1, 0.5)}
    assert "EURUSD: beta 0 and 10% of its own assumed" in found.notes


def test_a_given_beta_does_not_take_a_currencys_own_moves_away():
    found = priced("EURUSD,fx,-100000,,,,1.08,,,,0.1", "BTCUSD,fx,1,,,,90000,,,,1.5")
    assert {one.symbol: (one.beta, one.own_vol) for one in found.book.underlyings} == {
        "EURUSD": (0.1, 0.1), "BTCUSD": (1.5, 0.5),
    }  # fmt: skip
    assert "EURUSD: 10% of its own assumed" in found.notes


def test_what_is_known_of_the_market_wins():
    found = priced(
        "NVDA,equity,10,,,,185", spots={"NVDA": 190.0}, betas={"NVDA": Beta(1.9, 0.45, 250)}
    )
    (nvda,) = found.book.underlyings
    assert (nvda.spot, nvda.beta, nvda.r2, found.notes) == (190, 1.9, 0.45, ())


def test_volatility_follows_volatility_and_futures_bind_no_capital():
    found = priced(
        "VIXM,equity,10,,,,15", "VIX,option,1,22,2026-01-21,C,1.6,,19", "ESZ5,future,1,,,,6700"
    )
    held = {one.symbol: one for one in found.book.holdings}
    assert (held["ES"].units, held["ES"].margined) == (50, True)
    ties = {one.symbol: (one.beta, one.iv_beta) for one in found.book.underlyings}
    assert ties == {"ES": (1, 0), "VIX": (0, 0.6), "VIXM": (0, 0.2)}


def test_the_order_of_the_rows_does_not_matter():
    rows = ["SPY,equity,100,,,,600", "AAPL,equity,5,,,,270", "SPY,option,1,580,2026-02-20,P,8.5"]
    assert priced(*rows) == priced(*rows[::-1])


def test_the_cvar_a_hedge_removes_is_no_luck_of_the_draw():
    def lines(*rows: str):
        return read_positions([HEADER, *rows]).positions

    cvar = stress_cvar(Market(TODAY), StressSettings(REGIMES["RISK_OFF"], 1_000, 0.5))
    book = lines("SPY,equity,100,,,,600", "AAPL,equity,50,,,,270")
    speck = lines("NVDA,equity,0.001,,,,185", "SPY,option,0.0001,580,2025-12-19,P,5")
    put = lines("SPY,option,1,580,2026-08-21,P,30")
    before = cvar(book)
    assert cvar((*book, *speck)) == pytest.approx(before, abs=1)
    assert cvar((*book, *put)) < before - 2_000
    assert cvar(()) == 0
    with pytest.raises(DataError, match="no price of HYG"):
        cvar((*book, *lines("HYG,option,1,75,2026-02-20,P,0.5")))
