"""Stress tests on a desk: what is shown, journalled and said, and what ends them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.facts import StressRan
from hedgetui.domain.balance.positions import Book, Unparsed
from hedgetui.domain.stress.from_positions import price_book
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.stress.paths import MOST_PATHS, StressSettings
from hedgetui.domain.stress.regimes import REGIMES
from tests.balance.balance_stage import option, share
from tests.stress.desk import LINES, NAV, StressedDesk, on_a_desk
from tests.stress.test_process import gone

RUN = cm.RunStress(paths=1_500, months=3.0)
ENDLESS = cm.RunStress(paths=MOST_PATHS)


def test_a_finished_test_is_shown_journalled_and_said():
    async def story(desk: StressedDesk):
        assert (desk.seen.on, desk.seen.state, desk.seen.figures) == (True, "idle", None)
        shown = await desk.ended(RUN)
        market = desk.reading.market
        priced = price_book(Book(LINES), market, REGIMES["ALL"].iv_level)
        settings = StressSettings(REGIMES["ALL"], 1_500, 0.25, 1, 0.16, market.rate)
        lines = simulate(priced.book, settings)
        cash = NAV - lines.figures.nav
        wanted = simulate(replace(priced.book, cash=cash), settings)
        assert shown.figures == wanted.figures
        assert shown.figures.nav == pytest.approx(NAV)  # the net value of the account, not lines
        assert (shown.risk, shown.blame) == (wanted.risk, wanted.blame)
        assert (shown.state, shown.positions, shown.done) == ("done", 3, 1_500)
        assert shown.left_out == ("BOND 912828: kind: BOND is not known",)
        assert (len(shown.edges), sum(shown.bins)) == (len(shown.bins) + 1, 1_500)
        sizes = len(shown.days), len(shown.prices), len(shown.ivs)
        assert sizes == (len(shown.grid), len(shown.grid[0]), len(shown.grid[0][0]))
        found = shown.figures
        facts = [f.event for f in desk.bench.journal.kept if isinstance(f.event, StressRan)]
        assert facts == [
            StressRan("ALL", 1_500, 3.0, 1, False, 3, 1, found.nav, found.var95, found.var99,
                      found.cvar95, found.p_gain)
        ]  # fmt: skip
        assert desk.bench.lines[-1] == (
            f"🎯 Stress ALL 3M: VaR95 ${found.var95:,.0f}, CVaR95 ${found.cvar95:,.0f} "
            "(1,500 paths, seed 1)"
        )
        again = await desk.ended(RUN)
        assert replace(again, finished_at=None) == replace(shown, finished_at=None)
        other = await desk.ended(replace(RUN, seed=2))
        assert other.figures != shown.figures

    on_a_desk(story)


def test_old_figures_stay_until_the_new_ones_are_there_and_stopping_keeps_them():
    async def story(desk: StressedDesk):
        before = await desk.ended(RUN)
        pid = await desk.under_way(ENDLESS)
        running = desk.seen
        assert (running.state, running.asked.paths) == ("running", MOST_PATHS)
        assert 0 < running.done < MOST_PATHS
        assert running.figures == before.figures
        stopped = await desk.dispatch(cm.StopStress())
        assert (stopped.ok, stopped.message) == (True, "the stress test is stopped")
        assert gone(pid)
        assert (desk.seen.state, desk.seen.asked) == ("stopped", before.asked)
        assert desk.seen.figures == before.figures
        assert desk.bench.lines[-1] == "🎯 Stress ALL 6M stopped: by you"
        again = await desk.dispatch(cm.StopStress())
        assert (again.ok, again.message) == (True, "no stress test runs")

    on_a_desk(story)


def test_another_test_takes_the_place_of_the_one_that_runs():
    async def story(desk: StressedDesk):
        pid = await desk.under_way(ENDLESS)
        shown = await desk.ended(replace(RUN, regime="risk off"))
        assert gone(pid)
        assert (shown.state, shown.asked.regime) == ("done", "RISK_OFF")
        assert desk.bench.heard("stopped: another one was asked for") == 1

    on_a_desk(story)


def test_a_worker_that_dies_is_said_and_the_next_test_works():
    async def story(desk: StressedDesk):
        await desk.under_way(ENDLESS)
        desk.runner._worker.kill()
        while desk.seen.state == "running":
            await desk.bench.wait(0.1)
        assert desk.seen.state == "failed"
        assert desk.seen.problem
        assert desk.bench.heard("🟡 Stress ALL 6M failed: ") == 1
        assert (await desk.ended(RUN)).state == "done"

    on_a_desk(story)


def test_figures_grow_stale_with_the_positions_and_the_basket_but_not_with_prices():
    async def story(desk: StressedDesk):
        def reread(*lines):
            desk.hold(*lines)
            desk.service.on_reading()
            return desk.seen.stale

        assert not (await desk.ended(RUN)).stale
        assert not reread(*reversed(LINES))
        assert not reread(replace(LINES[0], price=590.0), *LINES[1:])
        assert reread(replace(LINES[0], quantity=90), *LINES[1:])
        assert not reread(*LINES)
        desk.basket = (option("SPY", "P", 3, 560.0),)
        assert not desk.seen.stale  # it was not asked about
        with_basket = await desk.ended(replace(RUN, basket=True))
        assert (with_basket.positions, with_basket.stale) == (4, False)
        assert with_basket.figures.nav == pytest.approx(NAV)  # bought with cash
        desk.basket = ()
        assert desk.seen.stale

    on_a_desk(story)


@pytest.mark.parametrize(
    ("command", "code", "word"),
    [
        (cm.RunStress("RISKOFF"), "usage", "RISK_OFF"),
        (cm.RunStress(paths=0), "usage", "paths"),
        (cm.RunStress(months=0.0), "usage", "horizon"),
        (cm.RunStress(seed=-1), "usage", "seed"),
    ],
)
def test_what_cannot_be_asked_is_refused(command, code, word):
    async def story(desk: StressedDesk):
        outcome = await desk.dispatch(command)
        assert (outcome.ok, outcome.code) == (False, code)
        assert word in f"{outcome.message} {outcome.hint}"
        assert desk.seen.state == "idle"

    on_a_desk(story)


def test_nothing_to_stress_is_refused_and_says_why():
    async def refusal(desk):
        outcome = await desk.dispatch(RUN)
        assert not outcome.ok
        return outcome.code, outcome.hint

    async def story(desk: StressedDesk):
        desk.hold(option("GLDM", "C", 1, 50.0), unread=())
        code, hint = await refusal(desk)
        assert (code, "no price of GLDM" in hint) == ("nothing-priced", True)
        desk.hold(unread=())
        assert (await refusal(desk))[0] == "nothing-priced"
        desk.reading = None
        assert (await refusal(desk))[0] == "not-read"

    async def without(desk: StressedDesk):
        assert not desk.seen.on
        assert (await refusal(desk))[0] == "no-stress"

    on_a_desk(story)
    on_a_desk(without, worker=False)


def test_an_account_without_a_net_value_is_worth_its_lines():
    async def story(desk: StressedDesk):
        desk.hold(share("SPY", 100, 600.0), nav=None, unread=(Unparsed(0, "X", "why"),))
        shown = await desk.ended(RUN)
        assert shown.figures.nav == pytest.approx(60_000)
        assert "does not say its net value" in shown.notes[-1]

    on_a_desk(story)


def test_stopping_the_desk_ends_what_runs():
    async def story(desk: StressedDesk):
        pid = await desk.under_way(ENDLESS)
        await desk.service.stop()
        assert gone(pid)
        assert desk.seen.state == "stopped"

    on_a_desk(story)
