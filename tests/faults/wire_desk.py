"""A whole desk on the real client library, over a socket, with a wire and a gateway that break.

Exchange, gateway, a `Proxy` as the wire, the adapter with its library, kernel and journal all run
on one virtual clock. `play` tells a story and at the end lays the exchange's own history beside the
journal: whatever was broken, nothing may be ordered twice and nothing may be missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from hedgetui import config
from hedgetui.bootstrap.desk import Desk, open_desk
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import Outcome
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.scenarios import Scenario, scenario
from hedgetui.simulation.tws_gateway import TwsGateway
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.simulation.worlds import exchange_of
from tests.faults.proxy import Proxy, is_order

START = parse_utc("2025-11-19T14:31:00Z")
ACCOUNT = "DU1234567"
Story = Callable[["WireDesk"], Awaitable[None]]
TWELVE = scenario("constant-delta")
"""Four strangles are worth Δ$ +12 for ever: exactly one hedge is right, SELL 2."""


class WireDesk:
    """A desk, its gateway and its wire, with words to tell a story."""

    def __init__(self, gateway: TwsGateway, proxy: Proxy, clock: LoopClock) -> None:
        self.gateway, self.proxy, self.clock = gateway, proxy, clock
        self.control = gateway.control
        self.exchange = gateway.exchange
        self.desk: Desk | None = None
        self.lines: list[str] = []
        self.facts: list[ev.Fact] = []
        """Everything journalled since the story began."""

    @property
    def client_id(self) -> int:
        return self.gateway.clients[0] if self.gateway.clients else 0

    @property
    def kernel(self):
        assert self.desk is not None
        return self.desk.kernel

    @property
    def state(self):
        return self.kernel.recorder.state

    @property
    def link(self) -> ev.LinkState:
        return self.state.link

    def heard(self, words: str) -> int:
        """How many log lines hold these words."""
        return sum(words in line for line in self.lines)

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for something to become true."""
        end = self.clock.now() + seconds
        while not holds():
            assert self.clock.now() < end, f"not within {seconds:g} s; log: {self.lines[-12:]}"
            await self.clock.sleep(0.1)

    async def ready(self, seconds: float = 120.0) -> None:
        """Wait for READY with hedge quotes."""
        await self.until(lambda: self.link is ev.LinkState.READY, seconds)

    async def do(self, command: cm.Command) -> Outcome:
        return await self.kernel.dispatch(command, "test")

    async def confirmed(self, command: cm.Command) -> Outcome:
        outcome = await self.do(command)
        assert outcome.preview is not None, outcome
        return await self.do(cm.Confirm(outcome.preview.preview_id, outcome.preview.ask_typed))

    async def enter(self, lots: int = 4, row: int = 1) -> str:
        """Enter a strangle and wait until both legs are filled; returns the trade id."""
        await self.until(lambda: self.kernel.snapshot().candidates, 120)
        before = set(self.state.strangles)
        outcome = await self.confirmed(cm.PreviewEntry(row, lots))
        assert outcome.ok, outcome
        (trade_id,) = set(self.state.strangles) - before
        await self.until(lambda: trade_id in self.state.opened, 120)
        return trade_id

    async def hedged(self) -> None:
        """Enter four strangles with AUTO off: net Δ$ +12 and nothing hedged yet but the first."""
        await self.enter()
        await self.until(lambda: self.filled_hedges() == -2, 30)

    def hedges(self) -> list[str]:
        """Every hedge intent as `SELL 2 FILLED`."""
        return [
            f"{i.draft.side} {i.draft.quantity} {i.state}"
            for i in self.state.intents.values()
            if i.draft.purpose.is_hedge
        ]

    def hedge_intents(self) -> list[od.Intent]:
        return [i for i in self.state.intents.values() if i.draft.purpose.is_hedge]

    def filled_hedges(self) -> int:
        """Signed hedge contracts by the journal."""
        return self.state.hedge_position("MES")

    def held(self, symbol: str = "MES") -> int:
        """Signed contracts by the exchange itself."""
        positions = self.exchange.book.account.positions
        return sum(count for key, count in positions.items() if key.startswith(f"{symbol} "))

    def hedge_orders_at_exchange(self) -> int:
        """Hedge orders with our mark that the exchange ever took."""
        return sum(
            "HT1." in key and order.draft.instrument_key.startswith("MES ")
            for key, order in self.exchange.book.orders.items()
        )

    async def drift(self, delta: float, lots: int = 4) -> None:
        """Let the broker's greeks put the options at `delta` Δ$ from now on."""
        total = delta / (10 * lots)
        # A put's delta is never positive, a call's never negative; what is one is not believed.
        call = max(0.0, total - min(0.0, total / 2 - 0.25))
        deltas = (total - call, call)
        self.exchange.faults = replace(self.exchange.faults, stuck_deltas=deltas)

    def lines_held(self) -> list[str]:
        """What the gateway streams to the desk now: instrument keys, sorted, repeats kept."""
        session = self.gateway.site.client(self.client_id)
        return [] if session is None else sorted(one.contract.key for one in session.lines.values())

    def orders_said(self, *, since: int = 0) -> int:
        """How many real order messages left the client, over all connections from `since` on."""
        frames = [body for cable in self.proxy.cables[since:] for body in cable.said]
        return sum(is_order(body) for body in frames)

    def agrees(self) -> None:
        """Journal and exchange hold the same, by the exchange's own book."""
        positions = {key: n for key, n in self.exchange.book.account.positions.items() if n}
        assert self.state.expected_positions == positions
        own = [one for one in self.exchange.book.executions.values() if "HT1." in one.client_key]
        booked = [fill for fill in self.state.fills.values() if fill.intent_id]
        assert len(booked) == len(own)


