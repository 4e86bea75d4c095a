"""The tables of the Balance screen as flat records, for a file."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.grow import Growth
from hedgetui.ports.balance import BalanceView, BasketItem, ChoiceView
from hedgetui.ui.screens.balance_rows import Entry, entries, plan_words, trade_words


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One row of recommendations, new exposure, the found contract or the basket."""

    source: str
    number: int
    kind: str
    trade: str
    why: str = ""
    payoff: str = ""
    cost: Decimal | float | None = None
    estimated: bool = False
    effect: int | None = None
    orders: str = ""
    """What a ticket would send; empty where it cannot be sent."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class UnderlyingRow:
    """What is held on one underlying."""

    symbol: str
    long_lines: int
    short_lines: int
    vol_lines: int
    delta_per_pct: float | None
    beta: float | None
    r2: float | None


def trade_rows(view: BalanceView) -> tuple[TradeRow, ...]:
    """Return every row of the table of trades."""
    return tuple(map(_trade_row, entries(view)))


def _trade_row(entry: Entry) -> TradeRow:
    trade = trade_words(entry.record, entry.plan)
    orders = "" if entry.plan is None else plan_words(entry.plan)
    about = entry.source, entry.number
    match entry.record:
        case Advice() as row:
            return TradeRow(*about, row.action.value, trade, row.why, row.payoff, row.cost,
                            row.estimated, row.effect, orders, row.note)  # fmt: skip
        case Growth() as row:
            cost = row.allocation if entry.plan is None else entry.plan.cost
            return TradeRow(*about, "GROW", trade, row.why, row.target, cost,
                            entry.plan is None, None, orders)  # fmt: skip
        case ChoiceView(choice=choice):
            paid = None if choice.pick is None else choice.pick.cost
            return TradeRow(*about, "PICK", trade, choice.reason, cost=paid, orders=orders)
        case BasketItem(plan=plan):
            price = None if plan is None else plan.cost
            return TradeRow(*about, "BASKET", trade, cost=price, orders=orders, note="not sent")


def underlying_records(view: BalanceView) -> tuple[UnderlyingRow, ...]:
    """Return every row of the table of underlyings."""
    return tuple(
        UnderlyingRow(row.symbol, row.counts.long_side, row.counts.short_side, row.counts.vol,
                      row.delta_per_pct, row.beta, row.r2)
        for row in view.underlyings
    )  # fmt: skip
