"""What the health page says, as plain rows: an item, how it is, and what to do when it is not well.

Pure functions from one snapshot. Ages are in whole seconds, so that the page changes at most once a
second; what is not known reads `?` or says that it is not known, and every row that is not well
carries a next step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hedgetui.domain.ids import key_tail
from hedgetui.ports.desk import DeskSnapshot, HealthView, StatusView
from hedgetui.ui import format as fmt
from hedgetui.ui.screens.status_text import Look
from hedgetui.ui.widgets.spark import spark

State = Literal["", "ok", "caution", "bad", "unknown"]
"""How an item is; the empty one is a fact that can be neither well nor ill."""

ILL: frozenset[State] = frozenset({"caution", "bad"})

SKEW_S = 0.5
SILENT_S = 20.0
SLOW_MS = 1_000.0
LAG_MS = 250.0
TREND_CELLS = 24

LINK_STATES: dict[str, State] = {
    "ready": "ok", "degraded": "caution", "syncing": "caution", "connecting": "caution",
    "down": "bad",
}  # fmt: skip
_BY_HAND = "to hedge by hand meanwhile: ?, the emergency card"
_LINK_ADVICE: dict[str, str] = {
    "degraded": f"nothing is sent; truth is read again when the reasons are gone; {_BY_HAND}",
    "syncing": "positions, orders and executions are being read; nothing is sent until then",
    "connecting": "waits for the broker; TWS may be asking whether to accept the connection",
}  # fmt: skip
_LIVE_LINK = frozenset({"ready", "degraded", "syncing"})


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One item of the page."""

    group: str
    item: str
    state: State
    text: str
    advice: str = ""
    tone: str = ""
    """Meaning of the text, when its state does not give it one."""


def health_rows(snapshot: DeskSnapshot, look: Look) -> tuple[HealthRow, ...]:
    """Return every row of the page in its usual order."""
    health, status = snapshot.health, snapshot.status
    now = float(math.floor(status.now))
    return (
        _link(health, now),
        _broker(health),
        _account(health, status, look),
        _session(health, now),
        _messages(health),
        _latency(health, look),
        *_data(health),
        _clock(health),
        *(HealthRow("Link", "Check", "caution", hint) for hint in health.hints),
        *_truth(snapshot, now),
        *_desk(health),
    )


def _since(at: float | None, now: float) -> str:
    return fmt.whole_age(None if at is None else now - at)


def _link(health: HealthView, now: float) -> HealthRow:
    state = LINK_STATES.get(health.link, "bad")
    words = health.link.upper()
    if health.link_since is not None:
        # An attempt to connect is a moment of being down, and counted with it.
        spell = "; down" if health.link == "connecting" else ""
        words += f"{spell} for {_since(health.link_since, now)}"
    reasons = health.reasons or ((health.link_reason,) if health.link_reason else ())
    if reasons and state != "ok":
        words += f": {'; '.join(reasons)}"
    advice = _LINK_ADVICE.get(health.link, "")
    if state == "bad":
        advice = f"{_next_try(health, now)}; {_BY_HAND}"
        if health.peer:
            advice += f". Check that TWS or its gateway runs and listens at {health.peer}"
    return HealthRow("Link", "Link", state, words, advice)


def _next_try(health: HealthView, now: float) -> str:
    if health.next_try_at is None or health.next_try_at <= now:
        return "tries again by itself"
    return f"tries again in {fmt.whole_age(health.next_try_at - now)}"


def _broker(health: HealthView) -> HealthRow:
    parts = [health.client or "client library not known"]
    if health.peer:
        parts.insert(0, health.peer)
    if health.server:
        parts.append(f"server {health.server}")
    if health.client_id is not None:
        parts.append(f"client id {health.client_id}")
    return HealthRow("Link", "Broker", "", " · ".join(parts))


def _account(health: HealthView, status: StatusView, look: Look) -> HealthRow:
    mode = health.environment or status.mode
    name = fmt.account(health.account or status.account) or "account not told yet"
    armed = "ARMED: orders may leave" if status.armed else "DISARMED: no order leaves, A arms"
    tone = "live" if mode == "LIVE" else "warn" if status.armed else ""
    return HealthRow("Link", "Account", "", f"{look.badge(mode)} {name} · {armed}", tone=tone)


def _session(health: HealthView, now: float) -> HealthRow:
    if health.connected_at is None or health.link not in _LIVE_LINK:
        text = "none"
    else:
        text = f"number {health.session}, up {_since(health.connected_at, now)}"
    times = f"{health.reconnects} reconnect{'' if health.reconnects == 1 else 's'}"
    return HealthRow("Link", "Session", "", f"{text} · {times}")


def _messages(health: HealthView) -> HealthRow:
    age = health.last_message_age_s
    up = health.link in _LIVE_LINK
    silent = age is not None and age > SILENT_S and up
    last = "no message yet" if age is None else f"last {fmt.whole_age(age)} ago"
    text = f"{last} · {health.sent_last_second} sent/s · {health.queued} queued"
    advice = "the broker is silent: R asks it; a frozen TWS answers nothing" if silent else ""
    state: State = "caution" if silent else "unknown" if age is None else "ok" if up else ""
    return HealthRow("Link", "Messages", state, text, advice, "" if up else "stale")


def _latency(health: HealthView, look: Look) -> HealthRow:
    now = health.latency_ms
    if now is None or not math.isfinite(now):
        return HealthRow("Link", "Latency", "unknown", "not measured")
    slow = now > SLOW_MS
    text = f"{now:.0f} ms"
    known = [value for value in health.latencies_ms if math.isfinite(value)]
    if known:
        text += f"  {spark(known, TREND_CELLS, look.icons)}  worst {max(known):.0f} ms in 10 min"
    if health.link not in _LIVE_LINK:
        return HealthRow("Link", "Latency", "", text, tone="stale")
    advice = "the line or TWS is slow; prices and fills arrive late" if slow else ""
    return HealthRow("Link", "Latency", "caution" if slow else "ok", text, advice)


