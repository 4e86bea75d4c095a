"""Everything that can be broken on purpose, as a real client sees it, and the admin channel."""

from __future__ import annotations

import asyncio
import math
from decimal import Decimal

import pytest

from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.tws.admin import DEEDS, SWITCHES, AdminChannel, obey
from tests.gateway.stage import CALL, LIBRARY, MES, PUT, RawClient, market_order, play

RESTING = FillModel(passive_rate=0.0)


async def buy(stage, ib, quantity=1, seconds=1.0, **terms):
    """Buy at the market and wait; returns the trade."""
    order = stage.lib.MarketOrder("BUY", quantity, **terms)
    trade = ib.placeOrder(await stage.mes(ib), order)
    await stage.sleep(seconds)
    return trade


def test_a_frozen_server_answers_nothing_and_later_does_all_even_for_who_left():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        stage.control.freeze()
        order = stage.lib.MarketOrder("BUY", 1, orderRef="late")
        trade = ib.placeOrder(mes, order)
        await stage.sleep(10)
        frozen = (trade.orderStatus.status, ib.isConnected(), len(stage.exchange.book.orders))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.reqCurrentTimeAsync(), 2)
        with pytest.raises(TimeoutError):
            await stage.connect(18, timeout=2)
        ib.disconnect()
        await stage.sleep(1)
        stage.control.thaw()
        await stage.sleep(1)
        again = await stage.connect(17)
        (fill,) = await again.reqExecutionsAsync()
        return frozen, fill.execution.orderRef, [p.position for p in again.positions()]

    assert play(scene) == (("PendingSubmit", True, 0), "late", [1])


def test_1100_swallows_callbacks_but_not_the_truth():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        call = await stage.option(ib, 540, "C")
        line = ib.reqMktData(mes)
        stage.control.outage_1100()
        waiting = ib.placeOrder(mes, stage.lib.MarketOrder("BUY", 1, orderRef="waits"))
        await stage.sleep(5)
        cut = len(stage.exchange.book.orders), waiting.orderStatus.status
        stage.control.restore(data_lost=False)
        await stage.sleep(2)
        kept = stage.codes(), waiting.orderStatus.status
        working = ib.placeOrder(call, stage.lib.LimitOrder("BUY", 1, 30.0, orderRef="swallowed"))
        await stage.sleep(0.005)
        stage.control.outage_1100()
        await stage.sleep(2)
        unseen = working.orderStatus.status, len(working.fills)
        stage.control.restore(data_lost=True)
        await stage.sleep(5)
        found = [f.execution.orderRef for f in await ib.reqExecutionsAsync()]
        updates = []
        line.updateEvent += updates.append
        await stage.sleep(5)
        return cut, kept, unseen, found, stage.codes()[-1], updates

    cut, kept, unseen, found, last, updates = play(scene)
    assert cut == (0, "PendingSubmit")
    assert kept == ([1100, 1102], "Filled")
    assert unseen == ("PendingSubmit", 0)
    assert found == ["waits", "swallowed"]
    assert (last, updates) == (1101, [])


def test_a_broken_farm_is_silent_for_its_instruments_only():
    async def scene(stage):
        ib = await stage.connect()
        lines = [
            ib.reqMktData(await stage.mes(ib)),
            ib.reqMktData(await stage.option(ib, 540, "C")),
        ]
        await stage.sleep(2)
        counts = [0, 0]
        for n, line in enumerate(lines):
            line.updateEvent += lambda _t, n=n: counts.__setitem__(n, counts[n] + 1)
        stage.control.farm("usfuture", ok=False)
        await stage.sleep(0.5)
        counts[0] = 0
        await stage.sleep(10)
        broken = list(counts)
        stage.control.farm("usfuture", ok=True)
        await stage.sleep(10)
        return broken, counts, stage.codes()

    broken, counts, codes = play(scene)
    assert (broken[0], broken[1] > 5, counts[0] > 5, codes) == (0, True, True, [2103, 2104])


