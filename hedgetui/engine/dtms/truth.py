"""Laying a complete look beside the journal: what came, what changed, what is proven gone.

Nothing is concluded from what an answer does not show. A missing leg is gone when its deals say so;
until then it is watched and said. While an action of a symbol is under way, its positions are the
outbox's affair and are not judged here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, Automation, Hedge, State, Trade
from hedgetui.domain.mt5.identity import parse_magic
from hedgetui.domain.mt5.records import Incomplete, Look, Lots, Position, PositionId
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms.adoption import hedge_found
from hedgetui.engine.dtms.consequences import IN_PART, NOT_HEDGED
from hedgetui.engine.dtms.ending import Ending, ending
from hedgetui.engine.dtms.parts import DefenceParts

_TOLERANCE = 1e-9
_SECOND = "a second hedge stands"
_ALONE = "the position is closed, its hedge stands alone"
_LARGER = "the hedge is larger than the position"


@dataclass(frozen=True, slots=True)
class Findings:
    """What one complete look proved; by the trade's identifier."""

    main_gone: dict[PositionId, Ending]
    hedge_gone: dict[PositionId, Ending]
    unproven: dict[PositionId, str]
    """Legs that are not shown and not proven closed, in words."""

    @property
    def pending(self) -> bool:
        """Whether history is to be asked again soon."""
        return bool(self.unproven)


class Truth:
    """Compares; records what changed; concludes nothing that deals do not prove."""

    def __init__(self, parts: DefenceParts) -> None:
        self._parts = parts
        self.findings = Findings({}, {}, {})
        self._alarmed: set[PositionId] = set()
        """Hedges that were alarmed about."""

    async def compare(self, look: Look) -> Findings:
        """Record what a look shows of the trades of the journal.

        Raises:
            BrokerUnreachable: the link broke meanwhile.
            StoreError: the journal cannot be written.
        """
        found = Findings({}, {}, {})
        for trade in tuple(self._parts.book.trades.values()):
            if not (trade.open or trade.hedge) or self._busy(trade):
                continue
            if trade.open:
                await self._main(trade, look, found)
            await self._hedge(trade, look, found)
        seconds = await self._strange_hedges(look, found)
        for trade in self._parts.book.open_trades:
            if not self._busy(trade) and trade.identifier not in found.unproven:
                words = seconds.get(trade.identifier) or _alone(trade, found)
                await self._judge_hedge(trade, words)
        self.findings = found
        return found

    def _busy(self, trade: Trade) -> bool:
        return self._parts.book.live_action(trade.symbol) is not None

    # --- the main leg ------------------------------------------------------------------------

    async def _main(self, trade: Trade, look: Look, found: Findings) -> None:
        position = look.position(trade.identifier)
        if position is not None and position.side is trade.side:
            await self._amend(trade, position)
            return
        proof = await self._proof(trade.identifier, trade.volume)
        if isinstance(proof, str):
            found.unproven[trade.identifier] = f"position gone, {proof}"
        else:
            found.main_gone[trade.identifier] = proof

    async def _proof(self, identifier: PositionId, held: Lots) -> Ending | str:
        """Return how a position ended, or in words why that is not proven yet."""
        deals = await self._parts.port.deals_of(identifier)
        if isinstance(deals, Incomplete):
            return f"deals unknown: {safe(deals.why)}"
        return ending(deals, held) or "no deal yet"

    async def _amend(self, trade: Trade, position: Position) -> None:
        """Adopt what a person or the broker made of the position."""
        changes = _changes(trade, position)
        if not changes:
            return
        why = ", ".join(changes)
        who = "the broker re-opened it" if why.startswith("ticket") else "main changed by hand"
        events: list[ev.Event] = [
            fx.DefenceAmended(
                trade.identifier, position.ticket, position.volume, position.sl, position.tp,
                f"{who}: {why}",
            )
        ]  # fmt: skip
        if position.volume > trade.volume:
            words = f"position grew to {position.volume}: u is measured from the first entry"
            events.append(fx.DefenceDegraded(trade.identifier, words))
        await self._parts.recorder.record(*events)
        self._parts.recorder.say(
            "info", f"✍️ #{position.ticket} {safe(trade.symbol)} changed at the broker: {why}"
        )

    # --- the hedge ---------------------------------------------------------------------------

    async def _hedge(self, trade: Trade, look: Look, found: Findings) -> None:
        hedge = trade.hedge
        if hedge is None or hedge.virtual:
            return
        position = look.position(hedge.position)
        if position is not None:
            await self._amend_hedge(trade, hedge, position)
            return
        proof = await self._proof(hedge.position, hedge.volume)
        if isinstance(proof, str):
            words = f"hedge #{hedge.ticket} gone, {proof}"
            before = found.unproven.get(trade.identifier)
            found.unproven[trade.identifier] = f"{before}; {words}" if before else words
            return
        found.hedge_gone[trade.identifier] = proof
        if not trade.open:
            await self._parts.recorder.record(
                fx.HedgeGone(trade.identifier, proof.why, proof.price)
            )
            words = f"✅ #{trade.ticket} {safe(trade.symbol)}: its hedge is closed: {proof.why}"
            self._parts.recorder.say("ok", words)

    async def _amend_hedge(self, trade: Trade, hedge: Hedge, position: Position) -> None:
        now = replace(
            hedge, ticket=position.ticket, volume=position.volume,
            sl=hedge.sl if hedge.soft_sl and position.sl is None else position.sl,
            soft_sl=hedge.soft_sl and position.sl is None,
        )  # fmt: skip
        if now == hedge:
            return
        words = f"hedge is {now.volume} with SL {_level(now.sl)} at the broker"
        await self._parts.recorder.record(fx.HedgeAmended(trade.identifier, now, words))
        if not (hedge.soft_sl and not now.soft_sl):
            self._parts.recorder.say("info", f"✍️ #{trade.ticket} {safe(trade.symbol)}: {words}")

    async def _strange_hedges(self, look: Look, found: Findings) -> dict[PositionId, str]:
        """Take over hedges of ours that the journal does not know: a crash lay between.

        Returns which trades have one hedge too many, in words.
        """
        seconds: dict[PositionId, str] = {}
        for position in look.positions:
            mark = parse_magic(position.magic)
            if mark is None or mark.kind is not ActionKind.OPEN_HEDGE:
                continue
            mains = [t for t in self._parts.book.trades.values() if mark.of(t.identifier)]
            trade = next((t for t in reversed(mains) if t.open), mains[-1] if mains else None)
            if trade is None:
                self._alarm(position, "its trade is not in the journal")
            elif self._busy(trade) or (trade.hedge and trade.hedge.position == position.identifier):
                continue
            elif trade.identifier in self._parts.book.dropped:
                self._alarm(position, f"you ignore its trade #{trade.ticket}")
            elif trade.hedge is None:
                await self._take_over(trade, position)
            elif trade.identifier not in found.hedge_gone:  # else it is the next one
                words = f"{_SECOND}: #{position.ticket} {position.volume} lots"
                seconds[trade.identifier] = words
        return seconds

    async def _take_over(self, trade: Trade, position: Position) -> None:
        if position.side is trade.side or position.symbol != trade.symbol:
            self._alarm(position, f"it is no hedge of #{trade.ticket}")
            return
        why = "hedge found at the broker, not in the journal"
        hedge = hedge_found(position, self._parts.book.actions_of(trade.identifier))
        events: list[ev.Event] = [fx.HedgeOpened(trade.identifier, hedge)]
        if trade.open and trade.state is not State.HEDGED:
            rule = {State.WARNING_L2: "T5", State.RECOVERING: "T11"}.get(trade.state, "T15")
            flat_at = Timestamp(position.opened_at + self._parts.settings.rules.flat_after)
            events.append(
                fx.DefenceMoved(
                    trade.identifier, trade.state, State.HEDGED, rule, why, None, None, flat_at
                )
            )
        await self._parts.recorder.record(*events)
        words = f"🛡️ #{trade.ticket} {safe(trade.symbol)}: {why}: {position.volume} lots adopted"
        self._parts.recorder.say("warn", words)

    async def _judge_hedge(self, trade: Trade, worse: str) -> None:
        """Say what is wrong with a trade's hedge as long as it is; a person decides about it."""
        words = worse or _too_large(trade)
        if words and trade.degraded != words:
            await self._parts.recorder.record(fx.DefenceDegraded(trade.identifier, words))
            self._parts.recorder.say("alarm", f"🛑 #{trade.ticket} {safe(trade.symbol)}: {words}")
        elif not words and _is_over(trade):
            await self._parts.recorder.record(fx.DefenceDegraded(trade.identifier, ""))

    def _alarm(self, position: Position, why: str) -> None:
        if position.identifier not in self._alarmed:
            self._alarmed.add(position.identifier)
            words = f"🛑 Hedge #{position.ticket} {safe(position.symbol)} of ours: {why}"
            self._parts.recorder.say("alarm", words)


