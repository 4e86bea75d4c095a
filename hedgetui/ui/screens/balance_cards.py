"""Cards of the Balance screen: all numbers of a row, of an underlying, and what was not read."""

from __future__ import annotations

from collections.abc import Sequence

from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.dollars import LineDollars
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.wanted import Quoted
from hedgetui.domain.text import safe
from hedgetui.ports.balance import BalanceView, BasketItem, ChoiceView, UnderlyingView
from hedgetui.ui.screens import balance_text as words
from hedgetui.ui.screens.balance_detail import NO_PLAN, about, paid
from hedgetui.ui.screens.balance_rows import Entry, trade_words
from hedgetui.ui.screens.balance_under import UNPARSED

_CARD_LINES = 400


def entry_card(entry: Entry, view: BalanceView) -> list[tuple[str, str]]:
    """Return everything known of a row, for the details card."""
    pairs = [("trade", trade_words(entry.record, entry.plan))]
    if isinstance(entry.record, Advice | Growth):
        pairs.append(("means", entry.record.trade))
    pairs += [pair for pair in about(entry) if pair[0] != "why none"]
    pairs += _money_rows(entry)
    if entry.plan is None:
        pairs.append(("ticket", NO_PLAN))
    else:
        pairs += [("ticket" if number == 0 else "then", one.describe())
                  for number, one in enumerate(entry.plan.steps)]  # fmt: skip
        pairs.append(("", f"At its limits it {paid(entry.plan)}."))
    if isinstance(entry.record, ChoiceView):
        pairs += [("rule", f"{one.rule}, {one.wanted}: {one.passed} pass, {one.left} left"
                   + (f"; nearest {one.nearest}" if one.nearest else ""))
                  for one in entry.record.choice.checks]  # fmt: skip
    if isinstance(entry.record, Growth) and view.regime is not None:
        pairs.append(("regime", f"{view.regime.regime.value}: {view.regime.why}"))
        pairs += [("", one.words) for one in view.regime.inputs]
    return pairs


def _money_rows(entry: Entry) -> list[tuple[str, str]]:
    match entry.record:
        case Advice() as row:
            word = " est., a share of the budget" if row.estimated else ""
            pairs = [("cost", f"{words.cost(row.cost)}{word}")]
            pairs += [] if row.quoted is None else _quote_rows(row.quoted)
            return [*pairs, ("Δ lines", f"{row.effect:+d}" if row.effect else "0")]
        case Growth() as row:
            return [("allocation", f"{words.cost(row.allocation)}, {row.share_pct} % of budget")]
        case BasketItem(plan=plan) if plan is not None:
            return [("cost", words.cost(plan.cost))]
    return []


def _quote_rows(quoted: Quoted) -> list[tuple[str, str]]:
    greeks = [(name, value) for name, value in (("δ", quoted.delta), ("θ", quoted.theta),
              ("vega", quoted.vega))]  # fmt: skip
    said = ", ".join(f"{name} {words.UNKNOWN if value is None else f'{value:+.3f}'}"
                     for name, value in greeks)  # fmt: skip
    bid, ask = (words.UNKNOWN if one is None else f"{one}" for one in (quoted.bid, quoted.ask))
    contract = safe(quoted.contract, 40)
    return [
        ("quote", f"{contract} at {quoted.price}, bid {bid}, ask {ask}"),
        ("greeks", f"{said} for one"),
        ("one costs", f"${quoted.unit_cost:,.2f}, the money buys {quoted.quantity}"),
    ]


def underlying_card(row: UnderlyingView, view: BalanceView) -> list[tuple[str, str]]:
    """Return every line held on an underlying with its greeks, or why they are not known."""
    beta, vol = words.UNKNOWN if row.beta is None else f"{row.beta:.3f}", f"vol {row.counts.vol}"
    sure = "given" if row.r2 is None else f"R² {row.r2:.2f}"
    spot = None if view.market is None else view.market.spots.get(row.symbol)
    pairs = [
        ("lines", f"long {row.counts.long_side}, short {row.counts.short_side}, {vol}"),
        ("Δ per +1%", words.money(row.delta_per_pct, sign=True)),
        ("beta", beta if row.beta is None else f"{beta}, {sure}"),
        ("price", words.UNKNOWN if spot is None else f"{spot:,.2f}"),
    ]  # fmt: skip
    held = [] if view.dollars is None else [
        one for one in view.dollars.lines if one.position.underlying == row.symbol
    ]  # fmt: skip
    for one in held[:_CARD_LINES]:
        pairs += [("", ""), *line_rows(one)]
    if len(held) > _CARD_LINES:
        pairs.append(("", f"and {len(held) - _CARD_LINES} more"))
    return pairs


def line_rows(one: LineDollars) -> list[tuple[str, str]]:
    """Return one line of the book: what is held, what it is worth, its greeks."""
    held = one.position
    price = words.UNKNOWN if held.price is None else f"{held.price:,.2f}"
    where = f", {safe(held.source, 24)}" if held.source else ""
    money = words.money
    figures = (
        f"Δ {money(one.delta_per_pct, sign=True)} per +1%, "
        f"Γ {money(one.gamma_per_pct, sign=True)}, Θ {money(one.theta, sign=True)}/day, "
        f"vega {money(one.vega, sign=True)}, extrinsic {money(one.extrinsic)}, "
        f"value {money(one.value)}"
    )
    pairs = [
        (f"{held.quantity:+,g}", f"{safe(held.symbol, 40)} at {price}, {held.kind.value}{where}"),
        ("", figures),
    ]
    return [*pairs, ("not known", safe(one.unknown, 120))] if one.unknown else pairs


def unparsed_card(view: BalanceView) -> list[tuple[str, str]]:
    """Return the lines that are in no figure, each with its reason."""
    pairs = [("", "These lines could not be read and are in no figure.")]
    for one in view.book.unparsed[:_CARD_LINES]:
        label = f"line {one.line}" if one.line else UNPARSED
        pairs += [(label, safe(one.text, 80)), ("", safe(one.why, 120))]
    return pairs


def card_title(entry: Entry) -> str:
    """Return the heading of a row's card."""
    names: Sequence[tuple[type, str]] = ((Growth, "GROW"), (ChoiceView, "PICK"),
                                         (BasketItem, f"BASKET, {words.NOT_SENT}"))  # fmt: skip
    if isinstance(entry.record, Advice):
        return f"{entry.record.action.value} {entry.number}"
    return next(name for kind, name in names if isinstance(entry.record, kind))
