"""Recommendations, new exposure, the found contract and the basket as rows of one table.

A row knows how a ticket names it, so that `E`, `a` and `d` are about the row under the cursor and
nothing else. What cannot be sent has no mark in the second column; what is a guess says `est.`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hedgetui.domain.balance.advice import Action, Advice
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.instruments import Right
from hedgetui.domain.text import safe
from hedgetui.ports.balance import BalanceView, BasketItem, ChoiceView
from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens import balance_text as words
from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow

ADVICE_COLUMNS: tuple[Column, ...] = (
    Column("number", "#", 2, "right"),
    Column("sendable", "E", 1, priority=4),
    Column("kind", "Kind", 6, priority=1),
    Column("trade", "Recommendation", 34, flex=True),
    Column("why", "Why", 32, flex=True, priority=7),
    Column("payoff", "Payoff", 20, flex=True, priority=8),
    Column("cost", "Cost", 13, "right", priority=2),
    Column("effect", "ΔNet", 4, "right", priority=3),
)
"""At eighty columns Why and Payoff have left; they stand in the story of the chosen row."""

_Row = TypeVar("_Row", Advice, Growth)
Record = Advice | Growth | ChoiceView | BasketItem
_KIND_TONES = {Action.OFFSET: "accent", Action.REDUCE: "warn", Action.INSURE: "accent"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row, and how a command names it."""

    key: str
    """Says what the row is about, not where it stands: the cursor stays with its trade."""
    source: str
    """As in `PreviewTicket`: `advice`, `grow`, `recommend` or `basket`."""
    number: int
    """As in `PreviewTicket`."""
    record: Record
    plan: TicketPlan | None
    """What a ticket would send now; none where the row cannot be sent."""


def entries(view: BalanceView) -> tuple[Entry, ...]:
    """Return every row in the order it is shown."""
    found = _numbered("advice", _paired(view.advice, view.plans))
    found += _numbered("grow", _paired(view.growth, view.growth_plans))
    if view.choice is not None:
        found.append(Entry("recommend", "recommend", 0, view.choice, view.choice.plan))
    found += [
        Entry(f"basket:{one.number}", "basket", one.number, one, one.plan)
        for one in view.basket.items
    ]
    return tuple(found)


def _numbered(
    source: str, rows: Iterable[tuple[Advice | Growth, TicketPlan | None]]
) -> list[Entry]:
    """Return rows with their numbers, each under a key that its trade keeps when rows move."""
    found: list[Entry] = []
    seen: Counter[str] = Counter()
    for number, (row, plan) in enumerate(rows, 1):
        seen[row.trade] += 1
        key = f"{source}:{row.trade}:{seen[row.trade]}"
        found.append(Entry(key, source, number, row, plan))
    return found


def _paired(
    rows: tuple[_Row, ...], plans: tuple[TicketPlan | None, ...]
) -> list[tuple[_Row, TicketPlan | None]]:
    """Return every row with its plan; a row that the desk has no plan for has none."""
    return [(row, plans[at] if at < len(plans) else None) for at, row in enumerate(rows)]


def entry_row(entry: Entry, icons: IconSet) -> GridRow:
    """Return a row of the table."""
    match entry.record:
        case Advice() as advice:
            cells = _advice(advice, entry.plan)
        case Growth() as growth:
            cells = _growth(growth, entry.plan)
        case ChoiceView() as choice:
            cells = _choice(choice)
        case BasketItem() as item:
            cells = _basket(item)
    number = Cell(str(entry.number or 1), "muted", entry.number)
    mark = Cell(icons.tick if entry.plan is not None else "", "pos")
    return GridRow(entry.key, (number, mark, *cells))


def trade_words(record: Record, plan: TicketPlan | None) -> str:
    """Return the trade as it would be made now, or as it is meant while no contract is known."""
    match record:
        case Advice(quoted=quoted) if quoted is not None and quoted.quantity > 0:
            return f"BUY {quoted.quantity} {safe(quoted.contract, 40)}"
        case Advice():
            return safe(record.trade, 60) + _by_hand(record, plan)
        case Growth():
            return safe(record.trade, 60) if plan is None else plan_words(plan)
        case ChoiceView():
            return _choice_words(record)
        case BasketItem():
            return safe(record.title, 60)


