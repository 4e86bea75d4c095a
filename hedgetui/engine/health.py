"""What a person wants to know when something feels wrong: the desk's own vital signs.

The adapter tells about its link, the desk adds what only it knows: how late its timers fire, what
the last look at broker truth found, whether a worker or a file is down. Shown, never decided upon.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.units import Timestamp
from hedgetui.engine.link import Link
from hedgetui.engine.parts import Parts
from hedgetui.engine.reconcile import Reconciler
from hedgetui.ports import broker as br
from hedgetui.ports import desk as dk

_PULSE_S = 5.0
_LATENCIES = 120
_LAGS = 12
_SKEW_S = 30.0
_STANDING = frozenset({ev.LinkState.SYNCING, ev.LinkState.READY, ev.LinkState.DEGRADED})


class Health:
    """Keeps short histories and makes the view."""

    def __init__(self, parts: Parts, link: Link, reconciler: Reconciler) -> None:
        self._parts = parts
        self._link = link
        self._reconciler = reconciler
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._lags: deque[float] = deque(maxlen=_LAGS)
        self._link_since: Timestamp | None = None
        self._facts = 0
        parts.recorder.listen(self._on_fact)

    def loaded(self, facts: int) -> None:
        """Count the facts a journal began with."""
        self._facts = facts

    def _on_fact(self, fact: ev.Fact) -> None:
        self._facts = fact.seq
        if isinstance(fact.event, ev.LinkChanged | ev.EngineStarted):
            self._link_since = fact.at

    async def run(self) -> None:
        """Take the pulse for ever: the newest round trip, and how late this timer fired."""
        clock = self._parts.clock
        while True:
            due = clock.now() + _PULSE_S
            await clock.sleep(_PULSE_S)
            self._lags.append(max(0.0, clock.now() - due) * 1000)
            latency = self._link.latency_ms
            if latency is not None and self._parts.state.link in _STANDING:
                self._latencies.append(latency)

    def view(self, down: Mapping[str, str], log_failed: str) -> dk.HealthView:
        """Return the vital signs; `down` maps workers to why they are."""
        state, broker, link = self._parts.state, self._parts.broker, self._parts.broker.health()
        shown = self._link.shown
        now = self._parts.clock.now()
        heard = link.last_message_at
        return dk.HealthView(
            link=shown.state.value,
            link_reason=shown.reason,
            link_since=self._link_since,
            next_try_at=self._link.next_try_at,
            reasons=link.reasons,
            client=link.client,
            peer=link.peer,
            server=link.server,
            client_id=link.client_id,
            environment=broker.environment.value.upper(),
            account=broker.account,
            session=state.session,
            connected_at=link.connected_at,
            last_message_age_s=None if heard is None else max(0.0, float(now - heard)),
            latency_ms=shown.latency_ms,
            latencies_ms=tuple(self._latencies),
            reconnects=link.reconnects,
            clock_skew_s=link.clock_skew,
            data_type=link.data_type,
            lines_used=link.lines_used,
            lines_budget=link.lines_budget,
            queued=link.queued,
            sent_last_second=link.sent_last_second,
            farms=link.farms,
            hints=_hints(link),
            synced_at=self._reconciler.looked_at,
            differences=tuple(
                f"{one.instrument_key}: journal {one.journal:+d}, broker {one.broker:+d}"
                for one in state.differences
            ),
            unknown_orders=sum(i.state is od.IntentState.UNKNOWN for i in state.live_intents),
            missing=self._missing(),
            journal_facts=self._facts,
            journal_failed=self._parts.recorder.failed,
            log_failed=log_failed,
            workers_down=tuple(f"{name}: {why}" for name, why in down.items()),
            loop_lag_ms=max(self._lags) if self._lags else None,
        )

    def _missing(self) -> tuple[tuple[str, str], ...]:
        intents = self._parts.state.intents
        return tuple(
            (f"#{intents[intent_id].number}", words)
            for intent_id, words in self._reconciler.missing.items()
            if intent_id in intents and intents[intent_id].state is od.IntentState.UNKNOWN
        )


def _hints(link: br.LinkHealth) -> tuple[str, ...]:
    """Return what to check, and how to mend a clock that only a start can set."""
    if link.clock_skew is None or abs(link.clock_skew) <= _SKEW_S:
        return link.hints
    mend = f"the broker's clock is {link.clock_skew:+.0f} s from the desk's: start the desk again"
    return (*link.hints, mend)
