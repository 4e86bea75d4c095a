"""Portfolios that stand still: the reference books, weighed and advised by the domain itself."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from hedgetui.domain.balance.advice import Advice, recommend
from hedgetui.domain.balance.basket import what_if
from hedgetui.domain.balance.grow import Growth, grow
from hedgetui.domain.balance.listing import Listing
from hedgetui.domain.balance.market import Beta, Market, with_book_prices
from hedgetui.domain.balance.positions import Book, read_positions
from hedgetui.domain.balance.quoting import (
    Line,
    instrument_of,
    offer,
    position_of,
    reduce,
)
from hedgetui.domain.balance.regime import Regime, given
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.domain.balance.wanted import Structure, Wanted
from hedgetui.domain.instruments import Right
from hedgetui.domain.orders import Side
from hedgetui.domain.pricing.black76 import price_one
from hedgetui.domain.recommend import ChainRow, Direction, Wish
from hedgetui.domain.recommend import recommend as pick
from hedgetui.domain.units import Timestamp
from hedgetui.engine.balance.reading import Reading
from hedgetui.engine.balance.weighing import weighed
from hedgetui.ports.balance import (
    BalanceView,
    BasketItem,
    BasketView,
    ChoiceView,
    SourceView,
    TicketView,
)
from hedgetui.ports.desk import Check, Preview
from hedgetui.ports.portfolio import Holding
from tests.ui.still_desk import FULL, NOW

TODAY = date(2025, 11, 19)
HEADER = "symbol,type,quantity,iv,price"
SHORT_BOOK = (
    "SPY,equity,20,,600", "SPY   270115P00570000,option,2,0.19,",
    "QQQ   270115P00500000,option,3,0.23,", "IWM   270115P00210000,option,1,0.24,",
    "HYG   270115P00078000,option,2,0.09,",
    "TLT   270115P00090000,option,1,0.15,",
)  # fmt: skip
"""The reference book that is over-hedged."""
_LONGS = {"AAPL": 250, "MSFT": 500, "NVDA": 180, "GOOGL": 280, "AMZN": 220}
LONG_BOOK = tuple(f"{name},equity,10,,{price}" for name, price in _LONGS.items())
MARKET = Market(
    TODAY,
    spots={"SPY": 600.0, "QQQ": 530.0, "IWM": 235.0, "HYG": 80.5, "TLT": 90.0, "NVDA": 180.0},
    betas={
        "QQQ": Beta(1.21, 0.91, 251), "IWM": Beta(1.12, 0.78, 251), "HYG": Beta(0.31, 0.55, 251),
        "TLT": Beta(-0.12, 0.02, 251), "AAPL": Beta(1.1, 0.6, 251), "MSFT": Beta(1.0, 0.65, 251),
        "NVDA": Beta(1.9, 0.52, 251), "GOOGL": Beta(1.05, 0.5, 251),
    },
    index_level=600.0,
    vix=14.9,
)  # fmt: skip
"""It knows no beta of AMZN."""
SOURCE = SourceView("SIM DU-SIM-01", 6, NOW)


@lru_cache(maxsize=16)
def listing(symbol: str, iv: float = 0.2) -> Listing:
    """Return a chain of one and three months, priced by one volatility."""
    spot, rows = MARKET.spots[symbol], []
    for days in (30, 91, 422):
        growth = math.exp(0.04 * days / 365)
        for step in range(-20, 21):
            strike = round(spot * (1 + step / 100))
            for right, sign in ((Right.CALL, 1), (Right.PUT, -1)):
                mid = price_one(spot * growth, strike, days / 365, iv, sign, 1 / growth)
                bid, ask = round(mid * 0.98, 2), round(mid * 1.02 + 0.01, 2)
                rows.append(
                    ChainRow(TODAY + timedelta(days), float(strike), right, bid, ask, 500.0)
                )
    return Listing(symbol, spot, tuple(rows), TODAY)


def planned(row: Advice, number: int, book: Book) -> tuple[Advice, TicketPlan | None]:
    """Return a recommendation with its quote and ticket, where the reference chain has one."""
    if row.reduces is not None:
        puts = [Line(one, one_key) for one in book.positions
                if (what := instrument_of(one)) is not None and (one_key := what.key)]  # fmt: skip
        found = reduce(row.reduces, puts, listing(row.reduces.underlying), Decimal(0))
    elif row.wanted is None or not row.cost or row.wanted.underlying not in MARKET.spots:
        return row, None
    else:
        found = offer(row.wanted, row.cost, listing(row.wanted.underlying))
    if not found.steps:
        return replace(row, note=found.note), None
    plan = TicketPlan(f"{row.action} {number}", row.why, "advice", found.steps)
    cost = row.cost if found.quoted is None else found.cost
    return replace(row, quoted=found.quoted, cost=cost, note=found.note), plan


def grown(row: Growth) -> TicketPlan | None:
    """Return the ticket of a new exposure, where the reference chain has one."""
    if row.wanted.underlying != "SPY":
        return None
    found = offer(row.wanted, row.allocation, listing("SPY"))
    return TicketPlan(row.trade, row.why, "grow", found.steps) if found.steps else None


def view_of(
    book: Book, market: Market = MARKET, *, nav: float | None = 100_000.0, budget: int = 500
) -> BalanceView:
    """Return a book as the desk shows it."""
    known = with_book_prices(market, book.positions)
    held = tuple(map(Holding, book.positions))
    at = weighed(Reading(NOW, held, book, known, nav, (SOURCE,)))
    rows = recommend(at.situation, Decimal(budget), 4)
    pairs = [planned(row, number, book) for number, row in enumerate(rows, 1)]
    return BalanceView(
        on=True, sources=(replace(SOURCE, lines=len(held)),), book=book, market=known, nav=nav,
        counts=at.counts, dollars=at.dollars, warning=at.warning, underlyings=at.underlyings,
        budget=Decimal(budget), most=4, advice=tuple(row for row, _ in pairs),
        plans=tuple(plan for _, plan in pairs), betas_at=Timestamp(NOW - 3_600),
    )  # fmt: skip


def book_of(*rows: str) -> Book:
    """Return a book from rows of a file."""
    return read_positions([HEADER, *rows], source="SIM DU-SIM-01")


SHORT = view_of(book_of(*SHORT_BOOK), budget=9_000)
LONG = view_of(book_of(*LONG_BOOK, "WHAT 1 2 3,option,1,,"))
"""Five shares; the delta of AMZN is not known, and one line is not understood."""
BALANCED = view_of(book_of("SPY,equity,20,,600", "TLT   270115P00090000,option,1,0.15,"))

HEDGE = TicketPlan(
    "BUY 1 SPY 20260218 600 C", "typed", "typed",
    (TicketStep("SPY 20260218 600 C", Side.BUY, 1, Decimal("26.70")),),
)  # fmt: skip
_LEG = replace(position_of(HEDGE.steps[0], SHORT.book.positions[1].kind), iv=0.2)
_WHAT_IF = what_if(SHORT.book.positions, (_LEG,), MARKET)
WAITING_BASKET = BasketView(
    (BasketItem(1, HEDGE.title, HEDGE), BasketItem(2, "QQQ 3M calls (ATM)", None)), _WHAT_IF,
    working=True, cost=HEDGE.cost,
)  # fmt: skip
RANKED_BASKET = BasketView(
    (BasketItem(1, HEDGE.title, HEDGE, 1_250.0, float(HEDGE.cost) / 1_250.0),),
    replace(_WHAT_IF, before=replace(_WHAT_IF.before, cvar=5_400.0),
            after=replace(_WHAT_IF.after, cvar=4_150.0)),
    cost=HEDGE.cost,
)  # fmt: skip

_WISH = Wish("NVDA", Direction.BULLISH, 500.0, 180.0, TODAY)
PICKED = pick(listing("NVDA", 0.4).rows, _WISH)
CHOICE = ChoiceView(
    _WISH, PICKED,
    TicketPlan("NVDA bullish", "30 delta", "recommend",
               offer(Wanted("NVDA", Structure.CALL, 30, (1.1, 1.12)), Decimal(500),
                     listing("NVDA", 0.4)).steps),
    NOW, delayed=True,
)  # fmt: skip
NO_CHOICE = ChoiceView(_WISH, pick((), _WISH), None, NOW)

TICKETS = (
    TicketView("ticket-2", NOW, "SPY 3M calls (ATM)", "working", 0, 1, "at 26.70"),
    TicketView("ticket-1", Timestamp(NOW - 600), "NVDA put spread", "part", 1, 2,
               "2 bought, the sale was refused: no bid"),
)  # fmt: skip

_REGIME = given(Regime.GOLDILOCKS, 14.9)
_GROWTH = grow(_REGIME, Decimal(9_000))
EVERYTHING = replace(
    SHORT, growth=_GROWTH, growth_plans=tuple(map(grown, _GROWTH)), regime=_REGIME, choice=CHOICE,
    basket=WAITING_BASKET, tickets=TICKETS,
)  # fmt: skip
TROUBLED = replace(
    LONG,
    sources=(SOURCE, SourceView("MT5 5021", 3, Timestamp(NOW - 90), "no answer for 60 s")),
    warning="⚠ count says BALANCED, dollars say NET SHORT",
    reading=True,
)  # fmt: skip

OVER_HEDGED = replace(FULL, balance=SHORT)
WITH_BASKET = replace(FULL, balance=EVERYTHING)
IN_TROUBLE = replace(FULL, balance=TROUBLED)

TICKET = Preview(
    preview_id="ticket-1", kind="ticket", title="BUY 1 SPY 20260218 600 C LMT 26.70",
    lines=(("cost", "$2,670 at the limit"),), checks=(Check("armed", ok=True, detail=""),),
    orders=(HEDGE.steps[0].describe(),), sendable=True, expires_at=Timestamp(NOW + 30),
)  # fmt: skip