def test_drop_refuse_and_the_nightly_reset():
    async def scene(stage):
        ib = await stage.connect()
        stage.control.drop()
        await stage.sleep(0.1)
        dropped = ib.isConnected(), stage.gateway.clients
        stage.control.refuse()
        with pytest.raises((ConnectionError, TimeoutError)):
            await stage.connect(18, timeout=2)
        stage.control.refuse(on=False)
        again = await stage.connect(18)
        stage.control.nightly_reset(60)
        await stage.sleep(1)
        with pytest.raises((ConnectionError, TimeoutError)):
            await stage.connect(19, timeout=2)
        await stage.sleep(60)
        last = await stage.connect(20)
        return dropped, again.isConnected(), last.isConnected()

    assert play(scene) == ((False, ()), False, True)


def test_an_outage_of_the_scenario_is_an_outage_at_the_door():
    async def scene(stage):
        ib = await stage.connect()
        await buy(stage, ib, orderRef="before")
        await stage.sleep(10)
        down = ib.isConnected()
        with pytest.raises((ConnectionError, TimeoutError)):
            await stage.connect(18, timeout=2)
        await stage.sleep(30)
        again = await stage.connect(17)
        (fill,) = await again.reqExecutionsAsync()
        await buy(stage, again, orderRef="after")
        return down, fill.execution.orderRef, [p.position for p in again.positions()]

    assert play(scene, faults=Faults(outages=(Interval(8, 30),))) == (False, "before", [2])


@pytest.mark.parametrize(
    ("switch", "code"),
    [("info_399", 399), ("tif_10349", 10349), ("warn_2109", 2109)],
)
def test_notices_do_not_stop_an_order(switch, code):
    async def scene(stage):
        ib = await stage.connect()
        setattr(stage.control, switch, True)
        trade = await buy(stage, ib)
        statuses = [entry.status for entry in trade.log]
        return stage.codes(), statuses, len(trade.fills)

    codes, statuses, fills = play(scene)
    assert (codes, statuses[-1], fills) == ([code], "Filled", 1)
    assert ("Cancelled" in statuses) is (code == 10349), "the library believes the preset"


def test_a_held_order_is_listed_never_worked_and_can_be_cancelled():
    async def scene(stage):
        ib = await stage.connect()
        stage.control.hold_399 = True
        trade = await buy(stage, ib, seconds=30, orderRef="held")
        status, book = trade.orderStatus.status, dict(stage.exchange.book.orders)
        (listed,) = await ib.reqAllOpenOrdersAsync()
        ib.cancelOrder(trade.order)
        await stage.sleep()
        return status, book, listed.order.orderRef, trade.orderStatus.status, stage.errors[17]

    status, book, reference, ended, errors = play(scene)
    # ib_async takes any warning about an order for a failed validation of it.
    listed_as = "PreSubmitted" if LIBRARY == "ib_insync" else "ValidationError"
    assert (status, book, reference, ended) == (listed_as, {}, "held", "Cancelled")
    assert [code for _, code, _ in errors] == [399, 202]
    assert "will not be placed at the exchange until 20251119 18:00:00" in errors[0][2]


@pytest.mark.parametrize("with_status", [True, False])
def test_the_next_order_is_refused_as_told_and_only_that(with_status):
    async def scene(stage):
        ib = await stage.connect()
        stage.control.reject_next(203, "not allowed for this account", with_status)
        refused = await buy(stage, ib)
        taken = await buy(stage, ib)
        said = [entry.status for entry in refused.log]
        return said, stage.errors[17][0][1:], taken.orderStatus.status

    said, error, taken = play(scene)
    assert ("Inactive" in said, taken) == (with_status, "Filled")
    assert error == (203, "not allowed for this account")


