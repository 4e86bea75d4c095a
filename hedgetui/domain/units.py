"""Units that may not be mixed, as types.

The costliest error of a delta hedger is a unit error: share delta is ten times dollar delta for an
XSP option, and dividing the wrong one by five hedges ten times too much. Signatures therefore name
the unit. The canonical delta is `DollarsPerPoint`: dollars the book gains when the S&P 500 rises by
one index point. Money and prices that reach an order are `Decimal`; analytics are floats.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NewType

Contracts = NewType("Contracts", int)
"""Whole contracts, signed where a position or an order is meant: positive buys."""

DollarsPerPoint = NewType("DollarsPerPoint", float)
"""Dollars gained per +1.00 S&P 500 index point (the Δ$ of the screens)."""

IndexPoints = NewType("IndexPoints", float)
"""A level of, or a distance on, the S&P 500 index."""

ShareDelta = NewType("ShareDelta", float)
"""Σ quantity · delta · multiplier in shares of the underlying; shown, never used to size."""

Price = NewType("Price", Decimal)
"""A price that may reach an order."""

Money = NewType("Money", Decimal)
"""US dollars, exact."""

Timestamp = NewType("Timestamp", float)
"""Seconds since 1970-01-01 UTC."""

Seconds = NewType("Seconds", float)
"""A duration."""

Volatility = NewType("Volatility", float)
"""Annualised, 0.20 means 20 %."""

SECONDS_PER_DAY = 86_400.0
DAYS_PER_YEAR = 365.0
"""Option time is counted in calendar days, as theta is quoted."""


def iso_utc(at: Timestamp) -> str:
    """Return `at` as ISO-8601 UTC with milliseconds: `2025-11-19T14:31:00.250Z`."""
    moment = datetime.fromtimestamp(round(at, 3), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def utc_date(at: Timestamp) -> date:
    """Return the UTC calendar day of `at`."""
    return datetime.fromtimestamp(at, UTC).date()


def parse_utc(text: str) -> Timestamp:
    """Read an ISO-8601 time; a time without a zone is taken as UTC.

    Raises:
        ValueError: the text is not an ISO-8601 time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Timestamp(moment.timestamp())


def money(value: Decimal | float | str) -> Money:
    """Return `value` in dollars and whole cents, halves away from zero as brokers book them."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return Money(exact.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP"))
