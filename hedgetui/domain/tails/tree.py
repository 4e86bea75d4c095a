"""The tree of hedge accounts: a key, its hedge orders and TBD, the cash orders under them.

The look-back hides what is over and old, never what is open: tails are the same for 1 and for 30
days. Hedges are projected again only for keys that changed, so a fill costs one key; prices and
ages are laid on afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from hedgetui.domain.orders import Side
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.items import CashItem, HedgeItem
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.linking import KeyBook
from hedgetui.domain.tails.model import Instance, Key, Mode, Policy, Proposal
from hedgetui.domain.tails.rows import CashRow, HedgeRow, TailRow
from hedgetui.domain.tails.rules import limit_price, propose, threshold_units
from hedgetui.domain.tails.windows import CHICAGO, look_back
from hedgetui.domain.units import Timestamp

TBD = "TBD"
_EVERYTHING = Timestamp(float("-inf"))


@dataclass(frozen=True, slots=True)
class Market:
    """What is known of a contract's market; None is unknown."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    daily_move: float | None = None
    """Dollars a unit (bushel) of an ordinary day."""
    waiting: str = ""
    """Why no order can be placed: `halted`, `closed`, …"""


_UNKNOWN = Market()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the tree shows beside the ledger."""

    markets: Mapping[str, Market] = field(default_factory=dict)
    """By contract."""
    waiting: Mapping[Key, str] = field(default_factory=dict)
    """Why the rule waits for one key: `cooling down`, `order in doubt`, …"""
    online: bool = True
    """Whether there is a broker session."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a row follows from the ledger and the look-back alone."""

    version: int
    start: Timestamp
    hedges: tuple[HedgeRow, ...]
    carried_in: int


class Tree:
    """Projects a ledger, and remembers what did not change.

    Args:
        ledger: it may go on changing.
        zone: whose midnights bound the days of the look-back.
    """

    def __init__(self, ledger: Ledger, zone: tzinfo = CHICAGO) -> None:
        self._ledger, self._zone = ledger, zone
        self._shapes: dict[Key, _Shape] = {}
        self._kept: dict[Key, tuple[tuple[object, ...], TailRow]] = {}
        """Each key's last row, with everything it was made of but the time."""

    def rows(
        self, now: Timestamp, days: int | None, outlook: Outlook | None = None
    ) -> tuple[TailRow, ...]:
        """Return every key's row, sorted.

        Args:
            now: for ages and the look-back.
            days: 1 to 30 local days, today included; None for everything.
            outlook: prices and obstacles.

        Raises:
            UsageError: the days are out of range.
        """
        start = _EVERYTHING if days is None else look_back(now, days, self._zone).start
        outlook = Outlook() if outlook is None else outlook
        return tuple(self._row(key, now, start, outlook) for key in self._ledger.keys)

    def _row(self, key: Key, now: Timestamp, start: Timestamp, outlook: Outlook) -> TailRow:
        ledger = self._ledger
        book = ledger.book(key) or KeyBook(key, terms(key.contract).size)
        market, obstacle = outlook.markets.get(key.contract, _UNKNOWN), _obstacle(key, outlook)
        stamp = (book.version, ledger.level_version, start, ledger.instance, obstacle, market)
        kept = self._kept.get(key)
        if kept is None or kept[0] != stamp:
            kept = (stamp, self._made(book, start, market, obstacle))
            self._kept[key] = kept
        oldest = book.oldest_open
        return kept[1] if oldest is None else replace(kept[1], age_s=max(0.0, now - oldest))

    def _made(self, book: KeyBook, start: Timestamp, market: Market, obstacle: str) -> TailRow:
        """Return a key's row without its age."""
        key, shape = book.key, self._shapes.get(book.key)
        if shape is None or shape.version != book.version or shape.start != start:
            shape = _shape(book, start)
            self._shapes[key] = shape
        policy, move = self._ledger.policy(key), market.daily_move
        return TailRow(
            account=key.account,
            contract=key.contract,
            unit=terms(key.contract).unit,
            contract_size=book.contract_size,
            tail=book.unlinked,
            hm_unhedged=book.balance,
            pending=book.pending,
            mode=policy.mode.value,
            mode_words=_mode_words(self._ledger.instance, policy.mode, obstacle),
            threshold_pct=policy.threshold_pct,
            threshold=threshold_units(book.contract_size, policy),
            ticks_into_market=policy.ticks_into_market,
            age_s=None,
            at_risk=None if move is None else abs(book.unlinked) * move,
            offsets=book.offset_units,
            bid=None if market.bid is None else float(market.bid),
            ask=None if market.ask is None else float(market.ask),
            proposal=_proposal(book, policy, market),
            hedges=shape.hedges,
            carried_in=shape.carried_in,
            note=book.denied,
        )


def tails_view(
    ledger: Ledger,
    now: Timestamp,
    days: int | None,
    outlook: Outlook | None = None,
    zone: tzinfo = CHICAGO,
) -> tuple[TailRow, ...]:
    """Return the tree once; whoever looks again and again keeps a `Tree`.

    Raises:
        UsageError: the days are not 1 to 30.
    """
    return Tree(ledger, zone).rows(now, days, outlook)


