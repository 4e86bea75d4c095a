"""A desk with hedge accounts on a broker whose every word the test speaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.audit import Auditor, BrokerHistory
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.tails.model import Key, Mode, Policy
from hedgetui.domain.tails.policy import Levels
from hedgetui.engine.halves import Ports
from hedgetui.engine.kernel import Kernel
from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.tails.parts import TailSettings
from hedgetui.ports import broker as br
from hedgetui.ports.tails import TailRow
from hedgetui.simulation.virtual_loop import run_virtual
from tests.engine.bench import MES, Bench, ScriptedBroker

ZC, NEXT = "ZC 202603", "ZC 202605"
FARM, MILL = "PSHAOTCHMS", "MILL"
BID, ASK = 433.25, 433.50


class GrainBroker(ScriptedBroker):
    """A broker that also lists corn."""

    venues: dict[str, tuple[bool, str]]

    async def connect(self, sink: br.MessageSink) -> None:
        await super().connect(sink)
        for symbol, (opened, reason) in self.venues.items():
            self.tell(br.VenueReport(symbol, opened, reason, None))

    def venue(self, symbol: str, *, opened: bool, reason: str = "") -> None:
        self.venues[symbol] = opened, reason
        self.tell(br.VenueReport(symbol, opened, reason, None))


class TailBench(Bench):
    """The bench of the strategy's tests with hedge accounts beside it."""

    def __init__(
        self, facts: Sequence[ev.Fact], settings: EngineSettings, tails: TailSettings
    ) -> None:
        self.tail_settings = tails
        super().__init__(facts, settings, br.Environment.SIM)
        self.auditor = Auditor(tails.levels)
        for fact in facts:
            self.auditor.take(fact)
        self.kernel = self.new_kernel()
        self.feed.extra = {ZC: (BID, ASK), NEXT: (440.0, 440.25)}

    def new_kernel(self) -> Kernel:
        if not isinstance(self.broker, GrainBroker):
            self.broker = GrainBroker(self.clock, environment=br.Environment.SIM)
            self.broker.venues = {"ZC": (True, "")}
        seed = Random(len(self.journal.kept))  # noqa: S311 - repeatable
        ports = Ports(
            self.broker, self.journal, self.log, self.clock, seed, tails=self.tail_settings
        )
        kernel = Kernel(ports, self.settings)
        kernel.recorder.listen(self.auditor.take)
        return kernel

    @property
    def ledger(self):
        return self.kernel.tails.tails.ledger

    async def buys(self, units: int, account: str = FARM, contract: str = ZC, **more) -> None:
        """A farmer sells `units` to us; negative: a mill buys them."""
        side = "BUY" if units > 0 else "SELL"
        command = cm.EnterCash(account, contract, side, abs(units), "430'0", **more)
        outcome = await self.do(command)
        assert outcome.ok, outcome

    def tail_orders(self) -> list[str]:
        """Every hedge order of a tail as `SELL 3`."""
        return [
            f"{one.draft.side} {one.draft.quantity}"
            for one in self.state.intents.values()
            if one.draft.purpose.value == "tail"
        ]

    def row(self, account: str = FARM, contract: str = ZC) -> TailRow:
        rows = self.kernel.snapshot().tails.rows
        return next(one for one in rows if (one.account, one.contract) == (account, contract))

    def balance(self, account: str = FARM, contract: str = ZC) -> int:
        return self.ledger.balance(Key(account, contract))


Story = Callable[[TailBench], Awaitable[None]]


def tell(
    story: Story,
    mode: Mode = Mode.AUTO,
    pct: int = 51,
    *,
    ticks: int = 0,
    limits: RiskLimits | None = None,
    settings: TailSettings | None = None,
    audited: bool = True,
    **rules: object,
) -> None:
    """Tell `story` on a desk without strangles; the outside checker must have found nothing."""
    base = EngineSettings("sim", expected_account="DU100042", limits=limits or RiskLimits())
    base = replace(base, vega=replace(base.vega, **rules))
    tails = settings or TailSettings(Levels(Policy(mode, pct, ticks)))

    async def main() -> None:
        bench = TailBench([], base, tails)
        try:
            await bench.ready()
            await story(bench)
            if audited:
                history = br_history(bench)
                bench.auditor.compare(history)
                broken = [one.words for one in bench.auditor.violations]
                assert broken == [], broken
        finally:
            await bench.close()

    run_virtual(main)


def br_history(bench: TailBench):
    """What the broker says happened, for the auditor."""
    return BrokerHistory(
        [(key, one.number) for key, one in bench.broker.orders.items()],
        [(one.client_key, one.exec_id) for one in bench.broker.executions.values()],
        bench.broker.positions,
    )


__all__ = ["ASK", "BID", "FARM", "MES", "MILL", "NEXT", "ZC", "TailBench", "tell"]
