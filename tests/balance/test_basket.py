"""The basket: a book before and after, and hedges by what they cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain.balance.basket import Candidate, rank_hedges, typed, what_if
from hedgetui.domain.errors import DataError
from tests.balance.balance_stage import MARKET, option, share

BOOK = (share("SPY", 100), share("AAPL", 10))
PUT = option("SPY", "P", 1, 580)


def cvar(positions):
    """A stress that counts: every long line is worth 1,000, a put takes 400 away."""
    return sum(-400.0 if one.right else 1_000.0 * (one.quantity > 0) for one in positions)


def test_the_strip_before_and_after():
    seen = what_if(BOOK, [PUT], MARKET, cvar)
    assert seen.after.delta_per_pct < seen.before.delta_per_pct
    assert seen.before.theta == 0 > seen.after.theta
    assert (seen.before.counts.net, seen.after.counts.net) == (2, 1)
    assert seen.cvar_removed == 400


def test_without_a_stress_its_figure_is_unknown():
    seen = what_if(BOOK, [PUT], MARKET)
    assert seen.after.cvar is None
    assert seen.cvar_removed is None


def test_hedges_rank_by_dollars_per_cvar_removed():
    offered = [
        Candidate("useless", Decimal(1), (share("GLDM", 1),)),
        Candidate("dear", Decimal(400), (PUT,)),
        Candidate("two", Decimal(400), (PUT, PUT)),
        Candidate("also dear", Decimal(400), (PUT,)),
    ]
    rows = rank_hedges(BOOK, offered, cvar)
    assert [row.candidate.name for row in rows] == ["two", "also dear", "dear", "useless"]
    assert rows[0].dollars_per_cvar == pytest.approx(0.5)
    assert (rows[-1].cvar_removed, rows[-1].dollars_per_cvar) == (-1_000, None)
    assert rank_hedges(BOOK, reversed(offered), cvar) == rows


@pytest.mark.parametrize(
    ("text", "quantity", "side", "price"),
    [
        ("buy 2 SPY 2026-04-17 P 580 @ 9.50", 2, -1, 9.5),
        ("SELL 2 SPY260417P00580000", -2, 1, None),
        ("-10 nvda", -10, -1, None),
        ("10 NVDA @180", 10, 1, 180),
    ],
)
def test_a_typed_trade(text, quantity, side, price):
    trade = typed(text)
    assert (trade.quantity, trade.side, trade.price) == (quantity, side, price)


@pytest.mark.parametrize(
    "text",
    [
        "", "buy", "buy SPY", "buy 0 SPY", "1 SPY; rm", "1.2.3 SPY", "buy -1 SPY",
        # One thousand to one half of the world, one to the other.
        "1.000 SPY", "buy 1.000 SPY 2026-04-17 P 580",
        # Weekly series of an index are contracts of their own.
        "buy 1 NDXP 2025-12-19 C 20000", "buy 1 VIXW251210C00020000",
    ],
)  # fmt: skip
def test_what_is_no_trade_is_refused(text):
    with pytest.raises(DataError):
        typed(text)
