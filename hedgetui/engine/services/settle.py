"""What follows from fills: shares of the pooled hedge, trades opened and closed, the log's words.

Runs on facts already in the journal and may run twice over the same ones: it compares what the
state says with what it ought to say, so a crash between a fill and its consequences is mended at
the next start.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from decimal import Decimal

from hedgetui.domain import events as ev
from hedgetui.domain.instruments import FUTURES, parse_key
from hedgetui.domain.orders import IntentState, Purpose
from hedgetui.domain.units import Contracts, DollarsPerPoint, Timestamp
from hedgetui.domain.vega import exposure as ex
from hedgetui.domain.vega import messages, pool
from hedgetui.domain.vega import strangle as st
from hedgetui.engine.parts import Parts
from hedgetui.engine.services import book, results

_FEES_GRACE_S = 10.0
"""How long a finished trade waits for commissions that have not been reported yet."""


class Settler:
    """Draws the consequences of facts, one at a time and in order."""

    def __init__(self, parts: Parts) -> None:
        self._recorder = parts.recorder
        self._board = parts.board
        self._clock = parts.clock
        self._rules = parts.rules
        self._facts: asyncio.Queue[ev.Fact] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()
        self._flat_since: dict[str, Timestamp] = {}
        self._looked_at = 0
        """Fills seen by `_unshared`; they are only ever added at the end."""
        self._multiplier = FUTURES[parts.rules.hedge_symbol][0]
        self.close_decided: set[str] = set()
        """Flat trades whose share the hedger has already decided about."""
        parts.recorder.listen(self._facts.put_nowait)

    async def run(self) -> None:
        """Follow the journal for ever."""
        await self._settle()
        while True:
            fact = await self._facts.get()
            await self._one(fact.event)

    async def _one(self, event: ev.Event) -> None:
        match event:
            case ev.IntentMoved(intent_id=intent_id, after=IntentState.FILLED):
                self._announce_fill(intent_id)
                await self._settle()
            case ev.FillBooked() | ev.CommissionBooked() | ev.TradeClosing() | ev.IntentMoved():
                await self._settle()
            case _:
                return

    def _announce_fill(self, intent_id: str) -> None:
        intent = self._recorder.state.intents[intent_id]
        draft = intent.draft
        symbol = parse_key(draft.instrument_key).symbol
        why = f"order #{intent.number}: {draft.reason}"
        if draft.purpose is Purpose.HEDGE:
            words = messages.hedge_filled(draft.side, draft.quantity, symbol)
            self._recorder.say("ok", words, why)
        elif draft.purpose is Purpose.UNWIND:
            words = messages.hedge_closed(draft.side, draft.quantity, symbol)
            self._recorder.say("ok", words, why)
        elif not (draft.purpose in {Purpose.ROLL, Purpose.TAIL} or draft.purpose.is_ticket):
            # those are announced by who sent them
            self._recorder.say("info", f"✅ Order #{intent.number} filled", draft.describe())

    async def _settle(self) -> None:
        async with self._one_at_a_time:
            # A trade that holds something again owes the hedger another decision when it leaves.
            held = {t.trade_id for t in self._recorder.state.open_strangles if not t.flat}
            self.close_decided -= held
            await self._share()
            await self._open_trades()
            await self._close_trades()

    # --- shares ------------------------------------------------------------------------------

    async def _share(self) -> None:
        """Apportion the pool anew when it or the trades it belongs to changed.

        Fills are shared one by one in the order they were booked, each at its own price, so that
        the shares' money is the pool's to the cent, after a crash between a fill and this as well.
        """
        for exec_id in self._unshared():
            fill = self._recorder.state.fills[exec_id]
            pooled = self._pool() + fill.side.sign * fill.quantity
            await self._record_shares(pooled, fill.price, exec_id)
        state = self._recorder.state
        held = state.hedge_position(self._rules.hedge_symbol)
        shares = {k: s.contracts for k, s in state.shares.items() if s.contracts}
        if sum(shares.values()) != held or self._hands_over(shares):
            price = self._price()
            if price is not None:
                await self._record_shares(held, price, "")

    async def _record_shares(self, pooled: int, price: Decimal, exec_id: str) -> None:
        wanted = {k: int(v) for k, v in self._apportioned(pooled).items() if v}
        shares = {k: s.contracts for k, s in self._recorder.state.shares.items() if s.contracts}
        if wanted == shares and not exec_id:
            return
        shared = ev.HedgeShared(wanted, price, self._multiplier, exec_id)
        await self._recorder.record(shared)

    def _apportioned(self, pooled: int) -> dict[str, Contracts]:
        return pool.apportion(Contracts(pooled), self._deltas())

    def _pool(self) -> int:
        return sum(share.contracts for share in self._recorder.state.shares.values())

    def _unshared(self) -> tuple[str, ...]:
        """Return the hedge fills that no share has taken yet, oldest first."""
        state = self._recorder.state
        found = [
            exec_id
            for exec_id, fill in itertools.islice(state.fills.items(), self._looked_at, None)
            if exec_id not in state.share_moves and self._is_hedge(fill)
        ]
        self._looked_at = len(state.fills)
        return tuple(found)

    def _hands_over(self, shares: dict[str, Contracts]) -> bool:
        """Whether a finished trade still has a share that a remaining trade can take over."""
        state = self._recorder.state
        if any(intent.draft.purpose.is_hedge for intent in state.live_intents):
            return False
        gone = {key for key in shares if key in self.close_decided and state.strangles[key].flat}
        return bool(gone) and any(not trade.flat for trade in state.open_strangles)

    def _is_hedge(self, fill: ev.FillBooked) -> bool:
        """Whether a fill changed the pool: by an order of ours."""
        intent = self._recorder.state.intents.get(fill.intent_id)
        return intent is not None and intent.draft.purpose.is_hedge

    def _price(self) -> Decimal | None:
        """Return the market's price for the pool, else the last hedge fill's."""
        state = self._recorder.state
        own = [fill for fill in state.fills.values() if self._is_hedge(fill)]
        newest = own[-1] if own else None
        month = newest.instrument_key if newest else ""
        marked = results.hedge_mark(state, self._board, month)
        return marked if marked is not None else (newest.price if newest else None)

    def _deltas(self) -> dict[str, DollarsPerPoint]:
        state, now = self._recorder.state, self._clock.now()
        measured = book.measure(state, self._board, now, self._rules, accept_stale=True)
        deltas: dict[str, DollarsPerPoint] = {}
        for trade in state.open_strangles:
            own = ex.exposure(trade.open_legs(), measured.greeks)
            deltas[trade.trade_id] = own.delta if own.complete else DollarsPerPoint(math.nan)
        return deltas

    # --- trades ------------------------------------------------------------------------------

    async def _open_trades(self) -> None:
        for trade in self._recorder.state.open_strangles:
            if trade.state is st.TradeState.OPEN and trade.trade_id not in self._opened():
                await self._recorder.record(ev.TradeOpened(trade.trade_id, trade.cost))
                words = f"📊 Entered {trade.name} ×{trade.quantity}, ${trade.cost:,.2f}"
                self._recorder.say("ok", words, f"trade {trade.trade_id}")

    def _opened(self) -> frozenset[str]:
        return self._recorder.state.opened

    async def _close_trades(self) -> None:
        for trade in self._recorder.state.open_strangles:
            if self._finished(trade):
                ledger = st.ledger(trade, {}, self._recorder.state.shares.get(trade.trade_id))
                await self._recorder.record(
                    ev.TradeClosed(
                        trade.trade_id, ledger.options, ledger.hedge, ledger.fees, ledger.net
                    )
                )
                words = f"options {ledger.options:+.2f}, hedge {ledger.hedge:+.2f}"
                text = f"✓ Closed {trade.name}: net {ledger.net:+,.2f}"
                self._recorder.say("ok", text, f"{words}, fees {ledger.fees:.2f}")

    def _finished(self, trade: st.Strangle) -> bool:
        """Legs and share flat, nothing of it alive, commissions known (or long overdue)."""
        state = self._recorder.state
        share = state.shares.get(trade.trade_id)
        if trade.state is not st.TradeState.CLOSED or (share is not None and share.contracts):
            return False
        if trade.trade_id not in self.close_decided:
            return False
        if any(i.draft.trade_id == trade.trade_id or i.draft.purpose.is_hedge
               for i in state.live_intents):  # fmt: skip
            return False
        since = self._flat_since.setdefault(trade.trade_id, self._clock.now())
        if not self._fees_missing(trade.trade_id):
            return True
        return self._clock.now() - since > _FEES_GRACE_S

    def _fees_missing(self, trade_id: str) -> bool:
        state = self._recorder.state
        for exec_id, fill in state.fills.items():
            intent = state.intents.get(fill.intent_id)
            mine = intent is not None and intent.draft.trade_id == trade_id
            if (mine or trade_id in state.share_moves.get(exec_id, {})) and (
                exec_id not in state.commissions
            ):
                return True
        return False

    async def tidy(self) -> None:
        """Look again: something was decided, or a trade waits for what may never come."""
        await self._settle()
