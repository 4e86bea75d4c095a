"""Everything that can be broken at the simulated MT5 broker, by method and by a line of text.

Switches stay until they are set back (see `Switches`); methods do something once. Every method is
one verb of the admin channel as well.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from hedgetui.domain.errors import DataError
from hedgetui.simulation.mt5.by_hand import ByHand
from hedgetui.simulation.mt5.faults import Ambush, How, Lost
from hedgetui.simulation.mt5.orders import Instruction, Kind
from hedgetui.simulation.mt5.path import Push
from hedgetui.simulation.mt5.symbols import SymbolTerms

if TYPE_CHECKING:
    from hedgetui.simulation.mt5.venue import Shown, Venue

_EVERY = "*"
_COMMENTS = ("keep", "blank", "rewrite")


class Mt5Control(ByHand):
    """The broker's faults: switches as attributes, deeds as methods."""

    def __init__(self, venue: Venue) -> None:
        """Break `venue`, later."""
        super().__init__(venue)
        self._ambushes: list[Ambush] = []
        self.cut_off: Shown | None = None
        """What the terminal saw last while it is disconnected."""

    def refuse_next(
        self,
        retcode: int,
        times: int = 1,
        kind: str = "",
        symbol: str = "",
        landed: bool = False,  # noqa: FBT001, FBT002 - a switch
    ) -> None:
        """Answer the next matching requests with a code, executed all the same if `landed`."""
        lost = Lost.LANDED if landed else Lost.NEVER
        self._ambushes.append(Ambush(times, _kind(kind), symbol, retcode, lost))

    def lose_next(
        self, lost: str = Lost.LANDED, how: str = How.NONE, times: int = 1, kind: str = ""
    ) -> None:
        """Let the next matching requests go unanswered, executed or not.

        Raises:
            DataError: `lost`, `how` or `kind` is none of theirs.
        """
        try:
            ambush = Ambush(times, _kind(kind), lost=Lost(lost), how=How(how))
        except ValueError as error:
            raise DataError(str(error)) from error
        self._ambushes.append(ambush)

    def ambush(self, asked: Instruction) -> Ambush | None:
        """Return the fault that waits for a request, and use it up."""
        for waiting in self._ambushes:
            if waiting.meets(asked):
                return waiting
        return None

    def disconnect(self) -> None:
        """Cut the terminal off its broker: it goes on showing what it saw last."""
        if self.connected:
            self.cut_off = self._venue.shown()
            self.connected = False

    def reconnect(self) -> None:
        """Connect the terminal again."""
        self.connected, self.cut_off = True, None

    def freeze_ticks(self, symbol: str = _EVERY) -> None:
        """Let the ticks of a symbol stand still; the market goes on."""
        if not self.stale:
            self.stale_since = self._venue.at
        self.stale.add(symbol)

    def thaw_ticks(self) -> None:
        """Let ticks come again."""
        self.stale.clear()

    def seen_at(self, symbol: str) -> float:
        """Return the moment whose price the terminal shows."""
        if self.cut_off is not None:
            return self.cut_off.at
        still = symbol in self.stale or _EVERY in self.stale
        return self.stale_since if still else self._venue.at

    def halt(self, symbol: str = _EVERY) -> None:
        """Close the market of a symbol, or of all."""
        self.halted.add(symbol)

    def reopen_market(self) -> None:
        """End every halt."""
        self.halted.clear()

    def is_halted(self, symbol: str) -> bool:
        """Whether a symbol's market is closed by hand."""
        return symbol in self.halted or _EVERY in self.halted

    def set_terms(self, symbol: str, **changes: object) -> None:
        """Change how a symbol trades from now on: `trade_mode`, `freeze_level`, `volume_limit`.

        Raises:
            DataError: there is no such symbol or field.
        """
        market = self._venue.markets.get(symbol)
        if market is None:
            raise DataError(f"no symbol {symbol!r}")
        unknown = set(changes) - set(SymbolTerms.__dataclass_fields__)
        if unknown:
            raise DataError(f"a symbol has no {min(unknown)!r}")
        market.terms = replace(market.terms, **changes)  # type: ignore[arg-type]

    def trade_mode(self, symbol: str, mode: int) -> None:
        """Let a symbol trade not at all (0), long (1), short (2), to close (3) or fully (4)."""
        self.set_terms(symbol, trade_mode=mode)

    def levels(self, symbol: str, stops: int, freeze: int = 0) -> None:
        """Set a symbol's stops and freeze level in points."""
        self.set_terms(symbol, stops_level=stops, freeze_level=freeze)

    def fillings(self, symbol: str, mask: int) -> None:
        """Set which fillings a symbol takes, as bits."""
        self.set_terms(symbol, filling_mask=mask)

    def volume_limit(self, symbol: str, lots: str) -> None:
        """Set the most volume of a symbol in one direction."""
        self.set_terms(symbol, volume_limit=Decimal(lots))

    def rules(self, fifo: bool, no_hedge: bool = False) -> None:  # noqa: FBT001, FBT002 - switches
        """Close oldest first, and refuse a position against another."""
        self.set_account(fifo_close=fifo, hedge_prohibited=no_hedge)

    def set_account(self, **changes: object) -> None:
        """Change the account's rules from now on: `fifo_close`, `hedge_prohibited`."""
        ledger = self._venue.ledger
        ledger.terms = replace(ledger.terms, **changes)  # type: ignore[arg-type]

    def widen(self, symbol: str, factor: float) -> None:
        """Multiply a symbol's spread.

        Raises:
            DataError: there is no such symbol.
        """
        if symbol not in self._venue.markets:
            raise DataError(f"no symbol {symbol!r}")
        self._venue.markets[symbol].spread_factor = factor

    def rewrite_comments(self, policy: str) -> None:
        """Keep, blank or rewrite the comments of new positions.

        Raises:
            DataError: it is none of these.
        """
        if policy not in _COMMENTS:
            raise DataError(f"no policy {policy!r}: {', '.join(_COMMENTS)}")
        self.comments = policy

    def push(self, symbol: str, log_return: float, seconds: float = 60.0) -> None:
        """Move a symbol's price from now on, spread over a while.

        Raises:
            DataError: there is no such symbol, or no while.
        """
        if symbol not in self._venue.markets or seconds <= 0:
            raise DataError(f"cannot push {symbol!r} over {seconds:g} s")
        after = self._venue.at - self._venue.start
        self._venue.push(Push(symbol, after, seconds, log_return))


def _kind(text: str) -> Kind | None:
    """Read a kind of request; empty means any.

    Raises:
        DataError: there is no such kind.
    """
    try:
        return Kind(text) if text else None
    except ValueError as error:
        raise DataError(f"no kind {text!r}: {', '.join(Kind)}") from error
