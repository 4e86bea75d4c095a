"""The single names of the simulated exchange: what they are and what their shares cost.

A price follows the index and its own news: base · (index / index at the start)^beta · e^(own walk).
Nothing is kept between two questions, so the price of a moment is the same however often it is
asked for, and a resumed exchange goes on where it stood. Names trade in the regular hours of the
index options and stop with every halt of the index; out of hours their prices follow the index
alone. Dividends are not modelled.

VIX is no name: it is a hundred times the market's own implied volatility of 30 days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from hedgetui.domain.instruments import VIX, Instrument
from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.market import Market, Venue
from hedgetui.simulation.own_walk import Moment, OwnWalk, moment_of
from hedgetui.simulation.sessions import options_session, session_at

_TICK: Final = 0.01


@dataclass(frozen=True, slots=True)
class Name:
    """How one name behaves, and how well its options are made."""

    symbol: str
    level: float
    """Dollars at the market's start."""
    beta: float
    own_vol: float
    """Volatility that the index does not explain, per year."""
    step: float = 0.0
    """Between two strikes near the money; 0 where there are no options."""
    width: float = 0.0
    """Of an option's quote, as a share of its price."""
    interest: int = 0
    """Usual open interest of a contract at the money."""
    skew: float = -0.35
    """Correlation that tilts implied volatility: below 0 puts are dearer."""
    news: str = ""
    """Whose news moves it, where that is not its own: the two gold funds hold one metal."""


INDEX_FUND: Final = "SPY"
"""Follows the index itself, up to a small basis."""
_NAMES = (
    Name(INDEX_FUND, 540.0, 1.0, 0.001, 1.0, 0.002, 9_000, -0.70),
    Name("QQQ", 470.0, 1.25, 0.05, 1.0, 0.003, 6_000, -0.60),
    Name("IWM", 215.0, 1.15, 0.10, 1.0, 0.005, 4_000, -0.55),
    Name("HYG", 79.0, 0.35, 0.03, 0.5, 0.05, 2_500, -0.60),
    Name("TLT", 92.0, -0.20, 0.13, 0.5, 0.012, 3_000, -0.10),
    Name("AAPL", 225.0, 1.15, 0.18, 2.5, 0.006, 5_000),
    Name("MSFT", 425.0, 1.05, 0.15, 5.0, 0.006, 3_500),
    Name("NVDA", 130.0, 1.70, 0.28, 2.5, 0.005, 8_000, -0.25),
    Name("GOOGL", 170.0, 1.10, 0.19, 2.5, 0.008, 3_000),
    Name("AMZN", 190.0, 1.20, 0.20, 2.5, 0.007, 3_500),
    Name("GLDM", 52.0, 0.10, 0.14, 1.0, 0.06, 350, 0.10, "gold"),
    Name("TAN", 42.0, 1.40, 0.28, 1.0, 0.09, 260, -0.15),
    Name("XLE", 90.0, 0.80, 0.18, 1.0, 0.015, 1_500),
    Name("XLF", 45.0, 1.00, 0.09, 0.5, 0.02, 2_000, -0.45),
    Name("TIP", 108.0, 0.05, 0.045),
    Name("IEF", 95.0, -0.08, 0.06),
    Name("CPER", 27.0, 0.50, 0.18),
    Name("GLD", 245.0, 0.10, 0.14, news="gold"),
    Name("VIXM", 15.0, -1.80, 0.22),
)
NAMES = {name.symbol: name for name in _NAMES}
"""Symbol to terms of everything that has shares."""
VIX_TERMS: Final = Name(VIX, 18.0, 0.0, 0.9, 1.0, 0.03, 4_000, 0.55)
"""Of options on VIX, which has no shares; `own_vol` is what they are priced with."""
OPTIONABLE = {one.symbol: one for one in (*_NAMES, VIX_TERMS) if one.step}
"""Symbol to terms of everything that has options here."""


def is_listed(symbol: str) -> bool:
    """Return whether a symbol has shares or options here."""
    return symbol in NAMES or symbol in OPTIONABLE


class SecurityMarket:
    """Prices and hours of the names, at the market's present tick."""

    def __init__(self, market: Market, seed: int = 0) -> None:
        """Follow `market`; draw what is a name's own from `seed`."""
        self.market = market
        self.seed = seed
        self._walks: dict[str, OwnWalk] = {}
        self._opening: tuple[Timestamp, Moment] | None = None
        self._at = Timestamp(-math.inf)
        self._prices: dict[str, float] = {}
        self._closed: Venue | None = None

    @property
    def opening(self) -> Moment:
        """Where the market's start lies: there every price is its base."""
        start = self.market.start
        if self._opening is None or self._opening[0] != start:
            self._opening = (start, moment_of(session_at(start), start))
        return self._opening[1]

    @property
    def vix(self) -> float:
        """VIX, in its own points."""
        return round(100.0 * self.market.iv30, 2)

    def base(self, symbol: str) -> float:
        """Return the price at the market's start; the index fund follows the index itself."""
        return self.market.first_level / 10 if symbol == INDEX_FUND else NAMES[symbol].level

    def walk(self, symbol: str) -> OwnWalk:
        """Return what a name does by itself."""
        if symbol not in self._walks:
            name = NAMES[symbol]
            self._walks[symbol] = OwnWalk(self.seed, name.news or symbol, name.own_vol)
        return self._walks[symbol]

    def price(self, symbol: str) -> float:
        """Return the fair price of a share, or the level of VIX, at the present tick.

        Raises:
            KeyError: the symbol is not listed.
        """
        market = self.market
        if self._at != market.at:
            self._prices.clear()
            self._at = market.at
        if symbol not in self._prices:
            self._prices[symbol] = self.vix if symbol == VIX else self._fair(symbol)
        return self._prices[symbol]

    def _fair(self, symbol: str) -> float:
        market = self.market
        now = moment_of(market.session, market.at)
        own = self.walk(symbol).between(self.opening, now)
        log = NAMES[symbol].beta * math.log(market.level / market.first_level) + own
        return self.base(symbol) * math.exp(log)

    def quote(self, instrument: Instrument) -> Quote:
        """Return a share's market, a cent wide and more; none is bid or offered out of hours."""
        market = self.market
        if instrument.symbol not in NAMES:
            return Quote(instrument.key, market.at)
        fair = self.price(instrument.symbol)
        last = round(fair, 2)
        if not market.options_open:
            return Quote(instrument.key, market.at, last=last)
        cents = max(1, round(fair * 0.5e-4 * market.terms.spread_factor / _TICK))
        bid = math.floor(fair / _TICK - (cents - 1) / 2)
        return Quote(instrument.key, market.at, bid / 100, (bid + cents) / 100, last)

    def venue(self) -> Venue:
        """Return whether securities trade, why not, and when that may change."""
        market = self.market
        session = market.session
        if session.options_open:
            halts = market.venue()
            return Venue(halts.open, halts.reason, min(halts.until, session.until))
        if self._closed is None or not session.since <= market.at < self._closed.until:
            until = options_session(session.until, 0.0)
            self._closed = Venue(open=False, reason="outside regular hours", until=until)
        return self._closed
