"""What the simulated MT5 broker lists: how each symbol trades and how it moves.

Plain records, so that a world can change one number (a freeze level, a filling mask) without a
class of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.simulation.mt5.hours import Hours


@dataclass(frozen=True, slots=True)
class SymbolTerms:
    """How one symbol trades; levels and spreads in points, money in the profit currency."""

    name: str
    level: float
    """Bid at the venue's start."""
    digits: int
    contract_size: float
    daily_volatility: float
    """Standard deviation of a day's log return."""
    hours: Hours
    spread: float
    """Usual spread in points."""
    path: str
    volume_min: Decimal = Decimal("0.01")
    volume_max: Decimal = Decimal(100)
    volume_step: Decimal = Decimal("0.01")
    volume_limit: Decimal = Decimal(0)
    """Most volume in one direction, 0 for no limit."""
    stops_level: int = 0
    freeze_level: int = 0
    exemode: int = 2
    """0 request, 1 instant, 2 market, 3 exchange."""
    trade_mode: int = 4
    """0 disabled, 1 long only, 2 short only, 3 close only, 4 full."""
    filling_mask: int = 3
    order_mask: int = 127
    currency_base: str = "USD"
    currency_profit: str = "USD"
    margin_share: float | None = None
    """Margin as a share of the notional; None for one part in the account's leverage."""
    margin_hedged: float = 0.0
    """Contract size on which covered volume pays margin; 0 for none."""
    swap_long: float = 0.0
    """Points a lot and night."""
    swap_short: float = 0.0
    commission: float = 0.0
    """Account currency a lot and deal."""
    ticks_per_minute: float = 60.0

    @property
    def point(self) -> float:
        """Smallest step of a quoted price."""
        return float(Decimal(1).scaleb(-self.digits))

    @property
    def tick_size(self) -> float:
        """Smallest step of a price; the same as the point for every symbol here."""
        return self.point

    def rounded(self, price: float) -> float:
        """Return a price on the symbol's grid."""
        return round(price, self.digits)


_LISTED = (
    SymbolTerms(
        "EURUSD", 1.08420, 5, 100_000.0, 0.0055, Hours.FOREX, 8.0, "Forex\\Majors\\EURUSD",
        currency_base="EUR", margin_hedged=50_000.0, swap_long=-7.1, swap_short=3.2,
        commission=-3.0, ticks_per_minute=70.0,
    ),
    SymbolTerms(
        "GBPUSD", 1.26850, 5, 100_000.0, 0.0060, Hours.FOREX, 11.0, "Forex\\Majors\\GBPUSD",
        currency_base="GBP", margin_hedged=50_000.0, swap_long=-4.4, swap_short=-1.6,
        commission=-3.0, ticks_per_minute=75.0,
    ),
    SymbolTerms(
        "USDJPY", 154.320, 3, 100_000.0, 0.0070, Hours.FOREX, 10.0, "Forex\\Majors\\USDJPY",
        currency_profit="JPY", margin_hedged=50_000.0, swap_long=12.4, swap_short=-24.1,
        commission=-3.0, ticks_per_minute=80.0,
    ),
    SymbolTerms(
        "XAUUSD", 2_644.10, 2, 100.0, 0.0110, Hours.BREAK, 18.0, "Metals\\XAUUSD",
        volume_max=Decimal(50), stops_level=10, currency_base="XAU", margin_share=0.05,
        margin_hedged=50.0, swap_long=-38.0, swap_short=14.5, ticks_per_minute=140.0,
    ),
    SymbolTerms(
        "BTCUSD", 97_480.00, 2, 1.0, 0.0250, Hours.ALWAYS, 1_800.0, "Crypto\\BTCUSD",
        volume_max=Decimal(10), volume_limit=Decimal(20), filling_mask=2, currency_base="BTC",
        margin_share=0.10, margin_hedged=0.0, swap_long=-5_300.0, swap_short=-2_100.0,
        ticks_per_minute=160.0,
    ),
    SymbolTerms(
        "US500", 5_962.50, 2, 10.0, 0.0100, Hours.BREAK, 50.0, "Indices\\US500",
        volume_min=Decimal("0.1"), volume_step=Decimal("0.1"), stops_level=50, filling_mask=1,
        currency_base="USX", margin_share=0.05, margin_hedged=10.0, swap_long=-110.0,
        swap_short=-30.0, ticks_per_minute=90.0,
    ),
)  # fmt: skip

SYMBOLS = {terms.name: terms for terms in _LISTED}
"""Every symbol the broker lists, by name."""
