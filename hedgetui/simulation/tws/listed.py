"""One contract as the gateway tells it: everything that a message about it carries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """One contract with everything a message about it carries."""

    con_id: int
    key: str
    """The exchange's instrument key; empty for what the exchange does not know."""
    symbol: str
    sec_type: str
    exchange: str
    local_symbol: str
    trading_class: str
    min_tick: str
    long_name: str
    exchanges: tuple[str, ...]
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    rule: int = 26
    expiry: str = ""
    strike: str = "0.0"
    right: str = ""
    multiplier: str = ""
    magnifier: int = 1
    """Quoted units in a dollar of the contract's own price: a grain is quoted in cents."""
    legs: tuple[Listed, ...] = ()

    @property
    def shown_right(self) -> str:
        """The right as messages print it: a question mark where there is none."""
        return self.right or "?"
