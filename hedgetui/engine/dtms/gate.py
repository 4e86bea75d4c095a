"""What forbids sending, and what the broker's answers taught about sending again.

Everything here is memory of this process: a new session starts without prejudice, except where the
journal knows better. Nothing here is ever a reason to send.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from hedgetui.domain.dtms.model import ActionKind, ActionState, Automation
from hedgetui.domain.events import LinkState
from hedgetui.domain.mt5.records import Look, Tick
from hedgetui.domain.mt5.retcodes import RETRY_ONCE
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms.errands import Errand, Refused
from hedgetui.engine.dtms.parts import DefenceParts

REQUOTES, REQUOTE_WINDOW_S = 3, 60.0
"""Refused prices of a symbol and kind within so many seconds after which it waits."""
REQUOTE_WAITS_S = (0.3, 0.6, 1.2)
THROTTLE_WAITS_S = (1.0, 2.0, 4.0, 8.0)
DECISION_TTL_S = 5.0
"""From the fresh look to the last one; a disk that takes longer makes the decision old."""
ABSENT = "proven absent"
"""How the words begin that end an action nobody found a trace of."""
LATE_S = 60.0
"""After an opening that nobody answered was proven absent: it may still sit in a queue."""
SOFT_STOP = (ActionKind.CLOSE_HEDGE, "T9")
"""How a hedge is closed at the stop that only the desk holds."""
_OPENING_LATCHES = ("halt", "throttle")


class Gate:
    """Asked before a plan is made, and once more before it leaves."""

    def __init__(self, parts: DefenceParts) -> None:
        self._parts = parts
        self._flying: set[str] = set()
        """Symbols an errand of this process is working on."""
        self._quiet_until = Timestamp(0.0)
        self._throttled = 0
        self._requoted: dict[tuple[str, ActionKind], deque[Timestamp]] = defaultdict(deque)
        self._closed: dict[str, Timestamp] = {}
        """Symbol to the tick that was the newest when its market was said to be closed."""
        self.no_hedge: dict[str, str] = {}
        """Symbols where an opposite position is refused, and why: reduce instead."""
        self.halted = ""
        """Why a person must act before anything is sent by the machine."""

    def forget(self) -> None:
        """A new session: what the old one taught may no longer hold."""
        self.halted = ""
        self._closed.clear()
        self._throttled, self._quiet_until = 0, Timestamp(0.0)

    # --- one errand a symbol -----------------------------------------------------------------

    def flying(self, symbol: str) -> bool:
        """Whether an errand is under way."""
        return symbol in self._flying

    @contextmanager
    def flight(self, symbol: str) -> Iterator[None]:
        """Hold a symbol; the caller asked `flying` in the same step of the loop."""
        self._flying.add(symbol)
        try:
            yield
        finally:
            self._flying.discard(symbol)

    # --- before a plan -----------------------------------------------------------------------

    def refusal(self, errand: Errand) -> Refused | None:
        """Return why nothing may be planned now; None when the way is free."""
        forbidden = self.never()
        if forbidden:
            return Refused("forbidden", forbidden, lasting=True)
        if self._parts.book.link is not LinkState.READY:
            return Refused("link", f"the MT5 link is {self._parts.book.link}")
        if errand.kind.opens:
            latched = self._latched()
            if latched:
                return Refused("latched", latched, lasting=True)
        if self.halted and not errand.by_hand:
            return Refused("halted", self.halted, lasting=True)
        unwanted = self._unwanted(errand)
        if unwanted:
            return Refused("automation", unwanted, lasting=True)
        return self._taught(errand)

    def never(self) -> str:
        """Return why nothing at all may leave now."""
        return self._parts.forbidden

    def _unwanted(self, errand: Errand) -> str:
        """Return why a person does not want this done, whoever decided it and when.

        The stop of a hedge is a part of it: it is kept where the machine may only speak, too.
        """
        trade = self._parts.book.trades.get(errand.trade)
        if trade is None:
            return "it is not watched"
        if not trade.open and errand.kind is not ActionKind.CLOSE_HEDGE:
            return "its trade is over, or ignored"
        if errand.by_hand or trade.automation is Automation.AUTO:
            return ""
        kept = errand.kind is ActionKind.SET_STOP or (errand.kind, errand.rule) == SOFT_STOP
        if kept and trade.automation is Automation.ALERT:
            return ""
        return f"automation is {trade.automation}"

    def _latched(self) -> str:
        latches = self._parts.recorder.state.latches
        for name in _OPENING_LATCHES:
            if name in latches:
                return f"{name}: {latches[name]}"
        return ""

    def _taught(self, errand: Errand) -> Refused | None:
        now = self._parts.clock.now()
        if now < self._quiet_until:
            return Refused("throttled", f"throttled for {self._quiet_until - now:.1f} s")
        if errand.kind.opens and self._may_come_late(errand.symbol):
            words = f"the last one was never answered: {LATE_S:.0f} s more, it may come late"
            return Refused("unanswered", words)
        past = self._requoted[errand.symbol, errand.kind]
        while past and now - past[0] >= REQUOTE_WINDOW_S:
            past.popleft()
        if len(past) >= REQUOTES:
            words = f"{len(past)} prices refused within {REQUOTE_WINDOW_S:.0f} s"
            return Refused("requoted", words)
        return None

    def _may_come_late(self, symbol: str) -> bool:
        """Whether an opening was proven absent a moment ago: it is given time to come late.

        The journal says so, since the process that waited for it may have ended. A server that
        rejected it in words will not think better of it.
        """
        since = self._parts.clock.now() - LATE_S
        return any(
            action.symbol == symbol and action.kind.opens and action.message.startswith(ABSENT)
            and action.ended_at is not None and action.ended_at > since
            and action.state is ActionState.FAILED and action.retcode not in RETRY_ONCE
            for action in self._parts.book.actions.values()
        )  # fmt: skip

    def stale(self, tick: Tick) -> Refused | None:
        """Return why a tick is no price to act on."""
        age = self._parts.clock.now() - tick.at
        if -age > self._parts.settings.stale_tick:
            return Refused("stale-tick", f"{safe(tick.symbol)} tick is {-age:.0f} s ahead of us")
        if age > self._parts.settings.stale_tick:
            return Refused("stale-tick", f"{safe(tick.symbol)} tick is {age:.0f} s old")
        closed = self._closed.get(tick.symbol)
        if closed is not None and tick.at <= closed:
            return Refused("market-closed", "market closed: waiting for its first tick")
        self._closed.pop(tick.symbol, None)
        return None

    def strange(self, look: Look) -> Refused | None:
        """Return why what the terminal shows is no ground to send on."""
        session = self._parts.board.session
        here = look.account.login, look.account.server
        if session is None or here != (session.account.login, session.account.server):
            return Refused("account", f"account {look.account.login} is not the session's")
        if look.terminal.objection:
            return Refused("terminal", look.terminal.objection)
        if not (look.account.trade_allowed and look.account.expert_allowed):
            return Refused("terminal", "the account may not trade")
        return None

    # --- before the bytes leave --------------------------------------------------------------

    def last_look(self, errand: Errand, session: int, decided_at: Timestamp) -> str:
        """Return why a planned action must not leave after all."""
        book = self._parts.book
        forbidden = self.never() or (self._latched() if errand.kind.opens else "")
        forbidden = forbidden or self._unwanted(errand)
        if forbidden:
            return f"{forbidden}, while it was written down"
        if book.session != session or book.link is not LinkState.READY:
            return "the link changed while it was written down"
        if self._parts.board.session is None:
            return "the session ended while it was written down"
        if self._parts.clock.now() - decided_at > DECISION_TTL_S:
            return "the decision is too old"
        return ""

    # --- lessons -----------------------------------------------------------------------------

    def price_refused(self, errand: Errand) -> float | None:
        """Count a requote; return how long to wait before the next try, None for no more."""
        past = self._requoted[errand.symbol, errand.kind]
        past.append(self._parts.clock.now())
        if len(past) >= REQUOTES:
            return None
        return REQUOTE_WAITS_S[len(past) - 1]

    def throttle(self) -> float | None:
        """Slow everything down; return how long, None when it has been slowed down enough."""
        if self._throttled >= len(THROTTLE_WAITS_S):
            self._throttled = 0
            self._quiet_until = Timestamp(self._parts.clock.now() + THROTTLE_WAITS_S[-1])
            return None
        wait = THROTTLE_WAITS_S[self._throttled]
        self._throttled += 1
        self._quiet_until = Timestamp(self._parts.clock.now() + wait)
        return wait

    def answered(self) -> None:
        """An answer that was not a complaint about too many."""
        self._throttled = 0

    def market_closed(self, tick: Tick) -> None:
        """Remember that the market of a symbol is closed until a newer tick comes."""
        self._closed[tick.symbol] = tick.at
