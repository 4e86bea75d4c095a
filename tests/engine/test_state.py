"""The fold: pure, repeatable, and the same after a restart as before it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.engine.state import DeskState, reduce
from tests.engine.bench import MES, PUT, START, Bench, play, strangle_facts


def fold(facts, state: DeskState | None = None) -> DeskState:
    for fact in facts:
        state = reduce(state or DeskState(), fact)
    assert state is not None
    return state


def test_folding_twice_gives_the_same_and_the_whole_engines_state_is_the_fold() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(26, 4)
        await bench.ready()
        await bench.wait(60)
        bench.feed.options(-10, 4)
        await bench.wait(60)
        bench.broker.cut()
        await bench.wait(30)
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(120)
        assert fold(bench.journal.kept) == fold(bench.journal.kept) == bench.state
        before = bench.state
        await bench.crash()
        after = fold(bench.journal.kept)
        assert after == bench.state
        for name in ("fills", "positions", "strangles", "shares", "results", "latches", "auto"):
            assert getattr(after, name) == getattr(before, name), name

    play(story)


def test_a_fact_told_twice_or_about_nothing_changes_nothing() -> None:
    facts = strangle_facts(4, hedge=-2)
    state = fold(facts)
    again = [f for f in facts if isinstance(f.event, ev.FillBooked | ev.CommissionBooked)]
    assert fold(again, state) == state
    fill = ev.FillBooked(
        "Z", 1, "nobody", PUT, od.Side.BUY, Contracts(1), Decimal(4), Timestamp(START)
    )  # fmt: skip
    for event in (
        ev.IntentMoved("nobody", od.IntentState.SENDING, od.IntentState.FILLED, "", Contracts(1)),
        ev.TradeOpened("nobody", Decimal(1)),
        ev.TradeClosing("nobody", "test"),
        ev.OrderDenied("G1-link", "words", "order"),
    ):
        assert reduce(state, ev.Fact(99, START, event)) == state
    stray = reduce(state, ev.Fact(99, START, fill))
    assert stray.positions == state.positions
    charged = reduce(stray, ev.Fact(100, START, ev.CommissionBooked("Z", Decimal(1))))
    assert charged.strangles == state.strangles


def test_commission_of_an_order_whose_trade_is_gone_is_kept_and_charged_to_nobody() -> None:
    state = fold(strangle_facts(4))
    key = next(iter(state.intents))
    lost = replace(state.intents[key], draft=replace(state.intents[key].draft, trade_id=None))
    state = replace(state, intents={**state.intents, key: lost})
    fill = replace(next(iter(state.fills.values())), exec_id="N", intent_id=key)
    state = reduce(state, ev.Fact(1, START, fill))
    state = reduce(state, ev.Fact(2, START, ev.CommissionBooked("N", Decimal(3))))
    assert state.commissions["N"] == 3
    assert state.strangles["TRADE001"].commissions == 0


@pytest.mark.parametrize("quantity", [0, 1, 4, 6])
def test_a_corrected_leg_is_booked_once(quantity) -> None:
    state = fold(strangle_facts(4))
    fill = state.fills["H1"]
    corrected = replace(fill, revision=2, quantity=Contracts(quantity), price=Decimal("4.50"))
    after = reduce(state, ev.Fact(1, START, corrected))
    assert after.positions.get(PUT, 0) == quantity
    put = after.strangles["TRADE001"].put
    assert (put.held, put.bought_value) == (quantity, Decimal("4.50") * quantity)


def test_sent_orders_are_remembered_for_a_day() -> None:
    state = fold(strangle_facts(4, hedge=-2))
    assert len(state.sent) == 3
    intent = replace(next(iter(state.intents.values())), intent_id="L", client_key="HT1.L")
    later = Timestamp(START + 86_401)
    assert len(reduce(state, ev.Fact(1, later, ev.IntentRecorded(intent, 1.0))).sent) == 1


def test_a_start_knows_nothing_of_link_venue_and_arming() -> None:
    state = fold(strangle_facts(4))
    open_now = ev.VenueChanged("MES", open=True, reason="")
    state = reduce(state, ev.Fact(1, START, open_now))
    state = reduce(state, ev.Fact(2, START, ev.ArmSwitched(armed=True, by="test")))
    state = reduce(state, ev.Fact(3, START, ev.EngineStarted("sim", "DU100042", 2)))
    assert (state.venue_open, state.armed, state.synced_session) == (False, False, -1)
    assert state.venue_reason == "not known yet"
    assert state.hedge_position("MES") == 0
    assert state.hedges_held("MES") == ()
    assert state.hedge_working("MES") == 0


def test_a_price_correction_without_shares_waits_for_them() -> None:
    state = fold([f for f in strangle_facts(4, hedge=-2)
                  if not isinstance(f.event, ev.HedgeShared)])  # fmt: skip
    better = replace(state.fills["H3"], revision=2, price=Decimal(5360))
    assert reduce(state, ev.Fact(1, START, better)).shares == {}
    assert reduce(state, ev.Fact(1, START, better)).positions[MES] == -2
