"""Advice, growth and single contracts on a desk: real contracts within the money, or why not."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.advice import Action
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import Side
from hedgetui.domain.units import utc_date
from hedgetui.ports.balance import BalanceView
from tests.portfolio.portfolio_stage import GOLDEN, ScriptedPortfolio, Stage, tell


def rows(view: BalanceView) -> list[dict[str, object]]:
    return [
        {
            "action": row.action.value, "trade": row.trade, "why": row.why, "payoff": row.payoff,
            "cost": float(row.cost), "effect": row.effect, "estimated": row.estimated,
        }
        for row in view.advice
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("book", "vix", "expected"),
    [
        ("balanced", 14.9, "balanced_vix_14_9"),
        ("balanced", 16.0, "balanced_vix_16"),
        ("net_short", 16.0, "net_short"),
        ("net_long", 16.0, "net_long"),
    ],
)
def test_the_reference_books_get_their_exact_advice(book, vix, expected):
    golden = json.loads((GOLDEN / f"{expected}.json").read_text(encoding="utf-8"))

    def bare(port: ScriptedPortfolio) -> None:
        port.spots["VIX"] = vix
        port.unlisted = set(port.spots)
        del port.spots["SPY"]

    async def story(desk: Stage) -> None:
        seen = desk.seen
        assert (seen.counts.bias.value, seen.counts.net) == (golden["bias"], golden["net"])
        assert rows(seen) == golden["recommendations"]
        assert len(seen.plans) == len(seen.advice)

    tell(story, book, bare)


@pytest.mark.parametrize("book", ["balanced", "net_short", "net_long"])
def test_with_money_every_row_has_a_ticket_within_its_share(book):
    async def story(desk: Stage) -> None:
        budget = Decimal(60_000)
        await desk.ask(cm.SetAdvice(str(budget), 4))
        seen = desk.seen
        assert seen.advice
        spent = Decimal(0)
        for row, plan in zip(seen.advice, seen.plans, strict=True):
            if plan is None:
                assert row.action in {Action.HOLD, Action.REDUCE}
                assert row.action is Action.HOLD or row.note
                continue
            share = budget * row.share_pct / 100
            assert 0 < plan.cost <= share or row.action is Action.REDUCE
            assert row.cost == max(plan.cost, Decimal(0))
            assert not row.estimated
            spent += row.cost
        assert spent <= budget

    tell(story, book)


def test_a_put_spread_buys_at_the_ask_first_and_sells_at_the_bid():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.SetAdvice("60000", 4))
        place = next(n for n, row in enumerate(desk.seen.advice) if "spreads" in row.trade)
        row, plan = desk.seen.advice[place], desk.seen.plans[place]
        bought, sold = plan.steps
        assert (bought.side, sold.side) == (Side.BUY, Side.SELL)
        assert bought.quantity == sold.quantity == row.quoted.quantity
        upper, lower = parse_key(bought.instrument_key), parse_key(sold.instrument_key)
        assert upper.expiry == lower.expiry
        spot = desk.port.spots[upper.symbol]
        assert float(upper.strike) == pytest.approx(spot, rel=0.01)
        assert float(lower.strike) == pytest.approx(0.9 * spot, rel=0.01)
        assert row.cost == (bought.limit - sold.limit) * 100 * bought.quantity

    tell(story, "net_long")


def test_expiry_and_strike_are_the_nearest_by_rule():
    async def story(desk: Stage) -> None:
        desk.port.positions = tuple(
            replace(one, quantity=5.0) if one.underlying == "IWM" else one
            for one in desk.port.positions
        )
        await desk.ask(cm.ReadPortfolio())
        await desk.ask(cm.SetAdvice("60000", 4))
        calls, market, trim = desk.seen.plans
        (call,) = calls.steps
        what = parse_key(call.instrument_key)
        today = utc_date(desk.clock.now())
        assert (what.symbol, what.right, (what.expiry - today).days) == ("HYG", "C", 93)
        assert float(what.strike) == pytest.approx(desk.port.spots["HYG"], rel=0.02)
        assert market.steps[0].instrument_key == "SPY STK"
        assert market.steps[0].quantity == int(18_000 // (600 * 1.001))
        (sold,) = trim.steps
        assert (sold.instrument_key, sold.side, sold.trims) == (
            "IWM 20270115 210 P", Side.SELL, True,
        )  # fmt: skip
        assert sold.quantity == 2, "of 5"

    tell(story)


def test_weight_decides_what_comes_first_once_it_is_known():
    async def story(desk: Stage) -> None:
        desk.port.positions = tuple(
            replace(one, iv=0.2) if one.is_option else one for one in desk.port.positions
        )
        await desk.ask(cm.ReadPortfolio())
        assert [one.symbol for one in desk.seen.underlyings][:2] == ["QQQ", "SPY"]
        assert [row.trade for row in desk.seen.advice][::2] == [
            "QQQ 3M calls (ATM or slight OTM)", "Trim SPY puts by 30-50%",
        ]  # fmt: skip

    tell(story, betas={"HYG": 0.4, "QQQ": 1.2, "IWM": 1.1, "TLT": -0.2})


def test_one_contract_cannot_be_trimmed_and_the_row_says_so():
    async def story(desk: Stage) -> None:
        await desk.wait(3)
        row, plan = desk.seen.advice[2], desk.seen.plans[2]
        assert (row.trade, plan) == ("Trim IWM puts by 30-50%", None)
        assert row.note == "1 cannot be made smaller by 30-50 % in whole units"
        outcome = await desk.ask(cm.PreviewTicket("advice", 3))
        assert (outcome.code, row.note in outcome.message) == ("no-contract", True)

    tell(story)


def test_too_little_money_leaves_the_estimate_and_says_what_one_costs():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.SetAdvice("100", 3))
        row = desk.seen.advice[0]
        assert (row.estimated, row.cost) == (True, 35)
        assert row.note.startswith("one HYG ")

    tell(story)


def test_quotes_that_cannot_be_had_leave_estimates_with_the_reason():
    async def story(desk: Stage) -> None:
        del desk.port.spots["HYG"]
        await desk.ask(cm.SetAdvice("9000", 3))
        await desk.wait(310)
        assert desk.seen.advice[0].note == "no options on HYG are listed"
        desk.port.reachable = False
        await desk.wait(310)
        assert desk.seen.advice[0].note == "no quotes: the broker does not answer"
        assert desk.seen.plans == (None, None, None)

    tell(story)


def test_a_chain_is_asked_for_once_while_it_is_young_and_anew_for_an_order():
    async def story(desk: Stage) -> None:
        await desk.ask(cm.SetAdvice("60000", 3))
        asked = desk.port.times("chain HYG")
        await desk.ask(cm.SetAdvice("50000", 3))
        assert desk.port.times("chain HYG") == asked
        desk.port.spots["HYG"] = 82.0
        outcome = await desk.ask(cm.PreviewTicket("advice", 1))
        assert desk.port.times("chain HYG") == asked + 1
        assert outcome.code == "preview"

    tell(story)


# --- growth ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regime", "first"),
    [
        ("stagflation", "GLDM 3M calls (ATM to 5% OTM)"),
        ("GOLDILOCKS", "QQQ 3M calls (ATM to 5% OTM)"),
        ("DISINFLATIONARY", "TLT 3M calls (ATM to 5% OTM)"),
        ("INFLATIONARY", "XLE 3M calls (ATM to 5% OTM)"),
        ("DEFAULT", "SPY 3M calls (ATM to 5% OTM)"),
    ],
)
def test_each_regime_has_its_tickets(regime, first):
    async def story(desk: Stage) -> None:
        await desk.ask(cm.SetAdvice("40000", 3))
        outcome = await desk.ask(cm.ReadGrowth(regime))
        assert outcome.ok, outcome
        seen = desk.seen
        assert (seen.regime.regime.value, seen.growth[0].trade) == (regime.upper(), first)
        for row, plan in zip(seen.growth, seen.growth_plans, strict=True):
            assert 0 < plan.cost <= row.allocation, row.note
            assert row.quoted.quantity == plan.steps[0].quantity

    tell(story)


def test_a_regime_is_measured_on_histories_and_its_inputs_are_kept():
    async def story(desk: Stage) -> None:
        walk = {"SPY": 1.0, "CPER": 1.5, "GLD": 0.2, "TIP": 0.1, "IEF": 0.3}
        desk.port.betas = walk
        first = await desk.ask(cm.ReadGrowth())
        assert [one.name for one in desk.seen.regime.inputs] == [
            "SPY", "CPER/GLD", "TIP/IEF", "VIX",
        ]  # fmt: skip
        before = desk.seen.regime.regime
        desk.port.betas = {**walk, "TIP": 0.3, "IEF": 0.1}
        desk.door.portfolio._commands._tools.growing._closes = None  # an hour later
        second = await desk.ask(cm.ReadGrowth())
        assert (first.ok, second.ok, desk.seen.regime.regime != before) == (True, True, True)
        refusal = await desk.ask(cm.ReadGrowth("boom"))
        assert (refusal.code, "GOLDILOCKS" in refusal.hint) == ("usage", True)

    tell(story)


def test_a_history_that_lacks_a_name_is_asked_for_again_before_long():
    async def story(desk: Stage) -> None:
        walk = {"SPY": 1.0, "CPER": 1.5, "GLD": 0.2, "GLDM": 0.2}
        desk.port.betas = walk
        await desk.ask(cm.ReadGrowth())
        assert desk.seen.regime.why == "not known: TIP/IEF"
        desk.port.betas = {**walk, "TIP": 0.1, "IEF": 0.3}
        await desk.wait(61)
        await desk.ask(cm.ReadGrowth())
        assert "not known" not in desk.seen.regime.why
        asked = desk.port.times("closes")
        await desk.wait(600)
        await desk.ask(cm.ReadGrowth())
        assert desk.port.times("closes") == asked

    tell(story)


# --- one contract ----------------------------------------------------------------------------


def test_one_contract_for_a_direction_and_a_budget():
    async def story(desk: Stage) -> None:
        outcome = await desk.ask(cm.FindContract("nvda", "bullish", "500"))
        assert outcome.code == "done"
        seen = desk.seen.choice
        pick, (step,) = seen.choice.pick, seen.plan.steps
        assert 30 <= pick.dte <= 120
        assert pick.cost == float(seen.plan.cost) <= 500
        assert (step.side, step.quantity, float(step.limit)) == (Side.BUY, pick.quantity, pick.ask)
        assert step.instrument_key == f"NVDA {pick.expiry:%Y%m%d} {pick.strike:g} C"
        outcome = await desk.ask(cm.FindContract("NVDA", "bearish", "500"))
        assert "P for $" in outcome.message

    tell(story)


def test_when_nothing_matches_the_table_says_which_rule_left_nothing():
    async def story(desk: Stage) -> None:
        outcome = await desk.ask(cm.FindContract("NVDA", "bullish", "0.5"))
        assert (outcome.code, outcome.message) == ("nothing-to-do", "nothing matched: budget")
        seen = desk.seen.choice
        assert (seen.choice.pick, seen.plan) == (None, None)
        assert [check.rule for check in seen.choice.checks][-1] == "budget"
        outcome = await desk.ask(cm.PreviewTicket("recommend"))
        assert not outcome.ok

    tell(story)


REFUSED = (
    (cm.FindContract("ZZZZ", "bullish", "500"), "no-chain"),
    (cm.FindContract("NV DA", "bullish", "500"), "usage"),
    (cm.FindContract("NVDA", "up", "500"), "usage"),
    (cm.FindContract("NVDA", "bullish", "0"), "usage"),
    (cm.FindContract("NVDA", "bullish", "many"), "usage"),
    (cm.SetAdvice("-1", 3), "usage"),
    (cm.SetAdvice("nan", 3), "usage"),
    (cm.SetAdvice("500", 0), "usage"),
    (cm.PreviewTicket("advice", 9), "usage"),
    (cm.PreviewTicket("nowhere", 1), "usage"),
    (cm.PreviewTicket("grow", 1), "usage"),
    (cm.PreviewTicket("recommend"), "usage"),
    (cm.PreviewTicket("basket"), "usage"),
    (cm.PreviewTicket("typed", text="BUY 1 ESZ5"), "usage"),
    (cm.PreviewTicket("typed", text="BUY 1 XSP 2026-02-20 P 500"), "usage"),
    (cm.PreviewTicket("typed", text="\x1b[2J"), "data"),
    (cm.PreviewTicket("typed", text="BUY 1 NVDA 2026-02-20 C 181.7"), "no-contract"),
)


def test_what_makes_no_sense_is_refused_and_changes_nothing():
    async def story(desk: Stage) -> None:
        before = desk.seen
        for command, code in REFUSED:
            outcome = await desk.ask(command)
            assert (outcome.ok, outcome.code) == (False, code), (command, outcome)
            assert outcome.message
        assert desk.seen.advice == before.advice
        assert (desk.seen.budget, desk.seen.most) == (before.budget, before.most)

    tell(story)
