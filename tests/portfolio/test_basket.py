"""The what-if basket on a desk: before and after, CVaR it takes off, and the way to a ticket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.facts import TicketOpened
from hedgetui.domain.errors import DataError
from tests.portfolio.portfolio_stage import ScriptedPortfolio, Stage, tell

BETAS = {"HYG": 0.4, "QQQ": 1.2, "IWM": 1.1, "TLT": -0.2, "NVDA": 1.8, "AAPL": 1.1}
PUT = "BUY 1 SPY 2026-09-18 P 600"


def priced(port: ScriptedPortfolio) -> None:
    """Shares alone, so that a fall hurts."""
    port.positions = tuple(
        replace(one, price=port.spots[one.underlying])
        for one in port.positions if not one.is_option
    )  # fmt: skip


def basket(story, **settings: object) -> None:
    tell(story, "net_short", priced, betas=BETAS, **settings)


def test_exposure_and_cvar_before_and_after():
    async def story(desk: Stage) -> None:
        outcome = await desk.ask(cm.AddToBasket("typed", text=PUT))
        assert (outcome.ok, outcome.message) == (True, f"#1 in the basket: {PUT}")
        await desk.wait(2)
        seen = desk.seen.basket
        before, after = seen.what_if.before, seen.what_if.after
        assert after.delta_per_pct < before.delta_per_pct
        assert (before.theta, after.theta < 0, after.vega > 0) == (0, True, True)
        assert (before.counts.net, after.counts.net) == (1, 0)
        assert 0 < after.cvar < before.cvar
        (item,) = seen.items
        assert item.cvar_removed == pytest.approx(before.cvar - after.cvar)
        assert item.dollars_per_cvar == pytest.approx(float(item.plan.cost) / item.cvar_removed)
        assert (seen.cost, seen.working) == (item.plan.cost, False)
        assert desk.seen.counts.net == 1, "the book itself holds nothing of it"

    basket(story)


def test_the_cheapest_per_dollar_of_cvar_stands_first_and_numbers_stay():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.AddToBasket("typed", text="BUY 10 NVDA"))
        await desk.ask(cm.AddToBasket("typed", text="BUY 1 SPY 2026-09-18 P 480"))
        await desk.ask(cm.AddToBasket("typed", text=PUT))
        await desk.wait(2)
        items = desk.seen.basket.items
        assert items[-1].number == 1
        assert items[-1].dollars_per_cvar is None, "more shares take nothing off"
        rates = [one.dollars_per_cvar for one in items[:-1]]
        assert rates == sorted(rates)
        await desk.ask(cm.DropFromBasket(1))
        assert {one.number for one in desk.seen.basket.items} == {2, 3}
        assert (await desk.ask(cm.DropFromBasket(1))).code == "usage"
        await desk.ask(cm.AddToBasket("typed", text=PUT))
        assert len(desk.seen.basket.items) == 2, "the same trade again is no second one"
        await desk.ask(cm.DropFromBasket())
        await desk.wait(1)
        assert (desk.seen.basket.items, desk.seen.basket.what_if) == ((), None)

    basket(story)


def test_what_is_sold_of_a_line_adds_no_line():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.AddToBasket("typed", text="SELL 100 SPY"))
        await desk.wait(2)
        strip = desk.seen.basket.what_if
        assert (strip.after.counts.net, strip.after.delta_per_pct, strip.after.cvar) == (0, 0, 0)
        (step,) = desk.seen.basket.items[0].plan.steps
        assert step.trims
        await desk.ask(cm.DropFromBasket())
        await desk.ask(cm.AddToBasket("typed", text="SELL 101 SPY"))
        (step,) = desk.seen.basket.items[0].plan.steps
        assert not step.trims, "it would turn the holding round"

    basket(story)


def test_the_whole_basket_is_one_ticket_and_leaves_once_it_is_sent():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.SetAdvice("60000", 3))
        await desk.ask(cm.AddToBasket("typed", text=PUT))
        await desk.ask(cm.AddToBasket("typed", text="BUY 5 NVDA @ 181.25"))
        outcome = await desk.ask(cm.PreviewTicket("basket"))
        assert (outcome.code, "Basket of 2 trades" in outcome.message) == ("preview", True)
        (plan,) = desk.door.portfolio._basket._shown
        assert [step.describe() for step in plan.steps][1] == "BUY 5 NVDA STK LMT 181.25"
        await desk.kernel.recorder.record(TicketOpened("T1", plan, "test"))
        assert desk.seen.basket.items == ()

    basket(story)


def test_one_row_that_cannot_be_priced_stops_the_whole_ticket():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.AddToBasket("typed", text=PUT))
        await desk.ask(cm.AddToBasket("typed", text="BUY 5 NVDA"))
        del desk.port.spots["NVDA"]
        outcome = await desk.ask(cm.PreviewTicket("basket"))
        assert (outcome.code, "NVDA" in outcome.message) == ("no-contract", True)
        assert (await desk.ask(cm.PreviewTicket("basket", 1))).code == "preview"

    basket(story)


def test_a_stress_worker_that_fails_leaves_the_rest():
    async def story(desk: Stage) -> None:
        async def cvars(_books, _settings):
            raise DataError("the worker died")

        desk.runner.cvars = cvars
        await desk.ask(cm.AddToBasket("typed", text=PUT))
        await desk.wait(2)
        seen = desk.seen.basket
        assert "the worker died" in seen.problem
        assert (seen.working, seen.what_if.after.cvar) == (False, None)
        assert seen.what_if.after.delta_per_pct is not None

    basket(story)
