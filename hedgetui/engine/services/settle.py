"""What follows from fills: shares of the pooled hedge, trades opened and closed, the log's words.

Runs on facts already in the journal and may run twice over the same ones: it compares what the
state says with what it ought to say, so a crash between a fill and its consequences is mended at
the next start.
"""

from __future__ import annotations

import asyncio
import math
from decimal import Decimal

from hedgetui.domain import events as ev
from hedgetui.domain.instruments import Kind, parse_key
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
                await self._settle(event.exec_id if isinstance(event, ev.FillBooked) else "")
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
        else:
            self._recorder.say("info", f"✅ Order #{intent.number} filled", draft.describe())

    async def _settle(self, exec_id: str = "") -> None:
        async with self._one_at_a_time:
            await self._share(exec_id)
            await self._open_trades()
            await self._close_trades()

    # --- shares ------------------------------------------------------------------------------

    async def _share(self, exec_id: str) -> None:
        """Apportion the pool anew when it or the trades it belongs to changed."""
        state = self._recorder.state
        held = state.hedge_position(self._rules.hedge_symbol)
        shares = {k: s.contracts for k, s in state.shares.items() if s.contracts}
        if sum(shares.values()) == held and not self._hands_over(shares):
            return
        price = self._price_of(exec_id)
        multiplier = parse_key(self._month()).multiplier if self._month() else Decimal(5)
        if price is None:
            return
        wanted = pool.apportion(Contracts(held), self._deltas())
        await self._recorder.record(
            ev.HedgeShared(
                {k: int(v) for k, v in wanted.items() if v}, price, multiplier,
                exec_id if self._is_hedge(exec_id) else "",
            )
        )  # fmt: skip

    def _hands_over(self, shares: dict[str, Contracts]) -> bool:
        """Whether a finished trade still has a share that a remaining trade can take over."""
        state = self._recorder.state
        if any(intent.draft.purpose.is_hedge for intent in state.live_intents):
            return False
        gone = {key for key in shares if key in self.close_decided and state.strangles[key].flat}
        return bool(gone) and any(not trade.flat for trade in state.open_strangles)

    def _is_hedge(self, exec_id: str) -> bool:
        fill = self._recorder.state.fills.get(exec_id)
        return fill is not None and parse_key(fill.instrument_key).kind is Kind.FUTURE

    def _month(self) -> str:
        held = self._recorder.state.hedges_held(self._rules.hedge_symbol)
        fills = [
            fill.instrument_key
            for fill in self._recorder.state.fills.values()
            if parse_key(fill.instrument_key).kind is Kind.FUTURE
        ]
        return held[0][0].key if held else (fills[-1] if fills else "")

    def _price_of(self, exec_id: str) -> Decimal | None:
        """Return the fill's own price, else the market's, else the last hedge fill's."""
        if self._is_hedge(exec_id):
            return self._recorder.state.fills[exec_id].price
        fills = [f for key, f in self._recorder.state.fills.items() if self._is_hedge(key)]
        marked = results.hedge_mark(self._recorder.state, self._board, self._month())
        return marked if marked is not None else (fills[-1].price if fills else None)

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
