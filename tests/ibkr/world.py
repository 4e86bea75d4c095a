"""The contract suite's world on the IB adapter: the client library, a real socket, the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from hedgetui.adapters.ibkr.broker import IbkrBroker
from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.adapters.ibkr.quiet import LIBRARY_LOG
from hedgetui.domain.events import LinkState
from hedgetui.ports.broker import Environment, LinkReport, OrderEnded, OrderNotice
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.tws_gateway import TwsGateway
from hedgetui.simulation.virtual_loop import run_virtual
from tests.contract.world import Setting, World, exchange_of

ACCOUNT = "DU1234567"
CONNECTION = IbkrConnection(
    host="127.0.0.1", port=0, client_id=17, account="", environment=Environment.PAPER
)


def stage(setting: Setting, **changes: object) -> tuple[World, TwsGateway]:
    """Return a world on the IB adapter, and its gateway on an exchange that plays `setting`.

    The gateway listens from `World.prepare` until `World.close`; `changes` are fields of the
    connection.
    """
    clock = LoopClock(setting.start)
    gateway = TwsGateway(exchange_of(setting), clock, account=ACCOUNT)
    broker = IbkrBroker(replace(CONNECTION, **changes), clock)

    async def listen() -> None:
        port = await gateway.start(0)
        broker._connection = replace(broker._connection, port=port)

    return World(broker, clock, prepare=listen, ending=gateway.close), gateway


def ibkr_world(setting: Setting) -> World:
    """Return a world whose broker is the IB adapter."""
    world, _ = stage(setting)
    return world


Story = Callable[[World, TwsGateway], Awaitable[None]]


def play(story: Story, setting: Setting | None = None, **changes: object) -> World:
    """Play a story on virtual time and return its world, closed.

    Whatever it did, no task of the adapter may be left, no message of the broker may have been
    unreadable, and the adapter may not have failed without the story expecting it.
    """
    built: list[World] = []
    unreadable = LIBRARY_LOG.unreadable

    async def on_stage() -> None:
        world, gateway = stage(setting or Setting(), **changes)
        built.append(world)
        await world.prepare()
        try:
            await story(world, gateway)
        finally:
            await world.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in left if task.get_name().startswith("ibkr")]

    run_virtual(on_stage)
    assert LIBRARY_LOG.unreadable == unreadable, list(LIBRARY_LOG.lines)[-3:]
    return built[0]


def reports(world: World, state: LinkState) -> list[LinkReport]:
    """Return what was reported of the link in one state."""
    return [one for one in world.of(LinkReport) if one.state is state]


def ended(world: World, key: str) -> OrderEnded:
    """Return the only end of an order."""
    (end,) = world.of(OrderEnded, key)
    return end


def codes(world: World, key: str = "") -> list[int]:
    """Return the codes that were told about an order, or about the session."""
    return [one.code for one in world.of(OrderNotice, key)]
