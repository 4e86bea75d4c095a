"""From an open trade to its end: what the machine and the operator do, and what others do to both.

The simulated broker executes everything; a push of the price makes the score what a test needs.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.audit import EDGES
from hedgetui.domain.dtms.model import ActionKind, Automation, Rules, State
from hedgetui.domain.mt5.records import (
    Answered,
    CommittedRequest,
    Lots,
    MarginMode,
    NotSent,
    Reply,
    Silent,
    Ticket,
)
from hedgetui.domain.units import Seconds, parse_utc
from hedgetui.simulation.mt5.ledger import AccountTerms
from tests.dtms_engine.stage import GOLD, Stage, play

SLOW = Seconds(30.0)
"""A pulse for stories of hours: nothing but the screen needs it quicker."""
STAYS = Rules(dwell=Seconds(36_000.0), emergency_u=-9.0, emergency_atr=99.0)
"""Rules by which a trade that is warned goes no further down."""


async def hedged(stage: Stage, *, stop: float = 25.0) -> int:
    """Open a trade and hedge it by hand; return its ticket."""
    ticket = stage.open(GOLD, "BUY", "0.40", stop=stop)
    await stage.ready()
    outcome = await stage.confirmed(cm.PreviewDefence(ticket, "hedge"))
    assert outcome.ok, outcome
    assert stage.trade(ticket).state is State.HEDGED
    return ticket


async def left_alone(stage: Stage) -> int:
    """Hedge a trade so that only time can end it: no score any more, the hedge's stop far away."""
    ticket = await hedged(stage, stop=200.0)
    hedge = stage.trade(ticket).hedge
    assert hedge is not None
    stage.control.hand_stop(hedge.ticket, sl=round(stage.price() + 200.0, 2))
    stage.control.rates_fail = -1
    stage.parts.board.readings.clear()
    return ticket


def test_the_hedge_key_shows_exactly_what_it_sends() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=25.0)
        await stage.ready()
        outcome = await stage.do(cm.PreviewDefence(ticket, "hedge"))
        preview = outcome.preview
        assert preview is not None
        assert preview.title.startswith(f"HEDGE {ticket}: SELL 0.20 XAUUSD @ MKT SL ")
        assert preview.sendable, preview.checks
        assert dict(preview.lines)["after"] == "net +0.20 XAUUSD"
        assert stage.terminal.sent == []
        outcome = await stage.do(cm.Confirm(preview.preview_id))
        assert outcome.ok, outcome
        (request,) = stage.terminal.sent
        assert (str(request.request.side), request.request.volume) == ("SELL", Decimal("0.2"))
        trade = stage.trade(ticket)
        assert trade.hedge is not None
        assert trade.state is State.HEDGED
        assert trade.flat_at == trade.hedge.at + 4_500
        assert stage.heard("DTMS: Hedge opened for XAUUSD") == 1
        assert stage.moves() == ["T15"]
        again = await stage.do(cm.Confirm(preview.preview_id))
        assert again.code == "preview-expired"

    play(story)


def test_a_preview_is_looked_at_again_when_the_volume_moved() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=25.0)
        await stage.ready()
        outcome = await stage.do(cm.PreviewDefence(ticket, "close"))
        assert outcome.preview is not None
        stage.control.hand_close(ticket, "0.10")
        outcome = await stage.do(cm.Confirm(outcome.preview.preview_id))
        assert outcome.code == "book-moved"
        assert outcome.preview is not None
        assert "0.3 XAUUSD" in outcome.preview.title
        assert stage.terminal.sent == []
        outcome = await stage.do(cm.Confirm(outcome.preview.preview_id))
        assert outcome.ok, outcome
        assert stage.trade(ticket).state is State.CLOSED
        assert stage.positions() == []

    play(story)


def test_closing_a_hedged_trade_closes_both_legs() -> None:
    async def story(stage: Stage) -> None:
        ticket = await hedged(stage)
        outcome = await stage.confirmed(cm.PreviewDefence(ticket, "close"))
        assert outcome.ok, outcome
        await stage.wait(10)
        assert stage.positions() == []
        assert stage.trade(ticket).state is State.CLOSED
        assert stage.view.rows == ()
        assert [row.ticket for row in stage.view.closed] == [ticket]

    play(story)


