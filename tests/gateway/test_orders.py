"""Orders by the real client: placed, filled, changed, cancelled, and by whose right."""

from __future__ import annotations

import pytest

from hedgetui.simulation.matching import FillModel
from tests.gateway.stage import ACCOUNT, CALL, MES, PUT, market_order, play

RESTING = FillModel(passive_rate=0.0)


def test_a_market_order_is_filled_and_every_message_agrees():
    async def scene(stage):
        ib, watcher = await stage.connect(), await stage.connect(18)
        mes = await stage.mes(ib)
        order = stage.lib.MarketOrder("SELL", 2, orderRef="HT-1", tif="DAY", account=ACCOUNT)
        trade = ib.placeOrder(mes, order)
        await stage.sleep()
        return (
            trade, ib.positions(), watcher.positions(), watcher.trades(), watcher.fills(),
            {v.tag: v.value for v in ib.accountValues() if v.currency == "USD"},
            stage.exchange.cash,
        )  # fmt: skip

    trade, own, others, foreign_trades, foreign_fills, values, cash = play(scene)
    assert [entry.status for entry in trade.log] == [
        "PendingSubmit", "Submitted", "Submitted", "Filled",
    ]  # fmt: skip
    (fill,) = trade.fills
    assert (fill.execution.orderRef, fill.execution.side, fill.execution.shares) == (
        "HT-1", "SLD", 2,
    )  # fmt: skip
    assert fill.execution.execId == "0000e0d5.67400001.01.01"
    assert fill.execution.clientId == 17
    assert fill.execution.cumQty == trade.orderStatus.filled == 2
    assert trade.order.permId == fill.execution.permId == 1_000_001
    assert fill.commissionReport.commission == 0.5
    assert [(p.contract.symbol, p.position) for p in own] == [("MES", -2)]
    assert [(p.contract.symbol, p.position) for p in others] == [("MES", -2)]
    assert (foreign_trades, foreign_fills) == ([], [])
    assert values["TotalCashBalance"] == values["TotalCashValue"] == f"{cash:.2f}"
    assert values["InitMarginReq"] == "4910.00"


def test_average_cost_and_realised_profit_are_those_of_an_account_window():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        opened = ib.placeOrder(mes, stage.lib.MarketOrder("BUY", 2))
        await stage.sleep()
        cost = ib.positions()[0].avgCost
        await stage.sleep(60)
        closed = ib.placeOrder(mes, stage.lib.MarketOrder("SELL", 2))
        await stage.sleep()
        return opened.fills[0], closed.fills[0], cost, ib.positions(), stage.exchange.cash

    opened, closed, cost, left, cash = play(scene)
    assert cost == opened.execution.price * 5 + 0.25
    profit = (closed.execution.price * 5 - cost) * 2 - 0.5
    assert closed.commissionReport.realizedPNL == pytest.approx(profit, abs=0.005)
    assert opened.commissionReport.realizedPNL == 0
    assert left == []
    assert float(cash) == pytest.approx(100_000 + profit, abs=0.005)


def test_the_last_step_of_a_message_sequence_is_the_commission():
    async def scene(stage):
        client = await stage.raw()
        client.send(61, 1)
        client.send(6, 2, 1, ACCOUNT)
        await client.read_until(54)
        client.send(*market_order(1, "BUY", 1))
        return [fields[0] for fields in await client.heard()]

    kinds = play(scene)
    assert [kind for kind in kinds if kind in {"5", "3", "11", "59"}] == [
        "5", "3", "11", "5", "3", "59",
    ]  # fmt: skip
    assert kinds.index("11") < kinds.index("61") < kinds.index("7") < kinds.index("59")
    assert kinds.index("11") < kinds.index("6") < kinds.index("59")