def _data(health: HealthView) -> Iterator[HealthRow]:
    if health.link not in _LIVE_LINK:
        yield HealthRow("Data", "Quotes", "unknown", "none while the link is down")
        return
    yield _quotes(health)
    if health.farms:
        broken = ", ".join(name for name, works in health.farms if not works)
        works = ", ".join(name for name, works in health.farms if works)
        parts = (f"BROKEN {broken}" if broken else "", f"working {works}" if works else "")
        advice = "quotes from a broken farm stand still; it comes back by itself" if broken else ""
        yield HealthRow("Data", "Farms", "caution" if broken else "ok",
                        " · ".join(part for part in parts if part), advice)  # fmt: skip


def _quotes(health: HealthView) -> HealthRow:
    kind, budget = health.data_type, health.lines_budget
    lines = f"{health.lines_used} of {budget} lines" if budget else ""
    text = " · ".join(part for part in (kind or "no quote yet", lines) if part)
    state: State = "ok" if kind else "unknown"
    advice = ""
    if kind and kind != "live":
        state = "caution"
        advice = (
            "nothing hedges on it; look at the subscription, and for another login of this user"
        )
    elif budget and health.lines_used >= budget:
        state, advice = "caution", "close watch lists in TWS: they share these lines"
    return HealthRow("Data", "Quotes", state, text, advice)


def _clock(health: HealthView) -> HealthRow:
    skew = health.clock_skew_s
    if skew is None or not math.isfinite(skew):
        return HealthRow("Data", "Clock", "unknown", "broker's clock not known")
    off = abs(skew) > SKEW_S
    size = f"{skew * 1000:+.0f} ms" if abs(skew) < 10 else f"{skew:+.0f} s"
    text = f"{'0 ms' if round(skew * 1000) == 0 else size}, broker against this machine"
    advice = "set this machine's clock (NTP): ages of quotes are wrong by as much" if off else ""
    return HealthRow("Data", "Clock", "caution" if off else "ok", text, advice)


def _truth(snapshot: DeskSnapshot, now: float) -> Iterator[HealthRow]:
    health = snapshot.health
    if health.synced_at is None:
        yield HealthRow("Truth", "Last look", "caution", "broker truth was never read whole",
                        "R reads it now; nothing is sent before")  # fmt: skip
    else:
        text = f"complete, {_since(health.synced_at, now)} ago · R looks now"
        yield HealthRow("Truth", "Last look", "ok", text)
    for difference in health.differences:
        yield HealthRow("Truth", "Positions", "bad", difference,
                        "the broker's number stands; know why, then b, u accepts it")  # fmt: skip
    if not health.differences:
        known = health.synced_at is not None
        text = "as journalled" if known else "not compared yet"
        if known and health.link not in _LIVE_LINK:
            yield HealthRow("Truth", "Positions", "unknown", f"{text} at that look")
        else:
            yield HealthRow("Truth", "Positions", "ok" if known else "unknown", text)
    yield from _orders(snapshot, now)


def _orders(snapshot: DeskSnapshot, now: float) -> Iterator[HealthRow]:
    health = snapshot.health
    known = {
        f"#{row.number}": f" for {_since(row.at, now)}, reference …{key_tail(row.client_key)}"
        for row in snapshot.orders
    }
    advice = (
        "may be filled: never send it again by hand; R reads the broker; "
        "look in TWS, then U resolves it"
    )
    for number, (order, evidence) in enumerate(health.missing):
        words = f"{order} UNKNOWN{known.get(order, '')}: {evidence}"
        yield HealthRow("Truth", "Orders", "bad", words,
                        "" if number else advice)  # fmt: skip
    rest = health.unknown_orders - len(health.missing)
    if rest > 0:
        yield HealthRow("Truth", "Orders", "bad", f"{rest} UNKNOWN, not looked for yet",
                        "" if health.missing else advice)  # fmt: skip
    elif not health.missing:
        yield HealthRow("Truth", "Orders", "ok", "none unknown")


def _desk(health: HealthView) -> Iterator[HealthRow]:
    if health.journal_failed:
        yield HealthRow("Desk", "Journal", "bad", f"NOT WRITTEN: {health.journal_failed}",
                        "the desk is halted; make room on the disk, then start again")  # fmt: skip
    else:
        yield HealthRow("Desk", "Journal", "ok", f"written, {health.journal_facts:,} facts")
    if health.log_failed:
        yield HealthRow("Desk", "Log", "bad", f"NOT WRITTEN: {health.log_failed}",
                        "orders go on; hedgetui doctor checks folder and disk")  # fmt: skip
    else:
        yield HealthRow("Desk", "Log", "ok", "written")
    for worker in health.workers_down:
        yield HealthRow("Desk", "Workers", "bad", worker,
                        "restarts with pauses, five times at most; then A arms again")  # fmt: skip
    if not health.workers_down:
        yield HealthRow("Desk", "Workers", "ok", "all run")
    lag = health.loop_lag_ms
    if lag is not None and math.isfinite(lag):
        late = lag > LAG_MS
        yield HealthRow("Desk", "Timers", "caution" if late else "ok",
                        f"{lag:.0f} ms late at worst in the last minute",
                        "this machine is too busy: close what competes with the desk" if late
                        else "")  # fmt: skip
