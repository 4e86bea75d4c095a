"""Hedge accounts as front ends show them: the tree with prices, obstacles and what is due."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import IntentState
from hedgetui.domain.tails.contracts import price_words, terms
from hedgetui.domain.tails.model import Instance, Key, Proposal
from hedgetui.domain.tails.rules import limit_price, propose
from hedgetui.domain.tails.tree import Market, Outlook, Tree
from hedgetui.engine.tails.parts import TailParts
from hedgetui.engine.tails.waiting import Waiting
from hedgetui.ports.tails import TailsView

_PLACES = 4


class TailViews:
    """Builds the view; remembers the rows of keys that did not change."""

    def __init__(self, parts: TailParts, waiting: Waiting) -> None:
        self._parts = parts
        self._waiting = waiting
        self._tree = Tree(parts.ledger)

    def view(self) -> TailsView:
        """Return the present state."""
        parts = self._parts
        ledger, state = parts.ledger, parts.desk.state
        online = state.link is LinkState.READY
        suspended = ledger.instance is Instance.SUSPENDED
        keys = ledger.keys
        waiting = {key: why for key in keys if (why := self._waiting.why(key))}
        markets = {contract: self.market(contract) for contract in {k.contract for k in keys}}
        days = parts.settings.look_back_days
        instance = ledger.instance if suspended or online else Instance.OFFLINE
        return TailsView(
            rows=self._tree.rows(parts.now(), days, Outlook(markets, waiting, online)),
            instance=instance.value,
            instance_why=ledger.instance_why if suspended else "" if online else state.link_reason,
            days=days,
            version=ledger.version + ledger.level_version,
            catch_up=self.catch_up(markets) if suspended else (),
        )

    def market(self, contract: str) -> Market:
        """Return what is known of a contract's market."""
        quote = self._parts.quote(contract)
        grain = terms(contract)
        venue = self._parts.desk.state.venue(grain.symbol)
        move, mark = self._parts.settings.daily_moves.get(grain.symbol), None
        if quote is not None:
            mark = quote.mark
        dollars = float(grain.multiplier) / grain.size
        return Market(
            bid=_price(None if quote is None else quote.bid),
            ask=_price(None if quote is None else quote.ask),
            daily_move=None if move is None or mark is None else move * mark * dollars,
            waiting="" if venue.open else venue.reason or "closed",
        )

    def due(self) -> tuple[tuple[Key, Proposal], ...]:
        """Return what the rule would send for every key if nothing held it back."""
        ledger = self._parts.ledger
        found = ((key, self._proposal(key)) for key in ledger.keys)
        return tuple((key, one) for key, one in found if one is not None)

    def _proposal(self, key: Key) -> Proposal | None:
        ledger = self._parts.ledger
        if any(one.state is IntentState.UNKNOWN for one in ledger.working(key)):
            return None
        balance = ledger.balance(key)  # what works is being taken back
        return propose(balance, terms(key.contract).size, ledger.policy(key))

    def catch_up(self, markets: Mapping[str, Market] | None = None) -> tuple[str, ...]:
        """Return the orders that a resume would send, in words."""
        known = {} if markets is None else markets
        return tuple(
            self._words(key, one, known.get(key.contract) or self.market(key.contract))
            for key, one in self.due()
        )

    def _words(self, key: Key, one: Proposal, market: Market) -> str:
        words = f"{key.account}: {one.side} {one.lots} {key.contract}"
        if market.bid is None or market.ask is None:
            return f"{words}, no price"
        ticks = self._parts.ledger.policy(key).ticks_into_market
        limit = limit_price(one.side, market.bid, market.ask, terms(key.contract).tick, ticks)
        return f"{words} @ {price_words(limit)}"


def _price(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, _PLACES)))
