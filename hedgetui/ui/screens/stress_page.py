"""The Stress screen in words and figures: results, who is to blame, the worst and the best paths.

Lines for a page that scrolls. Where the page is wide, figures and blame stand left of scenarios and
of what the figures rest on. A figure that does not exist reads `n/a`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from hedgetui.domain.stress.figures import Blame, Scenario
from hedgetui.domain.text import safe
from hedgetui.ports.balance import StressView
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.spans import Line, fit, width_of
from hedgetui.ui.screens.stress_text import is_old

_FIGURE_CELLS = 26
_LABEL_CELLS = 12
_LEFT_CELLS = 2 * _FIGURE_CELLS
_WIDE = 100
_BAR_CELLS = 14
_BLAME_CELLS = 36
"""Of a bar's line beside the bar: name, dollars, share, a word."""
_NAME_CELLS = 9


def figure_pairs(view: StressView) -> tuple[tuple[str, str], ...]:
    """Return every figure as name and text; losses carry a minus."""
    found, risk = view.figures, view.risk
    if found is None:
        return ()
    pairs = [
        ("NAV", fmt.dollars(found.nav)),
        ("mean", fmt.dollars(found.mean)),
        ("median", fmt.dollars(found.median)),
        ("sd", fmt.dollars(found.sd)),
        ("skew", fmt.NOT_APPLICABLE if found.skew is None else fmt.signed(found.skew, 2)),
        ("VaR95", fmt.dollars(-found.var95)),
        ("VaR99", fmt.dollars(-found.var99)),
        ("CVaR95", fmt.dollars(-found.cvar95)),
        ("P(gain)", _chance(found.p_gain)),
        ("P(loss>10%)", _chance(found.p_loss_10)),
        ("P(loss>20%)", _chance(found.p_loss_20)),
    ]
    if risk is not None:
        pairs += [
            ("Δ in index", fmt.dollars(risk.delta)),
            ("vega/point", fmt.dollars(risk.vega)),
            ("theta/day", fmt.dollars(risk.theta)),
        ]
    return tuple(pairs)


def _chance(value: float | None) -> str:
    return fmt.percent(None if value is None else 100 * value, 1)


def page_lines(view: StressView, width: int, icons: IconSet, *, paths_first: bool) -> list[Line]:
    """Return the page for a width; with `paths_first` the scenarios stand before the figures."""
    tone = "stale" if is_old(view) else ""
    if width >= _WIDE:
        left = [
            *figure_lines(view, _LEFT_CELLS, tone),
            *blame_lines(view, _LEFT_CELLS, icons, tone),
        ]
        room = width - _LEFT_CELLS - 2
        right = [*scenario_lines(view, room, icons), *rest_lines(view, room)]
        return _beside(left, right)
    figures = figure_lines(view, width, tone)
    blame = blame_lines(view, width, icons, tone)
    paths, rest = scenario_lines(view, width, icons), rest_lines(view, width)
    if paths_first:
        return [*paths, *blame, *rest, *figures]
    return [*figures, *blame, *paths, *rest]


