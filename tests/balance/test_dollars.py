"""Dollars beside lines: beta-weighted, revalued on a crash, and unknown where something is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from hedgetui.domain.balance.closes import betas, measured_beta, read_closes
from hedgetui.domain.balance.counts import Bias
from hedgetui.domain.balance.dollars import disagreement, in_dollars
from hedgetui.domain.balance.market import Beta, with_book_prices
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.errors import DataError
from tests.balance.balance_stage import MARKET, at, books, closes_lines, one, option, share


def test_delta_is_weighted_with_beta_and_price():
    dollars = in_dollars([share("NVDA", 10)], MARKET)
    assert dollars.delta_per_pct == pytest.approx(10 * 180 * 1.8 * 0.01)
    assert dollars.delta_per_point == pytest.approx(10 * 1.8 * 180 / 600)
    assert (dollars.gamma_per_pct, dollars.theta, dollars.extrinsic) == (0, 0, 0)


def test_the_index_has_beta_1_in_every_form_but_only_while_it_is_the_index():
    future = one("ESH6,future,1,,,,")
    assert MARKET.beta(future) == Beta(1.0, 1.0)
    assert replace(MARKET, index="IWM").beta(future) is None
    assert replace(MARKET, index="IWM").beta(share("IWM", 1)) == Beta(1.0, 1.0)


def test_shares_and_a_future_of_one_name_have_a_price_and_a_beta_each():
    crude, colgate = one("CLG6,future,1,,,,60"), one("CL,equity,100,,,,90")
    call, eversource = one("CL 260116C00090000,,2,,,,1.5"), one("ES,equity,10,,,,65")
    known = with_book_prices(MARKET, (crude, colgate, call, eversource))
    assert [known.spot(line) for line in (crude, colgate, call)] == [60, 90, 90]
    known = replace(known, betas={"CL": Beta(0.5), "CL STK": Beta(0.4)})
    dollars = {
        line.position.symbol: line.delta_per_pct
        for line in in_dollars((crude, colgate, eversource), known).lines
    }
    assert dollars["CLG6"] == pytest.approx(1_000 * 60 * 0.5 / 100)
    assert dollars["CL"] == pytest.approx(100 * 90 * 0.4 / 100)
    assert dollars["ES"] is None


def test_an_option_that_is_held_decays_and_one_that_is_sold_earns():
    held = in_dollars([option("SPY", "P", 2, 580)], MARKET)
    sold = in_dollars([option("SPY", "P", -2, 580)], MARKET)
    assert held.delta_per_pct < 0 < held.gamma_per_pct
    assert held.theta < 0 < held.vega
    assert held.decay == held.theta
    assert sold.decay == 0
    for name in ("delta_per_pct", "gamma_per_pct", "theta", "vega", "extrinsic", "crash"):
        assert getattr(sold, name) == pytest.approx(-getattr(held, name))


def test_gamma_is_what_another_percent_adds_to_delta():
    put = option("QQQ", "P", 3, 520)
    up = replace(MARKET, spots={"QQQ": 530 * (1 + 1e-4 * 1.2)})
    here, there = in_dollars([put], MARKET), in_dollars([put], up)
    # The dollar delta also grows with the price itself, which gamma leaves out.
    grown = there.delta_per_pct / (1 + 1e-4 * 1.2) - here.delta_per_pct
    assert grown / 1e-2 == pytest.approx(here.gamma_per_pct, rel=1e-2)


def test_a_price_gives_the_volatility_that_it_implies():
    by_vol = option("SPY", "P", 1, 580, 0.22)
    worth = in_dollars([by_vol], MARKET)
    by_price = replace(by_vol, iv=None, price=worth.value / 100)
    assert in_dollars([by_price], MARKET).vega == pytest.approx(worth.vega, rel=1e-6)


def test_an_unknown_line_makes_the_total_unknown_and_says_why():
    dollars = in_dollars([share("SPY", 10), share("GLDM", 5)], MARKET)
    assert dollars.delta_per_pct is None
    assert dollars.bias is None
    assert dollars.known_delta_per_pct == pytest.approx(60)
    assert [line.unknown for line in dollars.unknown] == ["no price of GLDM"]


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        (share("GLDM", 1, 50.0), "no beta for GLDM"),
        (option("SPY", "P", 1, 580, None), "no price and no volatility: SPY 580 P"),
        (
            replace(option("SPY", "P", 1, 580, None), price=1e6),
            "its price implies no volatility: SPY 580 P",
        ),
        (
            replace(option("SPY", "P", 1, 580), expiry=MARKET.today.replace(year=2025)),
            "SPY 580 P expired on 2025-01-05",
        ),
        (replace(share("SPY", 1), multiplier=None), "no multiplier for SPY"),
        (replace(share("EURGBP", 1, 0.85), kind=Kind.FX), "EURGBP is not priced in dollars"),
    ],
)
def test_what_is_missing_is_named(position, reason):
    dollars = in_dollars([position], with_book_prices(MARKET, [position]))
    assert [line.unknown for line in dollars.unknown] == [reason]
    assert dollars.delta_per_pct is None


def test_vol_stands_apart_unless_its_beta_is_known():
    vixm = Position("VIXM", "VIXM", Kind.VOL, 50, price=15.0)
    assert in_dollars([vixm, share("SPY", 1)], MARKET).delta_per_pct == pytest.approx(6)
    known = replace(MARKET, betas={"VIXM": Beta(-2.0)}, spots={"SPY": 600.0, "VIXM": 15.0})
    assert in_dollars([vixm, share("SPY", 1)], known).delta_per_pct == pytest.approx(6 - 15)


def test_a_share_in_the_book_prices_the_options_on_it():
    put = option("HYG", "P", 1, 78)
    book = (share("HYG", 100, 80.0), put)
    market = replace(MARKET, betas={"HYG": Beta(0.4)})
    assert in_dollars([put], with_book_prices(market, book)).unknown == ()


def test_yen_per_dollar_counts_in_dollars():
    pair = replace(share("USDJPY", 20_000, 155.0), kind=Kind.FX, beta=1.0)
    assert in_dollars([pair], with_book_prices(MARKET, [pair])).delta_per_pct == pytest.approx(200)


def test_count_and_dollars_disagree_over_five_small_longs_and_one_huge_put():
    longs = [share(name, 1) for name in ("AAPL", "NVDA", "QQQ", "SPY")]
    book = at(*longs, option("SPY", "P", 100, 620), option("SPY", "P", 1, 500), share("SPY", -1))
    assert book.counts.bias is Bias.BALANCED
    assert book.dollars.bias is Bias.SHORT
    words = disagreement(book.counts.bias, book.dollars.bias)
    assert words == "⚠ count says BALANCED, dollars say NET SHORT"
    assert disagreement(Bias.LONG, None) == ""


@given(books)
def test_the_order_of_rows_changes_no_dollar(positions):
    there, back = at(*positions).dollars, at(*reversed(positions)).dollars
    assert replace(there, lines=()) == replace(back, lines=())


def test_betas_are_measured_on_daily_returns_with_their_r2():
    closes = read_closes(closes_lines({"SPY": 1.0, "NVDA": 1.8, "TLT": -0.3}, 250))
    found = betas(closes, ["NVDA", "TLT", "XXX"], "SPY")
    assert found["NVDA"].beta == pytest.approx(1.8, abs=0.1)
    assert found["TLT"].beta == pytest.approx(-0.3, abs=0.1)
    assert found["NVDA"].r2 > 0.9 > found["TLT"].r2
    assert (found["NVDA"].days, "XXX" in found) == (249, False)


def test_a_beta_needs_120_returns():
    lines = closes_lines({"SPY": 1.0, "NVDA": 1.8}, 121)
    assert measured_beta(read_closes(lines), "NVDA", "SPY").days == 120
    assert measured_beta(read_closes(lines[:-1]), "NVDA", "SPY") is None


def test_closes_may_come_as_rows_of_date_symbol_close():
    closes = read_closes(["date,symbol,close", "2026-01-05,spy,600", "2026-01-06,SPY,606"])
    assert closes.last("SPY") == 606


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-01-05,-1", "line 2: SPY: close: -1 is not above 0"),
        ("today,600", "line 2: column date: 'today' is not a day"),
        ("2026-01-05,600,1", "line 2: 3 cells, the header has 2"),
    ],
)
def test_a_wrong_close_is_refused_with_its_line(row, reason):
    with pytest.raises(DataError, match=reason):
        read_closes(["date,SPY", row])


def test_an_option_on_a_future_has_its_multiplier():
    assert one("ES,option,1,6000,2026-03-20,P,").multiplier == 50


def test_a_file_that_is_no_table_of_closes_is_refused():
    with pytest.raises(DataError, match="closes line 2: field larger"):
        read_closes(["date,SPY", '2026-01-05,"' + "1" * 200_000])
