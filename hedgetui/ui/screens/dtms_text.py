"""The lines of the DTMS screen that are about all trades: states, rails, alarms, empty places.

A link that is down says nothing about trades, so an empty list reads "not known" then and never
"none". The banner carries what must not be missed on any screen: an action whose fate is unknown,
a link that is lost, decisions that stand still, a stop that lives only as long as this program.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from hedgetui.domain.text import safe
from hedgetui.ports.dtms import DefenceRow, DefenceView
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.dtms_lane import SIGNS, sign_of
from hedgetui.ui.screens.spans import Line, fit, join
from hedgetui.ui.widgets.meanings import Fragment

OFF = "off"
READY = "ready"
DEGRADED = "degraded"
PASSING = frozenset({"connecting", "syncing"})
NONE = "-"
"""There is none, and there need not be one."""

_MINUTES_AT_MOST = 600


def has_mt5(view: DefenceView) -> bool:
    """Tell whether the profile has an MT5 at all."""
    return view.mt5.link != OFF


def is_stale(view: DefenceView) -> bool:
    """Tell whether prices and results on the screen are of the past."""
    return bool(view.frozen) or view.mt5.link not in {READY, DEGRADED}


def countdown(at: float | None, now: float) -> str:
    """Return the time left until `at` as `62:14`; `due` when it has come, `-` without one."""
    if at is None or not math.isfinite(at):
        return NONE
    seconds = math.ceil(at - now)
    if seconds <= 0:
        return "due"
    minutes = seconds // 60
    return (
        f"{minutes // 60}h" if minutes >= _MINUTES_AT_MOST else f"{minutes:02d}:{seconds % 60:02d}"
    )


def deadline_of(row: DefenceRow) -> tuple[str, float] | None:
    """Return the name and the moment of the timer that runs for a trade."""
    if row.state == "RECOVERING" and row.recover_by is not None:
        return "recovery", row.recover_by
    if row.flat_at is not None and row.state != "CLOSED":
        return "flat timer", row.flat_at
    return None


def is_calm(row: DefenceRow) -> bool:
    """Tell whether nothing about a trade needs to be known."""
    return row.state in {"HEALTHY", "CLOSED"} and not row.degraded and not row.pending


def strip_line(view: DefenceView, now: float, icons: IconSet, width: int) -> Line:
    """Return the states in their order with how many trades are in each, and the next check."""
    counts = Counter(row.state for row in (*view.rows, *view.closed))
    tails = _tails(view, now)
    full, close, short = (_states(counts, icons, arrow) for arrow in (2, 1, 0))
    rows = [(full, tails[0]), (close, tails[0]), (full, tails[1]), (close, tails[1]),
            (full, tails[2]), (full, ()), (close, ()), (short, tails[1]), (short, tails[2]),
            (short, ())]  # fmt: skip
    return fit(
        [((" ", ""), *states, *((("   ", ""), *tail) if tail else ())) for states, tail in rows],
        width,
    )


def _states(counts: Counter[str], icons: IconSet, arrow: int) -> Line:
    """Return the states with arrows of this many dashes between; without any only signs."""
    parts: list[Fragment] = []
    for state, sign in SIGNS.items():
        if parts and arrow:
            head = icons.rule_heavy * arrow + icons.pointer
            between = head if state == "HEDGED" else icons.rule * arrow
            parts.append((f" {between} ", "muted"))
        elif parts:
            parts.append((" ", ""))
        many = counts.get(state, 0)
        mark = f"{sign.word} {sign.of(icons)}" if arrow else f"{many}{sign.of(icons)}"
        parts.append((mark, sign.tone if many else "muted"))
        if many and arrow:
            parts.append((f"{many}", "strong"))
    return tuple(parts)


def _tails(view: DefenceView, now: float) -> tuple[Line, Line, Line]:
    """Return counts and next check in three lengths; without a watch it says so instead."""
    if not has_mt5(view):
        return (), (), ()
    if view.frozen:
        stopped: Line = (("FROZEN", "alarm"),)
    elif not view.monitoring:
        stopped = (("NOT WATCHING", "alarm"),)
    else:
        stopped = ()
    many = len(view.rows)
    hedged = sum(row.state == "HEDGED" for row in view.rows)
    trades = f"{many} trade{'' if many == 1 else 's'} · {hedged} hedged"
    if is_stale(view) and not view.rows:
        trades = "trades not known"
    if stopped:
        return (((f"{trades} · ", ""), *stopped), stopped, stopped)
    left = countdown(view.next_check_at, now)
    next_check = "no check planned" if left == NONE else f"next check {left}"
    short = f"next {left}"
    return (((f"{trades} · {next_check}", ""),), ((next_check, ""),), ((short, ""),))


def note_line(view: DefenceView, chips: Sequence[str], width: int) -> Line:
    """Return what stops decisions or opening, filter and order of the table, and the account."""
    stops: Line = ()
    if view.frozen:
        stops = ((f"nothing is decided: {safe(view.frozen, 120)}", "alarm"),)
    elif view.rails:
        stops = ((f"nothing is opened: {safe('; '.join(view.rails), 120)}", "warn"),)
    chosen: Line = (("  ".join(safe(chip, 40) for chip in chips), "muted"),) if chips else ()
    long, short = account_words(view), account_words(view, short=True)
    rows = [(stops, chosen, ((long, "muted"),)), (stops, chosen, ((short, "muted"),)),
            (stops, chosen), (stops or chosen,)]  # fmt: skip
    return fit([((" ", ""), *join(row, " · ")) for row in rows], width)


def account_words(view: DefenceView, *, short: bool = False) -> str:
    """Return the account in words: kind, masked login, server, mode of margin, equity, level."""
    mt5 = view.mt5
    parts = ["MT5", safe(mt5.kind, 10), fmt.account(safe(mt5.login, 20))]
    if not short:
        parts += [safe(mt5.server, 30), safe(mt5.margin_mode, 10)]
    head = " ".join(part for part in parts if part)
    equity = f"equity {fmt.plain(mt5.equity, 2)} {safe(mt5.currency, 6)}".rstrip()
    used = (
        fmt.known(mt5.margin_level) and mt5.margin_level != 0
    )  # a terminal's zero is "none in use"
    level = f"margin level {fmt.plain(mt5.margin_level, 0)}%" if used else ""
    return " · ".join(part for part in (head, equity, level) if part)


def empty_lines(view: DefenceView, profile: str, width: int) -> list[Line]:
    """Return why there is no trade to show and what to do about it."""
    mt5 = view.mt5
    if not has_mt5(view) and profile == "sim":
        words = "MT5 is off in this profile: dtms.enabled = true switches its simulated one on."
    elif not has_mt5(view):
        words = (f"This profile has no MT5: set backend in [profile.{profile}.mt5] "
                 "(docs/dtms.md, Connect a terminal)")  # fmt: skip
    elif is_stale(view):
        why = view.frozen or mt5.reason or f"the link is {mt5.link}"
        words = f"Not known what is open at MT5: {why}. 7 shows the link."
    elif view.unwatched:
        words = "No MT5 trade is watched. I adopts the one chosen below."
    else:
        words = ("No open MT5 trades. One that opens is adopted where dtms.magics and "
                 "dtms.symbols take it.")  # fmt: skip
    return [((f" {row}", "muted"),) for row in fold(safe(words), max(10, width - 2))]


def defence_alarms(view: DefenceView) -> tuple[str, ...]:
    """Return what must never be out of sight, worst first."""
    if not has_mt5(view):
        return ()
    rows = [
        f"DTMS {safe(action.kind, 20)} UNKNOWN for {safe(action.symbol, 14)} {action.ticket}: "
        "may be done (2, U: resolve)"
        for action in view.unknown
    ]
    if view.mt5.link not in {READY, DEGRADED, *PASSING}:
        rows.append(_link_note(view))
    elif view.frozen:
        rows.append(f"DTMS FROZEN: {safe(view.frozen, 100)}")
    soft = [row for row in view.rows if row.hedge is not None and row.hedge.soft_sl]
    rows += [f"SOFT SL {_name(row)}: only this desk watches the hedge's stop" for row in soft]
    return tuple(rows)


def defence_cautions(view: DefenceView) -> tuple[str, ...]:
    """Return what is not as it should be, and may wait."""
    if not has_mt5(view):
        return ()
    rows = [_link_note(view)] if view.mt5.link in {DEGRADED, *PASSING} else []
    for why, trades in groupby(
        sorted((row for row in view.rows if row.degraded), key=lambda row: row.degraded),
        key=lambda row: row.degraded,
    ):
        names = ", ".join(_name(row) for row in trades)
        rows.append(f"DEGRADED {safe(names, 80)}: {safe(why, 80)} (2: trades)")
    return tuple(rows)


def _name(row: DefenceRow) -> str:
    return f"{safe(row.symbol, 14)} {row.ticket}"


def _link_note(view: DefenceView) -> str:
    why = f": {safe(view.mt5.reason, 100)}" if view.mt5.reason else ""
    return f"MT5 {safe(view.mt5.link, 12).upper()}{why} (7: health)"


def micro_line(view: DefenceView, now: float, icons: IconSet, width: int) -> Line:
    """Return `DTMS 1◆ 1▲ 1△ 1●  next 62:14`, worst first; empty while every trade is healthy."""
    stale = has_mt5(view) and (is_stale(view) or not view.monitoring)
    if not has_mt5(view) or (all(map(is_calm, view.rows)) and not stale):
        return ()
    counts = Counter(row.state for row in view.rows)
    parts: list[Fragment] = [("DTMS", "strong")]
    for state in sorted(counts, key=lambda one: -sign_of(one).gravity):
        sign = sign_of(state)
        parts.append((f" {counts[state]}{sign.of(icons)}", sign.tone))
    if is_stale(view):
        parts.append((f"  {'FROZEN' if view.frozen else 'MT5 ' + safe(view.mt5.link, 10)}", "warn"))
        return fit([tuple(parts), tuple(parts[:-1])], width)
    timers = [found[1] for row in view.rows if (found := deadline_of(row))]
    if not timers:
        return fit([tuple(parts)], width)
    tail = (f"  next {countdown(min(timers), now)}", "")
    return fit([(*parts, tail), tuple(parts)], width)
