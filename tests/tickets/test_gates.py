"""The gates for tickets: each lets a sound order pass and refuses the nearest bad one."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.balance.limits import TicketExposure, TicketLimits, cover
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import OrderType, Purpose, Side
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.risk import Denial, RiskContext, RiskLimits, Sent
from hedgetui.domain.units import Contracts, Timestamp

NOW = Timestamp(1_763_564_400.0)
CALL, HIGHER, SHARES = "SPY 20260220 580 C", "SPY 20260220 600 C", "NVDA STK"
NAN = math.nan


def order(**changes) -> od.OrderDraft:
    base = od.OrderDraft(
        Purpose.TICKET, CALL, Side.BUY, Contracts(2), OrderType.LIMIT, limit_price=Decimal("9.20"),
        trade_id="T1",
    )  # fmt: skip
    return replace(base, **changes)


def sale(**changes) -> od.OrderDraft:
    return order(side=Side.SELL, limit_price=Decimal("9.00"), **changes)


def trim(**changes) -> od.OrderDraft:
    return sale(purpose=Purpose.TRIM, **changes)


def shares(**changes) -> od.OrderDraft:
    known = {"quantity": Contracts(100), "limit_price": Decimal("180.02")}
    return order(instrument_key=SHARES, **(known | changes))


def context(key: str = CALL, **changes) -> RiskContext:
    bid, ask = (180.0, 180.02) if key == SHARES else (9.0, 9.2)
    base = RiskContext(
        now=NOW, limits=RiskLimits(), instrument=parse_key(key), latches=(), frozen=False,
        armed=True, enabled=False, link_ready=True, synced=True, venue_open=True, venue_reason="",
        account="DU1", expected_account="DU1", position=0, live=(),
        quote=Quote(key, NOW, bid, ask, bid), exposure=None, sent=(), day_pnl=0.0,
        margin_headroom=50_000.0, margin_change=2_000.0, live_money=False, strategy="ticket",
        ticket=TicketExposure(holding=5),
    )  # fmt: skip
    return replace(base, **changes)


def quoted(bid: float | None, ask: float | None, **changes) -> Quote:
    return Quote(CALL, changes.pop("at", NOW), bid, ask, **changes)


def sent(age: float = 60.0, worth: float = 2_000.0, **changes) -> Sent:
    base = Sent(Timestamp(NOW - age), Purpose.TICKET, HIGHER, Side.BUY, 1, worth, future=False)
    return replace(base, **changes)


def live(draft: od.OrderDraft, strategy: str = "ticket") -> od.Intent:
    return od.Intent("I1", "HT1.I1", 7, "DU1", strategy, draft, NOW, 1, 1, 0)


def code(draft: od.OrderDraft, ctx: RiskContext | None = None) -> str:
    found = risk.refusal(draft, ctx or context(draft.instrument_key))
    if found is None:
        return ""
    assert found.message
    return found.code.value


BOUGHT = TicketExposure(0, 0, {CALL: 2}, {CALL: 2})
"""The ticket has bought two calls, the account has them, and nothing is sold against them."""


def test_sound_orders_pass_every_gate_with_the_strategy_off() -> None:
    assert code(order()) == ""
    assert code(shares()) == ""
    assert code(trim()) == ""
    assert code(sale(instrument_key=HIGHER), context(HIGHER, ticket=BOUGHT)) == ""
    vix = order(instrument_key="VIX 20251217 20 C")
    assert code(vix, context("VIX 20251217 20 C")) == ""


REFUSED = {
    "a latch": (order(), {"latches": ("halt",)}, Denial.FROZEN),
    "a freeze, of a trim as well": (trim(), {"latches": ("x",), "frozen": True}, Denial.FROZEN),
    "disarmed": (order(), {"armed": False}, Denial.DISARMED),
    "no link": (order(), {"link_ready": False}, Denial.LINK),
    "truth not read": (order(), {"synced": False}, Denial.UNSYNCED),
    "its market closed": (order(), {"venue_open": False, "venue_reason": "shut"}, Denial.VENUE),
    "expired": (order(instrument_key="SPY 20251118 580 C"), {}, Denial.VENUE),
    "another account": (order(), {"account": "DU2"}, Denial.ACCOUNT),
    "too many contracts": (order(quantity=Contracts(21)), {}, Denial.QUANTITY),
    "half a contract": (order(quantity=1.5), {}, Denial.QUANTITY),
    "none": (order(quantity=Contracts(0)), {}, Denial.QUANTITY),
    "too many held": (order(), {"position": 99}, Denial.POSITION),
    "not measured": (order(), {"ticket": None}, Denial.PARITY),
    "sold and not covered": (sale(), {}, Denial.PARITY),
    "trims into a short": (trim(quantity=Contracts(6)), {}, Denial.PARITY),
    "trims the other way": (order(purpose=Purpose.TRIM), {}, Denial.PARITY),
    "trims the unknown": (trim(), {"ticket": TicketExposure(None)}, Denial.PARITY),
    "trims what is being trimmed": (trim(), {"ticket": TicketExposure(5, 4)}, Denial.PARITY),
    "limit far through the market": (order(limit_price=Decimal("10.20")), {}, Denial.COLLAR),
    "sale far under the market": (trim(), {"quote": quoted(12.0, 12.2)}, Denial.COLLAR),
    "no limit": (order(order_type=OrderType.MARKET, limit_price=None), {}, Denial.COLLAR),
    "limit of nothing": (order(limit_price=Decimal(0)), {}, Denial.COLLAR),
    "limit that is no number": (order(limit_price=Decimal("NaN")), {}, Denial.COLLAR),
    "a market too wide": (order(), {"quote": quoted(6.0, 9.2)}, Denial.COLLAR),
    "crossed": (order(), {"quote": quoted(9.3, 9.2)}, Denial.COLLAR),
    "no bid": (order(), {"quote": quoted(None, 9.2)}, Denial.NO_QUOTE),
    "no quote": (order(), {"quote": None}, Denial.NO_QUOTE),
    "old": (order(), {"quote": quoted(9.0, 9.2, at=Timestamp(NOW - 6))}, Denial.STALE),
    "delayed": (order(), {"quote": quoted(9.0, 9.2, data_type=DataType.DELAYED)}, Denial.DELAYED),
    "a day's worth": (order(), {"sent": (sent(worth=98_500.0),)}, Denial.DAY_NOTIONAL),
    "twice a moment later": (
        order(), {"sent": (sent(1.5, instrument_key=CALL, quantity=2),)}, Denial.DUPLICATE,
    ),
    "too many in a minute": (order(), {"sent": (sent(30.0),) * 10}, Denial.RATE),
    "one of it alive": (order(), {"live": (live(order()),)}, Denial.IN_FLIGHT),
    "the day's loss": (order(), {"day_pnl": -2_500.0}, Denial.LOSS),
    "a loss not known": (order(), {"day_pnl": None}, Denial.LOSS),
    "no margin": (order(), {"margin_headroom": 100.0}, Denial.MARGIN),
    "margin unknown, live": (
        order(), {"margin_headroom": None, "margin_change": None, "live_money": True},
        Denial.MARGIN,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_nearest_bad_order_is_refused(name: str) -> None:
    draft, changes, denial = REFUSED[name]
    assert code(draft, context(draft.instrument_key, **changes)) == denial.value


def test_shares_have_their_own_size_collar_and_are_never_sold_short() -> None:
    many = RiskLimits(tickets=TicketLimits(max_order_notional=1e9))
    assert code(shares(quantity=Contracts(500)), context(SHARES, limits=many)) == ""
    assert code(shares(quantity=Contracts(501)), context(SHARES, limits=many)) == "G3-quantity"
    assert code(shares(quantity=Contracts(140))) == "G8-notional"
    assert code(shares(limit_price=Decimal("181.80"))) == ""
    assert code(shares(limit_price=Decimal("182.00"))) == "G6-collar"
    short = shares(side=Side.SELL, limit_price=Decimal(180))
    assert code(short) == "G5-parity"
    kept = context(SHARES, ticket=TicketExposure(100, 0, {SHARES: 100}, {SHARES: 100}))
    assert code(short, kept) == "G5-parity"
    assert code(replace(short, purpose=Purpose.TRIM), kept) == ""


def test_tickets_trade_securities_and_nothing_of_the_book() -> None:
    for key in ("MES 202512", "XSP 20251219 540 C", "ZC 202603"):
        draft = order(instrument_key=key)
        assert code(draft, context(key, quote=Quote(key, NOW, 9.0, 9.2))) == "G5-parity"


def test_trims_pass_what_only_holds_openings_back() -> None:
    """A limit that traps a trader protects nobody: day's worth, rates, loss, margin, latches."""
    spent = tuple(sent(30.0, 90_000.0) for _ in range(60))
    ctx = context(sent=spent, day_pnl=None, margin_headroom=None, latches=("halt",))
    assert code(trim(), ctx) == ""
    covered_foreign = context(ticket=TicketExposure(5), position=-40)
    assert code(trim(quantity=Contracts(5)), covered_foreign) == ""
    short = context(ticket=TicketExposure(-3))
    assert code(order(purpose=Purpose.TRIM, quantity=Contracts(3)), short) == ""
    assert code(order(purpose=Purpose.TRIM, quantity=Contracts(4)), short) == "G5-parity"


