"""The link, over a real socket: who is let in, how a dead TWS shows, and what degrades it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace

import pytest

from hedgetui.adapters.ibkr.broker import IbkrBroker, probe
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.quotes import Greeks
from hedgetui.ports.broker import (
    Environment,
    Execution,
    Incomplete,
    LinkReport,
    OrderEnded,
    OrderNotice,
    VenueReport,
)
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.tws_gateway import TwsGateway
from hedgetui.simulation.virtual_loop import run_virtual
from tests.contract.world import START, Setting, World, draft, xsp
from tests.ibkr.world import ACCOUNT, CONNECTION, play, reports

DOWN, READY, DEGRADED = LinkState.DOWN, LinkState.READY, LinkState.DEGRADED


def last(world: World) -> LinkReport:
    return world.of(LinkReport)[-1]


# Coming in


def test_a_taken_client_id_is_refused_at_once_and_named():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        other = IbkrBroker(world.broker._connection, world.clock)
        began = world.clock.now()
        with pytest.raises(BrokerUnreachable, match="client id 17 is in use") as refused:
            await other.connect(lambda _: None)
        assert "client_id" in refused.value.hint
        assert world.clock.now() - began < 1
        assert list(gateway.clients) == [17]
        assert last(world).state is READY

    play(story)


def test_where_nobody_listens_the_ports_are_named():
    async def story() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        broker = IbkrBroker(replace(CONNECTION, port=port), LoopClock(START))
        with pytest.raises(BrokerUnreachable, match=f"nobody listens at 127.0.0.1:{port}") as error:
            await broker.connect(lambda _: None)
        assert "7497" in error.value.hint
        assert "4001" in error.value.hint

    run_virtual(story)


def test_who_accepts_and_says_nothing_is_given_up_in_time():
    async def story() -> None:
        writers: list[asyncio.StreamWriter] = []

        def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        clock = LoopClock(START)
        broker = IbkrBroker(replace(CONNECTION, port=port, connect_timeout_s=4.0), clock)
        with pytest.raises(BrokerUnreachable, match="does not answer within 4 s"):
            await broker.connect(lambda _: None)
        assert 4 <= clock.now() - START < 6
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        server.close()

    run_virtual(story)


def test_who_closes_during_the_handshake_is_not_waited_for():
    async def story(world: World, gateway: TwsGateway) -> None:
        gateway.control.refuse()
        with pytest.raises(BrokerUnreachable, match="closed the connection"):
            await world.broker.connect(world.heard.append)
        assert world.clock.now() - START < 1
        assert world.heard == []

    play(story)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account": "DU999"}, "account DU999 is not among those of the login: DU1234567"),
        ({"environment": Environment.LIVE}, "is a paper account, but the profile means live"),
    ],
)
def test_another_account_than_the_profile_means_is_refused(changes: dict, words: str):
    async def story(world: World, gateway: TwsGateway) -> None:
        with pytest.raises(BrokerUnreachable, match=words):
            await world.broker.connect(world.heard.append)
        await world.clock.sleep(1)
        assert world.heard == []
        assert list(gateway.clients) == []

    play(story, **changes)


def test_a_probe_learns_who_is_there_and_what_time_it_is_without_a_session():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.clock.sleep(100)
        found = await probe(world.broker._connection)
        assert found.accounts == (ACCOUNT,)
        assert found.server_version in {176, 178}
        assert found.client.startswith("ib_")
        assert abs(found.broker_time - world.clock.now()) <= 1
        assert found.round_trip >= 0
        await world.clock.sleep(0.1)
        assert list(gateway.clients) == []

    play(story)


# Going down


def test_a_dropped_connection_is_told_once():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.drop()
        await world.clock.sleep(60)
        assert [one.reason for one in reports(world, DOWN)]
        assert len(reports(world, DOWN)) == 1
        assert world.heard[-1] == reports(world, DOWN)[0]
        assert isinstance(await world.broker.truth(), Incomplete)

    play(story)


def test_a_frozen_server_is_degraded_first_and_down_within_twenty_seconds():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.clock.sleep(7)
        frozen_at = world.clock.now()
        gateway.control.freeze()
        await world.until(lambda: reports(world, DEGRADED), 11)
        assert "does not answer" in reports(world, DEGRADED)[0].reason
        await world.until(lambda: reports(world, DOWN), 20)
        assert world.clock.now() - frozen_at <= 20.1
        heard = len(world.heard)
        gateway.control.thaw()
        await world.clock.sleep(30)
        assert len(world.heard) == heard

    play(story)


def test_a_frozen_server_that_wakes_in_time_keeps_its_session():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.freeze()
        await world.until(lambda: reports(world, DEGRADED), 11)
        gateway.control.thaw()
        await world.until(lambda: last(world).state is READY, 6)
        await world.clock.sleep(30)
        assert reports(world, DOWN) == []
        assert {one.session for one in world.of(LinkReport)} == {1}

    play(story)


def test_a_question_on_its_way_ends_with_the_link():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.freeze()
        asked = asyncio.ensure_future(world.broker.futures("MES"))
        await world.clock.sleep(1)
        gateway.control.drop()
        with pytest.raises(BrokerUnreachable):
            await asked

    play(story)


def test_ten_drops_and_returns_leave_nothing_behind():
    async def story(world: World, gateway: TwsGateway) -> None:
        for number in range(1, 11):
            await world.connect()
            assert last(world).session == number
            await world.broker.watch(frozenset({"MES 202512"}))
            gateway.control.drop()
            await world.until(lambda: last(world).state is DOWN)
        assert world.broker.health().reconnects == 9
        names = [task.get_name() for task in asyncio.all_tasks()]
        assert not [name for name in names if name.startswith("ibkr")]

    play(story)


# Degraded and back


@pytest.mark.parametrize("data_lost", [False, True])
def test_a_server_that_lost_its_own_link_is_degraded_until_it_is_back(data_lost: bool):
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched("MES 202512")
        gateway.control.outage_1100()
        await world.until(lambda: last(world).state is DEGRADED)
        assert "1100" in last(world).reason
        truth = await world.broker.truth()
        assert isinstance(truth, Incomplete)
        assert "no connection to IB" in truth.why
        await world.clock.sleep(10)
        quotes = len(world.heard)
        gateway.control.restore(data_lost)
        await world.until(lambda: last(world).state is READY)
        await world.until(lambda: len(world.heard) > quotes + 5)
        assert last(world).session == 1
        await world.truth()
        assert "MES 202512" in {getattr(one, "key", "") for one in world.heard[quotes:]}

    play(story)


def test_a_broken_farm_degrades_until_fresh_data_come():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched("MES 202512")
        gateway.control.farm("usfuture", False)
        await world.until(lambda: last(world).state is DEGRADED)
        assert last(world).reason == "data farm usfuture is broken"
        assert ("usfuture", False) in world.broker.health().farms
        await world.clock.sleep(10)
        gateway.control.farm("usfuture", True)
        await world.until(lambda: last(world).state is READY)
        assert [one.reason for one in reports(world, DEGRADED)][-1].endswith("no data yet")
        await world.watched("MES 202512")

    play(story)


def test_a_farm_that_is_broken_from_the_start_degrades_after_ready():
    async def story(world: World, gateway: TwsGateway) -> None:
        sessions = gateway.site.sessions
        connecting = asyncio.ensure_future(world.broker.connect(world.heard.append))
        while not (sessions and sessions[0].client_id):  # noqa: ASYNC110 - the gateway has no event for it
            await asyncio.sleep(0)
        gateway.control.farm("usfuture", False)
        await connecting
        await world.until(lambda: len(world.of(LinkReport)) >= 2)
        assert [one.state for one in world.of(LinkReport)[:2]] == [READY, DEGRADED]
        assert isinstance(world.heard[0], LinkReport)
        assert len(world.broker.health().farms) == 5

    play(story)


def test_farms_that_carry_no_hedge_change_nothing():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.farm("ushmds", False)
        gateway.control.farm("secdefnj", False)
        await world.clock.sleep(5)
        assert [one.state for one in world.of(LinkReport)] == [READY]
        farms = dict(world.broker.health().farms)
        assert (farms["ushmds"], farms["secdefnj"]) == (False, False)

    play(story)


def test_a_feed_that_falls_silent_is_noticed_and_asked_for_again():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched("MES 202512")
        gateway.control.lose_subscriptions()
        await world.until(lambda: reports(world, DEGRADED), 20)
        (degraded,) = reports(world, DEGRADED)
        assert degraded.reason == "no market data although the venue trades"
        await world.until(lambda: last(world).state is READY)
        await world.watched("MES 202512")
        assert reports(world, DOWN) == []

    play(story)


def test_a_clock_that_differs_is_said():
    async def story(world: World, _gateway: TwsGateway) -> None:
        shifted = LoopClock(START + 90)
        broker = IbkrBroker(world.broker._connection, shifted)
        heard: list = []
        await broker.connect(heard.append)
        assert [one.state for one in heard[:2]] == [READY, DEGRADED]
        assert "clock differs by -90 s" in heard[1].reason
        assert broker.health().clock_skew == pytest.approx(-90, abs=1)
        await broker.disconnect()

    play(story)


def test_another_port_ends_the_session_and_says_which():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.error(1300, "TWS socket port has been reset to: 7499")
        await world.until(lambda: last(world).state is DOWN)
        assert "7499" in last(world).reason

    play(story)


# What people see


def test_health_says_where_we_are_and_what_we_use():
    async def story(world: World, _gateway: TwsGateway) -> None:
        before = world.broker.health()
        assert (before.client_id, before.connected_at) == (17, None)
        await world.connect()
        await world.watched("MES 202512", "XSP 20251219 540 C")
        health = world.broker.health()
        assert health.client.startswith("ib_")
        assert health.peer == world.broker._connection.peer
        assert health.server.startswith("protocol 17")
        assert health.connected_at is not None
        assert world.clock.now() - (health.last_message_at or 0) < 2
        assert (health.data_type, health.lines_used, health.lines_budget) == ("live", 3, 100)
        assert abs(health.clock_skew or 0) < 1
        assert health.reasons == health.hints == ()

    play(story)


def test_what_the_library_says_never_reaches_the_terminal(capfd: pytest.CaptureFixture[str]):
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        gateway.control.error(321, "Error validating request \x1b[31m")
        gateway.control.drop()
        await world.clock.sleep(1)

    play(story)
    assert capfd.readouterr() == ("", "")


def test_a_failing_part_is_said_aloud():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()

        def broken(_one: object) -> None:
            raise KeyError("lost my way")

        world.broker._talk.subscriptions.on_tick = broken
        await world.until(lambda: world.of(OrderNotice))
        assert "defect in the broker adapter: KeyError" in world.of(OrderNotice)[0].message
        assert any("lost my way" in hint for hint in world.broker.health().hints)

    play(story)


def test_unknown_hours_count_as_closed():
    async def story(world: World, gateway: TwsGateway) -> None:
        gateway.control.omit_end("contractDetailsEnd")
        await world.broker.connect(world.heard.append)
        await world.until(lambda: world.of(VenueReport), 15)
        report = world.of(VenueReport)[0]
        assert not report.open
        assert report.until is not None
        assert report.until > world.clock.now()
        gateway.control.omit_end("contractDetailsEnd", False)
        await world.until(lambda: world.of(VenueReport)[-1].open, 60)

    play(story, Setting())


def test_leaving_a_server_that_reads_nothing_takes_a_moment_at_most():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        transport = world.broker._talk.session.ib.client.conn.transport
        gateway.site.sessions[0]._transport.pause_reading()
        transport.write(b"\0" * 50_000_000)
        assert transport.get_write_buffer_size() > 0
        began = world.clock.now()
        await world.broker.disconnect()
        assert world.clock.now() - began < 2
        assert transport.is_closing()
        gateway.control.drop()

    play(story)


@pytest.mark.parametrize("patience", [0.0, 0.01, 0.05, 0.1, 0.15])
def test_connecting_may_be_given_up_at_any_moment(patience: float):
    async def story(world: World, gateway: TwsGateway) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await world.broker.connect(world.heard.append)
                await asyncio.sleep(1)
        await world.broker.disconnect()
        await world.clock.sleep(1)
        assert list(gateway.clients) == []
        heard = len(world.heard)
        await world.clock.sleep(10)
        assert len(world.heard) == heard
        await world.connect()

    play(story)


@pytest.mark.parametrize("version", [157, 158, 163, 164, 166, 170, 175, 176, 178])
def test_every_version_of_the_server_is_understood(version: int):
    call, put = xsp(545), xsp(535, "P")

    async def story(world: World, gateway: TwsGateway) -> None:
        gateway._max_version = version
        await world.connect()
        spoken = world.broker._talk.session.server_version
        assert world.broker.health().server == f"protocol {min(version, spoken)}"
        await world.watched("MES 202512", call)
        await world.until(lambda: world.of(Greeks, call))
        await world.trade("K1", draft("MES 202512", -2))
        await world.trade("K2", draft(call, 1, 60.0))
        await world.submit("K3", draft(f"{put} + {call}", 1, 60.0))
        await world.until(lambda: len(world.of(Execution, "K3")) == 2)
        await world.rest("K4", "MES 202512", 1)
        await world.broker.cancel("K4")
        await world.until(lambda: world.of(OrderEnded, "K4"))
        assert await world.broker.margin(draft("MES 202512", 1)) is not None
        truth = await world.truth()
        assert truth.positions == {"MES 202512": -2, call: 2, put: 1}
        assert len(truth.executions) == 4
        assert len(truth.ended_orders) == 4

    play(story)
