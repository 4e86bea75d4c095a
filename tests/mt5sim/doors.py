"""The two doors of the simulated MT5 broker: the built-in port, and the adapter over the socket."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hedgetui.adapters.mt5.broker import Mt5Broker
from hedgetui.adapters.mt5.connection import Mt5Connection, Timeouts
from hedgetui.adapters.sim.mt5 import SimulatedMt5
from hedgetui.domain.mt5.records import CommittedRequest, Lots, MarginMode, Request, TradeAction
from hedgetui.domain.orders import Side
from hedgetui.mt5bridge.token_file import create_token
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.mt5 import Mt5Port
from hedgetui.simulation.mt5.ledger import AccountTerms
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.worlds import world
from hedgetui.simulation.mt5_gateway import Mt5Gateway
from hedgetui.simulation.virtual_loop import run_virtual
from tests.mt5sim.bench import START

DOORS = ("built-in", "socket")
QUICK = Timeouts(connect_s=2.0, read_s=2.0, send_s=0.5, initialize_s=5.0)


@dataclass
class Room:
    """What a story acts in."""

    port: Mt5Port
    venue: Venue
    clock: LoopClock
    gateway: Mt5Gateway | None

    async def send(self, request: Request) -> Any:
        return await self.port.send(CommittedRequest(1, "a1", request))


Story = Callable[[Room], Awaitable[Any]]


def enter(
    door: str, story: Story, *, name: str = "demo", mode: MarginMode = MarginMode.HEDGING
) -> Any:
    """Play a story behind one of the doors, connected, and return what it returns."""

    async def inside() -> Any:
        clock = LoopClock(START)
        made = replace(world(name), account=AccountTerms(mode=mode))
        venue = Venue(made, seed=7, start=START)
        if door == "built-in":
            port = SimulatedMt5(venue, clock)
            await port.connect()
            return await story(Room(port, venue, clock, None))
        with tempfile.TemporaryDirectory() as folder:
            token = Path(folder, "token")
            gateway = Mt5Gateway(venue, clock.now, create_token(token), port=0)
            connection = Mt5Connection(port=gateway.start(), token_file=token, timeouts=QUICK)
            broker = Mt5Broker(connection, clock)
            try:
                await broker.connect()
                return await story(Room(broker, venue, clock, gateway))
            finally:
                await broker.disconnect()
                gateway.close()

    return run_virtual(inside)


def deal(side: Side, volume: str, symbol: str = "XAUUSD", **more: Any) -> Request:
    """Return a market order."""
    return Request(TradeAction.DEAL, symbol, side, Lots(Decimal(volume)), **more)
