"""Faults of the link, F01 to F20: the wire and TWS break, and one decision stays one order."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from hedgetui.adapters.ibkr.broker import probe
from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.ports.broker import Environment
from tests.faults.proxy import Cut, body_of, fields, framed, is_order, message_id
from tests.faults.wire_desk import WireDesk, play

_PLACE = "3"
_WHOLE = 10**6
"""More bytes than any frame has: all of it arrives."""
_ORDER_BYTES = 251
"""The hedge's frame: four bytes of length and its fields."""
_STATUS, _ERROR, _OPEN_ORDER, _ACCOUNTS, _EXECUTION, _POSITION = "3", "4", "5", "15", "11", "61"
_QUESTIONS = frozenset({"7", "16", "61", "62", "99"})
"""Executions, open orders, positions, account, completed orders: broker truth."""


async def _one_hedge(wire: WireDesk, seconds: float = 90) -> None:
    """Wait for the first hedge and see that it was sent once, and that all agree."""
    await wire.until(lambda: wire.filled_hedges() == -2, seconds)
    await wire.wait(70)  # an audit and two turns of the hedger later nothing more has come
    assert wire.held() == -2
    assert wire.hedge_orders_at_exchange() == 1
    assert wire.link is ev.LinkState.READY
    wire.agrees()


async def _reconnected(wire: WireDesk) -> None:
    """Lose the connection and have it back, synchronised."""
    cables = len(wire.proxy.cables)
    wire.control.drop()
    await wire.until(lambda: len(wire.proxy.cables) > cables, 10)
    await wire.ready(60)


def _sent_hedges(facts: list[ev.Fact]) -> list[ev.Fact]:
    return [
        fact
        for fact in facts
        if isinstance(fact.event, ev.IntentRecorded) and fact.event.intent.draft.purpose.is_hedge
    ]


# --- the wire breaks under an order


def test_F01_reset_before_any_byte_of_the_order(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.proxy.cut = Cut(_PLACE, 0)
        await wire.until(lambda: wire.hedges() == ["SELL 2 UNKNOWN"], 10)
        await _one_hedge(wire)
        assert wire.hedges() == ["SELL 2 ABSENT", "SELL 2 FILLED"]
        first, second = wire.hedge_intents()
        assert first.client_key != second.client_key

    play(tmp_path, story)


def _torn(at: int):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.proxy.cut = Cut(_PLACE, at)
        await _one_hedge(wire)
        assert wire.proxy.cut.done
        torn = next(body for cable in wire.proxy.cables for body in cable.said
                    if is_order(body) and b"\0MES\0" in body)  # fmt: skip
        assert len(framed(torn)) == _ORDER_BYTES
        assert wire.hedges() == ["SELL 2 ABSENT", "SELL 2 FILLED"]

    return story


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 40, 125, -20, -1])
def test_F02_reset_inside_the_frame_is_an_order_not_placed(tmp_path, at):
    play(tmp_path, _torn(at))


@pytest.mark.deep
@pytest.mark.parametrize("at", range(1, _ORDER_BYTES))
def test_F02_reset_at_every_byte_of_the_frame(tmp_path, at):
    play(tmp_path, _torn(at))


