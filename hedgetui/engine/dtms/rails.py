"""Which rails stop opening now; what they need and could not be had stops opening as well."""

from __future__ import annotations

from hedgetui.domain.dtms.rails import day_start, money_rails, news_rail, spread_rail
from hedgetui.domain.mt5.records import Incomplete
from hedgetui.domain.text import safe
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.dtms.market import Market
from hedgetui.engine.dtms.parts import DefenceParts

_EVERY_S = 60.0
"""How often the day's deals are asked for."""
_OPENING_LATCHES = ("halt", "throttle")


class RailKeeper:
    """Keeps the day's losses and asks the others when they are needed."""

    def __init__(self, parts: DefenceParts, market: Market) -> None:
        self._parts = parts
        self._market = market
        self._asked_at: Timestamp | None = None
        self._money: tuple[str, ...] = ("the day's deals are not known yet",)

    async def refresh(self) -> None:
        """Ask for the day's deals, once a minute and only while there is something to defend.

        Raises:
            BrokerUnreachable: the link broke meanwhile.
        """
        parts, now = self._parts, self._parts.clock.now()
        look = parts.board.look
        if look is None or not parts.book.open_trades:
            return
        if self._asked_at is not None and now - self._asked_at < _EVERY_S:
            return
        deals = await parts.port.deals_since(day_start(now, self._offset()))
        if isinstance(deals, Incomplete):
            self._asked_at = None
            self._money = (f"the day's deals are not known: {safe(deals.why)}",)
            return
        self._asked_at = now
        self._money = money_rails(look.account, deals, now, parts.settings.rules)

    def _offset(self) -> Seconds:
        """Return the server's time less UTC as ticks tell it now; a session may begin wrong."""
        told, session = self._parts.port.health().server_offset, self._parts.board.session
        if told is not None or session is None:
            return told or Seconds(0.0)
        return session.server_offset

    def blocked(self, symbol: str) -> str:
        """Return why nothing is opened in a symbol; empty when it may."""
        return "; ".join((*self._latches(), *self._money, *self._of(symbol)))

    def words(self) -> tuple[str, ...]:
        """Return the rails that stop opening now, for the screen."""
        trades = self._parts.book.open_trades
        if not trades:
            return ()
        own = (
            f"{safe(symbol)}: {words}"
            for symbol in sorted({trade.symbol for trade in trades})
            for words in self._of(symbol)
        )
        return (*self._latches(), *self._money, *own)

    def _latches(self) -> tuple[str, ...]:
        latches = self._parts.recorder.state.latches
        return tuple(f"{name}: {latches[name]}" for name in _OPENING_LATCHES if name in latches)

    def _of(self, symbol: str) -> tuple[str, ...]:
        settings, spec = self._parts.settings, self._parts.board.specs.get(symbol)
        currency = "" if spec is None else spec.currency_profit
        now = self._parts.clock.now()
        news = news_rail(settings.news, symbol, currency, now, settings.rules)
        spread = spread_rail(self._market.spread_ratio(symbol), settings.rules)
        return tuple(safe(words) for words in (news, spread) if words)
