"""The listed chain: what is listed, how it is quoted, and that greeks match the quotes."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from hedgetui.domain.instruments import XSP, Kind, Right, index, option, parse_key
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.simulation.chain import LONGEST_DTE, QuoteBoard, usual_listing, usual_strikes
from hedgetui.simulation.market import Market, MarketTerms, seeded_market

START = parse_utc("2025-11-19T14:31:00Z")
TODAY = date(2025, 11, 19)


@pytest.fixture
def market() -> Market:
    return seeded_market(7, start=START)


@pytest.fixture
def board(market: Market) -> QuoteBoard:
    return QuoteBoard(market)


def test_expiries_are_dailies_for_two_weeks_then_fridays():
    expiries = [expiry for expiry, _ in usual_listing(TODAY, 540.0)]
    assert expiries == sorted(set(expiries))
    assert all(0 <= (one - TODAY).days <= LONGEST_DTE for one in expiries)
    assert all(one.weekday() < 5 for one in expiries)
    assert {TODAY + timedelta(days=n) for n in (1, 2, 5, 14)} <= set(expiries)
    assert all(one.weekday() == 4 for one in expiries if (one - TODAY).days > 14)
    assert {date(2025, 12, 19), date(2026, 1, 16)} <= set(expiries)


def test_strikes_are_dense_near_the_money_and_cover_the_wings():
    strikes = usual_strikes(541.7)
    steps = np.diff(strikes)
    assert set(steps) == {1.0, 5.0}
    near = steps[(strikes[:-1] > 512) & (strikes[1:] < 570)]
    assert set(near) == {1.0}
    assert strikes[0] < 0.8 * 541.7
    assert strikes[-1] > 1.2 * 541.7
    assert usual_strikes(4.0)[0] >= 1


def test_every_quote_has_a_width_on_the_tick_and_wings_are_wider(board: QuoteBoard):
    chain = board.snapshot()
    assert chain.spot == pytest.approx(540.0)
    for expiry in chain.expiries:
        for right in Right:
            bid, ask = expiry.sides(right)
            quoted = ~np.isnan(bid)
            assert np.all(bid[quoted] >= 0.01)
            assert np.all(ask[quoted] >= bid[quoted] + 0.01 - 1e-9)
            assert np.allclose(np.round(ask * 100), ask * 100)
    month = next(one for one in chain.expiries if one.expiry == date(2025, 12, 19))
    mid = (month.put_bid + month.put_ask) / 2
    relative = (month.put_ask - month.put_bid) / mid
    by_strike = dict(zip(month.strikes.tolist(), relative.tolist(), strict=True))
    assert by_strike[540.0] < 0.03
    assert by_strike[540.0] < by_strike[500.0] < by_strike[460.0]


def test_put_call_parity_holds_within_the_width(board: QuoteBoard, market: Market):
    for expiry in board.snapshot().expiries:
        settles = option(XSP, expiry.expiry, 540, Right.CALL).expires_at
        years = (settles - START) / (365 * 86_400)
        forward = market.forward(settles) / 10
        parity = math.exp(-market.terms.rate * years) * (forward - expiry.strikes)
        assert np.all(parity <= expiry.call_ask - np.nan_to_num(expiry.put_bid) + 1e-9)
        assert np.all(parity >= np.nan_to_num(expiry.call_bid) - expiry.put_ask - 1e-9)


def test_a_single_quote_is_the_chains_own(board: QuoteBoard):
    chain = board.snapshot()
    for expiry in chain.expiries[::5]:
        for row in range(0, len(expiry.strikes), 17):
            for right in Right:
                key = option(XSP, expiry.expiry, float(expiry.strikes[row]), right).key
                bid, ask = (side[row] for side in expiry.sides(right))
                quote = board.quote(key)
                assert (quote.bid or math.nan) == pytest.approx(bid, abs=0.0101, nan_ok=True)
                assert quote.ask == pytest.approx(ask, abs=0.0101)


def test_greeks_are_in_the_units_of_the_port(board: QuoteBoard):
    call, put = board.greeks(["XSP 20251219 540 C", "MES 202512", "XSP 20251219 540 P"])
    assert 0.45 < call.delta < 0.6
    assert call.delta - put.delta == pytest.approx(1.0, abs=0.01)
    assert call.gamma == pytest.approx(put.gamma)
    assert 0.5 < call.vega < 0.7  # dollars of option price per vol point, 30 days at 540
    assert -0.3 < call.theta < -0.1  # per calendar day
    assert call.iv == pytest.approx(put.iv)
    assert call.iv == pytest.approx(0.15, abs=0.02)


def test_delta_says_how_the_quote_moves(board: QuoteBoard, market: Market):
    key = "XSP 20251219 530 P"
    (greeks,), before, level = board.greeks([key]), board.mark(key), market.level
    market.step(Timestamp(START + 60))
    moved = float(market.level - level) * 0.1
    assert abs(moved) > 0.01
    expected = greeks.delta * moved + 0.5 * greeks.gamma * moved**2
    assert float(board.mark(key) - before) == pytest.approx(expected, abs=0.15 * abs(moved) + 0.02)


def test_futures_are_the_quarters_with_carry_and_one_tick_wide(board: QuoteBoard, market: Market):
    months = board.futures("MES")
    assert [one.key for one in months] == ["MES 202512", "MES 202603", "MES 202606", "MES 202609"]
    near, far = (board.quote(one.key) for one in months[:2])
    assert near.ask is not None
    assert near.bid is not None
    assert far.bid is not None
    assert near.ask - near.bid == 0.25
    assert near.bid % 0.25 == 0
    assert far.bid > near.bid > market.level
    assert board.futures("NQ") == ()


def test_nothing_trades_outside_the_options_hours_but_marks_stay(board: QuoteBoard, market: Market):
    market.step(parse_utc("2025-11-19T21:20:00Z"))
    quote = board.quote("XSP 20251219 540 C")
    assert quote.bid is quote.ask is None
    assert quote.mark is not None
    assert np.all(np.isnan(board.snapshot().expiries[0].call_bid))
    assert board.quote("MES 202512").bid is not None


def test_an_expired_option_is_neither_listed_nor_quoted(board: QuoteBoard, market: Market):
    key = "XSP 20251119 540 C"
    assert board.snapshot().expiries[0].expiry == TODAY
    market.step(parse_utc("2025-11-19T21:00:00Z"))
    assert board.snapshot().expiries[0].expiry == TODAY + timedelta(days=1)
    assert board.quote(key).ask is None
    assert board.refusal(parse_key(key)) == "the option has expired"
    assert board.greeks([key])[0].gamma == 0.0


def test_settlement_is_intrinsic_value_to_the_cent(board: QuoteBoard, market: Market):
    spot = Decimal(str(market.level)) / 10
    call = option(XSP, date(2025, 12, 19), 530, Right.CALL)
    put = option(XSP, date(2025, 12, 19), 530, Right.PUT)
    assert board.settlement(call) == spot - 530
    assert board.settlement(put) == 0
    assert board.settlement(parse_key("MES 202512")) == Decimal(str(market.level))


def test_wider_scenarios_quote_wider():
    stressed = QuoteBoard(seeded_market(7, start=START, terms=MarketTerms(spread_factor=3.0)))
    calm = QuoteBoard(seeded_market(7, start=START))
    for key in ("XSP 20251219 540 C", "MES 202512"):
        wide, narrow = stressed.quote(key), calm.quote(key)
        assert wide.ask is not None
        assert wide.bid is not None
        assert narrow.ask is not None
        assert narrow.bid is not None
        assert wide.ask - wide.bid > 2 * (narrow.ask - narrow.bid)


def test_what_is_not_listed_is_refused_by_name(board: QuoteBoard):
    for key, words in (
        ("XSP 20251219 541.5 C", "not listed"),
        ("XSP 20270115 540 C", "not listed"),
        ("SPX 20251219 5400 C", "XSP options only"),
        ("MES 202712", "not listed"),
        (index("XSP").key, "it is an index"),
    ):
        assert words in board.refusal(parse_key(key))
    assert board.refusal(parse_key("XSP 20251219 540 P")) == ""
    assert board.quote("XSP").last == pytest.approx(540.0, abs=0.01)
    assert parse_key("XSP").kind is Kind.INDEX
