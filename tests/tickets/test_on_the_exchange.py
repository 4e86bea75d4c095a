"""Tickets end to end: kernel, journal on disk, adapter and exchange are the real ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.domain.instruments import Right, option, option_root
from hedgetui.domain.orders import Side
from hedgetui.engine.tickets.door import Tickets
from hedgetui.ports.broker import Complete
from hedgetui.ports.portfolio import ChainWindow
from tests.engine.stage import Stage, run

SHORT = {"simulator.portfolio": "short"}


async def tickets_on(stage: Stage) -> Tickets:
    await stage.ready()
    return stage.kernel.tickets


async def calls(stage: Stage, symbol: str, count: int) -> list[tuple[str, Decimal, Decimal]]:
    """Key, bid and ask of neighbouring calls about a month or more out, from the money upwards."""
    window = ChainWindow((20, 120), (1.0, 1.6), "C")
    chain = await stage.desk.broker.security_chain(symbol, window)
    first = min(row.expiry for row in chain.rows)
    rows = sorted(
        (row for row in chain.rows if row.expiry == first and row.right is Right.CALL),
        key=lambda row: row.strike,
    )
    return [
        (
            option(option_root(symbol), row.expiry, row.strike, row.right).key,
            Decimal(str(row.bid)),
            Decimal(str(row.ask)),
        )
        for row in rows[:count]
    ]


async def spread_of(stage: Stage) -> tuple[TicketStep, TicketStep]:
    """A call on SPY bought and the next one sold, both at prices that trade at once."""
    (one, _, ask), (two, bid, _) = await calls(stage, "SPY", 2)
    return (
        TicketStep(one, Side.BUY, 2, ask + Decimal("0.05")),
        TicketStep(two, Side.SELL, 2, bid - Decimal("0.05")),
    )


async def sent(stage: Stage, tickets: Tickets, *steps: TicketStep):
    await stage.wait(2)  # no more than so many orders in a second
    outcome = await tickets.preview(TicketPlan("a test", "because", "typed", steps))
    assert outcome.preview.sendable, outcome.preview.checks
    answer = await stage.do(cm.Confirm(outcome.preview.preview_id))
    assert answer.ok, answer
    for _ in range(240):
        await stage.wait(0.5)
        if tickets.view()[0].state != "working":
            return tickets.view()[0]
    raise AssertionError((tickets.view()[0], stage.lines[-5:]))


async def account(stage: Stage) -> tuple[dict[str, int], Decimal]:
    answer = await stage.desk.broker.truth()
    assert isinstance(answer, Complete)
    return dict(answer.truth.positions), answer.truth.cash


def test_call_shares_spread_vix_and_trim_end_in_positions_and_cash(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        tickets = await tickets_on(stage)
        opening, cash = await account(stage)
        assert opening
        assert stage.state.foreign == opening, "what was there before is a quiet baseline"
        assert stage.state.differences == ()
        up = Decimal("0.05")
        spread = await spread_of(stage)
        one, two = (step.instrument_key for step in spread)
        view = await sent(stage, tickets, *spread)
        assert (view.state, view.done, view.why) == ("done", 2, "")
        ((vix, _, ask),) = await calls(stage, "VIX", 1)
        assert (await sent(stage, tickets, TicketStep(vix, Side.BUY, 3, ask + up))).state == "done"
        level = (await stage.desk.broker.levels(frozenset({"NVDA"})))["NVDA"].price
        limit = Decimal(str(round(level * 1.004, 2)))
        shares = TicketStep("NVDA STK", Side.BUY, 20, limit)
        assert (await sent(stage, tickets, shares)).state == "done"
        held = next(key for key in opening if key.startswith("HYG"))
        quote = stage.kernel.parts.board.quote
        await tickets.preview(_trim(held, "0.01"))
        trim = TicketStep(held, Side.SELL, 2, Decimal(str(quote(held).bid)), trims=True)
        assert (await sent(stage, tickets, trim)).state == "done"
        mine = {one: 2, two: -2, vix: 3, "NVDA STK": 20, held: -2}
        assert stage.state.positions == mine
        after, left = await account(stage)
        assert after == _sum(opening, mine)
        paid = sum(
            -fill.side.sign * fill.quantity * fill.price
            * (1 if fill.instrument_key.endswith("STK") else 100)
            for fill in stage.state.fills.values()
        )  # fmt: skip
        fees = sum(stage.state.commissions.values())
        assert left - cash == paid - fees
        assert stage.hedges() == []

    run(tmp_path, story, flags=SHORT)


def _trim(key: str, limit: str) -> TicketPlan:
    step = TicketStep(key, Side.SELL, 1, Decimal(limit), trims=True)
    return TicketPlan("look", "for a quote", "typed", (step,))


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    keys = {*one, *other}
    total = {key: one.get(key, 0) + other.get(key, 0) for key in keys}
    return {key: count for key, count in total.items() if count}


def test_a_resting_ticket_is_cancelled_like_any_order(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        tickets = await tickets_on(stage)
        ((one, bid, _),) = await calls(stage, "SPY", 1)
        step = TicketStep(one, Side.BUY, 1, (bid * Decimal("0.8")).quantize(Decimal("0.01")))
        outcome = await tickets.preview(TicketPlan("resting", "", "typed", (step,)))
        # Its limit is under the bid from the start, so that is nothing that moved.
        assert (await stage.do(cm.Confirm(outcome.preview.preview_id))).ok
        await stage.wait(5)
        assert tickets.view()[0].state == "working"
        assert (await stage.do(cm.CancelAll())).ok
        await stage.wait(10)
        assert tickets.view()[0].state == "failed"
        assert stage.state.positions == {}

    run(tmp_path, story)


def test_an_account_that_holds_a_portfolio_stays_quiet(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.wait(600)
        assert stage.state.differences == ()
        assert stage.state.foreign
        assert stage.state.auto
        assert not [line for line in stage.lines if "differs" in line or "External" in line]

    run(tmp_path, story, flags={"simulator.portfolio": "balanced"})
