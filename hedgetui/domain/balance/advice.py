"""Recommendations: what would offset, reduce or insure a book, within a budget.

The rules are fixed and so is their order, so that the same book gets the same answer on any day, in
whatever order its lines come. Underlyings rank by the size of their beta-weighted delta, unknown
ones last, then by name. A cost is a share of the budget until a quote makes it real (`quoting`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final

from hedgetui.domain.balance.counts import Bias, Counts
from hedgetui.domain.balance.dollars import Dollars, LineDollars
from hedgetui.domain.balance.market import INDEX
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.balance.wanted import Held, Quoted, Reduction, Structure, Wanted
from hedgetui.domain.instruments import Right

DEFAULT_BUDGET: Final = Decimal(500)
DEFAULT_MOST: Final = 3
MARKET: Final = "SPY"
"""What stands for the market in a trade."""
VIX_VERY_CHEAP, VIX_CHEAP, VIX_DEAR = 15.0, 18.0, 25.0
DECAY_LIMIT: Final = 0.001
"""Share of the NAV that held options may lose a day before it is said."""
_CENT = Decimal("0.01")


class Action(StrEnum):
    """What a row does for the book."""

    OFFSET = "OFFSET"
    REDUCE = "REDUCE"
    INSURE = "INSURE"
    HOLD = "HOLD"
    """Nothing: the book is balanced."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommendation."""

    action: Action
    trade: str
    why: str
    payoff: str
    """What has to happen for it to pay."""
    share_pct: int = 0
    """Of the budget."""
    effect: int = 0
    """Net lines that it adds to the long side."""
    wanted: Wanted | None = None
    """The trade for a ticket; none where there is nothing to buy."""
    cost: Decimal = Decimal(0)
    """Dollars, whole cents."""
    quoted: Quoted | None = None
    """A real contract and its price; none while the cost is an estimate."""
    note: str = ""
    reduces: Reduction | None = None
    """What it makes smaller; none where it buys something."""

    @property
    def estimated(self) -> bool:
        """Whether the cost is a share of the budget and not a quote."""
        return self.quoted is None and self.cost > 0


@dataclass(frozen=True, slots=True)
class Situation:
    """What recommendations follow from."""

    positions: tuple[Position, ...]
    counts: Counts
    dollars: Dollars
    vix: float | None = None
    nav: float | None = None
    """Dollars; the market value of the lines where nobody says more."""


def recommend(
    at: Situation, budget: Decimal = DEFAULT_BUDGET, most: int = DEFAULT_MOST
) -> tuple[Advice, ...]:
    """Return at most `most` recommendations whose costs never add up to more than `budget`.

    Raises:
        ValueError: the budget is negative or not finite, or `most` is below 1.
    """
    if not budget.is_finite() or budget < 0 or most < 1:
        raise ValueError(f"budget {budget}, most {most}")
    rules = {Bias.SHORT: _for_short, Bias.LONG: _for_long, Bias.BALANCED: _for_balanced}
    rows = rules[at.counts.bias](at)
    if (sentence := crash_sentence(at)) and rows:
        rows[0] = replace(rows[0], why=f"{rows[0].why}; {sentence}")
    return _within(rows[:most], budget)


def _within(rows: Sequence[Advice], budget: Decimal) -> tuple[Advice, ...]:
    """Give every row its share, rounded down to cents, while the budget lasts."""
    left = budget.quantize(_CENT, ROUND_DOWN)
    kept: list[Advice] = []
    for row in rows:
        share = (budget * row.share_pct / 100).quantize(_CENT, ROUND_DOWN)
        cost = min(share, left)
        if row.share_pct and not cost:
            continue
        left -= cost
        kept.append(replace(row, cost=cost))
    return tuple(kept)


def with_quotes(
    rows: Iterable[Advice], quote: Callable[[Wanted, Decimal], Quoted | None]
) -> tuple[Advice, ...]:
    """Return the rows with real contracts where `quote` finds some for (trade, dollars to spend).

    A quote that costs more than the row may spend is not taken: budgets hold whatever a chain says.
    """
    return tuple(_with_quote(row, quote) for row in rows)


