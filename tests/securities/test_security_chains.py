"""Option chains of single names: no free money, some contracts nobody trades, nothing in vain."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from hedgetui.domain.instruments import Right, parse_key
from hedgetui.domain.recommend import Direction, Wish, recommend
from hedgetui.domain.units import DAYS_PER_YEAR, SECONDS_PER_DAY, Timestamp
from hedgetui.ports.portfolio import ChainWindow, SecurityChain
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.market import seeded_market
from hedgetui.simulation.option_models import OptionModels
from hedgetui.simulation.securities import NAMES, OPTIONABLE
from hedgetui.simulation.security_chain import SecurityBoard
from tests.securities.security_floor import START, at_the_money

TODAY = date(2025, 11, 19)
WHOLE = ChainWindow((0, 400), (0.0, 9.0))


def board(seed: int = 7) -> SecurityBoard:
    return SecurityBoard(seeded_market(seed, start=START), seed)


def whole(symbol: str) -> SecurityChain:
    chain = board().chain(symbol, WHOLE)
    assert chain is not None
    return chain


@pytest.mark.parametrize("symbol", sorted(OPTIONABLE))
def test_nobody_can_buy_cheaper_than_another_sells_the_same(symbol: str) -> None:
    chain = whole(symbol)
    rate, sides = 0.042, {}
    for row in chain.rows:
        assert not row.bid >= row.ask
        sides[row.expiry, row.strike, row.right] = row
    expiries = sorted({row.expiry for row in chain.rows})
    assert len(expiries) >= 10
    assert 150 <= (expiries[-1] - TODAY).days <= 190
    for expiry in expiries:
        end = parse_key(f"SPY {expiry:%Y%m%d} 1 C").expires_at
        discount = math.exp(-rate * (end - START) / SECONDS_PER_DAY / DAYS_PER_YEAR)
        strikes = sorted({strike for day, strike, _ in sides if day == expiry})
        assert strikes[0] < 0.7 * chain.spot < 1.3 * chain.spot < strikes[-1]
        forwards = []
        for low, high in pairwise(strikes):
            calls = [sides[expiry, one, Right.CALL] for one in (low, high)]
            puts = [sides[expiry, one, Right.PUT] for one in (low, high)]
            # buying the better option for less than the worse one is bid: never
            assert not calls[1].bid > calls[0].ask
            assert not puts[0].bid > puts[1].ask
            # call, put and strike name a range for the forward; the ranges of all strikes meet
            forwards.append(
                (
                    low + (np.nan_to_num(calls[0].bid) - puts[0].ask) / discount,
                    low + (calls[0].ask - np.nan_to_num(puts[0].bid)) / discount,
                )
            )
        assert max(one for one, _ in forwards) <= min(one for _, one in forwards)


def test_every_name_has_contracts_to_recommend_and_some_that_the_rules_refuse() -> None:
    for symbol in OPTIONABLE:
        chain = whole(symbol)
        wish = Wish(symbol, Direction.BULLISH, 1_500.0, chain.spot, TODAY)
        choice = recommend(chain.rows, wish)
        assert choice.pick is not None, symbol
        left = {check.rule: check.left for check in choice.checks}
        assert left["interest"] < left["spread"] <= left["days to expiry"], symbol


def test_a_contract_keeps_its_interest_while_prices_move() -> None:
    it = board()
    one = parse_key(at_the_money(it, "NVDA"))
    before = it.interest(one)
    it.market.step(Timestamp(START + 900.0))
    assert it.interest(one) == before
    assert min(before) > 100
    row = next(
        row for row in whole("NVDA").rows
        if (row.expiry, row.strike, row.right) == (one.expiry, float(one.strike or 0), one.right)
    )  # fmt: skip
    assert before == (row.open_interest, row.volume)


def test_a_window_cuts_days_strikes_and_rights() -> None:
    window = ChainWindow((30, 120), (0.9, 1.0), "P")
    chain = board().chain("QQQ", window)
    assert chain is not None
    every = [
        row for row in whole("QQQ").rows
        if 30 <= (row.expiry - TODAY).days <= 120 and row.right is Right.PUT
        and 0.9 * chain.spot <= row.strike <= chain.spot
    ]  # fmt: skip
    assert list(chain.rows) == every
    assert board().chain("TIP", WHOLE) is None
    assert board().chain("FORD", WHOLE) is None


def test_options_on_the_fund_cost_what_those_on_the_index_do() -> None:
    market = seeded_market(7, start=START)
    quotes = QuoteBoard(market, securities=SecurityBoard(market, 7))
    for strike in (500, 540, 570):
        index = quotes.quote(f"XSP 20251219 {strike} P")
        fund = quotes.quote(f"SPY 20251219 {strike} P")
        assert index.last == pytest.approx(fund.last, abs=0.02)


def test_vix_options_follow_a_forward_that_comes_back_and_expire_on_wednesdays() -> None:
    chain = whole("VIX")
    assert {row.expiry.weekday() for row in chain.rows} == {2}
    assert date(2025, 12, 17) in {row.expiry for row in chain.rows}
    near = [row.iv for row in chain.rows if row.expiry == date(2025, 12, 17)]
    far = [row.iv for row in chain.rows if row.expiry == max(row.expiry for row in chain.rows)]
    assert 0.8 < np.median(near) < 1.5
    assert np.median(far) < np.median(near)
    assert chain.spot == round(100 * board().market.iv30, 2)


def test_closed_hours_quote_nothing_and_say_until_when() -> None:
    it = board()
    it.market.step(Timestamp(START + 7 * 3_600))
    chain = it.chain("TAN", ChainWindow((30, 120), (0.9, 1.1)))
    assert chain is not None
    assert chain.rows
    assert all(math.isnan(row.bid) and math.isnan(row.ask) for row in chain.rows)
    assert chain.notes == ("closed until 2025-11-20T14:30:00.000Z (outside regular hours)",)


def test_a_tick_values_only_what_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    valued: list[int] = []
    honest = OptionModels.worth
    monkeypatch.setattr(
        OptionModels, "worth", lambda self, c: (valued.append(len(c.which)), honest(self, c))[1]
    )
    market = seeded_market(7, start=START)
    quotes = QuoteBoard(market)
    keys = [at_the_money(quotes.securities, one) for one in ("NVDA", "TLT", "VIX")]
    quotes.quotes(["XSP 20251219 540 C", "NVDA STK"])
    assert valued == []
    quotes.quotes(keys)
    quotes.greeks(keys)
    assert valued == [3]


def test_what_is_not_listed_has_neither_price_nor_greeks_and_stops_nothing() -> None:
    quotes = QuoteBoard(seeded_market(7, start=START))
    keys = ("FORD 20251219 10 C", "FORD STK", "NVDA STK", "TIP 20251219 100 P")
    told = {one.key: one.last for one in quotes.quotes(keys)}
    assert told == {keys[0]: None, keys[1]: None, keys[2]: NAMES["NVDA"].level, keys[3]: None}
    assert quotes.greeks(keys) == ()
    words = [quotes.refusal(parse_key(key)) for key in keys]
    assert words == [
        "no options on FORD are listed", "FORD STK is not listed", "",
        "no options on TIP are listed",
    ]  # fmt: skip
    assert "not listed" in quotes.refusal(parse_key("NVDA 20251219 131 C"))
