"""A link that stands and must not be traded on, and one that is gone for hours."""

from __future__ import annotations

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Contracts, Seconds
from hedgetui.ports import broker as br
from tests.engine.bench import Bench, play


def link_facts(bench: Bench) -> list[tuple[str, str]]:
    """Every journalled change of the link."""
    events = [fact.event for fact in bench.journal.kept]
    return [(e.state.value, e.reason) for e in events if isinstance(e, ev.LinkChanged)]


def test_a_timer_never_makes_a_degraded_link_ready() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        bench.broker.degrade("1100 connectivity lost")
        await bench.wait(1)
        bench.feed.options(30, 4)
        await bench.wait(400)
        assert bench.state.link is LinkState.DEGRADED
        assert bench.broker.sent == []
        assert (await bench.do(cm.PreviewHedge())).preview is not None
        refused = await bench.confirmed(cm.PreviewHedge())
        assert refused.code == "G1-link"
        assert bench.broker.sent == []

    play(story)


def test_truth_is_read_again_before_anything_is_hedged_after_a_degraded_link() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        bench.broker.degrade("1100 connectivity lost")
        await bench.wait(1)
        bench.feed.options(30, 4)
        bench.broker.incomplete = "positions did not arrive"
        watched = bench.broker.watched
        bench.broker.watched = frozenset()
        bench.broker.recover("1101 restored, data lost")
        await bench.wait(30)
        assert bench.state.link is LinkState.SYNCING
        assert bench.state.link_reason == "broker truth incomplete: positions did not arrive"
        assert bench.broker.sent == []
        assert bench.heard("⏳ Broker truth incomplete") == 1
        bench.broker.incomplete = ""
        await bench.wait(40)
        assert bench.state.link is LinkState.READY
        assert bench.broker.watched == watched
        assert len(bench.broker.sent) == 1

    play(story)


def test_a_look_that_began_while_degraded_does_not_make_the_link_ready() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.truth_delay = 2.0
        bench.broker.degrade("farm broken")
        await bench.wait(0.1)
        bench.kernel.parts.tracker.ask_broker.set()
        await bench.wait(0.5)
        bench.broker.recover()
        await bench.wait(2.0)
        assert bench.state.link is LinkState.SYNCING
        await bench.wait(2.5)
        assert bench.state.link is LinkState.READY

    play(story)


def test_each_reason_is_said_and_journalled_once() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        before = len(link_facts(bench))
        for _ in range(20):
            bench.broker.degrade("farm usfuture broken")
            await bench.wait(0.2)
        bench.broker.degrade("farm usfuture broken", "delayed data")
        await bench.wait(0.2)
        assert link_facts(bench)[before:] == [
            ("degraded", "farm usfuture broken"),
            ("degraded", "farm usfuture broken; delayed data"),
        ]
        assert bench.heard("🟠 Link degraded: farm usfuture broken") == 2
        for _ in range(20):
            bench.broker.recover()
            await bench.wait(0.2)
        assert [state for state, _ in link_facts(bench)[before + 2 :]] == ["syncing", "ready"]

    play(story)


def test_a_session_may_begin_degraded() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        bench.broker.reasons = ("the broker's clock is 45 s ahead: restart the desk",)
        await bench.start()
        await bench.wait(200)
        assert bench.state.link is LinkState.DEGRADED
        assert bench.state.session == 1
        assert bench.broker.sent == []
        bench.broker.recover()
        await bench.wait(40)
        assert bench.state.link is LinkState.READY
        assert bench.broker.sent != []

    play(story)


def test_what_a_degraded_broker_does_not_list_is_not_taken_for_absent() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "lost"
        await bench.ready()
        await bench.wait(2)
        assert bench.last().live
        bench.broker.reasons = ("1100 connectivity lost",)
        bench.broker.cut()
        await bench.wait(200)
        assert bench.state.link is LinkState.DEGRADED
        assert bench.last().state is IntentState.UNKNOWN
        outcome = await bench.do(cm.Reconcile())
        assert (outcome.ok, outcome.code) == (False, "incomplete")
        bench.broker.recover()
        bench.broker.mode = "fill"
        await bench.wait(60)
        states = [i.state for i in bench.state.intents.values() if i.draft.purpose.is_hedge]
        assert states == [IntentState.ABSENT, IntentState.FILLED]

    play(story)


def test_a_request_that_fails_on_a_degraded_link_ends_no_session() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.degrade("1100 connectivity lost")
        truth = bench.broker.truth

        async def broken() -> br.Complete | br.Incomplete:
            raise BrokerUnreachable("no answer within 10 s")

        bench.broker.truth = broken  # type: ignore[method-assign]
        await bench.wait(180)
        assert (bench.state.link, bench.state.session) == (LinkState.DEGRADED, 1)
        bench.broker.truth = truth  # type: ignore[method-assign]
        bench.broker.recover()
        await bench.wait(6)
        assert (bench.state.link, bench.state.session) == (LinkState.READY, 1)

    play(story)


