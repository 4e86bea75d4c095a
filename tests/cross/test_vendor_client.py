"""The vendor's own client trades on the gateway: a reading of the protocol that is not ours.

The client runs on threads of its own, as it was built to; the gateway keeps its loop. It is not a
dependency: `make cross` installs it into a second virtualenv, and without it these tests skip.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from hedgetui.domain.units import parse_utc
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import seeded_market
from hedgetui.simulation.tws_gateway import TwsGateway

vendor = pytest.importorskip("ibapi.client", reason="make cross installs the vendor's client")
wrapper = pytest.importorskip("ibapi.wrapper")
contracts = pytest.importorskip("ibapi.contract")
orders = pytest.importorskip("ibapi.order")

START = parse_utc("2025-11-19T14:31:00Z")
PATIENCE_S = 20.0


class Client(wrapper.EWrapper, vendor.EClient):
    """Puts every callback it gets into a queue, by name."""

    def __init__(self) -> None:
        vendor.EClient.__init__(self, wrapper=self)
        self.calls: queue.Queue[tuple[str, tuple]] = queue.Queue()

    def __getattribute__(self, name: str):
        if name in _HEARD:
            calls = object.__getattribute__(self, "calls")
            return lambda *values: calls.put((name, values))
        return super().__getattribute__(name)

    def wait(self, name: str, holds: Callable[..., bool] = lambda *_: True) -> tuple:
        """Return the arguments of the next call of `name` for which `holds`."""
        seen = []
        while True:
            try:
                called, values = self.calls.get(timeout=PATIENCE_S)
            except queue.Empty:
                pytest.fail(f"no {name} in {PATIENCE_S:g} s; heard {seen[-12:]}")
            if called == name and holds(*values):
                return values
            seen.append(called)


_HEARD = {
    "nextValidId", "managedAccounts", "contractDetails", "contractDetailsEnd",
    "securityDefinitionOptionParameter", "securityDefinitionOptionParameterEnd",
    "tickOptionComputation", "tickPrice", "openOrder", "orderStatus", "execDetails",
    "execDetailsEnd", "commissionReport", "position", "positionEnd", "error",
    "historicalData", "historicalDataEnd", "completedOrder", "completedOrdersEnd",
}  # fmt: skip


@contextmanager
def gateway() -> Iterator[int]:
    """A gateway on a loop of its own; yields its port."""
    started: queue.Queue[int | BaseException] = queue.Queue()
    ask_to_stop: list[Callable[[], object]] = []

    async def serve() -> None:
        clock = LoopClock(START)
        exchange = Exchange(seeded_market(7, start=START), seed=7)
        tws = TwsGateway(exchange, clock)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        ask_to_stop.append(lambda: loop.call_soon_threadsafe(stop.set))
        started.put(await tws.start())
        try:
            await stop.wait()
        finally:
            await tws.close()
            exchange.close()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            started.put(error)

    thread = threading.Thread(target=run, name="gateway")
    thread.start()
    try:
        port = started.get(timeout=PATIENCE_S)
        assert isinstance(port, int), port
        yield port
    finally:
        for stop in ask_to_stop:
            stop()
        thread.join(PATIENCE_S)


@contextmanager
def connected(port: int, client_id: int = 5) -> Iterator[Client]:
    client = Client()
    client.connect("127.0.0.1", port, client_id)
    thread = threading.Thread(target=client.run, name="vendor client")
    thread.start()
    try:
        yield client
    finally:
        client.disconnect()
        thread.join(PATIENCE_S)


def contract(**terms: object):
    made = contracts.Contract()
    for name, value in terms.items():
        setattr(made, name, value)
    return made


def mes_months(client: Client) -> list:
    client.reqContractDetails(1, contract(symbol="MES", secType="FUT", exchange="CME"))
    months = []
    while True:
        called, values = client.calls.get(timeout=PATIENCE_S)
        if called == "contractDetails":
            months.append(values[1])
        elif called == "contractDetailsEnd":
            return sorted(months, key=lambda one: one.contract.lastTradeDateOrContractMonth)


def test_details_chain_greeks_and_history():
    with gateway() as port, connected(port) as client:
        assert client.wait("managedAccounts")[0].startswith("DU")
        months = mes_months(client)
        assert len(months) >= 2
        assert {one.contract.multiplier for one in months} == {"5"}
        assert {one.minTick for one in months} == {0.25}

        client.reqContractDetails(2, contract(symbol="XSP", secType="IND", exchange="CBOE"))
        index = client.wait("contractDetails")[1].contract
        client.reqSecDefOptParams(3, "XSP", "", "IND", index.conId)
        exchange, _, trading_class, multiplier, expiries, strikes = client.wait(
            "securityDefinitionOptionParameter"
        )[1:]
        assert exchange
        assert (trading_class, multiplier) == ("XSP", "100")
        expiry = sorted(expiries)[len(expiries) // 2]
        strike = min(strikes, key=lambda one: abs(one - 535.0))
        client.reqMktData(
            4,
            contract(
                symbol="XSP", secType="OPT", exchange="SMART", currency="USD", tradingClass="XSP",
                lastTradeDateOrContractMonth=expiry, strike=strike, right="C", multiplier="100",
            ),
            "", False, False, [],
        )  # fmt: skip
        values = client.wait("tickOptionComputation", lambda *seen: seen[1] == 13)
        numbers = [one for one in values[2:] if isinstance(one, float)]
        volatility, delta = numbers[:2]
        assert 0.02 < volatility < 2
        assert 0 < delta < 1
        client.reqHistoricalData(
            5, index_contract(), "", "1 Y", "1 day", "OPTION_IMPLIED_VOLATILITY", 1, 1, False, []
        )
        bar = client.wait("historicalData")[1]
        assert 0.03 < float(bar.close) < 1.5
        client.wait("historicalDataEnd")


def index_contract():
    return contract(symbol="XSP", secType="IND", exchange="CBOE", currency="USD")


def test_a_market_order_fills_once_and_is_charged():
    with gateway() as port, connected(port) as client:
        order_id = client.wait("nextValidId")[0]
        month = mes_months(client)[0].contract
        order = orders.Order()
        order.action, order.orderType, order.totalQuantity = "SELL", "MKT", 2
        order.tif, order.orderRef, order.account = "DAY", "vendor-1", ""
        if hasattr(order, "eTradeOnly"):
            order.eTradeOnly = order.firmQuoteOnly = False
        client.placeOrder(order_id, month, order)
        execution = client.wait("execDetails")[2]
        assert (execution.side, Decimal(str(execution.shares))) == ("SLD", 2)
        assert execution.orderRef == "vendor-1"
        client.wait("commissionReport")
        client.reqPositions()
        _, held, count, _ = client.wait("position")
        assert (held.symbol, Decimal(str(count))) == ("MES", -2)
        client.wait("positionEnd")


def test_what_if_never_fills():
    with gateway() as port, connected(port) as client:
        order_id = client.wait("nextValidId")[0]
        month = mes_months(client)[0].contract
        order = orders.Order()
        order.action, order.orderType, order.totalQuantity = "SELL", "MKT", 2
        order.whatIf, order.tif = True, "DAY"
        order.eTradeOnly = order.firmQuoteOnly = False
        client.placeOrder(order_id, month, order)
        state = client.wait("openOrder")[3]
        assert float(state.initMarginChange) > 0
        client.reqPositions()
        client.wait("positionEnd")
        assert not [one for one in client.calls.queue if one[0] in {"position", "execDetails"}]