def test_a_stuck_order_is_nowhere_until_it_is_released():
    async def scene(stage):
        ib = await stage.connect()
        stage.control.stick_pending = True
        trade = await buy(stage, ib, seconds=60)
        stuck = trade.orderStatus.status, trade.order.permId, await ib.reqAllOpenOrdersAsync()
        stage.control.stick_pending = False
        stage.control.release_pending()
        await stage.sleep()
        return stuck[0], stuck[1], list(stuck[2]), trade.orderStatus.status

    assert play(scene) == ("PendingSubmit", 0, [], "Filled")


def test_lost_repeated_and_reordered_messages():
    async def scene(stage):
        client = await stage.raw()
        await client.heard(0.2)
        control = stage.control
        control.lose_statuses = 1.0
        first = await after_order(client, 1)
        control.lose_statuses, control.lose_executions = 0.0, 1.0
        second = await after_order(client, 2)
        control.lose_executions = 0.0
        control.duplicate_executions = control.repeat_statuses = True
        third = await after_order(client, 3)
        control.duplicate_executions = control.repeat_statuses = False
        control.reorder_statuses = True
        fourth = await after_order(client, 4)
        client.send(7, 3, 99, 0, "", "", "", "", "", "")
        told = [f for f in await client.heard() if f[0] == "11"]
        return first, second, third, fourth, len(told)

    first, second, third, fourth, told = play(scene)
    assert first == ["11", "59"]
    assert second == ["5", "3 Submitted", "5", "3 Filled"]
    assert third == [
        *["5", "3 Submitted"] * 2, "11", "11", *["5", "3 Filled"] * 2, "59",
    ]  # fmt: skip
    assert fourth[-7:] == [
        "5", "3 Filled", "5", "3 Submitted", "5", "3 Filled", "59",
    ]  # fmt: skip
    assert told == 4


async def after_order(client: RawClient, number: int) -> list[str]:
    """Buy one and return the order messages that follow."""
    client.send(*market_order(number, "BUY", 1))
    heard = [f for f in await client.heard() if f[0] in {"3", "5", "11", "59"}]
    return [f"3 {f[2]}" if f[0] == "3" else f[0] for f in heard]


def test_a_share_of_messages_is_lost_by_the_seed_alone():
    async def scene(stage):
        client = await stage.raw()
        stage.control.lose_statuses = 0.5
        return [await after_order(client, number) for number in range(1, 12)]

    once = play(scene)
    assert once == play(scene)
    kept = sum(len(messages) for messages in once)
    assert 2 * 11 < kept < 6 * 11


def test_executions_are_corrected_and_busted():
    async def scene(stage):
        ib = await stage.connect()
        trade = await buy(stage, ib, 2)
        wire = trade.fills[0].execution.execId
        price = trade.fills[0].execution.price
        stage.control.correct(wire, stage.exchange.book.executions["SIM00000001"].price + 1)
        await stage.sleep()
        corrected = [(f.execution.execId[-5:], f.execution.price) for f in trade.fills]
        cash = stage.exchange.cash
        stage.control.bust("SIM00000001")
        await stage.sleep()
        with pytest.raises(DataError):
            stage.control.bust("0000e0d5.67409999.01.01")
        told = await ib.reqExecutionsAsync()
        busted = [(f.execution.side, f.execution.orderId) for f in told]
        return price, corrected, ib.positions(), busted, cash - stage.exchange.cash

    price, corrected, positions, busted, difference = play(scene)
    assert corrected == [("01.01", price), ("01.02", price + 1)]
    assert (positions, difference) == ([], 0)
    assert [side for side, _ in busted] == ["BOT", "SLD"]
    assert busted[1][1] == 0