def test_a_resting_order_is_changed_and_cancelled_by_its_owner():
    async def scene(stage):
        ib, other = await stage.connect(), await stage.connect(18)
        call = await stage.option(ib, 540, "C")
        trade = ib.placeOrder(call, stage.lib.LimitOrder("BUY", 3, 1.0, orderRef="HT-2", tif="DAY"))
        await stage.sleep()
        trade.order.lmtPrice, trade.order.totalQuantity = 1.5, 4
        ib.placeOrder(call, trade.order)
        await stage.sleep()
        (changed,) = stage.exchange.book.orders.values()
        (listed,) = await other.reqAllOpenOrdersAsync()
        own = await other.reqOpenOrdersAsync()
        other.cancelOrder(stage.lib.Order(orderId=trade.order.orderId))
        await stage.sleep()
        alive = trade.orderStatus.status
        ib.cancelOrder(trade.order)
        await stage.sleep()
        ib.cancelOrder(trade.order)
        await stage.sleep()
        return trade, changed.draft, listed, own, alive, stage.codes(), stage.codes(18)

    trade, draft, listed, own, alive, codes, foreign = play(scene, fills=RESTING)
    assert (draft.quantity, float(draft.limit_price)) == (4, 1.5)
    assert (listed.order.clientId, listed.order.orderRef) == (17, "HT-2")
    assert own == []
    assert (alive, foreign) == ("Submitted", [10147])
    assert (trade.orderStatus.status, codes) == ("Cancelled", [202, 10148])


def test_a_filled_order_cannot_be_changed_and_a_used_id_not_used_again():
    async def scene(stage):
        client = await stage.raw()
        client.send(*market_order(5, "BUY", 1))
        await client.heard()
        client.send(*market_order(5, "BUY", 2))
        client.send(*market_order(4, "BUY", 1))
        client.send(4, 1, 99, "")
        heard = await client.heard()
        return [fields[2:4] for fields in heard if fields[0] == "4"], len(
            stage.exchange.book.orders
        )

    assert play(scene) == ([["5", "104"], ["4", "103"], ["99", "10147"]], 1)


def test_the_next_id_exceeds_every_id_ever_seen_from_anybody():
    async def scene(stage):
        first = await stage.raw(17)
        first.send(*market_order(40, "BUY", 1, what_if=1))
        await first.heard()
        second = await stage.raw(18)
        second.send(8, 1, 1)
        (told,) = [fields for fields in await second.heard() if fields[0] == "9"]
        return told[2]

    assert play(scene) == "41"


def test_a_second_client_of_an_id_is_told_and_closed():
    async def scene(stage):
        await stage.connect(17)
        with pytest.raises(TimeoutError):
            await stage.connect(17, timeout=3)
        return stage.gateway.clients, [code for _, code, _ in stage.errors[17]]

    clients, codes = play(scene)
    assert clients == (17,)
    assert 326 in codes


def test_client_zero_hears_of_everybodys_orders_under_their_owners_name():
    async def scene(stage):
        master, ib = await stage.connect(0), await stage.connect(17)
        mes = await stage.mes(ib)
        ib.placeOrder(mes, stage.lib.MarketOrder("BUY", 1, orderRef="HT-3"))
        await stage.sleep()
        return master.trades()

    (trade,) = play(scene)
    assert (trade.order.clientId, trade.order.orderRef, trade.isDone()) == (17, "HT-3", True)


def test_a_question_about_margin_is_answered_and_never_filled():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        state = await ib.whatIfOrderAsync(mes, stage.lib.MarketOrder("SELL", 2))
        await stage.sleep(5)
        return state, stage.exchange.book.orders, ib.positions()

    state, orders, positions = play(scene)
    assert (state.initMarginChange, state.initMarginAfter) == ("4910.00", "4910.00")
    assert float(state.equityWithLoanAfter) - float(state.initMarginAfter) == 95_090
    assert (orders, positions) == ({}, [])


