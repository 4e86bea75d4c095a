"""The simulated broker's own books as the auditor reads them, past every adapter."""

from __future__ import annotations

from hedgetui.domain.dtms.audit import VenueHistory
from hedgetui.domain.mt5.records import (
    Deal,
    DealEntry,
    DealReason,
    Lots,
    Magic,
    Position,
    PositionId,
    Ticket,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.ledger import Ledger
from hedgetui.simulation.mt5.orders import Booked, Holding


def history_of(ledger: Ledger) -> VenueHistory:
    """Return every deal ever made and every position that is open."""
    deals = [_deal(one) for one in ledger.deals if one.symbol]
    return VenueHistory(deals, [_position(one) for one in ledger.holdings.values()])


def _side(sign: int) -> Side:
    return Side.BUY if sign > 0 else Side.SELL


def _deal(one: Booked) -> Deal:
    return Deal(
        Ticket(one.ticket), Ticket(one.order), PositionId(one.position_id), one.symbol,
        _side(one.sign), DealEntry(one.entry), DealReason(one.reason), Lots(one.volume), one.price,
        one.profit, one.commission, one.swap, Magic(one.magic), one.comment, Timestamp(one.at),
    )  # fmt: skip


def _position(one: Holding) -> Position:
    return Position(
        Ticket(one.ticket), PositionId(one.identifier), one.symbol, _side(one.sign),
        Lots(one.volume), one.price_open, one.sl or None, one.tp or None, one.price_open, 0.0,
        one.swap, Magic(one.magic), one.comment, Timestamp(one.opened_at),
    )  # fmt: skip
