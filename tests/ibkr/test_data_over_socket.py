"""Market data, over a real socket: what is not live, not right, not there, or not ours to take."""

from __future__ import annotations

import asyncio
from random import Random

import numpy as np
import pytest

from hedgetui.domain.events import LinkState
from hedgetui.domain.quotes import DataType, Greeks, Quote
from hedgetui.ports.broker import Execution, IndexLevel, LinkReport, OrderNotice
from hedgetui.simulation.tws_gateway import TwsGateway
from tests.contract.world import World, draft, xsp
from tests.ibkr.world import codes, play, reports

HEDGE = "MES 202512"
CALL, PUT = xsp(545), xsp(535, "P")
DEGRADED, READY = LinkState.DEGRADED, LinkState.READY


def newest(world: World, key: str) -> Quote:
    return world.of(Quote, key)[-1]


@pytest.mark.parametrize(
    ("switch", "kind"), [("delayed_data", DataType.DELAYED), ("frozen_data", DataType.FROZEN)]
)
def test_data_that_are_not_live_carry_a_badge_and_degrade(switch: str, kind: DataType):
    async def story(world: World, gateway: TwsGateway) -> None:
        setattr(gateway.control, switch, True)
        await world.broker.connect(world.heard.append)
        await world.watched(HEDGE, seconds=10)
        assert newest(world, HEDGE).data_type is kind
        await world.until(lambda: reports(world, DEGRADED))
        assert f"{kind} data" in world.of(LinkReport)[-1].reason
        assert world.broker.health().data_type == kind

    play(story)


def test_without_a_subscription_delayed_data_are_shown_and_never_called_live():
    async def story(world: World, gateway: TwsGateway) -> None:
        gateway.control.no_data = True
        await world.broker.connect(world.heard.append)
        await world.watched(HEDGE, seconds=10)
        assert newest(world, HEDGE).data_type is DataType.DELAYED
        assert world.of(LinkReport)[-1].state is DEGRADED
        assert any("no live market data" in hint for hint in world.broker.health().hints)

    play(story)


def test_a_delayed_index_degrades_nothing_and_is_not_believed():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE, CALL)
        index = world.broker._talk.watchlist.line("XSP")
        session = gateway.site.sessions[0]
        session.lines.pop(index.request)
        session.send(58, 1, index.request, 3)
        for _ in range(20):
            session.send(1, 6, index.request, 68, 300.0, 1, 0)
            await world.clock.sleep(0.5)
        assert [one.state for one in world.of(LinkReport)] == [READY]
        levels = world.of(IndexLevel)
        assert all(one.level == pytest.approx(levels[0].level, rel=0.01) for one in levels)
        assert world.clock.now() - levels[-1].at < 2

    play(story)


def test_another_session_of_the_user_degrades_until_data_come_back():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        line = world.broker._talk.watchlist.line(HEDGE)
        words = "No market data during competing live session"
        gateway.control.error(10197, words, line.request)
        await world.until(lambda: world.of(LinkReport)[-1].state is DEGRADED)
        assert HEDGE in world.of(LinkReport)[-1].reason
        assert any("one login" in hint for hint in world.broker.health().hints)
        await world.until(lambda: world.of(LinkReport)[-1].state is READY, 20)

    play(story)


def test_a_line_limit_is_learnt_and_hedging_keeps_its_lines():
    async def story(world: World, gateway: TwsGateway) -> None:
        gateway.control.line_limit = 8
        await world.connect()
        scan = asyncio.ensure_future(world.broker.chain())
        await world.clock.sleep(5)
        await world.watched(HEDGE, CALL, PUT, seconds=15)
        chain = await scan
        assert world.broker.health().lines_budget <= 8
        assert sum(np.isfinite(one.put_bid).sum() for one in chain.expiries) > 20
        await world.clock.sleep(5)
        for key in (HEDGE, CALL, PUT):
            assert newest(world, key).age(world.clock.now()) < 5

    play(story)


def test_a_chain_leaves_no_line_behind_and_watched_lines_alone():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE, CALL)
        await world.broker.chain()
        await world.clock.sleep(0.1)
        assert world.broker.health().lines_used == 3
        assert len(gateway.site.sessions[0].lines) == 3
        assert newest(world, CALL).age(world.clock.now()) < 5

    play(story)


