"""Futures of hedge accounts that somebody trades elsewhere in the same broker account.

The broker tells the execution and not whose hedge it is. Where one hedge account alone has that
contract it is its own, as an order from outside; otherwise a person has to say.
"""

from __future__ import annotations

import asyncio

from hedgetui.domain import events as ev
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import objection
from hedgetui.domain.tails.contracts import GRAINS
from hedgetui.domain.tails.model import HedgeId, Key, Lots, Origin
from hedgetui.engine.tails.parts import TailParts

_BY = "broker"
_ID_DIGITS = 30


class Outside:
    """Books foreign executions with the hedge account they must belong to."""

    def __init__(self, parts: TailParts) -> None:
        self._parts = parts
        self._fills: asyncio.Queue[ev.FillBooked] = asyncio.Queue()
        self._unbooked: dict[str, ev.FillBooked] = {}
        parts.desk.recorder.listen(self._on_fact)

    def _on_fact(self, fact: ev.Fact) -> None:
        event = fact.event
        if isinstance(event, ev.FillBooked) and not event.intent_id and _trades(event):
            self._fills.put_nowait(event)

    def recall(self, fact: ev.Fact) -> None:
        """Follow a journal: an execution that nobody booked before the process died is due.

        To be told when the ledger knows the fact. What was nobody's then stays with whom a person
        gave it to.
        """
        event = fact.event
        if isinstance(event, ev.FillBooked) and not event.intent_id and _trades(event):
            known = self._parts.ledger.hedge(_name(event)) is not None
            if known or len(self._owners(event)) == 1:
                self._unbooked[event.exec_id] = event
        elif isinstance(event, tf.HedgeFilled):
            waiting = self._unbooked.get(event.fill_id)
            if waiting is not None and waiting.revision <= event.revision:
                del self._unbooked[event.fill_id]

    def _owners(self, fill: ev.FillBooked) -> list[Key]:
        return [key for key in self._parts.ledger.keys if key.contract == fill.instrument_key]

    async def run(self) -> None:
        """Book what comes, for ever."""
        for fill in self._unbooked.values():
            self._fills.put_nowait(fill)
        self._unbooked.clear()
        while True:
            await self._book(await self._fills.get())

    async def _book(self, fill: ev.FillBooked) -> None:
        hedge = _name(fill)
        known = self._parts.ledger.hedge(hedge)
        owners = self._owners(fill)
        words = f"{fill.side} {fill.quantity} {fill.instrument_key} @ {fill.price} traded elsewhere"
        if known is None and len(owners) != 1:
            whose = "no hedge account has" if not owners else f"{len(owners)} hedge accounts have"
            text = f"⚠ {words}: {whose} that contract; import it as a hedge of one of them"
            self._parts.desk.recorder.say("warn", text)
            return
        told: list[tf.TailEvent] = []
        if known is None:
            told.append(self._entered(hedge, owners[0], fill))
        filled = tf.HedgeFilled(
            hedge, fill.exec_id, fill.revision, Lots(fill.quantity), fill.price, fill.executed_at
        )
        why = "" if known is None else objection(self._parts.ledger, filled)
        if why:
            self._parts.desk.recorder.say("warn", f"⚠ {words}, not booked: {why}")
            return
        await self._parts.desk.recorder.record(*told, filled)
        key = owners[0] if known is None else known.key
        self._parts.desk.recorder.say("warn", f"⚠ {words}: booked with {key.account} as {hedge}")

    @staticmethod
    def _entered(hedge: HedgeId, key: Key, fill: ev.FillBooked) -> tf.HedgeEntered:
        lots = Lots(fill.quantity)
        return tf.HedgeEntered(hedge, key, fill.side, lots, Origin.OUTSIDE, fill.executed_at, _BY)


def _name(fill: ev.FillBooked) -> HedgeId:
    return HedgeId(f"OUT-{fill.exec_id[-_ID_DIGITS:]}")


def _trades(fill: ev.FillBooked) -> bool:
    """Whether an execution is a trade in a grain, not the settlement of one that has expired."""
    instrument = parse_key(fill.instrument_key)
    return instrument.symbol in GRAINS and fill.executed_at < instrument.expires_at
