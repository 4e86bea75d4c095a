"""A person's word about an action that no evidence settles: it frees the symbol and proves nothing.

The server says that it executed and its deals never show, so the action holds its symbol for ever.
Only that action, named by the end of its id and with a reason, can be ended; what was done after
all is taken over as always.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState, State
from hedgetui.domain.mt5.records import Answered, CommittedRequest, Lots, Reply, Ticket
from hedgetui.ports.desk import Outcome
from tests.dtms_engine.stage import Stage, play

WHY = "not in the terminal's journal"


def the_action(stage: Stage) -> ActionRecord:
    (action,) = stage.book.actions.values()
    return action


async def doubted(stage: Stage, *, executes: bool) -> int:
    """Hedge by hand; the server says DONE, shows no deal, and no position either."""
    ticket = stage.open(stop=200.0)
    await stage.ready()
    send, before = stage.terminal.send, {held[0] for held in stage.positions()}

    async def said(request: CommittedRequest) -> Reply:
        if executes:
            await send(request)
            stage.terminal.hidden |= {held[0] for held in stage.positions()} - before
            stage.terminal.late = True
        volume = request.request.volume or Lots(Decimal(0))
        return Answered(10009, Ticket(0), Ticket(77), volume, 2650.0, "done")

    stage.terminal.send = said  # type: ignore[method-assign]
    outcome = await stage.confirmed(cm.PreviewDefence(ticket, "hedge"))
    assert (outcome.ok, outcome.code) == (False, "unknown")
    stage.terminal.send = send  # type: ignore[method-assign]
    await stage.wait(300)
    assert the_action(stage).state is ActionState.UNKNOWN, "nothing but a person ends it"
    return ticket


async def resolve(stage: Stage, typed: str | None = None, reason: str = WHY) -> Outcome:
    action_id = the_action(stage).action_id
    return await stage.do(cm.ResolveDefence(action_id, typed or action_id[-6:].lower(), reason))


def test_a_verdict_ends_the_action_and_frees_its_symbol(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ticket = await doubted(stage, executes=False)
        (shown,) = stage.view.unknown
        assert shown.missing == (
            "no position, order or deal bears its magic; the server said 10009, done"
        )
        held = await stage.do(cm.PreviewDefence(ticket, "hedge"))
        assert held.preview is None or not held.preview.sendable
        outcome = await resolve(stage)
        assert (outcome.ok, outcome.message) == (
            True, f"open_hedge of #{ticket} XAUUSD resolved by test"
        )  # fmt: skip
        moved = stage.facts(fx.ActionMoved)[-1]
        assert (moved.before, moved.after, moved.cause) == (
            ActionState.UNKNOWN, ActionState.FAILED, f"resolved by you: {WHY}"
        )  # fmt: skip
        assert stage.heard(f"⚠ open_hedge of #{ticket} XAUUSD resolved by test: {WHY}") == 1
        assert stage.view.unknown == ()
        assert stage.trade(ticket).state is State.HEALTHY
        assert (await stage.confirmed(cm.PreviewDefence(ticket, "hedge"))).ok
        assert len(stage.positions()) == 2
        again = await stage.do(cm.ResolveDefence(moved.action_id, moved.action_id, WHY))
        assert (again.ok, again.code, again.hint) == (
            False, "no-such-action", "it is FAILED by now"
        )  # fmt: skip

    play(story, folder=tmp_path)


def test_what_is_not_said_rightly_ends_nothing() -> None:
    async def story(stage: Stage) -> None:
        await doubted(stage, executes=False)
        tail, facts = the_action(stage).action_id[-6:], len(stage.seen)
        for typed in (tail[1:], "x" + tail[1:], " " + tail, "nonsense"):
            outcome = await resolve(stage, typed)
            assert (outcome.ok, outcome.code) == (False, "not-typed")
            assert outcome.hint == f"it ends in …{tail}"
        for reason in ("", "  ", "\n"):
            assert (await resolve(stage, reason=reason)).code == "usage"
        unheard = await stage.do(cm.ResolveDefence("", "", WHY))
        assert unheard.code == "no-such-action"
        assert len(stage.seen) == facts
        assert stage.view.unknown

    play(story)


def test_a_hedge_that_was_opened_after_all_is_taken_over_at_once() -> None:
    async def story(stage: Stage) -> None:
        ticket = await doubted(stage, executes=True)
        hidden = set(stage.terminal.hidden)
        looks = stage.terminal.looks
        stage.terminal.hidden.clear()
        assert (await resolve(stage)).ok
        await stage.until(lambda: stage.trade(ticket).hedge is not None, 2)
        assert stage.terminal.looks > looks
        trade = stage.trade(ticket)
        assert trade.hedge is not None
        assert {int(trade.hedge.position)} == hidden
        assert trade.state is State.HEDGED
        assert [one.kind for one in stage.book.actions.values()] == [ActionKind.OPEN_HEDGE]

    play(story)


def test_evidence_that_comes_while_a_person_speaks_goes_first(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ticket = await doubted(stage, executes=True)
        async with stage.defence.turn:
            speaking = asyncio.ensure_future(resolve(stage))
            await stage.wait(1)
            stage.terminal.hidden.clear()
            stage.terminal.late = False
            await stage.defence.outbox.resolve()
        outcome = await speaking
        assert (outcome.ok, outcome.hint) == (False, "it is DONE by now")
        assert stage.trade(ticket).state is State.HEDGED

    play(story, folder=tmp_path)


@pytest.mark.parametrize("link", [True, False])
def test_a_verdict_needs_no_link_and_sends_nothing(link: bool) -> None:
    async def story(stage: Stage) -> None:
        ticket = await doubted(stage, executes=False)
        if not link:
            await stage.defence.link.drop("cable")
            stage.terminal.reachable = False
        sent = len(stage.terminal.sent)
        assert (await resolve(stage)).ok
        stage.terminal.reachable = True
        await stage.wait(60)
        assert stage.trade(ticket).state is State.HEALTHY
        assert len(stage.terminal.sent) == sent

    play(story)