def test_F03_reset_after_the_last_byte_before_any_answer(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        cables = len(wire.proxy.cables)
        wire.proxy.cut = Cut(_PLACE, _WHOLE)
        await wire.until(lambda: wire.hedges() == ["SELL 2 UNKNOWN"], 10)
        await _one_hedge(wire)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert len(wire.proxy.cables) == cables + 1

    play(tmp_path, story)


# --- nobody answers


@pytest.mark.parametrize("arrives", [True, False])
def test_F04_half_open_socket_is_found_within_twenty_seconds(tmp_path, arrives):
    """Writes succeed, nothing comes; what was written may arrive later or never."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        began = wire.clock.now()
        wire.proxy.hold()
        await wire.until(wire.hedges, 10)
        await wire.until(lambda: wire.link is ev.LinkState.DOWN, 21)
        assert wire.clock.now() - began <= 20.5
        assert wire.hedges() == ["SELL 2 UNKNOWN"]
        await wire.wait(30)
        assert wire.hedges() == ["SELL 2 UNKNOWN"]
        if not arrives:
            for cable in wire.proxy.cables:
                cable.abort()
            await wire.wait(0.1)
        wire.proxy.release()
        await _one_hedge(wire, 150)
        fate = ["SELL 2 FILLED"] if arrives else ["SELL 2 ABSENT", "SELL 2 FILLED"]
        assert wire.hedges() == fate

    play(tmp_path, story)


def test_F04_frozen_gateway_executes_after_it_resumes_and_nothing_is_sent_twice(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.freeze()
        await wire.until(wire.hedges, 10)
        await wire.until(lambda: wire.link is ev.LinkState.DOWN, 21)
        assert wire.hedges() == ["SELL 2 UNKNOWN"]
        assert wire.hedge_orders_at_exchange() == 0, "the frozen process has not read it yet"
        await wire.wait(45)
        assert wire.hedges() == ["SELL 2 UNKNOWN"]
        wire.control.thaw()
        await _one_hedge(wire, 150)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert wire.orders_said() == len(wire.state.intents)

    play(tmp_path, story)


# --- TWS loses IB's servers


@pytest.mark.parametrize("data_lost", [False, True], ids=["F05_1102", "F06_1101"])
def test_F05_F06_servers_lost_and_back(tmp_path, data_lost):
    """Pause on 1100; broker truth is read again before any order, every line is asked for again."""

    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        lines, cables = wire.lines_held(), len(wire.proxy.cables)
        requests = set(wire.gateway.site.client(wire.client_id).lines)
        assert len(lines) == len(set(lines)) >= 4
        wire.control.outage_1100()
        await wire.drift(30)
        await wire.until(lambda: wire.link is ev.LinkState.DEGRADED, 1)
        assert "TWS has no connection to IB (1100)" in wire.state.link_reason
        await wire.wait(60)
        assert wire.link is ev.LinkState.DEGRADED
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert 1 <= wire.heard("No auto-hedge: link degraded") <= 2, "said once a reason"
        seen, known = len(wire.proxy.cable.said), len(wire.facts)
        wire.control.restore(data_lost=data_lost)
        await wire.until(lambda: wire.filled_hedges() == -6, 30)
        assert len(wire.proxy.cables) == cables, "the session was kept"
        asked = [message_id(body) for body in wire.proxy.cable.said[seen:]]
        first_order = next(n for n, body in enumerate(wire.proxy.cable.said[seen:])
                           if is_order(body))  # fmt: skip
        assert set(asked[:first_order]) >= _QUESTIONS
        links = [f.event.state for f in wire.facts[known:] if isinstance(f.event, ev.LinkChanged)]
        assert links[-2:] == [ev.LinkState.SYNCING, ev.LinkState.READY]
        assert ev.LinkState.READY not in links[:-1]
        assert wire.lines_held() == lines
        assert not requests & set(wire.gateway.site.client(wire.client_id).lines)
        assert wire.held() == -6
        wire.agrees()

    play(tmp_path, story)


def test_F06_after_1101_nothing_is_hedged_before_greeks_are_fresh(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.outage_1100()
        await wire.drift(30)
        await wire.wait(20)
        wire.control.silent_farms.add("usopt")
        wire.control.restore(data_lost=True)
        await wire.ready(10)
        await wire.wait(40)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert any("stale" in line or "no greeks" in line for line in wire.lines), wire.lines
        wire.control.silent_farms.discard("usopt")
        await wire.until(lambda: wire.filled_hedges() == -6, 30)
        assert wire.held() == -6
        wire.agrees()

    play(tmp_path, story)


def test_F07_a_fill_told_to_nobody_during_1100_is_found(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        await wire.until(wire.hedges, 10)
        wire.control.outage_1100()
        await wire.wait(30)
        assert wire.held() == -2, "the exchange filled it"
        assert wire.filled_hedges() == 0, "nobody said so"
        assert wire.hedges() == ["SELL 2 UNKNOWN"]
        wire.control.restore()
        await _one_hedge(wire, 20)
        fills = [one for one in wire.state.fills.values() if one.instrument_key.startswith("MES")]
        assert {one.exec_id for one in fills} <= set(wire.state.commissions)
        paid = sum(wire.state.commissions.values())
        assert paid == sum(one.amount for one in wire.exchange.book.commissions.values())

    play(tmp_path, story)


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_F08_lost_order_messages_are_found_within_two_audits(tmp_path, share):
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        wire.control.lose_statuses = wire.control.lose_executions = share
        await wire.enter()
        for net, held in ((12, -2), (30, -6), (12, -2)):
            await wire.drift(net)
            await wire.until(lambda held=held: wire.held() == held, 10)
            await wire.until(lambda held=held: wire.filled_hedges() == held, 120)
            await wire.until(lambda: not wire.state.live_intents, 1)
        assert wire.link is ev.LinkState.READY
        assert wire.hedge_orders_at_exchange() == 3
        wire.agrees()

    play(tmp_path, story)


# --- TWS goes away


def test_F09_nightly_reset_reconnected_reconciled_and_only_then_hedged(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        session, known = wire.state.session, len(wire.facts)
        wire.control.nightly_reset(150)
        await wire.drift(30)
        await wire.until(lambda: wire.link is ev.LinkState.DOWN, 1)
        await wire.wait(140)
        assert wire.link is ev.LinkState.DOWN
        assert 1 <= wire.heard("Link down") <= 2, "once a reason"
        await wire.until(lambda: wire.filled_hedges() == -6, 90)
        facts = wire.facts[known:]
        (hedge,) = _sent_hedges(facts)
        assert hedge.event.intent.session > session
        before = [fact.event for fact in facts if fact.seq < hedge.seq]
        marks = [
            ("reconciled", event.session) if isinstance(event, ev.Reconciled)
            else (str(event.state), event.session)
            for event in before
            if isinstance(event, ev.LinkChanged | ev.Reconciled)
        ]  # fmt: skip
        new = hedge.event.intent.session
        assert marks[-3:] == [("syncing", new), ("reconciled", new), ("ready", new)]
        assert not any(isinstance(event, ev.IntentRecorded) for event in before)
        assert wire.held() == -6
        wire.agrees()

    play(tmp_path, story)


def test_F10_hours_without_a_login_are_told_again_and_again(tmp_path):
    """A token that expired on Sunday needs a person: the alarm names the delta every time."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        await wire.wait(10)
        assert wire.hedges() == []
        connections = len(wire.proxy.cables)
        wire.control.nightly_reset(3 * 3600)
        await wire.wait(3 * 3600 - 5)
        told = [line for line in wire.lines if "UNHEDGED" in line]
        assert len(told) == 12, "after a minute, then every quarter of an hour"
        assert all("Δ +12.0 $/pt" in line and "hedge in TWS by hand" in line for line in told)
        assert "2 h" in told[-1]
        tries = len(wire.proxy.cables) - connections
        assert 300 < tries < 400, "about one try each half minute"
        await wire.ready(60)
        wire.agrees()

    play(tmp_path, story, auto=False)


# --- identity


def test_F11_ids_given_anew_do_not_mix_orders_up(tmp_path):
    """After a rollback the same order number means another order; old rows of it come late."""

    async def story(wire: WireDesk) -> None:
        number = 5000

        def same_number(fact: ev.Fact) -> None:
            if (
                isinstance(fact.event, ev.IntentRecorded)
                and fact.event.intent.draft.purpose.is_hedge
            ):
                client = wire.desk.broker._talk.session.ib.client
                client._reqIdSeq = number

        await wire.enter()
        wire.kernel.recorder.listen(same_number)
        await wire.until(lambda: wire.filled_hedges() == -2)
        (first,) = wire.hedge_intents()
        old = wire.gateway.registry.find(first.client_key)
        perm = wire.gateway.registry.perm_id(old)
        assert old.order_id == number
        late = [
            body for body in wire.proxy.cable.heard
            if message_id(body) in {_STATUS, _OPEN_ORDER} and str(perm) in fields(body)
        ]  # fmt: skip
        assert late
        wire.control.rollback_ids(1)
        await _reconnected(wire)
        wire.control.partial_fills(1.0)
        await wire.drift(30)
        await wire.until(lambda: len(wire.hedge_intents()) == 2, 10)
        second = wire.hedge_intents()[1]
        new = wire.gateway.registry.find(second.client_key)
        assert new.order_id == number, "the number was not given again"
        assert wire.gateway.registry.perm_id(new) != perm
        for body in late:
            wire.proxy.cable.inject(body)
        cancelled = fields(late[-1])
        cancelled[2] = "Cancelled"
        wire.proxy.cable.inject(body_of(*cancelled))
        await wire.until(lambda: wire.filled_hedges() == -6, 60)
        await wire.wait(70)
        one, other = wire.hedge_intents()
        assert (one.filled, other.filled) == (2, 4)
        assert one.broker_order == str(perm) != other.broker_order
        owners = {fill.intent_id: 0 for fill in wire.state.fills.values()}
        for fill in wire.state.fills.values():
            owners[fill.intent_id] += fill.quantity
        assert (owners[one.intent_id], owners[other.intent_id]) == (2, 4)
        assert wire.hedges() == ["SELL 2 FILLED", "SELL 4 FILLED"]
        wire.agrees()

    play(tmp_path, story)


def test_F12_a_client_id_in_use_is_named_and_no_other_is_taken(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        mine, cables = wire.client_id, len(wire.proxy.cables)
        wire.control.drop()
        port = wire.proxy._upstream()
        reader, rival = await asyncio.open_connection("127.0.0.1", port)
        rival.write(b"API\0" + framed(b"v100..178"))
        rival.write(framed(body_of(71, 2, mine, "")))
        await wire.until(lambda: wire.gateway.clients == (mine,), 5)
        await wire.until(lambda: "in use" in wire.state.link_reason, 10)
        assert f"client id {mine} is in use" in wire.state.link_reason
        await wire.wait(60)
        assert wire.link is ev.LinkState.DOWN
        assert wire.heard(f"Link down: client id {mine} is in use") == 1
        introduced = {
            fields(body)[2]
            for cable in wire.proxy.cables[cables:]
            for body in cable.said
            if message_id(body) == "71"
        }
        assert introduced == {str(mine)}
        rival.close()
        del reader
        await wire.ready(60)
        connection = IbkrConnection("127.0.0.1", port, mine, "", Environment.PAPER)
        with pytest.raises(BrokerUnreachable, match=f"client id {mine} is in use") as caught:
            await probe(connection, wire.clock)
        assert "client_id" in caught.value.hint

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("accounts", "words"),
    [("U7654321", "is a live account"), ("DU7654321", "the journal has traded DU1234567"),
     ("DU1234567,DU7654321", "several accounts")],
)  # fmt: skip
def test_F13_another_account_than_the_desks_gets_no_order(tmp_path, accounts, words):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()

        def other(body: bytes) -> list[bytes]:
            return [body_of(15, 1, accounts) if message_id(body) == _ACCOUNTS else body]

        wire.proxy.down = other
        wire.control.drop()
        await wire.drift(30)
        await wire.wait(90)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert wire.held() == -2
        assert wire.link is not ev.LinkState.READY or not wire.state.armed
        assert wire.heard(words) >= 1, wire.lines[-8:]

    play(tmp_path, story, audited=False)


@pytest.mark.parametrize(
    ("mark", "words"),
    [("openOrderEnd", "open orders"), ("execDetailsEnd", "executions"),
     ("positionEnd", "positions"), ("completedOrdersEnd", "completed orders")],
)  # fmt: skip
def test_F14_an_answer_without_its_end_mark_is_incomplete_never_empty(tmp_path, mark, words):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        known = len(wire.facts)
        wire.control.omit_end(mark)
        wire.control.drop()
        await wire.drift(30)
        await wire.until(lambda: wire.heard(f"truth incomplete: {words}: no end mark"), 30)
        assert wire.link is ev.LinkState.SYNCING
        await wire.wait(100)
        assert wire.link is not ev.LinkState.READY
        assert wire.hedges() == ["SELL 2 FILLED"]
        since = [fact.event for fact in wire.facts[known:]]
        assert not any(isinstance(event, ev.Reconciled) for event in since)
        assert not wire.state.differences, "what was not told is not gone"
        wire.control.omit_end(mark, on=False)
        await wire.until(lambda: wire.filled_hedges() == -6, 120)
        await wire.wait(60)
        assert wire.hedge_orders_at_exchange() == 2
        assert wire.held() == -6
        wire.agrees()

    play(tmp_path, story)


def test_F15_a_page_of_positions_missing_is_a_difference_not_a_new_hedge(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()

        def cut_page(body: bytes) -> list[bytes]:
            gone = message_id(body) == _POSITION and b"\0MES\0" in body
            return [] if gone else [body]

        wire.proxy.down = cut_page
        wire.control.drop()
        await wire.drift(30)
        await wire.until(lambda: wire.state.differences, 60)
        (row,) = wire.state.differences
        assert (row.journal, row.broker) == (-2, 0)
        await wire.wait(60)
        assert wire.heard("journal -2, broker +0") == 1
        assert wire.heard("positions differ from the broker") == 1
        assert wire.hedges() == ["SELL 2 FILLED"]
        wire.proxy.down = lambda body: [body]
        await wire.until(lambda: wire.filled_hedges() == -6, 60)
        wire.agrees()

    play(tmp_path, story)


# --- storms


def test_F16_a_flapping_link_is_left_alone_and_nothing_is_ordered(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        cables = len(wire.proxy.cables)
        for second in range(600):
            wire.control.drop()
            await wire.wait(1)
            if second == 30:
                await wire.drift(30)
        assert wire.hedges() == ["SELL 2 FILLED"]
        tries = len(wire.proxy.cables) - cables
        assert 15 <= tries <= 35, "waits grow to half a minute"
        for cable in wire.proxy.cables[cables:]:
            asked = [message_id(body) for body in cable.said]
            assert all(asked.count(one) <= 1 for one in _QUESTIONS), "one synchronisation at a time"
        await wire.until(lambda: wire.filled_hedges() == -6, 90)
        assert wire.hedge_orders_at_exchange() == 2
        wire.agrees()

    play(tmp_path, story)


def test_F17_late_frames_of_an_old_session_change_nothing(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        rows = {_STATUS, _OPEN_ORDER, _EXECUTION, "59"}
        late = [body for body in wire.proxy.cable.heard if message_id(body) in rows]
        assert {message_id(body) for body in late} == rows
        cables = len(wire.proxy.cables)
        wire.control.drop()
        await wire.until(lambda: len(wire.proxy.cables) > cables, 10)
        for body in late:
            wire.proxy.cable.inject(body)  # also before the new session has read broker truth
        await wire.ready(60)
        intents, fills = dict(wire.state.intents), dict(wire.state.fills)
        for body in (*late, *reversed(late)):
            wire.proxy.cable.inject(body)
        await wire.wait(70)
        assert wire.state.intents == intents
        assert wire.state.fills == fills
        assert wire.state.auto
        assert wire.hedge_orders_at_exchange() == 1
        wire.agrees()

    play(tmp_path, story)


def test_F17_an_order_that_arrives_after_its_absence_was_proven_stops_auto(tmp_path):
    """A tunnel held the bytes longer than any proof waits: the fill counts and a person looks."""

    async def story(wire: WireDesk) -> None:
        kept: list[bytes] = []

        def tunnel(body: bytes) -> list[bytes]:
            if kept or not is_order(body):
                return [body]
            kept.append(body)
            return []

        await wire.enter()
        wire.proxy.up = tunnel
        await wire.until(lambda: kept, 10)
        wire.control.drop()
        await wire.until(lambda: wire.hedges() == ["SELL 2 ABSENT", "SELL 2 FILLED"], 60)
        wire.control.rollback_ids(int(fields(kept[0])[1]))
        wire.proxy.cable.server.write(framed(kept[0]))
        await wire.until(lambda: wire.filled_hedges() == -4, 5)
        number = wire.hedge_intents()[0].number
        assert wire.heard(f"late fill on #{number}") == 1
        assert not wire.state.auto
        assert wire.hedges() == ["SELL 2 FILLED", "SELL 2 FILLED"]
        await wire.wait(90)
        assert wire.held() == -4
        assert wire.hedge_orders_at_exchange() == 2
        wire.agrees()

    play(tmp_path, story)


def test_F18_no_order_waits_in_a_queue_and_the_pace_is_kept(tmp_path):
    """Scans wait for their turn; an order leaves at once, so nothing of it can be lost unsent."""

    async def story(wire: WireDesk) -> None:
        times: list[float] = []

        def stamp(body: bytes) -> list[bytes]:
            times.append(wire.clock.now())
            return [body]

        wire.proxy.up = stamp
        await wire.until(lambda: wire.desk.broker.health().queued > 0, 60)
        wire.control.drop()  # with questions still waiting
        await wire.hedged()
        scan = asyncio.ensure_future(wire.do(cm.Scan()))
        await wire.until(lambda: wire.desk.broker.health().queued > 0, 10)
        asked = wire.clock.now()
        await wire.drift(30)
        await wire.until(lambda: len(wire.hedge_intents()) == 2, 10)
        assert wire.clock.now() - asked < 3
        assert wire.desk.broker.health().queued > 0, "the scan still goes on"
        await wire.until(lambda: wire.filled_hedges() == -6, 5)
        await scan
        for first, last in zip(times, times[50:], strict=False):
            assert last - first >= 1.0, "more than fifty messages in a second"
        assert all(earlier <= later for earlier, later in pairwise(times))
        assert wire.hedge_orders_at_exchange() == 2
        wire.agrees()

    play(tmp_path, story)


# --- bytes


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_F19_any_segmentation_says_the_same(tmp_path, size):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.proxy.slice = size
        await _one_hedge(wire)
        await _reconnected(wire)  # a whole handshake and synchronisation in slices
        wire.proxy.slice = 0
        wire.agrees()

    play(tmp_path, story)


def test_F19_frames_that_arrive_in_one_piece_say_the_same(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        for _ in range(20):
            wire.proxy.hold()
            await wire.wait(1.5)
            wire.proxy.release()
            await wire.wait(0.2)
        await _one_hedge(wire)

    play(tmp_path, story)


def _nonsense(heard: list[bytes], random_: random.Random) -> list[bytes]:
    """Frames TWS never sends, and mutilated ones of those it sent."""
    known = {message_id(body): body for body in heard}
    made = [
        b"", b"\0", b"\0\0\0", b"9999\0", b"9999\x001\x002\x00three\0", b"-7\x001\0", b"NaN\x001\0",
        b"3.0\x001\0", b"\xff\xfe\xfd\0\x80\0", b"no number at all", b"4\0", b"4\x002\0",
        body_of(4, 2, -1, 99999, "a code nobody knows"), body_of(4, 2, "x", "y", "z"),
        body_of(4, 2, -1, 10**30, "\x1b]52;c;aGk=\x07 \u202e[red]"), body_of(3, *["9" * 40] * 11),
        body_of(9, 1, "many"), body_of(15, 1, ""), body_of(17, "x"), body_of(49, 1, "soon"),
    ]  # fmt: skip
    for body in known.values():
        parts = fields(body)
        made += [
            body + b"extra\0more\0" + b"1" * 50 + b"\0",
            body_of(*parts[: max(1, len(parts) // 2)]),
            body_of(*parts[:1]),
            body_of(parts[0], *(random_.choice(["", "x", "-1", "1e999", "∞"]) for _ in parts[1:])),
        ]
    return made


def test_F20_messages_nobody_knows_never_stop_the_desk(tmp_path, capfd):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        chance = random.Random(20)  # noqa: S311 - seeded nonsense, not secrets
        sample = list(wire.proxy.cable.heard)
        for body in _nonsense(sample, chance):
            wire.proxy.cable.inject(body)
            await wire.wait(0.05)
        for _ in range(300):
            body = bytearray(chance.choice(sample))
            for _ in range(chance.randint(1, 6)):
                body[chance.randrange(len(body))] = chance.choice(b"\0\0\x800-19.xZ\xff")
            if message_id(bytes(body)) not in {"3", "5", "11", "59", "61", "15"}:
                wire.proxy.cable.inject(bytes(body))
        await wire.wait(1)
        await wire.ready(90)
        assert not wire.heard("died"), wire.lines
        await wire.until(lambda: not wire.state.live_intents, 90)
        await _reconnected(wire)
        assert wire.state.auto
        assert not wire.state.latches
        assert wire.hedges() == ["SELL 2 FILLED"]
        await wire.drift(30)
        await wire.until(lambda: wire.filled_hedges() == -6, 60)
        wire.agrees()

    play(tmp_path, story)
    assert capfd.readouterr() == ("", "")


def test_F20_a_length_without_end_is_found_by_the_heartbeat(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.proxy.cable.client.write(b"\x7f\xff\xff\xff")
        await wire.until(lambda: wire.link is ev.LinkState.DOWN, 21)
        await wire.ready(60)
        await wire.drift(30)
        await wire.until(lambda: wire.filled_hedges() == -6, 30)
        wire.agrees()

    play(tmp_path, story)


def test_nothing_of_a_stormy_day_reaches_the_terminal(tmp_path, capfd):
    """Refused connections, resets, errors, lost and late answers: the screen stays the desk's."""

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        wire.control.tif_10349 = wire.control.info_399 = wire.control.repeat_statuses = True
        wire.control.duplicate_executions = True
        await wire.hedged()
        for code in (100, 101, 103, 162, 200, 201, 202, 321, 354, 366, 399, 502, 1100, 1102, 1300,
                     2104, 2110, 10147, 10167, 10197, 10349):  # fmt: skip
            wire.control.error(code, "said on purpose")
            await wire.wait(1)
        wire.control.nightly_reset(20)
        await wire.ready(120)
        wire.control.freeze()
        await wire.wait(30)
        wire.control.thaw()
        await wire.ready(120)
        wire.control.reject_next()
        await wire.drift(30)
        await wire.wait(120)
        assert wire.link is ev.LinkState.READY
        wire.agrees()

    play(tmp_path, story)
    assert capfd.readouterr() == ("", "")
