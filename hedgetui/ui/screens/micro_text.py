"""The whole desk in forty columns or less: what stays when there is room for almost nothing.

Lines are listed by importance and cut to the height there is, so the last one standing is the net
delta with the order that would mend it. The keys stand in the footer below.
"""

from __future__ import annotations

from collections.abc import Sequence

from hedgetui.domain.text import safe
from hedgetui.ports.desk import DeskSnapshot, StrangleView
from hedgetui.ui import format as fmt
from hedgetui.ui.screens.balance_text import balance_micro
from hedgetui.ui.screens.dtms_text import has_mt5, micro_line
from hedgetui.ui.screens.spans import Line, fit
from hedgetui.ui.screens.status_text import LEVEL_TONES, Look, link_chips, net_delta


def micro_lines(
    snapshot: DeskSnapshot, log: Sequence[str], look: Look, width: int, height: int
) -> list[Line]:
    """Return at most `height` lines of at most `width` cells, in the order they are shown."""
    head = [first_line(snapshot, look, width), _second(snapshot, look, width)]
    if height >= 6:
        head.append(_third(snapshot, look, width))
    if height <= len(head):
        return head[:height]
    rule: Line = ((look.icons.rule * width, "muted"),)
    room = height - len(head)
    newest = list(log)[: 2 if room >= 6 else 1 if room >= 4 else 0]
    below = [rule, *[((safe(text, width), ""),) for text in newest]] if newest else []
    room -= len(below)
    rows = [_strangle(row, look, width) for row in snapshot.strangles]
    if not rows:
        rows = _preflight(snapshot, look, width)
    above = [rule] if room > 1 else []
    trades = micro_line(snapshot.defence, snapshot.status.now, look.icons, width)
    defence = [trades] if trades else []
    rows = rows[: max(0, room - len(above) - len(defence))]
    spare = max(0, room - len(above) - len(rows) - len(defence))
    lean = balance_micro(snapshot.balance, width)
    below = ([lean] if lean and spare else []) + [()] * (spare - bool(lean and spare)) + below
    return [*head, *above, *rows, *defence, *below][:height]


def first_line(snapshot: DeskSnapshot, look: Look, width: int) -> Line:
    """Return the line that stays longest: mode, net delta, and the order that would mend it."""
    status, book = snapshot.status, snapshot.book
    badge = look.badge(status.mode).replace(" ", "")
    mode = (badge, status.mode.lower())
    clock = ("  " + fmt.clock(status.now, look.zone), "")
    delta, *_ = net_delta(book, look, 0)
    tone = level_tone(snapshot)
    words = " ".join(safe(book.order, 24).split()[:2])
    is_due = words and book.level == "red"
    order: Line = ((f" {look.icons.up}{words}", tone),) if is_due else ()
    band = (f" (±{book.band:g})", "")
    space = ("  ", "")
    return fit(
        [
            (mode, space, delta, band, *order, clock),
            (mode, space, delta, *order, clock),
            (mode, space, delta, *order),
            ((badge[:1], status.mode.lower()), (" ", ""), delta, *order),
            (delta, *order),
            (delta,),
        ],
        width,
    )


def _second(snapshot: DeskSnapshot, look: Look, width: int) -> Line:
    status = snapshot.status
    auto = ("AUTO ON" if status.auto else "AUTO off", "strong" if status.auto else "")
    arm = ("ARMED" if status.armed else "ARM off", "warn" if status.armed else "")
    profit = (f"P&L {fmt.pnl(status.net_pnl, look.icons)}", fmt.tone(status.net_pnl))
    gap = ("   ", "")
    return fit([(profit, gap, auto, gap, arm), (auto, ("  ", ""), arm), (auto,)], width)


def _third(snapshot: DeskSnapshot, look: Look, width: int) -> Line:
    status, book = snapshot.status, snapshot.book
    if has_mt5(snapshot.defence):
        link = link_chips(snapshot, look, 2)
    elif status.link == "ready":
        link = ((f"link {look.icons.tick} ready", "pos"),)
    else:
        link = link_chips(snapshot, look, 2)
    age = (f"   age {fmt.age(book.greeks_age_s)}", "")
    have = (f"   have {book.hedge_contracts:+d}", "")
    return fit([(*link, age, have), (*link, age), link, link_chips(snapshot, look, 0)], width)


def _strangle(row: StrangleView, look: Look, width: int) -> Line:
    name = _short_name(row)
    option = fmt.signed(row.option_delta)
    hedge = f"{row.hedge_contracts:+d}MES" if row.hedge_contracts else "none"
    net = fmt.estimated(fmt.signed(row.net_delta), look.icons, is_estimate=row.estimated)
    profit = (f" {fmt.pnl(row.pnl, look.icons):>7}", fmt.tone(row.pnl))
    return fit(
        [
            ((f"{name:<10.10}{option:>7} {hedge:>6}{net:>7}", ""), profit),
            ((f"{name:<10.10}{option:>7} {hedge:>6}{net:>7}", ""),),
            ((f"{name:<10.10}{net:>7}", ""),),
        ],
        width,
    )


def _short_name(row: StrangleView) -> str:
    return f"{row.put_strike:g}/{row.call_strike:g}"


def _preflight(snapshot: DeskSnapshot, look: Look, width: int) -> list[Line]:
    rows: list[Line] = []
    for check in snapshot.preflight:
        mark = look.check(ok=check.ok)
        text = safe(f"{mark} {check.name}", max(1, width))
        rows.append(((text, "pos" if check.ok else "warn"),))
    return rows or [(("no positions", "muted"),)]


def level_tone(snapshot: DeskSnapshot) -> str:
    """Return the tone of the book's level."""
    return LEVEL_TONES.get(snapshot.book.level, "stale")