def test_an_absurd_price_of_the_future_is_not_believed():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        good = newest(world, HEDGE).mid or 0
        gateway.control.bad_tick(HEDGE, good * 10)
        await world.clock.sleep(5)
        assert all(abs((one.mid or good) / good - 1) < 0.05 for one in world.of(Quote, HEDGE))
        assert newest(world, HEDGE).age(world.clock.now()) < 5
        assert any("not believed" in hint for hint in world.broker.health().hints)

    play(story)


@pytest.mark.parametrize("kind", ["unset", "minus", "nan", "inf", "max"])
def test_greeks_that_are_no_numbers_are_missing(kind: str):
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(CALL)
        await world.until(lambda: world.of(Greeks, CALL))
        gateway.control.greeks_sentinels = kind
        await world.clock.sleep(3)
        world.heard.clear()
        await world.clock.sleep(5)
        assert world.of(Greeks) == []
        assert world.of(Quote, CALL)
        gateway.control.greeks_sentinels = ""
        await world.until(lambda: world.of(Greeks, CALL))
        assert all(one.usable for one in world.of(Greeks))

    play(story)


def test_what_has_no_contract_is_not_watched_and_the_rest_is():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        gone = "XSP 20351221 540 C"
        await world.broker.watch(frozenset({HEDGE, gone}))
        await world.until(lambda: world.of(Quote, HEDGE))
        assert any(gone in one.message for one in world.of(OrderNotice))
        await world.clock.sleep(30)
        assert len([one for one in world.of(OrderNotice) if gone in one.message]) == 1

    play(story)


def test_a_silent_index_is_stood_in_for_by_option_models():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(CALL)
        honest = world.of(IndexLevel)[-1].level
        index = world.broker._talk.watchlist.line("XSP")
        gateway.site.sessions[0].lines.pop(index.request)
        await world.clock.sleep(8)
        world.heard.clear()
        await world.clock.sleep(5)
        levels = [one.level for one in world.of(IndexLevel)]
        assert levels
        assert levels[-1] == pytest.approx(honest, rel=0.01)
        assert any("index is silent" in hint for hint in world.broker.health().hints)

    play(story)


def test_a_subscription_that_stops_is_asked_for_again():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        line = world.broker._talk.watchlist.line(HEDGE)
        gateway.site.sessions[0].lines.pop(line.request)
        gateway.control.error(10182, "Failed to request live updates", line.request)
        await world.clock.sleep(3)
        await world.clock.sleep(5)
        assert newest(world, HEDGE).age(world.clock.now()) < 5

    play(story)


def test_a_position_the_desk_has_no_name_for_is_said_once_and_breaks_nothing():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.trade("K", draft(await world.hedge(), 1))
        session, account = gateway.site.sessions[0], gateway.site.account
        send = session.send

        def with_a_stock(*fields: object) -> None:
            if fields[0] == 62:
                send(61, 3, account, 14204, "SAP", "STK", "", 0, "", "", "", "EUR", "SAP", "XETRA",
                     100, 190.5)  # fmt: skip
            send(*fields)

        session.send = with_a_stock
        for _ in range(3):
            assert (await world.truth()).positions == {HEDGE: 1}
        said = [one.message for one in world.of(OrderNotice)]
        assert said == ["position outside the desk, not counted: STK SAP"]
        assert codes(world) == [0]

    play(story)


def _line(world: World, gateway: TwsGateway) -> tuple[int, object]:
    """Stop the gateway's own ticks of the future and return (request, how to send one)."""
    session = gateway.site.sessions[0]
    request = world.broker._talk.watchlist.line(HEDGE).request
    session.lines.pop(request)

    def tick(kind: int, price: float) -> None:
        session.send(1, 6, request, kind, price, 5, 0)

    return request, tick


def test_a_move_in_two_packets_never_looks_crossed():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        _, tick = _line(world, gateway)
        level = round(newest(world, HEDGE).mid or 0)
        for price in (level + 1, level - 1, level + 2):
            for kind, offset in ((1, 0.0), (2, 0.25)):
                tick(kind, price + offset)
                await world.clock.sleep(0.05)
            assert newest(world, HEDGE).mid == price + 0.125
        assert all(one.mid is not None for one in world.of(Quote, HEDGE))

    play(story)


