"""Reading the portfolio: what is known, what is kept, what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.balance.facts import BetasMeasured
from hedgetui.domain.balance.positions import Kind, read_positions
from hedgetui.engine.balance.door import door
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.balance.terminal import read_terminal
from hedgetui.engine.balance.usable import usable
from hedgetui.ports import dtms as dv
from hedgetui.ports.portfolio import Holding
from hedgetui.simulation.virtual_loop import run_virtual
from tests.balance.balance_stage import option
from tests.dtms_engine.stage import play
from tests.portfolio.portfolio_stage import ScriptedPortfolio, Stage, tell

TERMINAL = dv.DefenceView(
    dv.Mt5View("ready", login="5021", currency="USD", equity=10_000.0),
    held=(
        dv.TerminalLine("XAUUSDm", "SELL", 0.5, 2650.0, 100.0, "USD"),
        dv.TerminalLine("US500.cash", "BUY", 2.0, 6000.0, 1.0, "USD"),
        dv.TerminalLine("GER40", "BUY", 1.0, 19_000.0, 1.0, "EUR"),
    ),
)


def test_an_answer_that_broke_off_keeps_the_lines_and_says_so():
    async def story(desk: Stage) -> None:
        before = desk.seen
        assert (len(before.book.positions), before.counts.bias.value) == (6, "NET SHORT")
        assert (before.nav, before.market.vix, before.market.index_level) == (250_000, 14.9, 600)
        desk.port.incomplete = "the account's end mark is missing"
        await desk.wait(31)
        after = desk.seen
        assert after.book == before.book
        assert after.sources[0].problem == "the account's end mark is missing"
        assert after.sources[0].read_at == before.sources[0].read_at
        desk.port.incomplete, desk.port.positions = "", ()
        await desk.wait(31)
        assert (desk.seen.book.positions, desk.seen.sources[0].problem) == ((), "")

    tell(story)


def test_before_the_first_whole_answer_nothing_is_known():
    async def story(desk: Stage) -> None:
        await desk.shut()
        desk.port.incomplete = "timeout"
        await desk.open()
        seen = desk.seen
        assert (seen.on, seen.market, seen.dollars, seen.advice) == (True, None, None, ())
        assert (seen.sources[0].read_at, seen.sources[0].problem) == (None, "timeout")
        outcome = await desk.ask(cm.ReadPortfolio())
        assert (outcome.ok, outcome.code) == (False, "not-read")
        outcome = await desk.ask(cm.PreviewTicket("advice", 1))
        assert outcome.code == "not-read"

    tell(story)


def test_lines_are_written_when_the_book_leans_otherwise_and_not_every_reading():
    async def story(desk: Stage) -> None:
        await desk.wait(300)
        assert desk.port.times("holdings") > 8
        assert desk.heard("⇅ Portfolio read") == 1
        assert "⇅ Portfolio read: 6 lines, NET SHORT -4" in desk.lines
        desk.port.positions = desk.port.positions[:1]
        desk.port.incomplete = "timeout"
        await desk.wait(90)
        assert desk.heard("🟡 Portfolio SIM DU100042: timeout") == 1
        desk.port.incomplete = ""
        await desk.wait(90)
        assert "⇅ Portfolio read: 1 lines, BALANCED +1" in desk.lines

    tell(story)


def test_a_fill_and_a_new_session_are_read_soon():
    async def story(desk: Stage) -> None:
        asked = desk.port.times("holdings")
        fill = ev.FillBooked("E1", 1, "", "NVDA STK", ev.Side.BUY, 1, 180, desk.clock.now())
        await desk.kernel.recorder.record(fill)
        await desk.wait(2)
        assert desk.port.times("holdings") == asked + 1
        desk.broker.cut()
        await desk.wait(12)
        assert desk.port.times("holdings") == asked + 2

    tell(story, read_every=600.0)


def test_the_terminal_is_a_source_of_its_own():
    async def story(desk: Stage) -> None:
        desk.terminal = replace(TERMINAL, held_at=desk.clock.now())
        await desk.ask(cm.ReadPortfolio())
        seen = desk.seen
        assert [one.name for one in seen.sources] == ["SIM DU100042", "MT5 5021"]
        gold, index, dax = seen.book.positions[-3:]
        assert (gold.underlying, gold.kind, gold.quantity, gold.multiplier) == (
            "XAUUSD", Kind.FX, -0.5, 100.0,
        )  # fmt: skip
        assert (index.underlying, index.kind, index.side) == ("US500", Kind.FUTURE, 1)
        assert dax.multiplier is None, "its gains are euros"
        assert seen.nav == 260_000
        assert (seen.counts.short_equity, seen.counts.net) == (1, -3)
        desk.terminal = dv.DefenceView(dv.Mt5View("down", reason="no answer", login="5021"))
        await desk.ask(cm.ReadPortfolio())
        assert desk.seen.book == seen.book
        assert "no answer" in desk.seen.sources[1].problem

    tell(story)


def test_a_terminal_that_was_never_read_is_missed_in_words():
    async def story(desk: Stage) -> None:
        desk.terminal = dv.DefenceView(dv.Mt5View("down", reason="no answer", login="5021"))
        await desk.ask(cm.ReadPortfolio())
        assert "MT5 5021 is not in it" in desk.seen.warning
        assert desk.seen.nav is None

    tell(story)


def test_numbers_that_are_none_cost_their_own_line_and_nothing_else():
    def broken(port: ScriptedPortfolio) -> None:
        share, put, *rest = port.positions
        nan = float("nan")
        bad = replace(put, spot=0.0, iv=nan, price=nan, multiplier=-1.0)
        port.positions = (share, bad, *rest, replace(share, symbol="NOTHING", quantity=nan))
        port.spots["QQQ"] = nan

    async def story(desk: Stage) -> None:
        seen = desk.seen
        assert (len(seen.book.positions), seen.counts.net) == (6, -4)
        assert seen.book.unparsed[0].why == "a quantity of nan"
        assert seen.sources[0].problem == "no new price of QQQ"
        assert {line.position.underlying for line in seen.dollars.unknown} >= {"SPY", "QQQ"}

    tell(story, "net_short", broken)


def test_a_line_without_nonsense_is_not_copied():
    line = Holding(option("SPY", "P", 2, 570.0))
    (kept,), _ = usable([line])
    assert kept is line


def test_volatility_is_what_the_settings_list_whatever_the_broker_calls_it():
    async def story(desk: Stage) -> None:
        kinds = {one.underlying: one.kind for one in desk.seen.book.positions}
        assert (kinds["GLDM"], kinds["VIXM"]) == (Kind.VOL, Kind.EQUITY)
        assert (desk.seen.counts.vol, desk.seen.counts.long_equity) == (1, 2)

    tell(story, "balanced", vol_symbols=("GLD*",))


def test_prices_that_are_delayed_are_marked():
    async def story(desk: Stage) -> None:
        desk.port.delayed = True
        await desk.wait(31)
        assert desk.seen.sources[0].problem.startswith("delayed prices of HYG, IWM")
        await desk.ask(cm.SetAdvice("50000", 3))
        assert all(row.note.startswith("quotes are delayed") for row in desk.seen.advice)

    tell(story)


def test_a_level_that_is_not_said_any_more_is_forgotten_and_nothing_follows_from_it():
    async def story(desk: Stage) -> None:
        assert [row.action.value for row in desk.seen.advice] == ["HOLD", "INSURE"]
        del desk.port.spots["VIX"]
        await desk.wait(600)
        assert desk.seen.market.vix == 14.9
        assert desk.seen.sources[0].problem.endswith("VIX")
        await desk.wait(360)
        assert desk.seen.market.vix is None
        assert [row.action.value for row in desk.seen.advice] == ["HOLD"]

    tell(story, "balanced")


def test_no_shares_price_a_future_that_has_their_name():
    def hold(port: ScriptedPortfolio) -> None:
        port.positions = read_positions(
            ["symbol,type,quantity,strike,expiry,right", "CL,option,1,60,2026-01-16,C",
             "CL 260116C00090000,,1,,,"],
        ).positions  # fmt: skip
        port.spots["CL"] = 90.0

    async def story(desk: Stage) -> None:
        crude, colgate = (desk.seen.market.spot(one) for one in desk.seen.book.positions)
        assert (crude, colgate) == (None, 90.0)

    tell(story, "net_short", hold)


def test_the_view_is_made_once_for_each_change():
    async def story(desk: Stage) -> None:
        await desk.wait(2)
        assert desk.seen is desk.seen
        seen = desk.seen
        await desk.ask(cm.SetAdvice("900", 2))
        assert desk.seen is not seen

    tell(story)


def test_betas_are_asked_for_once_a_day_and_survive_a_restart():
    async def main() -> None:
        kept: tuple[ev.Fact, ...] = ()
        for run in (1, 2):
            desk = Stage("net_short", BalanceSettings(betas={"TLT": -0.3}), kept)
            desk.port.betas = {"QQQ": 1.2, "IWM": 1.1, "HYG": 0.4}
            try:
                await desk.begin()
                await desk.wait(400)
                assert desk.port.times("closes") == (1 if run == 1 else 0)
                fit = desk.seen.market.betas
                assert fit["QQQ"].beta == pytest.approx(1.2)
                assert (fit["TLT"].beta, fit["TLT"].days) == (-0.3, None)
            finally:
                await desk.close()
            kept = tuple(desk.journal.kept)

    run_virtual(main)


def test_a_new_name_is_measured_alone_and_ages_nothing():
    async def story(desk: Stage) -> None:
        first = desk.seen.betas_at
        assert desk.port.asked.count("closes HYG IWM QQQ SPY TLT") == 1
        desk.port.betas["NVDA"] = 1.8
        one = replace(desk.port.positions[0], symbol="NVDA", underlying="NVDA")
        desk.port.positions += (one,)
        await desk.wait(40)
        assert desk.port.asked.count("closes NVDA SPY") == 1
        assert desk.seen.market.betas["NVDA"].beta == pytest.approx(1.8)
        assert desk.seen.betas_at == first
        await desk.wait(600)
        assert desk.port.asked.count("closes HYG IWM NVDA QQQ SPY TLT") == 1
        facts = [f.event for f in desk.journal.kept if isinstance(f.event, BetasMeasured)]
        assert [len(fact.unknown) for fact in facts] == [4, 4, 4]

    tell(story, betas_every=600.0)


def test_a_desk_without_a_portfolio_says_so():
    async def story(desk: Stage) -> None:
        none = door(None, None, None, desk.kernel.parts, desk.kernel.tickets, lambda: dv.OFF)
        assert none.owns(cm.ReadPortfolio())
        assert (await none.dispatch(cm.ReadPortfolio(), "test")).code == "no-portfolio"
        assert (none.view().on, none.workers()) == (False, ())

    tell(story)


def test_what_the_terminal_holds_is_told_whole_even_where_it_is_not_defended():
    async def story(stage) -> None:
        stage.open(volume="0.50")
        await stage.ready()
        await stage.wait(61)
        assert stage.view.rows == ()
        found = read_terminal(stage.view, stage.clock.now(), ())
        (line,) = found.held
        one = line.position
        assert (one.underlying, one.kind, one.quantity, one.multiplier) == (
            "XAUUSD", Kind.FX, 0.5, 100.0,
        )  # fmt: skip
        assert (one.price > 0, found.problem, line.key) == (True, "", "")

    play(story, magics=frozenset({77}))
