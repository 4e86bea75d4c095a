"""Lines of the account window as positions: what is weighed, and why something is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hedgetui.adapters.ibkr.held import AccountLine, account_line, holding
from hedgetui.adapters.ibkr.parse import Terms
from hedgetui.domain.balance.positions import Kind, Position, Unparsed
from hedgetui.domain.instruments import Right

SOURCE = "IBKR U•••4567"


def line(kind: str, symbol: str, quantity: float = 1, **more: object) -> AccountLine:
    """Return a line of the account; `more` is of its terms, or `local`, `price`, `value`."""
    own = {name: more.pop(name) for name in ("local", "price", "value") if name in more}
    return AccountLine(Terms(9, symbol, kind, **{"currency": "USD"} | more), quantity, **own)


def understood(one: AccountLine, key: str = "") -> Position:
    found = holding(one, key, SOURCE)
    assert not isinstance(found, Unparsed), found
    assert found.key == key
    return found.position


def put(**changes: str) -> AccountLine:
    terms = {"expiry": "20260220", "strike": "150.0", "right": "P", "multiplier": "100",
             "trading_class": "NVDA"}  # fmt: skip
    return line("OPT", "NVDA", -3, price=4.5, value=-1350.0, **(terms | changes))


def test_a_share_is_worth_its_mark():
    one = understood(line("STK", "BRK B", 12.5, price=480.0, value=6000.0), "BRK.B STK")
    assert (one.symbol, one.underlying, one.kind) == ("BRK.B", "BRK.B", Kind.EQUITY)
    assert (one.quantity, one.multiplier, one.price, one.source) == (12.5, 1.0, 480.0, SOURCE)


def test_an_option_is_marked_a_unit_and_counts_a_hundred():
    one = understood(put(), "NVDA 20260220 150 P")
    assert (one.symbol, one.underlying, one.kind) == (
        "NVDA 20260220 150 P", "NVDA", Kind.OPTION,
    )  # fmt: skip
    assert (one.strike, one.expiry, one.right) == (150.0, date(2026, 2, 20), Right.PUT)
    assert (one.quantity, one.multiplier, one.price) == (-3, 100, 4.5)


def test_a_small_or_weekly_option_is_weighed_without_a_name():
    assert understood(put(multiplier="10")).multiplier == 10
    weekly = replace(put(), terms=replace(put().terms, symbol="SPX", trading_class="SPXW"))
    assert understood(weekly).underlying == "SPX"


def test_volatility_is_told_from_direction():
    assert understood(line("STK", "VXX", 50, price=30.0)).kind is Kind.VOL
    call = replace(put(), terms=replace(put().terms, symbol="VIX", trading_class="VIXW"))
    assert (understood(call).kind, understood(call).right) == (Kind.VOL, Right.PUT)
    future = understood(line("FUT", "VIX", 2, multiplier="1000", local="VXZ5", price=19.0))
    assert (future.symbol, future.underlying, future.kind) == ("VXZ5", "VX", Kind.VOL)


def test_a_future_counts_its_dollars_a_point():
    es = line("FUT", "ES", -1, expiry="20251219", multiplier="50", local="ESZ5", price=6000.0,
              value=-300_000.0)  # fmt: skip
    one = understood(es)
    assert (one.symbol, one.underlying, one.kind, one.multiplier, one.price) == (
        "ESZ5", "ES", Kind.FUTURE, 50.0, 6000.0,
    )  # fmt: skip
    assert one.expiry == date(2025, 12, 19)
    cattle = replace(es, terms=replace(es.terms, symbol="LE", multiplier="40000"), price=210.0,
                     value=-84_000.0)  # fmt: skip
    assert understood(cattle).multiplier == pytest.approx(400)  # it is quoted in cents


@pytest.mark.parametrize("price", [4.25, 425.0], ids=["in dollars", "in cents"])
def test_a_grain_is_in_cents_whatever_its_mark_is_counted_in(price: float):
    corn = line("FUT", "ZC", 2, expiry="20251212", multiplier="5000", local="ZCZ5", price=price,
                value=42_500.0)  # fmt: skip
    one = understood(corn, "ZC 202512")
    assert (one.multiplier, one.price) == (50.0, pytest.approx(425.0))


@pytest.mark.parametrize(
    ("kind", "symbol", "currency", "pair"),
    [
        ("CASH", "EUR", "USD", "EURUSD"),
        ("CASH", "USD", "JPY", "USDJPY"),
        ("CASH", "EUR", "GBP", "EURGBP"),
        ("CRYPTO", "BTC", "USD", "BTCUSD"),
    ],
)
def test_currencies_are_pairs(kind: str, symbol: str, currency: str, pair: str):
    one = understood(line(kind, symbol, 20_000, currency=currency, price=1.08))
    assert (one.symbol, one.underlying, one.kind) == (pair, pair, Kind.FX)


def test_a_bond_is_worth_what_the_broker_says_and_is_no_direction():
    one = understood(line("BOND", "T", 10, local="T 4 1/4 11/15/34", price=98.5, value=9_850.0))
    assert (one.kind, one.multiplier) == (Kind.OTHER, 10.0)


def test_a_mark_that_is_missing_stays_unknown():
    assert understood(line("STK", "NVDA", 5)).price is None
    assert understood(line("STK", "NVDA", 5, price=0.0)).price is None
    assert understood(replace(put(), price=0.0)).price == 0.0


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (line("STK", "SAP", 10, currency="EUR"), "priced in EUR: only dollars are weighed"),
        (line("STK", "SAP", 10, currency=""), "its currency is not said"),
        (line("IND", "SPX"), "IND: an index cannot be held"),
        (line("NEWS", "BZ"), "NEWS: the security type is not known"),
        (put(trading_class="NVDA1"), "an adjusted option: NVDA1 delivers something else"),
        (put(strike="0.0"), "an option without strike, expiry or right"),
        (put(right="?"), "an option without strike, expiry or right"),
        (put(expiry=""), "an option without strike, expiry or right"),
        (put(multiplier=""), "its multiplier is not said"),
        (line("WAR", "ABC", 5), "an option without strike, expiry or right"),
        (line("FUT", "ES", 1, multiplier=""), "its multiplier is not said"),
        (line("FOP", "ZC", 1, expiry="20251121", strike="4.2", right="C", multiplier="5000"),
         "an option on a grain: the unit of its strike is not known"),
    ],
)  # fmt: skip
def test_what_cannot_be_weighed_says_why(one: AccountLine, why: str):
    found = holding(one, None, SOURCE)
    assert isinstance(found, Unparsed)
    assert found.why.startswith(why)
    assert one.terms.symbol in found.text


def test_a_message_that_is_cut_short_or_nonsense_is_none():
    fields = ["7", "8", "9", "NVDA", "STK", "", "0.0", "0", "", "NASDAQ", "USD", "NVDA", "NMS", "5",
              "130", "650", "120", "50", "0", "DU1234567"]  # fmt: skip
    account, found = account_line(fields)
    assert (account, found.quantity, found.price, found.value) == ("DU1234567", 5, 130, 650)
    assert found.terms == Terms(9, "NVDA", "STK", "", "0.0", "0", "", "NMS", "USD")
    assert account_line(fields[:-1]) is None
    assert account_line([*fields[:13], "many", *fields[14:]]) is None
    assert account_line([*fields[:14], "1.7976931348623157E308", *fields[15:]])[1].price is None
