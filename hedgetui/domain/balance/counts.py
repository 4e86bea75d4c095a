"""The count bias: how many lines stand on each side, whatever their size.

Lines are counted and not contracts, because a trader who adds one opinion after the other counts
opinions. Dollars tell how heavy they are, beside it (`dollars`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.instruments import Right

THRESHOLD: Final = 2
"""Net lines from which a book leans to one side."""


class Bias(StrEnum):
    """Where a book leans."""

    BALANCED = "BALANCED"
    LONG = "NET LONG"
    SHORT = "NET SHORT"

    @property
    def label(self) -> str:
        """With what it means for a hedger."""
        return _LABELS[self]


_LABELS = {
    Bias.BALANCED: "BALANCED ✓",
    Bias.LONG: "NET LONG (under-hedged)",
    Bias.SHORT: "NET SHORT (over-hedged)",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines of each class; futures and FX stand with the equities, by their side."""

    long_equity: int = 0
    short_equity: int = 0
    puts: int = 0
    """Held and short together, as `calls`."""
    calls: int = 0
    short_puts: int = 0
    """Those of `puts` that are short, which is the long side."""
    short_calls: int = 0
    vol: int = 0
    other: int = 0

    @property
    def long_side(self) -> int:
        """Lines that gain as the market rises."""
        return self.long_equity + self.calls - self.short_calls + self.short_puts

    @property
    def short_side(self) -> int:
        """Lines that lose as the market rises."""
        return self.short_equity + self.puts - self.short_puts + self.short_calls

    @property
    def net(self) -> int:
        """Long side less short side."""
        return self.long_side - self.short_side

    @property
    def bias(self) -> Bias:
        """Where the lines lean."""
        if abs(self.net) < THRESHOLD:
            return Bias.BALANCED
        return Bias.LONG if self.net > 0 else Bias.SHORT


def count(positions: Iterable[Position]) -> Counts:
    """Count the lines of a book by class."""
    found = dict.fromkeys(Counts.__dataclass_fields__, 0)
    for one in positions:
        for name in _classes(one):
            found[name] += 1
    return Counts(**found)


def _classes(one: Position) -> tuple[str, ...]:
    if one.kind in {Kind.VOL, Kind.OTHER}:
        return (one.kind.value,)
    if one.right is None:
        return ("long_equity" if one.quantity > 0 else "short_equity",)
    name = "puts" if one.right is Right.PUT else "calls"
    return (name,) if one.quantity > 0 else (name, f"short_{name}")


def by_underlying(positions: Iterable[Position]) -> dict[str, Counts]:
    """Count the lines of each underlying, by name; vol and others are left out."""
    grouped: dict[str, list[Position]] = {}
    for one in positions:
        if one.side:
            grouped.setdefault(one.underlying, []).append(one)
    return {name: count(grouped[name]) for name in sorted(grouped)}
