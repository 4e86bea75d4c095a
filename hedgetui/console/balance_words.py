"""What `balance` and `grow` print: the documents scripts rely on, and lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from hedgetui.domain.balance.advice import Advice, Situation
from hedgetui.domain.balance.counts import Counts
from hedgetui.domain.balance.dollars import LineDollars, disagreement
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.positions import Book, Position
from hedgetui.domain.balance.regime import Measured

ADVICE_HEAD = ("action", "trade", "why", "payoff", "cost", "effect", "estimated")
GROWTH_HEAD = ("trade", "why", "target", "allocation")
_PALE_R2 = 0.5
"""Below it a beta says little."""
_SHOWN = 20


def balance_document(
    book: Book, at: Situation, market: Market, rows: Sequence[Advice]
) -> dict[str, object]:
    """Return the balance of a book in the shape scripts rely on."""
    counts = at.counts
    return {
        "counts": {
            "long_equity": counts.long_equity,
            "short_equity": counts.short_equity,
            "puts": counts.puts,
            "calls": counts.calls,
            "vol": counts.vol,
        },
        "sides": {
            "long": counts.long_side,
            "short": counts.short_side,
            "short_puts": counts.short_puts,
            "short_calls": counts.short_calls,
            "other": counts.other,
        },
        "net": counts.net,
        "bias": counts.bias.value,
        "dollars": dollars_document(at, market),
        "recommendations": [dict(zip(ADVICE_HEAD, advice_row(row), strict=True)) for row in rows],
        "unparsed": [{"line": one.line, "text": one.text, "why": one.why} for one in book.unparsed],
    }


def dollars_document(at: Situation, market: Market) -> dict[str, object]:
    """Return the dollar view; null is what is not known."""
    dollars = at.dollars
    return {
        "bias": None if dollars.bias is None else dollars.bias.value,
        "disagreement": disagreement(at.counts.bias, dollars.bias),
        "delta_per_pct": dollars.delta_per_pct,
        "known_delta_per_pct": dollars.known_delta_per_pct,
        "delta_per_point": dollars.delta_per_point,
        "gamma_per_pct": dollars.gamma_per_pct,
        "theta": dollars.theta,
        "vega": dollars.vega,
        "extrinsic": dollars.extrinsic,
        "crash_10pct": dollars.crash,
        "nav": at.nav,
        "vix": at.vix,
        "index_level": market.index_level,
        "lines": [_line_document(line, market) for line in dollars.lines],
        "unknown": [_unknown_document(line) for line in dollars.unknown],
    }


def _line_document(line: LineDollars, market: Market) -> dict[str, object]:
    beta = market.beta(line.position)
    return {
        "line": line.position.line,
        "symbol": line.position.symbol,
        "kind": line.position.kind.value,
        "side": line.position.side,
        "quantity": line.position.quantity,
        "delta_per_pct": line.delta_per_pct,
        "theta": line.theta,
        "vega": line.vega,
        "beta": None if beta is None else beta.beta,
        "r2": None if beta is None else beta.r2,
    }


def _unknown_document(line: LineDollars) -> dict[str, object]:
    return {"line": line.position.line, "symbol": line.position.symbol, "why": line.unknown}


def advice_row(row: Advice) -> tuple[object, ...]:
    """Return a recommendation in the order of `ADVICE_HEAD`."""
    cost = number(row.cost)
    return row.action.value, row.trade, row.why, row.payoff, cost, row.effect, row.estimated


def growth_row(row: Growth) -> tuple[object, ...]:
    """Return a new exposure in the order of `GROWTH_HEAD`."""
    return row.trade, row.why, row.target, number(row.allocation)


def cost_words(row: Advice) -> str:
    """Return what a row costs: `175 est.`, `166.50`."""
    cost = row.cost
    words = f"{cost:,.0f}" if cost == cost.to_integral_value() else f"{cost:,.2f}"
    return f"{words} est." if row.estimated else words


def number(value: Decimal) -> int | float:
    """Return dollars as a JSON number, whole ones without a fraction."""
    return int(value) if value == value.to_integral_value() else float(value)


def balance_lines(book: Book, at: Situation, market: Market) -> Iterator[str]:
    """Yield the exposure of a book as lines for people."""
    counts, dollars = at.counts, at.dollars
    vix = "n/a" if at.vix is None else f"{at.vix:g}"
    label = counts.bias.label.replace(" (", f" {counts.net:+d} (")
    yield f"{_counted(counts)}   {label}   VIX {vix}"
    yield (
        f"Δ {_money(dollars.delta_per_pct)} per 1 %, {_money(dollars.delta_per_point)} per point   "
        f"Γ {_money(dollars.gamma_per_pct)}   Θ {_money(dollars.theta)} a day   "
        f"vega {_money(dollars.vega)}   extrinsic {_money(dollars.extrinsic)}"
    )
    if words := disagreement(counts.bias, dollars.bias):
        yield words
    if dollars.delta_per_pct is None:
        known = _money(dollars.known_delta_per_pct)
        yield f"what is known of Δ: {known} per 1 %; the rest is not known, see below"
    for line in dollars.lines:
        beta = market.beta(line.position)
        if beta is not None and beta.r2 is not None and beta.r2 < _PALE_R2:
            symbol = line.position.symbol
            yield f"weak beta: {symbol} {beta.beta:.2f}, R² {beta.r2:.2f}, {beta.days} days"
    missing = [f"{_place(one.position)}: {one.unknown}" for one in dollars.unknown]
    yield from _shortened(missing, "in dollars")
    left_out = [(f"line {one.line} " if one.line else "", one) for one in book.unparsed]
    yield from _shortened(
        [f"{where}left out: {one.why}   {one.text}" for where, one in left_out], "left out"
    )


def _place(one: Position) -> str:
    """Say where a line stands: in a file by its number, at a broker by its name."""
    return f"line {one.line}" if one.line else f"{one.source} {one.symbol}".strip()


def _counted(counts: Counts) -> str:
    short = counts.short_puts + counts.short_calls
    words = f", {short} of them short" if short else ""
    return (
        f"Long {counts.long_equity} Short {counts.short_equity} Puts {counts.puts} "
        f"Calls {counts.calls}{words} Vol {counts.vol}   long side {counts.long_side}, "
        f"short side {counts.short_side}"
    )


def _shortened(lines: Sequence[str], what: str) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN} more {what}"


def _money(value: float | None) -> str:
    if value is None:
        return "n/a"
    sign = "-" if value < 0 else "+"
    return f"{sign}${abs(value):,.2f}"


def regime_document(found: Measured) -> dict[str, object]:
    """Return a regime and what it follows from."""
    inputs = [
        {"name": one.name, "value": one.value, "mean_200d": one.mean, "up": one.up}
        for one in found.inputs
    ]
    return {"regime": found.regime.value, "why": found.why, "inputs": inputs}


def regime_lines(found: Measured) -> Iterator[str]:
    """Yield a regime as lines for people."""
    yield f"{found.regime.value}: {found.why}"
    yield from (f"  {one.words}" for one in found.inputs)
