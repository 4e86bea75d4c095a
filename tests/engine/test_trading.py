"""A trader's day: enter, hedge, close, freeze; told on the whole desk."""

from __future__ import annotations

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState
from hedgetui.simulation.price_path import Move
from hedgetui.simulation.scenarios import scenario
from tests.engine.stage import STILL, Stage, moving, run

UP = moving(STILL, moves=(Move(120.0, 300.0, 0.006),))
"""Still for two minutes, then up 0.6 % in five."""


def test_enter_is_filled_hedged_and_closed_and_every_step_is_in_the_log(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        assert "✅ Subscribed to MES futures 202512" in stage.lines
        trade_id = await stage.enter(lots=10)
        await stage.wait(600)
        assert stage.hedges(), "a 1.2 % rise must be hedged"
        assert all(word.startswith("SELL") for word in stage.hedges())
        assert abs(stage.kernel.snapshot().book.net_delta or 99) <= 10
        number = next(i for i in stage.state.intents.values() if i.draft.purpose.is_hedge).number
        word = stage.hedges()[0]
        assert f"📊 Calculated hedge: {word} MES" in stage.lines
        assert f"🛡 Hedge order #{number}: {word} MES" in stage.lines
        assert f"✅ Hedge order placed: {word} MES" in stage.lines
        assert any(line.startswith("⚠ Delta threshold breached: net +") for line in stage.lines)
        held = stage.state.hedge_position("MES")
        assert held < 0

        assert (await stage.confirmed(cm.PreviewClose(trade_id))).ok
        await stage.wait(180)
        assert f"🔴 Closing vega position {trade_id}" in stage.lines
        unwound = [line for line in stage.lines if line.startswith("✓ Hedge closed: BUY ")]
        assert sum(int(line.split()[4]) for line in unwound) == -held
        assert stage.state.positions == {}
        end = stage.state.results[trade_id]
        assert isinstance(end, ev.TradeClosed)
        assert end.net == end.options + end.hedge - end.fees
        assert stage.kernel.snapshot().strangles == ()

    run(tmp_path, story, UP)


def test_money_of_the_trades_is_the_money_of_the_account(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        before = stage.desk.broker._exchange.cash
        first, second = await stage.enter(1), await stage.enter(8)
        await stage.wait(600)
        for trade_id in (first, second):
            await stage.confirmed(cm.PreviewClose(trade_id))
            await stage.wait(120)
        ends = stage.state.results.values()
        earned = sum(end.net for end in ends if isinstance(end, ev.TradeClosed))
        assert len(stage.state.results) == 2
        assert stage.desk.broker._exchange.cash - before == earned

    run(tmp_path, story, UP)


def test_auto_off_hedges_nothing_but_a_close_still_unwinds(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.do(cm.SwitchAuto(on=False))
        trade_id = await stage.enter(lots=10)
        await stage.wait(600)
        assert stage.hedges() == []
        assert stage.kernel.snapshot().book.blocked == "auto is off"
        assert (await stage.confirmed(cm.PreviewHedge())).ok
        await stage.wait(5)
        assert len(stage.hedges()) == 1
        await stage.confirmed(cm.PreviewClose(trade_id))
        await stage.wait(120)
        assert stage.state.positions == {}

    run(tmp_path, story, UP)


def test_hedge_now_under_half_a_contract_sends_nothing_and_says_so(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.enter(lots=1)
        outcome = await stage.do(cm.PreviewHedge())
        assert not outcome.ok
        assert outcome.code == "nothing-to-do"
        assert outcome.message.endswith("$/pt is under half a contract")
        assert stage.hedges() == []

    run(tmp_path, story)


def test_frozen_nothing_leaves_and_flatten_typed_still_does(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.enter(lots=10)
        assert (await stage.do(cm.Freeze("test"))).ok
        await stage.wait(600)
        assert stage.hedges() == []
        refused = await stage.do(cm.PreviewHedge())
        assert refused.preview is not None
        assert not refused.preview.sendable
        assert not (await stage.do(cm.Confirm(refused.preview.preview_id))).ok
        flatten = await stage.do(cm.PreviewFlatten())
        assert flatten.preview is not None
        assert flatten.preview.ask_typed == "FLATTEN"
        wrong = await stage.do(cm.Confirm(flatten.preview.preview_id, "flatten"))
        assert wrong.code == "not-typed"
        assert (await stage.confirmed(cm.PreviewFlatten())).ok
        await stage.wait(120)
        assert stage.state.positions == {}
        assert "freeze" in stage.state.latches

    run(tmp_path, story, UP)


def test_a_freeze_survives_a_restart_until_it_is_released(tmp_path) -> None:
    async def freeze(stage: Stage) -> None:
        await stage.ready()
        await stage.enter(lots=10)
        await stage.do(cm.Freeze("going home"))

    async def later(stage: Stage) -> None:
        await stage.ready()
        assert stage.state.latches == {"freeze": "going home"}
        assert len(stage.state.open_strangles) == 1
        await stage.wait(600)
        assert stage.hedges() == []
        await stage.do(cm.Unfreeze("back"))
        await stage.wait(60)
        assert len(stage.hedges()) >= 1

    run(tmp_path, freeze, UP)
    run(tmp_path, later, UP)


def test_the_throttle_stops_a_loop_of_hedges(tmp_path) -> None:
    steep = moving(STILL, moves=(Move(60.0, 600.0, 0.03),))

    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.do(cm.SetBand("custom", 2.6))
        await stage.enter(lots=10)
        await stage.wait(700)
        assert stage.state.latches.keys() == {"throttle"}
        assert any("throttle" in line for line in stage.lines)
        count = len(stage.hedges())
        await stage.wait(300)
        assert len(stage.hedges()) == count

    run(tmp_path, story, steep, flags={"risk.throttle_hedges": 3})


def test_disarmed_refuses_with_its_code(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.do(cm.Disarm())
        outcome = await stage.do(cm.PreviewEntry(1, 1))
        assert outcome.preview is not None
        assert not outcome.preview.sendable
        confirmed = await stage.do(cm.Confirm(outcome.preview.preview_id))
        assert confirmed.code == "G1-disarmed"
        assert stage.state.intents == {}

    run(tmp_path, story)


def test_a_preview_is_good_once_and_not_for_ever(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        outcome = await stage.do(cm.PreviewEntry(1, 1))
        assert outcome.preview is not None
        await stage.wait(31)
        late = await stage.do(cm.Confirm(outcome.preview.preview_id))
        assert late.code == "preview-expired"
        again = await stage.do(cm.PreviewEntry(1, 1))
        assert again.preview is not None
        assert (await stage.do(cm.Confirm(again.preview.preview_id))).ok
        twice = await stage.do(cm.Confirm(again.preview.preview_id))
        assert twice.code == "preview-expired"

    run(tmp_path, story)


@pytest.mark.parametrize(
    "command",
    [
        cm.PreviewEntry(99, 1),
        cm.PreviewEntry(0, 1),
        cm.PreviewEntry(1, 0),
        cm.PreviewClose("nothing"),
        cm.PreviewClose(""),
        cm.PreviewFlatten(),
        cm.Confirm("hedge-77"),
        cm.CancelOrder(5),
        cm.ResolveUnknown(1, "x", "y"),
        cm.SetBand("huge"),
        cm.SetBand("custom", float("nan")),
        cm.SetBand("custom", -1.0),
    ],
)
def test_nonsense_is_refused_in_words(tmp_path, command: cm.Command) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        outcome = await stage.do(command)
        assert not outcome.ok
        assert outcome.message
        assert stage.state.intents == {}

    run(tmp_path, story)


def test_pooled_hedge_shares_add_up_and_closing_one_trade_gives_its_share_back(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        first = await stage.enter(1)
        await stage.enter(12)
        await stage.wait(600)
        rows = stage.kernel.snapshot().strangles
        assert sum(row.hedge_contracts for row in rows) == stage.state.hedge_position("MES")
        assert all(row.hedge_contracts < 0 for row in rows)
        await stage.confirmed(cm.PreviewClose(first))
        await stage.wait(120)
        (row,) = stage.kernel.snapshot().strangles
        assert row.hedge_contracts == stage.state.hedge_position("MES")
        assert abs(row.net_delta or 99) <= 2.5

    run(tmp_path, story, UP)


def test_unknown_stays_unknown_until_a_new_session_proves_it(tmp_path) -> None:
    """The adapter's link is cut right after an order left: its fate is asked, never guessed."""

    async def story(stage: Stage) -> None:
        await stage.ready()
        await stage.enter(lots=10)
        await stage.wait(400)
        count = len(stage.hedges())
        plan = await stage.do(cm.PreviewHedge())
        if plan.preview is None:
            return
        await stage.do(cm.Confirm(plan.preview.preview_id))
        await stage.kernel.link.drop("cut by the test")
        live = stage.state.live_intents
        assert all(intent.state is IntentState.UNKNOWN for intent in live)
        await stage.wait(60)
        assert stage.state.link is ev.LinkState.READY
        assert stage.state.live_intents == ()
        assert len(stage.hedges()) >= count

    run(tmp_path, story, UP)


def test_a_trade_about_to_expire_is_a_reminder(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        rows = stage.kernel.snapshot().candidates
        soon, late = min(rows, key=lambda row: row.dte), max(rows, key=lambda row: row.dte)
        assert soon.dte <= 2
        await stage.enter(late.number, lots=1)
        assert stage.kernel.snapshot().reminders == ()
        await stage.enter(soon.number, lots=1)
        (reminder,) = stage.kernel.snapshot().reminders
        assert reminder == f"{soon.label} expires in {soon.dte} day{'s' if soon.dte > 1 else ''}"

    flags = {"vega.dte_min": 1, "vega.max_spread_pct": 200.0}
    run(tmp_path, story, scenario("whipsaw"), flags=flags)
