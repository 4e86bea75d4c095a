"""The life of a trade, and its money to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import XSP, Right, option
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.pool import HedgeShare, rebook

EXPIRY = date(2025, 12, 19)
PUT = option(XSP, EXPIRY, 530, Right.PUT)
CALL = option(XSP, EXPIRY, 540, Right.CALL)
FIVE = Decimal(5)


def fill(leg, quantity, price, at=0.0, commission="0"):
    return st.OptionFill(leg.key, quantity, Decimal(price), at, Decimal(commission))


def opened(lots=1):
    trade = st.begin("T1", PUT, CALL, lots, 100.0)
    trade = st.apply_fill(trade, fill(PUT, lots, "2.00", 101.0))
    return st.apply_fill(trade, fill(CALL, lots, "2.50", 102.0))


def test_the_example_of_the_specification_to_the_cent():
    trade = opened()
    assert trade.cost == Decimal("450.00")
    share = HedgeShare()
    for contracts in (-2, 0):
        moved = rebook({"T1": share}, {"T1": contracts}, price=Decimal("6031.25"), multiplier=FIVE)
        share = HedgeShare(
            moved["T1"].contracts, moved["T1"].cash, share.fees + 2 * Decimal("0.25")
        )
    trade = st.begin_close(trade, 200.0)
    trade = st.apply_fill(trade, fill(PUT, -1, "2.20", 201.0))
    assert trade.state is st.TradeState.CLOSING
    trade = st.apply_fill(trade, fill(CALL, -1, "2.80", 202.0))
    assert (trade.state, trade.closed_at) == (st.TradeState.CLOSED, 202.0)
    ledger = st.ledger(trade, {}, share)
    assert ledger.options == Decimal("50.00")
    assert ledger.fees == Decimal("1.00")
    assert ledger.hedge == Decimal("0.00")
    assert ledger.net == Decimal("49.00")
    assert ledger.complete


def test_an_entry_opens_when_both_legs_are_complete():
    trade = st.begin("T1", PUT, CALL, 2, 100.0)
    for leg, quantity, state in (
        (PUT, 2, st.TradeState.ENTERING),
        (CALL, 1, st.TradeState.ENTERING),
        (CALL, 1, st.TradeState.OPEN),
    ):
        trade = st.apply_fill(trade, fill(leg, quantity, "1.00"))
        assert trade.state is state
    assert trade.call.average_price == Decimal("1.00")


def test_one_leg_alone_is_known_and_may_be_kept():
    trade = st.apply_fill(st.begin("T1", PUT, CALL, 1, 0.0), fill(PUT, 1, "2.00"))
    assert trade.single_leg
    kept = st.settle_entry(trade, 10.0)
    assert kept.state is st.TradeState.OPEN
    assert [leg.instrument for leg in kept.open_legs()] == [PUT]


def test_an_entry_with_nothing_filled_is_closed():
    trade = st.settle_entry(st.begin("T1", PUT, CALL, 1, 0.0), 10.0)
    assert (trade.state, trade.closed_at) == (st.TradeState.CLOSED, 10.0)
    assert st.begin_close(trade, 11.0) is trade
    assert st.begin_close(st.begin("T1", PUT, CALL, 1, 0.0), 5.0).state is st.TradeState.CLOSED


def test_a_late_fill_brings_a_closed_trade_back():
    trade = st.settle_entry(st.begin("T1", PUT, CALL, 1, 0.0), 10.0)
    trade = st.apply_fill(trade, fill(CALL, 1, "2.50", 11.0))
    assert (trade.state, trade.closed_at) == (st.TradeState.OPEN, None)
    assert not trade.flat


def test_a_fill_of_something_else_is_refused():
    other = option(XSP, EXPIRY, 550, Right.CALL)
    with pytest.raises(DataError, match="no leg of trade T1"):
        st.apply_fill(opened(), fill(other, 1, "1.00"))


def test_a_corrected_fill_leaves_no_trace():
    trade = st.begin("T1", PUT, CALL, 1, 0.0)
    wrong = fill(PUT, 1, "2.10", commission="0.65")
    trade = st.retract_fill(st.apply_fill(trade, wrong), wrong)
    assert trade == st.begin("T1", PUT, CALL, 1, 0.0)


def test_an_open_trade_is_marked_and_a_missing_mark_is_said():
    trade = st.charge(opened(2), Decimal("2.60"))
    marks = {PUT.key: Decimal("1.50"), CALL.key: Decimal("3.50")}
    ledger = st.ledger(trade, marks)
    assert (ledger.realised, ledger.unrealised) == (Decimal("0.00"), Decimal("100.00"))
    assert ledger.net == Decimal("97.40")
    partial = st.ledger(trade, {PUT.key: Decimal("1.50")})
    assert (partial.unrealised, partial.complete) == (Decimal("-100.00"), False)


@given(
    some.lists(
        some.tuples(some.booleans(), some.integers(1, 5), some.decimals("0.01", 30, places=2)),
        min_size=1,
        max_size=12,
    ),
    some.decimals("0.01", 30, places=2),
)
def test_realised_and_marked_profit_are_the_cash_and_the_value(fills, mark):
    trade = st.begin("T1", PUT, CALL, 99, 0.0)
    cash, held = Decimal(0), 0
    for buy, count, price in fills:
        signed = count if buy else -min(count, held)
        if signed:
            trade = st.apply_fill(trade, fill(PUT, signed, price))
            cash -= signed * price * 100
            held += signed
    ledger = st.ledger(trade, {PUT.key: mark})
    assert abs(ledger.options - (cash + held * mark * 100)) <= Decimal("0.01")


def test_the_average_exit_is_known_after_the_first_sale():
    trade = opened(2)
    assert trade.put.average_exit is None
    trade = st.apply_fill(trade, fill(PUT, -1, "2.20"))
    assert trade.put.average_exit == Decimal("2.20")
    assert st.settle_entry(trade, 9.0) is trade


def test_the_row_has_a_name():
    assert opened().name == "XSP 530P/540C 19Dec"
