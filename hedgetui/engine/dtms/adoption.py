"""Which positions come under watch, and with what risk.

R is the distance to the stop the trader has set. Without one, or with one that is past the entry
already, it is twice the M15 ATR; without that nothing can be measured, and the position
waits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase

from hedgetui.domain.dtms.book import DefenceBook
from hedgetui.domain.dtms.model import (
    ActionKind,
    ActionRecord,
    Automation,
    Hedge,
    State,
    Trade,
)
from hedgetui.domain.mt5.identity import is_ours, parse_magic
from hedgetui.domain.mt5.records import Position
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms.parts import DefenceSettings

NO_RISK = "no stop, and no M15 ATR yet to measure its risk"
_ATR_RISK = 2.0
_TRADES_OF_OURS = frozenset({ActionKind.RE_ADD, ActionKind.CLOSE_HEDGE})
"""What was added or bought back is a trade like another; a hedge never is."""


def objection(position: Position, settings: DefenceSettings, book: DefenceBook) -> str:
    """Return why a position is not adopted by itself; empty when it is."""
    own = own_objection(position)
    if own:
        return own
    if position.identifier in book.dropped:
        return "ignored by you"
    if position.identifier in book.trades:
        return "closed in the journal, but the position is there"
    if settings.magics and position.magic not in settings.magics:
        return f"magic {position.magic} is not in dtms.magics"
    if settings.symbols and not any(fnmatchcase(position.symbol, s) for s in settings.symbols):
        return f"{safe(position.symbol)} is not in dtms.symbols"
    return ""


def own_objection(position: Position) -> str:
    """Return why a position of our own making is no trade to defend; empty when it may be one."""
    if not is_ours(position.magic):
        return ""
    mark = parse_magic(position.magic)
    if mark is not None and mark.kind in _TRADES_OF_OURS:
        return ""
    return "a hedge of ours"


def risk_of(position: Position, atr15: float | None) -> float | None:
    """Return R as a distance of price, or None while it cannot be measured."""
    if position.sl is not None:
        distance = position.side.sign * (position.price_open - position.sl)
        if distance > 0:
            return distance
    if atr15 is not None and math.isfinite(atr15) and atr15 > 0:
        return _ATR_RISK * atr15
    return None


def trade_of(position: Position, risk: float, automation: Automation, now: Timestamp) -> Trade:
    """Return the trade that watches a position from now on."""
    return Trade(
        identifier=position.identifier,
        ticket=position.ticket,
        symbol=position.symbol,
        side=position.side,
        entry=position.price_open,
        initial_volume=position.volume,
        volume=position.volume,
        risk=risk,
        sl=position.sl,
        tp=position.tp,
        opened_at=position.opened_at,
        adopted_at=now,
        state=State.HEALTHY,
        since=now,
        automation=automation,
    )


def hedge_found(position: Position, actions: Sequence[ActionRecord]) -> Hedge:
    """Return the hedge that a position of ours is, found and not reported.

    Where the broker holds no stop for it, the one it was asked for is watched by the desk;
    `actions` are those of its trade.
    """
    asked = [one.level for one in actions if one.magic == position.magic and one.level is not None]
    level = position.sl if position.sl is not None else next(reversed(asked), None)
    return Hedge(
        position=position.identifier, ticket=position.ticket, side=position.side,
        volume=position.volume, price=position.price_open, sl=level,
        soft_sl=position.sl is None and level is not None, at=position.opened_at,
    )  # fmt: skip
