"""A terminal on a venue whose time the test says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.simulation.mt5.ledger import AccountTerms
from hedgetui.simulation.mt5.path import Push
from hedgetui.simulation.mt5.terminal import Terminal
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.world import Mt5World
from hedgetui.simulation.mt5.worlds import world

START = parse_utc("2025-11-19T14:31:00Z")
"""A Wednesday on which everything trades."""
FRIDAY = parse_utc("2025-11-21T20:00:00Z")
BUY, SELL = 0, 1


class Bench:
    """One venue, one terminal, one clock."""

    def __init__(
        self, chosen: Mt5World | str = "quiet", *, seed: int = 7, start: Timestamp = START,
        state: Path | None = None, pushes: tuple[Push, ...] = (), **account: Any,
    ) -> None:  # fmt: skip
        made = world(chosen) if isinstance(chosen, str) else chosen
        made = replace(made, pushes=(*made.pushes, *pushes))
        if account:
            made = replace(made, account=AccountTerms(**account))
        self.venue = Venue(made, seed=seed, start=start, state_path=state)
        self.now = self.venue.at
        self.terminal = Terminal(self.venue, lambda: Timestamp(self.now))
        self.terminal.initialize()

    @property
    def control(self):
        return self.venue.control

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.terminal.account_info()

    def deal(self, symbol: str, side: int, volume: float, **more: Any) -> Any:
        """Send a market order as a program would."""
        filling = 0 if self.venue.filling(symbol) == 0 else 1
        request = {
            "action": 1, "symbol": symbol, "volume": volume, "type": side, "price": 0.0,
            "type_filling": filling, "deviation": 20,
        }  # fmt: skip
        return self.terminal.order_send(request | more)

    def stops(self, ticket: int, sl: float = 0.0, tp: float = 0.0, symbol: str = "XAUUSD") -> Any:
        """Replace both levels of a position."""
        return self.terminal.order_send(
            {"action": 6, "symbol": symbol, "position": ticket, "sl": sl, "tp": tp}
        )

    def close_by(self, ticket: int, other: int) -> Any:
        return self.terminal.order_send({"action": 10, "position": ticket, "position_by": other})

    def positions(self, symbol: str = "") -> Any:
        return self.terminal.positions_get(symbol=symbol)

    def deals(self, position: int) -> Any:
        return self.terminal.history_deals_get(position=position)


def netting(**more: Any) -> Bench:
    """Return a bench on a netting account."""
    return Bench(mode=MarginMode.NETTING, **more)