def test_trades_and_orders_by_hand_belong_to_nobodys_client():
    async def scene(stage):
        ib, master = await stage.connect(17), await stage.connect(0)
        stage.control.foreign_trade(MES, -2)
        stage.control.foreign_order(CALL, 1, Decimal(1))
        await stage.sleep()
        (order,) = await ib.reqAllOpenOrdersAsync()
        (fill,) = await ib.reqExecutionsAsync()
        own = ib.trades(), [p.position for p in ib.positions()]
        return order.order, fill.execution, own, len(master.trades())

    order, execution, (trades, positions), heard = play(scene, fills=RESTING)
    assert (order.clientId, order.orderId, order.orderRef) == (0, 0, "")
    assert (execution.clientId, execution.orderId, execution.orderRef) == (0, 0, "")
    assert positions == [-2]
    assert heard == 2
    assert all(trade.order.permId for trade in trades)


def test_an_order_is_changed_by_hand_and_its_owner_sees_it():
    async def scene(stage):
        ib = await stage.connect()
        call = await stage.option(ib, 540, "C")
        trade = ib.placeOrder(call, stage.lib.LimitOrder("BUY", 1, 1.0, orderRef="mine"))
        await stage.sleep()
        stage.control.modify_by_hand("mine", Decimal("1.25"))
        await stage.sleep()
        with pytest.raises(DataError):
            stage.control.modify_by_hand("nobody's", Decimal(1))
        return trade.order.lmtPrice, trade.orderStatus.status

    assert play(scene, fills=RESTING) == (1.25, "Submitted")


def test_delayed_frozen_and_no_data():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        line = ib.reqMktData(mes)
        await stage.sleep(2)
        stage.control.delayed_data = True
        await stage.sleep(2)
        delayed = line.marketDataType, line.bid > 0
        stage.control.delayed_data, stage.control.frozen_data = False, True
        await stage.sleep(2)
        frozen, bid = line.marketDataType, line.bid
        updates = []
        line.updateEvent += updates.append
        await stage.sleep(20)
        still = line.bid == bid, updates
        stage.control.frozen_data, stage.control.no_data = False, True
        ib.reqMktData(await stage.option(ib, 540, "C"))
        await stage.sleep(2)
        ib.reqMarketDataType(3)
        other = ib.reqMktData(await stage.option(ib, 541, "C"))
        await stage.sleep(2)
        return delayed, frozen, still, stage.codes(), other.marketDataType, (other.ask, other.last)

    delayed, frozen, still, codes, kind, asked = play(scene)
    assert (delayed, frozen, still) == ((3, True), 2, (True, []))
    assert (codes, kind) == ([354, 10167], 3)
    assert min(asked) > 0


@pytest.mark.parametrize("kind", ["unset", "minus", "nan", "inf", "max", "none"])
def test_sentinels_stand_for_greeks(kind):
    async def scene(stage):
        ib = await stage.connect()
        stage.control.greeks_sentinels = kind
        line = ib.reqMktData(await stage.option(ib, 540, "C"))
        await stage.sleep(3)
        return line.modelGreeks

    greeks = play(scene)
    match kind:
        case "none":
            assert greeks is None
        case "unset":
            assert (greeks.delta, greeks.vega, greeks.impliedVol) == (None, -2, None)
        case "minus":
            assert (greeks.delta, greeks.gamma) == (-1, -1)
        case "nan":
            assert math.isnan(greeks.delta)
        case "inf":
            assert math.isinf(greeks.delta)
        case "max":
            assert greeks.delta == 1.7976931348623157e308


def test_bad_ticks_come_once_and_swapped_quotes_until_ended():
    async def scene(stage):
        ib = await stage.connect()
        line = ib.reqMktData(await stage.mes(ib))
        seen = []
        line.updateEvent += lambda ticker: seen.append(ticker.bid)
        await stage.sleep(3)
        stage.control.bad_tick(MES, 68_000.0)
        await stage.sleep(5)
        good = seen[-1]
        stage.control.swap_quotes(MES, "MES 202603")
        await stage.sleep(3)
        swapped, march = line.bid, stage.exchange.board.quote("MES 202603").bid
        stage.control.swap_quotes()
        await stage.sleep(3)
        return seen, good, swapped, march, line.bid

    seen, good, swapped, march, bid = play(scene)
    assert seen.count(68_000.0) == 1
    assert 5_000 < good < 6_000
    assert abs(swapped - march) < 5
    assert abs(bid - good) < 15 < swapped - good


