"""Tails are hedged by the rule, once, on a real desk with a broker that answers."""

from __future__ import annotations

import pytest

from hedgetui.domain.tails.model import Mode
from tests.tails_engine.stage import tell

TABLE = [
    (16_000, Mode.AUTO, ["SELL 3"], 1_000),
    (16_000, Mode.SELL, ["SELL 3"], 1_000),
    (16_000, Mode.BUY, [], 16_000),
    (16_000, Mode.MANUAL, [], 16_000),
    (18_000, Mode.AUTO, ["SELL 4"], -2_000),
    (3_000, Mode.AUTO, ["SELL 1"], -2_000),
    (2_550, Mode.AUTO, ["SELL 1"], -2_450),
    (2_549, Mode.AUTO, [], 2_549),
    (-2_549, Mode.AUTO, [], -2_549),
    (-2_550, Mode.AUTO, ["BUY 1"], 2_450),
    (-4_000, Mode.AUTO, ["BUY 1"], 1_000),
    (-16_000, Mode.AUTO, ["BUY 3"], -1_000),
    (-16_000, Mode.SELL, [], -16_000),
    (-16_000, Mode.BUY, ["BUY 3"], -1_000),
]


@pytest.mark.parametrize(("units", "mode", "orders", "after"), TABLE)
def test_a_balance_is_hedged_as_the_table_says(units, mode, orders, after):
    async def story(bench):
        await bench.buys(units)
        await bench.wait(15)
        assert bench.tail_orders() == orders
        assert bench.balance() == after
        assert bench.row().hm_unhedged == after

    tell(story, mode)
