"""The state of the desk: one frozen record of everything that follows from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hedgetui.domain import events as ev
from hedgetui.domain.instruments import BOOK_ROOTS, FUTURES, Instrument, Kind, parse_key
from hedgetui.domain.orders import Intent
from hedgetui.domain.risk import Sent
from hedgetui.domain.tails.contracts import GRAINS
from hedgetui.domain.tails.exposure import TAILS_LATCH
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega import pool
from hedgetui.domain.vega import strangle as st


@dataclass(frozen=True, slots=True)
class Venue:
    """Whether a future or a security trades."""

    open: bool
    reason: str


_UNHEARD = Venue(open=False, reason="not known yet")
_OF_BOOK = (FUTURES.keys() - GRAINS.keys()) | BOOK_ROOTS


def of_book(symbol: str) -> bool:
    """Whether a symbol trades where the book does: index futures, and the options of strangles."""
    return symbol in _OF_BOOK


@dataclass(frozen=True, slots=True)
class DeskState:
    """Everything that follows from the journal. Mappings are never changed in place."""

    profile: str = ""
    account: str = ""
    epoch: int = 0
    running: bool = False
    link: ev.LinkState = ev.LinkState.DOWN
    link_reason: str = "not started"
    session: int = 0
    synced_session: int = -1
    differences: tuple[ev.Difference, ...] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)
    """Contracts at the broker that are not ours, by instrument key: accepted by a person, or
    securities that the account holds besides."""
    enabled: bool = False
    auto: bool = False
    preset: str = "balanced"
    max_delta: float = 10.0
    armed: bool = False
    latches: Mapping[str, str] = field(default_factory=dict)
    intents: Mapping[str, Intent] = field(default_factory=dict)
    by_key: Mapping[str, str] = field(default_factory=dict)
    """Client key to intent id."""
    fills: Mapping[str, ev.FillBooked] = field(default_factory=dict)
    commissions: Mapping[str, Decimal] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)
    """Own contracts by instrument key, from own fills."""
    strangles: Mapping[str, st.Strangle] = field(default_factory=dict)
    shares: Mapping[str, pool.HedgeShare] = field(default_factory=dict)
    """Trade id to its share of the hedge pool."""
    share_moves: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Execution id to the shares it changed; its commission follows them."""
    results: Mapping[str, ev.TradeClosed | ev.TradeAbandoned] = field(default_factory=dict)
    """Trade id to its end; a trade without one is still on the book."""
    opened: frozenset[str] = frozenset()
    """Trades whose entry is complete and announced."""
    ended_at: Mapping[str, Timestamp] = field(default_factory=dict)
    """Trade id to when it left the book."""
    sent: tuple[Sent, ...] = ()
    venue_open: bool = False
    venue_reason: str = "not known yet"
    venue_until: Timestamp | None = None
    venues: Mapping[str, Venue] = field(default_factory=dict)
    """Grains and securities by symbol, as far as this run has heard; the book's is above."""
    tails_stopped: str = ""
    """Why no tail may be hedged until a person releases it; nothing else is held back by it."""
    last_hedge_at: Timestamp | None = None
    numbers: int = 0
    """Short order numbers given so far."""

    def venue(self, symbol: str) -> Venue:
        """Return whether orders for a symbol can trade; a symbol never heard of is closed."""
        if of_book(symbol):
            return Venue(self.venue_open, self.venue_reason)
        return self.venues.get(symbol, _UNHEARD)

    @property
    def all_latches(self) -> dict[str, str]:
        """Every latch that is on and why, that of the tails too."""
        own = {TAILS_LATCH: self.tails_stopped} if self.tails_stopped else {}
        return {**self.latches, **own}

    @property
    def expected_positions(self) -> dict[str, int]:
        """What the broker should hold: our own fills and what is known as foreign."""
        expected = {key: held + self.foreign.get(key, 0) for key, held in self.positions.items()}
        expected |= {key: held for key, held in self.foreign.items() if key not in expected}
        return {key: held for key, held in expected.items() if held}

    @property
    def live_intents(self) -> tuple[Intent, ...]:
        """Intents that hold a slot, oldest first."""
        return tuple(intent for intent in self.intents.values() if intent.live)

    @property
    def open_strangles(self) -> tuple[st.Strangle, ...]:
        """Trades still on the book, oldest first."""
        return tuple(t for key, t in self.strangles.items() if key not in self.results)

    def hedge_position(self, symbol: str) -> int:
        """Own contracts of a hedge future, all months together."""
        return sum(held for _, held in self.hedges_held(symbol))

    def hedges_held(self, symbol: str) -> tuple[tuple[Instrument, int], ...]:
        """Own futures of a hedge symbol by month."""
        held = ((parse_key(key), count) for key, count in self.positions.items())
        return tuple(
            (instrument, count)
            for instrument, count in held
            if instrument.kind is Kind.FUTURE and instrument.symbol == symbol
        )

    def hedge_working(self, symbol: str) -> int:
        """Signed contracts of live hedge orders that may still fill."""
        return sum(
            intent.working_signed
            for intent in self.live_intents
            if intent.draft.purpose.is_hedge
            and parse_key(intent.draft.instrument_key).symbol == symbol
        )
