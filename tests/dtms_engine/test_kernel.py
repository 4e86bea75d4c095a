"""The defence inside the desk: one journal, one arming, one snapshot, and two brokers apart."""

from __future__ import annotations

from random import Random

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.dtms.model import State
from hedgetui.domain.units import parse_utc
from hedgetui.engine.halves import Ports
from hedgetui.engine.kernel import Kernel
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.world import Mt5World
from hedgetui.simulation.virtual_loop import run_virtual
from tests.dtms_engine.stage import GOLD, Terminal
from tests.engine.bench import Lines, MemoryJournal, ScriptedBroker

START = parse_utc("2025-11-19T15:00:00Z")


def test_trades_are_defended_while_the_other_broker_is_away() -> None:
    async def main() -> None:
        clock = LoopClock(START)
        broker = ScriptedBroker(clock, environment=br.Environment.SIM)
        broker.reachable = False
        venue = Venue(Mt5World("quiet", "nobody trades"), seed=7, start=START)
        ticket = venue.control.hand_open(GOLD, "BUY", "0.40", sl=2_600.0)
        journal = MemoryJournal(clock)
        ports = Ports(broker, journal, Lines(), clock, Random(1), Terminal(venue, clock))  # noqa: S311 - repeatable
        kernel = Kernel(ports, EngineSettings("sim", expected_account="DU100042"))
        await kernel.start(1, ())
        await clock.sleep(20)
        snapshot = kernel.snapshot()
        assert snapshot.status.link != ev.LinkState.READY.value
        assert snapshot.defence.mt5.link == ev.LinkState.READY.value
        assert [row.ticket for row in snapshot.defence.rows] == [ticket]
        outcome = await kernel.dispatch(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.preview is not None
        outcome = await kernel.dispatch(cm.Confirm(outcome.preview.preview_id))
        assert outcome.ok, outcome
        outcome = await kernel.dispatch(cm.Disarm())
        outcome = await kernel.dispatch(cm.PreviewDefence(ticket, "close"))
        assert outcome.preview is not None
        assert not outcome.preview.sendable
        await kernel.stop("test over")
        facts = tuple(journal.kept)
        again = Kernel(ports, EngineSettings("sim", expected_account="DU100042"))
        await again.start(2, facts)
        await clock.sleep(20)
        (row,) = again.snapshot().defence.rows
        assert row.state == State.HEDGED.value
        assert row.hedge is not None
        await again.stop("test over")

    run_virtual(main)


def test_a_desk_without_mt5_says_so() -> None:
    async def main() -> None:
        clock = LoopClock(START)
        broker = ScriptedBroker(clock, environment=br.Environment.SIM)
        ports = Ports(broker, MemoryJournal(clock), Lines(), clock, Random(1))  # noqa: S311 - repeatable
        kernel = Kernel(ports, EngineSettings("sim", expected_account="DU100042"))
        await kernel.start(1, ())
        assert kernel.snapshot().defence.mt5.link == "off"
        outcome = await kernel.dispatch(cm.Adopt(1))
        assert (outcome.ok, outcome.code) == (False, "no-mt5")
        await kernel.stop("test over")

    run_virtual(main)