def _by_hand(record: Advice, plan: TicketPlan | None) -> str:
    """Return what a trim would do: ` (SELL 1)`."""
    if record.action is not Action.REDUCE or plan is None:
        return ""
    return f" ({plan.steps[0].side} {plan.steps[0].quantity})"


def plan_words(plan: TicketPlan) -> str:
    """Return the orders of a plan without their limits: `BUY 1 SPY 20260417 600 C`."""
    return " / ".join(
        f"{one.side} {one.quantity} {safe(one.instrument_key, 40)}" for one in plan.steps
    )


def _choice_words(view: ChoiceView) -> str:
    pick, wish = view.choice.pick, view.wish
    if pick is None:
        asked = f"{safe(wish.ticker, 12)} {wish.direction.value} ${wish.budget:,.0f}"
        return f"nothing matched: {asked}"
    return f"BUY {pick.quantity} {safe(pick.label, 40)}"


def _cost_cell(value: Decimal, *, estimated: bool) -> Cell:
    text = words.cost(value)
    return Cell(f"{text} est." if estimated else text, "", float(value))


def _advice(row: Advice, plan: TicketPlan | None) -> tuple[Cell, ...]:
    note = safe(row.note, 80)
    why = f"{note}; {safe(row.why, 120)}" if note else safe(row.why, 160)
    cost = _cost_cell(row.cost, estimated=row.estimated)
    if note and plan is None and row.wanted is not None:  # a quote, and the money buys nothing
        cost = Cell(f"{words.cost(row.cost)} buys 0", "warn", float(row.cost))
    return (
        Cell(row.action.value, _KIND_TONES.get(row.action, "")),
        Cell(trade_words(row, plan)),
        Cell(why, "warn" if note and plan is None else ""),
        Cell(safe(row.payoff, 80)),
        cost,
        Cell(f"{row.effect:+d}" if row.effect else "0", "", row.effect),
    )


def _growth(row: Growth, plan: TicketPlan | None) -> tuple[Cell, ...]:
    real = plan is not None
    cost = plan.cost if plan is not None else row.allocation
    return (
        Cell("GROW", "pos"),
        Cell(trade_words(row, plan)),
        Cell(safe(row.why, 160)),
        Cell(safe(row.target, 60)),
        _cost_cell(cost, estimated=not real),
        Cell(words.NONE),
    )


def _choice(view: ChoiceView) -> tuple[Cell, ...]:
    pick = view.choice.pick
    if pick is None:
        why = f"first rule that left none: {safe(view.choice.reason, 40)}"
        return (Cell("PICK", "warn"), Cell(_choice_words(view), "warn"), Cell(why),
                Cell(words.NONE), Cell(words.NONE), Cell(words.NONE))  # fmt: skip
    delayed = "; quotes delayed" if view.delayed else ""
    why = f"δ {pick.delta:+.2f}, θ {pick.theta:+.2f}/day, spread {pick.spread:.0%}{delayed}"
    up = "+" if pick.right is Right.CALL else "-"
    return (
        Cell("PICK", "accent"),
        Cell(_choice_words(view)),
        Cell(why, "warn" if view.delayed else ""),
        Cell(f"{up}5% makes one {words.money(pick.value_after_move)}"),
        Cell(f"${pick.cost:,.2f}".removesuffix(".00"), "", pick.cost),
        Cell("+1" if pick.right is Right.CALL else "-1"),
    )


def _basket(item: BasketItem) -> tuple[Cell, ...]:
    plan = item.plan
    unknown = Cell(words.UNKNOWN, "unknown")
    cost = unknown if plan is None else _cost_cell(plan.cost, estimated=False)
    return (
        Cell("BASKET", "alarm"),
        Cell(f"{words.NOT_SENT}: {safe(item.title, 60)}", "alarm"),
        Cell(cvar_words(item), "" if plan is not None else "unknown"),
        Cell("d drops it"),
        cost,
        Cell(words.NONE),
    )


def cvar_words(item: BasketItem) -> str:
    """Return what a trade does for its money, as far as it is known."""
    if item.plan is None:
        return "no contract and price: in no figure"
    if item.cvar_removed is None:
        return "CVaR not known yet"
    if item.dollars_per_cvar is None:
        return f"takes no CVaR off ({words.money(-item.cvar_removed, sign=True)})"
    price = fmt.dollars(item.dollars_per_cvar, 2)
    return f"{price} per $ of CVaR, {words.money(item.cvar_removed)} off"