def test_the_flat_deadline_closes_both_legs_at_75_minutes_and_not_before() -> None:
    async def story(stage: Stage) -> None:
        ticket = await left_alone(stage)
        deadline = stage.trade(ticket).flat_at
        assert deadline is not None
        await stage.wait(deadline - stage.clock.now() - 0.1)
        assert stage.trade(ticket).state is State.HEDGED
        assert stage.row(ticket).score is None
        await stage.wait(2)
        trade = stage.trade(ticket)
        assert (trade.state, stage.moves()[-1]) == (State.CLOSED, "T6")
        assert stage.positions() == []
        asked = next(
            action for action in stage.book.actions.values()
            if action.kind is ActionKind.CLOSE_ALL
        )  # fmt: skip
        assert 0 <= asked.planned_at - deadline < 0.5

    play(story, pulse=SLOW)


def test_a_deadline_that_passed_while_the_desk_was_down_fires_at_the_first_look() -> None:
    async def story(stage: Stage) -> None:
        ticket = await left_alone(stage)
        await stage.crash()
        await stage.wait(2 * 3600)
        assert len(stage.positions()) == 2
        await stage.start()
        await stage.wait(10)
        assert stage.trade(ticket).state is State.CLOSED
        assert stage.moves()[-1] == "T6"
        assert stage.positions() == []

    play(story, pulse=SLOW)


def test_the_stop_of_a_hedged_trade_closes_the_orphan_at_once() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=8.0)
        await stage.ready()
        outcome = await stage.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.ok
        stage.control.push(GOLD, -0.006, 20)
        await stage.wait(45)
        trade = stage.trade(ticket)
        assert trade.state is State.CLOSED
        assert "stop loss at" in stage.facts(fx.DefenceMoved)[-1].why
        assert stage.moves() == ["T15", "T14"]
        assert stage.positions() == []
        closed_at = stage.facts(fx.HedgeGone)
        assert len(closed_at) == 1

    play(story)


def test_a_hedge_that_ends_at_its_own_stop_leaves_the_trade_recovering() -> None:
    async def story(stage: Stage) -> None:
        ticket = await hedged(stage, stop=200.0)
        stage.control.push(GOLD, +0.012, 20)
        await stage.wait(45)
        trade = stage.trade(ticket)
        assert (trade.state, trade.hedge, trade.automation) == (
            State.RECOVERING, None, Automation.AUTO
        )  # fmt: skip
        assert stage.moves() == ["T15", "T9"]
        assert trade.recover_by == trade.since + 1_800
        assert "stop loss at" in stage.facts(fx.HedgeGone)[0].why

    play(story)


def test_a_hedge_closed_by_hand_takes_the_machine_off_the_trade() -> None:
    async def story(stage: Stage) -> None:
        ticket = await hedged(stage, stop=200.0)
        hedge = stage.trade(ticket).hedge
        assert hedge is not None
        stage.control.hand_close(hedge.ticket)
        await stage.wait(10)
        trade = stage.trade(ticket)
        assert (trade.state, trade.automation) == (State.RECOVERING, Automation.ALERT)
        assert stage.heard("automation alert: hedge closed by hand") == 1

    play(story)


def test_a_hedge_is_known_by_its_magic_when_the_comment_is_rewritten() -> None:
    async def story(stage: Stage) -> None:
        stage.control.rewrite_comments("rewrite")
        ticket = await hedged(stage)
        await stage.wait(60)
        assert len(stage.book.trades) == 1
        assert stage.trade(ticket).state is State.HEDGED
        assert stage.view.unwatched == ()

    play(story)


def test_a_hedge_that_only_the_broker_knows_is_taken_over() -> None:
    async def story(stage: Stage) -> None:
        ticket = await hedged(stage, stop=200.0)
        opened = stage.facts(fx.HedgeOpened)[0].hedge
        await stage.crash()
        # The journal ends before the action: the worst a crash and a lost disk can do.
        first = next(
            place for place, fact in enumerate(stage.journal.kept)
            if isinstance(fact.event, fx.ActionPlanned)
        )  # fmt: skip
        del stage.journal.kept[first:]
        await stage.crash()
        await stage.start()
        await stage.wait(10)
        trade = stage.trade(ticket)
        assert trade.state is State.HEDGED
        assert trade.hedge is not None
        assert trade.hedge.position == opened.position
        assert trade.flat_at == pytest.approx(opened.at + 4_500, abs=1)
        assert len(stage.positions()) == 2

    play(story)