def test_a_book_that_stays_crossed_is_no_book():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE)
        _, tick = _line(world, gateway)
        ask = newest(world, HEDGE).ask or 0
        tick(1, ask + 5)
        await world.clock.sleep(0.1)
        assert newest(world, HEDGE).mid is not None
        await world.clock.sleep(0.1)
        assert (newest(world, HEDGE).bid, newest(world, HEDGE).ask) == (None, None)
        tick(2, ask + 6)
        await world.clock.sleep(0.01)
        assert (newest(world, HEDGE).bid, newest(world, HEDGE).ask) == (ask + 5, ask + 6)

    play(story)


def test_without_any_index_the_future_stands_in_and_says_so():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        index = world.broker._talk.watchlist.line("XSP")
        gateway.site.sessions[0].lines.pop(index.request)
        gateway.control.error(200, "No security definition has been found", index.request)
        await world.clock.sleep(8)
        world.heard.clear()
        await world.clock.sleep(5)
        assert len(world.of(IndexLevel)) >= 4
        assert any("off by the basis" in hint for hint in world.broker.health().hints)
        chain = await world.broker.chain()
        assert len(chain.expiries) >= 4

    play(story)


@pytest.mark.parametrize(
    ("refused", "asked", "known"),
    [
        (set(), ["XSP"], True),
        ({"XSP"}, ["XSP", "SPX"], True),
        ({"XSP", "SPX"}, ["XSP", "SPX", "VIX"], True),
        ({"XSP", "SPX", "VIX"}, ["XSP", "SPX", "VIX"] * 2, False),
    ],
)
def test_history_falls_back_and_is_asked_for_once_a_day(
    refused: set[str], asked: list[str], known: bool
):
    seen: list[str] = []

    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        session = world.broker._talk.session
        library = session.ib.reqHistoricalDataAsync

        async def reading(contract: object, *rest: object, **more: object) -> object:
            seen.append(contract.symbol)
            if contract.symbol in refused:
                raise session.api.RequestError(1, 162, "HMDS query returned no data")
            return await library(contract, *rest, **more)

        session.ib.reqHistoricalDataAsync = reading
        for _ in range(2):
            history = await world.broker.volatility_history()
            assert (history is not None) is known
            if history is not None:
                assert len(history.daily) >= 200
                assert all(0.03 < one < 1.5 for one in history.daily)

    play(story)
    assert seen == asked


RUBBISH = ["", "-1", "0", "nan", "1.7976931348623157E308", "-2147483648", "9" * 400, "\x1b[2J", "x"]


@pytest.mark.parametrize("seed", range(4))
def test_mutated_messages_neither_fail_nor_trade(seed: int):
    async def story(world: World, _gateway: TwsGateway) -> None:
        frames: list[list[str]] = []
        await world.connect()
        session = world.broker._talk.session
        library = session.ib.client.decoder.interpret

        def record(fields: list[str]) -> None:
            frames.append(list(fields))
            library(fields)

        session.ib.client.decoder.interpret = record
        await world.watched(HEDGE, CALL)
        await world.trade("K", draft(HEDGE, -1))
        await world.rest("L", HEDGE, 1)
        await world.until(lambda: world.of(Greeks, CALL))
        chance = Random(seed)  # noqa: S311 - a seeded test
        told = len(world.of(Execution))
        for _ in range(3000):
            fields = list(chance.choice([one for one in frames if one[0] != "4"]))
            for _ in range(chance.randint(1, 3)):
                place = chance.randrange(1, len(fields)) if len(fields) > 1 else 0
                match chance.randrange(3):
                    case 0 if place:
                        fields[place] = chance.choice(RUBBISH)
                    case 1 if place:
                        del fields[place]
                    case _:
                        fields.insert(place + 1, chance.choice(RUBBISH))
            session._interpret(fields, lambda _: None)
            session._packet()
        await world.clock.sleep(5)
        truth = await world.truth()
        assert truth.positions == {HEDGE: -1}
        assert not any("defect" in hint for hint in world.broker.health().hints)
        assert all(one.exec_id for one in world.of(Execution)[told:])
        assert all(one.usable for one in world.of(Greeks))
        assert all((one.bid or 1) > 0 and (one.ask or 1) > 0 for one in world.of(Quote))

    play(story)
