"""What the MT5 broker is and does by itself, F93 to F99, over the bridge's socket.

Accounts that net, volumes that have no half, stops it refuses, comments it rewrites, answers it
does not give, and positions it ends, renumbers or will not let anybody touch.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.dtms.model import ActionKind, ActionState, Automation, State
from hedgetui.domain.events import LinkState
from hedgetui.domain.mt5.identity import magic_of
from hedgetui.domain.mt5.records import DealEntry, MarginMode
from tests.faults.mt5_desk import EAGER, GOLD, Mt5Desk, play_mt5

HEDGE = ActionKind.OPEN_HEDGE
LOTS = Decimal("0.10")
"""The hedge of BUY 0.40: half was closed in L2, and half of the rest is hedged."""

# --- F93: an account where an opposite order takes from the position


@pytest.mark.parametrize("mode", [MarginMode.NETTING, MarginMode.EXCHANGE])
def test_F93_on_a_netting_account_a_hedge_reduces_and_says_so(tmp_path, mode):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys(stop=25.0)
        await told.watched(ticket)
        assert told.view.mt5.margin_mode == mode.name.lower()
        stop = told.trade(ticket).sl
        outcome = await told.do(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.preview is not None
        assert outcome.preview.title == f"HEDGE {ticket}: SELL 0.20 XAUUSD @ MKT"
        assert "virtual hedge" in dict(outcome.preview.lines)["note"]
        assert outcome.preview.orders == (f"SELL 0.20 XAUUSD of #{ticket}",)
        outcome = await told.do(cm.Confirm(outcome.preview.preview_id))
        assert outcome.ok, outcome
        await told.wait(60)
        trade = told.trade(ticket)
        assert trade.state is State.HEDGED
        assert trade.hedge is not None
        assert trade.hedge.virtual
        assert told.open_there() == [("BUY", Decimal("0.20"))]
        assert trade.sl == stop, "no stop of a hedge went over the position's own"
        with told.broker():
            (held,) = told.venue.ledger.holdings.values()
            assert held.sl == stop

    play_mt5(tmp_path, story, account=mode)


def test_F93_the_machine_never_reverses_a_netting_position(tmp_path):
    """Through L1, L2, hedge and the flat deadline: every deal of ours takes away."""

    async def story(told: Mt5Desk) -> None:
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 600)
        assert told.moves(ticket) == ["T1", "T3", "T5", "T6"]
        assert told.open_there() == []
        with told.broker():
            entries = [deal.entry for deal in told.venue.ledger.deals if deal.symbol]
        assert entries == [DealEntry.IN, DealEntry.OUT, DealEntry.OUT, DealEntry.OUT]
        assert told.hedges_ever() == []

    flags = EAGER | {"dtms.flat_after_min": 2.0, "dtms.dwell_min": 1.0}
    play_mt5(tmp_path, story, flags=flags, account=MarginMode.NETTING)


def test_F93_where_opposite_positions_are_prohibited_the_position_is_reduced(tmp_path):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.rules(fifo=False, no_hedge=True)
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 90)
        await told.wait(30)
        assert told.ends(HEDGE) == ["open_hedge FAILED 10046", "open_hedge DONE 10009"]
        assert told.hedges_ever() == []
        assert told.open_there() == [("BUY", Decimal("0.10"))]

    play_mt5(tmp_path, story, flags=EAGER)


# --- F94: too small


@pytest.mark.parametrize(("held", "left", "hedged"), [
    ("0.01", ["0.01"], []),
    ("0.02", ["0.01"], []),
    ("0.03", ["0.02", "0.01"], ["0.01"]),
    ("0.05", ["0.03", "0.01"], ["0.01"]),
])  # fmt: skip
def test_F94_volumes_are_never_rounded_up(tmp_path, held, left, hedged):
    """Of 0.05 L2 closes 0.02, and a hedge of the 0.03 left is 0.01; 0.01 has no half."""

    async def story(told: Mt5Desk) -> None:
        ticket = await told.falls(held)
        await told.until(lambda: told.trade(ticket).state is not State.HEALTHY, 60)
        await told.wait(150)
        assert [volume for _, volume in told.open_there()] == [Decimal(one) for one in left]
        assert told.hedges_ever() == [Decimal(one) for one in hedged]
        if hedged:
            return
        assert told.trade(ticket).state is State.WARNING_L2
        assert told.actions(HEDGE) == []
        assert told.heard("Failed to place hedge order") == 1
        refused = await told.do(cm.PreviewDefence(ticket, "hedge"))
        assert (refused.code, refused.message) == ("too-small", "⚠️ too small to hedge: 0.01")
        offered = await told.do(cm.PreviewDefence(ticket, "close"))
        assert offered.preview is not None
        assert offered.preview.sendable

    play_mt5(tmp_path, story, flags=EAGER)


# --- F95: the hedge's stop


def test_F95_a_stop_nearer_than_the_broker_allows_is_widened_and_shown(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        with told.broker() as control:
            control.levels(GOLD, stops=2_000)
        await told.watched(ticket)
        outcome = await told.do(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.preview is not None
        assert "stop widened" in dict(outcome.preview.lines)["stop"]
        assert (await told.do(cm.Confirm(outcome.preview.preview_id))).ok
        told.has_one_hedge(ticket, Decimal("0.20"))
        hedge = told.trade(ticket).hedge
        assert hedge is not None
        assert hedge.sl - hedge.price >= 20.0
        assert not hedge.soft_sl

    play_mt5(tmp_path, story)


def test_F95_a_stop_that_is_refused_follows_the_hedge(tmp_path):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(10016, kind="open")
        ticket = await told.hedges_by_hand()
        told.has_one_hedge(ticket, Decimal("0.20"))
        assert told.ends() == [
            "open_hedge FAILED 10016", "open_hedge DONE 10009", "set_stop DONE 10009"
        ]  # fmt: skip
        with told.broker():
            stop = list(told.venue.ledger.holdings.values())[1].sl
        hedge = told.trade(ticket).hedge
        assert hedge is not None
        assert (hedge.sl, hedge.soft_sl) == (stop, False)

    play_mt5(tmp_path, story)


def test_F95_a_stop_that_the_broker_never_takes_is_watched_here(tmp_path):
    """`SOFT SL`: beyond it the desk closes the hedge itself, as the broker would have."""

    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(10016, kind="open")
            control.refuse_next(10016, kind="sltp", times=1000)
        ticket = await told.hedges_by_hand(stop=100.0)
        hedge = told.row(ticket).hedge
        assert hedge is not None
        assert hedge.soft_sl
        assert told.heard("SOFT SL") == 1
        with told.broker() as control:
            assert list(told.venue.ledger.holdings.values())[1].sl == 0.0
            control.push(GOLD, 0.004, 30.0)
        await told.until(lambda: told.trade(ticket).state is State.RECOVERING, 90)
        assert told.open_there() == [("BUY", Decimal("0.40"))]
        assert told.hedges_ever() == [Decimal("0.20")]

    play_mt5(tmp_path, story)


def test_F95_without_an_atr_there_is_no_hedge(tmp_path):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.rates_fail = -1
        ticket = told.buys()
        await told.watched(ticket)
        refused = await told.do(cm.PreviewDefence(ticket, "hedge"))
        assert (refused.ok, refused.code) == (False, "no-atr")
        assert told.hedges_ever() == []

    play_mt5(tmp_path, story)


# --- F96: comments are the broker's


@pytest.mark.parametrize("policy", ["blank", "rewrite"])
def test_F96_a_hedge_is_known_by_its_magic_whatever_its_comment_says(tmp_path, policy):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.rewrite_comments(policy)
            control.lose_next("landed", "none", kind="open")
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 90)
        await told.again()
        await told.ready()
        await told.wait(60)
        told.has_one_hedge(ticket, LOTS)
        with told.broker():
            hedge = list(told.venue.ledger.holdings.values())[1]
        assert "DTMS" not in hedge.comment
        assert hedge.magic == magic_of(HEDGE, told.actions(HEDGE)[0].cycle, ticket)
        assert [row.identifier for row in told.view.rows] == [ticket]
        assert told.view.unwatched == ()

    play_mt5(tmp_path, story, flags=EAGER)


# --- F97: an answer that could not be had is no answer


def test_F97_five_minutes_without_positions_close_nothing(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        before, sent = told.trade(ticket), len(told.actions())
        with told.broker() as control:
            control.positions_fail = -1
        await told.wait(10)
        assert "positions unknown" in told.view.frozen
        await told.wait(290)
        assert told.trade(ticket) == before
        assert len(told.actions()) == sent
        assert len(told.open_there()) == 2
        assert told.heard("positions unknown") == 1, "said once, shown all the time"
        with told.broker() as control:
            control.positions_fail = 0
        await told.until(lambda: not told.view.frozen, 30)
        assert told.trade(ticket).state is State.HEDGED

    play_mt5(tmp_path, story, flags={"dtms.hedge_sl_atr": 20.0})


def test_F97_a_position_that_is_not_shown_is_closed_when_its_deals_say_so(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        with told.broker() as control:
            control.deals_fail = -1
            control.hand_close(ticket)
        await told.wait(300)
        assert told.trade(ticket).state is State.HEDGED
        assert told.open_there() == [("SELL", Decimal("0.2"))]
        with told.broker() as control:
            control.deals_fail = 0
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 30)
        assert told.open_there() == []
        assert told.moves(ticket) == ["T15", "T14"]

    play_mt5(tmp_path, story, flags={"dtms.hedge_sl_atr": 20.0})


# --- F98: the trade ends between decision and hedge


@pytest.mark.parametrize("moment", [ActionState.SENT, ActionState.DONE])
def test_F98_a_hedge_whose_trade_has_ended_is_closed_at_once(tmp_path, moment):
    """SENT: gone before the hedge is there. DONE: gone right after."""

    async def story(told: Mt5Desk) -> None:
        def close_main() -> None:
            with told.broker() as control:
                control.hand_close(ticket)

        ticket = told.buys()
        await told.watched(ticket)
        told.when(HEDGE, moment, close_main)
        await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 30)
        assert told.hedges_ever() == [Decimal("0.20")]
        assert told.open_there() == []
        opened, closed = (
            next(deal.at for deal in told.venue.ledger.deals if deal.sign == sign and deal.magic)
            for sign in (-1, 1)
        )
        assert closed - opened <= 10.0
        assert told.moves(ticket)[-1] == "T14"

    play_mt5(tmp_path, story)


def test_F98_a_trade_that_ended_before_the_order_is_not_hedged(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        await told.watched(ticket)
        shown = await told.do(cm.PreviewDefence(ticket, "hedge"))
        assert shown.preview is not None
        with told.broker() as control:
            control.hand_close(ticket)
        outcome = await told.do(cm.Confirm(shown.preview.preview_id))
        assert not outcome.ok
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 30)
        assert told.hedges_ever() == []
        assert told.moves(ticket) == ["T14"]

    play_mt5(tmp_path, story)


# --- F99: what the broker does by itself


def test_F99_a_hedge_at_its_stop_leaves_the_trade_recovering(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        with told.broker() as control:
            control.push(GOLD, 0.006, 30.0)
        await told.until(lambda: told.trade(ticket).state is State.RECOVERING, 60)
        trade = told.trade(ticket)
        assert told.moves(ticket) == ["T15", "T9"]
        assert trade.hedge is None
        assert trade.automation is Automation.AUTO
        assert trade.recover_by == trade.since + 1_800
        assert told.open_there() == [("BUY", Decimal("0.40"))]

    play_mt5(tmp_path, story)


def test_F99_a_swap_that_gives_both_legs_new_tickets_changes_nothing_else(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        hedge = told.trade(ticket).hedge
        assert hedge is not None
        with told.broker() as control:
            tickets = control.reopen(ticket), control.reopen(hedge.ticket)
        assert set(tickets).isdisjoint({ticket, hedge.ticket})
        await told.wait(60)
        trade = told.trade(ticket)
        assert (trade.state, trade.ticket, trade.hedges) == (State.HEDGED, tickets[0], 1)
        assert trade.hedge is not None
        assert (trade.hedge.position, trade.hedge.ticket) == (hedge.position, tickets[1])
        assert len(told.book.trades) == 1
        assert told.view.unwatched == ()
        outcome = await told.confirmed(cm.PreviewDefence(tickets[0], "close"))
        assert outcome.ok, outcome
        assert told.open_there() == []

    play_mt5(tmp_path, story, flags={"dtms.hedge_sl_atr": 20.0})


def test_F99_autotrading_off_stops_everything_with_a_banner(tmp_path):
    """Past the flat deadline nothing is sent; on again, the deadline is kept at the next look."""

    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        with told.broker() as control:
            control.autotrading = False
        await told.until(lambda: told.link is LinkState.DEGRADED, 10)
        assert "AutoTrading is off in the terminal" in told.view.frozen
        sent = len(told.actions())
        await told.wait(180)
        assert told.trade(ticket).flat_at < told.clock.now()
        assert len(told.actions()) == sent
        assert len(told.open_there()) == 2
        with told.broker() as control:
            control.autotrading = True
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 60)
        assert told.moves(ticket) == ["T15", "T6"]
        assert told.open_there() == []

    flags = {"dtms.hedge_sl_atr": 20.0, "dtms.flat_after_min": 2.0, "dtms.dwell_min": 1.0}
    play_mt5(tmp_path, story, flags=flags)


@pytest.mark.parametrize("retcode", [10017, 10026, 10027])
def test_F99_a_refused_permission_stops_the_machine_until_a_person_acts(tmp_path, retcode):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(retcode, kind="open")
        ticket = await told.falls()
        await told.until(lambda: told.actions(HEDGE), 90)
        await told.wait(700)
        assert told.ends(HEDGE) == [f"open_hedge FAILED {retcode}"]
        assert told.trade(ticket).state is State.WARNING_L2
        assert told.view.frozen.startswith(f"trading stopped: {retcode}")
        assert told.heard("🛑 trading stopped") == 1
        outcome = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.ok, outcome
        assert told.view.frozen == ""
        told.has_one_hedge(ticket, LOTS)

    play_mt5(tmp_path, story, flags=EAGER)