def test_in_alert_mode_everything_is_said_once_and_nothing_is_sent() -> None:
    async def story(stage: Stage) -> None:
        ticket = await left_alone(stage)
        await stage.do(cm.SetAutomation(ticket, "alert"))
        sent = len(stage.terminal.sent)
        await stage.wait(5_400)
        assert len(stage.terminal.sent) == sent
        assert stage.trade(ticket).state is State.HEDGED
        assert stage.heard("would close_all (T6") == 1
        assert stage.row(ticket).why == "would close_all: automation is alert"
        await stage.do(cm.SetAutomation(ticket, "auto"))
        await stage.wait(10)
        assert stage.trade(ticket).state is State.CLOSED

    play(story, pulse=SLOW)


def test_a_frozen_desk_sends_nothing_not_even_by_hand() -> None:
    async def story(stage: Stage) -> None:
        ticket = await left_alone(stage)
        await stage.recorder.record(ev.LatchSet("freeze", on=True, by="test", why="drill"))
        outcome = await stage.do(cm.PreviewDefence(ticket, "close"))
        assert outcome.preview is not None
        assert not outcome.preview.sendable
        outcome = await stage.do(cm.Confirm(outcome.preview.preview_id))
        assert (outcome.ok, outcome.code) == (False, "armed")
        await stage.wait(5_400)
        assert len(stage.positions()) == 2
        assert stage.heard("frozen: drill") >= 1

    play(story, pulse=SLOW)


def test_a_falling_market_takes_a_trade_down_to_its_hedge_by_the_table() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        await stage.wait(600)
        stage.control.push(GOLD, -0.004, 7_200)
        await stage.until(lambda: "T5" in stage.moves(ticket), 9_000)
        assert stage.moves(ticket) == ["T1", "T3", "T5"]
        kinds = [action.kind for action in stage.book.actions.values()]
        assert kinds[:3] == [
            ActionKind.TIGHTEN_SL, ActionKind.PARTIAL_CLOSE, ActionKind.OPEN_HEDGE
        ]  # fmt: skip
        trade = stage.trade(ticket)
        assert trade.hedge is not None
        assert (trade.volume, trade.hedge.volume) == (Decimal("0.2"), Decimal("0.1"))
        assert stage.heard(f"⚡ #{ticket} XAUUSD Hedge trigger conditions met") == 1
        assert stage.heard("DTMS: Hedge opened for XAUUSD") == 1
        row = stage.row(ticket)
        assert row.components is not None
        assert [step.state for step in row.lane] == [
            "HEALTHY", "WARNING_L1", "WARNING_L2", "HEDGED"
        ]  # fmt: skip
        said = next(r for r in stage.log.records if "WARNING_L2 → HEDGED" in r.text)
        assert "structure" in said.why

    play(story, seed=4, pulse=SLOW)