def test_orders_of_others_are_counted_apart_from_tickets_and_theirs_from_them() -> None:
    others = tuple(sent(0.5, 1e7, purpose=Purpose.ENTRY) for _ in range(60))
    assert code(order(), context(sent=others)) == ""
    entry = order(purpose=Purpose.ENTRY, instrument_key="XSP 20251219 540 C")
    tickets = tuple(sent(0.5, 1e7) for _ in range(60))
    ctx = context(entry.instrument_key, sent=tickets, enabled=True)
    assert code(entry, ctx) == ""


COVERS = {
    "itself bought": ({CALL: 2}, {CALL: 2}, {}, HIGHER, 2),
    "half of it bought": ({CALL: 1}, {CALL: 1}, {}, HIGHER, 1),
    "held, but by another ticket": ({CALL: 9}, {}, {}, HIGHER, 0),
    "bought, but trimmed since": ({CALL: 1}, {CALL: 2}, {}, HIGHER, 1),
    "sold against already": ({CALL: 2, HIGHER: -1}, {CALL: 2}, {HIGHER: 1}, HIGHER, 1),
    "spoken for by another short": ({CALL: 2, HIGHER: -2}, {CALL: 2}, {}, HIGHER, 0),
    "a worse strike": ({HIGHER: 2}, {HIGHER: 2}, {}, CALL, 0),
    "an earlier day": (
        {"SPY 20260116 580 C": 2}, {"SPY 20260116 580 C": 2}, {}, HIGHER, 0,
    ),
    "a later day": ({"SPY 20260320 580 C": 2}, {"SPY 20260320 580 C": 2}, {}, HIGHER, 2),
    "a later day of VIX": (
        {"VIX 20260121 20 C": 2}, {"VIX 20260121 20 C": 2}, {}, "VIX 20251217 25 C", 0,
    ),
    "the other right": ({"SPY 20260220 580 P": 2}, {"SPY 20260220 580 P": 2}, {}, HIGHER, 0),
    "a put under it": (
        {"SPY 20260220 580 P": 2}, {"SPY 20260220 580 P": 2}, {}, "SPY 20260220 560 P", 2,
    ),
    "another name": ({"QQQ 20260220 580 C": 2}, {"QQQ 20260220 580 C": 2}, {}, HIGHER, 0),
    "shares": ({"SPY STK": 200}, {"SPY STK": 200}, {}, HIGHER, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", COVERS)
def test_only_what_the_ticket_bought_and_still_holds_covers_a_sale(name: str) -> None:
    held, bought, sold, key, most = COVERS[name]
    exposure = TicketExposure(0, 0, held, bought, sold)
    assert cover(exposure, parse_key(key)) == most
    ctx = context(key, ticket=exposure)
    fits = sale(instrument_key=key, quantity=Contracts(most or 1))
    assert code(fits, ctx) == ("" if most else "G5-parity")
    assert code(replace(fits, quantity=Contracts(most + 1)), ctx) == "G5-parity"


def test_a_wide_cheap_option_may_be_bought_through_its_spread() -> None:
    """An option at 0.50 / 0.70 is 33 % wide: traded, but no further than the collar's ticks."""
    wide = context(quote=quoted(0.50, 0.70))
    assert code(order(limit_price=Decimal("0.78")), wide) == ""
    assert code(order(limit_price=Decimal("0.79")), wide) == "G6-collar"
    assert (
        code(order(limit_price=Decimal("0.50")), context(quote=quoted(0.40, 0.70))) == "G6-collar"
    )


@pytest.mark.parametrize("bad", [NAN, math.inf, -1.0])
def test_no_number_that_is_none_ever_passes(bad: float) -> None:
    assert code(order(), context(quote=quoted(bad, 9.2)))
    assert code(order(), context(quote=quoted(9.0, bad)))
    assert code(order(), context(day_pnl=NAN)) == "G12-loss-limit"
    assert code(order(), context(margin_headroom=NAN)) == "G12-margin"