def test_ids_go_back_and_orders_keep_their_permanent_ones():
    async def scene(stage):
        client = await stage.raw()
        client.send(*market_order(5, "BUY", 1))
        await client.heard()
        stage.control.rollback_ids(1)
        client.send(8, 1, 1)
        client.send(*market_order(5, "SELL", 3))
        heard = await client.heard()
        told = [f[2] for f in heard if f[0] == "9"]
        perms = {f[6] for f in heard if f[0] == "3"}
        return told, perms, list(stage.exchange.book.orders)

    told, perms, keys = play(scene)
    assert (told, perms) == (["1"], {"1000002"})
    assert keys == ["tws:17:5:R5", "tws:17:5.2:R5"]


@pytest.mark.parametrize(
    ("end", "ask"),
    [
        ("openOrderEnd", "reqOpenOrdersAsync"), ("positionEnd", "reqPositionsAsync"),
        ("execDetailsEnd", "reqExecutionsAsync"),
    ],
)  # fmt: skip
def test_an_end_mark_that_never_comes(end, ask):
    async def scene(stage):
        ib = await stage.connect()
        stage.control.omit_end(end)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(getattr(ib, ask)(), 5)
        stage.control.omit_end(end, on=False)
        return list(await asyncio.wait_for(getattr(ib, ask)(), 5))

    assert play(scene) == []


def test_questions_about_margin_go_wrong_as_known():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        stage.control.early_whatif = True
        client = await stage.raw(18)
        client.send(*market_order(50, "BUY", 1, what_if=1))
        early = [f for f in await client.heard() if f[0] == "5"]
        stage.control.early_whatif, stage.control.refuse_whatif = False, 201
        refused = await ib.whatIfOrderAsync(mes, stage.lib.MarketOrder("BUY", 1))
        return ["1.7976931348623157E308" in f for f in early], list(refused), stage.codes()

    early, refused, codes = play(scene)
    assert (early, refused, codes) == ([True, True], [], [201])


def test_partial_fills_and_missing_commissions():
    async def scene(stage):
        ib = await stage.connect()
        stage.control.partial_fills(1.0)
        stage.control.commission_missing = True
        trade = await buy(stage, ib, 10, seconds=20)
        stage.control.commission_missing, stage.control.commission_sentinel = False, True
        call = await stage.option(ib, 540, "C")
        ioc = stage.lib.LimitOrder("BUY", 9, 50.0, tif="IOC")
        other = ib.placeOrder(call, ioc)
        await stage.sleep()
        return trade, other

    trade, other = play(scene)
    assert len(trade.fills) > 1
    assert [fill.execution.cumQty for fill in trade.fills][-1] == 10 == trade.filled()
    assert trade.orderStatus.status == "Filled"
    assert {fill.commissionReport.execId for fill in trade.fills} == {""}
    assert (other.orderStatus.status, 0 < other.filled() < 9) == ("Cancelled", True)
    assert other.fills[0].commissionReport.commission == 1.7976931348623157e308


def test_a_server_whose_exchange_cannot_be_reached_says_so():
    async def scene(stage):
        await stage.sleep(10)
        with pytest.raises(BrokerUnreachable):
            stage.control.foreign_trade(MES, 1)
        return stage.gateway.clients

    assert play(scene, faults=Faults(outages=(Interval(5, 100),))) == ()


# --- the admin channel