def ended_hedge(trade: Trade, proof: Ending) -> list[ev.Event]:
    """Return the facts of a hedge that is proven closed by others than us."""
    events: list[ev.Event] = [fx.HedgeGone(trade.identifier, proof.why, proof.price)]
    if proof.by_hand and trade.automation is Automation.AUTO:
        events.append(fx.AutomationSet(trade.identifier, Automation.ALERT, "hedge closed by hand"))
    return events


def _alone(trade: Trade, found: Findings) -> str:
    """Return that a hedge has outlived its position and the machine may not close it."""
    left = trade.hedge is not None and trade.identifier not in found.hedge_gone
    if trade.identifier not in found.main_gone or not left or trade.automation is Automation.AUTO:
        return ""
    return "" if trade.hedge is None or trade.hedge.virtual else _ALONE


def _too_large(trade: Trade) -> str:
    """Return that a hedge outweighs what it hedges: both together are a trade the other way."""
    hedge = trade.hedge
    if hedge is None or hedge.virtual or hedge.volume <= trade.volume:
        return ""
    return f"{_LARGER}: {hedge.volume} against {trade.volume} lots"


def _is_over(trade: Trade) -> bool:
    """Whether what a trade is degraded for is no longer so."""
    why = trade.degraded
    if why.startswith(NOT_HEDGED):
        return trade.state is State.HEALTHY
    return why.startswith((_SECOND, _LARGER, _ALONE)) or (
        why.startswith(IN_PART) and trade.hedge is None
    )


def _changes(trade: Trade, position: Position) -> list[str]:
    """Return what differs, `volume 0.40 → 0.20`."""
    changes = []
    if position.volume != trade.volume:
        changes.append(f"volume {trade.volume} → {position.volume}")
    for name, before, after in (("SL", trade.sl, position.sl), ("TP", trade.tp, position.tp)):
        if not _same(before, after):
            changes.append(f"{name} {_level(before)} → {_level(after)}")
    if position.ticket != trade.ticket:
        changes.append(f"ticket {trade.ticket} → {position.ticket}")
    return changes


def _same(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return abs(before - after) <= _TOLERANCE * max(1.0, abs(before))


def _level(level: float | None) -> str:
    return "none" if level is None else f"{level:g}"
