"""What must never happen to a trader's money, told by whoever tries to make it happen.

A person speaks while an action is under way, turns a position around, cuts it below its hedge; a
process ends while an order is lost; a clock lies. Nothing is sent that nobody wants any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.machine import Wish
from hedgetui.domain.dtms.model import ActionKind, ActionState, Rules, State, Trade
from hedgetui.domain.mt5.identity import magic_of
from hedgetui.domain.mt5.records import (
    CommittedRequest,
    Incomplete,
    Look,
    Lots,
    MarginMode,
    PositionId,
    Reply,
    Tick,
    Ticket,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms import admission
from hedgetui.simulation.mt5.by_hand import Act, Instruction
from hedgetui.simulation.mt5.ledger import AccountTerms
from tests.dtms_engine import outbox_stage
from tests.dtms_engine.outbox_stage import LOST, MAIN, Answer
from tests.dtms_engine.stage import BITCOIN, GOLD, Stage, play

NETTING = AccountTerms(mode=MarginMode.NETTING)


async def hedged(stage: Stage, symbol: str = GOLD, stop: float = 25.0) -> int:
    """Open a trade and hedge it by hand; return its ticket."""
    ticket = stage.open(symbol, "BUY", "0.40", stop=stop)
    await stage.until(lambda: PositionId(ticket) in stage.book.trades, 30)
    outcome = await stage.confirmed(cm.PreviewDefence(ticket, "hedge"))
    assert outcome.ok, outcome
    return ticket


def hedge_of(trade: Trade):
    assert trade.hedge is not None
    return trade.hedge


# --- a person speaks while something is under way ------------------------------------------------


def test_switching_a_trade_off_holds_while_the_action_of_another_is_on_its_way() -> None:
    """Both flat deadlines are reached; the second trade is switched off during the first close."""

    async def story(stage: Stage) -> None:
        await stage.ready()
        gold, coin = await hedged(stage), await hedged(stage, BITCOIN, 2000.0)
        for ticket in (gold, coin):  # only time may end them
            stage.control.hand_stop(ticket)
            stage.control.hand_stop(hedge_of(stage.trade(ticket)).ticket)
        stage.control.rates_fail = -1
        stage.parts.board.readings.clear()
        send, off = stage.terminal.send, asyncio.Event()

        async def slow(request: CommittedRequest) -> Reply:
            if not off.is_set():
                off.set()
                other = coin if request.request.symbol == GOLD else gold
                await stage.do(cm.SetAutomation(other, "off"))
                await stage.wait(1.5)
            return await send(request)

        stage.terminal.send = slow  # type: ignore[method-assign]
        stage.terminal.sent.clear()
        await stage.wait(4600)
        assert off.is_set()
        touched = {request.request.symbol for request in stage.terminal.sent}
        assert len(touched) == 1
        assert len(stage.positions()) == 2, "the trade that was switched off stands, and its hedge"
        assert stage.heard("would close_all (T6: flat deadline reached): automation is off") == 1

    play(story, pulse=30.0)


def test_an_ignored_trade_is_left_alone_by_the_action_that_was_being_planned() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open()
        await stage.ready()
        look = stage.terminal.look

        async def slow() -> Look | Incomplete:
            found = await look()
            await stage.wait(1.0)
            return found

        stage.terminal.look = slow  # type: ignore[method-assign]
        wish = Wish(ActionKind.CLOSE_ALL, "T13", "recovery deadline reached")
        acting = asyncio.ensure_future(stage.defence.outbox.act(PositionId(ticket), wish))
        await stage.wait(0.3)
        assert (await stage.do(cm.Ignore(ticket))).ok
        assert (await acting).state is not ActionState.DONE
        assert stage.terminal.sent == []
        assert stage.positions() == [(ticket, "BUY", "0.40")]

    play(story)


@pytest.mark.parametrize(("automation", "closed"), [("off", False), ("alert", True)])
def test_a_software_stop_is_kept_in_alert_and_said_when_it_is_off(
    automation: str, closed: bool
) -> None:
    """The stop is a part of the hedge that stands; of a trade that is off nothing is touched."""

    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        stage.control.hand_stop(hedge_of(stage.trade(ticket)).ticket)
        await stage.until(lambda: hedge_of(stage.trade(ticket)).sl is None, 40)
        assert (await stage.do(cm.SetAutomation(ticket, automation))).ok
        passed = replace(hedge_of(stage.trade(ticket)), sl=stage.price() - 5.0, soft_sl=True)
        await stage.recorder.record(fx.HedgeAmended(PositionId(ticket), passed, "refused"))
        await stage.wait(65)
        assert (len(stage.positions()) == 1) is closed
        assert stage.heard("close_hedge not made") == (0 if closed else 1)

    play(story)


# --- who is watched ------------------------------------------------------------------------------


def test_a_trade_that_is_ignored_and_adopted_again_can_still_be_defended(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        assert (await stage.confirmed(cm.PreviewDefence(ticket, "unhedge"))).ok
        assert (await stage.do(cm.Ignore(ticket))).ok
        assert (await stage.do(cm.Adopt(ticket))).ok
        outcome = await stage.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.ok, outcome
        cycles = [action.cycle for action in stage.book.actions.values()]
        assert cycles == [1, 2, 3]

    play(story, folder=tmp_path)


def test_a_position_that_a_person_reversed_is_not_closed_as_the_old_one() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open()
        await stage.ready()
        stage.control.hand_open(GOLD, "SELL", "1.00")
        for kind in (ActionKind.CLOSE_ALL, ActionKind.TIGHTEN_SL, ActionKind.OPEN_HEDGE):
            acted = await stage.defence.outbox.act(PositionId(ticket), Wish(kind, "T13", "late"))
            assert acted.code == "changed", acted
        await stage.wait(10)
        assert stage.terminal.sent == []
        assert [held[1:] for held in stage.positions()] == [("SELL", "0.60")]
        assert stage.trade(ticket).state is State.CLOSED

    play(story, account=NETTING)


def test_a_closed_trade_keeps_no_virtual_hedge_that_ties_the_journal_to_its_account() -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        assert hedge_of(stage.trade(ticket)).virtual
        stage.control.hand_close(ticket)
        await stage.until(lambda: not stage.trade(ticket).open, 40)
        assert stage.trade(ticket).hedge is None
        session = stage.parts.board.session
        assert session is not None
        other = replace(session.account, login=session.account.login + 1)
        assert not admission.switched(stage.book, other, standing=False)

    play(story, account=NETTING)


# --- hedges --------------------------------------------------------------------------------------


def test_a_restart_does_not_forget_that_a_lost_hedge_may_come_late(tmp_path: Path) -> None:
    async def story(stage: outbox_stage.Stage) -> None:
        stage.broker.answers.append(Answer(None, late=40.0))
        assert (await stage.hedge()).state is ActionState.FAILED
        await stage.restart()
        assert (await stage.hedge()).code == "unanswered"
        await stage.wait(61)
        assert (await stage.hedge()).code == "adopted"
        assert stage.broker.most_hedges == len(stage.broker.sent) == 1

    outbox_stage.play(story, tmp_path)


@pytest.mark.parametrize("code", [10004, 10012, 10016, 10019, 10024, 10028])
def test_a_refusal_of_a_hedge_that_landed_all_the_same_is_one_hedge(
    tmp_path: Path, code: int
) -> None:
    async def story(stage: outbox_stage.Stage) -> None:
        stage.broker.answers.append(Answer(code))
        await stage.hedge()
        await stage.hedge()
        assert stage.broker.most_hedges == len(stage.broker.sent) == 1
        assert stage.trade.state is State.HEDGED

    outbox_stage.play(story, tmp_path)


def test_a_deal_from_before_the_journal_is_no_proof_of_a_hedge(tmp_path: Path) -> None:
    """A journal that is new, or older than it should be, counts its cycles from the start again."""

    async def story(stage: outbox_stage.Stage) -> None:
        magic = magic_of(ActionKind.OPEN_HEDGE, 1, MAIN)
        old = replace(
            stage.broker.deals[0], ticket=Ticket(77), position_id=PositionId(77), side=Side.SELL,
            volume=Lots(Decimal("0.25")), magic=magic, at=Timestamp(stage.clock.now() - 3600),
        )  # fmt: skip
        stage.broker.deals.append(old)
        stage.broker.answers.append(LOST)
        assert (await stage.hedge()).state is ActionState.FAILED
        assert stage.broker.sent[0].magic == magic
        assert stage.trade.hedge is None

    outbox_stage.play(story, tmp_path)


def test_what_was_closed_is_added_again_once(tmp_path: Path) -> None:
    async def story(stage: outbox_stage.Stage) -> None:
        assert (await stage.wish(ActionKind.RE_ADD, "T10")).state is ActionState.DONE
        assert (await stage.wish(ActionKind.RE_ADD, "T10")).code == "too-small"
        assert len(stage.broker.sent) == 1

    rules = Rules(re_add=True)
    outbox_stage.play(story, tmp_path, rules=rules, closed_volume=Lots(Decimal("0.50")))


def test_a_late_hedge_without_its_stop_is_given_it(tmp_path: Path) -> None:
    async def story(stage: outbox_stage.Stage) -> None:
        stage.broker.answers += [
            Answer(10016, lands=False), Answer(None, late=40.0),
        ]  # fmt: skip
        assert (await stage.hedge()).state is ActionState.FAILED
        assert stage.broker.sent[-1].sl is None
        wanted = stage.broker.sent[0].sl
        await stage.wait(80)
        assert (await stage.hedge()).code == "adopted"
        (standing,) = stage.hedges()
        assert wanted is not None
        assert standing.sl == hedge_of(stage.trade).sl == float(wanted)

    outbox_stage.play(story, tmp_path)


def test_a_hedge_larger_than_its_position_is_said_as_long_as_it_is() -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        stage.control.hand_close(ticket, "0.30")
        await stage.wait(40)
        words = "the hedge is larger than the position: 0.2 against 0.1 lots"
        assert stage.trade(ticket).degraded == words
        assert stage.heard(words) == 1
        stage.control.hand_close(hedge_of(stage.trade(ticket)).ticket, "0.15")
        await stage.wait(40)
        assert stage.trade(ticket).degraded == ""

    play(story)


def test_a_hedge_that_the_machine_may_not_close_is_said_to_stand_alone() -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        await stage.do(cm.SetAutomation(ticket, "alert"))
        stage.control.hand_close(ticket)
        await stage.wait(40)
        assert [held[1:] for held in stage.positions()] == [("SELL", "0.2")]
        assert stage.row(ticket).degraded == "the position is closed, its hedge stands alone"
        assert stage.heard("its hedge stands alone") == 1
        assert (await stage.confirmed(cm.PreviewDefence(ticket, "unhedge"))).ok
        await stage.wait(10)
        assert stage.positions() == []
        assert stage.trade(ticket).state is State.CLOSED

    play(story)


def test_a_hedge_that_the_broker_opens_anew_is_taken_over_and_is_no_second_one() -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        old = hedge_of(stage.trade(ticket))
        magic = stage.venue.ledger.holdings[old.ticket].magic
        stage.control.hand_close(old.ticket)
        again = Instruction(Act.DEAL, GOLD, -1, Decimal("0.20"), sl=old.sl or 0.0, magic=magic)
        stage.control._by_hand(again)
        await stage.wait(40)
        trade = stage.trade(ticket)
        assert trade.state is State.HEDGED
        assert hedge_of(trade).position != old.position
        assert trade.degraded == ""
        assert stage.heard("a second hedge") == 0

    play(story)


@pytest.mark.parametrize("verb", ["close", "unhedge"])
def test_a_close_that_is_filled_in_part_is_not_called_done(verb: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        stage.control.partial_share = 0.5
        outcome = await stage.confirmed(cm.PreviewDefence(ticket, verb))
        assert (outcome.ok, outcome.code) == (False, "partly")
        assert stage.trade(ticket).open

    play(story)


def test_a_virtual_hedge_is_bought_back_on_a_netting_account() -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = await hedged(stage)
        outcome = await stage.confirmed(cm.PreviewDefence(ticket, "unhedge"))
        assert outcome.ok, outcome
        assert stage.positions() == [(ticket, "BUY", "0.40")]
        assert stage.trade(ticket).state is State.RECOVERING

    play(story, account=NETTING, rules=Rules(rebuy=True))


def test_what_is_bought_back_bears_the_levels_that_stand_now(tmp_path: Path) -> None:
    """The journal has not seen yet that a person moved the stop; the order replaces both levels."""

    async def story(stage: outbox_stage.Stage) -> None:
        await stage.hedge()
        stage.broker.held[MAIN] = replace(stage.broker.held[MAIN], sl=2641.0, tp=2690.0)
        assert (await stage.wish(ActionKind.CLOSE_HEDGE, "T8")).state is ActionState.DONE
        sent = stage.broker.sent[-1]
        assert (sent.sl, sent.tp) == (Decimal("2641.00"), Decimal("2690.00"))

    mode, rules = MarginMode.NETTING, Rules(rebuy=True)
    outbox_stage.play(story, tmp_path, mode=mode, rules=rules)


# --- clocks --------------------------------------------------------------------------------------


def test_a_tick_from_the_future_is_no_price() -> None:
    """The server's clock is read wrong by an hour: a dead feed would look alive for as long."""

    async def story(stage: Stage) -> None:
        ticket = stage.open()
        await stage.ready()
        ticks = stage.terminal.ticks

        async def ahead(names: Sequence[str]) -> Mapping[str, Tick] | Incomplete:
            found = await ticks(names)
            assert not isinstance(found, Incomplete)
            return {one: replace(tick, at=tick.at + 3600) for one, tick in found.items()}

        stage.terminal.ticks = ahead  # type: ignore[method-assign]
        await stage.wait(40)
        outcome = await stage.do(cm.PreviewDefence(ticket, "hedge"))
        assert (outcome.ok, outcome.code) == (False, "stale-tick")
        assert "ahead of this computer's clock" in stage.view.frozen
        assert stage.row(ticket).u is None

    play(story)
