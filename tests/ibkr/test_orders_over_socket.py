"""Orders, over a real socket: codes that lie, answers that never come, and what is found again."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from hedgetui.adapters.ibkr.broker import IbkrBroker
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import (
    Commission,
    CommittedOrder,
    Complete,
    Execution,
    Incomplete,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.tws_gateway import TwsGateway
from tests.contract.world import Setting, World, draft, xsp
from tests.ibkr.world import codes, ended, play

HEDGE = "MES 202512"
KEY = "HT1.01JD0000000000000000000000"


async def connected(world: World) -> None:
    await world.connect()
    await world.broker.futures("MES")


# Codes that only inform


@pytest.mark.parametrize(
    ("switch", "code"), [("tif_10349", 10349), ("warn_2109", 2109), ("info_399", 399)]
)
def test_an_informing_code_is_a_notice_and_the_order_lives_on(switch: str, code: int):
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        setattr(gateway.control, switch, True)
        await world.trade("K", draft(HEDGE, -2))
        await world.clock.sleep(3)
        assert code in codes(world, "K")
        assert world.of(OrderEnded) == []
        truth = await world.truth()
        assert truth.positions == {HEDGE: -2}
        assert [one.rejected for one in truth.ended_orders] == [False]

    play(story)


@pytest.mark.parametrize("code", [103, 104, 105, 161, 10147, 10148, 10311, 2148, 99999])
def test_a_code_about_a_working_order_never_ends_it(code: int):
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        await world.rest("K", HEDGE, 1)
        order_id = world.broker._talk.orders.get("K").order_id
        gateway.control.error(code, "something happened", order_id)
        await world.clock.sleep(3)
        assert code in codes(world, "K")
        assert world.of(OrderEnded) == []
        (order,) = (await world.truth()).open_orders
        assert (order.client_key, order.signed_remaining) == ("K", 1)
        await world.broker.cancel("K")
        await world.until(lambda: world.of(OrderEnded, "K"))
        assert not ended(world, "K").rejected

    play(story)


# Refusals


@pytest.mark.parametrize("with_status", [True, False])
@pytest.mark.parametrize("code", [201, 203, 110, 321])
def test_a_definite_refusal_ends_the_order_as_rejected(code: int, with_status: bool):
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        gateway.control.reject_next(code, "Order rejected - reason: no margin", with_status)
        await world.submit("K", draft(HEDGE, 1))
        await world.until(lambda: world.of(OrderEnded, "K"))
        await world.clock.sleep(3)
        assert ended(world, "K").rejected
        assert "no margin" in ended(world, "K").reason
        truth = await world.truth()
        assert (truth.positions, truth.open_orders) == ({}, ())
        (known,) = truth.ended_orders
        assert (known.client_key, known.rejected, known.filled) == ("K", True, 0)

    play(story)


def test_a_read_only_interface_is_explained_and_margin_is_no_longer_asked():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        words = "Error validating request.-'bW' : cause - The API interface is in Read-Only mode."
        gateway.control.reject_next(321, words, False)
        await world.submit("K", draft(HEDGE, 1))
        await world.until(lambda: world.of(OrderEnded, "K"))
        assert any("read-only" in hint for hint in world.broker.health().hints)
        assert await world.broker.margin(draft(HEDGE, 1)) is None

    play(story)


def test_an_order_without_a_contract_is_proven_unsent():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        await world.submit("K", draft("XSP 20351221 540 C", 1, 1.0))
        assert ended(world, "K").rejected
        assert "not sent" in ended(world, "K").reason
        assert codes(world, "K") == [200]
        assert gateway.exchange.book.orders == {}

    play(story)


def test_a_contract_that_is_not_told_in_time_does_not_hold_an_order_back_for_long():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        gateway.control.omit_end("contractDetailsEnd")
        began = world.clock.now()
        await world.submit("K", draft(xsp(540), 1, 1.0))
        assert world.clock.now() - began < 2.5
        assert ended(world, "K").rejected
        await world.clock.sleep(10)
        assert gateway.exchange.book.orders == {}

    play(story)


# What leaves


def test_an_order_leaves_at_once_in_the_middle_of_a_scan():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await connected(world)
        scan = asyncio.ensure_future(world.broker.chain())
        await world.clock.sleep(4)
        health = world.broker.health()
        assert health.queued > 10
        assert health.sent_last_second <= 16
        began = world.clock.now()
        await world.trade("K", draft(HEDGE, -1))
        assert world.clock.now() - began < 0.25
        assert len((await scan).expiries) >= 4

    play(story)


def test_no_second_sees_more_messages_than_allowed():
    sent: list[float] = []

    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        wire = world.broker._talk.session.ib.client.conn
        library = wire.sendMsg

        def count(message: bytes) -> None:
            sent.append(world.clock.now())
            library(message)

        wire.sendMsg = count
        asked = [world.broker.truth() for _ in range(20)]
        await asyncio.gather(world.broker.chain(), *asked)
        assert not world.broker._talk.session.ib.client._msgQ

    play(story)
    assert len(sent) > 300
    for n, at in enumerate(sent):
        assert sum(at <= one < at + 1.0 - 1e-6 for one in sent[n : n + 60]) <= 45


def test_everything_a_preset_could_change_is_spelled_out():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        await world.watched(HEDGE, xsp(540))
        until = Timestamp(float(round(world.clock.now()) + 60))
        far = {"tif": TimeInForce.GOOD_TILL, "good_till": until}
        await world.submit(KEY, draft(HEDGE, 2, 5000.25, **far))
        await world.until(lambda: world.of(OrderListed, KEY))
        view = gateway.registry.find(KEY)
        booked = gateway.exchange.book.orders[view.key].draft
        assert booked == OrderDraft(
            Purpose.HEDGE,
            HEDGE,
            Side.BUY,
            Contracts(2),
            OrderType.LIMIT,
            TimeInForce.GOOD_TILL,
            Decimal("5000.25"),
            until,
        )
        assert view.client_id == 17
        assert world.of(OrderListed, KEY)[0].broker_order == str(gateway.registry.perm_id(view))

    play(story)


def test_a_key_is_sent_once_whatever_session():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await connected(world)
        await world.trade("K", draft(HEDGE, 1))
        await world.reconnect()
        await world.submit("K", draft(HEDGE, 1))
        await world.clock.sleep(3)
        assert codes(world, "K") == [103]
        assert (await world.truth()).positions == {HEDGE: 1}

    play(story)


# Answers that are lost, doubled, late or corrected


def test_an_order_that_is_never_answered_gives_a_hint():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        gateway.control.stick_pending = True
        await world.submit("K", draft(HEDGE, 1))
        await world.clock.sleep(8)
        assert any("confirmation" in hint for hint in world.broker.health().hints)
        gateway.control.stick_pending = False
        gateway.control.release_pending()
        await world.until(lambda: world.executed("K") == 1)
        await world.clock.sleep(2)
        assert world.broker.health().hints == ()

    play(story)


@pytest.mark.parametrize("switch", ["repeat_statuses", "reorder_statuses"])
def test_repeated_and_late_statuses_change_nothing(switch: str):
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        setattr(gateway.control, switch, True)
        await world.rest("K", HEDGE, 1)
        await world.broker.cancel("K")
        await world.until(lambda: world.of(OrderEnded, "K"))
        await world.trade("L", draft(HEDGE, -1))
        await world.clock.sleep(3)
        assert not ended(world, "K").rejected
        assert world.of(OrderEnded, "L") == []
        listed = [one for one in world.heard if isinstance(one, OrderListed | OrderEnded)]
        assert isinstance([one for one in listed if one.client_key == "K"][-1], OrderEnded)

    play(story)


def test_a_correction_comes_as_a_higher_revision_of_the_same_execution():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        first = await world.trade("K", draft(HEDGE, 1))
        gateway.control.correct(
            next(iter(gateway.exchange.book.executions)), first.price + Decimal("0.25")
        )
        await world.until(lambda: len(world.of(Execution, "K")) == 2)
        second = world.of(Execution, "K")[-1]
        assert second.exec_id == first.exec_id
        assert (first.revision, second.revision) == (1, 2)
        assert second.price == first.price + Decimal("0.25")
        truth = await world.truth()
        assert truth.executions == (second,)
        assert truth.positions == {HEDGE: 1}

    play(story)


def test_a_charge_that_is_no_number_is_not_known():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        gateway.control.commission_sentinel = True
        await world.submit("K", draft(HEDGE, 1))
        await world.until(lambda: world.executed("K") == 1)
        await world.clock.sleep(3)
        assert world.of(Commission) == []
        gateway.control.commission_sentinel = False
        (charge,) = (await world.truth()).commissions
        assert charge.amount == Decimal("0.25")
        assert world.of(Commission) == [charge]

    play(story)


def test_every_order_message_may_be_lost_and_truth_has_it_all():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await connected(world)
        await world.submit("K", draft(HEDGE, -3))
        await world.clock.sleep(5)
        assert world.of(Execution) == world.of(OrderListed) == []
        truth = await world.truth()
        assert truth.positions == {HEDGE: -3}
        assert [(one.client_key, one.quantity) for one in truth.executions] == [("K", 3)]
        assert len(truth.commissions) == 1

    play(story, Setting(faults=Faults(lost_rate=1.0)))


# Truth


@pytest.mark.parametrize(
    ("mark", "part"),
    [
        ("openOrderEnd", "open orders"),
        ("completedOrdersEnd", "completed orders"),
        ("execDetailsEnd", "executions"),
        ("positionEnd", "positions"),
        ("accountSummaryEnd", "account"),
    ],
)
def test_truth_without_an_end_mark_is_incomplete_until_it_comes(mark: str, part: str):
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        await world.trade("K", draft(HEDGE, 1))
        gateway.control.omit_end(mark)
        for _ in range(2):
            answer = await world.broker.truth()
            assert isinstance(answer, Incomplete)
            assert answer.why.startswith(part)
        gateway.control.omit_end(mark, False)
        deadline = world.clock.now() + 120
        while world.clock.now() < deadline:
            await world.clock.sleep(5)
            try:
                answer = await world.broker.truth()
            except AssertionError:
                continue
            if isinstance(answer, Complete):
                break
            if "link went down" in answer.why:
                await world.connect()
        assert isinstance(answer, Complete)
        assert answer.truth.positions == {HEDGE: 1}

    play(story)


def test_a_late_end_mark_cannot_cut_the_next_answer_short():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        await world.trade("K", draft(HEDGE, 1))
        gateway.control.omit_end("positionEnd")
        assert isinstance(await world.broker.truth(), Incomplete)
        gateway.control.omit_end("positionEnd", False)
        later = asyncio.ensure_future(world.broker.truth())
        await world.clock.sleep(1)
        # Only now the end of the first answer arrives; nothing was asked a second time before.
        gateway.site.sessions[0].send(62, 1)
        assert (await later).truth.positions == {HEDGE: 1}

    play(story)


def test_another_programs_orders_and_trades_are_shown_as_foreign():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        gateway.control.foreign_trade(HEDGE, -2)
        gateway.control.foreign_order(HEDGE, 1, Decimal("5000.00"))
        await world.clock.sleep(2)
        truth = await world.truth()
        assert truth.positions == {HEDGE: -2}
        assert [one.client_key for one in truth.executions] == [""]
        (order,) = truth.open_orders
        assert (order.client_key, order.signed_remaining) == ("", 1)

    play(story)


def test_a_new_process_finds_its_orders_and_may_cancel_them():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await connected(world)
        await world.trade("HT1.DONE", draft(HEDGE, 1))
        await world.rest(KEY, HEDGE, 2)
        listed = world.of(OrderListed, KEY)[0]
        await world.broker.disconnect()
        heard: list = []
        other = IbkrBroker(world.broker._connection, world.clock)
        await other.connect(heard.append)
        await other.cancel(KEY)
        await world.clock.sleep(2)
        assert [one.client_key for one in heard if isinstance(one, OrderEnded)] == [KEY]
        answer = await other.truth()
        assert isinstance(answer, Complete)
        assert answer.truth.open_orders == ()
        ends = {one.client_key: one for one in answer.truth.ended_orders}
        assert (ends[KEY].broker_order, ends[KEY].rejected) == (listed.broker_order, False)
        assert ends["HT1.DONE"].filled == 1
        assert [one.client_key for one in answer.truth.executions] == ["HT1.DONE"]
        await other.disconnect()

    play(story)


def test_ids_given_again_do_not_mix_orders_up():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        await world.trade("HT1.A", draft(HEDGE, 1))
        await world.rest("HT1.B", HEDGE, 1)
        await world.broker.disconnect()
        gateway.control.rollback_ids(1)
        world.heard.clear()
        await world.connect()
        await world.truth()
        await world.submit("HT1.C", draft(HEDGE, -1))
        await world.clock.sleep(5)
        truth = await world.truth()
        assert [one.client_key for one in truth.open_orders] == ["HT1.B"]
        traded = {one.client_key: one.side for one in truth.executions}
        assert traded == {"HT1.A": Side.BUY, "HT1.C": Side.SELL}
        assert {one.client_key for one in world.of(Execution)} == {"HT1.C"}
        assert world.of(OrderEnded) == []

    play(story)


def test_the_number_of_an_adopted_order_is_never_given_again():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        for _ in range(60):  # an evening's worth of questions takes numbers too
            await world.broker.margin(draft(HEDGE, -1))
        await world.rest("HT1.B", HEDGE, 2)
        number = gateway.registry.find("HT1.B").order_id
        await world.broker.disconnect()
        gateway.control.rollback_ids(1)
        other = IbkrBroker(world.broker._connection, world.clock)
        heard: list = []
        await other.connect(heard.append)
        await other.futures("MES")
        assert other._talk.session.ib.client._reqIdSeq < number
        assert isinstance(await other.truth(), Complete)
        await other.submit(CommittedOrder(1, "HT1.C", draft(HEDGE, -1)))
        await world.clock.sleep(3)
        answer = await other.truth()
        assert isinstance(answer, Complete)
        assert [one.client_key for one in answer.truth.open_orders] == ["HT1.B"]
        assert gateway.registry.find("HT1.C").order_id > number
        await other.disconnect()

    play(story)


# Margin


def test_a_margin_that_is_not_told_is_none_and_nothing_is_left_behind():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        known = await world.broker.margin(draft(HEDGE, 1))
        assert known is not None
        assert known.initial_change > 0
        gateway.control.refuse_whatif = 201
        assert await world.broker.margin(draft(HEDGE, 1)) is None
        gateway.control.refuse_whatif = 434
        began = world.clock.now()
        assert await world.broker.margin(draft(HEDGE, 1)) is None
        assert world.clock.now() - began < 9
        gateway.control.refuse_whatif = 0
        gateway.control.early_whatif = True
        early = await world.broker.margin(draft(HEDGE, 1))
        assert early in {None, known}
        truth = await world.truth()
        assert (truth.positions, truth.open_orders, truth.ended_orders) == ({}, (), ())
        assert world.of(OrderNotice, "whatif") == []

    play(story)


def test_an_order_is_not_sent_without_a_link():
    async def story(world: World, gateway: TwsGateway) -> None:
        await connected(world)
        gateway.control.drop()
        await world.clock.sleep(0.1)
        with pytest.raises(Exception, match="link went down"):
            await world.broker.submit(CommittedOrder(1, "K", draft(HEDGE, 1)))
        await world.connect()
        assert (await world.truth()).positions == {}

    play(story)


def test_a_new_process_finds_a_combo_by_its_legs():
    combo = f"{xsp(530, 'P')} + {xsp(550)}"

    async def story(world: World, _gateway: TwsGateway) -> None:
        await connected(world)
        await world.submit(KEY, draft(combo, 2, 0.05))
        await world.until(lambda: world.of(OrderListed, KEY))
        await world.broker.disconnect()
        other = IbkrBroker(world.broker._connection, world.clock)
        await other.connect(world.heard.append)
        answer = await other.truth()
        assert isinstance(answer, Complete)
        (order,) = answer.truth.open_orders
        assert (order.client_key, order.instrument_key) == (KEY, combo)
        assert (order.signed_remaining, order.filled) == (2, 0)
        await other.disconnect()

    play(story)


def test_the_legs_of_a_combo_are_executed_one_by_one_and_the_whole_never():
    combo = f"{xsp(530, 'P')} + {xsp(550)}"

    async def story(world: World, _gateway: TwsGateway) -> None:
        await connected(world)
        await world.submit("K", draft(combo, 3, 60.0))
        await world.until(lambda: len(world.of(Execution, "K")) == 2)
        await world.clock.sleep(2)
        legs = {one.instrument_key: one.quantity for one in world.of(Execution, "K")}
        assert legs == {xsp(530, "P"): 3, xsp(550): 3}
        truth = await world.truth()
        assert truth.positions == {xsp(530, "P"): 3, xsp(550): 3}
        assert [one.filled for one in truth.ended_orders] == [3]
        assert world.of(OrderEnded) == []

    play(story)
