"""Every named world for an hour, and campaigns of mixed ones: the outside checker finds nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from hedgetui import config
from hedgetui.bootstrap import open_desk
from hedgetui.console import trader
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.state import DeskState, reduce
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.price_path import PathParameters
from hedgetui.simulation.scenarios import SCENARIOS, Scenario, TraderPlan
from hedgetui.simulation.virtual_loop import run_virtual

HOUR = 3600.0
DAY = 86_400.0
DEEP_RUNS, DEEP_DAYS = 100, 3


def live_through(
    tmp_path,
    world: Scenario,
    seconds: float,
    seed: int,
    *,
    parts: int = 1,
    entry_style: str = "legs",
) -> DeskState:
    """Follow the world's plan for `seconds`, restarting `parts - 1` times; returns the end."""
    span = seconds / parts
    steps = world.steps(seed, seconds)
    ends: list[DeskState] = []

    async def part(number: int) -> None:
        flags = {
            "vega.max_cost": 5_000.0,
            "vega.entry_style": entry_style,
            "simulator.seed": seed,
        }
        loaded = config.load(flags=flags)
        began = number * span
        mine = [
            replace(step, at_seconds=max(0.0, step.at_seconds - began))
            for step in steps
            if began <= step.at_seconds < began + span
        ]
        db = tmp_path / "sim.db"
        async with open_desk(loaded, world, db=db, deterministic=True) as desk:
            recorder: Recorder = desk.kernel.recorder
            start = desk.clock.now()
            await trader.follow(desk.kernel, desk.clock, mine, lambda _: None)
            await desk.clock.sleep(max(0.0, start + span - desk.clock.now()))
            if number == parts - 1:
                await trader.until_quiet(desk.kernel, desk.clock)
            auditor = await desk.audit()
            assert desk.kernel._supervisor.down == {}
            assert [v.words for v in auditor.violations] == []
            folded = DeskState()
            for fact in await desk.journal.facts():
                folded = reduce(folded, fact)
            assert folded == recorder.state, "the journal is the state"
            _sound(recorder.state)
            ends.append(recorder.state)

    for number in range(parts):
        run_virtual(lambda number=number: part(number))
    return ends[-1]


def _sound(state: DeskState) -> None:
    """What must hold of every state: shares are the pool, legs are the positions."""
    shares = sum(share.contracts for share in state.shares.values())
    if not any(intent.draft.purpose.is_hedge for intent in state.live_intents):
        assert shares == state.hedge_position("MES") or not state.open_strangles
    held: dict[str, int] = {}
    for trade in state.strangles.values():
        for leg in trade.legs:
            held[leg.instrument.key] = held.get(leg.instrument.key, 0) + leg.held
    options = {key: count for key, count in state.positions.items() if not key.startswith("MES")}
    assert {key: count for key, count in held.items() if count} == options


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_an_hour_of_every_named_world_breaks_no_promise(tmp_path, name) -> None:
    state = live_through(tmp_path, SCENARIOS[name], HOUR, seed=7)
    plan = SCENARIOS[name].trader
    assert bool(state.opened) is bool(plan.entries or plan.every_s), "what the plan entered"


@pytest.mark.parametrize("name", ["demo", "disconnects", "partial-fills"])
def test_an_hour_with_two_restarts_breaks_no_promise(tmp_path, name) -> None:
    live_through(tmp_path, SCENARIOS[name], HOUR, seed=11, parts=3)


def mixed(seed: int, seconds: float) -> Scenario:
    """Return a world drawn at random: moves, outages, losses, silences, refusals, all at once."""
    random = Random(seed)  # noqa: S311 - repeatable

    def intervals(count: int, longest: float, reason: str) -> tuple[Interval, ...]:
        return tuple(
            Interval(random.uniform(30, seconds), random.uniform(2, longest), reason)
            for _ in range(count)
        )

    hours = max(1, round(seconds / HOUR))
    return Scenario(
        f"mixed-{seed}",
        "drawn at random",
        path=PathParameters(spot_vol=random.choice([0.1, 0.25, 0.5])),
        faults=Faults(
            outages=intervals(random.randint(0, 4 * hours), 60.0, "outage"),
            greeks_silent=intervals(random.randint(0, 2 * hours), 90.0, "no greeks"),
            quotes_silent=intervals(random.randint(0, 2 * hours), 30.0, "no quotes"),
            reject_rate=random.choice([0.0, 0.05]),
            information_rate=random.choice([0.0, 0.2]),
            lost_rate=random.choice([0.0, 0.03]),
            duplicate_rate=random.choice([0.0, 0.2]),
            arrival_rate=random.random(),
        ),
        fills=FillModel(passive_rate=2.0, partial_rate=random.choice([0.0, 0.6])),
        trader=TraderPlan(every_s=400.0, first_s=5.0, hold_s=700.0, lots=random.randint(1, 10)),
    )


@pytest.mark.parametrize("seed", range(24))
def test_a_campaign_of_short_mixed_worlds_breaks_no_promise(tmp_path, seed) -> None:
    live_through(tmp_path, mixed(seed, 900.0), 900.0, seed, parts=1 + seed % 3)


@pytest.mark.parametrize("name", ["demo", "disconnects", "partial-fills", "stale-greeks"])
def test_an_hour_of_combo_entries_breaks_no_promise(tmp_path, name) -> None:
    state = live_through(tmp_path, SCENARIOS[name], HOUR, seed=7, parts=2, entry_style="combo")
    assert state.opened, "the plan entered at least once"
    assert any(" + " in intent.draft.instrument_key for intent in state.intents.values())


@pytest.mark.parametrize("seed", range(100, 112))
def test_a_campaign_of_mixed_worlds_with_combo_entries_breaks_no_promise(tmp_path, seed) -> None:
    parts = 1 + seed % 3
    live_through(tmp_path, mixed(seed, 900.0), 900.0, seed, parts=parts, entry_style="combo")


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1000, 1000 + DEEP_RUNS))
def test_three_hundred_days_of_mixed_worlds_break_no_promise(tmp_path, seed) -> None:
    live_through(tmp_path, mixed(seed, DEEP_DAYS * DAY), DEEP_DAYS * DAY, seed, parts=3)