def due(ledger: Ledger) -> tuple[tuple[Key, Proposal], ...]:
    """Return what the rule would place now for every key, as after a resume."""
    found: list[tuple[Key, Proposal]] = []
    for key in ledger.keys:
        size = terms(key.contract).size
        proposal = propose(ledger.e(key), size, ledger.policy(key))
        if proposal is not None:
            found.append((key, proposal))
    return tuple(found)


def _obstacle(key: Key, outlook: Outlook) -> str:
    """Return why the rule cannot place an order for a key, empty when it can."""
    market = outlook.markets.get(key.contract, _UNKNOWN)
    if not outlook.online:
        return "offline"
    priced = market.bid is not None and market.ask is not None
    return outlook.waiting.get(key, "") or market.waiting or ("" if priced else "no price")


def _mode_words(instance: Instance, mode: Mode, obstacle: str) -> str:
    if instance is Instance.SUSPENDED:
        return "suspended"
    words = mode.value.capitalize()
    return f"{words} (waiting: {obstacle})" if obstacle and mode is not Mode.MANUAL else words


def _proposal(book: KeyBook, policy: Policy, market: Market) -> str:
    proposal = propose(book.balance + book.pending, book.contract_size, policy)
    if proposal is None:
        return ""
    words = f"{proposal.side} {proposal.lots} {book.key.contract}"
    if market.bid is None or market.ask is None:
        return words
    tick = terms(book.key.contract).tick
    limit = limit_price(proposal.side, market.bid, market.ask, tick, policy.ticks_into_market)
    return f"{words} @ {limit}"


def _shape(book: KeyBook, start: Timestamp) -> _Shape:
    """Project the hedges and the TBD rows of one key, as far as they are open or recent."""
    waiting = book.open_orders()
    cash = [item for item in waiting if isinstance(item, CashItem)]
    tbd = (_tbd(cash, side, start) for side in (Side.SELL, Side.BUY))
    newest = sorted(book.hedges.values(), key=lambda one: (one.at, one.place), reverse=True)
    found = itertools.chain(tbd, (_hedge(hedge, start) for hedge in newest))
    carried = sum(one.sign * one.open for one in waiting if one.at < start)
    return _Shape(book.version, start, tuple(row for row in found if row is not None), carried)


def _tbd(cash: Sequence[CashItem], side: Side, start: Timestamp) -> HedgeRow | None:
    """Return the row of open cash that hedges of `side` will have to cover, None without any."""
    waiting = [item for item in cash if item.side is not side]
    if not waiting:
        return None
    at = waiting[0].at
    return HedgeRow(
        hedge_id=TBD, side=side.value, lots=None, filled=0, working=0,
        units=sum(item.open for item in waiting), open=0, price=None, origin="", at=at, state=TBD,
        cash=tuple(_cash(item, 0) for item in waiting), older=at < start,
    )  # fmt: skip


def _hedge(item: HedgeItem, start: Timestamp) -> HedgeRow | None:
    """Return a hedge's row, None when it is over, old, and covers nothing open or recent."""
    covered: dict[CashItem, int] = {}
    for tie in item.ties:
        cash = tie.beyond(item)
        if isinstance(cash, CashItem):
            covered[cash] = covered.get(cash, 0) + tie.units
    older = item.at < start and item.last_at < start
    if older and not (item.open or item.working or any(_alive(cash, start) for cash in covered)):
        return None
    price = item.average if item.fills else item.limit
    return HedgeRow(
        hedge_id=item.hedge_id, side=item.side.value, lots=item.lots, filled=item.filled_lots,
        working=item.working, units=item.filled, open=item.open,
        price=None if price is None else float(price), origin=item.origin.value, at=item.at,
        state=item.status,
        cash=tuple(
            _cash(cash, covered[cash])
            for cash in sorted(covered, key=lambda one: (one.at, one.place))
        ),
        older=older,
    )  # fmt: skip


def _alive(cash: CashItem, start: Timestamp) -> bool:
    return cash.open > 0 or cash.at >= start or cash.last_at >= start


def _cash(item: CashItem, hedged: int) -> CashRow:
    return CashRow(
        item.cash_id, item.side.value, item.filled, hedged, item.open, float(item.price), item.at
    )


def tree_document(rows: Sequence[TailRow]) -> list[dict[str, Any]]:
    """Return the tree as `accounts tree --json` prints it.

    A row without a hedge has the id `TBD`, a true field of that name, and no lots. The threshold
    is in percent, as it is set; `threshold_units` says it in units.
    """
    return [
        {
            "account": row.account,
            "contract": row.contract,
            "tail": row.tail,
            "hm_unhedged": row.hm_unhedged,
            "pending": row.pending,
            "mode": row.mode,
            "threshold": row.threshold_pct,
            "threshold_units": row.threshold,
            "hedges": [_hedge_document(hedge) for hedge in row.hedges],
        }
        for row in rows
    ]


def _hedge_document(row: HedgeRow) -> dict[str, Any]:
    document: dict[str, Any] = {"id": row.hedge_id}
    if row.hedge_id == TBD:
        document[TBD] = True
    return document | {
        "side": row.side,
        "lots": row.lots or 0,
        "units": row.units,
        "cash": [
            {"id": one.cash_id, "size": one.size, "hedged": one.hedged, "unlinked": one.unlinked}
            for one in row.cash
        ],
    }
