"""Fills, charges, positions and months that reach the desk wrong, twice, late or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.units import Contracts, Timestamp, parse_utc
from hedgetui.simulation.broker_book import Trade
from tests.faults.proxy import Cut, body_of, fields, message_id
from tests.faults.wire_desk import WireDesk, play

DEC, MAR = "MES 202512", "MES 202603"
EXECUTION, COMMISSION, POSITION = "11", "59", "61"
FIVE = Decimal(5)
HALF_UNIT = Decimal("0.5")


def hedge_fill(wire: WireDesk):
    """The journal's newest hedge fill."""
    return [one for one in wire.state.fills.values() if one.instrument_key.startswith("MES ")][-1]


def is_future(parts: list[str], at: int) -> bool:
    return parts[at : at + 2] == ["MES", "FUT"]


async def apart(wire: WireDesk, until: Timestamp) -> None:
    """Let hours pass while the broker lets nobody in, then be ready again."""
    wire.control.refuse(on=True)
    wire.control.drop()
    await wire.wait(until - wire.clock.now())
    wire.control.refuse(on=False)
    await wire.ready()


def edited(number: str, change):
    """A rewrite that gives `change` the fields of every frame with this message id."""

    def rewrite(body: bytes) -> list[bytes]:
        if message_id(body) != number:
            return [body]
        parts = fields(body)
        return [body_of(*one) for one in change(parts)]

    return rewrite


