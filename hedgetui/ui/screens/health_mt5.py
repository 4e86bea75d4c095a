"""What the health page says about MT5: link, terminal, account, margin, watch, actions in doubt.

A profile without MT5 has none of these rows. An answer that does not come is a silent terminal and
never an empty account.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from hedgetui.domain.text import safe
from hedgetui.ports.desk import DeskSnapshot
from hedgetui.ports.dtms import DefenceView, Mt5View
from hedgetui.ui import format as fmt
from hedgetui.ui.screens.dtms_text import DEGRADED, PASSING, READY, countdown, has_mt5
from hedgetui.ui.screens.health_rows import LINK_STATES, SILENT_S, SLOW_MS, HealthRow, State

GROUP = "MT5"
LOW_MARGIN = 200.0
"""Percent; a hedge that would leave less is not opened."""

_ADVICE: dict[str, str] = {
    "degraded": "nothing is sent; hints below say what to change in the terminal",
    "syncing": "positions, orders and deals are being read; nothing is decided until then",
    "connecting": "waits for the terminal or its bridge",
}  # fmt: skip
_LIVE = frozenset({READY, DEGRADED, "syncing"})


def mt5_rows(snapshot: DeskSnapshot) -> tuple[HealthRow, ...]:
    """Return the rows about MT5; none for a profile without it."""
    view = snapshot.defence
    if not has_mt5(view):
        return ()
    now = float(math.floor(snapshot.status.now))
    return (
        _link(view.mt5, now),
        _terminal(view.mt5),
        _account(view.mt5),
        _answers(view.mt5),
        _margin(view.mt5),
        *(HealthRow(GROUP, "Check", "caution", safe(hint)) for hint in view.mt5.hints),
        _watch(view, now),
        *_actions(view, now),
    )


def _link(mt5: Mt5View, now: float) -> HealthRow:
    state = LINK_STATES.get(mt5.link, "bad")
    words = safe(mt5.link, 12).upper()
    if mt5.reason and state != "ok":
        words += f": {mt5.reason}"
    advice = _ADVICE.get(mt5.link, "")
    if state == "bad":
        later = mt5.next_try_at is not None and mt5.next_try_at > now
        tries = f"tries again in {countdown(mt5.next_try_at, now)}" if later else (
            "tries again by itself")  # fmt: skip
        advice = f"{tries}; what is open there is not known, stops at the broker stand"
        if mt5.peer:
            advice += f". Check that the terminal and its bridge run at {mt5.peer}"
    return HealthRow(GROUP, "MT5 link", state, words, advice)


def _terminal(mt5: Mt5View) -> HealthRow:
    times = f"{mt5.reconnects} reconnect{'' if mt5.reconnects == 1 else 's'}"
    parts = (mt5.peer, mt5.backend, mt5.version or "terminal version not known", times)
    return HealthRow(GROUP, "Terminal", "", " · ".join(part for part in parts if part))


def _account(mt5: Mt5View) -> HealthRow:
    if not mt5.login:
        return HealthRow(GROUP, "MT5 login", "unknown", "account not told yet")
    kind, mode = mt5.kind.upper() or "KIND NOT KNOWN", mt5.margin_mode or "margin mode not known"
    text = f"{kind} {fmt.account(mt5.login)} · {mt5.server or 'server not known'} · {mode}"
    return HealthRow(GROUP, "MT5 login", "", text, tone="live" if mt5.kind == "real" else "")


def _answers(mt5: Mt5View) -> HealthRow:
    age, late = mt5.last_answer_age_s, mt5.latency_ms
    last = "no answer yet" if age is None else f"last {fmt.whole_age(age)} ago"
    speed = f"{late:.0f} ms" if late is not None and fmt.known(late) else "latency not measured"
    text = f"{last} · {speed}"
    if mt5.server_offset_s is not None and fmt.known(mt5.server_offset_s):
        text += f" · server clock {mt5.server_offset_s / 3600:+.1f} h from UTC"
    if mt5.link not in _LIVE:
        return HealthRow(GROUP, "Answers", "", text, tone="stale")
    if age is not None and age > SILENT_S:
        advice = "the terminal is silent: look for a dialog or a frozen window there"
        return HealthRow(GROUP, "Answers", "caution", text, advice)
    if late is not None and late > SLOW_MS:
        return HealthRow(GROUP, "Answers", "caution", text, "the line or the terminal is slow")
    return HealthRow(GROUP, "Answers", "unknown" if age is None else "ok", text)


def _margin(mt5: Mt5View) -> HealthRow:
    money = safe(mt5.currency, 6)
    equity, balance = fmt.plain(mt5.equity, 2), fmt.plain(mt5.balance, 2)
    text = f"equity {equity} {money} · balance {balance} {money}"
    level = mt5.margin_level
    if level is None or not math.isfinite(level):
        state: State = "unknown" if mt5.equity is None else "ok"
        return HealthRow(GROUP, "Margin", state, f"{text} · no margin level")
    if level <= 0:  # what a terminal says while nothing is open
        return HealthRow(GROUP, "Margin", "ok", f"{text} · no margin in use")
    low = level < LOW_MARGIN
    advice = "a hedge may be refused for want of margin: close or reduce something" if low else ""
    return HealthRow(GROUP, "Margin", "caution" if low else "ok",
                     f"{text} · margin level {level:.0f}%", advice)  # fmt: skip


def _watch(view: DefenceView, now: float) -> HealthRow:
    if view.frozen:
        advice = "nothing is decided until it is gone; stops at the broker stand"
        return HealthRow(GROUP, "Watch", "bad", f"FROZEN: {safe(view.frozen, 120)}", advice)
    if not view.monitoring:
        state: State = "unknown" if view.mt5.link in PASSING else "bad"
        advice = "" if state == "unknown" else "see the workers and the link above"
        return HealthRow(GROUP, "Watch", state, "no trade is watched now", advice)
    at = view.last_cycle_at
    last = "no check yet" if at is None else f"last check {fmt.whole_age(now - at)} ago"
    text = f"{len(view.rows)} trades · {last} · next in {countdown(view.next_check_at, now)}"
    if view.rails:
        return HealthRow(GROUP, "Watch", "caution", f"{text} · {safe('; '.join(view.rails), 120)}",
                         "hedges are not opened meanwhile; closing goes on")  # fmt: skip
    return HealthRow(GROUP, "Watch", "ok", text)


def _actions(view: DefenceView, now: float) -> Iterator[HealthRow]:
    for number, action in enumerate(view.unknown):
        since = fmt.whole_age(now - (action.sent_at or action.at))
        words = (f"{safe(action.kind, 20)} UNKNOWN for {since}: {safe(action.symbol, 14)} "
                 f"{action.ticket}, {safe(action.text, 80)}")  # fmt: skip
        advice = ("may have been done: do not repeat it by hand before looking in the terminal; "
                  "then U resolves it")  # fmt: skip
        yield HealthRow(GROUP, "Actions", "bad", words, "" if number else advice)
    if not view.unknown:
        yield HealthRow(GROUP, "Actions", "ok", "none unknown")
