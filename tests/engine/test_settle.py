"""Shares and profits: every dollar of the account belongs to a trade, after any crash."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega import strangle as st
from hedgetui.engine.services import results
from hedgetui.engine.state import reduce
from hedgetui.ports import broker as br
from tests.engine.bench import CALL, MES, NEXT, PUT, Bench, play, strangle_facts

EXPIRY = parse_key(PUT).expires_at
LAST_HOUR = Timestamp(EXPIRY - 300)


def _hedge_money(bench: Bench) -> Decimal:
    """Dollars the hedge's executions moved, fees included."""
    total = Decimal(0)
    for execution in bench.broker.executions.values():
        if execution.instrument_key.startswith("MES"):
            total -= execution.side.sign * execution.quantity * execution.price * 5
            total -= bench.broker.commissions[execution.exec_id].amount
    return total


def test_fills_in_a_burst_are_shared_one_by_one_at_their_own_price() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(24, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(2)
        key = bench.last_key()
        for price in ("5350.00", "5351.00", "5349.00", "5352.50", "5350.25"):
            bench.broker.fill(key, 1, price)
        await bench.wait(5)
        shared = [f.event for f in bench.journal.kept if isinstance(f.event, ev.HedgeShared)]
        assert [s.price for s in shared] == [
            Decimal(p) for p in ("5350.00", "5351.00", "5349.00", "5352.50", "5350.25")
        ]
        share = bench.state.shares["TRADE001"]
        assert share.cash - share.fees == _hedge_money(bench)

    play(story)


def test_killed_between_a_fill_and_its_share_the_money_is_still_to_the_cent() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(2)
        key = bench.last_key()
        settle = bench.kernel.settler._settle

        async def never() -> None:
            return None

        bench.kernel.settler._settle = never  # type: ignore[method-assign]
        bench.broker.fill(key, 2, "5361.75")
        await bench.wait(1)
        assert bench.state.shares == {}
        bench.kernel.settler._settle = settle  # type: ignore[method-assign]
        await bench.crash()
        await bench.wait(30)
        share = bench.state.shares["TRADE001"]
        assert share.contracts == -2
        assert share.cash - share.fees == _hedge_money(bench)
        assert share.fees == Decimal("0.50")

    play(story)


def test_a_corrected_hedge_price_corrects_the_trades_profit() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(5)
        (execution,) = bench.broker.executions.values()
        corrected = replace(execution, revision=2, price=Decimal("5340.00"))
        bench.broker.executions[execution.exec_id] = corrected
        bench.broker.tell(corrected)
        await bench.wait(2)
        share = bench.state.shares["TRADE001"]
        assert share.cash - share.fees == _hedge_money(bench)

    play(story)


def test_the_seed_example_earns_forty_nine_dollars() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(10, 1)
        bench.feed.extra = {PUT: (2.5, 2.5), CALL: (2.5, 2.5)}
        await bench.ready()
        await bench.confirmed(cm.PreviewHedge())
        await bench.wait(3)
        assert bench.hedges() == ["SELL 2 202512"]
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(90)
        end = bench.state.results["TRADE001"]
        assert isinstance(end, ev.TradeClosed)
        bought = Decimal("8.10")
        assert end.options == (Decimal("5.00") - bought) * 100
        assert end.fees == Decimal("1.00")
        assert end.net == end.options + end.hedge - end.fees

    play(story, lots=1)


def test_a_hedge_in_the_month_held_is_valued_at_its_own_price() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(10, 4)
        await bench.ready()
        board, state = bench.kernel.parts.board, bench.state
        assert results.hedge_mark(state, board, NEXT) == Decimal("5350.0")
        both = replace(state, positions={**state.positions, NEXT: -2})
        assert results.hedge_mark(both, board, NEXT) == Decimal("5375.0")
        gone = replace(state, positions={**state.positions, "MES 202606": -1})
        assert results.hedge_mark(gone, board, NEXT) is None
        flat = replace(state, positions={})
        assert results.hedge_mark(flat, board, NEXT) == Decimal("5400.0")
        assert results.hedge_mark(flat, board, "") is None

    play(story, hedge=-2)


def test_a_hedge_left_over_without_trades_does_not_fill_the_journal() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        await bench.ready()
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(60)
        await bench.do(cm.SwitchAuto(on=False))
        await bench.do(cm.Freeze("look"))
        key = next(i.client_key for i in bench.state.intents.values() if i.draft.purpose.is_hedge)
        bench.broker.trade(key, MES, od.Side.SELL, 1, "5350.00")
        await bench.wait(10)
        count = len(bench.journal.kept)
        await bench.wait(3600)
        assert len(bench.journal.kept) - count < 5

    play(story, hedge=-2)


def test_an_external_execution_changes_no_share_and_no_own_position() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(5)
        before = bench.state.shares
        bench.broker.trade("", MES, od.Side.BUY, 3, "5300.00")
        await bench.wait(3)
        assert bench.state.shares == before
        assert bench.state.hedge_position("MES") == -2
        assert bench.heard("⚠ External execution: BUY 3 MES 202512 @ 5300.00")

    play(story)


# --- expiry --------------------------------------------------------------------------------------


def test_an_option_that_expires_while_held_is_settled_and_its_hedge_comes_off() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(5)
        assert bench.state.hedge_position("MES") == -2
        await bench.wait(EXPIRY - bench.clock.now() - 30)
        bench.feed.greeks_on = False
        for key in (PUT, CALL):
            bench.feed.extra[key] = (None, None)
        await bench.wait(60)
        bench.broker.trade("", PUT, od.Side.SELL, 4, "0.00")
        bench.broker.trade("", CALL, od.Side.SELL, 4, "1.25")
        await bench.wait(60)
        assert bench.state.positions == {}
        assert bench.state.differences == ()
        end = bench.state.results["TRADE001"]
        assert isinstance(end, ev.TradeClosed)
        assert end.options == (Decimal("1.25") - Decimal("8.10")) * 400

    play(story, at=LAST_HOUR)


def test_a_hedge_comes_off_at_expiry_even_when_the_settlement_is_not_told() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(5)
        await bench.wait(EXPIRY - bench.clock.now() - 30)
        bench.feed.greeks_on = False
        await bench.wait(40)
        bench.broker.positions.pop(PUT)
        bench.broker.positions.pop(CALL)
        await bench.wait(1300)
        assert bench.state.hedge_position("MES") == 0
        assert bench.kernel.snapshot().book.option_delta == 0.0

    play(story, at=LAST_HOUR)


def test_settlement_touches_only_what_is_ours_and_expired() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.trade("", PUT, od.Side.SELL, 4, "4.00")
        await bench.wait(1)
        assert bench.state.positions[PUT] == 4, "before expiry it is somebody else's"
        state = bench.state
        for n, (side, count, held) in enumerate(
            [(od.Side.BUY, 4, 4), (od.Side.SELL, 9, 0), (od.Side.SELL, 3, 1)]
        ):
            fill = ev.FillBooked(
                f"S{n}", 1, "", PUT, side, count, Decimal(1), Timestamp(EXPIRY + 1)
            )  # fmt: skip
            after = reduce(state, ev.Fact(1, fill.executed_at, fill))
            assert after.positions.get(PUT, 0) == held
            assert after.strangles["TRADE001"].put.held == held
        assert state.strangles["TRADE001"].state is st.TradeState.OPEN

    play(story, audited=False)


@pytest.mark.parametrize("lots", [1, 4])
def test_opened_and_closed_are_said_with_their_money(lots) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, lots)
        await bench.ready()
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(30)
        assert "🔴 Closing vega position TRADE001" in bench.lines
        assert bench.heard("✓ Closed XSP 530P/540C 19Dec: net ")

    play(story, lots=lots)


def test_missing_commissions_are_waited_for_and_then_not_for_ever() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        await bench.ready()
        bench.broker.muted = (br.Commission,)
        truth = bench.broker.truth

        async def without() -> br.Complete | br.Incomplete:
            answer = await truth()
            assert isinstance(answer, br.Complete)
            return br.Complete(replace(answer.truth, commissions=()))

        bench.broker.truth = without  # type: ignore[method-assign]
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(5)
        assert "TRADE001" not in bench.state.results
        await bench.wait(90)
        assert "TRADE001" in bench.state.results

    play(story)


def test_the_journal_of_a_story_folds_to_what_the_helper_says() -> None:
    facts = strangle_facts(4, hedge=-2)
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
