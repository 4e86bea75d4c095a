"""What the matrix and the histogram of the Stress screen show, from the desk's numbers."""

from __future__ import annotations

from hedgetui.ports.balance import StressView
from hedgetui.ui.screens.spans import Line, fit
from hedgetui.ui.screens.stress_text import day_text, is_old
from hedgetui.ui.widgets.chart_plot import Mark
from hedgetui.ui.widgets.heat_grid import NO_TABLE, HeatTable, largest
from hedgetui.ui.widgets.histogram import NO_SPREAD, Spread, short_dollars


def heat_table(view: StressView, day: int, width: int) -> HeatTable:
    """Return one day plane; all planes share one scale, so that days can be compared by colour."""
    if not 0 <= day < len(view.grid):
        return NO_TABLE
    return HeatTable(
        title=_days_line(view, day, width),
        corner="Spot\\IV",
        columns=tuple(f"IV{move:+.0%}" if move else "IV 0" for move in view.ivs),
        rows=tuple(price_text(move) for move in view.prices),
        values=view.grid[day],
        scale=largest(view.grid),
        stale=is_old(view),
    )


def price_text(move: float) -> str:
    """Return `-8%` of -0.08."""
    return f"{move:+.0%}"


def _days_line(view: StressView, day: int, width: int) -> Line:
    """Return the days there are, the present one in brackets, and the keys that change it."""
    old: Line = ((" ~", "stale"),) if is_old(view) else ()
    here = ((f" [{day_text(view, day)}]", "accent strong"), *old)
    days: list[tuple[str, str]] = []
    for number in range(len(view.days)):
        now = number == day
        name = day_text(view, number)
        days.append((f" [{name}]" if now else f" {name} ", "accent strong" if now else "muted"))
    keys = ("   , . another day", "muted")
    return fit(
        [
            ((" P&L in dollars", ""), *days, *old, keys),
            ((" P&L", ""), *days, *old, keys),
            (*days, *old),
            here,
        ],
        width,
    )


def spread(view: StressView, width: int) -> Spread:
    """Return the histogram of the profits at the horizon, with the figures as flags."""
    found = view.figures
    if found is None or len(view.edges) != len(view.bins) + 1:
        return NO_SPREAD
    old = is_old(view)
    total, most = sum(view.bins), max(view.bins, default=0)
    share = f"highest bar {most / total:.1%}" if total else ""
    head = ((f" P&L at {view.asked.months:g}M" if view.state != "running" else " P&L", "strong"),
            (" ~" if old else "", "stale"))  # fmt: skip
    title = fit(
        [
            (*head, (f"  {total:,} paths, {share}", "muted")),
            (*head, (f"  {share}", "muted")),
            head,
        ],
        width,
    )
    marks = (
        _flag("VaR99", -found.var99, "warn"), _flag("CVaR95", -found.cvar95, "warn"),
        _flag("VaR95", -found.var95, "warn"), Mark(0.0, "", "strong"),
        _flag("mean", found.mean, "accent"),
    )  # fmt: skip
    return Spread(title, view.edges, view.bins, marks, stale=old)


def _flag(name: str, dollars: float, meaning: str) -> Mark:
    return Mark(dollars, f"{name} {short_dollars(dollars)}", meaning)
