"""What comes under watch, and what a desk may conclude from what it is (not) shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import Automation, State
from hedgetui.domain.events import LinkState
from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Seconds
from hedgetui.simulation.mt5.ledger import AccountTerms
from tests.dtms_engine.stage import BITCOIN, GOLD, Stage, play


def test_a_new_position_is_adopted_within_seconds_with_the_risk_of_its_stop() -> None:
    async def story(stage: Stage) -> None:
        await stage.ready()
        ticket = stage.open(GOLD, "SELL", "0.40", stop=20.0)
        await stage.wait(5)
        trade = stage.trade(ticket)
        assert (trade.side, trade.volume, trade.state) == (
            Side.SELL, Decimal("0.40"), State.HEALTHY
        )  # fmt: skip
        assert trade.sl is not None
        assert trade.risk == pytest.approx(trade.sl - trade.entry)
        assert stage.row(ticket).automation == "auto"
        assert stage.heard(f"#{ticket} XAUUSD SELL 0.4 under watch") == 1

    play(story)


def test_without_a_stop_the_risk_is_twice_the_m15_atr() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, stop=0.0)
        await stage.ready()
        await stage.wait(10)
        atr15 = stage.parts.board.readings[GOLD].atr15
        assert stage.trade(ticket).risk == pytest.approx(2 * atr15)

    play(story)


def test_filters_leave_positions_out_and_say_why_until_a_person_adopts_them() -> None:
    async def story(stage: Stage) -> None:
        gold, coin = stage.open(GOLD), stage.open(BITCOIN, volume="0.05", stop=2000.0)
        await stage.ready()
        assert [trade.identifier for trade in stage.book.open_trades] == [gold]
        (left,) = stage.view.unwatched
        assert (left.ticket, left.why) == (coin, "BTCUSD is not in dtms.symbols")
        outcome = await stage.do(cm.Adopt(coin))
        assert outcome.ok
        assert stage.trade(coin).state is State.HEALTHY
        assert stage.facts(fx.DefenceAdopted)[-1].by == "test"
        outcome = await stage.do(cm.Ignore(gold))
        assert outcome.ok
        await stage.wait(60)
        assert [trade.identifier for trade in stage.book.open_trades] == [coin]
        assert [row.why for row in stage.view.unwatched] == ["ignored by you"]

    play(story, symbols=("XAU*",))


def test_magics_are_a_filter_too() -> None:
    async def story(stage: Stage) -> None:
        stage.open(GOLD)
        await stage.ready()
        assert stage.book.trades == {}
        assert stage.view.unwatched[0].why == "magic 0 is not in dtms.magics"

    play(story, magics=frozenset({77}))


def test_what_a_person_changes_is_adopted_and_never_set_back() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, volume="0.40", stop=20.0)
        await stage.ready()
        level = round(stage.price() - 30.0, 2)
        stage.control.hand_stop(ticket, sl=level)
        stage.control.hand_close(ticket, "0.10")
        await stage.wait(31)
        trade = stage.trade(ticket)
        assert (trade.volume, trade.sl) == (Decimal("0.30"), level)
        assert trade.initial_volume == Decimal("0.40")
        assert "main changed by hand" in stage.facts(fx.DefenceAmended)[-1].why
        await stage.wait(300)
        assert stage.terminal.sent == []

    play(story)


def test_another_ticket_of_the_same_position_is_the_same_trade() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD)
        await stage.ready()
        renamed = stage.control.reopen(ticket)
        await stage.wait(5)
        assert len(stage.book.trades) == 1
        assert stage.trade(ticket).ticket == renamed
        assert stage.row(renamed).identifier == ticket

    play(story)


def test_five_minutes_of_failed_answers_close_nothing() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD)
        await stage.ready()
        await stage.wait(3)
        cycle = stage.view.last_cycle_at
        stage.terminal.blind = "positions_get: -10005 timeout"
        await stage.wait(300)
        assert stage.trade(ticket).open
        assert stage.view.frozen == "positions unknown: positions_get: -10005 timeout"
        assert not stage.view.monitoring
        assert stage.view.last_cycle_at == cycle
        assert stage.terminal.sent == []
        assert stage.heard("MT5 positions unknown") == 1
        stage.terminal.blind = ""
        await stage.wait(10)
        assert stage.view.frozen == ""
        assert stage.trade(ticket).open

    play(story)


def test_a_position_that_is_not_shown_is_not_closed_before_its_deals_say_so() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD)
        await stage.ready()
        stage.terminal.hidden.add(ticket)
        await stage.wait(120)
        assert stage.trade(ticket).open
        assert stage.row(ticket).why == "position gone, no deal yet"
        stage.terminal.dumb = "history_deals_get: -1"
        await stage.wait(60)
        assert stage.row(ticket).why == "position gone, deals unknown: history_deals_get: -1"
        stage.terminal.dumb, stage.terminal.hidden = "", set()
        stage.control.history_lag_s = 20.0
        stage.control.hand_close(ticket)
        await stage.wait(10)
        assert stage.trade(ticket).open
        await stage.wait(20)
        assert stage.trade(ticket).state is State.CLOSED
        (move,) = stage.facts(fx.DefenceMoved)
        assert move.rule == "T14"
        assert "closed by hand at" in move.why

    play(story)


def test_a_broken_link_is_said_once_and_counters_start_anew() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD)
        await stage.ready()
        await stage.wait(650)
        memory = stage.defence.watch._tools.memories.of(stage.trade(ticket).identifier)
        assert memory.counters.state is not None
        stage.control.link = False
        stage.terminal.reachable = False
        await stage.wait(5)
        assert stage.link is LinkState.DOWN
        assert memory.counters.state is None
        assert stage.view.frozen.startswith("MT5 down: ")
        assert stage.heard("🔴 MT5 link down") == 1
        await stage.wait(120)
        assert stage.view.mt5.next_try_at is not None
        stage.control.link, stage.terminal.reachable = True, True
        await stage.wait(60)
        assert stage.link is LinkState.READY
        assert stage.trade(ticket).open
        assert stage.book.session == 2

    play(story)


def test_a_terminal_on_another_account_stops_everything() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD)
        await stage.ready()
        login = stage.book.login
        stage.control.set_account(login=login + 1)
        await stage.wait(5)
        assert stage.link is LinkState.DEGRADED
        assert stage.heard("🛑 MT5: account switched") == 1
        assert "account switched" in stage.view.frozen
        outcome = await stage.do(cm.PreviewDefence(ticket, "close"))
        assert outcome.code == "link"
        await stage.restart()
        await stage.wait(60)
        assert stage.link is LinkState.DEGRADED, "a trade of the journal is still open"
        assert stage.trade(ticket).open
        stage.control.set_account(login=login)
        await stage.wait(30)
        assert stage.link is LinkState.READY
        assert stage.book.login == login

    play(story)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"expected_login": 12}, "the settings say 12"),
        ({"profile": "live"}, "live trading needs its MT5 login"),
    ],
)
def test_the_wrong_account_is_never_ready(settings: dict[str, object], words: str) -> None:
    async def story(stage: Stage) -> None:
        stage.open(GOLD)
        await stage.start()
        await stage.wait(60)
        assert stage.link is LinkState.DEGRADED
        assert words in stage.view.frozen
        assert stage.book.trades == {}

    play(story, **settings)


def test_autotrading_switched_off_degrades_the_link_until_it_is_on_again() -> None:
    async def story(stage: Stage) -> None:
        stage.open(GOLD)
        await stage.ready()
        stage.control.autotrading = False
        await stage.wait(5)
        assert stage.view.mt5.link == LinkState.DEGRADED.value
        assert stage.view.frozen.endswith("AutoTrading is off in the terminal")
        stage.control.autotrading = True
        await stage.wait(15)
        assert stage.link is LinkState.READY

    play(story)


def test_an_old_tick_freezes_its_symbol_alone() -> None:
    async def story(stage: Stage) -> None:
        gold, coin = stage.open(GOLD), stage.open(BITCOIN, volume="0.05", stop=2000.0)
        await stage.ready()
        stage.control.freeze_ticks(GOLD)
        await stage.wait(95)
        assert stage.view.frozen.startswith("XAUUSD tick ")
        assert stage.row(gold).u is None
        assert stage.row(gold).why.startswith("tick ")
        assert stage.row(coin).u is not None
        stage.control.thaw_ticks()
        await stage.wait(31)
        assert stage.view.frozen == ""

    play(story)


def test_a_netting_account_is_told_to_the_screen() -> None:
    async def story(stage: Stage) -> None:
        stage.open(GOLD)
        await stage.ready()
        assert stage.view.mt5.margin_mode == "netting"
        assert stage.view.monitoring

    play(story, account=AccountTerms(mode=MarginMode.NETTING))


def test_automation_of_an_adopted_trade_is_the_settings() -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD)
        await stage.ready()
        assert stage.trade(ticket).automation is Automation.ALERT
        outcome = await stage.do(cm.SetAutomation(ticket, "sometimes"))
        assert outcome.code == "usage"
        outcome = await stage.do(cm.SetAutomation(ticket, "off"))
        assert outcome.ok
        assert stage.row(ticket).automation == "off"

    play(story, automation=Automation.ALERT, fast_loop=Seconds(30.0))
