"""What the outbox does when the broker does what it is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import Plan
from hedgetui.domain.dtms.machine import Wish
from hedgetui.domain.dtms.model import ActionKind, ActionState, Rules, State
from hedgetui.domain.errors import StoreError
from hedgetui.domain.mt5.records import DealReason, Lots, MarginMode, TradeAction
from hedgetui.domain.orders import Side
from tests.dtms_engine.outbox_stage import MAIN, Stage, play, refused, spec


def test_a_hedge_stands_before_the_state_says_so(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        acted = await stage.hedge()
        assert (acted.state, acted.code) == (ActionState.DONE, "done")
        request = stage.broker.sent[0]
        assert (request.side, request.volume, request.sl) == (
            Side.SELL, Decimal("0.25"), Decimal("2662.00"),
        )  # fmt: skip
        assert request.comment == f"DTMS_HEDGE_{MAIN}"
        trade, hedge = stage.trade, stage.trade.hedge
        assert hedge is not None
        assert (trade.state, trade.hedges, hedge.volume) == (State.HEDGED, 1, Decimal("0.25"))
        assert trade.flat_at == pytest.approx(hedge.at + 4500)
        assert (hedge.sl, hedge.soft_sl, hedge.ticket) == (2662.0, False, stage.hedges()[0].ticket)
        assert stage.heard("DTMS: Hedge opened for XAUUSD") == 1
        # The move, the hedge and the end of the action are one write.
        kinds = [type(fact.event) for fact in await stage.tape.facts()]
        done = kinds.index(fx.HedgeOpened)
        assert kinds[done - 1 : done + 2] == [fx.ActionMoved, fx.HedgeOpened, fx.DefenceMoved]

    play(story, tmp_path)


def test_the_action_is_on_disk_as_sent_before_a_byte_leaves(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        seen: list[list[str]] = []
        stage.broker.on_arrival = lambda: seen.append(stage.actions)
        await stage.hedge()
        assert seen == [["open_hedge SENT"]]

    play(story, tmp_path)


def test_two_wishes_at_once_are_one_order(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        both = await asyncio.gather(stage.hedge(), stage.hedge("T15"))
        assert sorted(acted.code for acted in both) == ["done", "in-flight"]
        assert len(stage.broker.sent) == 1

    play(story, tmp_path)


def test_nobody_slips_in_between_two_tries(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(refused(10004))
        trying = asyncio.ensure_future(stage.hedge())
        while stage.actions != ["open_hedge FAILED 10004"]:
            await stage.wait(0.01)
        assert (await stage.wish(ActionKind.TIGHTEN_SL, "T1")).code == "in-flight"
        assert (await trying).state is ActionState.DONE

    play(story, tmp_path)


def test_a_volume_that_somebody_changed_is_looked_at_first(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.reduce(MAIN, Lots(Decimal("0.20")), reason=DealReason.CLIENT)
        assert (await stage.hedge()).code == "changed"
        assert stage.broker.sent == []

    play(story, tmp_path)


def test_wishing_again_sends_nothing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        again = await stage.hedge()
        assert (again.state, again.code) == (None, "holds")
        assert len(stage.broker.sent) == 1

    play(story, tmp_path)


def test_a_hedge_that_the_journal_does_not_know_is_adopted(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        # The journal of a restored disk: it knows the trade and not the hedge.
        await stage.record(fx.HedgeGone(MAIN, "forgotten", None))
        await stage.record(
            fx.DefenceMoved(MAIN, State.HEDGED, State.WARNING_L2, "T15", "test", None, None)
        )
        acted = await stage.hedge()
        assert (acted.state, acted.code) == (ActionState.DONE, "adopted")
        assert len(stage.broker.sent) == 1
        assert stage.trade.state is State.HEDGED
        assert stage.trade.hedge is not None

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (ev.LatchSet("freeze", on=True, by="test", why="K"), "forbidden"),
        (ev.ArmSwitched(armed=False, by="test"), "forbidden"),
        (ev.LatchSet("halt", on=True, by="rule", why="loss"), "latched"),
        (fx.Mt5LinkChanged("degraded", "AutoTrading off", 1), "link"),
    ],
)
def test_what_forbids_sending_is_said_once(tmp_path, event, code) -> None:
    async def story(stage: Stage) -> None:
        await stage.record(event)
        for _ in range(3):
            acted = await stage.hedge()
            assert (acted.state, acted.code) == (None, code)
        assert stage.broker.sent == []
        denied = await stage.facts(fx.DefenceDenied)
        assert len(denied) == (0 if code == "link" else 1)

    play(story, tmp_path)


def test_a_halt_stops_opening_and_never_closing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        await stage.record(ev.LatchSet("halt", on=True, by="rule", why="loss"))
        acted = await stage.wish(ActionKind.CLOSE_ALL, "T6")
        assert acted.state is ActionState.DONE
        assert stage.broker.held == {}
        assert stage.trade.state is State.CLOSED

    play(story, tmp_path)


@pytest.mark.parametrize("moment", [fx.ActionPlanned, fx.ActionMoved])
def test_a_freeze_while_the_action_is_written_keeps_it_here(tmp_path, moment) -> None:
    async def story(stage: Stage) -> None:
        def freeze(events) -> None:
            if any(isinstance(one, moment) for one in events):
                state = stage.parts.recorder.state
                stage.parts.recorder.state = _frozen(state)

        stage.tape.on_append = freeze
        acted = await stage.hedge()
        assert acted.state is ActionState.FAILED
        assert "never sent" in acted.message
        assert stage.broker.sent == []

    play(story, tmp_path)


def _frozen(state):
    return replace(state, latches={"freeze": "K"})


def test_a_broken_journal_sends_nothing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.tape.broken = "disk full"
        with pytest.raises(StoreError):
            await stage.hedge()
        acted = await stage.hedge()
        assert (acted.state, acted.code) == (None, "forbidden")
        assert stage.broker.sent == []

    play(story, tmp_path)


def test_an_old_price_or_an_unknown_position_defers(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.tick_age = 61.0
        assert (await stage.hedge()).code == "stale-tick"
        stage.broker.tick_age = 0.5
        stage.broker.blind = "positions_get: None"
        assert (await stage.hedge()).code == "unknown"
        stage.broker.blind = ""
        del stage.broker.held[MAIN]
        assert (await stage.hedge()).code == "gone"
        assert stage.actions == []

    play(story, tmp_path)


def test_no_atr_no_hedge(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.parts.board.hedge_atr.clear()
        assert (await stage.hedge()).code == "no-atr"
        assert stage.broker.sent == []

    play(story, tmp_path)


def test_the_smallest_lot_cannot_be_hedged_and_that_is_said(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        acted = await stage.hedge()
        assert acted.code == "too-small"
        assert stage.heard("too small to hedge") == 1
        assert stage.broker.sent == []

    play(story, tmp_path, lots="0.01")


def test_half_is_closed_once(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        for _ in range(3):
            await stage.wish(ActionKind.PARTIAL_CLOSE, "T3")
        assert [request.volume for request in stage.broker.sent] == [Decimal("0.50")]
        trade = stage.trade
        assert (trade.volume, trade.closed_volume) == (Decimal("0.50"), Decimal("0.50"))
        assert trade.halved

    play(
        story, tmp_path, lots="1.00", initial_volume=Lots(Decimal("1.00")), halved=False
    )  # fmt: skip


def test_what_cannot_be_halved_is_not_asked_for_again(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        acted = await stage.wish(ActionKind.PARTIAL_CLOSE, "T3")
        assert acted.code == "too-small"
        assert stage.trade.halved
        assert stage.broker.sent == []

    play(story, tmp_path, lots="0.01", initial_volume=Lots(Decimal("0.01")), halved=False)


def test_a_stop_is_tightened_and_its_target_kept(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.wish(ActionKind.TIGHTEN_SL, "T1")
        request = stage.broker.sent[0]
        assert (request.action, request.sl, request.tp) == (
            TradeAction.SLTP, Decimal("2638.00"), Decimal("2700.00"),
        )  # fmt: skip
        assert stage.trade.sl == 2638.0
        assert (await stage.wish(ActionKind.TIGHTEN_SL, "T1")).code == "holds"

    play(story, tmp_path)


def test_break_even_disarms_itself(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.bid, stage.broker.ask = 2660.0, 2660.2
        await stage.wish(ActionKind.BREAKEVEN_SL, "T3")
        assert (stage.trade.sl, stage.trade.breakeven_armed) == (2655.0, False)

    play(story, tmp_path)


@pytest.mark.parametrize("close_by", [True, False])
def test_close_all_closes_both_legs(tmp_path, close_by) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.spec = spec(order_mask=127 if close_by else 63)
        await stage.hedge()
        acted = await stage.wish(ActionKind.CLOSE_ALL, "T6")
        assert acted.state is ActionState.DONE
        assert stage.broker.held == {}
        closings = [request.action for request in stage.broker.sent[1:]]
        first = TradeAction.CLOSE_BY if close_by else TradeAction.DEAL
        assert closings == [first, TradeAction.DEAL]
        trade = stage.trade
        assert (trade.state, trade.hedge) == (State.CLOSED, None)
        moved = await stage.facts(fx.DefenceMoved)
        assert [(one.rule, one.after) for one in moved][-1] == ("T6", State.CLOSED)

    play(story, tmp_path)


def test_close_all_that_stops_between_the_legs_goes_on(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()

        def unplugged() -> None:
            if stage.broker.sent[-1].action is TradeAction.CLOSE_BY:
                stage.broker.terminal = off

        on = stage.broker.terminal
        off = _without_algo(on)
        stage.broker.after_landing = unplugged
        first = await stage.wish(ActionKind.CLOSE_ALL, "T7")
        assert first.code == "terminal"
        assert stage.trade.hedge is None
        assert stage.trade.state is State.HEDGED
        stage.broker.terminal = on
        await stage.outbox.keep_stops()
        assert stage.broker.held == {}
        assert stage.trade.state is State.CLOSED

    play(story, tmp_path)


def _without_algo(terminal):
    return replace(terminal, trade_allowed=False)


def test_unhedging_recovers(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        await stage.wish(ActionKind.CLOSE_HEDGE, "T8")
        assert [p.identifier for p in stage.broker.held.values()] == [MAIN]
        trade = stage.trade
        assert (trade.state, trade.hedge) == (State.RECOVERING, None)
        assert trade.recover_by is not None
        assert trade.flat_at is None

    play(story, tmp_path)


def test_a_hedge_that_closed_itself_meanwhile_is_not_closed_again(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        hedge = stage.hedges()[0]
        stage.broker.reduce(hedge.identifier, hedge.volume, reason=DealReason.STOP_LOSS)
        acted = await stage.wish(ActionKind.CLOSE_HEDGE, "T8")
        assert acted.code == "closed"
        assert len(stage.broker.sent) == 1
        assert (stage.trade.state, stage.trade.hedge) == (State.RECOVERING, None)

    play(story, tmp_path)


def test_main_closed_while_hedging_closes_the_hedge_at_once(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        def stopped() -> None:
            if MAIN in stage.broker.held:
                lots = stage.broker.held[MAIN].volume
                stage.broker.reduce(MAIN, lots, reason=DealReason.STOP_LOSS)

        stage.broker.on_arrival = stopped
        await stage.hedge()
        assert stage.broker.held == {}
        assert [one.action for one in stage.broker.sent] == [TradeAction.DEAL, TradeAction.DEAL]
        trade = stage.trade
        assert (trade.state, trade.hedge) == (State.CLOSED, None)
        states = [one.after for one in await stage.facts(fx.DefenceMoved)]
        assert states == [State.CLOSED], "it was never hedged"

    play(story, tmp_path)


def test_a_main_leg_that_is_only_hidden_keeps_its_hedge(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        hidden = {}

        def hide() -> None:
            hidden.update({MAIN: stage.broker.held.pop(MAIN)})

        stage.broker.after_landing = hide
        await stage.hedge()
        assert len(stage.hedges()) == 1
        assert stage.trade.state is State.HEDGED

    play(story, tmp_path)


# --- netting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [MarginMode.NETTING, MarginMode.EXCHANGE])
def test_where_positions_net_a_hedge_is_a_reduction_without_a_stop(tmp_path, mode) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        (request,) = stage.broker.sent
        assert (request.position, request.sl, request.volume) == (MAIN, None, Decimal("0.25"))
        trade, hedge = stage.trade, stage.trade.hedge
        assert hedge is not None
        assert (trade.state, hedge.virtual, trade.volume) == (State.HEDGED, True, Decimal("0.25"))
        assert stage.broker.held[MAIN].sl == 2630.0

    play(story, tmp_path, mode=mode)


@pytest.mark.parametrize(("rebuy", "left"), [(False, "0.25"), (True, "0.50")])
def test_a_virtual_hedge_ends_without_a_request_unless_it_is_bought_back(
    tmp_path, rebuy, left
) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        acted = await stage.wish(ActionKind.CLOSE_HEDGE, "T8")
        assert acted.state is ActionState.DONE
        assert len(stage.broker.sent) == (2 if rebuy else 1)
        assert stage.broker.held[MAIN].volume == Decimal(left)
        trade = stage.trade
        assert (trade.state, trade.hedge, trade.volume) == (
            State.RECOVERING, None, Decimal(left),
        )  # fmt: skip

    play(story, tmp_path, mode=MarginMode.NETTING, rules=Rules(rebuy=rebuy))


def test_close_all_ends_a_virtual_hedge_too(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        await stage.wish(ActionKind.CLOSE_ALL, "T6")
        assert stage.broker.held == {}
        assert (stage.trade.state, stage.trade.hedge) == (State.CLOSED, None)

    play(story, tmp_path, mode=MarginMode.NETTING)


def test_short_trades_are_defended_as_mirror_images(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        request = stage.broker.sent[0]
        assert (request.side, request.sl) == (Side.BUY, Decimal("2638.20"))

    play(story, tmp_path, side=Side.SELL, sl=2680.0)


def test_a_preview_writes_and_sends_nothing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        before = len(await stage.tape.facts())
        plan = await stage.outbox.plan(MAIN, Wish(ActionKind.OPEN_HEDGE, "T15", "by hand"))
        assert isinstance(plan, Plan)
        assert plan.request.describe() == "SELL 0.25 XAUUSD SL 2662.00"
        assert len(await stage.tape.facts()) == before
        assert stage.broker.sent == []

    play(story, tmp_path)
