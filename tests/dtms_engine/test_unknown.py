"""At most one hedge, whatever is answered, whatever landed, wherever the process ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionState, State
from hedgetui.domain.mt5.records import DealReason, Lots, MarginMode
from tests.dtms_engine.outbox_stage import (
    LANDED_SILENT,
    LOST,
    MAIN,
    Answer,
    Killed,
    Stage,
    play,
    refused,
)


def test_a_timeout_of_an_order_that_landed_is_one_hedge(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(LANDED_SILENT)
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        assert len(stage.broker.sent) == len(stage.hedges()) == 1
        assert stage.trade.state is State.HEDGED
        after = [one.after for one in await stage.facts(fx.ActionMoved)]
        assert after == [ActionState.SENT, ActionState.UNKNOWN, ActionState.DONE]

    play(story, tmp_path)


def test_a_timeout_of_an_order_that_was_lost_is_proven_and_wished_again(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(LOST)
        began = stage.clock.now()
        assert (await stage.hedge()).state is ActionState.FAILED
        assert stage.clock.now() - began >= 10, "three looks take ten seconds"
        assert stage.trade.state is State.WARNING_L2
        assert (await stage.hedge()).code == "unanswered"
        await stage.wait(61)
        assert (await stage.hedge()).state is ActionState.DONE
        assert len(stage.hedges()) == stage.broker.most_hedges == 1
        cycles = [action.cycle for action in stage.parts.book.actions.values()]
        assert cycles == [1, 2]

    play(story, tmp_path)


def test_nothing_is_sent_while_one_is_unknown(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(LANDED_SILENT)
        stage.broker.dumb = "history_deals_get: None"
        assert (await stage.hedge()).state is ActionState.UNKNOWN
        for kind in (ActionKind.OPEN_HEDGE, ActionKind.CLOSE_ALL, ActionKind.TIGHTEN_SL):
            assert (await stage.wish(kind)).code == "in-flight"
        assert len(stage.broker.sent) == 1
        stage.broker.dumb = ""
        await stage.outbox.resolve()
        assert stage.trade.state is State.HEDGED

    play(story, tmp_path)


@pytest.mark.parametrize("spoiled", ["blind", "dumb", "offline", "unreachable", "other account"])
def test_an_incomplete_look_proves_nothing(tmp_path, spoiled) -> None:
    async def story(stage: Stage) -> None:
        broker = stage.broker

        def spoil() -> None:
            match spoiled:
                case "offline":
                    broker.terminal = replace(broker.terminal, connected=False)
                case "unreachable":
                    broker.reachable = False
                case "other account":
                    broker.account = replace(broker.account, login=1)
                case _:
                    setattr(broker, spoiled, "None")

        broker.on_arrival = spoil
        broker.answers.append(LOST)
        assert (await stage.hedge()).state is ActionState.UNKNOWN
        for _ in range(10):
            await stage.wait(30)
            await stage.outbox.resolve()
        assert stage.unknown

    play(story, tmp_path)


def test_looks_that_are_too_close_together_count_once(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.dumb = "history_deals_get: None"
        stage.broker.on_arrival = lambda: stage.clock.call_later(4.0, _speak) and None

        def _speak() -> None:
            stage.broker.dumb = ""

        stage.broker.answers.append(LOST)
        assert (await stage.hedge()).state is ActionState.UNKNOWN, "two complete looks so far"
        asked = stage.clock.now()
        await stage.outbox.resolve()
        assert not stage.unknown
        assert stage.clock.now() - asked >= 5

    play(story, tmp_path)


def test_resolving_leaves_what_is_being_followed_alone(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(LOST)
        hedging = asyncio.ensure_future(stage.hedge())
        await stage.wait(6)
        for _ in range(20):
            await stage.outbox.resolve()
        assert stage.unknown
        await hedging
        assert not stage.unknown

    play(story, tmp_path)


def test_an_order_that_is_still_working_is_not_absent(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(None, late=40.0, working=True))
        assert (await stage.hedge()).state is ActionState.UNKNOWN
        await stage.outbox.resolve()
        assert stage.unknown
        await stage.wait(30)
        await stage.outbox.resolve()
        assert stage.trade.state is State.HEDGED
        assert stage.broker.most_hedges == 1

    play(story, tmp_path)


@pytest.mark.parametrize("late", [3.0, 8.0, 20.0, 45.0])
def test_an_order_that_lands_late_stays_the_only_one(tmp_path, late) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(None, late=late))
        for _ in range(8):
            await stage.hedge()
            await stage.wait(30)
        assert stage.broker.most_hedges == 1
        assert stage.trade.state is State.HEDGED

    play(story, tmp_path)


def test_a_hedge_that_came_and_went_before_anybody_looked_is_still_told(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        def stopped_out() -> None:
            hedge = stage.hedges()[0]
            stage.broker.reduce(hedge.identifier, hedge.volume, reason=DealReason.STOP_LOSS)

        stage.broker.after_landing = stopped_out
        stage.broker.answers.append(LANDED_SILENT)
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        assert stage.trade.hedges == 1
        assert len(stage.broker.sent) == 1 + len(
            [action for action in stage.parts.book.actions.values() if action.rule != "T5"]
        )

    play(story, tmp_path)


# --- reductions ------------------------------------------------------------------------------


@pytest.mark.parametrize("landed", [True, False])
def test_a_partial_close_is_told_by_its_own_deal(tmp_path, landed) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(None, lands=landed))
        # Somebody else closes the same volume in the same moment.
        stage.broker.on_arrival = _once(
            lambda: stage.broker.reduce(MAIN, Lots(Decimal("0.30")), reason=DealReason.CLIENT)
        )
        acted = await stage.wish(ActionKind.PARTIAL_CLOSE, "T3")
        assert acted.state is (ActionState.DONE if landed else ActionState.FAILED)
        assert stage.trade.halved is landed

    play(story, tmp_path, lots="1.00", initial_volume=Lots(Decimal("1.00")), halved=False)


def test_a_volume_that_no_deal_explains_is_neither_done_nor_absent(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.deal_lag = 60.0
        stage.broker.answers.append(LANDED_SILENT)
        acted = await stage.wish(ActionKind.PARTIAL_CLOSE, "T3")
        assert acted.state is ActionState.UNKNOWN
        await stage.wait(60)
        await stage.outbox.resolve()
        assert stage.trade.closed_volume == Decimal("0.50")
        assert len(stage.broker.sent) == 1

    play(story, tmp_path, lots="1.00", initial_volume=Lots(Decimal("1.00")), halved=False)


def test_magic_numbers_begin_anew_and_old_deals_are_not_mistaken(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        await stage.wish(ActionKind.CLOSE_HEDGE, "T8")
        first = stage.broker.sent[0].magic
        adopted = replace(stage.trade, cycle=32, state=State.WARNING_L2, hedges=0)
        await stage.record(fx.DefenceAdopted(adopted, "test"))
        await stage.wait(3600)
        stage.broker.answers.append(LOST)
        assert (await stage.hedge()).state is ActionState.FAILED
        assert stage.broker.sent[-1].magic == first

    play(story, tmp_path)


# --- the end of the process, anywhere --------------------------------------------------------

ANSWERS: dict[str, Answer] = {
    "done": Answer(),
    "partial": Answer(10010, share="0.4"),
    "placed": Answer(10008, late=2.0, working=True),
    "requote": refused(10004),
    "timeout, landed": LANDED_SILENT,
    "timeout, lost": LOST,
    "timeout, late": Answer(None, late=7.0),
    "error, landed": Answer(10012),
    "reject, lost": refused(10006),
    "reject, landed": Answer(10006),
    "no money": refused(10019),
    "stops": refused(10016),
    "prohibited": refused(10046),
    "throttled": refused(10024),
}


def _planned(events: Sequence[ev.Event]) -> bool:
    return any(isinstance(one, fx.ActionPlanned) for one in events)


def _moved(after: ActionState | None) -> Callable[[Sequence[ev.Event]], bool]:
    def match(events: Sequence[ev.Event]) -> bool:
        return any(
            isinstance(one, fx.ActionMoved)
            and (one.after is after or (after is None and one.after is not ActionState.SENT))
            for one in events
        )

    return match


WRITES = {"planned": _planned, "sent": _moved(ActionState.SENT), "end": _moved(None)}
DEATHS = [
    "nowhere", "before landing", "after landing",
    *(f"{side} {write}" for write in WRITES for side in ("before", "after")),
]  # fmt: skip


def _arrange(stage: Stage, death: str) -> None:
    match death.split():
        case ["nowhere"]:
            pass
        case ["before", "landing"]:
            stage.broker.kill_before_landing = True
        case ["after", "landing"]:
            stage.broker.kill_after_landing = True
        case ["before", write]:
            stage.tape.kill_before = WRITES[write]
        case [_, write]:
            stage.tape.kill_after = WRITES[write]


async def _defended(stage: Stage, kind: ActionKind, answer: Answer, death: str) -> None:
    """Wish once on a broker that answers so, die, come back, and wish until it is true."""
    stage.broker.answers.append(answer)
    _arrange(stage, death)
    try:
        await stage.wish(kind)
    except Killed:
        await stage.restart()
    for _ in range(4):
        await stage.wait(75)
        await stage.outbox.keep_stops()
        await stage.outbox.resolve()
        if stage.trade.state is not State.HEDGED:
            await stage.wish(kind)


@pytest.mark.parametrize(("named", "death"), list(itertools.product(ANSWERS, DEATHS)))
def test_one_hedge_whatever_happens(tmp_path, named, death) -> None:
    async def story(stage: Stage) -> None:
        await _defended(stage, ActionKind.OPEN_HEDGE, ANSWERS[named], death)
        assert stage.broker.most_hedges <= 1
        trade, hedges = stage.trade, stage.hedges()
        assert trade.state is State.HEDGED
        assert trade.hedge is not None
        assert trade.hedges == 1
        if trade.hedge.virtual:
            assert hedges == []
            assert stage.broker.held[MAIN].volume == Decimal("0.25")
        else:
            assert [p.identifier for p in hedges] == [trade.hedge.position]
            assert trade.hedge.volume == hedges[0].volume
            assert trade.hedge.sl == hedges[0].sl
        assert stage.parts.book.live_action(trade.symbol) is None

    play(story, tmp_path)


@pytest.mark.parametrize("named", ["done", "timeout, landed", "timeout, lost", "error, landed"])
@pytest.mark.parametrize("death", DEATHS)
def test_one_reduction_whatever_happens(tmp_path, named, death) -> None:
    async def story(stage: Stage) -> None:
        await _defended(stage, ActionKind.OPEN_HEDGE, ANSWERS[named], death)
        assert stage.trade.state is State.HEDGED
        assert stage.broker.held[MAIN].volume == Decimal("0.25")
        assert stage.trade.volume == Decimal("0.25")

    play(story, tmp_path, mode=MarginMode.NETTING)


@pytest.mark.parametrize("state", [ActionState.PLANNED, ActionState.SENT, ActionState.UNKNOWN])
def test_a_restart_settles_what_it_finds_before_the_link_is_ready(tmp_path, state) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(LANDED_SILENT)
        if state is ActionState.UNKNOWN:
            stage.tape.kill_after = _moved(ActionState.UNKNOWN)
        else:
            _arrange(stage, f"after {state.lower()}")
        with pytest.raises(Killed):
            await stage.hedge()
        await stage.restart(ready=False)
        (action,) = stage.parts.book.actions.values()
        landed = state is ActionState.UNKNOWN
        assert action.state is (ActionState.DONE if landed else ActionState.FAILED)
        assert len(stage.broker.sent) == (1 if landed else 0)
        if state is ActionState.PLANNED:
            assert "never sent" in action.message

    play(story, tmp_path)


def test_a_reconnection_does_not_settle_what_is_being_followed(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        async def reconnect() -> None:
            await stage.wait(0.02)
            await stage.outbox.resume()

        acted, _ = await asyncio.gather(stage.hedge(), reconnect())
        assert acted.state is ActionState.DONE
        moves = [one.after for one in await stage.facts(fx.ActionMoved)]
        assert moves == [ActionState.SENT, ActionState.DONE]

    play(story, tmp_path)


def test_an_action_whose_follower_died_is_looked_for(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.kill_after_landing = True
        with pytest.raises(Killed):
            await stage.hedge()
        assert stage.actions == ["open_hedge SENT"]
        stage.broker.kill_after_landing = False
        await stage.outbox.keep_stops()
        assert stage.trade.state is State.HEDGED
        assert len(stage.broker.sent) == 1

    play(story, tmp_path)


def _once(work: Callable[[], None]) -> Callable[[], None]:
    left = [work]

    def run() -> None:
        if left:
            left.pop()()

    return run
