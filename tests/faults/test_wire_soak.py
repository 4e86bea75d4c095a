"""A working day over a wire that breaks again and again: the journal ends equal to the exchange.

A trader follows a plan with AUTO on while seeded faults fall on the link, most of them at the
moment an order is on its way. Nobody helps the desk. At the end every order reference was used
once, every execution is booked, every position is equal and every trade has left the book.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import pytest

from hedgetui.console.trader import follow
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.simulation.scenarios import TraderPlan, scenario
from hedgetui.simulation.tws.executions import wire_id
from tests.faults.proxy import Cut
from tests.faults.wire_desk import WireDesk, play

_log = logging.getLogger(__name__)

PLACE_ORDER = "3"
HOUR = 3_600.0
LIMITS: dict[str, object] = {
    "risk.orders_per_minute": 60,
    "risk.orders_per_day": 2_000,
    "risk.max_option_lots": 100,
    "risk.max_order_notional": 900_000.0,
    "risk.max_day_notional": 900_000_000.0,
    "risk.daily_loss_limit": 1_000_000.0,
    "risk.throttle_hedges": 60,
    "vega.first_trade_lots": 20,
    "vega.max_cost": 50_000.0,
}
"""Limits a day of many small trades does not reach: here the wire is on trial, not the gates."""


@dataclass(frozen=True)
class Day:
    """How long, how busy and how rough."""

    hours: float
    disconnects: int
    plan: TraderPlan
    trading_hours: float
    """Entries come in this time; then everything is closed while options still trade."""
    style: str = "combo"
    rough: bool = False
    """Whether messages also repeat, get lost or out of order all day, and fills come in parts."""


WORKING = Day(8.0, 20, TraderPlan(every_s=1_200.0, hold_s=3_000.0), 6.2)
LEGS = replace(WORKING, style="legs")
ROUGH = replace(WORKING, rough=True)
BRIEF = Day(1.0, 5, TraderPlan(every_s=420.0, first_s=20.0, hold_s=900.0), 0.72)


class Nemesis:
    """Breaks the link in every way there is, by a seed."""

    def __init__(self, wire: WireDesk, random: Random) -> None:
        self._wire, self._random = wire, random
        self.done: Counter[str] = Counter()
        self._ways: list[Callable[[], Awaitable[None]]] = [
            self.cut, self.drop, self.freeze, self.hold, self.outage, self.reset, self.lost,
        ]  # fmt: skip

    async def strike(self, count: int, seconds: float) -> None:
        """Strike `count` times in `seconds`, each way before one comes again."""
        bag: list[Callable[[], Awaitable[None]]] = []
        moments = sorted(self._random.uniform(60.0, seconds) for _ in range(count))
        began = self._wire.clock.now()
        for moment, following in pairwise([*moments, seconds]):
            await self._wire.wait(max(5.0, began + moment - self._wire.clock.now()))
            if not bag:
                bag = self._random.sample(self._ways, len(self._ways))
            if self._random.random() < 0.75:
                await self._order_on_its_way(until=began + following)
            way = bag.pop()
            await way()
            self.done[way.__name__] += 1

    async def _order_on_its_way(self, until: float) -> None:
        while not self._wire.state.live_intents and self._wire.clock.now() < until:
            await self._wire.wait(0.01)
        await self._wire.wait(self._some(0.0, 0.2))

    def _some(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    async def cut(self) -> None:
        """The connection breaks inside an order, or before long without one."""
        self._wire.proxy.cut = Cut(PLACE_ORDER, self._random.randrange(0, 200))
        for _ in range(1_200):
            if self._wire.proxy.cut.done:
                return
            await self._wire.wait(0.1)
        self._wire.proxy.cut = None
        self._wire.proxy.cable.abort()

    async def drop(self) -> None:
        self._wire.control.drop()
        await self._wire.wait(1)

    async def freeze(self) -> None:
        self._wire.control.freeze()
        await self._wire.wait(self._some(2, 60))
        self._wire.control.thaw()

    async def hold(self) -> None:
        self._wire.proxy.hold()
        await self._wire.wait(self._some(2, 60))
        self._wire.proxy.release()

    async def outage(self) -> None:
        self._wire.control.outage_1100()
        await self._wire.wait(self._some(2, 120))
        self._wire.control.restore(data_lost=self._random.random() < 0.5)

    async def reset(self) -> None:
        self._wire.control.nightly_reset(self._some(10, 180))
        await self._wire.wait(1)

    async def lost(self) -> None:
        """Executions and charges stop coming, then the connection goes."""
        self._wire.control.lose_executions = 1.0
        await self._wire.wait(self._some(10, 90))
        self._wire.control.lose_executions = 0.0
        self._wire.control.drop()


def roughen(wire: WireDesk) -> None:
    control = wire.control
    control.duplicate_executions = control.repeat_statuses = control.reorder_statuses = True
    control.lose_statuses = 0.05
    control.partial_fills(0.5)


def quiet(wire: WireDesk) -> bool:
    state = wire.state
    ready = state.link is ev.LinkState.READY and state.synced_session == state.session
    return ready and not state.live_intents


async def close_everything(wire: WireDesk) -> None:
    """Close what is open; a refusal is tried again, as a person would."""
    for _ in range(60):
        for trade in wire.state.open_strangles:
            outcome = await wire.do(cm.PreviewClose(trade.trade_id))
            if outcome.preview is not None:
                await wire.do(cm.Confirm(outcome.preview.preview_id))
        await wire.wait(20)
        if not wire.state.open_strangles:
            return


def equal_histories(wire: WireDesk) -> None:
    """Journal and exchange tell one story, by ids and not by sums."""
    book, state = wire.exchange.book, wire.state
    told = {wire_exec_root(one.exec_id, wire) for one in book.executions.values()}
    assert set(state.fills) == told
    ours = {key: held for key, held in book.account.positions.items() if held}
    assert dict(state.positions) == ours
    references = Counter(key.split(":")[-1] for key in book.orders if "HT1." in key)
    assert set(references.values()) <= {1}
    assert set(references) <= set(state.by_key)
    booked = Counter[str]()
    for fill in state.fills.values():
        booked[fill.intent_id] += fill.quantity
    assert "" not in booked
    for intent in state.intents.values():
        legs = len(intent.draft.instrument_key.split(" + "))
        assert booked[intent.intent_id] == intent.filled * legs
    assert set(state.commissions) == set(state.fills)


def wire_exec_root(exec_id: str, wire: WireDesk) -> str:
    """The id of an execution as the journal has it."""
    execution = wire.exchange.book.executions[exec_id]
    order = wire.gateway.registry.by_key(execution.client_key)
    assert order is not None
    legs = order.contract.legs
    keys = [leg.key for leg in legs]
    part = 2 + keys.index(execution.instrument_key) if legs else 1
    return wire_id(exec_id, part, 1).rpartition(".")[0]


def soak(tmp_path, day: Day, seed: int) -> dict[str, object]:
    """Live one day; returns its figures."""
    figures: dict[str, object] = {}
    world = replace(scenario("whipsaw"), trader=day.plan)
    refusals: list[str] = []

    async def story(wire: WireDesk) -> None:
        random = Random(seed)  # noqa: S311 - repeatable
        nemesis = Nemesis(wire, random)
        doubts: list[str] = []
        wire.kernel.recorder.listen(lambda fact: doubts.extend(_doubt(fact)))
        if day.rough:
            roughen(wire)
        await wire.ready()
        await wire.until(lambda: wire.kernel.snapshot().candidates, 120)
        began = wire.clock.now()
        end = began + day.hours * HOUR
        steps = day.plan.steps(random, day.trading_hours * HOUR)
        striking = asyncio.ensure_future(
            nemesis.strike(day.disconnects, day.hours * HOUR - 1_200.0)
        )
        await follow(wire.kernel, wire.clock, steps, refusals.append)
        await close_everything(wire)
        await wire.wait(max(0.0, end - wire.clock.now()))
        await striking
        await wire.until(lambda: quiet(wire), 900)
        await wire.wait(70)
        assert quiet(wire)
        figures.update(_figures(wire, nemesis), unknown_for_a_while=len(set(doubts)))
        assert nemesis.done.total() == day.disconnects
        assert wire.state.open_strangles == (), figures
        assert wire.state.differences == ()
        assert wire.state.latches == {}
        assert wire.heard("late fill") == wire.heard("overfill") == 0
        equal_histories(wire)

    began = time.monotonic()
    play(tmp_path, story, world=world, flags=LIMITS | {"vega.entry_style": day.style})
    figures["wall_s"] = round(time.monotonic() - began, 1)
    figures["refusals"] = refusals
    _log.info("soak %s", figures)
    return figures


def _figures(wire: WireDesk, nemesis: Nemesis) -> dict[str, object]:
    state = wire.state
    ends = Counter(str(intent.state) for intent in state.intents.values())
    return {
        "orders": len(wire.exchange.book.orders),
        "intents": dict(ends),
        "hedges": len(wire.hedge_intents()),
        "fills": len(wire.exchange.book.executions),
        "trades": len(state.strangles),
        "results": Counter(type(one).__name__ for one in state.results.values()),
        "disconnects": dict(nemesis.done),
        "sessions": state.session,
        "connections": len(wire.proxy.cables),
    }


def _doubt(fact: ev.Fact) -> list[str]:
    """The intent that became unknown, if this fact says so of one."""
    match fact.event:
        case ev.IntentMoved(intent_id=intent_id, after=od.IntentState.UNKNOWN):
            return [intent_id]
    return []


def test_an_hour_with_five_disconnects_ends_with_equal_histories(tmp_path) -> None:
    figures = soak(tmp_path, BRIEF, seed=1)
    assert figures["trades"]
    assert figures["hedges"]
    assert figures["unknown_for_a_while"]


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("day", "seed"), [(WORKING, 0), (LEGS, 1), (ROUGH, 2)], ids=["combos", "legs", "rough"]
)
def test_eight_hours_with_twenty_disconnects_end_with_equal_histories(tmp_path, day, seed) -> None:
    figures = soak(tmp_path, day, seed=seed)
    assert figures["trades"]
    assert figures["hedges"]
    assert figures["unknown_for_a_while"]
    states = figures["intents"]
    assert isinstance(states, dict)
    assert set(states) <= {str(one) for one in od.TERMINAL}
