"""What the score says at one moment, for a long position; a short one reads its mirror."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class Components:
    """The six components, each already times its weight; positive is good for a long."""

    structure: float = 0.0
    vwap_volume: float = 0.0
    momentum: float = 0.0
    ema: float = 0.0
    conviction: float = 0.0
    delta: float = 0.0

    @property
    def total(self) -> float:
        """The score."""
        return (
            self.structure + self.vwap_volume + self.momentum + self.ema + self.conviction
            + self.delta
        )  # fmt: skip

    def mirrored(self) -> Components:
        """Return the components of the opposite side."""
        return Components(*(-getattr(self, item.name) for item in fields(self)))


class SessionChip(StrEnum):
    """Which market is awake, by the UTC hour."""

    ASIAN = "Asian"
    LONDON = "London"
    NEW_YORK = "NY"
    OVERLAP = "Overlap"
    OFF = "Off"


class VolatilityChip(StrEnum):
    """ATR against its own longer average: below 0.7, between, above 1.3."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class StructureChip(StrEnum):
    """Width of the Bollinger bands against their own past."""

    RANGE = "range"
    TREND = "trend"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Regime:
    """What kind of market it is; shown, and may scale the thresholds."""

    session: SessionChip
    volatility: VolatilityChip
    structure: StructureChip


@dataclass(frozen=True, slots=True)
class Reading:
    """The score at the close of one M5 bar."""

    at: Timestamp
    """When the M5 bar closed."""
    score: float | None
    """None when structure or VWAP is missing or the bars are too old."""
    components: Components
    flags: tuple[str, ...]
    """What is missing or remarkable: `delta n/a`, `no VWAP: session began`, …"""
    vwap_flip: int
    """+1 flipped up, -1 flipped down, 0 none active."""
    volume_flip: int
    """+1 volume flipped to buying, -1 to selling, 0 none."""
    structure_event: int
    """Of the newest closed M15 bar: ±2 BOS, ±1 CHOCH, 0 none."""
    structure_at: Timestamp | None
    """When that M15 bar closed."""
    atr5: float
    """Wilder ATR14 of M5, price units; NaN while not known."""
    atr15: float
    close: float
    regime: Regime | None = None

    def seen_by(self, side: Side) -> Reading:
        """Return the reading as a trade of `side` sees it: positive is good for it."""
        if side is Side.BUY:
            return self
        return replace(
            self,
            score=None if self.score is None else -self.score,
            components=self.components.mirrored(),
            vwap_flip=-self.vwap_flip,
            volume_flip=-self.volume_flip,
            structure_event=-self.structure_event,
        )
