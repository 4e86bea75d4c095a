"""What comes to the door: garbage, slow talkers, old and new versions, and nobody from outside."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.stage import RawClient, message, play

FIELDS = st.lists(
    st.one_of(
        st.sampled_from([
            "", "0", "1", "-1", "MES", "FUT", "OPT", "BAG", "BUY", "LMT", "nan", "1e308", "XSP",
            "99999999999999999999", "1.7976931348623157E308", "20251219", "C",
        ]),
        st.text(max_size=8).map(lambda text: text.replace("\0", "")),
    ),
    max_size=40,
)  # fmt: skip
NUMBERS = st.integers(0, 110)


@settings(max_examples=40)
@given(st.lists(st.tuples(NUMBERS, FIELDS), min_size=1, max_size=30))
def test_no_message_disturbs_the_server(messages):
    async def scene(stage):
        failures = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: failures.append(context))
        client = await stage.raw(5)
        before = stage.state()[:4]
        for number, fields in messages:
            client.write(message(number, *(f.encode(errors="replace").decode() for f in fields)))
        client.send(49, 1)
        await client.heard(2.0)
        after = await stage.raw(6)
        after.send(49, 1)
        await after.read_until(49)
        return failures, stage.state()[:4] == before

    assert play(scene) == ([], True)


def test_a_client_that_talks_byte_by_byte_is_understood():
    async def scene(stage):
        client = await RawClient.greet(stage.port)
        await client.read()
        for data in (message(71, 2, 9, ""), message(49, 1)):
            for place in range(len(data)):
                client.write(data[place : place + 1])
                await stage.sleep(0.001)
        told = await client.read_until(49)
        client.close()
        return told[-1][0]

    assert play(scene) == "49"


@pytest.mark.parametrize(
    ("offer", "spoken"),
    [("v157..178", "178"), ("v157..163", "163"), ("v100..999", "178"), ("v170 +PACEAPI", "170"),
     ("v150..176 +PACEAPI", "176")],
)  # fmt: skip
def test_the_version_is_the_newest_both_know(offer, spoken):
    async def scene(stage):
        client = await RawClient.greet(stage.port, offer)
        version, time = await client.read()
        client.close()
        return version, time

    assert play(scene) == (spoken, "20251119 09:31:00 EST")


@pytest.mark.parametrize("offer", ["v179..200", "hello", "", "v12..13"])
def test_a_version_we_do_not_speak_ends_the_connection(offer):
    async def scene(stage):
        client = await RawClient.greet(stage.port, offer)
        ended = await client.ended()
        client.close()
        return ended

    assert play(scene)


def test_who_has_not_introduced_himself_is_told_nothing():
    async def scene(stage):
        client = await RawClient.greet(stage.port)
        await client.read()
        client.send(61, 1)
        client.send(3, 1)
        silent = await client.heard(1.0)
        client.send(71, 2, "x", "")
        refused = await client.heard(1.0)
        client.close()
        return silent, [f[3] for f in refused], stage.gateway.clients

    assert play(scene) == ([], ["320"], ())


def test_the_gateway_listens_on_the_loopback_only_and_closes_what_it_opened():
    async def scene(stage):
        sockets = stage.gateway._server.sockets
        names = [one.getsockname()[0] for one in sockets]
        client = await stage.raw()
        await client.heard(0.5)
        await stage.gateway.close()
        await stage.gateway.close()
        ended = await client.ended()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", stage.port), timeout=1)
        return names, ended

    assert play(scene) == (["127.0.0.1"], True)


@pytest.mark.parametrize("version", [157, 163, 176])
def test_a_whole_session_is_readable_in_every_version(version):
    async def scene(stage):
        ib = await stage.connect()
        mes, bag = await stage.mes(ib), await stage.strangle(ib)
        line = ib.reqMktData(await stage.option(ib, 540, "C"))
        ib.placeOrder(mes, stage.lib.MarketOrder("BUY", 1, orderRef="A"))
        ib.placeOrder(bag, stage.lib.LimitOrder("BUY", 1, 30.0, orderRef="B"))
        resting = ib.placeOrder(bag, stage.lib.LimitOrder("BUY", 1, 0.5, orderRef="C"))
        await stage.sleep()
        open_orders = await ib.reqAllOpenOrdersAsync()
        ib.cancelOrder(resting.order)
        await stage.sleep()
        return (
            ib.client.serverVersion(), [t.order.orderRef for t in open_orders],
            len(await ib.reqExecutionsAsync()), len(await ib.reqCompletedOrdersAsync(False)),
            line.modelGreeks.delta > 0, len(ib.positions()),
        )  # fmt: skip

    assert play(scene, max_version=version) == (version, ["C"], 4, 3, True, 3)