@pytest.mark.parametrize("gone", [True, False])
def test_an_unhedged_book_is_an_alarm_every_quarter_of_an_hour(gone) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(6, 4)
        await bench.ready()
        bench.feed.options(14, 4)
        if gone:
            bench.broker.reachable = False
            bench.publish()
            await bench.wait(0.05)
            bench.broker.cut("token expired")
        else:
            bench.broker.degrade("token expired")
        await bench.wait(30)
        assert bench.heard("UNHEDGED") == 0
        await bench.wait(3600)
        alarms = [r for r in bench.log.records if "UNHEDGED" in r.text]
        assert len(alarms) == 4
        assert {one.level for one in alarms} == {"alarm"}
        assert "Δ +14.0 $/pt (±10" in alarms[0].text
        assert "for 46 min" in alarms[-1].text
        assert ("old" in alarms[-1].text) is gone
        assert bench.broker.sent == []

    play(story)


def test_a_book_inside_its_band_is_told_without_alarm_and_an_empty_one_too() -> None:
    async def inside(bench: Bench) -> None:
        bench.feed.options(3, 4)
        await bench.ready()
        bench.broker.degrade("farm broken")
        await bench.wait(1000)
        assert bench.heard("🟠 link degraded for 1 min: farm broken; Δ +3.0 $/pt (±10)") == 1
        assert bench.heard("UNHEDGED") == 0

    async def empty(bench: Bench) -> None:
        bench.broker.reachable = False
        await bench.start()
        await bench.wait(2000)
        assert bench.heard("; nothing is held") == 3
        assert bench.heard("for 31 min: the broker does not answer") == 1

    play(inside)
    play(empty, lots=0)


def test_after_a_start_without_a_broker_the_delta_is_not_known_and_said_so() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.reachable = False
        await bench.start()
        await bench.wait(70)
        assert bench.heard("🛑 UNHEDGED Δ not known: link ") == 1

    play(story)


def test_a_flapping_link_is_left_alone_for_longer_and_longer() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        bench.broker.truth_delay = 5.0
        await bench.start()
        for _ in range(600):
            await bench.wait(1)
            if bench.broker.sink is not None:
                bench.broker.cut()
        assert bench.broker.session <= 30
        assert bench.broker.sent == []
        bench.broker.truth_delay = 0.01
        await bench.wait(60)
        assert bench.state.link is LinkState.READY

    play(story)


def test_a_long_outage_leaves_one_fact_and_shows_every_attempt() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.reachable = False
        bench.broker.cut("the broker does not answer")
        before = len(link_facts(bench))
        shown = set()
        for _ in range(2000):
            await bench.wait(0.5)
            shown.add(bench.kernel.snapshot().status.link)
        assert shown >= {"down"}
        assert link_facts(bench)[before:] == [("down", "the broker does not answer")]

        async def slow(_: br.MessageSink) -> None:
            await bench.wait(20)
            raise BrokerUnreachable("the broker does not answer")

        bench.broker.connect = slow  # type: ignore[method-assign]
        seen = set()
        for _ in range(120):
            await bench.wait(1)
            snapshot = bench.kernel.snapshot()
            waits = snapshot.health.next_try_at is not None
            seen.add((snapshot.status.link, snapshot.health.link, waits))
        assert seen == {("connecting", "connecting", False), ("down", "down", True)}
        assert bench.state.link is LinkState.DOWN

    play(story)


def test_words_of_a_session_that_is_over_count_for_nothing() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        sink = bench.broker.sink
        bench.broker.cut()
        sink(br.LinkReport(LinkState.DEGRADED, "old words", 1))
        sink(br.LinkReport(LinkState.DOWN, "older words", 1))
        await bench.wait(10)
        assert (bench.state.link, bench.state.session) == (LinkState.READY, 2)
        sink(br.LinkReport(LinkState.DOWN, "very old words", 1))
        await bench.wait(1)
        assert bench.state.link is LinkState.READY
        assert bench.heard("🔴 Link down") == 1
        assert not bench.heard("old words")

    play(story)


def test_health_tells_what_link_and_desk_know() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        bench.broker.latency = Seconds(0.012)
        await bench.ready()
        await bench.wait(60.5)
        bench.broker.latency = Seconds(0.5)
        bench.broker.degrade("delayed data")
        await bench.wait(5)
        health = bench.kernel.snapshot().health
        assert (health.link, health.link_reason) == ("degraded", "delayed data")
        assert health.reasons == ("delayed data",)
        assert (health.client, health.client_id) == ("scripted", 17)
        assert health.latency_ms == 500.0
        assert bench.kernel.snapshot().status.latency_ms == 500.0
        assert len(health.latencies_ms) >= 12
        assert health.latencies_ms[0] == 12.0
        assert health.latencies_ms[-1] == 500.0
        assert 0 <= health.last_message_age_s <= 1.0
        assert health.journal_facts == len(bench.journal.kept)
        assert (health.workers_down, health.loop_lag_ms) == ((), 0.0)
        assert health.synced_at is not None
        assert bench.clock.now() - health.synced_at < 70
        assert bench.clock.now() - health.link_since < 6

    play(story)


def test_health_names_unknown_orders_differences_and_dead_workers() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "lost"
        await bench.ready()
        await bench.wait(20)
        health = bench.kernel.snapshot().health
        assert health.unknown_orders == 1
        assert health.missing == ((f"#{bench.last().number}",
                                   "needs a new session to be proven absent"),)  # fmt: skip
        bench.broker.positions = {**bench.broker.positions, "MES 202603": Contracts(3)}
        bench.kernel._supervisor.down["legs"] = "ValueError: odd"
        await bench.do(cm.Reconcile())
        health = bench.kernel.snapshot().health
        assert health.differences == ("MES 202603: journal +0, broker +3",)
        assert health.workers_down == ("legs: ValueError: odd",)

    play(story, audited=False)