def figure_lines(view: StressView, width: int, tone: str = "") -> list[Line]:
    """Return the figures in as many columns as have room, each read from top to bottom."""
    pairs = figure_pairs(view)
    columns = max(1, width // _FIGURE_CELLS)
    high = -(-len(pairs) // columns)
    lines: list[Line] = []
    for row in range(high):
        line: list[tuple[str, str]] = []
        for name, text in pairs[row::high]:
            value = text.rjust(_FIGURE_CELLS - _LABEL_CELLS - 3)
            line += [(f" {name:<{_LABEL_CELLS}}", "muted"), (f"{value}  ", tone or "strong")]
        lines.append(tuple(line))
    return lines


def blame_lines(view: StressView, width: int, icons: IconSet, tone: str = "") -> list[Line]:
    """Return the underlyings with the largest part in CVaR 95, as bars."""
    if not view.blame:
        return []
    most = max(abs(one.cvar) for one in view.blame)
    cells = max(1, min(_BAR_CELLS, width - _BLAME_CELLS))
    return [((" Part in CVaR95", "strong"),),
            *(_blame(one, most, cells, icons, tone) for one in view.blame)]  # fmt: skip


def _blame(one: Blame, most: float, cells: int, icons: IconSet, tone: str) -> Line:
    full = round(cells * abs(one.cvar) / most) if most > 0 else 0
    protects = one.cvar < 0
    share = fmt.NOT_APPLICABLE if one.share is None else f"{one.share:.0%}"
    bar = (icons.bar_empty if protects else icons.bar_full) * max(1, full)
    return (
        (f" {safe(one.symbol, _NAME_CELLS):<{_NAME_CELLS}}", ""),
        (bar.ljust(cells), tone or ("pos" if protects else "neg")),
        (f" {fmt.dollars(-one.cvar):>10} {share:>5}", tone),
        (" protects" if protects else "", "muted"),
    )


def scenario_lines(view: StressView, width: int, icons: IconSet) -> list[Line]:
    """Return the worst and the best paths with the moves behind them."""
    if not view.scenarios:
        return []
    old = is_old(view)
    head: Line = ((" Worst and best paths", "strong"), ("   at the horizon", "muted"))
    return [head, *(_scenario(one, width, icons, old=old) for one in view.scenarios)]


def _scenario(one: Scenario, width: int, icons: IconSet, *, old: bool) -> Line:
    profit = fmt.pnl(one.profit, icons)
    tone = "stale" if old else fmt.tone(one.profit)
    head: Line = ((f" {safe(one.kind, 6):<6}", "muted"), (f"{profit:>10}", tone))
    market = (f"  market {one.market:+.1%} IV {one.iv:+.1f}", "")
    moves = [f"{safe(name, 8)} {move:+.0%}" for name, move in one.moves.items()]
    rows = [(*head, market, (f"  {' '.join(moves[:most])}", "muted")) for most in range(4, 0, -1)]
    short = (f"  market {one.market:+.1%}", "")
    return fit([*rows, (*head, market), (*head, short), head], width)


def rest_lines(view: StressView, width: int) -> list[Line]:
    """Return what the figures rest on: lines left out, and assumptions made."""
    lines: list[Line] = []
    for title, texts, tone in (
        ("Left out", view.left_out, "warn"),
        ("Assumed", view.notes, ""),
    ):
        if texts:
            lines.append(((f" {title} ({len(texts)})", "strong"),))
        for text in texts:
            lines += [((f"  {row}", tone),) for row in fold(text, max(8, width - 3))]
    return lines


def _beside(left: Sequence[Line], right: Sequence[Line]) -> list[Line]:
    """Return two columns as one."""
    lines: list[Line] = []
    for one, two in zip_longest(left, right, fillvalue=()):
        gap = " " * max(0, _LEFT_CELLS + 2 - width_of(one))
        lines.append((*one, (gap, ""), *two))
    return lines


def details(
    view: StressView, icons: IconSet, cell: tuple[int, int] | None
) -> list[tuple[str, str]]:
    """Return everything as labelled rows; `cell` is row and column of the grid, where it counts."""
    rows: list[tuple[str, str]] = []
    if cell is not None and view.grid:
        price, iv = view.prices[cell[0]], view.ivs[cell[1]]
        rows.append(("", f"Spot {price:+.0%}, IV {iv:+.0%} of itself, all else as it is:"))
        rows += [
            (f"T+{day:g}", fmt.pnl(plane[cell[0]][cell[1]], icons))
            for day, plane in zip(view.days, view.grid, strict=True)
        ]
        rows.append(("", ""))
    rows += figure_pairs(view)
    if view.blame:
        rows += [("", ""), ("", "Part in CVaR95")]
        rows += [
            (one.symbol, f"{fmt.dollars(-one.cvar)}"
             + ("" if one.share is None else f", {one.share:.0%}"))
            for one in view.blame
        ]  # fmt: skip
    for one in view.scenarios:
        moves = "  ".join(f"{name} {move:+.1%}" for name, move in one.moves.items())
        text = f"market {one.market:+.1%}  IV {one.iv:+.1f} points  {moves}"
        rows.append((f"{one.kind} {fmt.dollars(one.profit)}"[:18], text))
    rows += [("left out", text) for text in view.left_out]
    rows += [("assumed", text) for text in view.notes]
    return rows
