"""Whatever happens in whatever order: no sale is uncovered and no trim turns a position round.

Fills in parts, cancels, busts, other hands, a link that breaks and a process that dies come by
chance, from a seed. The test looks at the account itself in the moment an order leaves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.balance.covering import newly_uncovered
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.units import Contracts
from hedgetui.ports import broker as br
from tests.tickets.stage import CALL, HIGHER, LOWER, TicketBench, buy, plan, sell, tell

MODES = ("fill", "list", "silent", "lost", "reject")


def _plans(count: int) -> tuple:
    return (
        plan(buy(CALL, count, "9.20"), sell(HIGHER, count, "3.00")),
        plan(buy(LOWER, count, "19.40"), sell(CALL, count, "9.00")),
        plan(sell(CALL, count, "9.00", trims=True)),
        plan(sell(LOWER, count, "19.00", trims=True)),
        plan(sell(CALL, count, "9.00")),
    )


def _watch(bench: TicketBench, wrong: list[str]) -> None:
    """Judge every order that leaves by what the account holds in that moment."""
    submit = bench.broker.submit

    async def judged(order: br.CommittedOrder) -> None:
        draft, account = order.draft, Counter(bench.broker.positions)
        for one in bench.broker.orders.values():
            if one.alive and one.draft.side is od.Side.SELL:
                account[one.draft.instrument_key] -= one.draft.quantity - one.filled
        left = account[draft.instrument_key] + draft.signed
        if draft.side is od.Side.SELL and newly_uncovered(
            account, draft.instrument_key, draft.signed
        ):
            wrong.append(f"{draft.describe()} is uncovered: {dict(account)}")
        if draft.purpose is od.Purpose.TRIM and left < 0:
            wrong.append(f"{draft.describe()} turns round: {dict(account)}")
        await submit(order)

    bench.broker.submit = judged


async def _something(bench: TicketBench, chance: Random) -> None:
    act = chance.choice((_ticket, _ticket, _fill, _other_hand, _bust, _end, _mode, _heal, _heal))
    await act(bench, chance)


async def _ticket(bench: TicketBench, chance: Random) -> None:
    try:
        shown = await bench.preview(chance.choice(_plans(chance.randrange(1, 4))))
        await bench.confirm(shown)
    except HedgetuiError:
        return  # the link is down


async def _fill(bench: TicketBench, chance: Random) -> None:
    alive = [key for key, one in bench.broker.orders.items() if one.alive]
    for key in alive[:1]:
        order = bench.broker.orders[key]
        bench.broker.fill(key, chance.randint(1, order.draft.quantity - order.filled))


async def _other_hand(bench: TicketBench, chance: Random) -> None:
    key = chance.choice((CALL, LOWER))
    held = bench.broker.positions.get(key, 0)
    bench.broker.positions[key] = held + chance.choice((-1, 1) if held > 0 else (0, 1))


async def _bust(bench: TicketBench, chance: Random) -> None:
    broker = bench.broker
    traded = [one for one in broker.executions.values() if one.quantity]
    if not traded:
        return
    old = chance.choice(traded)
    new = replace(old, quantity=Contracts(old.quantity - 1), revision=old.revision + 1)
    broker.executions[old.exec_id] = new
    held = broker.positions.get(old.instrument_key, 0)
    broker.positions[old.instrument_key] = held - old.side.sign
    broker.tell(new)


async def _end(bench: TicketBench, chance: Random) -> None:
    match chance.randrange(3):
        case 0:
            await bench.do(cm.CancelAll())
        case 1:
            bench.broker.cut()
        case _:
            await bench.wait(0.1)  # what is being written reaches the disk
            await bench.crash()


async def _mode(bench: TicketBench, chance: Random) -> None:
    bench.broker.mode = chance.choice(MODES)


async def _heal(bench: TicketBench, _: Random) -> None:
    bench.broker.mode = "fill"


@pytest.mark.parametrize("seed", range(25))
def test_nothing_leaves_that_is_not_covered(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a test's choices
    wrong: list[str] = []

    async def story(bench: TicketBench) -> None:
        _watch(bench, wrong)
        for _ in range(15):
            await _something(bench, chance)
            await bench.wait(chance.choice((0.1, 1, 3, 20, 61)))
        assert bench.state.auto
        assert bench.state.latches == {}
        assert not bench.heard("differs")

    opening = {CALL: chance.randrange(4), LOWER: chance.randrange(3)}
    tell(story, positions=opening, compared=False)
    assert wrong == []
