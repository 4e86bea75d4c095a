"""From a proposal to one order: priced, named, judged by the gates, written with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.events import Event, LatchSet, LinkState
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.risk import Denial, Refusal, RiskContext
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import price_words, terms
from hedgetui.domain.tails.exposure import TAILS_LATCH, TailExposure
from hedgetui.domain.tails.model import CashId, HedgeId, Instance, Key, Lots, Origin, Proposal
from hedgetui.domain.tails.roll import RollLeg
from hedgetui.domain.tails.rules import limit_price
from hedgetui.domain.units import Contracts
from hedgetui.engine.arming import account_of
from hedgetui.engine.executor import Errand, Placed
from hedgetui.engine.tails.parts import TailParts
from hedgetui.ports import broker as br

_PLACES = 4


@dataclass(frozen=True, slots=True)
class Hedge:
    """One order as wanted, for one key."""

    key: Key
    draft: od.OrderDraft
    by: str
    trigger: CashId = CashId("")  # noqa: RUF009 - a NewType call is its argument
    roll: str = ""
    """Set on the legs of a roll."""

    @property
    def strategy(self) -> str:
        """Whose slot it takes: accounts do not wait for each other."""
        return f"tail:{self.key.account}"


class Placing:
    """Makes and sends hedges of tails, for the rule and for a person alike."""

    def __init__(self, parts: TailParts) -> None:
        self._parts = parts

    def hedge(self, key: Key, proposal: Proposal, by: str) -> Hedge | str:
        """Return the order of a proposal, as large as one may be; a text says why there is none."""
        lots = min(proposal.lots, self._parts.desk.settings.limits.tails.max_order)
        ledger = self._parts.ledger
        reason = (
            f"{key}: balance {ledger.balance(key):+,}, pending {ledger.pending(key):+,}, "
            f"{ledger.policy(key).mode} {ledger.policy(key).threshold_pct} %"
        )
        draft = self._draft(key, proposal.side, lots, reason)
        if isinstance(draft, str):
            return draft
        return Hedge(key, draft, by, self._parts.books.crossed.get(key, CashId("")))

    def leg(self, leg: RollLeg, roll: str, by: str) -> Hedge | str:
        """Return one order of a roll; a text says why there is none."""
        draft = self._draft(leg.key, leg.side, leg.lots, f"{leg.key}: {roll}")
        return draft if isinstance(draft, str) else Hedge(leg.key, draft, by, roll=roll)

    def _draft(self, key: Key, side: od.Side, lots: int, reason: str) -> od.OrderDraft | str:
        quote = self._parts.quote(key.contract)
        if quote is None or quote.bid is None or quote.ask is None:
            return f"no two-sided quote for {key.contract}"
        bid, ask = (Decimal(str(round(price, _PLACES))) for price in (quote.bid, quote.ask))
        ticks = self._parts.ledger.policy(key).ticks_into_market
        return od.OrderDraft(
            purpose=od.Purpose.TAIL,
            instrument_key=key.contract,
            side=side,
            quantity=Contracts(lots),
            order_type=od.OrderType.LIMIT,
            tif=od.TimeInForce.DAY,
            limit_price=limit_price(side, bid, ask, terms(key.contract).tick, ticks),
            reason=reason,
        )

    # --- gates -------------------------------------------------------------------------------

    def refusal(self, hedge: Hedge) -> Refusal | None:
        """Return what the gates would say now."""
        return risk.refusal(hedge.draft, self.context(hedge, None))

    def context(
        self, hedge: Hedge, margin: br.Margin | None, rolled: int | None = None
    ) -> RiskContext:
        """Return everything the gates need to judge an order now.

        `rolled` is what a roll's leg has to trade, where the roll's first order is not out yet.
        """
        desk = self._parts.desk
        state, settings = desk.state, desk.settings
        instrument = parse_key(hedge.draft.instrument_key)
        venue = state.venue(instrument.symbol)
        return RiskContext(
            now=self._parts.now(),
            limits=settings.limits,
            instrument=instrument,
            latches=self._latches(),
            frozen="freeze" in state.latches or bool(desk.recorder.failed),
            armed=state.armed,
            enabled=state.enabled,
            link_ready=state.link is LinkState.READY,
            synced=state.synced_session == state.session,
            venue_open=venue.open,
            venue_reason=venue.reason,
            account=desk.broker.account,
            expected_account=account_of(settings, state),
            position=state.positions.get(instrument.key, 0),
            live=state.live_intents,
            quote=desk.board.quote(instrument.key),
            exposure=None,
            sent=state.sent,
            day_pnl=None,
            margin_headroom=None if margin is None else float(margin.headroom_after),
            margin_change=None if margin is None else float(margin.initial_change),
            live_money=desk.broker.environment is br.Environment.LIVE,
            strategy=hedge.strategy,
            tail=self._exposure(hedge, rolled),
        )

    def _latches(self) -> tuple[str, ...]:
        """Return everything that holds tails back like a latch."""
        desk, ledger = self._parts.desk, self._parts.ledger
        suspended = ledger.instance is Instance.SUSPENDED
        own = (
            desk.state.tails_stopped, desk.recorder.failed,
            f"suspended: {ledger.instance_why}" if suspended else "",
        )  # fmt: skip
        return (*desk.state.latches.values(), *(words for words in own if words))

    def _exposure(self, hedge: Hedge, rolled: int | None) -> TailExposure:
        """Return the balance by the second count, not by the ledger that proposed the order."""
        recount = self._parts.books.recount
        if hedge.roll and rolled is None:
            legs = recount.rolling(hedge.roll)
            first = legs[0] if legs else None
            rolled = -first.sign * first.lots if first else -recount.lots(hedge.key)
        return TailExposure(
            effective=recount.effective(hedge.key),
            size=int(terms(hedge.key.contract).size),
            threshold_pct=self._parts.ledger.policy(hedge.key).threshold_pct,
            rolled=rolled,
        )

    # --- sending -----------------------------------------------------------------------------

    async def send(self, hedge: Hedge) -> Placed | Refusal:
        """Pass an order through the gates and send it; a refusal has sent nothing."""

        def context_of(_: od.OrderDraft, margin: br.Margin | None, __: bool) -> RiskContext:  # noqa: FBT001 - the executor's signature
            return self.context(hedge, margin)

        errand = Errand(
            hedge.strategy,
            placed=lambda intent: self._placed(hedge, intent),
            held=self._held,
            denied=lambda refused: tf.TailDenied(hedge.key, refused.code.value, refused.message),
        )
        outcome = await self._parts.desk.executor.place(hedge.draft, context_of, errand=errand)
        await self._said(hedge, outcome)
        return outcome

    def _held(self) -> str:
        """Return why nothing leaves although the gates let it pass a moment ago."""
        suspended = self._parts.ledger.instance is Instance.SUSPENDED
        return "suspended while the intent was written" if suspended else ""

    def _placed(self, hedge: Hedge, intent: od.Intent) -> Event:
        ledger, draft = self._parts.ledger, hedge.draft
        return tf.TailHedgePlaced(
            hedge=self._name(intent),
            key=hedge.key,
            side=draft.side,
            lots=Lots(draft.quantity),
            intent_id=intent.intent_id,
            origin=Origin.HM,
            trigger=hedge.trigger,
            why=draft.reason,
            balance=ledger.balance(hedge.key),
            pending=ledger.pending(hedge.key),
            by=hedge.by,
            roll=hedge.roll,
        )

    def _name(self, intent: od.Intent) -> HedgeId:
        """Return a short name nobody has: imported hedges may be called anything."""
        short = HedgeId(f"HM-{intent.number}")
        if self._parts.ledger.hedge(short) is None:
            return short
        return HedgeId(f"{short}-{intent.intent_id[-6:]}")

    async def _said(self, hedge: Hedge, outcome: Placed | Refusal) -> None:
        recorder, order = self._parts.desk.recorder, order_words(hedge)
        if isinstance(outcome, Placed):
            if outcome.intent.state is not od.IntentState.ABANDONED:
                words = f"📤 #{outcome.intent.number} {order} for {hedge.key.account}"
                recorder.say("info", words, hedge.draft.reason)
            return
        recorder.say(
            "warn", f"❌ {order} not sent ({outcome.code}): {outcome.message}", hedge.draft.reason
        )
        if outcome.code is Denial.THROTTLE:
            await recorder.record(
                LatchSet(TAILS_LATCH, on=True, by="rule", why=f"{hedge.key}: {outcome.message}")
            )
            recorder.say("alarm", f"🛑 Hedging of tails stopped by the throttle: {outcome.message}")


def order_words(hedge: Hedge) -> str:
    """Return `SELL 3 ZC 202512 @ 433'2`."""
    draft = hedge.draft
    price = "?" if draft.limit_price is None else price_words(draft.limit_price)
    return f"{draft.side} {draft.quantity} {draft.instrument_key} @ {price}"