def test_the_channel_obeys_and_names_the_nearest_word():
    async def scene(stage):
        channel = AdminChannel(stage.control)
        port = await channel.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        for line in (
            "duplicate_executions on", "lose_statuses 0.8", "refuse_whatif 201",
            "greeks_sentinels nan", "duplicate_execution on", "lose_statuses 2", "halt",
            "farm usfart off", "correct 1 x", "error 2104 'two words'", "", 'error 1 "',
            "foreign_trade 'MES 202512' -1", "foreign_trade XYZ 1", "freeze", "thaw",
            "omit_end positionEnd", "nonsense\x1b[31m",
        ):  # fmt: skip
            writer.write(f"{line}\n".encode())
            answers.append((await reader.readline()).decode().strip())
        writer.close()
        await channel.close()
        await stage.sleep()
        control = stage.control
        set_to = (
            control.duplicate_executions, control.lose_statuses, control.refuse_whatif,
            control.greeks_sentinels, control.omitted_ends,
        )  # fmt: skip
        return answers, set_to, stage.exchange.book.account.positions

    answers, set_to, positions = play(scene)
    good = [answer == "ok" for answer in answers]
    assert good == [
        True, True, True, True, False, False, False, False, False, True, False, False, True, False,
        True, True, True, False,
    ]  # fmt: skip
    assert (
        answers[4]
        == "error: no command 'duplicate_execution'; did you mean 'duplicate_executions'?"
    )
    assert "usfuture" in answers[7]
    assert "SECONDS" in answers[6]
    assert "\x1b" not in answers[-1]
    assert set_to == (True, 0.8, 201, "nan", {"positionEnd"})
    assert positions == {MES: -1}


def test_every_deed_is_a_method_and_every_switch_an_attribute():
    async def scene(stage):
        return [name for name in (*DEEDS, *SWITCHES) if not hasattr(stage.control, name)], [
            name for name in DEEDS if not callable(getattr(stage.control, name))
        ]

    assert play(scene) == ([], [])
    assert not set(DEEDS) & set(SWITCHES)


def test_a_strangle_survives_lost_words_by_the_questions():
    async def scene(stage):
        ib = await stage.connect()
        stage.control.lose_executions = stage.control.lose_statuses = 1.0
        bag = await stage.strangle(ib)
        trade = ib.placeOrder(bag, stage.lib.LimitOrder("BUY", 1, 30.0, orderRef="S"))
        await stage.sleep()
        obey(stage.control, "lose_executions off")
        told = await ib.reqExecutionsAsync()
        return (
            trade.orderStatus.status,
            [f.contract.secType for f in told],
            dict(stage.exchange.book.account.positions),
        )

    status, kinds, positions = play(scene)
    assert (status, kinds) == ("PendingSubmit", ["BAG", "OPT", "OPT"])
    assert positions == {PUT: 1, CALL: 1}


def test_a_server_whose_file_cannot_be_written_drops_everybody(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        await buy(stage, ib)
        stage.exchange.book._store._torn = True  # as a disk that is full leaves it
        ib.placeOrder(await stage.mes(ib), stage.lib.MarketOrder("BUY", 1))
        await stage.sleep()
        down = ib.isConnected(), stage.gateway.broken.is_set(), stage.gateway.failure.message
        with pytest.raises((ConnectionError, TimeoutError)):
            await stage.connect(18, timeout=2)
        return down

    connected, broken, words = play(scene, state=tmp_path / "exchange.jsonl")
    assert (connected, broken, "cannot write" in words) == (False, True, True)


def test_questions_take_as_long_as_the_exchange_and_stay_in_order():
    async def scene(stage):
        client = await stage.raw()
        await client.heard(0.2)
        began = stage.clock.now()
        client.send(49, 1)
        await client.read_until(49)
        took = stage.clock.now() - began
        client.send(*market_order(1, "BUY", 1))
        client.send(16, 1)
        listed = [f[0] for f in await client.read_until(53)]
        return took, listed

    took, listed = play(scene)
    assert 0.03 <= took <= 0.13
    assert listed.count("11") == 1, "the question came after the order"
