"""What a look proves about one action: that it happened, that it did not, or nothing yet.

Pure. A fill is proven by deals that bear the action's own magic number (or its order), a new
position on a hedging account also by the position itself; a stop by the level on the position. What
others did to the same position is never taken for ours, and a volume that no deal explains proves
nothing: the history is late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgetui.domain.dtms.model import ActionKind, ActionRecord
from hedgetui.domain.mt5.records import Deal, DealEntry, Look, Lots, Position, PositionId
from hedgetui.domain.units import Timestamp

NOTHING = Lots(Decimal(0))
STOPS = frozenset({ActionKind.TIGHTEN_SL, ActionKind.BREAKEVEN_SL, ActionKind.SET_STOP})
"""Kinds whose request replaces levels and makes no deal."""
_SAME_PRICE = 1e-7
"""Relative: far below a point of any symbol, far above the noise of a float."""


class Finding(StrEnum):
    """What one complete look says."""

    FOUND = "found"
    ABSENT = "absent"
    PENDING = "pending"
    """An order is still working, or a deal is missing from the history."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at one action."""

    finding: Finding
    words: str
    filled: Lots = NOTHING
    price: float | None = None
    """Average of the deals."""
    at: Timestamp | None = None
    """When the newest deal happened."""
    position: PositionId = PositionId(0)  # noqa: RUF009 - a NewType call is its argument
    """The position it opened or acted on."""
    level: float | None = None
    """The stop that stands now."""


def weigh(
    action: ActionRecord, look: Look, deals: Iterable[Deal], after: Timestamp = Timestamp(0.0)
) -> Evidence:
    """Return what a look and the deals asked for after it say about `action`.

    `deals` are those of the position it acts on, or of the account when it opens one. Deals up to
    `after` belong to an older action whose magic is the same.
    """
    if action.kind in STOPS:
        return _weigh_stop(action, look)
    kept = tuple(deals)
    own = [deal for deal in kept if deal.at > after and _is_own(action, deal)]
    working = any(
        order.magic == action.magic or (action.ticket and order.ticket == action.ticket)
        for order in look.orders
    )
    if opens(action):
        return _weigh_opening(action, look, own, working=working)
    return _weigh_reduction(action, look, kept, own, working=working)


def opens(action: ActionRecord) -> bool:
    """Return whether the action adds a position or adds to one."""
    return action.kind is ActionKind.RE_ADD or action.position == 0


def gone(look: Look, position: PositionId, deals: Iterable[Deal]) -> tuple[Deal, ...] | None:
    """Return the deals that closed a position; None while it is there or that is not proven."""
    if look.position(position) is not None:
        return None
    out = tuple(deal for deal in deals if deal.position_id == position and _is_out(deal))
    held = _balance(position, deals)
    return out if out and (held is None or held <= 0) else None


def _is_own(action: ActionRecord, deal: Deal) -> bool:
    named = bool(action.ticket) and deal.order == action.ticket
    return (deal.magic == action.magic or named) and deal.symbol == action.symbol


def _is_out(deal: Deal) -> bool:
    return deal.entry is not DealEntry.IN


def _balance(position: PositionId, deals: Iterable[Deal]) -> Decimal | None:
    """Return the volume that the deals of a position leave; None after a reversal."""
    held = Decimal(0)
    for deal in deals:
        if deal.position_id != position:
            continue
        if deal.entry is DealEntry.INOUT:
            return None
        held += -deal.volume if _is_out(deal) else deal.volume
    return held


def _weigh_stop(action: ActionRecord, look: Look) -> Evidence:
    position = look.position(action.position)
    if position is None:
        return Evidence(Finding.ABSENT, "its position is not there")
    if action.level is None or position.sl is None:
        return Evidence(Finding.ABSENT, "the position has no stop")
    slack = abs(action.level) * _SAME_PRICE
    if position.side.sign * (position.sl - action.level) >= -slack:
        words = f"the stop stands at {position.sl}"
        return Evidence(Finding.FOUND, words, position=position.identifier, level=position.sl)
    return Evidence(Finding.ABSENT, f"the stop stands at {position.sl}, not at {action.level}")


def _weigh_opening(action: ActionRecord, look: Look, own: list[Deal], *, working: bool) -> Evidence:
    entries = [deal for deal in own if deal.entry is DealEntry.IN]
    position = _opened(action, look)
    held = NOTHING if position is None else position.volume
    if entries and sum((deal.volume for deal in entries), Decimal(0)) >= held:
        return _filled(action, entries, working=working)
    if working and held < action.volume:
        return Evidence(Finding.PENDING, "its order is still working")
    if position is not None:
        return Evidence(
            Finding.FOUND, f"position {position.ticket} is there", held,
            position.price_open, position.opened_at, position.identifier,
        )  # fmt: skip
    return Evidence(Finding.ABSENT, "no position, order or deal bears its magic")


def _opened(action: ActionRecord, look: Look) -> Position | None:
    """Return the position it opened; elsewhere than on a hedging account magics tell nothing."""
    if not look.account.hedging:
        return None
    for position in look.positions:
        named = action.ticket and position.ticket == action.ticket
        if position.symbol == action.symbol and (position.magic == action.magic or named):
            return position
    return None


def _weigh_reduction(
    action: ActionRecord, look: Look, deals: tuple[Deal, ...], own: list[Deal], *, working: bool
) -> Evidence:
    out = [deal for deal in own if _is_out(deal) and deal.position_id == action.position]
    if out:
        return _filled(action, out, working=working)
    if working:
        return Evidence(Finding.PENDING, "its order is still working")
    position = look.position(action.position)
    now = Decimal(0) if position is None else position.volume
    explained = _balance(action.position, deals) in {now, None} and bool(deals)
    if explained or now >= action.before:
        there = "the position is closed" if position is None else f"the position holds {now}"
        return Evidence(Finding.ABSENT, f"{there} and no deal bears its magic")
    return Evidence(Finding.PENDING, f"volume {action.before} → {now} and no deal tells why")


def _filled(action: ActionRecord, deals: list[Deal], *, working: bool) -> Evidence:
    volume = sum((deal.volume for deal in deals), Decimal(0))
    words = f"deal {', '.join(str(deal.ticket) for deal in deals[:4])}"
    if working and volume < action.volume:
        return Evidence(Finding.PENDING, f"{words}; the rest of its order is still working")
    worth = sum(float(deal.volume) * deal.price for deal in deals)
    price = worth / float(volume) if volume else None
    newest = max(deal.at for deal in deals)
    return Evidence(Finding.FOUND, words, Lots(volume), price, newest, deals[-1].position_id)