def test_a_strangle_is_one_order_with_a_whole_and_its_legs():
    async def scene(stage):
        ib = await stage.connect()
        bag = await stage.strangle(ib)
        price = stage.exchange.board.quote(f"{PUT} + {CALL}").ask
        order = stage.lib.LimitOrder("BUY", 2, round(price + 0.2, 2), orderRef="HT-4", tif="DAY")
        trade = ib.placeOrder(bag, order)
        await stage.sleep()
        done = await ib.reqExecutionsAsync()
        close = ib.placeOrder(bag, stage.lib.LimitOrder("SELL", 2, 0.05, orderRef="HT-5"))
        await stage.sleep()
        return trade, done, close, ib.positions()

    trade, done, close, left = play(scene)
    assert trade.filled() == trade.orderStatus.filled == 2
    kinds = [(f.contract.secType, f.execution.execId[-5:], f.execution.shares) for f in trade.fills]
    assert kinds == [("BAG", "01.01", 2), ("OPT", "02.01", 2), ("OPT", "03.01", 2)]
    whole, *legs = (fill.execution.price for fill in trade.fills)
    assert whole == pytest.approx(sum(legs)) == pytest.approx(trade.orderStatus.avgFillPrice)
    assert [f.commissionReport.execId != "" for f in trade.fills] == [False, True, True]
    assert [f.execution.execId for f in done] == [f.execution.execId for f in trade.fills]
    assert len({f.execution.execId for f in trade.fills + close.fills}) == 6
    assert (close.filled(), left) == (2, [])


def test_immediate_orders_end_at_once_and_good_till_orders_at_their_time():
    async def scene(stage):
        ib = await stage.connect()
        call = await stage.option(ib, 540, "C")
        order = stage.lib.LimitOrder
        now = ib.placeOrder(call, order("BUY", 1, 0.5, tif="IOC"))
        zoned = order("BUY", 1, 0.5, tif="GTD", goodTillDate="20251119 09:32:00 US/Eastern")
        utc = order("BUY", 1, 0.5, tif="GTD", goodTillDate="20251119-14:33:00")
        first, second = ib.placeOrder(call, zoned), ib.placeOrder(call, utc)
        wrong = ib.placeOrder(call, order("BUY", 1, 0.5, tif="GTD", goodTillDate="tomorrow"))
        await stage.sleep(30)
        early = [t.orderStatus.status for t in (now, first, second)]
        await stage.sleep(60)
        late = [t.orderStatus.status for t in (first, second)]
        await stage.sleep(60)
        return early, late, second.orderStatus.status, wrong.log[-1].errorCode

    assert play(scene, fills=RESTING) == (
        ["Cancelled", "Submitted", "Submitted"], ["Cancelled", "Submitted"], "Cancelled", 321,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"orderType": "STP", "auxPrice": 5400.0}, 387, "order type"),
        ({"tif": "GTC"}, 201, "GTC"),
        ({"lmtPrice": 1.003}, 201, "multiple"),
        ({"totalQuantity": 0}, 434, "zero"),
        ({"totalQuantity": 1.5}, 321, "whole"),
        ({"account": "U7654321"}, 321, "account"),
        ({"parentId": 3}, 321, "parentId"),
        ({"transmit": False}, 321, "transmit"),
        ({"action": "HOLD"}, 321, "side"),
        ({"ocaGroup": "one"}, 321, "ocaGroup"),
        ({"hidden": True}, 321, "hidden"),
    ],
)
def test_what_is_not_offered_is_refused_with_words(changes, code, words):
    async def scene(stage):
        ib = await stage.connect()
        call = await stage.option(ib, 540, "C")
        order = stage.lib.LimitOrder("BUY", 1, 1.0)
        for name, value in changes.items():
            setattr(order, name, value)
        trade = ib.placeOrder(call, order)
        await stage.sleep()
        ((about, told, text),) = stage.errors[17]
        return about == trade.order.orderId, told, text, stage.exchange.book.account.positions

    mine, told, text, positions = play(scene)
    assert (mine, told, positions) == (True, code, {})
    assert words in text


def test_the_exchanges_own_refusal_is_inactive_with_its_reason():
    async def scene(stage):
        ib = await stage.connect()
        mes = await stage.mes(ib)
        seen = []
        trade = ib.placeOrder(mes, stage.lib.MarketOrder("SELL", 90, orderRef="HT-6"))
        trade.statusEvent += lambda t: seen.append(t.orderStatus.status)
        await stage.sleep()
        (done,) = await ib.reqCompletedOrdersAsync(False)
        return seen, stage.errors[17], done

    seen, errors, done = play(scene)
    assert "Inactive" in seen
    assert [(code, "insufficient funds" in text) for _, code, text in errors] == [(201, True)]
    assert (done.orderStatus.status, done.order.orderRef) == ("Inactive", "HT-6")


