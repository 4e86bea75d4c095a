"""The first lines of the Stress screen, and what stands there while there are no figures.

Figures on a screen are believed, so these lines always say whose they are: what was asked, when it
was worked out, whether the book has changed since, and whether a test is under way that will
replace them. Losses are written as losses, with a minus.
"""

from __future__ import annotations

from hedgetui.domain.text import safe
from hedgetui.ports.balance import BalanceView, StressAsked, StressView
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.screens.spans import Line, fit, join
from hedgetui.ui.screens.status_text import Look

RUNNING = "running"
_BAR_CELLS = 16
_BETWEEN = " · "
_REASON = 120


def is_old(view: StressView) -> bool:
    """Tell whether the figures belong to another book, or to the test before the one that runs."""
    return view.figures is not None and (view.stale or view.state == RUNNING)


def paths_text(paths: int) -> str:
    """Return `10k`, `1M`, `500`, `12,345`."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        whole, rest = divmod(paths, size)
        if whole and not rest:
            return f"{whole:,}{unit}"
    return f"{paths:,}"


def asked_text(asked: StressAsked) -> str:
    """Return `ALL 6M · 10k paths seed 1`."""
    basket = " · with basket" if asked.basket else ""
    paths = f"{paths_text(asked.paths)} paths seed {asked.seed}"
    return f"{safe(asked.regime, 20)} {asked.months:g}M · {paths}{basket}"


def day_text(view: StressView, day: int) -> str:
    """Return the name of a day plane, `T+5`."""
    return f"T+{view.days[day]:g}" if 0 <= day < len(view.days) else "T+0"


def title_line(view: StressView, day: int, width: int) -> Line:
    """Return what is shown and what it says in three figures, as rich as `width` allows."""
    if not view.on:
        return ((" Stress test", "strong"),)
    asked, when = view.asked, day_text(view, day)
    tiny = f"{safe(asked.regime, 20)} {asked.months:g}M"
    losses = _losses(view)
    rows: list[tuple[str, str, Line]] = [
        (f"Scenario P&L, all positions + hedges, {when}", asked_text(asked), losses),
        (f"Scenario P&L, {when}", asked_text(asked), losses),
        (f"P&L {when}", f"{tiny} · {paths_text(asked.paths)}", losses),
        (when, tiny, losses),
        (when, tiny, losses[:2]),
        (when, "", losses[:2]),
        (when, "", ()),
    ]
    return fit(
        [
            ((" ", ""), *join((((head, "strong"),), ((words, ""),) if words else (), tail),
                              _BETWEEN))
            for head, words, tail in rows
        ],
        width,
    )  # fmt: skip


def _losses(view: StressView) -> Line:
    found = view.figures
    if found is None:
        return ()
    old = is_old(view)
    tone, about = ("stale", "~") if old else ("strong", "")
    return (
        ("VaR95 ", ""), (f"{about}{fmt.dollars(-found.var95)}", tone),
        (" ES ", ""), (f"{about}{fmt.dollars(-found.cvar95)}", tone),
    )  # fmt: skip


def state_line(view: StressView, wish: StressAsked, look: Look, width: int) -> Line:
    """Return how far the test is, or how it ended; and what a run would be where it is another."""
    if not view.on:
        return ()
    following: Line = ()
    if wish != view.asked:
        following = ((f"next: {asked_text(wish)}", "accent"),)
    head, more = _state(view, look)
    # Where there is no room for all, what is done next counts more than how the last run went.
    rows = [(head, *more[:count], following) for count in range(len(more), -1, -1)]
    if following:
        rows += [(following,)] if view.state in {"done", "idle"} else []
    rows.append((head,))
    return fit([((" ", ""), *join(row, _BETWEEN)) for row in rows], width)


def _state(view: StressView, look: Look) -> tuple[Line, list[Line]]:
    """Return the state in words, and what may be left out where there is no room."""
    icons, again = look.icons, (("c runs again", ""),)
    clock = fmt.clock(view.finished_at, look.zone)
    since = ", book changed since" if view.stale else ""
    of_before: Line = ((f"figures of {clock}{since}", "stale"),) if view.figures else ()
    done = f"{view.done:,} of {view.asked.paths:,} paths"
    match view.state:
        case "running":
            share = min(1.0, max(0.0, view.done / max(1, view.asked.paths)))
            full = round(share * _BAR_CELLS)
            bar = icons.bar_full * full + icons.bar_empty * (_BAR_CELLS - full)
            head: Line = (("running ", "accent strong"), (bar, "accent"), (f" {share:.0%}", ""))
            before: Line = (("figures: the run before", "stale"),) if of_before else ()
            return head, [(("c stops", ""),), ((done, ""),), before]
        case "failed":
            why = safe(view.problem, _REASON) or "no reason was given"
            return ((f"{icons.cross} failed: {why}", "warn"),), [again, of_before]
        case "stopped":
            where = f" at {done}" if view.done else ""
            head = ((f"{icons.square} stopped{where}", "warn"),)
            return head, [again, of_before]
        case "done":
            return _done(view, look, clock)
        case "idle":
            return (("no test has run yet", "muted"),), [(("c runs one", ""),)]
    return ((safe(view.state, 20), "unknown"),), [again]


def _done(view: StressView, look: Look, clock: str) -> tuple[Line, list[Line]]:
    """Return the words of figures that stand; a book that has moved on comes first."""
    took = "" if view.took_s is None else f" in {fmt.age(view.took_s)}"
    held: Line = ((f"{view.positions} position{'' if view.positions == 1 else 's'}", ""),)
    left: Line = ((f"{len(view.left_out)} left out", "warn"),) if view.left_out else ()
    if view.stale:
        head: Line = ((f"{look.icons.stale} book changed, c runs again", "warn"),)
        return head, [((f"figures of {clock}", "stale"),), held, left]
    head = ((f"{look.icons.tick} done {clock}{took}", "pos"),)
    return head, [left or held, held if left else (), (("c runs again", "muted"),),
                  (("b asks for another", "muted"),)]  # fmt: skip


def empty_lines(
    view: StressView, portfolio: BalanceView, width: int, refusal: str = ""
) -> list[Line]:
    """Return what stands in the place of figures while there are none, and why.

    `refusal` is the desk's answer to the wish for a test, where it said no.
    """
    head, *rest = _why_empty(view, portfolio, refusal)
    lines: list[Line] = [(), *(((f" {row}", "strong"),) for row in fold(head, width - 2))]
    for text in rest:
        lines += [((f" {row}", ""),) for row in fold(text, width - 2)]
    return lines


def _why_empty(view: StressView, portfolio: BalanceView, refusal: str) -> list[str]:
    if not view.on:
        return ["no portfolio at this profile",
                "A stress test needs positions that a broker or a file tells."]  # fmt: skip
    problems = [
        f"{safe(one.name, 40)}: {safe(one.problem, _REASON)}"
        for one in portfolio.sources
        if one.problem
    ]
    if view.state == RUNNING:
        return ["the figures stand here when all paths are done", *problems]
    if portfolio.market is None:
        return ["reading the portfolio…", *problems]
    if not portfolio.book.positions:
        left = [
            f"{safe(one.text, 80)}: {safe(one.why, _REASON)}" for one in portfolio.book.unparsed
        ]
        return ["nothing to stress: the portfolio holds no position", *left, *problems]
    if refusal:
        return [f"nothing to stress: {safe(refusal, 2 * _REASON)}", *problems]
    if view.state == "failed":
        return [f"the test failed: {safe(view.problem, _REASON)}", *problems]
    return ["no figures yet: c runs a stress test", *problems]
