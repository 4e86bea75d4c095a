"""What every broker adapter must do, as numbered cases against `BrokerPort` and nothing else.

The cases live beside this file by theme; the stage they are played on is `world.py`. `WORLDS` holds
one factory per adapter: an adapter joins by adding its own, and the cases stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hedgetui.simulation.virtual_loop import run_virtual
from tests.contract import (
    cases_cancels,
    cases_chain,
    cases_combos,
    cases_faults,
    cases_fills,
    cases_grains,
    cases_hours,
    cases_orders,
    cases_refusals,
    cases_securities,
    cases_session,
    cases_truth,
    cases_watching,
)
from tests.contract.world import BROKER_CASES, Case, Setting, World, sim_world
from tests.ibkr.world import ibkr_world

WORLDS: dict[str, Callable[[Setting], World]] = {"sim": sim_world, "ibkr": ibkr_world}

THEMES = (
    cases_cancels,
    cases_chain,
    cases_combos,
    cases_faults,
    cases_fills,
    cases_grains,
    cases_hours,
    cases_orders,
    cases_refusals,
    cases_securities,
    cases_session,
    cases_truth,
    cases_watching,
)
CASES = sorted(BROKER_CASES, key=lambda one: one.number)


@pytest.mark.parametrize("world_name", WORLDS)
@pytest.mark.parametrize("one", CASES, ids=lambda one: f"B{one.number:03d}-{one.name}")
def test_broker(one: Case, world_name: str):
    async def play() -> None:
        world = WORLDS[world_name](one.setting)
        await world.prepare()
        try:
            await one.play(world)
        finally:
            await world.close()

    run_virtual(play)


def test_the_suite_is_numbered_without_gaps():
    assert [one.number for one in CASES] == list(range(1, len(CASES) + 1))
    assert len(CASES) >= 105
    assert len({one.name for one in CASES}) == len(CASES)
    assert {one.play.__module__ for one in CASES} == {theme.__name__ for theme in THEMES}
