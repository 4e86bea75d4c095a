"""From a step to one order: measured by facts and broker truth, judged by the gates, written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hedgetui.domain import orders as od
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.balance.limits import TicketExposure
from hedgetui.domain.balance.ticket import TicketStep
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import is_security, leg_keys
from hedgetui.domain.risk import Refusal, RiskContext
from hedgetui.domain.units import Contracts
from hedgetui.engine.context import Contexts
from hedgetui.engine.executor import Errand, Placed
from hedgetui.engine.parts import Parts
from hedgetui.engine.state import DeskState
from hedgetui.engine.tickets.book import Ticket
from hedgetui.engine.tracker import executed_of
from hedgetui.ports import broker as br

STRATEGY = "ticket"
"""Holds the slot of every order of a ticket: one live one in each contract."""


@dataclass(frozen=True, slots=True)
class Look:
    """The account by the broker's newest word."""

    positions: Mapping[str, int]
    others: tuple[tuple[str, int], ...] = ()
    """Contract and signed remainder of working orders that are not the desk's."""


def purpose_of(step: TicketStep) -> od.Purpose:
    """Return why the order of a step is sent."""
    return od.Purpose.TRIM if step.trims else od.Purpose.TICKET


def needs_look(what: TicketStep | od.OrderDraft) -> bool:
    """Whether the account is looked at anew before it: whoever sells or trims needs to hold."""
    trims = what.trims if isinstance(what, TicketStep) else what.purpose is od.Purpose.TRIM
    return trims or what.side is od.Side.SELL


def draft_of(step: TicketStep, quantity: int, ticket_id: str, reason: str) -> od.OrderDraft:
    """Return the order of a step: a limit for the day."""
    return od.OrderDraft(
        purpose=purpose_of(step),
        instrument_key=step.instrument_key,
        side=step.side,
        quantity=Contracts(quantity),
        order_type=od.OrderType.LIMIT,
        tif=od.TimeInForce.DAY,
        limit_price=step.limit,
        trade_id=ticket_id,
        reason=reason,
    )


class Placing:
    """Measures and sends; decides nothing."""

    def __init__(self, desk: Parts, contexts: Contexts) -> None:
        self._desk = desk
        self._contexts = contexts

    async def look(self) -> Look | None:
        """Ask the broker what the account holds; None when the answer was not whole."""
        state = self._desk.state
        if state.link is not LinkState.READY:
            return None
        try:
            answer = await self._desk.broker.truth()
        except BrokerUnreachable:
            return None
        if isinstance(answer, br.Incomplete) or answer.truth.session != self._desk.state.session:
            return None
        others = (
            (key, one.signed_remaining)
            for one in answer.truth.open_orders if one.client_key not in self._desk.state.by_key
            for key in leg_keys(one.instrument_key)
        )  # fmt: skip
        return Look(dict(answer.truth.positions), tuple(others))

    def exposure(
        self, draft: od.OrderDraft, look: Look | None = None, before: Sequence[TicketStep] = ()
    ) -> TicketExposure:
        """Return what an order is measured against; `before` are steps taken for filled."""
        state, key = self._desk.state, draft.instrument_key
        bought, sold = _of_ticket(state, draft.trade_id)
        held = _held(state, look)
        for step in before:
            if step.trims:
                continue
            (bought if step.side is od.Side.BUY else sold)[step.instrument_key] += step.quantity
            held[step.instrument_key] += step.side.sign * step.quantity
        holding = _holding(state, key)
        if needs_look(draft) and look is None:
            holding = None
        elif draft.purpose is od.Purpose.TRIM and look is not None and holding is not None:
            holding = _both(holding, look.positions.get(key, 0))
        if holding is not None:
            holding += sum(one.side.sign * one.quantity for one in before
                           if one.instrument_key == key)  # fmt: skip
        working = [one.working_signed for one in state.live_intents if one.trades(key)]
        working += [] if look is None else [left for what, left in look.others if what == key]
        reducing = sum(abs(one) for one in working if one * (holding or 0) < 0)
        account = _account(look, state)
        for step in before:
            account[step.instrument_key] += step.side.sign * step.quantity
        return TicketExposure(holding, reducing, held, bought, sold, account)

    def context(
        self, draft: od.OrderDraft, exposure: TicketExposure, margin: br.Margin | None
    ) -> RiskContext:
        """Return everything the gates need to judge an order now."""
        context = self._contexts.of(draft, margin, False)  # noqa: FBT003 - its signature
        return replace(context, strategy=STRATEGY, ticket=exposure)

    async def send(
        self, ticket: Ticket, index: int, draft: od.OrderDraft, look: Look | None
    ) -> Placed | Refusal:
        """Pass the order of a step through the gates and send it; a refusal has sent nothing."""

        def context_of(_: od.OrderDraft, margin: br.Margin | None, __: bool) -> RiskContext:  # noqa: FBT001 - the executor's signature
            return self.context(draft, self.exposure(draft, look), margin)

        def placed(intent: od.Intent) -> pf.TicketStepPlaced:
            return pf.TicketStepPlaced(ticket.ticket_id, index, intent.intent_id, draft.quantity)

        def denied(refused: Refusal) -> pf.TicketDenied:
            return pf.TicketDenied(ticket.ticket_id, refused.code.value, refused.message)

        errand = Errand(STRATEGY, placed=placed, denied=denied)
        return await self._desk.executor.place(draft, context_of, errand=errand)


