"""Rows of any broker: the right class, the right side, and a reason for what is no position."""

from __future__ import annotations

from datetime import date

import pytest

from hedgetui.domain.balance.counts import by_underlying, count
from hedgetui.domain.balance.positions import Kind, read_positions
from hedgetui.domain.balance.symbols import option_name
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Right
from tests.balance.balance_stage import book, one, why


@pytest.mark.parametrize(
    ("row", "kind", "side"),
    [
        ("AAPL,equity,10,,,,", Kind.EQUITY, 1),
        ("AAPL,equity,-10,,,,", Kind.EQUITY, -1),
        ("SPY,option,2,570,2026-01-16,P,", Kind.OPTION, -1),
        ("SPY,option,-2,570,2026-01-16,P,", Kind.OPTION, 1),
        ("SPY,option,2,570,2026-01-16,call,", Kind.OPTION, 1),
        ("SPY,option,-2,570,20260116,C,", Kind.OPTION, -1),
        ("ESZ5,future,-1,,,,", Kind.FUTURE, -1),
        ("/MESH26,,3,,,,", Kind.FUTURE, 1),
        ("EUR.USD,cash,20000,,,,", Kind.FX, 1),
        ("BTCUSD,,-0.5,,,,", Kind.FX, -1),
        ("VIXM,equity,50,,,,", Kind.VOL, 0),
        ("UVXY,equity,-50,,,,", Kind.VOL, 0),
        ("VIX,option,1,20,2026-01-21,C,", Kind.VOL, 0),
        ("/VXF6,future,1,,,,", Kind.VOL, 0),
        ("USD,cash,1000,,,,", Kind.OTHER, 0),
        ("912828XX,bond,1000,,,,", Kind.OTHER, 0),
    ],
)
def test_every_class_and_its_side(row, kind, side):
    found = one(row)
    assert (found.kind, found.side) == (kind, side)


@pytest.mark.parametrize(
    "symbol",
    [
        "SPY   251219P00530000",
        "SPY251219P00530000",
        ".SPY251219P530",
        "-SPY251219P530",
        "SPY 12/19/2025 530.00 P",
        "spy 19 Dec 25 530 p",
        "SPY DEC 19 2025 530 PUT",
        "SPY 20251219 530 P",
        "SPY 2025-12-19 P 530",
    ],
)
def test_one_option_in_the_spelling_of_every_broker(symbol):
    found = one(f"{symbol},,1,,,,")
    assert (found.underlying, found.kind, found.multiplier) == ("SPY", Kind.OPTION, 100)
    assert (found.expiry, found.right, found.strike) == (date(2025, 12, 19), Right.PUT, 530)


def test_an_occ_strike_is_in_thousandths():
    assert option_name("TAN 251219C00040500").strike == 40.5
    assert option_name("SPXW251219C06000000").underlying == "SPX"
    assert option_name("SPY 251341C00040500") is None  # the 41st of a 13th month


def test_columns_are_found_by_the_names_brokers_use():
    header = "Sec Type;Account;Ticker;Position;Put/Call;Expiration;Strike Price;marketPrice;Mult"
    found = one('OPT;U1;NVDA;"(1,200)";PUT;12/19/2025;$170;12.50;10', header)
    assert (found.symbol, found.quantity, found.side) == ("NVDA", -1200, 1)
    assert (found.strike, found.price, found.multiplier) == (170, 12.5, 10)


def test_a_side_column_signs_a_bare_quantity():
    header = "symbol,quantity,side"
    assert one("AAPL,10,short", header).quantity == -10
    assert one("AAPL,-10,SHORT", header).quantity == -10
    assert why("AAPL,-10,long", header) == "side: long, but the quantity is -10"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("AAPL,equity,ten,,,,", "quantity: 'ten' is not a number"),
        ("AAPL,equity,nan,,,,", "quantity: empty"),
        ("AAPL,equity,0,,,,", "quantity: 0 is no position"),
        (",equity,5,,,,", "symbol: empty"),
        ("AAPL,swap,5,,,,", "type: 'swap' is none of equity, option, future, fx"),
        ("SPY,option,1,,2026-01-16,P,", "strike: missing for an option"),
        ("SPY,option,1,570,soon,P,", "expiry: 'soon' is not a day"),
        ("SPY,option,1,-5,2026-01-16,P,", "strike: -5 is not above 0"),
        ("SPY,option,1,570,2026-01-16,X,", "right: 'X' is neither C nor P"),
        ("SPY251219P00530000,option,1,,,C,", "right: C contradicts the symbol, P"),
        ("SPY251219P00530000,equity,1,,,,", "type: equity, but SPY251219P00530000 names an option"),
        ("a,b,c,d,e,f,g,h", "8 cells, the header has 7"),
    ],
)
def test_a_row_that_is_no_position_says_why(row, reason):
    assert why(row) == reason


def test_a_bad_row_stops_nothing_and_keeps_its_line():
    read = book("AAPL,equity,1,,,,", '"open,equity,2', "", "Total,,,,,,", "MSFT,equity,1,,,,")
    assert [found.symbol for found in read.positions] == ["AAPL", "MSFT"]
    assert [bad.line for bad in read.unparsed] == [3, 5]


def test_foreign_text_in_a_complaint_cannot_move_the_cursor():
    assert "\x1b" not in why("AAPL,equity,\x1b[2J,,,,")


@pytest.mark.parametrize("lines", [[], ["\n"], ["a,b,c", "1,2,3"], ["symbol,type", "SPY,equity"]])
def test_a_file_without_symbols_or_quantities_is_refused(lines):
    with pytest.raises(DataError, match="line 1: "):
        read_positions(lines)


def test_the_vol_list_can_be_another():
    lines = ["symbol,quantity", "VIXY,1", "TAIL,1"]
    kinds = [found.kind for found in read_positions(lines, vol=("tail",)).positions]
    assert kinds == [Kind.EQUITY, Kind.VOL]


def test_a_future_nobody_knows_has_no_multiplier():
    assert one("/XYZZ5,future,1,,,,").multiplier is None
    assert one("/ESZ5,future,1,,,,").multiplier == 50


def test_an_option_on_shares_that_share_their_name_with_a_future_is_on_a_hundred():
    assert one("CL    260116C00090000,,1,,,,").multiplier == 100
    assert one("CL,option,1,60,2026-01-16,C,").multiplier == 1_000


def test_a_header_that_is_no_header_is_refused():
    with pytest.raises(DataError, match="line 1: field larger"):
        read_positions(["symbol,quantity," + "x" * 200_000, "SPY,1,"])


def test_lines_are_counted_and_not_contracts():
    positions = book(
        "SPY,equity,1000,,,,", "SPY,option,50,570,2026-01-16,P,", "SPY,option,-1,500,2026-01-16,P,",
        "QQQ,option,-9,500,2026-01-16,C,", "USD,cash,5,,,,", "VIXY,equity,5,,,,",
    ).positions  # fmt: skip
    counts = count(positions)
    assert (counts.puts, counts.short_puts, counts.calls, counts.short_calls) == (2, 1, 1, 1)
    assert (counts.long_side, counts.short_side, counts.net) == (2, 2, 0)
    assert (counts.vol, counts.other) == (1, 1)
    assert {name: found.net for name, found in by_underlying(positions).items()} == {
        "QQQ": -1,
        "SPY": 1,
    }
