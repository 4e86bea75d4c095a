"""Nothing is sold that is not covered: by whom ever the cover is sold, busted or promised twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain import orders as od
from hedgetui.domain.balance.covering import newly_uncovered, uncovered
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Right
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Contracts
from tests.engine.bench import Order
from tests.tickets.stage import (
    CALL,
    HIGHER,
    LOWER,
    ONE,
    SHARES,
    SPREAD,
    VIX_CALL,
    TicketBench,
    buy,
    plan,
    sell,
    tell,
)

PUT, LOWER_PUT = "SPY 20260220 580 P", "SPY 20260220 560 P"
LATER, STOCK = "SPY 20260320 600 C", "SPY STK"


@pytest.mark.parametrize(
    ("account", "right", "naked"),
    [
        ({CALL: 2, HIGHER: -2}, "C", 0),
        ({CALL: 1, HIGHER: -2}, "C", 1),
        ({HIGHER: 2, CALL: -2}, "C", 2),
        ({LATER: 1, HIGHER: -1}, "C", 0),
        ({HIGHER: 1, LATER: -1}, "C", 1),
        # The nearest one covers first, or the one at 580 would have nothing left.
        ({LOWER: 1, CALL: 1, HIGHER: -1, "SPY 20260220 570 C": -1}, "C", 0),
        ({LOWER: 1, LATER: 1, CALL: -1, HIGHER: -1}, "C", 0),
        ({STOCK: 250, CALL: -3}, "C", 1),
        ({STOCK: -200, PUT: -2}, "P", 0),
        ({STOCK: 200, PUT: -2}, "P", 2),
        ({PUT: 1, LOWER_PUT: -1, CALL: -1}, "P", 0),
        ({VIX_CALL: 1, "VIX 20251119 30 C": -1}, "C", 1),
        ({"QQQ 20260220 500 C": 9, CALL: -1, "MES 202512": 3}, "C", 1),
    ],
)
def test_short_options_that_nothing_covers(account, right, naked) -> None:
    symbol = "VIX" if VIX_CALL in account else "SPY"
    assert uncovered(account, symbol, Right(right)) == naked


def test_what_was_naked_before_holds_no_trim_back() -> None:
    assert newly_uncovered({CALL: 2, HIGHER: -5}, CALL, -1) == 1
    assert newly_uncovered({LOWER: 2, HIGHER: -1}, LOWER, -1) == 0
    assert newly_uncovered({LOWER: 2, CALL: -9, SHARES: 10}, SHARES, -10) == 0
    assert newly_uncovered({STOCK: 100, CALL: -1}, STOCK, -1) == 1
    assert newly_uncovered({STOCK: -100, PUT: -1}, STOCK, 50) == 1
    assert newly_uncovered({CALL: 1, HIGHER: -1}, HIGHER, 1) == 0


def test_a_trim_never_takes_the_cover_of_what_is_short() -> None:
    async def story(bench: TicketBench) -> None:
        refused = await bench.send(plan(sell(CALL, 2, "9.00", trims=True)))
        assert refused.code == "G5-parity"
        assert "leaves 1 short options uncovered" in refused.message
        assert (await bench.send(plan(sell(CALL, 1, "9.00", trims=True)))).ok
        assert (await bench.settled()).state == "done"
        # With the short one bought back first, in the same ticket, all of it may go.
        back = replace(buy(HIGHER, 3, "3.20"), trims=True)
        assert (await bench.send(plan(back, sell(CALL, 3, "9.00", trims=True)), 5)).ok
        assert (await bench.settled()).state == "done"
        assert bench.broker.positions.get(CALL, 0) == bench.broker.positions.get(HIGHER, 0) == 0

    tell(story, positions={CALL: 4, HIGHER: -3})


@pytest.mark.parametrize("how", ["sold", "offered"])
def test_a_long_leg_sold_or_offered_by_another_hand_covers_nothing(how: str) -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        bench.broker.fill(bench.last_key())
        if how == "sold":  # and nobody has told us yet
            bench.broker.positions[CALL] = 1
        else:
            theirs = od.OrderDraft(
                od.Purpose.EXIT, CALL, Side.SELL, Contracts(1), od.OrderType.LIMIT
            )
            bench.broker.orders["tws"] = Order(theirs, "77")
        view = await bench.settled()
        assert view.state == "part"
        assert "1 covered by this ticket" in view.why
        assert len(bench.orders) == 1

    tell(story, compared=False)


def test_a_position_told_late_is_waited_for() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        bench.broker.fill(bench.last_key())
        late, bench.broker.positions = bench.broker.positions, {}
        await bench.wait(3)
        assert len(bench.orders) == 1
        bench.broker.positions, bench.broker.mode = late, "fill"
        assert (await bench.settled()).state == "done"

    tell(story)


def test_a_busted_long_leg_takes_the_working_sale_back() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        number = bench.broker.fill(bench.last_key())
        await bench.wait(3)
        assert len(bench.orders) == 2
        old = bench.broker.executions[number]
        busted = replace(old, quantity=Contracts(1), revision=old.revision + 1)
        bench.broker.executions[number] = busted
        bench.broker.positions[CALL] = 1
        bench.broker.tell(busted)
        view = await bench.settled()
        assert view.state == "part"
        assert bench.heard("is taken back: 1 of it covered no more") == 1
        assert bench.state.positions == {CALL: 1}

    tell(story)


def test_a_resting_trim_is_taken_back_when_another_hand_sells_what_it_was_to_sell() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        assert (await bench.send(plan(sell(CALL, 3, "9.00", trims=True)))).ok
        bench.broker.fill(bench.last_key(), 1)
        await bench.wait(60)
        assert bench.view.state == "working", "two are left to sell, and four are held"
        bench.broker.positions[CALL] = 1  # and nobody has told us
        view = await bench.settled()
        assert view.state == "part"
        assert bench.heard("is taken back: 2 left to trade, +1 held") == 1
        await bench.wait(61)

    tell(story, positions={CALL: 5})


def test_a_ticket_confirmed_twice_in_one_moment_is_sent_once() -> None:
    """As when the first is filled between the second look and the second row in the journal."""

    async def story(bench: TicketBench) -> None:
        await bench.send(ONE)
        assert (await bench.settled()).state == "done"
        await bench.tickets._open(ONE, "another screen")
        view = await bench.settled()
        assert view.state == "failed"
        assert bench.denials() == ["G11-duplicate"]
        assert bench.state.positions == {CALL: 1}

    tell(story)


def test_no_ticket_trades_with_itself() -> None:
    with pytest.raises(DataError, match="bought and sold"):
        plan(buy(CALL, 1, "9.20"), buy(HIGHER, 1, "3.20"), sell(CALL, 1, "9.00", trims=True))