def play(
    tmp_path: Path,
    story: Story,
    *,
    world: Scenario = TWELVE,
    flags: dict[str, object] | None = None,
    audited: bool = True,
    start: Timestamp = START,
    auto: bool = True,
    profile: str = "paper",
    account: str = ACCOUNT,
    portfolio: str = "none",
) -> None:
    """Tell `story` on a desk of `profile`, connected through the wire to a gateway of `account`.

    The account opens with the securities of `portfolio`.
    """

    async def main() -> None:
        async with AsyncExitStack() as stack:
            clock = LoopClock(start)
            exchange = exchange_of(
                world, seed=7, start=start, tick_s=1.0, fees=Fees(), portfolio=portfolio
            )
            stack.callback(exchange.close)
            gateway = TwsGateway(exchange, clock, account=account, seed=7)
            port = await gateway.start()
            stack.push_async_callback(gateway.close)
            proxy = Proxy(lambda: port)
            front = await proxy.start()
            stack.push_async_callback(proxy.close)
            wire = WireDesk(gateway, proxy, clock)
            loaded = config.load(
                flags={
                    "general.profile": profile,
                    f"profile.{profile}.port": front,
                    "vega.enabled": True,
                    "vega.auto": auto,
                    "vega.max_cost": 5_000.0,
                    "vega.first_trade_lots": 10,
                    **(flags or {}),
                }
            )
            desk = await stack.enter_async_context(
                open_desk(loaded, db=tmp_path / "paper.db", deterministic=True)
            )
            wire.desk = desk
            _listen(wire)
            await story(wire)
            if audited:
                auditor = await desk.audit()
                assert [one.words for one in auditor.violations] == []
                keys = [one.split(":")[-1] for one in exchange.book.orders if "HT1." in one]
                assert len(keys) == len(set(keys)), "an order reference was used twice"

    run_virtual(main)


def _listen(wire: WireDesk) -> None:
    say = wire.kernel.recorder.say

    def hear(level: str, text: str, why: str = "") -> None:
        wire.lines.append(text)
        say(level, text, why)

    wire.kernel.recorder.say = hear
    wire.kernel.recorder.listen(wire.facts.append)