def test_the_journal_on_disk_takes_and_rebuilds_the_whole_story(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        await stage.wait(600)
        stage.control.push(GOLD, -0.004, 7_200)
        await stage.until(lambda: "T5" in stage.moves(), 9_000)
        before = stage.book.trades
        await stage.restart()
        await stage.wait(10)
        assert stage.book.trades == before
        await stage.until(lambda: "T6" in stage.moves(), 9_000)
        assert stage.trade(ticket).state is State.CLOSED
        assert all((m.rule, m.before, m.after) in EDGES for m in stage.facts(fx.DefenceMoved))

    play(story, seed=4, pulse=SLOW, folder=tmp_path)


def test_a_request_that_never_left_is_said_and_wished_again_at_the_next_bar() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        send = stage.terminal.send
        tries = 0

        async def refuse(_: CommittedRequest) -> Reply:
            nonlocal tries
            tries += 1
            return NotSent("argument")

        stage.terminal.send = refuse  # type: ignore[method-assign]
        await stage.wait(600)
        stage.control.push(GOLD, -0.004, 7_200)
        await stage.until(lambda: "T3" in stage.moves(ticket), 9_000)
        before = tries
        await stage.wait(610)
        assert before < tries <= before + 6
        stage.terminal.send = send  # type: ignore[method-assign]
        await stage.until(lambda: stage.trade(ticket).halved, 900)
        assert stage.trade(ticket).volume == Decimal("0.2")

    play(story, seed=2, pulse=SLOW)


async def stop_missed(stage: Stage, reply: Reply) -> int:
    """Fall until T1, whose tighter stop is answered by `reply` and not set; return the ticket."""
    ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
    await stage.ready()
    send = stage.terminal.send

    async def lose(_: CommittedRequest) -> Reply:
        return reply

    stage.terminal.send = lose  # type: ignore[method-assign]
    await stage.wait(600)
    stage.control.push(GOLD, -0.004, 7_200)
    await stage.until(lambda: "T1" in stage.moves(ticket), 9_000)
    await stage.until(lambda: stops(stage) == ["FAILED"], 60)
    stage.terminal.send = send  # type: ignore[method-assign]
    return ticket


def stops(stage: Stage) -> list[str]:
    """Return how each tightening stands."""
    kept = stage.book.actions.values()
    return [str(one.state) for one in kept if one.kind is ActionKind.TIGHTEN_SL]


@pytest.mark.parametrize(
    "reply",
    [NotSent("argument"), Answered(10018, Ticket(0), Ticket(0), Lots(Decimal(0)), 0.0, "closed"),
     Silent("timeout after 15 s")],
)  # fmt: skip
def test_a_tighter_stop_that_failed_is_set_at_the_next_bar_and_never_trails(reply: Reply) -> None:
    async def story(stage: Stage) -> None:
        ticket = await stop_missed(stage, reply)
        before = stage.trade(ticket).sl
        await stage.until(lambda: stops(stage)[-1] == "DONE", 310)
        done = stage.trade(ticket)
        assert done.state is State.WARNING_L1
        assert done.sl is not None
        assert before is not None
        assert done.sl > before
        stage.control.push(GOLD, +0.003, 60)
        await stage.wait(400)
        assert stage.moves(ticket) == ["T1"]
        assert stops(stage).count("DONE") == 1
        assert stage.trade(ticket).sl == done.sl

    play(story, seed=4, pulse=SLOW)


def test_a_tighter_stop_that_a_person_loosens_is_not_tightened_again() -> None:
    async def story(stage: Stage) -> None:
        ticket = await stop_missed(stage, NotSent("argument"))
        before = stage.trade(ticket).sl
        await stage.until(lambda: stops(stage) == ["FAILED", "DONE"], 310)
        stage.control.hand_stop(ticket, sl=before)
        await stage.wait(620)
        assert stage.trade(ticket).state is State.WARNING_L1
        assert stage.trade(ticket).sl == before

    play(story, seed=4, pulse=SLOW, rules=STAYS)


def test_a_tighter_stop_that_stands_by_other_hands_is_not_wished_again() -> None:
    async def story(stage: Stage) -> None:
        ticket = await stop_missed(stage, NotSent("argument"))
        wanted = next(iter(stage.book.actions.values())).level
        assert wanted is not None
        stage.control.hand_stop(ticket, sl=wanted)
        stage.control.push(GOLD, +0.003, 60)
        await stage.wait(400)
        assert stage.moves(ticket) == ["T1"]
        assert stops(stage) == ["FAILED"]
        assert stage.trade(ticket).sl == wanted

    play(story, seed=4, pulse=SLOW)


def test_a_stop_that_is_near_enough_when_it_is_wished_again_waits_for_no_better_price() -> None:
    async def story(stage: Stage) -> None:
        ticket = await stop_missed(stage, NotSent("argument"))
        stage.control.push(GOLD, -0.0042, 30)
        await stage.until(lambda: "at least as tight" in stage.row(ticket).why, 310)
        stage.control.push(GOLD, +0.007, 30)
        await stage.wait(320)
        assert stage.trade(ticket).state is State.WARNING_L1
        assert stops(stage) == ["FAILED"]

    play(story, seed=4, pulse=SLOW, rules=STAYS)


def test_a_trade_that_is_off_is_only_looked_at_until_its_position_is_gone() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        await stage.do(cm.SetAutomation(ticket, "off"))
        await stage.wait(600)
        stage.control.push(GOLD, -0.004, 7_200)
        await stage.wait(7_200)
        assert stage.moves() == []
        assert stage.heard("would") == 0
        assert stage.row(ticket).score is not None
        stage.control.hand_close(ticket)
        await stage.wait(40)
        assert stage.moves() == ["T14"]
        assert stage.terminal.sent == []

    play(story, seed=4, pulse=SLOW)


def test_in_alert_mode_states_move_and_actions_are_only_named() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        await stage.wait(600)
        stage.control.push(GOLD, -0.004, 7_200)
        await stage.wait(6_000)
        assert stage.moves() == ["T1", "T3"]
        assert stage.trade(ticket).breakeven_armed
        assert stage.terminal.sent == []
        assert stage.heard("would tighten_sl (T1") == 1
        assert stage.heard("would partial_close (T3") == 1
        assert stage.heard("would open_hedge (T5") >= 1
        assert stage.heard("Hedge trigger conditions met") >= 1
        assert stage.trade(ticket).state is State.WARNING_L2

    play(story, seed=4, pulse=SLOW, automation=Automation.ALERT)


def test_a_netting_account_is_defended_by_reducing_and_never_reversed() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        await stage.wait(600)
        stage.control.push(GOLD, -0.004, 7_200)
        await stage.until(lambda: "T5" in stage.moves(), 9_000)
        trade = stage.trade(ticket)
        assert trade.hedge is not None
        assert trade.hedge.virtual
        assert [(side, volume) for _, side, volume in stage.positions()] == [("BUY", "0.10")]
        row = stage.row(ticket)
        assert row.hedge is not None
        assert row.hedge.virtual
        assert stage.view.unwatched == ()

    play(story, seed=4, pulse=SLOW, account=AccountTerms(mode=MarginMode.NETTING))


def test_a_second_hedge_of_ours_is_an_alarm_for_a_person() -> None:
    async def story(stage: Stage) -> None:
        ticket = await hedged(stage, stop=200.0)
        first = stage.terminal.sent[0]
        await stage.terminal._sent(await stage.terminal._document(first.request))
        await stage.wait(40)
        assert stage.trade(ticket).degraded.startswith("a second hedge stands: #")
        assert stage.heard("🛑 #") == 1
        assert len(stage.positions()) == 3

    play(story)


def test_a_sudden_loss_is_evaluated_at_once_and_waits_for_no_second_bar() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=20.0)
        await stage.ready()
        await stage.wait(1_200)
        assert stage.moves() == []
        fell = stage.clock.now()
        stage.control.push(GOLD, -0.0062, 100)
        await stage.until(lambda: "T1" in stage.moves(), 400)
        assert stage.clock.now() - fell < 340, "one closed bar is enough"
        assert stage.row(ticket).u is not None

    play(story, seed=4)


def test_closed_markets_are_no_alarm_and_keep_their_intent() -> None:
    async def story(stage: Stage) -> None:
        ticket = await left_alone(stage)
        deadline = stage.trade(ticket).flat_at
        assert deadline is not None
        await stage.wait(deadline - stage.clock.now() + 1_200)
        assert stage.row(ticket).why.startswith("market closed; close_all: ")
        assert stage.view.frozen == ""
        assert stage.trade(ticket).state is State.HEDGED
        assert len(stage.positions()) == 2
        await stage.crash()
        await stage.wait(parse_utc("2025-11-23T22:50:00Z") - stage.clock.now())
        await stage.start()
        await stage.wait(300)
        assert stage.trade(ticket).state is State.HEDGED
        await stage.wait(600)
        assert stage.trade(ticket).state is State.CLOSED
        assert stage.positions() == []

    play(story, at=parse_utc("2025-11-21T20:50:00Z"), pulse=SLOW)
