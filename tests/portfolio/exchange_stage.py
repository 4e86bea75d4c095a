"""A whole desk on the simulated exchange, whose account opens with a reference book."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.halves import Ports
from hedgetui.engine.kernel import Kernel
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.ports.balance import BalanceView
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.scenarios import SCENARIOS
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.simulation.worlds import exchange_of
from tests.engine.bench import START, Bench


class ExchangeStage(Bench):
    """Nothing is scripted: broker, quotes, histories and fills are the exchange's."""

    def __init__(self, book: str, balance: BalanceSettings) -> None:
        self.book, self.balance = book, balance
        super().__init__((), EngineSettings("sim", expected_account=""), br.Environment.SIM)

    def new_kernel(self) -> Kernel:
        if not isinstance(self.broker, SimulatedBroker):
            world = SCENARIOS["calm"]
            exchange = exchange_of(
                world, seed=1, start=START, tick_s=1.0, fees=Fees(), portfolio=self.book
            )
            self.broker = SimulatedBroker(exchange, self.clock)
        ports = Ports(
            self.broker, self.journal, self.log, self.clock, Random(1),  # noqa: S311 - repeatable
            portfolio=self.broker, balance=self.balance,
        )  # fmt: skip
        kernel = Kernel(ports, self.settings)
        kernel.recorder.listen(self.auditor.take)
        return kernel

    async def begin(self) -> None:
        await self.kernel.start(1, ())
        await self.until(lambda: self.state.link is ev.LinkState.READY)
        await self.until(lambda: bool(self.seen.betas_at))

    async def until(self, true: Callable[[], bool]) -> None:
        for _ in range(400):
            if true():
                return
            await self.wait(0.25)
        raise AssertionError(self.lines)

    async def send(self, command: cm.PreviewTicket) -> None:
        """Preview, confirm and wait until the ticket is over."""
        tickets = len(self.seen.tickets)
        outcome = await self.confirmed(command)
        assert outcome.ok, outcome
        await self.until(
            lambda: len(self.seen.tickets) > tickets and self.seen.tickets[0].state != "working"
        )
        assert self.seen.tickets[0].state == "done", self.seen.tickets[0]

    @property
    def seen(self) -> BalanceView:
        return self.kernel.snapshot().balance

    def held(self) -> Sequence[str]:
        """What the reading says is held, as `2 NVDA 20260220 150 C`."""
        return [f"{one.quantity:g} {one.symbol}" for one in self.seen.book.positions]


def on_exchange(
    book: str, story: Callable[[ExchangeStage], Awaitable[None]], **settings: object
) -> None:
    """Tell `story` on the exchange; `book` names what its account holds."""

    async def main() -> None:
        stage = ExchangeStage(book, BalanceSettings(**settings))
        try:
            await stage.begin()
            await story(stage)
        finally:
            await stage.kernel.stop("test over")

    run_virtual(main)
