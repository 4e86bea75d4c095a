"""Quotes and greeks of what is watched, published as the desk knows them.

A quote is as old as the newest price or size of its line: that a price still holds is proven by
ticks that keep coming, and by nothing else. It is sent when it changes, and again when its line has
ticked for two seconds without a change. A line that stays silent therefore grows old in front of
everybody; when all of them do, the link is degraded.
"""

from __future__ import annotations

import asyncio

from hedgetui.adapters.ibkr.level import Level
from hedgetui.adapters.ibkr.lifetime import Lifetime
from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.subscriptions import Subscription
from hedgetui.adapters.ibkr.watchlist import INDEX_KEY, Watchlist
from hedgetui.domain.instruments import is_grain, is_security
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import MessageSink

QUIET_QUOTE_S = 2.0
_BLINK_S = 0.15


class Feed:
    """The published market data of one session."""

    def __init__(
        self,
        life: Lifetime,
        watchlist: Watchlist,
        level: Level,
        sink: MessageSink,
        reasons: Reasons,
    ) -> None:
        """Publish to `sink`."""
        self._life = life
        self._watchlist = watchlist
        self._level = level
        self._sink = sink
        self._reasons = reasons
        self._quotes: dict[str, Quote] = {}
        self._blinking: dict[str, asyncio.TimerHandle] = {}
        self._greeks_at: dict[str, Timestamp] = {}

    async def watch(self, keys: frozenset[str]) -> None:
        """Publish exactly these.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        self._watchlist.wanted = keys
        self._quotes = {key: quote for key, quote in self._quotes.items() if key in keys}
        for key in keys:
            line = self._watchlist.line(key)
            if line is not None and key not in self._quotes:
                self._publish(line)
        await self._watchlist.settle()

    def tick(self, line: Subscription) -> None:
        """Publish what the packet that ended brought for one line."""
        if self._watchlist.line(line.key) is not line:
            return
        self._reasons.drop(f"competing {line.key}")
        self._judge_type(line)
        self._level.tick(line)
        self._publish(line)

    def _judge_type(self, line: Subscription) -> None:
        if line.key == INDEX_KEY or is_grain(line.key) or is_security(line.key):
            # A level that is not live is not used, others stand in for it; an order for a grain or
            # a security on such a quote is refused by itself and need not hold up the hedge.
            return
        tag, kind = f"type {line.key}", line.fold.data_type
        if kind is DataType.LIVE:
            self._reasons.drop(tag)
        else:
            self._reasons.add(tag, f"{kind} data: {line.key}")

    def _publish(self, line: Subscription) -> None:
        fold, key = line.fold, line.key
        if key not in self._watchlist.wanted:
            return
        if not self._blinks(line):
            self._publish_quote(line)
        if fold.model is not None and fold.model_at is not None:
            greeks = fold.model.greeks(key, fold.model_at)
            if greeks is not None and self._greeks_at.get(key) != fold.model_at:
                self._greeks_at[key] = fold.model_at
                self._sink(greeks)

    def _publish_quote(self, line: Subscription) -> None:
        fold = line.fold
        if fold.quoted_at is None:
            return
        bid, ask = fold.sides
        quote = Quote(line.key, fold.quoted_at, bid, ask, fold.last, fold.data_type)
        if self._worth_sending(quote):
            self._quotes[line.key] = quote
            self._sink(quote)

    def _worth_sending(self, quote: Quote) -> bool:
        sent = self._quotes.get(quote.key)
        prices = (quote.bid, quote.ask, quote.last, quote.data_type)
        if sent is None:
            return prices[:3] != (None, None, None)
        same = prices == (sent.bid, sent.ask, sent.last, sent.data_type)
        if same and prices[:3] == (None, None, None):
            return False
        return not same or quote.at - sent.at >= QUIET_QUOTE_S

    def _blinks(self, line: Subscription) -> bool:
        """Whether a side is missing that may only be on its way.

        Bid and ask of one move come in two messages, maybe in two packets: between them the book
        looks crossed. It waits a moment for the other half; what stays so is published.
        """
        sent, whole = self._quotes.get(line.key), None not in line.fold.sides
        if whole or (sent is not None and sent.mid is None):
            timer = self._blinking.pop(line.key, None)
            if timer is not None:
                timer.cancel()
            return False
        if line.key not in self._blinking:
            self._blinking[line.key] = self._life.call_later(_BLINK_S, lambda: self._stays(line))
        return True

    def _stays(self, line: Subscription) -> None:
        """The other half did not come."""
        del self._blinking[line.key]
        if self._watchlist.line(line.key) is line and line.key in self._watchlist.wanted:
            self._publish_quote(line)
