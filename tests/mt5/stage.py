"""The adapter on a scripted terminal, over the real bridge and a real socket, on virtual time."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hedgetui.adapters.mt5.broker import Mt5Broker
from hedgetui.adapters.mt5.connection import Mt5Connection, Timeouts
from hedgetui.domain.units import Timestamp
from hedgetui.mt5bridge.server import BridgeServer
from hedgetui.mt5bridge.token_file import create_token
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.virtual_loop import run_virtual
from tests.mt5.fake.MetaTrader5.scripted import START, ScriptedTerminal

QUICK = Timeouts(connect_s=2.0, read_s=2.0, send_s=2.0, initialize_s=20.0)


@dataclass
class Stage:
    """What a story acts on."""

    broker: Mt5Broker
    terminal: ScriptedTerminal
    server: BridgeServer
    clock: LoopClock


Story = Callable[[Stage], Awaitable[None]]


def play(story: Story, *, connected: bool = True, **changes: object) -> Stage:
    """Play a story; `changes` are fields of the connection."""
    built: list[Stage] = []

    async def on_stage() -> None:
        clock = LoopClock(Timestamp(START))
        terminal = ScriptedTerminal(clock.now)
        with tempfile.TemporaryDirectory() as folder:
            token_file = Path(folder, "token")
            server = BridgeServer(terminal, create_token(token_file), 0)
            connection = Mt5Connection(port=server.start(), token_file=token_file, timeouts=QUICK)
            broker = Mt5Broker(replace(connection, **changes), clock)
            stage = Stage(broker, terminal, server, clock)
            built.append(stage)
            try:
                if connected:
                    await broker.connect()
                await story(stage)
            finally:
                await broker.disconnect()
                server.close()

    run_virtual(on_stage)
    return built[0]
