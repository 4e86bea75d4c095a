"""The chosen row's story, the basket before and after, and the tickets that were sent."""

from __future__ import annotations

from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.basket import Strip
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.recommend import Pick
from hedgetui.domain.text import safe
from hedgetui.ports.balance import (
    BalanceView,
    BasketItem,
    ChoiceView,
    TicketView,
)
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.screens import balance_text as words
from hedgetui.ui.screens.balance_rows import Entry, cvar_words, trade_words
from hedgetui.ui.screens.spans import Line, fit, join
from hedgetui.ui.widgets.meanings import Fragment

STORY_ROWS, BASKET_ROWS, TICKET_ROWS = 5, 2, 3
"""Room that a story, the basket and the tickets are given at most."""
_STATE_TONES = {"working": "accent", "done": "pos", "part": "warn", "failed": "alarm"}
ARROW = "→"
NO_PLAN = "cannot be sent: no contract and price known"


def wanted_rows(view: BalanceView) -> int:
    """Return the rows that everything below the tables would take; the cursor changes nothing."""
    basket = BASKET_ROWS if view.basket.items else 0
    return STORY_ROWS + basket + min(TICKET_ROWS, len(view.tickets))


def detail_lines(
    view: BalanceView, entry: Entry | None, zone: str, width: int, height: int
) -> list[Line]:
    """Return at most `height` lines: the story, then the basket, then tickets, newest first.

    A low screen keeps the first line of each before it gives the story more.
    """
    basket = basket_lines(view, width)
    tickets = [ticket_line(one, zone, width) for one in view.tickets[:TICKET_ROWS]]
    story = [] if entry is None else story_lines(entry, width)
    room = max(0, height - min(len(basket), BASKET_ROWS) - min(1, len(tickets)))
    shown = story[: max(1, room)] + basket
    return [*shown, *tickets][:height]


def story_lines(entry: Entry, width: int) -> list[Line]:
    """Return what a row would send and why, most important first."""
    lines: list[Line] = []
    if entry.plan is not None:
        steps = " / ".join(one.describe() for one in entry.plan.steps)
        lines += _labelled("E sends", f"{steps}, {paid(entry.plan)}", "strong", width)
    else:
        lines += _labelled("trade", trade_words(entry.record, None), "", width)
    for label, text in about(entry):
        lines += _labelled(label, text, "warn" if label == "note" else "", width)
    if entry.plan is None:
        lines += _labelled("ticket", NO_PLAN, "unknown", width)
    return lines


def paid(plan: TicketPlan) -> str:
    """Return `pays $175`, or `is paid $12`."""
    cost = plan.cost
    return f"pays {words.cost(cost)}" if cost >= 0 else f"is paid {words.cost(-cost)}"


def about(entry: Entry) -> list[tuple[str, str]]:
    """Return label and text of what is to be known of a row beside its orders."""
    match entry.record:
        case Advice() as row:
            found = [("note", row.note), ("why", row.why), ("pays if", row.payoff)]
            return [(label, text) for label, text in found if text]
        case Growth() as row:
            return [("why", row.why), ("sell at", row.target)]
        case ChoiceView(choice=choice) as view:
            if choice.pick is not None:
                note = [("note", "quotes are delayed")] if view.delayed else []
                return [*note, ("why", pick_words(choice.pick))]
            left = "; ".join(f"{one.rule}: {one.left} left, nearest {one.nearest}"
                             for one in choice.checks)  # fmt: skip
            return [("why none", left)]
        case BasketItem() as item:
            return [("does", cvar_words(item))]
    return []


def pick_words(pick: Pick) -> str:
    """Return the figures of a picked contract."""
    return (
        f"{pick.dte} days, δ {pick.delta:+.2f}, θ {pick.theta:+.3f} a day, IV {pick.iv:.0%}, "
        f"spread {pick.spread:.0%}; 5 % further one is worth {words.money(pick.value_after_move)}, "
        f"today ${pick.premium:,.2f}"
    )


def _labelled(label: str, text: str, tone: str, width: int) -> list[Line]:
    rows = fold(safe(text, 400), max(12, width - 10))
    return [
        ((f" {label if number == 0 else '':<8} ", "muted"), (row, tone))
        for number, row in enumerate(rows)
    ]


def basket_lines(view: BalanceView, width: int) -> list[Line]:
    """Return the basket in red until it is sent or dropped: exposure before and after."""
    basket = view.basket
    if not basket.items:
        return []
    many = len(basket.items)
    cost = f"{many} trade{'' if many == 1 else 's'}, {words.cost(basket.cost)}"
    head: Fragment = (f"BASKET {words.NOT_SENT}", "alarm")
    problem: Line = ((f": {safe(basket.problem, 80)}", "warn"),) if basket.problem else ()
    keys: Line = (("   b sends or empties it", "muted"),)
    rest: Line = ((f" ({cost})", ""),)
    title = fit([((" ", ""), head, *rest, *problem, *keys), ((" ", ""), head, *rest, *problem),
                 ((" ", ""), head, *rest), (head,)], width)  # fmt: skip
    return [title] if basket.what_if is None else [title, _before_after(view, width)]


def _before_after(view: BalanceView, width: int) -> Line:
    what_if = view.basket.what_if
    if what_if is None:
        return ()
    before, after = what_if.before, what_if.after

    def change(label: str, get: str) -> Line:
        one, two = getattr(before, get), getattr(after, get)
        tone = "" if one == two else "strong"
        waits = get == "cvar" and view.basket.working
        texts = ["…" if waits and value is None else words.money(value, sign=get != "cvar")
                 for value in (one, two)]  # fmt: skip
        return ((f"{label} ", "muted"), (f"{texts[0]} {ARROW} {texts[1]}", tone))

    parts = [change("Δ/1%", "delta_per_pct"), change("Θ", "theta"), change("vega", "vega")]
    cvar = change("CVaR", "cvar")
    lines: Line = (("net ", "muted"), (_nets(before, after), ""))
    rows = [[lines, *parts, cvar], [*parts, cvar], [parts[0], parts[1], cvar], [parts[0], cvar],
            [parts[0]]]  # fmt: skip
    return fit([((" ", ""), *join(row, "  ")) for row in rows], width)


def _nets(before: Strip, after: Strip) -> str:
    return f"{before.counts.net:+d} {ARROW} {after.counts.net:+d}"


def ticket_line(one: TicketView, zone: str, width: int) -> Line:
    """Return `09:41:07 TICKET working 1/2 SPY 3M calls`, with why where it went wrong."""
    tone = _STATE_TONES.get(one.state, "")
    state: Fragment = (f"{safe(one.state, 8)} {one.done}/{one.steps}", tone)
    clock: Fragment = (f" {fmt.clock(one.at, zone)} ", "muted")
    title: Fragment = (f" {safe(one.title, 60)}", "")
    why: Line = ((f": {safe(one.why, 80)}", "warn" if tone in {"warn", "alarm"} else "muted"),)
    why = why if one.why else ()
    name: Fragment = ("ticket ", "muted")
    short = (clock, state, *(why or (title,)))
    long = (clock, name, state, title, *why)
    return fit([long, (clock, state, title, *why), short, (clock, state)], width)
