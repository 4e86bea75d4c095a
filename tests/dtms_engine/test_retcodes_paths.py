"""Every class of answer has its one way to go on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionState, Rules, State
from hedgetui.domain.mt5.records import (
    Incomplete,
    MarginCheck,
    MarginMode,
    NotSent,
    Request,
    TradeAction,
)
from hedgetui.domain.mt5.retcodes import CODES, Meaning
from tests.dtms_engine.outbox_stage import GOLD, MAIN, Answer, Stage, play, refused, spec


def _codes(*meanings: Meaning) -> list[int]:
    return [code for code, (_, meaning, _) in CODES.items() if meaning in meanings]


# --- accepted --------------------------------------------------------------------------------


def test_a_part_that_was_filled_is_the_hedge(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(10010, share="0.4"))
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        assert stage.trade.hedge is not None
        assert stage.trade.hedge.volume == Decimal("0.10")
        assert len(stage.broker.sent) == 1, "the remainder is the next evaluation's"

    play(story, tmp_path)


def test_placed_is_followed_until_its_deal(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(10008, late=6.0, working=True))
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        assert stage.actions == ["open_hedge DONE 10008"]
        assert len(stage.hedges()) == 1
        assert stage.trade.state is State.HEDGED

    play(story, tmp_path)


def test_no_changes_is_done_when_the_stop_is_there(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        def other_hand() -> None:
            held = stage.broker.held[MAIN]
            stage.broker.held[MAIN] = replace(held, sl=2640.0)

        stage.broker.on_arrival = other_hand
        stage.broker.answers.append(refused(10025))
        acted = await stage.wish(ActionKind.TIGHTEN_SL, "T1")
        assert acted.state is ActionState.DONE
        assert stage.trade.sl == 2640.0

    play(story, tmp_path)


def test_done_without_a_trace_is_never_taken_for_nothing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(refused(10009))
        assert (await stage.hedge()).state is ActionState.UNKNOWN
        for _ in range(4):
            await stage.outbox.resolve()
        assert stage.unknown, "the server said it did"
        assert (await stage.hedge()).code == "in-flight"
        assert len(stage.broker.sent) == 1

    play(story, tmp_path)


# --- prices ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", _codes(Meaning.REQUOTE))
def test_a_refused_price_is_tried_with_a_fresh_tick(tmp_path, code) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.extend([refused(code), refused(code)])
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        assert stage.actions == [
            f"open_hedge FAILED {code}", f"open_hedge FAILED {code}", "open_hedge DONE 10009",
        ]  # fmt: skip
        magics = [request.magic for request in stage.broker.sent]
        assert len(set(magics)) == 3, "each try is an action of its own"
        first, second, third = stage.broker.arrivals
        assert second - first == pytest.approx(0.3, abs=0.1)
        assert third - second == pytest.approx(0.6, abs=0.1)

    play(story, tmp_path)


def test_a_requote_loop_ends_at_three_a_minute(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = lambda _: refused(10004)
        for _ in range(20):
            await stage.hedge()
            await stage.wait(10)
        for start in stage.broker.arrivals:
            window = [at for at in stage.broker.arrivals if start <= at < start + 60]
            assert len(window) <= 3
        assert stage.trade.state is State.WARNING_L2

    play(story, tmp_path)


def test_a_price_that_ran_away_is_left_to_the_next_evaluation(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        def run_away() -> None:
            stage.broker.bid, stage.broker.ask = 2640.0, 2640.2

        stage.broker.on_arrival = run_away
        stage.broker.answers.append(refused(10004))
        acted = await stage.hedge()
        assert (acted.state, acted.code) == (None, "price-moved")
        assert len(stage.broker.sent) == 1

    play(story, tmp_path)


# --- unclear: may have happened --------------------------------------------------------------


@pytest.mark.parametrize("code", _codes(Meaning.UNCLEAR))
@pytest.mark.parametrize("landed", [True, False])
def test_an_unclear_code_is_looked_for(tmp_path, code, landed) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(code, lands=landed))
        acted = await stage.hedge()
        retried = not landed and code in {10006, 10028}
        if landed or retried:
            assert acted.state is ActionState.DONE
            assert len(stage.hedges()) == 1
        else:
            assert acted.state is ActionState.FAILED
            assert stage.hedges() == []
            assert stage.heard("proven absent") == 1
        assert len(stage.broker.sent) == (2 if retried else 1)
        assert stage.broker.most_hedges <= 1

    play(story, tmp_path)


def test_one_retry_after_a_reject_and_no_second(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = lambda _: refused(10006)
        await stage.hedge()
        assert stage.actions == ["open_hedge FAILED 10006"] * 2
        first, second = stage.broker.arrivals
        assert second - first >= 10, "proven absent first"

    play(story, tmp_path)


# --- slower, later, once more ----------------------------------------------------------------


def test_too_many_requests_slow_everything_down(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.extend([refused(10024)] * 3)
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        at = stage.broker.arrivals
        gaps = [round(later - earlier) for earlier, later in pairwise(at)]
        assert gaps == [1, 2, 4]

    play(story, tmp_path)


def test_throttled_for_ever_gives_up_for_now(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = lambda _: refused(10024)
        acted = await stage.hedge()
        assert (acted.state, acted.code) == (ActionState.FAILED, "too-many")
        assert len(stage.broker.sent) == 5
        assert (await stage.wish(ActionKind.TIGHTEN_SL, "T1")).code == "throttled"

    play(story, tmp_path)


@pytest.mark.parametrize("code", _codes(Meaning.STALE_VIEW, Meaning.BAD_FILL))
def test_an_old_view_is_read_again_once(tmp_path, code) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = lambda _: refused(code)
        acted = await stage.hedge()
        assert acted.state is ActionState.FAILED
        assert len(stage.broker.sent) == 2

    play(story, tmp_path)


def test_frozen_is_left_to_the_next_evaluation(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(refused(10029))
        acted = await stage.wish(ActionKind.TIGHTEN_SL, "T1")
        assert (acted.state, acted.code) == (ActionState.FAILED, "frozen")
        assert len(stage.broker.sent) == 1
        assert (await stage.wish(ActionKind.TIGHTEN_SL, "T1")).state is ActionState.DONE

    play(story, tmp_path)


def test_a_closed_market_is_asked_again_at_its_first_tick(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        at = stage.clock.now()
        stage.broker.tick_age = 0.0
        stage.broker.answers.append(refused(10018))
        assert (await stage.hedge()).state is ActionState.FAILED
        stage.broker.tick_age = stage.clock.now() - at
        assert (await stage.hedge()).code == "market-closed"
        assert len(stage.broker.sent) == 1
        stage.broker.tick_age = 0.0
        assert (await stage.hedge()).state is ActionState.DONE

    play(story, tmp_path)


def test_already_closed_is_the_goal_reached_if_the_deals_say_so(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        hedge = stage.hedges()[0]

        def other_hand() -> None:
            if hedge.identifier in stage.broker.held:
                stage.broker.reduce(hedge.identifier, hedge.volume)

        stage.broker.on_arrival = other_hand
        stage.broker.answers.append(refused(10036))
        await stage.wish(ActionKind.CLOSE_HEDGE, "T8")
        assert (stage.trade.state, stage.trade.hedge) == (State.RECOVERING, None)

    play(story, tmp_path)


def test_already_closed_without_a_deal_proves_nothing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        await stage.hedge()
        hidden = stage.hedges()[0]
        stage.broker.on_arrival = lambda: stage.broker.held.pop(hidden.identifier, None)
        stage.broker.answers.append(refused(10036))
        await stage.wish(ActionKind.CLOSE_HEDGE, "T8")
        assert stage.trade.state is State.HEDGED
        assert stage.trade.hedge is not None

    play(story, tmp_path)


# --- levels ----------------------------------------------------------------------------------


def _stops_refused(count: int):
    """Refuse the first request with a stop, and then so many attempts to set one."""
    left = {"open": 1, "set": count}

    def answer(request: Request) -> Answer | None:
        what = "set" if request.action is TradeAction.SLTP else "open"
        if request.sl is None or not left[what]:
            return None
        left[what] -= 1
        return refused(10016)

    return answer


def test_a_refused_stop_follows_after_the_fill(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = _stops_refused(0)
        await stage.hedge()
        assert stage.actions == [
            "open_hedge FAILED 10016", "open_hedge DONE 10009", "set_stop DONE 10009",
        ]  # fmt: skip
        assert [request.sl for request in stage.broker.sent] == [
            Decimal("2662.00"), None, Decimal("2662.00"),
        ]  # fmt: skip
        hedge = stage.trade.hedge
        assert hedge is not None
        assert (hedge.sl, hedge.soft_sl) == (2662.0, False)

    play(story, tmp_path)


def test_a_stop_that_is_refused_again_is_set_wider(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = _stops_refused(2)
        await stage.hedge()
        hedge = stage.trade.hedge
        assert hedge is not None
        assert (hedge.sl, hedge.soft_sl) == (2668.0, False)

    play(story, tmp_path)


def test_a_stop_that_nobody_takes_is_watched_here_and_fires(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = _stops_refused(99)
        await stage.hedge()
        hedge = stage.trade.hedge
        assert hedge is not None
        assert (hedge.sl, hedge.soft_sl) == (2662.0, True)
        assert stage.heard("SOFT SL") == 1
        stage.broker.bid, stage.broker.ask = 2661.7, 2661.9
        await stage.outbox.keep_stops()
        assert len(stage.hedges()) == 1
        stage.broker.bid, stage.broker.ask = 2661.9, 2662.1
        await stage.outbox.keep_stops()
        assert stage.hedges() == []
        moved = (await stage.facts(fx.DefenceMoved))[-1]
        assert (moved.rule, moved.after) == ("T9", State.RECOVERING)

    play(story, tmp_path)


def test_the_broker_is_asked_again_for_a_stop_ever_more_seldom(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answer = _stops_refused(10_000)
        await stage.hedge()
        before = len(stage.broker.sent)
        for _ in range(40):
            await stage.wait(30)
            await stage.outbox.keep_stops()
        asked = (len(stage.broker.sent) - before) / 6  # three distances, two tries each
        assert asked <= 6
        stage.broker.answer = lambda _: None
        await stage.wait(600)
        await stage.outbox.keep_stops()
        hedge = stage.trade.hedge
        assert hedge is not None
        assert hedge.soft_sl is False

    play(story, tmp_path)


def test_a_broker_that_forgets_the_stop_of_a_fill_gets_it_again(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        def without_stop() -> None:
            for position in stage.hedges():
                if stage.broker.sent[-1].action is TradeAction.DEAL:
                    stage.broker.held[position.identifier] = replace(position, sl=None)

        stage.broker.after_landing = without_stop
        await stage.hedge()
        hedge = stage.trade.hedge
        assert hedge is not None
        assert (hedge.soft_sl, stage.hedges()[0].sl) == (False, 2662.0)

    play(story, tmp_path)


# --- money -----------------------------------------------------------------------------------


def _short(level: float) -> MarginCheck:
    return MarginCheck(0, 100.0, level, "Done")


@pytest.mark.parametrize(("rungs", "volume"), [(1, "0.12"), (2, "0.06")])
def test_a_smaller_hedge_where_money_is_short(tmp_path, rungs, volume) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.margin = [_short(150.0)] * rungs
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        trade = stage.trade
        assert trade.hedge is not None
        assert (trade.state, trade.hedge.volume) == (State.HEDGED, Decimal(volume))
        assert "hedged in part" in trade.degraded

    play(story, tmp_path)


@pytest.mark.parametrize("how", ["server", "check", "level"])
def test_without_money_the_position_is_reduced_once_and_not_called_hedged(tmp_path, how) -> None:
    async def story(stage: Stage) -> None:
        if how == "server":
            stage.broker.answer = lambda r: None if r.position else refused(10019)
        else:
            check = MarginCheck(10019, 0.0, None, "") if how == "check" else _short(120.0)
            stage.broker.margin = [check] * 50
        for _ in range(3):
            acted = await stage.hedge()
            assert acted.code == "no-money"
            await stage.wait(300)
        trade = stage.trade
        assert (trade.state, trade.hedge, trade.volume) == (
            State.WARNING_L2, None, Decimal("0.25"),
        )  # fmt: skip
        assert trade.degraded.startswith("not hedged")
        assert stage.hedges() == []
        assert len(await stage.facts(fx.DefenceDegraded)) == 1

    play(story, tmp_path)


def test_money_that_came_back_ends_the_degradation(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.margin = [_short(120.0)] * 3
        await stage.hedge()
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        assert (stage.trade.state, stage.trade.degraded) == (State.HEDGED, "")

    play(story, tmp_path)


def test_by_hand_the_confirmed_volume_or_nothing(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.margin = [_short(120.0)]
        acted = await stage.wish(ActionKind.OPEN_HEDGE, "T15", by_hand=True, by="trader")
        assert (acted.state, acted.code) == (None, "no-money")
        assert stage.broker.sent == []

    play(story, tmp_path)


def test_not_knowing_the_margin_is_no(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.margin = [Incomplete("order_check: None")]
        assert (await stage.hedge()).code == "margin-unknown"
        assert stage.broker.sent == []

    play(story, tmp_path)


# --- not allowed -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", _codes(Meaning.LIMITS, Meaning.RULE))
def test_where_no_hedge_is_allowed_the_position_is_reduced(tmp_path, code) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(refused(code))
        acted = await stage.hedge()
        assert acted.state is ActionState.DONE
        trade = stage.trade
        assert trade.hedge is not None
        assert (trade.state, trade.hedge.virtual) == (State.HEDGED, True)
        assert trade.volume == Decimal("0.25")
        assert stage.hedges() == []

    play(story, tmp_path)


@pytest.mark.parametrize("code", _codes(Meaning.PERMISSION))
def test_no_permission_stops_the_machine_until_a_person_acts(tmp_path, code) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(refused(code))
        assert (await stage.hedge()).state is ActionState.FAILED
        assert str(code) in stage.outbox.halted
        assert (await stage.hedge()).code == "halted"
        assert len(stage.broker.sent) == 1
        by_hand = await stage.wish(ActionKind.TIGHTEN_SL, "T15", by_hand=True)
        assert by_hand.state is ActionState.DONE
        assert stage.outbox.halted == ""

    play(story, tmp_path)


@pytest.mark.parametrize("code", _codes(Meaning.BUG))
def test_our_own_mistake_is_not_repeated_and_told_in_full(tmp_path, code) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(refused(code))
        acted = await stage.hedge()
        assert acted.state is ActionState.FAILED
        assert len(stage.broker.sent) == 1
        assert stage.heard("Failed to place hedge order") == 1
        assert any("Request(" in record.why for record in stage.log.records)

    play(story, tmp_path)


def test_a_request_that_never_left_is_a_failure_and_no_doubt(tmp_path) -> None:
    async def story(stage: Stage) -> None:
        stage.broker.answers.append(Answer(lands=False, reply=NotSent("-2 invalid argument")))
        acted = await stage.hedge()
        assert acted.state is ActionState.FAILED
        assert not stage.unknown

    play(story, tmp_path)


def test_every_code_of_the_table_leaves_a_clear_end(tmp_path) -> None:
    """Whatever one answer says, afterwards the trade is hedged once, or not at all and said."""

    async def story(stage: Stage) -> None:
        code = next(codes)
        stage.broker.spec = spec(name=GOLD)
        stage.broker.answers.append(Answer(code, lands=CODES[code][1].accepted))
        await stage.hedge()
        states = Counter(one.state for one in stage.parts.book.actions.values())
        assert states[ActionState.SENT] == states[ActionState.PLANNED] == 0
        hedged = stage.trade.state is State.HEDGED
        assert hedged == (stage.trade.hedge is not None)
        assert stage.broker.most_hedges <= 1

    for number, _ in enumerate(CODES):
        codes = iter(list(CODES)[number : number + 1])
        folder = tmp_path / str(number)
        folder.mkdir()
        play(story, folder)


@pytest.mark.parametrize("code", list(CODES))
def test_no_answer_reverses_a_netting_position(tmp_path, code) -> None:
    async def story(stage: Stage) -> None:
        lands = CODES[code][1].accepted or CODES[code][1] is Meaning.UNCLEAR
        stage.broker.answers.append(Answer(code, lands=lands))
        for kind, rule in ((ActionKind.OPEN_HEDGE, "T5"), (ActionKind.CLOSE_ALL, "T6")):
            await stage.wish(kind, rule)
            held = [p.volume for p in stage.broker.held.values()]
            assert len(held) <= 1
            assert all(Decimal(0) < volume <= Decimal("0.50") for volume in held)
        assert all(request.position for request in stage.broker.sent)

    play(story, tmp_path, mode=MarginMode.NETTING, rules=Rules())