def test_F38_an_execution_told_twice_and_again_after_a_reconnect_counts_once(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        wire.control.duplicate_executions = True
        await wire.ready()
        await wire.hedged()
        told = [one for one in wire.proxy.cable.heard if message_id(one) == EXECUTION]
        ours = [fields(one)[14] for one in told if is_future(fields(one), 4)]
        assert len(ours) == 2
        assert len(set(ours)) == 1
        wire.proxy.cable.inject(told[-1])
        wire.control.drop()
        await wire.wait(5)
        await wire.ready()
        await wire.wait(60)
        assert len([f for f in wire.state.fills.values() if f.instrument_key == DEC]) == 1
        assert wire.filled_hedges() == wire.held() == -2
        assert wire.hedge_orders_at_exchange() == 1

    play(tmp_path, story)


@pytest.mark.parametrize("seen", ["live", "after a reconnect"])
def test_F39_a_correction_restates_price_and_profit_and_no_position(tmp_path, seen) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        await wire.wait(2)
        before = hedge_fill(wire)
        (share,) = wire.state.shares.values()
        if seen != "live":
            wire.control.refuse(on=True)
            wire.control.drop()
            await wire.wait(2)
        wire.control.correct(before.exec_id, before.price + FIVE)
        wire.control.refuse(on=False)
        await wire.until(lambda: hedge_fill(wire).revision == 2, 90)
        after, (restated,) = hedge_fill(wire), wire.state.shares.values()
        assert (after.exec_id, after.price) == (before.exec_id, before.price + FIVE)
        # Two contracts sold five points higher: 2 · 5 · $5 more.
        assert restated.cash - share.cash == 50
        assert restated.fees == share.fees
        await wire.ready()
        await wire.wait(60)
        assert wire.filled_hedges() == wire.held() == -2
        assert wire.hedge_orders_at_exchange() == 1
        assert wire.state.differences == ()

    play(tmp_path, story)


def test_F40_a_busted_hedge_is_a_row_an_alarm_and_no_new_hedge_until_a_person_looks(
    tmp_path,
) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        busted = hedge_fill(wire)
        wire.control.bust(busted.exec_id)
        await wire.until(lambda: wire.state.differences, 120)
        assert wire.held() == 0
        assert wire.heard(f"External execution: BUY 2 {DEC}") == 1
        assert wire.heard(f"Position differs, the broker stands: {DEC}: journal -2, broker +0") == 1
        await wire.drift(30)
        await wire.wait(45)
        assert wire.hedge_orders_at_exchange() == 1
        assert "positions differ" in wire.kernel.hedger.forbidden()
        assert (await wire.do(cm.Unfreeze("the exchange busted it"))).ok
        await wire.until(lambda: wire.filled_hedges() == -6, 45)
        assert wire.hedge_orders_at_exchange() == 2

    play(tmp_path, story)


charge = st.integers(1, 4)


@given(st.lists(charge, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_F41_the_sum_of_the_increments_is_what_is_filled(parts, random) -> None:
    draft = od.OrderDraft(
        od.Purpose.HEDGE, DEC, od.Side.SELL, Contracts(sum(parts)), od.OrderType.MARKET
    )
    intent = od.Intent(
        "I1", "HT1.I1", 1, "DU1", "vega", draft, Timestamp(0.0), epoch=1, session=1,
        position_before=0,
    )  # fmt: skip
    random.shuffle(parts)
    for one in parts:
        after = od.step(intent, od.Executed(Contracts(one))).intent
        assert after.filled == intent.filled + one
        # What the broker says of the total beside an execution adds nothing by itself.
        listed = od.step(after, od.Listed("77")).intent
        assert listed.filled == after.filled
        intent = listed
    assert intent.filled == intent.draft.quantity
    assert intent.state is od.IntentState.FILLED


@pytest.mark.parametrize("how", ["missing", "sentinel"])
def test_F42_a_charge_is_unknown_until_it_is_known(tmp_path, how) -> None:
    async def story(wire: WireDesk) -> None:
        setattr(wire.control, f"commission_{how}", True)
        await wire.ready()
        await wire.hedged()
        await wire.wait(70)
        assert wire.state.commissions == {}
        (share,) = wire.state.shares.values()
        assert share.fees == 0
        setattr(wire.control, f"commission_{how}", False)
        await wire.until(lambda: hedge_fill(wire).exec_id in wire.state.commissions, 130)
        assert wire.state.commissions[hedge_fill(wire).exec_id] == HALF_UNIT
        (share,) = wire.state.shares.values()
        assert share.fees == HALF_UNIT

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("told", "booked"),
    [
        ("-0.37", Decimal("-0.37")),
        ("-1.0", Decimal("-1.0")),
        ("1.7976931348623157E308", None),
        ("", None),
        ("NaN", None),
    ],
)
def test_F42_a_rebate_is_a_charge_and_a_sentinel_is_none(tmp_path, told, booked) -> None:
    def change(parts: list[str]) -> list[list[str]]:
        return [[*parts[:3], told, *parts[4:]]]

    async def story(wire: WireDesk) -> None:
        wire.proxy.down = edited(COMMISSION, change)
        await wire.ready()
        await wire.hedged()
        await wire.wait(5)
        assert wire.state.commissions.get(hedge_fill(wire).exec_id) == booked
        (share,) = wire.state.shares.values()
        assert share.fees == (booked or 0)

    play(tmp_path, story)


def test_F42_a_close_whose_charges_never_come_still_ends(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        wire.control.commission_missing = True
        await wire.ready()
        trade_id = await wire.enter()
        await wire.until(lambda: wire.filled_hedges() == -2, 30)
        assert (await wire.confirmed(cm.PreviewClose(trade_id))).ok
        await wire.until(lambda: trade_id in wire.state.results, 180)
        assert wire.held() == wire.held("XSP") == 0

    play(tmp_path, story)


def test_F43_an_overfill_is_taken_stops_auto_and_counts(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        book = wire.exchange.book
        order = next(one for one in book.orders.values() if one.draft.instrument_key == DEC)
        extra = [Trade(DEC, 1, hedge_fill(wire).price)]
        for message in book.execute(order, extra, od.Side.SELL, at=wire.exchange.at):
            wire.gateway.hear(message)
        await wire.until(lambda: wire.filled_hedges() == -3, 10)
        assert wire.held() == -3
        assert wire.heard("late fill on #3 (FILLED): position corrected, auto-hedge stopped") == 1
        assert not wire.state.auto
        (intent,) = wire.hedge_intents()
        assert (intent.filled, intent.state) == (3, od.IntentState.FILLED)
        # Net is 12 − 15 now; whatever the book does next, a person has to switch auto on first.
        await wire.drift(40)
        await wire.wait(70)
        assert wire.hedge_orders_at_exchange() == 1
        assert (await wire.do(cm.SwitchAuto(on=True))).ok
        await wire.until(lambda: wire.filled_hedges() == -8, 45)

    play(tmp_path, story)


def test_F44_an_execution_of_nobodys_order_moves_the_position_and_is_shown(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        wire.control.foreign_trade(DEC, 3)
        await wire.until(lambda: wire.state.differences, 120)
        assert wire.held() == 1
        assert wire.filled_hedges() == -2
        assert wire.heard(f"External execution: BUY 3 {DEC}") == 1
        assert wire.heard(f"{DEC}: journal -2, broker +1") == 1
        await wire.wait(60)
        assert wire.hedge_orders_at_exchange() == 1

    play(tmp_path, story)


def test_F44_an_execution_of_what_the_desk_has_no_name_for_is_not_counted(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        bodies = [b for b in wire.proxy.cable.heard if message_id(b) == EXECUTION]
        parts = fields(bodies[-1])
        parts[2:14] = ["0", "14204", "SAP", "STK", "", "0.0", "", "", "IBIS", "EUR", "SAP",
                       "XETRA"]  # fmt: skip
        parts[14], parts[22], parts[26] = "0000e0d5.99999999.01.01", "0", ""
        fills = dict(wire.state.fills)
        wire.proxy.cable.inject(body_of(*parts))
        await wire.wait(2)
        assert wire.state.fills == fills
        assert wire.heard("outside the desk, not counted: STK SAP") == 1
        assert wire.state.auto

    play(tmp_path, story)


def test_F45_a_position_that_differs_by_one_stops_auto_until_acknowledged(tmp_path) -> None:
    def one_more(parts: list[str]) -> list[list[str]]:
        if is_future(parts, 4):
            parts[14] = str(int(float(parts[14])) + 1)
        return [parts]

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        wire.proxy.down = edited(POSITION, one_more)
        await wire.until(lambda: wire.state.differences, 120)
        assert wire.heard(f"Position differs, the broker stands: {DEC}: journal -2, broker -1") == 1
        await wire.drift(30)
        await wire.wait(70)
        assert wire.hedge_orders_at_exchange() == 1
        assert wire.heard("No auto-hedge: positions differ from the broker") == 1
        assert wire.heard("Position differs") == 1  # said once, not at every look
        assert (await wire.do(cm.Unfreeze("one is mine"))).ok
        await wire.until(lambda: wire.filled_hedges() == -6, 45)
        await wire.wait(70)
        assert wire.state.differences == ()
        assert wire.hedge_orders_at_exchange() == 2

    play(tmp_path, story)


@pytest.mark.parametrize("told", [True, False], ids=["told", "silently"])
def test_F46_expiring_legs_leave_without_an_order_and_the_hedge_follows(tmp_path, told) -> None:
    """Told as executions of nobody, or only by positions that are gone."""

    async def story(wire: WireDesk) -> None:
        wire.control.settlement_executions = told
        await wire.ready()
        trade_id = await wire.enter()
        trade = wire.state.strangles[trade_id]
        assert {leg.instrument.expiry.isoformat() for leg in trade.legs} == {"2025-11-19"}
        await wire.until(lambda: wire.filled_hedges() == -2, 30)
        expiry = parse_utc("2025-11-19T21:00:00Z")
        await apart(wire, until=expiry - 120)
        await wire.until(lambda: wire.held("XSP") == 0, 150)
        await wire.until(lambda: wire.held() == wire.filled_hedges() == 0, 180)
        await wire.wait(70)
        assert wire.clock.now() - expiry < 300
        purposes = {i.draft.purpose for i in wire.state.intents.values()}
        assert od.Purpose.ENTRY in purposes
        assert od.Purpose.EXIT not in purposes
        assert wire.hedge_orders_at_exchange() == 2
        assert wire.state.positions == {} or not told
        assert bool(wire.state.differences) is not told
        assert (trade_id in wire.state.results) is told

    flags = {"vega.dte_min": 0, "vega.dte_max": 0, "vega.max_spread_pct": 150.0,
             "vega.delta_min": 0.01, "vega.delta_max": 0.9}  # fmt: skip
    play(tmp_path, story, flags=flags, audited=told)


def test_F47_over_a_roll_increases_trade_the_new_month_and_reductions_the_one_held(
    tmp_path,
) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        assert wire.exchange.book.account.positions[DEC] == -2
        # Nine days before December ends; the link is down until the day has changed.
        await apart(wire, until=parse_utc("2025-12-11T00:05:00Z"))
        assert wire.hedge_orders_at_exchange() == 1  # a new active month alone moves nothing
        await wire.drift(24)
        await wire.until(lambda: wire.filled_hedges() == -5, 60)
        held = wire.exchange.book.account.positions
        assert (held[DEC], held[MAR]) == (-2, -3)
        assert dict(wire.state.positions) == held
        await wire.drift(0)
        await wire.until(lambda: wire.filled_hedges() == 0, 60)
        assert DEC not in held
        assert MAR not in held
        traded = [(i.draft.instrument_key, i.draft.signed) for i in wire.hedge_intents()]
        assert traded == [(DEC, -2), (MAR, -3), (DEC, 2), (MAR, 3)]

    play(tmp_path, story, start=parse_utc("2025-12-10T20:50:00Z"))


def test_F47_a_desk_of_a_new_month_shows_the_old_one_and_does_not_net_it(tmp_path) -> None:
    """A foreign position in another month is a difference of that month alone."""

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        wire.control.foreign_trade(MAR, 2)
        await wire.until(lambda: wire.state.differences, 120)
        (difference,) = wire.state.differences
        assert (difference.instrument_key, difference.journal, difference.broker) == (MAR, 0, 2)
        assert wire.held() == 0  # the two months together say flat; nobody may believe it
        assert wire.state.positions[DEC] == -2
        await wire.wait(45)
        assert wire.hedge_orders_at_exchange() == 1

    play(tmp_path, story)


@pytest.mark.parametrize("cut_at", ["0", "end"], ids=["lost", "arrived"])
def test_F48_after_midnight_in_new_york_absence_is_not_proven(tmp_path, cut_at) -> None:
    """Executions reach back to midnight: an order of yesterday stays unknown, and one order."""
    arrived = cut_at == "end"

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        midnight = parse_utc("2025-11-20T05:00:00Z")
        await apart(wire, until=Timestamp(midnight - 60))
        await wire.wait(midnight - 20 - wire.clock.now())
        wire.proxy.cut = Cut("3", 10**6 if arrived else 0)
        await wire.drift(30)
        await wire.until(lambda: wire.proxy.cut.done, 15)
        wire.control.refuse(on=True)
        await wire.until(lambda: wire.clock.now() > midnight + 20, 90)
        wire.control.refuse(on=False)
        await wire.ready()
        await wire.wait(120)
        unknown = [i for i in wire.hedge_intents() if i.state is od.IntentState.UNKNOWN]
        assert len(unknown) == 1
        assert wire.hedge_orders_at_exchange() == 1 + arrived
        health = wire.kernel.snapshot().health
        assert health.unknown_orders == 1
        (missing,) = [words for _, words in health.missing]
        assert "before the broker's execution history begins" in missing
        # The operator looked at the broker, and says which order they mean.
        number, key = unknown[0].number, unknown[0].client_key
        wrong = await wire.do(cm.ResolveUnknown(number, "nonsense", "looked"))
        assert wrong.code == "not-typed"
        if not arrived:
            assert (await wire.do(cm.ResolveUnknown(number, key[-6:], "absent"))).ok
            await wire.until(lambda: wire.filled_hedges() == wire.held() == -6, 60)
            assert wire.hedge_orders_at_exchange() == 2

    play(tmp_path, story, start=parse_utc("2025-11-19T21:05:00Z"), audited=not arrived)