def _with_quote(row: Advice, quote: Callable[[Wanted, Decimal], Quoted | None]) -> Advice:
    found = quote(row.wanted, row.cost) if row.wanted is not None and row.cost > 0 else None
    if found is None:
        return row
    if found.quantity < 1:
        return replace(row, note=f"one {found.contract} costs ${found.unit_cost:,.2f}")
    if found.cost > row.cost:
        return replace(row, note=f"the quote costs ${found.cost:,.2f}")
    return replace(row, quoted=found, cost=found.cost)


def _for_short(at: Situation) -> list[Advice]:
    puts = ranked(at, lambda one: one.right is Right.PUT and one.quantity > 0)
    others = [name for name in ranked(at, lambda one: one.side < 0) if name not in puts]
    targets = puts + others
    lines = f"short side {at.counts.short_side} against {at.counts.long_side}"
    rows: list[Advice] = []
    if targets:
        first = _traded(targets[0])
        held = "puts" if puts else "a short side"
        rows.append(
            Advice(
                Action.OFFSET,
                f"{first} 3M calls (ATM or slight OTM)",
                f"{lines}: you hold {held} on {targets[0]}",
                f"{first} rises",
                35,
                1,
                Wanted(first, Structure.CALL, 90, (1.0, 1.02)),
            )
        )
    rows.append(
        Advice(
            Action.OFFSET,
            f"{MARKET} shares or {MARKET} 3M calls (ATM)",
            f"{lines}: the market lifts the whole book",
            f"{MARKET} rises",
            30,
            1,
            Wanted(MARKET, Structure.SHARES_OR_CALL, 90, (1.0, 1.0)),
        )
    )
    if targets:
        rows.append(_trim(at, targets[min(1, len(targets) - 1)]))
    return rows


def _traded(name: str) -> str:
    """Return what offsets an underlying: itself, or the fund of the index for all its forms."""
    return MARKET if name in INDEX else name


def _names(ranks: Sequence[str]) -> list[str]:
    """Return what offsets each underlying, each once, in the same order."""
    return list(dict.fromkeys(map(_traded, ranks)))


def _trim(at: Situation, name: str) -> Advice:
    """The REDUCE row of a book that leans short; what its protection costs a day is said there."""
    held = {_word(one) for one in at.positions if one.underlying == name and one.side < 0}
    word = next((word for word in ("puts", "calls", "short") if word in held), "puts")
    verb, what = {
        "puts": ("Trim", f"{name} puts"),
        "calls": ("Buy back", f"short {name} calls"),
        "short": ("Cover", f"short {name}"),
    }[word]
    why = "over-hedged: less protection costs nothing"
    if sentence := decay_sentence(at):
        why = f"{why}; {sentence}"
    payoff = f"{name} rises or stands still"
    row = Advice(Action.REDUCE, f"{verb} {what} by 30-50%", why, payoff, 0, 0)
    return replace(row, reduces=Reduction(name, Held(word), 30, 50))


def _word(one: Position) -> str:
    if one.right is Right.PUT:
        return "puts"
    return "calls" if one.right is Right.CALL else "short"


def _for_long(at: Situation) -> list[Advice]:
    lines = f"long side {at.counts.long_side} against {at.counts.short_side}"
    called = _names(ranked(at, lambda one: one.right is Right.CALL and one.side > 0))
    shares = _names(ranked(at, lambda one: one.right is None and one.side > 0))
    rest = [name for name in _names(ranked(at, lambda one: one.side > 0)) if name not in shares]
    rows = (
        [_put_spread(called[0], f"{lines}: your {called[0]} calls have no floor")] if called else []
    )
    longs = [name for name in shares + rest if name not in called[:1]]
    for place, name in enumerate(longs[:2]):
        why = f"{lines}: {name} is long number {place + 1}"
        rows.append(_put_spread(name, why) if place else _puts(name, why))
    if MARKET not in longs[:1]:
        rows.append(_puts(MARKET, f"{lines}: one put covers what moves together"))
    if at.vix is not None and at.vix < VIX_CHEAP:
        rows.append(
            Advice(
                Action.INSURE,
                "VIX 1M calls (strike ~VIX+5)",
                f"vol is cheap (VIX {at.vix:g}): strike near {at.vix + 5:.0f}",
                "volatility jumps",
                15,
                0,
                Wanted("VIX", Structure.CALL, 30, ((at.vix + 5) / at.vix,) * 2),
            )
        )
    return rows


