"""Sessions: how they begin, how they end, what an outage looks like, and what is known of the link.

A session number is the engine's only protection against words from a dead connection, so it grows
for ever and nothing of an old session is heard in a new one.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.quotes import ChainSnapshot, Quote
from hedgetui.ports.broker import (
    CommittedOrder,
    Complete,
    Environment,
    Execution,
    Incomplete,
    IndexLevel,
    LinkReport,
    VenueReport,
)
from tests.contract.world import START, World, case, draft, xsp


@case(1)
async def ready_is_the_first_word_and_names_the_session(world: World):
    await world.connect()
    first = world.heard[0]
    assert isinstance(first, LinkReport)
    assert first.state is LinkState.READY
    assert first.session >= 1
    assert first.latency is None or first.latency >= 0


@case(2)
async def the_account_and_its_environment_are_named(world: World):
    await world.connect()
    assert world.broker.account
    assert world.broker.environment in Environment


@case(3)
async def disconnecting_twice_is_safe_and_ends_all_messages(world: World):
    await world.broker.disconnect()
    await world.connect()
    await world.watched(await world.hedge())
    await world.broker.disconnect()
    await world.broker.disconnect()
    heard = len(world.heard)
    await world.clock.sleep(30)
    assert len(world.heard) == heard


async def _all_is_unreachable(world: World) -> None:
    order = CommittedOrder(1, "K", draft("MES 202512", 1))
    for ask in (
        world.broker.chain,
        world.broker.volatility_history,
        lambda: world.broker.futures("MES"),
        lambda: world.broker.submit(order),
        lambda: world.broker.cancel("K"),
        lambda: world.broker.watch(frozenset()),
        lambda: world.broker.margin(order.draft),
    ):
        with pytest.raises(BrokerUnreachable):
            await ask()
    assert isinstance(await world.broker.truth(), Incomplete)


@case(4)
async def without_a_link_every_question_is_unreachable_or_incomplete(world: World):
    await _all_is_unreachable(world)


@case(5)
async def a_new_session_has_a_higher_number_and_replays_nothing(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, -1))
    await world.broker.disconnect()
    first = world.of(LinkReport)[0].session
    world.heard.clear()
    await world.connect()
    await world.clock.sleep(2)
    assert world.of(LinkReport)[0].session > first
    assert world.of(Execution) == []
    assert [one.client_key for one in (await world.truth()).executions] == ["K"]


@case(6)
async def an_order_sent_just_before_the_end_is_found_in_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, -2))
    await world.broker.disconnect()
    await world.clock.sleep(5)
    assert world.of(Execution) == []
    await world.connect()
    truth = await world.truth()
    assert truth.positions == {hedge: -2}
    assert truth.session == world.of(LinkReport)[-1].session


@case(7, outages=((20.0, 80.0),))
async def an_outage_is_reported_and_lasts_until_it_ends(world: World):
    await world.connect()
    await world.until(lambda: world.of(LinkReport)[-1].state is LinkState.DOWN, 25)
    assert world.of(LinkReport)[-1].reason
    for _ in range(3):
        with pytest.raises(BrokerUnreachable):
            await world.broker.connect(world.heard.append)
        await world.clock.sleep(5)
    assert world.clock.now() < world.began + 100
    await world.reach(102)
    await world.connect()
    assert world.of(LinkReport)[-1].state is LinkState.READY
    await world.truth()


@case(8, outages=((20.0, 30.0),))
async def a_truth_cut_short_is_incomplete(world: World):
    await world.connect()
    await world.reach(20 - 0.05)
    answer = await world.broker.truth()
    while isinstance(answer, Complete):
        assert answer.truth.at < world.began + 20
        await world.clock.sleep(0.005)
        answer = await world.broker.truth()
    assert answer.why


@case(9, outages=((20.0, 30.0),))
async def a_question_cut_short_is_unreachable(world: World):
    await world.connect()
    await world.reach(20 - 0.01)
    with pytest.raises(BrokerUnreachable):
        await world.broker.chain()


@case(41)
async def health_is_safe_before_the_first_link(world: World):
    health = world.broker.health()
    assert health.client
    assert (health.connected_at, health.last_message_at) == (None, None)
    assert (health.reconnects, health.queued, health.sent_last_second) == (0, 0, 0)


@case(42)
async def health_with_a_link_is_honest(world: World):
    before = world.clock.now()
    await world.connect()
    await world.watched(await world.hedge())
    await world.clock.sleep(10)
    health, now = world.broker.health(), world.clock.now()
    assert health.connected_at is not None
    assert before <= health.connected_at <= now - 10
    assert health.last_message_at is not None
    assert now - 5 <= health.last_message_at <= now
    assert health.latency is None or 0 <= health.latency < 5
    assert health.clock_skew is None or abs(health.clock_skew) < 2
    assert health.reasons == ()


@case(43)
async def health_counts_the_sessions_after_the_first(world: World):
    await world.connect()
    first = world.broker.health()
    assert first.reconnects == 0
    for number in (1, 2):
        await world.reconnect(3)
        again = world.broker.health()
        assert again.reconnects == number
        assert (again.connected_at or 0) >= (first.connected_at or 0) + 3 * number
        assert again.client == first.client


@case(44)
async def health_does_not_pretend_after_the_end(world: World):
    await world.connect()
    await world.watched(await world.hedge())
    await world.broker.disconnect()
    ended = world.clock.now()
    await world.clock.sleep(30)
    health = world.broker.health()
    assert health.last_message_at is None or health.last_message_at <= ended
    assert (health.queued, health.sent_last_second) == (0, 0)


@case(45)
async def health_names_the_kind_of_data_and_counts_its_lines(world: World):
    await world.connect()
    await world.watched(await world.hedge(), xsp(540))
    health = world.broker.health()
    assert health.data_type == "live"
    if health.lines_budget:
        assert 2 <= health.lines_used <= health.lines_budget


@case(46)
async def the_account_is_the_same_in_every_session(world: World):
    await world.connect()
    named = (world.broker.account, world.broker.environment)
    await world.broker.disconnect()
    assert (world.broker.account, world.broker.environment) == named
    await world.connect()
    assert (world.broker.account, world.broker.environment) == named


@case(47)
async def session_numbers_grow_and_each_session_is_ready_once(world: World):
    numbers = []
    for _ in range(5):
        await world.connect()
        ready = [one for one in world.of(LinkReport) if one.state is LinkState.READY]
        assert len(ready) == 1
        numbers.append(ready[0].session)
        assert (await world.truth()).session == numbers[-1]
        await world.broker.disconnect()
        world.heard.clear()
    assert all(one < two for one, two in pairwise(numbers))


@case(48)
async def connecting_again_replaces_the_session(world: World):
    await world.connect()
    first = world.session
    await world.broker.connect(world.heard.append)
    assert world.session > first
    world.heard.clear()
    await world.clock.sleep(10)
    times = [one.at for one in world.of(IndexLevel)]
    assert len(times) >= 5
    assert all(one < two for one, two in pairwise(times))


@case(49, outages=((30.0, 30.0),))
async def a_dropped_link_is_down_once_and_then_silent(world: World):
    await world.connect()
    await world.watched(await world.hedge())
    await world.reach(45)
    downs = [one for one in world.of(LinkReport) if one.state is LinkState.DOWN]
    assert [one.session for one in downs] == [world.session]
    assert world.heard[-1] == downs[0]


@case(50)
async def a_new_session_watches_nothing_until_it_is_asked(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.watched(hedge)
    await world.reconnect(2)
    await world.clock.sleep(8)
    assert world.of(Quote) == []
    (quote,) = await world.watched(hedge)
    assert quote.age(world.clock.now()) < 5
    assert None not in {quote.bid, quote.ask}


@case(51, outages=((30.0, 10.0),))
async def every_question_is_answered_again_after_an_outage(world: World):
    await world.connect()
    before = [one.key for one in await world.broker.futures("MES")]
    await world.reach(42)
    await world.connect()
    assert [one.key for one in await world.broker.futures("MES")] == before
    assert (await world.broker.chain()).expiries
    await world.broker.margin(draft(before[0], 1))
    execution = await world.trade("K", draft(before[0], 1))
    assert (await world.truth()).executions == (execution,)


@case(52, outages=((20.0, 30.0),))
async def in_an_outage_every_question_is_unreachable_or_incomplete(world: World):
    await world.connect()
    await world.reach(25)
    await _all_is_unreachable(world)


@case(53)
async def a_disconnect_ends_the_questions_under_way(world: World):
    await world.connect()
    questions = (world.broker.chain, world.broker.truth, lambda: world.broker.futures("MES"))
    asked = asyncio.gather(*(ask() for ask in questions), return_exceptions=True)
    await world.clock.sleep(0.001)
    await world.broker.disconnect()
    chain, truth, futures = await asyncio.wait_for(asked, 30)
    assert isinstance(chain, ChainSnapshot | BrokerUnreachable)
    assert isinstance(truth, Complete | Incomplete)
    assert isinstance(futures, tuple | BrokerUnreachable)


@case(54)
async def every_session_begins_with_the_venue_and_a_level(world: World):
    for _ in range(3):
        await world.connect()
        await world.until(lambda: world.of(VenueReport))
        assert world.of(VenueReport)[-1].open
        assert world.of(IndexLevel)[-1].at >= world.clock.now() - 5
        await world.broker.disconnect()
        world.heard.clear()
        await world.clock.sleep(3)


@case(55, outages=((20.0, 10.0), (50.0, 10.0)))
async def each_of_two_outages_ends_its_own_session(world: World):
    await world.connect()
    await world.reach(33)
    await world.connect()
    await world.reach(55)
    told = [(one.state, one.session) for one in world.of(LinkReport)]
    ready = [session for state, session in told if state is LinkState.READY]
    down = [session for state, session in told if state is LinkState.DOWN]
    assert ready == down
    assert len(set(ready)) == 2


@case(56)
async def a_session_does_not_age(world: World):
    await world.connect()
    await world.clock.sleep(1_800)
    assert [one.state for one in world.of(LinkReport)] == [LinkState.READY]
    assert world.of(IndexLevel)[-1].at > START + 1_790
    await world.truth()
