"""The same desk as in production on the simulated exchange: cash in, futures out, the tail left."""

from __future__ import annotations

import pytest

from hedgetui.console import elevator
from hedgetui.domain import commands as cm
from hedgetui.domain.tails.model import Key
from hedgetui.simulation.scenarios import scenario
from tests.engine.stage import STILL, run

FARM, ZC = "PSHAOTCHMS", "ZC 202603"
RULE = {"accounts.mode": "auto", "accounts.threshold_pct": 51}


def orders(stage) -> list[str]:
    return [
        f"{one.draft.side} {one.draft.quantity}"
        for one in stage.state.intents.values()
        if one.draft.purpose.value == "tail"
    ]


def balance(stage) -> int:
    return stage.kernel.tails.tails.ledger.balance(Key(FARM, ZC))


@pytest.mark.parametrize(
    ("side", "units", "sent", "after"),
    [("BUY", 16_000, "SELL 3", 1_000), ("BUY", 2_550, "SELL 1", -2_450),
     ("SELL", 4_000, "BUY 1", 1_000), ("BUY", 2_549, None, 2_549)],
)  # fmt: skip
def test_a_purchase_is_hedged_in_whole_contracts(tmp_path, side, units, sent, after):
    async def story(stage):
        await stage.ready()
        await stage.do(cm.EnterCash(FARM, ZC, side, units, "430'0"))
        await stage.wait(90)
        assert orders(stage) == ([sent] if sent else [])
        assert balance(stage) == after
        row = stage.kernel.snapshot().tails.rows[0]
        assert (row.hm_unhedged, row.pending, row.mode_words) == (after, 0, "Auto")
        assert row.at_risk

    run(tmp_path, story, STILL, flags={"accounts.ticks_into_market": 2, **RULE})


def test_a_restart_of_the_process_finds_the_same_tree(tmp_path):
    rows = []

    async def bought(stage):
        await stage.ready()
        await stage.do(cm.EnterCash(FARM, ZC, "BUY", 16_000, "430'0", cash_id="C1"))
        await stage.wait(90)
        rows.append(stage.kernel.snapshot().tails.rows[0].hedges)

    async def again(stage):
        await stage.ready()
        await stage.wait(30)
        assert stage.kernel.snapshot().tails.rows[0].hedges == rows[0]
        assert orders(stage) == ["SELL 3"]

    flags = {"accounts.ticks_into_market": 2, **RULE}
    run(tmp_path, bought, STILL, flags=flags)
    run(tmp_path, again, STILL, flags=flags)


def test_an_elevator_in_harvest_is_hedged_while_the_strategy_trades(tmp_path):
    world = scenario("elevator")

    async def story(stage):
        await stage.ready()
        await elevator.follow(stage.kernel, stage.desk.clock, world, 7, 1_800)
        await stage.wait(60)
        ledger = stage.kernel.tails.tails.ledger
        assert len(orders(stage)) >= 5
        assert not stage.state.tails_stopped
        for key in ledger.keys:
            assert abs(ledger.e(key)) < 5_000, key
        assert not any(line.startswith("🔴") for line in stage.lines)

    run(tmp_path, story, world, flags=RULE)
