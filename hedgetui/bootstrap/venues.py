"""Which broker a profile trades on, and whose clock its desk follows.

The simulator keeps its own time. A desk on a broker follows the broker's clock, since quotes,
executions and trading hours are told in it: the broker is asked before the desk is made, and the
machine's clock stands in only while nobody answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from hedgetui import config
from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.console import link
from hedgetui.console.exchange import exchange_of_settings
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerPort
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.portfolio import PortfolioPort
from hedgetui.simulation.scenarios import Scenario, scenario

_PROBE_S = 5.0
"""Seconds the broker has to tell its time before the machine's is taken."""

WallTime = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Venue:
    """What a desk trades on."""

    broker: BrokerPort
    clock: LoopClock
    portfolio: PortfolioPort
    """The same session, asked for everything the account holds."""


def simulator(
    settings: config.Settings,
    world: Scenario | None,
    state_path: Path,
    stack: AsyncExitStack,
    *,
    newest: Timestamp | None,
    speed: float,
) -> Venue:
    """Return the built-in exchange; it goes on where it or the journal (`newest`) stopped."""
    world = world or scenario(settings.simulator.scenario)
    exchange = exchange_of_settings(settings.simulator, world, state_path)
    stack.callback(exchange.close)
    began = exchange.at if newest is None else max(exchange.at, newest)
    clock = LoopClock(Timestamp(began), speed)
    broker = SimulatedBroker(exchange, clock)
    return Venue(broker, clock, broker)


async def broker(
    settings: config.Settings,
    *,
    newest: Timestamp | None,
    speed: float = 1.0,
    must_reach: bool = False,
    wall: WallTime = time.time,
) -> Venue:
    """Return the broker of a paper or live profile, with a clock set by it if it answers.

    The broker's word about the time stands even against the journal; without it the desk goes on
    no earlier than `newest`, the journal's last fact. `speed` is for a broker whose own time runs
    faster than the wall's, as a simulated one's.

    Raises:
        BrokerUnreachable: it `must_reach` the broker now, and nobody answers.
    """
    from hedgetui.adapters.ibkr.broker import IbkrBroker  # noqa: PLC0415 - the simulator needs none

    connection = link.connection_of(settings)
    try:
        told = await link.ask(connection, _PROBE_S)
        # Whole seconds are told: half of one is missing on average, and half of the way back.
        now = Timestamp(told.broker_time + 0.5 + told.round_trip / 2)
    except BrokerUnreachable:
        if must_reach:
            raise
        now = Timestamp(max(wall(), newest or 0.0))
    clock = LoopClock(now, speed)
    session = IbkrBroker(connection, clock)
    return Venue(session, clock, session)