def _puts(name: str, why: str) -> Advice:
    wanted = Wanted(name, Structure.PUT, 90, (0.90, 0.90))
    return Advice(
        Action.OFFSET,
        f"{name} 3M puts (10% OTM)",
        why,
        f"{name} falls more than 10 %",
        30,
        -1,
        wanted,
    )


def _put_spread(name: str, why: str) -> Advice:
    wanted = Wanted(name, Structure.PUT_SPREAD, 90, (0.90, 1.0))
    trade = f"{name} put spreads (buy ATM, sell 10% OTM)"
    return Advice(Action.OFFSET, trade, why, f"{name} falls up to 10 %", 25, -1, wanted)


def _for_balanced(at: Situation) -> list[Advice]:
    lines = f"long side {at.counts.long_side}, short side {at.counts.short_side}"
    rows = [Advice(Action.HOLD, "Portfolio is balanced ✓", lines, "nothing has to happen")]
    if at.vix is not None and at.vix < VIX_VERY_CHEAP:
        rows.append(
            Advice(
                Action.INSURE,
                "Add small VIX hedge (5-10% of portfolio)",
                f"vol is very cheap (VIX {at.vix:g})",
                "volatility jumps",
                10,
                0,
                Wanted("VIX", Structure.CALL, 30, ((at.vix + 5) / at.vix,) * 2),
            )
        )
    if at.vix is not None and at.vix > VIX_DEAR and at.counts.vol:
        why = f"vol is dear (VIX {at.vix:g})"
        row = Advice(Action.REDUCE, "Trim vol exposure by 20-30%", why, "volatility calms down")
        rows.append(replace(row, reduces=Reduction("", Held.VOL, 20, 30)))
    return rows


def ranked(at: Situation, wanted: Callable[[Position], bool]) -> list[str]:
    """Return the underlyings of the lines that are wanted: heaviest |Δbw| first, then by name.

    The weight is that of the wanted lines alone; an underlying with an unknown line comes after
    those that are known.
    """
    weights: dict[str, list[float | None]] = {}
    for line in at.dollars.lines:
        if line.position.kind not in {Kind.VOL, Kind.OTHER} and wanted(line.position):
            weights.setdefault(line.position.underlying, []).append(line.delta_per_pct)
    return sorted(weights, key=lambda name: (-_weight(weights[name]), name))


def _weight(deltas: Sequence[float | None]) -> float:
    known = [delta for delta in deltas if delta is not None]
    return abs(math.fsum(known)) if len(known) == len(deltas) else 0.0


def decay_sentence(at: Situation) -> str:
    """Say what held options lose a day, when that is much for the book or nobody can tell."""
    decay, nav = at.dollars.decay, at.nav
    if decay is None or nav is None or nav <= 0 or -decay <= DECAY_LIMIT * nav:
        return ""
    return f"bleeding ${-decay:,.0f} a day ({-decay / nav:.2%} of NAV)"


def crash_sentence(at: Situation) -> str:
    """Say what a day of -10 % would cost a book that nothing protects."""
    crash = at.dollars.crash
    if crash is None or crash >= 0 or any(map(_protects, at.dollars.lines)):
        return ""
    share = f" ({-crash / at.nav:.0%} of NAV)" if at.nav and at.nav > 0 else ""
    return f"a −10 % day would cost ${-crash:,.0f}{share}"


def _protects(line: LineDollars) -> bool:
    one = line.position
    if one.kind is Kind.VOL:
        return one.quantity > 0
    return one.right is Right.PUT and one.quantity > 0