def test_what_is_only_quoted_is_refused_and_what_is_unknown_is_not_found():
    async def scene(stage):
        ib = await stage.connect()
        ib.placeOrder(stage.lib.Index("VIX", "CBOE"), stage.lib.MarketOrder("BUY", 1))
        ib.placeOrder(stage.lib.Stock("XYZZY", "SMART", "USD"), stage.lib.MarketOrder("BUY", 1))
        ib.placeOrder(stage.lib.Future("MES", exchange="CME"), stage.lib.MarketOrder("BUY", 1))
        await stage.sleep()
        return [(code, text) for _, code, text in stage.errors[17]], stage.exchange.book.orders

    errors, orders = play(scene)
    assert [code for code, _ in errors] == [201, 200, 200]
    assert ("VIX" in errors[0][1], "ambiguous" in errors[2][1], orders) == (True, True, {})


def test_completed_orders_tell_how_each_of_todays_orders_ended():
    async def scene(stage):
        ib = await stage.connect()
        mes, call = await stage.mes(ib), await stage.option(ib, 540, "C")
        ib.placeOrder(mes, stage.lib.MarketOrder("BUY", 1, orderRef="filled"))
        resting = ib.placeOrder(call, stage.lib.LimitOrder("BUY", 1, 0.5, orderRef="cancelled"))
        await stage.sleep()
        ib.cancelOrder(resting.order)
        await stage.sleep()
        today = await ib.reqCompletedOrdersAsync(False)
        await stage.sleep(86_400)
        return today, await ib.reqCompletedOrdersAsync(False), await ib.reqExecutionsAsync()

    today, tomorrow, executions = play(scene, fills=RESTING)
    assert [(t.order.orderRef, t.orderStatus.status, t.order.filledQuantity) for t in today] == [
        ("filled", "Filled", 1), ("cancelled", "Cancelled", 0),
    ]  # fmt: skip
    assert (tomorrow, executions) == ([], [])


def test_a_restart_on_a_kept_exchange_knows_owners_ids_and_references(tmp_path):
    state = tmp_path / "exchange.jsonl"

    async def before(stage):
        ib = await stage.connect()
        mes, call = await stage.mes(ib), await stage.option(ib, 540, "C")
        ib.placeOrder(mes, stage.lib.MarketOrder("BUY", 1, orderRef="HT:7"))
        working = ib.placeOrder(call, stage.lib.LimitOrder("BUY", 1, 0.5, orderRef="HT-8"))
        await stage.sleep()
        return working.order.orderId, working.order.permId

    async def after(stage):
        ib = await stage.connect()
        (open_one,) = await ib.reqAllOpenOrdersAsync()
        (done,) = await ib.reqCompletedOrdersAsync(False)
        (fill,) = await ib.reqExecutionsAsync()
        ib.cancelOrder(open_one.order)
        await stage.sleep()
        return open_one, done, fill, ib.client.getReqId(), stage.exchange.book.open_orders()

    order_id, perm_id = play(before, state=state, fills=RESTING)
    open_one, done, fill, next_id, left = play(after, state=state, fills=RESTING)
    assert (open_one.order.clientId, open_one.order.orderId) == (17, order_id)
    assert (open_one.order.permId, open_one.order.orderRef) == (perm_id, "HT-8")
    assert (done.order.orderRef, fill.execution.orderRef) == ("HT:7", "HT:7")
    assert fill.execution.execId == "0000e0d5.67400001.01.01"
    assert (next_id > order_id, left) == (True, ())


def test_the_exchange_key_carries_owner_id_and_reference():
    async def scene(stage):
        client = await stage.raw(23)
        client.send(*market_order(7, "SELL", 1))
        await client.heard()
        return list(stage.exchange.book.orders), stage.exchange.book.account.positions

    assert play(scene) == (["tws:23:7:R7"], {MES: -1})
