"""Grain futures, over a real socket: cents, bushels, and what a grain is never taken for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain.events import LinkState
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.ports.broker import (
    Execution,
    IndexLevel,
    LinkReport,
    OrderEnded,
    PositionMoved,
    VenueReport,
)
from hedgetui.simulation.tws.contracts import ContractBook, Listed
from hedgetui.simulation.tws.fields import WireContract
from hedgetui.simulation.tws_gateway import TwsGateway
from tests.contract.world import Setting, World, draft
from tests.ibkr.world import play

CORN, HEDGE = "ZC 202512", "MES 202512"


class OtherTerms(ContractBook):
    """A broker whose corn is another contract of the same name."""

    changes: dict[str, object]

    def find(self, wanted: WireContract) -> list[Listed]:
        found = super().find(wanted)
        return [replace(one, **self.changes) if one.symbol == "ZC" else one for one in found]


@pytest.mark.parametrize(
    "changes", [{"multiplier": "1000"}, {"magnifier": 1}, {"multiplier": "50", "magnifier": 1}]
)
def test_corn_of_other_terms_is_neither_listed_quoted_nor_traded(changes: dict[str, object]):
    async def story(world: World, gateway: TwsGateway) -> None:
        book = OtherTerms(gateway.exchange.board)
        book.changes = changes
        gateway.site.contracts = book
        await world.connect()
        assert await world.broker.futures("ZC") == ()
        report = [one for one in world.of(VenueReport) if one.symbol == "ZC"][-1]
        assert not report.open
        assert "not 5000" in report.reason or "not 100" in report.reason
        await world.broker.watch(frozenset({CORN}))
        await world.submit("K", draft(CORN, -1, 400))
        await world.until(lambda: world.of(OrderEnded, "K"))
        assert world.of(OrderEnded, "K")[0].rejected
        assert report.reason in world.of(OrderEnded, "K")[0].reason
        await world.clock.sleep(5)
        assert world.of(Quote, CORN) == world.of(Execution) == []
        assert gateway.exchange.book.orders == {}
        (beans, *_) = await world.broker.futures("ZS")
        assert beans.key == "ZS 202601"

    play(story)


def test_the_price_of_corn_is_never_the_index():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(CORN, HEDGE)
        talk = world.broker._talk
        session = gateway.site.sessions[0]
        for key in ("XSP", HEDGE):
            session.lines.pop(talk.watchlist.line(key).request)
        before = world.of(IndexLevel)[-1].level
        world.heard.clear()
        await world.clock.sleep(15)
        assert len(world.of(Quote, CORN)) > 3
        assert all(one.level == pytest.approx(before, rel=0.01) for one in world.of(IndexLevel))

    play(story)


def test_the_first_price_of_corn_is_believed_and_an_absurd_one_is_not():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        (quote,) = await world.watched(CORN, seconds=1)
        assert quote.mid is not None
        assert world.broker._talk.watchlist.dropped == 0
        gateway.control.bad_ticks[CORN] = 4.33
        await world.clock.sleep(3)
        assert all(one.mid == pytest.approx(quote.mid, rel=0.02) for one in world.of(Quote, CORN))
        assert world.broker._talk.watchlist.dropped > 0

    play(story)


def test_a_silent_grain_degrades_nothing():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(CORN, HEDGE)
        line = world.broker._talk.watchlist.line(CORN)
        gateway.site.sessions[0].lines.pop(line.request)
        await world.clock.sleep(60)
        assert [one.state for one in world.of(LinkReport)] == [LinkState.READY]
        assert world.of(Quote, CORN)[-1].age(world.clock.now()) > 30
        assert world.of(Quote, HEDGE)[-1].age(world.clock.now()) < 5

    play(story)


def test_a_halt_of_the_index_is_no_halt_of_the_corn():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(CORN, HEDGE)
        await world.reach(30)
        corn, hedge = map(world.broker._talk.watchlist.line, (CORN, HEDGE))
        assert (corn.fold.halted, hedge.fold.halted) == (0, 1)

    play(story, Setting(halts=((20.0, 30.0),)))


def test_positions_and_orders_in_corn_are_known_to_a_desk_that_never_asked_for_it():
    async def story(world: World, _gateway: TwsGateway) -> None:
        await world.connect()
        (quote,) = await world.watched(CORN)
        await world.trade("K", draft(CORN, -2, (quote.bid or 0) - 1), 60)
        await world.rest("R", CORN, -1)
        world.broker._book = None
        world.broker._memory = type(world.broker._memory)()
        await world.reconnect()
        truth = await world.truth()
        assert truth.positions == {CORN: -2}
        (order,) = truth.open_orders
        assert (order.instrument_key, order.signed_remaining) == (CORN, -1)
        assert {(one.instrument_key, one.price < 600) for one in truth.executions} == {(CORN, True)}
        assert all(one.price % Decimal("0.25") == 0 for one in truth.executions)

    play(story)


def test_corn_traded_by_another_client_is_told():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.truth()
        exchange = gateway.exchange
        bid = exchange.board.quote(CORN).bid or 0
        exchange.submit(gateway.site.session_number(), "by hand", draft(CORN, -3, bid - 1))
        await world.until(lambda: world.of(PositionMoved), 60)
        assert world.of(PositionMoved)[-1].instrument_key == CORN
        await world.until(lambda: world.of(PositionMoved)[-1].quantity == -3, 60)

    play(story)


def test_delayed_corn_keeps_its_badge_and_the_hedge_of_the_index_its_link():
    async def story(world: World, gateway: TwsGateway) -> None:
        await world.connect()
        await world.watched(HEDGE, CORN)
        corn = world.broker._talk.watchlist.line(CORN)
        session = gateway.site.sessions[0]
        session.lines.pop(corn.request)
        session.send(58, 1, corn.request, 3)
        for price in (430.0, 430.25, 430.5):
            session.send(1, 6, corn.request, 66, price, 1, 0)
            await world.clock.sleep(0.5)
        assert world.of(Quote, CORN)[-1].data_type is DataType.DELAYED
        assert [one.state for one in world.of(LinkReport)] == [LinkState.READY]

    play(story)