def _holding(state: DeskState, key: str) -> int | None:
    """Return what the account holds of a contract as far as it has been compared, else None."""
    compared = state.link is LinkState.READY and state.synced_session == state.session
    if not compared or any(one.instrument_key == key for one in state.differences):
        return None
    return state.expected_positions.get(key, 0)


def _held(state: DeskState, look: Look | None) -> Counter[str]:
    """Return the desk's own securities that the account has, what is being sold taken off.

    What was sold elsewhere since the last comparison is in the newest word of the broker alone.
    """
    expected, held = state.expected_positions, Counter[str]()
    for key, own in state.positions.items():
        if is_security(key):
            held[key] = _both(own, expected.get(key, 0))
            if look is not None and own > 0:
                held[key] = _both(held[key], look.positions.get(key, 0))
    for intent in state.live_intents:
        if intent.working_signed < 0 and is_security(intent.draft.instrument_key):
            held[intent.draft.instrument_key] += intent.working_signed
    for key, left in () if look is None else look.others:
        if left < 0 < held[key]:
            held[key] = max(0, held[key] + left)
    return held


def _account(look: Look | None, state: DeskState) -> Counter[str]:
    """Return what the account holds, orders that sell counted as filled."""
    account = Counter({} if look is None else look.positions)
    for key, left in () if look is None else look.others:
        account[key] += min(0, left)
    for intent in state.live_intents:
        for key in leg_keys(intent.draft.instrument_key):
            account[key] += min(0, intent.working_signed)
    return account


def _of_ticket(state: DeskState, ticket_id: str | None) -> tuple[Counter[str], Counter[str]]:
    """Return what a ticket has bought, and sold or is selling, from executions on record."""
    bought, sold = Counter[str](), Counter[str]()
    for intent in state.intents.values():
        draft = intent.draft
        if draft.trade_id != ticket_id or draft.purpose is not od.Purpose.TICKET:
            continue
        filled = sum(executed_of(state, intent.intent_id).values())
        if draft.side is od.Side.BUY:
            bought[draft.instrument_key] += filled
        else:
            sold[draft.instrument_key] += max(filled, draft.quantity if intent.live else 0)
    return bought, sold


def _both(one: int, other: int) -> int:
    """Return what two counts of a position have in common: nothing when their signs differ."""
    if one * other <= 0:
        return 0
    return min(one, other, key=abs)
