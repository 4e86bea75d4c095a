"""A desk that sends tickets, on a broker whose every word the test speaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.audit import BrokerHistory
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.tickets.door import Tickets
from hedgetui.ports import broker as br
from hedgetui.ports.balance import TicketView
from hedgetui.ports.desk import Outcome, Preview
from hedgetui.simulation.virtual_loop import run_virtual
from tests.engine.bench import CALL as INDEX_CALL
from tests.engine.bench import PUT, Bench, ScriptedBroker, strangle_facts

CALL, HIGHER, LOWER = "SPY 20260220 580 C", "SPY 20260220 600 C", "SPY 20260220 560 C"
SHARES, VIX_CALL = "NVDA STK", "VIX 20251217 20 C"
SYMBOLS = ("SPY", "NVDA", "VIX")
MARKET = {
    CALL: (9.0, 9.2), HIGHER: (3.0, 3.2), LOWER: (19.0, 19.4), SHARES: (180.0, 180.02),
    VIX_CALL: (1.10, 1.20),
}  # fmt: skip


def buy(key: str, count: int, limit: str) -> TicketStep:
    return TicketStep(key, od.Side.BUY, count, Decimal(limit))


def sell(key: str, count: int, limit: str, *, trims: bool = False) -> TicketStep:
    return TicketStep(key, od.Side.SELL, count, Decimal(limit), trims)


def plan(*steps: TicketStep) -> TicketPlan:
    return TicketPlan("SPY call", "the book is short", "advice", steps)


ONE = plan(buy(CALL, 1, "9.20"))
SPREAD = plan(buy(CALL, 2, "9.20"), sell(HIGHER, 2, "3.00"))


class SecurityBroker(ScriptedBroker):
    """A broker that also says whether single names trade."""

    closed: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    """Names whose market it says nothing about."""

    async def connect(self, sink: br.MessageSink) -> None:
        await super().connect(sink)
        for symbol in SYMBOLS:
            if symbol not in self.silent:
                self.say_venue(symbol, opened=symbol not in self.closed)

    def say_venue(self, symbol: str, *, opened: bool) -> None:
        self.tell(br.VenueReport(symbol, opened, "" if opened else "closed", None))


class TicketBench(Bench):
    """The bench of the strategy's tests with tickets beside it."""

    def __init__(
        self, facts: Sequence[ev.Fact], settings: EngineSettings, environment: br.Environment
    ) -> None:
        super().__init__(facts, settings, environment)
        kept, self.broker = self.broker, SecurityBroker(self.clock, environment=environment)
        self.broker.positions = kept.positions
        self.kernel = self.new_kernel()
        self.feed.extra = dict(MARKET)

    @property
    def tickets(self) -> Tickets:
        return self.kernel.tickets

    async def preview(self, wanted: TicketPlan) -> Preview:
        outcome = await self.tickets.preview(wanted)
        assert outcome.preview is not None, outcome
        return outcome.preview

    async def confirm(self, shown: Preview, typed: str = "") -> Outcome:
        return await self.do(cm.Confirm(shown.preview_id, typed))

    async def send(self, wanted: TicketPlan, wait: float = 1.0) -> Outcome:
        """Preview, confirm, and give the worker a moment."""
        outcome = await self.confirm(await self.preview(wanted))
        await self.wait(wait)
        return outcome

    async def settled(self, seconds: float = 120.0) -> TicketView:
        """Wait until the newest ticket is over."""
        for _ in range(int(seconds * 2)):
            await self.wait(0.5)
            if self.view.state != "working":
                return self.view
        raise AssertionError((self.view, self.lines[-5:]))

    @property
    def view(self) -> TicketView:
        return self.tickets.view()[0]

    @property
    def orders(self) -> list[str]:
        """Every order of a ticket that left, as `BUY 1 SPY 20260220 580 C LMT 9.20`."""
        return [
            order.draft.describe() for order in self.broker.sent if order.draft.purpose.is_ticket
        ]

    def events(self, kind: type) -> list:
        return [fact.event for fact in self.journal.kept if isinstance(fact.event, kind)]

    def denials(self) -> list[str]:
        return [one.code for one in self.events(pf.TicketDenied)]

    def history(self) -> BrokerHistory:
        return BrokerHistory(
            [(key, one.number) for key, one in self.broker.orders.items()],
            [(one.client_key, one.exec_id) for one in self.broker.executions.values()],
            self.broker.positions,
        )


Story = Callable[[TicketBench], Awaitable[None]]


def tell(
    story: Story,
    *,
    lots: int = 0,
    positions: dict[str, int] | None = None,
    environment: br.Environment = br.Environment.SIM,
    compared: bool = True,
    settings: EngineSettings | None = None,
    **rules: object,
) -> None:
    """Tell `story` on a desk that holds `lots` strangles, in an account that holds `positions` too.

    At the end the outside checker must have found nothing.
    """
    base = settings or EngineSettings(environment.value, expected_account="DU100042")
    base = replace(base, vega=replace(base.vega, **rules))

    async def main() -> None:
        bench = TicketBench(strangle_facts(lots) if lots else [], base, environment)
        own = dict.fromkeys((PUT, INDEX_CALL), lots) if lots else {}
        bench.broker.positions = own | (positions or {})
        try:
            await bench.ready()
            await story(bench)
            if compared:
                bench.auditor.compare(bench.history())
            broken = [one.words for one in bench.auditor.violations]
            assert broken == [], broken
        finally:
            await bench.close()

    run_virtual(main)
