"""The reference books on the simulated exchange: verdicts, and a ticket for every row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.advice import Action
from tests.portfolio.exchange_stage import ExchangeStage, on_exchange


@pytest.mark.parametrize(
    ("book", "verdict", "net", "shares"),
    [
        ("short", "NET SHORT", -4, [35, 30, 0]),
        ("long", "NET LONG", 5, [30, 25, 30]),
        ("balanced", "BALANCED", 0, [0, 10]),
    ],
)
def test_verdict_shares_and_a_ticket_for_every_row(book, verdict, net, shares):
    async def story(desk: ExchangeStage) -> None:
        budget = Decimal(20_000)
        await desk.do(cm.SetAdvice(str(budget), 3))
        seen = desk.seen
        assert (seen.counts.bias.value, seen.counts.net) == (verdict, net)
        assert [row.share_pct for row in seen.advice] == shares
        assert seen.dollars.delta_per_pct is not None
        assert seen.nav is not None
        for number, (row, plan) in enumerate(zip(seen.advice, seen.plans, strict=True), 1):
            assert plan is not None or row.action is Action.HOLD, row.note
            outcome = await desk.do(cm.PreviewTicket("advice", number))
            assert outcome.code == ("preview" if plan else "nothing-to-do"), outcome
        assert (await desk.do(cm.ReadGrowth())).ok
        assert len(desk.seen.regime.inputs) == 4
        for row, plan in zip(desk.seen.growth, desk.seen.growth_plans, strict=True):
            assert plan is not None, row.note

    on_exchange(book, story)


def test_one_contract_on_nvidia_by_the_stated_rules():
    async def story(desk: ExchangeStage) -> None:
        outcome = await desk.do(cm.FindContract("NVDA", "bullish", "500"))
        assert outcome.code == "done", outcome
        pick = desk.seen.choice.choice.pick
        assert 30 <= pick.dte <= 120
        assert pick.spread <= 0.30
        assert pick.cost <= 500
        assert pick.delta == pytest.approx(0.30, abs=0.12)
        preview = await desk.do(cm.PreviewTicket("recommend"))
        assert preview.code == "preview"
        assert pick.label.split(" ")[0] in preview.message
        # Volatility's options are priced far above where it stands.
        assert (await desk.do(cm.FindContract("VIX", "bullish", "60"))).code == "done"
        unknown = await desk.do(cm.FindContract("QQQQ", "bullish", "500"))
        assert (unknown.ok, unknown.code) == (False, "no-chain")

    on_exchange("long", story)


def test_a_lost_link_keeps_the_last_reading():
    async def story(desk: ExchangeStage) -> None:
        before = desk.seen
        await desk.broker.disconnect()
        await desk.do(cm.ReadPortfolio())
        after = desk.seen
        assert (after.counts, len(after.book.positions)) == (before.counts, 7)
        assert after.sources[0].problem

    on_exchange("balanced", story)


def test_a_contract_that_was_found_is_bought_and_changes_the_exposure():
    async def story(desk: ExchangeStage) -> None:
        await desk.do(cm.Arm())
        before = desk.seen
        await desk.do(cm.FindContract("NVDA", "bullish", "1500"))
        (step,) = desk.seen.choice.plan.steps
        await desk.send(cm.PreviewTicket("recommend"))
        await desk.until(lambda: f"{step.quantity} {step.instrument_key}" in desk.held())
        after = desk.seen
        assert (before.counts.calls, after.counts.calls) == (0, 1)
        assert after.dollars.delta_per_pct > before.dollars.delta_per_pct
        assert after.dollars.theta < before.dollars.theta

    on_exchange("long", story)


def test_a_row_of_the_basket_that_was_sent_leaves_it_and_a_trim_makes_a_line_smaller():
    async def story(desk: ExchangeStage) -> None:
        await desk.do(cm.Arm())
        trim = next(n for n, row in enumerate(desk.seen.advice, 1) if row.action is Action.REDUCE)
        await desk.until(lambda: desk.seen.plans[trim - 1] is not None)
        (step,) = desk.seen.plans[trim - 1].steps
        held = next(one for one in desk.seen.book.positions if one.symbol == step.instrument_key)
        await desk.do(cm.AddToBasket("advice", trim))
        assert len(desk.seen.basket.items) == 1
        await desk.send(cm.PreviewTicket("basket"))
        left = f"{held.quantity - step.quantity:g} {held.symbol}"
        await desk.until(lambda: left in desk.held())
        assert desk.seen.basket.items == ()

    on_exchange("short", story)
